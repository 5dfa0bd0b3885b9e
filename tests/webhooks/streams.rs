//! The feed as server-sent events.
use crate::support::{Caller, Organization, Service, run, service};
use crate::until;
use reqwest::Response;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A stream that is being read.
struct Stream {
    response: Response,
    text: String,
}

/// One event of it.
#[derive(Debug)]
struct Sent {
    id: String,
    event: String,
    data: Value,
}

impl Stream {
    async fn open(caller: &Caller, base: &str, query: &str, last: Option<&str>) -> Self {
        let request = reqwest::Client::new()
            .get(format!("{base}/v1/events?{query}"))
            .header("authorization", format!("Bearer {}", caller.token))
            .header("accept", "text/event-stream")
            .header("accept-encoding", "gzip");
        let request = last.into_iter().fold(request, |request, id| request.header("last-event-id", id));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next block; none where the stream has ended.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block = self.text[..end].to_owned();
                self.text.drain(..end + 2);
                return Some(block);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(25), self.response.chunk()).await;
            let chunk = chunk.unwrap().unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event, comments left out.
    async fn next(&mut self) -> Option<Sent> {
        loop {
            let block = self.block().await?;
            if block.starts_with(':') {
                continue;
            }
            let field = |name: &str| {
                block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap().to_owned()
            };
            let data = serde_json::from_str(&field("data")).unwrap();
            return Some(Sent { id: field("id"), event: field("event"), data });
        }
    }
}

#[test]
fn a_stream_tells_what_was_and_what_comes_and_goes_on_where_it_broke_off() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let base = &service().base;
        caller.department("One", None).await;
        let mut stream = Stream::open(&caller, base, "resource=departments", None).await;
        let first = stream.next().await.unwrap();
        assert_eq!(
            (first.event.as_str(), &first.data["type"]),
            ("department.created", &json!("department.created"))
        );
        let second = caller.department("Two", None).await;
        let told = stream.next().await.unwrap();
        assert_eq!(told.data["resource_id"], second);
        // The same events as in the pages.
        let feed = caller.get("/v1/events?resource=departments").await.is(200);
        assert_eq!(feed["data"], json!([first.data, told.data]));
        drop(stream);
        let third = caller.department("Three", None).await;
        let mut stream = Stream::open(&caller, base, "resource=departments", Some(&first.id)).await;
        assert_eq!(stream.next().await.unwrap().id, told.id);
        assert_eq!(stream.next().await.unwrap().data["resource_id"], third);
        let bad = caller.request(reqwest::Method::GET, "/v1/events").header("accept", "text/event-stream");
        bad.header("last-event-id", "none").send().await.is_problem(422, "invalid-input");
    });
}

#[test]
fn a_quiet_stream_beats_and_ends_with_the_permission() {
    run(async {
        let organization = Organization::new().await;
        let caller = organization.caller(&["events:read", "departments:read"]).await;
        let mut stream = Stream::open(&caller, &service().base, "", None).await;
        let opened = Instant::now();
        // What is there first, whatever it is; then nothing but a beat.
        while let Some(block) = stream.block().await {
            if block.starts_with(": nothing new") && opened.elapsed() > Duration::from_secs(10) {
                break;
            }
        }
        assert!(opened.elapsed() < Duration::from_secs(20), "{:?}", opened.elapsed());
        let database = service().database().await;
        let lose = "delete from role_permissions where org_id = $1 and role_id = $2 and resource = 'events'";
        database.execute(lose, &[&organization.id, &caller.role]).await.unwrap();
        let asked = Instant::now();
        assert!(stream.next().await.is_none(), "the stream ends");
        assert!(asked.elapsed() < Duration::from_secs(20));
    });
}

#[test]
fn a_stream_ends_with_the_session_at_the_next_event() {
    run(async {
        let organization = Organization::new().await;
        let (caller, other) = (organization.owner().await, organization.owner().await);
        let mut stream = Stream::open(&caller, &service().base, "resource=departments", None).await;
        caller.department("One", None).await;
        assert_eq!(stream.next().await.unwrap().event, "department.created");
        let database = service().database().await;
        let end = "update sessions set status = 'ended' where org_id = $1 and id = $2";
        database.execute(end, &[&organization.id, &caller.session]).await.unwrap();
        other.department("Two", None).await;
        assert!(stream.next().await.is_none(), "nothing more is told");
    });
}

#[test]
fn streams_and_waiting_end_when_the_service_stops() {
    run(async {
        let (base, _, mut child) = Service::spawn(&service().url, &[]);
        let caller = Organization::new().await.owner().await;
        let mut stream = Stream::open(&caller, &base, "resource=positions", None).await;
        let waiting =
            caller.request(reqwest::Method::GET, "/v1/events?wait=30&type=position.created").to(&base);
        let waiting = tokio::spawn(waiting.send());
        tokio::time::sleep(Duration::from_millis(500)).await;
        let told = Instant::now();
        let pid = child.id().to_string();
        assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        while stream.block().await.is_some() {}
        assert_eq!(waiting.await.unwrap().is(200)["data"], json!([]));
        until("the service has ended", async || child.try_wait().unwrap().is_some()).await;
        assert_eq!(child.wait().unwrap().code(), Some(0));
        assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
    });
}
