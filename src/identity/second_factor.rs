//! The second factor: an authenticator app whose codes sign-in asks for beside the password (RFC 6238), and recovery codes
//! for who lost it. Who has one comes in with it alone; an organization says which of its roles ask for it.
use crate::mails::{Mail, Mailer, Notice};
use crate::throttle::{WINDOW, too_many};
use crate::totp;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Binary, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use platform::may::app_data;
use platform::prelude::*;
use platform::problem::{CONFLICT, FORBIDDEN};

/// Wrong codes that a login takes within [`WINDOW`], as the database counts them.
const GUESSES: u32 = 10;
const _: () = assert!(WINDOW.as_secs() == 15 * 60);

/// What somebody typed.
pub(crate) enum Guess {
    /// Six digits of the authenticator app.
    Code(String),
    /// A recovery code.
    Recovery(String),
}

impl Guess {
    /// One of the two.
    ///
    /// # Errors
    /// 422 where none or both were sent.
    pub fn read(code: Option<String>, recovery_code: Option<String>) -> Result<Self> {
        match (code, recovery_code) {
            (Some(code), None) => Ok(Self::Code(code)),
            (None, Some(code)) => Ok(Self::Recovery(code)),
            (sent, _) => {
                let rule = "send either `code` or `recovery_code`"; // of the two neither is at fault
                let code = if sent.is_some() { "not-both" } else { "no-code" };
                Err(Problem::invalid(vec![Fault::at("", code, rule)]))
            }
        }
    }
}

/// A guess that was counted, and what it is judged with.
#[derive(QueryableByName)]
pub(crate) struct Begun {
    #[diesel(sql_type = Nullable<Binary>)]
    key: Option<Vec<u8>>,
    #[diesel(sql_type = Nullable<BigInt>)]
    wait: Option<i64>,
}

impl Begun {
    /// What the guess proves, if it is right: that it was not used before is seen when it is taken.
    ///
    /// # Errors
    /// 429 after too many.
    pub fn judge(&self, user: Uuid, guess: &Guess) -> Result<Option<Proof>> {
        if let Some(wait) = self.wait {
            return Err(too_many("account", GUESSES, wait.max(1).unsigned_abs()));
        }
        let Some(key) = &self.key else { return Ok(None) };
        Ok(match guess {
            Guess::Code(code) => totp::step_of(key, code, Utc::now().timestamp()).map(Proof::Step),
            Guess::Recovery(code) => Some(Proof::Recovery(totp::hash(user, code))),
        })
    }
}

/// A right code, or a recovery code that may be one.
pub(crate) enum Proof {
    Step(i64),
    Recovery(Vec<u8>),
}

impl Proof {
    /// Takes the code, in the transaction of what it is taken for. False where it was taken before, or never given.
    pub async fn take(&self, db: &mut Db, user: Uuid) -> Result<bool> {
        diesel::define_sql_function! { fn take_code(user: SqlUuid, step: Nullable<BigInt>, recovery: Nullable<Binary>) -> Bool; }
        let (step, hash) = match self {
            Self::Step(step) => (Some(*step), None),
            Self::Recovery(hash) => (None, Some(hash)),
        };
        Ok(diesel::select(take_code(user, step, hash)).get_result(db).await?)
    }
}

/// Counts a guess of the caller's own.
pub(crate) async fn begin_own<V: Verb>(may: &May<V, Me>) -> Result<Begun> {
    let user = may.claims().sub;
    may.read(async |db| {
        // Where the caller was refused no organization is named, and nothing is counted.
        let begun = diesel::sql_query(
            "select key, wait from begin_guess(case when current_org() is not null then $1 end)",
        );
        Ok(begun.bind::<SqlUuid, _>(user).get_result(db).await?)
    })
    .await
}

/// The place and the rule, where a code is not right.
pub(crate) fn wrong_code(place: &str) -> Problem {
    let rule = "is wrong, or was used before: wait for the next one and try again";
    Problem::invalid(vec![Fault::at(place, "wrong-code", rule)])
}

/// Only people have one.
pub(crate) fn people_alone<V: Verb>(may: &May<V, Me>) -> Result<()> {
    match may.claims().client_id {
        None => Ok(()),
        Some(_) => Err(FORBIDDEN
            .because("An API client proves who it is by its secret, which an administrator changes.")),
    }
}

/// The caller's second factor.
#[derive(Serialize, ToSchema)]
pub struct OwnSecondFactor {
    /// Since when sign-in asks for it; null where there is none.
    enrolled_at: Option<DateTime<Utc>>,
    /// Whether one of the caller's roles here asks for one.
    is_required: bool,
    /// Whether this session was begun without one that is required: it reaches `/v1/me` alone.
    is_awaited: bool,
    /// Recovery codes that were not used yet.
    #[schema(minimum = 0, maximum = 10, example = 10)]
    recovery_codes_left: i64,
}

