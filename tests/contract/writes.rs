//! Writes: done once, tried without trace, told as events, never lost.
use crate::catalogue::Contents;
use crate::examples::{
    body, body_schema, collection, fields, fill, operation_at, perform, permitted, ready, request, resolved,
    row, takes_bytes, with, writes,
};
use crate::support::{Caller, Operation, Organization, run, service};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Creations and actions: every POST.
pub fn posts() -> Vec<Operation> {
    permitted(&Method::POST)
}

/// A POST of JSON to a collection. How a file is made is told in its room's own tests.
fn is_creation(operation: &Operation) -> bool {
    let answers_with_a_row = operation.value["responses"]["201"].is_object();
    !operation.path.contains('{') && body_schema(operation).is_some() && answers_with_a_row
}

pub async fn events(caller: &Caller) -> i64 {
    let database = service().database().await;
    database
        .query_one("select count(*) from events where org_id = $1", &[&caller.organization])
        .await
        .unwrap()
        .get(0)
}

#[test]
fn the_same_key_and_body_get_the_first_answer_and_do_nothing_more() {
    run(async {
        let contents = Contents::new().await;
        let caller = Organization::new().await.owner().await;
        for operation in posts() {
            let path = ready(&caller, &operation).await;
            let body = match body_schema(&operation) {
                Some(_) => Some(body(&caller, &operation).await),
                None => None,
            };
            let key = format!("{}-{}", operation.id(), Uuid::now_v7());
            let is_upload = takes_bytes(&operation);
            let path = if is_upload { with(&path, "name=example.txt") } else { path };
            let send = || {
                let request = caller.request(Method::POST, &path).header("idempotency-key", &key);
                match &body {
                    Some(body) => request.json(body),
                    None if is_upload => request.body("application/octet-stream", key.clone()),
                    None => request,
                }
            };
            let first = send().send().await;
            assert!([200, 201, 204].contains(&first.status), "{}: {}", operation.id(), first.text);
            assert_eq!(first.header("idempotency-replayed"), None);
            let before = contents.of(&caller).await;
            let again = send().send().await;
            assert_eq!(
                (again.status, again.header("idempotency-replayed")),
                (first.status, Some("true")),
                "{}: {}",
                operation.id(),
                again.text
            );
            for name in ["location", "etag"] {
                assert_eq!(again.header(name), first.header(name), "{} {name}", operation.id());
            }
            // A secret is shown once; everything else is the first answer to the letter.
            let has_secret = operation.value["description"].as_str().unwrap().contains("once");
            assert!(
                again.text == first.text || has_secret,
                "{}: {} then {}",
                operation.id(),
                first.text,
                again.text
            );
            assert_eq!(contents.of(&caller).await, before, "{} did something again", operation.id());

            // The same key for something else.
            if let Some(body) = &body {
                let mut other = body.clone();
                let text = other
                    .as_object()
                    .unwrap()
                    .iter()
                    .find(|(_, value)| value.is_string())
                    .map(|(name, _)| name.clone());
                if let Some(name) = text {
                    other[&name] = crate::examples::body(&caller, &operation).await[&name].clone();
                    if other == *body {
                        continue; // nothing in it can be varied at random
                    }
                    let reused = caller
                        .request(Method::POST, &path)
                        .header("idempotency-key", &key)
                        .json(&other)
                        .send()
                        .await;
                    let problem = reused.is_problem(422, "idempotency-key-reused");
                    assert_eq!(problem["errors"][0]["parameter"], "Idempotency-Key", "{}", operation.id());
                }
            }
        }
    });
}

#[test]
fn of_many_requests_with_one_key_at_once_one_takes_effect() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for operation in posts().into_iter().filter(is_creation) {
            let body = body(&caller, &operation).await;
            let key = Uuid::now_v7().to_string();
            let send = || {
                caller
                    .request(Method::POST, &operation.path)
                    .header("idempotency-key", &key)
                    .json(&body)
                    .send()
            };
            let answers = join_all((0..8).map(|_| send())).await;
            let (mut first, mut made) = (0, Vec::new());
            for answer in answers {
                if answer.status == 409 {
                    assert!(answer.header("retry-after").is_some());
                    answer.is_problem(409, "idempotency-in-progress");
                    continue;
                }
                first += u32::from(answer.header("idempotency-replayed").is_none());
                made.push(answer.header("location").unwrap().to_owned());
                answer.is(201);
            }
            assert_eq!(first, 1, "{}: exactly one is the first", operation.id());
            made.dedup();
            assert_eq!(made.len(), 1, "{} made {made:?}", operation.id());
            assert_eq!(send().await.header("location"), Some(made[0].as_str()), "{}", operation.id());
        }
    });
}

