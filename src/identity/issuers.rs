//! Tokens of other issuers (`OpenID` Connect Core §3.1.3.7, RFC 8725): whose they are, with which keys they were signed, and
//! the session of the member whom their subject is linked to. An issuer that nobody configured is never called, whatever a
//! token says; and nothing but the key says by which algorithm it signs.
use actix_web::HttpRequest;
use actix_web::http::header;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use futures_util::StreamExt;
use futures_util::future::FutureExt;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use platform::database::Database;
use platform::outgoing::Callable;
use platform::prelude::*;
use platform::request;
use platform::token::{Claims, LIFETIME, Opening, OtherTokens};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an issuer may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read at the most.
const LARGEST: usize = 256 * 1024;
/// How often an issuer is asked at the most, because a token names a key that is not known.
const PAUSE: Duration = Duration::from_mins(1);
/// After how long keys are asked for again.
const STALE: Duration = Duration::from_hours(1);
/// For how long keys hold while their issuer can not be asked.
const LAST: Duration = Duration::from_hours(24);
/// Issuers whose keys are remembered; and keys of each.
const MOST_ISSUERS: usize = 1_000;
const MOST_KEYS: usize = 50;
/// What clocks may differ by, and how long a token of another issuer may live, in seconds.
const LEEWAY: u64 = 30;
const LONGEST: i64 = 24 * 3_600;

/// A provider that takes the issuer's tokens.
#[derive(Clone, QueryableByName)]
struct Provider {
    #[diesel(sql_type = SqlUuid, column_name = "provider_id")]
    id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    organization_id: Uuid,
    #[diesel(sql_type = Text)]
    audience: String,
    #[diesel(sql_type = Text)]
    subject_claim: String,
}

/// Keys of an issuer by their ids, with the algorithm that each signs by.
type Keys = HashMap<String, (Algorithm, DecodingKey)>;

/// What is known of an issuer.
#[derive(Clone, Default)]
struct Known {
    keys: Arc<Keys>,
    fetched: Option<Instant>,
    tried: Option<Instant>,
}

/// A token that was verified, and what it came to.
#[derive(Clone)]
struct Opened {
    claims: Arc<Claims>,
    until: i64,
}

/// Takes tokens of other issuers at the door. One for the process.
pub struct Issuers {
    callable: Callable,
    client: reqwest::Client,
    known: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Known>>>>,
    /// By the digest of the token. Whether the session still lives is asked with every request.
    opened: quick_cache::sync::Cache<[u8; 32], Opened>,
}

impl OtherTokens for Issuers {
    fn open<'a>(&'a self, token: &'a str, http: &'a HttpRequest, database: &'a Database) -> Opening<'a> {
        async move {
            let digest: [u8; 32] = Sha256::digest(token.as_bytes()).into();
            if let Some(opened) = self.opened.get(&digest) {
                return Ok((opened.until > Utc::now().timestamp()).then_some(opened.claims));
            }
            let Some(opened) = self.verify(token, http, database).await? else { return Ok(None) };
            self.opened.insert(digest, opened.clone());
            Ok(Some(opened.claims))
        }
        .boxed_local()
    }
}

