//! What comes in is checked against the contract itself: the schema that is published is the schema that is enforced, and
//! every fault is told at once, with its place.
use crate::api::{Argument, OperationDoc};
use crate::custom::Given;
use crate::may::unless_refused;
use crate::packed::Packing;
use crate::problem::{
    Fault, MALFORMED_REQUEST, Problem, REQUEST_TIMEOUT, Result, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE,
};
use crate::text;
use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::web::BytesMut;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use chrono::{Datelike, NaiveDate};
use futures_util::StreamExt;
use futures_util::future::{FutureExt, LocalBoxFuture};
use jsonschema::error::ValidationErrorKind;
use jsonschema::{ValidationError, Validator};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use std::any::TypeId;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

/// Bytes of a JSON body at the most.
const LONGEST_BODY: usize = 1 << 20;
/// Levels of nesting at the most.
const DEEPEST: usize = 64;
/// How long a body may take to arrive.
const SLOWEST: Duration = Duration::from_secs(10);

/// SHA-256 of the body, for the fingerprint of an Idempotency-Key.
pub(crate) struct BodyDigest(pub [u8; 32]);

/// A JSON body that keeps the contract. Where nothing has to be said, a POST may come without one.
pub struct Input<T>(pub T);

impl<T: ToSchema + DeserializeOwned + 'static> FromRequest for Input<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (http, payload) = (http.clone(), payload.take());
        async move {
            let read = match receive_json(&http, payload, || validator::<T>().is_valid(&json!({}))).await {
                Ok(body) => parse(&body).inspect_err(|_| {
                    if let Some(given) = Given::of(&body) {
                        http.extensions_mut().insert(given);
                    }
                }),
                Err(problem) => Err(problem),
            };
            match read {
                Ok(input) => Ok(Self(input)),
                // Who may not do it at all learns that, and nothing about their body.
                Err(problem) => Err(unless_refused(&http, problem).await),
            }
        }
        .boxed_local()
    }
}

/// The pairs of a form (`application/x-www-form-urlencoded`), under the limits of every body.
///
/// # Errors
/// 408, 413, 415, and 422 where a name comes twice.
pub async fn receive_form(http: &HttpRequest, payload: Payload) -> Result<Vec<(String, String)>> {
    if http.content_type() != "application/x-www-form-urlencoded" {
        return Err(UNSUPPORTED_MEDIA_TYPE.because("Send `Content-Type: application/x-www-form-urlencoded`."));
    }
    let body = receive(http, payload).await?;
    query_pairs(std::str::from_utf8(&body).map_err(|_| MALFORMED_REQUEST.because("The form is not UTF-8."))?)
}

/// JSON of one of these types that has no schema here, under the limits of every body.
///
/// # Errors
/// 400, 408, 413, 415, and 422 where it holds text that must not get further.
pub async fn receive_value(http: &HttpRequest, payload: Payload, types: &[&str]) -> Result<Value> {
    if !types.contains(&http.content_type()) {
        let types = types.join("` or `");
        return Err(UNSUPPORTED_MEDIA_TYPE.because(format!("Send `Content-Type: {types}`.")));
    }
    let value = json_of(&receive(http, payload).await?)?;
    let faults = text::faults(&value);
    if faults.is_empty() { Ok(value) } else { Err(Problem::invalid(faults)) }
}

async fn receive_json(
    http: &HttpRequest,
    payload: Payload,
    says_enough_empty: fn() -> bool,
) -> Result<BytesMut> {
    let content_type = http.content_type();
    let patch = http.method() == Method::PATCH && content_type == "application/merge-patch+json";
    if patch || content_type == "application/json" {
        return receive(http, payload).await;
    }
    let is_left_out = http.method() == Method::POST && content_type.is_empty() && says_enough_empty();
    if is_left_out && receive(http, payload).await?.is_empty() {
        return Ok(BytesMut::from("{}"));
    }
    Err(UNSUPPORTED_MEDIA_TYPE.because("Send `Content-Type: application/json`."))
}

async fn receive(http: &HttpRequest, payload: Payload) -> Result<BytesMut> {
    let too_large = || TOO_LARGE.because(format!("The body may have {LONGEST_BODY} bytes."));
    let announced =
        http.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: usize| length > LONGEST_BODY) {
        return Err(too_large());
    }
    let encoding =
        http.headers().get(header::CONTENT_ENCODING).map(|encoding| encoding.to_str().unwrap_or("?"));
    let Some(packing) = Packing::named(encoding) else {
        return Err(UNSUPPORTED_MEDIA_TYPE.because("`Content-Encoding` may be gzip, br or zstd."));
    };
    let mut stream = payload;
    let receiving = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = stream.next().await {
            let chunk = chunk.map_err(|_| MALFORMED_REQUEST.because("The body did not arrive whole."))?;
            if body.len() + chunk.len() > LONGEST_BODY {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    };
    let body = tokio::time::timeout(SLOWEST, receiving)
        .await
        .map_err(|_| REQUEST_TIMEOUT.because("The body was not complete within ten seconds."))??;
    let body = match packing {
        Packing::None => body,
        packing => BytesMut::from(&*unpack(packing, &body)?),
    };
    http.extensions_mut().insert(BodyDigest(Sha256::digest(&body).into()));
    Ok(body)
}

