//! Leave: working days, half days, holidays, what is left, what overlaps, and taking it back.
use crate::support::run;
use crate::{Company, days, decimal, fault, id, request};
use futures_util::future::join;
use serde_json::{Value, json};

/// A calendar of Romania of 2026, that of everybody.
async fn romania(firm: &Company) -> String {
    let calendar = json!({"code": "RO", "name": "Romania", "country": "RO", "is_default": true});
    let calendar = id(&firm.owner.post("/v1/work-calendars", calendar).await.is(201));
    let load = json!({"calendar_id": calendar, "set": "ro", "year": 2026});
    let loaded = firm.owner.post("/v1/public-holidays/load", load).await.is(200);
    assert_eq!(loaded["data"].as_array().unwrap().len(), 16, "{loaded}"); // Whit Monday and Children's Day are one
    calendar
}

#[test]
fn holidays_of_a_country_are_loaded_once_and_what_is_there_stays() {
    run(async {
        let firm = Company::new().await;
        let calendar = romania(&firm).await;
        let day = firm
            .owner
            .get(&format!("/v1/public-holidays?calendar_id={calendar}&holiday_on_from=2026-12-01&limit=1"))
            .await
            .is(200);
        let day = &day["data"][0];
        assert!(
            day["holiday_on"] == "2026-12-01" && day["source"].as_str().unwrap().contains("53/2003"),
            "{day}"
        );
        firm.owner.patch(&format!("/v1/public-holidays/{}", id(day)), json!({"name": "Ours"})).await.is(200);
        let load = json!({"calendar_id": calendar, "set": "ro", "year": 2026});
        let again = firm.owner.post("/v1/public-holidays/load", load).await.is(200);
        let data = again["data"].as_array().unwrap();
        assert!(data.len() == 16 && data.iter().any(|each| each["name"] == "Ours"));
        let unknown = json!({"calendar_id": calendar, "set": "ro", "year": 2050});
        let problem =
            firm.owner.post("/v1/public-holidays/load", unknown).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/year", "unknown-year"));
    });
}

#[test]
fn leave_over_easter_takes_the_working_days_alone() {
    run(async {
        let firm = Company::new().await;
        romania(&firm).await;
        let kind = firm.leave_type(json!({"paid_share": "0.75"})).await;
        firm.grant(&firm.ana_id, &kind, "3", "2026-01-01").await;
        // Thursday 9 April, Good Friday, Saturday, Easter, Easter Monday, Tuesday 14 April.
        let asked = json!({"leave_type_id": kind, "starts_on": "2026-04-09", "ends_on": "2026-04-14", "starts_at_noon": true});
        let leave = firm.ana.post("/v1/leave-requests", asked).await.is(201);
        assert_eq!(decimal(&leave["days"]), days("1.5"));
        firm.ana.act(&format!("{}/submit", request(&leave))).await.is(200);
        firm.mira.act(&format!("{}/approve", request(&leave))).await.is(200);
        let away = firm.found("select day::text, share::text, paid_share::text from absence_days where org_id = current_org() order by day").await;
        assert_eq!(away, [["2026-04-09", "0.50", "0.7500"], ["2026-04-14", "1.00", "0.7500"]]);
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2026-04-30").await, (days("1.5"), days("1.5")));
        // There is no working day in Easter.
        let asked = json!({"leave_type_id": kind, "starts_on": "2026-04-11", "ends_on": "2026-04-13"});
        let problem = firm.ana.post("/v1/leave-requests", asked).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/starts_on", "no-working-day"));
    });
}

#[test]
fn leave_over_the_end_of_a_month_is_taken_off_in_each() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({"allows_negative": true})).await;
        // 29 and 30 January, and 2 February, of 2026.
        let leave = firm.taken(&kind, "2026-01-29", "2026-02-02").await;
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2026-01-31").await.0, days("-2"));
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2026-02-28").await.0, days("-3"));
        // Cancelled by whoever keeps the files, since it has begun; Ana can not.
        let path = request(&leave);
        firm.ana.act(&format!("{path}/cancel")).await.is_problem(403, "forbidden");
        firm.hr.act(&format!("{path}/cancel")).await.is(200);
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2026-01-31").await.0, days("0"));
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2026-02-28").await.0, days("0"));
        assert!(
            firm.found("select day::text from absence_days where org_id = current_org()").await.is_empty()
        );
    });
}

