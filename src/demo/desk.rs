//! What is on the desk of the demo company, over the API: what can be asked for, what is known, tasks, and cases of customers that the front office could not
//! solve, some answered when it was promised and some not.
use super::books::pick;
use super::clerk::{Clerk, text};
use crate::Done;
use chrono::{Days, NaiveDate};
use serde_json::{Value, json};

/// The first day of the quarter that is told of.
const BEGIN: NaiveDate = NaiveDate::from_ymd_opt(2025, 10, 1).expect("a day");

/// What can be asked for: under what, who approves, what is done.
const SERVICES: &[(&str, &str, &str, &[&str])] = &[
    ("A laptop", "Equipment", "manager", &["Order the laptop", "Set up the laptop"]),
    ("A phone", "Equipment", "manager", &["Hand over a phone"]),
    ("A screen", "Equipment", "none", &["Put up the screen"]),
    ("Access to a shared folder", "Access", "manager", &["Ask the owner of the folder", "Grant access"]),
    ("A new mailing list", "Access", "none", &["Set up the list"]),
    ("A meeting room with a beamer", "Rooms", "none", &["Book the room"]),
    ("Business cards", "Rooms", "none", &[]),
];

/// What is known: under what, in a sentence, at length.
const ARTICLES: &[(&str, &str, &str, &str)] = &[
    (
        "How to reach the network from home",
        "Network",
        "Install the client and sign in.",
        "1. Ask for the client in the catalogue.\n2. Sign in as you do at work.\n3. Choose the profile of your office.",
    ),
    (
        "The printer does not print",
        "Equipment",
        "Paper, then network, then the desk.",
        "Look for paper first. If its light is orange, it has lost the network: switch it off and on.",
    ),
    (
        "A password is forgotten",
        "Access",
        "Reset it yourself.",
        "Choose *forgotten password* where you sign in. The link holds for half an hour.",
    ),
    (
        "What to do about a suspicious mail",
        "Security",
        "Do not answer, report.",
        "Do not follow links. Forward the mail as an attachment to the desk, and delete it.",
    ),
    (
        "A customer is charged twice",
        "Customers",
        "Open a case, promise two days.",
        "Look up both invoices first. Open a case with the invoice that is wrong, and promise an answer within two days.",
    ),
    (
        "How to book a meeting room",
        "Rooms",
        "In the catalogue, a day ahead.",
        "Rooms are asked for in the catalogue. For more than ten people, ask a week ahead.",
    ),
];

const TASKS: &[(&str, &str)] = &[
    ("Prepare the visit of the auditors", "high"),
    ("Collect the contracts of last year", "normal"),
    ("Order chairs for the second floor", "low"),
    ("Test the backup of the ledger", "urgent"),
    ("Write the handbook for new colleagues", "normal"),
    ("Compare offers for cleaning", "low"),
    ("Plan the move of the archive", "normal"),
    ("Renew the certificates of the web shop", "urgent"),
];

/// What customers complain of: what they want, why it came to that, and what is done.
const COMPLAINTS: &[(&str, &str, &str, &str)] = &[
    ("Charged for a service that was cancelled", "The charge back", "billing", "apology"),
    ("The engineer came a week late", "A discount", "delivery", "apology"),
    ("One machine of two does not run", "Another machine", "product", "replacement"),
    ("Nobody called back", "An answer", "communication", "apology"),
    ("They were promised a price that nobody knows of", "That price", "promise", "none"),
];

/// Fills the desk where the books have invoices to complain of.
pub async fn keep(base: &str, domain: &str, password: &str) -> Done {
    let sign_in = async |role: &str| Clerk::sign_in(base, &format!("{role}@{domain}"), password).await;
    let (it, support) = (sign_in("it-manager").await?, sign_in("it-support").await?);
    offer_services(&it).await?;
    write_articles(&support, &it).await?;
    give_tasks(&it).await?;
    let (front, manager) = (sign_in("front-office").await?, sign_in("operations-manager").await?);
    take_complaints(&front, &manager).await
}

async fn offer_services(it: &Clerk) -> Done {
    let roles = it.ids("/v1/roles", "name").await?;
    for (name, category, approval, tasks) in SERVICES {
        let tasks: Vec<Value> = tasks
            .iter()
            .zip(1..)
            .map(|(title, place)| json!({"title": title, "role_id": roles.get("it_support"), "due_days": 2 * place, "effort_hours": "0.5"}))
            .collect();
        let form = json!({"type": "object", "required": ["item"], "properties": {
            "item": {"type": "string", "title": "Which one?", "maxLength": 200},
            "why": {"type": "string", "title": "What for?", "maxLength": 1000}}});
        let service =
            json!({"name": name, "category": category, "approval": approval, "form": form, "tasks": tasks});
        let service = it.post(&format!("service {name}"), "/v1/services", &service).await?;
        if *approval == "none" {
            let request =
                json!({"service_id": service["id"], "answers": {"item": format!("{name}, as usual")}});
            it.post(&format!("request {name}"), "/v1/service-requests", &request).await?;
        }
    }
    Ok(())
}

