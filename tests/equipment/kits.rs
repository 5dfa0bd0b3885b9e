//! Kits: what belongs together, handed out at once, and who lacks what of theirs.
use crate::support::run;
use crate::{Desk, day, faults, id};
use serde_json::{Value, json};

#[test]
fn a_new_colleague_gets_the_kit_of_their_position() {
    run(async {
        let desk = Desk::new().await;
        let (position, laptop, screen) =
            (desk.position().await, desk.model("L14").await, desk.model("27 inch").await);
        let kit = json!({"name": "Accountant", "position_id": position});
        let kit = id(&desk.it.post("/v1/kits", kit).await.is(201));
        let second = desk.it.post("/v1/kits", json!({"name": "Other", "position_id": position})).await;
        assert_eq!(faults(&second.is_problem(409, "conflict")), [("/position_id", "already-taken")]);
        let (licence, headset, badge) = (
            desk.licence(1, json!({"name": "Ledger Pro"})).await,
            desk.supply("accessory", 1).await,
            desk.supply("consumable", 10).await,
        );
        for item in [
            json!({"model_id": laptop}),
            json!({"model_id": screen, "quantity": 2}),
            json!({"licence_id": licence}),
            json!({"supply_id": headset}),
            json!({"supply_id": badge, "quantity": 3}),
        ] {
            desk.it.post("/v1/kit-items", crate::with(item, json!({"kit_id": kit}))).await.is(201);
        }
        let neither = json!({"kit_id": kit});
        let neither = desk.it.post("/v1/kit-items", neither).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&neither), [("", "one-of-several")]);
        let ana = desk.hire_into(&position, "Ana", 10).await;
        let path = format!("/v1/kits/{kit}");

        // Nothing is there yet but one screen: all that lacks is told at once, and nothing is handed out.
        let newer = desk.asset(&screen, json!({"purchased_on": day(-10)})).await;
        let refused =
            desk.act(&path, "check-out", json!({"employee_id": ana})).await.is_problem(409, "conflict");
        let told: Vec<&Value> =
            refused["errors"].as_array().unwrap().iter().map(|each| &each["detail"]).collect();
        assert_eq!(told.len(), 2, "{told:?}");
        for what in
            ["1 of `L14` are needed, and 0 are in stock", "2 of `27 inch` are needed, and 1 are in stock"]
        {
            assert!(told.iter().any(|each| *each == what), "{told:?}");
        }
        assert_eq!(desk.read(&format!("/v1/supplies/{badge}")).await["on_hand"], 10);

        // She lacks all of it.
        let lacks = desk.read(&format!("/v1/reports/missing-equipment?position_id={position}")).await;
        let lacks: Vec<(&Value, &Value, &Value)> = lacks["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| (&line["kind"], &line["missing"], &line["available"]))
            .collect();
        assert_eq!(lacks.len(), 5);
        assert!(lacks.contains(&(&json!("asset"), &json!(2), &json!(1))));
        assert!(lacks.contains(&(&json!("licence"), &json!(1), &json!(1))));
        assert!(lacks.contains(&(&json!("consumable"), &json!(3), &json!(10))));

        // Two laptops and two more screens: she gets the laptop that is named, and the screens that were bought first.
        let spare = desk.asset(&laptop, json!({"purchased_on": day(-900)})).await;
        let named = desk.asset(&laptop, json!({"purchased_on": day(-5)})).await;
        let oldest = desk.asset(&screen, json!({"purchased_on": day(-400)})).await;
        let older = desk.asset(&screen, json!({"purchased_on": day(-300)})).await;
        let foreign = desk.model("Printer").await;
        let printer = desk.asset(&foreign, json!({})).await;
        let wrong = json!({"employee_id": ana, "asset_ids": [printer["id"]]});
        let wrong = desk.act(&path, "check-out", wrong).await.is_problem(409, "conflict");
        assert_eq!(faults(&wrong), [("/asset_ids/0", "not-in-kit")]);
        let out = json!({"employee_id": ana, "asset_ids": [named["id"]], "note": "Welcome"});
        let given = desk.act(&path, "check-out", out).await.is(200);
        assert_eq!(given["asset_assignment_ids"].as_array().unwrap().len(), 3);
        assert_eq!(given["licence_assignment_ids"].as_array().unwrap().len(), 1);
        assert_eq!(given["supply_movement_ids"].as_array().unwrap().len(), 2);
        for (asset, status) in [
            (&named, "assigned"),
            (&spare, "in_stock"),
            (&oldest, "assigned"),
            (&older, "assigned"),
            (&newer, "in_stock"),
        ] {
            assert_eq!(desk.read(&format!("/v1/assets/{}", id(asset))).await["status"], status);
        }
        assert_eq!(desk.read(&format!("/v1/supplies/{badge}")).await["on_hand"], 7);
        assert_eq!(desk.read("/v1/reports/missing-equipment").await["lines"], json!([]));

        // A screen breaks: what she lacks, and no more, is handed out again.
        let broken = format!("/v1/assets/{}", id(&older));
        desk.act(&broken, "check-in", json!({})).await.is(200);
        desk.act(&broken, "retire", json!({"reason": "Broken"})).await.is(200);
        let lacks = desk.read("/v1/reports/missing-equipment").await;
        assert_eq!(
            (&lacks["lines"][0]["item"], &lacks["lines"][0]["held"], &lacks["lines"][0]["missing"]),
            (&json!("27 inch"), &json!(1), &json!(1))
        );
        let missing = json!({"employee_id": ana, "only_missing": true});
        let given = desk.act(&path, "check-out", missing).await.is(200);
        assert_eq!(given["asset_assignment_ids"].as_array().unwrap().len(), 1);
        assert_eq!(given["supply_movement_ids"], json!([]));
        assert_eq!(desk.read(&format!("/v1/assets/{}", id(&newer))).await["status"], "assigned");
        assert_eq!(desk.read(&path).await["handed_out"], 2);

        // Archived, it is handed out no more, and the position may have another one.
        desk.it.act(&format!("{path}/archive")).await.is(200);
        desk.act(&path, "check-out", json!({"employee_id": ana})).await.is_problem(409, "invalid-state");
        desk.it.post("/v1/kits", json!({"name": "Other", "position_id": position})).await.is(201);
        desk.it.act(&format!("{path}/restore")).await.is_problem(409, "conflict");
    });
}
