//! Reports: a small company's quarter, the statements worked out by hand beside it; what is narrowed, compared and cut; files
//! read back by somebody else's readers; and the proof of the books, which finds each fault that was put into them.
mod journal;

use crate::support::{Caller, Organization, run, service};
use crate::text;
use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};
use std::io::Cursor;
use uuid::Uuid;

/// The company: the books of Q1 2026, after a beginning in December 2025.
struct Company {
    books: crate::Company,
    owner: Caller,
    /// The shop, and the counter in it.
    shop: String,
    counter: String,
    /// Whom it buys from and sells to.
    party: String,
}

impl Company {
    /// Nothing booked.
    async fn empty() -> Self {
        let books = crate::Company::new().await;
        let owner = books.owner.clone();
        let shop = owner.department("Shop", None).await;
        let counter = owner.department("Counter", Some(&shop)).await;
        let party =
            json!({"name": "Atelier Lemn", "country": "RO", "is_customer": true, "is_supplier": true});
        let party = text(&owner.post("/v1/parties", party).await.is(201)["id"]);
        Self { books, owner, shop, counter, party }
    }

    fn account(&self, code: &str) -> &str {
        self.books.account(code)
    }

    /// Debits the first account and credits the second.
    fn entry(&self, day: &str, debit: &str, credit: &str, amount: &str) -> Value {
        let line = |code: &str, side: &str| {
            let mut line = json!({"account_id": self.account(code), side: amount});
            // What customers and suppliers owe and are owed belongs to one of them.
            if matches!(code, "1100" | "2010") {
                line["party_id"] = json!(self.party);
            }
            line
        };
        json!({"posted_on": day, "description": format!("{debit} to {credit}"), "lines": [line(debit, "debit"), line(credit, "credit")]})
    }

    async fn post(&self, entries: Vec<Value>) -> Vec<Value> {
        let posted = self.owner.post("/v1/journal-entries/post", json!({"entries": entries})).await.is(200);
        posted["data"].as_array().unwrap().clone()
    }

    /// The company with its quarter.
    async fn with_quarter() -> Self {
        let company = Self::empty().await;
        let mut services = company.entry("2026-03-31", "1010", "4020", "600.00");
        services["lines"][1]["department_id"] = json!(company.counter);
        let mut salaries = company.entry("2026-02-28", "6010", "1010", "1200.00");
        salaries["lines"][0]["department_id"] = json!(company.shop);
        company
            .post(vec![
                company.entry("2025-12-15", "1010", "3010", "10000.00"), // the owners pay in
                company.entry("2025-12-20", "1010", "4020", "500.00"),   // a first job, paid at once
                company.entry("2026-01-10", "1310", "2010", "3000.00"),  // goods, to be paid
                company.entry("2026-01-20", "1100", "4010", "4000.00"), // two thirds of them sold, to be paid
                company.entry("2026-01-20", "5010", "1310", "2000.00"),
                company.entry("2026-01-31", "6100", "1010", "800.00"), // rent
                company.entry("2026-02-05", "1530", "1010", "2400.00"), // a machine for five years
                company.entry("2026-02-15", "1010", "1100", "2500.00"), // the customer pays a part
                company.entry("2026-02-20", "1010", "2510", "5000.00"), // a loan
                salaries,
                company.entry("2026-03-10", "2010", "1010", "1000.00"), // the supplier gets a part
                company.entry("2026-03-31", "6400", "1620", "40.00"),   // a month of the machine
                company.entry("2026-03-31", "6100", "2030", "800.00"),  // rent that nobody paid yet
                services,
            ])
            .await;
        company
    }

    async fn report(&self, path: &str) -> Value {
        self.owner.get(&format!("/v1/reports/{path}")).await.is(200)
    }
}

thread_local! {
    static PARTY: Uuid = Uuid::now_v7();
}

/// The amounts of the row of this account or key, from left to right.
#[track_caller]
pub(crate) fn amounts<'a>(report: &'a Value, row: &str) -> Vec<&'a str> {
    let columns = report["columns"].as_array().unwrap();
    let rows = report["rows"].as_array().unwrap();
    let found = rows.iter().find(|each| each["key"] == row || each["cells"][0]["value"] == row);
    let found = found.unwrap_or_else(|| panic!("no row {row} in {report:#}"));
    let cells = found["cells"].as_array().unwrap().iter().zip(columns);
    let amounts = cells.filter(|(_, column)| column["kind"] == "amount");
    amounts.map(|(cell, _)| cell["value"].as_str().unwrap_or("")).collect()
}

