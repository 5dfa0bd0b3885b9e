//! A department is archived when it is empty, and stays empty: also when somebody is hired into it at the same moment.
use crate::support::{Answer, Caller, Organization, run, service};
use crate::{hire_with, id};
use futures_util::future::join;
use serde_json::{Value, json};
use uuid::Uuid;

async fn archive(caller: &Caller, department: &str) -> Answer {
    caller.act(&format!("/v1/departments/{department}/archive")).await
}

#[track_caller]
fn says(problem: &Value, words: &str) {
    assert!(problem["detail"].as_str().unwrap().contains(words), "{problem}");
}

#[test]
fn a_department_is_archived_only_when_empty() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let sales = owner.department("Sales", None).await;
        let export = owner.department("Export", Some(&sales)).await;
        let ana = id(&hire_with(&owner, json!({"department_id": sales})).await.is(201));
        let dan = id(&hire_with(&owner, json!({"department_id": sales})).await.is(201));

        // A department below it, and two people in it.
        says(&archive(&owner, &sales).await.is_problem(409, "conflict"), "archived only when empty");
        archive(&owner, &export).await.is(200);
        // The two people.
        archive(&owner, &sales).await.is_problem(409, "conflict");
        owner.patch(&format!("/v1/employees/{ana}"), json!({"department_id": null})).await.is(200);
        // One of them.
        archive(&owner, &sales).await.is_problem(409, "conflict");
        assert_eq!(owner.get(&format!("/v1/departments/{sales}")).await.is(200)["status"], "active");
        // Who left is kept in the record, and hinders nothing.
        owner
            .post(
                &format!("/v1/employees/{dan}/terminate"),
                json!({"last_day": "2026-06-30", "reason": "Resigned"}),
            )
            .await
            .is(200);
        let archived = archive(&owner, &sales).await.is(200);
        assert_eq!(archived["status"], "archived");
        assert_eq!(archived["available_actions"], json!(["restore"]));
        let problem = archive(&owner, &sales).await.is_problem(409, "invalid-state");
        says(&problem, "`archived`");
        says(&problem, "`restore`");
    });
}

#[test]
fn nothing_is_put_into_an_archived_department() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let closed = owner.department("Closed", None).await;
        let below = owner.department("Below", Some(&closed)).await;
        let open = owner.department("Open", None).await;
        let left = id(&hire_with(&owner, json!({"department_id": closed})).await.is(201));
        owner
            .post(
                &format!("/v1/employees/{left}/terminate"),
                json!({"last_day": "2026-06-30", "reason": "Resigned"}),
            )
            .await
            .is(200);
        archive(&owner, &below).await.is(200);
        archive(&owner, &closed).await.is(200);

        let new = [
            (
                "/v1/employees",
                json!({"employee_number": "N-1", "given_name": "New", "family_name": "Test", "hired_on": "2026-03-02", "department_id": closed}),
            ),
            ("/v1/positions", json!({"title": "Clerk", "department_id": closed, "approved_headcount": 1})),
            ("/v1/departments", json!({"name": "New", "code": "NEW", "parent_id": closed})),
        ];
        for (path, body) in new {
            says(&owner.post(path, body).await.is_problem(409, "conflict"), "department is archived");
        }
        let ana = owner.hire("Ana", None).await;
        let clerk = id(&owner
            .post("/v1/positions", json!({"title": "Clerk", "department_id": open, "approved_headcount": 1}))
            .await
            .is(201));
        let moves = [
            (format!("/v1/employees/{ana}"), json!({"department_id": closed})),
            (format!("/v1/positions/{clerk}"), json!({"department_id": closed})),
            (format!("/v1/departments/{open}"), json!({"parent_id": closed})),
        ];
        for (path, edit) in moves {
            says(&owner.patch(&path, edit).await.is_problem(409, "conflict"), "department is archived");
            assert_eq!(owner.get(&path).await.is(200)["version"], 1, "{path} was not changed");
        }
        // Coming back is being put in again.
        let rehired =
            owner.post(&format!("/v1/employees/{left}/rehire"), json!({"hired_on": "2026-09-01"})).await;
        says(&rehired.is_problem(409, "conflict"), "department is archived");
        let restored = owner.act(&format!("/v1/departments/{below}/restore")).await;
        says(&restored.is_problem(409, "conflict"), "department is archived");

        // Restored from the top, all of it works again.
        owner.act(&format!("/v1/departments/{closed}/restore")).await.is(200);
        owner.act(&format!("/v1/departments/{below}/restore")).await.is(200);
        owner.post(&format!("/v1/employees/{left}/rehire"), json!({"hired_on": "2026-09-01"})).await.is(200);
        owner.patch(&format!("/v1/employees/{ana}"), json!({"department_id": closed})).await.is(200);
    });
}

