//! What is open, by how long it is overdue, on days of the past too; and the statement of an account. Figures worked out beside.
use crate::reports::{XLSX, amounts, file_for, follow_for, printed};
use crate::shop::{Shop, id};
use crate::support::{Caller, cells, run, service};
use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};
use std::io::Cursor;

async fn report(shop: &Shop, path: &str) -> Value {
    shop.owner.get(&format!("/v1/reports/{path}")).await.is(200)
}

/// The amounts of the document of this number: buckets, and their sum.
#[track_caller]
fn document<'a>(report: &'a Value, number: &Value) -> Vec<&'a str> {
    let rows = report["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["cells"][1]["value"] == *number);
    let row = row.unwrap_or_else(|| panic!("no {number} in {report:#}"));
    row["cells"].as_array().unwrap()[6..].iter().map(|cell| cell["value"].as_str().unwrap_or("")).collect()
}

fn has_document(report: &Value, number: &Value) -> bool {
    report["rows"].as_array().unwrap().iter().any(|row| row["cells"][1]["value"] == *number)
}

/// The row of this key: what is open in its own currency aside, the buckets and their sum.
#[track_caller]
fn sums<'a>(report: &'a Value, key: &str) -> Vec<&'a str> {
    amounts(report, key)
}

/// The last cell of the first row of this key.
#[track_caller]
fn balance<'a>(report: &'a Value, key: &str) -> &'a str {
    let row = report["rows"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap();
    row["cells"].as_array().unwrap().last().unwrap()["value"].as_str().unwrap()
}

/// A customer's spring: two invoices in euros, one in dollars, two credit notes, and what was owed before.
struct Spring {
    shop: Shop,
    first: Value,
    second: Value,
    dollars: Value,
    note: Value,
}

impl Spring {
    async fn new() -> Self {
        let shop = Shop::new().await;
        let rate = json!({"currency": "USD", "rated_on": "2026-01-01", "rate": "0.9"});
        shop.owner.post("/v1/exchange-rates", rate).await.is(201);
        let tax = shop.tax("S19", "19", json!({})).await;
        let line = |quantity: &str, price: &str| json!([shop.line(quantity, price, &tax)]);
        let dated = |on: &str, due: &str| json!({"issued_on": on, "due_on": due});
        let first = shop.invoice(line("2", "50"), dated("2026-01-10", "2026-02-09")).await;
        let second = shop.invoice(line("1", "200"), dated("2026-02-01", "2026-03-15")).await;
        let mut foreign = dated("2026-03-01", "2026-04-30");
        foreign["currency"] = json!("USD");
        let dollars = shop.invoice(line("1", "100"), foreign).await;
        let before = json!({"posted_on": "2026-01-01", "description": "Taken over", "lines": [
            {"account_id": shop.account("1100"), "debit": "40.00", "party_id": shop.customer},
            {"account_id": shop.account("4000"), "credit": "40.00"}]});
        shop.owner.post("/v1/journal-entries/post", json!({"entries": [before]})).await.is(200);
        // Half of the first and all of the second are taken back.
        Self::credit(&shop, &first, "2026-03-20", json!([{"line": 1, "quantity": "1"}])).await;
        let note = Self::credit(&shop, &second, "2026-03-25", Value::Null).await;
        Self { shop, first, second, dollars, note }
    }

    async fn credit(shop: &Shop, invoice: &Value, on: &str, lines: Value) -> Value {
        let note = json!({"invoice_id": id(invoice), "reason": "Broken", "issued_on": on, "lines": lines});
        let note = shop.owner.post("/v1/credit-notes", note).await.is(201);
        shop.owner.act(&format!("/v1/credit-notes/{}/approve", id(&note))).await.is(200);
        shop.post_note(&note).await.is(200)
    }

    /// As a payment does that bounced: what the second credit note settled is open again, and so is the note.
    async fn undo(&self, on: &str) {
        let (org, note) = (self.shop.organization.id, id(&self.note));
        let undone = format!(
            "begin; select set_config('app.org_id', '{org}', true);
            delete from allocations where org_id = '{org}' and credit_item_id = '{note}';
            update undone_allocations set undone_on = '{on}' where org_id = '{org}'; commit"
        );
        service().database().await.batch_execute(&undone).await.unwrap();
    }
}

