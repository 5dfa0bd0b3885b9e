//! Invitations: how people come in. The inviter hands over a token that works once, for seven days; whoever brings it
//! chooses a password or, having a login, proves that it is theirs.
use crate::mails::{Mail, Mailer};
use crate::opaque::Opaque;
use crate::passwords;
use crate::sign_in::{Login, SignIn, invalid_credentials};
use actix_web::http::StatusCode;
use chrono::Duration;
use diesel::QueryableByName;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Binary, Bool, Nullable, Text, Uuid as SqlUuid};
use platform::anyone::Anyone;
use platform::api::OperationDoc;
use platform::may::{Grants, app_data};
use platform::prelude::*;
use platform::request;
use schema::invitations;

/// Days that an invitation is open.
const OPEN: i64 = 7;

/// Somebody who is asked to come in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = invitations)]
pub struct Invitation {
    pub id: Uuid,
    pub version: i64,
    /// The address that they will sign in with.
    #[schema(format = "email", max_length = 254, example = "dan.ionescu@demo.example")]
    pub email: String,
    /// The roles that they will hold.
    #[schema(max_items = 20)]
    #[diesel(select_expression = role_ids())]
    #[diesel(select_expression_type = SqlLiteral<Array<SqlUuid>>)]
    pub role_ids: Vec<Uuid>,
    /// The employee that they are.
    pub employee_id: Option<Uuid>,
    pub status: InvitationStatus,
    /// When it can no longer be accepted.
    pub expires_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

// No id in it is null, which the generated schema can not say.
fn role_ids() -> SqlLiteral<Array<SqlUuid>> {
    sql("invitations.role_ids")
}

text_enum! {
    /// What became of an invitation. One that ran out stays open and is of no use.
    pub enum InvitationStatus { Open = "open", Accepted = "accepted", Revoked = "revoked" }
}

/// An invitation to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvitation {
    /// The address that they will sign in with. Only one open invitation at a time.
    #[schema(format = "email", min_length = 3, max_length = 254, example = "dan.ionescu@demo.example")]
    email: String,
    /// The roles that they will hold; none that allows more than the inviter may.
    #[schema(min_items = 1, max_items = 20)]
    role_ids: Vec<Uuid>,
    /// The employee that they are.
    #[schema(example = json!(null))]
    employee_id: Option<Uuid>,
}

/// An invitation with its token, which is shown this once.
#[derive(Serialize, ToSchema)]
pub struct IssuedInvitation {
    /// Its id.
    id: Uuid,
    /// The address that they will sign in with.
    #[schema(format = "email", max_length = 254, example = "dan.ionescu@demo.example")]
    email: String,
    /// To be handed to them, and to nobody else. Null where this answer is given again: revoke and invite anew.
    #[schema(max_length = 100, example = "AZOMbn06fE6fCm8cKz1OXwGTjG59Onx…")]
    token: Option<String>,
    /// When it can no longer be accepted.
    expires_at: DateTime<Utc>,
    #[serde(skip)]
    version: i64,
}

impl Secret for IssuedInvitation {
    const FIELD: &'static str = "token";

    fn location(&self) -> String {
        format!("{}/{}", Invitation::PATH, self.id)
    }
    fn version(&self) -> i64 {
        self.version
    }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct InvitationFilter {
    /// Only invitations in this state.
    #[param(inline)]
    status: Option<InvitationStatus>,
    /// Only invitations to this address, as it is written.
    #[param(min_length = 1, max_length = 254)]
    email: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("open", "Waits to be accepted, for seven days."),
        ("accepted", "They came in."),
        ("revoked", "Its token is refused."),
    ],
    steps: &[Step { action: "revoke", from: &["open"], to: "revoked", verb: "write" }],
};

impl Named for Invitation {
    const NAME: &'static str = "invitations";
}

impl Resource for Invitation {
    const PATH: &'static str = "/v1/invitations";
    const SINGULAR: &'static str = "invitation";
    const TAG: &'static str = "Access";
    const SORT: &'static [SortKey] =
        &[SortKey::text("email"), SortKey::instant("expires_at"), SortKey::instant("created_at")];
    type Filter = InvitationFilter;

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

impl Stored for Invitation {
    type Table = invitations::table;
    const TABLE: &'static str = "invitations";
    const SEARCHED: &'static [&'static str] = &["email"];

    fn narrow(rows: Rows<Self>, by: InvitationFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(invitations::status.eq(status)))
            .when(by.email, |rows, email| rows.filter(invitations::email.eq(email)))
    }
}

