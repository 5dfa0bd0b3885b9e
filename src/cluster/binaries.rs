//! Where PostgreSQL's programs are, and how they get there.

use std::cmp::Reverse;
use std::env;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Error;

/// The oldest major version that will do.
pub(crate) const OLDEST: u32 = 15;

const PROGRAMS: [&str; 3] = ["postgres", "initdb", "psql"];

/// Folders whose entries with this prefix are installations, side by side: Debian, PGDG on Red Hat, Homebrew on
/// Apple's processors and on Intel's.
const PLACES: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql"),
    ("/usr/local/opt", "postgresql"),
];

/// A package manager, and what installs PostgreSQL with it.
const COMMANDS: [(&str, &str); 5] = [
    ("apt-get", "sudo apt-get update && sudo apt-get install -y postgresql"),
    ("dnf", "sudo dnf install -y postgresql-server postgresql-contrib"),
    ("apk", "sudo apk add postgresql postgresql-contrib"),
    ("pacman", "sudo pacman -S postgresql"),
    ("brew", "brew install postgresql"),
];

/// Read by Debian's packages while they are installed: without it they would make and start a cluster of their own.
const NO_MAIN_CLUSTER: &str = "/etc/postgresql-common/createcluster.d/backoffice.conf";

/// The programs of one installed PostgreSQL.
#[derive(Debug)]
pub(crate) struct Binaries {
    folder: PathBuf,
    major: u32,
}

impl Binaries {
    /// Those in the `chosen` folder, else the newest installed, else the package manager's. Data can be read only by
    /// the major version that wrote it, so once there is a cluster, its version is the only one `wanted`.
    pub(crate) fn find(chosen: Option<&Path>, wanted: Option<u32>) -> Result<Binaries, Error> {
        let fits =
            |binaries: &Binaries| wanted.map_or(binaries.major >= OLDEST, |major| binaries.major == major);
        let version = wanted.map_or(format!("{OLDEST} or newer"), |major| major.to_string());
        if let Some(folder) = chosen {
            let there = Binaries::at(folder).filter(fits);
            return there.ok_or_else(|| Error::BinDir { folder: folder.to_owned(), wanted: version });
        }
        if let Some(found) = installed().into_iter().find(fits) {
            return Ok(found);
        }
        let package = wanted.map_or("postgresql".to_owned(), |major| format!("postgresql-{major}"));
        if rustix::process::geteuid().is_root() && on_path("apt-get").is_some() {
            install(&package)?;
        }
        let command = command_to_install(&package);
        installed().into_iter().find(fits).ok_or(Error::NotInstalled { wanted: version, command })
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn major(&self) -> u32 {
        self.major
    }

    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn at(folder: &Path) -> Option<Binaries> {
        let complete = PROGRAMS.iter().all(|program| folder.join(program).is_file());
        let output =
            complete.then(|| Command::new(folder.join("postgres")).arg("--version").output())?.ok()?;
        // `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`, or `18beta1`
        let text = String::from_utf8(output.stdout).ok()?;
        let major = text.split_whitespace().nth(2)?.split(|letter: char| !letter.is_ascii_digit()).next()?;
        Some(Binaries { folder: folder.to_owned(), major: major.parse().ok()? })
    }
}

/// All that can be found: the known places with the newest first, then PATH.
fn installed() -> Vec<Binaries> {
    let folders = PLACES.iter().flat_map(|(place, prefix)| entries(place, prefix));
    let mut found: Vec<_> = folders.filter_map(|folder| Binaries::at(&folder.join("bin"))).collect();
    found.sort_by_key(|binaries| Reverse(binaries.major));
    // On PATH is often but a link to one of them, and the other programs may be missing beside the link.
    let linked = on_path("postgres").and_then(|program| fs::canonicalize(program).ok());
    found.extend(linked.and_then(|program| Binaries::at(program.parent()?)));
    found
}

fn entries(place: &str, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    let named = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix));
    named.map(|entry| entry.path()).collect()
}

fn on_path(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file())
}

fn command_to_install(package: &str) -> String {
    let known = COMMANDS.iter().find(|(manager, _)| on_path(manager).is_some());
    match known {
        Some(&("apt-get", command)) => command.replace(" postgresql", &format!(" {package}")),
        Some((_, command)) => (*command).to_owned(),
        None => format!("<your package manager> install {package}"),
    }
}

fn install(package: &str) -> Result<(), Error> {
    log::info!("no PostgreSQL found; installing Debian's package {package}");
    let declined = Path::new(NO_MAIN_CLUSTER);
    write_with_parents(declined, "create_main_cluster = false\n")
        .map_err(Error::io(format!("writing {NO_MAIN_CLUSTER}")))?;
    let outcome = apt_get(&["update"])
        .and_then(|()| apt_get(&["install", "--yes", "--no-install-recommends", package]));
    // Whoever installs another PostgreSQL later may want its main cluster.
    fs::remove_file(declined).map_err(Error::io(format!("removing {NO_MAIN_CLUSTER}")))?;
    outcome
}

fn write_with_parents(path: &Path, text: &str) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)?;
    fs::write(path, text)
}

fn apt_get(arguments: &[&str]) -> Result<(), Error> {
    let command = format!("apt-get {}", arguments.join(" "));
    log::info!("running `{command}`");
    let status = Command::new("apt-get")
        .args(["-o", "DPkg::Lock::Timeout=120"])
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .status()
        .map_err(Error::io(format!("running `{command}`")))?;
    if status.success() { Ok(()) } else { Err(Error::Install { command }) }
}