fn has_row(report: &Value, row: &str) -> bool {
    let rows = report["rows"].as_array().unwrap();
    rows.iter().any(|each| each["key"] == row || each["cells"][0]["value"] == row)
}

const QUARTER: &str = "starts_on=2026-01-01&ends_on=2026-03-31";

#[test]
fn a_quarter_comes_to_what_was_worked_out_by_hand() {
    run(async {
        let company = Company::with_quarter().await;

        let trial = company.report(&format!("trial-balance?{QUARTER}")).await;
        //                                   opening debit, credit;  debit, credit;          closing debit, credit
        assert_eq!(amounts(&trial, "1010"), ["10500.00", "0.00", "8100.00", "5400.00", "13200.00", "0.00"]);
        assert_eq!(amounts(&trial, "4020"), ["0.00", "500.00", "0.00", "600.00", "0.00", "1100.00"]);
        assert_eq!(amounts(&trial, "1620"), ["0.00", "0.00", "0.00", "40.00", "0.00", "40.00"]);
        assert_eq!(
            amounts(&trial, "total"),
            ["10500.00", "10500.00", "23340.00", "23340.00", "22940.00", "22940.00"]
        );
        assert!(!has_row(&trial, "6110"), "nothing was ever booked on energy");

        let sheet = company.report("balance-sheet?on=2026-03-31").await;
        // 13,200 in the bank, 1,500 from the customer, 1,000 of goods, the machine at 2,400 less 40.
        assert_eq!(amounts(&sheet, "total_assets"), ["18060.00"]);
        assert_eq!(amounts(&sheet, "1620"), ["-40.00"]);
        // 2,000 to the supplier, 800 of rent, 5,000 to the bank.
        assert_eq!(amounts(&sheet, "total_liabilities"), ["7800.00"]);
        // 10,000 paid in, 500 of last year, 240 lost.
        assert_eq!(amounts(&sheet, "unclosed_result"), ["500.00"]);
        assert_eq!(amounts(&sheet, "net_result"), ["-240.00"]);
        assert_eq!(amounts(&sheet, "total_equity"), ["10260.00"]);
        assert_eq!(amounts(&sheet, "total_liabilities_and_equity"), ["18060.00"]);

        let result = company.report(&format!("profit-and-loss?{QUARTER}")).await;
        assert_eq!(amounts(&result, "total_income"), ["4600.00"]);
        assert_eq!(amounts(&result, "total_cost_of_sales"), ["2000.00"]);
        assert_eq!(amounts(&result, "gross_profit"), ["2600.00"]);
        assert_eq!(amounts(&result, "6100"), ["1600.00"]); // rent, of three months two
        assert_eq!(amounts(&result, "total_expenses"), ["2840.00"]); // and 1,200 of salaries, 40 of the machine
        assert_eq!(amounts(&result, "net_result"), ["-240.00"]);

        let flow = company.report(&format!("cash-flow?{QUARTER}")).await;
        assert_eq!(amounts(&flow, "net_result"), ["-240.00"]);
        assert_eq!(amounts(&flow, "1620"), ["40.00"]);
        assert_eq!(amounts(&flow, "1100"), ["-1500.00"]);
        assert_eq!(amounts(&flow, "1310"), ["-1000.00"]);
        assert_eq!(amounts(&flow, "2010"), ["2000.00"]);
        assert_eq!(amounts(&flow, "2030"), ["800.00"]);
        assert_eq!(amounts(&flow, "cash_from_operating"), ["100.00"]);
        assert_eq!(amounts(&flow, "cash_from_investing"), ["-2400.00"]);
        assert_eq!(amounts(&flow, "cash_from_financing"), ["5000.00"]);
        assert_eq!(amounts(&flow, "change_in_cash"), ["2700.00"]);
        assert_eq!(amounts(&flow, "cash_at_beginning"), ["10500.00"]);
        assert_eq!(amounts(&flow, "cash_at_end"), ["13200.00"]);

        proven(&company).await;
    });
}

