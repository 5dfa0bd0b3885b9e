//! A request from its making to its end: who decides, who doesn't, and what a yes is good for.
use crate::support::{Organization, run};
use crate::{Company, approve, inbox, reject, stopped};
use serde_json::json;

#[test]
fn a_department_is_archived_when_two_have_said_yes_and_only_once() {
    run(async {
        let company = Company::new().await;
        let (first, second, stranger) =
            (company.member().await, company.member().await, company.member().await);
        // Nobody asks for anything yet.
        company.archive().await.is(200);
        company.maker.act(&format!("/v1/departments/{}/restore", company.department)).await.is(200);

        company.archiving(json!([{"user_ids": [first.user, second.user], "required": 2}])).await;
        assert!(stopped(company.archive().await).contains("`Archiving"));
        let approval = company.ask().await;
        assert!(stopped(company.archive().await).contains("waits to be decided"));
        company.try_to_ask().await.is_problem(409, "conflict");

        // Not the maker, not somebody whom nobody asked, and not one person for two.
        approve(&company.maker, &approval).await.is_problem(403, "forbidden");
        approve(&stranger, &approval).await.is_problem(404, "not-found");
        approve(&company.owner, &approval).await.is_problem(403, "forbidden");
        assert_eq!((inbox(&first).await, inbox(&stranger).await), (vec![approval.clone()], vec![]));
        assert_eq!(approve(&first, &approval).await.is(200)["status"], "waiting");
        approve(&first, &approval).await.is_problem(403, "forbidden");
        assert_eq!((inbox(&first).await.len(), inbox(&second).await.len()), (0, 1));
        stopped(company.archive().await);

        let approved = approve(&second, &approval).await.is(200);
        assert_eq!(approved["status"], "approved");
        let said: Vec<_> =
            approved["decisions"].as_array().unwrap().iter().map(|each| each["by"].clone()).collect();
        assert_eq!(said, [json!(first.user), json!(second.user)]);
        approve(&second, &approval).await.is_problem(409, "invalid-state");

        // A dry run uses nothing up; the real one does, and the next needs another.
        let path = format!("/v1/departments/{}/archive?dry_run=true", company.department);
        company.maker.act(&path).await.is(200);
        assert_eq!(company.status(&approval).await, "approved");
        assert_eq!(company.archive().await.is(200)["status"], "archived");
        assert_eq!(company.status(&approval).await, "used");
        company.maker.act(&format!("/v1/departments/{}/restore", company.department)).await.is(200);
        stopped(company.archive().await);
    });
}

#[test]
fn steps_follow_one_another_and_one_no_ends_it() {
    run(async {
        let company = Company::new().await;
        let (first, second) = (company.member().await, company.member().await);
        company.archiving(json!([{"user_ids": [first.user]}, {"user_ids": [second.user]}])).await;
        let approval = company.ask().await;
        approve(&second, &approval).await.is_problem(404, "not-found");
        approve(&first, &approval).await.is(200);
        assert_eq!((inbox(&first).await.len(), inbox(&second).await.len()), (0, 1));
        // Without a reason there is no no.
        second
            .post(&format!("/v1/approvals/{approval}/reject"), json!({}))
            .await
            .is_problem(422, "invalid-input");
        let rejected = reject(&second, &approval, "Not before the audit").await.is(200);
        assert_eq!(
            (&rejected["status"], &rejected["outcome"]),
            (&json!("rejected"), &json!("Not before the audit"))
        );
        let told = stopped(company.archive().await);
        assert!(told.contains("Not before the audit"), "{told}");
        // Who decided can look back, and nobody else can look at all.
        first.get(&format!("/v1/approvals/{approval}")).await.is(200);
        company.member().await.get(&format!("/v1/approvals/{approval}")).await.is_problem(404, "not-found");

        let again = company.ask().await;
        approve(&first, &again).await.is(200);
        approve(&second, &again).await.is(200);
        company.archive().await.is(200);
    });
}

