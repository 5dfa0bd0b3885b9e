//! What the contract-wide tests need to know of the desk: tasks, the service catalogue, knowledge and cases.
use super::books::posted;
use super::hiring::employed;
use super::{Room, body, operation, row};
use crate::support::{Caller, Operation, Organization};
use futures_util::future::FutureExt;
use serde_json::{Value, json};
use uuid::Uuid;

pub const ROOM: Room = Room {
    references: &[
        ("approver_role_id", "/v1/roles"),
        ("article_id", "/v1/articles"),
        ("assignee_id", "/v1/employees"),
        ("case_id", "/v1/cases"),
        ("for_employee_id", "/v1/employees"),
        ("owner_id", "/v1/employees"),
        ("predecessor_id", "/v1/tasks"),
        ("recurring_task_id", "/v1/recurring-tasks"),
        ("requester_id", "/v1/employees"),
        ("service_id", "/v1/services"),
        ("task_id", "/v1/tasks"),
    ],
    body: |caller, operation| {
        async move {
            match operation.id() {
                // Of a service without tasks, so that it can be completed.
                "create_service_request" => {
                    let form = json!({"type": "object", "properties": {"item": {"type": "string", "maxLength": 200}}});
                    let service = json!({"name": unique(), "form": form});
                    let service = id(&caller.post("/v1/services", service).await.is(201));
                    Some(json!({"service_id": service, "answers": {"item": "Laptop, 14 inch"}, "note": "The old one is broken.", "needed_on": "2026-12-14"}))
                }
                // One edition is written at a time: the first was published.
                "create_article_edition" => Some(edition_of(&published(caller).await)),
                _ => None,
            }
        }
        .boxed_local()
    },
    dress: |_, operation, body| {
        async move {
            match operation.id() {
                // What `resource_id` refers to here.
                "create_task" | "open_case" => body["resource"] = json!("positions"),
                // Checklists ask one service alone.
                "create_service" | "update_service" => body["onboarding"] = Value::Null,
                // Made for the customer, and no credit note, which takes an invoice back.
                "create_case_decision" => body["decision"] = json!("apology"),
                _ => {}
            }
        }
        .boxed_local()
    },
    row: |caller, collection| {
        async move {
            match collection {
                "/v1/case-files" => {
                    let case = row(caller, "/v1/cases").await;
                    let files = caller.get(&format!("{collection}?case_id={case}")).await.is(200);
                    Some(id(&files["data"][0]))
                }
                // Made by somebody else, so that the caller may approve it.
                "/v1/case-decisions" => {
                    let body = body(caller, &operation("create_case_decision")).await;
                    let maker = other(caller, &["case-decisions:write"]).await;
                    Some(id(&maker.post(collection, body).await.is(201)))
                }
                "/v1/article-editions" => {
                    let edition = edition_of(&published(caller).await);
                    Some(id(&caller.post(collection, edition).await.is(201)))
                }
                _ => None,
            }
        }
        .boxed_local()
    },
    ready: |caller, operation| ready(caller, operation).boxed_local(),
    // Links and who sees what are looked up; a decision may ask for an approval and make a credit note.
    budget: |operation| match operation {
        "approve_case_decision" => Some(8),
        "create_case_decision" | "create_service_request" => Some(7),
        _ => None,
    },
    furnish: |caller| furnish(caller).boxed_local(),
};

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

fn unique() -> String {
    format!("x{}", &Uuid::now_v7().simple().to_string()[14..32])
}

async fn other(caller: &Caller, permissions: &[&str]) -> Caller {
    Organization { id: caller.organization }.caller(permissions).await
}

fn edition_of(article: &str) -> Value {
    json!({"article_id": article, "title": "How to reach the network from home", "summary": "Install the client.", "body": "1. Install the new client.", "note": "Another name"})
}

/// The path of the first edition of a new article of the caller's, handed in by somebody else.
async fn submitted(maker: &Caller) -> (String, String) {
    let article = json!({"title": unique(), "body": "1. Install the client."});
    let article = id(&maker.post("/v1/articles", article).await.is(201));
    let editions = maker.get(&format!("/v1/article-editions?article_id={article}")).await.is(200);
    let edition = id(&editions["data"][0]);
    maker.act(&format!("/v1/article-editions/{edition}/submit")).await.is(200);
    (article, edition)
}

