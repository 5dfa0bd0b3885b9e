//! What the platform adds to the OpenAPI document in one pass, so that no operation can forget it: the problems it can
//! answer with, security, examples, open enumerations out and closed ones in.
use crate::dialect::Dialect;
use crate::event::Happenings;
use crate::problem::{Kind, ProblemBody};
use crate::resource::Resource;
use actix_web::http::Method;
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashSet};
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{OpenApi, Ref, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Marks an enumeration that may gain values: clients must expect new ones.
const EXTENSIBLE: &str = "x-extensible-enum";

/// The schema of an enumeration made by `text_enum!`.
#[must_use]
pub fn enumeration(name: &str, values: &[&str]) -> RefOr<Schema> {
    let listed: Vec<String> = values.iter().map(|value| format!("`{value}`")).collect();
    let object = ObjectBuilder::new()
        .schema_type(Type::String)
        .title(Some(name))
        .max_length(Some(100))
        .description(Some(format!("One of {}. Expect new values.", listed.join(", "))))
        .examples(values.first().map(|first| json!(first)))
        .extensions(Some(ExtensionsBuilder::new().add(EXTENSIBLE, json!(values)).build()));
    RefOr::T(Schema::Object(object.build()))
}

/// Closes every enumeration below: what comes in is one of the values that there are.
pub(crate) fn close_enumerations(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            if let Some(values) = fields.remove(EXTENSIBLE) {
                fields.insert("enum".into(), values);
            }
            fields.values_mut().for_each(close_enumerations);
        }
        Value::Array(items) => items.iter_mut().for_each(close_enumerations),
        _ => {}
    }
}

/// A page of the named schema.
pub(crate) fn page_schema(name: &str) -> RefOr<Schema> {
    let rows = utoipa::openapi::ArrayBuilder::new()
        .items(Ref::from_schema_name(name))
        .max_items(Some(200))
        .description(Some("The rows of this page."));
    let nullable = |kind: Type| SchemaType::from_iter([kind, Type::Null]);
    let cursor = ObjectBuilder::new()
        .schema_type(nullable(Type::String))
        .max_length(Some(2000))
        .examples([json!("WyJpZCIsWyIwMTkzOGM2ZSJdXQ")])
        .description(Some("Where the next page starts; null on the last."));
    let total = ObjectBuilder::new()
        .schema_type(nullable(Type::Integer))
        .minimum(Some(0))
        .examples([json!(null)])
        .description(Some("The number of rows on all pages, where `count=true` asked for it."));
    let page = ObjectBuilder::new()
        .property("data", rows)
        .required("data")
        .property("next_cursor", cursor)
        .required("next_cursor")
        .property("total", total)
        .required("total");
    RefOr::T(Schema::Object(page.description(Some("A page of a list.")).build()))
}

/// Several of the named schema, as one call made them.
pub(crate) fn several_schema(name: &str) -> RefOr<Schema> {
    let rows = utoipa::openapi::ArrayBuilder::new()
        .items(Ref::from_schema_name(name))
        .max_items(Some(1000))
        .description(Some("In the order in which they were sent."));
    let several = ObjectBuilder::new().property("data", rows).required("data");
    RefOr::T(Schema::Object(several.description(Some("What one call made.")).build()))
}

/// `available_actions`, which the platform adds to every resource with a life.
pub(crate) fn with_available_actions<R: Resource>(document: &mut OpenApi) {
    let mut actions: Vec<&str> =
        R::life().map(|life| life.steps.iter().map(|step| step.action).collect()).unwrap_or_default();
    actions.dedup(); // one that leads to different states from different ones
    let item = ObjectBuilder::new()
        .schema_type(Type::String)
        .max_length(Some(100))
        .extensions(Some(ExtensionsBuilder::new().add(EXTENSIBLE, json!(actions)).build()));
    let listed = utoipa::openapi::ArrayBuilder::new()
        .items(item)
        .max_items(Some(100))
        .examples([json!(actions.iter().take(1).collect::<Vec<_>>())])
        .description(Some(
            "The steps that its state and the caller's permissions allow now. Expect new values.",
        ));
    if let RefOr::T(Schema::Object(mut object)) = R::schema() {
        object.properties.insert("available_actions".into(), RefOr::T(Schema::Array(listed.build())));
        object.required.push("available_actions".into());
        let components = document.components.get_or_insert_default();
        components.schemas.insert(R::name().into_owned(), RefOr::T(Schema::Object(object)));
    }
}

