//! The contract: committed as published, every operation routed, nothing routed beside it.
use crate::examples::{collection, is_scim, nowhere, operation_at, resolved};
use crate::golden;
use crate::support::{Organization, Request, contract, operations, run};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

#[test]
fn the_committed_contract_is_the_published_one() {
    let pretty = serde_json::to_string_pretty(contract()).unwrap() + "\n";
    golden::hold("openapi/backoffice.json", &pretty);
}

#[test]
fn the_command_prints_what_the_service_publishes() {
    run(async {
        for (format, path) in [(None, "/openapi.json"), (Some("--yaml"), "/openapi.yaml")] {
            let printed = std::process::Command::new(env!("CARGO_BIN_EXE_backoffice"))
                .arg("openapi")
                .args(format)
                .output()
                .unwrap();
            assert!(printed.status.success());
            let printed = String::from_utf8(printed.stdout).unwrap();
            let served = Request::new(Method::GET, path).send().await.text;
            let read = |text: &str| -> Value {
                match format {
                    None => serde_json::from_str(text).unwrap(),
                    Some(_) => yaml_serde::from_str(text).unwrap(),
                }
            };
            assert_eq!(read(&printed), *contract(), "the command says the same as {path}");
            assert_eq!(read(&served), *contract(), "{path} says the same as the others");
        }
    });
}

#[test]
fn the_contract_is_read_in_parts_which_together_are_all_of_it() {
    run(async {
        let whole = contract();
        let part = async |tag: &str| {
            let address = format!("/openapi.json?tag={}", tag.replace(' ', "%20"));
            Request::new(Method::GET, &address).send().await
        };
        let mut operations_seen = 0;
        for tag in whole["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()) {
            let part = part(tag).await.is(200);
            let about = part["info"]["description"].as_str().unwrap();
            assert!(about.contains(&format!("one part of the contract, {tag}.")), "{about}");
            let mut named = BTreeSet::new();
            named_in(&part["paths"], &mut named);
            named_in(&part["webhooks"], &mut named);
            named_in(&part["components"], &mut named);
            for target in &named {
                let here = part.pointer(target.trim_start_matches('#'));
                assert!(
                    here.is_some() && here == whole.pointer(target.trim_start_matches('#')),
                    "{tag}: {target}"
                );
            }
            let schemas = part["components"]["schemas"].as_object().unwrap().len();
            assert!(schemas <= named.len(), "{tag} has {schemas} schemas, and {} are named", named.len());
            for (path, item) in part["paths"].as_object().unwrap() {
                for (method, operation) in item.as_object().unwrap() {
                    assert_eq!(
                        (&operation["tags"][0], operation),
                        (&json!(tag), &whole["paths"][path][method])
                    );
                    operations_seen += 1;
                }
            }
        }
        assert_eq!(operations_seen, operations().len());
        let wrong = part("Nothing").await.is_problem(422, "invalid-input");
        assert_eq!(wrong["errors"][0]["parameter"], "tag");
    });
}

/// What is referred to.
fn named_in(value: &Value, named: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            named.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|field| named_in(field, named));
        }
        Value::Array(items) => items.iter().for_each(|item| named_in(item, named)),
        _ => {}
    }
}

#[test]
fn operations_have_a_name_of_their_own_and_say_what_they_do() {
    let mut names = BTreeSet::new();
    for operation in operations() {
        let name = operation.id().to_owned();
        assert!(
            name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')),
            "{name} is no snake case"
        );
        assert!(names.insert(name.clone()), "{name} names two operations");
        for (what, least) in [("summary", 5), ("description", 20)] {
            let text = operation.value[what].as_str().unwrap_or_default();
            assert!(text.len() >= least, "{name} has no {what}");
        }
        assert_eq!(operation.value["tags"].as_array().map(Vec::len), Some(1), "{name} has one tag");
        let parts = operation
            .path
            .split('/')
            .filter(|part| !part.is_empty() && !part.starts_with('{') && !part.starts_with('.'));
        for part in parts {
            let kebab = part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.'));
            // SCIM's endpoints are called as RFC 7644 §3.2 calls them.
            assert!(kebab || is_scim(&operation.path), "{}: {part} is no kebab case", operation.path);
        }
    }
}

