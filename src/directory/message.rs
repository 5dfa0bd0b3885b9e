//! What goes in and out in SCIM's own form: bodies of `application/scim+json`, versions, and refusals as RFC 7644 §3.12 words
//! them.
use crate::attributes::Object;
use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName};
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{FutureExt, LocalBoxFuture, Ready, ready};
use platform::api::{Argument, OperationDoc, path_id};
use platform::dialect::Dialect;
use platform::input::receive_value;
use platform::may::{Grants, unless_refused};
use platform::prelude::*;
use platform::problem::{CONFLICT, INVALID_INPUT, MALFORMED_REQUEST, STALE_VERSION};
use platform::server::public_address;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::marker::PhantomData;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{RefOr, Required, Type};

pub const CONTENT_TYPE: &str = "application/scim+json";
/// Where everything is.
pub const BASE: &str = "/scim/v2";

/// SCIM's manners.
pub static SCIM: Dialect = Dialect {
    under: BASE,
    content_type: CONTENT_TYPE,
    status: |status| match status {
        422 => Some(400),
        428 => None,
        status => Some(status),
    },
    tell,
    refusal: || ("ScimError", <ScimError as utoipa::PartialSchema>::schema()),
};

/// The codes of faults that RFC 7644 §3.12 has words for.
const WORDS: &[(&str, &str)] = &[
    ("already-taken", "uniqueness"),
    ("invalid-filter", "invalidFilter"),
    ("invalid-path", "invalidPath"),
    ("invalid-syntax", "invalidSyntax"),
    ("mutability", "mutability"),
    ("no-target", "noTarget"),
];

fn tell(problem: &Problem) -> Value {
    let status = (SCIM.status)(problem.kind.status).unwrap_or(problem.kind.status);
    let faults = problem.errors.iter().map(|fault| {
        let place = fault.pointer.as_deref().or(fault.parameter.as_deref()).unwrap_or_default();
        let place = place.trim_start_matches('/').replace('/', ".");
        if place.is_empty() { fault.detail.clone() } else { format!("{place}: {}", fault.detail) }
    });
    let detail: Vec<String> = std::iter::once(problem.detail.clone()).chain(faults).collect();
    let mut told = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": status.to_string(), "detail": detail.join(" "),
    });
    let first = problem.errors.as_slice().first().map(|fault| fault.code.as_str());
    let word = WORDS.iter().find(|(code, _)| Some(*code) == first).map(|(_, word)| *word);
    let usual = match problem.kind.status {
        422 => Some("invalidValue"),
        400 => Some("invalidSyntax"),
        _ => None,
    };
    if let Some(word) = word.or(usual) {
        told["scimType"] = json!(word);
    }
    told
}

fn fault(place: &str, code: &str, rule: &str) -> Problem {
    INVALID_INPUT.because("Correct it and send the request again.").at(Fault::at(
        format!("/{place}"),
        code,
        rule,
    ))
}

/// A value breaks a rule.
pub fn invalid(place: &str, rule: &str) -> Problem {
    fault(place, "invalid-value", rule)
}
/// The filter can not be read, or asks for what can not be asked.
pub fn invalid_filter(rule: &str) -> Problem {
    INVALID_INPUT.because("Correct the filter.").at(Fault::of("filter", "invalid-filter", rule))
}
/// The path leads to no attribute.
pub fn invalid_path(path: &str, rule: &str) -> Problem {
    fault(path, "invalid-path", rule)
}
/// The path's filter meets nothing.
pub fn no_target(path: &str) -> Problem {
    fault(path, "no-target", "there is no such value")
}
/// The message is not of the form that it should be.
pub fn invalid_syntax(rule: &str) -> Problem {
    INVALID_INPUT.because("Send what RFC 7644 describes.").at(Fault::at("", "invalid-syntax", rule))
}
/// It is not the client's to write.
pub fn mutability(name: &str) -> Problem {
    fault(name, "mutability", "is kept here and only shown to the directory")
}
/// Another one is called so.
pub fn taken(name: &str) -> Problem {
    let place =
        Fault::at(format!("/{name}"), "already-taken", "must be unique, and another one has this value");
    CONFLICT.because("Another one has this value already.").at(place)
}

/// What of SCIM a body is, as the contract shows it. Its fields are told by `/scim/v2/Schemas`.
pub trait Form: ToSchema + 'static {
    /// Whether answers of it carry a version.
    const HAS_VERSION: bool;
}

