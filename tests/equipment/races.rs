//! Several who want the same at once: what is there once is given once.
use crate::support::run;
use crate::{Desk, id, unique};
use futures_util::future::join_all;
use serde_json::{Value, json};

#[test]
fn an_asset_is_handed_out_once_whoever_asks_at_once() {
    run(async {
        let desk = Desk::new().await;
        let model = desk.model("L14").await;
        let asset = id(&desk.asset(&model, json!({})).await);
        let path = format!("/v1/assets/{asset}");
        let mut people = Vec::new();
        for _ in 0..8 {
            people.push(desk.it.hire("Ana", None).await);
        }
        let out = people.iter().map(|who| desk.act(&path, "check-out", json!({"employee_id": who})));
        let answers = join_all(out).await;
        let given: Vec<_> = answers.iter().zip(&people).filter(|(answer, _)| answer.status == 200).collect();
        assert_eq!(given.len(), 1, "one of them has it");
        assert!(answers.iter().all(|answer| answer.status == 200 || answer.body["code"] == "invalid-state"));
        assert_eq!(desk.read(&path).await["employee_id"], json!(given[0].1));
        let open = desk.read(&format!("/v1/asset-assignments?asset_id={asset}&count=true")).await;
        assert_eq!(open["total"], 1);
    });
}

#[test]
fn the_last_seats_are_given_to_as_many_as_there_are() {
    run(async {
        let desk = Desk::new().await;
        let licence = desk.licence(3, json!({})).await;
        let mut people = Vec::new();
        for _ in 0..12 {
            people.push(desk.it.hire("Ana", None).await);
        }
        let seats = people.iter().map(|who| {
            desk.it.post("/v1/licence-assignments", json!({"licence_id": licence, "employee_id": who}))
        });
        let answers = join_all(seats).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 3);
        let refused: Vec<&Value> = answers
            .iter()
            .filter(|answer| answer.status != 201)
            .map(|answer| &answer.body["errors"][0]["code"])
            .collect();
        assert_eq!(refused, [&json!("no-free-seat"); 9]);
        assert_eq!(desk.read(&format!("/v1/licences/{licence}")).await["taken_seats"], 3);
    });
}

#[test]
fn there_is_never_less_than_nothing_of_a_consumable() {
    run(async {
        let desk = Desk::new().await;
        let toner = desk.supply("consumable", 5).await;
        let ana = desk.it.hire("Ana", None).await;
        let path = format!("/v1/supplies/{toner}");
        // Two at a time: of five, two pairs are handed out and one is left.
        let pairs = (0..10).map(|_| desk.act(&path, "hand-out", json!({"employee_id": ana, "quantity": 2})));
        let answers = join_all(pairs).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 2);
        assert!(
            answers
                .iter()
                .all(|answer| answer.status == 200 || answer.body["errors"][0]["code"] == "not-enough")
        );
        let toner = desk.read(&path).await;
        assert_eq!((&toner["on_hand"], &toner["handed_out"]), (&json!(1), &json!(0)));
    });
}

#[test]
fn kits_at_once_hold_different_assets() {
    run(async {
        let desk = Desk::new().await;
        let model = desk.model("L14").await;
        for _ in 0..3 {
            desk.asset(&model, json!({})).await;
        }
        // Two kits that share a model.
        let mut kits = Vec::new();
        for _ in 0..2 {
            let kit = id(&desk.it.post("/v1/kits", json!({"name": unique()})).await.is(201));
            desk.it.post("/v1/kit-items", json!({"kit_id": kit, "model_id": model})).await.is(201);
            kits.push(kit);
        }
        let mut people = Vec::new();
        for _ in 0..6 {
            people.push(desk.it.hire("Ana", None).await);
        }
        let hand_out = async |who: &str, kit: &str| {
            desk.act(&format!("/v1/kits/{kit}"), "check-out", json!({"employee_id": who})).await
        };
        let answers =
            join_all(people.iter().zip(kits.iter().cycle()).map(|(who, kit)| hand_out(who, kit))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 3);
        assert!(answers.iter().all(|answer| answer.status == 200 || answer.status == 409));
        let assigned = desk.read("/v1/assets?status=assigned&count=true").await;
        assert_eq!(assigned["total"], 3);
        let mut holders: Vec<&Value> =
            assigned["data"].as_array().unwrap().iter().map(|asset| &asset["employee_id"]).collect();
        holders.dedup();
        assert_eq!(holders.len(), 3, "one for each");
    });
}
