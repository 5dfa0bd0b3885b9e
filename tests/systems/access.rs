//! Who may use which system: asked for, approved, granted, reviewed, ended.
use crate::support::{Caller, run};
use crate::{Company, as_system, day, faults, id, unique};
use serde_json::{Value, json};

const OWN: &[&str] = &[
    "access-grants:read=own",
    "access-grants:write=own",
    "access-grants:approve=own",
    "access-review-items:read=own",
    "access-review-items:write=own",
];

async fn status(caller: &Caller, grant: &str) -> Value {
    caller.get(&format!("/v1/access-grants/{grant}")).await.is(200)["status"].clone()
}

#[test]
fn access_is_approved_by_whoever_answers_for_the_system() {
    run(async {
        let company = Company::new().await;
        let payroll = company.system("Payroll", json!({})).await;
        let role = company.role(&payroll, "Accountant").await;
        let (ana, dan) = (company.it.hire("Ana", None).await, company.it.hire("Dan", None).await);
        let mira = company.org.employee(&company.mira, OWN).await;
        let ana_herself = company.org.employee(&ana, OWN).await;
        let dan_himself = company.org.employee(&dan, OWN).await;
        let mut ask = json!({"employee_id": ana, "system_role_id": role, "reason": "Runs the payroll"});
        let grant = id(&ana_herself.post("/v1/access-grants", ask.clone()).await.is(201));
        ana_herself.post("/v1/access-grants", ask.clone()).await.is_problem(409, "conflict");
        // For somebody else.
        ask["employee_id"] = json!(dan);
        ana_herself.post("/v1/access-grants", ask).await.is_problem(403, "forbidden");
        let path = format!("/v1/access-grants/{grant}");
        dan_himself.act(&format!("{path}/approve")).await.is_problem(404, "not-found");
        ana_herself.act(&format!("{path}/approve")).await.is_problem(403, "forbidden");
        let approved = mira.act(&format!("{path}/approve")).await.is(200);
        assert_eq!((&approved["status"], &approved["system_id"]), (&json!("approved"), &json!(payroll)));
        mira.patch(&path, json!({"reason": "Something else"})).await.is_problem(409, "conflict");
        let granted = company.it.act(&format!("{path}/grant")).await.is(200);
        assert!(granted["granted_at"].is_string());
        let why = json!({"end_reason": "Moved to sales"});
        ana_herself.post(&format!("{path}/revoke"), why.clone()).await.is_problem(403, "forbidden");
        let revoked = mira.post(&format!("{path}/revoke"), why).await.is(200);
        assert_eq!(
            (&revoked["status"], &revoked["end_reason"]),
            (&json!("revoked"), &json!("Moved to sales"))
        );
        company.it.act(&format!("{path}/grant")).await.is_problem(409, "invalid-state");
        // Her own she does not approve either.
        let own = json!({"employee_id": company.mira, "system_role_id": role, "reason": "Stands in"});
        let own = id(&mira.post("/v1/access-grants", own).await.is(201));
        mira.act(&format!("/v1/access-grants/{own}/approve")).await.is_problem(403, "forbidden");
        company.boss.act(&format!("/v1/access-grants/{own}/approve")).await.is(200);
    });
}

