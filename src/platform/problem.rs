//! Every error that a client sees: `application/problem+json` (RFC 9457), with a page behind each `type`.
use crate::request;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use serde::{Deserialize, Serialize};
use std::fmt;
use utoipa::ToSchema;

/// What every fallible function of a room returns.
pub type Result<T> = std::result::Result<T, Problem>;

/// A kind of problem: what `code` says, and the page behind `type`.
#[derive(Debug)]
pub struct Kind {
    pub code: &'static str,
    pub status: u16,
    pub title: &'static str,
    /// What leads to it.
    pub cause: &'static str,
    /// What the caller can do.
    pub cure: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $status:literal $code:literal $title:literal, $cause:literal, $cure:literal;)*) => {
        $(pub static $name: Kind = Kind { code: $code, status: $status, title: $title, cause: $cause, cure: $cure };)*
        /// The platform's own kinds; a room adds its own through [`crate::api::Api::problem`].
        pub static KINDS: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    MALFORMED_REQUEST = 400 "malformed-request" "The request can not be read",
        "The body is not JSON, is nested deeper than 64 levels, or a header has not the form it must have.",
        "Send UTF-8 JSON and headers of the form that the contract shows; `detail` says which part could not be read.";
    UNAUTHENTICATED = 401 "unauthenticated" "Sign in first",
        "There is no access token, or it does not hold: it has run out, its session was ended, or it is not ours.",
        "Sign in at /v1/auth/login, or take a new access token from /v1/auth/refresh, and send it as `Authorization: Bearer …`.";
    FRESH_LOGIN_REQUIRED = 401 "fresh-login-required" "Sign in again for this step",
        "The step is sensitive, and the last sign-in was more than fifteen minutes ago (RFC 9470).",
        "Prove at /v1/auth/reauthenticate that it is still you, or sign in again, and repeat the request with the new access token.";
    SECOND_FACTOR_REQUIRED = 401 "second-factor-required" "The sign-in goes on with a second factor",
        "The password is right, and this login has a second factor.",
        "Send the `challenge` in `second_factor` to /v1/auth/second-factor, with a code of the authenticator app or a recovery code.";
    INVALID_CREDENTIALS = 401 "invalid-credentials" "E-mail or password is wrong",
        "No login has this e-mail address and password, or it may not sign in. The answer is the same for all reasons.",
        "Check both, or ask an administrator of the organization.";
    FORBIDDEN = 403 "forbidden" "Your roles do not allow this",
        "The operation needs a permission that none of your roles holds, or not with the reach that this row needs.",
        "Ask an administrator for a role with the permission that `detail` names.";
    SECOND_FACTOR_ENROLMENT_REQUIRED = 403 "second-factor-enrolment-required" "Your roles ask for a second factor",
        "The organization lets nobody use this role with a password alone, and this session was begun with one. It reaches \
         what is everybody's own at /v1/me, and nothing else.",
        "POST /v1/me/second-factor gives a key for an authenticator app; /v1/me/second-factor/confirm with its first code opens the rest.";
    NOT_FOUND = 404 "not-found" "There is no such thing",
        "Nothing is at this address that you may know of. Another organization's rows do not exist for you.",
        "Check the path and the id. Lists show what you can reach.";
    METHOD_NOT_ALLOWED = 405 "method-not-allowed" "This address does not take that method",
        "The path exists, the method does not.",
        "Use one of the methods in the `Allow` header.";
    NOT_ACCEPTABLE = 406 "not-acceptable" "No such form is offered",
        "`Accept` names media types, and this address answers with none of them.",
        "Let `Accept` name one that the contract lists for the operation, or leave the header out.";
    REQUEST_TIMEOUT = 408 "request-timeout" "The request came too slowly",
        "The body was not complete within ten seconds.",
        "Send it again over a better connection, or in smaller parts.";
    CONFLICT = 409 "conflict" "Something else stands in the way",
        "The request is right, but the present state of the data does not allow it.",
        "`detail` says what stands in the way; change that first, or read again and decide anew.";
    INVALID_STATE = 409 "invalid-state" "Its state does not allow this step",
        "The resource has a life of states and steps, and this step does not start from its present state.",
        "Read the resource: `available_actions` lists the steps that are possible now.";
    IN_USE = 409 "in-use" "Others refer to it",
        "Something still refers to the row, or stands in it, so it can not go.",
        "Move or remove what refers to it first, or archive it.";
    IDEMPOTENCY_IN_PROGRESS = 409 "idempotency-in-progress" "The same request is still running",
        "A request with this Idempotency-Key has not been answered yet.",
        "Wait a moment and send it again; the answer will be the first one's.";
    STALE_VERSION = 412 "stale-version" "It was changed in the meantime",
        "The ETag in `If-Match` is not the present one: somebody changed the resource after you read it.",
        "Read it again, apply your change to what you find, and send the new ETag.";
    TOO_LARGE = 413 "too-large" "The body is too large",
        "The body, as sent or unpacked, exceeds the limit of this operation.",
        "Send less at once.";
    UNSUPPORTED_MEDIA_TYPE = 415 "unsupported-media-type" "The body is of another type than this operation takes",
        "`Content-Type` is missing or names something else than the contract does.",
        "Send `Content-Type: application/json` (or `application/merge-patch+json` with PATCH).";
    INVALID_INPUT = 422 "invalid-input" "The input breaks a rule",
        "The request could be read, but values in it break rules. `errors` lists all of them with their places.",
        "Correct every entry of `errors` and send the request again.";
    IDEMPOTENCY_KEY_REUSED = 422 "idempotency-key-reused" "This Idempotency-Key was used for another request",
        "The same key came with another path or body within the time for which keys are kept.",
        "Use a new key for a new request; send the very same request to get its first answer again.";
    PRECONDITION_REQUIRED = 428 "precondition-required" "Say which version you mean",
        "PATCH and DELETE carry `If-Match`, so that no change of somebody else is lost.",
        "Send `If-Match` with the ETag that you read, or `*` to overwrite whatever is there.";
    TOO_MANY_REQUESTS = 429 "too-many-requests" "Too many requests",
        "The limit for this token, organization, account or address is used up for now.",
        "Wait as long as `Retry-After` says.";
    HEADERS_TOO_LARGE = 431 "headers-too-large" "The headers are too large",
        "All headers together exceed 32 KiB.",
        "Send fewer or shorter headers.";
    INTERNAL = 500 "internal" "Something broke on our side",
        "A fault of the service. It was logged under the request id.",
        "Try again later; if it stays, report the request id in `instance`.";
    UNAVAILABLE = 503 "unavailable" "The service can not answer right now",
        "The database is away or busy, or the service is about to stop.",
        "Try again after the seconds that `Retry-After` says. A write sent with an Idempotency-Key can be repeated safely.";
}

