//! Access tokens: JWTs of ours alone (RFC 9068), checked after RFC 8725.
use crate::database::Database;
use crate::may::app_data;
use crate::problem::{Problem, Result};
use actix_web::HttpRequest;
use actix_web::http::header::WWW_AUTHENTICATE;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use futures_util::future::LocalBoxFuture;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Validation};
use schema::signing_keys;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How long an access token lives, in seconds.
pub const LIFETIME: i64 = 600;
/// What clocks may differ by, in seconds.
const LEEWAY: u64 = 30;
/// A token longer than this is not ours.
const LONGEST: usize = 4096;
/// A token longer than this is nobody's.
const LONGEST_OF_OTHERS: usize = 16 * 1024;
/// How often keys are looked up again because a token names one that is not known.
const RELOAD_PAUSE: Duration = Duration::from_secs(5);

/// What an access token says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Claims {
    /// The issuer: the public address of the service, or `backoffice` where it has none; `sign` writes it.
    pub iss: String,
    /// The audience: `backoffice`.
    pub aud: String,
    /// The user or the API client.
    pub sub: Uuid,
    /// The organization.
    pub org: Uuid,
    /// The session that the token stands on.
    pub sid: Uuid,
    /// The API client, where there is no user.
    pub client_id: Option<Uuid>,
    /// Seconds since 1970 when it was issued, runs out, and when the caller last proved who they are.
    pub iat: i64,
    pub exp: i64,
    pub auth_time: i64,
    /// How they proved it (RFC 8176); empty for API clients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub amr: Vec<String>,
    /// The token's own id.
    pub jti: Uuid,
}

const PARTY: &str = "backoffice";

impl Claims {
    /// A token for the session, from now on for [`LIFETIME`].
    #[must_use]
    pub fn new(sub: Uuid, org: Uuid, sid: Uuid, is_client: bool, auth_time: i64) -> Self {
        let now = Utc::now().timestamp();
        Self {
            iss: PARTY.into(),
            aud: PARTY.into(),
            sub,
            org,
            sid,
            client_id: is_client.then_some(sub),
            iat: now,
            exp: now + LIFETIME,
            auth_time,
            amr: Vec::new(),
            jti: Uuid::now_v7(),
        }
    }

    /// The same, proven in these ways.
    #[must_use]
    pub fn proven_by(self, amr: Vec<String>) -> Self {
        Self { amr, ..self }
    }
}

/// Tokens that are not ours and open a session all the same: long-lived ones of programs, and those of issuers that an
/// organization trusts. Asked only of what is no token of ours.
pub trait OtherTokens: Send + Sync {
    /// The session that the token opens; nothing where it opens none.
    fn open<'a>(&'a self, token: &'a str, http: &'a HttpRequest, database: &'a Database) -> Opening<'a>;
}

/// What a token of others comes to.
pub type Opening<'a> = LocalBoxFuture<'a, Result<Option<Arc<Claims>>>>;

/// Whom to ask about tokens that are not ours, one after the other.
#[derive(Default)]
pub struct Others(pub Vec<Box<dyn OtherTokens>>);

/// Signs and verifies. One for the process.
pub struct Tokens {
    issuer: String,
    keys: RwLock<Keys>,
    /// Tokens whose signature was checked: a check costs as much as the rest of a read.
    verified: quick_cache::sync::Cache<String, Arc<Claims>>,
    reloaded: Mutex<Option<Instant>>,
    validation: Validation,
}

#[derive(Default)]
struct Keys {
    /// By the whole first part of a token, as we write it: the header is looked up and never interpreted, so that
    /// `alg`, `jku`, `crit` and their like have no say.
    by_header: HashMap<String, DecodingKey>,
    signing: Option<(String, EncodingKey)>,
    published: Vec<serde_json::Value>,
}

impl Default for Tokens {
    fn default() -> Self {
        Self::issued_by(PARTY)
    }
}

impl Tokens {
    /// Tokens whose issuer is the public address of the service (RFC 8414 §2), as RFC 9068 asks; tokens that were issued
    /// before it was known by that address hold until they run out.
    #[must_use]
    pub fn issued_by(issuer: &str) -> Self {
        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_audience(&[PARTY]);
        validation.set_issuer(&[PARTY, issuer]);
        validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        Self {
            issuer: issuer.to_owned(),
            keys: RwLock::default(),
            verified: quick_cache::sync::Cache::new(20_000),
            reloaded: Mutex::default(),
            validation,
        }
    }
}

/// A key as it is kept: its id, both halves, when it was retired.
type Kept = (Uuid, Vec<u8>, Vec<u8>, Option<chrono::DateTime<Utc>>);

