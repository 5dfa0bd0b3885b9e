//! Reminders: who is reminded of what, once at each level.
use crate::invoice_paper::{printed, says};
use crate::shop::{Shop, holds, id, told};
use crate::support::run;
use serde_json::{Value, json};

/// After 10, 20 and 40 days: a word, a fee of 5.00, and one of 20.00.
async fn levels(shop: &Shop) {
    for (level, days, fee) in [(1, 10, None), (2, 20, Some("5.00")), (3, 40, Some("20.00"))] {
        let account = fee.map(|_| shop.account("4100"));
        let texts = json!([
            {"language": "en", "title": format!("Reminder of level {level}"), "text": "Please pay what is overdue."},
            {"language": "ro", "title": format!("Somație de nivel {level}"), "text": "Vă rugăm să plătiți ceea ce este scadent."},
        ]);
        let body = json!({"level": level, "name": format!("Level {level}"), "days_overdue": days, "fee_amount": fee, "fee_account_id": account, "texts": texts});
        shop.owner.post("/v1/dunning-levels", body).await.is(201);
    }
}

/// An invoice of 119.00 that was due on the 31st of March.
async fn overdue(shop: &Shop, fields: Value) -> Value {
    let tax = shop.owner.get("/v1/tax-codes").await.is(200)["data"][0]["id"].clone();
    let tax = match tax.as_str() {
        Some(tax) => tax.to_owned(),
        None => shop.tax("S19", "19", json!({})).await,
    };
    shop.invoice(json!([shop.line("1", "100", &tax)]), fields).await
}

async fn draft(shop: &Shop, on: &str) -> Value {
    shop.owner.post("/v1/dunning-runs", json!({"as_of_on": on})).await.is(201)
}

async fn post(shop: &Shop, run: &Value) -> Value {
    shop.owner.act(&format!("/v1/dunning-runs/{}/post", id(run))).await.is(200)
}

async fn letters(shop: &Shop, of: &Value) -> Vec<Value> {
    let path = format!("/v1/dunning-letters?dunning_run_id={}", id(of));
    shop.owner.get(&path).await.is(200)["data"].as_array().unwrap().clone()
}

/// The levels of the invoices of a day's letters, which are posted.
async fn reminded(shop: &Shop, on: &str) -> Vec<i64> {
    let run = draft(shop, on).await;
    post(shop, &run).await;
    let all = letters(shop, &run).await;
    all.iter()
        .flat_map(|each| each["documents"].as_array().unwrap())
        .map(|each| each["level"].as_i64().unwrap())
        .collect()
}

#[test]
fn an_invoice_goes_up_one_level_at_a_time() {
    run(async {
        let shop = Shop::new().await;
        levels(&shop).await;
        overdue(&shop, json!({})).await;
        // Overdue for 9 days, for 10, for 10 again.
        assert_eq!(reminded(&shop, "2026-04-09").await, [0_i64; 0]);
        assert_eq!(reminded(&shop, "2026-04-10").await, [1]);
        assert_eq!(reminded(&shop, "2026-04-10").await, [0_i64; 0]);
        // The next is for the 20th, ten days later.
        assert_eq!(reminded(&shop, "2026-04-19").await, [0_i64; 0]);
        assert_eq!(reminded(&shop, "2026-04-20").await, [2]);
        // Two months late: the third, and none after it. It came 20 days behind the second at the least.
        assert_eq!(reminded(&shop, "2026-05-09").await, [0_i64; 0]);
        assert_eq!(reminded(&shop, "2026-06-01").await, [3]);
        assert_eq!(reminded(&shop, "2026-12-31").await, [0_i64; 0]);
        // What was not looked at for long begins at the first level all the same.
        overdue(&shop, json!({})).await;
        assert_eq!(reminded(&shop, "2026-06-30").await, [1]);
        // 238.00 are owed, and the fees of 5.00 and 20.00; the sales are 200.00.
        let books = [("1100", "263"), ("2100", "-38"), ("4000", "-200"), ("4100", "-25")];
        assert_eq!(shop.books().await, holds(&books));
        shop.is_whole().await;
    });
}

