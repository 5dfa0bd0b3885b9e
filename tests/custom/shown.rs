//! Who sees a field: for others it is nowhere.
use crate::support::{Caller, Organization, caught_up, run, service};
use crate::{HR, at, faults, field, hire, list};
use reqwest::Method;
use serde_json::{Value, json};

/// Somebody who sees the field `band`, somebody who does not, and an employee who has it.
async fn company() -> (Caller, Caller, Value) {
    let organization = Organization::new().await;
    let (hr, clerk) = (organization.caller(HR).await, organization.caller(HR).await);
    field(
        &hr,
        "band",
        "choice",
        json!({"choices": ["A", "B"], "role_ids": [hr.role], "required": true, "unique": false}),
    )
    .await;
    field(&hr, "floor", "text", json!({})).await;
    let ana = hire(&hr, "Ana", json!({"band": "B", "floor": "2"})).await.is(201);
    (hr, clerk, ana)
}

#[test]
fn others_find_it_nowhere() {
    run(async {
        let (hr, clerk, ana) = company().await;
        let path = at("/v1/employees", &ana);
        let one = json!({"floor": "2"});
        assert_eq!(hr.get(&path).await.is(200)["custom"], json!({"band": "B", "floor": "2"}));
        assert_eq!(clerk.get(&path).await.is(200)["custom"], one);
        assert_eq!(clerk.get("/v1/employees").await.is(200)["data"][0]["custom"], one);
        assert_eq!(clerk.get(&format!("{path}?as_of=2100-01-01T00:00:00Z")).await.is(200)["custom"], one);
        for query in ["custom.band=B", "sort=custom.band", "sort=-custom.band,id"] {
            let problem = clerk.get(&format!("/v1/employees?{query}")).await.is_problem(403, "forbidden");
            assert!(problem["detail"].as_str().unwrap().contains("custom.band"), "{problem}");
            hr.get(&format!("/v1/employees?{query}")).await.is(200);
        }
        let csv = async |caller: &Caller| {
            caller.request(Method::GET, "/v1/employees").header("accept", "text/csv").send().await.text
        };
        assert!(csv(&hr).await.contains("custom.band"));
        assert!(!csv(&clerk).await.contains("band"));
        hr.patch(&path, json!({"custom": {"band": "A"}})).await.is(200);
        caught_up().await;
        for feed in [format!("{path}/history"), "/v1/events?resource=employees".to_owned()] {
            let seen = clerk.get(&feed).await.is(200);
            assert_eq!(seen["data"].as_array().unwrap().len(), 2, "{seen}");
            assert!(
                !seen.to_string().contains("band") && seen.to_string().contains("custom.floor"),
                "{seen}"
            );
            assert!(hr.get(&feed).await.is(200).to_string().contains("custom.band"));
        }
    });
}

#[test]
fn others_write_and_guess_nothing_of_it_and_it_is_kept() {
    run(async {
        let (hr, clerk, ana) = company().await;
        let path = at("/v1/employees", &ana);
        // Whether it is right or wrong, cleared or set: there is no such field.
        for value in [json!("A"), json!("B"), json!("C"), Value::Null] {
            let problem =
                clerk.patch(&path, json!({"custom": {"band": value}})).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&problem), list(&[("/custom/band", "unknown-field")]), "{value}");
            let problem = clerk
                .patch(&path, json!({"given_name": "", "custom": {"band": value}}))
                .await
                .is_problem(422, "invalid-input");
            assert_eq!(
                faults(&problem),
                list(&[("/custom/band", "unknown-field"), ("/given_name", "too-short")]),
                "{value}"
            );
        }
        let problem = hire(&clerk, "Ion", json!({"band": "A"})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), list(&[("/custom/band", "unknown-field")]));
        // What they may not see is not required of them, and their changes keep it.
        hire(&clerk, "Ion", json!({"floor": "1"})).await.is(201);
        assert_eq!(
            clerk.patch(&path, json!({"custom": {"floor": "3"}})).await.is(200)["custom"],
            json!({"floor": "3"})
        );
        assert_eq!(clerk.patch(&path, json!({"custom": {"floor": null}})).await.is(200)["custom"], json!({}));
        assert_eq!(hr.get(&path).await.is(200)["custom"], json!({"band": "B"}));
    });
}

#[test]
fn a_role_gained_or_lost_counts_at_the_next_request() {
    run(async {
        let (hr, clerk, ana) = company().await;
        let path = at("/v1/employees", &ana);
        let give = "update memberships set role_ids = $3 where org_id = $1 and id = $2";
        let database = service().database().await;
        database.execute("select enter_as_system($1, false)", &[&hr.organization]).await.unwrap();
        database
            .execute(give, &[&hr.organization, &clerk.membership, &vec![clerk.role, hr.role]])
            .await
            .unwrap();
        assert_eq!(clerk.get(&path).await.is(200)["custom"]["band"], "B");
        database.execute(give, &[&hr.organization, &clerk.membership, &vec![clerk.role]]).await.unwrap();
        assert_eq!(clerk.get(&path).await.is(200)["custom"]["band"], Value::Null);
        // A role that a field is shown to stays.
        let role = format!("/v1/roles/{}", hr.role);
        hr.delete(&role).await.is_problem(409, "in-use");
        // Shown to everybody again, also in the past.
        let band = hr.get("/v1/custom-fields?name=band").await.is(200)["data"][0].clone();
        hr.patch(&at("/v1/custom-fields", &band), json!({"role_ids": []})).await.is(200);
        assert!(clerk.get(&format!("{path}/history")).await.is(200).to_string().contains("custom.band"));
    });
}
