//! What a payroll costs the database: the same number of statements, however many are paid.
use crate::Company;
use crate::support::{Request, Service, run, service};
use crate::{path, text};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Child;

/// A service of the test's own on the shared database, so that only its own requests are counted.
pub(crate) struct Counted {
    base: String,
    metrics: String,
    child: Child,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Counted {
    pub(crate) fn start() -> Self {
        let (base, metrics, child) =
            Service::spawn(&service().url, &["--workers", "1", "--connections", "2"]);
        Self { base, metrics, child }
    }

    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// What the operation has cost so far.
    async fn total(&self, operation: &str) -> u64 {
        let page = reqwest::get(&self.metrics).await.unwrap().text().await.unwrap();
        let wanted = format!("operation=\"{operation}\"");
        let lines = page.lines();
        let lines = lines.filter(|line| {
            line.starts_with("backoffice_database_statements_total") && line.contains(&wanted)
        });
        lines.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
    }

    /// The answer to a request, and the statements that it cost.
    pub(crate) async fn cost(&self, operation: &str, request: Request) -> (Value, u64) {
        let before = self.total(operation).await;
        let answer = request.to(&self.base).send().await.is(200);
        (answer, self.total(operation).await - before)
    }
}

#[test]
fn a_payroll_costs_as_many_statements_for_two_as_for_a_dozen() {
    run(async {
        let counted = Counted::start();
        let mut costs = Vec::new();
        for people in [2, 12] {
            let company = Company::with_pack("ro").await;
            for _ in 0..people {
                company.hire("Ana", "2026-01-01", "6000").await;
            }
            // The connections are there before anything is counted.
            for _ in 0..4 {
                company.owner.request(Method::GET, "/v1/pay-groups").to(&counted.base).send().await.is(200);
            }
            let group = json!({"pay_group_id": company.group, "period": "2026-01"});
            let made = company.owner.post("/v1/payroll-runs", group).await.is(201);
            let at = path(&made);
            let calculate = company.owner.request(Method::POST, &format!("{at}/calculate"));
            let (calculated, of_calculating) = counted.cost("calculate_payroll_run", calculate).await;
            assert_eq!(calculated["employees"], people);
            company.checker.act(&format!("{at}/approve")).await.is(200);
            let day = json!({"posted_on": "2026-01-31"});
            let post = company.owner.request(Method::POST, &format!("{at}/post")).json(&day);
            let (posted, of_posting) = counted.cost("post_payroll_run", post).await;
            assert_eq!(text(&posted["status"]), "posted");
            costs.push((of_calculating, of_posting));
        }
        assert_eq!(costs[0], costs[1]);
        assert!(costs[1].0 > 5 && costs[1].0 <= 16 && costs[1].1 <= 15, "{costs:?}");
    });
}