#[test]
fn access_ends_on_its_day() {
    run(async {
        let company = Company::new().await;
        let payroll = company.system("Payroll", json!({})).await;
        let role = json!({"system_id": payroll, "name": "Auditor", "longest_days": 30});
        let role = id(&company.it.post("/v1/system-roles", role).await.is(201));
        let ana = company.it.hire("Ana", None).await;
        let ask = |ends: Option<i64>| json!({"employee_id": ana, "system_role_id": role, "reason": "Audit", "ends_on": ends.map(day)});
        for (ends, status, code) in [
            (None, 422, "longer-than-allowed"),
            (Some(31), 422, "longer-than-allowed"),
            (Some(-1), 422, "over"),
        ] {
            let refused = company.it.post("/v1/access-grants", ask(ends)).await.is(status);
            assert_eq!(faults(&refused), [("/ends_on", code)]);
        }
        let grant = id(&company.it.post("/v1/access-grants", ask(Some(30))).await.is(201));
        company.boss.act(&format!("/v1/access-grants/{grant}/approve")).await.is(200);
        company.it.act(&format!("/v1/access-grants/{grant}/grant")).await.is(200);
        as_system(&company, "select end_access_that_is_due()").await;
        assert_eq!(status(&company.it, &grant).await, "granted");
        // Its day comes.
        let passes = format!(
            "alter table access_grants disable trigger keep_access_grant; update access_grants set ends_on = '{}' where id = '{grant}'; alter table access_grants enable trigger keep_access_grant",
            day(-1)
        );
        as_system(&company, &passes).await;
        as_system(&company, "select end_access_that_is_due()").await;
        assert_eq!(status(&company.it, &grant).await, "expired");
    });
}

#[test]
fn of_two_roles_that_nobody_holds_together_one_is_approved() {
    run(async {
        let company = Company::new().await;
        let bank = company.system("Bank", json!({})).await;
        let books = company.system("Books", json!({})).await;
        let (enters, releases) =
            (company.role(&bank, "Enters").await, company.role(&books, "Releases").await);
        let pair = json!({"system_role_id": enters, "other_system_role_id": releases, "reason": "Four eyes"});
        company.it.post("/v1/toxic-role-pairs", pair).await.is(201);
        let turned =
            json!({"system_role_id": releases, "other_system_role_id": enters, "reason": "The same"});
        company.it.post("/v1/toxic-role-pairs", turned).await.is_problem(409, "conflict");
        let approve =
            async |grant: &str| company.boss.act(&format!("/v1/access-grants/{grant}/approve")).await;
        for _ in 0..5 {
            let ana = company.it.hire("Ana", None).await;
            let (one, other) = (company.asked(&ana, &enters).await, company.asked(&ana, &releases).await);
            let (first, second) = tokio::join!(approve(&one), approve(&other));
            let mut statuses = [first.status, second.status];
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409], "{} {}", first.text, second.text);
            let (held, refused, left) =
                if first.status == 200 { (one, second, other) } else { (other, first, one) };
            assert_eq!(faults(&refused.is_problem(409, "conflict")), [("/system_role_id", "toxic")]);
            // Nor later, until the other one is gone.
            company.it.act(&format!("/v1/access-grants/{held}/grant")).await.is(200);
            approve(&left).await.is_problem(409, "conflict");
            company
                .boss
                .post(&format!("/v1/access-grants/{held}/revoke"), json!({"end_reason": "Chooses"}))
                .await
                .is(200);
            approve(&left).await.is(200);
        }
    });
}

#[test]
fn who_held_both_before_the_pair_was_named_is_reported() {
    run(async {
        let company = Company::new().await;
        let bank = company.system("Bank", json!({})).await;
        let (enters, releases) = (company.role(&bank, "Enters").await, company.role(&bank, "Releases").await);
        let ana = company.it.hire("Ana", None).await;
        company.granted(&ana, &enters).await;
        let other = company.granted(&ana, &releases).await;
        let report = async || company.it.get("/v1/reports/toxic-access").await.is(200)["holders"].clone();
        assert_eq!(report().await, json!([]));
        let pair = json!({"system_role_id": enters, "other_system_role_id": releases, "reason": "Four eyes"});
        company.it.post("/v1/toxic-role-pairs", pair).await.is(201);
        let holders = report().await;
        assert_eq!(
            (&holders[0]["employee_id"], &holders[0]["other_access_grant_id"]),
            (&json!(ana), &json!(other))
        );
        company
            .boss
            .post(&format!("/v1/access-grants/{other}/revoke"), json!({"end_reason": "Four eyes"}))
            .await
            .is(200);
        assert_eq!(report().await, json!([]));
    });
}

