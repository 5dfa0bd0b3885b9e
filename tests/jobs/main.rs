//! Jobs, as stories: what is enqueued runs, what is rolled back never does, and nothing is lost with its worker. The tests
//! work as well: with kinds of work of their own, on the database of the shared service.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod ended;
mod queue;
mod schedules;
mod who;

use platform::api::Api;
use platform::database::{Database, Settings};
use platform::job::{Order, Running, Stop, Task, Tools, Worker, enqueue_as, stop_switch};
use platform::prelude::*;
use platform::problem::{INVALID_INPUT, UNAVAILABLE};
use serde_json::Value;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use support::{Caller, service};

/// Work of which a test says how it goes.
#[derive(Clone, Serialize, Deserialize)]
struct Errand {
    /// Whose errand it is: each test does its own.
    name: String,
    goes: Goes,
}

#[derive(Clone, Serialize, Deserialize)]
enum Goes {
    Well,
    /// So many times not, and then well.
    Badly(i32),
    Wrong,
    /// Renames the department, and then takes so many milliseconds before it commits.
    Slowly(Uuid, u64),
    /// As well, but writes nothing.
    Idly(u64),
}

/// The errands that were begun, in order.
static BEGUN: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn begun(name: &str) -> usize {
    BEGUN.lock().unwrap().iter().filter(|begun| *begun == name).count()
}

impl Task for Errand {
    const KIND: &'static str = "tests.errand";
    const ATTEMPTS: i32 = 3;

    async fn run(self, job: &Running) -> Result<Value> {
        BEGUN.lock().unwrap().push(self.name.clone());
        job.progress(1, Some(2));
        match self.goes {
            Goes::Badly(times) if begun(&self.name) <= usize::try_from(times).unwrap() => {
                return Err(UNAVAILABLE.because("The mail server is away."));
            }
            Goes::Well | Goes::Badly(_) => {}
            Goes::Wrong => return Err(INVALID_INPUT.because("There is no such address.")),
            Goes::Slowly(department, milliseconds) => {
                job.write(async |db| {
                    rename(db, department, &self.name).await?;
                    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
                    Ok(())
                })
                .await?;
            }
            Goes::Idly(milliseconds) => tokio::time::sleep(Duration::from_millis(milliseconds)).await,
        }
        job.progress(2, Some(2));
        Ok(json!({"errand": self.name}))
    }
}

async fn rename(db: &mut Db, department: Uuid, name: &str) -> Result<()> {
    use schema::departments;
    let one = departments::table.find((db.organization(), department));
    diesel::update(one).set(departments::name.eq(name)).execute(db).await?;
    Ok(())
}

/// A database as jobs have it, of the thread's own.
fn database() -> Database {
    let settings = Settings {
        url: service().url.clone(),
        connections: 12,
        wait: Duration::from_secs(5),
        statement_timeout: Duration::from_mins(1),
    };
    Database::new(&settings).unwrap()
}

/// A worker on a thread of its own. It stops when this goes.
struct Working {
    switch: Option<tokio::sync::watch::Sender<bool>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Working {
    /// One that knows what the room offers.
    fn begin(room: fn(&mut Api), at_once: usize) -> Self {
        service();
        let (switch, stop): (_, Stop) = stop_switch();
        let thread = std::thread::spawn(move || {
            let trades = Api::of(&[room]).trades().only_of("tests.");
            let worker = Worker {
                database: database(),
                trades,
                tools: Tools::default(),
                metrics: None,
                at_once,
                stop,
            };
            actix_web::rt::System::new().block_on(worker.work());
        });
        Self { switch: Some(switch), thread: Some(thread) }
    }

    /// The one that does errands for all tests that don't count their workers.
    fn on_errands() -> &'static Self {
        static WORKING: std::sync::OnceLock<Working> = std::sync::OnceLock::new();
        WORKING.get_or_init(|| Self::begin(errands, 8))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        drop(self.switch.take());
        let _ = self.thread.take().map(std::thread::JoinHandle::join);
    }
}

fn errands(api: &mut Api) {
    api.task::<Errand>();
}

/// Enqueues an errand in the name of the caller.
async fn send(caller: &Caller, errand: Errand) -> String {
    send_as(caller, errand, Order::default()).await
}

async fn send_as(caller: &Caller, errand: Errand, order: Order<'_>) -> String {
    let id = database()
        .as_system(caller.organization, async |db| {
            act_for(db, caller).await?;
            enqueue_as(db, &errand, &order).await
        })
        .await;
    id.unwrap().to_string()
}

async fn act_for(db: &mut Db, caller: &Caller) -> Result<()> {
    diesel::sql_query(format!("select act_as('user:{}', '{}', 'r')", caller.user, caller.session))
        .execute(db)
        .await?;
    Ok(())
}

fn errand(name: &str, goes: Goes) -> Errand {
    Errand { name: format!("{name} {}", Uuid::now_v7().simple()), goes }
}

/// The job as it is when it has ended.
async fn ended(caller: &Caller, job: &str) -> Value {
    let job = caller.get(&format!("/v1/jobs/{job}?wait=30")).await.is(200);
    assert!(["succeeded", "failed", "cancelled"].contains(&job["status"].as_str().unwrap()), "{job}");
    job
}

/// Waits until it is so.
async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !so().await {
        assert!(began.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
