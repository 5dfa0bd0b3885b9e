//! Sign-in: a password for a pair of tokens, a refresh token for the next pair, and the end of it. An access token lives
//! ten minutes; a session 30 days from sign-in, and no longer than 7 days without a refresh.
use crate::opaque::{self, Opaque};
use crate::passwords;
use crate::renewals::Renewals;
use crate::second_factor::{Begun, Guess};
use crate::throttle::{PER_ACCOUNT, PER_ADDRESS, Throttle};
use actix_web::http::StatusCode;
use actix_web::http::header::WWW_AUTHENTICATE;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use platform::anyone::Anyone;
use platform::api::OperationDoc;
use platform::may::{Grants, app_data};
use platform::prelude::*;
use platform::problem::{INVALID_CREDENTIALS, ProblemBody, SECOND_FACTOR_REQUIRED, UNAUTHENTICATED};
use platform::request;
use platform::token::{Claims, LIFETIME};
use schema::sessions;

// What the descriptions below say.
const _: () = assert!(PER_ACCOUNT == 10 && PER_ADDRESS == 100 && opaque::LONGEST == 100);

/// What sign-in remembers between requests. One for the process.
#[derive(Default)]
pub struct SignIn {
    pub(crate) throttle: Throttle,
    renewals: Renewals,
}

impl SignIn {
    /// Ready to sign people in; what the first would have to wait for is done now.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub fn new() -> Result<Self> {
        passwords::prepare()?;
        Ok(Self::default())
    }
}

/// Who signs in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// Their e-mail address; upper and lower case are the same.
    #[schema(format = "email", min_length = 3, max_length = 254, example = "owner@demo.example")]
    email: String,
    /// Their password, exactly.
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        example = "correct horse battery staple"
    )]
    password: String,
    /// The organization's slug or id; needed where the user belongs to several.
    #[schema(min_length = 1, max_length = 63, example = "demo")]
    organization: Option<String>,
}

/// Who goes on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The refresh token that came with the last access token.
    #[schema(min_length = 1, max_length = 100, example = "AZOMbn06fE6fCm8cKz1OXwGTjG59Onx…")]
    refresh_token: String,
}

/// Access for ten minutes, and what renews it.
#[derive(Serialize, ToSchema)]
pub struct TokenPair {
    /// To be sent as `Authorization: Bearer …` (RFC 9068).
    #[schema(max_length = 4096, example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFUzI1NiIsImtpZCI6…")]
    access_token: String,
    /// To be sent to `/v1/auth/refresh` once, within seven days.
    #[schema(max_length = 100, example = "AZOMbn06fE6fCm8cKz1OXwGTjG59Onx…")]
    refresh_token: String,
    /// Always `Bearer`.
    #[schema(max_length = 20, example = "Bearer")]
    token_type: String,
    /// Seconds that the access token lives.
    #[schema(example = 600, minimum = 1, maximum = 600)]
    expires_in: i64,
}

text_enum! {
    /// What a second factor can be: six digits of an authenticator app (RFC 6238), or one of the codes for who lost it.
    pub enum SecondFactorMethod { Totp = "totp", RecoveryCode = "recovery_code" }
}

/// The password was right, and a second factor is asked for.
#[derive(Serialize, ToSchema)]
pub struct SecondFactorChallenge {
    /// To be sent to `/v1/auth/second-factor` with a code, within five minutes.
    #[schema(max_length = 100, example = "AZOMbn06fE6fCm8cKz1OXwGTjG59Onx…")]
    challenge: String,
    /// What can be sent with it.
    #[schema(max_items = 10)]
    methods: Vec<SecondFactorMethod>,
    /// Seconds that the challenge holds.
    #[schema(example = 300, minimum = 1, maximum = 300)]
    expires_in: i64,
}

/// Why nobody comes in yet.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it tells the contract what the problem holds beside what every problem does")]
pub struct SignInProblem {
    #[schema(inline = false)]
    #[serde(flatten)]
    problem: ProblemBody,
    /// What the sign-in goes on with; only where `code` is `second-factor-required`.
    second_factor: Option<SecondFactorChallenge>,
}

/// They are in.
pub struct SignedIn(TokenPair);

impl Outcome for SignedIn {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        let body = serde_json::to_vec(&self.0).map_err(Problem::internal)?;
        Ok(Answer::new(StatusCode::OK, body))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<TokenPair>("200", "Signed in");
        doc.refuses_telling::<SignInProblem>(
            "401",
            "Not signed in, or not yet: a second factor is asked for",
        );
        doc.answer_header("401", "WWW-Authenticate", "How to authenticate (RFC 6750).");
    }
}

