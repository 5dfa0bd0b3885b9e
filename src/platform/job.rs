//! Jobs: work that takes longer than a request waits for, or that nobody waits for. A job is enqueued in the transaction
//! that causes it, so what was rolled back never runs and what was committed is not forgotten. It is worked off at least
//! once: a job whose worker is gone is another's as soon as the lease has run out, by the database's clock.
mod jobs;
mod worker;

use crate::database::{Database, Db};
use crate::problem::{self, Problem, Result};
use diesel::OptionalExtension;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Interval, Jsonb, Nullable, SmallInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::future::{FutureExt, LocalBoxFuture};
pub use jobs::{Job, JobStatus, routes};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::any::{Any, TypeId, type_name};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
pub use worker::{Stop, Worker, stop_switch};

diesel::define_sql_function! {
    fn hold_job(job: SqlUuid, worker: SqlUuid) -> Text;
}
diesel::define_sql_function! {
    fn act_as(actor: Text, session: Nullable<SqlUuid>, request: Text) -> Text;
}
diesel::define_sql_function! {
    fn claim_slot(name: Text, every: Interval, worker: SqlUuid, lease: Interval) -> Nullable<diesel::sql_types::Timestamptz>;
}

/// A kind of work: what has to be known to do it, and how it is done.
pub trait Task: Serialize + DeserializeOwned + 'static {
    /// How programs call it: `mails.send`.
    const KIND: &'static str;
    /// How often it is tried before it stays failed.
    const ATTEMPTS: i32 = 10;

    /// Does it, and answers what clients see as the result. It may run more than once: a worker can go away between the
    /// last effect and the mark that it is done.
    ///
    /// # Errors
    /// A problem of the caller's making (4xx) ends the job; any other is tried again after a growing pause.
    fn run(self, job: &Running) -> impl Future<Output = Result<Value>>;
}

/// When and how urgently a job is to be done.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// 1 (first) to 9 (last), within the organization.
    pub priority: i16,
    /// Not before this has passed.
    pub delay: Duration,
    /// While an unfinished job of the kind has this key, no second is made.
    pub once: Option<&'a str>,
}

impl Default for Order<'_> {
    fn default() -> Self {
        Self { priority: 5, delay: Duration::ZERO, once: None }
    }
}

/// Enqueues the task in this transaction and answers the job's id.
///
/// # Errors
/// Those of the database.
pub async fn enqueue<T: Task>(db: &mut Db, task: &T) -> Result<Uuid> {
    enqueue_as(db, task, &Order::default()).await
}

