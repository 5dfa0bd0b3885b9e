//! The tax return: a quarter's sales and purchases by box and code, the figures worked out beside it, and what the tax accounts say.
use crate::reports::{XLSX, file_for, follow_for, printed};
use crate::shop::{Shop, id};
use crate::support::run;
use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};
use std::io::Cursor;

/// The rows as text: box, code, description, rate, what was taxed, the tax.
fn told(report: &Value) -> Vec<[&str; 6]> {
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| [0, 1, 2, 4, 5, 6].map(|cell| row["cells"][cell]["value"].as_str().unwrap_or("")))
        .collect()
}

/// The rows as text: box, code, description, and what was taxed and the tax in each of two periods.
fn side_by_side(report: &Value) -> Vec<[&str; 7]> {
    let rows = report["rows"].as_array().unwrap().iter();
    rows.map(|row| [0, 1, 2, 5, 6, 7, 8].map(|cell| row["cells"][cell]["value"].as_str().unwrap_or("")))
        .collect()
}

#[track_caller]
fn tax<'a>(report: &'a Value, key: &str) -> &'a str {
    let row = report["rows"].as_array().unwrap().iter().find(|row| row["key"] == key);
    row.unwrap_or_else(|| panic!("no {key} in {report:#}"))["cells"][6]["value"].as_str().unwrap()
}

/// The rows that say what was taxed, and not where its lines are.
fn leads_nowhere(report: &Value) -> Vec<String> {
    let rows = report["rows"].as_array().unwrap().iter();
    let without =
        rows.filter(|row| row["cells"][5]["value"].is_string() && row["cells"][5]["lines"].is_null());
    without
        .map(|row| {
            let told = [0, 1, 2].map(|cell| row["cells"][cell]["value"].as_str().unwrap_or("").to_owned());
            told.join(" ").trim().to_owned()
        })
        .collect()
}

