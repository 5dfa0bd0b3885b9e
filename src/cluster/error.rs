use std::io;
use std::path::PathBuf;

use crate::binaries::OLDEST;

/// Why there is no cluster. Each text tells the cause and, where there is one, the cure.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The folder that was given does not hold PostgreSQL, or not one that can be used.
    #[error(
        "BACKOFFICE_PG_BINDIR is {}, which does not hold the programs of PostgreSQL {wanted}: \
         point it to the folder of `postgres`, `initdb` and `psql`, or leave it unset",
        .folder.display()
    )]
    BinDir {
        /// The folder that was given.
        folder: PathBuf,
        /// The version that was looked for: `15 or newer`, or that of the data.
        wanted: String,
    },
    /// PostgreSQL is not installed, or not in the version that wrote the data.
    #[error(
        "PostgreSQL {wanted} is not installed: run `{command}`, or set BACKOFFICE_PG_BINDIR to the folder of its programs"
    )]
    NotInstalled {
        /// The version that was looked for: `15 or newer`, or that of the data.
        wanted: String,
        /// What to type.
        command: String,
    },
    /// Installing PostgreSQL failed; the package manager said why on stderr.
    #[error(
        "`{command}` failed, see its messages above: repair that, or install PostgreSQL {OLDEST} or newer yourself"
    )]
    Install {
        /// What was run.
        command: String,
    },
    /// Another process holds the data folder.
    #[error("{} is already in use by process {pid}: stop it, or choose another data folder", .folder.display())]
    InUse {
        /// The data folder.
        folder: PathBuf,
        /// Who holds it, as it wrote into the lock file.
        pid: String,
    },
    /// Root has no account to hand PostgreSQL to.
    #[error(
        "PostgreSQL refuses to run as root and there is neither a user `postgres` nor `nobody`: create one"
    )]
    NoAccount,
    /// The cluster belongs to another user, and only root could act for them.
    #[error("{} belongs to user {owner}: run as that user or as root, or choose another data folder", .folder.display())]
    Foreign {
        /// The cluster's folder.
        folder: PathBuf,
        /// The id of its owner.
        owner: u32,
    },
    /// The account that runs PostgreSQL may not enter a folder on the way to the data.
    #[error(
        "PostgreSQL runs as user {account}, who may not enter {}: choose another data folder, or run `chmod o+x {}`",
        .folder.display(), .folder.display()
    )]
    Unreachable {
        /// The outermost folder that is closed.
        folder: PathBuf,
        /// The name of the account.
        account: String,
    },
    /// `initdb` failed. Nothing half made is left behind.
    #[error("initdb failed:\n{log}")]
    Initialize {
        /// What it printed.
        log: String,
    },
    /// PostgreSQL ended while starting, or is not ready after 60 seconds.
    #[error("PostgreSQL {what}; its log, {}, ends with:\n{tail}", .log.display())]
    NotReady {
        /// What happened.
        what: &'static str,
        /// The log.
        log: PathBuf,
        /// The log's last lines.
        tail: String,
    },
    /// Processes on the data folder survive even SIGKILL: a disk hangs.
    #[error("PostgreSQL's processes {pids:?} on {} do not end, not even by SIGKILL: look at the disk", .folder.display())]
    Unstoppable {
        /// The cluster's folder.
        folder: PathBuf,
        /// Their ids.
        pids: Vec<i32>,
    },
    /// A statement failed.
    #[error("{message}")]
    Sql {
        /// What PostgreSQL says.
        message: String,
    },
    /// The operating system refused something.
    #[error("{doing}: {source}")]
    Io {
        /// What was being done, and to what.
        doing: String,
        /// Its answer.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(doing: String) -> impl Fn(io::Error) -> Error {
        move |source| Error::Io { doing: doing.clone(), source }
    }
}
