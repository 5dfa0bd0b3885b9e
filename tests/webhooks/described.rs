//! The section `webhooks` of the contract: every event that there is, read off the resources.
use crate::support::{Organization, contract, run, service};
use std::collections::BTreeSet;

#[test]
fn the_contract_tells_of_every_event() {
    run(async {
        let told = contract()["webhooks"].as_object().unwrap();
        for (event, item) in told {
            let operation = &item["post"];
            assert_eq!(operation["requestBody"]["content"]["application/json"]["example"]["type"], *event);
            assert!(operation["operationId"].as_str().unwrap().starts_with("on_"));
        }
        // Each table that writes events, and each state that a step leads to.
        let database = service().database().await;
        let rows =
            database.query("select singular from managed_tables where kind = 'resource'", &[]).await.unwrap();
        let singulars: Vec<String> = rows.iter().map(|row| row.get(0)).chain(["user".to_owned()]).collect();
        assert!(singulars.len() >= 8);
        for singular in &singulars {
            for what in ["created", "updated", "deleted"] {
                assert!(told.contains_key(&format!("{singular}.{what}")), "{singular}.{what}");
            }
        }
        for event in
            ["employee.active", "employee.terminated", "department.archived", "webhook_endpoint.disabled"]
        {
            assert!(told.contains_key(event), "{event}");
        }
        // Nothing happened in any of these tests that is not told of.
        let caller = Organization::new().await.owner().await;
        caller.department("One", None).await;
        let rows = database.query("select distinct type from events", &[]).await.unwrap();
        let happened: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
        assert!(happened.len() >= 3);
        let untold: Vec<_> = happened.iter().filter(|each| !told.contains_key(*each)).collect();
        assert!(untold.is_empty(), "{untold:?}");
    });
}