/// The body as it was before it was packed; a bomb meets the limit before memory does.
fn unpack(packing: Packing, packed: &[u8]) -> Result<Vec<u8>> {
    let body = packing
        .unpack(packed, LONGEST_BODY)
        .map_err(|_| MALFORMED_REQUEST.because("The body can not be unpacked as `Content-Encoding` says."))?;
    if body.len() > LONGEST_BODY {
        return Err(TOO_LARGE.because(format!("The body may have {LONGEST_BODY} bytes, unpacked.")));
    }
    Ok(body)
}

/// Reads and checks JSON.
///
/// # Errors
/// 400 where it is not JSON, 422 with every fault.
pub fn parse<T: ToSchema + DeserializeOwned + 'static>(body: &[u8]) -> Result<T> {
    check(json_of(body)?)
}

fn json_of(body: &[u8]) -> Result<Value> {
    if depth(body) > DEEPEST {
        return Err(MALFORMED_REQUEST.because(format!("The JSON is nested deeper than {DEEPEST} levels.")));
    }
    serde_json::from_slice(body)
        .map_err(|error| MALFORMED_REQUEST.because(format!("The body is not JSON: {error}.")))
}

/// Refuses JSON that is nested too deeply to be read.
pub(crate) fn shallow(json: &[u8]) -> std::result::Result<(), String> {
    if depth(json) > DEEPEST { Err(format!("it is nested deeper than {DEEPEST} levels")) } else { Ok(()) }
}

/// Checks a JSON value against the schema of `T` and reads it.
///
/// # Errors
/// 422 with every fault.
pub fn check<T: ToSchema + DeserializeOwned + 'static>(value: Value) -> Result<T> {
    let mut faults = text::faults(&value);
    let validator = validator::<T>();
    // Of many rows nearly all are right, and asking whether is cheaper than asking why not.
    if !validator.is_valid(&value) {
        faults.extend(validator.iter_errors(&value).flat_map(|error| told(&error)));
    }
    if !faults.is_empty() {
        faults.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        return Err(Problem::invalid(faults));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer = format!("/{}", error.path().to_string().replace('.', "/"));
        let pointer = if pointer == "//" || pointer == "/" { String::new() } else { pointer };
        Problem::invalid(vec![Fault::at(pointer, "not-allowed", error.inner().to_string())])
    })
}

pub(crate) fn schema_of<T: ToSchema + DeserializeOwned>() -> Value {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    let schemas: HashMap<_, _> = schemas.into_iter().collect();
    let mut schemas = serde_json::to_value(schemas).unwrap_or_default();
    crate::contract::close_enumerations(&mut schemas);
    for field in crate::patch::not_null::<T>(&schemas[T::name().as_ref()]) {
        crate::contract::forbid_null(&mut schemas[T::name().as_ref()]["properties"][field]);
    }
    json!({"$ref": format!("#/components/schemas/{}", T::name()), "components": {"schemas": schemas}})
}

thread_local! {
    /// Compiled when first needed, per worker, so that no request waits for another's.
    static VALIDATORS: RefCell<HashMap<TypeId, Rc<Validator>>> = RefCell::default();
}

fn validator<T: ToSchema + DeserializeOwned + 'static>() -> Rc<Validator> {
    VALIDATORS.with_borrow_mut(|validators| {
        Rc::clone(validators.entry(TypeId::of::<T>()).or_insert_with(|| Rc::new(compile(&schema_of::<T>()))))
    })
}

fn compile(schema: &Value) -> Validator {
    let options = jsonschema::draft202012::options()
        .should_validate_formats(true)
        .with_format("date", is_day)
        .with_format("ip", is_address)
        .with_format("cidr", is_network);
    options.build(schema).unwrap_or_else(|error| unreachable!("the contract's own schemas compile: {error}"))
}

/// A day that a company can mean: 1900 to 2200.
pub(crate) fn is_day(text: &str) -> bool {
    text.len() == 10
        && NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok_and(|day| (1900..=2200).contains(&day.year()))
}

/// An address of IPv4 or IPv6, without a length.
pub(crate) fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

/// A prefix of IPv4 or IPv6, nothing of it behind its length (RFC 4632 §3.1, RFC 4291 §2.3).
pub(crate) fn is_network(text: &str) -> bool {
    text.parse::<ipnet::IpNet>().is_ok_and(|net| net.addr() == net.network())
}

