//! Journal entries from a file: by the codes that people know, every fault at its row and column, and numbers without a gap.
use crate::support::{Answer, Caller, run, service};
use crate::{Company, decimal, faults};
use serde_json::json;
use std::fmt::Write;
use std::time::Instant;

async fn import(caller: &Caller, query: &str, file: impl Into<Vec<u8>>) -> Answer {
    let path = format!("/v1/journal-entries/import{query}");
    caller.request(reqwest::Method::POST, &path).body("text/csv", file).send().await
}

const TWO: &str = "entry;posted_on;journal_code;description;reference;account_code;debit;credit;currency;foreign_debit;foreign_credit;rate;line_description;department_code\n\
    a;2026-01-31;;Rent of January;R-1;6100;850.00;;;;;;Office;OPS\n\
    a;;;;;1010;;850;;;;;;\n\
    b;2026-02-01;;Sold abroad;;1010;;;USD;100.00;;0.9;;\n\
    b;2026-02-01;;Sold abroad;;4020;0;90.00;;;;;;\n";

#[test]
fn a_file_becomes_entries_with_the_next_numbers() {
    run(async {
        let company = Company::new().await;
        let owner = &company.owner;
        owner.post("/v1/departments", json!({"name": "Operations", "code": "OPS"})).await.is(201);
        let before =
            json!({"entries": [company.entry("2026-01-02", &[("1010", "1.00", ""), ("4020", "", "1.00")])]});
        owner.post("/v1/journal-entries/post", before).await.is(200);

        let dry = import(owner, "?post=true&dry_run=true", TWO).await.is(200);
        assert_eq!((&dry["entries"], &dry["lines"], &dry["total"]), (&json!(2), &json!(4), &json!("940.00")));
        assert_eq!(company.balance(company.account("6100"), "2026-12-31").await, decimal("0"));

        let done = import(owner, "?post=true", TWO).await.is(200);
        let journal = &done["journals"][0];
        let told = ["code", "fiscal_year", "first_number", "last_number"]
            .map(|field| journal[field].as_str().unwrap());
        assert_eq!(told, ["GEN", "2026", "GEN-2026-00002", "GEN-2026-00003"]);
        // 850.00 for rent; 100 dollars at 0.90.
        assert_eq!(company.balance(company.account("6100"), "2026-12-31").await, decimal("850"));
        assert_eq!(company.balance(company.account("1010"), "2026-12-31").await, decimal("-759"));
        let lines =
            owner.get(&format!("/v1/journal-lines?account_id={}", company.account("6100"))).await.is(200);
        assert_eq!(lines["data"][0]["description"], "Office");
        assert!(lines["data"][0]["department_id"].is_string());

        // Without `post` they are drafts.
        let drafts = import(owner, "", TWO).await.is(200);
        assert_eq!(
            (&drafts["posted"], &drafts["journals"][0]["first_number"]),
            (&json!(false), &json!(null))
        );
        let found = owner.get("/v1/journal-entries?status=draft").await.is(200);
        let rent =
            found["data"].as_array().unwrap().iter().find(|entry| entry["reference"] == "R-1").unwrap();
        let rent = rent["id"].as_str().unwrap();
        owner.act(&format!("/v1/journal-entries/{rent}/post")).await.is(200);
        assert_eq!(company.balance(company.account("6100"), "2026-12-31").await, decimal("1700"));
    });
}