/// The same, as ordered. With a key that an unfinished job has, answers that one.
///
/// # Errors
/// Those of the database.
pub async fn enqueue_as<T: Task>(db: &mut Db, task: &T, order: &Order<'_>) -> Result<Uuid> {
    #[derive(QueryableByName)]
    struct Enqueued {
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let task = serde_json::to_value(task).map_err(Problem::internal)?;
    let milliseconds = i64::try_from(order.delay.as_millis()).unwrap_or(i64::MAX);
    let enqueued = diesel::sql_query(
        "insert into jobs (id, kind, task, attempts_allowed, priority, run_at, once_key)
        values ($1, $2, $3, $4, $5, now() + $6 * interval '1 millisecond', $7)
        on conflict (org_id, kind, once_key) where status in ('queued', 'running', 'cancelling') do nothing returning id",
    )
    .bind::<SqlUuid, _>(Uuid::now_v7())
    .bind::<Text, _>(T::KIND)
    .bind::<Jsonb, _>(task)
    .bind::<Integer, _>(T::ATTEMPTS)
    .bind::<SmallInt, _>(order.priority)
    .bind::<BigInt, _>(milliseconds)
    .bind::<Nullable<Text>, _>(order.once);
    if let Some(enqueued) = enqueued.get_result::<Enqueued>(db).await.optional()? {
        return Ok(enqueued.id);
    }
    let there = diesel::sql_query(
        "select id from jobs where org_id = $1 and kind = $2 and once_key = $3 and status in ('queued', 'running', 'cancelling')",
    );
    let there = there
        .bind::<SqlUuid, _>(db.organization())
        .bind::<Text, _>(T::KIND)
        .bind::<Nullable<Text>, _>(order.once);
    // It may have ended in between: then the transaction is run again.
    if let Some(there) = there.get_result::<Enqueued>(db).await.optional()? {
        return Ok(there.id);
    }
    let mut problem = Problem::unavailable("a job ended meanwhile");
    problem.collided = true;
    Err(problem)
}

/// What is worked on, and the only way in which a task changes anything.
pub struct Running {
    pub(crate) database: Database,
    tools: Tools,
    organization: Uuid,
    id: Uuid,
    worker: Uuid,
    actor: String,
    session: Option<Uuid>,
    request: String,
    done: Cell<i64>,
    total: Cell<Option<i64>>,
    /// Whether the slot of a schedule is worked off, which no organization sees.
    is_slot: bool,
}

impl Running {
    /// The job's id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        self.id
    }

    /// The organization whose job it is; nil for a schedule.
    #[must_use]
    pub fn organization(&self) -> Uuid {
        self.organization
    }

    /// The database, for a schedule, which goes through organizations itself.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Does what is due in every organization, one after the other. One where it can not be done keeps no other from it: the log tells,
    /// and it is tried again at the next turn. Answers how much was done, and in how many organizations it was not.
    ///
    /// # Errors
    /// 503 where the database is away.
    pub async fn in_every_organization(&self, work: impl AsyncFn(Uuid) -> Result<i64>) -> Result<Value> {
        let (mut done, mut failed) = (0, 0);
        for organization in self.database.organizations().await? {
            match work(organization).await {
                Ok(here) => done += here,
                Err(problem) => {
                    log::error!(organization:%; "internal: a scheduled job could not do what is due: {problem}");
                    failed += 1;
                }
            }
        }
        Ok(json!({"done": done, "failed": failed}))
    }

    /// A transaction in the name of whoever caused the job. It is run again where it collides. Where the job was
    /// cancelled, or is another worker's by now, nothing of it remains.
    ///
    /// # Errors
    /// What `work` answers; 409 where the job is this worker's no more.
    pub async fn write<T>(&self, work: impl AsyncFn(&mut Db) -> Result<T>) -> Result<T> {
        let work = async |db: &mut Db| {
            diesel::select(act_as(&self.actor, self.session, &self.request)).execute(db).await?;
            let done = work(db).await?;
            if !self.is_slot {
                let held: String = diesel::select(hold_job(self.id, self.worker)).get_result(db).await?;
                if held != "held" {
                    return Err(problem::CONFLICT.because("The job was cancelled."));
                }
            }
            Ok(done)
        };
        self.database.as_system(self.organization, work).await
    }

    /// A read of the organization's rows.
    ///
    /// # Errors
    /// What `work` answers.
    pub async fn ask<T>(&self, work: impl AsyncFn(&mut Db) -> Result<T>) -> Result<T> {
        self.database.ask(self.organization, work).await
    }

    /// Says how far it is. Clients see it within a second.
    pub fn progress(&self, done: i64, total: Option<i64>) {
        self.done.set(done);
        self.total.set(total);
    }

    /// What was put together at the start, such as a mailer.
    #[must_use]
    pub fn tool<T: Send + Sync + 'static>(&self) -> Arc<T> {
        self.tools.get()
    }
}

/// What jobs work with beside the database, by type: put together at the start.
#[derive(Clone, Default)]
pub struct Tools(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl Tools {
    /// The same, and this.
    #[must_use]
    pub fn with<T: Send + Sync + 'static>(mut self, tool: Arc<T>) -> Self {
        self.0.insert(TypeId::of::<T>(), tool);
        self
    }

    /// The tool of this type.
    #[must_use]
    pub fn get<T: Send + Sync + 'static>(&self) -> Arc<T> {
        let tool = self.0.get(&TypeId::of::<T>()).cloned();
        match tool.and_then(|tool| tool.downcast().ok()) {
            Some(tool) => tool,
            None => unreachable!("{} is put together at the start", type_name::<T>()),
        }
    }
}

/// What a long-lived loop of a room's own stands in, such as a dispatcher. Every process that works has one of each.
#[derive(Clone)]
pub struct Workshop {
    pub database: Database,
    pub tools: Tools,
    /// Says when to stop; what is not finished some seconds later is dropped.
    pub stop: Stop,
}

type Doing = fn(Value, Rc<Running>) -> LocalBoxFuture<'static, Result<Value>>;
pub(crate) type Loop = fn(Workshop) -> LocalBoxFuture<'static, ()>;

/// The work that the rooms know how to do.
#[derive(Clone, Default)]
pub struct Trades {
    tasks: BTreeMap<&'static str, Doing>,
    schedules: Vec<(Duration, &'static str, Doing)>,
    loops: Vec<Loop>,
}

impl Trades {
    /// Those whose kinds begin so: for a process that leaves the others to others.
    #[must_use]
    pub fn only_of(mut self, kinds: &str) -> Self {
        self.tasks.retain(|kind, _| kind.starts_with(kinds));
        self.schedules.retain(|(_, kind, _)| kind.starts_with(kinds));
        self
    }

    pub(crate) fn task<T: Task>(&mut self) {
        self.tasks.insert(T::KIND, run::<T>);
    }

    pub(crate) fn schedule<T: Task>(&mut self, every: Duration) {
        self.schedules.push((every, T::KIND, run::<T>));
    }

    pub(crate) fn worker(&mut self, each: Loop) {
        self.loops.push(each);
    }
}

fn run<T: Task>(task: Value, job: Rc<Running>) -> LocalBoxFuture<'static, Result<Value>> {
    async move {
        let task: T = serde_json::from_value(task).map_err(Problem::internal)?;
        task.run(&job).await
    }
    .boxed_local()
}
