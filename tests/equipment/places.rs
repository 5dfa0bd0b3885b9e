//! Places and models: trees without rings, and archives that are empty.
use crate::support::run;
use crate::{Desk, faults, id};
use serde_json::json;

#[test]
fn places_are_a_tree_and_archived_when_nothing_is_in_them() {
    run(async {
        let desk = Desk::new().await;
        let site = desk.location("BUC", None).await;
        let floor = desk.location("BUC-2", Some(&site)).await;
        let room = desk.location("BUC-2.14", Some(&floor)).await;
        let ring = desk.it.patch(&format!("/v1/locations/{site}"), json!({"parent_id": room})).await;
        assert_eq!(faults(&ring.is_problem(409, "conflict")), [("/parent_id", "closes-a-ring")]);
        let model = desk.model("L14").await;
        let asset = desk.asset(&model, json!({"location_id": room})).await;
        // By place, and by all that is in it.
        for (query, found) in [
            (format!("location_id={room}"), 1),
            (format!("location_id={site}"), 0),
            (format!("location_branch_id={site}"), 1),
        ] {
            let assets = desk.read(&format!("/v1/assets?{query}&count=true")).await;
            assert_eq!(assets["total"], found, "{query}");
        }
        desk.it.act(&format!("/v1/locations/{room}/archive")).await.is_problem(409, "conflict");
        let gone = json!({"location_id": null});
        desk.it.patch(&format!("/v1/assets/{}", id(&asset)), gone).await.is(200);
        desk.it.act(&format!("/v1/locations/{room}/archive")).await.is(200);
        let put = desk.it.patch(&format!("/v1/assets/{}", id(&asset)), json!({"location_id": room})).await;
        assert_eq!(faults(&put.is_problem(409, "conflict")), [("/location_id", "archived")]);
        desk.it.act(&format!("/v1/locations/{site}/archive")).await.is_problem(409, "conflict");
    });
}

#[test]
fn there_are_no_new_assets_of_an_archived_model_and_none_from_a_customer() {
    run(async {
        let desk = Desk::new().await;
        let model = desk.model("L14").await;
        let customer = json!({"name": "Client SRL", "is_customer": true, "country": "RO"});
        let customer = id(&desk.it.post("/v1/parties", customer).await.is(201));
        let bought = json!({"model_id": model, "supplier_id": customer});
        let bought = desk.it.post("/v1/assets", bought).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&bought), [("/supplier_id", "no-supplier")]);
        desk.it.act(&format!("/v1/asset-models/{model}/archive")).await.is(200);
        let new = desk.it.post("/v1/assets", json!({"model_id": model})).await.is_problem(409, "conflict");
        assert_eq!(faults(&new), [("/model_id", "archived")]);
    });
}