#[test]
fn a_morning_and_an_afternoon_are_two_leaves() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({"allows_negative": true})).await;
        let half = async |field: &str| {
            let mut asked =
                json!({"leave_type_id": kind, "starts_on": "2026-05-05", "ends_on": "2026-05-05"});
            asked[field] = json!(true);
            let leave = firm.ana.post("/v1/leave-requests", asked).await.is(201);
            assert_eq!(decimal(&leave["days"]), days("0.5"));
            firm.ana.act(&format!("{}/submit", request(&leave))).await
        };
        half("starts_at_noon").await.is(200);
        half("ends_at_noon").await.is(200);
        half("ends_at_noon").await.is_problem(409, "conflict");
        let whole = firm.leave_type(json!({"allows_half_days": false})).await;
        let asked = json!({"leave_type_id": whole, "starts_on": "2026-05-06", "ends_on": "2026-05-06", "ends_at_noon": true});
        let problem = firm.ana.post("/v1/leave-requests", asked).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/ends_at_noon", "whole-days"));
        let neither = json!({"leave_type_id": kind, "starts_on": "2026-05-07", "ends_on": "2026-05-07", "starts_at_noon": true, "ends_at_noon": true});
        firm.ana.post("/v1/leave-requests", neither).await.is_problem(422, "invalid-input");
    });
}

#[test]
fn leave_of_one_person_does_not_overlap() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({"allows_negative": true})).await;
        let first = firm.submitted(&kind, "2026-06-08", "2026-06-12").await;
        let second = request(&firm.ask(&kind, "2026-06-12", "2026-06-15").await);
        let problem = firm.ana.act(&format!("{second}/submit")).await.is_problem(409, "conflict");
        assert!(problem["detail"].as_str().unwrap().contains("does not overlap"), "{problem}");
        // Somebody else's is none of it.
        let asked = json!({"leave_type_id": kind, "starts_on": "2026-06-12", "ends_on": "2026-06-15"});
        let other = firm.ben.post("/v1/leave-requests", asked).await.is(201);
        firm.ben.act(&format!("{}/submit", request(&other))).await.is(200);
        // Once the first is taken back, there is room.
        firm.ana.act(&format!("{first}/cancel")).await.is(200);
        firm.ana.act(&format!("{second}/submit")).await.is(200);
        // Of two overlapping ones handed in at once, one is.
        for (month, _) in [("07", 0), ("08", 1), ("09", 2)] {
            let one =
                request(&firm.ask(&kind, &format!("2026-{month}-06"), &format!("2026-{month}-10")).await);
            let other =
                request(&firm.ask(&kind, &format!("2026-{month}-09"), &format!("2026-{month}-14")).await);
            let (one, other) = (format!("{one}/submit"), format!("{other}/submit"));
            let (one, other) = join(firm.ana.act(&one), firm.ana.act(&other)).await;
            let mut got = [one.status, other.status];
            got.sort_unstable();
            assert_eq!(got, [200, 409]);
        }
    });
}

#[test]
fn there_has_to_be_enough_also_for_what_is_agreed_to_already() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({})).await;
        firm.grant(&firm.ana_id, &kind, "5", "2026-01-01").await;
        firm.taken(&kind, "2026-12-07", "2026-12-09").await; // three of the five, in December
        let early = request(&firm.ask(&kind, "2026-06-01", "2026-06-03").await);
        let problem = firm.ana.act(&format!("{early}/submit")).await.is_problem(409, "conflict");
        assert_eq!(fault(&problem), ("/ends_on", "not-enough-leave"));
        assert!(
            problem["errors"][0]["detail"].as_str().unwrap().contains("2026-12-07 there would be 1 too few"),
            "{problem}"
        );
        firm.ana.patch(&early, json!({"ends_on": "2026-06-02"})).await.is(200);
        firm.ana.act(&format!("{early}/submit")).await.is(200);
        firm.mira.act(&format!("{early}/approve")).await.is(200);
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2026-12-31").await.1, days("0"));
        // What is only counted may go below zero.
        let ill = firm.leave_type(json!({"allows_negative": true, "needs_document": true})).await;
        let sick = firm.ask(&ill, "2026-10-05", "2026-10-06").await;
        let path = request(&sick);
        let problem = firm.ana.act(&format!("{path}/submit")).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("", "document-missing"));
        let said = format!("name=note.txt&resource=leave-requests&resource_id={}", id(&sick));
        firm.ana.upload(&said, b"Fever".to_vec()).await.is(201);
        firm.ana.act(&format!("{path}/submit")).await.is(200);
        firm.mira.act(&format!("{path}/approve")).await.is(200);
        assert_eq!(firm.balance(&firm.ana_id, &ill, "2026-12-31").await.1, days("-2"));
    });
}

