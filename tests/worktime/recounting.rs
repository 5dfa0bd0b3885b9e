//! Leave that was agreed to, and then the days that people work change: holidays, patterns, the last day. Days that lie far ahead are not over.
use crate::support::run;
use crate::{Company, days, decimal, id, request};
use futures_util::future::join;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// The default calendar, without a holiday.
async fn calendar(firm: &Company) -> String {
    let calendar = json!({"code": "OURS", "name": "Ours", "is_default": true});
    id(&firm.owner.post("/v1/work-calendars", calendar).await.is(201))
}

fn holiday(calendar: &str, on: &str) -> Value {
    json!({"calendar_id": calendar, "holiday_on": on, "name": "Founders' day"})
}

async fn gone(firm: &Company, holiday: &str) {
    firm.owner.delete(&format!("/v1/public-holidays/{holiday}")).await.is(204);
}

/// Days of Ana's calendar on which she is away.
async fn away(firm: &Company) -> Vec<String> {
    let found =
        firm.found("select day::text from absence_days where org_id = current_org() order by day").await;
    found.into_iter().map(|mut row| row.remove(0)).collect()
}

/// A leave as it is now: its state, its days, and what is left of the ten that Ana had.
async fn stands(firm: &Company, kind: &str, path: &str) -> (String, Decimal, Decimal) {
    let leave = firm.hr.get(path).await.is(200);
    let left = firm.balance(&firm.ana_id, kind, "2090-12-31").await.0;
    (leave["status"].as_str().unwrap().to_owned(), decimal(&leave["days"]), left)
}

fn is(status: &str, taken: &str, left: &str) -> (String, Decimal, Decimal) {
    (status.to_owned(), days(taken), days(left))
}

#[test]
fn a_holiday_within_a_leave_gives_a_day_back_and_takes_it_again_when_it_goes() {
    run(async {
        let firm = Company::new().await;
        let calendar = calendar(&firm).await;
        let kind = firm.leave_type(json!({})).await;
        firm.grant(&firm.ana_id, &kind, "10", "2026-01-01").await;
        // Monday, 29 May 2090, to Friday, 2 June: three days in May and two in June.
        let path = request(&firm.taken(&kind, "2090-05-29", "2090-06-02").await);
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "5", "5"));
        // Thursday, the first of the two in June: what is taken in June is taken on the 2nd now.
        let first =
            id(&firm.owner.post("/v1/public-holidays", holiday(&calendar, "2090-06-01")).await.is(201));
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "4", "6"));
        assert_eq!(away(&firm).await, ["2090-05-29", "2090-05-30", "2090-05-31", "2090-06-02"]);
        let ledger = "select effective_on::text, trim_scale(sum(days))::text from leave_entitlements
            where org_id = current_org() and leave_request_id is not null group by 1 having sum(days) <> 0 order by 1";
        assert_eq!(firm.found(ledger).await, [["2090-05-29", "-3"], ["2090-06-02", "-1"]]);
        // It goes, and there is one on a Saturday, which nobody works anyway, and then one in May.
        gone(&firm, &first).await;
        firm.owner.post("/v1/public-holidays", holiday(&calendar, "2090-06-03")).await.is(201);
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "5", "5"));
        assert_eq!(firm.found(ledger).await, [["2090-05-29", "-3"], ["2090-06-01", "-2"]]);
        let second =
            id(&firm.owner.post("/v1/public-holidays", holiday(&calendar, "2090-05-30")).await.is(201));
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "4", "6"));
        gone(&firm, &second).await;
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "5", "5"));
        // All of it is in its history, and nothing was taken out of the ledger.
        let history = firm.hr.get(&format!("{path}/history")).await.is(200);
        let recounted =
            history["data"].as_array().unwrap().iter().filter(|event| !event["changes"]["days"].is_null());
        assert!(recounted.count() >= 4, "{history}");
        // Cancelled, all is back.
        firm.hr.act(&format!("{path}/cancel")).await.is(200);
        assert_eq!(stands(&firm, &kind, &path).await.2, days("10"));
    });
}

