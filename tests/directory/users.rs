//! A user's way through the organization, as their directory walks them.
use crate::support::{Organization, run, service};
use crate::{directory, patch, put, user};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

#[test]
fn somebody_comes_is_suspended_comes_back_and_goes() {
    run(async {
        let organization = Organization::new().await;
        let (caller, owner) = (directory(&organization).await, organization.owner().await);
        let address = format!("ana-{}@demo.example", Uuid::now_v7().simple());
        let new = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": address, "externalId": "00u1",
            "name": {"givenName": "Ana", "familyName": "Pop"}, "emails": [{"value": address, "type": "work", "primary": true}],
            "password": "is not taken", "shoeSize": 38});
        let made = caller.post("/scim/v2/Users", new).await;
        assert_eq!(made.header("content-type"), Some("application/scim+json"));
        let (location, etag) =
            (made.header("location").unwrap().to_owned(), made.header("etag").unwrap().to_owned());
        let made = made.is(201);
        let id = made["id"].as_str().unwrap().to_owned();
        assert!(
            location.ends_with(&format!("/scim/v2/Users/{id}")) && made["meta"]["version"] == etag.as_str()
        );
        assert_eq!(
            (&made["active"], &made["externalId"], &made["name"]["familyName"]),
            (&json!(true), &json!("00u1"), &json!("Pop"))
        );
        assert!(
            made.get("password").is_none() && made.get("shoeSize").is_none(),
            "what is not known is left out: {made}"
        );

        // The same person, as the organization's own administrators see them.
        let seen = owner.get(&format!("/v1/users/{id}")).await.is(200);
        assert_eq!(
            (&seen["email"], &seen["name"], &seen["is_managed_here"]),
            (&json!(address), &json!("Ana Pop"), &json!(true))
        );
        let membership = &owner.get(&format!("/v1/memberships?user_id={id}")).await.is(200)["data"][0];
        assert_eq!((&membership["status"], &membership["role_ids"]), (&json!("active"), &json!([])));

        let path = format!("/scim/v2/Users/{id}");
        let session = sign_in(&organization, &id).await;
        session.get("/v1/me").await.is(200);
        let after = patch(&caller, &path, json!([{"op": "Replace", "path": "active", "value": "False"}]))
            .await
            .is(200);
        assert_eq!(after["active"], false);
        session.get("/v1/me").await.is_problem(401, "unauthenticated");
        let back =
            patch(&caller, &path, json!([{"op": "replace", "value": {"active": true, "title": "Clerk"}}]))
                .await
                .is(200);
        assert_eq!((&back["active"], &back["title"]), (&json!(true), &json!("Clerk")));
        session.get("/v1/me").await.is_problem(401, "unauthenticated"); // a session that ended stays so

        let session = sign_in(&organization, &id).await;
        let gone = caller.request(Method::DELETE, &path).send().await;
        assert_eq!((gone.status, gone.text.as_str()), (204, ""));
        caller.get(&path).await.is_scim_error(404, None);
        session.get("/v1/me").await.is_problem(401, "unauthenticated");
        assert_eq!(owner.get(&format!("/v1/memberships?user_id={id}")).await.is(200)["data"], json!([]));
        // What was is told: the row in the directory came, changed and went.
        let told = "select type from events where org_id = $1 and resource = 'directory' and resource_id = $2 order by sequence";
        let entry: Uuid = id.parse().unwrap();
        let told = service().database().await.query(told, &[&organization.id, &entry]).await.unwrap();
        let told: Vec<String> = told.iter().map(|event| event.get(0)).collect();
        // The suspension is told of the membership; of what the directory says, the title alone changed.
        assert_eq!(told, ["directory_entry.created", "directory_entry.updated", "directory_entry.deleted"]);
        // And whoever comes back is who they were.
        assert_eq!(user(&caller, &address).await, id);
    });
}

/// A session of the user, without the price of a password.
async fn sign_in(organization: &Organization, user: &str) -> crate::support::Caller {
    let database = service().database().await;
    let (user, session): (Uuid, Uuid) = (user.parse().unwrap(), Uuid::now_v7());
    let start = "insert into sessions (org_id, id, user_id, membership_id, role_ids, expires_at)
        select org_id, $3, user_id, id, role_ids, now() + interval '1 hour' from memberships where org_id = $1 and user_id = $2 returning membership_id";
    let membership: Uuid =
        database.query_one(start, &[&organization.id, &user, &session]).await.unwrap().get(0);
    let claims =
        platform::token::Claims::new(user, organization.id, session, false, chrono::Utc::now().timestamp());
    let token = service().tokens().await.sign(&claims).unwrap();
    crate::support::Caller {
        organization: organization.id,
        user,
        session,
        membership,
        role: Uuid::nil(),
        token,
    }
}

