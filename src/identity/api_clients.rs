//! API clients: other companies' programs, and scripts of one's own. Each has scopes, which are permissions, and secrets,
//! two at a time, so that one is replaced without a gap. Tokens are taken at `/oauth/token`.
use crate::opaque::Opaque;
use crate::permissions;
use crate::roles::ask_for_fresh_sign_in;
use diesel::dsl::{now, sql};
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Binary, Text, Uuid as SqlUuid};
use platform::prelude::*;
use schema::{api_client_secrets, api_clients};

/// A program that may call.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = api_clients)]
pub struct ApiClient {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Payroll bureau")]
    pub name: String,
    /// The permissions that its tokens can have, each for the whole organization.
    #[schema(value_type = Vec<Scope>, max_items = 1000, example = json!(["employees:read"]))]
    #[diesel(select_expression = scopes())]
    #[diesel(select_expression_type = SqlLiteral<Array<Text>>)]
    pub scopes: Vec<String>,
    pub status: ApiClientStatus,
    /// When its secrets and tokens stop to hold; null for never.
    #[schema(example = json!(null))]
    pub expires_at: Option<DateTime<Utc>>,
    /// When it last got a new secret.
    pub secret_changed_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

// No scope in it is null, which the generated schema can not say.
fn scopes() -> SqlLiteral<Array<Text>> {
    sql("api_clients.scopes")
}

text_enum! {
    /// Whether an API client may take tokens.
    pub enum ApiClientStatus { Active = "active", Disabled = "disabled" }
}

/// A permission that tokens can have, for the whole organization.
#[derive(ToSchema)]
#[schema(max_length = 100, pattern = "^[a-z][a-z-]*:[a-z][a-z-]*$", example = "employees:read")]
#[expect(dead_code, reason = "it tells the contract what a scope looks like")]
pub struct Scope(String);

/// An API client to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = api_clients, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewApiClient {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Payroll bureau")]
    name: String,
    /// The permissions that its tokens can have; none that its maker does not hold for the whole organization.
    #[schema(value_type = Vec<Scope>, min_items = 1, max_items = 1000, example = json!(["employees:read"]))]
    scopes: Vec<String>,
    /// When its secrets and tokens stop to hold; null for never.
    #[schema(example = json!(null))]
    expires_at: Option<DateTime<Utc>>,
}

/// What of an API client can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = api_clients)]
#[serde(deny_unknown_fields)]
pub struct EditApiClient {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Payroll bureau")]
    name: Option<String>,
    /// All the permissions that its tokens can have from now on. What is taken away counts at its next request.
    /// Changing them asks for a fresh sign-in.
    #[schema(value_type = Option<Vec<Scope>>, min_items = 1, max_items = 1000, example = json!(["employees:read"]))]
    scopes: Option<Vec<String>>,
    /// When its secrets and tokens stop to hold; null for never. Tokens that were taken live out their ten minutes.
    #[schema(example = json!(null))]
    expires_at: Option<Option<DateTime<Utc>>>,
}

/// An API client with a new secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub struct IssuedSecret {
    /// Its `client_id` at `/oauth/token`.
    client_id: Uuid,
    /// Its `client_secret` there. Null where this answer is given again: rotate it.
    #[schema(max_length = 100, example = "AZOMbn06fE6fCm8cKz1OXwGTjG59Onx…")]
    client_secret: Option<String>,
    /// What it is called.
    #[schema(max_length = 100, example = "Payroll bureau")]
    name: String,
    /// The permissions that its tokens can have.
    #[schema(value_type = Vec<Scope>, max_items = 1000, example = json!(["employees:read"]))]
    scopes: Vec<String>,
    #[serde(skip)]
    version: i64,
}

impl Secret for IssuedSecret {
    const FIELD: &'static str = "client_secret";

    fn location(&self) -> String {
        format!("{}/{}", ApiClient::PATH, self.client_id)
    }
    fn version(&self) -> i64 {
        self.version
    }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ApiClientFilter {
    /// Only API clients in this state.
    #[param(inline)]
    status: Option<ApiClientStatus>,
}

pub(crate) static LIFE: Life = Life {
    states: &[("active", "May take tokens."), ("disabled", "May not, and those it has are refused.")],
    steps: &[
        Step { action: "disable", from: &["active"], to: "disabled", verb: "write" },
        Step { action: "enable", from: &["disabled"], to: "active", verb: "write" },
        Step { action: "rotate_secret", from: &["active"], to: "active", verb: "write" },
        Step { action: "retire_older_secret", from: &["active"], to: "active", verb: "write" },
        Step { action: "issue_directory_token", from: &["active"], to: "active", verb: "write" },
    ],
};

impl Named for ApiClient {
    const NAME: &'static str = "api-clients";
}

impl Resource for ApiClient {
    const PATH: &'static str = "/v1/api-clients";
    const SINGULAR: &'static str = "api_client";
    const TAG: &'static str = "Access";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    type Filter = ApiClientFilter;

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

impl Stored for ApiClient {
    type Table = api_clients::table;
    const TABLE: &'static str = "api_clients";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: ApiClientFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(api_clients::status.eq(status)))
    }
}

impl Written for ApiClient {
    type New = NewApiClient;
    type Edit = EditApiClient;

