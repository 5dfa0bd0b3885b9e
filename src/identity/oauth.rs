//! OAuth 2 for programs: tokens for client credentials (RFC 6749 §4.4), and where everything is (RFC 8414, RFC 7517). Here
//! alone errors have the form of RFC 6749 §5.2, as client libraries expect it.
use crate::opaque::Opaque;
use crate::permissions;
use crate::sign_in::SignIn;
use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Binary, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use platform::answer::Answer;
use platform::anyone::Anyone;
use platform::api::{Argument, OperationDoc};
use platform::input::receive_form;
use platform::may::{Grants, app_data};
use platform::prelude::*;
use platform::request;
use platform::server::public_address;
use platform::token::{Claims, LIFETIME, Tokens};
use std::future::Future;
use std::pin::Pin;

/// What a program sends for a token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it documents the form, which is read field by field")]
pub struct TokenRequest {
    /// Always `client_credentials`.
    #[schema(max_length = 50, pattern = "^client_credentials$", example = "client_credentials")]
    grant_type: String,
    /// The API client's id, unless it is in the `Authorization` header (`client_secret_basic`).
    #[schema(max_length = 100, example = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    client_id: Option<String>,
    /// One of its secrets, unless it is in the `Authorization` header.
    #[schema(max_length = 100, example = "AZOMbn06fE6fCm8cKz1OXwGTjG59Onx…")]
    client_secret: Option<String>,
    /// Permissions that the token shall have, separated by spaces; all scopes of the client where it is left out.
    #[schema(max_length = 50_000, example = "employees:read")]
    scope: Option<String>,
}

/// A token for a program.
#[derive(Serialize, ToSchema)]
pub struct ClientToken {
    /// To be sent as `Authorization: Bearer …` (RFC 9068).
    #[schema(max_length = 4096, example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFUzI1NiIsImtpZCI6…")]
    access_token: String,
    /// Always `Bearer`.
    #[schema(max_length = 20, example = "Bearer")]
    token_type: String,
    /// Seconds that it lives.
    #[schema(example = 600, minimum = 1, maximum = 600)]
    expires_in: i64,
    /// The permissions that it has, separated by spaces.
    #[schema(max_length = 50_000, example = "employees:read")]
    scope: String,
}

/// Why there is no token (RFC 6749 §5.2).
#[derive(Serialize, ToSchema)]
pub struct OAuthError {
    /// `invalid_request`, `invalid_client`, `unsupported_grant_type` or `invalid_scope`.
    #[schema(max_length = 50, example = "invalid_client")]
    error: String,
    /// What is wrong, for people.
    #[schema(max_length = 500, example = "The client is unknown, or its secret is wrong.")]
    error_description: String,
}

/// The fields of the form; none where it can not be read.
pub struct TokenForm(Option<Vec<(String, String)>>);

impl FromRequest for TokenForm {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self>>>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (http, payload) = (http.clone(), payload.take());
        Box::pin(async move {
            match receive_form(&http, payload).await {
                Ok(fields) => Ok(Self(Some(fields))),
                Err(problem) if matches!(problem.kind.status, 400 | 422) => Ok(Self(None)),
                Err(problem) => Err(problem),
            }
        })
    }
}

impl Argument for TokenForm {
    fn describe(doc: &mut OperationDoc) {
        doc.takes_form::<TokenRequest>();
    }
}

impl TokenForm {
    /// A field that was sent and is not empty: an empty one is as good as none (RFC 6749 §3.2).
    fn get(&self, name: &str) -> Option<&str> {
        let sent = self.0.iter().flatten().find(|(known, _)| known == name);
        sent.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }
}

/// A token, or why not.
pub enum Issued {
    /// Here it is.
    Token(ClientToken),
    /// There is none.
    Refused(&'static str, &'static str),
}

impl Outcome for Issued {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        let json = |body: std::result::Result<Vec<u8>, serde_json::Error>| body.map_err(Problem::internal);
        match self {
            Self::Token(token) => Ok(Answer::new(StatusCode::OK, json(serde_json::to_vec(token))?)),
            Self::Refused(error, description) => {
                let body = OAuthError { error: (*error).into(), error_description: (*description).into() };
                let body = json(serde_json::to_vec(&body))?;
                if *error == "invalid_client" {
                    let challenge = "Basic realm=\"backoffice\", charset=\"UTF-8\"";
                    return Ok(
                        Answer::new(StatusCode::UNAUTHORIZED, body).with(header::WWW_AUTHENTICATE, challenge)
                    );
                }
                Ok(Answer::new(StatusCode::BAD_REQUEST, body))
            }
        }
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<ClientToken>("200", "A token for ten minutes");
        doc.refuses_with::<OAuthError>("400", "The request is not what RFC 6749 says it is");
        doc.refuses_with::<OAuthError>("401", "The client is unknown, or its secret is wrong");
        doc.answer_header("401", "WWW-Authenticate", "How to authenticate (RFC 7617).");
    }
}

