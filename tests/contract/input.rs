//! What comes in: every operation that takes a body meets every kind of bad one with a problem that says where.
use crate::examples::{body, body_schema, fields, holds_ids, lists, may_be, ready, resolved, with};
use crate::support::{Answer, Caller, Operation, Organization, Request, operations, run};
use reqwest::Method;
use serde_json::{Value, json};

/// An operation with somebody who may do it, a row to do it to, and a body that it takes.
pub struct Taker {
    caller: Caller,
    pub operation: Operation,
    path: String,
    good: Value,
}

impl Taker {
    pub fn request(&self) -> Request {
        let request = self.caller.request(self.operation.method.clone(), &self.path);
        if self.operation.parameter("If-Match").is_some() { request.header("if-match", "*") } else { request }
    }
    async fn send(&self, body: impl Into<Vec<u8>>) -> Answer {
        self.request().body("application/json", body).send().await
    }
    pub async fn send_to(&self, base: &str, body: &str) -> Answer {
        self.request().body("application/json", body).to(base).send().await
    }
    fn fields(&self) -> Vec<(String, Value)> {
        fields(&self.operation)
    }
    /// The good body with one field replaced, as text, so that it may be no JSON value that Rust could hold.
    fn replaced(&self, field: &str, text: &str) -> String {
        let mut body = self.good.clone();
        body[field] = json!("@@@");
        body.to_string().replace("\"@@@\"", text)
    }
    /// Refused with a fault at the field.
    async fn refuses(&self, field: &str, text: &str) {
        let answer = self.send(self.replaced(field, text)).await;
        let at_field = |fault: &Value| {
            fault["pointer"].as_str().is_some_and(|pointer| pointer.starts_with(&format!("/{field}")))
        };
        let told = answer.status == 422
            && answer.body["errors"].as_array().is_some_and(|all| all.iter().any(at_field));
        assert!(
            told,
            "{} {field}: {text} was answered {}: {}",
            self.operation.id(),
            answer.status,
            answer.text
        );
    }
}

/// Every operation that takes a JSON object.
pub async fn takers() -> Vec<Taker> {
    let caller = Organization::new().await.owner().await;
    let mut takers = Vec::new();
    for operation in operations()
        .into_iter()
        .filter(|each| body_schema(each).is_some_and(|schema| schema["properties"].is_object()))
    {
        let guarded = operation.permission().is_some_and(|permission| permission.contains(':'));
        let (path, good) = if guarded {
            (ready(&caller, &operation).await, body(&caller, &operation).await)
        } else {
            (operation.path.clone(), operation.example().unwrap())
        };
        takers.push(Taker { caller: caller.clone(), operation, path, good });
    }
    assert!(takers.len() >= 12, "{} operations take a body", takers.len());
    takers
}

#[test]
fn what_is_no_json_is_malformed() {
    run(async {
        for taker in takers().await {
            let good = taker.good.to_string();
            let deep = format!("{{\"deep\":{}{}}}", "[".repeat(64), "]".repeat(64));
            let bodies: Vec<Vec<u8>> = vec![
                b"".to_vec(),
                b"{".to_vec(),
                b"{\"a\":}".to_vec(),
                b"'a'".to_vec(),
                b"{\"a\": NaN}".to_vec(),
                b"{\"a\": 1e400}".to_vec(),
                b"{\"a\": 01}".to_vec(),
                format!("{good}x").into_bytes(),
                format!("{good}{good}").into_bytes(),
                format!("\u{FEFF}{good}").into_bytes(),
                b"{\"a\": \"\xff\xfe\"}".to_vec(),
                b"{\"a\": \"\xed\xa0\x80\"}".to_vec(),
                b"{\"a\": \"\\ud800\"}".to_vec(),
                b"{\"a\": \"\\udc00\\ud800\"}".to_vec(),
                b"{\"a\": \"\x00\"}".to_vec(),
                deep.into_bytes(),
                [b'['; 100_000].to_vec(),
                "{\"a\":".repeat(70).into_bytes(),
            ];
            for body in bodies {
                let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
                let answer = taker.send(body).await;
                assert_eq!(answer.status, 400, "{} {shown}: {}", taker.operation.id(), answer.text);
                answer.is_problem(400, "malformed-request");
            }
            // 64 levels are fine, as far as they go.
            let deep = format!("{{\"deep\":{}{}}}", "[".repeat(63), "]".repeat(63));
            assert_ne!(taker.send(deep).await.status, 400, "{}", taker.operation.id());
            for other in ["[]", "null", "1", "\"text\"", "true", "[{}]"] {
                taker.send(other).await.is_problem(422, "invalid-input");
            }
        }
    });
}

