//! Events are sealed once, in the order of the feed, and anybody can prove it with what RFC 9162 says and the published keys.
use crate::place::{Place, backoffice, checkpoints, connect, database, feed, seal_all};
use crate::support::{Caller, Organization, Request, run, service};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, crypto};
use platform::token::Tokens;
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

type Hash = [u8; 32];

const READER: &[&str] = &[
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

/// A leaf as the page on it tells a stranger to write it: fields in order, no blanks, six decimals of a second.
fn leaf(event: &Value) -> Hash {
    fn written(value: &Value, out: &mut String) {
        match value {
            Value::Object(fields) => {
                let sorted: BTreeMap<&String, &Value> = fields.iter().collect();
                out.push('{');
                for (index, (key, value)) in sorted.into_iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    out.push_str(&json!(key).to_string());
                    out.push(':');
                    written(value, out);
                }
                out.push('}');
            }
            Value::Array(all) => {
                out.push('[');
                for (index, value) in all.iter().enumerate() {
                    out.push_str(if index > 0 { "," } else { "" });
                    written(value, out);
                }
                out.push(']');
            }
            plain => out.push_str(&plain.to_string()),
        }
    }
    let mut event = event.clone();
    let at = event["at"].as_str().unwrap().trim_end_matches('Z').to_owned();
    let (seconds, decimals) = at.split_once('.').unwrap_or((&at, ""));
    event["at"] = json!(format!("{seconds}.{decimals:0<6}Z"));
    let mut text = String::new();
    written(&event, &mut text);
    Sha256::new().chain_update([0]).chain_update(text).finalize().into()
}

