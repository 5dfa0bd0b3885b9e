//! The contract as the service publishes it, and every answer held against it: what it does not describe fails the test.
use super::{Answer, Request, service};
use jsonschema::{Registry, Validator};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

static CONTRACT: LazyLock<Value> = LazyLock::new(|| {
    let fetch = || super::run(Request::new(Method::GET, "/openapi.json").try_send()).unwrap();
    std::thread::spawn(fetch).join().unwrap().body
});

/// The published contract.
pub fn contract() -> &'static Value {
    &CONTRACT
}

/// An operation of the contract.
#[derive(Clone)]
pub struct Operation {
    pub method: Method,
    pub path: String,
    pub value: &'static Value,
}

impl Operation {
    pub fn id(&self) -> &str {
        self.value["operationId"].as_str().unwrap()
    }
    /// `employees:read`; none where anybody may call.
    pub fn permission(&self) -> Option<&str> {
        self.value["x-permission"].as_str()
    }
    /// The example of the body, if it takes one.
    pub fn example(&self) -> Option<Value> {
        let contents = self.value["requestBody"]["content"].as_object()?;
        contents.get("application/json").map(|content| content["example"].clone())
    }
    pub fn parameter(&self, name: &str) -> Option<&Value> {
        self.value["parameters"].as_array()?.iter().find(|each| each["name"] == name)
    }
}

/// Every operation of the contract.
pub fn operations() -> Vec<Operation> {
    let mut all = Vec::new();
    for (path, item) in contract()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            all.push(Operation { method, path: path.clone(), value: operation });
        }
    }
    all
}

/// Every permission that the contract names.
pub fn permissions() -> Vec<String> {
    let mut all: Vec<String> = operations()
        .iter()
        .filter_map(|each| each.permission().map(str::to_owned))
        .filter(|each| each.contains(':'))
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Holds an answer against the contract: status, content type, headers, schema.
#[track_caller]
pub fn check(method: &Method, path: &str, answer: &Answer) {
    let bare = path.split('?').next().unwrap();
    let asked = if *method == Method::HEAD { "get".to_owned() } else { method.as_str().to_lowercase() };
    let Some((pattern, item)) = find(bare) else {
        assert!(
            answer.status >= 400,
            "{method} {path} answered {} and is not in the contract",
            answer.status
        );
        if bare.starts_with("/scim/v2/") || bare == "/scim/v2" {
            assert_eq!(answer.header("content-type"), Some("application/scim+json"), "{}", answer.text);
            return;
        }
        return check_problem(answer);
    };
    let Some(operation) = item.get(&asked) else {
        assert!(
            [405, 200, 204].contains(&answer.status),
            "{method} {path} answered {} and is not in the contract",
            answer.status
        );
        return;
    };
    let status = answer.status.to_string();
    if answer.status == 304 || (answer.status == 431 || answer.status == 500) {
        assert_ne!(answer.status, 500, "{method} {path}: {}", answer.text);
        return;
    }
    let told = &operation["responses"][&status];
    let told = resolve(told);
    assert!(
        !told.is_null(),
        "{method} {pattern} answered {status}, which the contract does not know: {}",
        answer.text
    );
    for name in answer.headers.keys() {
        const TRANSPORT: &[&str] = &[
            "content-type",
            "content-length",
            "date",
            "cache-control",
            "x-content-type-options",
            "x-frame-options",
            "referrer-policy",
            "content-security-policy",
            "transfer-encoding",
            "vary",
            "connection",
            "traceparent",
            "content-disposition",
            "access-control-allow-origin",
            "access-control-expose-headers",
            "access-control-allow-credentials",
            "content-encoding",
            "strict-transport-security",
        ];
        let known = TRANSPORT.contains(&name.as_str())
            || told["headers"]
                .as_object()
                .is_some_and(|all| all.keys().any(|each| each.eq_ignore_ascii_case(name.as_str())));
        assert!(
            known,
            "{method} {pattern} {status} answered with the header {name}, which the contract does not know"
        );
    }
    if answer.text.is_empty() {
        return;
    }
    let kind = answer.header("content-type").unwrap_or_default().split(';').next().unwrap().to_owned();
    let content = &told["content"][&kind];
    assert!(
        !content.is_null(),
        "{method} {pattern} {status} answered {kind}, which the contract does not know: {}",
        answer.text
    );
    if kind.ends_with("/json") || kind.ends_with("+json") {
        let validator = validator(&format!("{asked} {pattern} {status} {kind}"), &content["schema"]);
        let faults: Vec<String> = validator
            .iter_errors(&answer.body)
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect();
        assert!(
            faults.is_empty(),
            "{method} {pattern} {status} breaks the contract: {faults:#?}\n{}",
            answer.text
        );
    }
}

#[track_caller]
fn check_problem(answer: &Answer) {
    let kind = answer.header("content-type").unwrap_or_default();
    assert_eq!(kind, "application/problem+json", "{}", answer.text);
    let validator = validator("problem", &json!({"$ref": "#/components/schemas/Problem"}));
    assert!(validator.is_valid(&answer.body), "{}", answer.text);
}

fn find(path: &str) -> Option<(&'static str, &'static Value)> {
    let paths = contract()["paths"].as_object().unwrap();
    if let Some((pattern, item)) = paths.get_key_value(path) {
        return Some((pattern, item));
    }
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |pattern: &str| {
        let pattern: Vec<&str> = pattern.split('/').collect();
        pattern.len() == parts.len()
            && pattern.iter().zip(&parts).all(|(a, b)| a == b || (a.starts_with('{') && !b.is_empty()))
    };
    paths.iter().find(|(pattern, _)| fits(pattern)).map(|(pattern, item)| (pattern.as_str(), item))
}

fn resolve(value: &'static Value) -> &'static Value {
    match value["$ref"].as_str() {
        Some(target) => contract().pointer(target.trim_start_matches('#')).unwrap(),
        None => value,
    }
}

/// What the contract's schemas refer to, read once.
static COMPONENTS: LazyLock<Registry<'static>> = LazyLock::new(|| {
    let components = json!({"components": contract()["components"]});
    Registry::new().add("https://contract.test/", components).unwrap().prepare().unwrap()
});

fn validator(name: &str, schema: &Value) -> Arc<Validator> {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut all = VALIDATORS.lock().unwrap();
    let compile = || {
        let told = schema.to_string().replace("\"#/components/", "\"https://contract.test/#/components/");
        let options =
            jsonschema::draft202012::options().should_validate_formats(true).with_registry(&COMPONENTS);
        Arc::new(options.build(&told.parse().unwrap()).unwrap())
    };
    Arc::clone(all.entry(name.to_owned()).or_insert_with(compile))
}
