//! One private cluster and one service for all tests of a binary, gone with it.
use platform::database::{Database, Settings};
use platform::token::Tokens;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};

pub struct Service {
    pub base: String,
    pub metrics: String,
    /// The database as its owner, who passes every wall.
    pub url: String,
    cluster: cluster::Cluster,
    child: std::sync::Mutex<Child>,
    tokens: OnceCell<Tokens>,
}

static SERVICE: OnceLock<Service> = OnceLock::new();

/// The shared service.
pub fn service() -> &'static Service {
    SERVICE.get_or_init(|| Service::start("shared", &[]))
}

/// An address that nobody listens at.
pub fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

impl Service {
    /// A service with a cluster of its own.
    pub fn start(name: &str, flags: &[&str]) -> Self {
        let data_dir = std::env::temp_dir().join(format!("backoffice-test-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&data_dir);
        sweep();
        // Durability is tested where it counts, in tests/faults; here speed counts.
        let parameters = match name {
            "shared" => vec![
                ("synchronous_commit".to_owned(), "off".to_owned()),
                ("max_connections".to_owned(), "200".to_owned()),
            ],
            _ => vec![],
        };
        let cluster =
            cluster::Cluster::start(cluster::Settings { data_dir, bin_dir: None, parameters }).unwrap();
        cluster.create_database("backoffice").unwrap();
        let url = cluster.url("backoffice");
        let (base, metrics, child) = Self::spawn(&url, flags);
        Self { base, metrics, url, cluster, child: std::sync::Mutex::new(child), tokens: OnceCell::new() }
    }

    /// Starts a service on the database, and waits until it is ready.
    pub fn spawn(url: &str, flags: &[&str]) -> (String, String, Child) {
        Self::spawn_with(url, flags, &[])
    }

    /// The same, with these variables.
    pub fn spawn_with(url: &str, flags: &[&str], variables: &[(&str, &str)]) -> (String, String, Child) {
        let (listen, metrics) = (free_address(), free_address());
        // `setpriv` lets the service go when the tests go, however they end.
        let mut command = Command::new("setpriv");
        command
            .args(["--pdeathsig", "KILL", env!("CARGO_BIN_EXE_backoffice"), "serve"])
            .args(if flags.contains(&"--drain-seconds") { &[][..] } else { &["--drain-seconds", "0"] })
            .args(flags)
            .env("DATABASE_URL", url)
            .env("BACKOFFICE_FILES", files_of(url))
            .env("BACKOFFICE_RATE_PER_SESSION", "100000")
            .env("BACKOFFICE_RATE_PER_ORGANIZATION", "100000")
            // What is held over the whole contract compares everything that an organization has: nothing is worked off
            // behind it.
            .env("BACKOFFICE_JOBS_AT_ONCE", if env!("CARGO_CRATE_NAME") == "contract" { "0" } else { "4" })
            .env("BACKOFFICE_LISTEN", &listen)
            .env("BACKOFFICE_OUTGOING_ALLOW", "127.0.0.1") // where tests listen
            .env("BACKOFFICE_METRICS_LISTEN", &metrics)
            .env("BACKOFFICE_LOG", std::env::var("BACKOFFICE_LOG").unwrap_or_else(|_| "warn".into()))
            .envs(variables.iter().copied())
            .stdout(Stdio::null());
        let child = spawn_for_good(command);
        let base = format!("http://{listen}");
        wait_until_ready(&listen);
        (base, format!("http://{metrics}/metrics"), child)
    }

    pub fn cluster(&self) -> &cluster::Cluster {
        &self.cluster
    }

    pub fn child(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap()
    }

    /// A connection as the owner of the tables, of its own.
    pub async fn database(&self) -> Client {
        let (client, connection) = tokio_postgres::connect(&self.url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// A connection as the service has it, of its own.
    pub async fn as_service(&self) -> Client {
        let client = self.database().await;
        client.batch_execute("set role backoffice_service").await.unwrap();
        client
    }

    /// What signs the tokens of test users.
    pub async fn tokens(&self) -> &Tokens {
        self.tokens
            .get_or_init(|| async {
                let settings = Settings {
                    url: self.url.clone(),
                    connections: 1,
                    wait: Duration::from_secs(5),
                    statement_timeout: Duration::from_secs(5),
                };
                let tokens = Tokens::default();
                tokens.reload(&Database::new(&settings).unwrap()).await.unwrap();
                tokens
            })
            .await
    }
}

/// Where the services of this binary keep files.
pub fn files_folder() -> std::path::PathBuf {
    std::env::temp_dir().join(format!("backoffice-test-files-{}", std::process::id()))
}

/// Where the services of a database keep theirs: who knows nothing of a file takes it for a stray, once it is old.
pub fn files_of(url: &str) -> std::path::PathBuf {
    files_folder().join(url.chars().filter(char::is_ascii_alphanumeric).collect::<String>())
}

/// Removes the folders of tests that have ended: a static service is never dropped.
fn sweep() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix("backoffice-test-")
            .and_then(|rest| rest.rsplit('-').next()?.parse::<u32>().ok());
        if owner.is_some_and(|owner| !std::path::Path::new(&format!("/proc/{owner}")).exists()) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A child that is told of the end of the thread that spawned it, which must not be the end of one test.
pub fn spawn_for_good(mut command: Command) -> Child {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tell.send(command.spawn()).unwrap();
        loop {
            std::thread::park();
        }
    });
    told.recv().unwrap().unwrap()
}

pub fn wait_until_ready(listen: &str) {
    use std::io::{Read, Write};
    let patience = Instant::now() + Duration::from_mins(1);
    loop {
        let ready = std::net::TcpStream::connect(listen).and_then(|mut stream| {
            stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n")?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer.starts_with("HTTP/1.1 200"))
        });
        if matches!(ready, Ok(true)) {
            return;
        }
        assert!(Instant::now() < patience, "the service did not get ready: {ready:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
