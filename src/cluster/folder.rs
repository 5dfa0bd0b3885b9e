//! The data folder: `lock`, `postgres/`, `postgres.log`, and `socket/` unless its path is too long.

use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::time::SystemTime;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::{Error, PORT, SUPERUSER};

/// Unix sockets have 108 bytes for their path on Linux and 104 elsewhere, with a final zero.
const LONGEST_SOCKET_PATH: usize = 103;

/// Where `initdb` works; a folder of this name is left over from a start that was killed.
const UNFINISHED: &str = "postgres.unfinished-";

/// A data folder that no other process uses: the lock is held as long as this lives, and is released by the operating
/// system should we be killed.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    pub(crate) fn open(path: &Path) -> Result<DataFolder, Error> {
        let path = make(path).map_err(Error::io(format!("making the data folder {}", path.display())))?;
        let lock = lock(&path)?;
        Ok(DataFolder { path, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn cluster(&self) -> PathBuf {
        self.path.join("postgres")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path.join("postgres.log")
    }

    /// The major version that wrote the data, once there is some.
    pub(crate) fn version(&self) -> Result<Option<u32>, Error> {
        if !self.cluster().exists() {
            return Ok(None);
        }
        let file = self.cluster().join("PG_VERSION");
        let read = fs::read_to_string(&file).and_then(|text| text.trim().parse().map_err(io::Error::other));
        read.map(Some).map_err(Error::io(format!("reading {}", file.display())))
    }

    /// Makes the cluster unless there is one. It appears as a whole or not at all.
    pub(crate) fn initialize(&self, binaries: &Binaries, account: &Account) -> Result<(), Error> {
        // An initdb that was abandoned a moment ago may still be cleaning up there; the next start removes the rest.
        self.remove_unfinished().ok();
        if self.cluster().exists() {
            return Ok(());
        }
        log::info!("making a PostgreSQL {} cluster in {}", binaries.major(), self.cluster().display());
        let failed = Error::io(format!("making {}", self.cluster().display()));
        let instant = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let unfinished = self.path.join(format!("{UNFINISHED}{instant}"));
        make_private(&unfinished, account).map_err(&failed)?;
        initdb(&unfinished, binaries, account).inspect_err(|_| {
            self.remove_unfinished().ok();
        })?;
        fs::rename(&unfinished, self.cluster()).map_err(&failed)?;
        File::open(&self.path).and_then(|folder| folder.sync_all()).map_err(&failed)
    }

    fn remove_unfinished(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_dir_all(entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes a stale `postmaster.pid`: after a restart of the machine or the container its process id may belong to
    /// someone else, and PostgreSQL would take that for a running postmaster and refuse. We know better: we hold the
    /// lock, and no process works on the folder. (Only Linux tells us the latter for certain.)
    pub(crate) fn forget_former_postmaster(&self) -> Result<(), Error> {
        let file = self.cluster().join("postmaster.pid");
        if !cfg!(target_os = "linux") || !file.exists() {
            return Ok(());
        }
        fs::remove_file(&file).map_err(Error::io(format!("removing {}", file.display())))
    }

    /// Makes the folder of the socket, which only its owner and root may enter. This is why the cluster trusts whoever
    /// connects: `peer` would compare the same user a second time, and need a map for every role.
    ///
    /// It is made anew at each start, so that nothing in it is another's or left over.
    pub(crate) fn make_socket_folder(&self, account: &Account) -> Result<PathBuf, Error> {
        let folder = self.socket_folder();
        let removed = match fs::remove_dir_all(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            outcome => outcome,
        };
        removed
            .and_then(|()| make_private(&folder, account))
            .map_err(Error::io(format!("making {}", folder.display())))?;
        Ok(folder)
    }

    fn socket_folder(&self) -> PathBuf {
        let near = self.path.join("socket");
        // Clients take a comma for the end of a host's name.
        let readable = near.to_str().is_some_and(|path| !path.contains([',', '"', '\'', '\\']));
        if readable && near.join(format!(".s.PGSQL.{PORT}")).as_os_str().len() <= LONGEST_SOCKET_PATH {
            return near;
        }
        let mut hasher = DefaultHasher::new();
        self.path.hash(&mut hasher);
        PathBuf::from(format!("/tmp/backoffice-{:016x}", hasher.finish()))
    }
}

/// The account that replaces root has to pass through the folder. Of one that exists we leave the mode alone.
fn make(path: &Path) -> io::Result<PathBuf> {
    if !path.exists() {
        fs::create_dir_all(path)?;
        let mode = if rustix::process::geteuid().is_root() { 0o711 } else { 0o700 };
        fs::set_permissions(path, Permissions::from_mode(mode))?;
    }
    fs::canonicalize(path)
}

fn make_private(folder: &Path, account: &Account) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(folder)?;
    account.own(folder)
}

fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join("lock");
    let failed = Error::io(format!("locking {}", path.display()));
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).open(&path).map_err(&failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let pid = fs::read_to_string(&path).map_err(failed)?.trim().to_owned();
            return Err(Error::InUse { folder: folder.to_owned(), pid });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    file.set_len(0).and_then(|()| file.rewind()).map_err(&failed)?;
    writeln!(file, "{}", process::id()).map_err(&failed)?;
    Ok(file)
}

fn initdb(folder: &Path, binaries: &Binaries, account: &Account) -> Result<(), Error> {
    let program = binaries.program("initdb");
    let output = account
        .command(&program)
        .args(["--auth=trust", "--data-checksums", "--encoding=UTF8", "--no-instructions"])
        .arg(format!("--username={SUPERUSER}"))
        .args(locale(binaries.major()))
        .arg("--pgdata")
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .map_err(Error::io(format!("running {}", program.display())))?;
    if output.status.success() {
        return Ok(());
    }
    let log = [output.stdout, output.stderr].concat();
    Err(Error::Initialize { log: String::from_utf8_lossy(&log).trim().to_owned() })
}

/// Text is sorted by code point: an index must not change its order when the operating system is upgraded.
/// PostgreSQL 17 brings this along; before, the C library's has to do.
fn locale(major: u32) -> &'static [&'static str] {
    let listed = Command::new("locale").arg("-a").output().map(|output| output.stdout).unwrap_or_default();
    let names = String::from_utf8_lossy(&listed).to_lowercase();
    let mut names = names.lines();
    if major >= 17 {
        &["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    } else if listed.is_empty() || names.any(|name| name == "c.utf8" || name == "c.utf-8") {
        &["--locale=C.UTF-8"]
    } else {
        &["--locale=C"]
    }
}
