//! Numbers under fire: writers of one series, a fifth of whose documents are refused, and a service killed in between.
use crate::installation::Installation;
use crate::support::Caller;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

const WRITERS: usize = 16;
const ROUNDS: u64 = 5;

/// What was acknowledged: the Idempotency-Key, and the number that came back.
type Acknowledged = Arc<Mutex<BTreeMap<String, String>>>;

/// Hires one person after another until told to stop, under a key of its own each; every fifth reports to nobody that there
/// is, which is found when the number is taken already.
async fn write(
    installation: Arc<Installation>,
    caller: Caller,
    writer: usize,
    stop: Arc<AtomicBool>,
    log: Acknowledged,
) -> usize {
    let mut refused = 0;
    for each in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let key = format!("{writer}-{each}");
        let fails = each % 5 == 4;
        let mut body = json!({"given_name": "Ana", "family_name": "Pop", "hired_on": "2026-03-02"});
        if fails {
            body["manager_id"] = json!(Uuid::now_v7());
        }
        // Whatever happens to the service, the answer comes in the end, and once.
        loop {
            let request =
                installation.request(&caller, Method::POST, "/v1/employees").header("idempotency-key", &key);
            let Ok(Ok(answer)) = timeout(Duration::from_secs(5), request.json(&body).try_send()).await else {
                sleep(Duration::from_millis(20)).await;
                continue;
            };
            match (answer.status, fails) {
                (201, false) => {
                    log.lock()
                        .unwrap()
                        .insert(key, answer.body["employee_number"].as_str().unwrap().to_owned());
                    break;
                }
                (422, true) => {
                    refused += 1;
                    break;
                }
                (503, _) | (409, false) => sleep(Duration::from_millis(50)).await, // away, or still running
                _ => panic!("{key}: {} {}", answer.status, answer.text),
            }
        }
    }
    refused
}

#[test]
fn numbers_are_whole_however_many_fail_and_whoever_is_killed() {
    crate::support::run(async {
        let installation = Installation::new("numbers", &[]).await;
        let caller = installation.caller().await;
        let (stop, log) = (Arc::<AtomicBool>::default(), Acknowledged::default());
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                tokio::spawn(write(
                    Arc::clone(&installation),
                    caller.clone(),
                    writer,
                    Arc::clone(&stop),
                    Arc::clone(&log),
                ))
            })
            .collect();
        for round in 0..ROUNDS {
            sleep(Duration::from_millis(900 + 61 * round)).await;
            tokio::task::block_in_place(|| {
                installation.kill();
                installation.start_again()
            });
        }
        crate::until(Duration::from_mins(1), "150 are numbered", async || log.lock().unwrap().len() >= 150)
            .await;
        stop.store(true, Ordering::Relaxed);
        let mut refused = 0;
        for writer in writers {
            refused += writer.await.unwrap();
        }
        let log = std::mem::take(&mut *log.lock().unwrap());
        assert!(
            log.len() > 100 && refused > 20,
            "{} were numbered and {refused} refused: too few to tell",
            log.len()
        );

        // 1 to n, each once, and everybody has the number that they were told.
        let database = installation.database().await;
        let people = "select employee_number from employees where org_id = $1 order by employee_number";
        let people: Vec<String> = database
            .query(people, &[&caller.organization])
            .await
            .unwrap()
            .iter()
            .map(|row| row.get(0))
            .collect();
        let mut told: Vec<String> = log.into_values().collect();
        told.sort();
        assert_eq!(people, told);
        let mut counted: Vec<u64> =
            people.iter().map(|number| number.strip_prefix("E-").unwrap().parse().unwrap()).collect();
        counted.sort_unstable();
        let all: Vec<u64> = (1..=u64::try_from(people.len()).unwrap()).collect();
        assert_eq!(counted, all);

        let read = async |path: &str| -> Value {
            installation.request(&caller, Method::GET, path).send().await.is(200)
        };
        let series = read("/v1/number-series").await["data"].clone();
        assert_eq!(series.as_array().unwrap().len(), 1, "{series}");
        let proof = read(&format!("/v1/number-series/{}/integrity", series[0]["id"].as_str().unwrap())).await;
        assert_eq!((&proof["is_whole"], &proof["given"]), (&json!(true), &json!(people.len())));
    });
}
