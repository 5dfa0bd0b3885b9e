//! A private PostgreSQL cluster, so that `backoffice` runs on a machine where nobody has set up a database.
//!
//! It finds or installs PostgreSQL, makes the cluster on first use, starts it on a private socket, revives it when it
//! dies, and takes it along when the program ends, however it ends. It never opens a TCP port, never runs PostgreSQL
//! as root, never turns fsync off, and knows nothing about what is in the databases.
//!
//! Everything blocks: call it before the async runtime starts, or from a plain thread.

mod account;
mod binaries;
mod error;
mod folder;
mod log_file;
mod orphans;
mod postmaster;

use std::env;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;

pub use error::Error;

use account::Account;
use binaries::Binaries;
use folder::DataFolder;
use postmaster::{Launch, Postmaster};

/// The superuser of every cluster. It has no password: who may open the socket is settled by the socket's folder.
const SUPERUSER: &str = "backoffice";

/// Names the socket's file only; there is no TCP port. The default, so that clients need not be told.
const PORT: &str = "5432";

/// What every cluster is run with; [`Settings::parameters`] come later on the command line and win.
const PARAMETERS: [(&str, &str); 10] = [
    ("cluster_name", "backoffice"),
    ("fsync", "on"),
    ("listen_addresses", ""),
    ("log_destination", "stderr"),
    ("log_timezone", "UTC"),
    ("logging_collector", "off"), // we read its stderr, which bounds the log by size; the collector can't
    ("max_connections", "100"),
    ("shared_buffers", "128MB"),
    ("timezone", "UTC"),
    ("wal_level", "replica"),
];

/// Where the cluster lives and how it runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that holds the cluster (`postgres/`), its log (`postgres.log`, at most twice 16 MiB) and the lock.
    /// It is made if need be. See [`default_data_dir`].
    pub data_dir: PathBuf,
    /// The folder of PostgreSQL's programs (`BACKOFFICE_PG_BINDIR`); searched for when absent.
    pub bin_dir: Option<PathBuf>,
    /// More settings in the words of `postgresql.conf`, such as `("work_mem", "16MB")`. They override ours.
    pub parameters: Vec<(String, String)>,
}

/// A running cluster. It is shut down when this is dropped, and when the process is killed.
#[derive(Debug)]
pub struct Cluster {
    // Dropped in this order: PostgreSQL is gone before the lock on the folder is.
    postmaster: Postmaster,
    binaries: Binaries,
    account: Account,
    socket: PathBuf,
    _folder: DataFolder,
}

impl Cluster {
    /// Finds or installs PostgreSQL 15 or newer, makes the cluster on first use, ends what a killed predecessor left
    /// running, starts, and waits up to 60 seconds until connections are accepted (crash recovery included).
    ///
    /// # Errors
    /// Whatever hinders it, with the cure where there is one: see [`Error`].
    pub fn start(settings: Settings) -> Result<Cluster, Error> {
        let folder = DataFolder::open(&settings.data_dir)?;
        let binaries = Binaries::find(settings.bin_dir.as_deref(), folder.version()?)?;
        let account = Account::choose(&folder.cluster())?;
        account.check_reach(folder.path(), &binaries)?;
        orphans::end(&folder.cluster())?;
        folder.initialize(&binaries, &account)?;
        folder.forget_former_postmaster()?;
        let socket = folder.make_socket_folder(&account)?;
        let postmaster = Postmaster::start(Launch {
            program: binaries.program("postgres"),
            arguments: arguments(&folder.cluster(), &socket, &settings.parameters),
            account: account.clone(),
            cluster: folder.cluster(),
            log: folder.log(),
        })?;
        Ok(Cluster { postmaster, binaries, account, socket, _folder: folder })
    }

    /// Where to connect, as the superuser: `postgresql://backoffice@/DATABASE?host=%2Fsocket%2Ffolder`, understood by
    /// tokio-postgres and libpq. Only root and the account that runs PostgreSQL can.
    pub fn url(&self, database: &str) -> String {
        let socket = percent_encoded(self.socket.as_os_str().as_encoded_bytes());
        format!("postgresql://{SUPERUSER}@/{}?host={socket}", percent_encoded(database.as_bytes()))
    }

    /// Creates the database unless it exists.
    ///
    /// # Errors
    /// [`Error::Sql`] with what PostgreSQL says; [`Error::Io`] when `psql` can't be run.
    pub fn create_database(&self, name: &str) -> Result<(), Error> {
        let program = self.binaries.program("psql");
        let failed = Error::io(format!("running {}", program.display()));
        let mut psql = self
            .account
            .command(&program)
            .args(["--no-psqlrc", "--no-password", "--quiet", "--variable=ON_ERROR_STOP=1"])
            .arg(format!("--variable=database={name}"))
            .arg(self.url("postgres"))
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(&failed)?;
        if let Some(mut script) = psql.stdin.take() {
            // Should psql be gone already, its own message tells more than a broken pipe.
            script.write_all(CREATE_DATABASE.as_bytes()).ok();
        }
        let output = psql.wait_with_output().map_err(&failed)?;
        if output.status.success() {
            return Ok(());
        }
        Err(Error::Sql { message: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
    }

    /// The folder of the programs in use, for `psql` and `pgbench` in tests and benchmarks.
    pub fn bin_dir(&self) -> &Path {
        self.binaries.folder()
    }

    /// Crashes PostgreSQL as `pg_ctl stop -m immediate` does, and waits until it has recovered on the same socket.
    /// Open connections are lost. For tests of faults.
    ///
    /// # Errors
    /// [`Error::NotReady`] when it is not back within 60 seconds.
    pub fn restart_immediately(&self) -> Result<(), Error> {
        self.postmaster.restart_immediately()
    }

    /// Disconnects all clients, rolls back what they had open, and shuts PostgreSQL down cleanly; harsher after 20
    /// seconds. Dropping the cluster does the same and says nothing.
    ///
    /// # Errors
    /// [`Error::Unstoppable`] when processes survive even SIGKILL.
    pub fn stop(self) -> Result<(), Error> {
        self.postmaster.stop()
    }

    /// The process id of the postmaster; another one after it was revived.
    pub fn pid(&self) -> u32 {
        self.postmaster.pid()
    }
}

/// Where the cluster goes if nobody says otherwise: `/var/lib/backoffice` for root, whose home is usually closed to the
/// account that runs PostgreSQL; for others `$XDG_DATA_HOME/backoffice` or `~/.local/share/backoffice`.
pub fn default_data_dir() -> PathBuf {
    let shared = PathBuf::from("/var/lib");
    let parent = if rustix::process::geteuid().is_root() {
        shared
    } else {
        // The XDG base directory specification wants relative paths ignored.
        let chosen = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
        chosen.or_else(|| Some(env::home_dir()?.join(".local/share"))).unwrap_or(shared)
    };
    parent.join("backoffice")
}

/// `CREATE DATABASE` knows no `IF NOT EXISTS`.
const CREATE_DATABASE: &str = "
    SELECT format('CREATE DATABASE %I', :'database')
    WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'database') \\gexec
";

fn arguments(cluster: &Path, socket: &Path, parameters: &[(String, String)]) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["-D".into(), cluster.into()];
    arguments.extend(["-k".into(), socket.into(), "-p".into(), PORT.into()]);
    let ours = PARAMETERS.iter().copied();
    let theirs = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in ours.chain(theirs) {
        arguments.extend(["-c".into(), format!("{name}={value}").into()]);
    }
    arguments
}

fn percent_encoded(bytes: &[u8]) -> String {
    let encode = |&byte: &u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    bytes.iter().map(encode).collect()
}