macro_rules! forms {
    ($($(#[doc = $doc:literal])* $name:ident, $version:literal, $example:expr;)*) => {$(
        $(#[doc = $doc])*
        pub struct $name;
        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> { described(concat!($($doc),*), $example) }
        }
        impl ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> { stringify!($name).into() }
        }
        impl Form for $name { const HAS_VERSION: bool = $version; }
    )*};
}

fn described(about: &str, example: Value) -> RefOr<Schema> {
    let object = ObjectBuilder::new().schema_type(Type::Object).description(Some(about)).examples([example]);
    RefOr::T(Schema::Object(object.build()))
}

const ID: &str = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f";

forms! {
    /// A user of SCIM (RFC 7643 §4.1); `/scim/v2/Schemas` tells its attributes.
    ScimUser, true, json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": ID, "externalId": "00u1a2b3", "userName": "ana.pop@demo.example",
        "name": {"givenName": "Ana", "familyName": "Pop"}, "displayName": "Ana Pop", "active": true,
        "emails": [{"value": "ana.pop@demo.example", "type": "work", "primary": true}],
    });
    /// A group of SCIM (RFC 7643 §4.2): a role, and who holds it.
    ScimGroup, true, json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "id": ID, "displayName": "Shift leaders",
        "members": [{"value": ID, "type": "User"}],
    });
    /// A page of users or groups (RFC 7644 §3.4.2).
    ScimList, false, json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [],
    });
    /// What SCIM tells of itself (RFC 7644 §4).
    ScimAbout, false, json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"], "id": "User", "name": "User", "endpoint": "/Users",
        "schema": "urn:ietf:params:scim:schemas:core:2.0:User",
    });
    /// Changes of a user or a group (RFC 7644 §3.5.2).
    ScimPatch, false, json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "displayName", "value": "Ana Popescu"}],
    });
    /// A search that is sent as a body (RFC 7644 §3.4.3).
    ScimSearch, false, json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": "displayName sw \"A\"", "startIndex": 1, "count": 10,
    });
    /// Why it was refused (RFC 7644 §3.12).
    ScimError, false, json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": "400", "scimType": "invalidFilter", "detail": "Correct the filter.",
    });
}

/// An answer in SCIM's form.
pub struct Message<T, const STATUS: u16 = 200> {
    body: Value,
    location: Option<String>,
    version: Option<String>,
    of: PhantomData<T>,
}

impl<T: Form, const STATUS: u16> Message<T, STATUS> {
    #[must_use]
    pub fn new(body: Value) -> Self {
        Self { body, location: None, version: None, of: PhantomData }
    }
    /// Something new, and where it is.
    #[must_use]
    pub fn made(body: Value, location: String) -> Self {
        Self { body, location: Some(location), version: None, of: PhantomData }
    }
    /// The same, of this version.
    #[must_use]
    pub fn of_version(self, version: String) -> Self {
        Self { version: Some(version), ..self }
    }
    /// The answer, for what was not written.
    pub fn reply(self) -> Reply<Self> {
        self.answer(&Grants::default())
    }
}

impl<T: Form, const STATUS: u16> Outcome for Message<T, STATUS> {
    const CONTENT_TYPE: &'static str = CONTENT_TYPE;

    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        let status = StatusCode::from_u16(STATUS).map_err(Problem::internal)?;
        let body = serde_json::to_vec(&self.body).map_err(Problem::internal)?;
        let mut answer = Answer::of_type(status, CONTENT_TYPE, body);
        for (name, value) in
            [(header::ETAG, self.version.as_deref()), (header::LOCATION, self.location.as_deref())]
        {
            if let Some(value) = value {
                answer = answer.with(name, value);
            }
        }
        Ok(answer)
    }

    fn describe(doc: &mut OperationDoc) {
        let status = STATUS.to_string();
        doc.answers_as::<T>(CONTENT_TYPE, &status, "As RFC 7644 describes it");
        if T::HAS_VERSION {
            doc.answer_header(&status, "ETag", "The version, to be sent as `If-Match` with a change.");
        }
        if STATUS == 201 {
            doc.answer_header(&status, "Location", "The address of the new resource.");
        }
    }
}

/// A body in SCIM's form.
pub struct Body<T>(pub Object, PhantomData<T>);

