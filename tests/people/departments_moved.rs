//! A branch moves as a whole, and no ring is ever closed, however the moves race.
use crate::fault;
use crate::lines::DEPARTMENTS;
use crate::support::{Caller, Organization, run, service};
use futures_util::future::{join, join_all};
use serde_json::json;
use uuid::Uuid;

async fn put_under(caller: &Caller, department: &str, parent: Option<&str>) -> crate::support::Answer {
    caller.patch(&format!("/v1/departments/{department}"), json!({"parent_id": parent})).await
}

fn uuid(id: &str) -> Uuid {
    id.parse().unwrap()
}

#[test]
fn a_branch_moves_as_a_whole() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let company = owner.department("Company", None).await;
        let operations = owner.department("Operations", Some(&company)).await;
        let finance = owner.department("Finance", Some(&company)).await;
        let accounting = owner.department("Accounting", Some(&finance)).await;
        let payroll = owner.department("Payroll", Some(&accounting)).await;
        // Each with itself, and above it: company 0, operations 1, finance 1, accounting 2, payroll 3.
        assert_eq!(DEPARTMENTS.hold(org.id).await.len(), 5 + 1 + 1 + 2 + 3);

        let moved = put_under(&owner, &finance, Some(&operations)).await.is(200);
        assert_eq!((&moved["parent_id"], &moved["version"]), (&json!(operations), &json!(2)));
        // The three of the branch have one more above them each.
        let lines = DEPARTMENTS.hold(org.id).await;
        assert_eq!(lines.len(), 12 + 3);
        let above_payroll = [(&payroll, 0), (&accounting, 1), (&finance, 2), (&operations, 3), (&company, 4)];
        for (above, depth) in above_payroll {
            assert!(lines.contains(&(uuid(above), uuid(&payroll), depth)), "{depth} above payroll");
        }
        // What moved along was not itself changed.
        let accounting_now = owner.get(&format!("/v1/departments/{accounting}")).await.is(200);
        assert_eq!((&accounting_now["parent_id"], &accounting_now["version"]), (&json!(finance), &json!(1)));

        put_under(&owner, &finance, None).await.is(200);
        // Company and operations 1 + 2, and the branch on its own 1 + 2 + 3.
        assert_eq!(DEPARTMENTS.hold(org.id).await.len(), 9);
    });
}

#[test]
fn a_ring_is_refused() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let top = owner.department("Top", None).await;
        let middle = owner.department("Middle", Some(&top)).await;
        let bottom = owner.department("Bottom", Some(&middle)).await;
        let before = DEPARTMENTS.hold(org.id).await;
        for parent in [&top, &middle, &bottom] {
            let problem = put_under(&owner, &top, Some(parent)).await.is_problem(409, "conflict");
            assert_eq!(fault(&problem), ("/parent_id", "closes-a-ring"));
        }
        let unmoved = owner.get(&format!("/v1/departments/{top}")).await.is(200);
        assert_eq!((&unmoved["parent_id"], &unmoved["version"]), (&json!(null), &json!(1)));
        assert_eq!(DEPARTMENTS.hold(org.id).await, before);
    });
}

#[test]
fn of_two_moves_that_would_close_a_ring_one_waits_and_is_refused() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let left = owner.department("Left", None).await;
        let right = owner.department("Right", None).await;
        let [first, second] = [service().as_service().await, service().as_service().await];
        for mover in [&first, &second] {
            mover.execute("select enter_as_system($1, false)", &[&org.id]).await.unwrap();
            mover.batch_execute("begin").await.unwrap();
        }
        let moving = "update departments set parent_id = $3 where org_id = $1 and id = $2";
        first.execute(moving, &[&org.id, &uuid(&left), &uuid(&right)]).await.unwrap();
        // The second names the other way round before the first has committed: it can not see it, and must wait for it.
        let (left_id, right_id) = (uuid(&left), uuid(&right));
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] = [&org.id, &right_id, &left_id];
        let waiting = second.execute(moving, &parameters);
        let committing = async {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            let watcher = service().database().await;
            let waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted
                and pid in (select pid from pg_stat_activity where query like 'update departments set parent_id%')";
            assert!(
                watcher.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) >= 1,
                "the second does not wait"
            );
            first.batch_execute("commit").await.unwrap();
        };
        let (refused, ()) = join(waiting, committing).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.as_db_error().unwrap().constraint(), Some("departments_parent_id_cycle"));
        second.batch_execute("rollback").await.unwrap();
        assert_eq!(DEPARTMENTS.hold(org.id).await.len(), 3, "two departments, and right above left");
    });
}

#[test]
fn racing_moves_never_close_a_ring() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let mut all = Vec::new();
        for name in ["A", "B", "C", "D"] {
            all.push(owner.department(name, None).await);
        }
        for round in 0..40 {
            // A under B, B under C, C under D, D under A, all at once: any three fit, the fourth closes the ring.
            let next = |index: usize| &all[(index + 1) % all.len()];
            let moves =
                join_all((0..all.len()).map(|index| put_under(&owner, &all[index], Some(next(index))))).await;
            let mut statuses: Vec<u16> = moves.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 200, 200, 409], "round {round}");
            // A chain of four: 1 + 2 + 3 + 4.
            assert_eq!(DEPARTMENTS.hold(org.id).await.len(), 10, "round {round}");
            for department in &all {
                put_under(&owner, department, None).await.is(200);
            }
            assert_eq!(DEPARTMENTS.hold(org.id).await.len(), 4, "round {round}");
        }
    });
}

#[test]
fn a_department_founded_while_the_branch_moves_lands_in_the_moved_branch() {
    run(async {
        let org = Organization::new().await;
        let owner = org.owner().await;
        let east = owner.department("East", None).await;
        let west = owner.department("West", None).await;
        let branch = owner.department("Branch", Some(&east)).await;
        for round in 1..=20 {
            let target = if round % 2 == 0 { &east } else { &west };
            let founding = join_all((0..3).map(|_| owner.department("New", Some(&branch))));
            let (moved, founded) = join(put_under(&owner, &branch, Some(target)), founding).await;
            moved.is(200);
            let lines = DEPARTMENTS.hold(org.id).await;
            for new in founded {
                assert!(lines.contains(&(uuid(target), uuid(&new), 2)), "round {round}: new, branch, target");
            }
        }
    });
}
