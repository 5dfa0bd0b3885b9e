//! What is taken, and what is refused, with nothing left behind.
use crate::support::{Organization, files_folder, run, service};
use crate::{PNG, fault, id, note};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Objects that the organization has in the store.
pub fn objects(organization: Uuid) -> Vec<std::path::PathBuf> {
    let below = |folder: std::path::PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
    let stores = below(files_folder()).map(|store| store.path().join(organization.to_string()));
    let days = stores.flat_map(below);
    days.flat_map(|day| below(day.path())).map(|entry| entry.path()).collect()
}

#[test]
fn a_file_is_what_its_bytes_are_and_comes_back_as_it_was() {
    run(async {
        let caller = Organization::new().await.caller(&["files:read", "files:write"]).await;
        let made = caller.upload("name=C:%5Cfakepath%5CMoney%20plan.txt", "one,two\n").await;
        let location = made.header("location").unwrap().to_owned();
        let made = made.is(201);
        // printf 'one,two\n' | sha256sum
        let sha256 = "522d45a4d29c8cc69b7525211ceccfaa45bd7c06385ac7c71e1231b5fe0d111f";
        assert_eq!(made["sha256"], sha256);
        assert_eq!(
            (&made["name"], &made["content_type"], &made["size"], &made["status"], &made["purpose"]),
            (
                &json!("Money plan.txt"),
                &json!("text/plain"),
                &json!(8),
                &json!("available"),
                &json!("attachment")
            )
        );
        assert_eq!((&made["resource"], &made["created_by"]), (&Value::Null, &json!(caller.user)));
        let read = caller.get(&location).await.is(200);
        assert_eq!(read, made);
        let content = caller.get(&format!("{location}/content")).await;
        assert_eq!(content.text, "one,two\n");
        // The same bytes mean what the name, or who sends them, says; where they can not, they are refused.
        for (name, declared, expected) in [
            ("a.csv", "application/octet-stream", "text/csv"),
            ("a", "text/csv", "text/csv"),
            ("a.csv", "text/csv; charset=utf-8", "text/csv"),
            ("a", "application/octet-stream", "text/plain"),
            ("a.tsv", "application/octet-stream", "text/tab-separated-values"),
        ] {
            let sent =
                caller.request(Method::POST, &format!("/v1/files?name={name}")).body(declared, "one,two\n");
            assert_eq!(sent.send().await.is(201)["content_type"], expected, "{name} as {declared}");
        }
        let picture = caller.upload("name=me.png&purpose=portrait", PNG).await.is(201);
        assert_eq!(picture["content_type"], "image/png");
    });
}

#[test]
fn a_name_or_a_type_that_says_otherwise_is_refused() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for (name, declared, bytes, place) in [
            ("me.png", "image/jpeg", PNG, "Content-Type"),
            ("me.png", "application/x-msdownload", PNG, "Content-Type"),
            ("me.pdf", "image/png", PNG, "name"),
            ("me.png.exe", "application/octet-stream", PNG, "name"),
            ("run.bat", "text/plain", b"del *.*", "name"),
            ("run.js", "application/octet-stream", b"alert(1)", "name"),
        ] {
            let sent = caller.request(Method::POST, &format!("/v1/files?name={name}")).body(declared, bytes);
            let problem = sent.send().await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem), (place, "contradicts-content"), "{name} as {declared}");
        }
        for (what, bytes) in [
            ("a program", &b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0"[..]),
            ("another program", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0"),
            ("a page", b"<!DOCTYPE html><html><script>alert(1)</script>"),
            ("a page after a byte-order mark", b"\xef\xbb\xbf  <html></html>"),
            ("a picture that runs", b"<svg xmlns=\"http://www.w3.org/2000/svg\" onload=\"alert(1)\"/>"),
            (
                "XML",
                b"<?xml version=\"1.0\"?><!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><a>&b;</a>",
            ),
            ("a script", b"#!/bin/sh\nrm -rf /\n"),
            ("nothing known", b"\x01\x02\x03\x04\x05\0\0\0"),
        ] {
            for name in ["a", "a.txt", "a.pdf"] {
                let refused = caller.upload(&format!("name={name}"), bytes).await;
                assert_eq!(refused.status, 415, "{what} as {name}: {}", refused.text);
                refused.is_problem(415, "unsupported-media-type");
            }
        }
        for form in ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"] {
            let sent = caller.request(Method::POST, "/v1/files?name=a.txt").body(form, "a=b");
            sent.send().await.is_problem(415, "unsupported-media-type");
        }
        let packed = caller.request(Method::POST, "/v1/files?name=a.txt").header("content-encoding", "gzip");
        packed.body("application/octet-stream", "x").send().await.is_problem(415, "unsupported-media-type");
        assert_eq!(
            objects(caller.organization),
            Vec::<std::path::PathBuf>::new(),
            "nothing is left in the store"
        );
        let listed = caller.get("/v1/files").await.is(200);
        assert_eq!(listed["data"], json!([]));
    });
}

