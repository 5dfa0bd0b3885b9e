//! Who decides on leave and weeks: those above, those who stand in for them, and never oneself.
use crate::support::{Caller, run};
use crate::{Company, id, request};
use chrono::{Duration, Utc};
use serde_json::{Value, json};

/// Mira is away for a week from now, and Dan decides for her.
async fn mira_is_away(firm: &Company) -> String {
    let (from, until) = (Utc::now() - Duration::hours(1), Utc::now() + Duration::days(7));
    let away = json!({"delegate_id": firm.dan.user, "starts_at": from, "ends_at": until});
    id(&firm.mira.post("/v1/approval-delegations", away).await.is(201))
}

#[test]
fn nobody_decides_on_their_own_leave_nor_on_what_they_handed_in() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({"allows_negative": true})).await;
        let path = firm.submitted(&kind, "2026-06-08", "2026-06-12").await;
        firm.ana.act(&format!("{path}/approve")).await.is_problem(403, "forbidden");
        // Who is not above Ana does not know of it.
        firm.ben.act(&format!("{path}/approve")).await.is_problem(404, "not-found");
        firm.dan.get(&path).await.is_problem(404, "not-found");
        let approved = firm.mira.act(&format!("{path}/approve")).await.is(200);
        assert_eq!(
            (&approved["decided_by"], &approved["on_behalf_of"]),
            (&json!(firm.mira.user), &Value::Null)
        );
        // What somebody hands in for another, a third one decides.
        let asked = json!({"employee_id": firm.ana_id, "leave_type_id": kind, "starts_on": "2026-07-06", "ends_on": "2026-07-07"});
        let entered = request(&firm.hr.post("/v1/leave-requests", asked).await.is(201));
        firm.hr.act(&format!("{entered}/submit")).await.is(200);
        firm.hr.act(&format!("{entered}/approve")).await.is_problem(403, "forbidden");
        firm.mira.act(&format!("{entered}/approve")).await.is(200);
        // Mira's own is not Mira's to decide.
        let asked = json!({"leave_type_id": kind, "starts_on": "2026-07-06", "ends_on": "2026-07-07"});
        let own = request(&firm.mira.post("/v1/leave-requests", asked).await.is(201));
        firm.mira.act(&format!("{own}/submit")).await.is(200);
        firm.mira.act(&format!("{own}/approve")).await.is_problem(403, "forbidden");
        firm.hr.act(&format!("{own}/approve")).await.is(200);
        // Nobody asks for others without the reach.
        let asked = json!({"employee_id": firm.ben_id, "leave_type_id": kind, "starts_on": "2026-07-06", "ends_on": "2026-07-07"});
        firm.ana.post("/v1/leave-requests", asked).await.is_problem(403, "forbidden");
    });
}

#[test]
fn who_stands_in_decides_on_behalf_of_who_is_away_and_does_nothing_else() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({"allows_negative": true})).await;
        let path = firm.submitted(&kind, "2026-06-08", "2026-06-12").await;
        let draft = request(&firm.ask(&kind, "2026-09-07", "2026-09-08").await);
        firm.dan.act(&format!("{path}/approve")).await.is_problem(404, "not-found");
        let delegation = mira_is_away(&firm).await;
        let waiting = firm.dan.get("/v1/leave-requests?status=submitted").await.is(200);
        assert_eq!(waiting["data"].as_array().unwrap().len(), 1);
        assert!(waiting["data"][0]["available_actions"].as_array().unwrap().contains(&json!("approve")));
        // Not Ana's business, but the decision is.
        firm.dan.patch(&draft, json!({"note": "Changed"})).await.is_problem(403, "forbidden");
        firm.dan.act(&format!("{path}/cancel")).await.is_problem(403, "forbidden");
        firm.dan.delete(&draft).await.is_problem(403, "forbidden");
        let approved = firm.dan.act(&format!("{path}/approve")).await.is(200);
        assert_eq!(
            (&approved["decided_by"], &approved["on_behalf_of"]),
            (&json!(firm.dan.user), &json!(firm.mira.user))
        );
        let history = firm.hr.get(&format!("{path}/history")).await.is(200);
        let last = history["data"]
            .as_array()
            .unwrap()
            .iter()
            .find(|each| each["type"] == "leave_request.approved")
            .unwrap();
        assert_eq!(last["changes"]["on_behalf_of"]["after"], json!(firm.mira.user));
        assert_eq!(last["actor"], format!("user:{}", firm.dan.user));
        // Mira's own leave is not decided in Mira's name; and Ana's waits again once Mira is back.
        let asked = json!({"leave_type_id": kind, "starts_on": "2026-07-06", "ends_on": "2026-07-07"});
        let own = request(&firm.mira.post("/v1/leave-requests", asked).await.is(201));
        firm.mira.act(&format!("{own}/submit")).await.is(200);
        firm.dan.act(&format!("{own}/approve")).await.is_problem(404, "not-found");
        let next = firm.submitted(&kind, "2026-10-05", "2026-10-06").await;
        firm.mira.delete(&format!("/v1/approval-delegations/{delegation}")).await.is(204);
        firm.dan.act(&format!("{next}/approve")).await.is_problem(404, "not-found");
    });
}