#[test]
fn every_fault_is_told_by_row_and_column_and_nothing_is_left() {
    run(async {
        let company = Company::new().await;
        let owner = &company.owner;
        let file = "entry,posted_on,description,account_code,debit,credit,currency,foreign_debit\n\
            a,2026-01-31,Rent,6100,850.00,,,\n\
            a,,,NOWHERE,,850.00,,\n\
            b,2026-01-31,Off by a cent,6100,850.00,,,\n\
            b,,,1010,,849.99,,\n\
            c,2026-02-30,,6100,1e3,,,\n\
            c,,,,,10.00,,\n\
            d,2031-01-01,No year,6100,5.00,,,\n\
            d,2031-01-02,,1010,,5.00,,\n\
            a,2026-01-31,Again,6100,1.00,,,\n\
            ,2026-01-31,Nobody's,6100,1.00,,,\n\
            e,2026-01-31,Alone,6100,1.00,,,\n\
            f,2031-01-31,No year,6100,1.00,,,\n\
            f,,,1010,,1.00,,\n\
            g,2026-01-31,No rate,1010,,,CHF,10.00\n\
            g,,,4020,,9.00,,\n";
        let told = faults(import(owner, "?post=true", file).await);
        let wanted = [
            ("/10", "too-few"),
            ("/10", "unbalanced"),
            ("/10/entry", "not-together"),
            ("/11/entry", "required"),
            ("/12", "too-few"),
            ("/12", "unbalanced"),
            ("/13/posted_on", "no-fiscal-year"),
            ("/15/rate", "no-rate"),
            ("/3/account_code", "no-such-row"),
            ("/4", "unbalanced"),
            ("/6/debit", "wrong-format"),
            ("/6/description", "required"),
            ("/6/posted_on", "wrong-format"),
            ("/7/account_code", "required"),
            ("/9/posted_on", "differs"),
        ];
        let wanted: Vec<_> = wanted.map(|(pointer, code)| (pointer.to_owned(), code.to_owned())).to_vec();
        assert_eq!(told, wanted);
        let entries = owner.get("/v1/journal-entries?count=true").await.is(200);
        assert_eq!(entries["total"], 0);
        // The number that none of them got is the next one.
        let posted = company.post("2026-01-31", &[("1010", "1.00", ""), ("4020", "", "1.00")]).await;
        assert_eq!(posted["number"], "GEN-2026-00001");

        let unknown = faults(import(owner, "", "entry,posted_on,amount\na,2026-01-31,5\n").await);
        assert_eq!(unknown, [("/1/amount".to_owned(), "unknown-column".to_owned())]);
        let writer = company.organization.caller(&["journal-entries:read", "journal-entries:write"]).await;
        import(&writer, "?post=true", TWO).await.is_problem(403, "forbidden");
    });
}

/// So many entries of four lines.
fn file_of(entries: usize) -> String {
    let mut file = String::from("entry,posted_on,description,account_code,debit,credit\n");
    for entry in 0..entries {
        let (month, day) = (1 + entry % 12, 1 + entry % 28);
        writeln!(file, "{entry},2026-{month:02}-{day:02},Takings,1010,60.00,\n{entry},,,6100,40.00,\n{entry},,,4010,,70.00\n{entry},,,4020,,30.00").unwrap();
    }
    file
}

async fn takes(company: &Company, entries: usize) {
    let began = Instant::now();
    let done = import(&company.owner, "?post=true", file_of(entries)).await.is(200);
    println!("{entries} entries: {:?}", began.elapsed());
    let journal = &done["journals"][0];
    assert_eq!(journal["entries"], entries);
    assert_eq!(journal["last_number"], format!("GEN-2026-{entries:05}"));
    let sum = rust_decimal::Decimal::from(60 * entries);
    assert_eq!(company.balance(company.account("1010"), "2026-12-31").await, sum);
    assert_eq!(company.kept_balance(company.account("1010")).await, sum);
    let numbers = "select count(*) from numbers_given where org_id = $1 and kind = 'journal-entries'";
    let given = service().database().await.query_one(numbers, &[&company.organization.id]).await.unwrap();
    assert_eq!(given.get::<_, i64>(0), i64::try_from(entries).unwrap());
}

#[test]
fn a_file_of_several_batches_is_one_transaction() {
    run(async { takes(&Company::new().await, 1_201).await });
}

/// `cargo test --test accounting -- --ignored ten_thousand --nocapture` tells how long it takes.
#[test]
#[ignore = "takes some seconds"]
fn ten_thousand_entries_are_imported_in_one_request() {
    run(async { takes(&Company::new().await, 10_000).await });
}
