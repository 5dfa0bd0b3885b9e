//! Credit notes: what takes invoices back, in parts or whole, and never more than there is.
use crate::shop::{Shop, faults, holds, id, sums, told};
use crate::support::run;
use futures_util::future::{join, join_all};
use serde_json::{Value, json};

/// Three of 33.33, 99.99, with 19 %: 18.9981, so 118.99.
async fn three(shop: &Shop) -> Value {
    let vat = shop.tax("S19", "19", json!({})).await;
    let invoice = shop.invoice(json!([shop.line("3", "33.33", &vat)]), json!({})).await;
    assert_eq!(sums(&invoice), ["99.99", "19.00", "118.99", "118.99"]);
    invoice
}

#[test]
fn an_invoice_is_taken_back_in_parts_to_the_last_cent() {
    run(async {
        let shop = Shop::new().await;
        let invoice = three(&shop).await;
        // One of three: 33.33, and a third of 19.00 is 6.3333.
        let note = shop.approved_note(&invoice, json!([{"line": 1, "quantity": "1"}])).await;
        assert_eq!(sums(&note), ["33.33", "6.33", "39.66", "0.00"]);
        assert_eq!(sums(&shop.read("invoices", &invoice).await), sums(&invoice));
        let note = shop.post_note(&note).await.is(200);
        assert_eq!(told(&note, ["number", "status", "open_amount"]), ["CN-2026-000001", "paid", "0.00"]);
        let left = shop.read("invoices", &invoice).await;
        assert_eq!(
            told(&left, ["status", "credited_amount", "open_amount"]),
            ["partially_paid", "39.66", "79.33"]
        );
        assert_eq!(shop.books().await, holds(&[("1100", "79.33"), ("2100", "-12.67"), ("4000", "-66.66")]));
        shop.is_whole().await;

        // All that is left, the odd cent with it; then the invoice is void, and the books are as if it had not been.
        let rest = shop.approved_note(&invoice, json!(null)).await;
        assert_eq!(sums(&rest), ["66.66", "12.67", "79.33", "0.00"]);
        shop.post_note(&rest).await.is(200);
        let void = shop.read("invoices", &invoice).await;
        assert_eq!(told(&void, ["status", "credited_amount", "open_amount"]), ["void", "118.99", "0.00"]);
        assert_eq!(shop.books().await, holds(&[]));
        shop.is_whole().await;
        let settled = shop
            .owner
            .get(&format!("/v1/allocations?debit_item_id={}&sort=created_at", id(&invoice)))
            .await
            .is(200);
        let amounts: Vec<_> = settled["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| told(each, ["debit_amount", "credit_base_amount"]))
            .collect();
        assert_eq!(amounts, [["39.66", "39.66"], ["79.33", "79.33"]]);
    });
}

#[test]
fn more_than_is_left_is_refused_at_its_line() {
    run(async {
        let shop = Shop::new().await;
        let invoice = three(&shop).await;
        let ask = async |lines: Value| {
            let note = json!({"invoice_id": id(&invoice), "reason": "Broken", "issued_on": "2026-04-10", "lines": lines});
            shop.owner.post("/v1/credit-notes", note).await
        };
        let two = shop.approved_note(&invoice, json!([{"line": 1, "quantity": "2"}])).await;
        shop.post_note(&two).await.is(200);
        let problem = ask(json!([{"line": 1, "quantity": "1.000001"}])).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/lines/0/quantity", "more-than-is-left")]);
        let problem = ask(json!([{"line": 1, "amount": "33.34"}])).await.is_problem(409, "conflict");
        assert_eq!(faults(&problem), [("/lines/0/amount", "more-than-is-left")]);
        let problem = ask(json!([{"line": 2}, {"line": 1, "quantity": "1", "amount": "1"}]))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/lines/0/line", "unknown-reference"), ("/lines/1/amount", "one-of")]);
        for nothing in [json!([{"line": 1, "quantity": "0"}]), json!([{"line": 1, "amount": "0.00"}])] {
            ask(nothing).await.is_problem(422, "invalid-input");
        }
        ask(json!([{"line": 1, "amount": "33.33"}])).await.is(201);
        // Another organization's invoice, one that is not in the books, a day before it.
        let theirs = three(&Shop::new().await).await;
        let note = |invoice: &Value, day: &str| json!({"invoice_id": id(invoice), "reason": "Broken", "issued_on": day});
        let problem = shop
            .owner
            .post("/v1/credit-notes", note(&theirs, "2026-04-10"))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/invoice_id", "unknown-reference")]);
        let problem = shop
            .owner
            .post("/v1/credit-notes", note(&invoice, "2026-03-30"))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&problem), [("/issued_on", "before-invoice")]);
        let vat = shop.tax("S5", "5", json!({})).await;
        let draft = shop.draft(json!([shop.line("1", "1", &vat)]), json!({})).await;
        shop.owner
            .post("/v1/credit-notes", note(&draft, "2026-04-10"))
            .await
            .is_problem(409, "invalid-state");
    });
}

