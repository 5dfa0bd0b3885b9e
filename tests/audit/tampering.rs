//! What an auditor finds who has the feed and the checkpoints, and no access to the database: rows of events changed, taken
//! out or put in by somebody who has all access.
use crate::place::{Place, backoffice, checkpoints, feed, refusal, said, seal_all};
use crate::support::{Caller, Request, run};
use reqwest::Method;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Everything, so that the feed shows all.
const ALL: &[&str] = &[
    "events:read",
    "checkpoints:read",
    "departments:read",
    "departments:write",
    "memberships:read",
    "organizations:read",
    "roles:read",
    "sessions:read",
    "users:read",
];

pub fn file(name: &str, content: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("backoffice-test-audit-{}-{name}", std::process::id()));
    std::fs::write(&path, content).unwrap();
    path
}

/// What an auditor fetches: events and checkpoints, a line each.
async fn fetched(place: &Place, caller: &Caller) -> Vec<Value> {
    let get = async |path: String| place.get(caller, &path).await.is(200);
    let mut lines = checkpoints(get).await;
    lines.extend(feed(get).await);
    lines
}

fn verify(name: &str, lines: &[Value], flags: &[&str]) -> std::process::Output {
    let text: Vec<String> = lines.iter().map(|line| format!("{line}\n")).collect();
    let path = file(name, &text.concat());
    backoffice("", &[&["verify-events", path.to_str().unwrap()], flags].concat())
}

