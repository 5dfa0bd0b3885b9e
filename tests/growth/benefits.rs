//! Benefits: whom they are for, when one may choose, and what they cost whom.
use crate::support::{Caller, Organization, run};
use crate::{database, fault, faults, hire_on, id, in_days};
use serde_json::{Value, json};
use uuid::Uuid;

/// A plan of these contributions.
async fn plan(caller: &Caller, code: &str, contributions: Value, with: Value) -> String {
    let mut plan = json!({"code": code, "name": code, "kind": "other", "currency": "RON", "contributions": contributions, "starts_on": "2026-01-01"});
    plan.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    id(&caller.post("/v1/benefit-plans", plan).await.is(201))
}

/// Somebody who may enrol anybody, and somebody else who agrees.
async fn officers() -> (Organization, Caller, Caller) {
    let organization = Organization::new().await;
    let (maker, checker) = (organization.owner().await, organization.owner().await);
    (organization, maker, checker)
}

async fn enrol(maker: &Caller, checker: &Caller, enrolment: Value) -> String {
    let made = id(&maker.post("/v1/benefit-enrolments", enrolment).await.is(201));
    checker.act(&format!("/v1/benefit-enrolments/{made}/approve")).await.is(200);
    made
}

/// What the plans cost the people, a line for each: `plan employee employer employee% employer% of`.
async fn contributions(caller: &Caller, from: &str, to: &str) -> Vec<String> {
    let asked = "select concat_ws(' ', p.code, trim_scale(c.employee_amount), trim_scale(c.employer_amount), trim_scale(c.employee_rate), trim_scale(c.employer_rate), c.pay_basis)
        from benefit_contributions($1::text::date, $2::text::date, array(select id from employees where org_id = current_org())) c
        join benefit_plans p on p.org_id = current_org() and p.id = c.benefit_plan_id order by 1";
    let rows = database(caller).await.query(asked, &[&from, &to]).await.unwrap();
    rows.iter().map(|row| row.get(0)).collect()
}

#[test]
fn what_a_benefit_costs_follows_its_days_and_the_days_of_its_rates() {
    run(async {
        let (_, maker, checker) = officers().await;
        let ana = hire_on(&maker, "2026-01-10", None).await;
        let health = json!([
            {"starts_on": "2026-01-01", "basis": "fixed", "employee": "30.00", "employer": "120.00", "employee_per_dependant": "10.00"},
            {"starts_on": "2026-06-11", "basis": "fixed", "employee": "60.00", "employer": "240.00"},
        ]);
        let health = plan(&maker, "HEALTH", health, json!({"most_dependants": 1})).await;
        let pension = json!([{"starts_on": "2026-01-01", "basis": "percent_of_gross_pay", "employee": "5", "employer": "3"}]);
        let pension = plan(&maker, "PENSION", pension, json!({})).await;
        let reason = "Agreed on when hired";
        let child =
            json!({"employee_id": ana, "given_name": "Mia", "family_name": "Pop", "relationship": "child"});
        let child = Uuid::parse_str(&Uuid::now_v7().to_string()).map(|id| (id, child)).unwrap();
        let born = "insert into dependants (id, employee_id, given_name, family_name, relationship) values ($1, $2::text::uuid, 'Mia', 'Pop', 'child')";
        database(&maker).await.execute(born, &[&child.0, &ana]).await.unwrap();
        let with_child = json!({"employee_id": ana, "benefit_plan_id": health, "starts_on": "2026-02-15", "dependant_ids": [child.0], "reason": reason});
        let health = enrol(&maker, &checker, with_child).await;
        let from_june = json!({"employee_id": ana, "benefit_plan_id": pension, "starts_on": "2026-06-16", "reason": reason});
        enrol(&maker, &checker, from_june).await;
        // Nothing before the first day.
        assert_eq!(contributions(&maker, "2026-02-01", "2026-02-14").await, Vec::<String>::new());
        // February has 28 days, of which 14 are covered: 14/28 of (30 + 10 for the child) and of 120.
        assert_eq!(contributions(&maker, "2026-02-01", "2026-02-28").await, ["HEALTH 20 60 0 0"]);
        assert_eq!(contributions(&maker, "2026-03-01", "2026-03-31").await, ["HEALTH 40 120 0 0"]);
        // June: 10 days at 40 and 120, 20 days at 60 and 240: 13.3333 + 40, 40 + 160. The pension holds for 15 of 30 days: half its rate.
        assert_eq!(
            contributions(&maker, "2026-06-01", "2026-06-30").await,
            ["HEALTH 53.3333 200 0 0", "PENSION 0 0 2.5 1.5 gross_pay"]
        );
        // A half month is half of it: 15 of 31 days.
        assert_eq!(
            contributions(&maker, "2026-07-01", "2026-07-15").await,
            ["HEALTH 29.0323 116.129 0 0", "PENSION 0 0 5 3 gross_pay"]
        );
        // Ended in the middle of August: 10 of 31 days of it; nothing in September.
        let end = json!({"last_day": "2026-08-10", "end_reason": "Covered elsewhere"});
        maker.post(&format!("/v1/benefit-enrolments/{health}/end"), end).await.is(200);
        assert_eq!(contributions(&maker, "2026-08-01", "2026-08-31").await[0], "HEALTH 19.3548 77.4194 0 0");
        assert_eq!(contributions(&maker, "2026-09-01", "2026-09-30").await, ["PENSION 0 0 5 3 gross_pay"]);
    });
}