#[test]
fn a_key_is_well_formed_and_a_failed_request_does_not_use_it_up() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for operation in posts().into_iter().filter(is_creation) {
            let good = body(&caller, &operation).await;
            for key in ["", &"k".repeat(256)] {
                let refused = caller
                    .request(Method::POST, &operation.path)
                    .header("idempotency-key", key)
                    .json(&good)
                    .send()
                    .await;
                refused.is_problem(400, "malformed-request");
            }
            let key = Uuid::now_v7().to_string();
            let send = |body: &Value| {
                caller
                    .request(Method::POST, &operation.path)
                    .header("idempotency-key", &key)
                    .json(body)
                    .send()
            };
            send(&json!({})).await.is_problem(422, "invalid-input");
            send(&good).await.is(201);
        }
    });
}

#[test]
fn a_dry_run_answers_as_the_write_would_and_leaves_nothing() {
    run(async {
        let contents = Contents::new().await;
        let caller = Organization::new().await.owner().await;
        for operation in writes() {
            let path = ready(&caller, &operation).await;
            let request = request(&caller, &operation, &with(&path, "dry_run=true")).await;
            let before = contents.of(&caller).await;
            let dry = request.header("idempotency-key", &Uuid::now_v7().to_string()).send().await;
            assert!([200, 201, 204].contains(&dry.status), "{}: {}", operation.id(), dry.text);
            assert_eq!(dry.header("dry-run"), Some("true"), "{}", operation.id());
            let after = contents.of(&caller).await;
            let changed: Vec<_> =
                after.iter().filter(|(table, content)| before[*table] != **content).collect();
            assert!(changed.is_empty(), "{} left something behind: {changed:?}", operation.id());
            // And what it showed is what then happens.
            let done = perform(&caller, &operation, &path).await;
            assert_eq!(
                (done.status, done.header("dry-run")),
                (dry.status, None),
                "{}: {}",
                operation.id(),
                done.text
            );
            assert_ne!(contents.of(&caller).await, before, "{} changed nothing at all", operation.id());
        }
    });
}

#[test]
fn a_dry_run_finds_the_faults_that_the_write_would_meet() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for operation in writes() {
            let nowhere = with(&crate::examples::nowhere(&operation.path), "dry_run=true");
            let request = request(&caller, &operation, &nowhere).await;
            let answer = request.send().await;
            let expected = if operation.path.contains('{') { [404, 422] } else { [200, 201] };
            assert!(expected.contains(&answer.status), "{}: {}", operation.id(), answer.text);
            for bad in ["dry_run=yes", "dry_run=", "dry_run=1"] {
                let path = with(&crate::examples::nowhere(&operation.path), bad);
                let request = crate::examples::request(&caller, &operation, &path).await;
                let problem = request.send().await.is_problem(422, "invalid-input");
                assert_eq!(problem["errors"][0]["parameter"], "dry_run", "{}", operation.id());
            }
        }
    });
}

#[test]
fn every_write_is_an_event_that_says_who_and_in_which_request() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let database = service().database().await;
        // What if: it writes nothing.
        for operation in writes().into_iter().filter(|each| each.id() != "preview_payslip") {
            let path = ready(&caller, &operation).await;
            let request = request(&caller, &operation, &path).await;
            let id = format!("test-{}", Uuid::now_v7());
            let done = request.header("x-request-id", &id).send().await;
            assert!([200, 201, 204].contains(&done.status), "{}: {}", operation.id(), done.text);
            let written = database
                .query("select actor, session_id, resource, type, changes from events where org_id = $1 and request_id = $2", &[&caller.organization, &id])
                .await
                .unwrap();
            assert!(!written.is_empty(), "{} wrote no event", operation.id());
            let resource = match operation.id() {
                // They work through lines, and stay as they are.
                "match_bank_statement" | "run_bank_rule" => "bank-statement-lines",
                "take_next_ip" => "ip-addresses",
                _ => collection(&operation.path).rsplit('/').next().unwrap(),
            };
            for event in &written {
                assert_eq!(
                    event.get::<_, String>("actor"),
                    format!("user:{}", caller.user),
                    "{}",
                    operation.id()
                );
                assert_eq!(
                    event.get::<_, Option<Uuid>>("session_id"),
                    Some(caller.session),
                    "{}",
                    operation.id()
                );
            }
            let of_resource =
                written.iter().any(|event| event.get::<_, String>("resource").starts_with(resource));
            assert!(
                of_resource || operation.path.matches('/').count() < 3 || !operation.path.contains('{'),
                "{} wrote no event of {resource}",
                operation.id()
            );
        }
    });
}

/// The present `ETag` of a row, and the row.
pub async fn read(caller: &Caller, path: &str) -> (String, Value) {
    let read = caller.get(path).await;
    (read.header("etag").unwrap_or_default().to_owned(), read.is(200))
}

