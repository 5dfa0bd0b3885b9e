//! Proof that it is still the same person who sits there: sensitive steps ask for a sign-in within the last fifteen minutes
//! (RFC 9470), and this makes the session as fresh as one.
use crate::passwords;
use crate::second_factor::{Guess, begin_own, people_alone, wrong_code};
use crate::sign_in::SignIn;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use platform::may::app_data;
use platform::prelude::*;
use platform::request::peer_address;
use platform::token::{Claims, LIFETIME, Tokens};

/// Who proves that it is still them.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReauthenticateRequest {
    /// Their password, exactly.
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        example = "correct horse battery staple"
    )]
    password: String,
    /// The six digits that the authenticator app shows; needed where they have a second factor.
    #[schema(pattern = "^[0-9]{6}$", min_length = 6, max_length = 6, example = json!(null))]
    code: Option<String>,
    /// One of the recovery codes, instead.
    #[schema(min_length = 16, max_length = 40, example = json!(null))]
    recovery_code: Option<String>,
}

/// A fresh access token for the same session; its refresh token stays what it is.
#[derive(Serialize, ToSchema)]
pub struct FreshToken {
    /// To be sent as `Authorization: Bearer …` (RFC 9068). Null where this answer is given again: prove it once more.
    #[schema(max_length = 4096, example = "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFUzI1NiIsImtpZCI6…")]
    access_token: Option<String>,
    /// Always `Bearer`.
    #[schema(max_length = 20, example = "Bearer")]
    token_type: String,
    /// Seconds that the access token lives.
    #[schema(example = 600, minimum = 1, maximum = 600)]
    expires_in: i64,
}

impl Secrets for FreshToken {
    const FIELDS: &'static [&'static str] = &["access_token"];
}

/// Prove that it is still me
///
/// Takes the password again, and where there is a second factor a code of it; answers an access token with which sensitive
/// steps are done for the next fifteen minutes. Wrong passwords and codes count as at sign-in.
#[utoipa::path(post, path = "/v1/auth/reauthenticate", tag = "Sign-in")]
async fn reauthenticate(may: May<Write, Me>, input: Input<ReauthenticateRequest>) -> Reply<Once<FreshToken>> {
    #[derive(QueryableByName)]
    struct Known {
        #[diesel(sql_type = Nullable<Text>)]
        password_hash: Option<String>,
        #[diesel(sql_type = Bool)]
        has_second_factor: bool,
    }
    people_alone(&may)?;
    let (input, claims) = (input.0, may.claims());
    let user = claims.sub;
    let throttle = &app_data::<SignIn>(may.http()).throttle;
    let attempt = throttle.attempt(&user.to_string(), &peer_address(may.http()));
    throttle.check(&attempt)?;
    let known: Known = may
        .read(async |db| {
            let known = diesel::sql_query(
                "select find_password($1) as password_hash, enrolled_at is not null as has_second_factor from find_second_factor($1)",
            );
            Ok(known.bind::<SqlUuid, _>(user).get_result(db).await?)
        })
        .await?;
    let proven = passwords::verify(&input.password, known.password_hash, || throttle.begin(&attempt)).await?;
    if proven {
        throttle.succeeded(&attempt);
    }
    let place = if input.recovery_code.is_some() { "/recovery_code" } else { "/code" };
    let guess = if proven && known.has_second_factor {
        let guess = Guess::read(input.code, input.recovery_code)?;
        Some(begin_own(&may).await?.judge(user, &guess)?)
    } else {
        None
    };
    // Judged only here, so that the same request with the same Idempotency-Key gets its first answer.
    may.write(async |db| {
        if !proven {
            let rule = "is not the password that you have now";
            return Err(Problem::invalid(vec![Fault::at("/password", "wrong-password", rule)]));
        }
        if let Some(proof) = &guess {
            let taken = match proof {
                Some(proof) => proof.take(db, user).await?,
                None => false,
            };
            if !taken {
                return Err(wrong_code(place));
            }
        }
        let (signed_in_at, amr) = refresh(db, claims.sid, guess.is_some()).await?;
        let fresh = Claims::new(user, claims.org, claims.sid, false, signed_in_at.timestamp()).proven_by(amr);
        let access_token = Some(app_data::<Tokens>(may.http()).sign(&fresh)?);
        Ok(Once(FreshToken { access_token, token_type: "Bearer".into(), expires_in: LIFETIME }))
    })
    .await
}

/// The session is as fresh as one that begins now, and as good: one that came through another issuer has seen a code, too.
async fn refresh(db: &mut Db, session: Uuid, with_code: bool) -> Result<(DateTime<Utc>, Vec<String>)> {
    #[derive(QueryableByName)]
    struct Fresh {
        #[diesel(sql_type = Timestamptz)]
        signed_in_at: DateTime<Utc>,
        #[diesel(sql_type = Array<Text>)]
        amr: Vec<String>,
    }
    let refreshing = diesel::sql_query(
        "update sessions set signed_in_at = now(), amr = case when $3 and 'mfa' <> all(amr) then array(select distinct unnest(amr || '{pwd,otp,mfa}')) else amr end
         where org_id = $1 and id = $2 returning signed_in_at, amr",
    );
    let fresh: Fresh = refreshing
        .bind::<SqlUuid, _>(db.organization())
        .bind::<SqlUuid, _>(session)
        .bind::<Bool, _>(with_code)
        .get_result(db)
        .await?;
    Ok((fresh.signed_in_at, fresh.amr))
}

/// Getting fresh.
pub fn routes(api: &mut Api) {
    api.call(operation!(reauthenticate));
}
