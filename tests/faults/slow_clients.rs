//! Clients that take their time, 350 of them: headers and bodies that drip in, and readers who do not read. They are ended,
//! nobody else notices, and no memory goes on them.
use crate::installation::Installation;
use crate::support::{Caller, run};
use reqwest::Method;
use socket2::{Domain, Socket, Type};
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// By then each of them is ended; the service's own terms are 5 s for headers, 10 s for bodies, 20 s for readers.
const LONGEST: Duration = Duration::from_secs(30);
/// Between two bytes of who sends slowly.
const DRIP: Duration = Duration::from_millis(500);

/// A connection on which bytes drip, until the other side has enough.
struct Slow {
    stream: TcpStream,
    answer: Vec<u8>,
    /// When the other side had told why, and when it had closed.
    told: Option<Duration>,
    ended: Option<Duration>,
}

impl Slow {
    fn open(address: SocketAddr, begin: &str) -> Self {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(begin.as_bytes()).unwrap();
        stream.set_nonblocking(true).unwrap();
        Self { stream, answer: Vec::new(), told: None, ended: None }
    }

    /// One more byte, and a look whether it is over.
    fn drip(&mut self, started: Instant) {
        if self.ended.is_some() {
            return;
        }
        let sent = self.stream.write(b"a");
        let mut some = [0; 4096];
        let read = self.stream.read(&mut some);
        match read {
            Ok(0) => self.ended = Some(started.elapsed()),
            Ok(count) => {
                self.told.get_or_insert(started.elapsed());
                self.answer.extend(&some[..count]);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock && sent.is_ok() => {}
            Err(_) => self.ended = Some(started.elapsed()),
        }
    }

    fn status(&self) -> &str {
        std::str::from_utf8(&self.answer).unwrap().get(9..12).unwrap_or("none")
    }
}

/// A client that asks for much and takes nothing of it.
fn reader(address: SocketAddr, request: &str) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&address.into()).unwrap();
    (&socket).write_all(request.as_bytes()).unwrap();
    socket
}

#[test]
fn slow_clients_are_ended_and_nobody_else_notices() {
    run(async {
        let installation = Installation::new("slow_clients", &[]).await;
        let caller = installation.caller().await;
        let database = installation.database().await;
        let people = "insert into employees (org_id, id, employee_number, given_name, family_name, hired_on)
            select $1, gen_random_uuid(), 'E-' || n, 'Somebody with a long name ' || n, repeat('Pop', 30), '2026-03-02'
            from generate_series(1, 20000) n";
        assert_eq!(database.execute(people, &[&caller.organization]).await.unwrap(), 20_000);
        database.batch_execute("analyze").await.unwrap();

        // Once read as it should be, which also warms what is measured.
        let export = installation.request(&caller, Method::GET, "/v1/employees");
        let export = export.header("accept", "text/csv").send().await;
        assert_eq!((export.status, export.text.lines().count()), (200, 20_001));
        let quiet = look_around(&installation, &caller, &AtomicBool::new(true)).await.len();
        assert!(quiet > 0);
        let before = memory(installation.pid());

        let stop = Arc::new(AtomicBool::new(false));
        let others = {
            let (installation, caller, stop) = (Arc::clone(&installation), caller.clone(), Arc::clone(&stop));
            tokio::spawn(async move { look_around(&installation, &caller, &stop).await })
        };
        let address: SocketAddr = installation.base().trim_start_matches("http://").parse().unwrap();
        let (token, pid) = (caller.token, installation.pid());
        let told = tokio::task::spawn_blocking(move || be_slow(address, &token, pid)).await.unwrap();
        stop.store(true, Ordering::Relaxed);
        let mut took = others.await.unwrap();

        for (what, slow, usual) in [("headers", &told.headers, 8), ("bodies", &told.bodies, 15)] {
            // Who gave up at the same instant as all others may find the database busy.
            let told = |wanted: &str| slow.iter().filter(|each| each.status() == wanted).count();
            assert_eq!(
                told("408") + told("503"),
                slow.len(),
                "{what}: {:?}",
                slow.iter().map(Slow::status).collect::<Vec<_>>()
            );
            assert!(told("408") > slow.len() / 2, "{what}: only {} were told 408", told("408"));
            let last = |when: fn(&Slow) -> Option<Duration>| {
                slow.iter().map(|each| when(each).unwrap_or(LONGEST)).max().unwrap()
            };
            let (told, ended) = (last(|each| each.told), last(|each| each.ended));
            assert!(told < Duration::from_secs(usual), "slow {what} were told only after {told:?}");
            assert!(ended < LONGEST, "slow {what} were ended only after {ended:?}");
        }
        assert!(told.readers < LONGEST, "readers who do not read are still there");
        assert!(told.memory < before + 64 * 1024, "memory grew from {before} to {} KiB", told.memory);

        took.sort();
        assert!(took.len() > 100, "others were answered {} times only", took.len());
        let p95 = took[took.len() * 95 / 100];
        assert!(p95 < Duration::from_secs(1), "others waited {p95:?}");
        installation.is_through().await;
    });
}