/// Take a token as an API client
///
/// Client credentials (RFC 6749 §4.4), by `client_secret_basic` or `client_secret_post`. Fields that are not known are
/// ignored. The token stands on a session of its own, and ends with the client's access. A hundred failures from one
/// address within 15 minutes are answered with 429.
#[utoipa::path(post, path = "/oauth/token", tag = "Sign-in")]
async fn issue_client_token(anyone: Anyone, form: TokenForm) -> Reply<Issued> {
    issue(&anyone, &form).await?.answer(&Grants::default())
}

async fn issue(anyone: &Anyone, form: &TokenForm) -> Result<Issued> {
    #[derive(QueryableByName)]
    struct Started {
        #[diesel(sql_type = Text)]
        outcome: String,
        #[diesel(sql_type = Nullable<Array<Text>>)]
        granted: Option<Vec<String>>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        out_signed_in_at: Option<DateTime<Utc>>,
    }
    let invalid_client =
        || Issued::Refused("invalid_client", "The client is unknown, or its secret is wrong.");
    let invalid_scope = || Issued::Refused("invalid_scope", "The scope holds what this client may not have.");
    match form.get("grant_type") {
        Some("client_credentials") => {}
        None => {
            return Ok(Issued::Refused(
                "invalid_request",
                "Send a form with grant_type=client_credentials, each field once.",
            ));
        }
        Some(_) => {
            return Ok(Issued::Refused(
                "unsupported_grant_type",
                "This server knows client_credentials alone.",
            ));
        }
    }
    let (client, secret) = match (basic(anyone.http()), form.get("client_secret")) {
        (Some(_), Some(_)) => {
            return Ok(Issued::Refused("invalid_request", "Authenticate in one way, not in two."));
        }
        (Some(Some(credentials)), None) => credentials,
        (Some(None), None) => return Ok(invalid_client()),
        (None, secret) => {
            (form.get("client_id").unwrap_or_default().to_owned(), secret.unwrap_or_default().to_owned())
        }
    };
    let throttle = &app_data::<SignIn>(anyone.http()).throttle;
    let attempt = throttle.attempt(&client, &anyone.address());
    throttle.check(&attempt)?;
    let Some(secret) = Opaque::read(&secret).filter(|secret| client.parse() == Ok(secret.id)) else {
        throttle.failed(&attempt);
        return Ok(invalid_client());
    };
    let scopes: Option<Vec<&str>> =
        form.get("scope").map(|scope| scope.split(' ').filter(|each| !each.is_empty()).collect());
    if scopes.iter().flatten().any(|scope| permissions::find(scope).is_none()) {
        return Ok(invalid_scope());
    }
    let session = Uuid::now_v7();
    let started: Started = anyone
        .database()
        .as_system(secret.organization, async |db| {
            let starting =
                diesel::sql_query("select * from start_client_session($1, $2, $3, $4, $5, $6, $7)")
                    .bind::<SqlUuid, _>(secret.id)
                    .bind::<Binary, _>(&secret.hash)
                    .bind::<Nullable<Array<Text>>, _>(scopes.as_ref())
                    .bind::<SqlUuid, _>(session)
                    .bind::<Text, _>(anyone.address())
                    .bind::<Nullable<Text>, _>(anyone.user_agent())
                    .bind::<Text, _>(request::current_id());
            Ok(starting.get_result(db).await?)
        })
        .await?;
    let Some((granted, signed_in_at)) = started.granted.zip(started.out_signed_in_at) else {
        if started.outcome == "invalid_scope" {
            return Ok(invalid_scope());
        }
        throttle.failed(&attempt);
        return Ok(invalid_client());
    };
    let claims = Claims::new(secret.id, secret.organization, session, true, signed_in_at.timestamp());
    Ok(Issued::Token(ClientToken {
        access_token: anyone.tokens().sign(&claims)?,
        token_type: "Bearer".into(),
        expires_in: LIFETIME,
        scope: granted.join(" "),
    }))
}

