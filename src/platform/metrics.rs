//! What Prometheus scrapes, on an address of its own.
use crate::database::Database;
use crate::problem::Problem;
use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use std::time::Duration;

/// Counters of the process.
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    seconds: HistogramVec,
    statements: IntCounterVec,
    jobs: HistogramVec,
    open: IntGauge,
    idle: IntGauge,
}

impl Metrics {
    /// # Errors
    /// None in practice: the names are distinct.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let requests = IntCounterVec::new(
            Opts::new("backoffice_requests_total", "Requests answered"),
            &["operation", "status"],
        )?;
        let seconds = HistogramVec::new(
            HistogramOpts::new(
                "backoffice_request_seconds",
                "Seconds from the first byte in to the first byte out",
            )
            .buckets(vec![0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0]),
            &["operation"],
        )?;
        let statements = IntCounterVec::new(
            Opts::new(
                "backoffice_database_statements_total",
                "SQL statements sent, begin and commit included",
            ),
            &["operation"],
        )?;
        let jobs = HistogramVec::new(
            HistogramOpts::new(
                "backoffice_job_seconds",
                "Seconds that an attempt at a job took, by what became of it",
            )
            .buckets(vec![0.01, 0.1, 1.0, 10.0, 60.0, 600.0]),
            &["kind", "outcome"],
        )?;
        let open = IntGauge::new("backoffice_database_connections", "Connections of the pool that are open")?;
        let idle = IntGauge::new(
            "backoffice_database_connections_idle",
            "Connections of the pool that wait to be used",
        )?;
        registry.register(Box::new(requests.clone()))?;
        registry.register(Box::new(seconds.clone()))?;
        registry.register(Box::new(statements.clone()))?;
        registry.register(Box::new(jobs.clone()))?;
        registry.register(Box::new(open.clone()))?;
        registry.register(Box::new(idle.clone()))?;
        Ok(Self { registry, requests, seconds, statements, jobs, open, idle })
    }

    pub(crate) fn observe(&self, operation: &str, status: u16, took: Duration, statements: u32) {
        let mut digits = [0; 3];
        for (place, digit) in [(2, status % 10), (1, status / 10 % 10), (0, status / 100)] {
            digits[place] = b'0' + u8::try_from(digit).unwrap_or(0);
        }
        let status = std::str::from_utf8(&digits).unwrap_or("000");
        self.requests.with_label_values(&[operation, status]).inc();
        self.seconds.with_label_values(&[operation]).observe(took.as_secs_f64());
        self.statements.with_label_values(&[operation]).inc_by(u64::from(statements));
    }

    pub(crate) fn observe_job(&self, kind: &str, outcome: &str, took: Duration) {
        self.jobs.with_label_values(&[kind, outcome]).observe(took.as_secs_f64());
    }

    /// The page that Prometheus reads.
    ///
    /// # Errors
    /// 500 where it can not be written.
    pub fn page(&self, pools: &[Database]) -> crate::problem::Result<String> {
        let (open, idle) =
            pools.iter().map(Database::connections).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
        self.open.set(i64::try_from(open).unwrap_or(i64::MAX));
        self.idle.set(i64::try_from(idle).unwrap_or(i64::MAX));
        let mut page = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut page).map_err(Problem::internal)?;
        String::from_utf8(page).map_err(Problem::internal)
    }
}