#[test]
fn every_operation_has_a_route_and_other_methods_are_told_which_ones() {
    run(async {
        let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for operation in operations() {
            paths.entry(operation.path.clone()).or_default().insert(operation.method.to_string());
        }
        for (pattern, taken) in paths {
            let path = nowhere(&pattern);
            let mut allowed = taken.clone();
            if taken.contains("GET") {
                allowed.insert("HEAD".into());
            }
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
                let answer = Request::new(method.parse().unwrap(), &path).send().await;
                if taken.contains(method) {
                    assert_ne!(answer.status, 405, "{method} {pattern} is in the contract and has no route");
                    let permission = operations()
                        .into_iter()
                        .find(|each| each.path == pattern && each.method.as_str() == method);
                    if permission.unwrap().permission().is_some() {
                        assert_eq!(
                            answer.status, 401,
                            "{method} {pattern} has no route of its own: {}",
                            answer.text
                        );
                    }
                } else {
                    let told: BTreeSet<String> =
                        answer.header("allow").unwrap_or_default().split(", ").map(str::to_owned).collect();
                    assert_eq!(told, allowed, "{method} {pattern}");
                    if is_scim(&pattern) {
                        answer.is_scim_error(405, None);
                    } else {
                        answer.is_problem(405, "method-not-allowed");
                    }
                }
            }
        }
    });
}

#[test]
fn what_the_contract_does_not_name_is_nowhere() {
    run(async {
        let named: BTreeSet<String> = operations().into_iter().map(|each| each.path).collect();
        let mut others: BTreeSet<String> = BTreeSet::new();
        for path in &named {
            let parts: Vec<&str> = path.split('/').collect();
            for length in 2..parts.len() {
                others.insert(parts[..length].join("/")); // what it stands under
            }
            others.insert(format!("{}/", path.trim_end_matches('/')));
            others.insert(format!("{}/no-such-thing/at-all", path.trim_end_matches('/')));
            others.insert(path.to_uppercase());
        }
        for path in [
            "/metrics",
            "/admin",
            "/debug",
            "/v2/employees",
            "/.env",
            "/.git/config",
            "/swagger.json",
            "/v1",
            "/v1/",
            "//v1/employees",
        ] {
            others.insert(path.to_owned());
        }
        let fits = |path: &str| {
            let parts: Vec<&str> = path.split('/').collect();
            named.iter().any(|pattern| {
                let pattern: Vec<&str> = pattern.split('/').collect();
                pattern.len() == parts.len()
                    && pattern.iter().zip(&parts).all(|(a, b)| a.starts_with('{') && !b.is_empty() || a == b)
            })
        };
        let others: Vec<String> =
            others.into_iter().filter(|path| !path.is_empty() && path != "/" && !fits(path)).collect();
        assert!(others.len() > named.len());
        for path in others {
            for method in [Method::GET, Method::POST] {
                let answer = Request::new(method.clone(), &nowhere(&path)).send().await;
                assert_eq!(answer.status, 404, "{method} {path}: {}", answer.text);
                if path.starts_with("/scim/v2") {
                    answer.is_scim_error(404, None);
                } else {
                    answer.is_problem(404, "not-found");
                }
            }
        }
    });
}

#[test]
fn head_is_get_without_the_body() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for operation in operations().into_iter().filter(|each| each.method == Method::GET) {
            let path = nowhere(&operation.path);
            let get = caller.get(&path).await;
            let head = caller.request(Method::HEAD, &path).send().await;
            assert_eq!(head.status, get.status, "HEAD {path}");
            assert_eq!(head.text, "", "HEAD {path}");
            for name in ["content-type", "etag", "x-content-type-options", "cache-control"] {
                assert_eq!(head.header(name), get.header(name), "HEAD {path} {name}");
            }
        }
    });
}

