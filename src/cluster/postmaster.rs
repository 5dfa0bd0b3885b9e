//! The postmaster, and the thread that keeps it.

use std::ffi::OsString;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::account::Account;
use crate::log_file::LogFile;
use crate::{Error, orphans};

const PATIENCE_WITH_START: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(10);

/// Before a postmaster that went away is started again, so that one that can't run doesn't keep a core busy.
const PAUSE: Duration = Duration::from_millis(200);

/// What is run, by whom, and where.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    pub(crate) account: Account,
    pub(crate) cluster: PathBuf,
    pub(crate) log: PathBuf,
}

/// A postmaster, started again whenever it goes away, until it is told to stop or dropped.
#[derive(Debug)]
pub(crate) struct Postmaster {
    watch: Arc<Watch>,
    keeper: JoinHandle<()>,
}

/// What the keeper and the others tell each other.
#[derive(Debug)]
struct Watch {
    launch: Launch,
    process: Mutex<Process>,
    log: Mutex<LogFile>,
    revive: AtomicBool,
}

#[derive(Debug, Default)]
struct Process {
    pid: u32,
    /// Not yet waited for, so that the process id is still its own.
    present: bool,
}

impl Postmaster {
    pub(crate) fn start(launch: Launch) -> Result<Postmaster, Error> {
        let log = Mutex::new(LogFile::new(launch.log.clone()));
        let watch =
            Arc::new(Watch { launch, process: Mutex::default(), log, revive: AtomicBool::new(false) });
        // A thread of its own, since the signal that PostgreSQL gets when we are killed is bound to the thread that
        // spawned it, not to the process.
        let keeper = thread::Builder::new().name("postgres-keeper".into());
        let keeper = keeper
            .spawn({
                let watch = Arc::clone(&watch);
                move || watch.keep()
            })
            .map_err(Error::io("starting a thread".into()))?;
        let postmaster = Postmaster { watch, keeper };
        postmaster.wait_until_ready(0)?;
        postmaster.watch.revive.store(true, Ordering::SeqCst);
        Ok(postmaster)
    }

    pub(crate) fn pid(&self) -> u32 {
        open(&self.watch.process).pid
    }

    pub(crate) fn restart_immediately(&self) -> Result<(), Error> {
        let former = self.pid();
        self.watch.signal(Signal::QUIT);
        self.wait_until_ready(former)
    }

    pub(crate) fn stop(&self) -> Result<(), Error> {
        self.watch.revive.store(false, Ordering::SeqCst);
        for (signal, seconds) in [(Signal::INT, 20), (Signal::QUIT, 10)] {
            let deadline = Instant::now() + Duration::from_secs(seconds);
            while Instant::now() < deadline {
                if self.keeper.is_finished() {
                    return Ok(());
                }
                // Again and again, since the keeper may be about to revive it.
                self.watch.signal(signal);
                thread::sleep(POLL);
            }
            log::warn!("PostgreSQL did not stop within {seconds} seconds of {signal:?}");
        }
        orphans::end(&self.watch.launch.cluster)
    }

    fn wait_until_ready(&self, former: u32) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE_WITH_START;
        while Instant::now() < deadline {
            let pid = self.pid();
            if pid != former && is_ready(&self.watch.launch.cluster, pid) {
                return Ok(());
            }
            if self.keeper.is_finished() {
                return Err(self.watch.not_ready("ended while starting"));
            }
            thread::sleep(POLL);
        }
        Err(self.watch.not_ready("is not ready after 60 seconds"))
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            log::error!("{error}");
        }
    }
}

impl Watch {
    fn keep(&self) {
        self.run();
        while self.revive.load(Ordering::SeqCst) {
            log::error!("PostgreSQL went away; starting it again");
            thread::sleep(PAUSE);
            if self.revive.load(Ordering::SeqCst) {
                self.run();
            }
        }
    }

    /// From its birth until it and its backends are gone.
    fn run(&self) {
        let spawned = self.spawn();
        let outcome = spawned.and_then(|(mut child, messages)| {
            self.read(messages);
            open(&self.process).present = false;
            child.wait()
        });
        match outcome {
            Ok(status) => log::debug!("PostgreSQL ended: {status}"),
            Err(error) => open(&self.log)
                .append(format!("running {}: {error}\n", self.launch.program.display()).as_bytes()),
        }
    }

    fn spawn(&self) -> io::Result<(Child, Option<ChildStderr>)> {
        let mut command = self.launch.account.command(&self.launch.program);
        let mut child = command.args(&self.launch.arguments).stderr(Stdio::piped()).spawn()?;
        *open(&self.process) = Process { pid: child.id(), present: true };
        let messages = child.stderr.take();
        Ok((child, messages))
    }

    /// Returns when the last process that could write has ended.
    fn read(&self, messages: Option<ChildStderr>) {
        let Some(messages) = messages else { return };
        let mut messages = BufReader::new(messages);
        let mut line = Vec::new();
        while messages.read_until(b'\n', &mut line).is_ok_and(|bytes| bytes > 0) {
            open(&self.log).append(&line);
            line.clear();
        }
    }

    fn signal(&self, signal: Signal) {
        // Locked until the signal is sent: once waited for, the process id may be a stranger's.
        let process = open(&self.process);
        if process.present
            && let Some(pid) = Pid::from_raw(process.pid.cast_signed())
        {
            kill_process(pid, signal).ok();
        }
    }

    fn not_ready(&self, what: &'static str) -> Error {
        Error::NotReady { what, log: self.launch.log.clone(), tail: open(&self.log).tail() }
    }
}

/// The postmaster writes its process id into the first line of this file, and its state into the eighth.
fn is_ready(cluster: &Path, pid: u32) -> bool {
    let file = fs::read_to_string(cluster.join("postmaster.pid")).unwrap_or_default();
    let line = |number| file.lines().nth(number).map(str::trim);
    line(0) == Some(&pid.to_string()) && line(7) == Some("ready")
}

/// Nothing that is guarded here can be left half changed by a panic.
fn open<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
