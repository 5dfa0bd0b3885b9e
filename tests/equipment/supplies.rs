//! Consumables and accessories: what comes in, goes out and comes back.
use crate::support::run;
use crate::{Desk, day, faults, id};
use serde_json::json;

#[test]
fn accessories_come_back_from_those_who_have_them_and_consumables_are_used_up() {
    run(async {
        let desk = Desk::new().await;
        let (headset, toner) = (desk.supply("accessory", 5).await, desk.supply("consumable", 4).await);
        let (headset, toner) = (format!("/v1/supplies/{headset}"), format!("/v1/supplies/{toner}"));
        let (ana, dan) = (desk.it.hire("Ana", None).await, desk.it.hire("Dan", None).await);
        let room = desk.location("HQ", None).await;
        let out = desk.act(&headset, "hand-out", json!({"employee_id": ana, "quantity": 2})).await.is(200);
        assert_eq!((&out["on_hand"], &out["handed_out"]), (&json!(3), &json!(2)));
        desk.act(&headset, "hand-out", json!({"location_id": room, "quantity": 1})).await.is(200);
        let much = desk.act(&headset, "hand-out", json!({"employee_id": dan, "quantity": 3})).await;
        let much = much.is_problem(409, "conflict");
        assert_eq!(faults(&much), [("/quantity", "not-enough")]);
        assert!(much["errors"][0]["detail"].as_str().unwrap().starts_with("must be 2 or less"), "{much}");
        // Dan has none, Ana has two.
        for (who, quantity) in [(&dan, 1), (&ana, 3)] {
            let back = json!({"employee_id": who, "quantity": quantity});
            let back = desk.act(&headset, "take-back", back).await.is_problem(409, "conflict");
            assert_eq!(faults(&back), [("/quantity", "more-than-they-have")]);
        }
        let back = desk.act(&headset, "take-back", json!({"employee_id": ana, "quantity": 1})).await.is(200);
        assert_eq!((&back["on_hand"], &back["handed_out"]), (&json!(3), &json!(2)));
        let off = desk.act(&headset, "write-off", json!({"quantity": 2, "note": "Broken"})).await.is(200);
        assert_eq!((&off["on_hand"], &off["handed_out"]), (&json!(1), &json!(2)));

        desk.act(&toner, "hand-out", json!({"location_id": room, "quantity": 1})).await.is(200);
        let back = desk.act(&toner, "take-back", json!({"location_id": room, "quantity": 1})).await;
        assert_eq!(faults(&back.is_problem(409, "conflict")), [("", "used-up")]);
        let nobody =
            desk.act(&toner, "hand-out", json!({"quantity": 1})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&nobody), [("", "one-of-several")]);
        let late = json!({"location_id": room, "quantity": 1, "moved_on": day(1)});
        let late = desk.act(&toner, "hand-out", late).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&late), [("/moved_on", "in-the-future")]);

        // Two is as few as there should be: of headsets there is one, of toner there are three.
        let low = desk.read("/v1/supplies?is_low=true").await;
        let low: Vec<String> = low["data"].as_array().unwrap().iter().map(id).collect();
        assert_eq!(low, [headset.rsplit('/').next().unwrap()]);
        // Stock is the sum of what moved, and what moved is final.
        let moved = desk.read(&format!("/v1/supply-movements?supply_id={}&count=true", low[0])).await;
        assert_eq!(moved["total"], 5);
        let own = desk.org.employee(&ana, &["supply-movements:read=own"]).await;
        assert_eq!(own.get("/v1/supply-movements?count=true").await.is(200)["total"], 2);
        desk.it.act(&format!("{headset}/archive")).await.is(200);
        let gone = desk.act(&headset, "hand-out", json!({"employee_id": ana, "quantity": 1})).await;
        gone.is_problem(409, "invalid-state");
        desk.act(&headset, "take-back", json!({"location_id": room, "quantity": 1})).await.is(200);
    });
}
