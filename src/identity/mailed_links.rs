//! What links in mails do: a password that was forgotten is replaced, another address is confirmed. A link works once, for
//! half an hour, and for the login as it was when it was asked for; whether an address has a login is told to nobody but
//! whoever reads its mails.
use crate::mails::{Mail, Mailer, Notice};
use crate::opaque::Opaque;
use crate::passwords;
use crate::sign_in::SignIn;
use crate::throttle::PER_ADDRESS;
use actix_web::http::StatusCode;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Binary, Bool, Text, Uuid as SqlUuid};
use platform::anyone::Anyone;
use platform::api::OperationDoc;
use platform::may::{Grants, app_data};
use platform::prelude::*;
use platform::problem::FORBIDDEN;
use platform::request;

/// Links that are mailed for one address within fifteen minutes.
const LINKS: u32 = 5;

/// It was heard, and what becomes of it is told by mail: 202.
pub struct Heard;

impl Outcome for Heard {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(Answer::new(StatusCode::ACCEPTED, Vec::new()))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answer_nothing("202", "Heard; what becomes of it is told by mail");
    }
}

/// Who forgot their password.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordResetRequest {
    /// The address that they sign in with.
    #[schema(format = "email", min_length = 3, max_length = 254, example = "ana.pop@demo.example")]
    email: String,
}

/// Ask for a link to choose another password
///
/// Mails a link to the address, if it has a login that may sign in; the answer is the same and takes as long where it has
/// none. The link works once, for 30 minutes; only the newest does. A hundred requests from one address within 15 minutes
/// are answered with 429; beyond five for one login no more mail is sent for that time.
#[utoipa::path(post, path = "/v1/auth/password-reset", tag = "Sign-in")]
async fn request_password_reset(anyone: Anyone, input: Input<PasswordResetRequest>) -> Reply<Heard> {
    let throttle = &app_data::<SignIn>(anyone.http()).throttle;
    throttle.one_more("reset from", &anyone.address(), PER_ADDRESS)?;
    if throttle.one_more("reset of", &input.0.email, LINKS).is_ok() {
        // Whose address it is, if anybody's, is looked up where nobody waits for it.
        let mail = Mail::PasswordReset { email: input.0.email };
        let mailer = app_data::<Mailer>(anyone.http());
        anyone.database().without_organization(async |db| mailer.enqueue(db, &mail).await).await?;
    }
    Heard.answer(&Grants::default())
}

/// A password in place of the one that was forgotten.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmPasswordResetRequest {
    /// The token of the link.
    #[schema(min_length = 1, max_length = 100, example = "AZOMbn06fE6fCm8cKz1OXwGTjG59Onx…")]
    token: String,
    /// The password from now on: 8 to 256 characters of any script, none of the commonest, compared exactly.
    #[schema(format = "password", min_length = 8, max_length = 256, example = "four other words together")]
    new_password: String,
}

/// Choose another password
///
/// Ends all sessions of the user, in every organization, and lets nobody in: sign in afterwards, with the second factor if
/// there is one, which stays what it is.
#[utoipa::path(post, path = "/v1/auth/password-reset/confirm", tag = "Sign-in")]
async fn confirm_password_reset(anyone: Anyone, input: Input<ConfirmPasswordResetRequest>) -> Reply<()> {
    diesel::define_sql_function! { fn reset_password(token: Binary, password_hash: Text, request: Text) -> Nullable<SqlUuid>; }
    let input = input.0;
    if let Some((code, rule)) = passwords::fault(&input.new_password) {
        return Err(Problem::invalid(vec![Fault::at("/new_password", code, rule)]));
    }
    let token = Opaque::read(&input.token).ok_or_else(gone)?;
    // Nobody keeps us hashing with links that were made up.
    if !is_open(&anyone, &token, "password_reset").await? {
        return Err(gone());
    }
    let hash = passwords::hash(&input.new_password).await?;
    anyone
        .database()
        .without_organization(async |db| {
            let resetting = reset_password(&token.hash, &hash, request::current_id());
            let user: Option<Uuid> = diesel::select(resetting).get_result(db).await?;
            let notice = Mail::notice(user.ok_or_else(gone)?, Notice::PasswordChanged);
            app_data::<Mailer>(anyone.http()).enqueue(db, &notice).await
        })
        .await?;
    ().answer(&Grants::default())
}

