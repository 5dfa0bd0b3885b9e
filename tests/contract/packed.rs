//! Bodies that are too large, or that become so when they are unpacked.
use crate::input::takers;
use crate::support::{Organization, Service, run, service};
use reqwest::Method;
use serde_json::json;
use std::io::Write;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(text).unwrap();
    packed.finish().unwrap()
}

fn br(text: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    brotli::CompressorWriter::new(&mut packed, 4096, 5, 22).write_all(text).unwrap();
    packed
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

#[test]
fn what_is_too_large_is_refused_packed_or_not_and_memory_stays() {
    run(async {
        // 64 MiB of spaces, which JSON allows, pack to some 60 kB, 60 B and 6 kB.
        let spaces = vec![b' '; 64 << 20];
        let bombs = [("gzip", gzip(&spaces)), ("br", br(&spaces)), ("zstd", zstd(&spaces))];
        drop(spaces);
        // A service of its own, whose memory nobody else's requests move.
        let (base, _, mut child) = Service::spawn(&service().url, &["--workers", "1"]);
        let takers = takers().await;
        takers[0].send_to(&base, "{").await;
        let before = resident_kib(child.id());
        for taker in &takers {
            let large = format!("{{\"large\": \"{}\"}}", "a".repeat(2 << 20));
            taker.send_to(&base, &large).await.is_problem(413, "too-large");
            for (encoding, bomb) in &bombs {
                assert!(bomb.len() < 1 << 20, "{encoding} packs to {}", bomb.len());
                let answer = taker
                    .request()
                    .header("content-encoding", encoding)
                    .body("application/json", bomb.clone())
                    .to(&base)
                    .send()
                    .await;
                assert_eq!(answer.status, 413, "{} {encoding}: {}", taker.operation.id(), answer.text);
                answer.is_problem(413, "too-large");
            }
        }
        let grown = resident_kib(child.id()).saturating_sub(before);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(grown < 64 << 10, "the service grew by {grown} KiB");
    });
}

/// Memory of the process that is in use.
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_packed_body_is_unpacked() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let packers = [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("br", br), ("zstd", zstd)];
        for (encoding, pack) in packers {
            let body = json!({"name": encoding, "code": encoding.to_uppercase()}).to_string();
            let request =
                caller.request(Method::POST, "/v1/departments").header("content-encoding", encoding);
            let made = request.body("application/json", pack(body.as_bytes())).send().await.is(201);
            assert_eq!(made["name"], encoding);
            // Cut, or nothing of the kind.
            let broken = caller.request(Method::POST, "/v1/departments").header("content-encoding", encoding);
            let answer = broken.body("application/json", b"no such packing".to_vec()).send().await;
            answer.is_problem(400, "malformed-request");
        }
    });
}