/// An article that is read.
async fn published(caller: &Caller) -> String {
    const ALL: [&str; 5] = [
        "articles:read",
        "articles:write",
        "article-editions:read",
        "article-editions:write",
        "article-editions:approve",
    ];
    let (maker, chief) = (other(caller, &ALL).await, other(caller, &ALL).await);
    let (article, edition) = submitted(&maker).await;
    chief.act(&format!("/v1/article-editions/{edition}/publish")).await.is(200);
    article
}

async fn ready(caller: &Caller, operation: &Operation) -> Option<String> {
    let task = async |fields: Value| {
        let mut task = json!({"title": "Prepare the visit", "due_on": "2026-12-11"});
        task.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        id(&caller.post("/v1/tasks", task).await.is(201))
    };
    let ready = match operation.id() {
        "take_task" => {
            employed(caller).await;
            task(json!({})).await
        }
        "accept_task_delegation" | "decline_task_delegation" => {
            let me = employed(caller).await;
            let task = task(json!({})).await;
            caller.post(&format!("/v1/tasks/{task}/delegate"), json!({"employee_id": me})).await.is(200);
            task
        }
        "publish_article_edition" => {
            let maker =
                ["articles:read", "articles:write", "article-editions:read", "article-editions:write"];
            submitted(&other(caller, &maker).await).await.1
        }
        "archive_article" | "restore_article" => {
            let article = published(caller).await;
            if operation.id() == "restore_article" {
                caller.act(&format!("/v1/articles/{article}/archive")).await.is(200);
            }
            article
        }
        _ => return None,
    };
    Some(super::fill(&operation.path, &ready))
}

/// Each to the last column: tasks of every kind, a service that a role approves and one that checklists ask, an article for a department, a case that ends in
/// a credit note.
async fn furnish(caller: &Caller) {
    let of = async |collection: &str| row(caller, collection).await;
    let (employee, role, department) =
        (of("/v1/employees").await, of("/v1/roles").await, of("/v1/departments").await);
    let every_day = json!({"title": "Walled", "assignee_id": employee, "every": "day", "starts_on": chrono::Utc::now().date_naive()});
    caller.post("/v1/recurring-tasks", every_day).await.is(201);
    let of_role = json!({"title": "Walled", "role_id": role, "every": "year", "starts_on": "2199-01-01"});
    caller.post("/v1/recurring-tasks", of_role).await.is(201);
    let task = json!({"title": "Walled", "due_on": "2026-12-11", "role_id": role, "resource": "departments", "resource_id": department});
    let task = id(&caller.post("/v1/tasks", task).await.is(201));
    caller.post(&format!("/v1/tasks/{task}/delegate"), json!({"employee_id": employee})).await.is(200);
    let form = json!({"type": "object"});
    let service = json!({"name": "Walled", "form": form, "department_id": department, "approval": "role", "approver_role_id": role});
    caller.post("/v1/services", service).await.is(201);
    let form = json!({"type": "object", "properties": {"item": {"type": "string"}}});
    caller
        .post("/v1/services", json!({"name": "Walled things", "form": form, "onboarding": "asset"}))
        .await
        .is(201);
    let item = json!({"title": "Laptop", "role": "it", "due_days": 0, "request": {"kind": "asset", "item": "Laptop"}});
    let template = json!({"name": "Walled things", "kind": "onboarding", "items": [item]});
    let template = id(&caller.post("/v1/checklist-templates", template).await.is(201));
    let list = json!({"employee_id": employee, "template_id": template, "kind": "onboarding", "day_on": "2026-12-17"});
    caller.post("/v1/checklists", list).await.is(201);
    let article =
        json!({"title": "Walled", "body": "Walled", "audience": "department", "department_id": department});
    caller.post("/v1/articles", article).await.is(201);
    let invoice = posted(caller, "/v1/invoices").await;
    let party = caller.get(&format!("/v1/invoices/{invoice}")).await.is(200)["party_id"].clone();
    let mut case = body(caller, &operation("open_case")).await;
    case["party_id"] = party;
    let case = id(&caller.post("/v1/cases", case).await.is(201));
    caller.post(&format!("/v1/cases/{case}/assign"), json!({"owner_id": employee})).await.is(200);
    let decision = json!({"case_id": case, "decision": "credit_note", "reason": "Walled", "amount": "100000000.00", "invoice_id": invoice, "issued_on": "2026-03-31"});
    let maker = other(caller, &["case-decisions:write"]).await;
    let decision = id(&maker.post("/v1/case-decisions", decision).await.is(201));
    caller.act(&format!("/v1/case-decisions/{decision}/approve")).await.is(200);
}
