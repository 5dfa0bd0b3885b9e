//! Bodies that are no JSON, such as files: taken as they arrive and never held whole, within a size and at a pace.
use crate::api::{Argument, OperationDoc};
use crate::input::BodyDigest;
use crate::problem::{
    MALFORMED_REQUEST, Problem, REQUEST_TIMEOUT, Result, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE,
};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use std::future::{Ready, ready};
use std::time::Duration;
use tokio::time::Instant;

/// So many bytes have to come in each stretch of time: who drips holds a connection for one stretch and no longer.
const STRIDE: u64 = 128 * 1024;
const STRETCH: Duration = Duration::from_secs(15);
/// However steadily it comes.
const LONGEST: Duration = Duration::from_hours(1);

/// A body that is read piece by piece. Nothing of it is read before the handler asks, so nobody sends a large one in vain
/// who may not.
pub struct Incoming {
    http: HttpRequest,
    payload: Payload,
    digest: Sha256,
    limit: u64,
    rule: String,
    received: u64,
    stride: u64,
    stretch_ends: Instant,
    ends: Instant,
}

impl FromRequest for Incoming {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let now = Instant::now();
        ready(Ok(Self {
            http: http.clone(),
            payload: payload.take(),
            digest: Sha256::new(),
            limit: 0,
            rule: String::new(),
            received: 0,
            stride: 0,
            stretch_ends: now + STRETCH,
            ends: now + LONGEST,
        }))
    }
}

impl Argument for Incoming {
    fn describe(doc: &mut OperationDoc) {
        doc.takes_bytes("The bytes, as they are.");
    }
}

/// Bytes as digests are told.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Incoming {
    /// Allows so many bytes; `rule` says so in a sentence.
    ///
    /// # Errors
    /// 413 where more was announced, 415 where it comes packed.
    pub fn allow(&mut self, limit: u64, rule: impl Into<String>) -> Result<()> {
        (self.limit, self.rule) = (limit, rule.into());
        let headers = self.http.headers();
        if headers
            .get(header::CONTENT_ENCODING)
            .is_some_and(|encoding| !encoding.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            return Err(
                UNSUPPORTED_MEDIA_TYPE.because("Send the bytes as they are, without `Content-Encoding`.")
            );
        }
        let announced =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: u64| length > limit) { Err(self.too_large()) } else { Ok(()) }
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// 400 where it breaks off, 408 where it comes too slowly, 413 where it is too large.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        let next = tokio::time::timeout_at(self.stretch_ends.min(self.ends), self.payload.next());
        let next = next.await.map_err(|_| {
            REQUEST_TIMEOUT
                .because("A body has to come with 128 KiB in 15 seconds at the least, and within an hour.")
        })?;
        let Some(piece) = next else {
            let digest = BodyDigest(self.digest.clone().finalize().into());
            self.http.extensions_mut().insert(digest);
            return Ok(None);
        };
        let piece = piece.map_err(|_| MALFORMED_REQUEST.because("The body did not arrive whole."))?;
        self.received += piece.len() as u64;
        if self.received > self.limit {
            return Err(self.too_large());
        }
        self.stride += piece.len() as u64;
        if self.stride >= STRIDE {
            (self.stride, self.stretch_ends) = (0, Instant::now() + STRETCH);
        }
        self.digest.update(&piece);
        Ok(Some(piece))
    }

    /// How many bytes have come.
    #[must_use]
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The SHA-256 of what has come, in hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> String {
        hexadecimal(&self.digest.clone().finalize())
    }

    fn too_large(&self) -> Problem {
        TOO_LARGE.because(self.rule.clone())
    }
}
