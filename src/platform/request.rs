//! What belongs to one HTTP request: its id, its trace, how many statements it cost.
use actix_web::HttpRequest;
use actix_web::http::header::HeaderMap;
use std::cell::Cell;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use uuid::Uuid;

/// The request that is being answered on this task.
#[derive(Clone, Debug)]
pub struct RequestContext(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    id: String,
    traceparent: Option<String>,
    statements: Cell<u32>,
    caller: Cell<Option<(Uuid, Uuid)>>,
}

tokio::task_local! {
    static CURRENT: RequestContext;
}

impl RequestContext {
    /// Takes the caller's request id if it has the form `[A-Za-z0-9-]{1,64}`, and the W3C trace context if it is one.
    pub fn new(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let id = text("x-request-id")
            .filter(|id| is_request_id(id))
            .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
        let traceparent = text("traceparent").filter(|trace| is_traceparent(trace)).map(str::to_owned);
        Self(Rc::new(Inner { id, traceparent, statements: Cell::new(0), caller: Cell::new(None) }))
    }

    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The W3C `traceparent` that came with the request, to be passed on.
    pub fn traceparent(&self) -> Option<&str> {
        self.0.traceparent.as_deref()
    }

    /// SQL statements sent so far, `begin` and `commit` included.
    pub fn statements(&self) -> u32 {
        self.0.statements.get()
    }

    /// The organization and the user or API client, once the token has been read.
    pub fn caller(&self) -> Option<(Uuid, Uuid)> {
        self.0.caller.get()
    }

    pub(crate) fn set_caller(&self, organization: Uuid, subject: Uuid) {
        self.0.caller.set(Some((organization, subject)));
    }

    /// Runs the answering of the request, which [`current`] then knows.
    pub async fn scope<F: Future>(self, answering: F) -> F::Output {
        CURRENT.scope(self, answering).await
    }
}

/// The request that is being answered here, if any.
pub fn current() -> Option<RequestContext> {
    CURRENT.try_with(RequestContext::clone).ok()
}

/// One more SQL statement goes out for the request that is being answered here.
pub(crate) fn count_statement() {
    if let Some(request) = current() {
        request.0.statements.set(request.0.statements.get() + 1);
    }
}

/// The id of the request that is being answered here.
pub fn current_id() -> String {
    CURRENT.try_with(|request| request.id().to_owned()).unwrap_or_default()
}

/// The address that the request came from, port left out. A proxy's word counts only where the server was told to trust
/// it, and of `X-Forwarded-For` only what the proxy itself put at the end: what stands before came with the request.
pub fn peer_address(request: &HttpRequest) -> String {
    let settings = request.app_data::<actix_web::web::Data<crate::server::Settings>>();
    if settings.is_some_and(|settings| settings.trust_proxy) {
        let told = request.headers().get_all("x-forwarded-for").last().and_then(|told| told.to_str().ok());
        let last = told.and_then(|told| told.rsplit(',').next()).unwrap_or_default().trim();
        let with_port = || last.parse::<SocketAddr>().map(|address| address.ip());
        if let Ok(address) = last.parse::<IpAddr>().or_else(|_| with_port()) {
            return address.to_string();
        }
    }
    request.peer_addr().map_or_else(|| "unknown".to_owned(), |address| address.ip().to_string())
}

fn is_request_id(id: &str) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn is_traceparent(trace: &str) -> bool {
    let parts: Vec<&str> = trace.split('-').collect();
    // Version ff and ids of nothing but zeros are no trace (W3C Trace Context §3.2.2).
    let is_known = |part: &&str| part.bytes().any(|byte| byte != b'0');
    parts.len() == 4
        && parts[0] != "ff"
        && parts[1..3].iter().all(is_known)
        && parts.iter().map(|part| part.len()).eq([2, 32, 16, 2])
        && trace.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}
