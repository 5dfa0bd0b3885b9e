//! The edges of the service: what the framework would answer by itself, headers in and out, slow and oversized
//! requests, limits, packing, CORS.
use crate::support::{Caller, Organization, Request, Service, run, service};
use reqwest::Method;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::{Duration, Instant};

/// A service of the test's own on the shared database.
pub struct Own {
    pub base: String,
    child: Child,
}

impl Own {
    pub fn start(flags: &[&str]) -> Self {
        let (base, _, child) = Service::spawn(&service().url, flags);
        Self { base, child }
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn connect() -> TcpStream {
    let stream = TcpStream::connect(service().base.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// Sends the bytes as they are; status, head and body of the answer.
pub fn raw(request: &str) -> (u16, String, String) {
    let mut stream = connect();
    stream.write_all(request.as_bytes()).unwrap();
    read_answer(&mut stream)
}

fn read_answer(stream: &mut TcpStream) -> (u16, String, String) {
    let mut answer = Vec::new();
    // The service may close with what it did not read still on its way: what it said counts.
    let _ = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, head.to_lowercase(), body.to_owned())
}

#[test]
fn what_the_framework_would_answer_is_a_problem_too() {
    run(async {
        let caller = Organization::new().await.owner().await;
        Request::new(Method::GET, "/no/such/thing").send().await.is_problem(404, "not-found");
        Request::new(Method::PUT, "/v1/employees").send().await.is_problem(405, "method-not-allowed");
        Request::new(Method::OPTIONS, "/v1/employees").send().await.is_problem(405, "method-not-allowed");
        caller.request(Method::POST, "/v1/employees").send().await.is_problem(415, "unsupported-media-type");
        caller.get("/v1/employees/not-an-id").await.is_problem(404, "not-found");
        caller.get("/v1/employees/%ff").await.is_problem(404, "not-found");
        for path in [
            "/%",
            "/%zz",
            "/v1/../../etc/passwd",
            "/v1/employees/..%2f..",
            "/docs/../../etc/passwd",
            "/docs/no-such-file.js",
            "//",
            "/\u{7f}",
        ] {
            let (status, head, body) =
                raw(&format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n"));
            let refused =
                if path.starts_with("/v1/employees") { status == 401 } else { matches!(status, 400 | 404) };
            assert!(refused, "{path}: {status} {body}");
            if status == 404 {
                assert!(head.contains("application/problem+json"), "{path}: {head}");
            }
            assert!(!body.contains("root:"), "{path}");
        }
    });
}

#[test]
fn requests_that_are_no_http_end_without_harm() {
    let odd = [
        "GET\r\n\r\n",
        "\0\0\0\0",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
        "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n\r\n",
    ];
    for request in odd {
        let (status, _, body) = raw(request);
        assert!(status == 0 || (400..500).contains(&status), "{request:?}: {status} {body}");
    }
    run(async { Request::new(Method::GET, "/livez").send().await.is(200) });
}

#[test]
fn methods_that_show_or_tunnel_are_refused() {
    let address = service().base.trim_start_matches("http://");
    for (method, target) in [
        ("TRACE", "/"),
        ("TRACE", "/v1/employees"),
        ("CONNECT", address),
        ("TRACK", "/"),
        ("PROPFIND", "/v1/employees"),
        ("get", "/livez"),
    ] {
        let (status, head, body) = raw(&format!(
            "{method} {target} HTTP/1.1\r\nHost: test\r\nX-Secret: hunter2\r\nConnection: close\r\n\r\n"
        ));
        assert!([400, 404, 405].contains(&status), "{method}: {status} {head}");
        assert!(!body.contains("hunter2"), "{method} shows what was sent");
        if method == "TRACE" {
            assert_eq!(status, 405);
            assert!(head.contains("allow: ") && body.contains("method-not-allowed"), "{head} {body}");
        }
    }
}

#[test]
fn a_body_that_drips_is_ended_while_others_are_answered() {
    let begun = Instant::now();
    let dripping: Vec<_> = (0..40)
        .map(|_| {
            let caller = run(async { Organization::new().await.owner().await });
            std::thread::spawn(move || {
                let mut stream = connect();
                let head = format!(
                    "POST /v1/departments HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n{{",
                    caller.token
                );
                stream.write_all(head.as_bytes()).unwrap();
                let (mut reading, started) = (stream.try_clone().unwrap(), Instant::now());
                std::thread::spawn(move || {
                    while started.elapsed() < Duration::from_secs(25) && stream.write_all(b" ").is_ok() {
                        std::thread::sleep(Duration::from_millis(500));
                    }
                });
                let (status, _, body) = read_answer(&mut reading);
                (status, body, started.elapsed())
            })
        })
        .collect();
    run(async {
        let caller = Organization::new().await.owner().await;
        let mut took = Vec::new();
        while took.len() < 40 {
            let started = Instant::now();
            caller.get("/v1/departments").await.is(200);
            took.push(started.elapsed());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        took.sort();
        assert!(took[38] < Duration::from_secs(1), "the 95th percentile of the others is {:?}", took[38]);
    });
    for thread in dripping {
        let (status, body, took) = thread.join().unwrap();
        assert_eq!(status, 408, "{body}");
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(problem["code"], "request-timeout");
        // Ten seconds for the body, then five in which a client may take its answer before the connection is closed.
        assert!(took < Duration::from_secs(20), "after {took:?}");
    }
    assert!(begun.elapsed() < Duration::from_mins(1));
}

#[test]
fn headers_that_drip_are_ended() {
    let mut stream = connect();
    stream.write_all(b"GET /livez HTTP/1.1\r\nHost: test\r\n").unwrap();
    let (mut reading, started) = (stream.try_clone().unwrap(), Instant::now());
    std::thread::spawn(move || {
        while started.elapsed() < Duration::from_secs(25) && stream.write_all(b"X: y\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(500));
        }
    });
    let (status, ..) = read_answer(&mut reading);
    assert!(status == 408 || status == 0, "{status}");
    assert!(started.elapsed() < Duration::from_secs(20), "after {:?}", started.elapsed());
}

#[test]
fn answers_are_packed_as_the_caller_likes() {
    run(async {
        let plain =
            reqwest::get(format!("{}/openapi.json", service().base)).await.unwrap().text().await.unwrap();
        for (asked, told) in [
            ("gzip", Some("gzip")),
            ("br", Some("br")),
            ("zstd", Some("zstd")),
            ("identity", None),
            ("gzip;q=0, br", Some("br")),
            ("no-such", None),
        ] {
            let request = reqwest::Client::new()
                .get(format!("{}/openapi.json", service().base))
                .header("accept-encoding", asked);
            let answer = request.send().await.unwrap();
            let encoding =
                answer.headers().get("content-encoding").map(|value| value.to_str().unwrap().to_owned());
            let vary = answer
                .headers()
                .get_all("vary")
                .iter()
                .any(|value| value.to_str().unwrap().to_lowercase().contains("accept-encoding"));
            assert_eq!(answer.status(), 200, "{asked}");
            assert_eq!(encoding.as_deref(), told, "{asked}");
            assert!(told.is_none() || vary, "a cache must know that {asked} was asked for");
            let bytes = answer.bytes().await.unwrap();
            let mut text = String::new();
            match told {
                Some("gzip") => flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap(),
                Some("br") => brotli::Decompressor::new(&bytes[..], 4096).read_to_string(&mut text).unwrap(),
                Some(_) => zstd::Decoder::new(&bytes[..]).unwrap().read_to_string(&mut text).unwrap(),
                None => (&bytes[..]).read_to_string(&mut text).unwrap(),
            };
            assert_eq!(text, plain, "{asked}");
            assert!(
                told.is_none() || bytes.len() < plain.len() / 4,
                "{asked} packs {} to {}",
                plain.len(),
                bytes.len()
            );
        }
    });
}

async fn until_refused(caller: &Caller, base: &str, at_most: usize) -> (usize, crate::support::Answer) {
    for answered in 0..at_most {
        let answer = caller.request(Method::GET, "/v1/departments").to(base).send().await;
        if answer.status == 429 {
            return (answered, answer);
        }
        answer.is(200);
    }
    panic!("{at_most} requests were answered");
}

#[test]
fn who_asks_too_much_waits_and_others_do_not() {
    run(async {
        // Three a second for a session, which may save up thirty; five for an organization, which may save up fifty.
        let own = Own::start(&["--rate-per-session", "3", "--rate-per-organization", "5", "--workers", "1"]);
        let organization = Organization::new().await;
        let (noisy, colleague) = (organization.owner().await, organization.owner().await);
        let (answered, refused) = until_refused(&noisy, &own.base, 60).await;
        assert!((30..45).contains(&answered), "{answered} were answered");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=10).contains(&wait), "wait {wait} s");
        assert_eq!(refused.header("ratelimit-policy"), Some("\"session\";q=3;w=1"));
        assert!(
            refused.header("ratelimit").unwrap().starts_with("\"session\";r=0;t="),
            "{:?}",
            refused.header("ratelimit")
        );
        refused.is_problem(429, "too-many-requests");
        // The colleague meets the organization's limit, another organization none.
        let (answered, refused) = until_refused(&colleague, &own.base, 60).await;
        assert!(answered < 30, "{answered}");
        assert_eq!(refused.header("ratelimit-policy"), Some("\"organization\";q=5;w=1"));
        let other = Organization::new().await.owner().await;
        other.request(Method::GET, "/v1/departments").to(&own.base).send().await.is(200);
        tokio::time::sleep(Duration::from_secs(wait)).await;
        noisy.request(Method::GET, "/v1/departments").to(&own.base).send().await.is(200);
    });
}

#[test]
fn it_says_where_everything_is_and_how_it_is() {
    run(async {
        let about = Request::new(Method::GET, "/").send().await.is(200);
        for (name, address) in about
            .as_object()
            .unwrap()
            .iter()
            .filter(|(_, value)| value.as_str().is_some_and(|text| text.starts_with('/')))
        {
            let status =
                Request::new(Method::GET, address.as_str().unwrap()).try_send().await.unwrap().status;
            assert!([200, 405].contains(&status), "{name}: {address} answers {status}");
        }
        assert_eq!(Request::new(Method::GET, "/livez").send().await.is(200)["status"], "ok");
        assert_eq!(Request::new(Method::GET, "/readyz").send().await.is(200)["status"], "ok");
        Request::new(Method::GET, "/metrics").send().await.is_problem(404, "not-found");
    });
}

#[test]
fn metrics_are_told_by_operation_and_name_nobody() {
    run(async {
        let caller = Organization::new().await.owner().await;
        caller.department("Metered", None).await;
        let id = uuid::Uuid::now_v7();
        caller.get(&format!("/v1/departments/{id}")).await.is_problem(404, "not-found");
        Request::new(Method::GET, &format!("/no/such/{id}")).send().await.is_problem(404, "not-found");
        let page = reqwest::get(&service().metrics).await.unwrap().text().await.unwrap();
        for line in [
            "backoffice_requests_total{operation=\"create_department\",status=\"201\"}",
            "backoffice_requests_total{operation=\"get_department\",status=\"404\"}",
            "backoffice_request_seconds_bucket{operation=\"create_department\"",
            "backoffice_database_statements_total{operation=\"create_department\"}",
            "backoffice_database_connections ",
        ] {
            assert!(page.contains(line), "no {line}");
        }
        // Labels come from the contract, so that nobody can fill the memory with paths.
        assert!(
            !page.contains("/no/such")
                && !page.contains(&id.to_string())
                && !page.contains(&caller.user.to_string()),
            "a request's own words became a label"
        );
    });
}

#[test]
fn swagger_ui_is_served_whole_from_the_program_itself() {
    run(async {
        let index = Request::new(Method::GET, "/docs/").try_send().await.unwrap();
        assert_eq!(index.status, 200);
        assert!(index.header("content-type").unwrap().starts_with("text/html"));
        let mut pieces = 0;
        for attribute in ["src=\"", "href=\""] {
            for piece in index.text.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(!piece.contains("//"), "{piece} is fetched from elsewhere");
                let path = format!("/docs/{}", piece.trim_start_matches("./"));
                let answer = Request::new(Method::GET, &path).try_send().await.unwrap();
                assert_eq!(answer.status, 200, "{path}");
                pieces += 1;
            }
        }
        assert!(pieces >= 4, "{pieces} pieces");
        let start = Request::new(Method::GET, "/docs/swagger-initializer.js").try_send().await.unwrap().text;
        assert!(start.contains("/openapi.json"), "{start}");
        let policy = index.header("content-security-policy").unwrap();
        assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe-eval"), "{policy}");
    });
}