/// What every operation has in common: the answers it can give beside success, the headers of all answers, security.
pub(crate) fn complete(
    operation: &mut Operation,
    method: &Method,
    path: &str,
    permission: Option<&str>,
    others: &[&'static str],
    dialect: Option<&Dialect>,
) {
    match permission {
        Some(permission) => {
            let named = ExtensionsBuilder::new().add("x-permission", permission).build();
            operation.extensions.get_or_insert_default().merge(named);
        }
        None => operation.security = Some(Vec::new()),
    }
    let mut refusals = vec!["400", "429", "503"];
    refusals.extend(others);
    if permission.is_some() {
        refusals.extend(["401", "403"]);
    }
    if path.contains('{') {
        refusals.push("404");
    }
    if operation.request_body.is_some() {
        refusals.extend(["408", "413", "415", "422"]);
    } else if permission.is_some() || operation.parameters.as_ref().is_some_and(|all| !all.is_empty()) {
        refusals.push("422"); // a query parameter that nobody knows, at the least
    }
    if *method != Method::GET && permission.is_some() {
        refusals.push("409");
        refusals.push("422");
    }
    if matches!(*method, Method::PATCH | Method::PUT | Method::DELETE) {
        refusals.extend(["412", "428"]);
    }
    if *method == Method::POST && path.contains("{id}/") {
        refusals.push("412");
    }
    if let Some(dialect) = dialect {
        let known = refusals.iter().filter_map(|status| (dialect.status)(status.parse().ok()?));
        for status in known {
            let told = || RefOr::T(dialect.response(status));
            operation.responses.responses.entry(status.to_string()).or_insert_with(told);
        }
        return;
    }
    for status in refusals {
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(|| RefOr::Ref(Ref::from_response_name(response_name(status))));
    }
}

fn response_name(status: &str) -> &'static str {
    match status {
        "400" => "MalformedRequest",
        "401" => "Unauthenticated",
        "403" => "Forbidden",
        "404" => "NotFound",
        "406" => "NotAcceptable",
        "408" => "RequestTimeout",
        "409" => "Conflict",
        "412" => "StaleVersion",
        "413" => "TooLarge",
        "415" => "UnsupportedMediaType",
        "416" => "RangeNotSatisfiable",
        "422" => "InvalidInput",
        "428" => "PreconditionRequired",
        "429" => "TooManyRequests",
        _ => "Unavailable",
    }
}