#[test]
fn archiving_and_hiring_at_once_never_leave_somebody_in_an_archived_department() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let (mut archived, mut hired) = (0, 0);
        for round in 0..40 {
            let department = owner.department("Race", None).await;
            let (archiving, hiring) = if round % 2 == 0 {
                join(archive(&owner, &department), hire_with(&owner, json!({"department_id": department})))
                    .await
            } else {
                let (hiring, archiving) = join(
                    hire_with(&owner, json!({"department_id": department})),
                    archive(&owner, &department),
                )
                .await;
                (archiving, hiring)
            };
            // Whoever comes first wins, and the other is told.
            match (archiving.status, hiring.status) {
                (200, 409) => archived += 1,
                (409, 201) => hired += 1,
                both => panic!("round {round}: archiving and hiring answered {both:?}"),
            }
        }
        assert_eq!(archived + hired, 40);
        let stranded = "select count(*) from employees e join departments d on d.org_id = e.org_id and d.id = e.department_id
            where e.org_id = $1 and d.status = 'archived'";
        let stranded: i64 = service().database().await.query_one(stranded, &[&org.id]).await.unwrap().get(0);
        assert_eq!(stranded, 0);
    });
}

/// The interleavings that a race over HTTP meets by luck alone, one after the other.
#[test]
fn whoever_comes_second_waits_for_the_first_and_sees_what_became() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let archiving = "update departments set status = 'archived' where org_id = $1 and id = $2";
        let hiring = "insert into employees (org_id, id, employee_number, given_name, family_name, hired_on, department_id)
            values ($1, gen_random_uuid(), substr(gen_random_uuid()::text, 1, 18), 'Ana', 'Pop', '2026-03-02', $2)";
        let founding = "insert into departments (org_id, id, name, code, parent_id) values ($1, gen_random_uuid(), 'New', upper(substr(gen_random_uuid()::text, 1, 8)), $2)";
        let cases = [
            (archiving, hiring, "department_is_archived"),
            (archiving, founding, "department_is_archived"),
            (hiring, archiving, "archived_only_when_empty"),
            (founding, archiving, "archived_only_when_empty"),
        ];
        for (first, second, refusal) in cases {
            let department: Uuid = owner.department("Race", None).await.parse().unwrap();
            let [one, other] = [service().as_service().await, service().as_service().await];
            for client in [&one, &other] {
                client.execute("select enter_as_system($1, false)", &[&org.id]).await.unwrap();
                client.batch_execute("begin").await.unwrap();
            }
            one.execute(first, &[&org.id, &department]).await.unwrap();
            let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&org.id, &department];
            let committing = async {
                tokio::time::sleep(std::time::Duration::from_millis(150)).await;
                one.batch_execute("commit").await.unwrap();
            };
            let (outcome, ()) = join(other.execute(second, &parameters), committing).await;
            let outcome = outcome
                .map_err(|error| error.as_db_error().and_then(|error| error.constraint().map(str::to_owned)));
            assert_eq!(outcome, Err(Some(refusal.to_owned())), "{second}\nafter {first}");
        }
    });
}
