//! What the contract-wide tests need to know of systems, changes, access and security.
use super::{Room, body, fill, operation, operation_at, perform, row};
use crate::support::{Caller, Organization};
use futures_util::future::FutureExt;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

pub const ROOM: Room = Room {
    references: &[
        ("access_grant_id", "/v1/access-grants"),
        ("access_review_id", "/v1/access-reviews"),
        ("assignee_id", "/v1/employees"),
        ("backup_policy_id", "/v1/backup-policies"),
        ("backup_run_id", "/v1/backup-runs"),
        ("change_id", "/v1/changes"),
        ("checklist_task_id", "/v1/checklist-tasks"),
        ("depends_on_id", "/v1/systems"),
        ("incident_id", "/v1/security-incidents"),
        ("other_system_role_id", "/v1/system-roles"),
        ("owner_id", "/v1/employees"),
        ("reporter_id", "/v1/employees"),
        ("reviewer_id", "/v1/employees"),
        ("system_id", "/v1/systems"),
        ("system_ids", "/v1/systems"),
        ("system_role_id", "/v1/system-roles"),
        ("tested_by_id", "/v1/employees"),
    ],
    dress: |_, operation, body| {
        match operation.id() {
            // One that somebody has to agree to.
            "create_change" | "update_change" => body["kind"] = json!("normal"),
            // With all that can be said of one.
            "create_system" | "update_system" => {
                (body["kind"], body["engine"]) = (json!("database"), json!("PostgreSQL"));
            }
            // Each number once.
            "create_vulnerability" | "update_vulnerability" => {
                let number = Uuid::now_v7().as_u128() % 90_000_000 + 10_000_000;
                body["cve"] = json!(format!("CVE-2026-{number}"));
            }
            _ => {}
        }
        async {}.boxed_local()
    },
    row: |caller, collection| {
        async move {
            match collection {
                // Asked for by somebody else, so that the caller may decide.
                "/v1/access-grants" => {
                    let body = body(caller, &operation("create_access_grant")).await;
                    let maker =
                        Organization { id: caller.organization }.caller(&["access-grants:write"]).await;
                    Some(id(&maker.post(collection, body).await.is(201)))
                }
                "/v1/access-review-items" => {
                    let grant = granted(caller).await;
                    let mut review = body(caller, &operation("create_access_review")).await;
                    // Of its system alone, so that it is the only question.
                    review["system_id"] =
                        caller.get(&format!("/v1/access-grants/{grant}")).await.is(200)["system_id"].clone();
                    let review = id(&caller.post("/v1/access-reviews", review).await.is(201));
                    caller.act(&format!("/v1/access-reviews/{review}/open")).await.is(200);
                    let items =
                        format!("/v1/access-review-items?access_review_id={review}&status=open&sort=-id");
                    Some(id(&caller.get(&items).await.is(200)["data"][0]))
                }
                _ => None,
            }
        }
        .boxed_local()
    },
    ready: |caller, operation| {
        async move {
            let way: &[&str] = match operation.id() {
                "approve_change" | "reject_change" | "revise_change" => &["submit"],
                "schedule_change" | "get_change_calendar" | "get_change_conflicts" => &["submit", "approve"],
                "start_change" => &["submit", "approve", "schedule"],
                "implement_change" | "fail_change" | "roll_back_change" => {
                    &["submit", "approve", "schedule", "start"]
                }
                "review_change" => &["submit", "approve", "schedule", "start", "fail"],
                "close_change" => &["submit", "approve", "schedule", "start", "fail", "review"],
                "complete_change_step" | "fail_change_step" | "skip_change_step" => {
                    let step = row(caller, "/v1/change-steps").await;
                    let change =
                        caller.get(&format!("/v1/change-steps/{step}")).await.is(200)["change_id"].clone();
                    advance(caller, change.as_str().unwrap(), &["submit", "approve", "schedule", "start"])
                        .await;
                    return Some(fill(&operation.path, &step));
                }
                _ => return None,
            };
            let other = Organization { id: caller.organization }.caller(&["changes:write"]).await;
            // Nobody decides on what they wrote or handed in.
            let maker = if way.len() == 1 { &other } else { caller };
            let change = body(caller, &self::operation("create_change")).await;
            let change = id(&maker.post("/v1/changes", change).await.is(201));
            advance(maker, &change, way).await;
            Some(fill(&operation.path, &change))
        }
        .boxed_local()
    },
    // Approving may ask for an approval.
    budget: |operation| match operation {
        "approve_change" => Some(7),
        _ => None,
    },
    furnish: |caller| {
        async move {
            let employee = row(caller, "/v1/employees").await;
            let backup = row(caller, "/v1/backup-runs").await;
            let system = caller.get(&format!("/v1/backup-runs/{backup}")).await.is(200)["system_id"].clone();
            let mut test = body(caller, &operation("create_restore_test")).await;
            (test["system_id"], test["backup_run_id"]) = (system, json!(backup));
            caller.post("/v1/restore-tests", test).await.is(201);
            // An access that an onboarding asks for.
            let item = json!({"title": "Access", "role": "it", "due_days": 0, "request": {"kind": "access", "item": "Payroll"}});
            let template = json!({"name": Uuid::now_v7().to_string(), "kind": "onboarding", "items": [item]});
            let template = caller.post("/v1/checklist-templates", template).await.is(201)["id"].clone();
            let list = json!({"employee_id": employee, "template_id": template, "kind": "onboarding", "day_on": "2099-01-04"});
            let list = id(&caller.post("/v1/checklists", list).await.is(201));
            let tasks = caller.get(&format!("/v1/checklist-tasks?checklist_id={list}")).await.is(200);
            let mut grant = body(caller, &operation("create_access_grant")).await;
            (grant["employee_id"], grant["checklist_task_id"]) = (json!(employee), tasks["data"][0]["id"].clone());
            caller.post("/v1/access-grants", grant).await.is(201);
            row(caller, "/v1/access-review-items").await;
        }
        .boxed_local()
    },
    ..Room::NOTHING
};

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

/// An access that somebody has.
async fn granted(caller: &Caller) -> String {
    let grant = row(caller, "/v1/access-grants").await;
    caller.act(&format!("/v1/access-grants/{grant}/approve")).await.is(200);
    caller.act(&format!("/v1/access-grants/{grant}/grant")).await.is(200);
    grant
}

/// Takes a change the steps of its life. Somebody else agrees to it.
async fn advance(caller: &Caller, change: &str, way: &[&str]) {
    let other = Organization { id: caller.organization }.caller(&["changes:write", "changes:approve"]).await;
    for step in way {
        let path = format!("/v1/changes/{change}/{step}");
        let operation = operation_at(&Method::POST, &format!("/v1/changes/{{id}}/{step}")).unwrap();
        let who = if *step == "approve" { &other } else { caller };
        perform(who, &operation, &path).await.is(200);
    }
}
