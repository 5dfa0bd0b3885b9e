//! Who runs PostgreSQL's programs, and how they are run: without our environment, and not longer than we live.

use std::env;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::Error;
use crate::binaries::Binaries;

/// What PostgreSQL's programs see of our environment. The rest may hold secrets, or settings such as `PGDATA` that
/// are not meant for them.
const ENVIRONMENT: [&str; 3] = ["PATH", "LD_LIBRARY_PATH", "TMPDIR"];

/// The operating system's account that runs PostgreSQL's programs and owns the cluster's files.
#[derive(Clone, Debug)]
pub(crate) struct Account {
    name: String,
    uid: u32,
    gid: u32,
    /// We are root and have to become this account, since PostgreSQL refuses to run as root.
    replaces_root: bool,
}

impl Account {
    /// Ourselves. For root the owner of the cluster, or `postgres`, or `nobody`, in this order: other services may run
    /// as `nobody` and could then read the files.
    pub(crate) fn choose(cluster: &Path) -> Result<Account, Error> {
        let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let owner = fs::metadata(cluster).ok().map(|found| (found.uid(), found.gid()));
        match owner {
            Some((owner, _)) if uid != 0 && owner != uid => {
                Err(Error::Foreign { folder: cluster.to_owned(), owner })
            }
            Some((owner, group)) if uid == 0 && owner != 0 => {
                Ok(Account { name: owner.to_string(), uid: owner, gid: group, replaces_root: true })
            }
            _ if uid == 0 => named("postgres").or_else(|| named("nobody")).ok_or(Error::NoAccount),
            _ => Ok(Account { name: uid.to_string(), uid, gid, replaces_root: false }),
        }
    }

    /// Gives the file or folder to the account.
    pub(crate) fn own(&self, path: &Path) -> io::Result<()> {
        if self.replaces_root { chown(path, Some(self.uid), Some(self.gid)) } else { Ok(()) }
    }

    /// A program run by this account, silent unless told otherwise.
    ///
    /// It has a process group of its own, so that Ctrl-C in a terminal reaches us alone and we decide the order. It is
    /// interrupted when the thread that spawns it ends: such a thread has to live as long as the program.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(ENVIRONMENT.iter().filter_map(|name| Some((name, env::var_os(name)?))));
        command.env("LC_ALL", "C").current_dir("/").process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if self.replaces_root {
            // Root's supplementary groups go as well: std clears them whenever root becomes someone else.
            command.uid(self.uid).gid(self.gid);
        }
        interrupt_with_us(&mut command);
        command
    }

    /// Asks the operating system whether the account may enter the folder, since mode bits don't tell everything.
    pub(crate) fn check_reach(&self, folder: &Path, binaries: &Binaries) -> Result<(), Error> {
        if !self.replaces_root {
            return Ok(());
        }
        let program = binaries.program("postgres");
        let enter = |folder: &Path| self.command(&program).arg("--version").current_dir(folder).status();
        enter(Path::new("/")).map_err(Error::io(format!(
            "running {} as user {}",
            program.display(),
            self.name
        )))?;
        if enter(folder).is_ok() {
            return Ok(());
        }
        let closed = folder.ancestors().filter(|ancestor| enter(ancestor).is_err()).last();
        let folder = closed.unwrap_or(folder).to_owned();
        Err(Error::Unreachable { folder, account: self.name.clone() })
    }
}

fn named(name: &str) -> Option<Account> {
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    let fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = fields.into_iter().find(|fields| fields.first() == Some(&name))?;
    let (uid, gid) = (found.get(2)?.parse().ok()?, found.get(3)?.parse().ok()?);
    Some(Account { name: name.to_owned(), uid, gid, replaces_root: true })
}

/// Even `kill -9` of our process then ends PostgreSQL, cleanly.
#[cfg(target_os = "linux")]
#[expect(unsafe_code, reason = "only the child itself can ask for the signal, between fork and exec")]
fn interrupt_with_us(command: &mut Command) {
    use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

    let parent = getpid();
    // SAFETY: what runs between fork and exec are two system calls; nothing allocates or takes a lock.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(Signal::INT))?;
            // Had we died just before, the signal would never come.
            if getppid() == Some(parent) { Ok(()) } else { Err(io::ErrorKind::Interrupted.into()) }
        });
    }
}

/// Elsewhere nobody tells PostgreSQL; the next start ends it.
#[cfg(not(target_os = "linux"))]
fn interrupt_with_us(_: &mut Command) {}