#[test]
fn nobody_passes_on_what_they_do_not_hold() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({"allows_negative": true})).await;
        let path = firm.submitted(&kind, "2026-06-08", "2026-06-12").await;
        // Ben decides for nobody, so whoever stands in for Ben doesn't either.
        let (from, until) = (Utc::now() - Duration::hours(1), Utc::now() + Duration::days(7));
        let away = json!({"delegate_id": firm.dan.user, "starts_at": from, "ends_at": until});
        firm.ben.post("/v1/approval-delegations", away).await.is(201);
        firm.dan.act(&format!("{path}/approve")).await.is_problem(404, "not-found");
        // Mira's begins tomorrow.
        let (from, until) = (Utc::now() + Duration::days(1), Utc::now() + Duration::days(7));
        let away = json!({"delegate_id": firm.dan.user, "starts_at": from, "ends_at": until});
        firm.mira.post("/v1/approval-delegations", away).await.is(201);
        firm.dan.act(&format!("{path}/approve")).await.is_problem(404, "not-found");
    });
}

#[test]
fn weeks_are_decided_by_who_stands_in_too() {
    run(async {
        let firm = Company::new().await;
        let entry = json!({"worked_on": "2026-03-03", "hours": "8"});
        let entry = firm.ana.post("/v1/timesheet-entries", entry).await.is(201);
        let sheet = format!("/v1/timesheets/{}", entry["timesheet_id"].as_str().unwrap());
        firm.ana.act(&format!("{sheet}/submit")).await.is(200);
        firm.dan.get(&sheet).await.is_problem(404, "not-found");
        mira_is_away(&firm).await;
        let sees = async |who: &Caller| {
            who.get("/v1/timesheet-entries").await.is(200)["data"].as_array().unwrap().len()
        };
        assert_eq!((sees(&firm.dan).await, sees(&firm.ben).await), (1, 0));
        let approved = firm.dan.act(&format!("{sheet}/approve")).await.is(200);
        assert_eq!(approved["on_behalf_of"], json!(firm.mira.user));
        let path = format!("/v1/timesheet-entries/{}", id(&entry));
        let reopened = firm.dan.act(&format!("{sheet}/reopen")).await.is(200);
        assert_eq!(reopened["status"], "open");
        firm.dan.patch(&path, json!({"hours": "9"})).await.is_problem(403, "forbidden");
    });
}

#[test]
fn a_policy_can_ask_for_more() {
    run(async {
        let firm = Company::new().await;
        let kind = firm.leave_type(json!({"allows_negative": true})).await;
        let long = json!({"name": "Long leave", "resource": "leave-requests", "action": "approve",
            "conditions": [{"field": "days", "over": "10"}], "steps": [{"user_ids": [firm.hr.user]}]});
        firm.owner.post("/v1/approval-policies", long).await.is(201);
        let short = firm.submitted(&kind, "2026-06-08", "2026-06-12").await;
        firm.mira.act(&format!("{short}/approve")).await.is(200);
        let long = firm.submitted(&kind, "2026-08-03", "2026-08-21").await;
        firm.mira.act(&format!("{long}/approve")).await.is_problem(409, "approval-required");
    });
}
