//! A laptop from its order to its end.
use crate::support::run;
use crate::{Desk, day, faults, id, unique};
use chrono::{Days, Months};
use serde_json::{Value, json};

#[test]
#[expect(clippy::too_many_lines, reason = "one story")]
fn a_laptop_from_order_to_retirement() {
    run(async {
        let desk = Desk::new().await;
        let (model, supplier) = (desk.model("ThinkPad L14").await, desk.supplier().await);
        let (office, workshop) = (desk.location("BUC", None).await, desk.location("WORKSHOP", None).await);
        let ana = desk.it.hire("Ana", None).await;
        let dan = desk.it.hire("Dan", None).await;

        // Ordered: numbered, and not to be handed out.
        let ordered = json!({"status": "ordered", "purchased_on": day(-30), "purchase_price": "1249.00", "currency": "EUR", "supplier_id": supplier, "order_number": "PO-17"});
        let laptop = desk.asset(&model, ordered).await;
        assert_eq!((&laptop["tag"], &laptop["status"]), (&json!("A-00001"), &json!("ordered")));
        // Two years from the day on which it was bought, the last day included.
        let warranty = day(-30) + Months::new(24) - Days::new(1);
        assert_eq!(laptop["warranty_ends_on"], json!(warranty));
        assert_eq!(laptop["next_audit_due_on"], Value::Null);
        let path = format!("/v1/assets/{}", id(&laptop));
        let early = desk.act(&path, "check-out", json!({"employee_id": ana})).await;
        let early = early.is_problem(409, "invalid-state");
        assert!(early["detail"].as_str().unwrap().contains("`receive`"), "{early}");

        // It arrives.
        let serial = unique();
        let received = json!({"serial_number": serial, "location_id": office});
        let laptop = desk.act(&path, "receive", received).await.is(200);
        assert_eq!(
            (&laptop["status"], &laptop["serial_number"], &laptop["location_id"]),
            (&json!("in_stock"), &json!(serial), &json!(office))
        );
        let twin = json!({"model_id": model, "serial_number": serial});
        let twin = desk.it.post("/v1/assets", twin).await.is_problem(409, "conflict");
        assert_eq!(faults(&twin), [("/serial_number", "already-taken")]);

        // Its label.
        let label = desk.it.get(&format!("{path}/label")).await;
        assert_eq!(label.header("content-type"), Some("image/svg+xml"));
        assert_eq!(label.header("content-disposition"), Some("inline; filename=\"A-00001.svg\""));
        assert!(label.text.starts_with("<svg ") && label.text.contains(">A-00001</text>"), "{}", label.text);
        assert!(label.text.contains(&format!(">S/N {serial}</text>")));
        let stranger = crate::support::Organization::new().await.owner().await;
        stranger.get(&format!("{path}/label")).await.is_problem(404, "not-found");

        // Ana gets it, and says so; Dan sees nothing of it.
        let out = json!({"employee_id": ana, "note": "With charger"});
        let laptop = desk.act(&path, "check-out", out).await.is(200);
        assert_eq!((&laptop["status"], &laptop["employee_id"]), (&json!("assigned"), &json!(ana)));
        let own = ["assets:read=own", "asset-assignments:read=own", "asset-assignments:write=own"];
        let (ana_herself, dan_himself) =
            (desk.org.employee(&ana, &own).await, desk.org.employee(&dan, &own).await);
        assert_eq!(ana_herself.get("/v1/assets").await.is(200)["data"][0]["tag"], "A-00001");
        assert_eq!(dan_himself.get("/v1/assets").await.is(200)["data"], json!([]));
        let given = ana_herself.get("/v1/asset-assignments").await.is(200)["data"][0].clone();
        assert_eq!(
            (&given["status"], &given["available_actions"]),
            (&json!("pending"), &json!(["accept", "decline", "report_lost"]))
        );
        let given = format!("/v1/asset-assignments/{}", id(&given));
        dan_himself.act(&format!("{given}/accept")).await.is_problem(404, "not-found");
        let accepted = ana_herself.act(&format!("{given}/accept")).await.is(200);
        assert_eq!(accepted["status"], "active");
        assert_ne!(accepted["answered_at"], Value::Null);
        ana_herself.act(&format!("{given}/accept")).await.is_problem(409, "invalid-state");
        let again = desk.act(&path, "check-out", json!({"employee_id": dan})).await;
        again.is_problem(409, "invalid-state");

        // Seen in the workshop ten days ago; the model asks for it once a year.
        let seen = json!({"seen_on": day(-10), "location_id": workshop, "note": "Label worn"});
        let laptop = desk.act(&path, "audit", seen).await.is(200);
        assert_eq!(
            (
                &laptop["status"],
                &laptop["last_audited_on"],
                &laptop["next_audit_due_on"],
                &laptop["location_id"]
            ),
            (&json!("assigned"), &json!(day(-10)), &json!(day(-10) + Months::new(12)), &json!(workshop))
        );
        let tomorrow = desk.act(&path, "audit", json!({"seen_on": day(1)})).await;
        let tomorrow = tomorrow.is_problem(422, "invalid-input");
        assert_eq!(faults(&tomorrow), [("/seen_on", "in-the-future")]);

        // The screen flickers: Ana has it no more.
        let why =
            json!({"title": "Screen flickers", "supplier_id": supplier, "cost": "180", "currency": "EUR"});
        let laptop = desk.act(&path, "send-to-repair", why).await.is(200);
        assert_eq!((&laptop["status"], &laptop["employee_id"]), (&json!("in_repair"), &Value::Null));
        assert_eq!(desk.read(&given).await["status"], "returned");
        let repairs = format!("/v1/asset-maintenances?asset_id={}", id(&laptop));
        let repair = desk.read(&repairs).await["data"][0].clone();
        assert_eq!(
            (&repair["kind"], &repair["is_away"], &repair["status"]),
            (&json!("repair"), &json!(true), &json!("open"))
        );
        desk.it.delete(&format!("/v1/asset-maintenances/{}", id(&repair))).await.is_problem(409, "conflict");
        let back = json!({"cost": "165.50", "note": "Panel replaced"});
        assert_eq!(desk.act(&path, "return-from-repair", back).await.is(200)["status"], "in_stock");
        let repair = desk.read(&repairs).await["data"][0].clone();
        assert_eq!(
            (&repair["status"], &repair["cost"], &repair["ends_on"]),
            (&json!("done"), &json!("165.50"), &json!(day(0)))
        );

        // To a meeting room, and back with a remark.
        let out = json!({"holder_location_id": office});
        assert_eq!(desk.act(&path, "check-out", out).await.is(200)["holder_location_id"], json!(office));
        let back = json!({"note": "Charger missing", "location_id": workshop});
        let laptop = desk.act(&path, "check-in", back).await.is(200);
        assert_eq!(
            (&laptop["status"], &laptop["holder_location_id"], &laptop["location_id"]),
            (&json!("in_stock"), &Value::Null, &json!(workshop))
        );

        // Lost, found, and given away in the end.
        let lost = desk.act(&path, "report-lost", json!({"reason": "Not in the cupboard"})).await.is(200);
        assert_eq!((&lost["status"], &lost["ended_on"]), (&json!("lost"), &json!(day(0))));
        let found = desk.it.act(&format!("{path}/report-found")).await.is(200);
        assert_eq!((&found["status"], &found["end_reason"]), (&json!("in_stock"), &Value::Null));
        let gone = json!({"retired_on": day(-1), "reason": "Given to a school"});
        let gone = desk.act(&path, "retire", gone).await.is(200);
        assert_eq!(
            (&gone["status"], &gone["ended_on"], &gone["available_actions"]),
            (&json!("retired"), &json!(day(-1)), &json!(["restore"]))
        );
        desk.it.delete(&path).await.is_problem(409, "in-use");

        // All of it is told: by the asset's history, and by who had it.
        let history = desk.read(&format!("{path}/history?limit=50")).await;
        let told: Vec<&str> =
            history["data"].as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap()).collect();
        let states: Vec<&str> = told.into_iter().filter(|each| *each != "asset.updated").collect();
        assert_eq!(
            states,
            [
                "asset.created",
                "asset.in_stock",
                "asset.assigned",
                "asset.in_repair",
                "asset.in_stock",
                "asset.assigned",
                "asset.in_stock",
                "asset.lost",
                "asset.in_stock",
                "asset.retired"
            ]
        );
        let had = desk.read(&format!("/v1/asset-assignments?asset_id={}&sort=created_at", id(&laptop))).await;
        let had: Vec<(&Value, &Value)> = had["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| (&each["status"], &each["return_note"]))
            .collect();
        assert_eq!(
            had,
            [(&json!("returned"), &Value::Null), (&json!("returned"), &json!("Charger missing"))]
        );
    });
}