/// The finished document.
#[must_use]
pub(crate) fn finish(
    mut document: OpenApi,
    version: &str,
    description: &str,
    problems: &[&'static Kind],
    not_null: &[(String, String)],
) -> Value {
    document.info.title = "backoffice".into();
    document.info.version = version.into();
    document.info.description = Some(description.into());
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The access token from `/v1/auth/login` or `/oauth/token`."));
    components.security_schemes.insert("bearer".into(), SecurityScheme::Http(bearer.build()).into());
    components.schemas.insert("Problem".into(), ProblemBody::schema());
    let mut schemas = Vec::new();
    ProblemBody::schemas(&mut schemas);
    components.schemas.extend(schemas);
    document.security = Some(vec![SecurityRequirement::new("bearer", Vec::<String>::new())]);

    let mut document = serde_json::to_value(&document).unwrap_or_default();
    document["info"]["license"] = json!({"name": "Apache-2.0", "identifier": "Apache-2.0"});
    document["info"]["contact"] = json!({"name": "The backoffice developers"});
    document["servers"] = json!([{"url": "/", "description": "The server that this document came from"}]);
    document["components"]["responses"] = refusals(problems);
    for schema in document["components"]["schemas"].as_object_mut().into_iter().flat_map(Map::values_mut) {
        require_what_is_always_sent(schema);
        describe_what_may_be_null(schema);
    }
    describe_common_fields(&mut document);
    close_inputs(&mut document);
    tell_the_days_taken(&mut document);
    for (schema, field) in not_null {
        forbid_null(&mut document["components"]["schemas"][schema]["properties"][field]);
    }
    let schemas = document["components"]["schemas"].clone();
    for operation in operations(&mut document) {
        tell_common_headers(operation);
        add_examples(operation, &schemas);
    }
    drop_unused_enumerations(&mut document);
    document["tags"] = tags(&mut document);
    let names: Vec<_> =
        document["tags"].as_array().into_iter().flatten().map(|tag| tag["name"].clone()).collect();
    let parameters =
        document["paths"]["/openapi.json"]["get"]["parameters"].as_array_mut().into_iter().flatten();
    for parameter in parameters.filter(|each| each["name"] == "tag") {
        parameter["schema"] = json!({"type": "string", "enum": names});
    }
    document
}

/// The section `webhooks`: what is sent to endpoints, for every type of event of every resource.
pub(crate) fn tell_webhooks(document: &mut Value, all: &[Happenings], schema: &str) {
    let text = |name: &str, description: &str, example: &str| {
        json!({"name": name, "in": "header", "required": true, "description": description,
            "schema": {"type": "string", "minLength": 1, "maxLength": 500}, "example": example})
    };
    document["components"]["parameters"] = json!({
        "WebhookId": text("webhook-id", "The event: the same at every attempt, so that what comes twice is known.", "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f"),
        "WebhookTimestamp": text("webhook-timestamp", "When it was sent, in seconds since 1970. Refuse what is older than five minutes.", "1772438400"),
        "WebhookSignature": text("webhook-signature", "After Standard Webhooks: `v1,` and the HMAC-SHA256 of id, timestamp and body, for each secret that holds, separated by spaces.", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    });
    let headers: Vec<_> = ["WebhookId", "WebhookTimestamp", "WebhookSignature"]
        .iter()
        .map(|name| json!({"$ref": format!("#/components/parameters/{name}")}))
        .collect();
    let shown = example(
        &json!({"$ref": format!("#/components/schemas/{schema}")}),
        &document["components"]["schemas"],
    );
    let mut webhooks = Map::new();
    for happenings in all {
        for (event, what) in happenings.types().zip(&happenings.what) {
            let mut example = shown.clone();
            example["type"] = json!(event);
            example["data"]["resource"] = json!(happenings.resource);
            let thing = happenings.singular.replace('_', " ");
            let said = match *what {
                "created" | "updated" | "deleted" => format!("It was {what}."),
                state => format!("Its status is `{state}` now."),
            };
            let operation = json!({
                "operationId": format!("on_{}", event.replace('.', "_")),
                "tags": [happenings.tag],
                "summary": format!("{} {}", capitalized(&thing), what.replace('_', " ")),
                "description": format!("Sent to endpoints that asked for `{event}`, `{}.*` or `*`. {said}", happenings.singular),
                "security": [],
                "parameters": headers,
                "requestBody": {"required": true, "content": {"application/json":
                    {"schema": {"$ref": format!("#/components/schemas/{schema}")}, "example": example}}},
                "responses": {
                    "204": {"description": "Taken; any other status of success does as well."},
                    "410": {"description": "Not wanted any more: the endpoint is disabled."},
                    "429": {"description": "Busy: sent again after as long as `Retry-After` says."},
                },
            });
            webhooks.insert(event, json!({"post": operation}));
        }
    }
    document["webhooks"] = Value::Object(webhooks);
}

fn capitalized(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The schemas that a piece of the document names.
fn references<'a>(value: &'a Value, named: &mut HashSet<&'a str>) {
    match value {
        Value::Object(fields) => {
            let target =
                fields.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
            named.extend(target);
            fields.values().for_each(|field| references(field, named));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, named)),
        _ => {}
    }
}

/// Where an enumeration only comes in, it stands closed at its place, and nothing refers to the open one.
fn drop_unused_enumerations(document: &mut Value) {
    let mut named = HashSet::new();
    references(document, &mut named);
    let referred: HashSet<String> = named.into_iter().map(str::to_owned).collect();
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, schema| schema.get(EXTENSIBLE).is_none() || referred.contains(name));
    }
}