/// Every kind of problem that the contract shows.
fn problem_codes() -> BTreeMap<String, u64> {
    let mut codes = BTreeMap::new();
    for response in contract()["components"]["responses"].as_object().unwrap().values() {
        for (code, example) in
            response["content"]["application/problem+json"]["examples"].as_object().unwrap()
        {
            codes.insert(code.clone(), example["value"]["status"].as_u64().unwrap());
        }
    }
    codes
}

#[test]
fn behind_every_type_of_problem_is_a_page_on_cause_and_cure() {
    run(async {
        let codes = problem_codes();
        for kind in platform::problem::KINDS {
            // A 500 and a 431 belong to no operation, and have their page all the same.
            assert!(
                codes.contains_key(kind.code) || [500, 431, 405].contains(&kind.status),
                "the contract does not show {}",
                kind.code
            );
        }
        let pages =
            codes.keys().cloned().chain(platform::problem::KINDS.iter().map(|kind| kind.code.to_owned()));
        for code in pages.collect::<BTreeSet<_>>() {
            let page = Request::new(Method::GET, &format!("/problems/{code}")).send().await;
            assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
            assert!(
                page.text.contains(&code) && page.text.contains("Cause") && page.text.contains("Cure"),
                "{}",
                page.text
            );
            assert_eq!(page.status, 200);
        }
        Request::new(Method::GET, "/problems/no-such-problem").send().await.is_problem(404, "not-found");
    });
}

/// The schema of one of a collection's rows, if it is read by id.
fn shown(operation: &crate::support::Operation) -> Value {
    resolved(&operation.value["responses"]["200"]["content"]["application/json"]["schema"])
}

#[test]
fn every_life_is_told_in_the_description_and_every_step_has_its_path() {
    let mut lives = 0;
    for operation in
        operations().into_iter().filter(|each| each.method == Method::GET && each.path.ends_with("/{id}"))
    {
        let schema = shown(&operation);
        let fields = &schema["properties"];
        let steps = &fields["available_actions"]["items"]["x-extensible-enum"];
        assert_eq!(
            fields["available_actions"].is_object(),
            fields["status"].is_object() && steps.is_array(),
            "{}",
            operation.id()
        );
        let Some(steps) = steps.as_array() else { continue };
        lives += 1;
        let description = operation.value["description"].as_str().unwrap();
        let states = resolved(&fields["status"])["x-extensible-enum"].clone();
        for state in states.as_array().unwrap() {
            assert!(
                description.contains(&format!("| {} |", quoted(state))),
                "{} does not tell of the state {state}",
                operation.id()
            );
        }
        for step in steps {
            let row = format!("| {} |", quoted(step));
            assert!(description.contains(&row), "{} does not tell of the step {step}", operation.id());
            let action = step.as_str().unwrap().replace('_', "-");
            let path = format!("{}/{{id}}/{action}", collection(&operation.path));
            assert!(operation_at(&Method::POST, &path).is_some(), "the step {step} has no {path}");
        }
    }
    assert!(lives >= 2, "departments and employees have a life, {lives} found");
}

fn quoted(word: &Value) -> String {
    format!("`{}`", word.as_str().unwrap())
}

/// Every schema below a place, references followed, each once.
fn below<'a>(value: &'a Value, seen: &mut BTreeSet<String>, out: &mut Vec<&'a Value>) {
    match value {
        Value::Object(fields) => {
            out.push(value);
            if let Some(target) = fields.get("$ref").and_then(Value::as_str)
                && seen.insert(target.to_owned())
            {
                below(contract().pointer(target.trim_start_matches('#')).unwrap(), seen, out);
            }
            let schemas =
                fields.iter().filter(|(name, _)| !name.starts_with("example") && *name != "default");
            schemas.for_each(|(_, field)| below(field, seen, out));
        }
        Value::Array(items) => items.iter().for_each(|item| below(item, seen, out)),
        _ => {}
    }
}