/// Who goes on with a second factor.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorRequest {
    /// The challenge that the sign-in answered.
    #[schema(min_length = 1, max_length = 100, example = "AZOMbn06fE6fCm8cKz1OXwGTjG59Onx…")]
    challenge: String,
    /// The six digits that the authenticator app shows.
    #[schema(pattern = "^[0-9]{6}$", min_length = 6, max_length = 6, example = "287082")]
    code: Option<String>,
    /// One of the recovery codes, instead.
    #[schema(min_length = 16, max_length = 40, example = json!(null))]
    recovery_code: Option<String>,
}

/// A login as sign-in sees it.
#[derive(QueryableByName)]
pub(crate) struct Login {
    #[diesel(sql_type = SqlUuid)]
    pub user_id: Uuid,
    #[diesel(sql_type = BigInt)]
    version: i64,
    #[diesel(sql_type = Text)]
    pub password_hash: String,
    #[diesel(sql_type = Text)]
    pub status: String,
    #[diesel(sql_type = Jsonb)]
    organizations: serde_json::Value,
    #[diesel(sql_type = Bool)]
    has_second_factor: bool,
}

#[derive(Deserialize)]
struct Place {
    id: Uuid,
    slug: String,
}

/// Sign in
///
/// Answers an access token for ten minutes and a refresh token. Where the user belongs to several organizations,
/// `organization` says which one; without it the answer is 422 and lists them. A session goes on for 30 days, as long as
/// its refresh token is used every 7. Where the login has a second factor the answer is 401 `second-factor-required` with a
/// challenge, and the sign-in goes on at `/v1/auth/second-factor`.
///
/// Ten failures for one account from one address within 15 minutes, or a hundred from one address, are answered with 429
/// for the rest of that time; from other addresses the account can still sign in. Unknown, wrong and disabled are told
/// the same way.
#[utoipa::path(post, path = "/v1/auth/login", tag = "Sign-in")]
async fn login(anyone: Anyone, input: Input<LoginRequest>) -> Reply<SignedIn> {
    let input = input.0;
    let throttle = &app_data::<SignIn>(anyone.http()).throttle;
    let attempt = throttle.attempt(&input.email, &anyone.address());
    throttle.check(&attempt)?;
    let login = anyone.database().ask(Uuid::nil(), async |db| find_login(db, &input.email).await).await?;
    let hash = login.as_ref().map(|login| login.password_hash.clone());
    let proven = passwords::verify(&input.password, hash, || throttle.begin(&attempt)).await?;
    let Some(login) = login.filter(|login| proven && login.status == "active") else {
        return Err(invalid_credentials());
    };
    throttle.succeeded(&attempt);
    let organization = choose(&login, input.organization.as_deref())?;
    if login.has_second_factor {
        let challenge = challenge(&anyone, organization, &login).await?;
        return Err(SECOND_FACTOR_REQUIRED
            .because("Go on at /v1/auth/second-factor with this challenge and a code.")
            .telling("second_factor", challenge));
    }
    let pair = begin(&anyone, organization, login.user_id, login.version, &["pwd"], async |_| Ok(())).await?;
    SignedIn(pair).answer(&Grants::default())
}

/// Sign in with a second factor
///
/// The second half of a sign-in that was answered with a challenge: a code of the authenticator app, or a recovery code. Each code
/// works once. A wrong one is 401 `invalid-credentials`, and another can be tried; 401 `unauthenticated` says that the
/// challenge is over, and the sign-in begins anew. Ten wrong codes within 15 minutes, from wherever, are answered with 429
/// for the rest of that time.
#[utoipa::path(post, path = "/v1/auth/second-factor", tag = "Sign-in")]
async fn answer_second_factor(anyone: Anyone, input: Input<SecondFactorRequest>) -> Reply<Plain<TokenPair>> {
    #[derive(QueryableByName)]
    struct Challenged {
        #[diesel(sql_type = SqlUuid)]
        user_id: Uuid,
        #[diesel(sql_type = BigInt)]
        login_version: i64,
        #[diesel(sql_type = SqlUuid)]
        organization_id: Uuid,
        #[diesel(embed)]
        begun: Begun,
    }
    let input = input.0;
    let guess = Guess::read(input.code, input.recovery_code)?;
    let over = || UNAUTHENTICATED.because("The challenge does not hold, or not any more: sign in again.");
    let token = Opaque::read(&input.challenge).ok_or_else(over)?;
    let challenged: Option<Challenged> = anyone
        .database()
        .without_organization(async |db| {
            let begun = diesel::sql_query(
                "select t.user_id, t.login_version, t.organization_id, g.key, g.wait
                 from find_login_token($1, 'second_factor') t cross join lateral begin_guess(t.user_id) g",
            );
            Ok(begun.bind::<Binary, _>(&token.hash).get_result(db).await.optional()?)
        })
        .await?;
    let challenged = challenged.ok_or_else(over)?;
    let wrong = || {
        INVALID_CREDENTIALS
            .because("The code is wrong, or was used before: wait for the next one and try again.")
    };
    let proof = challenged.begun.judge(challenged.user_id, &guess)?.ok_or_else(wrong)?;
    let Challenged { user_id, login_version, organization_id, .. } = challenged;
    let taking = async |db: &mut Db| {
        if !proof.take(db, user_id).await? {
            return Err(wrong());
        }
        let using = diesel::sql_query("select use_login_token($1)").bind::<Binary, _>(&token.hash);
        using.execute(db).await?;
        Ok(())
    };
    let pair =
        begin(&anyone, organization_id, user_id, login_version, &["pwd", "otp", "mfa"], taking).await?;
    Plain(pair).answer(&Grants::default())
}