async fn write_articles(writer: &Clerk, chief: &Clerk) -> Done {
    for (title, category, summary, body) in ARTICLES {
        let audience = if *category == "Customers" { "front_office" } else { "staff" };
        let article = json!({"title": title, "category": category, "summary": summary, "body": body, "audience": audience});
        let article = writer.post(&format!("article {title}"), "/v1/articles", &article).await?;
        let editions =
            writer.get(&format!("/v1/article-editions?article_id={}", text(&article["id"]))).await?;
        let edition = &editions["data"][0];
        writer.act(&format!("article {title}"), "article-editions", edition, "submit").await?;
        chief.act(&format!("article {title}"), "article-editions", edition, "publish").await?;
    }
    Ok(())
}

async fn give_tasks(it: &Clerk) -> Done {
    let employees = it.get("/v1/employees?status=active&sort=employee_number&limit=40").await?;
    let mut before: Option<Value> = None;
    for number in 0..40 {
        let (title, priority) = TASKS[usize::try_from(number)? % TASKS.len()];
        let key = format!("task {number}");
        let due = BEGIN + Days::new(7 * number + pick(7, 0, number, 7));
        let assignee = &employees["data"][usize::try_from(pick(8, 0, number, 40))?]["id"];
        let effort = format!("{}.5", pick(9, 0, number, 12));
        let task = json!({"title": title, "priority": priority, "due_on": due, "assignee_id": assignee, "effort_hours": effort});
        let task = it.post(&key, "/v1/tasks", &task).await?;
        if let (Some(before), 0) = (&before, number % 5) {
            let dependency = json!({"task_id": task["id"], "predecessor_id": before["id"]});
            it.post(&format!("dependency {number}"), "/v1/task-dependencies", &dependency).await?;
        } else if number < 12 {
            let done = format!("/v1/tasks/{}/complete", text(&task["id"]));
            it.post(&format!("{key} complete"), &done, &json!({"outcome": "Done as planned"})).await?;
        }
        before = Some(task);
    }
    Ok(())
}

async fn take_complaints(front: &Clerk, manager: &Clerk) -> Done {
    let invoices = front.get("/v1/invoices?issued_on_from=2025-10-01&sort=issued_on&limit=100").await?;
    let invoices: Vec<&Value> =
        invoices["data"].as_array().into_iter().flatten().filter(|each| !each["number"].is_null()).collect();
    let employees = manager.get("/v1/employees?status=active&sort=employee_number&limit=10").await?;
    for number in 0..20_u64 {
        let Some(invoice) = invoices.get(usize::try_from(3 * number)? % invoices.len().max(1)) else { break };
        let (subject, wanted, root, decision) = COMPLAINTS[usize::try_from(number)? % COMPLAINTS.len()];
        let key = format!("case {number}");
        // What was promised for a day that is over was not kept.
        let due = if number % 4 == 0 { "2025-12-12T16:00:00Z" } else { "2199-12-31T16:00:00Z" };
        let case = json!({"party_id": invoice["party_id"], "subject": subject, "happened": format!("{subject}: invoice {}.", text(&invoice["number"])),
            "promised": "That somebody looks into it", "wanted": wanted, "value_at_risk": format!("{}00.00", 5 + pick(5, 0, number, 200)), "currency": "EUR",
            "resource": "invoices", "resource_id": invoice["id"], "due_at": due});
        let case = front.post(&key, "/v1/cases", &case).await?;
        let path = format!("/v1/cases/{}", text(&case["id"]));
        if number >= 17 {
            continue;
        }
        let owner = json!({"owner_id": employees["data"][usize::try_from(pick(6, 0, number, 10))?]["id"]});
        manager.post(&format!("{key} assign"), &format!("{path}/assign"), &owner).await?;
        let step = json!({"case_id": case["id"], "kind": "call", "note": "Talked to the customer and to those who were there."});
        manager.post(&format!("{key} step"), "/v1/case-steps", &step).await?;
        let decided =
            json!({"case_id": case["id"], "decision": decision, "reason": subject, "amount": "250.00"});
        manager.post(&format!("{key} decision"), "/v1/case-decisions", &decided).await?;
        if number < 14 {
            let files = manager.get(&format!("/v1/case-files?case_id={}", text(&case["id"]))).await?;
            let file = format!("/v1/case-files/{}", text(&files["data"][0]["id"]));
            manager.change(&file, &json!({"root_cause": root, "findings": "As the customer says."})).await?;
            let answer = json!({"answer": "We are sorry, and have put it right."});
            manager.post(&format!("{key} answer"), &format!("{path}/answer"), &answer).await?;
        }
    }
    Ok(())
}