#[test]
fn who_leaves_loses_all_access_and_it_is_known_before() {
    run(async {
        let company = Company::new().await;
        let template = json!({"name": unique(), "kind": "offboarding", "items": [{"title": "Access", "role": "it", "due_days": 0}]});
        company.it.post("/v1/checklist-templates", template).await.is(201);
        let payroll = company.system("Payroll", json!({})).await;
        let roles = [
            company.role(&payroll, "Accountant").await,
            company.role(&payroll, "Auditor").await,
            company.role(&payroll, "Guest").await,
        ];
        let ana = company.it.hire("Ana", None).await;
        company.it.act(&format!("/v1/employees/{ana}/activate")).await.is(200);
        let held = company.granted(&ana, &roles[0]).await;
        let approved = company.asked(&ana, &roles[1]).await;
        company.boss.act(&format!("/v1/access-grants/{approved}/approve")).await.is(200);
        let asked = company.asked(&ana, &roles[2]).await;
        let terminate = format!("/v1/employees/{ana}/terminate");
        company.it.post(&terminate, json!({"last_day": day(20), "reason": "Resigned"})).await.is(200);
        // Until her last day she works with it.
        assert_eq!(status(&company.it, &held).await, "granted");
        let report = company.it.get("/v1/reports/leavers-access").await.is(200);
        let lines = report["grants"].as_array().unwrap();
        assert_eq!(lines.len(), 2, "{report}");
        assert!(
            lines
                .iter()
                .all(|line| line["last_day_on"] == json!(day(20)) && line["checklist_id"].is_string()),
            "{report}"
        );
        company.it.post(&terminate, json!({"last_day": day(-1), "reason": "Resigned"})).await.is(200);
        assert_eq!(status(&company.it, &held).await, "revoked");
        assert_eq!(status(&company.it, &approved).await, "revoked");
        assert_eq!(status(&company.it, &asked).await, "withdrawn");
        assert_eq!(company.it.get("/v1/reports/leavers-access").await.is(200)["grants"], json!([]));
        let late = json!({"employee_id": ana, "system_role_id": roles[0], "reason": "Late"});
        let refused = company.it.post("/v1/access-grants", late).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/employee_id", "left")]);
    });
}

#[test]
fn what_an_onboarding_asks_for_is_done_when_it_is_granted() {
    run(async {
        let company = Company::new().await;
        let template = json!({"name": unique(), "kind": "onboarding", "items": [
            {"title": "Access to payroll", "role": "it", "due_days": 0, "request": {"kind": "access", "item": "Payroll"}},
            {"title": "Laptop", "role": "it", "due_days": 0, "request": {"kind": "asset", "item": "Laptop"}}]});
        let template = id(&company.it.post("/v1/checklist-templates", template).await.is(201));
        let (ana, dan) = (company.it.hire("Ana", None).await, company.it.hire("Dan", None).await);
        let list =
            json!({"employee_id": ana, "template_id": template, "kind": "onboarding", "day_on": day(1)});
        let list = id(&company.it.post("/v1/checklists", list).await.is(201));
        let tasks = company.it.get(&format!("/v1/checklist-tasks?checklist_id={list}")).await.is(200);
        let task = |title: &str| {
            id(tasks["data"].as_array().unwrap().iter().find(|each| each["title"] == title).unwrap())
        };
        let (access, laptop) = (task("Access to payroll"), task("Laptop"));
        let payroll = company.system("Payroll", json!({})).await;
        let role = company.role(&payroll, "Accountant").await;
        let ask = |employee: &str, task: &str| json!({"employee_id": employee, "system_role_id": role, "reason": "Begins", "checklist_task_id": task});
        for (employee, task) in [(&dan, &access), (&ana, &laptop)] {
            let refused = company
                .it
                .post("/v1/access-grants", ask(employee, task))
                .await
                .is_problem(422, "invalid-input");
            assert_eq!(faults(&refused), [("/checklist_task_id", "other-task")]);
        }
        let grant = id(&company.it.post("/v1/access-grants", ask(&ana, &access)).await.is(201));
        company.boss.act(&format!("/v1/access-grants/{grant}/approve")).await.is(200);
        let state =
            async || company.it.get(&format!("/v1/checklist-tasks/{access}")).await.is(200)["status"].clone();
        assert_eq!(state().await, "open");
        // Whoever grants does it, and needs nothing else for that.
        let support = company.org.caller(&["access-grants:read", "access-grants:run"]).await;
        support.act(&format!("/v1/access-grants/{grant}/grant")).await.is(200);
        assert_eq!(state().await, "done");
    });
}

