//! The virus scanner: nobody reads what it has not looked at, and what it finds something in is gone. A small clamd stands in
//! for the real one: it speaks INSTREAM and knows one virus.
use crate::support::{Answer, Caller, Organization, Service, files_folder, run};
use crate::{id, uploads};
use reqwest::Method;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use uuid::Uuid;

/// What the stand-in takes for a virus.
const VIRUS: &str = "X5O!P%@AP[4-not-the-real-EICAR-TEST-FILE";

/// Answers every stream from now on; how many it was sent is counted.
fn clamd(listener: TcpListener) -> Arc<AtomicUsize> {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut command = [0; 10];
            stream.read_exact(&mut command).unwrap();
            assert_eq!(&command, b"zINSTREAM\0");
            let mut content = Vec::new();
            loop {
                let mut length = [0; 4];
                stream.read_exact(&mut length).unwrap();
                let length = u32::from_be_bytes(length) as usize;
                if length == 0 {
                    break;
                }
                let at = content.len();
                content.resize(at + length, 0);
                stream.read_exact(&mut content[at..]).unwrap();
            }
            counted.fetch_add(1, Ordering::SeqCst);
            let found = content.windows(VIRUS.len()).any(|window| window == VIRUS.as_bytes());
            stream
                .write_all(if found { b"stream: Eicar-Test-Signature FOUND\0" } else { b"stream: OK\0" })
                .unwrap();
        }
    });
    asked
}

struct Watched {
    service: Service,
    caller: Caller,
}

impl Watched {
    /// A service with a database of its own, whose scanner is at this address.
    async fn by(name: &str, scanner: &str) -> Self {
        let service = Service::start(name, &["--clamd", scanner]);
        let database = service.database().await;
        let organization = Organization::new_in(&database).await.id;
        let held = [
            "files:read",
            "files:write",
            "jobs:read",
            "events:read",
            "departments:read",
            "departments:write",
        ];
        let caller = Caller::sign_in_to(&database, service.tokens().await, organization, &held, None).await;
        Self { service, caller }
    }

    async fn upload(&self, bytes: &str) -> Answer {
        let request = self.caller.request(Method::POST, "/v1/files?name=a.txt").to(&self.service.base);
        request.body("application/octet-stream", bytes).send().await
    }

    async fn get(&self, path: &str) -> Answer {
        self.caller.request(Method::GET, path).to(&self.service.base).send().await
    }

    /// The file once its status is this.
    async fn becomes(&self, id: &str, status: &str) -> Value {
        for _ in 0..600 {
            let file = self.get(&format!("/v1/files/{id}")).await.is(200);
            if file["status"] == status {
                return file;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the file never became {status}");
    }
}

#[test]
fn a_file_is_quarantined_until_the_scanner_has_answered() {
    run(async {
        // The address is taken, and nobody answers there yet.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let watched = Watched::by("scanner", &address.to_string()).await;
        let good = watched.upload("nothing bad").await.is(201);
        let bad = watched.upload(VIRUS).await.is(201);
        assert_eq!((&good["status"], &bad["status"]), (&json!("quarantined"), &json!("quarantined")));
        let content = |file: &Value| format!("/v1/files/{}/content", id(file));
        tokio::time::sleep(Duration::from_secs(2)).await;
        let waiting = watched.get(&content(&good)).await;
        assert_eq!(waiting.header("retry-after"), Some("5"));
        waiting.is_problem(409, "file-quarantined");
        // The same content comes again while it waits: it is asked about once.
        let twin = watched.upload("nothing bad").await.is(201);
        assert_eq!(twin["status"], "quarantined");

        let asked = clamd(TcpListener::bind(address).unwrap());
        for file in [&good, &twin] {
            watched.becomes(&id(file), "available").await;
            assert_eq!(watched.get(&content(file)).await.text, "nothing bad");
        }
        watched.becomes(&id(&bad), "infected").await;
        watched.get(&content(&bad)).await.is_problem(409, "file-infected");
        assert_eq!(asked.load(Ordering::SeqCst), 2);

        // What it said counts for the same content from then on, and the infected one is gone from the store.
        assert_eq!(watched.upload("nothing bad").await.is(201)["status"], "available");
        let refused = watched.upload(VIRUS).await.is_problem(422, "invalid-input");
        assert_eq!(refused["errors"][0]["code"], "infected");
        let mut waited = 0;
        while uploads::objects(watched.caller.organization).len() != 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            waited += 1;
            assert!(waited < 100, "{:?}", uploads::objects(watched.caller.organization));
        }
        let told = watched.get(&format!("/v1/files/{}/history", id(&bad))).await.is(200);
        assert_eq!(told["data"][1]["type"], "file.infected");
        assert_eq!(told["data"][1]["actor"], json!(format!("user:{}", watched.caller.user)));
    });
}

#[test]
fn a_scanner_may_listen_at_a_socket() {
    run(async {
        use std::os::unix::net::UnixListener;
        let folder = files_folder();
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join(format!("{}.sock", Uuid::now_v7().simple()));
        let listener = UnixListener::bind(&path).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut all = Vec::new();
                let mut piece = [0; 4096];
                while !all.ends_with(&[0, 0, 0, 0]) {
                    let read = stream.read(&mut piece).unwrap();
                    all.extend_from_slice(&piece[..read]);
                }
                stream.write_all(b"stream: OK\0").unwrap();
            }
        });
        let watched = Watched::by("scanner-socket", path.to_str().unwrap()).await;
        let file = watched.upload("through a socket").await.is(201);
        watched.becomes(&id(&file), "available").await;
    });
}