impl<T: Form> FromRequest for Body<T> {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (http, payload) = (http.clone(), payload.take());
        async move {
            let read = match receive_value(&http, payload, &[CONTENT_TYPE, "application/json"]).await {
                Ok(Value::Object(object)) => Ok(Self(object, PhantomData)),
                Ok(_) => Err(invalid_syntax("must be an object")),
                Err(problem) => Err(problem),
            };
            match read {
                Ok(body) => Ok(body),
                Err(problem) => Err(unless_refused(&http, problem).await),
            }
        }
        .boxed_local()
    }
}

impl<T: Form> Argument for Body<T> {
    fn describe(doc: &mut OperationDoc) {
        doc.takes_as::<T>(&[CONTENT_TYPE, "application/json"]);
    }
}

/// The id in the path. Here alone `If-Match` may be left out, as RFC 7644 §3.14 has it.
pub struct ScimId(pub Uuid);

impl FromRequest for ScimId {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = http.match_info().get("id").filter(|id| id.len() == 36).and_then(|id| id.parse().ok());
        ready(id.map(Self).ok_or_else(Problem::not_found))
    }
}

impl Argument for ScimId {
    fn describe(doc: &mut OperationDoc) {
        doc.parameters.push(path_id("The id of the user or the group."));
        for parameter in doc.parameters.iter_mut().filter(|each| each.name == "If-Match") {
            parameter.required = Required::False;
            parameter.description =
                Some("The version that was read: refused where it is not the present one.".into());
        }
    }
}

/// A name in the path.
pub struct Name(pub String);

impl FromRequest for Name {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(http.match_info().get("id").map(|name| Self(name.to_owned())).ok_or_else(Problem::not_found))
    }
}

impl Argument for Name {
    fn describe(doc: &mut OperationDoc) {
        let mut parameter = path_id("Its name.");
        let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(200));
        parameter.schema = Some(text.into());
        doc.parameters.push(parameter);
    }
}

/// The version of a resource: a digest of all that it shows, since what it shows is kept in several places.
pub fn version(resource: &impl Serialize) -> Result<String> {
    let digest = Sha256::digest(serde_json::to_vec(resource).map_err(Problem::internal)?);
    let (short, _) = digest.split_at(8);
    let number = short.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Ok(format!("W/\"{number:016x}\""))
}

/// Refuses a change of another version than the one that `If-Match` names, where it names one.
///
/// # Errors
/// 412 where it changed, 400 where the header is no list of ETags.
pub fn same_version(http: &HttpRequest, version: &str) -> Result<()> {
    match names(http, &header::IF_MATCH, version)? {
        Some(false) => Err(STALE_VERSION
            .because("It is at another version now: read it again, apply your change to what you find, and send the new ETag.")),
        _ => Ok(()),
    }
}

/// The answer to who has it already (RFC 7644 §3.14).
pub fn not_modified<T>(http: &HttpRequest, version: &str) -> Result<Option<Answer<T>>> {
    let is_known = names(http, &header::IF_NONE_MATCH, version)? == Some(true);
    Ok(is_known.then(|| Answer::new(StatusCode::NOT_MODIFIED, Vec::new()).with(header::ETAG, version)))
}

/// Whether the header names the version, weakly compared (RFC 9110 §8.8.3.2); nothing where it was not sent.
fn names(http: &HttpRequest, name: &HeaderName, version: &str) -> Result<Option<bool>> {
    let Some(value) = http.headers().get(name) else { return Ok(None) };
    let value = value.to_str().unwrap_or_default().trim();
    let bare = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tags: Vec<String> = value.split(',').map(bare).collect();
    if value != "*" && tags.iter().any(|tag| tag.len() < 2 || !tag.starts_with('"') || !tag.ends_with('"')) {
        return Err(MALFORMED_REQUEST.because(format!("`{name}` is an ETag in double quotes, or `*`.")));
    }
    Ok(Some(value == "*" || tags.contains(&bare(version))))
}

/// What was read of a request; who may not do it at all learns that, and nothing about what they sent.
///
/// # Errors
/// The fault, or the refusal.
pub async fn admitted<T>(http: &HttpRequest, read: Result<T>) -> Result<T> {
    match read {
        Ok(read) => Ok(read),
        Err(problem) => Err(unless_refused(http, problem).await),
    }
}

/// Where SCIM is, as its clients reach it.
pub fn base(http: &HttpRequest) -> String {
    format!("{}{BASE}", public_address(http))
}