#[test]
fn what_somebody_declines_or_loses_is_theirs_no_more() {
    run(async {
        let desk = Desk::new().await;
        let model = desk.model("L14").await;
        let ana = desk.it.hire("Ana", None).await;
        let asset = desk.asset(&model, json!({})).await;
        let path = format!("/v1/assets/{}", id(&asset));
        let own = ["asset-assignments:read=own", "asset-assignments:write=own"];
        let ana_herself = desk.org.employee(&ana, &own).await;
        let open = async || {
            desk.act(&path, "check-out", json!({"employee_id": ana})).await.is(200);
            let open = ana_herself.get("/v1/asset-assignments?open=true").await.is(200);
            format!("/v1/asset-assignments/{}", id(&open["data"][0]))
        };
        let given = open().await;
        let declined =
            ana_herself.post(&format!("{given}/decline"), json!({"reason": "Another one"})).await.is(200);
        assert_eq!((&declined["status"], &declined["returned_on"]), (&json!("declined"), &json!(day(0))));
        assert_eq!(desk.read(&path).await["status"], "in_stock");
        let given = open().await;
        let lost = ana_herself
            .post(&format!("{given}/report-lost"), json!({"reason": "On the train"}))
            .await
            .is(200);
        assert_eq!(lost["status"], "lost");
        let asset = desk.read(&path).await;
        assert_eq!(
            (&asset["status"], &asset["end_reason"], &asset["employee_id"]),
            (&json!("lost"), &json!("On the train"), &Value::Null)
        );
    });
}

