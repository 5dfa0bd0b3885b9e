//! What is everybody's own: who I am, what I may do, where I am signed in, my password.
use crate::mails::{Mail, Mailer, Notice};
use crate::passwords;
use crate::roles::{Grant, HeldGrant};
use crate::sessions::{Session, end};
use crate::sign_in::SignIn;
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use platform::may::app_data;
use platform::prelude::*;
use platform::problem::{CONFLICT, FORBIDDEN};
use platform::request::peer_address;
use serde_json::Value;

text_enum! {
    /// Who calls: a person, or another company's program.
    pub enum CallerKind { User = "user", ApiClient = "api_client" }
}

/// Who calls, and what they may do.
#[derive(Serialize, ToSchema)]
pub struct Caller {
    /// A person or a program.
    kind: CallerKind,
    /// The user or the API client.
    id: Uuid,
    /// The user's address; null for an API client.
    #[schema(format = "email", max_length = 254, example = "owner@demo.example")]
    email: Option<String>,
    /// What they are called.
    #[schema(max_length = 200, example = "Ana Pop")]
    name: String,
    /// The organization that they signed in to.
    organization: CallersOrganization,
    /// The employee that the login belongs to.
    employee_id: Option<Uuid>,
    /// The session that the access token stands on.
    session_id: Uuid,
    /// When the password or the secret was given. Sensitive steps ask for one given within 15 minutes.
    signed_in_at: DateTime<Utc>,
    /// The roles that they hold.
    #[schema(max_items = 20)]
    roles: Vec<HeldRole>,
    /// What the roles allow together, each permission as far as it goes.
    #[schema(value_type = Vec<HeldGrant>, max_items = 1000)]
    permissions: Vec<Grant>,
}

/// The organization that the caller signed in to.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct CallersOrganization {
    /// Its id.
    id: Uuid,
    /// Its short name at sign-in.
    #[schema(max_length = 63, example = "demo")]
    slug: String,
    /// What it is called.
    #[schema(max_length = 200, example = "Demo Company SRL")]
    name: String,
}

/// A role that the caller holds.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct HeldRole {
    /// The role.
    id: Uuid,
    /// How programs call it.
    #[schema(max_length = 63, example = "owner")]
    name: String,
    /// How people call it.
    #[schema(max_length = 100, example = "Owner")]
    title: String,
}

/// Read who I am
///
/// The caller, their organization, and the permissions that hold now.
#[utoipa::path(get, path = "/v1/me", tag = "Sign-in")]
async fn get_me(may: May<Read, Me>) -> Reply<Plain<Caller>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Nullable<SqlUuid>)]
        user_id: Option<Uuid>,
        #[diesel(sql_type = Nullable<Text>)]
        email: Option<String>,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Nullable<SqlUuid>)]
        employee_id: Option<Uuid>,
        #[diesel(sql_type = Timestamptz)]
        signed_in_at: DateTime<Utc>,
        #[diesel(sql_type = Jsonb)]
        organization: Value,
        #[diesel(sql_type = Jsonb)]
        roles: Value,
        #[diesel(sql_type = Jsonb)]
        permissions: Value,
    }
    let claims = may.claims();
    let row: Row = may
        .read(async |db| {
            let me = diesel::sql_query(
                "select s.user_id, u.email, coalesce(u.name, c.name) as name, s.employee_id, s.signed_in_at,
                    jsonb_build_object('id', o.id, 'slug', o.slug, 'name', o.name) as organization,
                    (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'name', r.name, 'title', r.title) order by r.title), '[]')
                        from roles r where r.org_id = s.org_id and r.id = any(s.role_ids)) as roles,
                    (select coalesce(jsonb_agg(jsonb_build_object('permission', held.permission, 'reach', held.reach) order by held.permission), '[]')
                        from (select p.resource || ':' || p.verb as permission,
                                ('{own,team,org}'::text[])[max(array_position('{own,team,org}', p.reach))] as reach
                            from role_permissions p where p.org_id = s.org_id and p.role_id = any(s.role_ids) group by 1) held
                        where s.scopes is null or held.permission = any(s.scopes)) as permissions
                 from sessions s
                 join organizations o on o.org_id = s.org_id and o.id = s.org_id
                 left join users u on u.org_id = s.org_id and u.id = s.user_id
                 left join api_clients c on c.org_id = s.org_id and c.id = s.api_client_id
                 where s.org_id = $1 and s.id = $2",
            );
            Ok(me.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(claims.sid).get_result(db).await?)
        })
        .await?;
    let caller = Caller {
        kind: if row.user_id.is_some() { CallerKind::User } else { CallerKind::ApiClient },
        id: claims.sub,
        email: row.email,
        name: row.name,
        organization: serde_json::from_value(row.organization).map_err(Problem::internal)?,
        employee_id: row.employee_id,
        session_id: claims.sid,
        signed_in_at: row.signed_in_at,
        roles: serde_json::from_value(row.roles).map_err(Problem::internal)?,
        permissions: serde_json::from_value(row.permissions).map_err(Problem::internal)?,
    };
    Plain(caller).answer(may.grants())
}

/// Where the caller is signed in.
#[derive(Serialize, ToSchema)]
pub struct OwnSessions {
    /// The sessions that hold, newest first, a hundred at the most.
    #[schema(max_items = 100)]
    data: Vec<OwnSession>,
}

