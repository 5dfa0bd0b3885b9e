//! Works jobs off: claims them by lease, renews the lease while they run, and marks what became of them.
use super::{Running, Tools, Trades, Workshop, claim_slot};
use crate::database::{Database, Db};
use crate::metrics::Metrics;
use crate::problem::{INTERNAL, Problem, Result};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{
    Array, BigInt, Integer, Interval, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;

/// A worker that has not been heard of for so long is gone.
const LEASE: TimeDelta = TimeDelta::seconds(30);
/// How often the lease is renewed, a cancellation noticed, and progress told.
const RENEWAL: Duration = Duration::from_secs(1);
/// How often an idle worker looks for work.
const IDLE: Duration = Duration::from_millis(300);
/// How long what runs may go on after it was told to stop.
const GRACE: Duration = Duration::from_secs(20);
/// The longest pause before a job is tried again.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);

diesel::define_sql_function! {
    fn renew_job(job: SqlUuid, worker: SqlUuid, lease: Interval, done: BigInt, total: Nullable<BigInt>) -> Text;
}
diesel::define_sql_function! {
    fn renew_slot(name: Text, worker: SqlUuid, lease: Interval) -> diesel::sql_types::Bool;
}
diesel::define_sql_function! {
    fn end_slot(name: Text, worker: SqlUuid, slot: Timestamptz, pause: Nullable<Interval>) -> Text;
}
diesel::define_sql_function! {
    fn release_jobs(workers: Array<SqlUuid>) -> Text;
}

/// The other end of a switch that says when to stop.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Whether it was told to stop, or whoever could tell it is gone.
    #[must_use]
    pub fn is_told(&self) -> bool {
        *self.0.borrow() || self.0.has_changed().is_err()
    }

    /// Waits until it is told to stop.
    pub async fn told(&self) {
        let _ = self.0.clone().wait_for(|stop| *stop).await;
    }
}

/// A switch and its other end.
#[must_use]
pub fn stop_switch() -> (watch::Sender<bool>, Stop) {
    let (switch, stop) = watch::channel(false);
    (switch, Stop(stop))
}

/// What is being worked on. A lease is of one attempt, so that whoever took a job over from themselves knows it.
type Leases = Rc<RefCell<HashSet<Uuid>>>;

/// What works jobs off in a process. It lives on a thread of its own, so that no request waits behind a job.
pub struct Worker {
    pub database: Database,
    pub trades: Trades,
    pub tools: Tools,
    pub metrics: Option<Arc<Metrics>>,
    /// Jobs at a time.
    pub at_once: usize,
    pub stop: Stop,
}

/// A job that was taken on.
#[derive(QueryableByName)]
struct Begun {
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Jsonb)]
    task: Value,
    #[diesel(sql_type = Text)]
    actor: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    session: Option<Uuid>,
    #[diesel(sql_type = Text)]
    request: String,
    #[diesel(sql_type = Integer)]
    attempts: i32,
    #[diesel(sql_type = Integer)]
    attempts_allowed: i32,
}

impl Worker {
    /// Works until it is told to stop, and then for as long as what runs needs, within limits. Runs on actix's runtime.
    pub async fn work(self) {
        let worker = Rc::new(self);
        let leases = Leases::default();
        let mut loops = JoinSet::new();
        for each in &worker.trades.loops {
            let workshop = Workshop {
                database: worker.database.clone(),
                tools: worker.tools.clone(),
                stop: worker.stop.clone(),
            };
            loops.spawn_local(each(workshop));
        }
        let mut running = JoinSet::new();
        let mut slots = JoinSet::new();
        let mut schedules = Schedules::default();
        while !worker.stop.is_told() {
            schedules.begin_what_is_due(&worker, &leases, &mut slots).await;
            let claimed = worker.claim_what_fits(&leases, &mut running).await;
            if let Err(problem) = claimed {
                log::warn!("no jobs taken on: {problem}");
            }
            tokio::select! {
                Some(ended) = running.join_next() => tell_of_panic(ended),
                Some(ended) = slots.join_next() => tell_of_panic(ended),
                () = tokio::time::sleep(IDLE) => {}
                () = worker.stop.told() => {}
            }
        }
        let ending = async {
            while let Some(ended) = running.join_next().await {
                tell_of_panic(ended);
            }
            while slots.join_next().await.is_some() {}
            while loops.join_next().await.is_some() {}
        };
        if tokio::time::timeout(GRACE, ending).await.is_err() {
            log::warn!("jobs that had not ended are left to others");
        }
        drop((running, slots, loops));
        let unfinished: Vec<Uuid> = leases.borrow().iter().copied().collect();
        let releasing = async |db: &mut Db| {
            Ok(diesel::select(release_jobs(&unfinished)).execute(db).await.map(|_| ())?)
        };
        if let Err(problem) = worker.database.without_organization(releasing).await {
            log::warn!("jobs are taken over when their leases run out: {problem}");
        }
    }

