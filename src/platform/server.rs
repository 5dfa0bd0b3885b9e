//! What surrounds every request: its id and trace, one log line, metrics, security headers, limits, and problems instead of
//! the framework's own errors.
use crate::api::{Api, Described};
use crate::dialect::Dialect;
use crate::may::app_data;
use crate::metrics::Metrics;
use crate::problem::{
    Fault, HEADERS_TOO_LARGE, INTERNAL, METHOD_NOT_ALLOWED, Problem, Result, TOO_MANY_REQUESTS,
};
use crate::request::RequestContext;
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode, header};
use actix_web::middleware::Next;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota};
use std::collections::HashMap;
use std::num::NonZeroU32;
use std::time::Instant;
use uuid::Uuid;

/// Bytes of all headers together.
const LONGEST_HEADERS: usize = 32 * 1024;

/// What the operator chose.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Whether the last address in `X-Forwarded-For` is believed: only behind a proxy of one's own.
    pub trust_proxy: bool,
    /// Whether answers may be told to stay on HTTPS (HSTS).
    pub behind_tls: bool,
    /// The address by which the world knows the service, without a slash at its end: `https://books.example`.
    pub public_url: Option<String>,
}

/// The address by which the world knows the service, or the one that it was asked for at.
#[must_use]
pub fn public_address(http: &HttpRequest) -> String {
    let settings = app_data::<Settings>(http);
    let asked_at = || {
        let scheme = if settings.behind_tls { "https" } else { "http" };
        let host = http.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        format!("{scheme}://{}", host.filter(|host| host.len() <= 255).unwrap_or("localhost"))
    };
    settings.public_url.clone().unwrap_or_else(asked_at)
}

/// Requests per second that a session and an organization may send; each may save up ten seconds' worth.
pub struct Limits {
    session: DefaultKeyedRateLimiter<Uuid>,
    organization: DefaultKeyedRateLimiter<Uuid>,
    per_session: NonZeroU32,
    per_organization: NonZeroU32,
}

impl Limits {
    #[must_use]
    pub fn new(per_session: NonZeroU32, per_organization: NonZeroU32) -> Self {
        let quota = |per_second: NonZeroU32| {
            Quota::per_second(per_second).allow_burst(per_second.saturating_mul(TEN))
        };
        Self {
            session: DefaultKeyedRateLimiter::keyed(quota(per_session)),
            organization: DefaultKeyedRateLimiter::keyed(quota(per_organization)),
            per_session,
            per_organization,
        }
    }

    pub(crate) fn check(&self, session: Uuid, organization: Uuid) -> Result<()> {
        let of_session =
            self.session.check_key(&session).map_err(|until| ("session", self.per_session, until));
        let of_both = of_session.and_then(|()| {
            self.organization
                .check_key(&organization)
                .map_err(|until| ("organization", self.per_organization, until))
        });
        of_both.map_err(|(whose, limit, until)| {
            let seconds = until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
            too_many(whose, limit, seconds)
        })
    }

    /// Forgets who has been quiet, so that memory stays bounded. Called every minute.
    pub fn forget_the_quiet(&self) {
        self.session.retain_recent();
        self.organization.retain_recent();
    }
}

const TEN: NonZeroU32 = NonZeroU32::new(10).unwrap();

/// 429 with the headers of RFC 9110 and of the `RateLimit` draft.
fn too_many(whose: &str, per_second: NonZeroU32, seconds: u64) -> Problem {
    TOO_MANY_REQUESTS
        .because(format!("This {whose} may send {per_second} requests a second: wait {seconds} s."))
        .with(header::RETRY_AFTER, seconds.to_string())
        .with(HeaderName::from_static("ratelimit"), format!("\"{whose}\";r=0;t={seconds}"))
        .with(HeaderName::from_static("ratelimit-policy"), format!("\"{whose}\";q={per_second};w=1"))
}

/// The operations of the contract, by method and path, for logs, metrics and the check of query parameters.
#[derive(Clone, Default)]
pub struct Operations(HashMap<(Method, String), Described>, Vec<&'static Dialect>);

impl Operations {
    #[must_use]
    pub fn of(api: &Api) -> Self {
        Self(
            api.operations()
                .iter()
                .map(|each| ((each.method.clone(), each.path.clone()), each.clone()))
                .collect(),
            api.dialects().to_vec(),
        )
    }

    /// Whose manners are kept at the path, where they are not the house's own.
    fn dialect(&self, path: &str) -> Option<&'static Dialect> {
        self.1.iter().find(|dialect| dialect.rules(path)).copied()
    }

    fn find(&self, method: &Method, pattern: &str) -> Option<&Described> {
        self.0.get(&(method.clone(), pattern.to_owned()))
    }

    /// A parameter that the operation does not know is refused, never ignored.
    pub(crate) fn refuse_unknown_parameters(
        &self,
        http: &HttpRequest,
        query: &[(String, String)],
    ) -> Result<()> {
        if query.is_empty() {
            return Ok(());
        }
        let Some(operation) = http.match_pattern().and_then(|pattern| self.find(http.method(), &pattern))
        else {
            return Ok(());
        };
        let is_custom = |name: &str| operation.custom && name.starts_with("custom.");
        let unknown = query.iter().filter(|(name, _)| !operation.query.contains(name) && !is_custom(name));
        let faults: Vec<_> = unknown
            .map(|(name, _)| Fault::of(name, "unknown-parameter", "there is no such parameter here"))
            .collect();
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }
}