#[test]
fn enumerations_are_open_in_answers_and_closed_in_requests() {
    let (mut open, mut closed) = (0, 0);
    for operation in operations() {
        let value: &'static Value =
            &contract()["paths"][&operation.path][operation.method.as_str().to_lowercase()];
        let mut answers = Vec::new();
        below(&value["responses"], &mut BTreeSet::new(), &mut answers);
        for schema in answers {
            assert!(
                schema.get("enum").is_none_or(|_| schema.get("properties").is_some()),
                "{} answers a closed enumeration: {schema}",
                operation.id()
            );
            open += usize::from(schema.get("x-extensible-enum").is_some());
        }
        let mut requests = Vec::new();
        below(&value["requestBody"], &mut BTreeSet::new(), &mut requests);
        below(&value["parameters"], &mut BTreeSet::new(), &mut requests);
        for schema in requests {
            assert!(
                schema.get("x-extensible-enum").is_none(),
                "{} takes an open enumeration: {schema}",
                operation.id()
            );
            closed += usize::from(schema.get("enum").is_some());
        }
    }
    assert!(open > 5 && closed > 1, "{open} open, {closed} closed");
}

#[test]
fn bodies_take_no_field_that_they_do_not_name_and_answers_leave_none_out() {
    for operation in operations() {
        if let Some(schema) = crate::examples::body_schema(&operation)
            && schema["properties"].is_object()
        {
            assert_eq!(schema["additionalProperties"], false, "{} takes any field", operation.id());
        }
        for (status, response) in operation.value["responses"].as_object().unwrap() {
            let content = &response["content"]["application/json"]["schema"];
            let schema = resolved(content);
            let Some(fields) = schema["properties"].as_object().filter(|_| status.starts_with('2')) else {
                continue;
            };
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            for name in fields.keys() {
                assert!(
                    required.contains(&name.as_str().into()),
                    "{} {status} may leave {name} out",
                    operation.id()
                );
            }
        }
    }
}

/// All headers together, with the address, may have 32 KiB, and a letter takes up to twelve bytes in an address.
#[test]
fn what_stands_in_an_address_is_short_enough_to_be_sent() {
    for operation in operations() {
        for parameter in operation.value["parameters"].as_array().into_iter().flatten() {
            let schema = resolved(&parameter["schema"]);
            let letters = schema["maxLength"].as_u64().unwrap_or(0);
            assert!(letters <= 2000, "{}: {} has up to {letters} letters", operation.id(), parameter["name"]);
        }
    }
}

#[test]
fn a_path_that_is_no_id_leads_nowhere() {
    run(async {
        let caller = Organization::new().await.owner().await;
        let ids = [
            "x",
            "1",
            "%00",
            "..%2f..%2fetc%2fpasswd",
            "' or 1=1 --",
            &"9".repeat(3000),
            &format!("{{{}}}", Uuid::now_v7()),
            "%ff",
        ];
        for operation in operations().into_iter().filter(|each| each.path.contains("{id}")) {
            for id in ids {
                let path = crate::examples::fill(
                    &operation.path,
                    &id.replace(' ', "%20").replace('{', "%7B").replace('}', "%7D"),
                );
                let request = caller.request(operation.method.clone(), &path).header("if-match", "*");
                let request = match crate::examples::body_schema(&operation) {
                    Some(_) => request.json(&operation.example().unwrap()),
                    None => request,
                };
                let answer = request.send().await;
                assert!(
                    [400, 404, 405].contains(&answer.status),
                    "{} {path}: {}",
                    operation.id(),
                    answer.text
                );
            }
        }
    });
}
