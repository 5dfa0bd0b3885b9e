//! Weeks: entries, overtime by rule, handing in and agreeing to; what is locked takes nothing, by any path.
use crate::support::{Answer, Caller, run, service};
use crate::{Company, days, decimal, fault, id};
use serde_json::{Value, json};

/// Forty hours; the ninth and tenth hour of a day are worth 1.5, those after that and those of free days 2; in a week, those above 40 1.75.
async fn pattern(firm: &Company) {
    let week = json!({"monday": "8", "tuesday": "8", "wednesday": "8", "thursday": "8", "friday": "8", "saturday": "0", "sunday": "0"});
    let rules = json!([{"per": "day", "over": "8", "multiplier": "1.5"}, {"per": "day", "over": "10", "multiplier": "2"},
        {"per": "week", "over": "40", "multiplier": "1.75"}, {"per": "free_day", "over": "0", "multiplier": "2"}]);
    let pattern = json!({"code": "FULL", "name": "Forty hours", "weeks": [week], "overtime": rules, "is_default": true});
    firm.owner.post("/v1/working-patterns", pattern).await.is(201);
}

async fn work(who: &Caller, on: &str, hours: &str) -> Answer {
    who.post("/v1/timesheet-entries", json!({"worked_on": on, "hours": hours})).await
}

/// The sheet that an entry stands in.
fn sheet(entry: &Value) -> String {
    format!("/v1/timesheets/{}", entry["timesheet_id"].as_str().unwrap())
}

#[test]
fn overtime_is_counted_once_by_its_day_and_else_by_its_week() {
    run(async {
        let firm = Company::new().await;
        pattern(&firm).await;
        // Monday 11: the ninth and tenth hour at 1.5, the eleventh at 2. Tuesday to Friday 8. Saturday 3, all at 2.
        let mut last = Value::Null;
        for (day, hours) in
            [("02", "6"), ("02", "5"), ("03", "8"), ("04", "8"), ("05", "8"), ("06", "8"), ("07", "3")]
        {
            last = work(&firm.ana, &format!("2026-03-{day}"), hours).await.is(201);
        }
        let week = firm.ana.get(&sheet(&last)).await.is(200);
        assert_eq!((decimal(&week["hours"]), decimal(&week["overtime_hours"])), (days("46"), days("6")));
        assert_eq!(
            week["overtime"],
            json!([{"multiplier": "1.5", "hours": "2.00"}, {"multiplier": "2", "hours": "4.00"}])
        );
        assert_eq!(week["week_starts_on"], "2026-03-02");
        // Six days of 7.5 hours are 45: 5 above 40, though none is longer than 8. On a free day rules of its own hold, so there is none here.
        let ben = firm
            .found(&format!(
                "select id::text from working_patterns where code = 'FULL' and org_id = '{}'",
                firm.firm.id
            ))
            .await;
        let plain = json!({"overtime": [{"per": "day", "over": "8", "multiplier": "1.5"}, {"per": "week", "over": "40", "multiplier": "1.75"}]});
        firm.owner.patch(&format!("/v1/working-patterns/{}", ben[0][0]), plain).await.is(200);
        for day in 2..=7 {
            last = work(&firm.ben, &format!("2026-03-{day:02}"), "7.5").await.is(201);
        }
        let week = firm.ben.get(&sheet(&last)).await.is(200);
        assert_eq!(week["overtime"], json!([{"multiplier": "1.75", "hours": "5.00"}]));
        // Ana's week is worked out by the rules of the moment when it is handed in: 3 above 8 on Monday, and of the other 43 three above 40.
        let ana = firm.ana.get("/v1/timesheets").await.is(200)["data"][0].clone();
        let path = format!("/v1/timesheets/{}", id(&ana));
        let handed_in = firm.ana.act(&format!("{path}/submit")).await.is(200);
        assert_eq!(
            handed_in["overtime"],
            json!([{"multiplier": "1.5", "hours": "3.00"}, {"multiplier": "1.75", "hours": "3.00"}])
        );
        // What is paid: only what was agreed to, and of it only the days asked for.
        let worked = async |from: &str, to: &str| {
            let sql = format!(
                "select hours::text, overtime_hours::text, overtime::text from worked_hours('{from}', '{to}', '{{{}}}')",
                firm.ana_id
            );
            firm.found(&sql).await
        };
        assert!(worked("2026-03-01", "2026-03-31").await.is_empty());
        firm.mira.act(&format!("{path}/approve")).await.is(200);
        assert_eq!(worked("2026-03-01", "2026-03-31").await[0][..2], ["46.00", "6.00"]);
        let monday = &worked("2026-03-02", "2026-03-02").await[0];
        assert_eq!(monday[..2], ["11.00", "3.00"]);
        assert_eq!(
            serde_json::from_str::<Value>(&monday[2]).unwrap(),
            json!([{"multiplier": "1.5", "hours": "3.00"}])
        );
    });
}

