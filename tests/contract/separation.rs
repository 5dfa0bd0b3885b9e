//! Another organization's rows do not exist: an id of theirs anywhere gets exactly what an id of nobody gets.
use crate::catalogue::Contents;
use crate::examples::{
    body, body_schema, collection, fields, fill, holds_ids, lists, of_the_house, operation_at, permitted,
    ready, referred, row, with,
};
use crate::support::{Answer, Caller, Operation, Organization, caught_up, operations, run};
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;

/// Status and body, but for the request's id and the id that was asked for.
fn told(answer: Answer, id: &str) -> (u16, String) {
    let mut body = answer.body;
    if let Some(fields) = body.as_object_mut() {
        fields.remove("instance");
    }
    let text = if body.is_null() { answer.text } else { body.to_string() };
    (answer.status, text.replace(id, "<id>"))
}

async fn two() -> (Caller, Caller) {
    (Organization::new().await.owner().await, Organization::new().await.owner().await)
}

#[test]
fn another_organizations_id_in_a_path_is_nobodys() {
    run(async {
        let contents = Contents::new().await;
        let (ours, theirs) = two().await;
        let mut tried = 0;
        let by_id = |each: &Operation| {
            each.path.contains("{id}") && each.permission().is_some_and(|permission| permission.contains(':'))
        };
        for operation in of_the_house().into_iter().filter(by_id) {
            let target = ready(&theirs, &operation).await;
            let prefix = operation.path.split('{').next().unwrap();
            let id = target[prefix.len()..].split('/').next().unwrap().to_owned();
            let before = contents.of(&theirs).await;
            let body = match body_schema(&operation) {
                Some(_) => Some(body(&ours, &operation).await),
                None => None,
            };
            let nobody = Uuid::now_v7().to_string();
            let mut answers = Vec::new();
            for id in [&id, &nobody] {
                let request = ours
                    .request(operation.method.clone(), &fill(&operation.path, id))
                    .header("if-match", "*");
                let request = match &body {
                    Some(body) => request.json(body),
                    None => request,
                };
                answers.push(told(request.send().await, id));
            }
            assert_eq!(answers[0], answers[1], "{}", operation.id());
            assert_eq!(answers[0].0, 404, "{}: {}", operation.id(), answers[0].1);
            assert_eq!(contents.of(&theirs).await, before, "{} changed another organization", operation.id());
            tried += 1;
        }
        assert!(tried >= 20, "{tried} operations have an id in their path");
    });
}

#[test]
fn how_it_was_and_what_became_of_it_are_told_to_its_own_organization_alone() {
    run(async {
        let (ours, theirs) = two().await;
        let mut ids = Vec::new();
        for list in lists() {
            let Some(one) = operation_at(&Method::GET, &format!("{}/{{id}}", list.path)) else { continue };
            let id = row(&theirs, &list.path).await;
            let nobody = Uuid::now_v7().to_string();
            for query in ["as_of=2100-01-01T00:00:00Z", "as_of=2026-01-01T00:00:00Z"] {
                if one.parameter("as_of").is_none() {
                    continue;
                }
                let mut answers = Vec::new();
                for id in [&id, &nobody] {
                    answers.push(told(ours.get(&with(&fill(&one.path, id), query)).await, id));
                }
                assert_eq!(answers[0], answers[1], "{}", one.id());
                assert_eq!(answers[0].0, 404, "{}", one.id());
            }
            ids.push((list, id));
        }
        caught_up().await;
        for (list, id) in ids {
            let found = ours.get(&format!("/v1/events?resource_id={id}")).await.is(200);
            assert_eq!(found["data"], json!([]), "{}", list.id());
        }
    });
}