/// Take new tokens
///
/// A refresh token works once. One that comes a second time was copied, and ends its session; of two that are on their
/// way at once one wins, and the other is refused without harm.
#[utoipa::path(post, path = "/v1/auth/refresh", tag = "Sign-in")]
async fn refresh(anyone: Anyone, input: Input<RefreshRequest>) -> Reply<Plain<TokenPair>> {
    #[derive(QueryableByName)]
    struct Renewed {
        #[diesel(sql_type = Text)]
        outcome: String,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        out_user: Option<Uuid>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        out_signed_in_at: Option<DateTime<Utc>>,
        #[diesel(sql_type = Nullable<Array<Text>>)]
        out_amr: Option<Vec<String>>,
    }
    let over = || {
        let challenge = "Bearer error=\"invalid_token\"";
        UNAUTHENTICATED
            .because("The refresh token does not hold: sign in again.")
            .with(WWW_AUTHENTICATE, challenge)
    };
    let present = Opaque::read(&input.0.refresh_token).ok_or_else(over)?;
    let renewals = &app_data::<SignIn>(anyone.http()).renewals;
    let renewal = renewals.begin(&present.hash, anyone.arrived()).ok_or_else(over)?;
    let (text, next) = Opaque::make(present.organization, present.id)?;
    let renewed: Renewed = anyone
        .database()
        .as_system(present.organization, async |db| {
            let renewing = diesel::sql_query("select * from renew_session($1, $2, $3, $4)")
                .bind::<SqlUuid, _>(present.id)
                .bind::<Binary, _>(&present.hash)
                .bind::<Binary, _>(&next.hash)
                .bind::<Text, _>(request::current_id());
            Ok(renewing.get_result(db).await?)
        })
        .await?;
    if renewed.outcome == "reused" {
        log::warn!("a used refresh token came again: session {} ended", present.id);
    }
    let (user, signed_in_at) = renewed.out_user.zip(renewed.out_signed_in_at).ok_or_else(over)?;
    renewal.done();
    let claims = Claims::new(user, present.organization, present.id, false, signed_in_at.timestamp())
        .proven_by(renewed.out_amr.unwrap_or_default());
    Plain(pair(&anyone, &claims, text)?).answer(&Grants::default())
}

/// Sign out
///
/// Ends the session of the access token that is sent. It is refused from the next request on, and so is the refresh token.
#[utoipa::path(post, path = "/v1/auth/logout", tag = "Sign-in")]
async fn logout(may: May<Write, Me>) -> Reply<()> {
    may.write(async |db| {
        let own = sessions::table.find((db.organization(), may.claims().sid));
        diesel::update(own).set(sessions::status.eq("ended")).execute(db).await?;
        Ok(())
    })
    .await
}

/// The login with this address, whoever it belongs to.
async fn find_login(db: &mut Db, email: &str) -> Result<Option<Login>> {
    let found = diesel::sql_query("select * from find_login($1)").bind::<Text, _>(email);
    Ok(found.get_result(db).await.optional()?)
}

/// The same words for every reason.
pub(crate) fn invalid_credentials() -> Problem {
    INVALID_CREDENTIALS.because("E-mail or password is wrong, or this login may not sign in.")
}

