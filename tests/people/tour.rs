//! The tour and the README's first request, run as they are written: every block marked `sh` goes through one bash, and
//! every line of the `text` block behind it must come out of it, in that order. `…` in such a line stands for anything.
use crate::support::Service;
use std::process::Command;

const PASSWORD: &str = "tea-at-the-window";

struct Block {
    script: String,
    wanted: Vec<String>,
}

fn blocks(document: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = None;
    for line in document.lines() {
        match (inside, line.trim_end()) {
            (None, "```sh") => {
                blocks.push(Block { script: String::new(), wanted: Vec::new() });
                inside = Some("sh");
            }
            (None, "```text") => inside = Some("text"),
            (None, other) if other.starts_with("```") => inside = Some("something else"),
            (Some(_), "```") => inside = None,
            (Some("sh"), code) => blocks.last_mut().unwrap().script.extend([code, "\n"]),
            (Some("text"), wanted) => blocks.last_mut().unwrap().wanted.push(wanted.to_owned()),
            _ => {}
        }
    }
    blocks
}

/// Whether the line holds the fragments between the `…`, one after the other.
fn holds(line: &str, wanted: &str) -> bool {
    let mut rest = Some(line);
    for fragment in wanted.split('…') {
        rest = rest.and_then(|rest| rest.find(fragment.trim()).map(|at| &rest[at + fragment.trim().len()..]));
    }
    rest.is_some()
}

fn take(document: &str, base: &str) {
    let blocks = blocks(document);
    assert!(!blocks.is_empty());
    let mut script = "set -euo pipefail\nexec 2>&1\n".to_owned();
    for (number, block) in blocks.iter().enumerate() {
        script.extend(["echo; echo '=== ", &number.to_string(), "'\n", &block.script]);
    }
    let output = Command::new("bash")
        .args(["-c", &script])
        .env("API", base)
        .env("PASSWORD", PASSWORD)
        .env("PORT", crate::support::free_address().rsplit(':').next().unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "it stopped at the end of:\n{said}");
    for (number, block) in blocks.iter().enumerate() {
        let (_, rest) = said.split_once(&format!("=== {number}\n")).unwrap();
        let said = rest.split("\n=== ").next().unwrap();
        let mut lines = said.lines();
        for wanted in &block.wanted {
            assert!(
                lines.any(|line| holds(line, wanted)),
                "«{wanted}» did not come out of\n{}\nbut\n{said}",
                block.script
            );
        }
    }
}

#[test]
fn the_tour_goes_as_it_is_written_and_again() {
    let (base, _, mut child) = service_with_demo("tour");
    let tour = include_str!("../../docs/tour.md");
    assert!(blocks(tour).len() >= 9 && blocks(tour).iter().all(|block| !block.wanted.is_empty()));
    take(tour, &base);
    take(tour, &base);
    take(include_str!("../../README.md"), &base);
    child.kill().unwrap();
}

fn service_with_demo(name: &str) -> (String, String, std::process::Child) {
    let cluster = crate::support::service().cluster();
    cluster.create_database(name).unwrap();
    Service::spawn(&cluster.url(name), &["--demo", "--demo-password", PASSWORD])
}

#[test]
fn a_line_is_held_by_its_fragments_in_order() {
    assert!(holds("HTTP/1.1 200 OK", "HTTP/1.1 200"));
    assert!(holds(r#"{"id":"1","name":"Payroll"}"#, r#"{"id":"…","name":"Payroll"…}"#));
    assert!(!holds(r#"{"name":"Payroll","id":"1"}"#, r#""id"…"name""#));
    assert!(!holds("HTTP/1.1 412 Precondition Failed", "200"));
}
