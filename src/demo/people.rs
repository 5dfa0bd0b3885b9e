//! Two years of the demo company's people, over the API: holidays and leave, timesheets of the engineers, openings and who applied.
use super::books::pick;
use super::clerk::{Clerk, text};
use crate::Done;
use chrono::{Datelike, Days, NaiveDate, Weekday};
use serde_json::{Value, json};
use std::fmt::Write;

/// Public holidays of the Netherlands, as the government lists them.
const HOLIDAYS: &[(&str, &[&str])] = &[
    ("New Year's Day", &["2024-01-01", "2025-01-01", "2026-01-01"]),
    ("Easter Monday", &["2024-04-01", "2025-04-21", "2026-04-06"]),
    ("King's Day", &["2024-04-27", "2025-04-26", "2026-04-27"]),
    ("Ascension Day", &["2024-05-09", "2025-05-29", "2026-05-14"]),
    ("Whit Monday", &["2024-05-20", "2025-06-09", "2026-05-25"]),
    ("Christmas Day", &["2024-12-25", "2025-12-25", "2026-12-25"]),
    ("Boxing Day", &["2024-12-26", "2025-12-26", "2026-12-26"]),
];

/// Posts that are advertised, and how many applied for each.
const OPENINGS: &[(&str, u64)] = &[
    ("Technician", 9),
    ("Engineer", 7),
    ("Customer care agent", 6),
    ("Accountant", 5),
    ("Sales representative", 5),
];

const CANDIDATES: &[(&str, &str)] = &[
    ("Noor", "de Vries"),
    ("Sem", "Bakker"),
    ("Eva", "Visser"),
    ("Daan", "Smit"),
    ("Lotte", "Meijer"),
    ("Bram", "Mulder"),
    ("Fleur", "Bos"),
    ("Thijs", "Vos"),
    ("Sanne", "Peters"),
    ("Ruben", "Hendriks"),
    ("Iris", "Dekker"),
    ("Jesse", "Brouwer"),
    ("Roos", "Dijkstra"),
    ("Niels", "Kok"),
    ("Femke", "Jacobs"),
    ("Lars", "Vermeulen"),
];

/// What the company's people did, for those whose place is filled.
pub async fn keep(base: &str, domain: &str, password: &str) -> Done {
    let manager = Clerk::sign_in(base, &format!("hr-manager@{domain}"), password).await?;
    let officer = Clerk::sign_in(base, &format!("hr-officer@{domain}"), password).await?;
    let mut employees = officer.all("/v1/employees").await?;
    // Who keeps the files of the others is not among those whose files they keep here: nobody decides on their own.
    let [department, ..] = &officer.all("/v1/departments?code=HR").await?[..] else { return Ok(()) };
    employees.retain(|employee| employee["department_id"] != department["id"]);
    keep_calendar(&manager).await?;
    take_leave(&officer, &manager, &employees).await?;
    write_timesheets(&officer, &manager, &employees).await?;
    hire(&officer, &manager).await
}

async fn keep_calendar(manager: &Clerk) -> Done {
    let calendar = json!({"code": "NL", "name": "Netherlands", "country": "NL", "is_default": true});
    let calendar = manager.post("calendar", "/v1/work-calendars", &calendar).await?;
    for (name, days) in HOLIDAYS {
        for day in *days {
            let holiday = json!({"calendar_id": calendar["id"], "holiday_on": day, "name": name});
            manager.post(&format!("holiday {day}"), "/v1/public-holidays", &holiday).await?;
        }
    }
    let week = json!({"monday": "8", "tuesday": "8", "wednesday": "8", "thursday": "8", "friday": "8", "saturday": "0", "sunday": "0"});
    let pattern = json!({"code": "FULL", "name": "Forty hours", "weeks": [week], "is_default": true});
    manager.post("pattern", "/v1/working-patterns", &pattern).await?;
    Ok(())
}

/// Two weeks in the summer of each year, and here and there some days when one was ill.
async fn take_leave(officer: &Clerk, manager: &Clerk, employees: &[Value]) -> Done {
    let annual = json!({"code": "ANNUAL", "name": "Annual leave", "accrual": "yearly", "days_per_year": "25", "accrues_from_on": "2024-01-01",
        "prorates": true, "carry_over_days": "5", "carry_over_months": 6, "allows_negative": false, "allows_half_days": true, "paid_share": "1"});
    let annual = manager.post("annual leave", "/v1/leave-types", &annual).await?;
    let ill = json!({"code": "SICK", "name": "Sick leave", "accrual": "none", "allows_negative": true, "paid_share": "1"});
    let ill = manager.post("sick leave", "/v1/leave-types", &ill).await?;
    let accrued = json!({"through_on": "2025-12-31"});
    manager.post("accrued", "/v1/leave-entitlements/accrue", &accrued).await?;
    for (number, employee) in (0..).zip(employees) {
        let hired_on: NaiveDate = text(&employee["hired_on"]).parse()?;
        for year in [2024, 2025] {
            let summer = NaiveDate::from_ymd_opt(year, 6, 3).unwrap_or_default()
                + Days::new(pick(60, year.unsigned_abs(), number, 84));
            let summer = summer - Days::new(summer.weekday().num_days_from_monday().into());
            let winter = NaiveDate::from_ymd_opt(year, 2, 5).unwrap_or_default()
                + Days::new(pick(61, year.unsigned_abs(), number, 20));
            let mut leaves = Vec::new();
            if pick(62, year.unsigned_abs(), number, 3) > 0 {
                leaves.push((&annual, summer, summer + Days::new(11)));
            }
            let is_weekend = matches!(winter.weekday(), Weekday::Sat | Weekday::Sun);
            if pick(63, year.unsigned_abs(), number, 6) == 0 && !is_weekend {
                leaves.push((&ill, winter, winter + Days::new(2)));
            }
            for (kind, first, last) in leaves {
                if hired_on > NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default() {
                    continue;
                }
                let leave = json!({"employee_id": employee["id"], "leave_type_id": kind["id"], "starts_on": first, "ends_on": last});
                let key = format!("leave {number} {first}");
                let leave = officer.post(&key, "/v1/leave-requests", &leave).await?;
                officer.act(&key, "leave-requests", &leave, "submit").await?;
                manager.act(&key, "leave-requests", &leave, "approve").await?;
            }
        }
    }
    Ok(())
}

