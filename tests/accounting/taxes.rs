//! Tax codes: rates from day to day, and what stays once documents use them.
use crate::shop::{Shop, faults, id, told};
use crate::support::run;
use serde_json::{Value, json};

fn rate(rate: &str, from_on: &str, to_on: Option<&str>) -> Value {
    json!({"rate": rate, "from_on": from_on, "to_on": to_on})
}

#[test]
fn the_rate_of_the_day_counts() {
    run(async {
        let shop = Shop::new().await;
        let rates = json!([rate("19", "2017-01-01", Some("2026-03-30")), rate("21", "2026-03-31", None)]);
        let vat = shop.tax("S", "19", json!({"rates": rates})).await;
        for (issued_on, tax, total) in [("2026-03-30", "19.00", "119.00"), ("2026-03-31", "21.00", "121.00")]
        {
            let invoice =
                shop.draft(json!([shop.line("1", "100", &vat)]), json!({"issued_on": issued_on})).await;
            assert_eq!(told(&invoice, ["tax_amount", "total_amount"]), [tax, total]);
        }
        let early =
            shop.try_draft(json!([shop.line("1", "100", &vat)]), json!({"issued_on": "2016-12-31"})).await;
        let problem = early.is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/lines/0/tax_code_ids/0", "no-rate")]);
    });
}

#[test]
fn a_day_has_one_rate_and_what_is_free_has_none() {
    run(async {
        let owner = Shop::new().await.owner;
        let with = |kind: &str, fields: Value| {
            let mut code = json!({"code": "X", "name": "X", "direction": "purchase", "kind": kind, "rates": [rate("19", "2020-01-01", None)]});
            code.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            code
        };
        let overlapping = json!({"rates": [rate("19", "2020-01-01", Some("2026-01-01")), rate("21", "2026-01-01", None), rate("5", "2019-01-01", Some("2018-01-01"))]});
        for (code, expected) in [
            (
                with("standard", overlapping),
                vec![("/rates/1/from_on", "overlaps"), ("/rates/2/to_on", "before-first-day")],
            ),
            (
                with("exempt", json!({})),
                vec![("/exemption_reason", "required"), ("/rates/0/rate", "must-be-zero")],
            ),
            (with("zero", json!({})), vec![("/rates/0/rate", "must-be-zero")]),
            (
                with("reverse_charge", json!({"price_includes_tax": true})),
                vec![("/price_includes_tax", "breaks-a-rule")],
            ),
            (with("reverse_charge", json!({"direction": "sale"})), vec![("/rates/0/rate", "must-be-zero")]),
        ] {
            let problem = owner.post("/v1/tax-codes", code).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&problem), expected);
        }
        for rate in ["-1", "100.01", "1e1", "19.00001", ""] {
            let rates = json!({"rates": [{"rate": rate, "from_on": "2020-01-01"}]});
            let problem =
                owner.post("/v1/tax-codes", with("standard", rates)).await.is_problem(422, "invalid-input");
            assert_eq!(faults(&problem)[0].0, "/rates/0/rate", "{rate}");
        }
    });
}

#[test]
fn what_documents_were_figured_with_stays() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19", "19", json!({})).await;
        let path = format!("/v1/tax-codes/{vat}");
        let draft = shop.draft(json!([shop.line("1", "100", &vat)]), json!({})).await;
        for change in [
            json!({"kind": "reduced"}),
            json!({"price_includes_tax": true}),
            json!({"rates": [rate("20", "2020-01-01", None)]}),
            json!({"rates": [rate("19", "2026-04-01", None)]}),
        ] {
            shop.owner.patch(&path, change).await.is_problem(409, "conflict");
        }
        shop.owner.delete(&path).await.is_problem(409, "in-use");
        // Another rate may begin later, and where it is booked may change.
        let later = json!([rate("19", "2020-01-01", Some("2026-06-30")), rate("21", "2026-07-01", None)]);
        let changed = json!({"rates": later, "return_box": "10", "payable_account_id": shop.account("2100")});
        assert_eq!(shop.owner.patch(&path, changed).await.is(200)["return_box"], "10");

        // Archived, it is on no new document; those that have it keep it.
        shop.owner.act(&format!("{path}/archive")).await.is(200);
        let refused = shop.try_draft(json!([shop.line("1", "100", &vat)]), json!({})).await;
        assert_eq!(
            faults(&refused.is_problem(422, "invalid-input")),
            [("/lines/0/tax_code_ids/0", "archived")]
        );
        shop.owner.act(&format!("/v1/invoices/{}/approve", id(&draft))).await.is(200);
        shop.owner.act(&format!("{path}/restore")).await.is(200);

        // Used by nobody any more, it goes.
        shop.owner.act(&format!("/v1/invoices/{}/revise", id(&draft))).await.is(200);
        shop.owner.delete(&format!("/v1/invoices/{}", id(&draft))).await.is(204);
        shop.owner.delete(&path).await.is(204);
    });
}