#[test]
fn another_organizations_id_in_a_body_is_nobodys() {
    run(async {
        let contents = Contents::new().await;
        let (ours, theirs) = two().await;
        let before = contents.of(&theirs).await.len();
        assert!(before > 10);
        let mut tried = 0;
        for operation in [Method::POST, Method::PATCH]
            .iter()
            .flat_map(permitted)
            .filter(|each| body_schema(each).is_some())
        {
            for (name, field) in fields(&operation).into_iter().filter(|(_, field)| holds_ids(field)) {
                let place = referred(&name, &operation.path);
                let foreign = row(&theirs, &place).await;
                let nobody = Uuid::now_v7().to_string();
                let path = ready(&ours, &operation).await;
                let good = body(&ours, &operation).await;
                let kept = contents.of(&theirs).await;
                let mut answers = Vec::new();
                for id in [&foreign, &nobody] {
                    let mut body = good.clone();
                    body[&name] = if field["items"].is_object() { json!([id]) } else { json!(id) };
                    let request =
                        ours.request(operation.method.clone(), &path).header("if-match", "*").json(&body);
                    answers.push(told(request.send().await, id));
                }
                assert_eq!(answers[0], answers[1], "{} {name}", operation.id());
                assert!(
                    [404, 409, 422].contains(&answers[0].0),
                    "{} {name}: {}",
                    operation.id(),
                    answers[0].1
                );
                assert!(
                    answers[0].1.contains(&format!("/{name}")),
                    "{} {name}: {}",
                    operation.id(),
                    answers[0].1
                );
                assert_eq!(
                    contents.of(&theirs).await,
                    kept,
                    "{} {name} changed another organization",
                    operation.id()
                );
                tried += 1;
            }
        }
        assert!(tried >= 9, "{tried} fields hold ids");
    });
}

#[test]
fn a_filter_for_another_organizations_row_finds_nothing() {
    run(async {
        let (ours, theirs) = two().await;
        for list in lists() {
            row(&theirs, &list.path).await;
            for parameter in list.value["parameters"].as_array().unwrap() {
                let name = parameter["name"].as_str().unwrap();
                if parameter["schema"]["format"] != "uuid" {
                    continue;
                }
                let foreign = row(&theirs, &referred(name, &list.path)).await;
                let found =
                    ours.get(&with(&list.path, &format!("{name}={foreign}&count=true"))).await.is(200);
                assert_eq!(
                    (&found["data"], &found["total"]),
                    (&json!([]), &json!(0)),
                    "{} {name}",
                    list.id()
                );
            }
        }
    });
}

