//! Users: the logins of an organization's members. A login is one person's in every organization, so only the one that let
//! them in first, their home, may disable it; the others suspend their membership.
use crate::mails::{Mail, Mailer, Notice};
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use platform::may::app_data;
use platform::prelude::*;
use platform::problem::{CONFLICT, FORBIDDEN};
use platform::resource::same_version;

diesel::table! {
    /// The view of the logins that belong to members of the organization.
    users (org_id, id) {
        org_id -> Uuid,
        id -> Uuid,
        version -> Int8,
        email -> Text,
        name -> Text,
        status -> Text,
        is_managed_here -> Bool,
        password_changed_at -> Timestamptz,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        second_factor_enrolled_at -> Nullable<Timestamptz>,
    }
}

/// Somebody who can sign in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    pub id: Uuid,
    pub version: i64,
    /// Where they are reached, and how they sign in; upper and lower case are the same.
    #[schema(format = "email", max_length = 254, example = "ana.pop@demo.example")]
    pub email: String,
    /// What they are called.
    #[schema(max_length = 200, example = "Ana Pop")]
    pub name: String,
    pub status: UserStatus,
    /// Whether this organization is their home, whose administrators may disable the login.
    pub is_managed_here: bool,
    /// When they last chose a password.
    pub password_changed_at: DateTime<Utc>,
    /// Since when their sign-in asks for a second factor; null where it does not.
    #[schema(example = json!(null))]
    pub second_factor_enrolled_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether somebody may sign in at all.
    pub enum UserStatus { Active = "active", Disabled = "disabled" }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct UserFilter {
    /// Only users in this state.
    #[param(inline)]
    status: Option<UserStatus>,
    /// Only users who have a second factor, or only those who have none.
    has_second_factor: Option<bool>,
    /// Only the user with this address, as it is written.
    #[param(min_length = 1, max_length = 254)]
    email: Option<String>,
}

static LIFE: Life = Life {
    states: &[("active", "May sign in."), ("disabled", "May not sign in, to any organization.")],
    steps: &[
        Step { action: "disable", from: &["active"], to: "disabled", verb: "write" },
        Step { action: "enable", from: &["disabled"], to: "active", verb: "write" },
    ],
};

impl Named for User {
    const NAME: &'static str = "users";
}

impl Resource for User {
    const PATH: &'static str = "/v1/users";
    const SINGULAR: &'static str = "user";
    const TAG: &'static str = "Access";
    const SORT: &'static [SortKey] =
        &[SortKey::text("name"), SortKey::text("email"), SortKey::instant("created_at")];
    type Filter = UserFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn life() -> Option<&'static Life> {
        Some(&LIFE)
    }
    fn state(&self) -> Option<&'static str> {
        Some(self.status.as_str())
    }
}

impl Stored for User {
    type Table = users::table;
    const TABLE: &'static str = "users";
    const SEARCHED: &'static [&'static str] = &["name", "email"];

    fn narrow(rows: Rows<Self>, by: UserFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(users::status.eq(status)))
            .when(by.has_second_factor, |rows, has| {
                rows.filter(users::second_factor_enrolled_at.is_not_null().eq(has))
            })
            .when(by.email, |rows, email| rows.filter(users::email.eq(email)))
    }
}

/// Disable a user
///
/// Ends all their sessions, in every organization. Only their home organization may do it, and its last owner stays.
#[utoipa::path(post, path = "/v1/users/{id}/disable", tag = "Access")]
async fn disable_user(may: May<Write, User>, id: Id<User>) -> Reply<User> {
    step(may, id, "disable").await
}

/// Enable a user
///
/// They may sign in again, with the password that they had.
#[utoipa::path(post, path = "/v1/users/{id}/enable", tag = "Access")]
async fn enable_user(may: May<Write, User>, id: Id<User>) -> Reply<User> {
    step(may, id, "enable").await
}

async fn step(may: May<Write, User>, id: Id<User>, action: &str) -> Reply<User> {
    diesel::define_sql_function! { fn set_user_status(user: SqlUuid, version: BigInt, status: Text) -> Nullable<BigInt>; }
    let expected = may.if_match_given()?;
    may.write(async |db| {
        // Locked by the function, which looks at the version again.
        let user = User::find(db, id.0).await?;
        same_version(&user, expected)?;
        if !user.is_managed_here {
            return Err(FORBIDDEN.because(
                "Only the organization that let them in first may do this: suspend the membership instead.",
            ));
        }
        let status = LIFE.step(user.status.as_str(), action)?;
        let changed = diesel::select(set_user_status(user.id, user.version, status));
        if changed.get_result::<Option<i64>>(db).await?.is_none() {
            return Err(CONFLICT.because("The user was changed in the meantime: read it again."));
        }
        User::find(db, user.id).await
    })
    .await
}

/// Reset a second factor
///
/// For who lost their authenticator app and their recovery codes: from now on the password alone lets them in, and where a
/// role asks for a second factor, to enrol a new one and nothing else. Ends all their sessions, in every organization, and
/// tells them by mail. Only their home organization may do it, and nobody to themselves. A sensitive step, which asks for a
/// fresh sign-in. Who has none stays as they are.
#[utoipa::path(post, path = "/v1/users/{id}/reset-second-factor", tag = "Access")]
async fn reset_second_factor(may: May<Write, User>, id: Id<User>) -> Reply<User> {
    diesel::define_sql_function! { fn drop_second_factor(user: SqlUuid, keep: Nullable<SqlUuid>) -> Bool; }
    may.fresh()?;
    let expected = may.if_match_given()?;
    if id.0 == may.claims().sub {
        return Err(FORBIDDEN.because("Remove your own with a code of it, at /v1/me/second-factor/remove."));
    }
    may.write(async |db| {
        // The function looks at whose home this is; what follows says no in words, and undoes it.
        let dropped: bool = diesel::select(drop_second_factor(id.0, None::<Uuid>)).get_result(db).await?;
        let user = User::find(db, id.0).await?;
        same_version(&User { version: user.version - i64::from(dropped), ..user.clone() }, expected)?;
        if !user.is_managed_here {
            return Err(FORBIDDEN.because("Only the organization that let them in first may do this."));
        }
        if dropped {
            let notice = Mail::notice(user.id, Notice::SecondFactorReset);
            app_data::<Mailer>(may.http()).enqueue(db, &notice).await?;
        }
        Ok(user)
    })
    .await
}

/// The logins of the members.
pub fn routes(api: &mut Api) {
    api.readable::<User>()
        .call(operation!(disable_user))
        .call(operation!(enable_user))
        .call(operation!(reset_second_factor));
}
