//! From the opening to the first day, once.
use crate::support::{run, service};
use crate::{Hiring, day, faults, id, unique};
use futures_util::future::join_all;
use serde_json::{Value, json};

#[test]
#[expect(clippy::too_many_lines, reason = "one story")]
fn from_the_opening_to_the_first_day() {
    run(async {
        let hiring = Hiring::new().await;
        let position = hiring.position(1).await;
        let mira = hiring.hr.hire("Mira", None).await;
        let template = json!({"name": "Welcome", "kind": "onboarding", "country": "RO", "items": [
            {"title": "Sign the contract", "role": "hr", "due_days": -5},
            {"title": "Hand over a laptop", "role": "it", "due_days": -1, "request": {"kind": "asset", "item": "Laptop, 14 inch"}},
            {"title": "Show around", "role": "manager", "due_days": 0},
            {"title": "Read the handbook", "role": "employee", "due_days": 7},
        ]});
        hiring.hr.post("/v1/checklist-templates", template).await.is(201);
        let opening = hiring.open(&position, 1).await;
        let candidate = hiring.candidate("Ioana").await;
        let application = hiring.apply(&candidate, &opening).await;
        let terms = json!({"manager_id": mira, "workplace": "remote", "grade": "G5", "full_time_equivalent": "0.5", "contract_type": "fixed_term", "contract_ends_on": day(395)});
        let offer = hiring.sent(&application, terms).await;
        // One offer at a time.
        let second = json!({"application_id": application, "starts_on": day(30), "pay_basis": "monthly", "pay_amount": "1.00", "pay_group_id": hiring.pay_group().await, "expires_on": day(10)});
        hiring.hr.post("/v1/offers", second).await.is_problem(409, "conflict");
        let number = unique();
        let accept = format!("/v1/offers/{offer}/accept");
        // A dry run leaves nothing.
        let whom = json!({"employee_number": number, "work_email": format!("{number}@work.example")});
        hiring.hr.post(&format!("{accept}?dry_run=true"), whom.clone()).await.is(200);
        assert_eq!(
            hiring.hr.get(&format!("/v1/employees?employee_number={number}")).await.is(200)["data"],
            json!([])
        );
        let accepted = hiring.hr.post(&accept, whom).await.is(200);
        assert_eq!((&accepted["status"], &accepted["available_actions"]), (&json!("accepted"), &json!([])));
        let employee = accepted["employee_id"].as_str().unwrap();

        let ioana = hiring.hr.get(&format!("/v1/employees/{employee}")).await.is(200);
        assert_eq!(
            [
                &ioana["given_name"],
                &ioana["employee_number"],
                &ioana["status"],
                &ioana["hired_on"],
                &ioana["position_id"],
                &ioana["manager_id"]
            ],
            [
                &json!("Ioana"),
                &json!(number),
                &json!("pending"),
                &json!(day(30)),
                &json!(position),
                &json!(mira)
            ]
        );
        let assignments = hiring.hr.get(&format!("/v1/assignments?employee_id={employee}")).await.is(200);
        let assignment = &assignments["data"][0];
        assert_eq!(
            [
                &assignment["starts_on"],
                &assignment["change"],
                &assignment["workplace"],
                &assignment["grade"],
                &assignment["full_time_equivalent"],
                &assignment["contract_type"],
                &assignment["contract_ends_on"],
                &assignment["country"]
            ],
            [
                &json!(day(30)),
                &json!("hire"),
                &json!("remote"),
                &json!("G5"),
                &json!("0.5"),
                &json!("fixed_term"),
                &json!(day(395)),
                &json!("RO")
            ]
        );
        let pay = hiring.hr.get(&format!("/v1/compensations?employee_id={employee}")).await.is(200);
        assert_eq!(
            (&pay["data"][0]["amount"], &pay["data"][0]["effective_on"]),
            (&json!("9500.00"), &json!(day(30)))
        );
        let opening = hiring.hr.get(&format!("/v1/job-openings/{opening}")).await.is(200);
        assert_eq!((&opening["status"], &opening["filled_seats"]), (&json!("filled"), &json!(1)));
        assert_eq!(
            hiring.hr.get(&format!("/v1/applications/{application}")).await.is(200)["status"],
            "hired"
        );
        assert_eq!(
            hiring.hr.get(&format!("/v1/candidates/{candidate}")).await.is(200)["employee_id"],
            employee
        );

        // Four tasks, by her first day in 30 days.
        let tasks =
            hiring.hr.get(&format!("/v1/checklist-tasks?employee_id={employee}&sort=due_on")).await.is(200);
        let told: Vec<[Value; 4]> = tasks["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| ["title", "role", "due_on", "responsible_id"].map(|field| task[field].clone()))
            .collect();
        assert_eq!(
            told,
            [
                [json!("Sign the contract"), json!("hr"), json!(day(25)), Value::Null],
                [json!("Hand over a laptop"), json!("it"), json!(day(29)), Value::Null],
                [json!("Show around"), json!("manager"), json!(day(30)), json!(mira)],
                [json!("Read the handbook"), json!("employee"), json!(day(37)), json!(employee)],
            ]
        );
        // IT hears of what is asked for.
        let laptop = tasks["data"][1]["id"].as_str().unwrap();
        let history = hiring.hr.get(&format!("/v1/checklist-tasks/{laptop}/history")).await.is(200);
        let heard = &history["data"][0];
        assert_eq!(
            (&heard["type"], &heard["changes"]["request_item"]["after"]),
            (&json!("checklist_task.created"), &json!("Laptop, 14 inch"))
        );

        let time = hiring.hr.get("/v1/reports/time-to-hire").await.is(200);
        assert_eq!(
            (&time["hires"], &time["average_days"], &time["openings"][0]["hires"]),
            (&json!(1), &json!("0.0"), &json!(1))
        );
        let sources = hiring.hr.get("/v1/reports/hire-sources").await.is(200);
        assert_eq!(
            sources["sources"],
            json!([{"source": "referral", "candidates": 1, "applications": 1, "hires": 1, "hired_percent": "100.0"}])
        );
    });
}

#[test]
fn of_four_who_accept_one_offer_at_once_one_hires() {
    run(async {
        let hiring = Hiring::new().await;
        let opening = hiring.open(&hiring.position(5).await, 5).await;
        let application = hiring.apply(&hiring.candidate("Ioana").await, &opening).await;
        let offer = hiring.sent(&application, json!({})).await;
        let accepting = (0..4).map(|_| {
            let whom = json!({"employee_number": unique()});
            let (hr, path) = (hiring.hr.clone(), format!("/v1/offers/{offer}/accept"));
            async move { hr.post(&path, whom).await.status }
        });
        let mut told = join_all(accepting).await;
        told.sort_unstable();
        assert_eq!(told, [200, 409, 409, 409]);
        assert_eq!(hiring.hr.get("/v1/employees?count=true").await.is(200)["total"], 1);
        assert_eq!(hiring.hr.get("/v1/compensations?count=true").await.is(200)["total"], 1);
        assert_eq!(hiring.hr.get(&format!("/v1/job-openings/{opening}")).await.is(200)["filled_seats"], 1);
    });
}

#[test]
fn of_three_offers_of_the_last_seat_that_are_accepted_at_once_one_hires() {
    run(async {
        let hiring = Hiring::new().await;
        let opening = hiring.open(&hiring.position(1).await, 1).await;
        let mut offers = Vec::new();
        for name in ["Ioana", "Radu", "Dan"] {
            let application = hiring.apply(&hiring.candidate(name).await, &opening).await;
            offers.push(hiring.sent(&application, json!({})).await);
        }
        let accepting = offers.iter().map(|offer| {
            let whom = json!({"employee_number": unique()});
            let (hr, path) = (hiring.hr.clone(), format!("/v1/offers/{offer}/accept"));
            async move { hr.post(&path, whom).await.status }
        });
        let mut told = join_all(accepting).await;
        told.sort_unstable();
        assert_eq!(told, [200, 409, 409]);
        assert_eq!(hiring.hr.get("/v1/employees?count=true").await.is(200)["total"], 1);
    });
}

#[test]
fn an_offer_is_agreed_to_by_somebody_else_and_ends_in_time() {
    run(async {
        let hiring = Hiring::new().await;
        let opening = hiring.open(&hiring.position(1).await, 1).await;
        let application = hiring.apply(&hiring.candidate("Ioana").await, &opening).await;
        let draft = json!({"application_id": application, "starts_on": day(30), "contract_type": "fixed_term", "pay_basis": "yearly", "pay_amount": "90000.00", "pay_group_id": hiring.pay_group().await, "expires_on": day(10)});
        // A fixed term has an end.
        hiring.hr.post("/v1/offers", draft.clone()).await.is_problem(422, "invalid-input");
        let mut draft = draft;
        draft["contract_type"] = json!("permanent");
        let offer = format!("/v1/offers/{}", id(&hiring.hr.post("/v1/offers", draft).await.is(201)));
        hiring.hr.act(&format!("{offer}/approve")).await.is_problem(403, "forbidden");
        hiring.hr.act(&format!("{offer}/send")).await.is_problem(409, "invalid-state");
        hiring.boss.act(&format!("{offer}/approve")).await.is(200);
        hiring.hr.patch(&offer, json!({"pay_amount": "95000.00"})).await.is_problem(409, "conflict");
        hiring.hr.act(&format!("{offer}/send")).await.is(200);
        // Her time is over.
        let over = "update offers set expires_on = current_date - 2 where org_id = $1";
        let database = service().database().await;
        database.batch_execute("set session_replication_role = replica").await.unwrap();
        database.execute(over, &[&hiring.org.id]).await.unwrap();
        let late = hiring.hr.post(&format!("{offer}/accept"), json!({"employee_number": unique()})).await;
        assert_eq!(faults(&late.is_problem(409, "conflict")), [("", "expired")]);
        let role = service().as_service().await;
        role.execute("select enter_as_system($1, false)", &[&hiring.org.id]).await.unwrap();
        let expired: i32 = role.query_one("select expire_offers()", &[]).await.unwrap().get(0);
        assert_eq!(expired, 1);
        assert_eq!(hiring.hr.get(&offer).await.is(200)["status"], "expired");
        // She is offered anew, and declines.
        let again = hiring.sent(&application, json!({})).await;
        let why = json!({"reason": "Too far away"});
        let declined = hiring.hr.post(&format!("/v1/offers/{again}/decline"), why).await.is(200);
        assert_eq!(
            (&declined["status"], &declined["answer_reason"]),
            (&json!("declined"), &json!("Too far away"))
        );
        assert_eq!(
            hiring.hr.get(&format!("/v1/applications/{application}")).await.is(200)["status"],
            "active"
        );
    });
}

#[test]
fn a_policy_asks_for_an_approval_of_an_offer() {
    run(async {
        let hiring = Hiring::new().await;
        let policy = json!({"name": "Dear offers", "resource": "offers", "action": "approve", "conditions": [{"field": "pay_amount", "over": "9000"}], "steps": [{"user_ids": [hiring.boss.user]}]});
        hiring.hr.post("/v1/approval-policies", policy).await.is(201);
        let opening = hiring.open(&hiring.position(1).await, 1).await;
        let application = hiring.apply(&hiring.candidate("Ioana").await, &opening).await;
        let draft = json!({"application_id": application, "starts_on": day(30), "pay_basis": "monthly", "pay_amount": "9000.01", "pay_group_id": hiring.pay_group().await, "expires_on": day(10)});
        let offer = format!("/v1/offers/{}", id(&hiring.hr.post("/v1/offers", draft).await.is(201)));
        hiring.boss.act(&format!("{offer}/approve")).await.is_problem(409, "approval-required");
        hiring.hr.patch(&offer, json!({"pay_amount": "9000.00"})).await.is(200);
        hiring.boss.act(&format!("{offer}/approve")).await.is(200);
    });
}
