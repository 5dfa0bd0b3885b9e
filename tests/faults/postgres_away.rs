//! Postgres goes away under load: it crashes and comes back, or ends connections in the middle of what they do.
use crate::installation::{Installation, OwnCluster};
use crate::load::{HANG, Load, Tally, assert_exactly};
use crate::support::run;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

#[test]
fn a_restart_of_postgres_is_told_as_503_and_over_by_itself() {
    run(async {
        let cluster = Arc::new(OwnCluster::start("restarted"));
        let installation = Installation::new_in(&cluster, "restarted", &[]).await;
        let caller = installation.caller().await;
        let load = Load::start(&installation, &caller, "W", 8);
        for round in 0..3 {
            sleep(Duration::from_millis(800 + 53 * round)).await;
            let before = load.acknowledged().len();
            let crashing = Arc::clone(&cluster);
            tokio::task::spawn_blocking(move || crashing.restart_immediately()).await.unwrap().unwrap();
            crate::until(HANG, "writes are acknowledged again", async || {
                load.acknowledged().len() > before + 8
            })
            .await;
        }
        let (mut acknowledged, tally) = load.stop().await;
        assert_told(&tally);
        assert!(tally.of(503) > 0, "nobody noticed: {tally:?}");
        assert_eq!(tally.away, 0, "the service itself was never away: {tally:?}");
        assert_exactly(&installation, caller.organization, &acknowledged).await;

        // Well again: not one refusal more.
        let load = Load::start(&installation, &caller, "Q", 8);
        sleep(Duration::from_millis(500)).await;
        let (more, tally) = load.stop().await;
        assert_told(&tally);
        assert_eq!((tally.of(503), tally.of(409)), (0, 0), "not well again: {tally:?}");
        assert!(more.len() > 8);
        acknowledged.extend(more);
        assert_exactly(&installation, caller.organization, &acknowledged).await;
    });
}

#[test]
fn backends_that_are_ended_take_nothing_along() {
    run(async {
        let installation = Installation::new("ended_backends", &[]).await;
        let caller = installation.caller().await;
        let load = Load::start(&installation, &caller, "W", 8);
        let mut ended = 0;
        for _ in 0..12 {
            sleep(Duration::from_millis(150)).await;
            ended += installation.end_backends().await;
        }
        let before = load.acknowledged().len();
        crate::until(HANG, "writes are acknowledged again", async || load.acknowledged().len() > before + 8)
            .await;
        let (acknowledged, tally) = load.stop().await;
        assert!(ended >= 12, "only {ended} backends were ended");
        assert_told(&tally);
        assert_exactly(&installation, caller.organization, &acknowledged).await;
        assert_eq!(installation.backends("state like 'idle in transaction%'").await, 0);
    });
}

/// Only answers that a client can live with, and all of them in time.
fn assert_told(tally: &Tally) {
    assert_eq!(tally.faults, Vec::<String>::new(), "{tally:?}");
    assert!(tally.slowest < HANG, "{tally:?}");
    let others: Vec<u16> =
        tally.answers.keys().copied().filter(|status| ![200, 201, 409, 503].contains(status)).collect();
    assert!(others.is_empty(), "{tally:?}");
}
