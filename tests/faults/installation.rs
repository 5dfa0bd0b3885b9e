//! A database of a test's own in a durable cluster, and the service on it, which can be killed and started again.
use crate::support::{Caller, Organization, Request, Service};
use chrono::{DateTime, Utc};
use cluster::Cluster;
use platform::database::{Database, Settings};
use platform::token::Tokens;
use reqwest::Method;
use std::path::PathBuf;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};
use tokio_postgres::{Client, NoTls};

/// The permissions that the tests of faults need.
const HELD: &[&str] = &[
    "departments:read",
    "departments:write",
    "employees:read",
    "employees:write",
    "number-series:read",
    "events:read",
    "webhook-endpoints:write",
];

/// For tests that leave Postgres alone. Nothing is turned off that makes a commit last.
static DURABLE: LazyLock<OwnCluster> = LazyLock::new(|| {
    forget_former_runs();
    OwnCluster::start("durable")
});

/// What lives as long as the tests can not remove its folder; the next run does.
fn forget_former_runs() {
    for entry in std::fs::read_dir(std::env::temp_dir()).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let process = name.strip_prefix("backoffice-test-").and_then(|name| name.rsplit('-').next());
        if process
            .is_some_and(|id| id.parse::<u32>().is_ok() && !PathBuf::from(format!("/proc/{id}")).exists())
        {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A cluster, gone with its folder when the test is over.
pub struct OwnCluster {
    cluster: Option<Cluster>,
    data_dir: PathBuf,
}

impl OwnCluster {
    pub fn start(name: &str) -> Self {
        let data_dir = folder(name);
        let settings = cluster::Settings { data_dir: data_dir.clone(), bin_dir: None, parameters: vec![] };
        Self { cluster: Some(Cluster::start(settings).unwrap()), data_dir }
    }
}

impl std::ops::Deref for OwnCluster {
    type Target = Cluster;
    fn deref(&self) -> &Cluster {
        self.cluster.as_ref().unwrap()
    }
}

impl Drop for OwnCluster {
    fn drop(&mut self) {
        drop(self.cluster.take());
        let _ = std::fs::remove_dir_all(&self.data_dir);
    }
}

/// The path of a data folder that is not there yet.
pub fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("backoffice-test-faults-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

pub struct Installation {
    pub url: String,
    flags: Vec<&'static str>,
    running: Mutex<Running>,
    tokens: Tokens,
}

struct Running {
    base: String,
    metrics: String,
    child: Child,
}

impl Installation {
    /// In the cluster that such tests share.
    pub async fn new(name: &str, flags: &[&'static str]) -> Arc<Self> {
        Self::new_in(&DURABLE, name, flags).await
    }

    pub async fn new_in(cluster: &Cluster, name: &str, flags: &[&'static str]) -> Arc<Self> {
        cluster.create_database(name).unwrap();
        let url = cluster.url(name);
        let (base, metrics, child) = Service::spawn(&url, flags);
        let tokens = Tokens::default();
        let wait = Duration::from_secs(5);
        let settings = Settings { url: url.clone(), connections: 1, wait, statement_timeout: wait };
        tokens.reload(&Database::new(&settings).unwrap()).await.unwrap();
        Arc::new(Self {
            url,
            flags: flags.to_vec(),
            running: Mutex::new(Running { base, metrics, child }),
            tokens,
        })
    }

    /// Where it listens now: elsewhere after each start.
    pub fn base(&self) -> String {
        self.running.lock().unwrap().base.clone()
    }

    pub fn pid(&self) -> u32 {
        self.running.lock().unwrap().child.id()
    }

    /// `kill -9`.
    pub fn kill(&self) {
        let child = &mut self.running.lock().unwrap().child;
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Answers how long it took until it was ready.
    pub fn start_again(&self) -> Duration {
        let started = Instant::now();
        let (base, metrics, child) = Service::spawn(&self.url, &self.flags);
        *self.running.lock().unwrap() = Running { base, metrics, child };
        started.elapsed()
    }

    /// How it ended, if it did so in time.
    pub async fn ended(&self, patience: Duration) -> Option<ExitStatus> {
        let started = Instant::now();
        while started.elapsed() < patience {
            if let Some(status) = self.running.lock().unwrap().child.try_wait().unwrap() {
                return Some(status);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }

    /// A connection as the superuser, who passes every wall.
    pub async fn database(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// Somebody who may do everything here, in an organization of their own.
    pub async fn caller(&self) -> Caller {
        let database = self.database().await;
        let organization = Organization::new_in(&database).await;
        Caller::sign_in_to(&database, &self.tokens, organization.id, HELD, None).await
    }

    pub fn request(&self, caller: &Caller, method: Method, path: &str) -> Request {
        caller.request(method, path).to(&self.base())
    }

    /// Connections of the pools: open, and waiting to be used.
    pub async fn connections(&self) -> (u32, u32) {
        let metrics = self.running.lock().unwrap().metrics.clone();
        let page = Request::new(Method::GET, "").to(&metrics).try_send().await.unwrap().text;
        let read = |name: &str| -> u32 {
            let line = page.lines().find(|line| line.starts_with(&format!("{name} ")));
            line.and_then(|line| line.rsplit(' ').next()?.parse().ok())
                .unwrap_or_else(|| panic!("no {name} in {page}"))
        };
        (read("backoffice_database_connections"), read("backoffice_database_connections_idle"))
    }

    /// How many of the service's connections are so: `wait_event_type = 'Lock'`.
    pub async fn backends(&self, condition: &str) -> i64 {
        self.count_of_backends(&format!("count(*) filter (where {condition})")).await
    }

    /// Waits until all that the service has begun by now is over. What it begins later is its schedules' and other
    /// callers', and what was left open would stay.
    ///
    /// # Panics
    /// With the statements that are left, if some are after 10 s: sooner than PostgreSQL itself ends what is idle in a
    /// transaction, later than any schedule takes.
    pub async fn is_through(&self) {
        let patience = Duration::from_secs(10);
        let database = self.database().await;
        let asked = database.query_one("select clock_timestamp()", &[]).await.unwrap();
        let asked: DateTime<Utc> = asked.get(0);
        let left =
            "select string_agg(format('%s for %s: %s', state, clock_timestamp() - xact_start, query), E'\n')
            from pg_stat_activity
            where application_name = 'backoffice' and datname = current_database() and state <> 'idle'
                and coalesce(xact_start, state_change) < $1";
        let started = Instant::now();
        loop {
            let left: Option<String> = database.query_one(left, &[&asked]).await.unwrap().get(0);
            let Some(left) = left else { return };
            assert!(started.elapsed() < patience, "left after {patience:?}:\n{left}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Ends all of the service's connections, and answers how many.
    pub async fn end_backends(&self) -> i64 {
        self.count_of_backends("count(pg_terminate_backend(pid))").await
    }

    async fn count_of_backends(&self, count: &str) -> i64 {
        let query = format!(
            "with backends as materialized (
                select * from pg_stat_activity where application_name = 'backoffice' and datname = current_database()
            ) select {count} from backends"
        );
        self.database().await.query_one(&query, &[]).await.unwrap().get(0)
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        let mut running = self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let _ = running.child.kill();
        let _ = running.child.wait();
    }
}