#[test]
fn a_campaign_asks_owners_and_does_with_the_rest_what_it_says() {
    run(async {
        let company = Company::new().await;
        let payroll = company.system("Payroll", json!({})).await;
        let dan = company.it.hire("Dan", None).await;
        let mail = company.system("Mail", json!({"owner_id": dan})).await;
        let (accountant, user) =
            (company.role(&payroll, "Accountant").await, company.role(&mail, "User").await);
        let ana = company.it.hire("Ana", Some(&company.mira)).await;
        let kept = company.granted(&ana, &accountant).await;
        let lost = company.granted(&dan, &accountant).await;
        let unanswered = company.granted(&ana, &user).await;
        let over = company.granted(&company.mira, &user).await;
        // Her own, on a system of hers: nobody is above her, so whoever may for all answers.
        let own = company.granted(&company.mira, &accountant).await;
        let review = json!({"name": "H2", "due_on": day(14), "unanswered": "revoke"});
        let review = id(&company.it.post("/v1/access-reviews", review).await.is(201));
        company.it.act(&format!("/v1/access-reviews/{review}/open")).await.is(200);
        let items =
            company.it.get(&format!("/v1/access-review-items?access_review_id={review}")).await.is(200);
        let items = items["data"].as_array().unwrap().clone();
        assert_eq!(items.len(), 5);
        let item = |grant: &str| items.iter().find(|each| each["access_grant_id"] == grant).unwrap().clone();
        assert_eq!(item(&kept)["reviewer_id"], json!(company.mira));
        assert_eq!(item(&over)["reviewer_id"], json!(dan));
        assert_eq!(item(&own)["reviewer_id"], Value::Null);

        let mira = company.org.employee(&company.mira, OWN).await;
        let asked = mira.get("/v1/access-review-items?status=open").await.is(200);
        assert_eq!(asked["data"].as_array().unwrap().len(), 2);
        let answer = async |who: &Caller, grant: &str, what: &str| {
            let reason = json!({"reason": "Looked at"});
            who.post(&format!("/v1/access-review-items/{}/{what}", id(&item(grant))), reason).await
        };
        // Nobody answers for themselves, however far their permission goes.
        let dan_of_it =
            company.org.employee(&dan, &["access-review-items:read", "access-review-items:write"]).await;
        answer(&dan_of_it, &lost, "keep").await.is_problem(403, "forbidden");
        answer(&mira, &kept, "keep").await.is(200);
        answer(&mira, &lost, "revoke").await.is(200);
        answer(&mira, &kept, "revoke").await.is_problem(409, "invalid-state");
        answer(&mira, &over, "keep").await.is_problem(404, "not-found");
        assert_eq!(status(&company.it, &kept).await, "granted");
        assert_eq!(status(&company.it, &lost).await, "revoked");
        answer(&company.boss, &own, "keep").await.is(200);
        // What ends meanwhile is nobody's to answer.
        company
            .boss
            .post(&format!("/v1/access-grants/{over}/revoke"), json!({"end_reason": "Ended"}))
            .await
            .is(200);
        let lapsed = company.it.get(&format!("/v1/access-review-items/{}", id(&item(&over)))).await.is(200);
        assert_eq!(lapsed["status"], "lapsed");
        let close = format!("/v1/access-reviews/{review}/close");
        let refused = company.it.act(&close).await.is_problem(409, "conflict");
        assert_eq!(faults(&refused), [("/status", "unanswered")]);
        as_system(&company, "select end_access_that_is_due()").await;
        assert_eq!(status(&company.it, &unanswered).await, "granted");
        // Its day passes.
        as_system(
            &company,
            &format!("update access_reviews set due_on = '{}' where id = '{review}'", day(-1)),
        )
        .await;
        as_system(&company, "select end_access_that_is_due()").await;
        let closed = company.it.get(&format!("/v1/access-reviews/{review}")).await.is(200);
        assert_eq!(closed["status"], "closed");
        assert_eq!(status(&company.it, &unanswered).await, "revoked");
        assert_eq!(status(&company.it, &kept).await, "granted");
        let revoked =
            company.it.get(&format!("/v1/access-review-items/{}", id(&item(&unanswered)))).await.is(200);
        assert_eq!((&revoked["status"], &revoked["is_unanswered"]), (&json!("revoked"), &json!(true)));
    });
}

