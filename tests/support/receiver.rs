//! A receiver of webhooks: notes what comes, and answers as it is told.
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A webhook as it came.
#[derive(Clone, Debug)]
pub struct Received {
    pub at: Instant,
    pub headers: HashMap<String, String>,
    pub text: String,
    pub body: Value,
}

impl Received {
    pub fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }
    pub fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap()
    }
    pub fn about(&self) -> &str {
        self.body["data"]["resource_id"].as_str().unwrap()
    }
    pub fn version(&self) -> u64 {
        self.body["data"]["version"].as_u64().unwrap()
    }
}

/// What the receiver does with a webhook.
#[derive(Clone, Debug)]
pub struct Reaction {
    pub status: u16,
    pub headers: String,
    pub body: Vec<u8>,
    pub after: Duration,
}

impl Reaction {
    pub fn status(status: u16) -> Self {
        Self { status, headers: String::new(), body: Vec::new(), after: Duration::ZERO }
    }
    pub fn header(mut self, line: &str) -> Self {
        self.headers = format!("{line}\r\n");
        self
    }
    pub fn after(mut self, pause: Duration) -> Self {
        self.after = pause;
        self
    }
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }
}

type React = dyn Fn(&Received) -> Reaction + Send + Sync;

/// It listens until it is dropped.
pub struct Receiver {
    pub address: String,
    noted: Arc<Mutex<Vec<Received>>>,
    react: Arc<Mutex<Arc<React>>>,
    listening: tokio::task::JoinHandle<()>,
}

impl Receiver {
    /// One that takes everything.
    pub async fn new() -> Self {
        Self::at("127.0.0.1:0").await
    }

    pub async fn at(address: &str) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let noted: Arc<Mutex<Vec<Received>>> = Arc::default();
        let react: Arc<Mutex<Arc<React>>> = Arc::new(Mutex::new(Arc::new(|_| Reaction::status(204))));
        let (kept, reacting) = (Arc::clone(&noted), Arc::clone(&react));
        let listening = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer(stream, Arc::clone(&kept), Arc::clone(&reacting)));
            }
        });
        Self { address, noted, react, listening }
    }

    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// From now on it does this.
    pub fn reacts(&self, react: impl Fn(&Received) -> Reaction + Send + Sync + 'static) {
        *self.react.lock().unwrap() = Arc::new(react);
    }

    /// Everything that came so far.
    pub fn all(&self) -> Vec<Received> {
        self.noted.lock().unwrap().clone()
    }

    /// Waits until so many have come, and answers all of them.
    pub async fn got(&self, count: usize) -> Vec<Received> {
        let patience = Instant::now() + Duration::from_secs(40);
        loop {
            let all = self.all();
            if all.len() >= count {
                return all;
            }
            assert!(Instant::now() < patience, "{} of {count} webhooks came: {all:#?}", all.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn answer(mut stream: TcpStream, noted: Arc<Mutex<Vec<Received>>>, react: Arc<Mutex<Arc<React>>>) {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break end + 4;
            }
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let headers: HashMap<String, String> = head
            .lines()
            .skip(1)
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        let length: usize = headers["content-length"].parse().unwrap();
        while bytes.len() < end + length {
            if !matches!(stream.read_buf(&mut bytes).await, Ok(1..)) {
                return;
            }
        }
        let text = String::from_utf8(bytes[end..end + length].to_vec()).unwrap();
        bytes.drain(..end + length);
        let body = serde_json::from_str(&text).unwrap();
        let received = Received { at: Instant::now(), headers, text, body };
        noted.lock().unwrap().push(received.clone());
        let react = Arc::clone(&react.lock().unwrap());
        let reaction = react(&received);
        tokio::time::sleep(reaction.after).await;
        let head = format!(
            "HTTP/1.1 {} Told\r\n{}Content-Length: {}\r\n\r\n",
            reaction.status,
            reaction.headers,
            reaction.body.len()
        );
        let head = if reaction.status == 204 { head.replace("Content-Length: 0\r\n", "") } else { head };
        if stream.write_all(head.as_bytes()).await.is_err() || stream.write_all(&reaction.body).await.is_err()
        {
            return;
        }
    }
}