    async fn check_edit(db: &mut Db, row: &ApiClient, edit: &EditApiClient) -> Result<()> {
        match &edit.scopes {
            Some(scopes) if *scopes != row.scopes => {
                check(scopes)?;
                ask_for_fresh_sign_in(db).await
            }
            _ => Ok(()),
        }
    }
}

/// Scopes are permissions that there are.
fn check(scopes: &[String]) -> Result<()> {
    let unknown = scopes.iter().enumerate().filter(|(_, scope)| permissions::find(scope).is_none());
    let faults: Vec<_> = unknown
        .map(|(index, _)| {
            Fault::at(format!("/scopes/{index}"), "no-such-permission", "there is no such permission")
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Create an API client
///
/// Answers its secret, once. A sensitive step, which asks for a fresh sign-in. Nobody grants more than they have.
#[utoipa::path(post, path = "/v1/api-clients", tag = "Access")]
async fn create_api_client(
    may: May<Write, ApiClient>,
    input: Input<NewApiClient>,
) -> Reply<Told<IssuedSecret>> {
    may.fresh()?;
    check(&input.0.scopes)?;
    may.write(async |db| {
        let made = diesel::insert_into(api_clients::table).values(input.0.clone());
        let client: ApiClient = made.returning(ApiClient::as_returning()).get_result(db).await?;
        issue(db, client).await
    })
    .await
}

/// Rotate the secret of an API client
///
/// Answers a new secret, once. The one before it holds on, so that the program can be changed over; the one before that
/// is gone. A sensitive step, which asks for a fresh sign-in and for every permission among the scopes.
#[utoipa::path(post, path = "/v1/api-clients/{id}/rotate-secret", tag = "Access")]
async fn rotate_api_client_secret(
    may: May<Write, ApiClient>,
    id: Id<ApiClient>,
) -> Reply<Told<IssuedSecret>> {
    may.fresh()?;
    may.write(async |db| {
        let client = lock(&may, db, &id).await?;
        LIFE.step(client.status.as_str(), "rotate_secret")?;
        let one = api_clients::table.find((db.organization(), client.id));
        let rotated = diesel::update(one).set(api_clients::secret_changed_at.eq(now));
        let client: ApiClient = rotated.returning(ApiClient::as_returning()).get_result(db).await?;
        issue(db, client).await
    })
    .await
}

/// Retire the older secret of an API client
///
/// Once the program uses the new one. Of a single secret nothing is taken away.
#[utoipa::path(post, path = "/v1/api-clients/{id}/retire-older-secret", tag = "Access")]
async fn retire_older_api_client_secret(may: May<Write, ApiClient>, id: Id<ApiClient>) -> Reply<ApiClient> {
    may.write(async |db| {
        let client = lock(&may, db, &id).await?;
        LIFE.step(client.status.as_str(), "retire_older_secret")?;
        let older = api_client_secrets::table
            .filter(api_client_secrets::org_id.eq(db.organization()))
            .filter(api_client_secrets::api_client_id.eq(client.id))
            .filter(sql::<diesel::sql_types::Bool>(
                "exists (select from api_client_secrets n where n.org_id = api_client_secrets.org_id
                    and n.api_client_id = api_client_secrets.api_client_id and n.created_at > api_client_secrets.created_at)",
            ));
        diesel::delete(older).execute(db).await?;
        // Changes nothing of it, and tells in its history that it was done.
        let one = api_clients::table.find((db.organization(), client.id));
        let told = diesel::update(one).set(api_clients::status.eq(client.status));
        Ok(told.returning(ApiClient::as_returning()).get_result(db).await?)
    })
    .await
}

/// Makes a secret, in place of the older of two.
async fn issue(db: &mut Db, client: ApiClient) -> Result<Told<IssuedSecret>> {
    let (text, secret) = Opaque::make(db.organization(), client.id)?;
    let issuing = diesel::sql_query(
        "insert into api_client_secrets (id, api_client_id, slot, hash)
         select $1, $2, place.slot, $3
         from generate_series(1, 2) place (slot)
         left join api_client_secrets taken on taken.org_id = current_org() and taken.api_client_id = $2 and taken.slot = place.slot
         order by taken.created_at nulls first, place.slot limit 1
         on conflict (org_id, api_client_id, slot) do update
             set id = excluded.id, hash = excluded.hash, created_at = excluded.created_at, last_used_at = null",
    );
    issuing
        .bind::<SqlUuid, _>(Uuid::now_v7())
        .bind::<SqlUuid, _>(client.id)
        .bind::<Binary, _>(secret.hash)
        .execute(db)
        .await?;
    Ok(Told(IssuedSecret {
        client_id: client.id,
        client_secret: Some(text),
        name: client.name,
        scopes: client.scopes,
        version: client.version,
    }))
}

/// Disable an API client
///
/// It takes no more tokens, and those it has are refused from the next request on.
#[utoipa::path(post, path = "/v1/api-clients/{id}/disable", tag = "Access")]
async fn disable_api_client(may: May<Write, ApiClient>, id: Id<ApiClient>) -> Reply<ApiClient> {
    step(may, id, "disable").await
}

/// Enable an API client
///
/// It takes tokens again, with the secrets that it had.
#[utoipa::path(post, path = "/v1/api-clients/{id}/enable", tag = "Access")]
async fn enable_api_client(may: May<Write, ApiClient>, id: Id<ApiClient>) -> Reply<ApiClient> {
    step(may, id, "enable").await
}

/// Programs that may call, and their secrets.
pub fn routes(api: &mut Api) {
    api.readable::<ApiClient>()
        .changeable::<ApiClient>()
        .deletable::<ApiClient>()
        .call(operation!(create_api_client))
        .call(operation!(rotate_api_client_secret))
        .call(operation!(retire_older_api_client_secret))
        .call(operation!(disable_api_client))
        .call(operation!(enable_api_client));
}