/// Another address to sign in with.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeEmailRequest {
    /// The address from now on, once it is confirmed.
    #[schema(format = "email", min_length = 3, max_length = 254, example = "ana.ionescu@demo.example")]
    email: String,
}

/// Change my e-mail address
///
/// Mails a link to the new address and a notice to the present one; nothing changes until the link is followed, within 30
/// minutes. Where the address is somebody else's, the answer is the same and no link is sent. A sensitive step, which asks
/// for a fresh sign-in.
#[utoipa::path(post, path = "/v1/me/email", tag = "Sign-in")]
async fn change_my_email(may: May<Write, Me>, input: Input<ChangeEmailRequest>) -> Reply<Heard> {
    #[derive(QueryableByName)]
    struct Present {
        #[diesel(sql_type = Text)]
        email: String,
        #[diesel(sql_type = BigInt)]
        version: i64,
    }
    if may.claims().client_id.is_some() {
        return Err(FORBIDDEN.because("An API client has no address."));
    }
    may.fresh()?;
    let (user, email) = (may.claims().sub, input.0.email);
    app_data::<SignIn>(may.http()).throttle.one_more("address of", &user.to_string(), LINKS)?;
    may.write(async |db| {
        let present = diesel::sql_query("select email, version from users where org_id = $1 and id = $2");
        let present: Present =
            present.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(user).get_result(db).await?;
        if present.email != email {
            let mailer = app_data::<Mailer>(may.http());
            let confirmation = Mail::EmailChange { user, version: present.version, email: email.clone() };
            mailer.enqueue(db, &confirmation).await?;
            let notice = Mail::EmailChangeNotice { to: present.email, email: email.clone() };
            mailer.enqueue(db, &notice).await?;
        }
        Ok(Heard)
    })
    .await
}

/// The token of a link that confirms an address.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfirmEmailRequest {
    /// The token of the link.
    #[schema(min_length = 1, max_length = 100, example = "AZOMbn06fE6fCm8cKz1OXwGTjG59Onx…")]
    token: String,
}

/// Confirm an e-mail address
///
/// From now on the user signs in with the address that the link was mailed to. Their sessions go on.
#[utoipa::path(post, path = "/v1/auth/confirm-email", tag = "Sign-in")]
async fn confirm_email(anyone: Anyone, input: Input<ConfirmEmailRequest>) -> Reply<Confirmed> {
    diesel::define_sql_function! { fn change_email(token: Binary, request: Text) -> Nullable<SqlUuid>; }
    let token = Opaque::read(&input.0.token).ok_or_else(gone)?;
    anyone
        .database()
        .without_organization(async |db| {
            let changing = change_email(&token.hash, request::current_id());
            let user: Option<Uuid> = diesel::select(changing).get_result(db).await?;
            user.map(|_| ()).ok_or_else(gone)
        })
        .await?;
    Confirmed.answer(&Grants::default())
}

/// The address is theirs: 204, unless somebody else took it meanwhile.
pub struct Confirmed;

impl Outcome for Confirmed {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(Answer::new(StatusCode::NO_CONTENT, Vec::new()))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answer_nothing("204", "Done");
        doc.refusals.push("409"); // it became somebody else's in between
    }
}

async fn is_open(anyone: &Anyone, token: &Opaque, purpose: &str) -> Result<bool> {
    anyone
        .database()
        .ask(Uuid::nil(), async |db| {
            let open = diesel::dsl::sql::<Bool>("exists (select from find_login_token(")
                .bind::<Binary, _>(&token.hash)
                .sql(", ")
                .bind::<Text, _>(purpose)
                .sql("))");
            Ok(diesel::select(open).get_result(db).await?)
        })
        .await
}

fn gone() -> Problem {
    let rule = "is not the token of a link that holds: it was used, replaced by a newer one, or has run out";
    Problem::invalid(vec![Fault::at("/token", "no-open-link", rule)])
}

/// What is asked for by mail.
pub fn routes(api: &mut Api) {
    api.open(operation!(request_password_reset))
        .open(operation!(confirm_password_reset))
        .call(operation!(change_my_email))
        .open(operation!(confirm_email));
}
