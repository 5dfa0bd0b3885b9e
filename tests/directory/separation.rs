//! Another organization's users and groups do not exist.
use crate::support::{Caller, Organization, operations, run, service};
use crate::{directory, found, user};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

/// Everything of an organization that a directory could change, as its digest.
async fn contents(caller: &Caller) -> Vec<String> {
    let database = service().database().await;
    let mut all = Vec::new();
    for table in
        ["memberships", "membership_roles", "roles", "directory", "directory_groups", "sessions", "events"]
    {
        let digest = format!(
            "select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {table} t where org_id = $1"
        );
        all.push(database.query_one(&digest, &[&caller.organization]).await.unwrap().get(0));
    }
    all
}

#[test]
fn another_organizations_id_is_nobodys() {
    run(async {
        let (ours, theirs) =
            (directory(&Organization::new().await).await, directory(&Organization::new().await).await);
        let ids = [
            ("Users", user(&theirs, "ana@demo.example").await),
            (
                "Groups",
                theirs.post("/scim/v2/Groups", json!({"displayName": "Theirs"})).await.is(201)["id"]
                    .as_str()
                    .unwrap()
                    .to_owned(),
            ),
        ];
        let before = contents(&theirs).await;
        let mut tried = 0;
        for (kind, id) in ids {
            for operation in
                operations().into_iter().filter(|each| each.path == format!("/scim/v2/{kind}/{{id}}"))
            {
                let mut told = Vec::new();
                for id in [id.clone(), Uuid::now_v7().to_string()] {
                    let request =
                        ours.request(operation.method.clone(), &operation.path.replace("{id}", &id));
                    let request = match operation.method {
                        Method::PUT => {
                            request.json(&json!({"userName": "ana@demo.example", "displayName": "Ours"}))
                        }
                        Method::PATCH => request.body(
                            "application/scim+json",
                            json!({"Operations": [{"op": "replace", "path": "externalId", "value": "1"}]})
                                .to_string(),
                        ),
                        _ => request,
                    };
                    let answer = request.send().await;
                    told.push((answer.status, answer.text.replace(&id, "<id>")));
                }
                assert_eq!(told[0], told[1], "{}", operation.id());
                assert_eq!(told[0].0, 404, "{}: {}", operation.id(), told[0].1);
                tried += 1;
            }
            for filter in [
                format!("id eq \"{id}\""),
                "userName eq \"ana@demo.example\"".into(),
                "displayName eq \"Theirs\"".into(),
            ] {
                let list = found(&ours, kind, &filter).await;
                assert!(
                    list.status == 400 || list.body["totalResults"] == 0,
                    "{kind} {filter}: {}",
                    list.text
                );
                assert!(!list.text.contains(&id));
            }
        }
        assert_eq!(tried, 8, "read, replace, change and delete of both kinds");
        assert_eq!(contents(&theirs).await, before);
        // The same name is free here.
        user(&ours, "ana@demo.example").await;
    });
}

#[test]
fn a_list_costs_the_same_whatever_its_length() {
    run(async {
        let mut costs = Vec::new();
        for users in [1, 40] {
            let caller = directory(&Organization::new().await).await;
            let mut members = Vec::new();
            for number in 0..users {
                members.push(json!({"value": user(&caller, &format!("u{number}@demo.example")).await}));
            }
            caller.post("/scim/v2/Groups", json!({"displayName": "All", "members": members})).await.is(201);
            for path in [
                "/scim/v2/Users?count=200",
                "/scim/v2/Groups?count=200",
                "/scim/v2/Users?count=200&sortBy=userName&filter=active%20eq%20true",
            ] {
                let (own, metrics, mut child) =
                    crate::support::Service::spawn(&service().url, &["--workers", "1", "--connections", "2"]);
                for _ in 0..3 {
                    caller.request(Method::GET, "/v1/departments").to(&own).try_send().await.unwrap();
                }
                caller.request(Method::GET, path).to(&own).send().await.is(200);
                let page = reqwest::get(&metrics).await.unwrap().text().await.unwrap();
                let line = page
                    .lines()
                    .find(|line| {
                        line.starts_with("backoffice_database_statements_total")
                            && line.contains("list_scim_")
                    })
                    .unwrap();
                costs.push((path, line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()));
                child.kill().unwrap();
                child.wait().unwrap();
            }
        }
        // Context, rows and their number.
        assert!(costs.iter().all(|(_, cost)| *cost == 3), "{costs:?}");
    });
}
