//! What an outage reaches.
use crate::support::run;
use crate::{Company, faults, id};
use serde_json::{Value, json};

/// What was reached: name, effect, distance.
fn reached(impact: &Value) -> Vec<(&str, &str, i64)> {
    let systems = impact["systems"].as_array().unwrap().iter();
    systems
        .map(|each| {
            let text = |field: &str| each[field].as_str().unwrap();
            (text("name"), text("effect"), each["distance"].as_i64().unwrap())
        })
        .collect()
}

#[test]
fn an_outage_reaches_all_that_stands_on_it_once_also_in_a_ring() {
    run(async {
        let company = Company::new().await;
        let storage = company.system("Storage", json!({"kind": "storage"})).await;
        let database = company
            .system("Database", json!({"kind": "database", "engine": "PostgreSQL", "engine_version": "17.2", "size_bytes": 1024}))
            .await;
        let payroll = company.system("Payroll", json!({})).await;
        let portal = company.system("Portal", json!({})).await;
        let search = company.system("Search", json!({"criticality": "low"})).await;
        let island = company.system("Island", json!({})).await;
        company.needs(&database, &storage, "hard").await;
        company.needs(&payroll, &database, "hard").await;
        company.needs(&portal, &payroll, "hard").await;
        // Those two need each other.
        company.needs(&payroll, &portal, "hard").await;
        company.needs(&search, &portal, "soft").await;
        company.needs(&portal, &storage, "soft").await;
        let impact = company.it.get(&format!("/v1/systems/{storage}/impact")).await.is(200);
        // The portal is one soft step away, and down by three hard ones: down counts.
        let expected = [
            ("Database", "down", 1),
            ("Payroll", "down", 2),
            ("Portal", "down", 3),
            ("Search", "degraded", 4),
        ];
        assert_eq!(reached(&impact), expected);
        assert_eq!((&impact["down"], &impact["degraded"]), (&json!(3), &json!(1)));
        assert_eq!(impact["systems"][3]["path"], json!([storage, database, payroll, portal, search]));
        let of_the_portal = company.it.get(&format!("/v1/systems/{portal}/impact")).await.is(200);
        assert_eq!(reached(&of_the_portal), [("Payroll", "down", 1), ("Search", "degraded", 1)]);
        let of_the_island = company.it.get(&format!("/v1/systems/{island}/impact")).await.is(200);
        assert_eq!(of_the_island["systems"], json!([]));
        // What others need is not switched off.
        let refused =
            company.it.act(&format!("/v1/systems/{storage}/retire")).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/status", "needed")]);
        company.it.act(&format!("/v1/systems/{database}/retire")).await.is_problem(409, "conflict");
        company.it.act(&format!("/v1/systems/{search}/retire")).await.is(200);
        let without = company.it.get(&format!("/v1/systems/{portal}/impact")).await.is(200);
        assert_eq!(reached(&without), [("Payroll", "down", 1)]);
        // Nothing needs itself, nor the same twice.
        let itself = json!({"system_id": portal, "depends_on_id": portal});
        company.it.post("/v1/system-dependencies", itself).await.is_problem(422, "invalid-input");
        let again = json!({"system_id": portal, "depends_on_id": payroll, "kind": "soft"});
        company.it.post("/v1/system-dependencies", again).await.is_problem(409, "conflict");
    });
}

#[test]
fn whoever_answers_for_a_system_sees_theirs_alone() {
    run(async {
        let company = Company::new().await;
        let mine = company.system("Mine", json!({})).await;
        let dan = company.it.hire("Dan", None).await;
        let theirs = company.system("Theirs", json!({"owner_id": dan})).await;
        company.needs(&theirs, &mine, "hard").await;
        let mira = company.org.employee(&company.mira, &["systems:read=own"]).await;
        let seen = mira.get("/v1/systems").await.is(200);
        assert_eq!(
            seen["data"].as_array().unwrap().iter().map(id).collect::<Vec<_>>(),
            std::slice::from_ref(&mine)
        );
        mira.get(&format!("/v1/systems/{theirs}/impact")).await.is_problem(404, "not-found");
        // And of those that her outage reaches, hers.
        assert_eq!(mira.get(&format!("/v1/systems/{mine}/impact")).await.is(200)["systems"], json!([]));
    });
}
