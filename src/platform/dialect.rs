//! Paths that keep the manners of another standard: what is refused there is told in that standard's own words, since its
//! clients know no others. Everything else is as everywhere.
use crate::problem::Problem;
use actix_web::http::header;
use actix_web::{HttpResponse, HttpResponseBuilder};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::{Content, HeaderBuilder, ObjectBuilder, Ref, RefOr, Response, Schema, Type};

/// Another standard's manners.
pub struct Dialect {
    /// The path that it rules, and all below: `/scim/v2`.
    pub under: &'static str,
    /// The type of its bodies.
    pub content_type: &'static str,
    /// The status of a refusal there; none where it knows no such refusal.
    pub status: fn(u16) -> Option<u16>,
    /// A refusal in its words.
    pub tell: fn(&Problem) -> serde_json::Value,
    /// What a refusal looks like in the contract, and its name there.
    pub refusal: fn() -> (&'static str, RefOr<Schema>),
}

impl Dialect {
    /// Whether it rules the path.
    #[must_use]
    pub fn rules(&self, path: &str) -> bool {
        path.strip_prefix(self.under).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The answer that tells of the problem.
    pub(crate) fn answer(&self, problem: &Problem) -> HttpResponse {
        let usual = actix_web::ResponseError::error_response(problem);
        let status = (self.status)(problem.kind.status).unwrap_or(problem.kind.status);
        let status = actix_web::http::StatusCode::from_u16(status).unwrap_or(usual.status());
        let mut response: HttpResponseBuilder = HttpResponse::build(status);
        for (name, value) in usual.headers().iter().filter(|(name, _)| *name != header::CONTENT_TYPE) {
            response.append_header((name.clone(), value.clone()));
        }
        response.content_type(self.content_type).body((self.tell)(problem).to_string())
    }

    /// A refusal as the contract tells of it.
    pub(crate) fn response(&self, status: u16) -> Response {
        let content = Content::new(Some(RefOr::from(Ref::from_schema_name((self.refusal)().0))));
        let mut response = ResponseBuilder::new()
            .description(
                actix_web::http::StatusCode::from_u16(status)
                    .map_or("Refused", |status| status.canonical_reason().unwrap_or("Refused")),
            )
            .content(self.content_type, content)
            .build();
        let headers: &[(&str, &str)] = match status {
            401 => &[("WWW-Authenticate", "How to authenticate (RFC 6750, RFC 9470).")],
            409 | 503 => &[("Retry-After", "After how many seconds to try again, where waiting helps.")],
            429 => &[
                ("Retry-After", "After how many seconds to try again."),
                ("RateLimit", "The limit that was met and what is left of it."),
                ("RateLimit-Policy", "The limits there are."),
            ],
            _ => &[],
        };
        for (name, description) in headers {
            let text = ObjectBuilder::new().schema_type(Type::String).max_length(Some(2000)).build();
            let header = HeaderBuilder::new().schema(Some(text)).description(Some(*description)).build();
            response.headers.insert((*name).to_owned(), RefOr::T(header));
        }
        response
    }
}