/// All that the value breaks of a schema that is data, such as a form, at its places below `at`.
pub fn faults_by(schema: &Validator, value: &Value, at: &str) -> Vec<Fault> {
    let below =
        |fault: Fault| Fault { pointer: fault.pointer.map(|pointer| format!("{at}{pointer}")), ..fault };
    schema.iter_errors(value).flat_map(|error| told(&error)).map(below).collect()
}

/// A broken rule in our words.
fn told(error: &ValidationError<'_>) -> Vec<Fault> {
    use ValidationErrorKind as K;
    let pointer = error.instance_path().to_string();
    let one = |code: &str, rule: String| vec![Fault::at(pointer.clone(), code, rule)];
    match error.kind() {
        K::AdditionalProperties { unexpected } | K::UnevaluatedProperties { unexpected } => unexpected
            .iter()
            .map(|name| {
                Fault::at(
                    format!("{pointer}/{}", text::escaped(name)),
                    "unknown-field",
                    "there is no such field here",
                )
            })
            .collect(),
        // Names of what an organization adds: the instance is the name.
        K::PropertyNames { error } => {
            let name = error.instance().as_str().unwrap_or_default();
            let place = format!("{pointer}/{}", text::escaped(name));
            vec![Fault::at(place, "unknown-field", "there is no such field here")]
        }
        K::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            vec![Fault::at(format!("{pointer}/{name}"), "required", "must be given")]
        }
        K::Type { .. } if error.instance().is_null() => one("not-null", "must not be null".into()),
        K::Type { .. } => one("wrong-type", expected_type(error)),
        K::MaxLength { limit } => one("too-long", format!("must have at most {limit} characters")),
        K::MinLength { limit } => one("too-short", format!("must have at least {limit} characters")),
        K::Minimum { limit } => one("too-small", format!("must be at least {limit}")),
        K::Maximum { limit } => one("too-large", format!("must be at most {limit}")),
        K::MaxItems { limit } => one("too-many", format!("must have at most {limit} entries")),
        K::MinItems { limit } => one("too-few", format!("must have at least {limit} entries")),
        K::UniqueItems => one("repeated", "must not hold the same entry twice".into()),
        K::Format { format } => one(
            "wrong-format",
            match format.as_str() {
                "date" => "must be a day as YYYY-MM-DD, from 1900 to 2200".into(),
                "date-time" => "must be an instant as in RFC 3339, such as 2026-03-02T08:00:00Z".into(),
                "uuid" => "must be a UUID".into(),
                "email" => "must be an e-mail address".into(),
                "ip" => "must be an address such as 192.0.2.1 or 2001:db8::1, without a length".into(),
                "cidr" => "must be a prefix such as 192.0.2.0/24 or 2001:db8::/32, and nothing of it behind its length"
                    .into(),
                other => format!("must be of the format {other}"),
            },
        ),
        K::Pattern { pattern } => one("wrong-format", format!("must match {pattern}")),
        K::Enum { options } => one("unknown-value", format!("must be one of {options}")),
        // Nullable references: the alternative that is not null says what is wrong.
        K::OneOfNotValid { context } | K::AnyOf { context } => {
            let alternatives = context.iter().filter(|errors| errors.iter().all(|e| !is_null_expected(e)));
            alternatives.flatten().flat_map(told).collect()
        }
        _ => one("not-allowed", error.to_string()),
    }
}

fn is_null_expected(error: &ValidationError<'_>) -> bool {
    matches!(error.kind(), ValidationErrorKind::Type { .. }) && expected_type(error) == "must be null"
}

fn expected_type(error: &ValidationError<'_>) -> String {
    let text = error.to_string();
    let wanted: Vec<&str> =
        text.rsplit("is not of type").next().unwrap_or_default().split('"').skip(1).step_by(2).collect();
    let wanted: Vec<&str> = wanted.into_iter().filter(|name| !name.is_empty()).collect();
    match wanted.as_slice() {
        [] => "is of another type than the contract says".into(),
        ["string"] if error.instance().is_number() => {
            "must be a string; numbers with decimals are strings, too".into()
        }
        wanted => format!(
            "must be {}",
            wanted
                .join(" or ")
                .replace("string", "a string")
                .replace("integer", "a whole number")
                .replace("boolean", "true or false")
        ),
    }
}

/// The deepest nesting of brackets outside strings.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// The pairs of a query string.
///
/// # Errors
/// 400 where it is too long, 422 where a name comes twice.
pub(crate) fn query_pairs(query: &str) -> Result<Vec<(String, String)>> {
    if query.len() > 16_384 {
        return Err(MALFORMED_REQUEST.because("The query string may have 16,384 bytes."));
    }
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()).into_owned() {
        if pairs.iter().any(|(known, _)| *known == name) {
            return Err(Problem::invalid(vec![Fault::of(name, "repeated", "must be given once")]));
        }
        pairs.push((name, value));
    }
    Ok(pairs)
}

