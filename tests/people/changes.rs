//! Changes: nothing is lost, null clears and absent keeps, and a dry run leaves nothing behind.
use crate::support::{Caller, Organization, run, service};
use crate::{fault, hire_with, id};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

async fn change(caller: &Caller, path: &str, etag: &str, edit: Value) -> crate::support::Answer {
    caller.request(Method::PATCH, path).header("if-match", etag).json(&edit).send().await
}

#[test]
fn a_change_of_what_somebody_else_changed_is_refused() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let path = format!("/v1/employees/{}", owner.hire("Ana", None).await);
        let read = owner.get(&path).await;
        let first = read.header("etag").unwrap().to_owned();

        let changed = change(&owner, &path, &first, json!({"phone": "+40 21 555 0100"})).await;
        let second = changed.header("etag").unwrap().to_owned();
        assert_eq!(changed.is(200)["version"], 2);
        assert_ne!(first, second);
        let problem = change(&owner, &path, &first, json!({"phone": "+40 21 555 0199"}))
            .await
            .is_problem(412, "stale-version");
        assert!(problem["detail"].as_str().unwrap().contains("version 2"));
        owner
            .request(Method::DELETE, &path)
            .header("if-match", &first)
            .send()
            .await
            .is_problem(412, "stale-version");
        let acted =
            owner.request(Method::POST, &format!("{path}/activate")).header("if-match", &first).send().await;
        acted.is_problem(412, "stale-version");
        let now = owner.get(&path).await.is(200);
        assert_eq!((&now["phone"], &now["status"]), (&json!("+40 21 555 0100"), &json!("pending")));

        // Another caller is shown other actions, so another ETag; the version in it is what counts.
        let writer = org.caller(&["employees:write"]).await;
        change(&writer, &path, &second, json!({"phone": null})).await.is(200);
    });
}

#[test]
fn a_change_names_the_version_it_means() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let path = format!("/v1/employees/{}", owner.hire("Ana", None).await);
        let bare = owner.request(Method::PATCH, &path).json(&json!({"given_name": "Anna"})).send().await;
        bare.is_problem(428, "precondition-required");
        owner.request(Method::DELETE, &path).send().await.is_problem(428, "precondition-required");
        change(&owner, &path, "1", json!({"given_name": "Anna"})).await.is_problem(400, "malformed-request");
        change(&owner, &path, "\"nonsense\"", json!({"given_name": "Anna"}))
            .await
            .is_problem(412, "stale-version");
        assert_eq!(owner.get(&path).await.is(200)["given_name"], "Ana");
        change(&owner, &path, "*", json!({"given_name": "Anna"})).await.is(200);
    });
}

#[test]
fn of_eight_changes_of_one_version_one_is_made() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let path = format!("/v1/employees/{}", owner.hire("Ana", None).await);
        let etag = owner.get(&path).await.header("etag").unwrap().to_owned();
        let racing = (0..8)
            .map(|index| change(&owner, &path, &etag, json!({"phone": format!("+40 21 555 010{index}")})));
        let answers = join_all(racing).await;
        let made: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
        let stale = answers.iter().filter(|answer| answer.status == 412).count();
        assert_eq!((made.len(), stale), (1, 7));
        let now = owner.get(&path).await.is(200);
        assert_eq!((&now["version"], &now["phone"]), (&json!(2), &made[0].body["phone"]));
    });
}