/// The last weeks of 2025, by day and task.
async fn write_timesheets(officer: &Clerk, manager: &Clerk, employees: &[Value]) -> Done {
    const TASKS: &[&str] = &[
        "Pressure sensor, housing",
        "Pressure sensor, firmware",
        "Calibration bench",
        "Support of production",
    ];
    let engineering = officer.all("/v1/departments?code=ENG").await?;
    let department = engineering.first().map(|each| each["id"].clone()).unwrap_or_default();
    let first = NaiveDate::from_ymd_opt(2025, 11, 3).unwrap_or_default();
    let mut rows = "employee_id,worked_on,hours,task\n".to_owned();
    let at_work = |each: &&Value| {
        each["department_id"] == department
            && each["status"] == "active"
            && text(&each["hired_on"]).as_str() < "2025"
    };
    for (number, engineer) in (0..).zip(employees.iter().filter(at_work)) {
        for day in first.iter_days().take(6 * 7).filter(|day| day.weekday().num_days_from_monday() < 5) {
            let task = TASKS[usize::try_from(pick(64, day.ordinal(), number, 4))?];
            let hours = if pick(65, day.ordinal(), number, 8) == 0 { "9.5" } else { "8" };
            writeln!(rows, "{},{day},{hours},\"{task}\"", text(&engineer["id"]))?;
        }
    }
    officer.send_once("timesheets", "/v1/timesheet-entries/import", "text/csv", rows).await?;
    for sheet in officer.all("/v1/timesheets").await? {
        let key = format!("timesheet {}", text(&sheet["id"]));
        officer.act(&key, "timesheets", &sheet, "submit").await?;
        manager.act(&key, "timesheets", &sheet, "approve").await?;
    }
    Ok(())
}

/// Openings, and candidates on their way through the stages.
async fn hire(officer: &Clerk, manager: &Clerk) -> Done {
    let mut stages = Vec::new();
    for (name, place) in
        [("Applied", 10), ("Telephone interview", 20), ("Interview on site", 30), ("Offer", 40)]
    {
        let stage = json!({"name": name, "place": place});
        stages.push(manager.post(&format!("stage {name}"), "/v1/hiring-stages", &stage).await?);
    }
    let panel = officer.all("/v1/employees?q=E-0001").await?;
    let mut number = 0;
    for (title, applied) in OPENINGS {
        let Some(position) =
            officer.all(&format!("/v1/positions?q={}", title.replace(' ', "%20"))).await?.pop()
        else {
            continue;
        };
        let opening = json!({"title": format!("{title} (f/m/x)"), "position_id": position["id"], "seats": 1, "country": "NL", "location": "Rotterdam"});
        let key = format!("opening {title}");
        let opening = officer.post(&key, "/v1/job-openings", &opening).await?;
        manager.act(&key, "job-openings", &opening, "approve").await?;
        officer.act(&key, "job-openings", &opening, "open").await?;
        for _ in 0..*applied {
            let place = usize::try_from(number)?;
            let (given, _) = CANDIDATES[place % CANDIDATES.len()];
            let (_, family) = CANDIDATES[(place * 5 + place / CANDIDATES.len()) % CANDIDATES.len()];
            let source =
                ["website", "job_board", "referral", "agency"][usize::try_from(pick(66, 0, number, 4))?];
            let candidate = json!({"given_name": given, "family_name": family, "email": format!("candidate{number}@mail.example"),
                "source": source, "consent_given_on": "2026-02-02", "consent_ends_on": "2029-02-01"});
            let key = format!("candidate {number}");
            let candidate = officer.post(&key, "/v1/candidates", &candidate).await?;
            let application = json!({"candidate_id": candidate["id"], "job_opening_id": opening["id"], "stage_id": stages[0]["id"],
                "applied_on": NaiveDate::from_ymd_opt(2026, 2, 2).unwrap_or_default() + Days::new(pick(67, 0, number, 25))});
            let application =
                officer.post(&format!("{key} applies"), "/v1/applications", &application).await?;
            let reached = usize::try_from(pick(68, 0, number, 4))?;
            if reached > 0 {
                let to = json!({"stage_id": stages[reached]["id"]});
                let path = format!("/v1/applications/{}/move", text(&application["id"]));
                officer.post(&format!("{key} moves"), &path, &to).await?;
            }
            if let (2.., Some(interviewer)) = (reached, panel.first()) {
                let day = NaiveDate::from_ymd_opt(2027, 3, 1).unwrap_or_default() + Days::new(number);
                let interview = json!({"application_id": application["id"], "title": "Interview on site", "kind": "on_site",
                    "starts_at": format!("{day}T09:00:00Z"), "ends_at": format!("{day}T10:00:00Z"), "place": "Room 3", "panel": [interviewer["id"]]});
                officer.post(&format!("{key} interview"), "/v1/interviews", &interview).await?;
            }
            number += 1;
        }
    }
    Ok(())
}