#[test]
fn another_content_type_is_refused() {
    run(async {
        for taker in takers().await {
            let good = taker.good.to_string().into_bytes();
            for kind in [
                "text/plain",
                "application/xml",
                "multipart/form-data; boundary=x",
                "application/octet-stream",
                "application/jsonx",
                "nonsense",
                "*/*",
            ] {
                taker
                    .request()
                    .body(kind, good.clone())
                    .send()
                    .await
                    .is_problem(415, "unsupported-media-type");
            }
            for encoding in ["compress", "gzip, gzip", "x", "identity, gzip"] {
                let refused = taker
                    .request()
                    .header("content-encoding", encoding)
                    .body("application/json", good.clone())
                    .send()
                    .await;
                refused.is_problem(415, "unsupported-media-type");
            }
        }
    });
}

#[test]
fn a_body_that_has_to_say_nothing_may_be_left_out() {
    run(async {
        let (mut left_out, mut needed) = (0, 0);
        let tried = |taker: &Taker| {
            taker.operation.method == Method::POST && taker.operation.parameter("dry_run").is_some()
        };
        for taker in takers().await.into_iter().filter(tried) {
            let path = with(&taker.path, "dry_run=true");
            let request = || taker.caller.request(Method::POST, &path);
            let without = request().send().await;
            if taker.operation.value["requestBody"]["required"] == true {
                without.is_problem(415, "unsupported-media-type");
                needed += 1;
            } else {
                let empty = request().json(&json!({})).send().await;
                let told = |answer: &Answer| {
                    (answer.status, answer.body["code"].clone(), answer.body["errors"].clone())
                };
                assert_eq!(told(&without), told(&empty), "{}", taker.operation.id());
                request().body("text/plain", "{}").send().await.is_problem(415, "unsupported-media-type");
                left_out += 1;
            }
        }
        assert!(left_out >= 20 && needed >= 200, "{left_out} may be left out, {needed} are needed");
    });
}

#[test]
fn a_field_of_another_type_is_refused_where_it_is() {
    run(async {
        for taker in takers().await {
            for (name, field) in taker.fields() {
                for (kind, value) in [
                    ("string", "\"@\""),
                    ("integer", "7"),
                    ("boolean", "true"),
                    ("object", "{}"),
                    ("array", "[]"),
                    ("null", "null"),
                ] {
                    let takes = may_be(&field, kind)
                        || field["type"].is_null() && field["oneOf"].is_null() && field["anyOf"].is_null();
                    if !takes {
                        taker.refuses(&name, value).await;
                    }
                }
                if may_be(&field, "integer") {
                    taker.refuses(&name, "1.5").await;
                    taker.refuses(&name, "\"7\"").await;
                }
                if may_be(&field, "array") {
                    taker.refuses(&name, "[{\"no_such_field\": []}]").await;
                }
            }
        }
    });
}

#[test]
fn null_is_taken_where_the_contract_says_so_and_nowhere_else() {
    run(async {
        let mut lies = Vec::new();
        for taker in takers().await {
            for (name, _) in taker.fields().into_iter().filter(|(_, field)| may_be(field, "null")) {
                let answer = taker.send(taker.replaced(&name, "null")).await;
                let at_field = |fault: &Value| fault["pointer"] == format!("/{name}");
                if answer.body["errors"].as_array().is_some_and(|all| all.iter().any(at_field)) {
                    lies.push(format!("{} {name}: {}", taker.operation.id(), answer.body["errors"]));
                }
            }
        }
        assert!(lies.is_empty(), "the contract lets it be null, and it is refused: {lies:#?}");
    });
}

