//! PostgreSQL's processes that a killed predecessor of ours left behind.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::Error;

const POLL: Duration = Duration::from_millis(20);

/// Ends all of PostgreSQL's processes on this folder: politely, then by a crash that recovery heals. To be called by
/// whoever holds the lock of the data folder, and is not running a cluster there.
pub(crate) fn end(cluster: &Path) -> Result<(), Error> {
    for (signal, seconds) in [(Signal::INT, 20), (Signal::QUIT, 10), (Signal::KILL, 5)] {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < deadline {
            let left = processes(cluster);
            if left.is_empty() {
                return Ok(());
            }
            // Only the postmaster takes SIGINT for a shutdown; without it, there is nobody to ask politely.
            let postmaster = postmaster(cluster).filter(|pid| left.contains(pid));
            match postmaster {
                Some(postmaster) if signal == Signal::INT => send(signal, &[postmaster]),
                None if signal == Signal::INT => break,
                _ => send(signal, &left),
            }
            thread::sleep(POLL);
        }
        log::warn!("PostgreSQL's processes of a former run are still there after {signal:?}");
    }
    let pids = processes(cluster).into_iter().map(|pid| pid.as_raw_nonzero().get()).collect();
    Err(Error::Unstoppable { folder: cluster.to_owned(), pids })
}

fn send(signal: Signal, processes: &[Pid]) {
    for process in processes {
        // One that has just ended is what we want.
        kill_process(*process, signal).ok();
    }
}

fn postmaster(cluster: &Path) -> Option<Pid> {
    let file = fs::read_to_string(cluster.join("postmaster.pid")).ok()?;
    Pid::from_raw(file.lines().next()?.trim().parse().ok()?)
}

/// All of PostgreSQL's processes work in the folder of their cluster. This finds the backends of a dead postmaster too,
/// and no stranger that got its process id.
#[cfg(target_os = "linux")]
fn processes(cluster: &Path) -> Vec<Pid> {
    let works_here = |process: &Path| {
        fs::read_link(process.join("cwd")).is_ok_and(|folder| folder == cluster)
            && fs::read_to_string(process.join("comm")).is_ok_and(|name| name.starts_with("postgres"))
    };
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let here = entries.filter(|entry| works_here(&entry.path()));
    here.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).collect()
}

#[cfg(not(target_os = "linux"))]
fn processes(cluster: &Path) -> Vec<Pid> {
    let is_ours = |process: &Pid| {
        let process = process.as_raw_nonzero().to_string();
        let output =
            std::process::Command::new("ps").args(["-ww", "-o", "command=", "-p", &process]).output();
        output
            .is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains(&*cluster.to_string_lossy()))
    };
    postmaster(cluster).into_iter().filter(is_ours).collect()
}