#[test]
fn a_week_that_was_handed_in_takes_nothing_by_any_path() {
    run(async {
        let firm = Company::new().await;
        let entry = work(&firm.ana, "2026-03-03", "8").await.is(201);
        let (week, one) = (sheet(&entry), format!("/v1/timesheet-entries/{}", id(&entry)));
        let elsewhere = work(&firm.ana, "2026-03-10", "8").await.is(201);
        let elsewhere = format!("/v1/timesheet-entries/{}", id(&elsewhere));
        firm.ana.act(&format!("{week}/submit")).await.is(200);
        let locked = async |firm: &Company| {
            let problem = work(&firm.ana, "2026-03-04", "8").await.is_problem(409, "conflict");
            assert_eq!(fault(&problem), ("/worked_on", "week-is-locked"));
            firm.ana.patch(&one, json!({"hours": "7"})).await.is_problem(409, "conflict");
            firm.ana.delete(&one).await.is_problem(409, "conflict");
            firm.ana.patch(&one, json!({"worked_on": "2026-03-17"})).await.is_problem(409, "conflict");
            firm.ana.patch(&elsewhere, json!({"worked_on": "2026-03-05"})).await.is_problem(409, "conflict");
            firm.hr.delete(&one).await.is_problem(409, "conflict");
            let rows = format!("employee_id,worked_on,hours\n{},2026-03-06,8\n", firm.ana_id);
            let import =
                firm.hr.request(reqwest::Method::POST, "/v1/timesheet-entries/import").body("text/csv", rows);
            assert_eq!(
                fault(&import.send().await.is_problem(422, "invalid-input")),
                ("/2/worked_on", "week-is-locked")
            );
            let database = service().database().await;
            for sql in [
                "update timesheet_entries set hours = 1 where org_id = $1 and worked_on < '2026-03-09'",
                "delete from timesheet_entries where org_id = $1 and worked_on < '2026-03-09'",
            ] {
                let enter = "select set_config('app.org_id', $1::uuid::text, false), set_config('app.reach', 'org:', false)";
                database.execute(enter, &[&firm.firm.id]).await.unwrap();
                let refused = database.execute(sql, &[&firm.firm.id]).await.unwrap_err();
                assert_eq!(
                    refused.as_db_error().unwrap().constraint(),
                    Some("the_week_was_handed_in_and_takes_nothing")
                );
            }
        };
        locked(&firm).await;
        firm.ana.act(&format!("{week}/approve")).await.is_problem(403, "forbidden");
        firm.mira.act(&format!("{week}/approve")).await.is(200);
        locked(&firm).await;
        firm.ana.act(&format!("{week}/reopen")).await.is_problem(403, "forbidden");
        firm.mira.act(&format!("{week}/reopen")).await.is(200);
        firm.ana.patch(&one, json!({"hours": "7"})).await.is(200);
        firm.ana.act(&format!("{week}/submit")).await.is(200);
        let no = json!({"reason": "Wednesday is missing"});
        let rejected = firm.mira.post(&format!("{week}/reject"), no).await.is(200);
        assert_eq!(rejected["rejection_reason"], "Wednesday is missing");
        work(&firm.ana, "2026-03-04", "8").await.is(201);
        let again = firm.ana.act(&format!("{week}/submit")).await.is(200);
        assert!(again["rejection_reason"].is_null() && decimal(&again["hours"]) == days("15"));
        firm.ana.act(&format!("{week}/withdraw")).await.is(200);
        firm.ana.delete(&one).await.is(204);
    });
}

