//! What the contract-wide tests need to know of working time.
use super::{Room, fill, row};
use crate::support::{Caller, Operation, Organization};
use futures_util::future::{FutureExt, LocalBoxFuture};
use serde_json::{Value, json};

pub const ROOM: Room = Room {
    references: &[
        ("calendar_id", "/v1/work-calendars"),
        ("leave_request_id", "/v1/leave-requests"),
        ("leave_type_id", "/v1/leave-types"),
        ("pattern_id", "/v1/working-patterns"),
        ("timesheet_id", "/v1/timesheets"),
    ],
    dress: |caller, operation, body| dress(caller, operation, body).boxed_local(),
    row: |caller, collection| new_row(caller, collection).boxed_local(),
    ready: |caller, operation| ready(caller, operation).boxed_local(),
    budget: |operation| match operation {
        // The holidays are added, then read; a policy may ask for an approval.
        "load_public_holidays_of_a_year" | "approve_leave_request" | "approve_timesheet" => Some(7),
        _ => None,
    },
    furnish: |caller| furnish(caller).boxed_local(),
    ..Room::NOTHING
};

async fn dress(caller: &Caller, operation: &Operation, body: &mut Value) {
    // Something that has grown since.
    if operation.id() == "accrue_leave" {
        caller.hire("Timed", None).await;
        let code = format!("L{}", &uuid::Uuid::now_v7().simple().to_string().to_uppercase()[20..32]);
        let grows = json!({"code": code, "name": "Growing", "accrual": "monthly", "days_per_year": "12", "accrues_from_on": "2026-01-01"});
        caller.post("/v1/leave-types", grows).await.is(201);
    }
    // Somebody who works here on the days of the examples.
    if ["create_leave_request", "create_timesheet", "create_timesheet_entry"].contains(&operation.id()) {
        body["employee_id"] = json!(caller.hire("Timed", None).await);
    }
}

async fn somebody_else(caller: &Caller) -> Caller {
    let permissions = [
        "leave-requests:write",
        "timesheets:write",
        "timesheet-entries:write",
        "leave-requests:approve",
        "timesheets:approve",
    ];
    Organization { id: caller.organization }.caller(&permissions).await
}

async fn new_row(caller: &Caller, collection: &str) -> Option<String> {
    let made = match collection {
        // Made by somebody else, so that the caller may approve it.
        "/v1/leave-requests" => {
            let create = super::operation("create_leave_request");
            let body = super::body(caller, &create).await;
            somebody_else(caller).await.post(collection, body).await.is(201)
        }
        "/v1/timesheets" => {
            let employee = caller.hire("Timed", None).await;
            let empty = json!({"employee_id": employee, "week_starts_on": "2026-03-02"});
            caller.post(collection, empty).await.is(201)
        }
        _ => return None,
    };
    Some(made["id"].as_str().unwrap().to_owned())
}

/// The id of a week of somebody's own, with an entry.
async fn worked_week(caller: &Caller) -> String {
    let employee = caller.hire("Timed", None).await;
    let worked = json!({"employee_id": employee, "worked_on": "2026-03-03", "hours": "10"});
    let entry = caller.post("/v1/timesheet-entries", worked).await.is(201);
    entry["timesheet_id"].as_str().unwrap().to_owned()
}

fn ready<'a>(caller: &'a Caller, operation: &'a Operation) -> LocalBoxFuture<'a, Option<String>> {
    async move {
        let (collection, id) = match operation.id() {
            "approve_leave_request" | "reject_leave_request" => {
                ("/v1/leave-requests", row(caller, "/v1/leave-requests").await)
            }
            "submit_timesheet" | "withdraw_timesheet" | "approve_timesheet" | "reject_timesheet"
            | "reopen_timesheet" => ("/v1/timesheets", worked_week(caller).await),
            _ => return None,
        };
        if operation.id() != "submit_timesheet" {
            // Who hands something in does not approve it.
            somebody_else(caller).await.act(&format!("{collection}/{id}/submit")).await.is(200);
        }
        if operation.id() == "reopen_timesheet" {
            caller.act(&format!("{collection}/{id}/approve")).await.is(200);
        }
        Some(fill(&operation.path, &id))
    }
    .boxed_local()
}

/// Leave that was agreed to, and a week with overtime on a project, so that each table has a row with all that it refers to.
async fn furnish(caller: &Caller) {
    let week = json!({"monday": "8", "tuesday": "8", "wednesday": "8", "thursday": "8", "friday": "8", "saturday": "0", "sunday": "0"});
    let rules = json!([{"per": "day", "over": "8", "multiplier": "1.5"}]);
    let pattern = json!({"code": "WALLED", "name": "Walled", "weeks": [week], "overtime": rules});
    let pattern = caller.post("/v1/working-patterns", pattern).await.is(201);
    let employee = caller.hire("Timed", None).await;
    let calendar = row(caller, "/v1/work-calendars").await;
    let schedule = json!({"employee_id": employee, "starts_on": "2026-03-02", "pattern_id": pattern["id"], "calendar_id": calendar});
    caller.post("/v1/work-schedules", schedule).await.is(201);
    let project = row(caller, "/v1/projects").await;
    let worked =
        json!({"employee_id": employee, "worked_on": "2026-03-03", "hours": "10", "project_id": project});
    caller.post("/v1/timesheet-entries", worked).await.is(201);
    let approve = super::operation("approve_leave_request");
    let path = super::ready(caller, &approve).await;
    caller.act(&path).await.is(200);
}
