//! API clients: other companies' programs take tokens by client credentials (RFC 6749 §4.4), within their scopes.
use crate::company::{Company, address, bearing, behind_a_proxy, claims, here};
use crate::support::{Answer, Caller, Request, run};
use crate::{count, fault};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

const GRANT: &str = "grant_type=client_credentials";

fn form(body: &str) -> Request {
    Request::new(Method::POST, "/oauth/token").body("application/x-www-form-urlencoded", body)
}

fn basic(request: Request, client: &str, secret: &str) -> Request {
    request.header("authorization", &format!("Basic {}", STANDARD.encode(format!("{client}:{secret}"))))
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of[name].as_str().unwrap()
}

/// A token by `client_secret_basic`.
async fn take(client: &Value, scope: Option<&str>) -> Answer {
    let scope = scope.map(|scope| format!("&scope={}", scope.replace(' ', "+"))).unwrap_or_default();
    basic(form(&format!("{GRANT}{scope}")), text(client, "client_id"), text(client, "client_secret"))
        .send()
        .await
}

pub async fn token(client: &Value, scope: Option<&str>) -> String {
    text(&take(client, scope).await.is(200), "access_token").to_owned()
}

/// An error in the form of RFC 6749 §5.2.
#[track_caller]
fn refused(answer: Answer, status: u16, error: &str) {
    assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.text);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        answer.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Basic ")),
        status == 401
    );
    let body = answer.is(status);
    assert_eq!(body["error"], error, "{body}");
    assert!(body["error_description"].is_string(), "{body}");
}

async fn client(by: &Caller, scopes: &[&str]) -> Value {
    by.post("/v1/api-clients", json!({"name": "Bureau", "scopes": scopes})).await.is(201)
}

fn path(client: &Value, action: &str) -> String {
    format!("/v1/api-clients/{}{action}", text(client, "client_id"))
}

#[test]
fn a_program_takes_a_token_by_either_way_of_authentication() {
    run(async {
        let company = Company::new().await;
        let client = client(&company.owner().await, &["departments:read", "employees:read"]).await;
        let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
        let by_post = form(&format!("{GRANT}&client_id={id}&client_secret={secret}"));
        for request in [basic(form(GRANT), id, secret), by_post] {
            let answer = request.send().await;
            assert_eq!(answer.header("cache-control"), Some("no-store"), "RFC 6749 §5.1");
            let given = answer.is(200);
            assert_eq!((&given["token_type"], &given["expires_in"]), (&json!("Bearer"), &json!(600)));
            assert_eq!(given["scope"], "departments:read employees:read");
            assert_eq!(given.get("refresh_token"), None, "RFC 6749 §4.4.3: it has its secret");
            let said = claims(text(&given, "access_token"));
            assert_eq!(
                (&said["sub"], &said["client_id"], &said["org"]),
                (&json!(id), &json!(id), &json!(company.id))
            );

            let me = bearing(Method::GET, "/v1/me", text(&given, "access_token")).send().await.is(200);
            assert_eq!(
                (&me["kind"], &me["id"], &me["name"], &me["email"]),
                (&json!("api_client"), &json!(id), &json!("Bureau"), &Value::Null)
            );
            let all = json!([{"permission": "departments:read", "reach": "org"}, {"permission": "employees:read", "reach": "org"}]);
            assert_eq!((&me["permissions"], &me["roles"]), (&all, &json!([])));
        }
    });
}

#[test]
fn a_token_does_what_its_scopes_say_and_nothing_else() {
    run(async {
        let company = Company::new().await;
        let client =
            client(&company.owner().await, &["departments:read", "departments:write", "employees:read"])
                .await;
        let (all, some) =
            (token(&client, None).await, token(&client, Some("departments:read employees:read")).await);
        let post = async |token: &str| {
            let body = json!({"name": "Warehouse", "code": Uuid::now_v7().simple().to_string()[20..].to_uppercase()});
            bearing(Method::POST, "/v1/departments", token).json(&body).send().await
        };
        let made = post(&all).await.is(201);
        post(&some).await.is_problem(403, "forbidden");
        for token in [&all, &some] {
            for path in ["/v1/departments", "/v1/employees"] {
                bearing(Method::GET, path, token).send().await.is(200);
            }
            for path in ["/v1/positions", "/v1/events", "/v1/api-clients", "/v1/users"] {
                bearing(Method::GET, path, token).send().await.is_problem(403, "forbidden");
            }
        }
        let me = bearing(Method::GET, "/v1/me", &some).send().await.is(200);
        assert_eq!(me["permissions"].as_array().unwrap().len(), 2);
        // It is named as the one who did it.
        let history = format!("/v1/departments/{}/history", text(&made, "id"));
        let history = bearing(Method::GET, &history, &all).send().await.is(200);
        assert_eq!(history["data"][0]["actor"], format!("client:{}", text(&client, "client_id")));
    });
}