impl Issuers {
    /// Ready to ask issuers within these limits.
    ///
    /// # Errors
    /// The machine has no TLS.
    pub fn new(callable: Callable) -> std::result::Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE)
            .no_proxy()
            .dns_resolver(Arc::new(callable.clone()))
            .build()?;
        let opened = quick_cache::sync::Cache::new(20_000);
        Ok(Self { callable, client, known: Mutex::default(), opened })
    }

    async fn verify(&self, token: &str, http: &HttpRequest, database: &Database) -> Result<Option<Opened>> {
        let Some((header, said)) = read(token) else { return Ok(None) };
        let (Some(issuer), audiences) = (said["iss"].as_str(), texts(&said["aud"])) else { return Ok(None) };
        let Some(provider) = find(database, issuer, &audiences).await? else { return Ok(None) };
        let Some((algorithm, key)) = self.key(issuer, header["kid"].as_str()).await? else { return Ok(None) };
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[&provider.audience]);
        validation.set_issuer(&[issuer]);
        validation.set_required_spec_claims(&["exp", "aud", "iss"]);
        validation.leeway = LEEWAY;
        validation.validate_nbf = true;
        let Ok(verified) = jsonwebtoken::decode::<Map<String, Value>>(token, &key, &validation) else {
            return Ok(None);
        };
        let claims = Value::Object(verified.claims);
        let (Some(exp), Some(iat)) = (claims["exp"].as_i64(), claims["iat"].as_i64()) else {
            return Ok(None);
        };
        let now = Utc::now().timestamp();
        if exp - iat > LONGEST || iat > now + LEEWAY.cast_signed() {
            return Ok(None);
        }
        let subject =
            claims[&provider.subject_claim].as_str().filter(|subject| (1..=255).contains(&subject.len()));
        let Some(subject) = subject.filter(|subject| !subject.contains('\0')) else { return Ok(None) };
        let Some(issued_at) = DateTime::from_timestamp(iat, 0) else { return Ok(None) };
        let started = start(http, database, &provider, subject, &claims, issued_at).await?;
        let (Some(user), Some(session)) = (started.out_user, started.out_session) else { return Ok(None) };
        // When they proved who they are, if the issuer says so, and if this organization may speak for the login: one that is
        // at home elsewhere takes no sensitive step by the word of this organization's issuer.
        let auth_time =
            claims["auth_time"].as_i64().filter(|_| started.at_home == Some(true)).unwrap_or(0).min(now);
        let claims = Claims::new(user, provider.organization_id, session, false, auth_time);
        // Looked at again after a while, so that what changed at the provider counts.
        Ok(Some(Opened { claims: Arc::new(claims), until: exp.min(now + LIFETIME) }))
    }

    /// The key of this id, and how it signs; of an issuer with a single key also that.
    ///
    /// # Errors
    /// 503 where the issuer can not be asked, and was not before.
    async fn key(&self, issuer: &str, id: Option<&str>) -> Result<Option<(Algorithm, DecodingKey)>> {
        let place = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MOST_ISSUERS && !known.contains_key(issuer) {
                known.clear();
            }
            Arc::clone(known.entry(issuer.to_owned()).or_default())
        };
        // Of many who ask at once, one calls.
        let mut known = place.lock().await;
        let find = |keys: &Keys| match id {
            Some(id) => keys.get(id).cloned(),
            None if keys.len() == 1 => keys.values().next().cloned(),
            None => None,
        };
        let is_older = |at: Option<Instant>, age: Duration| at.is_none_or(|at| at.elapsed() > age);
        let found = find(&known.keys).filter(|_| !is_older(known.fetched, STALE));
        if found.is_some() || !is_older(known.tried, PAUSE) {
            let held = found.or_else(|| find(&known.keys).filter(|_| !is_older(known.fetched, LAST)));
            return match held {
                None if known.fetched.is_none() => Err(away(issuer, "it was asked a moment ago")),
                held => Ok(held),
            };
        }
        known.tried = Some(Instant::now());
        match self.fetch(issuer).await {
            Ok(keys) => {
                known.keys = Arc::new(keys);
                known.fetched = Some(Instant::now());
                Ok(find(&known.keys))
            }
            Err(reason) if is_older(known.fetched, LAST) => Err(away(issuer, &reason)),
            Err(reason) => {
                log::warn!("the keys of {issuer} are those of before: {reason}");
                Ok(find(&known.keys))
            }
        }
    }

    /// Asks the issuer where its keys are (`OpenID` Connect Discovery §4), and for them.
    async fn fetch(&self, issuer: &str) -> std::result::Result<Keys, String> {
        let about =
            self.get(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))).await?;
        if about["issuer"] != issuer {
            return Err("its configuration names another issuer".into());
        }
        let keys = self.get(about["jwks_uri"].as_str().unwrap_or_default()).await?;
        let all = keys["keys"].as_array().ok_or("its key set holds no keys")?;
        Ok(all.iter().take(MOST_KEYS).filter_map(usable).collect())
    }

    async fn get(&self, address: &str) -> std::result::Result<Value, String> {
        let url = self.callable.check(address).map_err(|fault| format!("{address} {}", fault.detail))?;
        let answer = self.client.get(url).send().await.map_err(|error| error.to_string())?;
        if !answer.status().is_success() {
            return Err(format!("{address} answered {}", answer.status()));
        }
        let (mut body, mut parts) = (Vec::new(), answer.bytes_stream());
        while let Some(part) = parts.next().await {
            let part = part.map_err(|error| error.to_string())?;
            if body.len() + part.len() > LARGEST {
                return Err(format!("{address} answered with more than {LARGEST} bytes"));
            }
            body.extend_from_slice(&part);
        }
        serde_json::from_slice(&body).map_err(|_| format!("{address} answered with no JSON"))
    }
}

