//! What the demo company works on, over the API: systems and what needs what, backups, sixty changes, who may use what, and what threatens it.
use super::books::pick;
use super::clerk::{Clerk, text};
use crate::Done;
use chrono::{DateTime, Duration, NaiveTime, Utc};
use serde_json::{Value, json};

/// Name, kind, criticality, how secret its data is, and the places of those that it needs.
const SYSTEMS: &[(&str, &str, &str, &str, &[usize])] = &[
    ("Storage Rotterdam", "storage", "critical", "confidential", &[]),
    ("Storage Utrecht", "storage", "high", "confidential", &[]),
    ("Core network", "network", "critical", "internal", &[]),
    ("Hosts Rotterdam", "server", "critical", "confidential", &[0, 2]),
    ("Hosts Utrecht", "server", "high", "confidential", &[1, 2]),
    ("Directory", "service", "critical", "confidential", &[3, 2]),
    ("Books database", "database", "critical", "restricted", &[3]),
    ("Shop database", "database", "high", "confidential", &[3]),
    ("Archive database", "database", "low", "internal", &[4]),
    ("Books", "application", "critical", "restricted", &[6, 5]),
    ("Payroll", "application", "high", "restricted", &[6, 5]),
    ("Web shop", "application", "critical", "confidential", &[7, 2]),
    ("Warehouse", "application", "high", "internal", &[7, 5]),
    ("Mail", "service", "high", "confidential", &[3, 5]),
    ("Telephony", "service", "medium", "internal", &[2]),
    ("Intranet", "application", "low", "internal", &[4, 5]),
];

const UPGRADES: &[&str] =
    &["Upgrade", "Patch", "Move", "Renew the certificate of", "Enlarge", "Replace the hosts of"];

/// What IT keeps running.
pub async fn keep(base: &str, domain: &str, password: &str) -> Done {
    let manager = Clerk::sign_in(base, &format!("it-manager@{domain}"), password).await?;
    let support = Clerk::sign_in(base, &format!("it-support@{domain}"), password).await?;
    let employees = manager.all("/v1/employees?status=active").await?;
    let [owner, ..] = employees.as_slice() else { return Ok(()) };
    let someone = |what: u64, number: u64| {
        let place = pick(what, 0, number, employees.len() as u64);
        employees.get(usize::try_from(place).unwrap_or_default()).unwrap_or(owner)
    };
    let systems = run_systems(&manager, &someone).await?;
    back_up(&support, &systems).await?;
    for number in 0..60 {
        change(&manager, &support, &systems, number).await?;
    }
    give_access(&manager, &support, &systems, &someone).await?;
    let incident = json!({"title": "Mail that asks for passwords", "description": "Forty people got it, two followed the link.", "category": "phishing",
        "severity": "high", "system_ids": [systems[13]["id"]]});
    let incident = support.post("incident", "/v1/security-incidents", &incident).await?;
    say(
        &support,
        "security-incidents",
        &incident,
        "contain",
        &json!({"containment": "Passwords of both reset, the sender blocked."}),
    )
    .await?;
    let flaw = json!({"title": "Code execution in the mail gateway", "cve": "CVE-2026-10042", "severity": "critical", "cvss_score": "9.8", "system_ids": [systems[13]["id"]]});
    support.post("vulnerability", "/v1/vulnerabilities", &flaw).await?;
    Ok(())
}

/// When this day began: what is sent again is the same.
fn midnight() -> DateTime<Utc> {
    Utc::now().date_naive().and_time(NaiveTime::MIN).and_utc()
}

/// An action that takes a body.
async fn say(who: &Clerk, resource: &str, of: &Value, action: &str, body: &Value) -> Done<Value> {
    let id = text(&of["id"]);
    who.post(&format!("{resource} {id} {action}"), &format!("/v1/{resource}/{id}/{action}"), body).await
}

async fn run_systems<'a>(manager: &Clerk, someone: &impl Fn(u64, u64) -> &'a Value) -> Done<Vec<Value>> {
    let policy = json!({"name": "Daily", "backup_every_hours": 26, "restore_test_every_days": 92});
    let policy = manager.post("backup policy", "/v1/backup-policies", &policy).await?;
    let mut systems: Vec<Value> = Vec::new();
    for (number, (name, kind, criticality, classification, needs)) in (0..).zip(SYSTEMS) {
        let is_database = *kind == "database";
        let system = json!({"name": name, "kind": kind, "criticality": criticality, "data_classification": classification, "owner_id": someone(71, number)["id"],
            "engine": is_database.then_some("PostgreSQL"), "engine_version": is_database.then_some("17.2"),
            "size_bytes": is_database.then_some(40_000_000_000_i64), "backup_policy_id": is_database.then_some(&policy["id"])});
        let system = manager.post(&format!("system {name}"), "/v1/systems", &system).await?;
        let system = manager.act(&format!("system {name}"), "systems", &system, "activate").await?;
        for needed in *needs {
            let dependency = json!({"system_id": system["id"], "depends_on_id": systems[*needed]["id"]});
            manager.post(&format!("{name} needs {needed}"), "/v1/system-dependencies", &dependency).await?;
        }
        systems.push(system);
    }
    Ok(systems)
}