/// Changes and deletions of one row that can be read.
pub fn changes(method: &Method) -> Vec<Operation> {
    let all: Vec<_> = permitted(method)
        .into_iter()
        .filter(|each| operation_at(&Method::GET, &each.path).is_some())
        .collect();
    assert!(all.len() >= 3, "{method}: {}", all.len());
    all
}

#[test]
fn fields_that_are_not_to_be_written_are_refused_and_stay() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for operation in
            permitted(&Method::PATCH).into_iter().chain(posts()).filter(|each| body_schema(each).is_some())
        {
            let known: Vec<String> = fields(&operation).into_iter().map(|(name, _)| name).collect();
            let success = operation.value["responses"]
                .as_object()
                .unwrap()
                .iter()
                .find(|(status, _)| status.starts_with('2'))
                .unwrap()
                .1
                .clone();
            let shown = resolved(&success["content"]["application/json"]["schema"]);
            let shown: Vec<String> =
                shown["properties"].as_object().map(|all| all.keys().cloned().collect()).unwrap_or_default();
            let always = ["id", "version", "org_id", "created_by", "updated_at", "isAdmin", "__proto__"]
                .map(str::to_owned);
            let path = ready(&caller, &operation).await;
            let one = operation_at(&Method::GET, &operation.path).map(|_| path.clone());
            let good = body(&caller, &operation).await;
            let before = match &one {
                Some(path) => Some(read(&caller, path).await),
                None => None,
            };
            for name in shown.into_iter().chain(always).filter(|name| !known.contains(name)) {
                let mut body = good.clone();
                body[&name] = json!("01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f");
                let refused = caller
                    .request(operation.method.clone(), &path)
                    .header("if-match", "*")
                    .json(&body)
                    .send()
                    .await;
                assert_eq!(refused.status, 422, "{} {name}: {}", operation.id(), refused.text);
                let problem = refused.is_problem(422, "invalid-input");
                let told =
                    problem["errors"].as_array().unwrap().iter().any(|fault| {
                        fault["pointer"] == format!("/{name}") && fault["code"] == "unknown-field"
                    });
                assert!(told, "{} {name}: {problem}", operation.id());
            }
            if let Some(path) = &one {
                assert_eq!(
                    Some(read(&caller, path).await),
                    before,
                    "{} changed a row that it refused",
                    operation.id()
                );
            }
        }
    });
}

#[test]
fn a_new_row_is_at_its_location_and_reads_as_it_was_told() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for create in posts().into_iter().filter(|each| !each.path.contains('{')) {
            let Some(one) = operation_at(&Method::GET, &format!("{}/{{id}}", create.path)) else { continue };
            let made = perform(&caller, &create, &create.path).await;
            let location = made.header("location").unwrap().to_owned();
            let etag = made.header("etag").map(str::to_owned);
            let made = made.is(201);
            assert!(
                made.get("id").is_none_or(|id| location == fill(&one.path, id.as_str().unwrap())),
                "{} is at {location}",
                create.id()
            );
            let (now, read) = read(&caller, &location).await;
            match made.get("version") {
                Some(_) => assert_eq!(etag.as_ref(), Some(&now), "{}", create.id()),
                // A secret that is told once: the version alone, since the rest of the resource is not shown.
                None => assert_eq!(etag.as_deref(), Some("\"1\""), "{}", create.id()),
            }
            for (name, value) in read.as_object().unwrap() {
                assert!(
                    made.get(name).is_none_or(|told| told == value),
                    "{} told {name} {} and shows {value}",
                    create.id(),
                    made[name]
                );
            }
            assert_eq!(read["version"], 1, "{}", create.id());
            let unchanged = caller.request(Method::GET, &location).header("if-none-match", &now).send().await;
            assert_eq!((unchanged.status, unchanged.text.as_str()), (304, ""), "{}", one.id());
            let id: Uuid = read["id"].as_str().unwrap().parse().unwrap();
            assert_eq!(id.get_version_num(), 7, "{}: ids sort by time", create.id());
        }
    });
}

#[test]
fn a_deleted_row_is_gone_and_its_history_stays() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for operation in changes(&Method::DELETE) {
            let id = row(&caller, collection(&operation.path)).await;
            let path = fill(&operation.path, &id);
            caller.delete(&path).await.is(204);
            caller.get(&path).await.is_problem(404, "not-found");
            caller.delete(&path).await.is_problem(404, "not-found");
            let history = operation_at(&Method::GET, &format!("{}/history", operation.path));
            if history.is_some() {
                let told = caller.get(&format!("{path}/history")).await.is(200);
                let kinds: Vec<&str> = told["data"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|event| event["type"].as_str().unwrap())
                    .collect();
                assert!(
                    kinds.first().unwrap().ends_with(".created")
                        && kinds.last().unwrap().ends_with(".deleted"),
                    "{}: {kinds:?}",
                    operation.id()
                );
            }
        }
    });
}
