//! Versions: a change says which one it means, so that nobody's change is lost.
use crate::examples::{body, fields, operation_at, ready, request, resolved};
use crate::support::{Caller, Operation, Organization, Request, run};
use crate::writes::{changes, events, posts, read};
use futures_util::future::join;
use reqwest::Method;
use serde_json::{Map, Value, json};

#[test]
fn a_change_says_which_version_it_means() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for operation in changes(&Method::PATCH).into_iter().chain(changes(&Method::DELETE)) {
            let path = ready(&caller, &operation).await;
            let (etag, row) = read(&caller, &path).await;
            let with_body = |request: Request, body: &Value| match operation.method {
                Method::PATCH => request.json(body),
                _ => request,
            };
            let change =
                if operation.method == Method::PATCH { body(&caller, &operation).await } else { Value::Null };
            let send = |etag: &str| {
                with_body(caller.request(operation.method.clone(), &path).header("if-match", etag), &change)
            };
            let without = with_body(caller.request(operation.method.clone(), &path), &change).send().await;
            without.is_problem(428, "precondition-required");
            for stale in
                ["\"0\"", "\"999999\"", "\"-1\"", "\"x\"", "\"99999999999999999999\"", "\"\"", "W/\"0\""]
            {
                send(stale).send().await.is_problem(412, "stale-version");
            }
            for malformed in ["1", "\"1", "", "1\""] {
                send(malformed).send().await.is_problem(400, "malformed-request");
            }
            assert_eq!(
                read(&caller, &path).await,
                (etag.clone(), row),
                "{} was refused and changed something",
                operation.id()
            );
            let done = send(&etag).send().await;
            assert!([200, 204].contains(&done.status), "{}: {}", operation.id(), done.text);
            let again = send(&etag).send().await;
            assert!([404, 412].contains(&again.status), "{}: {}", operation.id(), again.text);
        }
    });
}

#[test]
fn an_action_may_say_which_version_it_means() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let steps = posts().into_iter().filter(|each| {
            each.path.contains("{id}/")
                && operation_at(&Method::GET, each.path.rsplit_once('/').unwrap().0).is_some()
        });
        for operation in steps.filter(|each| each.parameter("If-Match").is_some()) {
            let path = ready(&caller, &operation).await;
            let request = request(&caller, &operation, &path).await;
            request.header("if-match", "\"0\"").send().await.is_problem(412, "stale-version");
        }
    });
}

/// Two different changes of the row, each of them real.
async fn rivals(caller: &Caller, operation: &Operation, path: &str) -> Option<[Value; 2]> {
    let now = caller.get(path).await.is(200);
    let (one, two) = (body(caller, operation).await, body(caller, operation).await);
    let field = one.as_object()?.iter().find(|(name, value)| {
        value.is_string() && **value != two[name.as_str()] && now[name.as_str()].is_string()
    });
    let name = field.map(|(name, _)| name.clone())?;
    Some([json!({name.as_str(): one[&name]}), json!({name.as_str(): two[&name]})])
}

#[test]
fn of_two_changes_with_the_same_etag_exactly_one_is_taken() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let mut raced = 0;
        for operation in changes(&Method::PATCH) {
            for _ in 0..6 {
                let path = ready(&caller, &operation).await;
                let Some([one, two]) = rivals(&caller, &operation, &path).await else { continue };
                let (etag, before) = read(&caller, &path).await;
                let send = |body: &Value| {
                    caller.request(Method::PATCH, &path).header("if-match", &etag).json(body).send()
                };
                let (first, second) = join(send(&one), send(&two)).await;
                let mut both = [first.status, second.status];
                both.sort_unstable();
                assert_eq!(both, [200, 412], "{}: {} {}", operation.id(), first.text, second.text);
                let won = if first.status == 200 { &one } else { &two };
                let (_, now) = read(&caller, &path).await;
                assert_eq!(now["version"], before["version"].as_i64().unwrap() + 1, "{}", operation.id());
                assert!(
                    won.as_object().unwrap().iter().all(|(name, value)| now[name] == *value),
                    "{}: {won} is not in {now}",
                    operation.id()
                );
                raced += 1;
            }
        }
        assert!(raced >= 18, "{raced} races");
    });
}

/// Whether what was read can be sent: lines of documents are shown with figures that nobody enters.
fn is_entered_as_shown(shown: &Value, field: &Value) -> bool {
    let choices = ["oneOf", "anyOf"].iter().filter_map(|name| field[name].as_array()).flatten();
    let listed = std::iter::once(field).chain(choices).find(|each| each["items"].is_object());
    let taken = listed.map(|each| resolved(&resolved(&each["items"])));
    let first = shown.get(0).and_then(Value::as_object);
    match (taken, first) {
        (Some(taken), Some(first)) if taken["properties"].is_object() => {
            first.keys().all(|name| taken["properties"].get(name).is_some())
        }
        _ => true,
    }
}

#[test]
fn a_patch_that_says_nothing_new_is_no_change() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for operation in changes(&Method::PATCH) {
            let path = ready(&caller, &operation).await;
            let (etag, row) = read(&caller, &path).await;
            let before = events(&caller).await;
            let same: Value = fields(&operation)
                .iter()
                .filter(|(name, _)| !row[name].is_null() && row.get(name).is_some())
                .filter(|(name, field)| is_entered_as_shown(&row[name], field))
                .map(|(name, _)| (name.clone(), row[name].clone()))
                .collect::<Map<_, _>>()
                .into();
            for nothing in [json!({}), same] {
                let answer = caller.patch(&path, nothing).await;
                assert_eq!(answer.header("etag"), Some(etag.as_str()), "{}", operation.id());
                assert_eq!(answer.is(200), row, "{}", operation.id());
            }
            assert_eq!(events(&caller).await, before, "{} wrote an event of nothing", operation.id());
        }
    });
}