#[test]
fn of_two_approvals_of_the_last_day_at_once_one_wins() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({})).await;
        for week in ["03", "10", "17", "24"] {
            firm.grant(&firm.ana_id, &kind, "1", "2026-01-01").await;
            let day: u32 = week.parse().unwrap();
            let one = firm.submitted(&kind, &format!("2026-08-{day:02}"), &format!("2026-08-{day:02}")).await;
            let next = day + 1;
            let other =
                firm.submitted(&kind, &format!("2026-08-{next:02}"), &format!("2026-08-{next:02}")).await;
            let (first, second) = (format!("{one}/approve"), format!("{other}/approve"));
            let (first, second) = join(firm.mira.act(&first), firm.hr.act(&second)).await;
            let mut got = [first.status, second.status];
            got.sort_unstable();
            assert_eq!(got, [200, 409], "{} {}", first.text, second.text);
            assert_eq!(firm.balance(&firm.ana_id, &kind, "2026-12-31").await, (days("0"), days("0")));
            let refused = if first.status == 409 { one } else { other };
            firm.ana.act(&format!("{refused}/cancel")).await.is(200);
        }
        assert_eq!(
            firm.found("select count(*)::text from absence_days where org_id = current_org()").await,
            [["4"]]
        );
    });
}

#[test]
fn what_was_handed_in_stays_as_it_is() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({"allows_negative": true})).await;
        let path = firm.submitted(&kind, "2026-06-08", "2026-06-12").await;
        firm.ana.patch(&path, json!({"ends_on": "2026-06-19"})).await.is_problem(409, "conflict");
        firm.ana.delete(&path).await.is_problem(409, "conflict");
        firm.ana.act(&format!("{path}/submit")).await.is_problem(409, "invalid-state");
        let no = json!({"reason": "Not in that week"});
        let rejected = firm.mira.post(&format!("{path}/reject"), no).await.is(200);
        assert!(rejected["status"] == "rejected" && rejected["rejection_reason"] == "Not in that week");
        firm.mira.act(&format!("{path}/approve")).await.is_problem(409, "invalid-state");
        let draft = request(&firm.ask(&kind, "2026-07-01", "2026-07-02").await);
        firm.ana.delete(&draft).await.is(204);
        let backwards = json!({"leave_type_id": kind, "starts_on": "2026-07-02", "ends_on": "2026-07-01"});
        let problem = firm.ana.post("/v1/leave-requests", backwards).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/ends_on", "before-first-day"));
        // A login that belongs to nobody says for whom.
        let nobody = json!({"leave_type_id": kind, "starts_on": "2026-07-02", "ends_on": "2026-07-02"});
        let problem = firm.hr.post("/v1/leave-requests", nobody).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/employee_id", "required"));
    });
}

#[test]
fn a_cycle_of_two_weeks_and_a_part_of_full_time() {
    run(async {
        let firm = Company::new().await;
        let week = |friday: &str| json!({"monday": "8", "tuesday": "8", "wednesday": "8", "thursday": "8", "friday": friday, "saturday": "0", "sunday": "0"});
        let pattern = json!({"code": "LONG-SHORT", "name": "Long and short", "weeks": [week("8"), week("0")], "cycle_starts_on": "2026-01-05"});
        let pattern = id(&firm.owner.post("/v1/working-patterns", pattern).await.is(201));
        let schedule = json!({"employee_id": firm.ana_id, "starts_on": "2026-01-09", "pattern_id": pattern});
        firm.owner.post("/v1/work-schedules", schedule).await.is(201);
        let planned = async |who: &str, from: &str, to: &str| -> Vec<String> {
            let sql = format!(
                "select hours::float::text from planned_days('{from}', '{to}', '{{{who}}}') order by day"
            );
            firm.found(&sql).await.concat()
        };
        // Until 8 January eight hours from Monday to Friday; then the long week's Friday, and the short week.
        assert_eq!(
            planned(&firm.ana_id, "2026-01-08", "2026-01-17").await,
            ["8", "8", "0", "0", "8", "8", "8", "8", "0", "0"]
        );
        assert_eq!(planned(&firm.ana_id, "2026-01-19", "2026-01-24").await, ["8", "8", "8", "8", "8", "0"]);
        // Nobody works before they come.
        assert_eq!(planned(&firm.ben_id, "2019-12-30", "2020-01-03").await.len(), 3);
        // A leave in the short week takes four days.
        let kind = firm.leave_type(json!({"allows_negative": true})).await;
        assert_eq!(decimal(&firm.ask(&kind, "2026-01-12", "2026-01-18").await["days"]), days("4"));
        let twice = json!({"code": "TWICE", "name": "Twice", "weeks": [week("8")], "cycle_starts_on": "2026-01-06",
            "overtime": [{"per": "day", "over": "8", "multiplier": "1.5"}, {"per": "day", "over": "8.0", "multiplier": "0.5"}]});
        let problem = firm.owner.post("/v1/working-patterns", twice).await.is_problem(422, "invalid-input");
        let told: Vec<_> = problem["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|each: &Value| each["pointer"].as_str().unwrap())
            .collect();
        assert_eq!(told, ["/overtime/1/over", "/overtime/1/multiplier", "/cycle_starts_on"]);
    });
}