    async fn claim_what_fits(self: &Rc<Self>, leases: &Leases, running: &mut JoinSet<()>) -> Result<()> {
        #[derive(QueryableByName)]
        struct Claimed {
            #[diesel(sql_type = Nullable<SqlUuid>)]
            organization: Option<Uuid>,
            #[diesel(sql_type = Nullable<SqlUuid>)]
            job: Option<Uuid>,
        }
        let kinds: Vec<&str> = self.trades.tasks.keys().copied().collect();
        while running.len() < self.at_once && !self.stop.is_told() {
            let lease = Uuid::now_v7();
            let claiming = async |db: &mut Db| {
                let claim = diesel::sql_query("select organization, job from claim_job($1, $2, $3)")
                    .bind::<SqlUuid, _>(lease)
                    .bind::<Array<Text>, _>(&kinds)
                    .bind::<Interval, _>(LEASE);
                Ok(claim.get_result::<Claimed>(db).await?)
            };
            let claimed = self.database.without_organization(claiming).await?;
            let (Some(organization), Some(job)) = (claimed.organization, claimed.job) else { break };
            leases.borrow_mut().insert(lease);
            let (worker, leases) = (Rc::clone(self), Rc::clone(leases));
            running.spawn_local(async move {
                worker.work_off(lease, organization, job).await;
                leases.borrow_mut().remove(&lease);
            });
        }
        Ok(())
    }

    async fn work_off(&self, worker: Uuid, organization: Uuid, job: Uuid) {
        let since = Instant::now();
        let begun = match self.begin(organization, job).await {
            Ok(Some(begun)) if begun.status == "running" => begun,
            // It was cancelled, or tried too often, while its worker was away.
            Ok(_) => return,
            Err(problem) => return log::warn!("job {job} not begun: {problem}"),
        };
        let Some(doing) = self.trades.tasks.get(begun.kind.as_str()) else { return };
        let running = Rc::new(Running {
            database: self.database.clone(),
            tools: self.tools.clone(),
            organization,
            id: job,
            worker,
            actor: begun.actor.clone(),
            session: begun.session,
            request: begun.request.clone(),
            done: Cell::new(0),
            total: Cell::new(None),
            is_slot: false,
        });
        let mut work = doing(begun.task.clone(), Rc::clone(&running));
        let ended = loop {
            tokio::select! {
                ended = &mut work => break Some(ended),
                () = tokio::time::sleep(RENEWAL) => match self.renew(&running).await.as_deref() {
                    Ok("cancelled") => break None,
                    Ok("lost") => return log::warn!("job {job} is another worker's by now"),
                    Ok(_) => {}
                    Err(problem) => log::warn!("the lease of job {job} was not renewed: {problem}"),
                },
            }
        };
        drop(work); // a cancelled query ends, and its transaction with it
        let outcome = Outcome::of(ended, &begun);
        if let Some(metrics) = &self.metrics {
            metrics.observe_job(&begun.kind, outcome.status, since.elapsed());
        }
        if let Err(problem) = self.finish(&running, &outcome).await {
            log::warn!("job {job} ended and could not be marked: {problem}");
        }
    }