#[test]
fn of_two_that_take_all_back_one_wins() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19", "19", json!({})).await;
        for round in 0..6 {
            let invoice = shop.invoice(json!([shop.line("3", "33.33", &vat)]), json!({})).await;
            let (one, other) = (
                shop.approved_note(&invoice, json!(null)).await,
                shop.approved_note(&invoice, json!(null)).await,
            );
            let (one, other) = join(shop.post_note(&one), shop.post_note(&other)).await;
            let (won, lost) = if one.status == 200 { (one, other) } else { (other, one) };
            assert_eq!(won.is(200)["number"], format!("CN-2026-{:06}", round + 1));
            lost.is_problem(409, "conflict");
            assert_eq!(
                told(&shop.read("invoices", &invoice).await, ["status", "credited_amount"]),
                ["void", "118.99"]
            );
        }
        assert_eq!(shop.books().await, holds(&[]));
        shop.is_whole().await;
    });
}

#[test]
fn of_many_parts_at_once_what_fits_is_taken() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19", "19", json!({})).await;
        let invoice = shop.invoice(json!([shop.line("5", "10", &vat)]), json!({})).await;
        let mut notes = Vec::new();
        for _ in 0..8 {
            notes.push(shop.approved_note(&invoice, json!([{"line": 1, "quantity": "2"}])).await);
        }
        let all = join_all(notes.iter().map(|note| shop.post_note(note))).await;
        let (won, lost): (Vec<_>, Vec<_>) = all.into_iter().partition(|answer| answer.status == 200);
        assert_eq!((won.len(), lost.len()), (2, 6), "two twos are in five");
        for answer in lost {
            answer.is_problem(409, "conflict");
        }
        // Of 50.00 and 9.50 a fifth is left.
        assert_eq!(
            told(&shop.read("invoices", &invoice).await, ["open_amount", "credited_amount"]),
            ["11.90", "47.60"]
        );
        assert_eq!(shop.books().await, holds(&[("1100", "11.9"), ("2100", "-1.9"), ("4000", "-10")]));
        shop.is_whole().await;
    });
}

#[test]
fn void_takes_an_invoice_back_in_one_step() {
    run(async {
        let shop = Shop::new().await;
        let invoice = three(&shop).await;
        let path = format!("/v1/invoices/{}/void", id(&invoice));
        let why = json!({"issued_on": "2026-04-01", "reason": "Sent to the wrong customer"});
        let void = shop.owner.post(&path, why.clone()).await.is(200);
        assert_eq!(told(&void, ["number", "status", "open_amount"]), ["INV-2026-000001", "void", "0.00"]);
        shop.owner.post(&path, why).await.is_problem(409, "invalid-state");
        let notes = shop.owner.get(&format!("/v1/credit-notes?invoice_id={}", id(&invoice))).await.is(200);
        assert_eq!(
            told(&notes["data"][0], ["number", "status", "reason"]),
            ["CN-2026-000001", "paid", "Sent to the wrong customer"]
        );
        assert_eq!(shop.books().await, holds(&[]));
        shop.is_whole().await;
    });
}

#[test]
fn a_note_books_at_the_rate_of_its_invoice() {
    run(async {
        let shop = Shop::new().await;
        let vat = shop.tax("S19", "19", json!({})).await;
        for (day, rate) in [("2026-03-01", "0.91234567"), ("2026-04-01", "0.5")] {
            let rate = json!({"currency": "USD", "rated_on": day, "rate": rate});
            shop.owner.post("/v1/exchange-rates", rate).await.is(201);
        }
        let invoice = shop.invoice(json!([shop.line("7", "14.30", &vat)]), json!({"currency": "USD"})).await;
        // 100.10 and 19.02, worth 108.68. Three of seven are 42.90 and 8.15; 51.05 × 0.91234567 = 46.5753.
        let part = shop.approved_note(&invoice, json!([{"line": 1, "quantity": "3"}])).await;
        assert_eq!(
            told(&part, ["net_amount", "tax_amount", "base_total_amount"]),
            ["42.90", "8.15", "46.58"]
        );
        shop.post_note(&part).await.is(200);
        shop.is_whole().await;
        let rest = shop.approved_note(&invoice, json!(null)).await;
        assert_eq!(
            told(&rest, ["net_amount", "tax_amount", "base_total_amount"]),
            ["57.20", "10.87", "62.10"]
        );
        shop.post_note(&rest).await.is(200);
        // Nothing was gained or lost; what is rounded on the way comes to nothing in the end.
        assert_eq!(
            shop.books()
                .await
                .into_iter()
                .filter(|(code, _)| code != "4000" && code != "7900")
                .collect::<Vec<_>>(),
            holds(&[])
        );
        shop.is_whole().await;
    });
}
