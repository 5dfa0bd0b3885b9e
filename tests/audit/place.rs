//! An installation of a test's own: a database in the shared cluster, and a service on it.
use crate::support::{Answer, Caller, Organization, Request, Service, files_of, service};
use platform::database::{Database, Settings};
use platform::token::Tokens;
use reqwest::Method;
use serde_json::Value;
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

pub struct Place {
    pub base: String,
    pub url: String,
    pub database: Database,
    child: Child,
}

impl Place {
    /// A service that works on no jobs, so that nothing is sealed but by the test.
    pub fn start(name: &str) -> Self {
        service().cluster().create_database(name).unwrap();
        let url = service().cluster().url(name);
        let files = files_of(&url);
        let flags = ["--jobs-at-once", "0", "--workers", "1", "--files", files.to_str().unwrap()];
        let (base, _, child) = Service::spawn(&url, &flags);
        Self { base, database: database(&url), url, child }
    }

    pub async fn connect(&self) -> Client {
        connect(&self.url).await
    }

    pub async fn organization(&self) -> Organization {
        Organization::new_in(&self.connect().await).await
    }

    /// Somebody of the organization with these permissions.
    pub async fn caller(&self, organization: Uuid, permissions: &[&str]) -> Caller {
        let tokens = Tokens::default();
        tokens.reload(&self.database).await.unwrap();
        Caller::sign_in_to(&self.connect().await, &tokens, organization, permissions, None).await
    }

    pub fn request(&self, caller: &Caller, method: Method, path: &str) -> Request {
        caller.request(method, path).to(&self.base)
    }

    pub async fn get(&self, caller: &Caller, path: &str) -> Answer {
        self.request(caller, Method::GET, path).send().await
    }

    pub async fn post(&self, caller: &Caller, path: &str, body: &Value) -> Value {
        self.request(caller, Method::POST, path).json(body).send().await.is(201)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The database as the service's own code has it.
pub fn database(url: &str) -> Database {
    let wait = Duration::from_secs(10);
    let settings =
        Settings { url: url.to_owned(), connections: 10, wait, statement_timeout: Duration::from_mins(1) };
    Database::new(&settings).unwrap()
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Seals until all events of the organization are sealed: a transaction of another test may hold the horizon for a moment.
pub async fn seal_all(database: &Database, client: &Client, organization: Uuid) {
    let patience = Instant::now() + Duration::from_secs(30);
    loop {
        audit::seal(database, organization).await.unwrap();
        let left: i64 = client
            .query_one(
                "select count(*) from events e where org_id = $1 and not exists (select from sealed_events s where s.org_id = e.org_id and s.event_id = e.id)",
                &[&organization],
            )
            .await
            .unwrap()
            .get(0);
        if left == 0 {
            return;
        }
        assert!(Instant::now() < patience, "{left} events are not sealed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Runs the program on the database, as an administrator does.
pub fn backoffice(url: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_backoffice"))
        .args(arguments)
        .env("DATABASE_URL", url)
        .env("BACKOFFICE_FILES", files_of(url))
        .env("BACKOFFICE_LOG", "warn")
        .output()
        .unwrap()
}

/// What the program said when it refused.
#[track_caller]
pub fn refusal(output: &Output) -> String {
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What the program said when it was content.
#[track_caller]
pub fn said(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every event, as a reader of the feed gets them.
pub async fn feed(get: impl AsyncFn(String) -> Value) -> Vec<Value> {
    let (mut events, mut after) = (Vec::new(), String::new());
    for _ in 0..1000 {
        let page = get(format!("/v1/events?limit=200{after}")).await;
        let data = page["data"].as_array().unwrap();
        events.extend(data.iter().cloned());
        if data.len() < 200 {
            return events;
        }
        after = format!("&after={}", page["next_cursor"].as_str().unwrap());
    }
    panic!("the feed does not end");
}

/// Every checkpoint, the newest first.
pub async fn checkpoints(get: impl AsyncFn(String) -> Value) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    for _ in 0..1000 {
        let page = get(format!("/v1/audit/checkpoints?limit=3{cursor}")).await;
        all.extend(page["data"].as_array().unwrap().iter().cloned());
        match page["next_cursor"].as_str() {
            None => return all,
            Some(next) => cursor = format!("&cursor={next}"),
        }
    }
    panic!("the list does not end");
}