/// Read my second factor
///
/// Whether there is one, and whether one is needed.
#[utoipa::path(get, path = "/v1/me/second-factor", tag = "Sign-in")]
async fn get_my_second_factor(may: May<Read, Me>) -> Reply<Plain<OwnSecondFactor>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<Timestamptz>)]
        enrolled_at: Option<DateTime<Utc>>,
        #[diesel(sql_type = BigInt)]
        codes_left: i64,
        #[diesel(sql_type = Bool)]
        is_required: bool,
        #[diesel(sql_type = Bool)]
        is_awaited: bool,
    }
    let claims = may.claims();
    let row: Row = may
        .read(async |db| {
            let own = diesel::sql_query(
                "select f.enrolled_at, f.codes_left, s.awaits_second_factor as is_awaited,
                    s.user_id is not null and exists (select from roles r where r.org_id = s.org_id and r.id = any(s.role_ids) and r.requires_second_factor) as is_required
                 from sessions s cross join lateral find_second_factor(s.user_id) f
                 where s.org_id = $1 and s.id = $2",
            );
            Ok(own.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(claims.sid).get_result(db).await?)
        })
        .await?;
    let own = OwnSecondFactor {
        enrolled_at: row.enrolled_at,
        is_required: row.is_required,
        is_awaited: row.is_awaited,
        recovery_codes_left: row.codes_left,
    };
    Plain(own).answer(may.grants())
}

/// A key for the authenticator app, shown this once.
#[derive(Serialize, ToSchema)]
pub struct OfferedSecondFactor {
    /// The key, to be typed (base32). Null where this answer is given again: ask for another.
    #[schema(max_length = 100, example = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")]
    secret: Option<String>,
    /// The same as a QR code holds it.
    #[schema(
        max_length = 500,
        example = "otpauth://totp/backoffice:ana%40demo.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=backoffice"
    )]
    otpauth_uri: Option<String>,
}

impl Secrets for OfferedSecondFactor {
    const FIELDS: &'static [&'static str] = &["secret", "otpauth_uri"];
}

/// Begin to enrol a second factor
///
/// Answers a key for an authenticator app, once: six digits, 30 seconds, SHA-1 (RFC 6238), as all of them know it. Nothing
/// changes until `/v1/me/second-factor/confirm` takes a first code; asking again gives another key. A sensitive step, which
/// asks for a fresh sign-in.
#[utoipa::path(post, path = "/v1/me/second-factor", tag = "Sign-in")]
async fn offer_my_second_factor(may: May<Write, Me>) -> Reply<Once<OfferedSecondFactor>> {
    diesel::define_sql_function! { fn offer_second_factor(user: SqlUuid, key: Binary) -> Bool; }
    people_alone(&may)?;
    may.fresh()?;
    let user = may.claims().sub;
    may.write(async |db| {
        let key = totp::new_key()?;
        if !diesel::select(offer_second_factor(user, &key[..])).get_result::<bool>(db).await? {
            return Err(CONFLICT
                .because("You have a second factor: remove it first, at /v1/me/second-factor/remove."));
        }
        let address =
            diesel::dsl::sql::<Text>("(select email from find_address(").bind::<SqlUuid, _>(user).sql("))");
        let email: String = diesel::select(address).get_result(db).await?;
        Ok(Once(OfferedSecondFactor {
            secret: Some(totp::as_text(&key)),
            otpauth_uri: Some(totp::as_uri(&key, &email)),
        }))
    })
    .await
}

/// The first code of a new key.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmSecondFactorRequest {
    /// The six digits that the authenticator app shows.
    #[schema(pattern = "^[0-9]{6}$", min_length = 6, max_length = 6, example = "287082")]
    code: String,
}

/// Codes for who lost the authenticator app, shown this once.
#[derive(Serialize, ToSchema)]
pub struct RecoveryCodeList {
    /// Each works once, in place of a code. Null where this answer is given again: ask for others.
    #[schema(max_items = 10, example = json!(["mfrg-gzdf-mztw-q2lk"]))]
    recovery_codes: Option<Vec<String>>,
}

impl Secrets for RecoveryCodeList {
    const FIELDS: &'static [&'static str] = &["recovery_codes"];
}

