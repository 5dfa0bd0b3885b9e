//! Crashes, restarts, races and hostile clients: what was acknowledged stays, and what can not be done is said in time.
//! Durable throughout, on clusters of their own.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod backup;
mod hang_ups;
mod imports;
mod installation;
mod killed;
mod load;
mod locked;
mod numbers;
mod postgres_away;
mod races;
mod slow_clients;
mod start_up;
mod stopped;
mod webhooks;

use std::time::{Duration, Instant};

/// Looks again and again until it is so, and answers how long that took.
async fn until(patience: Duration, what: &str, mut is_so: impl AsyncFnMut() -> bool) -> Duration {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < patience, "not within {patience:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    started.elapsed()
}

/// Sends a signal to one process.
fn signal(name: &str, pid: u32) {
    let status =
        std::process::Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status().unwrap();
    assert!(status.success(), "kill -{name} {pid}");
}
