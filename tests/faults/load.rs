//! Writers that press on whatever happens, and the log of what they were told.
use crate::installation::Installation;
use crate::support::Caller;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

/// Longer than this nobody may be left without an answer.
pub const HANG: Duration = Duration::from_secs(5);
/// What is not done after this long never will be.
const PATIENCE: Duration = Duration::from_secs(20);

/// What was acknowledged: the Idempotency-Key, which is the employee's number, and the id that came back.
pub type Acknowledged = BTreeMap<String, String>;

/// What the writers met.
#[derive(Debug, Default)]
pub struct Tally {
    pub answers: BTreeMap<u16, usize>,
    /// Attempts that nobody answered: refused, reset.
    pub away: usize,
    pub slowest: Duration,
    /// What must never be: other answers, an acknowledged row that can not be read, silence.
    pub faults: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        for (status, count) in other.answers {
            *self.answers.entry(status).or_default() += count;
        }
        self.away += other.away;
        self.slowest = self.slowest.max(other.slowest);
        self.faults.extend(other.faults);
    }

    pub fn of(&self, status: u16) -> usize {
        self.answers.get(&status).copied().unwrap_or_default()
    }
}

/// Writers that hire one person after another, each under a key of its own, and never give one up.
pub struct Load {
    stop: Arc<AtomicBool>,
    log: Arc<Mutex<Acknowledged>>,
    writers: Vec<JoinHandle<Tally>>,
}

impl Load {
    pub fn start(installation: &Arc<Installation>, caller: &Caller, name: &str, writers: usize) -> Self {
        let (stop, log) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Acknowledged>>::default());
        let writers = (0..writers).map(|number| {
            let writer = Writer {
                installation: Arc::clone(installation),
                caller: caller.clone(),
                log: Arc::clone(&log),
                tally: Tally::default(),
            };
            tokio::spawn(writer.write(format!("{name}{number}"), Arc::clone(&stop)))
        });
        let writers = writers.collect();
        Self { stop, log, writers }
    }

    /// What was acknowledged up to now.
    pub fn acknowledged(&self) -> Acknowledged {
        self.log.lock().unwrap().clone()
    }

    /// Lets every writer finish what it is at.
    pub async fn stop(self) -> (Acknowledged, Tally) {
        self.stop.store(true, Ordering::Relaxed);
        let mut tally = Tally::default();
        for writer in self.writers {
            tally.add(writer.await.unwrap());
        }
        (std::mem::take(&mut *self.log.lock().unwrap()), tally)
    }
}

struct Writer {
    installation: Arc<Installation>,
    caller: Caller,
    log: Arc<Mutex<Acknowledged>>,
    tally: Tally,
}

impl Writer {
    async fn write(mut self, name: String, stop: Arc<AtomicBool>) -> Tally {
        let mut number = 0;
        while !stop.load(Ordering::Relaxed) && self.tally.faults.len() < 3 {
            number += 1;
            let key = format!("{name}-{number}");
            if let Some(id) = self.insist(Method::POST, "/v1/employees", Some(&key), 201).await {
                let path = format!("/v1/employees/{id}");
                self.log.lock().unwrap().insert(key, id);
                self.insist(Method::GET, &path, None, 200).await;
            }
        }
        self.tally
    }

    /// Asks until it is answered, and answers the id.
    async fn insist(&mut self, method: Method, path: &str, key: Option<&str>, wanted: u16) -> Option<String> {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            let mut request = self.installation.request(&self.caller, method.clone(), path);
            if let Some(key) = key {
                request = request.header("idempotency-key", key).json(&employee(key));
            }
            let asked = Instant::now();
            let answer = timeout(HANG, request.try_send()).await;
            self.tally.slowest = self.tally.slowest.max(asked.elapsed());
            let answer = match answer {
                Err(_) => return self.fault(format!("{method} {path}: no answer within {HANG:?}")),
                Ok(Err(_)) => {
                    self.tally.away += 1;
                    sleep(Duration::from_millis(20)).await;
                    continue;
                }
                Ok(Ok(answer)) => answer,
            };
            *self.tally.answers.entry(answer.status).or_default() += 1;
            match (answer.status, answer.body["code"].as_str()) {
                (status, _) if status == wanted => return answer.body["id"].as_str().map(str::to_owned),
                (503, Some("unavailable")) if answer.header("retry-after").is_some() => {}
                // The transaction of a service that was killed lives on in Postgres until that notices.
                (409, Some("idempotency-in-progress")) if key.is_some() => {}
                _ => {
                    return self.fault(format!("{method} {path} {key:?}: {} {}", answer.status, answer.text));
                }
            }
            sleep(Duration::from_millis(50)).await;
        }
        self.fault(format!("{method} {path} {key:?}: not within {PATIENCE:?}"))
    }

    fn fault(&mut self, fault: String) -> Option<String> {
        self.tally.faults.push(fault);
        None
    }
}

/// The person who is hired under this key.
pub fn employee(key: &str) -> Value {
    json!({"employee_number": key, "given_name": "Ana", "family_name": "Pop", "hired_on": "2026-03-02"})
}

/// Each acknowledged write is there once, with one event and one remembered key, and nothing else is there.
pub async fn assert_exactly(installation: &Installation, organization: Uuid, acknowledged: &Acknowledged) {
    let database = installation.database().await;
    let people = "select employee_number, id::text from employees where org_id = $1";
    let rows = database.query(people, &[&organization]).await.unwrap();
    let there: BTreeSet<(String, String)> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let told: BTreeSet<(String, String)> = acknowledged.clone().into_iter().collect();
    let lost: Vec<_> = told.difference(&there).collect();
    let unheard_of: Vec<_> = there.difference(&told).collect();
    assert!(lost.is_empty(), "{} of {} acknowledged writes are lost: {lost:?}", lost.len(), told.len());
    assert!(unheard_of.is_empty(), "nobody was told of {unheard_of:?}");
    assert_eq!(rows.len(), acknowledged.len(), "some are there twice");

    let count =
        async |query: &str| -> i64 { database.query_one(query, &[&organization]).await.unwrap().get(0) };
    let wanted = i64::try_from(acknowledged.len()).unwrap();
    let created = "from events where org_id = $1 and type = 'employee.created'";
    assert_eq!(count(&format!("select count(*) {created}")).await, wanted, "events");
    assert_eq!(
        count(&format!("select count(distinct resource_id) {created}")).await,
        wanted,
        "events of different people"
    );
    assert_eq!(count("select count(*) from idempotency_keys where org_id = $1").await, wanted, "keys");
    assert_eq!(
        count("select count(*) from reporting_lines where org_id = $1 and depth = 0").await,
        wanted,
        "lines"
    );
}