#[test]
fn a_scope_that_the_client_may_not_have_is_refused() {
    run(async {
        let company = Company::new().await;
        let client = client(&company.owner().await, &["departments:read"]).await;
        for scope in [
            "employees:read",
            "departments:read employees:read",
            "departments:write",
            "ghosts:read",
            "*",
            "departments:read,employees:read",
        ] {
            refused(take(&client, Some(scope)).await, 400, "invalid_scope");
        }
        assert_eq!(take(&client, Some("departments:read")).await.is(200)["scope"], "departments:read");
        // An empty parameter is as good as none (RFC 6749 §3.2).
        assert_eq!(take(&client, Some("")).await.is(200)["scope"], "departments:read");
    });
}

#[test]
fn who_is_no_client_is_told_so_without_saying_why() {
    run(async {
        let (company, other) = (Company::new().await, Company::new().await);
        let owner = company.owner().await;
        let client = client(&owner, &["departments:read"]).await;
        let foreign = crate::clients::client(&other.owner().await, &["departments:read"]).await;
        let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
        let nobody = Uuid::now_v7().to_string();
        let wrong = [
            (id, "x"),
            (id, &secret[..85]),
            (id, ""),
            (id, text(&foreign, "client_secret")),
            (nobody.as_str(), secret),
            (text(&foreign, "client_id"), secret),
            ("", secret),
            ("'; drop table api_clients; --", secret),
            (id, &secret.to_lowercase()),
        ];
        let mut told = Vec::new();
        for (id, secret) in wrong {
            let answer = basic(form(GRANT), id, secret).send().await;
            told.push(answer.text.clone());
            refused(answer, 401, "invalid_client");
        }
        told.dedup();
        assert_eq!(told.len(), 1, "{told:?}");
        for header in ["Basic", "Basic !!!", "Basic eA==", &format!("Bearer {secret}")] {
            refused(form(GRANT).header("authorization", header).send().await, 401, "invalid_client");
        }
        refused(form(GRANT).send().await, 401, "invalid_client");
        take(&client, None).await.is(200);
    });
}

#[test]
fn what_is_not_a_request_for_a_token_is_told_in_the_form_of_oauth() {
    run(async {
        let company = Company::new().await;
        let client = client(&company.owner().await, &["departments:read"]).await;
        let (id, secret) = (text(&client, "client_id"), text(&client, "client_secret"));
        let by_post = format!("client_id={id}&client_secret={secret}");
        for body in [
            "",
            "x",
            &by_post,
            "grant_type=",
            &format!("{GRANT}&{GRANT}&{by_post}"),
            &format!("{GRANT}&scope=a&scope=b&{by_post}"),
        ] {
            refused(form(body).send().await, 400, "invalid_request");
        }
        for grant in [
            "password",
            "authorization_code",
            "refresh_token",
            "urn:ietf:params:oauth:grant-type:jwt-bearer",
            "CLIENT_CREDENTIALS",
        ] {
            refused(
                form(&format!("grant_type={grant}&{by_post}")).send().await,
                400,
                "unsupported_grant_type",
            );
        }
        let both = basic(form(&format!("{GRANT}&{by_post}")), id, secret).send().await;
        refused(both, 400, "invalid_request");
        refused(form("").header("x-nothing", "1").send().await, 400, "invalid_request");
        let bytes = Request::new(Method::POST, "/oauth/token")
            .body("application/x-www-form-urlencoded", vec![0xff, 0xfe]);
        refused(bytes.send().await, 400, "invalid_request");
        // A field that is not known is ignored (RFC 6749 §3.2), and a body of another kind is none.
        form(&format!("{GRANT}&{by_post}&audience=everybody")).send().await.is(200);
        let json =
            Request::new(Method::POST, "/oauth/token").json(&json!({"grant_type": "client_credentials"}));
        json.send().await.is_problem(415, "unsupported-media-type");
    });
}