#[test]
fn what_was_open_on_a_day_of_the_past_stays_what_it_was() {
    run(async {
        let spring = Spring::new().await;
        let (shop, first, second) = (&spring.shop, &spring.first["number"], &spring.second["number"]);
        let dollars = &spring.dollars["number"];

        // Nothing is taken back yet: 119.00 are 34 days late, 238.00 are due today, 119.00 dollars at 0.90 later.
        let middle = report(shop, "aged-receivables?on=2026-03-15").await;
        assert_eq!(document(&middle, first), ["", "", "119.00", "", "", "", "119.00"]);
        assert_eq!(document(&middle, second), ["238.00", "", "", "", "", "", "238.00"]);
        assert_eq!(document(&middle, dollars), ["107.10", "", "", "", "", "", "107.10"]);
        // What was taken over stands on no document.
        assert_eq!(sums(&middle, "total_without_document"), ["", "", "", "", "", "40.00", "40.00"]);
        let total = ["345.10", "0.00", "119.00", "0.00", "0.00", "40.00", "504.10"];
        assert_eq!(sums(&middle, "total"), total);
        assert_eq!(sums(&middle, "account_balance").last(), Some(&"504.10"));

        // At the end of March 59.50 are open of the first, 50 days late, and the second is settled.
        let march = report(shop, "aged-receivables?on=2026-03-31").await;
        assert_eq!(document(&march, first), ["", "", "59.50", "", "", "", "59.50"]);
        assert!(!has_document(&march, second) && !has_document(&march, &spring.note["number"]));
        assert_eq!(sums(&march, "total"), ["107.10", "0.00", "59.50", "0.00", "0.00", "40.00", "206.60"]);

        // In May what the note settled is open again: March stays March, in June both are open.
        spring.undo("2026-05-02").await;
        assert_eq!(report(shop, "aged-receivables?on=2026-03-31").await["rows"], march["rows"]);
        assert_eq!(report(shop, "aged-receivables?on=2026-03-15").await["rows"], middle["rows"]);
        let june = report(shop, "aged-receivables?on=2026-06-30").await;
        assert_eq!(document(&june, first), ["", "", "", "", "59.50", "", "59.50"]);
        assert_eq!(document(&june, second), ["", "", "", "", "238.00", "", "238.00"]);
        assert_eq!(document(&june, &spring.note["number"]), ["", "", "", "", "", "-238.00", "-238.00"]);
        // 59.50 and 238.00 over 90 days, the dollars 61; 40.00 less the note stand apart.
        assert_eq!(sums(&june, "total"), ["0.00", "0.00", "0.00", "107.10", "297.50", "-198.00", "206.60"]);
        assert_eq!(sums(&june, "account_balance").last(), Some(&"206.60"));
        for told in [&middle, &march, &june] {
            follow_for(&shop.owner, told).await;
        }
        let nobody = shop.party(json!({"is_customer": true})).await;
        let none = report(shop, &format!("aged-receivables?on=2026-06-30&party_id={nobody}")).await;
        assert_eq!(sums(&none, "total").last(), Some(&"0.00"));
    });
}

#[test]
fn what_was_owed_before_stands_beside_it() {
    run(async {
        let spring = Spring::new().await;
        let shop = &spring.shop;
        // At the end of February 119.00 and 238.00 were open, and 40.00 without a document; the dollars came in March.
        let march = report(shop, "aged-receivables?on=2026-03-31&compare=previous_period").await;
        let last = march["columns"].as_array().unwrap().last().unwrap();
        assert_eq!((&last["key"], &last["title"]), (&json!("total_2"), &json!("Total, 2026-02-28")));
        let two = |key: &str| sums(&march, key)[6..].to_vec();
        assert_eq!(two("total_open"), ["166.60", "357.00"]);
        assert_eq!(two("total_without_document"), ["40.00", "40.00"]);
        assert_eq!(two("total"), ["206.60", "397.00"]);
        assert_eq!(two("account_balance"), ["206.60", "397.00"]);
        assert_eq!(document(&march, &spring.dollars["number"]).last(), Some(&""));
        follow_for(&shop.owner, &march).await;
        // A year before nothing was: what the books of the day say is told all the same.
        let year = report(shop, "aged-receivables?on=2026-03-31&compare=previous_year&documents=false").await;
        assert_eq!(sums(&year, "total")[6..], ["206.60", "0.00"]);

        // Who owes nothing any more, and did.
        let note = json!({"posted_on": "2026-04-01", "description": "Let off", "lines": [
            {"account_id": shop.account("4000"), "debit": "206.60"},
            {"account_id": shop.account("1100"), "credit": "206.60", "party_id": shop.customer}]});
        shop.owner.post("/v1/journal-entries/post", json!({"entries": [note]})).await.is(200);
        let path = "aged-receivables?on=2026-04-30&compare=previous_period&documents=false";
        let april = report(shop, path).await;
        let party = &april["rows"][0];
        assert_eq!(party["party_id"], json!(shop.customer));
        let of = |place: usize| party["cells"][place]["value"].as_str().unwrap();
        assert_eq!([of(12), of(13)], ["0.00", "206.60"]);
        follow_for(&shop.owner, &april).await;
        let (_, csv) = file_for(&shop.owner, path, "text/csv").await;
        assert!(String::from_utf8(csv).unwrap().contains(",0.00,206.60,"));
    });
}