/// Invite somebody
///
/// Mails them a link, and answers a token, once, to be handed over. Either works once, for seven days, at
/// `/v1/auth/accept-invitation`; but where mails are sent, only who follows the link can choose the password of a new login,
/// since only that proves whose address it is. A sensitive step, which asks for a fresh sign-in. Nobody grants more than they have.
#[utoipa::path(post, path = "/v1/invitations", tag = "Access")]
async fn create_invitation(
    may: May<Write, Invitation>,
    input: Input<NewInvitation>,
) -> Reply<Told<IssuedInvitation>> {
    may.fresh()?;
    may.write(async |db| {
        let id = Uuid::now_v7();
        let (text, token) = Opaque::make(db.organization(), id)?;
        let expires_at = Utc::now() + Duration::days(OPEN);
        let invitation = (
            invitations::id.eq(id),
            invitations::email.eq(&input.0.email),
            invitations::role_ids.eq(&input.0.role_ids),
            invitations::employee_id.eq(input.0.employee_id),
            invitations::token_hash.eq(token.hash),
            invitations::expires_at.eq(expires_at),
        );
        let made = diesel::insert_into(invitations::table).values(invitation);
        let made: Invitation = made.returning(Invitation::as_returning()).get_result(db).await?;
        app_data::<Mailer>(may.http()).enqueue(db, &Mail::Invitation { invitation: id }).await?;
        Ok(Told(IssuedInvitation {
            id,
            email: made.email,
            token: Some(text),
            expires_at: made.expires_at,
            version: made.version,
        }))
    })
    .await
}

/// Revoke an invitation
///
/// Its token is refused from now on, and the address can be invited anew.
#[utoipa::path(post, path = "/v1/invitations/{id}/revoke", tag = "Access")]
async fn revoke_invitation(may: May<Write, Invitation>, id: Id<Invitation>) -> Reply<Invitation> {
    may.write(async |db| {
        let invitation = lock(&may, db, &id).await?;
        let status = LIFE.step(invitation.status.as_str(), "revoke")?;
        let one = invitations::table.find((db.organization(), invitation.id));
        let stepped = diesel::update(one).set(invitations::status.eq(status));
        Ok(stepped.returning(Invitation::as_returning()).get_result(db).await?)
    })
    .await
}

/// Who comes in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptInvitationRequest {
    /// The token of the invitation.
    #[schema(min_length = 1, max_length = 100, example = "AZOMbn06fE6fCm8cKz1OXwGTjG59Onx…")]
    token: String,
    /// What they are called. Needed where the address has no login yet; else it has no effect.
    #[schema(min_length = 1, max_length = 200, example = "Dan Ionescu")]
    name: Option<String>,
    /// The password of the address's login. Where it has none yet, the one to be: 8 to 256 characters of any script, none
    /// of the commonest, compared exactly.
    #[schema(
        format = "password",
        min_length = 8,
        max_length = 256,
        example = "correct horse battery staple"
    )]
    password: String,
}

/// What was accepted, to sign in with.
#[derive(Serialize, ToSchema)]
pub struct AcceptedInvitation {
    /// The address to sign in with.
    #[schema(format = "email", max_length = 254, example = "dan.ionescu@demo.example")]
    email: String,
    /// The slug of the organization to sign in to.
    #[schema(max_length = 63, example = "demo")]
    organization: String,
}

impl Outcome for AcceptedInvitation {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(Answer::new(StatusCode::OK, serde_json::to_vec(self).map_err(Problem::internal)?))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<Self>("200", "They are a member now");
        doc.refusals.push("409"); // they were one before
    }
}

