//! Tokens forged in every way that is known, sessions that are over, rights that were taken away: the next request is
//! refused (RFC 8725, RFC 6750 §3.1).
use crate::support::{Answer, Caller, Organization, Request, run, service};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey};
use reqwest::Method;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::Duration;
use uuid::Uuid;

fn encode(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signature(message: &str, key: &EncodingKey, algorithm: Algorithm) -> String {
    jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm).unwrap()
}

/// A change of claims, at this moment.
type Claiming = fn(&mut Value, i64);
/// A change of a header.
type Heading = Box<dyn Fn(&mut Value)>;

/// What a forger would love to have: the key that signs, and a token that holds.
struct Mint {
    caller: Caller,
    key: EncodingKey,
    kid: Uuid,
    public: Vec<u8>,
    /// The first part of a token that holds.
    header: String,
    claims: Value,
}

impl Mint {
    async fn new() -> Self {
        let caller = Organization::new().await.caller(&["departments:read"]).await;
        let newest = "select id, private_key, public_key from signing_keys where retired_at is null order by created_at desc limit 1";
        let row = service().database().await.query_one(newest, &[]).await.unwrap();
        let header = caller.token.split('.').next().unwrap().to_owned();
        let claims =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(caller.token.split('.').nth(1).unwrap()).unwrap())
                .unwrap();
        let key = EncodingKey::from_ec_der(&row.get::<_, Vec<u8>>(1));
        Self { caller, key, kid: row.get(0), public: row.get(2), header, claims }
    }

    /// Signed with the real key, whatever it says.
    fn sign(&self, header: &str, claims: &Value) -> String {
        let message = format!("{header}.{}", encode(claims));
        let signature = signature(&message, &self.key, Algorithm::ES256);
        format!("{message}.{signature}")
    }

    fn claiming(&self, change: impl Fn(&mut Value)) -> String {
        let mut claims = self.claims.clone();
        change(&mut claims);
        self.sign(&self.header, &claims)
    }

    fn headed(&self, change: impl Fn(&mut Value)) -> String {
        let mut header = json!({"typ": "at+jwt", "alg": "ES256", "kid": self.kid});
        change(&mut header);
        self.sign(&encode(&header), &self.claims)
    }
}

async fn call(token: &str) -> Answer {
    Request::new(Method::GET, "/v1/departments")
        .header("authorization", &format!("Bearer {token}"))
        .send()
        .await
}

#[track_caller]
fn refused(what: &str, answer: Answer) {
    assert_eq!(answer.status, 401, "{what}: {}", answer.text);
    assert_eq!(answer.header("www-authenticate"), Some("Bearer error=\"invalid_token\""), "{what}");
    assert!(
        !answer.text.contains("signature") && !answer.text.contains("ES256"),
        "{what} helps the forger: {}",
        answer.text
    );
    answer.is_problem(401, "unauthenticated");
}

#[test]
fn a_token_of_our_own_holds() {
    run(async {
        let mint = Mint::new().await;
        call(&mint.caller.token).await.is(200);
        call(&mint.claiming(|claims| claims["jti"] = json!(Uuid::now_v7()))).await.is(200);
        for scheme in ["bearer", "BEARER", "Bearer "] {
            let request = Request::new(Method::GET, "/v1/departments")
                .header("authorization", &format!("{scheme} {}", mint.caller.token));
            request.send().await.is(200);
        }
    });
}

