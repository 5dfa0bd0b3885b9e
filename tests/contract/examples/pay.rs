//! What the contract-wide tests need to know of pay.
use super::books::{account_of_role, keep_books};
use super::{Room, body, fill, operation, operation_at, row};
use crate::support::{Caller, Operation, Organization};
use futures_util::future::FutureExt;
use serde_json::{Value, json};

pub const ROOM: Room = Room {
    references: &[
        ("counter_account_id", "/v1/accounts"),
        ("from_pay_group_id", "/v1/pay-groups"),
        ("pay_group_id", "/v1/pay-groups"),
        ("payroll_run_id", "/v1/payroll-runs"),
    ],
    body: |caller, operation| whole_body(caller, operation).boxed_local(),
    row: |caller, collection| new_row(caller, collection).boxed_local(),
    ready: |caller, operation| ready_path(caller, operation).boxed_local(),
    furnish: |caller| furnish(caller).boxed_local(),
    // Calculating reads components, what changed, months before, facts, what was paid for them and in the year, claims, and who is left out;
    // then it drops, writes and sums up. Posting reads sums and claims, takes a number, and books by the ledger; taking back books back and sets
    // off what was open.
    budget: |operation| match operation {
        "calculate_payroll_run" => Some(16),
        "post_payroll_run" => Some(15),
        "reverse_payroll_run" => Some(18),
        "create_payroll_run" | "preview_payslip" | "approve_payroll_run" | "load_pay_components" => Some(7),
        // It looks at both groups.
        "copy_pay_components" => Some(8),
        _ => None,
    },
    ..Room::NOTHING
};

async fn whole_body(caller: &Caller, operation: &Operation) -> Option<Value> {
    match operation.id() {
        "create_payroll_input" => {
            let (employee, _) = paid(caller).await;
            Some(
                json!({"employee_id": employee, "period": "2026-03", "component": "BONUS", "amount": "250.00"}),
            )
        }
        "preview_payslip" => {
            let (employee, _) = paid(caller).await;
            Some(json!({"employee_id": employee, "period": "2026-03", "amount": "7000.00"}))
        }
        "copy_pay_components" => {
            let (_, group) = paid(caller).await;
            Some(json!({"pay_group_id": row(caller, "/v1/pay-groups").await, "from_pay_group_id": group}))
        }
        _ => None,
    }
}

/// Somebody who works here since the second of March, and the group that they are paid in, which has what can be booked.
async fn paid(caller: &Caller) -> (String, String) {
    let (employee, group) = (row(caller, "/v1/employees").await, row(caller, "/v1/pay-groups").await);
    let account = row(caller, "/v1/accounts").await;
    let hired = json!({"hired_on": "2026-03-02"});
    caller.patch(&format!("/v1/employees/{employee}"), hired).await.is(200);
    for (code, source) in [("SALARY", "salary"), ("BONUS", "given")] {
        let component = json!({"pay_group_id": group, "code": code, "name": code, "kind": "earning", "method": "fixed", "source": source,
            "account_id": account, "starts_on": "2026-01-01"});
        caller.post("/v1/pay-components", component).await.is(201);
    }
    let agreed = json!({"employee_id": employee, "effective_on": "2026-01-01", "basis": "monthly", "amount": "6500.00", "pay_group_id": group});
    caller.post("/v1/compensations", agreed).await.is(201);
    (employee, group)
}

/// A run that somebody else calculated.
async fn calculated(caller: &Caller) -> String {
    let (_, group) = paid(caller).await;
    keep_books(caller).await;
    account_of_role(caller, "payroll_payable", "liability").await;
    let clerk = Organization { id: caller.organization };
    let clerk = clerk.caller(&["payroll-runs:write", "payroll-runs:run"]).await;
    let made =
        clerk.post("/v1/payroll-runs", json!({"pay_group_id": group, "period": "2026-03"})).await.is(201);
    let run = made["id"].as_str().unwrap().to_owned();
    clerk.act(&format!("/v1/payroll-runs/{run}/calculate")).await.is(200);
    run
}

async fn new_row(caller: &Caller, collection: &str) -> Option<String> {
    match collection {
        "/v1/payslips" => {
            let run = calculated(caller).await;
            let slips = caller.get(&format!("/v1/payslips?payroll_run_id={run}")).await.is(200);
            Some(slips["data"][0]["id"].as_str().unwrap().to_owned())
        }
        "/v1/compensations" => {
            let mut new = body(caller, &operation_at(&reqwest::Method::POST, collection).unwrap()).await;
            new["employee_id"] = json!(row(caller, "/v1/employees").await);
            let made = caller.post(collection, new).await.is(201);
            Some(made["id"].as_str().unwrap().to_owned())
        }
        _ => None,
    }
}

async fn ready_path(caller: &Caller, wanted: &Operation) -> Option<String> {
    let steps: &[&str] = match wanted.id() {
        "approve_payroll_run" => &[],
        "revise_payroll_run" | "post_payroll_run" => &["approve_payroll_run"],
        "reverse_payroll_run" => &["approve_payroll_run", "post_payroll_run"],
        _ => return None,
    };
    let run = calculated(caller).await;
    for step in steps {
        let step = operation(step);
        let path = fill(&step.path, &run);
        match step.id() {
            "post_payroll_run" => caller.post(&path, json!({"posted_on": "2026-03-31"})).await.is(200),
            _ => caller.act(&path).await.is(200),
        };
    }
    Some(fill(&wanted.path, &run))
}

/// As if somebody's pay had changed in a month that was paid, a run had been booked and taken back, and all of it were told apart.
async fn furnish(caller: &Caller) {
    let org = caller.organization;
    let any = |table: &str| format!("(select id from {table} where org_id = '{org}' limit 1)");
    let [account, centre, entry, department] =
        ["accounts", "cost_centres", "journal_entries", "departments"].map(any);
    let furnished = format!(
        "begin; set local session_replication_role = replica;
        insert into pay_changes (org_id, employee_id, since_on) select org_id, id, hired_on from employees where org_id = '{org}' limit 1;
        update pay_components set account_id = {account}, counter_account_id = {account}, cost_centre_id = {centre} where org_id = '{org}';
        update payroll_runs set journal_entry_id = {entry}, reversal_entry_id = {entry} where org_id = '{org}';
        update payslips set department_id = {department} where org_id = '{org}';
        commit"
    );
    crate::support::service().database().await.batch_execute(&furnished).await.unwrap();
}