/// The one middleware: everything that happens to every request.
///
/// # Errors
/// None of its own: what fails inside comes out as a problem.
pub async fn observe<B: MessageBody + 'static>(
    mut http: ServiceRequest,
    next: Next<B>,
) -> std::result::Result<ServiceResponse<EitherBody<B, BoxBody>>, actix_web::Error> {
    let started = Instant::now();
    let context = RequestContext::new(http.headers());
    // HEAD is GET without the body, which the encoder leaves out by itself.
    let method = http.method().clone();
    if method == Method::HEAD {
        http.head_mut().method = Method::GET;
    }
    // The request must not be shared while it is routed, so what goes wrong in between is asked of the response.
    let answered = context.clone().scope(async {
        match refuse_headers(http.request()) {
            Some(problem) => {
                let response = problem.error_response();
                Ok(http.into_response(response).map_into_right_body())
            }
            None => next.call(http).await.map(as_problem),
        }
    });
    let mut response = answered.await?;
    let settings = app_data::<Settings>(response.request()).clone();
    add_headers(&mut response, &context, &settings);

    let pattern = response.request().match_pattern();
    let operation = pattern.as_ref().and_then(|pattern| {
        let get_or = if method == Method::HEAD { Method::GET } else { method.clone() };
        app_data::<Operations>(response.request())
            .find(&get_or, pattern)
            .map(|operation| operation.id.clone())
    });
    let operation = operation.or(pattern).unwrap_or_else(|| "none".into());
    let took = started.elapsed();
    app_data::<Metrics>(response.request()).observe(
        &operation,
        response.status().as_u16(),
        took,
        context.statements(),
    );
    let (organization, caller) =
        context.caller().map_or((String::from("-"), String::from("-")), |(organization, caller)| {
            (organization.to_string(), caller.to_string())
        });
    log::info!(
        target: "backoffice::access",
        request_id = context.id(), operation = operation.as_str(), organization = organization.as_str(), caller = caller.as_str(),
        method = method.as_str(), status = response.status().as_u16(), microseconds = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        statements = context.statements(), traceparent = context.traceparent().unwrap_or("-");
        "{method} {operation}"
    );
    Ok(response)
}

fn refuse_headers(request: &HttpRequest) -> Option<Problem> {
    if *request.method() == Method::TRACE || *request.method() == Method::CONNECT {
        return Some(
            METHOD_NOT_ALLOWED
                .because("This server does not take that method.")
                .with(header::ALLOW, "GET, HEAD, POST, PATCH, DELETE"),
        );
    }
    let size: usize =
        request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let size = size + request.uri().path_and_query().map_or(0, |path| path.as_str().len());
    (size > LONGEST_HEADERS)
        .then(|| HEADERS_TOO_LARGE.because(format!("All headers together may have {LONGEST_HEADERS} bytes.")))
}

/// What the framework answers with a text of its own becomes a problem.
fn as_problem<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
) -> ServiceResponse<EitherBody<B, BoxBody>> {
    let status = response.status();
    if let Some(dialect) = app_data::<Operations>(response.request()).dialect(response.request().path())
        && (status.is_client_error() || status.is_server_error())
    {
        let told = match response.response().error().and_then(|error| error.as_error::<Problem>()) {
            Some(problem) => dialect.answer(problem),
            None => dialect.answer(&told_status(status, &format!("{status}"))),
        };
        return response.into_response(told).map_into_right_body();
    }
    // A problem, or what a room says in JSON of its own, as OAuth asks for; never the framework's text.
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    let is_problem =
        kind.is_some_and(|kind| matches!(kind, b"application/problem+json" | b"application/json"));
    if (status.is_client_error() || status.is_server_error()) && !is_problem {
        let told = told_status(status, &format!("{status}"));
        return response.into_response(told.error_response()).map_into_right_body();
    }
    response.map_into_left_body()
}

fn told_status(status: StatusCode, text: &str) -> Problem {
    let kind = crate::problem::KINDS.iter().find(|kind| kind.status == status.as_u16());
    match kind {
        Some(kind) if status.is_client_error() => kind.because(kind.cure),
        _ if status.is_client_error() => crate::problem::MALFORMED_REQUEST.because(text.to_owned()),
        _ => {
            log::error!("internal: {text}");
            INTERNAL.because(INTERNAL.cure)
        }
    }
}

fn add_headers<B>(response: &mut ServiceResponse<B>, context: &RequestContext, settings: &Settings) {
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    // What others brought, and is only passed on, says more strictly what it may do.
    let is_stricter = response.headers().contains_key(header::CONTENT_SECURITY_POLICY);
    let headers = response.headers_mut();
    let mut set = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set("x-request-id", context.id());
    if let Some(traceparent) = context.traceparent() {
        set("traceparent", traceparent);
    }
    set("x-content-type-options", "nosniff");
    set("x-frame-options", "DENY");
    set("referrer-policy", "no-referrer");
    set("cache-control", "no-store");
    let pages = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self'; frame-ancestors 'none'";
    if !is_stricter {
        set(
            "content-security-policy",
            if is_page { pages } else { "default-src 'none'; frame-ancestors 'none'" },
        );
    }
    if settings.behind_tls {
        set("strict-transport-security", "max-age=31536000");
    }
}

/// What no route answers.
pub async fn nothing_there() -> Result<HttpResponse> {
    Err(Problem::not_found())
}