fn join(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// RFC 6962 §2.1.
fn root(leaves: &[Hash]) -> Hash {
    if let [one] = leaves {
        return *one;
    }
    let (left, right) = leaves.split_at(1 << (leaves.len() - 1).ilog2());
    join(&root(left), &root(right))
}

/// RFC 9162 §2.1.3.2.
fn is_included(leaf: Hash, index: u64, size: u64, path: &[Hash], root: Hash) -> bool {
    let (mut node, mut last, mut hash) = (index, size - 1, leaf);
    for beside in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            hash = join(beside, &hash);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = join(&hash, beside);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && hash == root
}

/// RFC 9162 §2.1.4.2.
fn is_consistent(older: (u64, Hash), newer: (u64, Hash), path: &[Hash]) -> bool {
    if older.0 == newer.0 {
        return path.is_empty() && older.1 == newer.1;
    }
    let mut path = path.to_vec();
    if older.0.is_power_of_two() {
        path.insert(0, older.1);
    }
    let (mut node, mut last) = (older.0 - 1, newer.0 - 1);
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let Some((first, rest)) = path.split_first() else { return false };
    let (mut from, mut to) = (*first, *first);
    for beside in rest {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            (from, to) = (join(beside, &from), join(beside, &to));
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            to = join(&to, beside);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    last == 0 && from == older.1 && to == newer.1
}

fn hash(hex: &Value) -> Hash {
    let hex = hex.as_str().unwrap();
    assert_eq!(hex.len(), 64);
    std::array::from_fn(|index| u8::from_str_radix(&hex[2 * index..2 * index + 2], 16).unwrap())
}

fn path(hashes: &Value) -> Vec<Hash> {
    hashes.as_array().unwrap().iter().map(hash).collect()
}

fn size(checkpoint: &Value) -> u64 {
    checkpoint["tree_size"].as_u64().unwrap()
}

/// What is signed, if a stranger who has the published keys can verify it.
fn signed(checkpoint: &Value, keys: &Value) -> Option<Value> {
    let (message, signature) = checkpoint["signature"].as_str().unwrap().rsplit_once('.').unwrap();
    let parts: Vec<Value> = message
        .split('.')
        .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
        .collect();
    assert_eq!(parts[0]["typ"], "checkpoint+jws", "for nothing else");
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == parts[0]["kid"])?;
    let key =
        DecodingKey::from_ec_components(key["x"].as_str().unwrap(), key["y"].as_str().unwrap()).unwrap();
    crypto::verify(signature, message.as_bytes(), &key, Algorithm::ES256).unwrap().then(|| parts[1].clone())
}

/// The hash by which the next checkpoint names this one.
fn own_hash(checkpoint: &Value) -> Hash {
    let payload = checkpoint["signature"].as_str().unwrap().split('.').nth(1).unwrap();
    Sha256::digest(URL_SAFE_NO_PAD.decode(payload).unwrap()).into()
}

async fn get(caller: &Caller, path: String) -> Value {
    caller.get(&path).await.is(200)
}

#[test]
fn a_stranger_proves_every_event_and_every_checkpoint() {
    run(async {
        let organization = Organization::new().await;
        let reader = organization.caller(READER).await;
        let (client, database) = (service().database().await, database(&service().url));
        // Batches of one, two, three … events: trees of all forms.
        for batch in 1..=9 {
            if batch == 9 {
                // The transactions that number the events have one digit more from here on, and are numbers all the same.
                let years = "do $$ declare next numeric := 10 ^ length(pg_current_xact_id()::text);
                    begin while pg_current_xact_id()::text::numeric < next - 4 loop commit; end loop; end $$";
                client.batch_execute(years).await.unwrap();
            }
            for number in 0..batch {
                reader.department(&format!("{batch}.{number} \"Łódź\" \u{1F600}"), None).await;
            }
            seal_all(&database, &client, organization.id).await;
        }
        let events = feed(async |path| get(&reader, path).await).await;
        let leaves: Vec<Hash> = events.iter().map(leaf).collect();
        let mut all = checkpoints(async |path| get(&reader, path).await).await;
        all.reverse();
        assert!(all.len() >= 9 && events.len() >= 45, "{} {}", all.len(), events.len());
        assert_eq!(size(all.last().unwrap()), events.len() as u64, "all are sealed");

        let keys = Request::new(Method::GET, "/.well-known/jwks.json").send().await.is(200);
        let mut before = Value::Null;
        for (checkpoint, number) in all.iter().zip(1_u64..) {
            assert_eq!(checkpoint["number"], number);
            assert_eq!(checkpoint["previous_hash"], before);
            let sealed = usize::try_from(size(checkpoint)).unwrap();
            assert_eq!(hash(&checkpoint["root"]), root(&leaves[..sealed]), "{number}");
            let said = signed(checkpoint, &keys).expect("the published keys verify it");
            assert_eq!(said["organization_id"], json!(organization.id));
            for field in ["number", "tree_size", "root", "previous_hash"] {
                assert_eq!(said[field], checkpoint[field], "{field}");
            }
            assert_eq!(own_hash(checkpoint), hash(&checkpoint["hash"]));
            before = checkpoint["hash"].clone();
        }

        for (index, event) in events.iter().enumerate() {
            let id = event["id"].as_str().unwrap();
            let proof = get(&reader, format!("/v1/events/{id}/proof")).await;
            assert_eq!((&proof["checkpoint"], &proof["leaf_index"]), (all.last().unwrap(), &json!(index)));
            let found = path(&proof["audit_path"]);
            let root = hash(&proof["checkpoint"]["root"]);
            let [place, size] = [index, events.len()].map(|number| number as u64);
            assert!(is_included(leaves[index], place, size, &found, root), "{event}");
            let other = leaves[(index + 1) % leaves.len()];
            assert!(!is_included(other, place, size, &found, root), "and nothing else is");
        }
        // Against a checkpoint that was kept: what it seals, and what it does not.
        let kept = &all[4];
        let kept_size = usize::try_from(size(kept)).unwrap();
        let proof = |index: usize| {
            format!("/v1/events/{}/proof?tree_size={kept_size}", events[index]["id"].as_str().unwrap())
        };
        let within = get(&reader, proof(kept_size - 1)).await;
        assert_eq!(within["checkpoint"], *kept);
        assert!(is_included(
            leaves[kept_size - 1],
            kept_size as u64 - 1,
            kept_size as u64,
            &path(&within["audit_path"]),
            hash(&kept["root"])
        ));
        reader.get(&proof(kept_size)).await.is_problem(404, "not-found");

        for (index, older) in all.iter().enumerate() {
            for newer in &all[index..] {
                let ends = |each: &Value| (size(each), hash(&each["root"]));
                let proof =
                    get(&reader, format!("/v1/audit/consistency?from={}&to={}", size(older), size(newer)))
                        .await;
                assert_eq!((&proof["older"], &proof["newer"]), (older, newer));
                let found = path(&proof["path"]);
                assert!(is_consistent(ends(older), ends(newer), &found), "{proof}");
                let mut forged = ends(older);
                forged.1[0] ^= 1;
                assert!(!is_consistent(forged, ends(newer), &found));
            }
        }
        let newest = get(&reader, format!("/v1/audit/consistency?from={}", size(&all[0]))).await;
        assert_eq!(newest["newer"], *all.last().unwrap());
        let backwards = format!("/v1/audit/consistency?from={}&to={}", size(&all[1]), size(&all[0]));
        reader.get(&backwards).await.is_problem(422, "invalid-input");
        reader.get("/v1/audit/consistency?from=999999").await.is_problem(422, "invalid-input");
    });
}

#[test]
fn what_commits_late_is_sealed_once_and_by_whoever_comes() {
    run(async {
        let organization = Organization::new().await;
        let reader = organization.caller(READER).await;
        let (client, database) = (service().database().await, database(&service().url));
        seal_all(&database, &client, organization.id).await;
        let sealed = async || -> i64 {
            let count = "select count(*) from sealed_events where org_id = $1";
            client.query_one(count, &[&organization.id]).await.unwrap().get(0)
        };
        let before = sealed().await;

        // One takes its number and stays open; others come and go meanwhile.
        let mut late = connect(&service().url).await;
        let open = late.transaction().await.unwrap();
        let name =
            "select set_config('app.org_id', $1::uuid::text, true), set_config('app.reach', 'org:', true)";
        open.execute(name, &[&organization.id]).await.unwrap();
        let department = Uuid::now_v7();
        open.execute("insert into departments (id, name, code) values ($1, 'Late', 'LATE')", &[&department])
            .await
            .unwrap();
        let early: Vec<String> = {
            let mut all = Vec::new();
            for number in 0..20 {
                all.push(reader.department(&format!("Early {number}"), None).await);
            }
            all
        };
        assert_eq!(
            audit::seal(&database, organization.id).await.unwrap(),
            0,
            "nothing behind one that is open"
        );
        assert_eq!(sealed().await, before);
        open.commit().await.unwrap();

        // Eight at once, again and again, while more is written.
        let sealing = futures_util::future::join_all((0..8).map(async |_| {
            for _ in 0..10 {
                audit::seal(&database, organization.id).await.unwrap();
            }
        }));
        let writing = async {
            for number in 0..20 {
                reader.department(&format!("Meanwhile {number}"), None).await;
            }
        };
        futures_util::future::join(sealing, writing).await;
        seal_all(&database, &client, organization.id).await;
        assert_eq!(sealed().await, before + 41, "one late, twenty early, twenty meanwhile");

        let events = feed(async |path| get(&reader, path).await).await;
        let ids: BTreeSet<&str> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(ids.len(), events.len());
        let told: BTreeSet<&str> =
            events.iter().map(|event| event["resource_id"].as_str().unwrap()).collect();
        assert!(
            told.contains(department.to_string().as_str())
                && early.iter().all(|id| told.contains(id.as_str()))
        );
        let leaves: Vec<Hash> = events.iter().map(leaf).collect();
        let all = checkpoints(async |path| get(&reader, path).await).await;
        for (checkpoint, number) in all.iter().rev().zip(1..) {
            assert_eq!(checkpoint["number"], number, "no number twice, none left out");
            let size = usize::try_from(size(checkpoint)).unwrap();
            assert_eq!(hash(&checkpoint["root"]), root(&leaves[..size]), "the order is the feed's");
        }
    });
}

#[test]
fn keys_change_and_checkpoints_stay_good() {
    run(async {
        let place = Place::start("proof_keys");
        let organization = place.organization().await;
        let reader = place.caller(organization.id, READER).await;
        let client = place.connect().await;
        let get = async |path: String| place.get(&reader, &path).await.is(200);
        let department = async |code: &str| {
            place.post(&reader, "/v1/departments", &json!({"name": code, "code": code})).await;
            seal_all(&place.database, &client, organization.id).await;
        };
        department("OLD").await;
        assert!(backoffice(&place.url, &["rotate-keys"]).status.success());
        // Long ago: the old key verifies no token any more, and is published no more.
        client.execute("update signing_keys set retired_at = retired_at - interval '1 hour' where retired_at is not null", &[]).await.unwrap();
        department("NEW").await;
        let all = checkpoints(get).await;
        let (newest, oldest) = (&all[0], all.last().unwrap());
        assert_ne!(newest["key"]["kid"], oldest["key"]["kid"]);
        let tokens = Tokens::default();
        tokens.reload(&place.database).await.unwrap();
        let keys = tokens.published();
        assert!(signed(newest, &keys).is_some(), "the new key is published");
        assert!(signed(oldest, &keys).is_none(), "the old key is published no more");
        assert!(signed(oldest, &json!({"keys": [oldest["key"]]})).is_some(), "it stays with what it signed");
        let mut above = newest;
        for below in &all[1..] {
            assert_eq!(hash(&above["previous_hash"]), own_hash(below), "and the newest vouches for it");
            above = below;
        }
    });
}

#[test]
fn proofs_show_nothing_that_the_feed_would_not() {
    run(async {
        let (ours, theirs) = (Organization::new().await, Organization::new().await);
        let (client, database) = (service().database().await, database(&service().url));
        let (we, they) = (ours.caller(READER).await, theirs.caller(READER).await);
        we.department("Ours", None).await;
        they.department("Theirs", None).await;
        for organization in [ours.id, theirs.id] {
            seal_all(&database, &client, organization).await;
        }
        let of = async |caller: &Caller| {
            let events = feed(async |path| get(caller, path).await).await;
            let made = events.iter().find(|event| event["type"] == "department.created").unwrap();
            format!("/v1/events/{}/proof", made["id"].as_str().unwrap())
        };
        let (own, other) = (of(&we).await, of(&they).await);
        we.get(&own).await.is(200);
        let foreign = we.get(&other).await.is_problem(404, "not-found");
        let unknown =
            we.get(&format!("/v1/events/{}/proof", Uuid::now_v7())).await.is_problem(404, "not-found");
        assert_eq!(foreign["detail"], unknown["detail"]);
        we.get("/v1/events/none/proof").await.is_problem(404, "not-found");
        let blind = ours.caller(&["events:read", "checkpoints:read", "roles:read"]).await;
        blind.get(&own).await.is_problem(404, "not-found");
        let witness = ours.caller(&["checkpoints:read"]).await;
        witness.get("/v1/audit/checkpoints").await.is(200);
        witness.get(&own).await.is_problem(403, "forbidden");
        ours.caller(&["events:read"]).await.get("/v1/audit/checkpoints").await.is_problem(403, "forbidden");
        we.get("/v1/audit/checkpoints?cursor=xx").await.is_problem(422, "invalid-input");
    });
}

#[test]
fn whoever_sees_an_event_in_part_gets_no_proof_of_it() {
    run(async {
        let organization = Organization::new().await;
        let (client, database) = (service().database().await, database(&service().url));
        let held: Vec<&str> =
            READER.iter().copied().chain(["custom-fields:read", "custom-fields:write"]).collect();
        let (hr, clerk) = (organization.caller(&held).await, organization.caller(READER).await);
        let band = json!({"applies_to": "departments", "name": "band", "label": "Band", "type": "text", "role_ids": [hr.role]});
        hr.post("/v1/custom-fields", band).await.is(201);
        let department = json!({"name": "Desk", "code": "DESK", "custom": {"band": "B"}});
        hr.post("/v1/departments", department).await.is(201);
        hr.department("Plain", None).await;
        seal_all(&database, &client, organization.id).await;
        let made = async |caller: &Caller| {
            let events = feed(async |path| get(caller, path).await).await;
            let made = events.into_iter().filter(|event| event["type"] == "department.created");
            made.collect::<Vec<_>>()
        };
        let (whole, part) = (made(&hr).await, made(&clerk).await);
        assert_eq!(whole[0]["changes"]["custom.band"]["after"], "B");
        assert!(part[0]["changes"].get("custom.band").is_none(), "{}", part[0]);
        // With the hashes beside it, each guess at the band could be tried against the root.
        let proof = |event: &Value| format!("/v1/events/{}/proof", event["id"].as_str().unwrap());
        hr.get(&proof(&whole[0])).await.is(200);
        clerk.get(&proof(&part[0])).await.is_problem(404, "not-found");
        clerk.get(&proof(&part[1])).await.is(200);
    });
}

#[test]
fn the_service_itself_can_not_take_back_what_it_sealed() {
    run(async {
        let organization = Organization::new().await;
        let reader = organization.caller(READER).await;
        reader.department("Sealed", None).await;
        let (client, database) = (service().database().await, database(&service().url));
        seal_all(&database, &client, organization.id).await;
        let service = service().as_service().await;
        service.execute("select enter_as_system($1, false)", &[&organization.id]).await.unwrap();
        for table in ["sealed_events", "sealed_nodes", "checkpoints"] {
            let seen: i64 =
                service.query_one(&format!("select count(*) from {table}"), &[]).await.unwrap().get(0);
            assert!(seen > 0, "{table}");
            for statement in [
                format!("delete from {table}"),
                format!("update {table} set org_id = org_id"),
                format!("truncate {table}"),
            ] {
                let refused = service.execute(&statement, &[]).await.expect_err(&statement);
                assert_eq!(
                    refused.code(),
                    Some(&tokio_postgres::error::SqlState::INSUFFICIENT_PRIVILEGE),
                    "{statement}"
                );
            }
        }
    });
}