#[test]
fn half_a_day_and_a_leave_of_one_day_are_counted_anew_too() {
    run(async {
        let firm = Company::new().await;
        let calendar = calendar(&firm).await;
        let kind = firm.leave_type(json!({})).await;
        firm.grant(&firm.ana_id, &kind, "10", "2026-01-01").await;
        let asked = json!({"leave_type_id": kind, "starts_on": "2090-06-05", "ends_on": "2090-06-06", "starts_at_noon": true});
        let leave = request(&firm.ana.post("/v1/leave-requests", asked).await.is(201));
        firm.ana.act(&format!("{leave}/submit")).await.is(200);
        firm.mira.act(&format!("{leave}/approve")).await.is(200);
        let single = request(&firm.taken(&kind, "2090-06-08", "2090-06-08").await);
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2090-12-31").await.0, days("7.5"));
        firm.owner.post("/v1/public-holidays", holiday(&calendar, "2090-06-05")).await.is(201);
        assert_eq!(stands(&firm, &kind, &leave).await, is("approved", "1", "8"));
        // What is left of a leave of a holiday is nothing; it stands, and counts again should the holiday go.
        let second =
            id(&firm.owner.post("/v1/public-holidays", holiday(&calendar, "2090-06-08")).await.is(201));
        assert_eq!(stands(&firm, &kind, &single).await, is("approved", "0", "9"));
        let at = format!("/v1/public-holidays/{second}");
        firm.owner.request(reqwest::Method::DELETE, &at).header("if-match", "*").send().await.is(204);
        assert_eq!(stands(&firm, &kind, &single).await, is("approved", "1", "8"));
    });
}

#[test]
fn a_leave_that_is_decided_on_while_a_holiday_comes_is_counted_with_it() {
    run(async {
        let firm = Company::new().await;
        let calendar = calendar(&firm).await;
        let kind = firm.leave_type(json!({})).await;
        firm.grant(&firm.ana_id, &kind, "10", "2026-01-01").await;
        for week in ["2090-06-05 2090-06-09", "2090-06-12 2090-06-16"] {
            let (monday, friday) = week.split_once(' ').unwrap();
            let before = firm.balance(&firm.ana_id, &kind, "2090-12-31").await.0;
            let path = firm.submitted(&kind, monday, friday).await;
            let (approve, new) = (format!("{path}/approve"), holiday(&calendar, friday));
            let (approved, made) =
                join(firm.mira.act(&approve), firm.owner.post("/v1/public-holidays", new)).await;
            approved.is(200);
            made.is(201);
            // Whichever was first: four days.
            let leave = firm.hr.get(&path).await.is(200);
            assert_eq!(decimal(&leave["days"]), days("4"));
            assert_eq!(firm.balance(&firm.ana_id, &kind, "2090-12-31").await.0, before - days("4"));
        }
        assert_eq!(away(&firm).await.len(), 8);
    });
}

fn four_days() -> Value {
    json!({"monday": "10", "tuesday": "10", "wednesday": "10", "thursday": "10", "friday": "0", "saturday": "0", "sunday": "0"})
}

#[test]
fn a_pattern_and_who_has_it_count_from_the_day_on_from_which_they_hold() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({})).await;
        firm.grant(&firm.ana_id, &kind, "20", "2025-01-01").await;
        let past = request(&firm.taken(&kind, "2026-03-02", "2026-03-06").await);
        let path = request(&firm.taken(&kind, "2090-06-05", "2090-06-16").await);
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "10", "5"));
        // Ana works four days a week from the second week on: nine days.
        let pattern = json!({"code": "FOUR", "name": "Four days", "weeks": [four_days()]});
        let pattern = id(&firm.owner.post("/v1/working-patterns", pattern).await.is(201));
        let schedule = json!({"employee_id": firm.ana_id, "starts_on": "2090-06-12", "pattern_id": pattern});
        let schedule = id(&firm.owner.post("/v1/work-schedules", schedule).await.is(201));
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "9", "6"));
        // From the first on: eight.
        let at = format!("/v1/work-schedules/{schedule}");
        firm.owner.patch(&at, json!({"starts_on": "2090-06-05"})).await.is(200);
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "8", "7"));
        // The pattern itself becomes one of three days: six, and the schedule goes: ten again.
        let mut three = four_days();
        three["thursday"] = json!("0");
        firm.owner.patch(&format!("/v1/working-patterns/{pattern}"), json!({"weeks": [three]})).await.is(200);
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "6", "9"));
        firm.owner.request(reqwest::Method::DELETE, &at).header("if-match", "*").send().await.is(204);
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "10", "5"));
        // As the default it holds for everybody from today on; what is past stays as it was.
        let all = json!({"is_default": true});
        firm.owner.patch(&format!("/v1/working-patterns/{pattern}"), all).await.is(200);
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "6", "9"));
        assert_eq!(stands(&firm, &kind, &past).await, is("approved", "5", "9"));
    });
}

