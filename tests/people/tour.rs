//! The tour and the README's first request, run as they are written: every block marked `sh` goes through one bash, and
//! every line of the `text` block behind it must come out of it, in that order. `…` in such a line stands for anything.
use crate::support::{Request, Service, run};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Command;
use std::time::{Duration, Instant};

const PASSWORD: &str = "tea-at-the-window";

struct Block {
    script: String,
    wanted: Vec<String>,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = None;
    for line in document.lines() {
        match (inside, line.trim_end()) {
            (None, "```sh") => {
                blocks.push(Block { script: String::new(), wanted: Vec::new() });
                inside = Some("sh");
            }
            (None, "```text") => inside = Some("text"),
            (None, other) if other.starts_with("```") => inside = Some("something else"),
            (Some(_), "```") => inside = None,
            (Some("sh"), code) => blocks.last_mut().unwrap().script.extend([code, "\n"]),
            (Some("text"), wanted) => blocks.last_mut().unwrap().wanted.push(wanted.to_owned()),
            _ => {}
        }
    }
    blocks
}

/// Whether the line holds the fragments between the `…`, one after the other.
fn holds(line: &str, wanted: &str) -> bool {
    let mut rest = Some(line);
    for fragment in wanted.split('…') {
        rest = rest.and_then(|rest| rest.find(fragment.trim()).map(|at| &rest[at + fragment.trim().len()..]));
    }
    rest.is_some()
}

fn take(document: &str, base: &str) {
    let blocks = blocks(document);
    assert!(!blocks.is_empty());
    let mut script = "set -euo pipefail\nexec 2>&1\n".to_owned();
    for (number, block) in blocks.iter().enumerate() {
        script.extend(["echo; echo '=== ", &number.to_string(), "'\n", &block.script]);
    }
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("API", base)
        .env("PASSWORD", PASSWORD)
        .env("PORT", crate::support::free_address().rsplit(':').next().unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "it stopped at the end of:\n{said}");
    for (number, block) in blocks.iter().enumerate() {
        let (_, rest) = said.split_once(&format!("=== {number}\n")).unwrap();
        let said = rest.split("\n=== ").next().unwrap();
        let mut lines = said.lines();
        for wanted in &block.wanted {
            assert!(
                lines.any(|line| holds(line, wanted)),
                "«{wanted}» did not come out of\n{}\nbut\n{said}",
                block.script
            );
        }
    }
}

#[test]
fn the_tour_goes_as_it_is_written_and_again() {
    let (base, _, mut child) = service_with_demo("tour", &["--demo-books", "false"]);
    let tour = include_str!("../../docs/tour.md");
    assert!(blocks(tour).len() >= 9 && blocks(tour).iter().all(|block| !block.wanted.is_empty()));
    take(tour, &base);
    take(tour, &base);
    child.kill().unwrap();
}

#[test]
fn the_readme_goes_as_it_is_written_and_two_years_of_books_are_kept_meanwhile() {
    let (base, _, mut child) = service_with_demo("books", &[]);
    run(async {
        let asked = Asked::sign_in(&base).await;
        // What documents refer to is there a moment after the service is.
        asked.until("/v1/bank-rules", |rules| rules["data"] != json!([])).await;
        asked.until("/v1/payroll-runs", |runs| runs["data"] != json!([])).await;
        tokio::task::block_in_place(|| take(include_str!("../../README.md"), &base));
        asked.until("/v1/fiscal-years?code=2024", |years| years["data"][0]["status"] == "closed").await;
        let integrity = asked.get("/v1/reports/integrity").await;
        assert_eq!(integrity["holds"], true, "{integrity}");
        for (what, least) in
            [("journal-entries", 5_000), ("invoices", 600), ("bills", 500), ("payments", 1_000)]
        {
            let count = asked.get(&format!("/v1/{what}?limit=1&count=true")).await["total"].as_u64().unwrap();
            assert!(count >= least, "{count} {what}");
        }
        let account = asked.get("/v1/bank-accounts").await["data"][0]["id"].as_str().unwrap().to_owned();
        let bank = asked.get(&format!("/v1/bank-accounts/{account}/reconciliation?on=2025-12-31")).await;
        assert_eq!(
            (&bank["difference"], &bank["unmatched_entry_count"]),
            (&json!("0.00"), &json!(0)),
            "{bank}"
        );
        // A company that lives: it earns, has money, and is owed some.
        let report = "/v1/reports/profit-and-loss?starts_on=2025-01-01&ends_on=2025-12-31";
        let result = asked.get(report).await["rows"].as_array().unwrap().last().unwrap()["cells"].clone();
        let result: rust_decimal::Decimal = result[2]["value"].as_str().unwrap().parse().unwrap();
        assert!(result > 500_000.into(), "{result}");
        assert!(
            bank["bank_balance"].as_str().unwrap().parse::<rust_decimal::Decimal>().unwrap() > 0.into(),
            "{bank}"
        );
    });
    child.kill().unwrap();
}

fn service_with_demo(name: &str, flags: &[&str]) -> (String, String, std::process::Child) {
    let cluster = crate::support::service().cluster();
    cluster.create_database(name).unwrap();
    Service::spawn(&cluster.url(name), &[&["--demo", "--demo-password", PASSWORD], flags].concat())
}

/// The owner of the demo company, who asks.
struct Asked<'a> {
    base: &'a str,
    token: String,
}

impl<'a> Asked<'a> {
    async fn sign_in(base: &'a str) -> Self {
        let owner = json!({"email": "owner@demo.example", "password": PASSWORD});
        let pair = Request::new(Method::POST, "/v1/auth/login").json(&owner).to(base).send().await.is(200);
        Self { base, token: format!("Bearer {}", pair["access_token"].as_str().unwrap()) }
    }

    async fn get(&self, path: &str) -> Value {
        let request = Request::new(Method::GET, path).header("authorization", &self.token).to(self.base);
        request.send().await.is(200)
    }

    async fn until(&self, path: &str, is_so: impl Fn(&Value) -> bool) {
        let began = Instant::now();
        while !is_so(&self.get(path).await) {
            assert!(began.elapsed() < Duration::from_mins(8), "{path} is not so for long");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

#[test]
fn a_line_is_held_by_its_fragments_in_order() {
    assert!(holds("HTTP/1.1 200 OK", "HTTP/1.1 200"));
    assert!(holds(r#"{"id":"1","name":"Payroll"}"#, r#"{"id":"…","name":"Payroll"…}"#));
    assert!(!holds(r#"{"name":"Payroll","id":"1"}"#, r#""id"…"name""#));
    assert!(!holds("HTTP/1.1 412 Precondition Failed", "200"));
}