fn away(issuer: &str, reason: &str) -> Problem {
    Problem::unavailable(format!("the keys of {issuer} are not known: {reason}"))
        .with(header::RETRY_AFTER, "5")
}

/// What a token says of itself, unverified: header and claims. Nothing that is critical is known here (RFC 7515 §4.1.11).
fn read(token: &str) -> Option<(Value, Value)> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, _] = parts.as_slice() else { return None };
    let part = |text: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
    let (header, claims) = (part(header)?, part(claims)?);
    (header.is_object() && header.get("crit").is_none() && claims.is_object()).then_some((header, claims))
}

/// One text or several; no more than a few.
fn texts(value: &Value) -> Vec<String> {
    let several = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    let all = several.iter().take(20).filter_map(Value::as_str);
    all.filter(|text| text.len() <= 500 && !text.contains('\0')).map(str::to_owned).collect()
}

/// The one provider that takes tokens of this issuer for these audiences.
async fn find(database: &Database, issuer: &str, audiences: &[String]) -> Result<Option<Provider>> {
    if issuer.len() > 500 || issuer.contains('\0') || audiences.is_empty() {
        return Ok(None);
    }
    let found: Vec<Provider> = database
        .without_organization(async |db| {
            let finding = diesel::sql_query("select * from find_issuer($1, $2)").bind::<Text, _>(issuer);
            Ok(finding.bind::<Array<Text>, _>(audiences).load(db).await?)
        })
        .await?;
    match found.as_slice() {
        [one] => Ok(Some(one.clone())),
        _ => Ok(None),
    }
}

#[derive(QueryableByName)]
struct Started {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    out_user: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    out_session: Option<Uuid>,
    #[diesel(sql_type = Nullable<Bool>)]
    at_home: Option<bool>,
}

/// The session of the subject.
async fn start(
    http: &HttpRequest,
    database: &Database,
    provider: &Provider,
    subject: &str,
    claims: &Value,
    issued_at: DateTime<Utc>,
) -> Result<Started> {
    // An address counts where the issuer has verified it; nothing else of it is believed.
    let email = claims["email"]
        .as_str()
        .filter(|_| claims["email_verified"] == true && !claims["email"].to_string().contains("\\u0000"));
    let auth_time = claims["auth_time"].as_i64().and_then(|at| DateTime::from_timestamp(at, 0));
    let user_agent = http.headers().get(header::USER_AGENT).and_then(|name| name.to_str().ok());
    let user_agent: Option<String> = user_agent.map(|name| name.chars().take(200).collect());
    database
        .as_system(provider.organization_id, async |db| {
            let starting = diesel::sql_query(
                "select started.* from identity_providers p, open_linked_session(p.id, $2,
                    case p.linked_by when 'external_id' then $2
                        when 'email' then case when cardinality(p.allowed_domains) = 0
                            or lower(split_part($3, '@', 2)) = any(p.allowed_domains) then $3 end end,
                    $4, $5, $6, $7, $8, $9) started
                 where p.org_id = current_org() and p.id = $1",
            );
            let started: Option<Started> = starting
                .bind::<SqlUuid, _>(provider.id)
                .bind::<Text, _>(subject)
                .bind::<Nullable<Text>, _>(email)
                .bind::<Timestamptz, _>(issued_at)
                .bind::<Nullable<Timestamptz>, _>(auth_time)
                .bind::<SqlUuid, _>(Uuid::now_v7())
                .bind::<Text, _>(request::peer_address(http))
                .bind::<Nullable<Text>, _>(&user_agent)
                .bind::<Text, _>(request::current_id())
                .get_result(db)
                .await
                .optional()?;
            Ok(started.unwrap_or(Started { out_user: None, out_session: None, at_home: None }))
        })
        .await
}

/// A key that signs by an algorithm that is taken: RS256 with 2048 bits and more, ES256, `EdDSA`.
fn usable(key: &Value) -> Option<(String, (Algorithm, DecodingKey))> {
    let jwk: Jwk = serde_json::from_value(key.clone()).ok()?;
    if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return None;
    }
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) if rsa.n.len() >= 342 => (Algorithm::RS256, "RS256"),
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, "ES256")
        }
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, "EdDSA")
        }
        _ => return None,
    };
    if key["alg"].as_str().is_some_and(|alg| alg != named) {
        return None;
    }
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    Some((jwk.common.key_id.unwrap_or_default(), (algorithm, decoding)))
}

