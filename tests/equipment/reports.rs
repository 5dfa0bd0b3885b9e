//! What equipment comes to, and files of it.
use crate::support::{Answer, Caller, run};
use crate::{Desk, day, faults, id, months_ago, unique};
use chrono::Days;
use reqwest::Method;
use serde_json::{Value, json};

async fn file(caller: &Caller, path: &str, media_type: &str) -> Answer {
    caller.request(Method::GET, path).header("accept", media_type).send().await
}

#[test]
fn value_and_age_are_told_by_category_and_currency() {
    run(async {
        let desk = Desk::new().await;
        let model = desk.model("L14").await; // used for 48 months
        let site = desk.location("BUC", None).await;
        let room = desk.location("BUC-1", Some(&site)).await;
        for (bought, price, fields) in [
            (months_ago(12), "1200.00", json!({"location_id": room})), // 36 of 48 months left: 900.00
            (months_ago(36), "1000.00", json!({})),                    // 12 of 48: 250.00
            (months_ago(60), "800.00", json!({})),                     // past its end: nothing
        ] {
            let asset = json!({"purchased_on": bought, "purchase_price": price, "currency": "EUR"});
            desk.asset(&model, crate::with(asset, fields)).await;
        }
        desk.asset(&model, json!({"purchased_on": day(0), "purchase_price": "5000", "currency": "RON"}))
            .await;
        desk.asset(&model, json!({"status": "ordered", "purchase_price": "1", "currency": "EUR"})).await;
        let retired = desk.asset(&model, json!({"purchase_price": "1", "currency": "EUR"})).await;
        desk.act(&format!("/v1/assets/{}", id(&retired)), "retire", json!({"reason": "Old"})).await.is(200);
        let report = desk.read("/v1/reports/asset-values").await;
        let line = |currency: &str| {
            let lines = report["lines"].as_array().unwrap();
            lines.iter().find(|line| line["currency"] == currency).unwrap().clone()
        };
        assert_eq!(report["lines"].as_array().unwrap().len(), 2);
        let euros = line("EUR");
        assert_eq!(
            euros,
            json!({"category": "Laptop", "currency": "EUR", "assets": 3, "purchase_value": "3000.00", "remaining_value": "1150.00",
                "average_age_months": "36.0", "under_a_year": 0, "one_to_three_years": 1, "over_three_years": 2, "age_unknown": 0, "past_end_of_life": 1})
        );
        assert_eq!(
            (&line("RON")["remaining_value"], &line("RON")["under_a_year"]),
            (&json!("5000.00"), &json!(1))
        );
        let there = desk.read(&format!("/v1/reports/asset-values?location_id={site}")).await;
        assert_eq!((there["lines"].as_array().unwrap().len(), &there["lines"][0]["assets"]), (1, &json!(1)));

        // The same as a file.
        let csv = file(&desk.it, "/v1/reports/asset-values", "text/csv").await;
        assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"asset-values.csv\""));
        let lines: Vec<&str> = csv.text.lines().collect();
        assert!(
            lines[0].trim_start_matches('\u{feff}').starts_with("category,currency,assets,purchase_value"),
            "{}",
            lines[0]
        );
        assert_eq!(lines.len(), 3);
        assert!(lines[1].starts_with("Laptop,EUR,3,3000"), "{}", lines[1]);
        let book = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        for report in ["warranties-ending", "licence-compliance", "missing-equipment"] {
            let empty = file(&desk.it, &format!("/v1/reports/{report}"), book).await;
            assert_eq!((empty.status, empty.header("content-type")), (200, Some(book)), "{report}");
        }
    });
}

#[test]
fn warranties_that_end_soon_are_told_with_who_sold_and_who_has_it() {
    run(async {
        let desk = Desk::new().await;
        let model = desk.model("L14").await;
        let supplier = desk.supplier().await;
        let ana = desk.it.hire("Ana", None).await;
        let soon =
            json!({"tag": "SOON", "warranty_ends_on": day(30), "supplier_id": supplier, "employee_id": ana});
        desk.asset(&model, soon).await;
        desk.asset(&model, json!({"tag": "TODAY", "warranty_ends_on": day(0)})).await;
        desk.asset(&model, json!({"tag": "LATER", "warranty_ends_on": day(91)})).await;
        desk.asset(&model, json!({"tag": "OVER", "warranty_ends_on": day(-1)})).await;
        let report = desk.read("/v1/reports/warranties-ending").await;
        let told: Vec<Value> = report["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| json!([line["tag"], line["days_left"], line["employee"]]))
            .collect();
        assert_eq!(told, [json!(["TODAY", 0, null]), json!(["SOON", 30, "Ana Test"])]);
        let wider = desk.read("/v1/reports/warranties-ending?within_days=91").await;
        assert_eq!(wider["lines"].as_array().unwrap().len(), 3);
    });
}

#[test]
fn a_file_of_assets_becomes_assets_of_those_who_have_them() {
    run(async {
        let desk = Desk::new().await;
        desk.model("L14").await;
        desk.location("HQ", None).await;
        let number = unique();
        let employee = json!({"employee_number": number, "given_name": "Ana", "family_name": "Pop", "hired_on": day(-30)});
        let employee = id(&desk.it.post("/v1/employees", employee).await.is(201));
        let bought = day(-100);
        let csv = format!(
            "tag,serial_number,model,location_code,employee_number,purchased_on,purchase_price,currency\n\
            PC-1,S-1,L14,HQ,,{bought},999.00,EUR\n\
            PC-2,S-2,L14,HQ,{number},{bought},999.00,EUR\n"
        );
        let send = async |csv: String| {
            desk.it.request(Method::POST, "/v1/assets/import").body("text/csv", csv).send().await
        };
        let done = send(csv).await.is(200);
        assert_eq!((&done["created"], &done["status"]), (&json!(2), &json!("done")), "{done}");
        let assets = desk.read("/v1/assets?sort=tag").await;
        let told: Vec<Value> = assets["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|asset| {
                json!([asset["tag"], asset["status"], asset["employee_id"], asset["warranty_ends_on"]])
            })
            .collect();
        let warranty = bought + chrono::Months::new(24) - Days::new(1);
        assert_eq!(
            told,
            [json!(["PC-1", "in_stock", null, warranty]), json!(["PC-2", "assigned", employee, warranty])]
        );
        let had = desk.read(&format!("/v1/asset-assignments?employee_id={employee}")).await;
        assert_eq!(
            (&had["data"][0]["status"], &had["data"][0]["checked_out_on"]),
            (&json!("active"), &json!(bought))
        );

        // A file with faults leaves nothing, and tells all of them.
        let faulty = "tag,serial_number,model\nPC-3,S-3,No such model\nPC-1,S-4,L14\n".to_owned();
        let refused = send(faulty).await;
        assert!([409, 422].contains(&refused.status), "{}", refused.text);
        let told = refused.body;
        let places: Vec<&str> = faults(&told).into_iter().map(|(place, _)| place).collect();
        assert!(
            places.contains(&"/2/model") && places.iter().any(|place| place.starts_with("/3/")),
            "{told}"
        );
        assert_eq!(desk.read("/v1/assets?count=true").await["total"], 2);
    });
}