#[test]
fn a_login_of_another_organization_is_never_drawn_in() {
    run(async {
        let (theirs, ours) = (Organization::new().await, Organization::new().await);
        let (their, our) = (directory(&theirs).await, directory(&ours).await);
        let address = format!("dan-{}@demo.example", Uuid::now_v7().simple());
        let first = user(&their, &address).await;
        let made =
            our.post("/scim/v2/Users", json!({"userName": address, "displayName": "Dan"})).await.is(201);
        assert_ne!(made["id"], first.as_str(), "the directory made somebody a member elsewhere");
        assert_eq!(made["userName"], address.as_str());
        // They belong to one organization each, and taking one away leaves the other.
        our.request(Method::DELETE, &format!("/scim/v2/Users/{}", made["id"].as_str().unwrap()))
            .send()
            .await
            .is(204);
        their.get(&format!("/scim/v2/Users/{first}")).await.is(200);
        let seen = theirs.owner().await.get(&format!("/v1/users/{first}")).await.is(200);
        assert_eq!((&seen["email"], &seen["status"]), (&json!(address), &json!("active")));
    });
}

#[test]
fn two_are_not_called_the_same_whatever_the_case() {
    run(async {
        let organization = Organization::new().await;
        let caller = directory(&organization).await;
        user(&caller, "Ana@demo.example").await;
        let other = user(&caller, "dan@demo.example").await;
        for body in [
            json!({"userName": "ana@demo.example"}),
            json!({"userName": "ANA@DEMO.EXAMPLE", "externalId": "x"}),
        ] {
            caller.post("/scim/v2/Users", body).await.is_scim_error(409, Some("uniqueness"));
        }
        let rename = json!([{"op": "replace", "path": "userName", "value": "ana@demo.example"}]);
        let renamed = patch(&caller, &format!("/scim/v2/Users/{other}"), rename).await;
        renamed.is_scim_error(409, Some("uniqueness"));
        // Nor as a member who came by an invitation is called.
        let member = organization.caller(&[]).await;
        let address =
            organization.owner().await.get(&format!("/v1/users/{}", member.user)).await.is(200)["email"]
                .clone();
        caller
            .post("/scim/v2/Users", json!({"userName": address}))
            .await
            .is_scim_error(409, Some("uniqueness"));
        // At once, one of many gets the name.
        let twins = (0..6).map(|_| caller.post("/scim/v2/Users", json!({"userName": "twin@demo.example"})));
        let answers = futures_util::future::join_all(twins).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
        assert!(answers.iter().all(|answer| [201, 409].contains(&answer.status)));
    });
}

#[test]
fn a_change_may_say_which_version_it_means() {
    run(async {
        let caller = directory(&Organization::new().await).await;
        let path = format!("/scim/v2/Users/{}", user(&caller, "eve@demo.example").await);
        let etag = caller.get(&path).await.header("etag").unwrap().to_owned();
        let ask = |tag: &str| caller.request(Method::GET, &path).header("if-none-match", tag).send();
        assert_eq!(ask(&etag).await.status, 304);
        assert_eq!(ask("W/\"0\"").await.status, 200);
        let change = |tag: &str, title: &str| {
            let message = json!({"Operations": [{"op": "replace", "path": "title", "value": title}]});
            caller
                .request(Method::PATCH, &path)
                .header("if-match", tag)
                .body("application/scim+json", message.to_string())
                .send()
        };
        let changed = change(&etag, "One").await;
        let next = changed.header("etag").unwrap().to_owned();
        assert_eq!(changed.is(200)["title"], "One");
        assert_ne!(next, etag);
        for stale in [etag.as_str(), "W/\"0\"", "\"1\""] {
            change(stale, "Two").await.is_scim_error(412, None);
            caller
                .request(Method::DELETE, &path)
                .header("if-match", stale)
                .send()
                .await
                .is_scim_error(412, None);
        }
        change("no etag", "Two").await.is_scim_error(400, Some("invalidSyntax"));
        assert_eq!(
            change("*", "One").await.header("etag"),
            Some(next.as_str()),
            "what says nothing new is no change"
        );
        let dry = caller
            .request(Method::DELETE, &format!("{path}?dry_run=true"))
            .header("if-match", &next)
            .send()
            .await;
        assert_eq!((dry.status, dry.header("dry-run")), (204, Some("true")));
        assert_eq!(caller.get(&path).await.is(200)["title"], "One");
    });
}