impl Kind {
    /// A problem of this kind; `detail` is a sentence that says what to do.
    pub fn because(&'static self, detail: impl Into<String>) -> Problem {
        Problem {
            kind: self,
            detail: detail.into(),
            errors: Vec::new(),
            collided: false,
            headers: Vec::new(),
            members: Box::default(),
        }
    }
}

/// One fault of the input.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Fault {
    /// The place in the body (RFC 6901), `""` for the whole of it; null where the fault is not in the body.
    #[schema(example = "/work_email")]
    pub pointer: Option<String>,
    /// The query parameter or header that is at fault; null where the fault is in the body.
    pub parameter: Option<String>,
    /// The rule that is broken, for programs.
    #[schema(example = "too-long")]
    pub code: String,
    /// The rule that is broken, for people.
    #[schema(example = "must have at most 254 characters")]
    pub detail: String,
}

impl Fault {
    /// A fault at `pointer` in the body.
    pub fn at(pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), parameter: None, code: code.into(), detail: detail.into() }
    }

    /// A fault of a query parameter or header.
    pub fn of(parameter: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        Self { pointer: None, parameter: Some(parameter.into()), code: code.into(), detail: detail.into() }
    }
}

/// Why a call failed.
#[derive(Debug)]
pub struct Problem {
    pub kind: &'static Kind,
    pub detail: String,
    pub errors: Vec<Fault>,
    /// The same transaction may succeed if run again.
    pub(crate) collided: bool,
    headers: Vec<(header::HeaderName, String)>,
    /// Boxed, since every result is as large as its error.
    members: Box<serde_json::Map<String, serde_json::Value>>,
}

/// What a problem looks like on the wire (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The address of a page on this kind of problem, its cause and its cure.
    #[schema(example = "/problems/invalid-input", max_length = 200)]
    r#type: String,
    /// The kind of problem in a few words; the same for all of its kind.
    #[schema(example = "The input breaks a rule", max_length = 200)]
    title: String,
    /// The HTTP status.
    #[schema(example = 422, minimum = 400, maximum = 599)]
    status: u16,
    /// What went wrong here, and what to do about it.
    #[schema(example = "Correct what `errors` lists and send the request again.")]
    detail: String,
    /// The request id, under which the service logged it.
    #[schema(example = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", max_length = 64)]
    instance: String,
    /// The last part of `type`.
    #[schema(example = "invalid-input", max_length = 100)]
    code: String,
    /// All faults of the input, not the first; empty where the input is not at fault.
    errors: Vec<Fault>,
}

