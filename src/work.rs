//! Works jobs off, beside the API or in a process of its own.
use crate::Done;
use crate::installation::Installation;
use crate::serve::ROOMS;
use crate::settings::{JobSettings, Settings};
use identity::mails::Mailer;
use platform::api::Api;
use platform::database::Database;
use platform::job::{Stop, Tools, Worker, stop_switch};
use platform::metrics::Metrics;
use platform::outgoing::Callable;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// Statements of a job may take longer than those that somebody waits for.
const LONGEST_STATEMENT: Duration = Duration::from_mins(10);

/// The thread that works, if this process does.
pub struct Working(Option<JoinHandle<()>>);

impl Working {
    /// Waits until what runs has ended or was given up.
    pub fn end(self) {
        if let Some(thread) = self.0
            && thread.join().is_err()
        {
            log::error!("internal: the worker broke off");
        }
    }
}

/// Begins to work on a thread of its own, so that no request waits behind a job.
pub fn begin(
    settings: &Settings,
    jobs: &JobSettings,
    url: &str,
    tools: Tools,
    metrics: Arc<Metrics>,
    stop: Stop,
) -> Result<Working, Box<dyn std::error::Error>> {
    let at_once = usize::from(jobs.jobs_at_once);
    if at_once == 0 {
        return Ok(Working(None));
    }
    // One connection for each job, and some for what claims them and for loops of rooms.
    let mut pool = settings.pool(url.to_owned(), at_once + 4);
    pool.statement_timeout = pool.statement_timeout.max(LONGEST_STATEMENT);
    let working = std::thread::Builder::new().name("jobs".into()).spawn(move || {
        let database =
            Database::new(&pool).unwrap_or_else(|error| unreachable!("the URL was read before: {error}"));
        let trades = Api::undescribed(ROOMS).trades();
        let worker = Worker { database, trades, tools, metrics: Some(metrics), at_once, stop };
        actix_web::rt::System::new().block_on(worker.work());
    })?;
    Ok(Working(Some(working)))
}

/// What jobs, and requests beside them, work with beside the database.
pub fn tools(settings: &Settings, jobs: &JobSettings) -> Result<Tools, Box<dyn std::error::Error>> {
    if jobs.mail.smtp_url.is_none() {
        log::info!("no mail is sent: BACKOFFICE_SMTP_URL names no mail server");
    }
    let callable = Callable::allowing(&jobs.outgoing_allow);
    Ok(Tools::default()
        .with(Arc::new(Mailer::new(&jobs.mail.settings())?))
        .with(Arc::new(callable))
        .with(Arc::new(settings.filing()?)))
}

/// Works until it is told to stop, and serves nothing.
pub fn run(settings: &Settings, jobs: &JobSettings, installation: &Installation) -> Done {
    let (switch, stop) = stop_switch();
    let tools = tools(settings, jobs)?;
    let working = begin(settings, jobs, installation.url(), tools, Arc::new(Metrics::new()?), stop)?;
    println!("Working. Ctrl-C stops it.");
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let (mut terminate, mut interrupt) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        Ok::<_, std::io::Error>(())
    })?;
    log::info!("stopping: ending what runs");
    let _ = switch.send(true);
    working.end();
    Ok(())
}
