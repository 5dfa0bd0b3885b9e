//! What is done again and again, once per slot however many work.
use crate::Working;
use crate::support::run;
use platform::api::Api;
use platform::job::{Running, Task};
use platform::problem::{Result, UNAVAILABLE};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::sync::Mutex;
use std::time::Duration;

/// The seconds of the database in which it was done.
static STRUCK: Mutex<Vec<i64>> = Mutex::new(Vec::new());

#[derive(Serialize, Deserialize)]
struct Strike;

impl Task for Strike {
    const KIND: &'static str = "tests.strike";

    async fn run(self, job: &Running) -> Result<Value> {
        use diesel_async::RunQueryDsl;
        let second = diesel::dsl::sql::<diesel::sql_types::BigInt>(
            "floor(extract(epoch from clock_timestamp()) / 2)::bigint",
        );
        let slot: i64 =
            job.write(async |db| Ok(diesel::select(second.clone()).get_result(db).await?)).await?;
        let mut struck = STRUCK.lock().unwrap();
        struck.push(slot);
        // The first time it fails, and is done later, in another slot.
        if struck.len() == 1 { Err(UNAVAILABLE.because("The bell is away.")) } else { Ok(Value::Null) }
    }
}

fn every_two_seconds(api: &mut Api) {
    api.schedule::<Strike>(Duration::from_secs(2));
}

#[test]
fn a_schedule_is_kept_once_per_slot_by_three_workers() {
    run(async {
        let working: Vec<_> = (0..3).map(|_| Working::begin(every_two_seconds, 1)).collect();
        crate::until("it failed once", async || STRUCK.lock().unwrap().len() == 1).await;
        // After a failure it rests for 30 s; the clock of leases is the database's, so it can be set forward there. Once, and
        // only while it rests: the lease of a worker that holds it is nobody's to free. Early in a slot, so that it is done
        // in the slot in which it is taken up.
        let database = crate::support::service().database().await;
        let rested = "update schedules set leased_until = null where name = 'tests.strike' and worker is null
            and leased_until > clock_timestamp() and extract(epoch from clock_timestamp())::numeric % 2 < 0.5";
        crate::until("the failure is marked", async || database.execute(rested, &[]).await.unwrap() == 1)
            .await;
        crate::until("it is done again", async || STRUCK.lock().unwrap().len() >= 2).await;
        tokio::time::sleep(Duration::from_secs(8)).await;
        drop(working);
        let struck = STRUCK.lock().unwrap().split_off(1);
        let mut slots = struck.clone();
        slots.dedup();
        assert_eq!(slots, struck, "no slot twice");
        assert!(
            (4..=6).contains(&struck.len()),
            "8 seconds are 4 slots, and the ends may hold one more each: {struck:?}"
        );
        let between = struck.last().unwrap() - struck.first().unwrap();
        assert_eq!(usize::try_from(between).unwrap(), struck.len() - 1, "and none left out: {struck:?}");
    });
}