impl Problem {
    /// Nothing there that this caller may know of.
    pub fn not_found() -> Self {
        NOT_FOUND.because("There is nothing at this address that you may know of. Check the path and the id.")
    }

    /// All faults of the input.
    pub fn invalid(errors: Vec<Fault>) -> Self {
        let mut problem = INVALID_INPUT.because("Correct what `errors` lists and send the request again.");
        problem.errors = errors;
        problem
    }

    /// The database is away or busy; `cause` goes to the log alone.
    pub fn unavailable(cause: impl fmt::Display) -> Self {
        log::warn!("unavailable: {cause}");
        UNAVAILABLE.because("Try again in a second.").with(header::RETRY_AFTER, "1")
    }

    /// A fault of ours; `cause` goes to the log alone.
    pub fn internal(cause: impl fmt::Display) -> Self {
        log::error!("internal: {cause}");
        INTERNAL.because("The service failed and logged why. If it stays, report the `instance`.")
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with(mut self, name: header::HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds the place of the fault.
    #[must_use]
    pub fn at(mut self, fault: Fault) -> Self {
        self.errors.push(fault);
        self
    }

    /// Adds faults that were found elsewhere in the input, at places that have none yet.
    pub(crate) fn and(mut self, mut faults: Vec<Fault>) -> Self {
        faults.retain(|fault| self.errors.iter().all(|known| known.pointer != fault.pointer));
        self.errors.append(&mut faults);
        self.errors.sort_by(|a, b| a.pointer.cmp(&b.pointer));
        self
    }

    /// Adds a member of its own (RFC 9457 §3.2), which the contract of the operation tells of.
    #[must_use]
    pub fn telling(mut self, name: &str, value: impl Serialize) -> Self {
        self.members.insert(name.to_owned(), serde_json::to_value(value).unwrap_or_default());
        self
    }

    fn body(&self, instance: String) -> serde_json::Value {
        let body = ProblemBody {
            r#type: format!("/problems/{}", self.kind.code),
            title: self.kind.title.to_owned(),
            status: self.kind.status,
            detail: self.detail.clone(),
            instance,
            code: self.kind.code.to_owned(),
            errors: self.errors.clone(),
        };
        let mut body = serde_json::to_value(body).unwrap_or_default();
        body.as_object_mut().into_iter().for_each(|body| body.extend((*self.members).clone()));
        body
    }

    /// As it is kept for whoever asks later.
    pub(crate) fn to_json(&self, request: &str) -> serde_json::Value {
        self.body(request.to_owned())
    }

    /// Whether the caller can cure it: not where the database was away, or we failed.
    pub(crate) fn is_of_the_caller(&self) -> bool {
        !self.collided && self.kind.status < 500
    }

    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.code, self.detail)
    }
}

impl std::error::Error for Problem {}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response: HttpResponseBuilder = HttpResponse::build(self.status());
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.as_str()));
        }
        if self.kind.status == 401 && self.headers.iter().all(|(name, _)| name != header::WWW_AUTHENTICATE) {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response.content_type("application/problem+json").json(self.body(request::current_id()))
    }
}

impl From<DieselError> for Problem {
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::NotFound => Self::not_found(),
            DieselError::DatabaseError(kind, info) => violation(kind, &*info),
            error => Self::internal(error),
        }
    }
}

