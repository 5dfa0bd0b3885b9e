//! What the contract-wide tests need to know of benefits, training and goals.
use super::{Room, body, fill, operation, perform, row};
use crate::support::{Caller, Operation, Organization};
use futures_util::future::FutureExt;
use serde_json::{Value, json};
use uuid::Uuid;

pub const ROOM: Room = Room {
    references: &[
        ("author_id", "/v1/employees"),
        ("benefit_life_event_id", "/v1/benefit-life-events"),
        ("benefit_plan_id", "/v1/benefit-plans"),
        ("course_id", "/v1/courses"),
        ("course_session_id", "/v1/course-sessions"),
        ("dependant_ids", "/v1/dependants"),
        ("employee_ids", "/v1/employees"),
        ("goal_id", "/v1/goals"),
        ("review_cycle_id", "/v1/review-cycles"),
        ("review_id", "/v1/reviews"),
    ],
    body: |caller, operation| own_body(caller, operation).boxed_local(),
    dress: |caller, operation, body| dress(caller, operation, body).boxed_local(),
    row: |caller, collection| own_row(caller, collection).boxed_local(),
    ready: |caller, operation| own_ready(caller, operation).boxed_local(),
    // What somebody does in one place shows in another, where it is counted.
    budget: |operation| {
        let two_places = [
            "calibrate_review",
            "invite_review_colleagues",
            "record_course_session_results",
            "save_review_part",
            "submit_review_part",
        ];
        two_places.contains(&operation).then_some(7)
    },
    furnish: |caller| furnish(caller).boxed_local(),
};

/// Puts something there, and answers its id.
async fn make(caller: &Caller, collection: &str, body: Value) -> String {
    caller.post(collection, body).await.is(201)["id"].as_str().unwrap().to_owned()
}

