//! One call of a receiver: what goes out, within which limits, and what its answer means.
use crate::signature::Signer;
use chrono::{DateTime, Utc};
use platform::outgoing::{Callable, NotPublic};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Response, StatusCode, Url};
use std::error::Error;
use std::time::{Duration, Instant};

/// How long a call may take, its answer included.
const LONGEST: Duration = Duration::from_secs(15);
/// Bytes of an answer that are read at the most.
const LARGEST_ANSWER: usize = 64 * 1024;
/// Characters of an answer that the log keeps.
const KEPT: usize = 1000;
/// How long a receiver may ask us to wait.
const LONGEST_PATIENCE: Duration = Duration::from_hours(12);

/// What came of a call.
pub struct Attempt {
    pub fate: Fate,
    pub status: Option<u16>,
    /// The beginning of the answer.
    pub answer: Option<String>,
    /// Why it failed, in a sentence.
    pub failure: Option<String>,
    pub took: Duration,
}

/// What the answer means for what is sent next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Delivered,
    /// To be tried again later.
    Failed,
    /// The receiver is busy: nothing more is sent to it for so long.
    Busy(Duration),
    /// The receiver wants no more (410).
    Gone,
}

/// Calls receivers and nobody else: no redirects, no proxy, no private address.
///
/// # Errors
/// The client can not be built.
pub fn client(callable: Callable, connections: usize) -> reqwest::Result<Client> {
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let tls = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(callable)
        .no_proxy()
        .redirect(Policy::none())
        .timeout(LONGEST)
        .connect_timeout(Duration::from_secs(5))
        .pool_max_idle_per_host(connections)
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent(concat!("backoffice-webhooks/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// Sends the body under its id.
pub async fn send(client: &Client, url: &Url, signer: &Signer, id: &str, body: &str) -> Attempt {
    let started = Instant::now();
    let timestamp = Utc::now().timestamp().to_string();
    let request = client
        .post(url.clone())
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-signature", signer.sign(id, &timestamp, body))
        .header("webhook-timestamp", timestamp)
        .header("webhook-id", id)
        .body(body.to_owned());
    let answered = request.send().await;
    let mut attempt = match answered {
        Ok(response) => {
            let (status, patience) = (response.status(), patience(&response));
            let answer = read(response).await;
            let (fate, failure) = judge(status, patience);
            let answer = Some(answer).filter(|answer| !answer.is_empty());
            Attempt { fate, status: Some(status.as_u16()), answer, failure, took: Duration::ZERO }
        }
        Err(error) => Attempt {
            fate: Fate::Failed,
            status: None,
            answer: None,
            failure: Some(why(&error)),
            took: Duration::ZERO,
        },
    };
    attempt.took = started.elapsed();
    attempt
}

fn judge(status: StatusCode, patience: Option<Duration>) -> (Fate, Option<String>) {
    let failed = |fate: Fate, why: &str| (fate, Some(why.to_owned()));
    match status {
        _ if status.is_success() => (Fate::Delivered, None),
        StatusCode::GONE => failed(Fate::Gone, "The receiver answered 410: it wants no more."),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => match patience {
            Some(patience) => failed(
                Fate::Busy(patience),
                &format!("The receiver is busy and asked to wait {} s.", patience.as_secs()),
            ),
            None => failed(Fate::Failed, "The receiver is busy."),
        },
        _ if status.is_redirection() => failed(
            Fate::Failed,
            "The receiver answered with a redirect, which is not followed: change the address.",
        ),
        _ => failed(Fate::Failed, "The receiver did not answer with a status of success (2xx)."),
    }
}

/// `Retry-After`, as seconds or as a date (RFC 9110 §10.2.3), within limits.
fn patience(response: &Response) -> Option<Duration> {
    let told = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match told.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => DateTime::parse_from_rfc2822(told)
            .ok()?
            .signed_duration_since(Utc::now())
            .num_seconds()
            .max(0)
            .unsigned_abs(),
    };
    Some(Duration::from_secs(seconds).min(LONGEST_PATIENCE))
}

/// The beginning of the answer as text that can be kept. No more of it is read than the limit.
async fn read(mut response: Response) -> String {
    let mut bytes = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        bytes.extend_from_slice(&chunk);
        if bytes.len() >= LARGEST_ANSWER {
            break;
        }
    }
    if bytes.is_empty() {
        return String::new();
    }
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * KEPT)]);
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(KEPT).collect()
}

fn why(error: &reqwest::Error) -> String {
    let mut cause: &dyn Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
        if cause.is::<NotPublic>() {
            return "The name of the receiver leads to no public address.".into();
        }
    }
    let text = if error.is_timeout() {
        "The receiver did not answer within 15 seconds, or take the connection within 5.".into()
    } else if error.is_connect() {
        format!("No connection to the receiver: {cause}.")
    } else {
        format!("The receiver broke off: {cause}.")
    };
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(300).collect()
}