#[test]
fn a_quarter_is_declared_by_box_and_code_and_ties_to_the_tax_accounts() {
    run(async {
        let shop = Shop::new().await;
        let boxed = |name: &str| json!({"return_box": name});
        let (standard, reduced) =
            (shop.tax("S19", "19", boxed("9")).await, shop.tax("S9", "9", boxed("10")).await);
        let buying =
            |kind: &str, name: &str| json!({"direction": "purchase", "kind": kind, "return_box": name});
        let (bought, charged) = (
            shop.tax("P19", "19", buying("standard", "24")).await,
            shop.tax("RC19", "19", buying("reverse_charge", "5")).await,
        );
        // 1,000.00 and 200.00 are sold, 100.00 of the first come back, and 50.00 in April count for nothing here.
        let sold = shop
            .invoice(json!([shop.line("10", "100", &standard), shop.line("1", "200", &reduced)]), json!({}))
            .await;
        let note = json!({"invoice_id": id(&sold), "reason": "Broken", "issued_on": "2026-03-31", "lines": [{"line": 1, "quantity": "1"}]});
        let note = shop.owner.post("/v1/credit-notes", note).await.is(201);
        shop.owner.act(&format!("/v1/credit-notes/{}/approve", id(&note))).await.is(200);
        shop.post_note(&note).await.is(200);
        shop.invoice(json!([shop.line("1", "50", &standard)]), json!({"issued_on": "2026-04-01"})).await;
        // A draft is not declared.
        shop.draft(json!([shop.line("1", "70", &standard)]), json!({})).await;
        // 300.00 are bought here, 400.00 from abroad.
        let supplier = shop.party(json!({"is_supplier": true})).await;
        let checker = shop.organization.caller(&["bills:read", "bills:approve"]).await;
        let line = |price: &str, tax: &str| json!({"description": "Advice", "quantity": "1", "unit_price": price, "account_id": shop.account("6000"), "tax_code_ids": [tax]});
        let bill = json!({"party_id": supplier, "supplier_number": "F-1", "issued_on": "2026-02-10",
            "lines": [line("300", &bought), line("400", &charged)]});
        let path = format!("/v1/bills/{}", id(&shop.owner.post("/v1/bills", bill).await.is(201)));
        checker.act(&format!("{path}/approve")).await.is(200);
        shop.owner.act(&format!("{path}/post")).await.is(200);
        // Last year's tax is paid, and somebody books 5.00 by hand.
        let by_hand = json!({"posted_on": "2026-03-15", "description": "Rounding by hand", "lines": [
            {"account_id": shop.account("7900"), "debit": "5.00"}, {"account_id": shop.account("2100"), "credit": "5.00"}]});
        shop.owner.post("/v1/journal-entries/post", json!({"entries": [by_hand]})).await.is(200);

        let path = "tax-return?starts_on=2026-01-01&ends_on=2026-03-31";
        let declared = shop.owner.get(&format!("/v1/reports/{path}")).await.is(200);
        let wanted = [
            // 900.00 and 200.00 and 400.00; 171.00 and 18.00 and 76.00.
            ["", "", "Sales and what is taxed as such", "", "1500.00", "265.00"],
            ["10", "", "", "", "200.00", "18.00"],
            ["10", "S9", "9 %", "9", "200.00", "18.00"],
            ["5", "", "", "", "400.00", "76.00"],
            ["5", "RC19", "19 %", "19", "400.00", "76.00"],
            ["9", "", "", "", "900.00", "171.00"],
            ["9", "S19", "19 %", "19", "900.00", "171.00"],
            ["", "", "Purchases", "", "700.00", "133.00"],
            ["24", "", "", "", "300.00", "57.00"],
            ["24", "P19", "19 %", "19", "300.00", "57.00"],
            ["5", "", "", "", "400.00", "76.00"],
            ["5", "RC19", "19 %", "19", "400.00", "76.00"],
            ["", "", "Tax owed", "", "", "265.00"],
            ["", "", "Tax got back", "", "", "133.00"],
            ["", "", "Tax to be paid", "", "", "132.00"],
            ["", "", "1200 Tax on purchases", "", "", "-133.00"],
            ["", "", "2100 Tax on sales", "", "", "270.00"],
            ["", "", "GEN-2026-00001 Rounding by hand", "", "", "5.00"],
            ["", "", "Booked by documents and not declared", "", "", "0.00"],
        ];
        assert_eq!(told(&declared), wanted);
        // All sums of tax say where their lines are, but those that are worked out of others.
        let without =
            declared["rows"].as_array().unwrap().iter().filter(|row| row["cells"][6]["lines"].is_null());
        let without: Vec<_> = without.map(|row| row["key"].as_str().unwrap_or("?")).collect();
        assert_eq!(without, ["tax_to_pay", "difference"]);
        // So does what was taxed, but for the one sum that has sales and purchases in it.
        assert_eq!(leads_nowhere(&declared), ["Sales and what is taxed as such"]);
        follow_for(&shop.owner, &declared).await;

        let in_full = shop.owner.get(&format!("/v1/reports/{path}&documents=true")).await.is(200);
        let documents = in_full["rows"].as_array().unwrap().iter().filter(|row| row["level"] == 3).count();
        assert_eq!(
            documents, 6,
            "an invoice with two codes, its note, a bill with one code on one side and one on both"
        );
        let text = in_full["rows"].to_string();
        assert!(
            text.contains("Invoice INV-2026-000001") && text.contains("Credit note CN-2026-000001"),
            "{text}"
        );
        follow_for(&shop.owner, &in_full).await;

        for accept in ["text/csv", XLSX] {
            file_for(&shop.owner, path, accept).await;
        }
        let pages = printed(&file_for(&shop.owner, path, "application/pdf").await.1);
        for wanted in ["Tax return, 2026-01-01 to 2026-03-31", "Tax to be paid", "132.00"] {
            assert!(pages.contains(wanted), "{wanted} is not in {pages}");
        }
        let april =
            shop.owner.get("/v1/reports/tax-return?starts_on=2026-04-01&ends_on=2026-04-30").await.is(200);
        assert_eq!((tax(&april, "tax_to_pay"), tax(&april, "difference")), ("9.50", "0.00"));
    });
}

