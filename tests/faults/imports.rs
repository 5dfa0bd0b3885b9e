//! A worker that is killed in the middle of a file.
use crate::installation::Installation;
use crate::support::run;
use reqwest::Method;
use std::time::Duration;

#[test]
fn a_file_whose_worker_was_killed_is_in_once_and_whole() {
    run(async {
        let installation = Installation::new("killed_in_a_file", &[]).await;
        let caller = installation.caller().await;
        let rows: Vec<String> = (0..2000).map(|n| format!("N-{n},Ana,Pop,2026-03-02\n")).collect();
        let rows = rows.concat();
        let file = format!("employee_number,given_name,family_name,hired_on\n{rows}");
        let blocker = installation.database().await;
        // The first thousand are written, and wait for their lines: the service is killed in between.
        blocker.batch_execute("begin; lock table reporting_lines in access exclusive mode").await.unwrap();
        let request = installation.request(&caller, Method::POST, "/v1/employees/import");
        let taken = request.body("text/csv", file).send().await.is(202);
        crate::until(Duration::from_secs(20), "the import waits", async || {
            installation.backends("wait_event_type = 'Lock'").await == 1
        })
        .await;
        installation.kill();
        blocker.batch_execute("commit").await.unwrap();
        tokio::task::block_in_place(|| installation.start_again());
        let id: uuid::Uuid = taken["id"].as_str().unwrap().parse().unwrap();
        let database = installation.database().await;
        crate::until(Duration::from_secs(90), "another worker took the job up", async || {
            let status = "select status from imports where org_id = $1 and id = $2";
            let now = database.query_one(status, &[&caller.organization, &id]).await.unwrap();
            now.get::<_, String>(0) == "done"
        })
        .await;
        for (what, wanted) in
            [("employees", 2000_i64), ("reporting_lines", 2000), ("import_rows", 2000), ("import_chunks", 0)]
        {
            let count = format!("select count(*) from {what} where org_id = $1");
            let count: i64 = database.query_one(&count, &[&caller.organization]).await.unwrap().get(0);
            assert_eq!(count, wanted, "{what}");
        }
    });
}