/// What `Authorization: Basic` says (RFC 7617): nothing where it was not sent, `None` within where it can not be read.
fn basic(http: &HttpRequest) -> Option<Option<(String, String)>> {
    let value = http.headers().get(header::AUTHORIZATION)?.to_str().unwrap_or_default();
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Some(None);
    }
    let decoded = STANDARD.decode(encoded.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Some(
        decoded.and_then(|pair| {
            pair.split_once(':').map(|(client, secret)| (client.to_owned(), secret.to_owned()))
        }),
    )
}

/// Where a program finds what it needs (RFC 8414).
#[derive(Serialize, ToSchema)]
pub struct AuthorizationServer {
    /// This server.
    #[schema(max_length = 500, example = "http://127.0.0.1:8080")]
    issuer: String,
    /// Where tokens are taken.
    #[schema(max_length = 500, example = "http://127.0.0.1:8080/oauth/token")]
    token_endpoint: String,
    /// Where the public keys are.
    #[schema(max_length = 500, example = "http://127.0.0.1:8080/.well-known/jwks.json")]
    jwks_uri: String,
    /// How clients say who they are.
    #[schema(max_items = 10, example = json!(["client_secret_basic", "client_secret_post"]))]
    token_endpoint_auth_methods_supported: Vec<String>,
    /// What tokens are given for.
    #[schema(max_items = 10, example = json!(["client_credentials"]))]
    grant_types_supported: Vec<String>,
    /// None: nobody is sent here with a browser.
    #[schema(max_items = 10, example = json!([]))]
    response_types_supported: Vec<String>,
    /// Every permission there is.
    #[schema(max_items = 1000, example = json!(["employees:read"]))]
    scopes_supported: Vec<String>,
}

/// The keys that tokens are signed with (RFC 7517).
#[derive(Serialize, Deserialize, ToSchema)]
pub struct KeySet {
    /// Those that verify now, the newest first.
    #[schema(max_items = 100)]
    keys: Vec<PublicKey>,
}

/// A key on the curve P-256 (RFC 7518 §6.2).
#[derive(Serialize, Deserialize, ToSchema)]
pub struct PublicKey {
    /// The kind of key: `EC`.
    #[schema(max_length = 10, example = "EC")]
    kty: String,
    /// The curve: `P-256`.
    #[schema(max_length = 10, example = "P-256")]
    crv: String,
    /// What it is for: `sig`.
    #[serde(rename = "use")]
    #[schema(max_length = 10, example = "sig")]
    usage: String,
    /// The algorithm: `ES256`.
    #[schema(max_length = 10, example = "ES256")]
    alg: String,
    /// Its id, as tokens name it.
    kid: Uuid,
    /// The point's x, base64url.
    #[schema(max_length = 50, example = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")]
    x: String,
    /// The point's y, base64url.
    #[schema(max_length = 50, example = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")]
    y: String,
}

/// Read where tokens are taken
///
/// The metadata of the authorization server (RFC 8414), by its public address, or the one that it was asked for at.
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "Sign-in")]
async fn get_authorization_server(http: HttpRequest) -> Reply<Plain<AuthorizationServer>> {
    let issuer = public_address(&http);
    let text = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect::<Vec<_>>();
    let server = AuthorizationServer {
        token_endpoint: format!("{issuer}/oauth/token"),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        issuer,
        token_endpoint_auth_methods_supported: text(&["client_secret_basic", "client_secret_post"]),
        grant_types_supported: text(&["client_credentials"]),
        response_types_supported: Vec::new(),
        scopes_supported: permissions::catalogue()
            .map(|each| format!("{}:{}", each.resource, each.verb))
            .collect(),
    };
    Plain(server).answer(&Grants::default())
}

/// Read the public keys
///
/// What access tokens are verified with. After a rotation both keys are here until the last token of the older has run out.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "Sign-in")]
async fn get_public_keys(http: HttpRequest) -> Reply<Plain<KeySet>> {
    let keys = serde_json::from_value(app_data::<Tokens>(&http).published()).map_err(Problem::internal)?;
    Plain::<KeySet>(keys).answer(&Grants::default())
}

/// Tokens for programs.
pub fn routes(api: &mut Api) {
    api.open(operation!(issue_client_token))
        .open(operation!(get_authorization_server))
        .open(operation!(get_public_keys));
}
