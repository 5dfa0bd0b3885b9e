//! A worker that is killed in the middle of a file: the service itself, or one beside it.
use crate::installation::Installation;
use crate::support::{files_of, run, spawn_for_good};
use reqwest::Method;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[test]
fn a_file_whose_worker_was_killed_is_in_once_and_whole() {
    run(async {
        let installation = Installation::new("killed_in_a_file", &[]).await;
        killed_in_a_file(&installation, None).await;
    });
}

#[test]
fn a_file_whose_worker_beside_the_service_was_killed_is_in_once_and_whole() {
    run(async {
        let installation = Installation::new("killed_beside", &["--jobs-at-once", "0"]).await;
        killed_in_a_file(&installation, Some(Worker::start(&installation.url))).await;
    });
}

/// `backoffice work`, killed when the test is over.
struct Worker(Child);

impl Worker {
    fn start(url: &str) -> Self {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_backoffice"), "work"]);
        command.env("DATABASE_URL", url).env("BACKOFFICE_FILES", files_of(url)).env("BACKOFFICE_LOG", "warn");
        command.stdout(Stdio::null());
        Self(spawn_for_good(command))
    }

    /// `kill -9`.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Two thousand employees: whoever works on them, the service itself where nobody does beside it, is killed in the middle.
async fn killed_in_a_file(installation: &Installation, mut beside: Option<Worker>) {
    let caller = installation.caller().await;
    let rows: Vec<String> = (0..2000).map(|n| format!("N-{n},Ana,Pop,2026-03-02\n")).collect();
    let file = format!("employee_number,given_name,family_name,hired_on\n{}", rows.concat());
    let blocker = installation.database().await;
    // The first thousand are written, and wait for their lines: the worker is killed in between.
    blocker.batch_execute("begin; lock table reporting_lines in access exclusive mode").await.unwrap();
    let request = installation.request(&caller, Method::POST, "/v1/employees/import");
    let taken = request.body("text/csv", file).send().await.is(202);
    crate::until(Duration::from_secs(20), "the import waits", async || {
        installation.backends("wait_event_type = 'Lock'").await == 1
    })
    .await;
    match &mut beside {
        Some(worker) => worker.kill(),
        None => installation.kill(),
    }
    blocker.batch_execute("commit").await.unwrap();
    tokio::task::block_in_place(|| match &mut beside {
        Some(worker) => *worker = Worker::start(&installation.url),
        None => drop(installation.start_again()),
    });
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
}