#[test]
fn null_clears_and_absent_keeps() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let boss = owner.hire("Boss", None).await;
        let it = owner.department("IT", None).await;
        let fields = json!({"work_email": "ana@example.com", "phone": "+40 21 555 0100", "manager_id": boss, "department_id": it});
        let ana = hire_with(&owner, fields).await.is(201);
        let path = format!("/v1/employees/{}", id(&ana));

        let cleared = owner.patch(&path, json!({"phone": null, "manager_id": null})).await.is(200);
        let mut wanted = ana.clone();
        for (field, value) in [
            ("phone", Value::Null),
            ("manager_id", Value::Null),
            ("version", json!(2)),
            ("updated_at", cleared["updated_at"].clone()),
        ] {
            wanted[field] = value;
        }
        assert_eq!(cleared, wanted, "the two cleared, all else kept");

        for field in ["employee_number", "given_name", "family_name", "hired_on"] {
            let mut edit = json!({});
            edit[field] = Value::Null;
            let problem = owner.patch(&path, edit).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), (format!("/{field}").as_str(), "not-null"));
        }
        // What only actions change, and what nobody changes, is no field of a change.
        for field in ["status", "terminated_on", "id", "version", "created_at", "org_id"] {
            let mut edit = json!({});
            edit[field] = json!("active");
            let problem = owner.patch(&path, edit).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), (format!("/{field}").as_str(), "unknown-field"));
        }
        assert_eq!(owner.get(&path).await.is(200), cleared);
    });
}

#[test]
fn a_change_to_what_is_so_already_is_none() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let path = format!("/v1/employees/{}", owner.hire("Ana", None).await);
        for edit in [json!({}), json!({"given_name": "Ana"}), json!({"phone": null, "family_name": "Test"})] {
            assert_eq!(owner.patch(&path, edit).await.is(200)["version"], 1);
        }
        let history = owner.get(&format!("{path}/history")).await.is(200);
        assert_eq!(history["data"].as_array().unwrap().len(), 1, "hired, and nothing since");
    });
}

#[test]
fn a_dry_run_answers_as_if_and_leaves_nothing() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let path = format!("/v1/employees/{}", owner.hire("Ana", None).await);
        let database = service().database().await;
        let traces = async || -> (i64, i64, i64) {
            let count = "select (select count(*) from employees where org_id = $1), (select count(*) from events where org_id = $1),
                (select count(*) from idempotency_keys where org_id = $1)";
            let row = database.query_one(count, &[&org.id]).await.unwrap();
            (row.get(0), row.get(1), row.get(2))
        };
        let before = traces().await;

        let new = json!({"employee_number": "E-9", "given_name": "Dan", "family_name": "Test", "hired_on": "2026-03-02"});
        let dry = |method: Method, path: &str| {
            owner.request(method, &format!("{path}?dry_run=true")).header("if-match", "*")
        };
        let hired = owner
            .request(Method::POST, "/v1/employees?dry_run=true")
            .header("idempotency-key", "dry")
            .json(&new)
            .send()
            .await;
        let told = |answer: &crate::support::Answer| assert_eq!(answer.header("dry-run"), Some("true"));
        told(&hired);
        let shown = hired.is(201);
        assert_eq!((&shown["employee_number"], &shown["status"]), (&json!("E-9"), &json!("pending")));
        let changed = dry(Method::PATCH, &path).json(&json!({"given_name": "Anna"})).send().await;
        told(&changed);
        let changed = changed.is(200);
        assert_eq!((&changed["given_name"], &changed["version"]), (&json!("Anna"), &json!(2)));
        let activated = owner.act(&format!("{path}/activate?dry_run=true")).await;
        told(&activated);
        assert_eq!(activated.is(200)["status"], "active");
        let deleted = dry(Method::DELETE, &path).send().await;
        told(&deleted);
        deleted.is(204);

        assert_eq!(traces().await, before);
        let now = owner.get(&path).await.is(200);
        assert_eq!(
            (&now["given_name"], &now["version"], &now["status"]),
            (&json!("Ana"), &json!(1), &json!("pending"))
        );
        owner.get(&format!("/v1/employees/{}", id(&shown))).await.is_problem(404, "not-found");
        // What would be refused is refused.
        dry(Method::PATCH, &path)
            .json(&json!({"manager_id": id(&now)}))
            .send()
            .await
            .is_problem(409, "conflict");
        owner.post("/v1/employees?dry_run=maybe", new.clone()).await.is_problem(422, "invalid-input");
        // The number was not used up, and the key remembers nothing.
        let hired = owner
            .request(Method::POST, "/v1/employees")
            .header("idempotency-key", "dry")
            .json(&new)
            .send()
            .await;
        assert_eq!(hired.header("idempotency-replayed"), None);
        hired.is(201);
    });
}