struct Told {
    headers: Vec<Slow>,
    bodies: Vec<Slow>,
    /// When the last of the readers was gone.
    readers: Duration,
    /// The most memory that the service had meanwhile, in KiB.
    memory: u64,
}

fn be_slow(address: SocketAddr, token: &str, pid: u32) -> Told {
    let started = Instant::now();
    let common = format!("Host: test\r\nAuthorization: Bearer {token}\r\n");
    let body = format!(
        "POST /v1/employees HTTP/1.1\r\n{common}Content-Type: application/json\r\nContent-Length: 900\r\n\r\n{{"
    );
    let list = format!("GET /v1/employees HTTP/1.1\r\n{common}Accept: text/csv\r\nConnection: close\r\n\r\n");
    let mut headers: Vec<Slow> =
        (0..200).map(|_| Slow::open(address, "GET /livez HTTP/1.1\r\nHost: test\r\nX-Slow: ")).collect();
    let mut bodies: Vec<Slow> = (0..100).map(|_| Slow::open(address, &body)).collect();
    let readers: Vec<Socket> = (0..50).map(|_| reader(address, &list)).collect();
    let ports: Vec<u16> =
        readers.iter().map(|each| each.local_addr().unwrap().as_socket().unwrap().port()).collect();
    let (mut most, mut read_on) = (0, 0);
    loop {
        std::thread::sleep(DRIP);
        headers.iter_mut().chain(&mut bodies).for_each(|slow| slow.drip(started));
        most = most.max(memory(pid));
        let held = held_open(address.port(), &ports);
        read_on = read_on.max(held);
        let dripping = headers.iter().chain(&bodies).filter(|slow| slow.ended.is_none()).count();
        if dripping == 0 && held == 0 || started.elapsed() >= LONGEST {
            assert!(read_on >= 50, "only {read_on} of the readers were seen");
            return Told { headers, bodies, readers: started.elapsed(), memory: most };
        }
    }
}

/// How many connections from these ports the server holds: those in the state 01, established (proc(5), /proc/net/tcp).
fn held_open(server: u16, clients: &[u16]) -> usize {
    let port = |address: &str| address.rsplit(':').next().and_then(|port| u16::from_str_radix(port, 16).ok());
    let held = |line: &&str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields[3] == "01"
            && port(fields[1]) == Some(server)
            && port(fields[2]).is_some_and(|port| clients.contains(&port))
    };
    std::fs::read_to_string("/proc/net/tcp").unwrap().lines().skip(1).filter(held).count()
}

/// What others wait for meanwhile, until it is told to stop: the time of each request.
async fn look_around(installation: &Installation, caller: &Caller, stop: &AtomicBool) -> Vec<Duration> {
    let mut took = Vec::new();
    for path in ["/v1/employees?limit=10", "/v1/departments", "/readyz"].iter().cycle() {
        let started = Instant::now();
        let answer = installation.request(caller, Method::GET, path).send().await;
        // Who is refused has waited for ever.
        let waited = if answer.status == 200 { started.elapsed() } else { Duration::MAX };
        assert!([200, 503].contains(&answer.status), "{}", answer.text);
        took.push(waited);
        if stop.load(Ordering::Relaxed) && took.len() > 30 {
            return took;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    took
}

/// The resident memory of a process, in KiB.
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
