//! Sessions: who is signed in, since when and from where. One that is ended is over at the very next request.
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Nullable, Text, Timestamptz};
use platform::prelude::*;
use schema::sessions;

/// Somebody, or an API client, signed in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = sessions)]
pub struct Session {
    pub id: Uuid,
    pub version: i64,
    /// The user who signed in; null where it was an API client.
    pub user_id: Option<Uuid>,
    /// The API client that took a token; null where it was a user.
    #[schema(example = json!(null))]
    pub api_client_id: Option<Uuid>,
    /// The address that they came from.
    #[schema(max_length = 64, example = "192.0.2.17")]
    pub address: Option<String>,
    /// The program that they used, as it calls itself.
    #[schema(max_length = 200, example = "Mozilla/5.0 (X11; Linux x86_64) Firefox/148.0")]
    pub user_agent: Option<String>,
    /// How the user proved who they are (RFC 8176): `pwd`, and with a second factor `otp` and `mfa`.
    #[schema(max_items = 10, example = json!(["pwd", "otp", "mfa"]))]
    #[diesel(select_expression = amr())]
    #[diesel(select_expression_type = SqlLiteral<Array<Text>>)]
    pub amr: Vec<String>,
    /// Whether a role of the user asks for a second factor that this session was begun without: it reaches `/v1/me` alone.
    pub awaits_second_factor: bool,
    /// When the password or the secret was given.
    pub signed_in_at: DateTime<Utc>,
    /// When its tokens were last renewed; null before that, and in its past.
    #[diesel(select_expression = last_used_at())]
    #[diesel(select_expression_type = SqlLiteral<Nullable<Timestamptz>>)]
    pub last_used_at: Option<DateTime<Utc>>,
    /// When it is over, whatever happens.
    pub expires_at: DateTime<Utc>,
    pub status: SessionStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

fn last_used_at() -> SqlLiteral<Nullable<Timestamptz>> {
    sql(
        "(select max(used_at) from refresh_tokens t where t.org_id = sessions.org_id and t.session_id = sessions.id)",
    )
}

// No way in it is null, which the generated schema can not say.
fn amr() -> SqlLiteral<Array<Text>> {
    sql("sessions.amr")
}

text_enum! {
    /// Whether a session was ended. One that ran out stays active and is of no use.
    pub enum SessionStatus { Active = "active", Ended = "ended" }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SessionFilter {
    /// Only sessions in this state.
    #[param(inline)]
    status: Option<SessionStatus>,
    /// Only sessions of this user.
    user_id: Option<Uuid>,
    /// Only sessions of this API client.
    api_client_id: Option<Uuid>,
}

pub(crate) static LIFE: Life = Life {
    states: &[("active", "Its tokens hold until it runs out."), ("ended", "Its tokens are refused.")],
    steps: &[Step { action: "end", from: &["active"], to: "ended", verb: "write" }],
};

impl Named for Session {
    const NAME: &'static str = "sessions";
}

impl Resource for Session {
    const PATH: &'static str = "/v1/sessions";
    const SINGULAR: &'static str = "session";
    const TAG: &'static str = "Access";
    const SORT: &'static [SortKey] = &[SortKey::instant("signed_in_at"), SortKey::instant("created_at")];
    type Filter = SessionFilter;

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

impl Stored for Session {
    type Table = sessions::table;
    const TABLE: &'static str = "sessions";
    const SEARCHED: &'static [&'static str] = &["address", "user_agent"];

    fn narrow(rows: Rows<Self>, by: SessionFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(sessions::status.eq(status)))
            .when(by.user_id, |rows, id| rows.filter(sessions::user_id.eq(id)))
            .when(by.api_client_id, |rows, id| rows.filter(sessions::api_client_id.eq(id)))
    }
}

/// End a session
///
/// Whoever is signed in with it is not any more, from their next request on.
#[utoipa::path(post, path = "/v1/sessions/{id}/end", tag = "Access")]
async fn end_session(may: May<Write, Session>, id: Id<Session>) -> Reply<Session> {
    may.write(async |db| {
        let session = lock(&may, db, &id).await?;
        end(db, session).await
    })
    .await
}

/// Ends the locked session.
///
/// # Errors
/// 409 where it has ended already.
pub(crate) async fn end(db: &mut Db, session: Session) -> Result<Session> {
    let status = LIFE.step(session.status.as_str(), "end")?;
    let one = sessions::table.find((db.organization(), session.id));
    let ended = diesel::update(one).set(sessions::status.eq(status));
    Ok(ended.returning(Session::as_returning()).get_result(db).await?)
}

/// All sessions, for those who watch over access.
pub fn routes(api: &mut Api) {
    api.readable::<Session>().call(operation!(end_session));
}
