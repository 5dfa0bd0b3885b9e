//! Clusters in folders of their own under the folder for temporary files, started, stopped, crashed and abandoned.
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "what a test does not expect fails it there and then"
)]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, process, thread};

use cluster::{Cluster, Error, Settings};

/// Removed when dropped.
struct TemporaryFolder(PathBuf);

impl TemporaryFolder {
    fn new(name: &str) -> TemporaryFolder {
        let folder = env::temp_dir().join(format!("cluster-{}-{name}", process::id()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(0o777)).unwrap();
        TemporaryFolder(folder)
    }

    fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// `BACKOFFICE_PG_BINDIR` runs these tests with another PostgreSQL.
fn settings(data_dir: &Path) -> Settings {
    let bin_dir = env::var_os("BACKOFFICE_PG_BINDIR").map(PathBuf::from);
    Settings { data_dir: data_dir.to_owned(), bin_dir, parameters: Vec::new() }
}

fn timed<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let outcome = act();
    println!("{what}: {:.2} s", start.elapsed().as_secs_f64());
    outcome
}

fn sql(bin_dir: &Path, url: &str, statement: &str) -> String {
    let output = Command::new(bin_dir.join("psql")).args(["-XAtq", url, "-c", statement]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn ask(cluster: &Cluster, statement: &str) -> String {
    sql(cluster.bin_dir(), &cluster.url("shop"), statement)
}

/// Another process that holds a cluster: the example `hold`.
struct Holder {
    process: Child,
    postmaster: u32,
}

impl Holder {
    fn start(mut command: Command, data_dir: &Path) -> Holder {
        let mut process = command.arg(data_dir).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let postmaster = line.split(' ').next().unwrap().parse().expect("the holder failed to start");
        Holder { process, postmaster }
    }

    /// `kill -9`.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.kill();
    }
}

/// `cargo test` builds examples beside the tests.
fn hold() -> PathBuf {
    let tests = env::current_exe().unwrap();
    tests.ancestors().nth(2).unwrap().join("examples/hold")
}

fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

fn gone_within(pid: u32, seconds: u64) -> bool {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    while is_alive(pid) && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }
    !is_alive(pid)
}

fn is_ready(data_dir: &Path, pid: u32) -> bool {
    let file = fs::read_to_string(data_dir.join("postgres/postmaster.pid")).unwrap_or_default();
    file.starts_with(&format!("{pid}\n")) && file.contains("\nready")
}

fn am_root() -> bool {
    Command::new("id").arg("-u").output().unwrap().stdout == b"0\n"
}

fn kill(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

#[test]
fn keeps_its_data_whatever_ends_it() {
    let folder = TemporaryFolder::new("life");
    let data = folder.join("data");

    let cluster = timed("first start", || Cluster::start(settings(&data)).unwrap());
    cluster.create_database("shop").unwrap();
    cluster.create_database("shop").unwrap();
    cluster.create_database("it's a \"shop\"/100%").unwrap();
    assert_eq!(
        sql(cluster.bin_dir(), &cluster.url("it's a \"shop\"/100%"), "SELECT current_database()"),
        "it's a \"shop\"/100%"
    );
    ask(&cluster, "CREATE TABLE sales (way text)");

    for (setting, value) in
        [("fsync", "on"), ("data_checksums", "on"), ("listen_addresses", ""), ("server_encoding", "UTF8")]
    {
        assert_eq!(ask(&cluster, &format!("SHOW {setting}")), value, "{setting}");
    }
    let socket = ask(&cluster, "SHOW unix_socket_directories");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o700);

    let refusal = Cluster::start(settings(&data)).unwrap_err();
    assert!(matches!(refusal, Error::InUse { .. }));
    assert!(refusal.to_string().contains(&format!("already in use by process {}", process::id())));

    ask(&cluster, "INSERT INTO sales VALUES ('restarted immediately')");
    let former = cluster.pid();
    timed("restart immediately", || cluster.restart_immediately().unwrap());
    assert_ne!(cluster.pid(), former);

    ask(&cluster, "INSERT INTO sales VALUES ('postmaster killed')");
    let former = cluster.pid();
    kill("-9", former);
    timed("revival after kill -9 of the postmaster", || {
        assert!(gone_within(former, 5));
        while cluster.pid() == former || !is_ready(&data, cluster.pid()) {
            thread::sleep(Duration::from_millis(10));
        }
    });

    ask(&cluster, "INSERT INTO sales VALUES ('stopped')");
    let former = cluster.pid();
    timed("stop", || cluster.stop().unwrap());
    assert!(!is_alive(former));

    let mut holder = timed("restart", || Holder::start(Command::new(hold()), &data));
    let refusal = Cluster::start(settings(&data)).unwrap_err();
    assert!(refusal.to_string().contains(&format!("by process {}", holder.process.id())), "{refusal}");
    holder.kill();
    let cluster = timed("restart after kill -9 of the parent", || Cluster::start(settings(&data)).unwrap());
    assert!(!is_alive(holder.postmaster));
    ask(&cluster, "INSERT INTO sales VALUES ('parent killed')");
    cluster.stop().unwrap();

    let mut holder = Holder::start(Command::new(hold()), &data);
    kill("-STOP", holder.postmaster); // so that it can't shut down by itself
    holder.kill();
    assert!(is_alive(holder.postmaster));
    kill("-CONT", holder.postmaster);
    let cluster = Cluster::start(settings(&data)).unwrap();
    assert_eq!(
        ask(&cluster, "SELECT string_agg(way, ', ') FROM sales"),
        "restarted immediately, postmaster killed, stopped, parent killed"
    );
    assert_eq!(ask(&cluster, "SELECT coalesce(sum(checksum_failures), 0) FROM pg_stat_database"), "0");
    drop(cluster);

    // A stale postmaster.pid whose number now belongs to a living stranger.
    fs::write(data.join("postgres/postmaster.pid"), format!("{}\n", process::id())).unwrap();
    let cluster = Cluster::start(settings(&data)).unwrap();
    assert_eq!(ask(&cluster, "SELECT count(*) FROM sales"), "4");
    cluster.stop().unwrap();

    let mut wrong = settings(&data);
    wrong.parameters.push(("shared_buffers".into(), "plenty".into()));
    let refusal = Cluster::start(wrong).unwrap_err().to_string();
    assert!(refusal.contains("ended while starting") && refusal.contains("\"plenty\""), "{refusal}");
}

#[test]
fn goes_with_its_parent() {
    let folder = TemporaryFolder::new("parent");
    let mut holder = Holder::start(Command::new(hold()), &folder.join("data"));
    let status = fs::read_to_string(format!("/proc/{}/stat", holder.postmaster)).unwrap();
    let group = status.rsplit(") ").next().unwrap().split(' ').nth(2).unwrap();
    assert_eq!(group, holder.postmaster.to_string(), "Ctrl-C must not reach PostgreSQL");
    holder.kill();
    timed("gone after kill -9 of the parent", || assert!(gone_within(holder.postmaster, 5)));
}

#[test]
fn runs_for_users_without_privileges() {
    if !am_root() {
        return; // then all the other tests show it
    }
    // A path too long for a socket, in which commas and spaces are no trouble either.
    let folder = TemporaryFolder::new(&format!("nobody, {}", "long ".repeat(16).trim()));
    let program = folder.join("hold");
    fs::copy(hold(), &program).unwrap();
    let as_nobody = || {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
        command
    };
    let data = folder.join("data");
    for _ in 0..2 {
        let mut holder = timed("start as nobody", || Holder::start(as_nobody(), &data));
        let status = fs::read_to_string(format!("/proc/{}/status", holder.postmaster)).unwrap();
        assert!(status.contains("Uid:\t65534\t65534"));
        holder.kill();
    }

    // Root runs it for its owner, since only they may use the files.
    let cluster = timed("start as root for nobody", || Cluster::start(settings(&data)).unwrap());
    let status = fs::read_to_string(format!("/proc/{}/status", cluster.pid())).unwrap();
    assert!(status.contains("Uid:\t65534\t65534") && status.contains("Groups:\t \n"), "{status}");
    let socket = sql(cluster.bin_dir(), &cluster.url("postgres"), "SHOW unix_socket_directories");
    assert!(socket.starts_with("/tmp/backoffice-"));
    cluster.stop().unwrap();
    fs::remove_dir_all(socket).unwrap();
}

#[test]
fn says_which_folder_is_closed() {
    if !am_root() {
        return;
    }
    let folder = TemporaryFolder::new("closed");
    let closed = folder.join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o700)).unwrap();
    let refusal = Cluster::start(settings(&closed.join("data"))).unwrap_err().to_string();
    assert!(refusal.contains(&format!("may not enter {}:", closed.display())), "{refusal}");
}