/// The organization to sign in to. Which there are is told only now that the password was right.
fn choose(login: &Login, wanted: Option<&str>) -> Result<Uuid> {
    let places: Vec<Place> =
        serde_json::from_value(login.organizations.clone()).map_err(Problem::internal)?;
    match (wanted, places.as_slice()) {
        (Some(wanted), _) => {
            let named = |place: &&Place| place.slug == wanted || wanted.parse() == Ok(place.id);
            places.iter().find(named).map(|place| place.id).ok_or_else(invalid_credentials)
        }
        (None, []) => Err(invalid_credentials()),
        (None, [place]) => Ok(place.id),
        (None, _) => {
            let slugs: Vec<_> = places.iter().map(|place| format!("`{}`", place.slug)).collect();
            let rule = format!("must be one of the organizations that you belong to: {}", slugs.join(", "));
            Err(Problem::invalid(vec![Fault::at("/organization", "required", rule)]))
        }
    }
}

/// Asks for a second factor.
async fn challenge(anyone: &Anyone, organization: Uuid, login: &Login) -> Result<SecondFactorChallenge> {
    let (challenge, token) = Opaque::make(organization, Uuid::now_v7())?;
    let issued = anyone
        .database()
        .without_organization(async |db| {
            let purpose = Purpose::SecondFactor { version: login.version, organization };
            issue(db, &token, login.user_id, &purpose).await
        })
        .await?;
    if !issued {
        return Err(invalid_credentials());
    }
    let methods = vec![SecondFactorMethod::Totp, SecondFactorMethod::RecoveryCode];
    Ok(SecondFactorChallenge { challenge, methods, expires_in: 300 })
}

/// What a token of a login is for.
pub(crate) enum Purpose<'a> {
    /// The other half of a sign-in, while the login is as it was.
    SecondFactor { version: i64, organization: Uuid },
    /// A link in a mail: to choose another password.
    PasswordReset,
    /// A link in a mail: to confirm that this is their address.
    EmailChange { version: i64, email: &'a str },
}

/// Keeps the token for the login. False where the login is disabled, or is not as it was.
pub(crate) async fn issue(db: &mut Db, token: &Opaque, user: Uuid, purpose: &Purpose<'_>) -> Result<bool> {
    diesel::define_sql_function! {
        fn issue_login_token(hash: Binary, user: SqlUuid, version: Nullable<BigInt>, purpose: Text, organization: Nullable<SqlUuid>, email: Nullable<Text>) -> Bool;
    }
    let (name, version, organization, email) = match *purpose {
        Purpose::SecondFactor { version, organization } => {
            ("second_factor", Some(version), Some(organization), None)
        }
        Purpose::PasswordReset => ("password_reset", None, None, None),
        Purpose::EmailChange { version, email } => ("email_change", Some(version), None, Some(email)),
    };
    let issuing = issue_login_token(&token.hash, user, version, name, organization, email);
    Ok(diesel::select(issuing).get_result(db).await?)
}

/// Begins a session, in the transaction of what lets them in.
async fn begin(
    anyone: &Anyone,
    organization: Uuid,
    user: Uuid,
    version: i64,
    amr: &[&str],
    first: impl AsyncFn(&mut Db) -> Result<()>,
) -> Result<TokenPair> {
    #[derive(QueryableByName)]
    struct Started {
        #[diesel(sql_type = Nullable<Timestamptz>)]
        at: Option<DateTime<Utc>>,
    }
    let session = Uuid::now_v7();
    let (text, token) = Opaque::make(organization, session)?;
    let (address, user_agent) = (anyone.address(), anyone.user_agent());
    let signed_in_at: DateTime<Utc> = anyone
        .database()
        .as_system(organization, async |db| {
            first(db).await?;
            let starting = diesel::sql_query("select start_session($1, $2, $3, $4, $5, $6, $7, $8) as at")
                .bind::<SqlUuid, _>(user)
                .bind::<BigInt, _>(version)
                .bind::<SqlUuid, _>(session)
                .bind::<Binary, _>(&token.hash)
                .bind::<Text, _>(&address)
                .bind::<Nullable<Text>, _>(user_agent.as_ref())
                .bind::<Text, _>(request::current_id())
                .bind::<Array<Text>, _>(amr);
            let started: Started = starting.get_result(db).await?;
            started.at.ok_or_else(invalid_credentials) // and what was done first is undone
        })
        .await?;
    let claims = Claims::new(user, organization, session, false, signed_in_at.timestamp())
        .proven_by(amr.iter().map(|&way| way.to_owned()).collect());
    pair(anyone, &claims, text)
}

fn pair(anyone: &Anyone, claims: &Claims, refresh_token: String) -> Result<TokenPair> {
    let access_token = anyone.tokens().sign(claims)?;
    Ok(TokenPair { access_token, refresh_token, token_type: "Bearer".into(), expires_in: LIFETIME })
}

/// Getting, renewing and ending access.
pub fn routes(api: &mut Api) {
    api.open(operation!(login))
        .open(operation!(answer_second_factor))
        .open(operation!(refresh))
        .call(operation!(logout));
}