#[test]
fn what_is_two_things_at_once_is_refused() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let archive = crate::archives::zip(&[("a.txt", b"a")]);
        let gif = b"GIF89a/*\x01\0*/=1;";
        let mixtures: Vec<(&str, Vec<u8>)> = vec![
            ("a picture with an archive behind it", [PNG, &archive].concat()),
            ("a PDF with an archive behind it", [b"%PDF-1.7\n%%EOF\n", &archive[..]].concat()),
            ("text with an archive behind it", [b"hello ", &archive[..]].concat()),
            ("a picture with a PDF in it", [PNG, b"%PDF-1.7\n"].concat()),
            ("text with a PDF in it", b"hello\n%PDF-1.7\n".to_vec()),
            ("a picture with a page in its comment", [&gif[..], b"<script>alert(1)</script>"].concat()),
            (
                "a picture with a program at its end",
                [PNG, &[0; 200_000], b"<?php system($_GET[0]);"].concat(),
            ),
            ("a picture that is text", b"GIF89a=1;alert(1)".to_vec()),
            ("an archive behind a program", [b"PK\x03\x04hello", &archive[..]].concat()),
        ];
        for (what, bytes) in mixtures {
            let refused = caller.upload("name=a", bytes).await;
            assert!([415, 422].contains(&refused.status), "{what}: {}", refused.text);
            if refused.status == 422 {
                let code = refused.body["errors"][0]["code"].clone();
                assert!(code == "polyglot" || code == "broken-archive", "{what}: {code}");
            }
        }
        assert!(objects(caller.organization).is_empty());
    });
}

#[test]
fn size_and_type_are_limited_by_purpose_and_the_problem_says_how() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let told = caller.upload("name=a.txt&purpose=portrait", "text").await;
        let told = told.is_problem(415, "unsupported-media-type");
        let detail = told["detail"].as_str().unwrap();
        assert!(detail.contains("`portrait` may have 5 MiB and be one of: png, jpg, webp"), "{detail}");
        caller.upload("name=a.txt&purpose=no_such", "text").await.is_problem(422, "invalid-input");
        // 5 MiB fit, one byte more does not; announced, and found on the way.
        let mut picture = PNG.to_vec();
        picture.resize(5 << 20, 0);
        let fits = caller.upload("name=a.png&purpose=portrait", picture.clone()).await.is(201);
        assert_eq!(fits["size"], 5 << 20);
        picture.push(0);
        let refused = caller.upload("name=a.png&purpose=portrait", picture.clone()).await;
        let refused = refused.is_problem(413, "too-large");
        assert!(refused["detail"].as_str().unwrap().contains("5 MiB"), "{refused}");
        let pieces = futures_util::stream::iter(
            picture.chunks(100_000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>(),
        );
        let unannounced = reqwest::Client::new()
            .post(format!("{}/v1/files?name=a.png&purpose=portrait", service().base))
            .header("authorization", format!("Bearer {}", caller.token))
            .body(reqwest::Body::wrap_stream(pieces))
            .send()
            .await;
        // The answer may come while the client still sends; then it hears of the end of the connection.
        assert!(unannounced.is_err() || unannounced.unwrap().status() == 413);
        let empty = caller.upload("name=a.txt", "").await.is_problem(422, "invalid-input");
        assert_eq!(empty["errors"][0]["code"], "empty");
        assert_eq!(objects(caller.organization).len(), 1);
        let contract =
            crate::support::contract()["paths"]["/v1/files"]["post"]["requestBody"]["description"].clone();
        assert!(contract.as_str().unwrap().contains("`portrait` may have 5 MiB"), "{contract}");
    });
}