#[test]
fn an_asset_goes_to_exactly_one_holder_who_is_there() {
    run(async {
        let desk = Desk::new().await;
        let model = desk.model("Dock").await;
        let (desk_set, dock, memory) = (
            desk.asset(&model, json!({"tag": "SET-1"})).await,
            desk.asset(&model, json!({"tag": "DOCK-1"})).await,
            desk.asset(&model, json!({"tag": "RAM-1"})).await,
        );
        let out = async |asset: &Value, to: Value| {
            desk.act(&format!("/v1/assets/{}", id(asset)), "check-out", to).await
        };
        let nobody = out(&dock, json!({"note": "For whom?"})).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&nobody), [("", "one-of-several")]);
        let ana = desk.it.hire("Ana", None).await;
        let place = desk.location("HQ", None).await;
        let both = out(&dock, json!({"employee_id": ana, "holder_location_id": place})).await;
        let both = both.is_problem(422, "invalid-input");
        assert_eq!(
            faults(&both),
            [("/employee_id", "one-of-several"), ("/holder_location_id", "one-of-several")]
        );

        // Parts in parts, and no ring.
        out(&memory, json!({"holder_asset_id": id(&dock)})).await.is(200);
        out(&dock, json!({"holder_asset_id": id(&desk_set)})).await.is(200);
        let ring = out(&desk_set, json!({"holder_asset_id": id(&memory)})).await.is_problem(409, "conflict");
        assert_eq!(faults(&ring), [("/holder_asset_id", "closes-a-ring")]);
        let itself =
            out(&desk_set, json!({"holder_asset_id": id(&desk_set)})).await.is_problem(409, "conflict");
        assert_eq!(faults(&itself), [("/holder_asset_id", "closes-a-ring")]);
        let path = format!("/v1/assets/{}", id(&desk_set));
        desk.act(&path, "retire", json!({"reason": "Old"})).await.is_problem(409, "conflict");

        // Who has left gets nothing, and nothing is put where nothing is any more.
        let other = desk.asset(&model, json!({})).await;
        desk.it.act(&format!("/v1/employees/{ana}/activate")).await.is(200);
        let left = json!({"last_day": day(-1), "reason": "Left"});
        desk.it.post(&format!("/v1/employees/{ana}/terminate"), left).await.is(200);
        let gone = out(&other, json!({"employee_id": ana})).await.is_problem(409, "conflict");
        assert_eq!(faults(&gone), [("/employee_id", "has-left")]);
        desk.it.act(&format!("/v1/locations/{place}/archive")).await.is(200);
        let closed = out(&other, json!({"holder_location_id": place})).await.is_problem(409, "conflict");
        assert_eq!(faults(&closed), [("/holder_location_id", "archived")]);
        let backwards =
            json!({"holder_asset_id": id(&dock), "checked_out_on": day(0), "due_back_on": day(-1)});
        let backwards = out(&other, backwards).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&backwards), [("/due_back_on", "breaks-a-rule")]);
    });
}
