//! From the opening to the first day and to the last, as stories over HTTP.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod candidates;
mod checklists;
mod interviews;
mod offers;
mod openings;
mod scorecards;

use chrono::{Days, NaiveDate, Utc};
use serde_json::{Value, json};
use support::{Caller, Organization};
use uuid::Uuid;

/// The id of what was answered.
fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// The places and codes of all faults of a problem.
fn faults(problem: &Value) -> Vec<(&str, &str)> {
    let faults = problem["errors"].as_array().unwrap().iter();
    faults.map(|fault| (fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap())).collect()
}

/// So many days from today.
fn day(from_today: i64) -> NaiveDate {
    Utc::now().date_naive() + chrono::Duration::days(from_today)
}

/// Something short that nobody else has.
fn unique() -> String {
    Uuid::now_v7().simple().to_string()[14..32].to_owned()
}

/// Those who hire: one writes, another one agrees.
struct Hiring {
    org: Organization,
    hr: Caller,
    boss: Caller,
}

impl Hiring {
    async fn new() -> Self {
        let org = Organization::new().await;
        let (hr, boss) = (org.owner().await, org.owner().await);
        Self { org, hr, boss }
    }

    /// A position for so many.
    async fn position(&self, headcount: u32) -> String {
        let department = self.hr.department("Finance", None).await;
        let position =
            json!({"title": unique(), "department_id": department, "approved_headcount": headcount});
        id(&self.hr.post("/v1/positions", position).await.is(201))
    }

    /// A draft of an opening.
    async fn draft(&self, position: &str, seats: u32) -> String {
        let opening = json!({"title": "Payroll accountant", "position_id": position, "seats": seats});
        id(&self.hr.post("/v1/job-openings", opening).await.is(201))
    }

    /// An opening that takes applications.
    async fn open(&self, position: &str, seats: u32) -> String {
        let opening = self.draft(position, seats).await;
        self.boss.act(&format!("/v1/job-openings/{opening}/approve")).await.is(200);
        self.hr.act(&format!("/v1/job-openings/{opening}/open")).await.is(200);
        opening
    }

    async fn stage(&self, name: &str, place: u32) -> String {
        id(&self.hr.post("/v1/hiring-stages", json!({"name": name, "place": place})).await.is(201))
    }

    async fn candidate(&self, given_name: &str) -> String {
        let candidate = json!({"given_name": given_name, "family_name": "Radu", "email": format!("{}@mail.example", unique()),
            "phone": "+40 21 555 0100", "notes": "Met at a fair.", "source": "referral", "consent_ends_on": day(365)});
        id(&self.hr.post("/v1/candidates", candidate).await.is(201))
    }

    /// Somebody who applies; the organization has a stage.
    async fn apply(&self, candidate: &str, opening: &str) -> String {
        if self.hr.get("/v1/hiring-stages").await.is(200)["data"] == json!([]) {
            self.stage("Screening", 10).await;
        }
        let application =
            json!({"candidate_id": candidate, "job_opening_id": opening, "cover_letter": "Dear all"});
        id(&self.hr.post("/v1/applications", application).await.is(201))
    }

    /// An interview in so many hours, of one hour.
    async fn interview(&self, application: &str, panel: &[&str], hours: i64) -> support::Answer {
        let start = Utc::now() + Days::new(7) + chrono::Duration::hours(hours);
        let end = start + chrono::Duration::hours(1);
        let interview = json!({"application_id": application, "title": "Technical interview", "kind": "on_site", "starts_at": start, "ends_at": end, "place": "Room 3; left", "panel": panel});
        self.hr.post("/v1/interviews", interview).await
    }

    async fn pay_group(&self) -> String {
        let group = json!({"code": unique().to_uppercase(), "name": "Staff", "pay_day": 10});
        id(&self.hr.post("/v1/pay-groups", group).await.is(201))
    }

    /// An offer that is with the candidate.
    async fn sent(&self, application: &str, fields: Value) -> String {
        let mut offer = json!({"application_id": application, "starts_on": day(30), "pay_basis": "monthly", "pay_amount": "9500.00",
            "pay_group_id": self.pay_group().await, "expires_on": day(10), "country": "RO", "message": "Welcome"});
        offer.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let offer = id(&self.hr.post("/v1/offers", offer).await.is(201));
        self.boss.act(&format!("/v1/offers/{offer}/approve")).await.is(200);
        self.hr.act(&format!("/v1/offers/{offer}/send")).await.is(200);
        offer
    }
}