#[test]
fn names_are_one_visible_line_without_folders() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for bad in [
            "a%0D%0AX-Evil:%201.txt",
            "a%00.txt",
            "invoice%E2%80%AEfdp.txt",
            "a%09b.txt",
            "%20a.txt",
            "..",
            "a/..",
            "a/",
            &"a".repeat(256),
        ] {
            let problem = caller.upload(&format!("name={bad}"), "x").await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem).0, "name", "{bad}: {problem}");
        }
        caller.upload("purpose=attachment", "x").await.is_problem(422, "invalid-input");
        for (sent, kept) in [
            ("..%2F..%2Fetc%2Fpasswd", "passwd"),
            ("%E5%A5%91%E7%B4%84.txt", "契約.txt"),
            ("a%22b;c.txt", "a\"b;c.txt"),
        ] {
            assert_eq!(caller.upload(&format!("name={sent}"), "x").await.is(201)["name"], kept);
        }
        let file = note(&caller, "x").await;
        let path = format!("/v1/files/{file}");
        assert_eq!(caller.patch(&path, json!({"name": "renamed.md"})).await.is(200)["version"], 2);
        for bad in ["renamed.exe", "a/b.txt", "..", "a\u{202E}.txt"] {
            let problem = caller.patch(&path, json!({"name": bad})).await.is_problem(422, "invalid-input");
            assert_eq!(fault(&problem).0, "/name", "{bad}");
        }
    });
}

#[test]
fn the_same_content_is_kept_once_in_an_organization_and_never_across() {
    run(async {
        let organization = Organization::new().await;
        let (one, two) = (organization.owner().await, organization.owner().await);
        let other = Organization::new().await.owner().await;
        let first = one.upload("name=a.txt", "the same").await.is(201);
        let again = two.upload("name=b.txt", "the same").await.is(201);
        assert_eq!(first["sha256"], again["sha256"]);
        assert_ne!(first["id"], again["id"]);
        assert_eq!(objects(organization.id).len(), 1);
        let there = other.upload("name=c.txt", "the same").await.is(201);
        assert_eq!(there["version"], 1);
        assert_eq!((objects(organization.id).len(), objects(other.organization).len()), (1, 1));
        // Either reads theirs while the other's is gone.
        one.delete(&format!("/v1/files/{}", id(&first))).await.is(204);
        let still = two.get(&format!("/v1/files/{}/content", id(&again))).await;
        assert_eq!(still.text, "the same");
    });
}

#[test]
fn a_dry_run_and_a_repetition_leave_nothing_in_the_store() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let dry = caller.upload("name=a.txt&dry_run=true", "dry").await;
        assert_eq!(dry.header("dry-run"), Some("true"));
        dry.is(201);
        assert!(objects(caller.organization).is_empty());
        let send = |bytes: &str, key: &str| {
            let request = caller.request(Method::POST, "/v1/files?name=a.txt").header("idempotency-key", key);
            request.body("application/octet-stream", bytes).send()
        };
        let key = Uuid::now_v7().to_string();
        let first = send("once", &key).await.is(201);
        let again = send("once", &key).await;
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
        assert_eq!(again.is(201), first);
        send("twice", &key).await.is_problem(422, "idempotency-key-reused");
        assert_eq!(objects(caller.organization).len(), 1);
        let many = futures_util::future::join_all((0..8).map(|_| send("at once", "at-once"))).await;
        let made: Vec<_> = many
            .into_iter()
            .filter(|answer| answer.status == 201)
            .map(|answer| answer.body["id"].clone())
            .collect();
        assert!(!made.is_empty() && made.iter().all(|id| *id == made[0]), "{made:?}");
        assert_eq!(objects(caller.organization).len(), 2);
    });
}