#[test]
fn reports_are_the_same_before_and_after_balances_are_folded() {
    run(async {
        let company = Company::with_quarter().await;
        let paths = [
            // In the middle of a month, so that days count.
            "trial-balance?starts_on=2026-01-20&ends_on=2026-02-15".to_owned(),
            "balance-sheet?on=2026-01-31&columns=months".to_owned(),
            format!("profit-and-loss?{QUARTER}&columns=months"),
            format!("cash-flow?{QUARTER}&compare=previous_period"),
            format!("profit-and-loss?{QUARTER}&department_id={}", company.shop),
            format!("general-ledger?{QUARTER}&account_id={}", company.account("1010")),
        ];
        let mut before = Vec::new();
        for path in &paths {
            before.push(company.report(path).await);
        }
        // 800 of rent on the 31st, 2,400 for the machine on the 5th, 2,500 from the customer on the 15th.
        assert_eq!(
            amounts(&before[0], "1010"),
            ["10500.00", "0.00", "2500.00", "3200.00", "9800.00", "0.00"]
        );
        assert_eq!(amounts(&before[0], "1310"), ["3000.00", "0.00", "0.00", "2000.00", "1000.00", "0.00"]);
        proven(&company).await;
        fold().await;
        for (path, before) in paths.iter().zip(before) {
            assert_eq!(company.report(path).await, before, "{path}");
        }
        proven(&company).await;
        // What is posted on top of what was folded.
        company.post(vec![company.entry("2026-02-01", "7020", "1010", "0.50")]).await;
        let trial = company.report(&paths[0]).await;
        assert_eq!(amounts(&trial, "1010"), ["10500.00", "0.00", "2500.00", "3200.50", "9799.50", "0.00"]);
        proven(&company).await;
    });
}

async fn fold() {
    service().database().await.execute("select fold_balances()", &[]).await.unwrap();
}

#[test]
fn statements_stand_side_by_side() {
    run(async {
        let company = Company::with_quarter().await;
        let months = company.report(&format!("profit-and-loss?{QUARTER}&columns=months")).await;
        let titles: Vec<_> =
            months["columns"].as_array().unwrap()[2..].iter().map(|column| text(&column["title"])).collect();
        assert_eq!(titles, ["2026-01", "2026-02", "2026-03", "2026-01-01 to 2026-03-31"]);
        // 4,000 - 2,000 - 800; the salaries; 600 - 40 - 800.
        assert_eq!(amounts(&months, "net_result"), ["1200.00", "-1200.00", "-240.00", "-240.00"]);
        assert_eq!(amounts(&months, "6100"), ["800.00", "0.00", "800.00", "1600.00"]);

        let ends = company.report("balance-sheet?on=2026-03-31&columns=months").await;
        assert_eq!(amounts(&ends, "1010"), ["9700.00", "13600.00", "13200.00"]);
        assert_eq!(amounts(&ends, "total_assets"), amounts(&ends, "total_liabilities_and_equity"));

        let flow = company.report(&format!("cash-flow?{QUARTER}&columns=months")).await;
        assert_eq!(amounts(&flow, "change_in_cash"), ["-800.00", "3900.00", "-400.00", "2700.00"]);
        assert_eq!(amounts(&flow, "cash_at_end"), ["9700.00", "13600.00", "13200.00", "13200.00"]);

        let before = company.report(&format!("profit-and-loss?{QUARTER}&compare=previous_period")).await;
        assert_eq!(before["columns"][3]["starts_on"], "2025-10-01");
        assert_eq!(amounts(&before, "net_result"), ["-240.00", "500.00"]);
        let year = company
            .report("profit-and-loss?starts_on=2026-12-01&ends_on=2026-12-31&compare=previous_year")
            .await;
        assert_eq!(amounts(&year, "net_result"), ["0.00", "500.00"]);
        let sheet = company.report("balance-sheet?on=2026-03-31&compare=previous_year").await;
        assert_eq!(amounts(&sheet, "total_assets"), ["18060.00", "0.00"]);
        let trial = company.report(&format!("trial-balance?{QUARTER}&compare=previous_period")).await;
        assert_eq!(amounts(&trial, "1010"), ["13200.00", "10500.00"]);
        assert_eq!(amounts(&trial, "total"), ["0.00", "0.00"]);
    });
}

