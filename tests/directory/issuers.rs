//! Tokens of an organization's own issuer, against one of a few lines: what it signs opens a session of the member whom its
//! subject is linked to, and nothing else does.
use crate::support::{Answer, Caller, Organization, Request, run, service};
use crate::{patch, user};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey};
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

/// A key: its private half, and its public one as a JWK.
struct Key {
    id: String,
    algorithm: Algorithm,
    private: EncodingKey,
    public: Value,
}

impl Key {
    /// On P-256.
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let public = json!({"kty": "EC", "crv": "P-256", "x": URL_SAFE_NO_PAD.encode(&point[1..33]), "y": URL_SAFE_NO_PAD.encode(&point[33..65])});
        let private = EncodingKey::from_ec_der(pair.to_pkcs8v1().unwrap().as_ref());
        Self::of(Algorithm::ES256, private, public)
    }

    fn rsa() -> Self {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        // RFC 8017 A.1.1: a sequence of the modulus, of 257 bytes with its sign, and the exponent, here 65537.
        let modulus = &pair.public_key().as_ref()[9..265];
        let public = json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB"});
        let der = AsDer::<Pkcs8V1Der>::as_der(&pair).unwrap();
        // RFC 5208 §5: what is inside of it, behind a version, the algorithm and two lengths.
        let private = EncodingKey::from_rsa_der(&der.as_ref()[26..]);
        Self::of(Algorithm::RS256, private, public)
    }

    fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        let public =
            json!({"kty": "OKP", "crv": "Ed25519", "x": URL_SAFE_NO_PAD.encode(pair.public_key().as_ref())});
        let private = EncodingKey::from_ed_der(pair.to_pkcs8v1().unwrap().as_ref());
        Self::of(Algorithm::EdDSA, private, public)
    }

    fn of(algorithm: Algorithm, private: EncodingKey, mut public: Value) -> Self {
        let id = Uuid::now_v7().to_string();
        (public["kid"], public["use"]) = (json!(id), json!("sig"));
        Self { id, algorithm, private, public }
    }

    fn sign(&self, claims: &Value) -> String {
        self.sign_as(&json!({"alg": self.algorithm, "typ": "JWT", "kid": self.id}), claims)
    }

    fn sign_as(&self, header: &Value, claims: &Value) -> String {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &self.private, self.algorithm).unwrap();
        format!("{message}.{signature}")
    }
}

/// An issuer: what it publishes, and how often it was asked. It is away while it publishes nothing.
struct Issuer {
    address: String,
    keys: Arc<Mutex<Option<Vec<Value>>>>,
    asked: Arc<Mutex<u32>>,
}