#[test]
fn an_entry_fits_its_day() {
    run(async {
        let firm = Company::new().await;
        work(&firm.ana, "2026-03-03", "20").await.is(201);
        let problem = work(&firm.ana, "2026-03-03", "4.5").await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/hours", "too-large"));
        let problem = work(&firm.ana, "2019-12-31", "8").await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/worked_on", "not-employed"));
        let long = json!({"worked_on": "2026-03-04", "hours": "8.5", "started_at": "2026-03-04T07:00:00Z", "ended_at": "2026-03-04T15:00:00Z"});
        firm.ana.post("/v1/timesheet-entries", long.clone()).await.is_problem(422, "invalid-input");
        let mut fits = long;
        fits["hours"] = json!("7.5");
        firm.ana.post("/v1/timesheet-entries", fits).await.is(201);
        // Of whom it is, the reach says; an empty week is not handed in, and can go.
        let other = json!({"employee_id": firm.ben_id, "worked_on": "2026-03-03", "hours": "8"});
        firm.ana.post("/v1/timesheet-entries", other).await.is_problem(403, "forbidden");
        let empty = firm.ana.post("/v1/timesheets", json!({"week_starts_on": "2026-05-04"})).await.is(201);
        let empty = format!("/v1/timesheets/{}", id(&empty));
        firm.ana.act(&format!("{empty}/submit")).await.is_problem(409, "conflict");
        firm.ana.delete(&empty).await.is(204);
        let problem = firm
            .ana
            .post("/v1/timesheets", json!({"week_starts_on": "2026-05-05"}))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/week_starts_on", "no-monday"));
        firm.ana
            .post("/v1/timesheets", json!({"week_starts_on": "2026-03-02"}))
            .await
            .is_problem(409, "conflict");
    });
}

#[test]
fn hours_on_projects_are_told_by_person_and_task() {
    run(async {
        let firm = Company::new().await;
        let project = id(&firm
            .owner
            .post("/v1/projects", json!({"code": "HARBOUR", "name": "New harbour"}))
            .await
            .is(201));
        let on = |task: &str, day: &str, hours: &str| json!({"worked_on": day, "hours": hours, "project_id": project, "task": task});
        let first = firm.ana.post("/v1/timesheet-entries", on("Walls", "2026-03-02", "5")).await.is(201);
        firm.ana.post("/v1/timesheet-entries", on("Walls", "2026-03-03", "3")).await.is(201);
        firm.ana.post("/v1/timesheet-entries", on("Roof", "2026-03-03", "2")).await.is(201);
        firm.ben.post("/v1/timesheet-entries", on("Walls", "2026-03-03", "4")).await.is(201);
        work(&firm.ana, "2026-03-04", "8").await.is(201);
        firm.ana.act(&format!("{}/submit", sheet(&first))).await.is(200);
        firm.mira.act(&format!("{}/approve", sheet(&first))).await.is(200);
        let told = firm
            .hr
            .get(&format!("/v1/project-hours?from_on=2026-03-01&to_on=2026-03-31&project_id={project}"))
            .await
            .is(200);
        let mut rows: Vec<_> = told["rows"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| {
                let who = if row["employee_id"] == firm.ana_id.as_str() { "Ana" } else { "Ben" };
                (who, row["task"].as_str().unwrap(), decimal(&row["hours"]), decimal(&row["approved_hours"]))
            })
            .collect();
        rows.sort();
        assert_eq!(
            rows,
            [
                ("Ana", "Roof", days("2"), days("2")),
                ("Ana", "Walls", days("8"), days("8")),
                ("Ben", "Walls", days("4"), days("0"))
            ]
        );
        // As far as the reach goes.
        let own = firm.ben.get("/v1/project-hours?from_on=2026-03-01&to_on=2026-03-31").await.is(200);
        assert_eq!(own["rows"].as_array().unwrap().len(), 1);
    });
}