fn operations(document: &mut Value) -> impl Iterator<Item = &mut Value> {
    let paths = document["paths"].as_object_mut().into_iter().flat_map(Map::values_mut);
    paths
        .flat_map(|item| item.as_object_mut().into_iter().flatten())
        .filter(|(key, _)| key.as_str() != "parameters")
        .map(|(_, operation)| operation)
}

/// Keeps of a document what has this tag, and what that refers to. Where nothing has it, the tags that there are.
pub(crate) fn keep_part(document: &mut Value, tag: &str) -> Result<(), Vec<String>> {
    let is_of =
        |operation: &Value| operation["tags"].as_array().is_some_and(|tags| tags.contains(&json!(tag)));
    let tags = document["tags"].as_array().cloned().unwrap_or_default();
    let all_tags = || tags.iter().filter_map(|each| each["name"].as_str().map(str::to_owned));
    if !all_tags().any(|name| name == tag) {
        return Err(all_tags().collect());
    }
    document["tags"] = tags.iter().filter(|each| each["name"] == tag).cloned().collect();
    let about = document["info"]["description"].as_str().unwrap_or_default();
    document["info"]["description"] = format!(
        "**This is one part of the contract, {tag}.** Swagger UI lists the others at the top; `/openapi.json` is all of it.\n\n{about}"
    ).into();
    for section in ["paths", "webhooks"] {
        let Some(items) = document[section].as_object_mut() else { continue };
        for item in items.values_mut().filter_map(Value::as_object_mut) {
            item.retain(|_, operation| is_of(operation));
        }
        items.retain(|_, item| item.as_object().is_some_and(|item| !item.is_empty()));
    }
    let owned = |named: HashSet<&str>| named.into_iter().map(str::to_owned).collect::<HashSet<_>>();
    let mut named = HashSet::new();
    references(&document["paths"], &mut named);
    references(&document["webhooks"], &mut named);
    let mut kept = owned(named);
    loop {
        let mut named = HashSet::new();
        let sections = document["components"].as_object().into_iter().flat_map(Map::values);
        for (_, part) in
            sections.filter_map(Value::as_object).flatten().filter(|(name, _)| kept.contains(*name))
        {
            references(part, &mut named);
        }
        let known = kept.len();
        kept.extend(owned(named));
        if kept.len() == known {
            break;
        }
    }
    for (section, all) in document["components"].as_object_mut().into_iter().flatten() {
        if section != "securitySchemes"
            && let Some(all) = all.as_object_mut()
        {
            all.retain(|name, _| kept.contains(name));
        }
    }
    Ok(())
}

fn tags(document: &mut Value) -> Value {
    let mut names: Vec<String> = operations(document)
        .filter_map(|operation| operation["tags"][0].as_str().map(str::to_owned))
        .collect();
    names.sort();
    names.dedup();
    let about = |name: &str| match name {
        "Directory" => {
            "Users and their roles, kept current by a company's own directory (SCIM 2.0, RFC 7644)."
        }
        "Access" => "Who may do what: users, memberships, roles, invitations, API clients.",
        "Changes" => "Changes and upgrades of systems: risk, approval, windows, freezes, outcomes.",
        "Comments" => "What people say about anything: comments on any resource.",
        "Custom fields" => "What an organization adds to the fields of a resource.",
        "Events" => "The audit trail and the change feed at once.",
        "Files" => "Files, on their own or hung on any resource.",
        "Imports" => "Files that become resources: what came of them, and how their headers are named.",
        "People" => "Structure and people: departments, positions, employees.",
        "Reports" => "What the books come to: statements, lists of the books, and the proof that they hold.",
        "Security" => "Security incidents and vulnerabilities.",
        "Service" => "Where everything is, and how it is.",
        "Sign-in" => "Getting, renewing and ending access.",
        "System access" => "Who may use which system in which role, and reviews of that.",
        "Systems" => "Services, servers, databases: what needs what, and whether it is backed up.",
        _ => "More.",
    };
    names.iter().map(|name| json!({"name": name, "description": about(name)})).collect()
}