#[test]
fn a_secret_is_shown_once() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let body = json!({"name": "Bureau", "scopes": ["departments:read"]});
        let send = |path: &'static str| owner.request(Method::POST, path).header("idempotency-key", "bureau");
        let first = send("/v1/api-clients").json(&body).send().await;
        assert_eq!(first.header("location"), Some(&*path(&first.body, "")));
        let first = first.is(201);
        let replayed = send("/v1/api-clients").json(&body).send().await;
        assert_eq!(replayed.header("idempotency-replayed"), Some("true"));
        let replayed = replayed.is(201);
        assert_eq!((&replayed["client_id"], &replayed["client_secret"]), (&first["client_id"], &Value::Null));
        let rotate = || {
            owner
                .request(Method::POST, &path(&first, "/rotate-secret"))
                .header("idempotency-key", "rotate")
                .send()
        };
        let rotated = rotate().await.is(201);
        assert_eq!(rotate().await.is(201)["client_secret"], Value::Null);
        take(&first, None).await.is(200);
        take(&rotated, None).await.is(200);
        let secrets = [text(&first, "client_secret"), text(&rotated, "client_secret")];
        for shown in
            [path(&first, ""), "/v1/api-clients".into(), path(&first, "/history"), "/v1/events".into()]
        {
            let shown = owner.get(&shown).await;
            assert!(secrets.iter().all(|secret| !shown.text.contains(&secret[44..])), "{}", shown.text);
            assert!(!shown.text.contains("hash"), "{}", shown.text);
            shown.is(200);
        }
        // A rehearsal tells a secret that opens nothing.
        let rehearsed = owner
            .post(
                "/v1/api-clients?dry_run=true",
                json!({"name": "Rehearsed", "scopes": ["departments:read"]}),
            )
            .await
            .is(201);
        refused(take(&rehearsed, None).await, 401, "invalid_client");
    });
}

#[test]
fn two_secrets_hold_at_a_time_so_that_one_is_replaced_without_a_gap() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let first = client(&owner, &["departments:read"]).await;
        let rotate = async || owner.act(&path(&first, "/rotate-secret")).await.is(201);
        let second = rotate().await;
        for held in [&first, &second] {
            take(held, None).await.is(200);
        }
        let third = rotate().await;
        refused(take(&first, None).await, 401, "invalid_client");
        for held in [&second, &third] {
            take(held, None).await.is(200);
        }
        let token = token(&second, None).await;
        owner.act(&path(&first, "/retire-older-secret")).await.is(200);
        refused(take(&second, None).await, 401, "invalid_client");
        take(&third, None).await.is(200);
        bearing(Method::GET, "/v1/departments", &token).send().await.is(200);
        owner.act(&path(&first, "/retire-older-secret")).await.is(200);
        take(&third, None).await.is(200);
        let rotating = path(&first, "/rotate-secret");
        // Five at once: the last two of them hold.
        let rotated = join_all((0..5).map(|_| owner.act(&rotating))).await;
        assert_eq!(count(&rotated, 201), 5);
        let mut hold = 0;
        for answer in &rotated {
            hold += usize::from(take(&answer.body, None).await.status == 200);
        }
        assert_eq!(hold, 2);
    });
}

