//! ETags: the version, and where a resource has a life, what the caller may do with it now, since the body tells both.
use actix_web::HttpRequest;
use actix_web::http::header;
use sha2::{Digest, Sha256};

/// `"7"`, or `"7-1f3a"`. `If-Match` looks at the version alone.
pub(crate) fn of(version: i64, actions: Option<&[&str]>) -> String {
    match actions {
        None => format!("\"{version}\""),
        Some(actions) => {
            let digest = Sha256::digest(actions.join(" ").as_bytes());
            format!("\"{version}-{:02x}{:02x}\"", digest[0], digest[1])
        }
    }
}

/// Whether `If-None-Match` names this ETag (RFC 9110 §13.1.2: weak comparison).
pub(crate) fn matches(http: &HttpRequest, etag: Option<&str>) -> bool {
    let given = http.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    match (given, etag) {
        (Some("*"), Some(_)) => true,
        (Some(given), Some(etag)) => given.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag),
        _ => false,
    }
}