#[test]
fn the_last_owner_stays() {
    run(async {
        let organization = Organization::new().await;
        let caller = organization.almighty().await;
        let group = crate::found(&caller, "Groups", "displayName eq \"owner\"").await.is(200)["Resources"][0]
            ["id"]
            .clone();
        let owner = user(&caller, "owner@demo.example").await;
        let group = format!("/scim/v2/Groups/{}", group.as_str().unwrap());
        patch(&caller, &group, json!([{"op": "add", "path": "members", "value": [{"value": owner}]}]))
            .await
            .is(200);
        let path = format!("/scim/v2/Users/{owner}");
        caller.request(Method::DELETE, &path).send().await.is_scim_error(409, None);
        patch(&caller, &path, json!([{"op": "replace", "path": "active", "value": false}]))
            .await
            .is_scim_error(409, None);
        patch(&caller, &group, json!([{"op": "remove", "path": "members"}])).await.is_scim_error(409, None);
        assert_eq!(caller.get(&path).await.is(200)["active"], true);
    });
}

#[test]
fn what_breaks_a_rule_is_told_in_scims_words_and_leaves_nothing() {
    run(async {
        let organization = Organization::new().await;
        let caller = directory(&organization).await;
        let path = format!("/scim/v2/Users/{}", user(&caller, "ion@demo.example").await);
        let before = caller.get(&path).await.is(200);
        for (body, word) in [
            (json!({}), "invalidValue"),
            (json!({"userName": ""}), "invalidValue"),
            (json!({"userName": "a".repeat(255)}), "invalidValue"),
            (json!({"userName": "a\u{0}b"}), "invalidValue"),
            (json!({"userName": "a\u{202E}b"}), "invalidValue"),
            (json!({"userName": 7}), "invalidValue"),
            (json!({"userName": "a", "active": "maybe"}), "invalidValue"),
            (
                json!({"userName": "a", "emails": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}),
                "invalidValue",
            ),
            (json!({"userName": "a", "emails": vec![json!({"value": "a"}); 21]}), "invalidValue"),
            (json!({"userName": "a", "title": "t".repeat(1_001)}), "invalidValue"),
            (json!([]), "invalidSyntax"),
        ] {
            caller.post("/scim/v2/Users", body.clone()).await.is_scim_error(400, Some(word));
            put(&caller, &path, body).await.is_scim_error(400, Some(word));
        }
        for (operation, word) in [
            (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
            (json!({"op": "replace", "path": "groups", "value": []}), "mutability"),
            (json!({"op": "replace", "path": "salary", "value": 1}), "invalidPath"),
            (json!({"op": "replace", "path": "emails[type eq", "value": 1}), "invalidPath"),
            (json!({"op": "replace", "path": "emails[kind eq \"a\"]", "value": 1}), "invalidFilter"),
            (
                json!({"op": "replace", "path": "phoneNumbers[type eq \"fax\"].value", "value": "1"}),
                "noTarget",
            ),
            (json!({"op": "remove", "path": "userName"}), "invalidValue"),
            (json!({"op": "remove"}), "noTarget"),
            (json!({"op": "jump", "path": "title"}), "invalidSyntax"),
        ] {
            // The first is right, and does not stay where the second is wrong.
            let operations = json!([{"op": "replace", "path": "title", "value": "Changed"}, operation]);
            patch(&caller, &path, operations).await.is_scim_error(400, Some(word));
        }
        assert_eq!(caller.get(&path).await.is(200), before);
        let deep = format!("{}1{}", "[".repeat(80), "]".repeat(80));
        let send = |kind: &str, body: &str| {
            caller.request(Method::POST, "/scim/v2/Users").body(kind, body.to_owned()).send()
        };
        send("application/scim+json", &deep).await.is_scim_error(400, Some("invalidSyntax"));
        send("application/scim+json", "{").await.is_scim_error(400, Some("invalidSyntax"));
        send("text/plain", "{}").await.is_scim_error(415, None);
        send("application/scim+json", &format!("\"{}\"", "a".repeat(2_000_000)))
            .await
            .is_scim_error(413, None);
        caller.get("/scim/v2/Users?no_such=1").await.is_scim_error(400, Some("invalidValue"));
        assert_eq!(caller.get("/scim/v2/Users").await.is(200)["totalResults"], 2, "itself and Ion");
    });
}

#[test]
fn the_employee_tells_number_department_and_manager() {
    run(async {
        let organization = Organization::new().await;
        let owner = organization.owner().await;
        let department = owner.department("Treasury", None).await;
        let boss = owner.hire("Boss", None).await;
        let employee = owner.hire("Ana", Some(&boss)).await;
        owner.patch(&format!("/v1/employees/{employee}"), json!({"department_id": department})).await.is(200);
        let (boss_login, login) =
            (organization.employee(&boss, &[]).await, organization.employee(&employee, &[]).await);
        let path = format!("/scim/v2/Users/{}", login.user);
        let shown = directory(&organization).await.get(&path).await.is(200);
        let work: &Value = &shown["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"];
        assert_eq!(
            (&work["department"], &work["manager"]["value"]),
            (&json!("Treasury"), &json!(boss_login.user))
        );
        assert!(work["employeeNumber"].is_string());
        assert_eq!(shown["schemas"].as_array().unwrap().len(), 2);
    });
}
