//! Working time, as stories over HTTP: leave and what of it is left, who is away, weeks and their overtime. Figures are worked out beside.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod absences;
mod accruing;
mod deciding;
mod leave;
mod recounting;
mod timesheets;

use rust_decimal::Decimal;
use serde_json::{Value, json};
use support::{Caller, Organization, service};
use uuid::Uuid;

/// Ana and Ben report to Mira, who reports to Zoe; Dan reports to Zoe, too. All have been here since 2020, and hold what every employee does.
struct Company {
    firm: Organization,
    owner: Caller,
    /// Who keeps the files of people.
    hr: Caller,
    ana: Caller,
    ana_id: String,
    ben: Caller,
    ben_id: String,
    mira: Caller,
    mira_id: String,
    dan: Caller,
}

const EVERYBODY: &[&str] = &[
    "absences:read=own",
    "approval-delegations:read=own",
    "approval-delegations:write=own",
    "calendar-feeds:read=own",
    "calendar-feeds:write=own",
    "files:read=own",
    "files:write=own",
    "leave-entitlements:read=own",
    "leave-requests:approve=own",
    "leave-requests:read=own",
    "leave-requests:write=own",
    "leave-types:read",
    "timesheet-entries:read=own",
    "timesheet-entries:write=own",
    "timesheets:approve=own",
    "timesheets:read=own",
    "timesheets:write=own",
];

/// What somebody holds who leads a team, beside that.
const LEADER: &[&str] = &[
    "absences:read=team",
    "leave-entitlements:read=team",
    "leave-requests:approve=team",
    "leave-requests:read=team",
    "timesheet-entries:read=team",
    "timesheets:approve=team",
    "timesheets:read=team",
];

const KEEPER: &[&str] = &[
    "absences:read",
    "employees:read",
    "leave-entitlements:read",
    "leave-entitlements:write",
    "leave-requests:approve",
    "leave-requests:read",
    "leave-requests:write",
    "timesheet-entries:read",
    "timesheet-entries:write",
    "timesheets:approve",
    "timesheets:read",
    "timesheets:write",
];

impl Company {
    async fn new() -> Self {
        let firm = Organization::new().await;
        let owner = firm.owner().await;
        let zoe_id = hire(&owner, "Zoe", "2020-01-01", None).await;
        let mira_id = hire(&owner, "Mira", "2020-01-01", Some(&zoe_id)).await;
        let ana_id = hire(&owner, "Ana", "2020-01-01", Some(&mira_id)).await;
        let ben_id = hire(&owner, "Ben", "2020-01-01", Some(&mira_id)).await;
        let dan_id = hire(&owner, "Dan", "2020-01-01", Some(&zoe_id)).await;
        let named =
            |held: &&&str| LEADER.iter().any(|wider| wider.split('=').next() == held.split('=').next());
        let leader =
            [EVERYBODY.iter().filter(|held| !named(held)).copied().collect(), LEADER.to_vec()].concat();
        Self {
            hr: firm.caller(KEEPER).await,
            ana: firm.employee(&ana_id, EVERYBODY).await,
            ben: firm.employee(&ben_id, EVERYBODY).await,
            mira: firm.employee(&mira_id, &leader).await,
            dan: firm.employee(&dan_id, EVERYBODY).await,
            ana_id,
            ben_id,
            mira_id,
            firm,
            owner,
        }
    }

    /// A kind of leave with these fields.
    async fn leave_type(&self, fields: Value) -> String {
        let code = format!("L{}", &Uuid::now_v7().simple().to_string().to_uppercase()[20..32]);
        let mut kind = json!({"code": code, "name": "Leave"});
        kind.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        id(&self.owner.post("/v1/leave-types", kind).await.is(201))
    }

    /// Adds these days to what the employee has from the day on.
    async fn grant(&self, employee: &str, kind: &str, days: &str, on: &str) {
        let entry = json!({"employee_id": employee, "leave_type_id": kind, "days": days, "effective_on": on, "reason": "Granted"});
        self.hr.post("/v1/leave-entitlements", entry).await.is(201);
    }

    /// Lets leave grow up to the day.
    async fn grow(&self, through: &str) {
        self.hr.post("/v1/leave-entitlements/accrue", json!({"through_on": through})).await.is(200);
    }

    /// What the employee has of the leave on the day: by entries that are there, and with what will have grown and gone.
    async fn balance(&self, employee: &str, kind: &str, on: &str) -> (Decimal, Decimal) {
        let path = format!("/v1/leave-balances?on={on}&employee_id={employee}&leave_type_id={kind}");
        let told = self.hr.get(&path).await.is(200);
        let balance = &told["balances"][0];
        (decimal(&balance["recorded_days"]), decimal(&balance["days"]))
    }

    /// A request of Ana's, a draft.
    async fn ask(&self, kind: &str, starts_on: &str, ends_on: &str) -> Value {
        let asked = json!({"leave_type_id": kind, "starts_on": starts_on, "ends_on": ends_on});
        self.ana.post("/v1/leave-requests", asked).await.is(201)
    }

    /// The same, handed in.
    async fn submitted(&self, kind: &str, starts_on: &str, ends_on: &str) -> String {
        let path = request(&self.ask(kind, starts_on, ends_on).await);
        self.ana.act(&format!("{path}/submit")).await.is(200);
        path
    }

    /// The same, and Mira said yes.
    async fn taken(&self, kind: &str, starts_on: &str, ends_on: &str) -> Value {
        let path = self.submitted(kind, starts_on, ends_on).await;
        self.mira.act(&format!("{path}/approve")).await.is(200)
    }

    /// The first columns of what the database answers in this organization, as its owner, all as text.
    async fn found(&self, sql: &str) -> Vec<Vec<String>> {
        let database = service().database().await;
        let enter =
            "select set_config('app.org_id', $1::uuid::text, false), set_config('app.reach', 'org:', false)";
        database.execute(enter, &[&self.firm.id]).await.unwrap();
        let rows = database.query(sql, &[]).await.unwrap();
        rows.iter()
            .map(|row| {
                (0..row.len()).map(|at| row.get::<_, Option<String>>(at).unwrap_or_default()).collect()
            })
            .collect()
    }
}

/// A new employee's id, hired on the day.
async fn hire(caller: &Caller, given_name: &str, on: &str, manager: Option<&str>) -> String {
    let number = &Uuid::now_v7().simple().to_string()[14..32];
    let body = json!({"employee_number": number, "given_name": given_name, "family_name": "Test", "manager_id": manager, "hired_on": on});
    id(&caller.post("/v1/employees", body).await.is(201))
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

fn request(leave: &Value) -> String {
    format!("/v1/leave-requests/{}", id(leave))
}

fn decimal(value: &Value) -> Decimal {
    value.as_str().unwrap().parse().unwrap()
}

fn days(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The first fault of a problem: its place and its code.
fn fault(problem: &Value) -> (&str, &str) {
    let fault = &problem["errors"][0];
    (fault["pointer"].as_str().or(fault["parameter"].as_str()).unwrap(), fault["code"].as_str().unwrap())
}