#[test]
fn what_was_worked_in_a_week_that_was_handed_in_stays() {
    run(async {
        let firm = Company::new().await;
        let calendar = calendar(&firm).await;
        let kind = firm.leave_type(json!({})).await;
        firm.grant(&firm.ana_id, &kind, "10", "2025-01-01").await;
        // Thursday and Friday off; Monday worked, and the week handed in.
        let locked = request(&firm.taken(&kind, "2026-03-05", "2026-03-06").await);
        let worked = json!({"worked_on": "2026-03-02", "hours": "8"});
        let worked = firm.ana.post("/v1/timesheet-entries", worked).await.is(201);
        let week = format!("/v1/timesheets/{}", worked["timesheet_id"].as_str().unwrap());
        firm.ana.act(&format!("{week}/submit")).await.is(200);
        let open = request(&firm.taken(&kind, "2026-03-12", "2026-03-13").await);
        for day in ["2026-03-06", "2026-03-13"] {
            firm.owner.post("/v1/public-holidays", holiday(&calendar, day)).await.is(201);
        }
        assert_eq!(stands(&firm, &kind, &locked).await, is("approved", "2", "7"));
        assert_eq!(stands(&firm, &kind, &open).await, is("approved", "1", "7"));
    });
}

#[test]
fn leave_after_the_last_day_is_cancelled_and_given_back() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({})).await;
        firm.grant(&firm.ana_id, &kind, "20", "2026-01-01").await;
        let across = request(&firm.taken(&kind, "2090-06-05", "2090-06-09").await);
        let after = request(&firm.taken(&kind, "2090-07-03", "2090-07-07").await);
        let asked = firm.submitted(&kind, "2090-08-07", "2090-08-11").await;
        assert_eq!(firm.balance(&firm.ana_id, &kind, "2090-12-31").await.0, days("10"));
        // Tuesday, 6 June, is the last day: two days of the first leave, and nothing of the others.
        let leaving = json!({"last_day": "2090-06-06", "reason": "Resigned"});
        let ana = format!("/v1/employees/{}", firm.ana_id);
        firm.owner.post(&format!("{ana}/terminate"), leaving).await.is(200);
        assert_eq!(stands(&firm, &kind, &across).await, is("approved", "2", "18"));
        assert_eq!(stands(&firm, &kind, &after).await.0, "cancelled");
        assert_eq!(stands(&firm, &kind, &asked).await.0, "cancelled");
        assert_eq!(away(&firm).await, ["2090-06-05", "2090-06-06"]);
        // Two days longer: two days more are leave. What was cancelled stays so.
        let leaving = json!({"last_day": "2090-06-08", "reason": "Resigned"});
        firm.owner.post(&format!("{ana}/terminate"), leaving).await.is(200);
        assert_eq!(stands(&firm, &kind, &across).await, is("approved", "4", "16"));
        assert_eq!(stands(&firm, &kind, &after).await.0, "cancelled");
        let history = firm.hr.get(&format!("{after}/history")).await.is(200);
        let last = history["data"]
            .as_array()
            .unwrap()
            .iter()
            .any(|event| event["type"] == "leave_request.cancelled");
        assert!(last, "{history}");
    });
}

#[test]
fn a_transfer_leaves_leave_as_it_is() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({})).await;
        firm.grant(&firm.ana_id, &kind, "20", "2026-01-01").await;
        let path = request(&firm.taken(&kind, "2090-06-05", "2090-06-09").await);
        let ana = format!("/v1/employees/{}", firm.ana_id);
        let to = json!({"starts_on": "2090-06-07", "manager_id": firm.mira_id, "workplace": "remote"});
        firm.owner.post(&format!("{ana}/transfer"), to).await.is(200);
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "5", "15"));
        let history = firm.owner.get(&format!("{ana}/assignments")).await.is(200);
        let planned = id(history["data"].as_array().unwrap().last().unwrap());
        let planned = format!("/v1/assignments/{planned}");
        firm.owner.request(reqwest::Method::DELETE, &planned).header("if-match", "*").send().await.is(204);
        assert_eq!(stands(&firm, &kind, &path).await, is("approved", "5", "15"));
    });
}