#[test]
fn a_claim_that_is_missing_or_wrong_is_refused_however_well_it_is_signed() {
    run(async {
        let mint = Mint::new().await;
        let now = Utc::now().timestamp();
        for claim in ["iss", "aud", "sub", "exp", "iat", "org", "sid", "auth_time"] {
            refused(
                &format!("without {claim}"),
                call(&mint.claiming(|claims| _ = claims.as_object_mut().unwrap().remove(claim))).await,
            );
            for wrong in [
                json!(null),
                json!(""),
                json!("x"),
                json!([]),
                json!({}),
                json!(true),
                json!(-1.5),
                json!("9999999999"),
            ] {
                let token = mint.claiming(|claims| claims[claim] = wrong.clone());
                refused(&format!("{claim} {wrong}"), call(&token).await);
            }
        }
        let wrong: [(&str, Claiming); 10] = [
            ("run out", |claims, now| (claims["iat"], claims["exp"]) = (json!(now - 700), json!(now - 100))),
            ("run out beyond the leeway of a minute", |claims, now| {
                (claims["iat"], claims["exp"]) = (json!(now - 661), json!(now - 61));
            }),
            ("of 1970", |claims, _| claims["exp"] = json!(0)),
            ("that lives an hour", |claims, now| claims["exp"] = json!(now + 3600)),
            ("that lives for ever", |claims, _| claims["exp"] = json!(i64::MAX)),
            ("of tomorrow", |claims, now| {
                (claims["iat"], claims["exp"]) = (json!(now + 86_400), json!(now + 86_700));
            }),
            ("not yet good", |claims, now| claims["nbf"] = json!(now + 3600)),
            ("of another issuer", |claims, _| claims["iss"] = json!("https://evil.example")),
            ("for another audience", |claims, _| claims["aud"] = json!(["payments"])),
            ("of a session that nobody knows", |claims, _| claims["sid"] = json!(Uuid::now_v7())),
        ];
        for (what, change) in wrong {
            refused(what, call(&mint.claiming(|claims| change(claims, now))).await);
        }
        let other = Organization::new().await.caller(&["departments:read"]).await;
        refused(
            "another organization's name",
            call(&mint.claiming(|claims| claims["org"] = json!(other.organization))).await,
        );
        refused(
            "another organization's session",
            call(&mint.claiming(|claims| claims["sid"] = json!(other.session))).await,
        );
    });
}

#[test]
fn the_header_of_a_token_has_no_say() {
    run(async {
        let mint = Mint::new().await;
        let jwk = json!({"kty": "EC", "crv": "P-256", "alg": "ES256",
            "x": URL_SAFE_NO_PAD.encode(&mint.public[1..33]), "y": URL_SAFE_NO_PAD.encode(&mint.public[33..65])});
        let set = |name: &'static str, value: Value| -> Heading {
            Box::new(move |header: &mut Value| header[name] = value.clone())
        };
        let forged: Vec<(&str, Heading)> = vec![
            ("an unknown crit", set("crit", json!(["exp"]))),
            ("crit of our own", Box::new(|header| (header["crit"], header["x"]) = (json!(["x"]), json!(1)))),
            ("b64", Box::new(|header| (header["b64"], header["crit"]) = (json!(false), json!(["b64"])))),
            ("the key in the token", set("jwk", jwk)),
            ("another type", set("typ", json!("JWT"))),
            ("an identity token", set("typ", json!("id+jwt"))),
            ("no type", Box::new(|header| _ = header.as_object_mut().unwrap().remove("typ"))),
            ("no key", Box::new(|header| _ = header.as_object_mut().unwrap().remove("kid"))),
            ("a key that is a path", set("kid", json!("../../../../dev/null"))),
            ("a key that is a file", set("kid", json!("/etc/passwd"))),
            ("a key that is SQL", set("kid", json!("' union select 'secret' --"))),
            ("a key that is NUL", set("kid", json!("\u{0}"))),
            ("a key that is a list", set("kid", json!([1, 2]))),
            ("another algorithm", set("alg", json!("ES384"))),
            ("packed", set("zip", json!("DEF"))),
        ];
        for (what, change) in forged {
            refused(what, call(&mint.headed(change)).await);
        }
        for alg in ["none", "None", "NONE", "nOnE", "", "HS256", "RS256", "PS256", "EdDSA"] {
            let header = encode(&json!({"typ": "at+jwt", "alg": alg, "kid": mint.kid}));
            let claims = encode(&mint.claims);
            refused(alg, call(&format!("{header}.{claims}.")).await);
            refused(alg, call(&format!("{header}.{claims}")).await);
            refused(alg, call(&mint.sign(&header, &mint.claims)).await);
        }
    });
}

