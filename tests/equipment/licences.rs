//! Licences: seats, terms, and what is installed against what was bought.
use crate::support::run;
use crate::{Desk, day, faults, id};
use serde_json::{Value, json};

#[test]
fn seats_are_taken_and_released_and_terms_follow_each_other() {
    run(async {
        let desk = Desk::new().await;
        let fields = json!({"seat_cost": "33.00", "currency": "EUR", "cost_period": "month", "starts_on": day(-100), "ends_on": day(10)});
        let licence = desk.licence(2, fields).await;
        let path = format!("/v1/licences/{licence}");
        let (ana, dan) = (desk.it.hire("Ana", None).await, desk.it.hire("Dan", None).await);
        let take = async |who: Value| {
            desk.it.post("/v1/licence-assignments", crate::with(json!({"licence_id": licence}), who)).await
        };
        let seat = take(json!({"employee_id": ana})).await.is(201);
        let twice = take(json!({"employee_id": ana})).await.is_problem(409, "conflict");
        assert_eq!(faults(&twice), [("/employee_id", "already-taken")]);
        let model = desk.model("L14").await;
        let laptop = desk.asset(&model, json!({})).await;
        let both = take(json!({"employee_id": dan, "asset_id": laptop["id"]}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&both), [("/employee_id", "one-of-several"), ("/asset_id", "one-of-several")]);
        take(json!({"asset_id": laptop["id"]})).await.is(201);
        let full = take(json!({"employee_id": dan})).await.is_problem(409, "conflict");
        assert_eq!(faults(&full), [("/licence_id", "no-free-seat")]);

        // Fewer than are taken can't have been bought.
        let fewer = desk.it.patch(&path, json!({"seats": 1})).await.is_problem(409, "conflict");
        assert_eq!(faults(&fewer), [("/seats", "taken")]);
        let free = desk.it.act(&format!("/v1/licence-assignments/{}/release", id(&seat))).await.is(200);
        assert_eq!((&free["status"], &free["released_on"]), (&json!("released"), &json!(day(0))));
        assert_eq!(desk.read(&path).await["taken_seats"], 1);
        take(json!({"employee_id": dan})).await.is(201);

        // The next term: from the day after, for more people and more money. What was, stays.
        let early = json!({"starts_on": day(10), "ends_on": day(375)});
        let early = desk.act(&path, "renew", early).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&early), [("/starts_on", "too-early")]);
        let renewed = json!({"ends_on": day(375), "seats": 3, "seat_cost": "35.00"});
        let renewed = desk.act(&path, "renew", renewed).await.is(200);
        assert_eq!(
            (&renewed["term"], &renewed["starts_on"], &renewed["seats"], &renewed["seat_cost"]),
            (&json!(2), &json!(day(11)), &json!(3), &json!("35.00"))
        );
        let terms = desk.read(&format!("/v1/licence-terms?licence_id={licence}&sort=starts_on")).await;
        let terms: Vec<(&Value, &Value, &Value)> = terms["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|term| (&term["ends_on"], &term["seats"], &term["seat_cost"]))
            .collect();
        assert_eq!(
            terms,
            [(&json!(day(10)), &json!(2), &json!("33.00")), (&json!(day(375)), &json!(3), &json!("35.00"))]
        );
        let soon = desk.read(&format!("/v1/licences?ends_on_to={}", day(30))).await;
        assert_eq!(soon["data"], json!([]));

        // Ended, nobody gets a seat.
        desk.it.act(&format!("{path}/end")).await.is(200);
        let ended = take(json!({"employee_id": ana})).await.is_problem(409, "conflict");
        assert_eq!(faults(&ended), [("/licence_id", "ended")]);
        desk.it.delete(&path).await.is_problem(409, "in-use");
    });
}

#[test]
fn what_is_installed_is_held_against_what_was_bought() {
    run(async {
        let desk = Desk::new().await;
        let model = desk.model("L14").await;
        let (ana, dan) = (desk.it.hire("Ana", None).await, desk.it.hire("Dan", None).await);
        let (anas, dans) = (
            desk.asset(&model, json!({"employee_id": ana})).await,
            desk.asset(&model, json!({"employee_id": dan})).await,
        );
        assert_eq!(anas["status"], "assigned", "who had it before it was entered here");
        let office = desk.licence(5, json!({"name": "Office"})).await;
        let cad = desk.licence(1, json!({"name": "CAD", "ends_on": day(-1), "starts_on": day(-400)})).await;
        let install = async |asset: &Value, name: &str, fields: Value| {
            let installed = crate::with(json!({"asset_id": asset["id"], "name": name}), fields);
            desk.it.post("/v1/software-installations", installed).await
        };
        // Ana has a seat, Dan has none; the CAD has ended; nobody knows who paid for the archiver; the editor is free.
        desk.it
            .post("/v1/licence-assignments", json!({"licence_id": office, "employee_id": ana}))
            .await
            .is(201);
        install(&anas, "Office", json!({"licence_id": office})).await.is(201);
        let dans_office = install(&dans, "Office", json!({"licence_id": office})).await.is(201);
        let twice = install(&dans, "Office", json!({})).await.is_problem(409, "conflict");
        assert_eq!(faults(&twice), [("/name", "already-taken")]);
        install(&dans, "CAD", json!({"licence_id": cad})).await.is(201);
        install(&anas, "Archiver", json!({})).await.is(201);
        install(&anas, "Editor", json!({"needs_licence": false})).await.is(201);
        let report = desk.read("/v1/reports/licence-compliance").await;
        let lines: Vec<Value> = report["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| {
                json!([
                    line["name"],
                    line["seats"],
                    line["assigned"],
                    line["installed"],
                    line["installed_without_seat"],
                    line["state"]
                ])
            })
            .collect();
        assert_eq!(
            lines,
            [
                json!(["Archiver", 0, 0, 1, 1, "unlicensed"]),
                json!(["CAD", 1, 0, 1, 1, "expired"]),
                json!(["Office", 5, 1, 2, 1, "over_installed"]),
            ]
        );
        // Dan's is removed: what is left is in order.
        desk.it.delete(&format!("/v1/software-installations/{}", id(&dans_office))).await.is(204);
        let report = desk.read("/v1/reports/licence-compliance").await;
        assert_eq!(report["lines"][2]["state"], "compliant");
    });
}
