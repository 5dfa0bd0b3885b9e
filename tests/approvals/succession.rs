//! Whoever was to decide and is away, has left, or takes too long: what waits for them moves on as the policy says.
use crate::support::{Caller, run, service};
use crate::{Company, EVERYBODY, approve, inbox};
use serde_json::json;
use std::time::{Duration, Instant};

/// Somebody with a login, who reports to somebody.
async fn employed(company: &Company, name: &str, manager: Option<&str>) -> (String, Caller) {
    let employee = company.owner.hire(name, manager).await;
    let caller =
        company.organization.employee(&employee, &[EVERYBODY, &["departments:write"]].concat()).await;
    (employee, caller)
}

/// The built-in role, by its id.
async fn role(company: &Company, name: &str) -> String {
    let page = company.owner.get(&format!("/v1/roles?name={name}")).await.is(200);
    crate::id(&page["data"][0])
}

/// Gives somebody a built-in role beside their own.
async fn give(company: &Company, who: &Caller, name: &str) {
    let role: uuid::Uuid = role(company, name).await.parse().unwrap();
    let give = "update memberships set role_ids = role_ids || $3::uuid where org_id = $1 and id = $2";
    service().database().await.execute(give, &[&who.organization, &who.membership, &role]).await.unwrap();
}

async fn suspend(who: &Caller) {
    let suspend = "update memberships set status = 'suspended' where org_id = $1 and id = $2";
    service().database().await.execute(suspend, &[&who.organization, &who.membership]).await.unwrap();
}