async fn first(caller: &Caller, list: &str) -> Option<Value> {
    let page = caller.get(list).await.is(200);
    page["data"].as_array().unwrap().first().cloned()
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

async fn own_body(caller: &Caller, operation: &Operation) -> Option<Value> {
    let answers = json!({"answers": [{"question": "quality", "text": "Nothing came back.", "rating": 4}]});
    match operation.id() {
        "save_review_part" | "submit_review_part" => Some(answers),
        // Whoever took the last seat.
        "record_course_session_results" => {
            let list = "/v1/course-enrolments?status=enrolled&sort=-created_at&limit=1";
            if first(caller, list).await.is_none() {
                row(caller, "/v1/course-enrolments").await;
            }
            let employee = first(caller, list).await.unwrap()["employee_id"].clone();
            Some(json!({"results": [{"employee_id": employee, "attended": true, "score": "85"}]}))
        }
        _ => None,
    }
}

async fn dress(caller: &Caller, operation: &Operation, body: &mut Value) {
    match operation.id() {
        // Not of this employee.
        "create_benefit_enrolment" | "update_benefit_enrolment" => {
            body["dependant_ids"] = json!([]);
            // In a window, so that nobody has to say why.
            if let ("create_benefit_enrolment", Some(plan)) =
                (operation.id(), body["benefit_plan_id"].as_str())
            {
                let today = chrono::Utc::now().date_naive();
                let window = json!({"name": Uuid::now_v7(), "benefit_plan_id": plan, "opens_on": today, "closes_on": today,
                    "coverage_starts_on": body["starts_on"]});
                make(caller, "/v1/benefit-windows", window).await;
            }
            if let Some(fields) = body.as_object_mut() {
                fields.remove("benefit_life_event_id");
            }
        }
        "create_goal_check_in" => {
            let goal = body["goal_id"].as_str().unwrap().to_owned();
            caller.act(&format!("/v1/goals/{goal}/activate")).await.is(200);
        }
        _ => {}
    }
}

/// A cycle of a department with one employee and who is above them, each with a part; opened.
async fn open_cycle(caller: &Caller) -> (String, String) {
    let department = row(caller, "/v1/departments").await;
    let manager = row(caller, "/v1/employees").await;
    let employee = row(caller, "/v1/employees").await;
    let place = json!({"department_id": department, "manager_id": manager, "position_id": null});
    caller.patch(&format!("/v1/employees/{employee}"), place).await.is(200);
    let mut cycle = body(caller, &operation("create_review_cycle")).await;
    let question = |part: &str| json!({"key": "quality", "part": part, "text": "How good?", "kind": "rating", "weight": "1", "is_required": true});
    cycle["questions"] = json!([question("self"), question("manager"), question("peer")]);
    cycle["department_id"] = json!(department);
    let cycle = make(caller, "/v1/review-cycles", cycle).await;
    caller.act(&format!("/v1/review-cycles/{cycle}/open")).await.is(200);
    (cycle, employee)
}

async fn review(caller: &Caller) -> Value {
    let (cycle, employee) = open_cycle(caller).await;
    let list = format!("/v1/reviews?review_cycle_id={cycle}&employee_id={employee}");
    first(caller, &list).await.unwrap()
}

async fn part(caller: &Caller, review: &str, part: &str) -> String {
    id(&first(caller, &format!("/v1/review-parts?review_id={review}&part={part}")).await.unwrap())
}

/// A rating that a manager gave, and its cycle.
async fn calibration(caller: &Caller) -> (String, String) {
    let review = review(caller).await;
    let manager = part(caller, review["id"].as_str().unwrap(), "manager").await;
    let submit = operation("submit_review_part");
    perform(caller, &submit, &fill(&submit.path, &manager)).await.is(200);
    let cycle = review["review_cycle_id"].as_str().unwrap();
    let made = first(caller, &format!("/v1/review-calibrations?review_cycle_id={cycle}")).await.unwrap();
    (id(&made), cycle.to_owned())
}

/// Somebody else, so that the caller may decide.
async fn maker(caller: &Caller, permission: &str) -> Caller {
    Organization { id: caller.organization }.caller(&[permission]).await
}

async fn own_row(caller: &Caller, collection: &str) -> Option<String> {
    match collection {
        "/v1/benefit-enrolments" => {
            let enrolment = body(caller, &operation("create_benefit_enrolment")).await;
            Some(make(&maker(caller, "benefit-enrolments:write").await, collection, enrolment).await)
        }
        "/v1/benefit-life-events" => {
            let event = body(caller, &operation("create_benefit_life_event")).await;
            Some(make(&maker(caller, "benefit-life-events:write").await, collection, event).await)
        }
        "/v1/reviews" => Some(id(&review(caller).await)),
        "/v1/review-parts" => {
            let review = id(&review(caller).await);
            Some(part(caller, &review, "self").await)
        }
        "/v1/review-calibrations" => Some(calibration(caller).await.0),
        _ => None,
    }
}

async fn own_ready(caller: &Caller, operation: &Operation) -> Option<String> {
    match operation.id() {
        "record_course_session_results" => {
            let enrolment = row(caller, "/v1/course-enrolments").await;
            let enrolment = caller.get(&format!("/v1/course-enrolments/{enrolment}")).await.is(200);
            Some(fill(&operation.path, enrolment["course_session_id"].as_str().unwrap()))
        }
        "give_course_feedback" => Some(fill(&operation.path, &attended(caller).await)),
        "calibrate_review" => {
            let (calibration, cycle) = calibration(caller).await;
            caller.act(&format!("/v1/review-cycles/{cycle}/calibrate")).await.is(200);
            Some(fill(&operation.path, &calibration))
        }
        "acknowledge_review" => {
            let review = review(caller).await;
            for step in ["calibrate", "share"] {
                let cycle = review["review_cycle_id"].as_str().unwrap();
                caller.act(&format!("/v1/review-cycles/{cycle}/{step}")).await.is(200);
            }
            Some(fill(&operation.path, &id(&review)))
        }
        "decline_review_part" => {
            let review = id(&review(caller).await);
            let peer = json!({"employee_ids": [row(caller, "/v1/employees").await]});
            caller.post(&format!("/v1/reviews/{review}/invite-peers"), peer).await.is(200);
            Some(fill(&operation.path, &part(caller, &review, "peer").await))
        }
        _ => None,
    }
}

/// The enrolment of somebody who attended and passed.
async fn attended(caller: &Caller) -> String {
    let enrolment = row(caller, "/v1/course-enrolments").await;
    let of = caller.get(&format!("/v1/course-enrolments/{enrolment}")).await.is(200);
    let results = json!({"results": [{"employee_id": of["employee_id"], "attended": true, "score": "85"}]});
    let session = of["course_session_id"].as_str().unwrap();
    caller.post(&format!("/v1/course-sessions/{session}/record-results"), results).await.is(200);
    enrolment
}

/// An enrolment in a window and one after an event, with a dependant; a requirement of a position; goals beneath each other; a review with
/// answers and an agreed rating.
async fn furnish(caller: &Caller) {
    let of = async |collection: &str| row(caller, collection).await;
    let today = chrono::Utc::now().date_naive();
    let plan = of("/v1/benefit-plans").await;
    let mut employee = body(caller, &operation("create_employee")).await;
    employee["hired_on"] = json!("2026-01-05");
    let employee = make(caller, "/v1/employees", employee).await;
    let window = json!({"name": Uuid::now_v7(), "benefit_plan_id": plan, "opens_on": today, "closes_on": today, "coverage_starts_on": today});
    make(caller, "/v1/benefit-windows", window).await;
    let mut dependant = body(caller, &operation("create_dependant")).await;
    dependant["employee_id"] = json!(employee);
    dependant["ends_on"] = Value::Null;
    let dependant = make(caller, "/v1/dependants", dependant).await;
    let asked = |event: Option<&str>| json!({"employee_id": employee, "benefit_plan_id": plan, "starts_on": today, "dependant_ids": [dependant], "benefit_life_event_id": event});
    let enrolled = make(caller, "/v1/benefit-enrolments", asked(None)).await;
    caller.act(&format!("/v1/benefit-enrolments/{enrolled}/withdraw")).await.is(200);
    let event = json!({"employee_id": employee, "kind": "birth", "happened_on": today});
    let event =
        make(&maker(caller, "benefit-life-events:write").await, "/v1/benefit-life-events", event).await;
    caller.post(&format!("/v1/benefit-life-events/{event}/accept"), json!({})).await.is(200);
    make(caller, "/v1/benefit-enrolments", asked(Some(&event))).await;
    let (course, department) = (of("/v1/courses").await, of("/v1/departments").await);
    let requirement = json!({"course_id": course, "position_id": of("/v1/positions").await, "department_id": department, "starts_on": today});
    make(caller, "/v1/course-requirements", requirement).await;
    attended(caller).await;
    let goal = |level: &str, more: Value| {
        let mut goal =
            json!({"title": "Walled", "level": level, "starts_on": "2026-01-01", "ends_on": "2026-12-31"});
        goal.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        goal
    };
    let above = make(caller, "/v1/goals", goal("department", json!({"department_id": department}))).await;
    let below =
        make(caller, "/v1/goals", goal("person", json!({"employee_id": employee, "parent_id": above}))).await;
    caller.act(&format!("/v1/goals/{below}/activate")).await.is(200);
    let said = json!({"goal_id": below, "confidence": "on_track"});
    make(caller, "/v1/goal-check-ins", said).await;
    calibration(caller).await;
}
