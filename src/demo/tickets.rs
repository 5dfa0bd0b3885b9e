//! A year of the demo company's help desk, over the API: a queue that promises, and 2,000 tickets with what was said in them. Most promises were kept; some, on
//! bad days and over weekends, were not.
use super::books::pick;
use super::clerk::{Clerk, text};
use crate::Done;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use std::fmt::Write;

const TICKETS: u64 = 2_000;
/// Tickets of a file.
const AT_ONCE: u64 = 250;

/// What goes wrong, and what is answered: subject, description, tags, kind, answer.
const TROUBLES: &[(&str, &str, &str, &str, &str)] = &[
    (
        "No VPN",
        "The client says timeout.",
        "vpn;network",
        "incident",
        "The certificate had run out. Please try again.",
    ),
    (
        "Laptop does not start",
        "The screen stays black.",
        "laptop",
        "incident",
        "Hold the button for ten seconds, with the power cable out.",
    ),
    ("Printer on the second floor", "It prints stripes.", "printer", "incident", "The drum was changed."),
    ("Password forgotten", "Of the time sheets.", "account", "request", "A link is in your mail."),
    ("A second screen", "For the new desk.", "hardware", "request", "It is on its way."),
    (
        "How do I share a calendar?",
        "With the whole team.",
        "mail",
        "question",
        "Right-click it, then Sharing.",
    ),
    ("Mail is slow", "Since this morning.", "mail;network", "incident", "A full mailbox was in the way."),
    ("Access to the drawings", "For the pressure sensor.", "account", "request", "You are in the group now."),
    ("Phone rings twice", "On every call.", "phone", "incident", "It was logged in on two devices."),
    ("Software for the calibration bench", "Version 4.", "software", "request", "Installed."),
];

/// What the desk did in 2025.
pub async fn keep(base: &str, domain: &str, password: &str) -> Done {
    let manager = Clerk::sign_in(base, &format!("it-manager@{domain}"), password).await?;
    let employees = manager.all("/v1/employees").await?;
    let is_there = |each: &&Value| each["status"] == "active" && text(&each["hired_on"]).as_str() < "2025";
    let mut people: Vec<&Value> = employees.iter().filter(is_there).collect();
    let it = manager.all("/v1/departments?code=IT").await?;
    let department = it.first().map(|each| each["id"].clone()).unwrap_or_default();
    let mut agents: Vec<&Value> =
        people.iter().copied().filter(|each| each["department_id"] == department).take(6).collect();
    if agents.is_empty() {
        agents = people.iter().copied().take(6).collect();
    }
    if agents.is_empty() {
        return Ok(());
    }
    // Those who work on tickets ask for nothing themselves.
    people.retain(|each| each["department_id"] != department);
    let week: Vec<Value> = ["monday", "tuesday", "wednesday", "thursday", "friday"]
        .map(|day| json!({"weekday": day, "from": "08:30", "to": "17:30"}))
        .into();
    let holidays = [
        ("2025-01-01", "New Year's Day"),
        ("2025-04-21", "Easter Monday"),
        ("2025-05-29", "Ascension Day"),
        ("2025-06-09", "Whit Monday"),
        ("2025-12-25", "Christmas Day"),
        ("2025-12-26", "Boxing Day"),
    ]
    .map(|(day, name)| json!({"day_on": day, "name": name}));
    let hours =
        json!({"name": "Office", "time_zone": "Europe/Amsterdam", "intervals": week, "holidays": holidays});
    let hours = manager.post("desk hours", "/v1/business-hours", &hours).await?;
    let target = |priority: &str, answer: i32, solution: i32| json!({"priority": priority, "first_answer_minutes": answer, "solution_minutes": solution});
    let targets = [
        target("urgent", 30, 240),
        target("high", 60, 480),
        target("normal", 120, 960),
        target("low", 480, 2_400),
    ];
    let policy =
        json!({"name": "Support of colleagues", "business_hours_id": hours["id"], "targets": targets});
    let policy = manager.post("desk policy", "/v1/sla-policies", &policy).await?;
    let members: Vec<&Value> = agents.iter().map(|agent| &agent["id"]).collect();
    let queue = json!({"name": "IT support", "description": "Laptops, accounts, printers", "member_ids": members, "assignment": "least_loaded", "sla_policy_id": policy["id"]});
    let queue = manager.post("desk queue", "/v1/queues", &queue).await?;
    let rule = json!({"name": "Everything to IT support", "place": 900, "queue_id": queue["id"]});
    manager.post("desk rule", "/v1/routing-rules", &rule).await?;
    let asks = json!({"name": "Ask for the serial number", "reply": "Please tell us the serial number; it is on the bottom.", "action": "wait"});
    manager.post("desk macro", "/v1/macros", &asks).await?;
    let first: DateTime<Utc> = "2025-01-02T06:00:00Z".parse()?;
    for file in 0..TICKETS / AT_ONCE {
        let mut rows = "ticket,subject,description,tags,kind,impact,urgency,queue,requester_number,assignee_number,channel,status,reported_at,solved_at,closed_at,comment,comment_at,comment_visibility,comment_author_number\n".to_owned();
        for number in file * AT_ONCE..(file + 1) * AT_ONCE {
            let requester =
                &people[usize::try_from(pick(90, 0, number, people.len() as u64))?]["employee_number"];
            let agent =
                &agents[usize::try_from(pick(91, 0, number, agents.len() as u64))?]["employee_number"];
            write_ticket(&mut rows, first, number, &text(requester), &text(agent))?;
        }
        manager.send_once(&format!("tickets {file}"), "/v1/tickets/import", "text/csv", rows).await?;
    }
    Ok(())
}