#[test]
fn the_managers_line_is_asked_and_whoever_left_is_passed_over() {
    run(async {
        let company = Company::new().await;
        let (_, chief) = employed(&company, "Chief", None).await;
        let chief_id = company.owner.get("/v1/employees?q=Chief").await.is(200)["data"][0]["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let (boss_id, boss) = employed(&company, "Boss", Some(&chief_id)).await;
        let (_, maker) = employed(&company, "Maker", Some(&boss_id)).await;
        let company = Company { maker, ..company };
        company.archiving(json!([{"manager_levels": 1}])).await;
        let approval = company.ask().await;
        assert_eq!((inbox(&boss).await.len(), inbox(&chief).await.len()), (1, 0));
        let leave = json!({"last_day": "2026-10-31", "reason": "Resigned"});
        company.owner.post(&format!("/v1/employees/{boss_id}/terminate"), leave).await.is(200);
        approve(&boss, &approval).await.is_problem(404, "not-found");
        assert_eq!((inbox(&boss).await.len(), inbox(&chief).await.len()), (0, 1));
        approve(&chief, &approval).await.is(200);
        company.archive().await.is(200);
    });
}

#[test]
fn whoever_lost_the_role_decides_no_more_and_the_next_are_asked() {
    run(async {
        let company = Company::new().await;
        let (head, successor, owner) =
            (company.member().await, company.member().await, company.member().await);
        give(&company, &head, "executive").await;
        give(&company, &owner, "owner").await;
        company.archiving(json!([{"role": "executive", "time_limit_hours": 48, "then": {"user_ids": [successor.user]}}])).await;
        let approval = company.ask().await;
        assert_eq!((inbox(&head).await.len(), inbox(&successor).await.len()), (1, 0));
        let lose = "update memberships set role_ids = role_ids[1:1] where org_id = $1 and id = $2";
        service().database().await.execute(lose, &[&head.organization, &head.membership]).await.unwrap();
        approve(&head, &approval).await.is_problem(404, "not-found");
        assert_eq!((inbox(&head).await.len(), inbox(&successor).await.len()), (0, 1));
        // The successor leaves too: at last it is the owners' business.
        suspend(&successor).await;
        assert_eq!(inbox(&owner).await.as_slice(), std::slice::from_ref(&approval));
        assert_eq!(approve(&owner, &approval).await.is(200)["status"], "approved");
    });
}

#[test]
fn somebody_stands_in_for_a_time_and_says_so() {
    run(async {
        let company = Company::new().await;
        let (boss, deputy) = (company.member().await, company.member().await);
        company.archiving(json!([{"user_ids": [boss.user]}])).await;
        let approval = company.ask().await;
        let stand_in = async |delegate: &Caller, from: &str, until: &str| {
            let delegation = json!({"delegate_id": delegate.user, "starts_at": from, "ends_at": until});
            crate::id(&boss.post("/v1/approval-delegations", delegation).await.is(201))
        };
        // Next century, last year, and now; to the maker, who decides nothing of their own.
        stand_in(&deputy, "2100-01-01T00:00:00Z", "2100-02-01T00:00:00Z").await;
        assert_eq!(inbox(&deputy).await.len(), 0, "not yet");
        approve(&deputy, &approval).await.is_problem(404, "not-found");
        stand_in(&deputy, "2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z").await;
        assert_eq!(inbox(&deputy).await.len(), 0, "no more");
        stand_in(&company.maker, "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z").await;
        approve(&company.maker, &approval).await.is_problem(403, "forbidden");
        let now = stand_in(&deputy, "2020-01-01T00:00:00Z", "2100-01-01T00:00:00Z").await;
        assert_eq!((inbox(&deputy).await.len(), inbox(&boss).await.len()), (1, 1));
        // What is asked for while it lasts waits for both as well.
        let path = format!("/v1/departments/{}", company.department);
        company.owner.patch(&path, json!({"name": "Renamed"})).await.is(200);
        let approval = company.ask().await;
        assert_eq!(inbox(&deputy).await.as_slice(), std::slice::from_ref(&approval));
        // Ended early, and given again.
        let now = format!("/v1/approval-delegations/{now}");
        deputy.patch(&now, json!({"ends_at": "2099-01-01T00:00:00Z"})).await.is_problem(404, "not-found");
        boss.patch(&now, json!({"ends_at": "2020-01-02T00:00:00Z"})).await.is(200);
        approve(&deputy, &approval).await.is_problem(404, "not-found");
        boss.patch(&now, json!({"ends_at": "2100-01-01T00:00:00Z"})).await.is(200);
        let approved = approve(&deputy, &approval).await.is(200);
        let said = &approved["decisions"][0];
        assert_eq!((&said["by"], &said["on_behalf_of"]), (&json!(deputy.user), &json!(boss.user)));
        assert_eq!(approved["status"], "approved");
    });
}

#[test]
fn two_seats_are_not_filled_by_one_person() {
    run(async {
        let company = Company::new().await;
        let (first, second) = (company.member().await, company.member().await);
        company.archiving(json!([{"user_ids": [first.user, second.user], "required": 2}])).await;
        let delegation = json!({"delegate_id": second.user, "starts_at": "2020-01-01T00:00:00Z", "ends_at": "2100-01-01T00:00:00Z"});
        first.post("/v1/approval-delegations", delegation).await.is(201);
        let approval = company.ask().await;
        assert_eq!(approve(&second, &approval).await.is(200)["status"], "waiting");
        approve(&second, &approval).await.is_problem(403, "forbidden");
        assert_eq!(approve(&first, &approval).await.is(200)["status"], "approved");
    });
}

#[test]
fn for_others_one_arranges_only_what_one_may() {
    run(async {
        let company = Company::new().await;
        let (boss, deputy) = (company.member().await, company.member().await);
        let for_boss = json!({"user_id": boss.user, "delegate_id": deputy.user, "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2100-01-01T00:00:00Z"});
        deputy.post("/v1/approval-delegations", for_boss.clone()).await.is_problem(403, "forbidden");
        company.owner.post("/v1/approval-delegations", for_boss).await.is(201);
        let seen = |page: serde_json::Value| page["data"].as_array().unwrap().len();
        assert_eq!(seen(deputy.get("/v1/approval-delegations").await.is(200)), 1);
        assert_eq!(seen(boss.get("/v1/approval-delegations").await.is(200)), 1);
        assert_eq!(seen(company.member().await.get("/v1/approval-delegations").await.is(200)), 0);
        let to_oneself = json!({"delegate_id": boss.user, "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2100-01-01T00:00:00Z"});
        boss.post("/v1/approval-delegations", to_oneself).await.is_problem(422, "invalid-input");
    });
}

#[test]
fn when_the_time_is_over_others_are_asked_too() {
    run(async {
        let company = Company::new().await;
        let (slow, next) = (company.member().await, company.member().await);
        company
            .archiving(
                json!([{"user_ids": [slow.user], "time_limit_hours": 24, "then": {"user_ids": [next.user]}}]),
            )
            .await;
        let approval = company.ask().await;
        let due = company.owner.get(&format!("/v1/approvals/{approval}")).await.is(200);
        let (asked, due): (chrono::DateTime<chrono::Utc>, chrono::DateTime<chrono::Utc>) = (
            due["created_at"].as_str().unwrap().parse().unwrap(),
            due["due_at"].as_str().unwrap().parse().unwrap(),
        );
        assert_eq!((due - asked).num_hours(), 24);
        // A day passes.
        let database = service().database().await;
        database
            .execute("update approvals set due_at = now() where org_id = $1", &[&company.owner.organization])
            .await
            .unwrap();
        database
            .execute(
                "update approval_alarms set at = now() where organization_id = $1",
                &[&company.owner.organization],
            )
            .await
            .unwrap();
        let begun = Instant::now();
        while inbox(&next).await.is_empty() {
            assert!(begun.elapsed() < Duration::from_mins(1), "nobody moved it on");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        let moved = company.owner.get(&format!("/v1/approvals/{approval}")).await.is(200);
        assert_eq!((&moved["escalated"], &moved["status"]), (&json!(true), &json!("waiting")));
        assert_eq!(inbox(&slow).await.len(), 1, "the first may still decide");
        assert_eq!(approve(&next, &approval).await.is(200)["status"], "approved");
        let alarms: i64 = database
            .query_one(
                "select count(*) from approval_alarms where organization_id = $1",
                &[&company.owner.organization],
            )
            .await
            .unwrap()
            .get(0);
        assert_eq!(alarms, 0);
    });
}