#[test]
fn a_plan_that_is_not_prorated_costs_the_month_in_which_it_begins_whole_and_once() {
    run(async {
        let (_, maker, checker) = officers().await;
        let ana = hire_on(&maker, "2026-01-10", None).await;
        let card =
            json!([{"starts_on": "2026-01-01", "basis": "fixed", "employee": "0", "employer": "90.00"}]);
        let card = plan(&maker, "CARD", card, json!({"is_prorated": false})).await;
        let asked = json!({"employee_id": ana, "benefit_plan_id": card, "starts_on": "2026-03-20", "reason": "Asked for"});
        enrol(&maker, &checker, asked).await;
        // Two halves of a month: it is due in the one that holds its first day of that month.
        assert_eq!(contributions(&maker, "2026-03-01", "2026-03-15").await, Vec::<String>::new());
        assert_eq!(contributions(&maker, "2026-03-16", "2026-03-31").await, ["CARD 0 90 0 0"]);
        assert_eq!(contributions(&maker, "2026-04-01", "2026-04-15").await, ["CARD 0 90 0 0"]);
        assert_eq!(contributions(&maker, "2026-04-16", "2026-04-30").await, Vec::<String>::new());
        assert_eq!(contributions(&maker, "2026-03-01", "2026-05-31").await, ["CARD 0 270 0 0"]);
    });
}

#[test]
fn all_that_keeps_somebody_from_a_plan_is_told_at_once() {
    run(async {
        let (_, maker, _) = officers().await;
        let ana = hire_on(&maker, "2026-01-10", None).await;
        let cost = json!([{"starts_on": "2026-01-01", "basis": "fixed", "employee": "1", "employer": "1"}]);
        let for_few = json!({"eligible_grades": ["G7"], "eligible_countries": ["RO"], "tenure_months": 6});
        let plan = plan(&maker, "FEW", cost, for_few).await;
        let asked = |starts_on: &str| json!({"employee_id": ana, "benefit_plan_id": plan, "starts_on": starts_on, "dependant_ids": [Uuid::now_v7()], "reason": "Asked for"});
        let refused =
            maker.post("/v1/benefit-enrolments", asked("2026-07-09")).await.is_problem(422, "invalid-input");
        let expected = [
            fault("/dependant_ids", "too-many"),
            fault("/dependant_ids/0", "unknown-reference"),
            fault("/employee_id", "other-country"),
            fault("/employee_id", "other-grade"),
            fault("/starts_on", "too-early"),
        ];
        assert_eq!(faults(&refused), expected, "{refused}");
        // Six months from 10 January are over on 10 July.
        let graded = "update assignments set grade = 'G7', country = 'RO' where employee_id = $1::text::uuid";
        database(&maker).await.execute(graded, &[&ana]).await.unwrap();
        let mut asked = asked("2026-07-10");
        asked["dependant_ids"] = json!([]);
        let made = maker.post("/v1/benefit-enrolments", asked.clone()).await.is(201);
        assert_eq!(
            (made["status"].as_str(), made["opened_by"].as_str()),
            (Some("requested"), Some("officer"))
        );
        // Twice at a time is once too often; nobody was employed before they came.
        maker.post("/v1/benefit-enrolments", asked.clone()).await.is_problem(409, "conflict");
        asked["starts_on"] = json!("2026-01-09");
        let refused = maker.post("/v1/benefit-enrolments", asked).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [fault("/starts_on", "not-employed")]);
    });
}

