//! At once: exactly one of two wins, and what wins is consistent.
use crate::support::{Answer, run};
use crate::{Company, approve, reject, stopped};
use futures_util::future::{join, join_all};
use serde_json::json;

const ROUNDS: usize = 12;

/// How many of the answers have this status; the others must have the other.
#[track_caller]
fn won(answers: &[Answer], win: u16, lose: &[u16]) -> usize {
    for answer in answers {
        assert!(answer.status == win || lose.contains(&answer.status), "{} {}", answer.status, answer.text);
    }
    answers.iter().filter(|answer| answer.status == win).count()
}

#[test]
fn of_a_yes_and_a_no_at_once_one_wins() {
    run(async {
        let company = Company::new().await;
        let (yes, no) = (company.member().await, company.member().await);
        company.archiving(json!([{"user_ids": [yes.user, no.user]}])).await;
        for _ in 0..ROUNDS {
            let approval = company.ask().await;
            let (approved, rejected) = join(approve(&yes, &approval), reject(&no, &approval, "No")).await;
            let wanted = if approved.status == 200 { "approved" } else { "rejected" };
            // Who comes later finds it decided, or does not find it in front of them any more.
            assert_eq!(won(&[approved, rejected], 200, &[409, 404]), 1);
            assert_eq!(company.status(&approval).await, wanted);
            company.maker.act(&format!("/v1/approvals/{approval}/withdraw")).await;
        }
    });
}

#[test]
fn of_a_yes_and_a_withdrawal_at_once_the_withdrawal_stands() {
    run(async {
        let company = Company::new().await;
        let boss = company.member().await;
        company.archiving(json!([{"user_ids": [boss.user]}])).await;
        for _ in 0..ROUNDS {
            let approval = company.ask().await;
            let withdraw = format!("/v1/approvals/{approval}/withdraw");
            let (approved, withdrawn) = join(approve(&boss, &approval), company.maker.act(&withdraw)).await;
            assert_eq!(withdrawn.status, 200, "also a yes can be taken back: {}", withdrawn.text);
            assert!([200, 404, 409].contains(&approved.status), "{}", approved.text);
            assert_eq!(company.status(&approval).await, "withdrawn");
            stopped(company.archive().await);
        }
    });
}

#[test]
fn of_a_yes_and_a_change_at_once_no_yes_is_left_for_what_changed() {
    run(async {
        let company = Company::new().await;
        let boss = company.member().await;
        company.archiving(json!([{"user_ids": [boss.user]}])).await;
        let path = format!("/v1/departments/{}", company.department);
        for round in 0..ROUNDS {
            let approval = company.ask().await;
            let change = json!({"name": format!("Round {round}")});
            let (approved, changed) =
                join(approve(&boss, &approval), company.owner.patch(&path, change)).await;
            assert_eq!(changed.status, 200, "{}", changed.text);
            assert!([200, 404, 409].contains(&approved.status), "{}", approved.text);
            assert_eq!(company.status(&approval).await, "void");
            stopped(company.archive().await);
        }
    });
}

#[test]
fn of_a_request_and_a_change_at_once_nothing_stale_can_be_used() {
    run(async {
        let company = Company::new().await;
        let boss = company.member().await;
        company.archiving(json!([{"user_ids": [boss.user]}])).await;
        let path = format!("/v1/departments/{}", company.department);
        for round in 0..ROUNDS {
            let change = json!({"name": format!("Round {round}")});
            let (asked, changed) = join(company.try_to_ask(), company.owner.patch(&path, change)).await;
            let version = changed.is(200)["version"].clone();
            let asked = asked.is(201);
            let approval = crate::id(&asked);
            // Either it saw the change, or the change saw it.
            let is_current = asked["seen_version"] == version;
            assert_eq!(company.status(&approval).await, if is_current { "waiting" } else { "void" });
            company.maker.act(&format!("/v1/approvals/{approval}/withdraw")).await;
        }
    });
}

#[test]
fn one_yes_is_used_once() {
    run(async {
        let company = Company::new().await;
        let boss = company.member().await;
        company.archiving(json!([{"user_ids": [boss.user]}])).await;
        for _ in 0..ROUNDS {
            let approval = company.ask().await;
            approve(&boss, &approval).await.is(200);
            let answers = join_all((0..4).map(async |_| company.archive().await)).await;
            assert_eq!(won(&answers, 200, &[409]), 1);
            assert_eq!(company.status(&approval).await, "used");
            company.maker.act(&format!("/v1/departments/{}/restore", company.department)).await.is(200);
        }
    });
}

#[test]
fn one_who_leaves_while_deciding_has_decided_or_has_not() {
    run(async {
        for _ in 0..4 {
            let company = Company::new().await;
            let (boss, other) = (company.member().await, company.member().await);
            company.archiving(json!([{"user_ids": [boss.user, other.user]}])).await;
            let approval = company.ask().await;
            let suspend = async {
                let suspend = "update memberships set status = 'suspended' where org_id = $1 and id = $2";
                let database = crate::support::service().database().await;
                database.execute(suspend, &[&boss.organization, &boss.membership]).await
            };
            let (approved, left) = join(approve(&boss, &approval), suspend).await;
            assert!([200, 401, 403, 404, 409].contains(&approved.status), "{}", approved.text);
            let status = company.status(&approval).await;
            assert_eq!(status, if approved.status == 200 { "approved" } else { "waiting" });
            if let Ok(left) = left {
                assert_eq!(left, 1);
                approve(&boss, &approval).await.is_problem(401, "unauthenticated");
            }
            if status == "waiting" {
                assert_eq!(approve(&other, &approval).await.is(200)["status"], "approved");
            }
        }
    });
}