#[test]
fn whoever_asked_takes_it_back_even_after_a_yes() {
    run(async {
        let company = Company::new().await;
        let boss = company.member().await;
        company.archiving(json!([{"user_ids": [boss.user]}])).await;
        let approval = company.ask().await;
        let withdraw = format!("/v1/approvals/{approval}/withdraw");
        boss.act(&withdraw).await.is_problem(403, "forbidden");
        approve(&boss, &approval).await.is(200);
        company.maker.act(&withdraw).await.is(200);
        company.maker.act(&withdraw).await.is_problem(409, "invalid-state");
        stopped(company.archive().await);
    });
}

#[test]
fn the_maker_decides_where_the_policy_says_so() {
    run(async {
        let company = Company::new().await;
        let policy = company.archiving(json!([{"user_ids": [company.maker.user]}])).await;
        // Nobody but the maker is named, and there is no owner to fall back on.
        let told = company.try_to_ask().await.is_problem(409, "conflict");
        assert!(told["detail"].as_str().unwrap().contains("too few can decide step 1"), "{told}");
        company
            .owner
            .patch(&format!("/v1/approval-policies/{policy}"), json!({"maker_may_decide": true}))
            .await
            .is(200);
        let approval = company.ask().await;
        assert_eq!(approve(&company.maker, &approval).await.is(200)["status"], "approved");
    });
}

#[test]
fn one_asks_only_about_what_one_sees_and_what_a_policy_asks_for() {
    run(async {
        let company = Company::new().await;
        let boss = company.member().await;
        let told = company.try_to_ask().await.is_problem(409, "conflict");
        assert!(told["detail"].as_str().unwrap().contains("do it without"), "{told}");
        company.archiving(json!([{"user_ids": [boss.user]}])).await;
        let about = |resource: &str, id: &str, action: &str| json!({"resource": resource, "resource_id": id, "action": action});
        let pointer = async |caller: &crate::Caller, body| {
            let told = caller.post("/v1/approvals", body).await.is_problem(422, "invalid-input");
            told["errors"][0]["pointer"].as_str().unwrap().to_owned()
        };
        let theirs = Organization::new().await.owner().await.department("Theirs", None).await;
        assert_eq!(pointer(&company.maker, about("departments", &theirs, "archive")).await, "/resource_id");
        assert_eq!(
            pointer(&company.maker, about("departments", &company.department, "explode")).await,
            "/action"
        );
        assert_eq!(pointer(&company.maker, about("logins", &company.department, "archive")).await, "/action");
        let blind = company.organization.caller(&["approvals:write=own"]).await;
        assert_eq!(
            pointer(&blind, about("departments", &company.department, "archive")).await,
            "/resource_id"
        );
        let mut with_a_change = about("departments", &company.department, "archive");
        with_a_change["change"] = json!({"no_such_field": 1});
        assert_eq!(pointer(&company.maker, with_a_change).await, "/change");
    });
}

#[test]
fn a_program_asks_and_decides_nothing_on_its_own() {
    run(async {
        let company = Company::new().await;
        let boss = company.member().await;
        company.archiving(json!([{"user_ids": [boss.user]}])).await;
        let approval = company.ask().await;
        // The service itself can write nothing into an approval.
        let service = crate::support::service().as_service().await;
        service.execute("select enter_as_system($1, false)", &[&company.owner.organization]).await.unwrap();
        for statement in [
            "update approvals set status = 'approved'",
            "delete from approvals",
            "insert into approval_waits (user_id, approval_id, on_behalf_of) select created_by, id, created_by from approvals",
            "delete from approval_alarms",
        ] {
            let refused = service.execute(statement, &[]).await.expect_err(statement);
            assert_eq!(
                refused.code(),
                Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE),
                "{statement}"
            );
        }
        assert_eq!(company.status(&approval).await, "waiting");
    });
}