/// Each database every night of the last week; one is tried out, and one was forgotten.
async fn back_up(support: &Clerk, systems: &[Value]) -> Done {
    let databases = systems.iter().filter(|system| system["kind"] == "database");
    for (number, database) in (0..).zip(databases) {
        let since = if number == 2 { 3 } else { 0 };
        for days in since..7 {
            let started = midnight() - Duration::days(days) - Duration::hours(1);
            let run = json!({"system_id": database["id"], "started_at": started, "ended_at": started + Duration::minutes(25), "outcome": "succeeded", "size_bytes": 9_000_000_000_i64});
            support.post(&format!("backup {number} {days}"), "/v1/backup-runs", &run).await?;
        }
        if number == 0 {
            let test = json!({"system_id": database["id"], "tested_on": (midnight() - Duration::days(20)).date_naive(), "outcome": "succeeded", "duration_minutes": 50});
            support.post("restore test", "/v1/restore-tests", &test).await?;
        }
    }
    Ok(())
}

/// Most are done and work; some failed, some were taken back, some are to come.
async fn change(manager: &Clerk, support: &Clerk, systems: &[Value], number: u64) -> Done {
    let place = |what: u64, of: usize| usize::try_from(pick(what, 0, number, of as u64)).unwrap_or_default();
    let system = &systems[place(72, systems.len())];
    let levels = ["low", "medium", "high"];
    let title = format!("{} {}", UPGRADES[place(73, UPGRADES.len())], text(&system["name"]));
    let change = json!({"title": title, "kind": if number % 10 == 9 { "emergency" } else { "normal" }, "reason": "Planned upkeep", "impact": levels[place(74, 3)],
        "likelihood": levels[place(75, 3)], "system_ids": [system["id"]], "plan": "Back up, stop, upgrade, start.", "test_plan": "Sign in, and work through the list of checks.",
        "rollback_plan": "Restore the backup of the evening."});
    let key = format!("change {number}");
    let change = support.post(&key, "/v1/changes", &change).await?;
    let step = json!({"change_id": change["id"], "place": 10, "title": title, "kind": "implement"});
    let step = support.post(&format!("{key} step"), "/v1/change-steps", &step).await?;
    if number >= 57 {
        return Ok(());
    }
    support.act(&key, "changes", &change, "submit").await?;
    if number >= 55 {
        return Ok(());
    }
    manager.act(&key, "changes", &change, "approve").await?;
    let starts: DateTime<Utc> = match number {
        48.. => midnight() + Duration::days(3 * (i64::try_from(number)? - 46)),
        _ => midnight(),
    };
    let window =
        json!({"starts_at": starts, "ends_at": starts + Duration::hours(if number >= 48 { 3 } else { 27 })});
    say(support, "changes", &change, "schedule", &window).await?;
    if number >= 48 {
        return Ok(());
    }
    support.act(&key, "changes", &change, "start").await?;
    let (end, note, learnt) = match number % 8 {
        7 => ("roll-back", "It did not start with the new version.", "Try it out on the copy first."),
        3 if number > 30 => {
            ("fail", "The supplier sent the wrong part.", "Ask for the serial number before.")
        }
        _ => {
            say(support, "change-steps", &step, "complete", &json!({"result": "As planned."})).await?;
            ("implement", "As planned.", "Nothing new.")
        }
    };
    say(support, "changes", &change, end, &json!({"note": note})).await?;
    say(support, "changes", &change, "review", &json!({"review": learnt})).await?;
    support.act(&key, "changes", &change, "close").await?;
    Ok(())
}

/// Who enters payments does not release them.
async fn give_access<'a>(
    manager: &Clerk,
    support: &Clerk,
    systems: &[Value],
    someone: &impl Fn(u64, u64) -> &'a Value,
) -> Done {
    let mut roles = Vec::new();
    for (system, name) in [
        (9, "Enters payments"),
        (9, "Releases payments"),
        (10, "Payroll accountant"),
        (11, "Editor"),
        (12, "Picker"),
    ] {
        let role = json!({"system_id": systems[system]["id"], "name": name});
        roles.push(manager.post(&format!("role {name}"), "/v1/system-roles", &role).await?);
    }
    let pair = json!({"system_role_id": roles[0]["id"], "other_system_role_id": roles[1]["id"], "reason": "Who enters payments does not release them"});
    manager.post("toxic pair", "/v1/toxic-role-pairs", &pair).await?;
    for number in 0..20_u64 {
        let role = &roles[usize::try_from(number % 5)?];
        let key = format!("access {number}");
        let employee = someone(76, number / 5 * 5 + number % 5);
        let grant =
            json!({"employee_id": employee["id"], "system_role_id": role["id"], "reason": "Works with it"});
        // By chance somebody is asked for twice, or for what must not be held together.
        let Ok(grant) = support.post(&key, "/v1/access-grants", &grant).await else { continue };
        if number % 7 != 6 && manager.act(&key, "access-grants", &grant, "approve").await.is_ok() {
            support.act(&key, "access-grants", &grant, "grant").await?;
        }
    }
    Ok(())
}