#[test]
fn a_client_that_ran_out_or_was_disabled_is_refused_at_once() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let client = client(&owner, &["departments:read"]).await;
        let before = token(&client, None).await;
        let read = async |token: &str| bearing(Method::GET, "/v1/departments", token).send().await;
        read(&before).await.is(200);
        assert_eq!(owner.act(&path(&client, "/disable")).await.is(200)["status"], "disabled");
        read(&before).await.is_problem(401, "unauthenticated");
        refused(take(&client, None).await, 401, "invalid_client");
        owner.act(&path(&client, "/rotate-secret")).await.is_problem(409, "invalid-state");
        owner.act(&path(&client, "/disable")).await.is_problem(409, "invalid-state");
        owner.act(&path(&client, "/enable")).await.is(200);
        read(&before).await.is_problem(401, "unauthenticated");
        read(&token(&client, None).await).await.is(200);

        // A token does not outlive its client's end, nor is one given after it.
        let soon = chrono::Utc::now() + chrono::Duration::seconds(60);
        owner.patch(&path(&client, ""), json!({"expires_at": soon})).await.is(200);
        let last = token(&client, None).await;
        let session: Uuid = text(&claims(&last), "sid").parse().unwrap();
        let row = here()
            .connect()
            .await
            .query_one(
                "select expires_at from sessions where org_id = $1 and id = $2",
                &[&company.id, &session],
            )
            .await
            .unwrap();
        let ends: chrono::DateTime<chrono::Utc> = row.get(0);
        assert!(ends <= soon, "{ends} {soon}");
        owner.patch(&path(&client, ""), json!({"expires_at": "2026-01-01T00:00:00Z"})).await.is(200);
        refused(take(&client, None).await, 401, "invalid_client");
        owner.patch(&path(&client, ""), json!({"expires_at": null})).await.is(200);
        let token = token(&client, None).await;
        owner.delete(&path(&client, "")).await.is(204);
        read(&token).await.is_problem(401, "unauthenticated");
        refused(take(&client, None).await, 401, "invalid_client");
    });
}

#[test]
fn scopes_that_are_taken_away_count_at_the_next_request() {
    run(async {
        let company = Company::new().await;
        let owner = company.owner().await;
        let client = client(&owner, &["departments:read", "positions:read"]).await;
        let (all, some) = (token(&client, None).await, token(&client, Some("departments:read")).await);
        owner.patch(&path(&client, ""), json!({"scopes": ["positions:read"]})).await.is(200);
        for token in [&all, &some] {
            bearing(Method::GET, "/v1/departments", token).send().await.is_problem(403, "forbidden");
        }
        bearing(Method::GET, "/v1/positions", &all).send().await.is(200);
        bearing(Method::GET, "/v1/positions", &some).send().await.is_problem(403, "forbidden");
        owner.patch(&path(&client, ""), json!({"scopes": ["employees:read"]})).await.is(200);
        let unknown =
            owner.patch(&path(&client, ""), json!({"scopes": ["employees:read", "ghosts:read"]})).await;
        assert_eq!(fault(&unknown.is_problem(422, "invalid-input")), ("/scopes/1", "no-such-permission"));
    });
}

#[test]
fn a_program_is_no_person() {
    run(async {
        let company = Company::new().await;
        let client = client(&company.owner().await, &["departments:read"]).await;
        let (token, second) = (token(&client, None).await, token(&client, None).await);
        let change = json!({"current_password": "x", "new_password": "four other words together"});
        let change = bearing(Method::POST, "/v1/me/change-password", &token).json(&change).send().await;
        change.is_problem(403, "forbidden");
        let refresh = crate::company::refresh(text(&client, "client_secret")).send().await;
        refresh.is_problem(401, "unauthenticated");
        let body = json!({"email": "bureau@test.example", "password": text(&client, "client_secret")});
        crate::company::login_with(&body).send().await.is_problem(401, "invalid-credentials");
        // Its sessions it may see and end, like everybody.
        let own = bearing(Method::GET, "/v1/me/sessions", &token).send().await.is(200);
        assert_eq!(own["data"].as_array().unwrap().len(), 2);
        bearing(Method::POST, "/v1/auth/logout", &token).send().await.is(204);
        bearing(Method::GET, "/v1/departments", &token).send().await.is_problem(401, "unauthenticated");
        bearing(Method::GET, "/v1/departments", &second).send().await.is(200);
    });
}

#[test]
fn guesses_of_a_secret_are_counted() {
    run(async {
        let company = Company::new_in(behind_a_proxy()).await;
        let attacker = address();
        let guess =
            async |client: Uuid| basic(form(GRANT), &client.to_string(), "x").from(&attacker).send().await;
        let one = company.id;
        for _ in 0..10 {
            refused(guess(one).await, 401, "invalid_client");
        }
        guess(one).await.is_problem(429, "too-many-requests");
        for _ in 10..100 {
            refused(guess(Uuid::now_v7()).await, 401, "invalid_client");
        }
        let answer = guess(Uuid::now_v7()).await;
        assert!(answer.header("retry-after").is_some_and(|seconds| seconds.parse::<u64>().is_ok()));
        answer.is_problem(429, "too-many-requests");
    });
}
