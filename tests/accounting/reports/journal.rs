//! The journal: from page to page through long entries, of one journal, and of a dimension alone.
use super::{Company, QUARTER, XLSX, file, follow, printed};
use crate::support::run;
use crate::text;
use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};
use std::io::Cursor;
use uuid::Uuid;

#[test]
fn the_journal_goes_through_the_lines_of_an_entry_too() {
    run(async {
        let company = Company::with_quarter().await;
        let (mut lines, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = company.report(&format!("journal?{QUARTER}&limit=5{cursor}")).await;
            let rows = page["rows"].as_array().unwrap().iter().filter(|row| row["kind"] == "line");
            lines.extend(rows.map(|row| row["cells"].to_string()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(lines.len(), 24);
        lines.dedup();
        assert_eq!(lines.len(), 24);
        let journals = company.owner.get("/v1/journals?type=general").await.is(200);
        let general = text(&journals["data"][0]["id"]);
        let all = company.report(&format!("journal?{QUARTER}&journal_id={general}&limit=200")).await;
        assert_eq!(all["rows"].as_array().unwrap().len(), 36);
        let none = company.report(&format!("journal?{QUARTER}&journal_id={}", Uuid::now_v7())).await;
        assert_eq!(none["rows"], json!([]));
    });
}

#[test]
fn the_journal_of_a_dimension_has_its_lines_alone() {
    run(async {
        let company = Company::with_quarter().await;
        let owner = &company.owner;
        let centre =
            text(&owner.post("/v1/cost-centres", json!({"code": "K1", "name": "Kiosk"})).await.is(201)["id"]);
        // 70.00 and 30.00 of the kiosk, 50.00 of nobody, all paid at once; 20.00 of it are for the counter.
        let line =
            |code: &str, side: &str, amount: &str| json!({"account_id": company.account(code), side: amount});
        let mut lines = [("6100", "70.00"), ("6110", "10.00"), ("6110", "20.00"), ("6110", "50.00")]
            .map(|(code, amount)| line(code, "debit", amount));
        for of_centre in &mut lines[..3] {
            of_centre["cost_centre_id"] = json!(centre);
        }
        lines[2]["department_id"] = json!(company.counter);
        let lines: Vec<Value> = lines.into_iter().chain([line("1010", "credit", "150.00")]).collect();
        let kiosk = json!({"posted_on": "2026-03-05", "description": "The kiosk", "lines": lines});
        company.post(vec![kiosk]).await;

        let told = |report: &Value| -> Vec<(String, String, String)> {
            let rows = report["rows"].as_array().unwrap().iter();
            let cell = |row: &Value, at: usize| row["cells"][at]["value"].as_str().unwrap_or("").to_owned();
            rows.map(|row| (cell(row, 2), cell(row, 4), cell(row, 5))).collect()
        };
        let rows = |rows: &[(&str, &str, &str)]| -> Vec<(String, String, String)> {
            rows.iter()
                .map(|(code, debit, credit)| ((*code).into(), (*debit).into(), (*credit).into()))
                .collect()
        };
        let by_centre = format!("journal?{QUARTER}&cost_centre_id={centre}");
        let of_centre = company.report(&by_centre).await;
        // The entry is what the kiosk has of it: 70.00, 10.00 and 20.00, and nothing of the bank.
        let wanted =
            [("", "100.00", "0.00"), ("6100", "70.00", ""), ("6110", "10.00", ""), ("6110", "20.00", "")];
        assert_eq!(told(&of_centre), rows(&wanted));
        assert_eq!(of_centre["parameters"], json!([{"parameter": "cost_centre_id", "value": centre}]));
        // The shop's salaries, the counter's share of the kiosk, and the counter's job: by their days.
        let of_shop = company.report(&format!("journal?{QUARTER}&department_id={}", company.shop)).await;
        let wanted = [
            ("", "1200.00", "0.00"),
            ("6010", "1200.00", ""),
            ("", "20.00", "0.00"),
            ("6110", "20.00", ""),
            ("", "0.00", "600.00"),
            ("4020", "", "600.00"),
        ];
        assert_eq!(told(&of_shop), rows(&wanted));
        let both = company.report(&format!("{by_centre}&department_id={}", company.shop)).await;
        assert_eq!(told(&both), rows(&[("", "20.00", "0.00"), ("6110", "20.00", "")]));
        for report in [&of_shop, &both] {
            follow(&company, report).await;
        }
        // A line leads to what the entry has on its account: the total to all of them.
        let total = of_centre["rows"][0]["cells"][4]["lines"].as_str().unwrap();
        assert_eq!(owner.get(total).await.is(200)["data"].as_array().unwrap().len(), 3);
        let project = company.report(&format!("journal?{QUARTER}&project_id={}", Uuid::now_v7())).await;
        assert_eq!(project["rows"], json!([]));

        // From page to page too, through the lines of an entry, and with its totals on each.
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = company.report(&format!("{by_centre}&limit=1{cursor}")).await;
            let page_told = told(&page);
            assert_eq!(page_told[0].1, "100.00");
            seen.extend(page_told.into_iter().skip(1).map(|(code, ..)| code));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, ["6100", "6110", "6110"]);

        let (_, bytes) = file(&company, &by_centre, "text/csv").await;
        let csv = String::from_utf8(bytes).unwrap();
        assert_eq!(
            csv.matches(&format!("&cost_centre_id={centre}")).count(),
            5,
            "two totals, three lines: {csv}"
        );
        let (_, bytes) = file(&company, &by_centre, XLSX).await;
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        let debits: Vec<_> =
            sheet.rows().map(|row| row[4].clone()).filter(|cell| matches!(cell, Data::Float(_))).collect();
        assert_eq!(debits, [100.0, 70.0, 10.0, 20.0].map(Data::Float));
        let pages = printed(&file(&company, &by_centre, "application/pdf").await.1);
        assert!(pages.contains("100.00") && !pages.contains("150.00"), "{pages}");
    });
}
