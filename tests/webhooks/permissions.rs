//! An endpoint is told what whoever answers for it may read, as long as they may.
use crate::support::{Organization, Receiver, run, service};
use crate::{endpoint, until};
use serde_json::json;

const KEEPER: &[&str] =
    &["webhook-endpoints:read", "webhook-endpoints:write", "departments:read", "employees:read=team"];

#[test]
fn what_its_maker_may_not_read_in_the_whole_organization_is_not_sent() {
    run(async {
        let organization = Organization::new().await;
        let owner = organization.owner().await;
        let keeper = organization.caller(KEEPER).await;
        let receiver = Receiver::new().await;
        let endpoint = endpoint(&keeper, &receiver, &["employee.*", "department.*", "position.*"]).await;
        assert_eq!(keeper.get(&endpoint.path).await.is(200)["reads_as"], json!(keeper.user));
        owner.hire("Ana", None).await;
        owner.department("One", None).await;
        let database = service().database().await;
        let lose =
            "delete from role_permissions where org_id = $1 and role_id = $2 and resource = 'departments'";
        receiver.got(1).await;
        database.execute(lose, &[&organization.id, &keeper.role]).await.unwrap();
        owner.department("Two", None).await;
        let regain = "insert into role_permissions (org_id, role_id, resource, verb, reach) values ($1, $2, 'positions', 'read', 'org')";
        database.execute(regain, &[&organization.id, &keeper.role]).await.unwrap();
        let department = owner.department("Three", None).await;
        owner
            .post(
                "/v1/positions",
                json!({"department_id": department, "title": "Clerk", "approved_headcount": 1}),
            )
            .await
            .is(201);
        let came = receiver.got(2).await;
        let kinds: Vec<_> = came.iter().map(crate::support::Received::kind).collect();
        assert_eq!(kinds, ["department.created", "position.created"]);
    });
}

#[test]
fn who_changes_where_it_goes_is_who_it_reads_as() {
    run(async {
        let organization = Organization::new().await;
        let owner = organization.owner().await;
        let keeper = organization.caller(KEEPER).await;
        let (before, after) = (Receiver::new().await, Receiver::new().await);
        let endpoint = endpoint(&owner, &before, &["employee.*", "department.created"]).await;
        // What says nothing of where and what leaves it with the owner.
        keeper.patch(&endpoint.path, json!({"description": "Doors"})).await.is(200);
        assert_eq!(keeper.get(&endpoint.path).await.is(200)["reads_as"], json!(owner.user));
        keeper.patch(&endpoint.path, json!({"url": after.url()})).await.is(200);
        assert_eq!(keeper.get(&endpoint.path).await.is(200)["reads_as"], json!(keeper.user));
        owner.hire("Ana", None).await;
        owner.department("One", None).await;
        let came = after.got(1).await;
        assert_eq!(came[0].kind(), "department.created", "and nothing of employees");
        // So does a secret that they learn.
        owner.patch(&endpoint.path, json!({"event_types": ["department.*"]})).await.is(200);
        assert_eq!(keeper.get(&endpoint.path).await.is(200)["reads_as"], json!(owner.user));
        keeper.act(&format!("{}/rotate-secret", endpoint.path)).await.is(201);
        assert_eq!(keeper.get(&endpoint.path).await.is(200)["reads_as"], json!(keeper.user));
    });
}

#[test]
fn when_they_leave_nothing_more_is_sent_and_it_says_why() {
    run(async {
        let organization = Organization::new().await;
        let owner = organization.owner().await;
        let keeper = organization.caller(KEEPER).await;
        let receiver = Receiver::new().await;
        let endpoint = endpoint(&keeper, &receiver, &["department.*"]).await;
        let database = service().database().await;
        let leave = "update memberships set status = 'suspended' where org_id = $1 and id = $2";
        database.execute(leave, &[&organization.id, &keeper.membership]).await.unwrap();
        owner.department("One", None).await;
        until("it is disabled", async || owner.get(&endpoint.path).await.is(200)["status"] == "disabled")
            .await;
        assert_eq!(owner.get(&endpoint.path).await.is(200)["disabled_because"], "reader_left");
        assert!(receiver.all().is_empty());
        // Whoever enables it answers for it.
        owner.act(&format!("{}/enable", endpoint.path)).await.is(200);
        assert_eq!(receiver.got(1).await[0].kind(), "department.created");
    });
}

#[test]
fn another_organization_is_told_nothing() {
    run(async {
        let (ours, theirs) =
            (Organization::new().await.owner().await, Organization::new().await.owner().await);
        let (at_ours, at_theirs) = (Receiver::new().await, Receiver::new().await);
        endpoint(&ours, &at_ours, &["*"]).await;
        endpoint(&theirs, &at_theirs, &["department.*"]).await;
        let department = theirs.department("One", None).await;
        at_theirs.got(1).await;
        ours.department("Two", None).await;
        until("ours are told of", async || {
            at_ours.all().iter().any(|each| each.kind() == "department.created")
        })
        .await;
        assert!(at_ours.all().iter().all(|each| each.about() != department));
    });
}