#[test]
fn what_was_taxed_is_the_sum_of_the_lines_that_were_booked_for_it() {
    run(async {
        let shop = Shop::new().await;
        let boxed = |name: &str| json!({"return_box": name});
        let (city, state) = (shop.tax("C10", "10", boxed("1")).await, shop.tax("T5", "5", boxed("1")).await);
        let inside = shop.tax("I19", "19", json!({"return_box": "2", "price_includes_tax": true})).await;
        let free = shop.tax("Z0", "0", json!({"return_box": "3", "kind": "zero"})).await;
        let rates = json!([{"rate": "19", "from_on": "2020-01-01", "to_on": "2026-03-30"}, {"rate": "21", "from_on": "2026-03-31"}]);
        let changing = shop.tax("V", "19", json!({"return_box": "4", "rates": rates})).await;
        let on = |account: &str, price: &str, taxes: Value| json!({"description": "Goods", "quantity": "1", "unit_price": price, "account_id": shop.account(account), "tax_code_ids": taxes});
        // All on one account: 100.00 with two taxes and 50.00 with one, and 100.00 in a price of 119.00.
        let lines = json!([
            on("4000", "100", json!([city, state])),
            on("4000", "50", json!([city])),
            on("4000", "119", json!([inside]))
        ]);
        shop.invoice(lines, json!({})).await;
        // 10.01 and 20.01 dollars at 0.5 are 5.005 and 10.005, booked as 5.01 and 10.01; the whole is worth 15.01, so a cent is
        // rounding. The second comes back.
        let lines = json!([on("4000", "10.01", json!([free])), on("4100", "20.01", json!([free]))]);
        let abroad = shop.invoice(lines, json!({"currency": "USD", "exchange_rate": "0.5"})).await;
        assert_eq!(abroad["taxes"][0]["base_taxable_amount"], "15.02");
        let note = json!({"invoice_id": id(&abroad), "reason": "Broken", "issued_on": "2026-03-31", "lines": [{"line": 2}]});
        let note = shop.owner.post("/v1/credit-notes", note).await.is(201);
        shop.owner.act(&format!("/v1/credit-notes/{}/approve", id(&note))).await.is(200);
        shop.post_note(&note).await.is(200);
        // 200.00 before the rate changes, 300.00 after.
        shop.invoice(json!([on("4000", "200", json!([changing]))]), json!({"issued_on": "2026-03-30"})).await;
        shop.invoice(json!([on("4000", "300", json!([changing]))]), json!({})).await;

        let path = "/v1/reports/tax-return?starts_on=2026-03-01&ends_on=2026-03-31";
        let declared = shop.owner.get(path).await.is(200);
        let taxed: Vec<_> = told(&declared).iter().take(11).map(|row| [row[0], row[1], row[4]]).collect();
        let wanted = [
            ["", "", "855.01"],
            ["1", "", "250.00"],
            ["1", "C10", "150.00"],
            ["1", "T5", "100.00"],
            ["2", "", "100.00"],
            ["2", "I19", "100.00"],
            ["3", "", "5.01"],
            ["3", "Z0", "5.01"],
            ["4", "", "500.00"],
            ["4", "V", "200.00"],
            ["4", "V", "300.00"],
        ];
        assert_eq!(taxed, wanted);
        // A line with two taxes of one sum is in it twice, and which of two rates a line has it does not say.
        let twice = ["Sales and what is taxed as such", "1", "4 V 19 %", "4 V 19 %"];
        assert_eq!(leads_nowhere(&declared), twice);
        follow_for(&shop.owner, &declared).await;
        let in_full = shop.owner.get(&format!("{path}&documents=true")).await.is(200);
        assert_eq!(leads_nowhere(&in_full), twice, "all documents lead to their lines");
        follow_for(&shop.owner, &in_full).await;
        let proof = shop.owner.get("/v1/reports/integrity").await.is(200);
        assert_eq!(proof["holds"], true, "{proof:#}");
    });
}

