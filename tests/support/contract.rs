//! The contract as the service publishes it, and every answer held against it: what it does not describe fails the test.
use super::{Answer, Request, service};
use jsonschema::{Registry, Validator};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
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

static OPERATIONS: LazyLock<Vec<Operation>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for (path, item) in contract()["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = method.to_uppercase().parse().unwrap();
            all.push(Operation { method, path: path.clone(), value: operation });
        }
    }
    all
});

/// Every operation of the contract.
pub fn operations() -> Vec<Operation> {
    OPERATIONS.clone()
}

/// The operation with this id, if there is one.
pub fn operation_of(id: &str) -> Option<Operation> {
    static BY_ID: LazyLock<HashMap<&str, &Operation>> =
        LazyLock::new(|| OPERATIONS.iter().map(|each| (each.id(), each)).collect());
    BY_ID.get(id).copied().cloned()
}

/// The operation at this address, if there is one.
pub fn operation_at(method: &Method, path: &str) -> Option<Operation> {
    static BY_PATH: LazyLock<HashMap<(&Method, &str), &Operation>> =
        LazyLock::new(|| OPERATIONS.iter().map(|each| ((&each.method, each.path.as_str()), each)).collect());
    BY_PATH.get(&(method, path)).copied().cloned()
}

/// Every permission that the contract names.
pub fn permissions() -> Vec<String> {
    static ALL: LazyLock<BTreeSet<&str>> = LazyLock::new(|| {
        OPERATIONS.iter().filter_map(Operation::permission).filter(|each| each.contains(':')).collect()
    });
    ALL.iter().map(|each| (*each).to_owned()).collect()
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
    // The patterns by how many parts they have and what they begin with: `/v1/employees`.
    type Patterns = HashMap<(usize, String), Vec<(Vec<&'static str>, &'static str, &'static Value)>>;
    static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
        let mut all = Patterns::new();
        for (pattern, item) in contract()["paths"].as_object().unwrap() {
            let parts: Vec<&str> = pattern.split('/').collect();
            all.entry((parts.len(), begins(&parts))).or_default().push((parts, pattern, item));
        }
        all
    });
    if let Some((pattern, item)) = contract()["paths"].as_object().unwrap().get_key_value(path) {
        return Some((pattern, item));
    }
    let parts: Vec<&str> = path.split('/').collect();
    let fits = |pattern: &[&str]| {
        pattern.iter().zip(&parts).all(|(a, b)| a == b || (a.starts_with('{') && !b.is_empty()))
    };
    let mut near = PATTERNS.get(&(parts.len(), begins(&parts)))?.iter();
    near.find(|(pattern, ..)| fits(pattern)).map(|(_, pattern, item)| (*pattern, *item))
}

/// `/v1/employees`, or `/problems`.
fn begins(parts: &[&str]) -> String {
    parts[..parts.len().min(if parts[1] == "v1" { 3 } else { 2 })].join("/")
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

/// The validator of a schema, made once.
pub fn validator(name: &str, schema: &Value) -> Arc<Validator> {
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