#[test]
fn reports_are_narrowed_by_dimensions_and_departments_hold_those_beneath() {
    run(async {
        let company = Company::with_quarter().await;
        for (department, income, expenses) in
            [(&company.shop, "600.00", "1200.00"), (&company.counter, "600.00", "0.00")]
        {
            for folded in [false, true] {
                let path = format!("profit-and-loss?{QUARTER}&department_id={department}");
                let result = company.report(&path).await;
                assert_eq!(amounts(&result, "total_income"), [income], "folded: {folded}");
                assert_eq!(amounts(&result, "total_expenses"), [expenses], "folded: {folded}");
                follow(&company, &result).await;
                fold().await;
            }
        }
        let none = company.report(&format!("profit-and-loss?{QUARTER}&project_id={}", Uuid::now_v7())).await;
        assert_eq!(amounts(&none, "net_result"), ["0.00"]);
        let all = company.report(&format!("profit-and-loss?{QUARTER}&zero_rows=true")).await;
        assert_eq!(amounts(&all, "6110"), ["0.00"]);
    });
}

#[test]
fn a_closed_year_shows_what_it_earned_and_its_accounts_begin_anew() {
    run(async {
        let company = Company::with_quarter().await;
        for month in 1..=12 {
            company.books.close_period(&format!("2025-{month:02}")).await;
        }
        let year = company.books.year("2025").await;
        company.owner.act(&format!("/v1/fiscal-years/{year}/close")).await.is(200);

        let result = company.report("profit-and-loss?starts_on=2025-01-01&ends_on=2025-12-31").await;
        assert_eq!(amounts(&result, "net_result"), ["500.00"]);
        let trial = company.report("trial-balance?starts_on=2025-01-01&ends_on=2025-12-31").await;
        assert_eq!(amounts(&trial, "4020"), ["0.00", "0.00", "500.00", "500.00", "0.00", "0.00"]);
        let sheet = company.report("balance-sheet?on=2026-03-31").await;
        assert_eq!(amounts(&sheet, "3050"), ["500.00"]);
        assert!(!has_row(&sheet, "unclosed_result"));
        assert_eq!(amounts(&sheet, "net_result"), ["-240.00"]);
        assert_eq!(amounts(&sheet, "total_liabilities_and_equity"), ["18060.00"]);
        let flow = company.report("cash-flow?starts_on=2025-01-01&ends_on=2025-12-31").await;
        assert_eq!(amounts(&flow, "cash_from_operating"), ["500.00"]);
        assert_eq!(amounts(&flow, "cash_at_end"), ["10500.00"]);
        for report in [result, trial, sheet, flow] {
            follow(&company, &report).await;
        }
        proven(&company).await;
    });
}

/// Goes to the journal lines of every figure that has them, and adds them up.
async fn follow(company: &Company, report: &Value) {
    follow_for(&company.owner, report).await;
}

pub(crate) async fn follow_for(caller: &Caller, report: &Value) {
    let mut followed = 0;
    for row in report["rows"].as_array().unwrap() {
        for (cell, column) in
            row["cells"].as_array().unwrap().iter().zip(report["columns"].as_array().unwrap())
        {
            let Some(lines) = cell["lines"].as_str() else { continue };
            let page = caller.get(&format!("{lines}&limit=200")).await.is(200);
            assert!(page["next_cursor"].is_null());
            let (mut debit, mut credit) = (cents("0"), cents("0"));
            let is_foreign = column["kind"] == "foreign_amount";
            for line in page["data"].as_array().unwrap() {
                let of = |own: &str, foreign: &str| {
                    let amount = line[foreign].as_str().filter(|_| is_foreign);
                    cents(amount.unwrap_or_else(|| line[own].as_str().unwrap()))
                };
                debit += of("debit", "foreign_debit");
                credit += of("credit", "foreign_credit");
            }
            let amount = cents(cell["value"].as_str().unwrap());
            let is_so = match column["key"].as_str().unwrap() {
                "debit" => amount == debit,
                "credit" => amount == credit,
                "opening_debit" | "closing_debit" => amount == (debit - credit).max(0),
                "opening_credit" | "closing_credit" => amount == (credit - debit).max(0),
                _ => amount.abs() == (debit - credit).abs(),
            };
            assert!(is_so, "{lines} come to {debit} and {credit}: {cell} in {row:#}");
            followed += 1;
        }
    }
    assert!(followed > 0, "no figure says where its lines are");
}

/// Hundredths.
fn cents(amount: &str) -> i64 {
    amount.replace('.', "").parse().unwrap()
}