#[test]
fn a_letter_lists_what_is_overdue_and_books_its_fee_when_it_is_posted() {
    run(async {
        let mut shop = Shop::new().await;
        levels(&shop).await;
        shop.customer = shop
            .party(json!({"is_customer": true, "language": "ro", "legal_name": "Împăratul & Fiii SA"}))
            .await;
        let first = overdue(&shop, json!({})).await;
        assert_eq!(reminded(&shop, "2026-04-10").await, [1]);
        // 30 % were due on the day of issue, the rest 30 days later.
        let terms = json!({"name": "In two", "instalments": [{"percent": "30", "days": 0}, {"percent": "70", "days": 30}]});
        let terms = shop.owner.post("/v1/payment-terms", terms).await.is(201);
        overdue(&shop, json!({"payment_terms_id": terms["id"]})).await;
        // In dollars at 0.5: a letter of its own, and no fee at its level.
        overdue(&shop, json!({"currency": "USD", "exchange_rate": "0.5"})).await;
        let rate = json!({"currency": "USD", "rated_on": "2026-01-01", "rate": "0.5"});
        shop.owner.post("/v1/exchange-rates", rate).await.is(201);

        let run = draft(&shop, "2026-04-20").await;
        assert_eq!(told(&run, ["status", "fees"]), ["draft", "5.00"]);
        assert_eq!(run["letters"], 2);
        let all = letters(&shop, &run).await;
        let euros = all.iter().find(|each| each["currency"] == "EUR").unwrap();
        // All of the first, 119.00, for the second time, and 30 % of the second, 35.70, for the first; the words are those of the higher level.
        assert_eq!(
            told(euros, ["overdue_amount", "fee_amount", "total_amount", "title"]),
            ["154.70", "5.00", "159.70", "Somație de nivel 2"]
        );
        let listed: Vec<_> = euros["documents"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each| told(each, ["overdue_amount", "open_amount", "due_on"]))
            .collect();
        assert_eq!(listed, [["119.00", "119.00", "2026-03-31"], ["35.70", "119.00", "2026-03-31"]]);
        let dollars = all.iter().find(|each| each["currency"] == "USD").unwrap();
        assert_eq!(
            told(dollars, ["overdue_amount", "fee_amount", "exchange_rate"]),
            ["119.00", "0.00", "0.5"]
        );
        let before = shop.books().await;
        let run = post(&shop, &run).await;
        assert_eq!(told(&run, ["status", "fees"]), ["posted", "5.00"]);
        assert_ne!(shop.books().await, before);
        shop.is_whole().await;
        let letter = shop.read("dunning-letters", euros).await;
        assert_eq!(
            (letter["status"].as_str(), letter["journal_entry_id"].is_string()),
            (Some("posted"), true)
        );
        let (name, pages) = printed(&shop, &format!("/v1/dunning-letters/{}", id(&letter))).await;
        let number = letter["number"].as_str().unwrap();
        assert_eq!(name, format!("inline; filename=\"reminder-{number}.pdf\""));
        says(
            &pages,
            &[
                &format!("Somație de plată {number}"),
                "Împăratul & Fiii SA",
                "Somație de nivel 2",
                "Vă rugăm să plătiți ceea ce este scadent.",
                first["number"].as_str().unwrap(),
                "31.03.2026",
                "119,00",
                "35,70",
                "Taxă pentru această somație",
                "5,00 EUR",
                "159,70 EUR",
            ],
        );
        shop.owner.act(&format!("/v1/dunning-runs/{}/post", id(&run))).await.is_problem(409, "invalid-state");
        let gone = shop.owner.delete(&format!("/v1/dunning-runs/{}", id(&run))).await;
        gone.is_problem(409, "invalid-state");
    });
}

