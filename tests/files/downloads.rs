//! Contents as they come back: whole, in ranges, and always as something to be saved.
use crate::support::{Caller, Organization, run};
use crate::{PNG, id, note};
use reqwest::Method;

async fn ranged(caller: &Caller, path: &str, range: &str) -> crate::support::Answer {
    caller.request(Method::GET, path).header("range", range).send().await
}

#[test]
fn a_content_is_saved_and_never_shown() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let file = caller.upload("name=%E2%82%AC%20%22rates%22;%20x.txt", "EUR 1.00").await.is(201);
        let path = format!("/v1/files/{}/content", id(&file));
        let content = caller.request(Method::GET, &path).header("accept-encoding", "gzip, br").send().await;
        assert_eq!(content.header("content-type"), Some("application/octet-stream"));
        assert_eq!(content.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(
            content.header("content-security-policy"),
            Some("default-src 'none'; sandbox; frame-ancestors 'none'")
        );
        assert_eq!(content.header("cache-control"), Some("no-store"));
        assert_eq!(content.header("content-length"), Some("8"));
        assert_eq!(
            content.header("etag"),
            Some(format!("\"{}\"", file["sha256"].as_str().unwrap()).as_str())
        );
        let disposition = content.header("content-disposition").unwrap();
        assert!(
            disposition.starts_with(
                "attachment; filename=\"_ _rates_; x.txt\"; filename*=UTF-8''%E2%82%AC%20%22rates%22"
            ),
            "{disposition}"
        );
        assert_eq!(content.text, "EUR 1.00");
        let head = caller.request(Method::HEAD, &path).send().await;
        assert_eq!((head.status, head.header("content-length"), head.text.as_str()), (200, Some("8"), ""));
        let tag = content.header("etag").unwrap().to_owned();
        let unchanged = caller.request(Method::GET, &path).header("if-none-match", &tag).send().await;
        assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""));
        caller
            .get("/v1/files/01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f/content")
            .await
            .is_problem(404, "not-found");
    });
}

#[test]
fn ranges_are_answered_with_what_was_asked_for() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let text: String = ('a'..='z').cycle().take(30_000).collect();
        let path = format!("/v1/files/{}/content", note(&caller, &text).await);
        for (range, told, expected) in [
            ("bytes=0-9", "bytes 0-9/30000", &text[..10]),
            ("bytes=29990-", "bytes 29990-29999/30000", &text[29_990..]),
            ("bytes=-5", "bytes 29995-29999/30000", &text[29_995..]),
            ("bytes=10000-20000", "bytes 10000-20000/30000", &text[10_000..=20_000]),
        ] {
            let part = ranged(&caller, &path, range).await;
            assert_eq!((part.status, part.header("content-range")), (206, Some(told)), "{range}");
            assert_eq!(part.text, expected, "{range}");
        }
        for range in ["bytes=30000-", "bytes=-0"] {
            let problem = ranged(&caller, &path, range).await;
            assert_eq!(problem.header("content-range"), Some("bytes */30000"));
            problem.is_problem(416, "range-not-satisfiable");
        }
        for range in ["bytes=1-2,5-6", "lines=1-2", "bytes=x"] {
            assert_eq!(ranged(&caller, &path, range).await.whole(), 30_000, "{range}");
        }
        // A range of another content is answered with the whole of this one.
        let request =
            caller.request(Method::GET, &path).header("range", "bytes=0-9").header("if-range", "\"another\"");
        assert_eq!(request.send().await.whole(), 30_000);
    });
}

impl crate::support::Answer {
    fn whole(self) -> usize {
        assert_eq!(self.status, 200, "{}", self.text);
        self.text.len()
    }
}

#[test]
fn slow_readers_hold_no_connection_of_the_database() {
    run(async {
        use std::io::{Read, Write};
        let caller = Organization::new().await.owner().await;
        let mut large = PNG.to_vec();
        large.resize(20 << 20, 0);
        let file = id(&caller.upload("name=a.png", large).await.is(201));
        let address = crate::support::service().base.trim_start_matches("http://").to_owned();
        // More readers than there are connections, who take the first bytes and then nothing.
        let readers: Vec<_> = (0..40)
            .map(|_| {
                let mut stream = std::net::TcpStream::connect(&address).unwrap();
                let request = format!(
                    "GET /v1/files/{file}/content HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\n\r\n",
                    caller.token
                );
                stream.write_all(request.as_bytes()).unwrap();
                let mut first = [0; 12];
                stream.read_exact(&mut first).unwrap();
                assert_eq!(&first, b"HTTP/1.1 200");
                stream
            })
            .collect();
        let started = std::time::Instant::now();
        for _ in 0..20 {
            caller.get("/v1/files").await.is(200);
        }
        assert!(started.elapsed().as_secs() < 2, "{:?}", started.elapsed());
        drop(readers);
    });
}