/// A session of the caller's own.
#[derive(Serialize, ToSchema, QueryableByName)]
pub struct OwnSession {
    /// Which one, to end it.
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    /// Whether it is the one of this request.
    #[diesel(sql_type = Bool)]
    is_this_one: bool,
    /// The address that it was begun from.
    #[schema(max_length = 64, example = "192.0.2.17")]
    #[diesel(sql_type = Nullable<Text>)]
    address: Option<String>,
    /// The program that it was begun with, as it calls itself.
    #[schema(max_length = 200, example = "Mozilla/5.0 (X11; Linux x86_64) Firefox/148.0")]
    #[diesel(sql_type = Nullable<Text>)]
    user_agent: Option<String>,
    /// When the password or the secret was given.
    #[diesel(sql_type = Timestamptz)]
    signed_in_at: DateTime<Utc>,
    /// When its tokens were last renewed; null before that.
    #[diesel(sql_type = Nullable<Timestamptz>)]
    last_used_at: Option<DateTime<Utc>>,
    /// When it is over, whatever happens.
    #[diesel(sql_type = Timestamptz)]
    expires_at: DateTime<Utc>,
}

/// List my sessions
///
/// Where the caller is signed in to this organization.
#[utoipa::path(get, path = "/v1/me/sessions", tag = "Sign-in")]
async fn list_my_sessions(may: May<Read, Me>) -> Reply<Plain<OwnSessions>> {
    let claims = may.claims();
    let data = may
        .read(async |db| {
            let own = diesel::sql_query(
                "select id, id = $3 as is_this_one, address, user_agent, signed_in_at, expires_at,
                    (select max(used_at) from refresh_tokens t where t.org_id = s.org_id and t.session_id = s.id) as last_used_at
                 from sessions s
                 where org_id = $1 and (user_id = $2 or api_client_id = $2) and status = 'active' and expires_at > now()
                 order by id desc limit 100",
            );
            let own = own.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(claims.sub).bind::<SqlUuid, _>(claims.sid);
            Ok(own.load(db).await?)
        })
        .await?;
    Plain(OwnSessions { data }).answer(may.grants())
}

/// End a session of mine
///
/// A device that was lost, or a place where somebody forgot to sign out.
#[utoipa::path(post, path = "/v1/me/sessions/{id}/end", tag = "Sign-in")]
async fn end_my_session(may: May<Write, Me>, id: Id<Session>) -> Reply<Session> {
    let me = may.claims().sub;
    let expected = may.if_match_given()?;
    may.write(async |db| {
        let session = Session::lock(db, id.0).await?;
        if session.user_id != Some(me) && session.api_client_id != Some(me) {
            return Err(Problem::not_found());
        }
        platform::resource::same_version(&session, expected)?;
        end(db, session).await
    })
    .await
}

/// A new password.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangePasswordRequest {
    /// The password until now.
    #[schema(
        format = "password",
        min_length = 1,
        max_length = 256,
        example = "correct horse battery staple"
    )]
    current_password: String,
    /// The password from now on: 8 to 256 characters of any script, none of the commonest, compared exactly.
    #[schema(format = "password", min_length = 8, max_length = 256, example = "four other words together")]
    new_password: String,
}

/// Change my password
///
/// Ends all other sessions of the user, in every organization. Wrong present passwords count as failed sign-ins.
#[utoipa::path(post, path = "/v1/me/change-password", tag = "Sign-in")]
async fn change_password(may: May<Write, Me>, input: Input<ChangePasswordRequest>) -> Reply<()> {
    diesel::define_sql_function! { fn find_password(user: SqlUuid) -> Nullable<Text>; }
    diesel::define_sql_function! { fn change_password(user: SqlUuid, present: Text, new: Text, keep: SqlUuid) -> Bool; }
    let (input, claims) = (input.0, may.claims());
    if claims.client_id.is_some() {
        return Err(
            FORBIDDEN.because("An API client has no password; its secret is changed by an administrator.")
        );
    }
    if let Some((code, rule)) = passwords::fault(&input.new_password) {
        return Err(Problem::invalid(vec![Fault::at("/new_password", code, rule)]));
    }
    let throttle = &app_data::<SignIn>(may.http()).throttle;
    let attempt = throttle.attempt(&claims.sub.to_string(), &peer_address(may.http()));
    throttle.check(&attempt)?;
    let present: Option<String> =
        may.read(async |db| Ok(diesel::select(find_password(claims.sub)).get_result(db).await?)).await?;
    let present = present.ok_or_else(Problem::not_found)?;
    let proven =
        passwords::verify(&input.current_password, Some(present.clone()), || throttle.check(&attempt))
            .await?;
    let new = if proven { passwords::hash(&input.new_password).await? } else { String::new() };
    // Judged only here, so that the same request with the same Idempotency-Key gets its first answer.
    may.write(async |db| {
        if !proven {
            throttle.failed(&attempt);
            let rule = "is not the password that you have now";
            return Err(Problem::invalid(vec![Fault::at("/current_password", "wrong-password", rule)]));
        }
        let changing = change_password(claims.sub, &present, &new, claims.sid);
        if !diesel::select(changing).get_result::<bool>(db).await? {
            return Err(
                CONFLICT.because("The password was changed in the meantime: start again with the new one.")
            );
        }
        app_data::<Mailer>(may.http()).enqueue(db, &Mail::notice(claims.sub, Notice::PasswordChanged)).await
    })
    .await
}

/// Everybody's own.
pub fn routes(api: &mut Api) {
    api.call(operation!(get_me))
        .call(operation!(list_my_sessions))
        .call(operation!(end_my_session))
        .call(operation!(change_password));
}