#[test]
fn a_fee_in_another_currency_is_worth_what_it_is_worth_that_day() {
    run(async {
        let shop = Shop::new().await;
        levels(&shop).await;
        overdue(&shop, json!({"currency": "USD", "exchange_rate": "0.5"})).await;
        let refused = shop
            .owner
            .post("/v1/dunning-runs", json!({"as_of_on": "2026-04-10"}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(crate::shop::faults(&refused), [("/as_of_on", "no-rate")]);
        for (day, rate) in [("2026-01-01", "0.5"), ("2026-04-15", "0.8")] {
            let rate = json!({"currency": "USD", "rated_on": day, "rate": rate});
            shop.owner.post("/v1/exchange-rates", rate).await.is(201);
        }
        assert_eq!(reminded(&shop, "2026-04-10").await, [1]);
        assert_eq!(reminded(&shop, "2026-04-20").await, [2]);
        // 5.00 euros at 0.8 are 6.25 dollars.
        let letter =
            shop.owner.get("/v1/dunning-letters?as_of_on_from=2026-04-20").await.is(200)["data"][0].clone();
        assert_eq!(
            told(&letter, ["fee_amount", "fee_base_amount", "total_amount"]),
            ["6.25", "5.00", "125.25"]
        );
        shop.is_whole().await;
    });
}

#[test]
fn who_is_held_is_left_out_and_so_is_who_pays_meanwhile() {
    run(async {
        let mut shop = Shop::new().await;
        levels(&shop).await;
        let [first, second] = [overdue(&shop, json!({})).await, overdue(&shop, json!({})).await];
        let hold = |party: &str| json!({"party_id": party, "invoice_id": id(&first), "reason": "Two chairs were broken", "until_on": "2026-04-14"});
        let stranger = shop.party(json!({"is_customer": true})).await;
        let refused =
            shop.owner.post("/v1/dunning-holds", hold(&stranger)).await.is_problem(422, "invalid-input");
        assert_eq!(crate::shop::faults(&refused), [("/invoice_id", "other-party")]);
        shop.owner.post("/v1/dunning-holds", hold(&shop.customer)).await.is(201);
        let run = draft(&shop, "2026-04-10").await;
        let listed = letters(&shop, &run).await[0]["documents"].clone();
        assert_eq!((listed.as_array().unwrap().len(), &listed[0]["invoice_id"]), (1, &second["id"]));
        // A draft that is deleted reminded nobody.
        shop.owner.delete(&format!("/v1/dunning-runs/{}", id(&run))).await.is(204);
        let run = draft(&shop, "2026-04-10").await;
        assert_eq!(run["letters"], 1);
        // A part of the second is credited before the run is posted: nobody is reminded of it today.
        let note = shop.approved_note(&second, json!([{"line": 1, "amount": "10.00"}])).await;
        shop.post_note(&note).await.is(200);
        let posted = post(&shop, &run).await;
        assert_eq!((&posted["letters"], &posted["left_out"]), (&json!(0), &json!(1)));
        let run = draft(&shop, "2026-04-10").await;
        // 119.00 less 11.90.
        assert_eq!(letters(&shop, &run).await[0]["overdue_amount"], "107.10");
        post(&shop, &run).await;
        // The hold is over, and then the customer is held.
        let debtor = shop.customer.clone();
        shop.customer = shop.party(json!({"is_customer": true})).await;
        overdue(&shop, json!({})).await;
        shop.owner
            .post("/v1/dunning-holds", json!({"party_id": shop.customer, "reason": "They will pay"}))
            .await
            .is(201);
        let run = draft(&shop, "2026-04-15").await;
        let all = letters(&shop, &run).await;
        assert_eq!((all.len(), all[0]["party_id"].as_str()), (1, Some(debtor.as_str())));
        assert_eq!(all[0]["documents"][0]["invoice_id"], first["id"]);
    });
}

#[test]
fn a_fee_is_let_go_as_long_as_nobody_paid_it() {
    run(async {
        let shop = Shop::new().await;
        levels(&shop).await;
        overdue(&shop, json!({})).await;
        reminded(&shop, "2026-04-10").await;
        let free = shop.owner.get("/v1/dunning-letters").await.is(200)["data"][0].clone();
        let waive = async |letter: &Value, on: &str| {
            let why = json!({"posted_on": on, "reason": "Their payment had crossed the letter"});
            shop.owner.post(&format!("/v1/dunning-letters/{}/waive-fee", id(letter)), why).await
        };
        waive(&free, "2026-04-30").await.is_problem(409, "conflict");
        reminded(&shop, "2026-04-20").await;
        let letter =
            shop.owner.get("/v1/dunning-letters?as_of_on_from=2026-04-20").await.is(200)["data"][0].clone();
        let before = [("1100", "124"), ("2100", "-19"), ("4000", "-100"), ("4100", "-5")];
        assert_eq!(shop.books().await, holds(&before));
        waive(&letter, "2026-04-19").await.is_problem(422, "invalid-input");
        let waived = waive(&letter, "2026-04-30").await.is(200);
        assert_eq!(waived["fee_waived_on"], "2026-04-30");
        waive(&letter, "2026-04-30").await.is_problem(409, "conflict");
        assert_eq!(shop.books().await, holds(&[("1100", "119"), ("2100", "-19"), ("4000", "-100")]));
        shop.is_whole().await;
    });
}

#[test]
fn many_runs_at_once_remind_once() {
    run(async {
        let shop = Shop::new().await;
        levels(&shop).await;
        for _ in 0..3 {
            overdue(&shop, json!({})).await;
        }
        let runs = futures_util::future::join_all((0..8).map(|_| draft(&shop, "2026-04-10"))).await;
        assert_eq!(runs.iter().map(|run| run["letters"].as_i64().unwrap()).sum::<i64>(), 1);
        let run = runs.iter().find(|run| run["letters"] == 1).unwrap();
        assert_eq!(letters(&shop, run).await[0]["documents"].as_array().unwrap().len(), 3);
        // Posted by two at once, too.
        let path = format!("/v1/dunning-runs/{}/post", id(run));
        let (one, other) = futures_util::future::join(shop.owner.act(&path), shop.owner.act(&path)).await;
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409]);
        shop.is_whole().await;
    });
}

#[test]
fn levels_follow_each_other_and_fees_name_their_account() {
    run(async {
        let shop = Shop::new().await;
        levels(&shop).await;
        let level = |level: i64, days: i64, fields: Value| {
            let mut body = json!({"level": level, "name": "Another", "days_overdue": days, "texts": [{"language": "en", "title": "Pay", "text": "Please pay."}]});
            body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            body
        };
        let refused = async |body: Value| shop.owner.post("/v1/dunning-levels", body).await;
        refused(level(4, 30, json!({}))).await.is_problem(422, "invalid-input");
        refused(level(1, 5, json!({}))).await.is_problem(409, "conflict");
        refused(level(4, 60, json!({"fee_amount": "5.00"}))).await.is_problem(422, "invalid-input");
        let text = json!({"language": "en", "title": "Pay", "text": "Please pay."});
        let twice = refused(level(
            4,
            60,
            json!({"fee_amount": "5.001", "fee_account_id": shop.account("4100"), "texts": [text, text]}),
        ))
        .await;
        let twice = twice.is_problem(422, "invalid-input");
        assert_eq!(
            crate::shop::faults(&twice),
            [("/fee_amount", "too-many-decimals"), ("/texts/1/language", "repeated")]
        );
        refused(level(4, 60, json!({}))).await.is(201);
    });
}