#[test]
fn what_must_be_given_must_be_given() {
    run(async {
        for taker in takers().await {
            for name in body_schema(&taker.operation).unwrap()["required"].as_array().into_iter().flatten() {
                let name = name.as_str().unwrap();
                let mut body = taker.good.clone();
                body.as_object_mut().unwrap().remove(name);
                let problem = taker.send(body.to_string()).await.is_problem(422, "invalid-input");
                assert_eq!(
                    (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
                    (&json!(format!("/{name}")), &json!("required"))
                );
            }
        }
    });
}

#[test]
fn bad_text_is_refused_where_it_is() {
    run(async {
        for taker in takers().await {
            for (name, field) in taker.fields().into_iter().filter(|(_, field)| may_be(field, "string")) {
                taker.refuses(&name, "\"a\\u0000b\"").await;
                taker.refuses(&name, "\"a\\u0007b\"").await;
                taker.refuses(&name, "\"a\\u001b[31mb\"").await;
                let is_name = ["name", "title", "code", "number", "email", "phone", "slug"]
                    .iter()
                    .any(|end| name.ends_with(end));
                if is_name {
                    for hidden in
                        ["a\u{202E}b", "a\u{200B}b", "\u{FEFF}ab", "a\u{2066}b", "a\nb", " ab", "ab\u{3000}"]
                    {
                        taker.refuses(&name, &json!(hidden).to_string()).await;
                    }
                }
                if let Some(longest) = field["maxLength"].as_u64() {
                    taker
                        .refuses(&name, &format!("\"{}\"", "a".repeat(usize::try_from(longest).unwrap() + 1)))
                        .await;
                }
                if field["minLength"].as_u64().is_some_and(|least| least > 0) {
                    taker.refuses(&name, "\"\"").await;
                }
                if field["enum"].is_array() {
                    taker.refuses(&name, "\"no_such_value\"").await;
                }
                if holds_ids(&field) {
                    for bad in
                        ["", "x", "01938c6e-7d3a-7c4e-9f0a", "{}", "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5g"]
                    {
                        taker.refuses(&name, &json!(bad).to_string()).await;
                    }
                }
            }
        }
    });
}

#[test]
fn days_and_instants_are_real_and_near() {
    run(async {
        let mut tried = 0;
        for taker in takers().await {
            for (name, field) in taker.fields() {
                let bad: &[&str] = match field["format"].as_str() {
                    Some("date") => &[
                        "2026-02-30",
                        "2026-02-29",
                        "1899-12-31",
                        "2201-01-01",
                        "9999-12-31",
                        "0000-01-01",
                        "-2026-01-01",
                        "+12026-01-01",
                        "2026-3-2",
                        "02.03.2026",
                        "2026-03-02T00:00:00Z",
                        "20260302",
                        "today",
                        "",
                    ],
                    Some("date-time") => &[
                        "2026-02-30T00:00:00Z",
                        "2026-03-02",
                        "2026-03-02T25:00:00Z",
                        "2026-03-02T08:00:00",
                        "now",
                        "",
                        "99999-01-01T00:00:00Z",
                    ],
                    _ => continue,
                };
                tried += 1;
                for text in bad {
                    taker.refuses(&name, &json!(text).to_string()).await;
                }
            }
        }
        assert!(tried >= 3, "{tried} fields hold a day or an instant");
    });
}

#[test]
fn huge_numbers_are_refused_or_exact() {
    run(async {
        let mut tried = 0;
        for taker in takers().await {
            for (name, _) in taker.fields().into_iter().filter(|(_, field)| may_be(field, "integer")) {
                for number in [
                    "2147483648",
                    "9007199254740993",
                    "9223372036854775807",
                    "9223372036854775808",
                    "-9223372036854775809",
                    "1e30",
                    "123456789012345678901234567890",
                ] {
                    let answer = taker.send(taker.replaced(&name, number)).await;
                    if answer.status < 300 {
                        assert_eq!(answer.body[&name].to_string(), number, "{} {name}", taker.operation.id());
                    } else {
                        let problem = answer.is_problem(422, "invalid-input");
                        assert!(
                            problem["errors"]
                                .as_array()
                                .unwrap()
                                .iter()
                                .any(|fault| fault["pointer"] == format!("/{name}")),
                            "{problem}"
                        );
                    }
                    tried += 1;
                }
                taker.send(taker.replaced(&name, "1e400")).await.is_problem(400, "malformed-request");
                taker.refuses(&name, "-1").await;
            }
        }
        assert!(tried >= 14, "{tried} numbers");
    });
}

#[test]
fn every_fault_is_told_at_once() {
    run(async {
        for taker in takers().await {
            let fields = taker.fields();
            let mut body: Value = fields
                .iter()
                .map(|(name, field)| {
                    // What takes any object takes no list.
                    let takes_any = field["type"] == "object" && field["properties"].is_null();
                    (name.clone(), if takes_any { json!([1]) } else { json!({"wrong": 1}) })
                })
                .collect::<serde_json::Map<_, _>>()
                .into();
            body["no_such_field"] = json!(1);
            body["nor_this/one~"] = json!(2);
            let problem = taker.send(body.to_string()).await.is_problem(422, "invalid-input");
            let told: Vec<&str> = problem["errors"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|fault| fault["pointer"].as_str())
                .collect();
            for name in fields
                .iter()
                .map(|(name, _)| format!("/{name}"))
                .chain(["/no_such_field".into(), "/nor_this~1one~0".into()])
            {
                assert!(
                    told.iter().any(|pointer| pointer.starts_with(&name)),
                    "{} does not tell of {name}: {told:?}",
                    taker.operation.id()
                );
            }
            for fault in problem["errors"].as_array().unwrap() {
                let detail = fault["detail"].as_str().unwrap();
                assert!(
                    !detail.contains("serde")
                        && !detail.is_empty()
                        && fault["code"].as_str().unwrap().len() > 2,
                    "{fault}"
                );
            }
        }
    });
}

/// Letters of every length in UTF-8, composed and decomposed, right to left, and a family of one glyph.
const LETTERS: &str = "a ß е\u{301} é e\u{301} 漢字 שלום 🙂 𝔘 👩\u{1F3FD} ";

/// Columns that are there together, or instead of others.
fn stand_beside(columns: &mut Value, name: &str) {
    match name {
        "debit" | "credit" => {
            for (column, said) in [
                ("amount", Value::Null),
                ("direction", Value::Null),
                ("outgoing", Value::Null),
                ("debit", json!("Debit")),
                ("credit", json!("Credit")),
            ] {
                columns[column] = said;
            }
        }
        "direction" | "outgoing" => {
            (columns["direction"], columns["outgoing"]) = (json!("Direction"), json!("Out"));
        }
        _ => {}
    }
}

#[test]
fn other_text_is_kept_byte_for_byte() {
    run(async {
        let mut kept = 0;
        for taker in takers()
            .await
            .into_iter()
            .filter(|taker| taker.operation.permission().is_some_and(|each| each.contains(':')))
        {
            for (name, field) in taker.fields() {
                let free = may_be(&field, "string")
                    && field["pattern"].is_null()
                    && field["format"].is_null()
                    && field["enum"].is_null()
                    && field["oneOf"].as_array().is_none_or(|all| {
                        all.iter().all(|each| {
                            resolved(each)["enum"].is_null() && resolved(each)["pattern"].is_null()
                        })
                    })
                    && field["$ref"].is_null();
                if !free || field["maxLength"].as_u64().is_some_and(|longest| longest < 60) {
                    continue;
                }
                let path = ready(&taker.caller, &taker.operation).await;
                let mut body = body(&taker.caller, &taker.operation).await;
                if taker.operation.id().ends_with("_bank_statement_mapping") {
                    stand_beside(&mut body, &name);
                }
                body[&name] =
                    json!(format!("{LETTERS}{}", uuid::Uuid::now_v7().simple().to_string().split_off(20)));
                let request = taker
                    .caller
                    .request(taker.operation.method.clone(), &path)
                    .header("if-match", "*")
                    .json(&body);
                let answer = request.send().await;
                assert!(
                    [200, 201].contains(&answer.status),
                    "{} {name}: {}",
                    taker.operation.id(),
                    answer.text
                );
                if answer.body[&name].is_string() {
                    assert_eq!(
                        answer.body[&name].as_str().unwrap().as_bytes(),
                        body[&name].as_str().unwrap().as_bytes(),
                        "{} {name}",
                        taker.operation.id()
                    );
                    kept += 1;
                }
            }
        }
        assert!(kept >= 6, "{kept} fields take any text");
    });
}

#[test]
fn a_query_is_text_too() {
    run(async {
        let caller = Organization::new().await.owner().await;
        for list in lists() {
            for (query, status) in [
                ("q=%00", 422),
                ("q=a%07", 422),
                ("limit=%F0%9F%99%82", 422),
                ("%00=1", 422),
                ("q=%", 200),
                ("=&=", 422),
                ("&&&", 200),
            ] {
                let answer = caller.get(&with(&list.path, query)).await;
                assert_eq!(answer.status, status, "{} {query}: {}", list.id(), answer.text);
            }
            let long = caller.get(&with(&list.path, &format!("q={}", "a".repeat(17_000)))).await;
            assert!([400, 422].contains(&long.status), "{}: {}", list.id(), long.text);
        }
    });
}

#[test]
fn what_the_caller_may_not_do_is_told_before_what_is_wrong_with_the_body() {
    run(async {
        let organization = Organization::new().await;
        let nobody = organization.caller(&[]).await;
        for taker in takers()
            .await
            .into_iter()
            .filter(|taker| taker.operation.permission().is_some_and(|each| each.contains(':')))
        {
            for body in ["", "{", "{}", "[]", "{\"a\": \"\\u0000\"}"] {
                let request = |caller: &Caller| caller.request(taker.operation.method.clone(), &taker.path);
                let refused = request(&nobody).body("application/json", body).send().await;
                assert_eq!(
                    refused.status,
                    403,
                    "{} without If-Match, with {body}: {}",
                    taker.operation.id(),
                    refused.text
                );
                let refused = request(&nobody).body("text/plain", body).send().await;
                assert_eq!(refused.status, 403, "{}: {}", taker.operation.id(), refused.text);
                let open = Request::new(taker.operation.method.clone(), &taker.path)
                    .body("application/json", body)
                    .send()
                    .await;
                assert_eq!(open.status, 401, "{}: {}", taker.operation.id(), open.text);
            }
        }
    });
}
