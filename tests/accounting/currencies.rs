//! Other currencies: the rate of the day, both amounts, and what is open at a month's end.
use crate::support::run;
use crate::{Company, decimal, faults, text};
use serde_json::{Value, json};

async fn rate(company: &Company, currency: &str, on: &str, rate: &str) -> Value {
    company
        .owner
        .post("/v1/exchange-rates", json!({"currency": currency, "rated_on": on, "rate": rate}))
        .await
        .is(201)
}

#[test]
fn the_newest_rate_that_is_not_after_the_day_counts() {
    run(async {
        let company = Company::new().await;
        rate(&company, "USD", "2026-03-01", "0.9").await;
        rate(&company, "USD", "2026-03-10", "0.95").await;
        let zero = json!({"currency": "USD", "rated_on": "2026-03-11", "rate": "0"});
        assert_eq!(
            faults(company.owner.post("/v1/exchange-rates", zero).await),
            [("/rate".into(), "zero".into())]
        );
        let none = json!({"currency": "XYZ", "rated_on": "2026-03-11", "rate": "1"});
        assert_eq!(
            faults(company.owner.post("/v1/exchange-rates", none).await),
            [("/currency".into(), "no-such-currency".into())]
        );
        company
            .owner
            .post("/v1/exchange-rates", json!({"currency": "USD", "rated_on": "2026-03-10", "rate": "0.96"}))
            .await
            .is_problem(409, "conflict");
        let entry = |on: &str| {
            let mut entry = company.entry(on, &[("1010", "", ""), ("1030", "", "")]);
            entry["lines"][0]["foreign_debit"] = json!("33.33");
            entry["lines"][1]["foreign_credit"] = json!("33.33");
            for line in [0, 1] {
                entry["lines"][line]["currency"] = json!("USD");
            }
            entry
        };
        // 33.33 × 0.9 = 29.997, and × 0.95 = 31.6635.
        for (on, booked, used) in [
            ("2026-03-01", "30.00", "0.9"),
            ("2026-03-09", "30.00", "0.9"),
            ("2026-03-10", "31.66", "0.95"),
            ("2026-12-31", "31.66", "0.95"),
        ] {
            let posted = company.try_to_post(entry(on)).await.is(200)["data"][0].clone();
            let line = &posted["lines"][0];
            assert_eq!(
                (&line["debit"], &line["rate"], &line["foreign_debit"]),
                (&json!(booked), &json!(used), &json!("33.33")),
                "{on}"
            );
        }
        let refused = faults(company.try_to_post(entry("2026-02-28")).await);
        assert_eq!(refused[0], ("/entries/0/lines/0/rate".into(), "no-rate".into()));
    });
}

#[test]
fn what_is_open_at_a_months_end_is_revalued_once_and_booked_back() {
    run(async {
        let company = Company::new().await;
        let (owner, bank) = (&company.owner, company.account("1010").to_owned());
        rate(&company, "USD", "2026-03-01", "0.90").await;
        let mut entry = company.entry("2026-03-05", &[("1010", "", ""), ("1030", "", "900.00")]);
        entry["lines"][0]["foreign_debit"] = json!("1000.00");
        entry["lines"][0]["currency"] = json!("USD");
        company.try_to_post(entry).await.is(200);
        assert_eq!(company.balance(&bank, "2026-03-31").await, decimal("900"));
        // On the last day 1,000.00 USD are worth 920.00: 20.00 gained, and not realized.
        rate(&company, "USD", "2026-03-31", "0.92").await;
        let march = company.period("2026-03").await;
        let done = owner.act(&format!("/v1/fiscal-periods/{march}/revalue")).await.is(200);
        let read = async |id: &Value| owner.get(&format!("/v1/journal-entries/{}", text(id))).await.is(200);
        let entry = read(&done["revaluation_entry_id"]).await;
        let reversal = read(&entry["reversed_by_id"]).await;
        assert_eq!((&entry["total"], &entry["posted_on"]), (&json!("20.00"), &json!("2026-03-31")));
        assert_eq!(reversal["posted_on"], "2026-04-01");
        assert_eq!(company.balance(&bank, "2026-03-31").await, decimal("920"));
        let gain = company.role("exchange_gain").await;
        assert_eq!(company.balance(&gain, "2026-03-31").await, decimal("-20"));
        assert_eq!(company.balance(&bank, "2026-04-01").await, decimal("900"));
        assert_eq!(company.balance(&gain, "2026-04-01").await, decimal("0"));
        owner.act(&format!("/v1/fiscal-periods/{march}/revalue")).await.is_problem(409, "conflict");
        // A month later it is worth 880.00: 20.00 lost against what it was booked at, whatever March said.
        rate(&company, "USD", "2026-04-30", "0.88").await;
        let april = company.period("2026-04").await;
        owner.act(&format!("/v1/fiscal-periods/{april}/revalue")).await.is(200);
        let loss = company.role("exchange_loss").await;
        assert_eq!(company.balance(&loss, "2026-04-30").await, decimal("20"));
        assert_eq!(company.balance(&bank, "2026-04-30").await, decimal("880"));
        // Where nothing is foreign there is nothing to do.
        let before = company.period("2026-01").await;
        assert_eq!(
            owner.act(&format!("/v1/fiscal-periods/{before}/revalue")).await.is(200)["revaluation_entry_id"],
            Value::Null
        );
    });
}

#[test]
fn the_books_stay_in_their_currency_once_something_was_posted() {
    run(async {
        let company = Company::new().await;
        assert_eq!(
            company.owner.patch("/v1/organization", json!({"currency": "JPY"})).await.is(200)["currency"],
            "JPY"
        );
        let entry = company.entry("2026-03-01", &[("1010", "1.50", ""), ("1030", "", "1.50")]);
        assert_eq!(
            faults(company.try_to_post(entry).await)[0],
            ("/entries/0/lines/0/debit".into(), "too-many-decimals".into())
        );
        company.post("2026-03-01", &[("1010", "150", ""), ("1030", "", "150")]).await;
        let refused = company
            .owner
            .patch("/v1/organization", json!({"currency": "EUR"}))
            .await
            .is_problem(409, "conflict");
        assert!(text(&refused["detail"]).contains("the books are kept in their currency"), "{refused}");
    });
}
