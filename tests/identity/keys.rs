//! What a stranger needs to verify our tokens, and the change of keys while the service runs.
use crate::company::{Company, PASSWORD, Pair, Place, bearing, claims, here, login};
use crate::installation::backoffice;
use crate::support::{Caller, Organization, Request, Service, run};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use reqwest::Method;
use serde_json::{Value, json};

async fn published(base: &str) -> Vec<Value> {
    let keys = Request::new(Method::GET, "/.well-known/jwks.json").to(base).send().await.is(200);
    keys["keys"].as_array().unwrap().clone()
}

/// As a stranger would: the key by its id, the rest from the key.
fn verified(token: &str, keys: &[Value]) -> Option<Value> {
    let header = decode_header(token).unwrap();
    assert_eq!((header.alg, header.typ.as_deref()), (Algorithm::ES256, Some("at+jwt")), "RFC 9068 §2.1");
    let key = keys.iter().find(|key| key["kid"] == json!(header.kid))?;
    assert_eq!(
        (&key["kty"], &key["crv"], &key["use"], &key["alg"]),
        (&json!("EC"), &json!("P-256"), &json!("sig"), &json!("ES256"))
    );
    let key =
        DecodingKey::from_ec_components(key["x"].as_str().unwrap(), key["y"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_audience(&["backoffice"]);
    validation.set_issuer(&["backoffice"]);
    Some(decode::<Value>(token, &key, &validation).unwrap().claims)
}

#[test]
fn a_stranger_verifies_a_token_by_the_published_key() {
    run(async {
        let company = Company::new().await;
        let pair = Pair::taken(&company.owner).await;
        let keys = published(&here().base).await;
        let said = verified(&pair.access, &keys).unwrap();
        assert_eq!(said, claims(&pair.access));
        for claim in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti", "auth_time"] {
            assert!(said.get(claim).is_some(), "RFC 9068 §2.2: {claim} in {said}");
        }
        let parts: Vec<&str> = pair.access.split('.').collect();
        let other = Pair::taken(&company.owner).await;
        let swapped = format!("{}.{}.{}", parts[0], parts[1], other.access.rsplit('.').next().unwrap());
        let key =
            DecodingKey::from_ec_components(keys[0]["x"].as_str().unwrap(), keys[0]["y"].as_str().unwrap())
                .unwrap();
        assert!(
            decode::<Value>(&swapped, &key, &Validation::new(Algorithm::ES256)).is_err(),
            "and no forged one"
        );
    });
}

#[test]
fn the_metadata_of_the_authorization_server_is_true() {
    run(async {
        let company = Company::new().await;
        let base = &here().base;
        let told = Request::new(Method::GET, "/.well-known/oauth-authorization-server").send().await.is(200);
        assert_eq!(told["issuer"], json!(base), "RFC 8414 §3.3: the address that it was asked for at");
        let all: Vec<String> = identity::permissions::catalogue()
            .map(|each| format!("{}:{}", each.resource, each.verb))
            .collect();
        assert_eq!(told["scopes_supported"], json!(all));

        let path = |name: &str| told[name].as_str().unwrap().strip_prefix(base.as_str()).unwrap().to_owned();
        let keys = Request::new(Method::GET, &path("jwks_uri")).send().await.is(200);
        assert!(!keys["keys"].as_array().unwrap().is_empty());
        let client = json!({"name": "Bureau", "scopes": all});
        let client = company.owner().await.post("/v1/api-clients", client).await.is(201);
        let (id, secret) = (client["client_id"].as_str().unwrap(), client["client_secret"].as_str().unwrap());
        for grant in told["grant_types_supported"].as_array().unwrap() {
            for way in told["token_endpoint_auth_methods_supported"].as_array().unwrap() {
                let grant = format!("grant_type={}", grant.as_str().unwrap());
                let request = |body: &str| {
                    Request::new(Method::POST, &path("token_endpoint"))
                        .body("application/x-www-form-urlencoded", body)
                };
                let request = match way.as_str().unwrap() {
                    "client_secret_post" => {
                        request(&format!("{grant}&client_id={id}&client_secret={secret}"))
                    }
                    "client_secret_basic" => {
                        use base64::Engine;
                        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}"));
                        request(&grant).header("authorization", &format!("Basic {pair}"))
                    }
                    other => panic!("a way that nobody tried: {other}"),
                };
                assert_eq!(request.send().await.is(200)["scope"], json!(all.join(" ")));
            }
        }
    });
}