#[test]
fn what_waits_for_an_owner_who_leaves_waits_for_the_next() {
    run(async {
        let company = Company::new().await;
        let eva = company.it.hire("Eva", None).await;
        let dan = company.it.hire("Dan", Some(&eva)).await;
        let ana = company.it.hire("Ana", Some(&company.mira)).await;
        let payroll = company.system("Payroll", json!({"owner_id": dan})).await;
        let (reader, writer) =
            (company.role(&payroll, "Reader").await, company.role(&payroll, "Writer").await);
        let (of_ana, of_eva) = (company.granted(&ana, &reader).await, company.granted(&eva, &reader).await);
        let asked = company.asked(&ana, &writer).await;
        let review = json!({"name": "H2", "due_on": day(14), "unanswered": "revoke"});
        let review = id(&company.it.post("/v1/access-reviews", review).await.is(201));
        company.it.act(&format!("/v1/access-reviews/{review}/open")).await.is(200);
        let reviewer = async |grant: &str| {
            let of_grant = format!("/v1/access-review-items?access_grant_id={grant}");
            company.it.get(&of_grant).await.is(200)["data"][0]["reviewer_id"].clone()
        };
        assert_eq!((reviewer(&of_ana).await, reviewer(&of_eva).await), (json!(dan), json!(dan)));
        let approve = format!("/v1/access-grants/{asked}/approve");
        let eva_herself = company.org.employee(&eva, OWN).await;
        eva_herself.act(&approve).await.is_problem(404, "not-found");

        // Dan leaves: Eva, whom he reported to, answers, but not for herself; above her there is nobody.
        let leave = json!({"last_day": day(-1), "reason": "Resigned"});
        company.it.post(&format!("/v1/employees/{dan}/terminate"), leave).await.is(200);
        assert_eq!((reviewer(&of_ana).await, reviewer(&of_eva).await), (json!(eva), Value::Null));
        assert_eq!(eva_herself.act(&approve).await.is(200)["status"], "approved");
        // The system gets another owner, who is asked from then on.
        company.it.patch(&format!("/v1/systems/{payroll}"), json!({"owner_id": company.mira})).await.is(200);
        assert_eq!(
            (reviewer(&of_ana).await, reviewer(&of_eva).await),
            (json!(company.mira), json!(company.mira))
        );
        let mira = company.org.employee(&company.mira, OWN).await;
        for item in mira.get("/v1/access-review-items?status=open").await.is(200)["data"].as_array().unwrap()
        {
            mira.post(&format!("/v1/access-review-items/{}/keep", id(item)), json!({})).await.is(200);
        }
        assert_eq!(
            company.it.act(&format!("/v1/access-reviews/{review}/close")).await.is(200)["status"],
            "closed"
        );
    });
}