#[test]
fn one_chooses_when_a_window_is_open_and_somebody_else_agrees() {
    run(async {
        let (organization, officer, other) = officers().await;
        let ana_id = hire_on(&officer, "2020-01-10", None).await;
        let own = [
            "benefit-enrolments:read=own",
            "benefit-enrolments:write=own",
            "benefit-enrolments:approve=own",
            "benefit-life-events:read=own",
            "benefit-life-events:write=own",
            "benefit-life-events:approve=own",
        ];
        let ana = organization.employee(&ana_id, &own).await;
        let cost = json!([{"starts_on": "2026-01-01", "basis": "fixed", "employee": "1", "employer": "1"}]);
        let health = plan(&officer, "HEALTH", cost.clone(), json!({})).await;
        let gym = plan(&officer, "GYM", cost, json!({"needs_approval": false})).await;
        let asked = |plan: &str, starts_on: &str| json!({"benefit_plan_id": plan, "starts_on": starts_on});
        let refused = ana
            .post("/v1/benefit-enrolments", asked(&health, &in_days(5)))
            .await
            .is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [fault("/starts_on", "no-window")]);
        // An officer says why; the employee's own reason opens nothing.
        let mut with_reason = asked(&health, &in_days(5));
        with_reason["reason"] = json!("Please");
        ana.post("/v1/benefit-enrolments", with_reason).await.is_problem(422, "invalid-input");
        // A window for all, for cover from next week on.
        let window = json!({"name": "Open", "opens_on": in_days(-3), "closes_on": in_days(3), "coverage_starts_on": in_days(7)});
        let window = id(&officer.post("/v1/benefit-windows", window).await.is(201));
        ana.post("/v1/benefit-enrolments", asked(&health, &in_days(5)))
            .await
            .is_problem(422, "invalid-input");
        let made = ana.post("/v1/benefit-enrolments", asked(&health, &in_days(7))).await.is(201);
        assert_eq!(
            (made["status"].as_str(), made["benefit_window_id"].as_str()),
            (Some("requested"), Some(window.as_str()))
        );
        assert_eq!(made["employee_id"].as_str(), Some(ana_id.as_str()));
        let path = format!("/v1/benefit-enrolments/{}", id(&made));
        ana.act(&format!("{path}/approve")).await.is_problem(403, "forbidden");
        let approved = other.act(&format!("{path}/approve")).await.is(200);
        assert_eq!(approved["available_actions"], json!(["end"]));
        // What needs no approval holds at once.
        let made = ana.post("/v1/benefit-enrolments", asked(&gym, &in_days(7))).await.is(201);
        assert_eq!(made["status"], "approved");
        // The window is over; a birth opens one of her own, once somebody else accepts it.
        officer
            .patch(&format!("/v1/benefit-windows/{window}"), json!({"closes_on": in_days(-1)}))
            .await
            .is(200);
        let cost = json!([{"starts_on": "2026-01-01", "basis": "fixed", "employee": "1", "employer": "1"}]);
        let life = plan(&officer, "LIFE", cost, json!({})).await;
        let birth = json!({"kind": "birth", "happened_on": in_days(-2)});
        let birth = id(&ana.post("/v1/benefit-life-events", birth).await.is(201));
        let mut after_birth = asked(&life, &in_days(-2));
        after_birth["benefit_life_event_id"] = json!(birth);
        let refused =
            ana.post("/v1/benefit-enrolments", after_birth.clone()).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [fault("/benefit_life_event_id", "no-window")]);
        let accept = format!("/v1/benefit-life-events/{birth}/accept");
        ana.post(&accept, json!({})).await.is_problem(403, "forbidden");
        let accepted = officer.post(&accept, json!({})).await.is(200);
        assert_eq!(accepted["enrol_until_on"], in_days(30));
        let made = ana.post("/v1/benefit-enrolments", after_birth).await.is(201);
        assert_eq!(made["opened_by"], "life_event");
        let future = json!({"kind": "marriage", "happened_on": in_days(2)});
        let refused = ana.post("/v1/benefit-life-events", future).await.is_problem(422, "invalid-input");
        assert_eq!(faults(&refused), [fault("/happened_on", "in-the-future")]);
    });
}

#[test]
fn a_plan_says_what_it_costs_for_every_day() {
    run(async {
        let (_, officer, _) = officers().await;
        let contributions = json!([
            {"starts_on": "2026-02-01", "basis": "percent_of_base_pay", "employee": "101", "employer": "1"},
            {"starts_on": "2026-02-01", "basis": "fixed", "employee": "1", "employer": "1"},
        ]);
        let plan = json!({"code": "P", "name": "P", "kind": "pension", "currency": "RON", "contributions": contributions, "starts_on": "2026-01-01"});
        let refused = officer.post("/v1/benefit-plans", plan).await.is_problem(422, "invalid-input");
        let expected = [
            fault("/contributions/0/employee", "too-large"),
            fault("/contributions/0/starts_on", "too-late"),
            fault("/contributions/1/starts_on", "repeated"),
        ];
        assert_eq!(faults(&refused), expected);
    });
}