/// A violated constraint, told by the column that its name holds (`employees_work_email_key`), or, where it is named as
/// a sentence (`last_day_not_before_first_day`), by the sentence.
fn violation(kind: DatabaseErrorKind, info: &(dyn DatabaseErrorInformation + Send + Sync)) -> Problem {
    use DatabaseErrorKind as K;
    let constraint = info.constraint_name().unwrap_or_default();
    let table = info.table_name().unwrap_or_default();
    let place = |code: &str, sentence: &str| match column_of(constraint, table) {
        Some(column) => Fault::at(format!("/{column}"), code, sentence),
        None => Fault::at("", code, constraint.replace('_', " ")),
    };
    if let Some(told) = Told::of(info.details()) {
        return told.problem(kind);
    }
    match kind {
        K::UniqueViolation => {
            let fault = place("already-taken", "must be unique, and another one has this value");
            CONFLICT
                .because("Another one has this value already: choose another, or change that one.")
                .at(fault)
        }
        K::ForeignKeyViolation if info.message().starts_with("update or delete") => {
            IN_USE.because("Others still refer to it: move or remove them first, or archive it.")
        }
        K::ForeignKeyViolation => {
            Problem::invalid(vec![place("unknown-reference", "there is no such row in this organization")])
        }
        K::NotNullViolation => {
            let column = info.column_name().unwrap_or_default();
            Problem::invalid(vec![Fault::at(format!("/{column}"), "required", "must be given")])
        }
        K::CheckViolation => match constraint {
            crate::custom::HOLD => crate::custom::refused(info.details()),
            ring if ring.ends_with("_cycle") => {
                let fault = place("closes-a-ring", "would stand above itself");
                CONFLICT
                    .because("The move would close a ring: choose a parent outside the moved branch.")
                    .at(fault)
            }
            _ => Problem::invalid(vec![place("breaks-a-rule", "is outside what is allowed here")]),
        },
        K::RestrictViolation | K::ExclusionViolation => CONFLICT
            .because(format!("Not possible: {}.", constraint.replace('_', " ")))
            .at(place("breaks-a-rule", &constraint.replace('_', " "))),
        K::SerializationFailure => Problem { collided: true, ..Problem::unavailable(info.message()) },
        K::ReadOnlyTransaction | K::UnableToSendCommand | K::ClosedConnection => {
            Problem::unavailable(info.message())
        }
        _ => untyped(info.message()),
    }
}

/// What a rule of the database's own says of itself, as JSON in the detail of its exception: where it is broken, by what, and
/// which members the problem has.
#[derive(Deserialize)]
struct Told {
    errors: Vec<ToldFault>,
    #[serde(default)]
    members: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct ToldFault {
    pointer: String,
    code: String,
    detail: String,
}

impl Told {
    fn of(detail: Option<&str>) -> Option<Self> {
        serde_json::from_str(detail?).ok()
    }

    /// What is wrong in itself is invalid, what is at odds with other rows a conflict.
    fn problem(self, kind: DatabaseErrorKind) -> Problem {
        let mut problem = match kind {
            DatabaseErrorKind::CheckViolation => Problem::invalid(Vec::new()),
            _ => CONFLICT.because("Other rows stand in the way: `errors` says where."),
        };
        problem.errors =
            self.errors.into_iter().map(|each| Fault::at(each.pointer, &each.code, each.detail)).collect();
        problem.members = Box::new(self.members);
        problem
    }
}

/// Diesel keeps no SQLSTATE for these, so they are known by their text.
fn untyped(message: &str) -> Problem {
    const TRANSIENT: &[&str] = &[
        "canceling statement due to",
        "terminating connection",
        "the database system is",
        "too many clients",
        "remaining connection slots",
        "could not extend file",
        "No space left on device",
        "connection closed",
    ];
    const NUMERIC: &[&str] = &["out of range", "overflow"];
    if message.starts_with("new row violates row-level security policy") {
        return FORBIDDEN.because("Your permission does not reach this row: it needs the reach `org`.");
    }
    if let Some(rule) = message.strip_prefix("forbidden: ") {
        return FORBIDDEN.because(rule); // a rule of the database's own, in words for the caller
    }
    if message == "deadlock detected" {
        return Problem { collided: true, ..Problem::unavailable(message) };
    }
    if TRANSIENT.iter().any(|text| message.contains(text)) {
        return Problem::unavailable(message);
    }
    if NUMERIC.iter().any(|text| message.contains(text)) {
        return Problem::invalid(vec![Fault::at(
            "",
            "out-of-range",
            "a value, or a sum of values, is too large",
        )]);
    }
    Problem::internal(message)
}

/// `employees_work_email_key` on `employees` is about `work_email`.
fn column_of<'a>(constraint: &'a str, table: &str) -> Option<&'a str> {
    let rest = constraint.strip_prefix(table)?.strip_prefix('_')?;
    rest.rsplit_once('_').map(|(column, _)| column)
}

#[cfg(test)]
mod tests {
    use super::column_of;

    #[test]
    fn a_constraint_names_its_column() {
        assert_eq!(column_of("employees_work_email_key", "employees"), Some("work_email"));
        assert_eq!(column_of("last_day_not_before_first_day", "employees"), None);
    }
}
