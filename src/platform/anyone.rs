//! `Anyone`: who has not signed in. What they may reach is what the handler looks up for them.
use crate::api::{Argument, OperationDoc};
use crate::database::Database;
use crate::input;
use crate::may::{app_data, idempotency_key, text_header};
use crate::problem::{Problem, Result};
use crate::request;
use crate::server::Operations;
use crate::token::Tokens;
use actix_web::dev::Payload;
use actix_web::http::{Method, header};
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};
use std::time::Instant;

/// A caller without a token, who may be refused with 401 all the same.
pub struct Anyone {
    http: HttpRequest,
    arrived: Instant,
}

impl FromRequest for Anyone {
    type Error = Problem;
    type Future = Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = input::query_pairs(http.query_string());
        let known =
            query.and_then(|query| app_data::<Operations>(http).refuse_unknown_parameters(http, &query));
        let known = known.and_then(|()| idempotency_key(http));
        ready(known.map(|_| Self { http: http.clone(), arrived: Instant::now() }))
    }
}

impl Anyone {
    /// The request, for its headers.
    #[must_use]
    pub fn http(&self) -> &HttpRequest {
        &self.http
    }

    /// When the request came.
    #[must_use]
    pub fn arrived(&self) -> Instant {
        self.arrived
    }

    /// The database, for work in the system's name.
    #[must_use]
    pub fn database(&self) -> &Database {
        app_data(&self.http)
    }

    /// What signs tokens.
    #[must_use]
    pub fn tokens(&self) -> &Tokens {
        app_data(&self.http)
    }

    /// Where the request came from.
    #[must_use]
    pub fn address(&self) -> String {
        request::peer_address(&self.http)
    }

    /// The program that sent it, as it calls itself.
    #[must_use]
    pub fn user_agent(&self) -> Option<String> {
        let name = self.http.headers().get(header::USER_AGENT)?.to_str().ok()?;
        Some(name.chars().take(200).collect())
    }
}

impl Argument for Anyone {
    fn describe(doc: &mut OperationDoc) {
        doc.refusals.push("401");
        if doc.method == Method::POST {
            doc.parameters.push(text_header(
                "Idempotency-Key",
                "Taken as everywhere, and without effect here: tokens are told once and kept nowhere, so there is no \
                 first answer to give again.",
                "7d1c5f0e-sign-in",
                255,
            ));
        }
    }
}