/// Every kind of problem, by status, with an example.
fn refusals(problems: &[&'static Kind]) -> Value {
    let mut responses = Map::new();
    for kind in problems {
        let status = kind.status.to_string();
        let name = response_name(&status);
        if name == "Unavailable" && kind.status != 503 {
            continue;
        }
        let example = json!({
            "type": format!("/problems/{}", kind.code), "title": kind.title, "status": kind.status, "detail": kind.cure,
            "instance": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", "code": kind.code,
            "errors": if kind.status == 422 { json!([{"pointer": "/name", "parameter": null, "code": "too-long", "detail": "must have at most 100 characters"}]) } else { json!([]) },
        });
        let response = responses.entry(name).or_insert_with(|| json!({
            "description": kind.title,
            "headers": {},
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
        }));
        response["content"]["application/problem+json"]["examples"][kind.code] =
            json!({"summary": kind.title, "value": example});
        response["headers"] = refusal_headers(kind.status);
    }
    Value::Object(responses)
}

fn refusal_headers(status: u16) -> Value {
    let mut headers = common_headers();
    let mut add = |name: &str, description: &str| {
        headers[name] = json!({"description": description, "schema": {"type": "string", "maxLength": 2000}});
    };
    match status {
        401 => add("WWW-Authenticate", "How to authenticate (RFC 6750, RFC 9470)."),
        409 | 503 => add("Retry-After", "After how many seconds to try again, where waiting helps."),
        416 => add("Content-Range", "How many bytes there are (RFC 9110 §14.4)."),
        429 => {
            add("Retry-After", "After how many seconds to try again.");
            add("RateLimit", "The limit that was met and what is left of it.");
            add("RateLimit-Policy", "The limits there are.");
        }
        _ => {}
    }
    headers
}

fn common_headers() -> Value {
    json!({"X-Request-Id": {
        "required": true,
        "description": "The id of the request: the one it came with, if it had one of the form `[A-Za-z0-9-]{1,64}`, else ours.",
        "schema": {"type": "string", "maxLength": 64},
    }})
}

fn tell_common_headers(operation: &mut Value) {
    let writes = operation["parameters"]
        .as_array()
        .is_some_and(|all| all.iter().any(|each| each["name"] == "dry_run"));
    let replays = operation["x-permission"].is_string()
        && operation["parameters"]
            .as_array()
            .is_some_and(|all| all.iter().any(|each| each["name"] == "Idempotency-Key"));
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (status, response) in responses {
        if response.get("$ref").is_some() {
            continue; // what all refuse with is told once, headers and all
        }
        let succeeds = status.starts_with(['2', '3']);
        let mut headers = common_headers();
        let said = response["headers"].as_object().cloned().unwrap_or_default();
        let mut flag = |name: &str, description: &str| {
            headers[name] =
                json!({"description": description, "schema": {"type": "string", "const": "true"}});
        };
        if writes && succeeds {
            flag("Dry-Run", "Present where `dry_run=true`: nothing was kept.");
        }
        if replays && succeeds {
            flag(
                "Idempotency-Replayed",
                "Present where this is the first answer to the Idempotency-Key again.",
            );
        }
        for (name, mut header) in said {
            if ["ETag", "Location"].contains(&name.as_str()) {
                header["required"] = json!(true);
            }
            headers[name] = header;
        }
        response["headers"] = headers;
    }
}

/// A response never leaves a field out, so all of them are required, null or not.
fn require_what_is_always_sent(schema: &mut Value) {
    if schema.get("additionalProperties").is_some() {
        return; // comes in
    }
    if let Some(names) =
        schema["properties"].as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>())
    {
        schema["required"] = json!(names);
    }
}

/// What every resource has is described once.
fn describe_common_fields(document: &mut Value) {
    let Some(schemas) = document["components"]["schemas"].as_object_mut() else { return };
    for fields in schemas.values_mut().filter_map(|schema| schema.get_mut("properties")?.as_object_mut()) {
        for (name, description) in [
            ("id", "Its id, a UUIDv7: ids sort by time of creation."),
            ("version", "Counts its changes, from 1."),
            ("created_at", "When it was made."),
            ("updated_at", "When it was last changed."),
        ] {
            if let Some(Value::Object(field)) = fields.get_mut(name) {
                field.entry("description").or_insert_with(|| json!(description));
                if name == "version" {
                    field.entry("minimum").or_insert(json!(1));
                }
            }
        }
    }
}