#[test]
fn the_public_key_is_no_secret_to_sign_with() {
    run(async {
        let mint = Mint::new().await;
        let jwks = Request::new(Method::GET, "/.well-known/jwks.json").send().await.is(200);
        let key = jwks["keys"]
            .as_array()
            .unwrap()
            .iter()
            .find(|key| key["kid"] == mint.kid.to_string())
            .unwrap()
            .clone();
        assert_eq!(key.get("d"), None, "the private key stays at home");
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            base64::engine::general_purpose::STANDARD.encode(&mint.public)
        );
        let secrets = [
            mint.public.clone(),
            mint.public[1..].to_vec(),
            pem.into_bytes(),
            key.to_string().into_bytes(),
            jwks.to_string().into_bytes(),
            key["x"].as_str().unwrap().as_bytes().to_vec(),
            Vec::new(),
            b"secret".to_vec(),
        ];
        for secret in secrets {
            for (name, algorithm) in [("HS256", Algorithm::HS256), ("HS512", Algorithm::HS512)] {
                for header in
                    [encode(&json!({"typ": "at+jwt", "alg": name, "kid": mint.kid})), mint.header.clone()]
                {
                    let message = format!("{header}.{}", encode(&mint.claims));
                    let token = format!(
                        "{message}.{}",
                        signature(&message, &EncodingKey::from_secret(&secret), algorithm)
                    );
                    refused(name, call(&token).await);
                }
            }
        }
    });
}

#[test]
fn a_signature_is_ours_or_none() {
    run(async {
        let mint = Mint::new().await;
        let message = format!("{}.{}", mint.header, encode(&mint.claims));
        let good = mint.caller.token.rsplit('.').next().unwrap().to_owned();
        let bytes = URL_SAFE_NO_PAD.decode(&good).unwrap();
        let mut flipped = bytes.clone();
        flipped[10] ^= 1;
        // CVE-2022-21449: zero for r and s. Then the order of the curve, an empty one, one too short, too long, in DER.
        let order = hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
        let signatures = [
            vec![0; 64],
            [vec![0; 32], order.clone()].concat(),
            [order.clone(), order].concat(),
            Vec::new(),
            bytes[..63].to_vec(),
            [bytes.clone(), vec![0]].concat(),
            vec![0x30, 0x06, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00],
            flipped,
            vec![255; 64],
        ];
        for signature in signatures {
            refused(
                "a signature of nobody's",
                call(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))).await,
            );
        }
        // A signature of another message, and of another key.
        let other = mint.claiming(|claims| claims["sub"] = json!(Uuid::now_v7()));
        let moved = format!("{message}.{}", other.rsplit('.').next().unwrap());
        refused("another token's signature", call(&moved).await);
        let swapped = format!("{}.{}.{good}", mint.header, encode(&json!({"org": Uuid::now_v7()})));
        refused("other claims", call(&swapped).await);
    });
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn what_has_not_the_form_of_a_token_is_none() {
    run(async {
        let mint = Mint::new().await;
        let token = &mint.caller.token;
        let parts: Vec<&str> = token.split('.').collect();
        let padded = format!("{}=", parts[1]);
        let odd = [
            format!("{}.{}", parts[0], parts[1]),
            format!("{token}.{}.{}", parts[1], parts[2]),
            format!("{token}."),
            format!(".{token}"),
            format!("{}.{}.{}", parts[0], padded, parts[2]),
            format!("{} .{}.{}", parts[0], parts[1], parts[2]),
            "x".into(),
            ".".into(),
            "..".into(),
            "null".into(),
            format!("{}{}", token, "A".repeat(28_000)),
            "A.".repeat(10_000),
        ];
        for token in odd {
            refused(&token[..token.len().min(40)], call(&token).await);
        }
        // 100 kB is more than all headers may have together.
        let huge = call(&"A".repeat(100_000)).await;
        assert!([401, 431].contains(&huge.status), "{}", huge.text);
        for (name, value) in [
            ("authorization", format!("Basic {token}")),
            ("authorization", token.clone()),
            ("authorization", "Bearer".into()),
            ("cookie", format!("access_token={token}")),
            ("x-access-token", token.clone()),
        ] {
            let answer = Request::new(Method::GET, "/v1/departments").header(name, &value).send().await;
            answer.is_problem(401, "unauthenticated");
        }
        for name in ["access_token", "token", "authorization"] {
            let answer = Request::new(Method::GET, &format!("/v1/departments?{name}={token}")).send().await;
            answer.is_problem(401, "unauthenticated");
        }
    });
}