/// Confirm my second factor
///
/// From now on sign-in asks for a code. Ends all other sessions of the user, in every organization, since they were begun
/// with the password alone; this one is as good as begun with both. Answers ten recovery codes, once. Wrong codes count as
/// at sign-in.
#[utoipa::path(post, path = "/v1/me/second-factor/confirm", tag = "Sign-in")]
async fn confirm_my_second_factor(
    may: May<Write, Me>,
    input: Input<ConfirmSecondFactorRequest>,
) -> Reply<Once<RecoveryCodeList>> {
    diesel::define_sql_function! {
        fn enrol_second_factor(user: SqlUuid, key: Binary, step: BigInt, recovery: Array<Binary>, session: SqlUuid) -> Bool;
    }
    people_alone(&may)?;
    may.fresh()?;
    let (user, session) = (may.claims().sub, may.claims().sid);
    let begun = begin_own(&may).await?;
    let proof = begun.judge(user, &Guess::Code(input.0.code))?;
    // Judged only here, so that the same request with the same Idempotency-Key gets its first answer.
    may.write(async |db| {
        let Some((Proof::Step(step), key)) = proof.as_ref().zip(begun.key.as_ref()) else {
            return Err(wrong_code("/code"));
        };
        let (codes, hashes) = totp::recovery_codes(user)?;
        let enrolling = enrol_second_factor(user, key, *step, hashes, session);
        if !diesel::select(enrolling).get_result::<bool>(db).await? {
            return Err(CONFLICT.because("There is no key that waits for its first code: ask for one first."));
        }
        app_data::<Mailer>(may.http()).enqueue(db, &Mail::notice(user, Notice::SecondFactorEnrolled)).await?;
        Ok(Once(RecoveryCodeList { recovery_codes: Some(codes) }))
    })
    .await
}

/// A code of the second factor, or a recovery code.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SecondFactorProof {
    /// The six digits that the authenticator app shows.
    #[schema(pattern = "^[0-9]{6}$", min_length = 6, max_length = 6, example = "287082")]
    code: Option<String>,
    /// One of the recovery codes, instead.
    #[schema(min_length = 16, max_length = 40, example = json!(null))]
    recovery_code: Option<String>,
}

/// Take new recovery codes
///
/// Answers ten, once; those before are worth nothing any more. A sensitive step, which asks for a fresh sign-in. Wrong codes
/// count as at sign-in.
#[utoipa::path(post, path = "/v1/me/second-factor/renew-recovery-codes", tag = "Sign-in")]
async fn renew_my_recovery_codes(
    may: May<Write, Me>,
    input: Input<SecondFactorProof>,
) -> Reply<Once<RecoveryCodeList>> {
    diesel::define_sql_function! { fn renew_recovery_codes(user: SqlUuid, recovery: Array<Binary>) -> Text; }
    let user = may.claims().sub;
    with_a_code(may, input.0, async |db| {
        let (codes, hashes) = totp::recovery_codes(user)?;
        diesel::select(renew_recovery_codes(user, hashes)).execute(db).await?;
        Ok(Once(RecoveryCodeList { recovery_codes: Some(codes) }))
    })
    .await
}

/// Remove my second factor
///
/// From now on the password alone lets the user in. Ends all other sessions, in every organization; where a role asks for a
/// second factor, this one reaches `/v1/me` alone until another is enrolled. A sensitive step, which asks for a fresh sign-in.
/// Wrong codes count as at sign-in.
#[utoipa::path(post, path = "/v1/me/second-factor/remove", tag = "Sign-in")]
async fn remove_my_second_factor(may: May<Write, Me>, input: Input<SecondFactorProof>) -> Reply<()> {
    diesel::define_sql_function! { fn drop_second_factor(user: SqlUuid, keep: SqlUuid) -> Bool; }
    let (user, session) = (may.claims().sub, may.claims().sid);
    let http = may.http().clone();
    with_a_code(may, input.0, async |db| {
        diesel::select(drop_second_factor(user, session)).execute(db).await?;
        app_data::<Mailer>(&http).enqueue(db, &Mail::notice(user, Notice::SecondFactorRemoved)).await
    })
    .await
}

/// Does what asks for a fresh sign-in and a code of the second factor that there is.
async fn with_a_code<T: Outcome>(
    may: May<Write, Me>,
    proof: SecondFactorProof,
    work: impl AsyncFn(&mut Db) -> Result<T>,
) -> Reply<T> {
    people_alone(&may)?;
    may.fresh()?;
    let user = may.claims().sub;
    let guess = Guess::read(proof.code, proof.recovery_code)?;
    let place = match guess {
        Guess::Code(_) => "/code",
        Guess::Recovery(_) => "/recovery_code",
    };
    let proof = begin_own(&may).await?.judge(user, &guess)?;
    may.write(async |db| {
        let enrolled = diesel::dsl::sql::<Bool>("(select enrolled_at is not null from find_second_factor(")
            .bind::<SqlUuid, _>(user)
            .sql("))");
        if !diesel::select(enrolled).get_result::<bool>(db).await? {
            return Err(CONFLICT.because("You have no second factor: enrol one at /v1/me/second-factor."));
        }
        let taken = match &proof {
            Some(proof) => proof.take(db, user).await?,
            None => false,
        };
        if taken { work(db).await } else { Err(wrong_code(place)) }
    })
    .await
}

/// Everybody's own second factor.
pub fn routes(api: &mut Api) {
    api.call(operation!(get_my_second_factor))
        .call(operation!(offer_my_second_factor))
        .call(operation!(confirm_my_second_factor))
        .call(operation!(renew_my_recovery_codes))
        .call(operation!(remove_my_second_factor));
}