/// A ticket, and what was said in it.
fn write_ticket(rows: &mut String, first: DateTime<Utc>, number: u64, requester: &str, agent: &str) -> Done {
    const LEVELS: [&str; 3] = ["low", "medium", "high"];
    const CHANNELS: [&str; 4] = ["portal", "email", "phone", "in_person"];
    let one_of = |what: u64, of: u64| pick(what, 0, number, of);
    let minutes = |minutes: u64| TimeDelta::minutes(minutes.cast_signed());
    // One after the other through the year, at some minute of eleven hours of the day; whoever reports in the evening or on Saturday waits.
    let day = TimeDelta::days((number * 362 / TICKETS).cast_signed());
    let reported = first + day + minutes(one_of(92, 660));
    // Most are answered within the hour and solved within the day; one in nine is left lying.
    let (answer, solution) = match one_of(93, 9) {
        0 => (60 + one_of(94, 600), 700 + one_of(95, 6_000)),
        1..=3 => (20 + one_of(94, 90), 240 + one_of(95, 700)),
        _ => (3 + one_of(94, 25), 40 + one_of(95, 180)),
    };
    let (answered, solved) = (reported + minutes(answer), reported + minutes(answer + solution));
    let closed = solved + TimeDelta::days(7);
    let (subject, description, tags, kind, reply) =
        TROUBLES[usize::try_from(one_of(96, TROUBLES.len() as u64))?];
    let level =
        |what: u64| LEVELS[[0, 1, 1, 1, 2][usize::try_from(pick(what, 0, number, 5)).unwrap_or_default()]];
    let (impact, urgency) = (level(97), level(98));
    let none = ",".repeat(15); // of what the first row says
    let channel = CHANNELS[usize::try_from(one_of(99, 4))?];
    let at = |at: DateTime<Utc>| at.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (said, solved, closed) = (at(answered), at(solved), at(closed));
    let reported_at = at(reported);
    writeln!(
        rows,
        "{number},{subject},\"{description}\",{tags},{kind},{impact},{urgency},IT support,{requester},{agent},{channel},closed,{reported_at},{solved},{closed},We look into it.,{said},public,{agent}"
    )?;
    if one_of(100, 4) == 0 {
        let before = at(answered + minutes(1));
        writeln!(
            rows,
            "{number}{none}Seen before: look at the last one of the same colleague.,{before},internal,{agent}"
        )?;
    }
    writeln!(rows, "{number}{none}\"{reply}\",{solved},public,{agent}")?;
    if one_of(101, 3) == 0 {
        writeln!(rows, "{number}{none}\"Thank you, it works.\",{closed},public,{requester}")?;
    }
    Ok(())
}
