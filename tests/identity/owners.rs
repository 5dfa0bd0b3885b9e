//! The last owner stays: somebody must be able to let the others in.
use crate::company::{Company, Person, here};
use crate::support::{Answer, Caller, run};
use futures_util::future::join;
use serde_json::json;

/// The ways in which an owner is removed.
const WAYS: [&str; 3] = ["suspend", "assign-roles", "disable"];

async fn remove(by: &Caller, owner: &Caller, way: &str) -> Answer {
    match way {
        "disable" => by.act(&format!("/v1/users/{}/disable", owner.user)).await,
        "suspend" => by.act(&format!("/v1/memberships/{}/suspend", owner.membership)).await,
        _ => {
            by.post(&format!("/v1/memberships/{}/assign-roles", owner.membership), json!({"role_ids": []}))
                .await
        }
    }
}

#[track_caller]
fn stays(answer: Answer) {
    let problem = answer.is_problem(409, "conflict");
    assert!(
        problem["detail"].as_str().unwrap().contains("an organization keeps its last owner"),
        "{problem}"
    );
}

async fn second_owner(company: &Company) -> (Person, Caller) {
    let second = company.member(&["owner"]).await;
    let session = company.session(&second).await;
    (second, session)
}

#[test]
fn the_last_owner_is_removed_by_nobody_and_in_no_way() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let manager = company.session(&company.member(&["it_manager"]).await).await;
        for by in [&owner, &manager] {
            for way in WAYS {
                stays(remove(by, &owner, way).await);
                owner.get("/v1/me").await.is(200);
            }
        }
        // With another role beside it the owner's may still not go.
        let body = json!({"role_ids": [company.role("auditor").await]});
        stays(owner.post(&format!("/v1/memberships/{}/assign-roles", owner.membership), body).await);
        let body = json!({"role_ids": [company.role("auditor").await, company.role("owner").await]});
        owner.post(&format!("/v1/memberships/{}/assign-roles", owner.membership), body).await.is(200);
    });
}

#[test]
fn one_of_two_owners_may_go_and_then_the_other_stays() {
    run(async {
        for way in WAYS {
            let company = Company::new().await;
            let (first, (_, second)) = (company.owner().await, second_owner(&company).await);
            remove(&first, &second, way).await.is(200);
            for way in WAYS {
                stays(remove(&first, &first, way).await);
            }
        }
    });
}

#[test]
fn an_owner_who_can_not_sign_in_is_none() {
    run(async {
        for way in ["suspend", "disable"] {
            let company = Company::new().await;
            let (owner, (_, absent)) = (company.owner().await, second_owner(&company).await);
            remove(&owner, &absent, way).await.is(200);
            stays(remove(&owner, &owner, "assign-roles").await);
            let back = match way {
                "suspend" => format!("/v1/memberships/{}/reinstate", absent.membership),
                _ => format!("/v1/users/{}/enable", absent.user),
            };
            owner.act(&back).await.is(200);
            remove(&owner, &owner, "assign-roles").await.is(200);
        }
    });
}

#[test]
fn of_two_owners_who_remove_each_other_at_once_one_stays() {
    run(async {
        for (one, other) in WAYS.iter().flat_map(|one| WAYS.iter().map(move |other| (one, other))) {
            let company = Company::new().await;
            let (first, (_, second)) = (company.owner().await, second_owner(&company).await);
            let (removed_second, removed_first) =
                join(remove(&first, &second, one), remove(&second, &first, other)).await;
            let statuses = [removed_second.status, removed_first.status];
            assert_eq!(
                statuses.iter().filter(|&&status| status == 200).count(),
                1,
                "{one} and {other}: {removed_second:?} {removed_first:?}"
            );
            // The loser was too late: out already, without the right, or told that the last one stays.
            assert!(
                statuses.iter().all(|status| [200, 401, 403, 409].contains(status)),
                "{one} and {other}: {statuses:?}"
            );
            let owners = "select count(*) from memberships m join logins l on l.id = m.user_id
                join roles r on r.org_id = m.org_id and r.id = any(m.role_ids)
                where m.org_id = $1 and r.name = 'owner' and m.status = 'active' and l.status = 'active'";
            let left: i64 = here().connect().await.query_one(owners, &[&company.id]).await.unwrap().get(0);
            assert_eq!(left, 1, "{one} and {other}");
        }
    });
}

#[test]
fn the_owners_role_itself_can_not_go() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let role = format!("/v1/roles/{}", company.role("owner").await);
        for answer in [owner.delete(&role).await, owner.patch(&role, json!({"permissions": []})).await] {
            let problem = answer.is_problem(409, "conflict");
            assert!(problem["detail"].as_str().unwrap().contains("built in roles stay"), "{problem}");
        }
    });
}

#[test]
fn the_home_of_a_login_takes_the_last_owner_from_no_other_organization() {
    run(async {
        let (home, other) = (Company::new().await, Company::new().await);
        let (person, _) = second_owner(&home).await;
        let abroad = other.session(&other.admit(&person.email, &["owner"], None).await).await;
        remove(&abroad, &other.owner().await, "suspend").await.is(200);
        // At home another owner is left; abroad this is the last one.
        let disable = format!("/v1/users/{}/disable", person.user);
        stays(home.owner().await.act(&disable).await);
        abroad.get("/v1/me").await.is(200);
    });
}