#[test]
fn large_uploads_pass_through_without_growing_the_service() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let resident = || {
            let status = std::fs::read_to_string(format!("/proc/{}/status", service().child().id())).unwrap();
            let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap().to_owned();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        };
        caller.upload("name=warm.txt", "warm").await.is(201);
        let before = resident();
        // Eight at a time, of 25 MB each.
        let upload = async |index: usize| {
            let line = format!(
                "{index:02},a line of a hundred bytes or so, which stands here again and again until there is enough of it\n"
            );
            let piece = line.repeat(1000);
            let pieces =
                futures_util::stream::iter((0..250).map(move |_| Ok::<_, std::io::Error>(piece.clone())));
            let answer = reqwest::Client::new()
                .post(format!("{}/v1/files?name=lines.csv&purpose=import", service().base))
                .header("authorization", format!("Bearer {}", caller.token))
                .body(reqwest::Body::wrap_stream(pieces))
                .send()
                .await
                .unwrap();
            assert_eq!(answer.status(), 201);
            answer.json::<Value>().await.unwrap()
        };
        let made = futures_util::future::join_all((0..8).map(upload)).await;
        assert!(made.iter().all(|file| file["size"].as_u64().unwrap() > 20_000_000));
        let grown = resident() - before;
        assert!(grown < 64 * 1024, "the service grew by {grown} kB");
        // And so they come back.
        let mut read = 0;
        let mut content = caller_content(&caller, &id(&made[0])).await;
        while let Some(piece) = content.chunk().await.unwrap() {
            read += piece.len() as u64;
        }
        assert_eq!(Some(read), made[0]["size"].as_u64());
        assert!(resident() - before < 64 * 1024);
    });
}

async fn caller_content(caller: &crate::support::Caller, id: &str) -> reqwest::Response {
    let request = reqwest::Client::new().get(format!("{}/v1/files/{id}/content", service().base));
    request.header("authorization", format!("Bearer {}", caller.token)).send().await.unwrap()
}

#[test]
fn who_drips_is_ended_and_delays_nobody() {
    run(async {
        use std::io::{Read, Write};
        let caller = Organization::new().await.owner().await;
        let address = service().base.trim_start_matches("http://").to_owned();
        let started = std::time::Instant::now();
        let drippers: Vec<_> = (0..60)
            .map(|_| {
                let mut stream = std::net::TcpStream::connect(&address).unwrap();
                let token = caller.token.clone();
                std::thread::spawn(move || {
                    let head = format!(
                        "POST /v1/files?name=a.txt HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {token}\r\nContent-Length: 1000000\r\n\r\n"
                    );
                    stream.write_all(head.as_bytes()).unwrap();
                    stream.set_read_timeout(Some(std::time::Duration::from_millis(500))).unwrap();
                    let mut told = [0; 12];
                    while stream.read_exact(&mut told).is_err() {
                        if stream.write_all(b"a").is_err() || started.elapsed().as_secs() > 40 {
                            break;
                        }
                    }
                    (String::from_utf8_lossy(&told).into_owned(), started.elapsed())
                })
            })
            .collect();
        let mut slowest = std::time::Duration::ZERO;
        while started.elapsed().as_secs() < 10 {
            let asked = std::time::Instant::now();
            note(&caller, &Uuid::now_v7().to_string()).await;
            slowest = slowest.max(asked.elapsed());
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        assert!(slowest.as_secs_f32() < 1.0, "an upload beside them took {slowest:?}");
        for dripper in drippers {
            let (told, took) = dripper.join().unwrap();
            assert_eq!(told, "HTTP/1.1 408");
            assert!(took.as_secs() < 30, "{took:?}");
        }
    });
}

#[test]
fn an_upload_that_breaks_off_leaves_nothing() {
    run(async {
        use std::io::Write;
        let caller = Organization::new().await.owner().await;
        let address = service().base.trim_start_matches("http://").to_owned();
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        let head = format!(
            "POST /v1/files?name=a.txt HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer {}\r\nContent-Length: 1000000\r\n\r\n",
            caller.token
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(&vec![b'a'; 500_000]).unwrap();
        drop(stream);
        let mut waited = 0;
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            waited += 1;
            if waited > 10 && objects(caller.organization).is_empty() {
                break;
            }
            assert!(waited < 100, "{:?}", objects(caller.organization));
        }
        assert_eq!(caller.get("/v1/files").await.is(200)["data"], json!([]));
    });
}