#[test]
fn says_which_setting_is_wrong() {
    let folder = TemporaryFolder::new("programs");
    let wrong = Settings { bin_dir: Some(folder.0.clone()), ..settings(&folder.join("data")) };
    let refusal = Cluster::start(wrong).unwrap_err().to_string();
    assert!(refusal.starts_with(&format!("BACKOFFICE_PG_BINDIR is {}", folder.0.display())), "{refusal}");

    let old = folder.join("postgres");
    fs::write(&old, "#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n").unwrap();
    fs::set_permissions(&old, Permissions::from_mode(0o755)).unwrap();
    symlink(&old, folder.join("initdb")).unwrap();
    symlink(&old, folder.join("psql")).unwrap();
    let old = Settings { bin_dir: Some(folder.0.clone()), ..settings(&folder.join("data")) };
    let refusal = Cluster::start(old).unwrap_err().to_string();
    assert!(refusal.contains("PostgreSQL 15 or newer"), "{refusal}");
}

#[test]
fn tokio_postgres_reads_its_url() {
    let folder = TemporaryFolder::new("url");
    let cluster = Cluster::start(settings(&folder.join("a b&c"))).unwrap();
    let socket = sql(cluster.bin_dir(), &cluster.url("postgres"), "SHOW unix_socket_directories");
    let read: tokio_postgres::Config = cluster.url("a/b?").parse().unwrap();
    assert_eq!(read.get_user(), Some("backoffice"));
    assert_eq!(read.get_dbname(), Some("a/b?"));
    assert_eq!(read.get_hosts(), [tokio_postgres::config::Host::Unix(socket.into())]);
}