#[test]
fn pages_and_files_tell_the_same() {
    run(async {
        let spring = Spring::new().await;
        let shop = &spring.shop;
        let path = "aged-receivables?on=2026-03-15";
        let whole = report(shop, path).await;
        let (mut rows, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = report(shop, &format!("{path}&limit=1{cursor}")).await;
            rows.extend(page["rows"].as_array().unwrap().clone());
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(json!(rows), whole["rows"]);

        let (name, bytes) = file_for(&shop.owner, path, "text/csv").await;
        assert_eq!(name, "attachment; filename=\"aged-receivables-2026-03-15.csv\"");
        let text = String::from_utf8(bytes).unwrap();
        assert_eq!(text.lines().count(), rows.len() + 1);
        assert!(text.contains(",2026-03-01,2026-04-30,USD,119.00,107.10,,,,,,107.10,line,1,"), "{text}");
        let (_, bytes) = file_for(&shop.owner, path, XLSX).await;
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        let total = sheet.rows().find(|row| row[0] == Data::String("Total".into())).unwrap();
        assert_eq!(total[12], Data::Float(504.1));
        let pages = printed(&file_for(&shop.owner, path, "application/pdf").await.1);
        for wanted in ["Aged receivables as of 2026-03-15", "504.10", "31 to 60", "Posted without a document"]
        {
            assert!(pages.contains(wanted), "{wanted} is not in {pages}");
        }
        let brief = report(shop, &format!("{path}&documents=false")).await;
        assert_eq!(brief["rows"].as_array().unwrap().len(), 5);
        assert_eq!(brief["rows"][0]["cells"][12]["value"], "504.10");
    });
}

#[test]
fn instalments_are_due_one_after_the_other() {
    run(async {
        let shop = Shop::new().await;
        let parts = json!([{"percent": "30", "days": 0}, {"percent": "30", "days": 30}, {"percent": "40", "days": 60}]);
        let terms = json!({"name": "Thirds", "instalments": parts});
        let terms = id(&shop.owner.post("/v1/payment-terms", terms).await.is(201));
        let tax = shop.tax("S0", "0", json!({"kind": "zero"})).await;
        let fields = json!({"issued_on": "2026-01-01", "payment_terms_id": terms});
        let invoice = shop.invoice(json!([shop.line("10", "10", &tax)]), fields).await;
        // 30.00 due on 1 January, 30.00 on the 31st, 40.00 on 2 March; 50.00 are taken back, the earliest first.
        Spring::credit(&shop, &invoice, "2026-01-15", json!([{"line": 1, "quantity": "5"}])).await;
        let aged = report(&shop, "aged-receivables?on=2026-02-15").await;
        assert_eq!(sums(&aged, "total"), ["40.00", "10.00", "0.00", "0.00", "0.00", "0.00", "50.00"]);
        let before = report(&shop, "aged-receivables?on=2026-01-10").await;
        assert_eq!(sums(&before, "total"), ["70.00", "30.00", "0.00", "0.00", "0.00", "0.00", "100.00"]);
        follow_for(&shop.owner, &aged).await;
    });
}

#[test]
fn what_suppliers_are_owed_is_above_zero() {
    run(async {
        let shop = Shop::new().await;
        let supplier = shop.party(json!({"is_supplier": true})).await;
        let checker: Caller = shop.organization.caller(&["bills:read", "bills:approve"]).await;
        let tax = shop.tax("P19", "19", json!({"direction": "purchase"})).await;
        let bill = json!({"party_id": supplier, "supplier_number": "F-1", "issued_on": "2026-03-01", "due_on": "2026-03-31",
            "lines": [{"description": "Advice", "quantity": "1", "unit_price": "100", "account_id": shop.account("6000"), "tax_code_ids": [tax]}]});
        let path = format!("/v1/bills/{}", id(&shop.owner.post("/v1/bills", bill).await.is(201)));
        checker.act(&format!("{path}/approve")).await.is(200);
        shop.owner.act(&format!("{path}/post")).await.is(200);
        let aged = report(&shop, "aged-payables?on=2026-04-15").await;
        assert_eq!(sums(&aged, "total"), ["0.00", "119.00", "0.00", "0.00", "0.00", "0.00", "119.00"]);
        assert_eq!(sums(&aged, "account_balance").last(), Some(&"119.00"));
        follow_for(&shop.owner, &aged).await;
        let receivables = report(&shop, "aged-receivables?on=2026-04-15").await;
        assert_eq!(sums(&receivables, "total").last(), Some(&"0.00"));
        // On the supplier's account it counts down.
        let statement =
            report(&shop, &format!("party-statement?party_id={supplier}&ends_on=2026-04-15")).await;
        assert_eq!(balance(&statement, "closing_balance"), "-119.00");
        follow_for(&shop.owner, &statement).await;
    });
}

#[test]
fn a_statement_goes_from_what_it_stood_at_to_what_is_due() {
    run(async {
        let spring = Spring::new().await;
        let shop = &spring.shop;
        let path =
            format!("party-statement?party_id={}&starts_on=2026-03-01&ends_on=2026-03-31", shop.customer);
        let statement = report(shop, &path).await;
        let told = cells(&statement);
        let notes = shop.owner.get("/v1/credit-notes?sort=issued_on").await.is(200);
        let number = |of: &Value| of["number"].as_str().unwrap().to_owned();
        let (half, all) = (number(&notes["data"][0]), number(&spring.note));
        let set_off = |note: &str, invoice: &Value| format!("{note} set off against {}", number(invoice));
        let (half_off, all_off) = (set_off(&half, &spring.first), set_off(&all, &spring.second));
        let dollars = number(&spring.dollars);
        // 119.00 and 238.00 and 40.00 before; 59.50 and 238.00 are taken back.
        let wanted = [
            ["EUR", "2026-03-01", "", "Opening balance", "", "", "", "", "", "397.00"],
            ["EUR", "2026-03-20", &half, "Credit note", "2026-03-20", "", "59.50", "", "0.00", "337.50"],
            ["EUR", "2026-03-20", "", &half_off, "", "", "", "59.50", "", "337.50"],
            ["EUR", "2026-03-25", &all, "Credit note", "2026-03-25", "", "238.00", "", "0.00", "99.50"],
            ["EUR", "2026-03-25", "", &all_off, "", "", "", "238.00", "", "99.50"],
            ["EUR", "2026-03-31", "", "Closing balance", "", "", "", "", "", "99.50"],
            ["EUR", "", "", "Not due", "", "", "", "", "", "0.00"],
            ["EUR", "", "", "Overdue for 1 to 30 days", "", "", "", "", "", "0.00"],
            ["EUR", "", "", "31 to 60 days", "", "", "", "", "", "59.50"],
            ["EUR", "", "", "61 to 90 days", "", "", "", "", "", "0.00"],
            ["EUR", "", "", "More than 90 days", "", "", "", "", "", "0.00"],
            ["EUR", "", "", "Not allocated", "", "", "", "", "", "40.00"],
            ["USD", "2026-03-01", "", "Opening balance", "", "", "", "", "", "0.00"],
            ["USD", "2026-03-01", &dollars, "Invoice", "2026-04-30", "119.00", "", "", "119.00", "119.00"],
            ["USD", "2026-03-31", "", "Closing balance", "", "", "", "", "", "119.00"],
            ["USD", "", "", "Not due", "", "", "", "", "", "119.00"],
        ];
        assert_eq!(told[..wanted.len()], wanted);
        let of = "/v1/journal-lines?party_id=";
        let balances = statement["rows"].as_array().unwrap().iter().map(|row| &row["cells"][9]);
        let led = balances.filter(|cell| cell["lines"].as_str().is_some_and(|lines| lines.starts_with(of)));
        assert_eq!(led.count(), 4, "of what it stood and stands at, in two currencies");
        follow_for(&shop.owner, &statement).await;
        for accept in ["text/csv", XLSX, "application/pdf"] {
            file_for(&shop.owner, &path, accept).await;
        }
        // A year's statement tells what was taken over, and what was undone on both of its days.
        spring.undo("2026-05-02").await;
        let year = report(
            shop,
            &format!("party-statement?party_id={}&ends_on=2026-06-30&side=receivables", shop.customer),
        )
        .await;
        let text = year["rows"].to_string();
        assert!(text.contains("Taken over") && text.contains(&format!("Undone: {all_off}")), "{text}");
        assert_eq!(balance(&year, "closing_balance"), "99.50");
        assert_eq!(balance(&year, "unallocated"), "-198.00");
        follow_for(&shop.owner, &year).await;

        let unknown = format!("/v1/reports/party-statement?party_id={}", uuid::Uuid::now_v7());
        shop.owner.get(&unknown).await.is_problem(422, "invalid-input");
    });
}