#[cfg(test)]
mod tests {
    use super::{Issuers, PAUSE, STALE, read, texts, usable};
    use platform::outgoing::Callable;
    use serde_json::{Value, json};
    use std::io::{Read, Write};
    use std::sync::{Arc, Mutex};
    use std::time::Instant;

    /// Publishes these keys, and counts how often it was asked for them.
    fn issuer(keys: Arc<Mutex<Vec<Value>>>, asked: Arc<Mutex<u32>>) -> String {
        let listening = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listening.local_addr().unwrap());
        let own = address.clone();
        std::thread::spawn(move || {
            for mut stream in listening.incoming().flatten() {
                let mut request = [0; 4_096];
                let length = stream.read(&mut request).unwrap_or(0);
                let about = request[..length].starts_with(b"GET /.well-known/");
                *asked.lock().unwrap() += u32::from(!about);
                let body = if about {
                    json!({"issuer": own, "jwks_uri": format!("{own}/keys")})
                } else {
                    json!({"keys": *keys.lock().unwrap()})
                };
                let body = body.to_string();
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
                let _ = stream.write_all(format!("{head}{body}").as_bytes());
            }
        });
        address
    }

    #[test]
    fn a_key_that_is_new_is_asked_for_once_a_minute_and_one_that_was_withdrawn_is_forgotten() {
        let key = |id: &str| json!({"kty": "OKP", "crv": "Ed25519", "kid": id, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let (keys, asked) = (Arc::new(Mutex::new(vec![key("old")])), Arc::new(Mutex::new(0)));
        let address = issuer(Arc::clone(&keys), Arc::clone(&asked));
        let issuers = Issuers::new(Callable::allowing(&["127.0.0.1".to_owned()])).unwrap();
        let has = async |id: &str| issuers.key(&address, Some(id)).await.unwrap().is_some();
        let later = |by: std::time::Duration| {
            let place = Arc::clone(&issuers.known.lock().unwrap()[&address]);
            let mut known = place.try_lock().unwrap();
            let earlier = |at: Option<Instant>| at.and_then(|at| at.checked_sub(by));
            (known.fetched, known.tried) = (earlier(known.fetched), earlier(known.tried));
        };
        let asked = || *asked.lock().unwrap();
        actix_web::rt::System::new().block_on(async {
            assert!(has("old").await && asked() == 1);
            *keys.lock().unwrap() = vec![key("old"), key("new")];
            assert!(!has("new").await, "asked a moment ago");
            assert_eq!(asked(), 1);
            later(PAUSE);
            assert!(has("new").await, "its issuer was not asked again");
            assert_eq!(asked(), 2);
            *keys.lock().unwrap() = vec![key("new")];
            assert!(has("old").await && has("new").await && asked() == 2, "those of before hold for a while");
            later(STALE);
            assert!(!has("old").await, "it was withdrawn an hour ago");
            assert!(has("new").await && asked() == 3);
        });
    }

    #[test]
    fn keys_that_are_not_public_or_not_for_signatures_are_of_no_use() {
        let curve = json!({"kty": "EC", "crv": "P-256", "kid": "a", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"});
        assert!(usable(&curve).is_some());
        for (name, value) in [("use", "enc"), ("alg", "ES384"), ("alg", "HS256"), ("crv", "P-384")] {
            let mut key = curve.clone();
            key[name] = json!(value);
            assert!(usable(&key).is_none(), "{name} {value}");
        }
        assert!(usable(&json!({"kty": "oct", "k": "c2VjcmV0", "kid": "a", "alg": "HS256"})).is_none());
        assert!(usable(&json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "kid": "a"})).is_none(), "too short");
    }

    #[test]
    fn what_has_not_the_form_of_a_token_is_none() {
        for bad in
            ["", "a.b", "a.b.c", "e30.e30", "e30.e30.e30.e30.e30", "W10.e30.a", "eyJjcml0IjpbXX0.e30.a"]
        {
            assert!(read(bad).is_none(), "{bad}");
        }
        assert!(read("e30.e30.").is_some());
        assert_eq!(texts(&json!(["a", 1, "b"])), ["a", "b"]);
    }
}