#[test]
fn an_auditor_finds_what_was_done_to_events_in_the_database() {
    run(async {
        let place = Place::start("tampered");
        let organization = place.organization().await;
        let caller = place.caller(organization.id, ALL).await;
        let client = place.connect().await;
        for batch in 0..3 {
            for number in 0..5 {
                let body = json!({"name": format!("{batch} {number}"), "code": format!("D{batch}{number}")});
                place.post(&caller, "/v1/departments", &body).await;
            }
            seal_all(&place.database, &client, organization.id).await;
        }
        let lines = fetched(&place, &caller).await;
        let events: Vec<&Value> = lines.iter().filter(|line| line["changes"].is_object()).collect();
        let keys = Request::new(Method::GET, "/.well-known/jwks.json").to(&place.base).send().await.is(200);
        let keys = file("keys.json", &keys.to_string());
        let kept: Vec<String> =
            lines.iter().filter(|line| line["root"].is_string()).map(|line| format!("{line}\n")).collect();
        let kept = file("kept.ndjson", &kept.concat());
        let flags = ["--keys", keys.to_str().unwrap(), "--kept", kept.to_str().unwrap()];
        let told = said(&verify("good", &lines, &flags));
        assert!(
            told.contains(&format!("{} events of organization {}", events.len(), organization.id)),
            "{told}"
        );
        assert!(!told.contains("not checked"), "{told}");

        // One more that nobody has sealed yet is no fault.
        place.post(&caller, "/v1/departments", &json!({"name": "New", "code": "NEW"})).await;
        let later = loop {
            // A transaction of another test may hold the feed back for a moment.
            let later = fetched(&place, &caller).await;
            if later.len() > lines.len() {
                break later;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        assert!(said(&verify("later", &later, &flags)).contains("1 later events are not sealed yet"));

        // By somebody who owns the database, one at a time.
        let victim: uuid::Uuid = events[events.len() - 3]["id"].as_str().unwrap().parse().unwrap();
        let inserted = "insert into events (org_id, sequence, transaction, at, actor, type, resource, resource_id, version, changes)
            overriding system value
            select org_id, sequence + 1000000, transaction, at, actor, type, resource, gen_random_uuid(), version, changes from events where id = $1";
        for (name, statement) in [
            (
                "altered",
                "update events set changes = jsonb_set(changes, '{name,after}', '\"Other\"') where id = $1",
            ),
            ("backdated", "update events set at = at - interval '1 microsecond' where id = $1"),
            ("renamed", "update events set actor = 'system' where id = $1"),
            ("deleted", "delete from events where id = $1"),
            ("inserted", inserted),
        ] {
            client.batch_execute("create table kept_events as table events").await.unwrap();
            assert_eq!(client.execute(statement, &[&victim]).await.unwrap(), 1, "{name}");
            let told = refusal(&verify(name, &fetched(&place, &caller).await, &flags));
            assert!(
                told.contains("was altered, taken out or put in") || told.contains("missing"),
                "{name}: {told}"
            );
            if name == "altered" {
                let last = size_of(&lines, 0);
                assert!(told.contains(&format!("which checkpoint {last} sealed")), "{told}");
            }
            client.batch_execute("delete from events; insert into events overriding system value table kept_events; drop table kept_events").await.unwrap();
        }
        said(&verify("whole again", &fetched(&place, &caller).await, &flags));
    });
}

/// The number of the checkpoint that stands there in the list, the newest first.
fn size_of(lines: &[Value], place: usize) -> &Value {
    &lines[place]["number"]
}

#[test]
fn an_auditor_is_not_talked_into_other_checkpoints() {
    run(async {
        let place = Place::start("forged");
        let organization = place.organization().await;
        let caller = place.caller(organization.id, ALL).await;
        let client = place.connect().await;
        for code in ["ONE", "TWO", "THREE"] {
            place.post(&caller, "/v1/departments", &json!({"name": code, "code": code})).await;
            seal_all(&place.database, &client, organization.id).await;
        }
        let lines = fetched(&place, &caller).await;
        said(&verify("as it was", &lines, &[]));
        let kept = file("kept.line", &format!("{}\n", lines[0]));
        let change = |work: &dyn Fn(&mut Vec<Value>)| {
            let mut changed = lines.clone();
            work(&mut changed);
            changed
        };
        let cases: [(&str, Vec<Value>, &str); 8] = [
            (
                "another root",
                change(&|lines| lines[0]["root"] = lines[1]["root"].clone()),
                "says something else than what is signed",
            ),
            (
                "another key",
                change(&|lines| lines[0]["key"]["x"] = lines[0]["key"]["y"].clone()),
                "signature",
            ),
            (
                "another signature",
                change(&|lines| lines[0]["signature"] = lines[1]["signature"].clone()),
                "says something else",
            ),
            ("no signature", change(&|lines| lines[0]["signature"] = json!("a.b")), "is no JWS"),
            ("one left out", change(&|lines| drop(lines.remove(1))), "is missing or there twice"),
            ("one twice", change(&|lines| lines.insert(0, lines[0].clone())), "is missing or there twice"),
            ("none", change(&|lines| lines.retain(|line| line["root"].is_null())), "there is no checkpoint"),
            (
                "neither",
                change(&|lines| lines.push(json!({"hello": "world"}))),
                "is neither an event nor a checkpoint",
            ),
        ];
        for (name, lines, why) in cases {
            let told = refusal(&verify(name, &lines, &[]));
            assert!(told.contains(why), "{name}: {told}");
        }
        // Somebody who owns the database has the key too and seals anew what they wrote: only what was kept elsewhere tells.
        client.batch_execute(&format!(
            "delete from checkpoints; delete from sealed_nodes; delete from sealed_events;
            update events set changes = jsonb_set(changes, '{{name,after}}', '\"Other\"') where org_id = '{}' and type = 'department.created'",
            organization.id
        )).await.unwrap();
        seal_all(&place.database, &client, organization.id).await;
        let anew = fetched(&place, &caller).await;
        said(&verify("anew", &anew, &[]));
        let told = refusal(&verify("anew", &anew, &["--kept", kept.to_str().unwrap()]));
        assert!(told.contains("is not the one that was kept"), "{told}");
        // And a key of one's own is none that the service has.
        let none = file("none.json", r#"{"keys": []}"#);
        assert!(
            refusal(&verify("anew", &anew, &["--keys", none.to_str().unwrap()]))
                .contains("none of those to be trusted")
        );
        assert!(refusal(&backoffice("", &["verify-events", "/nowhere"])).contains("/nowhere"));
    });
}
