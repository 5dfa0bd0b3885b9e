//! Configuration: flags and environment variables, checked at the start with errors that name them.
use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use std::io::Write;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// One API for everything a company does behind its front office.
///
/// `backoffice serve --demo` sets everything up and starts it: PostgreSQL in a folder of its own, the tables, a demo
/// organization. A real installation is `backoffice serve` with `DATABASE_URL`, after `backoffice create-organization`.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true)]
pub struct CommandLine {
    #[command(flatten)]
    pub settings: Settings,
    #[command(subcommand)]
    pub command: Command,
}

/// Where the database is, and how to log. Every command takes these.
#[derive(Debug, Args)]
pub struct Settings {
    /// The PostgreSQL database to use (15 or later). Without it a private one is kept under the data folder.
    #[arg(long, env = "DATABASE_URL", global = true, hide_env_values = true)]
    pub database_url: Option<String>,
    /// The folder of the private database [default: /var/lib/backoffice for root, else ~/.local/share/backoffice]
    #[arg(long, env = "BACKOFFICE_DATA_DIR", global = true)]
    pub data_dir: Option<PathBuf>,
    /// The folder with PostgreSQL's programs, where it is not found by itself.
    #[arg(long, env = "BACKOFFICE_PG_BINDIR", global = true)]
    pub pg_bindir: Option<PathBuf>,
    /// A file of certificates (PEM) of authorities that are believed beside the public ones: of the database, the mail server.
    #[arg(long, env = "BACKOFFICE_CA_FILE", global = true)]
    pub ca_file: Option<PathBuf>,
    /// Where files are kept: a folder, or a bucket as `s3://bucket/prefix` with keys, region and endpoint from `AWS_…`
    /// [default: files, in the data folder]
    #[arg(long, env = "BACKOFFICE_FILES", global = true)]
    pub files: Option<String>,
    /// The virus scanner, clamd: `host:port` or the path of its socket. Without it files are available at once.
    #[arg(long, env = "BACKOFFICE_CLAMD", global = true)]
    pub clamd: Option<files::Scanner>,
    /// Connections to the database at the most.
    #[arg(long, env = "BACKOFFICE_CONNECTIONS", default_value_t = 16, value_parser = clap::value_parser!(u16).range(2..=1000), global = true)]
    pub connections: u16,
    /// Seconds that a statement may run.
    #[arg(long, env = "BACKOFFICE_STATEMENT_TIMEOUT", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=3600), global = true)]
    pub statement_timeout: u16,
    /// How log lines look.
    #[arg(long, env = "BACKOFFICE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, global = true)]
    pub log_format: LogFormat,
    /// What is logged, as `env_logger` reads it: `warn`, or `info,backoffice::access=off`.
    #[arg(long, env = "BACKOFFICE_LOG", default_value = "info,actix_server=warn", global = true)]
    pub log: String,
}

impl Settings {
    /// Where files are kept, and who looks them over.
    pub fn filing(&self) -> Result<files::Filing, String> {
        let folder = || {
            let data = self.data_dir.clone().unwrap_or_else(cluster::default_data_dir);
            data.join("files").to_string_lossy().into_owned()
        };
        let storage = files::Storage::open(&self.files.clone().unwrap_or_else(folder));
        let storage = storage.map_err(|error| format!("files (BACKOFFICE_FILES): {error}"))?;
        Ok(files::Filing { storage, scanner: self.clamd.clone() })
    }