impl Tokens {
    /// Reads the keys that sign and verify now.
    ///
    /// # Errors
    /// 503 where the database is away.
    pub async fn reload(&self, database: &Database) -> Result<()> {
        let rows: Vec<Kept> = database
            .without_organization(async |db| {
                let all = signing_keys::table.order(signing_keys::created_at.desc()).select((
                    signing_keys::id,
                    signing_keys::private_key,
                    signing_keys::public_key,
                    signing_keys::retired_at,
                ));
                Ok(all.load(db).await?)
            })
            .await?;
        let still_verifies = Utc::now() - chrono::Duration::seconds(LIFETIME + 2 * LEEWAY.cast_signed());
        let mut keys = Keys::default();
        for (id, private, public, retired_at) in rows {
            if retired_at.is_some_and(|at| at < still_verifies) {
                continue;
            }
            let header =
                URL_SAFE_NO_PAD.encode(json!({"typ": "at+jwt", "alg": "ES256", "kid": id}).to_string());
            if retired_at.is_none() && keys.signing.is_none() {
                keys.signing = Some((header.clone(), EncodingKey::from_ec_der(&private)));
            }
            let (x, y) = (URL_SAFE_NO_PAD.encode(&public[1..33]), URL_SAFE_NO_PAD.encode(&public[33..65]));
            let key = DecodingKey::from_ec_components(&x, &y).map_err(Problem::internal)?;
            keys.by_header.insert(header, key);
            keys.published.push(
                json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": id, "x": x, "y": y}),
            );
        }
        *self.keys.write().unwrap_or_else(std::sync::PoisonError::into_inner) = keys;
        Ok(())
    }

    /// The public keys, as `/.well-known/jwks.json` shows them (RFC 7517).
    #[must_use]
    pub fn published(&self) -> serde_json::Value {
        json!({"keys": self.keys.read().unwrap_or_else(std::sync::PoisonError::into_inner).published})
    }

    /// Signs the claims with the newest key.
    ///
    /// # Errors
    /// 503 where no key is there yet: `migrate` makes the first.
    pub fn sign(&self, claims: &Claims) -> Result<String> {
        let keys = self.keys.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (header, key) =
            keys.signing.as_ref().ok_or_else(|| Problem::unavailable("there is no signing key"))?;
        let claims = Claims { iss: self.issuer.clone(), ..claims.clone() };
        let payload = serde_json::to_vec(&claims).map_err(Problem::internal)?;
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, Algorithm::ES256)
            .map_err(Problem::internal)?;
        Ok(format!("{message}.{signature}"))
    }

    /// What the token says, if it is ours and holds now.
    ///
    /// # Errors
    /// 401 in every other case, without a reason that would help a forger.
    pub async fn verify(&self, token: &str, database: &Database) -> Result<Arc<Claims>> {
        if let Some(claims) = self.verified.get(token) {
            return if claims.exp + LEEWAY.cast_signed() > Utc::now().timestamp() {
                Ok(claims)
            } else {
                Err(invalid_token())
            };
        }
        if token.len() > LONGEST {
            return Err(invalid_token());
        }
        let key = match self.key_of(token) {
            Some(key) => key,
            None if self.may_reload() => {
                Box::pin(self.reload(database)).await?; // rare, and a future is as large as its largest branch
                self.key_of(token).ok_or_else(invalid_token)?
            }
            None => return Err(invalid_token()),
        };
        let claims: Claims =
            jsonwebtoken::decode(token, &key, &self.validation).map_err(|_| invalid_token())?.claims;
        if claims.exp - claims.iat > LIFETIME || claims.iat > Utc::now().timestamp() + LEEWAY.cast_signed() {
            return Err(invalid_token());
        }
        let claims = Arc::new(claims);
        self.verified.insert(token.to_owned(), Arc::clone(&claims));
        Ok(claims)
    }

    fn key_of(&self, token: &str) -> Option<DecodingKey> {
        let header = token.split('.').next()?;
        self.keys.read().unwrap_or_else(std::sync::PoisonError::into_inner).by_header.get(header).cloned()
    }

    /// What the token says, be it ours or one that others may open a session with.
    ///
    /// # Errors
    /// As [`Tokens::verify`], and 503 where what has to be asked is away.
    pub async fn admit(&self, token: &str, http: &HttpRequest, database: &Database) -> Result<Arc<Claims>> {
        let refusal = match self.verify(token, database).await {
            Err(problem) if problem.kind.status == 401 => problem,
            verified => return verified,
        };
        if token.len() <= LONGEST_OF_OTHERS {
            for others in &app_data::<Others>(http).0 {
                if let Some(claims) = others.open(token, http, database).await? {
                    return Ok(claims);
                }
            }
        }
        Err(refusal)
    }

    /// Keys may have been rotated by another process; a forger must not make us ask for every token.
    fn may_reload(&self) -> bool {
        let mut reloaded = self.reloaded.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = reloaded.is_none_or(|at| at.elapsed() > RELOAD_PAUSE);
        if due {
            *reloaded = Some(Instant::now());
        }
        due
    }
}

/// The token does not hold (RFC 6750 §3.1).
pub(crate) fn invalid_token() -> Problem {
    crate::problem::UNAUTHENTICATED
        .because("The access token does not hold: take a new one from /v1/auth/refresh or sign in again.")
        .with(WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")
}