#[test]
fn a_return_stands_beside_that_of_the_period_before() {
    run(async {
        let shop = Shop::new().await;
        let (standard, reduced) = (
            shop.tax("S19", "19", json!({"return_box": "9"})).await,
            shop.tax("S9", "9", json!({"return_box": "10"})).await,
        );
        // 100.00 at the one rate in February, 300.00 in March; 200.00 at the other in February alone.
        let february = json!([shop.line("1", "100", &standard), shop.line("1", "200", &reduced)]);
        shop.invoice(february, json!({"issued_on": "2026-02-10"})).await;
        shop.invoice(json!([shop.line("3", "100", &standard)]), json!({"issued_on": "2026-03-10"})).await;
        // 5.00 by hand in February.
        let by_hand = json!({"posted_on": "2026-02-15", "description": "By hand", "lines": [
            {"account_id": shop.account("7900"), "debit": "5.00"}, {"account_id": shop.account("2100"), "credit": "5.00"}]});
        shop.owner.post("/v1/journal-entries/post", json!({"entries": [by_hand]})).await.is(200);

        let march = "tax-return?starts_on=2026-03-01&ends_on=2026-03-31";
        let path = format!("{march}&compare=previous_period");
        let declared = shop.owner.get(&format!("/v1/reports/{path}")).await.is(200);
        let columns = &declared["columns"].as_array().unwrap()[5..];
        let named: Vec<_> = columns
            .iter()
            .map(|column| ["key", "title", "starts_on"].map(|of| column[of].as_str().unwrap()))
            .collect();
        assert_eq!(
            named,
            [
                ["base", "Taxed, 2026-03", "2026-03-01"],
                ["tax", "Tax, 2026-03", "2026-03-01"],
                ["base_2", "Taxed, 2026-02", "2026-02-01"],
                ["tax_2", "Tax, 2026-02", "2026-02-01"],
            ]
        );
        assert_eq!(declared["parameters"], json!([{"parameter": "compare", "value": "previous_period"}]));
        // 19 % of 300.00 are 57.00; 19 % of 100.00 are 19.00, and 9 % of 200.00 are 18.00.
        let wanted = [
            ["", "", "Sales and what is taxed as such", "300.00", "57.00", "300.00", "37.00"],
            ["10", "", "", "0.00", "0.00", "200.00", "18.00"],
            ["10", "S9", "9 %", "0.00", "0.00", "200.00", "18.00"],
            ["9", "", "", "300.00", "57.00", "100.00", "19.00"],
            ["9", "S19", "19 %", "300.00", "57.00", "100.00", "19.00"],
            ["", "", "Purchases", "0.00", "0.00", "0.00", "0.00"],
            ["", "", "Tax owed", "", "57.00", "", "37.00"],
            ["", "", "Tax got back", "", "0.00", "", "0.00"],
            ["", "", "Tax to be paid", "", "57.00", "", "37.00"],
            ["", "", "1200 Tax on purchases", "", "0.00", "", "0.00"],
            ["", "", "2100 Tax on sales", "", "57.00", "", "42.00"],
            // An entry is of one period, and nothing in the other.
            ["", "", "GEN-2026-00001 By hand", "", "", "", "5.00"],
            ["", "", "Booked by documents and not declared", "", "0.00", "", "0.00"],
        ];
        assert_eq!(side_by_side(&declared), wanted);
        // Each figure leads to the lines of its own period.
        follow_for(&shop.owner, &declared).await;
        let lines = |cell: usize| declared["rows"][4]["cells"][cell]["lines"].as_str().unwrap();
        assert!(lines(5).ends_with("&posted_on_from=2026-03-01&posted_on_to=2026-03-31"), "{}", lines(5));
        assert!(lines(8).ends_with("&posted_on_from=2026-02-01&posted_on_to=2026-02-28"), "{}", lines(8));
        // What stands in a column is what the return of that period says.
        let alone =
            shop.owner.get("/v1/reports/tax-return?starts_on=2026-02-01&ends_on=2026-02-28").await.is(200);
        for row in alone["rows"].as_array().unwrap() {
            let same = |other: &&Value| {
                other["key"] == row["key"]
                    && other["account_id"] == row["account_id"]
                    && (0..5).all(|cell| other["cells"][cell] == row["cells"][cell])
            };
            let beside = declared["rows"]
                .as_array()
                .unwrap()
                .iter()
                .find(same)
                .unwrap_or_else(|| panic!("no {row:#}"));
            assert_eq!([&beside["cells"][7], &beside["cells"][8]], [&row["cells"][5], &row["cells"][6]]);
        }

        let in_full = shop.owner.get(&format!("/v1/reports/{path}&documents=true")).await.is(200);
        let documents: Vec<_> =
            side_by_side(&in_full).into_iter().filter(|row| row[2].starts_with("Invoice")).collect();
        let figures: Vec<_> = documents.iter().map(|row| [row[1], row[3], row[4], row[5], row[6]]).collect();
        let wanted = [
            ["S9", "", "", "200.00", "18.00"],
            ["S19", "", "", "100.00", "19.00"],
            ["S19", "300.00", "57.00", "", ""],
        ];
        assert_eq!(figures, wanted);
        follow_for(&shop.owner, &in_full).await;
        // Nothing was declared a year before.
        let year = shop.owner.get(&format!("/v1/reports/{march}&compare=previous_year")).await.is(200);
        assert_eq!(year["columns"][7]["starts_on"], "2025-03-01");
        assert_eq!(side_by_side(&year)[0][3..], ["300.00", "57.00", "0.00", "0.00"]);

        let csv = String::from_utf8(file_for(&shop.owner, &path, "text/csv").await.1).unwrap();
        assert!(csv.starts_with("box,code,description,posted_on,rate,base,tax,base_2,tax_2,"), "{csv}");
        assert!(csv.contains("\r\n9,S19,19 %,,19,300.00,57.00,100.00,19.00,line,2,"), "{csv}");
        let (_, bytes) = file_for(&shop.owner, &path, XLSX).await;
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        let row = sheet.rows().find(|row| row[1] == Data::String("S19".into())).unwrap();
        assert_eq!(row[5..9], [300.0, 57.0, 100.0, 19.0].map(Data::Float));
        let pages = printed(&file_for(&shop.owner, &path, "application/pdf").await.1);
        assert!(pages.contains("57.00") && pages.contains("42.00"), "{pages}");
    });
}
