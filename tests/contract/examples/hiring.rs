//! What the contract-wide tests need to know of hiring.
use super::{Room, body, operation, operation_at, perform, ready, row};
use crate::support::{Caller, Organization, service};
use futures_util::future::FutureExt;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicI64, Ordering};
use uuid::Uuid;

pub const ROOM: Room = Room {
    references: &[
        ("application_id", "/v1/applications"),
        ("candidate_id", "/v1/candidates"),
        ("checklist_id", "/v1/checklists"),
        ("hiring_manager_id", "/v1/employees"),
        ("interview_id", "/v1/interviews"),
        ("interviewer_id", "/v1/employees"),
        ("job_opening_id", "/v1/job-openings"),
        ("panel", "/v1/employees"),
        ("pay_group_id", "/v1/pay-groups"),
        ("referred_by_id", "/v1/employees"),
        ("responsible_id", "/v1/employees"),
        ("stage_id", "/v1/hiring-stages"),
        ("template_id", "/v1/checklist-templates"),
    ],
    body: |caller, operation| {
        async move {
            match operation.id() {
                "create_application" => {
                    let stage = row(caller, "/v1/hiring-stages").await;
                    let candidate = row(caller, "/v1/candidates").await;
                    Some(json!({"candidate_id": candidate, "job_opening_id": open(caller).await, "stage_id": stage, "applied_on": "2026-11-02", "cover_letter": "Here I am."}))
                }
                "create_scorecard" => {
                    Some(json!({"interview_id": own_interview(caller).await, "recommendation": "yes",
                        "ratings": [{"criterion": "Payroll law", "rating": 4}], "strengths": "Explains well."}))
                }
                "create_checklist" => {
                    let (employee, template) =
                        (row(caller, "/v1/employees").await, row(caller, "/v1/checklist-templates").await);
                    Some(json!({"employee_id": employee, "template_id": template, "kind": "onboarding", "day_on": "2026-12-01"}))
                }
                _ => None,
            }
        }
        .boxed_local()
    },
    row: |caller, collection| {
        async move {
            match collection {
                // Made by somebody else, so that the caller may approve it.
                "/v1/job-openings" | "/v1/offers" => {
                    let body = body(caller, &operation_at(&Method::POST, collection).unwrap()).await;
                    let write = format!("{}:write", collection.trim_start_matches("/v1/"));
                    let maker = Organization { id: caller.organization }.caller(&[&write]).await;
                    Some(id(&maker.post(collection, body).await.is(201)))
                }
                "/v1/checklist-tasks" => {
                    let checklist = row(caller, "/v1/checklists").await;
                    let tasks = format!("/v1/checklist-tasks?checklist_id={checklist}");
                    Some(id(&caller.get(&tasks).await.is(200)["data"][0]))
                }
                _ => None,
            }
        }
        .boxed_local()
    },
    // Accepting hires, says what they earn and reads that, and takes the seat; approving may ask for an approval; what the database does with many
    // tables is read again.
    budget: |operation| match operation {
        "accept_offer" => Some(9),
        "anonymize_candidate" | "approve_job_opening" | "approve_offer" | "create_checklist" => Some(7),
        _ => None,
    },
    furnish: |caller| {
        async move {
            let employee = row(caller, "/v1/employees").await;
            let mut opening = body(caller, &operation("create_job_opening")).await;
            opening["hiring_manager_id"] = json!(employee);
            caller.post("/v1/job-openings", opening).await.is(201);
            let mut candidate = body(caller, &operation("create_candidate")).await;
            candidate["referred_by_id"] = json!(employee);
            caller.post("/v1/candidates", candidate).await.is(201);
            let mut offer = body(caller, &operation("create_offer")).await;
            offer["manager_id"] = json!(employee);
            caller.post("/v1/offers", offer).await.is(201);
            let accept = operation("accept_offer");
            let path = ready(caller, &accept).await;
            perform(caller, &accept, &path).await.is(200);
            let mut template = body(caller, &operation("create_checklist_template")).await;
            template["position_id"] = json!(row(caller, "/v1/positions").await);
            caller.post("/v1/checklist-templates", template).await.is(201);
            let task = row(caller, "/v1/checklist-tasks").await;
            let to = json!({"responsible_id": employee});
            caller.post(&format!("/v1/checklist-tasks/{task}/assign"), to).await.is(200);
        }
        .boxed_local()
    },
    ..Room::NOTHING
};

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// An opening to which candidates apply.
async fn open(caller: &Caller) -> String {
    let opening = row(caller, "/v1/job-openings").await;
    let agreeing = Organization { id: caller.organization }
        .caller(&["job-openings:read", "job-openings:approve", "job-openings:write"])
        .await;
    agreeing.act(&format!("/v1/job-openings/{opening}/approve")).await.is(200);
    agreeing.act(&format!("/v1/job-openings/{opening}/open")).await.is(200);
    opening
}

/// The employee that the caller is, who is made one where they are none.
pub async fn employed(caller: &Caller) -> Uuid {
    let database = service().database().await;
    let known = "select employee_id from sessions where org_id = $1 and id = $2";
    let known: Option<Uuid> =
        database.query_one(known, &[&caller.organization, &caller.session]).await.unwrap().get(0);
    if let Some(employee) = known {
        return employee;
    }
    let employee: Uuid = caller.hire("Interviewer", None).await.parse().unwrap();
    for who in [
        "update memberships set employee_id = $2 where org_id = $1 and id = $3",
        "update sessions set employee_id = $2 where org_id = $1 and id = $4",
    ] {
        let (of, is) = if who.contains("$3") { ("$3", caller.membership) } else { ("$4", caller.session) };
        let who = who.replace(of, "$3");
        database.execute(&who, &[&caller.organization, &employee, &is]).await.unwrap();
    }
    employee
}

/// An interview in which the caller asks, who is made an employee where they are none.
async fn own_interview(caller: &Caller) -> String {
    static HOURS: AtomicI64 = AtomicI64::new(0);
    let employee = employed(caller).await;
    // At an hour of its own: nobody is in two interviews at once.
    let hours = chrono::Duration::hours(HOURS.fetch_add(1, Ordering::Relaxed));
    let start = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap() + hours;
    let end = start + chrono::Duration::minutes(50);
    let interview = json!({"application_id": row(caller, "/v1/applications").await, "title": "Own", "kind": "video", "starts_at": start, "ends_at": end, "panel": [employee]});
    id(&caller.post("/v1/interviews", interview).await.is(201))
}