#[test]
fn keys_change_while_the_service_runs_and_old_tokens_hold() {
    run(async {
        let place = Place::start("rotated", &[]);
        let database = place.connect().await;
        let organization = Organization::new_in(&database).await;
        let read =
            async |token: &str| bearing(Method::GET, "/v1/departments", token).to(&place.base).send().await;
        let new = async || {
            Caller::sign_in_to(&database, &place.tokens().await, organization.id, &["departments:read"], None)
                .await
        };
        let old = new().await;
        read(&old.token).await.is(200);
        let before = published(&place.base).await;
        assert_eq!(before.len(), 1);

        let rotated = backoffice(&place.url, &["rotate-keys"]);
        assert!(rotated.status.success(), "{rotated:?}");
        // Another process signs with the new key at once; this one takes it without a restart.
        let renewed = new().await;
        assert_ne!(decode_header(&renewed.token).unwrap().kid, decode_header(&old.token).unwrap().kid);
        assert!(verified(&renewed.token, &before).is_none(), "signed with a key that was not there before");
        read(&renewed.token).await.is(200);
        read(&old.token).await.is(200);
        let after = published(&place.base).await;
        assert_eq!((after.len(), &after[1]), (2, &before[0]), "the newest first");
        for token in [&old.token, &renewed.token] {
            assert!(verified(token, &after).is_some());
        }
        // What it signs itself is of the new key now.
        let email = format!("{}@test.example", crate::company::unique());
        let owner = [
            "create-organization",
            "--name",
            "Rotated",
            "--slug",
            "rotated",
            "--owner-name",
            "Olga",
            "--owner-email",
            &email,
            "--owner-password",
            PASSWORD,
        ];
        assert!(backoffice(&place.url, &owner).status.success());
        let pair = Pair::of(login(&email, PASSWORD).to(&place.base).send().await);
        assert_eq!(decode_header(&pair.access).unwrap().kid, decode_header(&renewed.token).unwrap().kid);

        // Once the last token of the old key has run out, the key is gone, and with it whoever stole it.
        place.sql("update signing_keys set retired_at = retired_at - interval '12 minutes' where retired_at is not null", &[]).await;
        let third = backoffice(&place.url, &["rotate-keys"]);
        assert!(third.status.success(), "{third:?}");
        // An unknown key makes the service look again, at most every five seconds.
        tokio::time::sleep(std::time::Duration::from_millis(5100)).await;
        let newest = new().await;
        read(&newest.token).await.is(200);
        let left = published(&place.base).await;
        assert_eq!((left.len(), &left[1]), (2, &after[0]));
        read(&renewed.token).await.is(200);
        let forged = Caller { token: old.token.clone(), ..old };
        let late = read(&format!("{}x", forged.token)).await;
        late.is_problem(401, "unauthenticated");
    });
}

#[test]
fn a_service_with_a_public_address_issues_its_tokens_by_it() {
    run(async {
        let flags = &["--public-url", "https://books.example/"];
        let (base, _, mut known) = Service::spawn(&here().url, flags);
        let company = Company::new().await;
        let pair = Pair::of(login(&company.owner.email, PASSWORD).to(&base).send().await);
        assert_eq!(claims(&pair.access)["iss"], json!("https://books.example"), "RFC 9068 §4");
        let told = Request::new(Method::GET, "/.well-known/oauth-authorization-server").to(&base).send();
        let told = told.await.is(200);
        assert_eq!(told["issuer"], json!("https://books.example"), "RFC 8414 §3.3: the same");
        assert_eq!(told["token_endpoint"], json!("https://books.example/oauth/token"));

        let me = |token: &str| bearing(Method::GET, "/v1/me", token).to(&base).send();
        me(&pair.access).await.is(200);
        // A token from before the service was known by its address holds until it runs out.
        me(&Pair::taken(&company.owner).await.access).await.is(200);
        known.kill().unwrap();
        known.wait().unwrap();
    });
}