/// In bodies and parameters that come in, enumerations are closed. A part of a resource that comes in and goes out alike comes in as
/// `New…`, where that makes a difference.
fn close_inputs(document: &mut Value) {
    let open = document["components"]["schemas"].clone();
    let comes_in = |schema: &Value| schema.get("additionalProperties") == Some(&json!(false));
    let (mut inputs, mut answers) = (BTreeSet::new(), HashSet::new());
    for (name, schema) in open.as_object().into_iter().flatten() {
        if comes_in(schema) {
            inputs.insert(name.as_str());
        } else {
            references(schema, &mut answers);
        }
    }
    let schemas = &mut document["components"]["schemas"];
    let mut split = Vec::new();
    for &name in &inputs {
        let mut closed = open[name].clone();
        close_references(&mut closed, &open);
        if closed != open[name] && answers.contains(name) {
            split.push(name);
            schemas[format!("New{name}")] = closed;
            schemas[name].as_object_mut().and_then(|schema| schema.remove("additionalProperties"));
            require_what_is_always_sent(&mut schemas[name]);
        } else {
            schemas[name] = closed;
        }
    }
    for (_, schema) in
        schemas.as_object_mut().into_iter().flatten().filter(|(name, _)| inputs.contains(name.as_str()))
    {
        for name in &split {
            refer_to_new(schema, name);
        }
    }
    for operation in operations(document) {
        for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
            forbid_null(&mut parameter["schema"]);
            close_enumerations(parameter);
            close_references(parameter, &open);
        }
    }
}

/// Days that come in are near: 1900 to 2200.
fn tell_the_days_taken(document: &mut Value) {
    fn walk(value: &mut Value) {
        match value {
            Value::Object(fields) if fields.get("format") == Some(&json!("date")) => {
                fields.entry("pattern").or_insert_with(|| {
                    json!("^(19[0-9]{2}|2[01][0-9]{2}|2200)-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")
                });
            }
            Value::Object(fields) => fields.values_mut().for_each(walk),
            Value::Array(items) => items.iter_mut().for_each(walk),
            _ => {}
        }
    }
    let schemas = document["components"]["schemas"].as_object_mut().into_iter().flat_map(Map::values_mut);
    schemas.filter(|schema| schema.get("additionalProperties") == Some(&json!(false))).for_each(walk);
    operations(document).filter_map(|operation| operation.get_mut("parameters")).for_each(walk);
}

/// A reference to an open enumeration becomes the closed enumeration itself.
fn close_references(value: &mut Value, schemas: &Value) {
    match value {
        Value::Object(fields) => {
            let target =
                fields.get("$ref").and_then(Value::as_str).and_then(|target| target.rsplit('/').next());
            if let Some(values) = target.and_then(|target| schemas[target].get(EXTENSIBLE)) {
                let values = values.clone();
                fields.remove("$ref");
                fields.insert("type".into(), json!("string"));
                fields.insert("enum".into(), values);
                return;
            }
            fields.values_mut().for_each(|field| close_references(field, schemas));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| close_references(item, schemas)),
        _ => {}
    }
}

/// References to a schema become references to the one by which it comes in.
fn refer_to_new(value: &mut Value, name: &str) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get_mut("$ref")
                && target.rsplit('/').next() == Some(name)
            {
                *target = format!("#/components/schemas/New{name}");
            }
            fields.values_mut().for_each(|field| refer_to_new(field, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer_to_new(item, name)),
        _ => {}
    }
}

/// Takes null out of what a schema allows.
pub(crate) fn forbid_null(schema: &mut Value) {
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            schema["type"] = only.clone();
        }
    }
    let choices = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array);
    let others: Vec<Value> =
        choices.into_iter().flatten().filter(|each| each["type"] != "null").cloned().collect();
    if let [Value::Object(only)] = others.as_slice()
        && let Some(fields) = schema.as_object_mut()
    {
        fields.remove("oneOf");
        fields.remove("anyOf");
        for (name, value) in only {
            fields.entry(name).or_insert_with(|| value.clone());
        }
    }
}