#[test]
fn every_figure_leads_to_the_lines_that_it_is_the_sum_of() {
    run(async {
        let company = Company::with_quarter().await;
        for path in [
            format!("trial-balance?{QUARTER}"),
            format!("trial-balance?{QUARTER}&compare=previous_period"),
            "balance-sheet?on=2026-03-31&columns=months".to_owned(),
            format!("profit-and-loss?{QUARTER}&columns=months"),
            format!("cash-flow?{QUARTER}"),
            format!("general-ledger?{QUARTER}"),
            format!("journal?{QUARTER}"),
        ] {
            follow(&company, &company.report(&path).await).await;
        }
    });
}

#[test]
fn the_general_ledger_goes_from_page_to_page_without_losing_its_balance() {
    run(async {
        let company = Company::with_quarter().await;
        let bank = company.account("1010");
        for folded in [false, true] {
            let whole = company.report(&format!("general-ledger?{QUARTER}&account_id={bank}")).await;
            assert_eq!(amounts(&whole, "opening_balance"), ["", "", "10500.00"]);
            assert_eq!(amounts(&whole, "closing_balance"), ["", "", "13200.00"]);
            let (mut lines, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
            loop {
                let page = company
                    .report(&format!("general-ledger?{QUARTER}&account_id={bank}&limit=2{cursor}"))
                    .await;
                pages += 1;
                if pages > 1
                    && page["rows"]
                        .as_array()
                        .unwrap()
                        .iter()
                        .any(|row| row["key"].is_null() && row["kind"] == "line")
                {
                    let brought = amounts(&page, "brought_forward")[2];
                    assert_eq!(Some(brought), lines.last().map(String::as_str), "what is brought forward");
                }
                let rows = page["rows"].as_array().unwrap().iter();
                let booked = rows.filter(|row| row["kind"] == "line" && row["key"].is_null());
                lines.extend(booked.map(|row| text(&row["cells"][6]["value"])));
                match page["next_cursor"].as_str() {
                    Some(next) => cursor = format!("&cursor={next}"),
                    None => break,
                }
            }
            assert_eq!((pages, lines.len()), (4, 7));
            let rows = whole["rows"].as_array().unwrap().iter();
            let at_once: Vec<_> = rows
                .filter(|row| row["kind"] == "line" && row["key"].is_null())
                .map(|row| text(&row["cells"][6]["value"]))
                .collect();
            assert_eq!(lines, at_once, "folded: {folded}");
            // After the rent, the machine, the customer, the loan, the salaries, the supplier, the job.
            let days = ["9700.00", "7300.00", "9800.00", "14800.00", "13600.00", "12600.00", "13200.00"];
            assert_eq!(lines, days);
            fold().await;
        }
        // A group is all of its accounts, and accounts without lines that stand at something are told.
        let group =
            company.report(&format!("general-ledger?{QUARTER}&account_id={}", company.account("3000"))).await;
        assert_eq!(amounts(&group, "closing_balance"), ["", "", "-10000.00"]);
        // From page to page over all accounts: no line twice, none left out.
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = company.report(&format!("general-ledger?{QUARTER}&limit=3{cursor}")).await;
            let rows = page["rows"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|row| row["kind"] == "line" && row["key"].is_null());
            seen.extend(rows.map(|row| row["cells"].to_string()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen.len(), 24, "twelve entries of two lines");
        let all = company.report(&format!("general-ledger?{QUARTER}&limit=200")).await;
        let at_once: Vec<_> = all["rows"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|row| row["kind"] == "line" && row["key"].is_null())
            .map(|row| row["cells"].to_string())
            .collect();
        assert_eq!(seen, at_once);
    });
}

async fn file(company: &Company, path: &str, accept: &str) -> (String, Vec<u8>) {
    file_for(&company.owner, path, accept).await
}

/// A file's name, and its bytes.
pub(crate) async fn file_for(caller: &Caller, path: &str, accept: &str) -> (String, Vec<u8>) {
    let request = reqwest::Client::new().get(format!("{}/v1/reports/{path}", service().base));
    let request =
        request.header("authorization", format!("Bearer {}", caller.token)).header("accept", accept);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with(accept));
    let name = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    (name, answer.bytes().await.unwrap().to_vec())
}

pub(crate) const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

#[test]
fn files_say_what_the_answer_says() {
    run(async {
        let company = Company::with_quarter().await;
        // A name that a spreadsheet would run.
        let rent = format!("/v1/accounts/{}", company.account("6100"));
        company.owner.patch(&rent, json!({"name": "=1+2 Chirie țară"})).await.is(200);

        let (name, bytes) = file(&company, &format!("trial-balance?{QUARTER}"), "text/csv").await;
        assert_eq!(name, "attachment; filename=\"trial-balance-2026-03-31.csv\"");
        let text = String::from_utf8(bytes).unwrap();
        let rows: Vec<&str> = text.split("\r\n").collect();
        assert!(rows[0].starts_with("code,account,opening_debit,opening_credit,debit,credit,closing_debit,closing_credit,kind,level,opening_debit_lines"), "{}", rows[0]);
        assert!(
            rows.iter().any(|row| row.starts_with(
                "1010,Bank,10500.00,0.00,8100.00,5400.00,13200.00,0.00,line,0,/v1/journal-lines?account_id="
            )),
            "{text}"
        );
        assert!(rows.iter().any(|row| row.starts_with("6100,'=1+2 Chirie țară,")), "{text}");

        let (_, bytes) = file(&company, &format!("profit-and-loss?{QUARTER}&columns=months"), XLSX).await;
        let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        let row = sheet.rows().find(|row| row[1] == Data::String("Net result".into())).unwrap();
        assert_eq!(row[2..6], [1200.0, -1200.0, -240.0, -240.0].map(Data::Float));
        assert!(sheet.rows().any(|row| row[1] == Data::String("'=1+2 Chirie țară".into())));

        let (name, bytes) = file(&company, "balance-sheet?on=2026-03-31", "application/pdf").await;
        assert_eq!(name, "attachment; filename=\"balance-sheet-2026-03-31.pdf\"");
        let pages = printed(&bytes);
        for wanted in [
            "Balance sheet as of 2026-03-31",
            "Total assets",
            "18,060.00",
            "Result of the year",
            "-240.00",
            "1 / 1",
        ] {
            assert!(pages.contains(wanted), "{wanted} is not in {pages}");
        }
        let (_, again) = file(&company, "balance-sheet?on=2026-03-31", "application/pdf").await;
        assert_eq!(bytes, again, "the same books give the same bytes");

        for path in ["general-ledger", "journal"] {
            let path = format!("{path}?{QUARTER}");
            let (_, bytes) = file(&company, &path, "text/csv").await;
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(
                text.matches("/v1/journal-lines?entry_id=").count(),
                if path.starts_with('g') { 24 } else { 24 + 24 },
                "{text}"
            );
            let pages = printed(&file(&company, &path, "application/pdf").await.1);
            assert!(pages.contains("Chirie țară") && pages.contains("4,000.00"), "{pages}");
        }
    });
}

/// The text of a PDF, read by somebody else's reader.
pub(crate) fn printed(bytes: &[u8]) -> String {
    let document = lopdf::Document::load_mem(bytes).unwrap();
    let pages: Vec<u32> = document.get_pages().keys().copied().collect();
    document.extract_text(&pages).unwrap()
}

#[test]
fn a_ledger_longer_than_a_chunk_comes_whole_as_a_file() {
    run(async {
        let company = Company::empty().await;
        let lines = |debit: &str, credit: &str, count: usize| {
            let mut lines =
                vec![json!({"account_id": company.account(credit), "credit": format!("{count}.00")})];
            lines.extend((0..count).map(|_| json!({"account_id": company.account(debit), "debit": "1.00"})));
            json!({"posted_on": "2026-02-01", "description": "Many", "lines": lines})
        };
        company.post(vec![lines("1010", "3010", 1500), lines("1030", "3010", 700)]).await;
        let (_, bytes) = file(&company, &format!("general-ledger?{QUARTER}"), "text/csv").await;
        let text = String::from_utf8(bytes).unwrap();
        let balances: Vec<&str> =
            text.split("\r\n").filter(|row| row.starts_with("1010,2026-02-01")).collect();
        assert_eq!(balances.len(), 1500);
        assert!(balances[1499].contains(",1.00,,1500.00,line,1,"), "{}", balances[1499]);
        for once in [
            "1010,,,Opening balance",
            "1010,,,Closing balance,,,1500.00",
            "1030,,,Closing balance,,,700.00",
            "3010,,,Closing balance,,,-2200.00",
        ] {
            assert_eq!(text.matches(once).count(), 1, "{once}");
        }
        assert_eq!(text.matches("Brought forward").count(), 0);
        let (_, bytes) = file(&company, &format!("journal?{QUARTER}"), "text/csv").await;
        let rows = String::from_utf8(bytes).unwrap();
        assert_eq!(rows.matches(",line,1,").count(), 2202);
        assert_eq!(rows.matches(",group,0,").count(), 2);
    });
}

#[test]
fn what_makes_no_sense_is_told_with_its_place() {
    run(async {
        let company = Company::empty().await;
        for (path, parameter, code) in [
            ("trial-balance?starts_on=2026-02-01&ends_on=2026-01-31", "ends_on", "ends-before-it-begins"),
            (
                "profit-and-loss?starts_on=2026-01-01&ends_on=2026-03-31&compare=previous_year&columns=months",
                "compare",
                "not-with-columns",
            ),
            (
                "cash-flow?starts_on=2020-01-01&ends_on=2026-03-31&columns=months",
                "columns",
                "too-many-columns",
            ),
            ("general-ledger?cursor=nonsense", "cursor", "bad-cursor"),
            ("journal?cursor=e30", "cursor", "bad-cursor"),
        ] {
            let problem =
                company.owner.get(&format!("/v1/reports/{path}")).await.is_problem(422, "invalid-input");
            assert_eq!(problem["errors"][0]["parameter"], parameter, "{path}: {problem}");
            assert_eq!(problem["errors"][0]["code"], code, "{path}");
        }
        let clerk = Organization { id: company.owner.organization }.caller(&["accounts:read"]).await;
        clerk.get("/v1/reports/trial-balance").await.is_problem(403, "forbidden");
        clerk.get("/v1/reports/integrity").await.is_problem(403, "forbidden");
        // The days of days that are not told: the fiscal year up to today, which nothing was booked in.
        let report = company.report("trial-balance?ends_on=2026-05-20").await;
        assert_eq!(
            (&report["starts_on"], &report["rows"].as_array().unwrap().len()),
            (&json!("2026-01-01"), &1)
        );
    });
}

#[test]
fn reports_know_nothing_of_other_organizations() {
    run(async {
        let (company, other) = (Company::with_quarter().await, Company::with_quarter().await);
        company.post(vec![company.entry("2026-03-01", "7020", "1010", "7.00")]).await;
        let trial = other.report(&format!("trial-balance?{QUARTER}")).await;
        assert_eq!(amounts(&trial, "total")[2], "23340.00");
        let path = format!("general-ledger?{QUARTER}&account_id={}", company.account("1010"));
        assert_eq!(other.report(&path).await["rows"], json!([]));
        let path = format!("profit-and-loss?{QUARTER}&department_id={}", company.shop);
        assert_eq!(amounts(&other.report(&path).await, "net_result"), ["0.00"]);
    });
}

/// The proof, which holds.
async fn proven(company: &Company) {
    let proof = company.report("integrity").await;
    let broken: Vec<_> =
        proof["checks"].as_array().unwrap().iter().filter(|check| check["holds"] != true).collect();
    assert!(proof["holds"] == true && broken.is_empty(), "{broken:#?}");
    assert_eq!(proof["checks"].as_array().unwrap().len(), 16);
}

#[test]
#[expect(clippy::too_many_lines, reason = "a fault after the other, each in its place")]
fn the_proof_finds_each_fault() {
    // What somebody with the keys of the database does, what it breaks, and what is told of it. `O` is the organization.
    const FAULTS: &[(&str, &str, &str)] = &[
        (
            "update journal_lines set debit = debit + 0.01 where org_id = O and debit = 2400",
            "entries_balance balances_are_lines",
            "Entry GEN-2026-00005",
        ),
        (
            "update journal_lines set posted_on = posted_on + 1 where org_id = O and debit = 2400",
            "entries_balance balances_are_lines",
            "Entry GEN-2026-00005",
        ),
        (
            "delete from journal_lines where org_id = O and (debit = 2400 or credit = 2400)",
            "entries_balance balances_are_lines",
            "no lines",
        ),
        (
            "update journal_entries set posted_on = '2026-04-01' where org_id = O and number = 'GEN-2026-00005'",
            "entries_balance entries_in_period",
            "2026-04-01",
        ),
        (
            "update balance_deltas set debit = debit + 5 where org_id = O and begins_on = '2026-01-31' and debit = 800",
            "balances_are_lines days_balance balance_sheet_balances cash_flow_ties",
            "Account 6100 on 2026-01-31",
        ),
        // The lines still tell, where the balances were bent in two places so that they balance.
        (
            "update balance_deltas set debit = debit + 5, credit = credit + 5 where org_id = O and begins_on = '2026-02-20'",
            "balances_are_lines",
            "on 2026-02-20",
        ),
        (
            "update account_balances set debit = debit + 5 where org_id = O and grain = 'month' and debit = 2400",
            "grains_agree balance_sheet_balances cash_flow_ties",
            "Account 1530 in 2026-02",
        ),
        (
            "delete from account_balances where org_id = O and grain = 'month_by_dimension' and debit = 1200",
            "grains_agree",
            "by dimension",
        ),
        (
            "delete from numbers_given where org_id = O and number = 'GEN-2026-00005'",
            "numbers_gapless entries_numbered",
            "the number 5",
        ),
        (
            "update number_counters set last = last + 1 where org_id = O and period = '2026'",
            "numbers_gapless",
            "the counter at",
        ),
        (
            "update journal_entries set number = 'GEN-2026-99999' where org_id = O and number = 'GEN-2026-00005'",
            "entries_numbered",
            "GEN-2026-99999",
        ),
        (
            "update journal_lines l set description = 'x', account_id = (select id from accounts where org_id = O and code = '7020') from journal_entries e where l.org_id = O and e.org_id = O and e.id = l.entry_id and e.reversal_of_id is not null and l.credit > 0",
            "reversals_mirror balances_are_lines",
            "1 lines that differ",
        ),
        (
            "update journal_entries set status = 'posted', reversed_by_id = null where org_id = O and status = 'reversed'",
            "reversals_mirror",
            "is posted",
        ),
        (
            "update journal_lines set party_id = null where org_id = O and debit = 4000",
            "sub_ledgers_tie",
            "4000 on no party",
        ),
        (
            "update fiscal_years set status = 'closed' where org_id = O and code = '2025'",
            "closed_years_closed",
            "Account 4020 in 2025",
        ),
        (
            "update fiscal_years set starts_on = '2026-02-01' where org_id = O and code = '2026'",
            "entries_in_period",
            "begins on 2026-01-01",
        ),
    ];
    run(async {
        let database = service().database().await;
        for (fault, broken, told) in FAULTS {
            let company = Company::with_quarter().await;
            let wrong = company.post(vec![company.entry("2026-03-15", "6110", "1010", "33.00")]).await;
            let back = json!({"reversed_on": "2026-03-16", "reason": "Booked twice"});
            company
                .owner
                .post(&format!("/v1/journal-entries/{}/reverse", text(&wrong[0]["id"])), back)
                .await
                .is(200);
            if fault.contains("account_balances") {
                fold().await;
            }
            proven(&company).await;
            let fault = fault.replace(" O ", &format!(" '{}' ", company.owner.organization));
            // Past every trigger and foreign key.
            let done = format!(
                "begin; set local session_replication_role = replica; set local row_security = off; {fault}; commit"
            );
            database.batch_execute(&done).await.unwrap_or_else(|error| panic!("{fault}: {error}"));
            let proof = company.report("integrity").await;
            let found: Vec<_> =
                proof["checks"].as_array().unwrap().iter().filter(|check| check["holds"] != true).collect();
            let names: Vec<_> = found.iter().map(|check| check["check"].as_str().unwrap()).collect();
            let told_at = found.iter().any(|check| check["faults"].to_string().contains(told));
            assert!(proof["holds"] == false && told_at, "{fault}: {found:#?}");
            for name in broken.split(' ') {
                assert!(names.contains(&name), "{fault} breaks {name}: {names:?}");
            }
        }
    });
}

/// `cargo test --test accounting -- --ignored` writes pages to look at.
#[test]
#[ignore = "writes files for the eye"]
fn reports_to_look_at() {
    run(async {
        let company = Company::with_quarter().await;
        for path in [
            "balance-sheet?on=2026-03-31&columns=months",
            "general-ledger?starts_on=2026-01-01&ends_on=2026-03-31",
            "trial-balance?starts_on=2026-01-01&ends_on=2026-03-31",
            "cash-flow?starts_on=2026-01-01&ends_on=2026-03-31&columns=months",
            "journal?starts_on=2026-01-01&ends_on=2026-03-31",
        ] {
            let (_, bytes) = file(&company, path, "application/pdf").await;
            let name = path.split('?').next().unwrap();
            std::fs::write(std::env::temp_dir().join(format!("{name}.pdf")), bytes).unwrap();
        }
    });
}