/// Accept an invitation
///
/// Makes the bearer of the token a member, with the roles that were promised. Without a login, they get one with this
/// name and password; with one, its password proves who they are. Sign in afterwards.
#[utoipa::path(post, path = "/v1/auth/accept-invitation", tag = "Sign-in")]
async fn accept_invitation(
    anyone: Anyone,
    input: Input<AcceptInvitationRequest>,
) -> Reply<AcceptedInvitation> {
    let input = input.0;
    let gone = || {
        let rule = "is not the token of an open invitation: it was used, revoked or has run out";
        Problem::invalid(vec![Fault::at("/token", "no-open-invitation", rule)])
    };
    let token = Opaque::read(&input.token).ok_or_else(gone)?;
    let Open { email, slug: organization, was_mailed, login } = anyone
        .database()
        .ask(token.organization, async |db| find(db, &token).await)
        .await?
        .ok_or_else(gone)?;
    let (user, new_login) = match &login {
        // The inviter, who has the other token, is told the same of an address without a login as of a wrong password.
        None if !was_mailed && app_data::<Mailer>(anyone.http()).reaches_people() => {
            (prove(&anyone, &email, None, &input.password).await?, None)
        }
        Some(login) => (prove(&anyone, &email, Some(login), &input.password).await?, None),
        None => (Uuid::now_v7(), Some(choose(&input).await?)),
    };
    let (name, hash) = new_login.unzip();
    let accepted: bool = anyone
        .database()
        .as_system(token.organization, async |db| {
            let accepting = sql::<Bool>("accept_invitation(")
                .bind::<SqlUuid, _>(token.id)
                .sql(", ")
                .bind::<Binary, _>(token.hash.clone())
                .sql(", ")
                .bind::<SqlUuid, _>(user)
                .sql(", ")
                .bind::<Text, _>(email.clone())
                .sql(", ")
                .bind::<Nullable<Text>, _>(name.clone())
                .sql(", ")
                .bind::<Nullable<Text>, _>(hash.clone())
                .sql(", ")
                .bind::<SqlUuid, _>(Uuid::now_v7())
                .sql(", ")
                .bind::<Text, _>(request::current_id())
                .sql(")");
            Ok(diesel::select(accepting).get_result(db).await?)
        })
        .await?;
    if !accepted {
        return Err(gone());
    }
    AcceptedInvitation { email, organization }.answer(&Grants::default())
}

/// An invitation that is open: the invited address, the organization's slug, whether the token is the one that was mailed,
/// and the login of the address.
#[derive(QueryableByName)]
struct Open {
    #[diesel(sql_type = Text)]
    email: String,
    #[diesel(sql_type = Text)]
    slug: String,
    #[diesel(sql_type = Bool)]
    was_mailed: bool,
    #[diesel(embed)]
    login: Option<Login>,
}

/// The invitation of this token, if it is open.
async fn find(db: &mut Db, token: &Opaque) -> Result<Option<Open>> {
    let open = diesel::sql_query(
        "select i.email, o.slug, link.hash is not distinct from $3 as was_mailed, l.*
         from invitations i join organizations o on o.org_id = i.org_id and o.id = i.org_id
         left join invitation_links link on link.org_id = i.org_id and link.invitation_id = i.id
         left join lateral find_login(i.email) l on true
         where i.org_id = $1 and i.id = $2 and $3 in (i.token_hash, link.hash) and i.status = 'open' and i.expires_at > now()",
    );
    let open = open
        .bind::<SqlUuid, _>(token.organization)
        .bind::<SqlUuid, _>(token.id)
        .bind::<Binary, _>(&token.hash)
        .get_result::<Open>(db)
        .await
        .optional()?;
    Ok(open)
}

/// That the login of the address is theirs: answers the user.
async fn prove(anyone: &Anyone, email: &str, login: Option<&Login>, password: &str) -> Result<Uuid> {
    let throttle = &app_data::<SignIn>(anyone.http()).throttle;
    let attempt = throttle.attempt(email, &anyone.address());
    let hash = login.map(|login| login.password_hash.clone());
    let proven = passwords::verify(password, hash, || throttle.begin(&attempt)).await?;
    match login.filter(|login| proven && login.status == "active") {
        Some(login) => {
            throttle.succeeded(&attempt);
            Ok(login.user_id)
        }
        None => Err(invalid_credentials()),
    }
}

/// The name and the hashed password of a login to be.
async fn choose(input: &AcceptInvitationRequest) -> Result<(String, String)> {
    let mut faults = Vec::new();
    if input.name.is_none() {
        faults.push(Fault::at("/name", "required", "must be given by who has no login yet"));
    }
    if let Some((code, rule)) = passwords::fault(&input.password) {
        faults.push(Fault::at("/password", code, rule));
    }
    match &input.name {
        Some(name) if faults.is_empty() => Ok((name.clone(), passwords::hash(&input.password).await?)),
        _ => Err(Problem::invalid(faults)),
    }
}

/// How people come in.
pub fn routes(api: &mut Api) {
    api.readable::<Invitation>()
        .call(operation!(create_invitation))
        .call(operation!(revoke_invitation))
        .open(operation!(accept_invitation));
}