#[test]
fn lists_counts_searches_and_exports_show_ones_own_alone() {
    run(async {
        let (ours, theirs) = two().await;
        for list in lists() {
            for _ in 0..3 {
                row(&theirs, &list.path).await;
            }
            row(&ours, &list.path).await;
            let foreign = theirs.get(&with(&list.path, "limit=200&sort=id")).await.is(200);
            let foreign: Vec<String> = foreign["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["id"].as_str().unwrap().to_owned())
                .collect();
            // A cursor of theirs leads on among ours.
            let cursor = theirs.get(&with(&list.path, "limit=1&sort=id")).await.is(200)["next_cursor"]
                .as_str()
                .unwrap()
                .to_owned();
            for query in ["limit=200", "limit=200&q=e", &format!("limit=200&sort=id&cursor={cursor}")] {
                let seen = ours.get(&with(&list.path, query)).await;
                assert_eq!(seen.status, 200, "{}", seen.text);
                assert!(
                    foreign.iter().all(|id| !seen.text.contains(id.as_str())),
                    "{} {query} shows another organization's row",
                    list.id()
                );
            }
            let total = ours.get(&with(&list.path, "limit=200&count=true")).await.is(200);
            assert_eq!(total["total"], total["data"].as_array().unwrap().len(), "{}", list.id());
            let csv = ours.request(Method::GET, &list.path).header("accept", "text/csv").send().await;
            assert!(
                csv.status == 200 && foreign.iter().all(|id| !csv.text.contains(id.as_str())),
                "{}",
                list.id()
            );
        }
    });
}

#[test]
fn what_is_unique_is_so_in_its_own_organization_alone() {
    run(async {
        let (ours, theirs) = two().await;
        // What answers with something new; loading a chart is none.
        let is_creation = |each: &Operation| {
            !each.path.contains('{')
                && body_schema(each).is_some()
                && each.value["responses"]["201"].is_object()
        };
        for create in permitted(&Method::POST).into_iter().filter(is_creation) {
            let names = body(&theirs, &create).await;
            let made = theirs.post(&create.path, names.clone()).await;
            made.is(201);
            // The same names, with references of our own.
            let mut same = body(&ours, &create).await;
            for (name, field) in fields(&create).into_iter().filter(|(_, field)| !holds_ids(field)) {
                if let (false, Some(value)) = (field["items"].is_object(), names.get(&name)) {
                    same[&name] = value.clone();
                }
            }
            let answer = ours.post(&create.path, same.clone()).await;
            assert_eq!(answer.status, 201, "{}: {}", create.id(), answer.text);
            let again = ours.post(&create.path, same).await;
            assert!([201, 409].contains(&again.status), "{}: {}", create.id(), again.text);
        }
    });
}

#[test]
fn an_idempotency_key_is_its_callers_own() {
    run(async {
        let organization = Organization::new().await;
        let (ours, colleague, theirs) =
            (organization.owner().await, organization.owner().await, Organization::new().await.owner().await);
        let key = Uuid::now_v7().to_string();
        let send = |caller: &Caller, code: &str| {
            let body = json!({"name": "Same", "code": code});
            caller.request(Method::POST, "/v1/departments").header("idempotency-key", &key).json(&body).send()
        };
        let mut made = Vec::new();
        for (caller, code) in [(&ours, "ONE"), (&colleague, "TWO"), (&theirs, "ONE")] {
            let answer = send(caller, code).await;
            assert_eq!(
                answer.header("idempotency-replayed"),
                None,
                "a key of somebody else's was taken for one's own"
            );
            made.push(answer.is(201)["id"].clone());
        }
        assert!(made[0] != made[1] && made[0] != made[2], "{made:?}");
        assert_eq!(send(&theirs, "ONE").await.is(201)["id"], made[2]);
    });
}

#[test]
fn naming_an_organization_does_not_switch_it() {
    run(async {
        let (ours, theirs) = two().await;
        let foreign = row(&theirs, "/v1/departments").await;
        let org = theirs.organization.to_string();
        for header in ["x-organization", "x-organization-id", "x-org-id", "x-tenant-id", "organization"] {
            let request =
                ours.request(Method::GET, &format!("/v1/departments/{foreign}")).header(header, &org);
            request.send().await.is_problem(404, "not-found");
        }
        for name in ["org_id", "organization_id", "organization", "tenant"] {
            ours.get(&format!("/v1/departments?{name}={org}")).await.is_problem(422, "invalid-input");
            let body = json!({"name": "There", "code": "THERE", name: org});
            ours.post("/v1/departments", body).await.is_problem(422, "invalid-input");
        }
        let seen = theirs.get("/v1/departments?code=THERE").await.is(200);
        assert_eq!(seen["data"], json!([]));
    });
}

#[test]
fn the_feed_tells_of_ones_own_alone() {
    run(async {
        let (ours, theirs) = two().await;
        for list in lists() {
            row(&theirs, &list.path).await;
        }
        let own = row(&ours, "/v1/departments").await;
        for _ in 0..100 {
            let feed = ours.get("/v1/events?limit=200").await;
            assert!(
                !feed.text.contains(&theirs.user.to_string())
                    && !feed.text.contains(&theirs.session.to_string())
            );
            if feed.text.contains(&own) {
                return;
            }
            // A transaction of another test may still hold back the feed.
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the feed never told of our own department");
    });
}

#[test]
fn a_child_under_the_wrong_parent_is_nowhere() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for operation in operations().into_iter().filter(|each| each.path.matches('{').count() == 2) {
            // The second parameter is one of nobody's here; whose child it is, is told in the room's own tests.
            let id = row(&caller, collection(&operation.path)).await;
            let request =
                caller.request(operation.method.clone(), &fill(&operation.path, &id)).header("if-match", "*");
            let answer = request.send().await;
            assert!([404, 422].contains(&answer.status), "{}: {}", operation.id(), answer.text);
        }
    });
}