    /// Takes the job on; or ends it, where it was cancelled or its workers went away once too often.
    async fn begin(&self, organization: Uuid, job: Uuid) -> Result<Option<Begun>> {
        let gone = INTERNAL
            .because("Its worker ended while it worked on it, as often as it may be tried.")
            .to_json("");
        let beginning = async |db: &mut Db| {
            let begun = diesel::sql_query(
                "with next as (
                    select id, case when status = 'cancelling' then 'cancelled' when attempts >= attempts_allowed then 'failed' else 'running' end as status
                    from jobs where org_id = $1 and id = $2 and status in ('queued', 'running', 'cancelling') for no key update
                )
                update jobs j set status = next.status, attempts = attempts + (next.status = 'running')::int, done = 0, total = null, started_at = coalesce(started_at, now()),
                    finished_at = case when next.status <> 'running' then now() end,
                    problem = case when next.status = 'failed' then coalesce(problem, $3) else problem end
                from next where j.org_id = $1 and j.id = next.id
                returning j.kind, j.status, j.task, j.actor, j.started_in_session as session, coalesce(j.started_by_request, '') as request,
                    j.attempts, j.attempts_allowed",
            )
            .bind::<SqlUuid, _>(organization)
            .bind::<SqlUuid, _>(job)
            .bind::<Jsonb, _>(&gone);
            Ok(begun.get_result::<Begun>(db).await.optional()?)
        };
        self.database.as_system(organization, beginning).await
    }

    async fn renew(&self, running: &Running) -> Result<String> {
        let renewing = async |db: &mut Db| {
            let renewal =
                renew_job(running.id, running.worker, LEASE, running.done.get(), running.total.get());
            Ok(diesel::select(renewal).get_result(db).await?)
        };
        self.database.without_organization(renewing).await
    }

    /// Marks what became of it, unless it is another worker's by now.
    async fn finish(&self, running: &Running, outcome: &Outcome) -> Result<()> {
        let finishing = async |db: &mut Db| {
            diesel::sql_query(
                "update jobs set status = case when status = 'cancelling' and $3 <> 'succeeded' then 'cancelled' else $3 end, result = $4,
                    problem = case when status = 'running' then $5 end, done = $6, total = $7,
                    run_at = case when $3 = 'queued' then now() + $8 else run_at end,
                    finished_at = case when $3 <> 'queued' or status = 'cancelling' then now() end
                where org_id = $1 and id = $2 and status in ('running', 'cancelling') and (select hold_job($2, $9)) <> 'lost'",
            )
            .bind::<SqlUuid, _>(running.organization)
            .bind::<SqlUuid, _>(running.id)
            .bind::<Text, _>(outcome.status)
            .bind::<Nullable<Jsonb>, _>(&outcome.result)
            .bind::<Nullable<Jsonb>, _>(outcome.problem.as_ref().map(|problem| problem.to_json(&running.request)))
            .bind::<BigInt, _>(running.done.get())
            .bind::<Nullable<BigInt>, _>(running.total.get())
            .bind::<Interval, _>(outcome.pause)
            .bind::<SqlUuid, _>(running.worker)
            .execute(db)
            .await?;
            Ok(())
        };
        self.database.as_system(running.organization, finishing).await
    }
}

/// What became of an attempt.
struct Outcome {
    status: &'static str,
    result: Option<Value>,
    problem: Option<Problem>,
    pause: TimeDelta,
}

impl Outcome {
    /// `None` is a job that was cancelled.
    fn of(ended: Option<Result<Value>>, begun: &Begun) -> Self {
        let so = |status, result, problem, pause| Self { status, result, problem, pause };
        match ended {
            None => so("cancelled", None, None, TimeDelta::zero()),
            Some(Ok(result)) => so("succeeded", Some(result), None, TimeDelta::zero()),
            Some(Err(problem)) => {
                // What the caller got wrong stays wrong; what stood in the way may be gone later.
                let may_pass =
                    !(400..500).contains(&problem.kind.status) || matches!(problem.kind.status, 408 | 429);
                let again = may_pass && begun.attempts < begun.attempts_allowed;
                so(if again { "queued" } else { "failed" }, None, Some(problem), pause(begun.attempts))
            }
        }
    }
}

