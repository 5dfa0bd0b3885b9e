//! Large files: taken in, worked off by a job, whole or not at all.
use crate::support::{Organization, run, service};
use crate::{CSV, counts, crowd, import, sending, total, worked_off};
use serde_json::json;

#[test]
fn a_large_file_becomes_a_job_and_is_undone_as_one() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let taken = import(&owner, "employees", "", &crowd(2500)).await;
        let done = worked_off(&owner, taken).await;
        assert_eq!((counts(&done), done["status"].as_str()), ([2500, 0, 0, 0], Some("done")), "{done:#}");
        assert_eq!(total(&owner, "employees").await, 2500);
        let job = owner.get(&format!("/v1/jobs/{}", done["job_id"].as_str().unwrap())).await.is(200);
        assert_eq!(
            (&job["result"], &job["total"]),
            (&json!({"created": 2500, "changed": 0, "unchanged": 0, "refused": 0}), &json!(2500))
        );
        // Number n reports to n / 5: 4 on the first level (1 to 4), 20 on the next, then 100, 500, and the rest of 1,875.
        let database = service().database().await;
        let lines: i64 = database
            .query_one("select count(*) from reporting_lines where org_id = $1", &[&owner.organization])
            .await
            .unwrap()
            .get(0);
        assert_eq!(lines, 2500 + 4 + 20 * 2 + 100 * 3 + 500 * 4 + 1875 * 5);
        let chunks: i64 = database
            .query_one("select count(*) from import_chunks where org_id = $1", &[&owner.organization])
            .await
            .unwrap()
            .get(0);
        assert_eq!(chunks, 0, "what is worked off is forgotten");
        // Everybody's event says who sent the file.
        let by: i64 = database
            .query_one(
                "select count(*) from events where org_id = $1 and type = 'employee.created' and actor = $2",
                &[&owner.organization, &format!("user:{}", owner.user)],
            )
            .await
            .unwrap()
            .get(0);
        assert_eq!(by, 2500);
        owner.act(&format!("/v1/imports/{}/undo", done["id"].as_str().unwrap())).await.is(200);
        assert_eq!(total(&owner, "employees").await, 0);
    });
}

#[test]
fn a_large_file_with_a_fault_leaves_nothing_or_all_but_that() {
    run(async {
        let owner = Organization::new().await.owner().await;
        // Number 7 never comes; 35 to 39 report to 7.
        let file = crowd(2000).replace("N-7,Person,Number 7,N-1,2026-03-02", "N-7,Person,Number 7,N-1,later");
        let failed = worked_off(&owner, import(&owner, "employees", "", &file).await).await;
        assert_eq!(failed["status"], "failed");
        assert!(
            failed["faults"].as_array().unwrap().iter().any(|fault| fault["column"] == "hired_on"),
            "{failed:#}"
        );
        assert_eq!(total(&owner, "employees").await, 0);
        let shown =
            worked_off(&owner, import(&owner, "employees", "dry_run=true&on_error=skip", &file).await).await;
        assert_eq!(
            (shown["status"].as_str(), total(&owner, "employees").await),
            (Some("done"), 0),
            "{shown:#}"
        );
        let done = worked_off(&owner, import(&owner, "employees", "on_error=skip", &file).await).await;
        // With 7 stay away the 5 below, the 25 below those, the 125 and the 625 (875 to 999 times 5, as far as there are).
        let below = |from: usize, to: usize| to.min(2000).saturating_sub(from.min(2000));
        let refused = 1 + below(35, 40) + below(175, 200) + below(875, 1000) + below(4375, 5000);
        let refused = i64::try_from(refused).unwrap();
        assert_eq!(counts(&done), [2000 - refused, 0, 0, refused]);
        assert_eq!(counts(&shown), counts(&done));
        let again =
            worked_off(&owner, import(&owner, "employees", "mode=upsert&on_error=skip", &file).await).await;
        assert_eq!(counts(&again), [0, 0, 2000 - refused, refused]);
    });
}

#[test]
fn what_is_wrong_with_the_file_itself_is_told_before_it_is_taken_in() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let mut file = crowd(2500);
        file.push_str("\"open\n");
        import(&owner, "employees", "", &file).await.is_problem(422, "invalid-input");
        let database = service().database().await;
        let chunks: i64 = database
            .query_one("select count(*) from import_chunks where org_id = $1", &[&owner.organization])
            .await
            .unwrap()
            .get(0);
        assert_eq!((chunks, total(&owner, "imports").await, total(&owner, "jobs").await), (0, 0, 0));
    });
}

#[test]
fn the_same_large_file_and_key_are_one_import() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let file = crowd(1500);
        let send = async || {
            sending(&owner, "employees", "", CSV, file.as_str())
                .header("idempotency-key", "crowd")
                .send()
                .await
        };
        let first = send().await;
        let again = send().await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(first.header("location"), again.header("location"));
        worked_off(&owner, first).await;
        let database = service().database().await;
        let chunks: i64 = database
            .query_one("select count(*) from import_chunks where org_id = $1", &[&owner.organization])
            .await
            .unwrap()
            .get(0);
        assert_eq!((chunks, total(&owner, "imports").await, total(&owner, "employees").await), (0, 1, 1500));
    });
}

#[test]
fn the_same_file_twice_at_once_is_in_once() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let file = crowd(1500);
        let (one, two) =
            tokio::join!(import(&owner, "employees", "", &file), import(&owner, "employees", "", &file));
        let (one, two) = tokio::join!(worked_off(&owner, one), worked_off(&owner, two));
        let mut ends = [one["status"].as_str().unwrap(), two["status"].as_str().unwrap()];
        ends.sort_unstable();
        assert_eq!((ends, total(&owner, "employees").await), (["done", "failed"], 1500), "{one:#} {two:#}");
    });
}

#[test]
fn a_cancelled_import_leaves_nothing() {
    run(async {
        let owner = Organization::new().await.owner().await;
        let taken = import(&owner, "employees", "", &crowd(6000)).await.is(202);
        let job = format!("/v1/jobs/{}", taken["job_id"].as_str().unwrap());
        owner.act(&format!("{job}/cancel")).await.is(200);
        for _ in 0..60 {
            if owner.get(&format!("{job}?wait=1")).await.is(200)["status"] == "cancelled" {
                break;
            }
        }
        let import = owner.get(&format!("/v1/imports/{}", taken["id"].as_str().unwrap())).await.is(200);
        assert_eq!((import["status"].as_str(), total(&owner, "employees").await), (Some("cancelled"), 0));
        // Its file is forgotten, so there is nothing to try again, and the job says so.
        let retried = owner.act(&format!("{job}/retry")).await.is_problem(409, "conflict");
        assert!(retried["detail"].as_str().unwrap().contains("send the file again"), "{retried}");
        assert_eq!(owner.get(&job).await.is(200)["status"], "cancelled");
        let database = service().database().await;
        let chunks: i64 = database
            .query_one("select count(*) from import_chunks where org_id = $1", &[&owner.organization])
            .await
            .unwrap()
            .get(0);
        assert_eq!(chunks, 0);
    });
}