/// Typed query parameters that keep the contract. Names that `T` does not know are other parameters' business: whether
/// anybody knows them is checked at the door.
pub struct Params<T>(pub T);

impl<T: IntoParams + DeserializeOwned + 'static> FromRequest for Params<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        let http = http.clone();
        async move {
            match query_pairs(http.query_string()).and_then(|pairs| read_parameters(&pairs)) {
                Ok(read) => Ok(Self(read)),
                Err(problem) => Err(unless_refused(&http, problem).await),
            }
        }
        .boxed_local()
    }
}

/// The declared parameters of a type and what checks them.
struct Declared {
    schemas: Map<String, Value>,
    validator: Validator,
}

thread_local! {
    static DECLARED: RefCell<HashMap<TypeId, Rc<Declared>>> = RefCell::default();
}

fn declared<T: IntoParams + 'static>() -> Rc<Declared> {
    DECLARED.with_borrow_mut(|all| {
        Rc::clone(all.entry(TypeId::of::<T>()).or_insert_with(|| {
            let schema = |parameter: Parameter| {
                let mut schema = serde_json::to_value(&parameter.schema).unwrap_or_default();
                crate::contract::forbid_null(&mut schema);
                crate::contract::close_enumerations(&mut schema);
                (parameter.name, schema)
            };
            let schemas: Map<_, _> =
                T::into_params(|| Some(ParameterIn::Query)).into_iter().map(schema).collect();
            let validator = compile(&json!({"type": "object", "properties": schemas}));
            Rc::new(Declared { schemas, validator })
        }))
    })
}

fn read_parameters<T: IntoParams + DeserializeOwned + 'static>(pairs: &[(String, String)]) -> Result<T> {
    let declared = declared::<T>();
    let (mut object, mut faults) = (Map::new(), Vec::new());
    for (name, text) in pairs {
        let Some(schema) = declared.schemas.get(name) else { continue };
        if let Some((code, rule)) = text::fault(text, false) {
            faults.push(Fault::of(name, code, rule));
        }
        object.insert(name.clone(), coerce(text, schema));
    }
    let value = Value::Object(object);
    let broken = declared.validator.iter_errors(&value).flat_map(|error| told(&error));
    faults.extend(broken.map(|fault| {
        let name = fault.pointer.unwrap_or_default();
        Fault { pointer: None, parameter: Some(name.trim_start_matches('/').to_owned()), ..fault }
    }));
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        Problem::invalid(vec![Fault::of(error.path().to_string(), "not-allowed", error.inner().to_string())])
    })
}

/// The text of a parameter as the JSON that its schema asks for; the text itself where it is none.
fn coerce(text: &str, schema: &Value) -> Value {
    let wants = |name: &str| match &schema["type"] {
        Value::String(one) => one == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    };
    let parsed = if wants("integer") {
        text.parse::<i64>().ok().map(Value::from)
    } else if wants("boolean") {
        text.parse::<bool>().ok().map(Value::from)
    } else {
        None
    };
    parsed.unwrap_or_else(|| Value::from(text))
}

impl<T: IntoParams + 'static> Argument for Params<T> {
    fn describe(doc: &mut OperationDoc) {
        doc.parameters.extend(T::into_params(|| Some(ParameterIn::Query)));
    }
}

impl<T: ToSchema + DeserializeOwned + 'static> Argument for Input<T> {
    fn describe(doc: &mut OperationDoc) {
        doc.takes::<T>();
    }
}

#[cfg(test)]
mod tests {
    use super::{depth, is_address, is_day, is_network, query_pairs};

    #[test]
    fn brackets_in_strings_are_no_nesting() {
        assert_eq!(depth(br#"{"a": "[[[\"{{{", "b": [1, [2]]}"#), 3);
    }

    #[test]
    fn days_are_real_and_near() {
        assert!(is_day("2024-02-29"));
        assert!(!is_day("2026-02-30") && !is_day("1899-12-31") && !is_day("2026-2-3"));
    }

    #[test]
    fn a_prefix_says_nothing_behind_its_length() {
        assert!(is_network("10.0.0.0/8") && is_network("2001:db8::/32") && is_network("0.0.0.0/0"));
        assert!(!is_network("10.0.0.1/8") && !is_network("10.0.0.0") && !is_network("10.0.0.0/33"));
        assert!(is_address("10.0.0.1") && is_address("::1") && !is_address("10.0.0.1/32"));
    }

    #[test]
    fn a_parameter_comes_once() {
        assert!(query_pairs("a=1&a=2").is_err());
        assert_eq!(query_pairs("q=%C3%A9+x").unwrap(), [("q".to_owned(), "é x".to_owned())]);
    }
}