/// A pause that doubles with each attempt, and differs between jobs that failed together.
fn pause(attempts: i32) -> TimeDelta {
    let doubled = 500_i64 << attempts.clamp(0, 20);
    let dice = i64::from(Uuid::now_v7().as_bytes()[15]); // 0 to 255
    TimeDelta::milliseconds(doubled / 2 + doubled * dice / 256).min(LONGEST_PAUSE)
}

fn tell_of_panic(ended: std::result::Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        log::error!("internal: a job broke off: {error}");
    }
}

/// When each schedule is looked at next: the database says whether its slot is done.
#[derive(Default)]
struct Schedules(HashMap<&'static str, Instant>);

impl Schedules {
    async fn begin_what_is_due(&mut self, worker: &Rc<Worker>, leases: &Leases, slots: &mut JoinSet<()>) {
        for &(every, name, doing) in &worker.trades.schedules {
            if self.0.get(name).is_some_and(|next| *next > Instant::now()) {
                continue;
            }
            // Often enough to begin a slot in its first tenth, and to take over from a worker that is gone.
            self.0.insert(name, Instant::now() + (every / 10).clamp(RENEWAL, Duration::from_secs(10)));
            let id = Uuid::now_v7();
            let length = TimeDelta::from_std(every).unwrap_or(TimeDelta::days(1));
            let claiming = async |db: &mut Db| {
                Ok(diesel::select(claim_slot(name, length, id, LEASE))
                    .get_result::<Option<DateTime<Utc>>>(db)
                    .await?)
            };
            match worker.database.without_organization(claiming).await {
                Ok(Some(slot)) => {
                    let running = Running {
                        database: worker.database.clone(),
                        tools: worker.tools.clone(),
                        organization: Uuid::nil(),
                        id: Uuid::nil(),
                        worker: id,
                        actor: "system".into(),
                        session: None,
                        request: String::new(),
                        done: Cell::new(0),
                        total: Cell::new(None),
                        is_slot: true,
                    };
                    let work = doing(Value::Null, Rc::new(running));
                    let working = work_off_slot(worker.database.clone(), id, name, slot, work);
                    leases.borrow_mut().insert(id);
                    let leases = Rc::clone(leases);
                    slots.spawn_local(async move {
                        working.await;
                        leases.borrow_mut().remove(&id);
                    });
                }
                Ok(None) => {}
                Err(problem) => log::warn!("{name} not looked at: {problem}"),
            }
        }
    }
}

async fn work_off_slot(
    database: Database,
    worker: Uuid,
    name: &'static str,
    slot: DateTime<Utc>,
    mut work: futures_util::future::LocalBoxFuture<'static, Result<Value>>,
) {
    let done = loop {
        tokio::select! {
            done = &mut work => break done,
            () = tokio::time::sleep(RENEWAL * 5) => {
                let renewing = async |db: &mut Db| Ok(diesel::select(renew_slot(name, worker, LEASE)).get_result::<bool>(db).await?);
                if let Ok(false) = database.without_organization(renewing).await {
                    return log::warn!("{name} is another worker's by now");
                }
            }
        }
    };
    if let Err(problem) = &done {
        log::warn!("{name} not done, and tried again soon: {problem}");
    }
    let again = done.is_err().then(|| TimeDelta::seconds(30));
    let ending = async |db: &mut Db| {
        Ok(diesel::select(end_slot(name, worker, slot, again)).execute(db).await.map(|_| ())?)
    };
    if let Err(problem) = database.without_organization(ending).await {
        log::warn!("{name} done, and not marked: {problem}");
    }
}

#[cfg(test)]
mod tests {
    use super::pause;
    use chrono::TimeDelta;

    #[test]
    fn pauses_double_and_end_at_an_hour() {
        for attempts in 1..=8 {
            let doubled = 500 << attempts;
            let pause = pause(attempts).num_milliseconds();
            assert!((doubled / 2..=doubled * 3 / 2).contains(&pause), "attempt {attempts}: {pause} ms");
        }
        assert_eq!(pause(30), TimeDelta::hours(1));
    }
}