/// The order of a list is one of those that its keys make.
pub(crate) fn tell_sort_keys<R: Resource>(document: &mut OpenApi) {
    let own = R::CUSTOM.then_some(r"custom\.[a-z][a-z0-9_]{0,39}");
    let names: Vec<_> = R::SORT.iter().map(|key| key.name).chain(["id"]).chain(own).collect();
    let key = format!("-?({})", names.join("|"));
    let operation = document.paths.paths.get_mut(R::PATH).and_then(|item| item.get.as_mut());
    for parameter in operation.into_iter().flat_map(|operation| operation.parameters.iter_mut().flatten()) {
        if let RefOr::T(parameter) = parameter
            && parameter.name == "sort"
            && let Some(RefOr::T(Schema::Object(schema))) = &mut parameter.schema
        {
            schema.pattern = Some(format!("^{key}(,{key}){{0,{}}}$", names.len() - 1));
            schema.default = Some(json!(R::USUAL_ORDER));
        }
    }
}

/// What a field is stands beside its reference, where the field may also be null: it is said of the field.
fn describe_what_may_be_null(schema: &mut Value) {
    let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
    for field in fields.into_iter().flat_map(Map::values_mut) {
        let said =
            field["oneOf"].as_array().and_then(|all| all.iter().find_map(|each| each.get("description")));
        if let Some(said) = said.cloned() {
            field["description"] = said;
        }
    }
}

/// An example for the request and each success, from the schema's own.
fn add_examples(operation: &mut Value, schemas: &Value) {
    if let Some(contents) = operation.pointer_mut("/requestBody/content").and_then(Value::as_object_mut) {
        for content in contents.values_mut().filter(|content| content.get("example").is_none()) {
            content["example"] = example(&content["schema"], schemas);
        }
    }
    let Some(responses) = operation["responses"].as_object_mut() else { return };
    for (_, response) in responses.iter_mut().filter(|(status, _)| status.starts_with('2')) {
        let contents = response.get_mut("content").and_then(Value::as_object_mut).into_iter().flatten();
        for (_, content) in contents.filter(|(kind, _)| kind.ends_with("json")) {
            content["example"] = example(&content["schema"], schemas);
        }
    }
}

/// An example of a schema: its own, or one put together from its parts.
#[must_use]
pub fn example(schema: &Value, schemas: &Value) -> Value {
    if let Some(target) = schema["$ref"].as_str().and_then(|target| target.rsplit('/').next()) {
        return example(&schemas[target], schemas);
    }
    if let Some(own) = schema
        .get("example")
        .or_else(|| schema["examples"].get(0))
        .or_else(|| schema["enum"].get(0))
        .or_else(|| schema.get("default"))
    {
        return own.clone();
    }
    let choices = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    if let Some(choice) = choices.and_then(|all| all.iter().find(|each| each["type"] != "null")) {
        let is_decimal = ["Money", "Rate", "Quantity"]
            .iter()
            .any(|name| choice["$ref"] == format!("#/components/schemas/{name}"));
        // A decimal that may be left out: utoipa keeps no example of its own for what is a reference or null.
        return if is_decimal { Value::Null } else { example(choice, schemas) };
    }
    if let Some(parts) = schema["allOf"].as_array() {
        return example(&parts[0], schemas);
    }
    if let Some(fields) = schema["properties"].as_object() {
        return fields
            .iter()
            .map(|(name, field)| (name.clone(), example(field, schemas)))
            .collect::<Map<_, _>>()
            .into();
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str()).unwrap_or_default();
    match (kind, schema["format"].as_str().unwrap_or_default()) {
        ("string", "uuid") => json!("01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f"),
        ("string", "date") => json!("2026-03-02"),
        ("string", "date-time") => json!("2026-03-02T08:00:00Z"),
        ("string", "email") => json!("ana.pop@demo.example"),
        ("string", _) => json!("text"),
        ("integer", _) => schema.get("minimum").cloned().unwrap_or(json!(1)),
        ("boolean", _) => json!(false),
        ("array", _) => json!([example(&schema["items"], schemas)]),
        _ => json!({}),
    }
}
