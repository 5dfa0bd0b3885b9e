//! Positions: the posts of a department.
use crate::support::{Caller, Organization, run};
use crate::{fault, hire_with, id};
use serde_json::json;

#[test]
fn a_post_is_approved_for_so_many_heads() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let payroll = owner.department("Payroll", None).await;
        let new = json!({"title": "Payroll officer", "department_id": payroll, "approved_headcount": 3});
        let post = owner.post("/v1/positions", new).await.is(201);
        assert_eq!((&post["approved_headcount"], &post["version"]), (&json!(3), &json!(1)));
        let path = format!("/v1/positions/{}", id(&post));
        let grown = owner.patch(&path, json!({"approved_headcount": 4})).await.is(200);
        assert_eq!((&grown["approved_headcount"], &grown["version"]), (&json!(4), &json!(2)));
        assert_eq!(grown["title"], "Payroll officer");

        for (heads, code) in [
            (json!(-1), "too-small"),
            (json!(100_001), "too-large"),
            (json!(1.5), "wrong-type"),
            (json!("3"), "wrong-type"),
            (json!(null), "not-null"),
        ] {
            let problem = owner
                .patch(&path, json!({"approved_headcount": heads}))
                .await
                .is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), ("/approved_headcount", code), "{heads}");
        }
        assert_eq!(owner.get(&path).await.is(200), grown);
    });
}

#[test]
fn a_title_is_taken_once_in_a_department() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let (north, south) = (owner.department("North", None).await, owner.department("South", None).await);
        let clerk = |department: &str| json!({"title": "Clerk", "department_id": department, "approved_headcount": 1});
        let first = id(&owner.post("/v1/positions", clerk(&north)).await.is(201));
        owner.post("/v1/positions", clerk(&south)).await.is(201);
        owner.post("/v1/positions", clerk(&north)).await.is_problem(409, "conflict");
        owner
            .patch(&format!("/v1/positions/{first}"), json!({"department_id": south}))
            .await
            .is_problem(409, "conflict");

        let in_north = owner.get(&format!("/v1/positions?department_id={north}&count=true")).await.is(200);
        assert_eq!((in_north["total"].as_i64(), id(&in_north["data"][0])), (Some(1), first));
    });
}

#[test]
fn a_post_that_somebody_fills_stays() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let sales = owner.department("Sales", None).await;
        let new = json!({"title": "Seller", "department_id": sales, "approved_headcount": 1});
        let seller = id(&owner.post("/v1/positions", new).await.is(201));
        let ana = id(&hire_with(&owner, json!({"position_id": seller})).await.is(201));
        let path = format!("/v1/positions/{seller}");
        owner.delete(&path).await.is_problem(409, "in-use");
        // She filled it until yesterday, and her history says so.
        owner.patch(&format!("/v1/employees/{ana}"), json!({"position_id": null})).await.is(200);
        owner.delete(&path).await.is_problem(409, "in-use");
        let new = json!({"title": "Buyer", "department_id": sales, "approved_headcount": 1});
        let path = format!("/v1/positions/{}", id(&owner.post("/v1/positions", new).await.is(201)));
        owner.delete(&path).await.is(204);
        owner.get(&path).await.is_problem(404, "not-found");
    });
}

#[test]
fn a_post_is_in_a_department_of_its_own_organization() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let theirs = Organization::new().await.owner().await.department("Theirs", None).await;
        let new = json!({"title": "Clerk", "department_id": theirs, "approved_headcount": 1});
        let problem = owner.post("/v1/positions", new).await.is_problem(422, "invalid-input");
        assert_eq!(fault(&problem), ("/department_id", "unknown-reference"));
    });
}

/// A post for so many, in a department of its own.
async fn post_for(caller: &Caller, heads: i32) -> String {
    let department = caller.department("Any", None).await;
    let new = json!({"title": "Clerk", "department_id": department, "approved_headcount": heads});
    id(&caller.post("/v1/positions", new).await.is(201))
}

#[track_caller]
fn says_filled(answer: crate::support::Answer) {
    let problem = answer.is_problem(409, "conflict");
    assert!(problem["detail"].as_str().unwrap().contains("approved headcount is filled"), "{problem}");
}

#[test]
fn a_post_is_filled_to_its_headcount_and_no_further() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let clerk = post_for(&owner, 2).await;
        let other = post_for(&owner, 5).await;
        let fill = async |position: &str| hire_with(&owner, json!({"position_id": position})).await;
        let ana = format!("/v1/employees/{}", id(&fill(&clerk).await.is(201)));
        let bob = format!("/v1/employees/{}", id(&fill(&clerk).await.is(201)));
        let carla = format!("/v1/employees/{}", id(&fill(&other).await.is(201)));
        says_filled(fill(&clerk).await);
        says_filled(owner.patch(&carla, json!({"position_id": clerk})).await);
        // A change of somebody who has a seat takes no other.
        owner.patch(&bob, json!({"phone": "+40 21 555 0100"})).await.is(200);
        owner.act(&format!("{bob}/activate")).await.is(200);

        // Who leaves frees a seat; it may be taken before they come back.
        owner
            .post(&format!("{ana}/terminate"), json!({"last_day": "2026-06-30", "reason": "Resigned"}))
            .await
            .is(200);
        owner.patch(&carla, json!({"position_id": clerk})).await.is(200);
        says_filled(owner.post(&format!("{ana}/rehire"), json!({"hired_on": "2026-10-01"})).await);

        // Fewer heads than there are people throws nobody out, and lets nobody in.
        let path = format!("/v1/positions/{clerk}");
        assert_eq!(
            owner.patch(&path, json!({"approved_headcount": 1})).await.is(200)["approved_headcount"],
            1
        );
        owner.patch(&bob, json!({"position_id": null})).await.is(200);
        says_filled(fill(&clerk).await);
        owner.patch(&path, json!({"approved_headcount": 2})).await.is(200);
        owner.post(&format!("{ana}/rehire"), json!({"hired_on": "2026-10-01"})).await.is(200);
        says_filled(fill(&clerk).await);
    });
}

#[test]
fn eight_who_want_the_last_three_seats_are_three() {
    run(async {
        let owner = Organization::new().await.owner().await;
        for round in 0..10 {
            let clerk = post_for(&owner, 3).await;
            let wanting = (0..8).map(|_| hire_with(&owner, json!({"position_id": clerk})));
            let answers = futures_util::future::join_all(wanting).await;
            let (hired, refused): (Vec<_>, Vec<_>) =
                answers.into_iter().partition(|answer| answer.status == 201);
            assert_eq!((hired.len(), refused.len()), (3, 5), "round {round}");
            refused.into_iter().for_each(says_filled);
            let seated = owner.get(&format!("/v1/employees?position_id={clerk}&count=true")).await.is(200);
            assert_eq!(seated["total"], 3, "round {round}");
        }
    });
}
