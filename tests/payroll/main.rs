//! Pay, as stories over HTTP: who earns what, how a payslip comes about, and how it is paid, with the figures worked out beside it.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod any_payroll;
mod benefits;
mod compensation;
mod hires;
mod made_good;
mod refusals;
mod runs;
mod statements;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use support::{Answer, Caller, Organization, service};
use uuid::Uuid;

/// A company that pays its people: the general chart, the year 2026, and one pay group.
pub(crate) struct Company {
    pub(crate) organization: Organization,
    /// May do everything.
    pub(crate) owner: Caller,
    /// Agrees to payrolls.
    pub(crate) checker: Caller,
    pub(crate) group: String,
    accounts: BTreeMap<String, String>,
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

pub(crate) fn id(of: &Value) -> String {
    text(&of["id"])
}

pub(crate) fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The faults of a refusal, as pointer and code.
#[track_caller]
pub(crate) fn faults(problem: &Value) -> Vec<(String, String)> {
    problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (text(&fault["pointer"]), text(&fault["code"])))
        .collect()
}

impl Company {
    /// With the components of this pack.
    pub(crate) async fn with_pack(pack: &str) -> Self {
        let organization = Organization::new().await;
        let owner = organization.almighty().await;
        owner.post("/v1/accounts/load-template", json!({"template": "general"})).await.is(200);
        let year = json!({"code": "2026", "starts_on": "2026-01-01", "ends_on": "2026-12-31"});
        owner.post("/v1/fiscal-years", year).await.is(201);
        let accounts = owner.get("/v1/accounts?limit=200").await.is(200);
        let accounts = accounts["data"].as_array().unwrap().iter();
        let accounts = accounts.map(|each| (text(&each["code"]), text(&each["id"]))).collect();
        let group = owner
            .post("/v1/pay-groups", json!({"code": "STAFF", "name": "Staff", "pay_day": 10}))
            .await
            .is(201);
        let load = json!({"pay_group_id": id(&group), "pack": pack, "starts_on": "2026-01-01"});
        owner.post("/v1/pay-components/load-pack", load).await.is(200);
        let checker =
            organization.caller(&["payroll-runs:read", "payroll-runs:approve", "approvals:read=own"]).await;
        Self { organization, owner, checker, group: id(&group), accounts }
    }

    #[track_caller]
    pub(crate) fn account(&self, code: &str) -> &str {
        &self.accounts[code]
    }

    /// Somebody who earns so much a month from their first day on.
    pub(crate) async fn hire(&self, name: &str, on: &str, amount: &str) -> String {
        let number = &Uuid::now_v7().simple().to_string()[14..32];
        let person =
            json!({"employee_number": number, "given_name": name, "family_name": "Test", "hired_on": on});
        let employee = id(&self.owner.post("/v1/employees", person).await.is(201));
        self.pay(&employee, on, amount).await;
        employee
    }

    /// So much a month, from a day on.
    pub(crate) async fn pay(&self, employee: &str, on: &str, amount: &str) -> Value {
        let agreed = json!({"employee_id": employee, "effective_on": on, "basis": "monthly", "amount": amount, "pay_group_id": self.group});
        self.owner.post("/v1/compensations", agreed).await.is(201)
    }

    /// A run of this month, calculated.
    pub(crate) async fn calculated(&self, period: &str) -> Value {
        let run = self
            .owner
            .post("/v1/payroll-runs", json!({"pay_group_id": self.group, "period": period}))
            .await
            .is(201);
        self.owner.act(&format!("{}/calculate", path(&run))).await.is(200)
    }

    /// The same, agreed to by the checker.
    pub(crate) async fn approved(&self, period: &str) -> Value {
        let run = self.calculated(period).await;
        self.checker.act(&format!("{}/approve", path(&run))).await.is(200)
    }

    /// The same, in the books on the last day of the month.
    pub(crate) async fn posted(&self, period: &str) -> Value {
        let run = self.approved(period).await;
        self.post(&run).await.is(200)
    }

    pub(crate) async fn post(&self, run: &Value) -> Answer {
        self.owner.post(&format!("{}/post", path(run)), json!({"posted_on": run["ends_on"]})).await
    }

    /// What one gets in a run.
    pub(crate) async fn slip(&self, run: &Value, employee: &str) -> Value {
        let found = format!("/v1/payslips?payroll_run_id={}&employee_id={employee}", id(run));
        let found = self.owner.get(&found).await.is(200);
        assert_eq!(found["data"].as_array().unwrap().len(), 1, "{found}");
        found["data"][0].clone()
    }

    /// Debits less credits of an account.
    pub(crate) async fn balance(&self, code: &str) -> Decimal {
        let sum = "select coalesce(sum(debit - credit), 0)::text from journal_lines where org_id = $1 and account_id = $2::text::uuid";
        let database = service().database().await;
        let row = database.query_one(sum, &[&self.organization.id, &self.account(code)]).await.unwrap();
        dec(&row.get::<_, String>(0)).normalize()
    }

    /// The books are in order, and payslips, ledger and payments agree.
    pub(crate) async fn is_whole(&self) {
        let proof = self.owner.get("/v1/reports/integrity").await.is(200);
        assert_eq!(proof["holds"], true, "{proof}");
        let told = self
            .owner
            .get("/v1/reports/payroll-reconciliation?period_from=2026-01&period_to=2026-12")
            .await
            .is(200);
        for row in told["rows"].as_array().unwrap() {
            assert_eq!(row["cells"].as_array().unwrap().last().unwrap()["value"], "0.00", "{told}");
        }
    }
}

pub(crate) fn path(run: &Value) -> String {
    format!("/v1/payroll-runs/{}", id(run))
}

/// The amount of a component for a month; 0 where there is no line.
pub(crate) fn amount(slip: &Value, component: &str, period: &str) -> Decimal {
    let lines = slip["lines"].as_array().unwrap().iter();
    let own = lines.filter(|line| line["component"] == component && line["period"] == period);
    own.map(|line| dec(line["amount"].as_str().unwrap())).sum::<Decimal>().normalize()
}

/// The amounts of the month that the payslip is for.
pub(crate) fn amounts<const N: usize>(slip: &Value, components: [&str; N]) -> [String; N] {
    let period = text(&slip["period"]);
    components.map(|component| amount(slip, component, &period).to_string())
}