impl Issuer {
    async fn start(keys: &[&Key]) -> Self {
        let listening = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listening.local_addr().unwrap());
        let keys = Arc::new(Mutex::new(Some(keys.iter().map(|key| key.public.clone()).collect::<Vec<_>>())));
        let issuer = Self { address: address.clone(), keys: Arc::clone(&keys), asked: Arc::default() };
        let asked = Arc::clone(&issuer.asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listening.accept().await {
                let mut request = vec![0; 8_192];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let request = String::from_utf8_lossy(&request[..length]).into_owned();
                *asked.lock().unwrap() += 1;
                let Some(keys) = keys.lock().unwrap().clone() else { continue };
                let body = if request.starts_with("GET /.well-known/openid-configuration") {
                    json!({"issuer": address, "jwks_uri": format!("{address}/keys")})
                } else {
                    json!({"keys": keys})
                };
                let body = body.to_string();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        issuer
    }

    fn publish(&self, keys: Option<&[&Key]>) {
        *self.keys.lock().unwrap() = keys.map(|keys| keys.iter().map(|key| key.public.clone()).collect());
    }

    fn asked(&self) -> u32 {
        *self.asked.lock().unwrap()
    }

    /// What a token of it says, unless told otherwise.
    fn claims(&self, audience: &str, subject: &str) -> Value {
        let now = Utc::now().timestamp();
        json!({"iss": self.address, "aud": audience, "sub": subject, "iat": now, "exp": now + 600, "jti": Uuid::now_v7()})
    }
}

async fn call(token: &str, path: &str) -> Answer {
    Request::new(Method::GET, path).header("authorization", &format!("Bearer {token}")).send().await
}

/// An organization that takes the issuer's tokens, and Ana, whom its directory calls `subject`.
async fn trusting(
    issuer: &Issuer,
    audience: &str,
    subject: &str,
    linked_by: &str,
) -> (Organization, Caller, String, String) {
    let organization = Organization::new().await;
    let owner = organization.almighty().await;
    let new = json!({"name": "Company sign-in", "issuer": issuer.address, "audience": audience, "linked_by": linked_by, "allowed_domains": ["demo.example"]});
    let provider = owner.post("/v1/identity-providers", new).await.is(201)["id"].as_str().unwrap().to_owned();
    let ana = user(&owner, &format!("{subject}@demo.example")).await;
    patch(
        &owner,
        &format!("/scim/v2/Users/{ana}"),
        json!([{"op": "add", "path": "externalId", "value": subject}]),
    )
    .await
    .is(200);
    (organization, owner, provider, ana)
}

fn unlike_any() -> String {
    Uuid::now_v7().simple().to_string()
}

#[test]
fn a_token_of_the_issuer_is_the_member_whom_its_subject_is_linked_to() {
    run(async {
        let key = Key::new();
        let issuer = Issuer::start(&[&key]).await;
        let (audience, subject) = (unlike_any(), unlike_any());
        let (_, owner, provider, ana) = trusting(&issuer, &audience, &subject, "external_id").await;
        let token = key.sign(&issuer.claims(&audience, &subject));
        assert_eq!(call(&token, "/v1/me").await.is(200)["id"], ana.as_str());
        call(&token, "/v1/employees").await.is_problem(403, "forbidden");
        let sessions = || async {
            owner.get(&format!("/v1/sessions?user_id={ana}&status=active")).await.is(200)["data"].clone()
        };
        let first = sessions().await;
        assert_eq!(first.as_array().unwrap().len(), 1);
        // Her next token goes on with the session; the issuer is not asked again.
        let asked = issuer.asked();
        let next = key.sign(&issuer.claims(&audience, &subject));
        call(&next, "/v1/me").await.is(200);
        assert_eq!((sessions().await, issuer.asked()), (first.clone(), asked));
        // Ended here, it is over for every token from before.
        owner.act(&format!("/v1/sessions/{}/end", first[0]["id"].as_str().unwrap())).await.is(200);
        for token in [&token, &next, &key.sign(&issuer.claims(&audience, &subject))] {
            call(token, "/v1/me").await.is_problem(401, "unauthenticated");
        }
        let mut later = issuer.claims(&audience, &subject);
        later["iat"] = json!(Utc::now().timestamp() + 5);
        let later = key.sign(&later);
        call(&later, "/v1/me").await.is(200);
        owner.act(&format!("/v1/identity-providers/{provider}/disable")).await.is(200);
        call(&later, "/v1/me").await.is_problem(401, "unauthenticated");
    });
}

#[test]
fn an_issuer_signs_by_any_algorithm_that_is_taken_and_each_key_by_its_own() {
    run(async {
        let keys = [Key::new(), Key::rsa(), Key::ed25519()];
        let issuer = Issuer::start(&keys.iter().collect::<Vec<_>>()).await;
        let (audience, subject) = (unlike_any(), unlike_any());
        let (.., ana) = trusting(&issuer, &audience, &subject, "external_id").await;
        let claims = issuer.claims(&audience, &subject);
        for (key, another) in keys.iter().zip(keys.iter().cycle().skip(1)) {
            assert_eq!(call(&key.sign(&claims), "/v1/me").await.is(200)["id"], ana.as_str());
            // Signed by the one, and said to be signed by the other; or said to be signed another way.
            for header in [
                json!({"alg": key.algorithm, "kid": another.id}),
                json!({"alg": another.algorithm, "kid": key.id}),
                json!({"alg": another.algorithm, "kid": another.id}),
            ] {
                call(&key.sign_as(&header, &claims), "/v1/me").await.is_problem(401, "unauthenticated");
            }
        }
    });
}

#[test]
fn a_sensitive_step_needs_a_token_that_says_when_they_proved_who_they_are() {
    run(async {
        let key = Key::new();
        let issuer = Issuer::start(&[&key]).await;
        let (audience, subject) = (unlike_any(), unlike_any());
        let (_, owner, _, ana) = trusting(&issuer, &audience, &subject, "external_id").await;
        let owners = crate::found(&owner, "Groups", "displayName eq \"owner\"").await.is(200);
        let owners = format!("/scim/v2/Groups/{}", owners["Resources"][0]["id"].as_str().unwrap());
        patch(&owner, &owners, json!([{"op": "add", "path": "members", "value": [{"value": ana}]}]))
            .await
            .is(200);
        let steps = [
            ("/v1/api-clients", json!({"name": unlike_any(), "scopes": ["employees:read"]})),
            ("/v1/roles", json!({"name": format!("r{}", unlike_any()), "title": "New", "permissions": []})),
        ];
        let now = Utc::now().timestamp();
        for (auth_time, status) in [(Value::Null, 401), (json!(now - 3_600), 401), (json!(now), 201)] {
            let mut claims = issuer.claims(&audience, &subject);
            claims["auth_time"] = auth_time;
            let token = key.sign(&claims);
            for (path, body) in &steps {
                let request =
                    Request::new(Method::POST, path).header("authorization", &format!("Bearer {token}"));
                let answer = request.json(body).send().await;
                assert_eq!(answer.status, status, "{path}: {}", answer.text);
            }
        }
    });
}

#[test]
fn whoever_is_suspended_or_gone_here_is_not_let_in_by_their_issuer() {
    run(async {
        let key = Key::new();
        let issuer = Issuer::start(&[&key]).await;
        let (audience, subject) = (unlike_any(), unlike_any());
        let (_, owner, _, ana) = trusting(&issuer, &audience, &subject, "external_id").await;
        let path = format!("/scim/v2/Users/{ana}");
        let fresh = |offset: i64| {
            let mut claims = issuer.claims(&audience, &subject);
            claims["iat"] = json!(Utc::now().timestamp() + offset);
            key.sign(&claims)
        };
        let token = fresh(0);
        call(&token, "/v1/me").await.is(200);
        patch(&owner, &path, json!([{"op": "replace", "path": "active", "value": false}])).await.is(200);
        for token in [&token, &fresh(10)] {
            call(token, "/v1/me").await.is_problem(401, "unauthenticated");
        }
        patch(&owner, &path, json!([{"op": "replace", "path": "active", "value": true}])).await.is(200);
        call(&fresh(11), "/v1/me").await.is(200);
        owner.request(Method::DELETE, &path).send().await.is(204);
        call(&fresh(12), "/v1/me").await.is_problem(401, "unauthenticated");
    });
}

#[test]
fn a_forged_token_opens_nothing_and_calls_nobody() {
    run(async {
        let (key, foreign) = (Key::new(), Key::new());
        let issuer = Issuer::start(&[&key]).await;
        let (audience, subject) = (unlike_any(), unlike_any());
        trusting(&issuer, &audience, &subject, "external_id").await;
        let good = issuer.claims(&audience, &subject);
        let with = |name: &str, value: Value| {
            let mut claims = good.clone();
            claims[name] = value;
            claims
        };
        let now = Utc::now().timestamp();
        let same_id = json!({"alg": "ES256", "kid": key.id});
        let secret = EncodingKey::from_secret(key.public.to_string().as_bytes());
        let mut symmetric = jsonwebtoken::Header::new(Algorithm::HS256);
        symmetric.kid = Some(key.id.clone());
        let mut tokens = vec![
            foreign.sign(&good),
            foreign.sign_as(&same_id, &good),
            jsonwebtoken::encode(&symmetric, &good, &secret).unwrap(),
            key.sign_as(&json!({"alg": "none", "kid": key.id}), &good),
            key.sign_as(&json!({"alg": "ES256", "kid": key.id, "crit": ["exp"]}), &good),
            key.sign_as(&json!({"alg": "HS256", "kid": key.id}), &good),
            key.sign_as(&json!({"alg": "ES256", "kid": "../../etc/passwd"}), &good),
            key.sign(&with("exp", json!(now - 60))),
            key.sign(&with("exp", json!(now + 1_000_000))),
            key.sign(&with("exp", Value::Null)),
            key.sign(&with("nbf", json!(now + 600))),
            key.sign(&with("iat", json!(now + 600))),
            key.sign(&with("iat", Value::Null)),
            key.sign(&with("aud", json!("another"))),
            key.sign(&with("aud", json!([]))),
            key.sign(&with("sub", json!(unlike_any()))),
            key.sign(&with("sub", json!(7))),
            key.sign(&with("sub", json!("a\u{0}b"))),
        ];
        let own = key.sign(&good);
        let (unsigned, signature) = own.rsplit_once('.').unwrap();
        tokens.push(format!("{unsigned}."));
        tokens.push(format!("{unsigned}.{}", "A".repeat(signature.len())));
        tokens.push(format!("{own}.{own}"));
        for token in &tokens {
            let answer = call(token, "/v1/me").await;
            assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{token}");
            answer.is_problem(401, "unauthenticated");
        }
        call(&own, "/v1/me").await.is(200);
        // However many name keys that are not there, the issuer is asked once a minute: for its configuration, and its keys.
        assert_eq!(issuer.asked(), 2);
        // An issuer that nobody configured is never asked.
        let stranger = Issuer::start(&[&foreign]).await;
        call(&foreign.sign(&stranger.claims(&audience, &subject)), "/v1/me")
            .await
            .is_problem(401, "unauthenticated");
        assert_eq!(stranger.asked(), 0);
    });
}

#[test]
fn keys_are_rotated_and_outlast_their_issuer_for_a_while() {
    run(async {
        let (old, new) = (Key::new(), Key::new());
        let issuer = Issuer::start(&[&old, &new]).await;
        let (audience, subject) = (unlike_any(), unlike_any());
        trusting(&issuer, &audience, &subject, "external_id").await;
        call(&old.sign(&issuer.claims(&audience, &subject)), "/v1/me").await.is(200);
        // Away, its known keys hold.
        issuer.publish(None);
        call(&new.sign(&issuer.claims(&audience, &subject)), "/v1/me").await.is(200);
        // One that never was there is no reason to refuse for good.
        let dark = Issuer::start(&[]).await;
        dark.publish(None);
        let (audience, subject) = (unlike_any(), unlike_any());
        trusting(&dark, &audience, &subject, "external_id").await;
        let answer = call(&old.sign(&dark.claims(&audience, &subject)), "/v1/me").await;
        assert!(answer.header("retry-after").is_some());
        answer.is_problem(503, "unavailable");
    });
}

#[test]
fn an_address_links_only_where_it_is_verified_and_the_issuer_may_speak_for_it() {
    run(async {
        let key = Key::new();
        let issuer = Issuer::start(&[&key]).await;
        let (audience, name) = (unlike_any(), unlike_any());
        trusting(&issuer, &audience, &name, "email").await;
        let address = format!("{name}@demo.example");
        let told = |subject: &str, email: Value, verified: Value| {
            let mut claims = issuer.claims(&audience, subject);
            claims["email"] = email;
            claims["email_verified"] = verified;
            key.sign(&claims)
        };
        for token in [
            told("s-1", json!(address), json!(false)),
            told("s-1", json!(address), Value::Null),
            told("s-1", json!(address), json!("true")),
            told("s-1", json!(format!("{name}@other.example")), json!(true)),
            told("s-1", Value::Null, json!(true)),
        ] {
            call(&token, "/v1/me").await.is_problem(401, "unauthenticated");
        }
        call(
            &told("s-1", json!(address.to_uppercase().replace("DEMO.EXAMPLE", "demo.example")), json!(true)),
            "/v1/me",
        )
        .await
        .is(200);
        // Linked once, the subject is who they are, whatever becomes of the address.
        call(&told("s-1", json!("new@other.example"), json!(false)), "/v1/me").await.is(200);
    });
}

#[test]
fn two_organizations_with_one_issuer_never_meet() {
    run(async {
        let key = Key::new();
        let issuer = Issuer::start(&[&key]).await;
        let (ours, theirs, subject) = (unlike_any(), unlike_any(), unlike_any());
        let (our, owner, _, ana) = trusting(&issuer, &ours, &subject, "external_id").await;
        let (their, their_owner, _, other) = trusting(&issuer, &theirs, &subject, "external_id").await;
        assert_ne!((our.id, &ana), (their.id, &other));
        call(&key.sign(&issuer.claims(&ours, &subject)), "/v1/me").await.is(200);
        assert_eq!(
            their_owner.get(&format!("/v1/sessions?user_id={other}")).await.is(200)["data"],
            json!([])
        );
        assert_eq!(
            owner.get(&format!("/v1/sessions?user_id={ana}")).await.is(200)["data"].as_array().unwrap().len(),
            1
        );
        // A token for both, or a pair that both name, would be anybody's guess.
        let mut both = issuer.claims(&ours, &subject);
        both["aud"] = json!([ours, theirs]);
        call(&key.sign(&both), "/v1/me").await.is_problem(401, "unauthenticated");
    });
}

#[test]
fn an_issuer_is_public_and_who_names_one_has_just_signed_in() {
    run(async {
        let organization = Organization::new().await;
        let owner = organization.owner().await;
        let new = |issuer: &str| json!({"name": unlike_any(), "issuer": issuer, "audience": "a", "linked_by": "email"});
        for inside in [
            "https://10.0.0.8/",
            "https://localhost/",
            "https://169.254.169.254/latest",
            "http://login.demo.example/",
            "https://[::1]/",
            "https://user@login.demo.example/",
        ] {
            let problem =
                owner.post("/v1/identity-providers", new(inside)).await.is_problem(422, "invalid-input");
            assert_eq!(problem["errors"][0]["pointer"], "/issuer", "{inside}: {problem}");
        }
        let stale = organization.owner().await.signed_in_ago(3_600).await;
        stale
            .post("/v1/identity-providers", new("https://login.demo.example/"))
            .await
            .is_problem(401, "fresh-login-required");
        let made = owner.post("/v1/identity-providers", new("https://login.demo.example/")).await.is(201);
        let path = format!("/v1/identity-providers/{}", made["id"].as_str().unwrap());
        owner.patch(&path, json!({"issuer": "https://192.168.0.1/"})).await.is_problem(422, "invalid-input");
        // A token that leads our call elsewhere is not followed: the keys must be at an address that may be called.
        assert_eq!(
            service()
                .database()
                .await
                .query("select from trusted_issuers where organization_id = $1", &[&organization.id])
                .await
                .unwrap()
                .len(),
            1
        );
    });
}