#[test]
fn no_address_in_a_token_is_visited() {
    run(async {
        let mint = Mint::new().await;
        let trap = TcpListener::bind("127.0.0.1:0").unwrap();
        trap.set_nonblocking(true).unwrap();
        let url = format!("http://{}/keys.json", trap.local_addr().unwrap());
        for name in ["jku", "x5u", "iss"] {
            let token = mint.headed(|header| header[name] = json!(url));
            refused(name, call(&token).await);
        }
        refused("iss", call(&mint.claiming(|claims| claims["iss"] = json!(url))).await);
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(trap.accept().is_err(), "somebody came");
    });
}

#[test]
fn a_forged_token_is_refused_before_its_body_is_looked_at() {
    run(async {
        let mint = Mint::new().await;
        for _ in 0..8 {
            // A key that nobody knows makes the service look whether there is a new one, once in a while.
            let token = mint.headed(|header| header["kid"] = json!(Uuid::now_v7()));
            for body in ["{", "{}", "\u{0}"] {
                let request = Request::new(Method::POST, "/v1/departments")
                    .header("authorization", &format!("Bearer {token}"));
                refused("an unknown key", request.body("application/json", body).send().await);
            }
            tokio::time::sleep(Duration::from_millis(900)).await;
        }
    });
}

async fn sql(statement: &str, values: &[&(dyn tokio_postgres::types::ToSql + Sync)]) {
    let changed = service().database().await.execute(statement, values).await.unwrap();
    assert!(changed > 0, "{statement}");
}

#[test]
fn what_was_taken_away_counts_at_the_next_request() {
    run(async {
        let organization = Organization::new().await;
        let new = async || {
            let caller = organization.caller(&["departments:read"]).await;
            caller.get("/v1/departments").await.is(200);
            caller
        };
        let caller = new().await;
        sql(
            "update sessions set status = 'ended' where org_id = $1 and id = $2",
            &[&organization.id, &caller.session],
        )
        .await;
        refused("an ended session", caller.get("/v1/departments").await);

        let caller = new().await;
        sql(
            "update sessions set expires_at = now() - interval '1 second' where org_id = $1 and id = $2",
            &[&organization.id, &caller.session],
        )
        .await;
        refused("a session that ran out", caller.get("/v1/departments").await);

        let caller = new().await;
        sql(
            "update memberships set status = 'suspended' where org_id = $1 and id = $2",
            &[&organization.id, &caller.membership],
        )
        .await;
        refused("a suspended membership", caller.get("/v1/departments").await);

        let caller = new().await;
        sql("delete from memberships where org_id = $1 and id = $2", &[&organization.id, &caller.membership])
            .await;
        refused("a membership that is no more", caller.get("/v1/departments").await);

        let caller = new().await;
        let mut client = service().database().await;
        let transaction = client.transaction().await.unwrap();
        transaction.execute("select enter_as_system($1, true)", &[&organization.id]).await.unwrap();
        let disable = "select set_user_status(id, version, 'disabled') from logins where id = $1";
        assert!(
            transaction.query_one(disable, &[&caller.user]).await.unwrap().get::<_, Option<i64>>(0).is_some()
        );
        transaction.commit().await.unwrap();
        refused("a disabled user", caller.get("/v1/departments").await);

        let caller = new().await;
        sql(
            "update memberships set role_ids = '{}' where org_id = $1 and id = $2",
            &[&organization.id, &caller.membership],
        )
        .await;
        caller.get("/v1/departments").await.is_problem(403, "forbidden");

        let caller = new().await;
        sql(
            "delete from role_permissions where org_id = $1 and role_id = $2",
            &[&organization.id, &caller.role],
        )
        .await;
        caller.get("/v1/departments").await.is_problem(403, "forbidden");
    });
}
