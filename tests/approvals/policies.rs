//! Policies: when they apply, what is wrong with them, and what their change does to what is under way.
use crate::support::run;
use crate::{Company, approve, id, stopped, unique};
use serde_json::{Value, json};
use uuid::Uuid;

#[test]
fn a_policy_change_loosens_and_tightens_nothing_under_way() {
    run(async {
        let company = Company::new().await;
        let (first, second) = (company.member().await, company.member().await);
        let policy = company.archiving(json!([{"user_ids": [first.user, second.user], "required": 2}])).await;
        let policy = format!("/v1/approval-policies/{policy}");
        let approval = company.ask().await;
        approve(&first, &approval).await.is(200);
        // One is enough from now on. What is under way still needs two.
        company.owner.patch(&policy, json!({"steps": [{"user_ids": [first.user]}]})).await.is(200);
        assert_eq!(company.status(&approval).await, "waiting");
        stopped(company.archive().await);
        // Nothing is asked for any more. What is under way still is.
        company.owner.act(&format!("{policy}/retire")).await.is(200);
        assert!(stopped(company.archive().await).contains("waits to be decided"));
        assert_eq!(approve(&second, &approval).await.is(200)["status"], "approved");
        // Three from now on. What was approved stays so.
        company.owner.act(&format!("{policy}/reactivate")).await.is(200);
        company.owner.patch(&policy, json!({"steps": [{"user_ids": [first.user, second.user, company.owner.user], "required": 3}]})).await.is(200);
        company.archive().await.is(200);
        let steps = company.owner.get(&format!("/v1/approvals/{approval}")).await.is(200)["steps"].clone();
        assert_eq!((&steps[0]["required"], &steps[0]["policy_version"]), (&json!(2), &json!(1)));
    });
}

#[test]
fn what_is_retired_asks_nothing_of_who_asks_again() {
    run(async {
        let company = Company::new().await;
        let boss = company.member().await;
        let policy = company.archiving(json!([{"user_ids": [boss.user]}])).await;
        let approval = company.ask().await;
        company.owner.act(&format!("/v1/approval-policies/{policy}/retire")).await.is(200);
        stopped(company.archive().await);
        company.maker.act(&format!("/v1/approvals/{approval}/withdraw")).await.is(200);
        company.archive().await.is(200);
    });
}

#[test]
fn all_policies_that_apply_are_asked_for() {
    run(async {
        let company = Company::new().await;
        let (first, second, third) = (company.member().await, company.member().await, company.member().await);
        company.archiving(json!([{"user_ids": [first.user]}])).await;
        company.archiving(json!([{"user_ids": [second.user]}])).await;
        // This one is about another branch of the company.
        let elsewhere = company.owner.department("Elsewhere", None).await;
        let policy = async |department: &str, who: Uuid| {
            let policy = json!({"name": unique("Branch"), "resource": "departments", "action": "archive",
                "conditions": [{"field": "id", "in_department": department}], "steps": [{"user_ids": [who]}]});
            company.owner.post("/v1/approval-policies", policy).await.is(201);
        };
        policy(&elsewhere, third.user).await;
        let asked = company.ask().await;
        let steps = company.owner.get(&format!("/v1/approvals/{asked}")).await.is(200)["steps"].clone();
        let users: Vec<_> =
            steps.as_array().unwrap().iter().map(|step| step["user_ids"][0].clone()).collect();
        assert_eq!(users, [json!(first.user), json!(second.user)]);
        // The department moves below the other branch: what was asked for is void, and the third policy applies.
        company
            .owner
            .patch(&format!("/v1/departments/{}", company.department), json!({"parent_id": elsewhere}))
            .await
            .is(200);
        let asked = company.ask().await;
        let steps = company.owner.get(&format!("/v1/approvals/{asked}")).await.is(200)["steps"].clone();
        assert_eq!(steps.as_array().unwrap().len(), 3);
    });
}

#[test]
fn conditions_compare_as_people_would() {
    run(async {
        let company = Company::new().await;
        let boss = company.member().await;
        let position =
            json!({"title": "Packer", "department_id": company.department, "approved_headcount": 3});
        let position = id(&company.owner.post("/v1/positions", position).await.is(201));
        let path = format!("/v1/positions/{position}");
        for (condition, applies) in [
            (json!({"field": "approved_headcount", "over": "11.5"}), true),
            (json!({"field": "approved_headcount", "over": "12"}), false),
            (json!({"field": "approved_headcount", "under": "12.5"}), true),
            (json!({"field": "approved_headcount", "under": "9"}), false),
            (json!({"field": "title", "one_of": ["Driver", "Packer"]}), true),
            (json!({"field": "title", "one_of": ["Driver"]}), false),
            (json!({"field": "department_id", "in_department": company.department}), true),
        ] {
            let policy = json!({"name": unique("Policy"), "resource": "positions", "action": "change-headcount",
                "conditions": [condition], "steps": [{"user_ids": [boss.user]}]});
            let policy = id(&company.owner.post("/v1/approval-policies", policy).await.is(201));
            let tried = company
                .owner
                .request(reqwest::Method::PATCH, &format!("{path}?dry_run=true"))
                .header("if-match", "*");
            let tried = tried.json(&json!({"approved_headcount": 12})).send().await;
            assert_eq!(tried.status, if applies { 409 } else { 200 }, "{condition}: {}", tried.text);
            company.owner.delete(&format!("/v1/approval-policies/{policy}")).await.is(204);
        }
    });
}

#[test]
fn everything_wrong_with_a_policy_is_told_at_once() {
    run(async {
        let company = Company::new().await;
        let nobody = Uuid::now_v7();
        let wrong = json!({"name": "Wrong", "resource": "departments", "action": "archive",
            "conditions": [
                {"field": "colour", "one_of": ["red"]},
                {"field": "name", "over": "5"},
                {"field": "code"},
                {"field": "id", "in_department": nobody}],
            "steps": [
                {"role": "no_such_role"},
                {"role": "executive", "manager_levels": 1},
                {"user_ids": [nobody]},
                {"role": "executive", "time_limit_hours": 5},
                {"role": "executive", "time_limit_hours": 5, "then": {}}]});
        let told = company.owner.post("/v1/approval-policies", wrong).await.is_problem(422, "invalid-input");
        let faults: Vec<_> =
            told["errors"].as_array().unwrap().iter().map(|each| each["pointer"].as_str().unwrap()).collect();
        assert_eq!(
            faults,
            [
                "/conditions/0/field",
                "/conditions/1/field",
                "/conditions/2",
                "/conditions/3/in_department",
                "/steps/0/role",
                "/steps/1",
                "/steps/2/user_ids/0",
                "/steps/3",
                "/steps/4/then"
            ]
        );
        let other = json!({"name": "Other", "resource": "departments", "action": "explode", "steps": [{"role": "owner"}]});
        let told = company.owner.post("/v1/approval-policies", other).await.is_problem(422, "invalid-input");
        assert!(
            told["errors"][0]["detail"].as_str().unwrap().contains("`archive` of `departments`"),
            "{told}"
        );
        let policy = company.archiving(json!([{"role": "executive"}])).await;
        let told = company
            .owner
            .patch(&format!("/v1/approval-policies/{policy}"), json!({"steps": [{"role": "nobody"}]}))
            .await;
        assert_eq!(told.is_problem(422, "invalid-input")["errors"][0]["pointer"], "/steps/0/role");
        let steps: Value =
            company.owner.get(&format!("/v1/approval-policies/{policy}")).await.is(200)["steps"].clone();
        assert_eq!(steps[0]["role"], "executive");
    });
}