    /// What a pool of so many connections is told.
    pub fn pool(&self, url: String, connections: usize) -> platform::database::Settings {
        platform::database::Settings {
            url,
            connections,
            wait: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(self.statement_timeout.into()),
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the API (sets up the database first).
    Serve(Box<ServeSettings>),
    /// Work jobs off, in a process beside those that serve: `serve --jobs-at-once 0`, and `work` as often as needed.
    Work(JobSettings),
    /// Bring the database to this program's tables, and stop.
    Migrate,
    /// Print the contract.
    Openapi {
        /// As YAML.
        #[arg(long)]
        yaml: bool,
    },
    /// Load the demo organizations: a company of 250 people, and a second one so that separation can be seen.
    Demo(DemoSettings),
    /// Make an organization and its first owner.
    CreateOrganization(CreateOrganization),
    /// Sign tokens with a new key; the old ones verify until their last tokens have run out.
    RotateKeys,
    /// Read an archive of an organization (`GET /v1/organization/export`) into an empty installation.
    ImportOrganization(ImportOrganization),
    /// Check offline that events are those that were sealed: an archive of an organization, or lines of JSON with the events
    /// as `GET /v1/events` answers them and the checkpoints as `GET /v1/audit/checkpoints` does.
    VerifyEvents(VerifyEvents),
    /// Ask a running service whether it lives; for containers.
    Healthcheck(ListenSettings),
}

/// Where the service listens.
#[derive(Debug, Args)]
pub struct ListenSettings {
    /// The address of the API.
    #[arg(long, env = "BACKOFFICE_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
}

#[derive(Debug, Args)]
pub struct DemoSettings {
    /// The password of all demo users; made up and printed where none is given.
    #[arg(long, env = "BACKOFFICE_DEMO_PASSWORD", hide_env_values = true)]
    pub demo_password: Option<String>,
    /// Whether `serve --demo` keeps two years of books of the demo company, over the API and beside everything else: a minute's
    /// work, once.
    #[arg(long, env = "BACKOFFICE_DEMO_BOOKS", default_value_t = true, action = clap::ArgAction::Set)]
    pub demo_books: bool,
}

/// How mails are sent.
#[derive(Clone, Debug, Args)]
pub struct MailFlags {
    /// The mail server: `smtp://user:password@host:587?tls=required` or `smtps://…`. Without it no mail is sent; `log:` writes
    /// mails to the log, links and all, for development, and is what --demo takes where nothing is said.
    #[arg(long, env = "BACKOFFICE_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Whom mails come from, such as `Example <no-reply@books.example>`.
    #[arg(long, env = "BACKOFFICE_MAIL_SENDER", default_value = "backoffice <no-reply@localhost>")]
    pub mail_sender: String,
    /// Where links in mails lead, such as <https://app.example> [default: --public-url]: the app has the pages /reset-password,
    /// /accept-invitation and /confirm-email, which find the token behind `#token=`.
    #[arg(long, env = "BACKOFFICE_APP_URL", value_parser = public_url)]
    pub app_url: Option<String>,
}

impl MailFlags {
    /// What the mailer is told.
    pub fn settings(&self) -> identity::mails::MailSettings {
        identity::mails::MailSettings {
            smtp_url: self.smtp_url.clone(),
            sender: self.mail_sender.clone(),
            app_url: self.app_url.clone(),
        }
    }
}

/// How jobs are worked off.
#[derive(Clone, Debug, Args)]
pub struct JobSettings {
    #[command(flatten)]
    pub mail: MailFlags,
    /// Jobs that this process works on at a time; 0 leaves them to others.
    #[arg(long, env = "BACKOFFICE_JOBS_AT_ONCE", default_value_t = 4, value_parser = clap::value_parser!(u16).range(0..=256))]
    pub jobs_at_once: u16,
    /// Networks, addresses and hosts that webhooks and identity providers may be at beside public addresses, over plain HTTP,
    /// too: `127.0.0.1`, `10.1.0.0/16`, `door.internal`; repeat or separate by commas.
    #[arg(long, env = "BACKOFFICE_OUTGOING_ALLOW", value_delimiter = ',')]
    pub outgoing_allow: Vec<String>,
}

#[derive(Debug, Args)]
pub struct ServeSettings {
    #[command(flatten)]
    pub address: ListenSettings,
    /// The address of Prometheus' /metrics.
    #[arg(long, env = "BACKOFFICE_METRICS_LISTEN", default_value = "127.0.0.1:9090")]
    pub metrics_listen: SocketAddr,
    /// Load the demo organizations first.
    #[arg(long, env = "BACKOFFICE_DEMO")]
    pub demo: bool,
    #[command(flatten)]
    pub demo_settings: DemoSettings,
    #[command(flatten)]
    pub jobs: JobSettings,
    /// Threads that answer [default: one per core]
    #[arg(long, env = "BACKOFFICE_WORKERS", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub workers: Option<u16>,
    /// Open HTTP connections at the most.
    #[arg(long, env = "BACKOFFICE_HTTP_CONNECTIONS", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub http_connections: u32,
    /// Requests a second that one session may send; it may save up ten seconds' worth.
    #[arg(long, env = "BACKOFFICE_RATE_PER_SESSION", default_value = "200")]
    pub rate_per_session: NonZeroU32,
    /// Requests a second that one organization may send; it may save up ten seconds' worth.
    #[arg(long, env = "BACKOFFICE_RATE_PER_ORGANIZATION", default_value = "1000")]
    pub rate_per_organization: NonZeroU32,
    /// Origins whose pages may call the API (CORS), such as `https://app.example`; repeat or separate by commas.
    #[arg(long, env = "BACKOFFICE_CORS_ORIGINS", value_delimiter = ',')]
    pub cors_origins: Vec<String>,
    /// Believe the last address in `X-Forwarded-For`: only behind a proxy of one's own, which puts it there.
    #[arg(long, env = "BACKOFFICE_TRUST_PROXY")]
    pub trust_proxy: bool,
    /// The service is reached over HTTPS, by a proxy in front of it: tell browsers to stay there.
    #[arg(long, env = "BACKOFFICE_BEHIND_TLS")]
    pub behind_tls: bool,
    /// The address by which the world knows the service, such as <https://books.example>: the issuer of its tokens.
    #[arg(long, env = "BACKOFFICE_PUBLIC_URL", value_parser = public_url)]
    pub public_url: Option<String>,
    /// Seconds between the first sign of stopping, at which /readyz answers 503, and the end of listening.
    #[arg(long, env = "BACKOFFICE_DRAIN_SECONDS", default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=60))]
    pub drain_seconds: u16,
}

impl ServeSettings {
    /// How jobs are worked off beside the API: links lead to it where no app is named, and a demo writes its mails to the log.
    pub fn jobs(&self) -> JobSettings {
        let mut jobs = self.jobs.clone();
        jobs.mail.app_url = jobs.mail.app_url.or_else(|| self.public_url.clone());
        jobs.mail.smtp_url = jobs.mail.smtp_url.or_else(|| self.demo.then(|| "log:".to_owned()));
        jobs
    }
}

/// An `http` or `https` address without path, query and fragment (RFC 8414 §2).
fn public_url(text: &str) -> Result<String, String> {
    let url = text.trim_end_matches('/');
    let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(url.to_owned()),
        _ => Err("must be an address such as https://books.example, without a path".into()),
    }
}

#[derive(Debug, Args)]
pub struct CreateOrganization {
    /// What the organization is called.
    #[arg(long)]
    pub name: String,
    /// Its short name, which sign-in takes: lower-case letters, digits, hyphens.
    #[arg(long)]
    pub slug: String,
    /// The e-mail address of its first owner.
    #[arg(long)]
    pub owner_email: String,
    /// The name of its first owner.
    #[arg(long)]
    pub owner_name: String,
    /// The password of its first owner, 8 characters at least.
    #[arg(long, env = "BACKOFFICE_OWNER_PASSWORD", hide_env_values = true)]
    pub owner_password: String,
}

#[derive(Debug, Args)]
pub struct ImportOrganization {
    /// The archive.
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct VerifyEvents {
    /// The archive, or the file of lines.
    pub file: PathBuf,
    /// Keys to be trusted, as `/.well-known/jwks.json` shows them: one of them must have signed the last checkpoint.
    #[arg(long)]
    pub keys: Option<PathBuf>,
    /// Checkpoints that were kept, a line of JSON each: all of them must be among those in the file.
    #[arg(long)]
    pub kept: Option<PathBuf>,
}

/// Ends the program with clap's words, and names the variable beside the flag: it may be what is wrong.
pub fn refuse(error: &clap::Error) -> ! {
    let mut command = CommandLine::command();
    command.build();
    let variable = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => variable_of(&command, argument),
        _ => None,
    };
    let _ = error.print();
    if let Some(variable) = variable {
        eprintln!("The setting is also read from the variable {variable}.");
    }
    std::process::exit(error.exit_code())
}

/// The variable of an argument as clap tells it: `--listen <LISTEN>`.
fn variable_of(command: &clap::Command, argument: &str) -> Option<String> {
    let own = command.get_arguments().find(|each| each.to_string() == argument).and_then(clap::Arg::get_env);
    own.map(|name| name.to_string_lossy().into_owned())
        .or_else(|| command.get_subcommands().find_map(|each| variable_of(each, argument)))
}

/// One line per event, on standard error. Control characters become spaces, so that nobody writes lines of their own.
pub fn start_logging(settings: &Settings) {
    let mut logger = env_logger::Builder::new();
    logger.parse_filters(&settings.log);
    match settings.log_format {
        LogFormat::Text => logger.format(|out, record| {
            let (time, level) = (chrono::Utc::now().format("%FT%T%.3fZ"), record.level());
            write!(out, "{time} {level:5} {}", one_line(&record.args().to_string()))?;
            let mut fields = Fields(String::new());
            let _ = record.key_values().visit(&mut fields);
            writeln!(out, "{}", fields.0)
        }),
        LogFormat::Json => logger.format(|out, record| {
            let mut line = serde_json::Map::new();
            line.insert("time".into(), chrono::Utc::now().to_rfc3339().into());
            line.insert("level".into(), record.level().as_str().into());
            line.insert("target".into(), record.target().into());
            line.insert("message".into(), record.args().to_string().into());
            let mut fields = JsonFields(&mut line);
            let _ = record.key_values().visit(&mut fields);
            writeln!(out, "{}", serde_json::Value::Object(line))
        }),
    };
    logger.init();
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

struct Fields(String);

impl<'kvs> log::kv::VisitSource<'kvs> for Fields {
    fn visit_pair(
        &mut self,
        key: log::kv::Key<'kvs>,
        value: log::kv::Value<'kvs>,
    ) -> Result<(), log::kv::Error> {
        self.0.extend([" ", key.as_str(), "=", &one_line(&value.to_string())]);
        Ok(())
    }
}

struct JsonFields<'a>(&'a mut serde_json::Map<String, serde_json::Value>);

impl<'kvs> log::kv::VisitSource<'kvs> for JsonFields<'_> {
    fn visit_pair(
        &mut self,
        key: log::kv::Key<'kvs>,
        value: log::kv::Value<'kvs>,
    ) -> Result<(), log::kv::Error> {
        let value = value.to_u64().map_or_else(|| value.to_string().into(), serde_json::Value::from);
        self.0.insert(key.to_string(), value);
        Ok(())
    }
}
