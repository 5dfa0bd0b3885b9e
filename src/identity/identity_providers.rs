//! Identity providers: issuers whose tokens an organization takes (`OpenID` Connect). Whoever writes one says who is who here,
//! so this permission is as powerful as an owner's, and each write asks for a fresh sign-in.
use crate::roles::ask_for_fresh_sign_in;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Text};
use platform::may::app_data;
use platform::outgoing::Callable;
use platform::prelude::*;
use platform::resource::same_version;
use schema::identity_providers;

/// An issuer whose tokens are taken.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = identity_providers)]
pub struct IdentityProvider {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Company sign-in")]
    pub name: String,
    /// Its address, to the letter as its tokens name it: `iss`.
    #[schema(max_length = 500, example = "https://login.demo.example/tenant")]
    pub issuer: String,
    /// For whom its tokens are: one of their `aud`. A pair of issuer and audience that two providers name opens nothing.
    #[schema(max_length = 200, example = "backoffice-demo")]
    pub audience: String,
    /// The claim that names the subject, and never changes for them: `sub`, or `oid` at some issuers.
    #[schema(max_length = 100, example = "sub")]
    pub subject_claim: String,
    pub linked_by: LinkedBy,
    /// Domains whose addresses the issuer may speak for; all where there are none.
    #[schema(value_type = Vec<Domain>, max_items = 50, example = json!(["demo.example"]))]
    #[diesel(select_expression = allowed_domains())]
    #[diesel(select_expression_type = SqlLiteral<Array<Text>>)]
    pub allowed_domains: Vec<String>,
    pub status: ProviderStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

// No domain in it is null, which the generated schema can not say.
fn allowed_domains() -> SqlLiteral<Array<Text>> {
    sql("identity_providers.allowed_domains")
}

text_enum! {
    /// How a subject who comes for the first time is known: by an address that the issuer has verified, or as what the
    /// directory calls them by (`externalId`). Nobody becomes a member by signing in.
    pub enum LinkedBy { Email = "email", ExternalId = "external_id" }
}

text_enum! {
    /// Whether the issuer's tokens are taken.
    pub enum ProviderStatus { Active = "active", Disabled = "disabled" }
}

/// A domain of addresses.
#[derive(ToSchema)]
#[schema(max_length = 253, pattern = "^[a-z0-9-]+([.][a-z0-9-]+)+$", example = "demo.example")]
#[expect(dead_code, reason = "it tells the contract what a domain looks like")]
pub struct Domain(String);

/// An issuer to be taken.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = identity_providers, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewIdentityProvider {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Company sign-in")]
    name: String,
    /// Its address, to the letter as its tokens name it: public, and over HTTPS.
    #[schema(max_length = 500, pattern = "^https?://[!-~]+$", example = "https://login.demo.example/tenant")]
    issuer: String,
    /// For whom its tokens are: one of their `aud`.
    #[schema(min_length = 1, max_length = 200, example = "backoffice-demo")]
    audience: String,
    /// The claim that names the subject, and never changes for them.
    #[serde(default = "sub")]
    #[schema(
        max_length = 100,
        pattern = "^[A-Za-z][A-Za-z0-9_:/.-]{0,99}$",
        example = "sub",
        default = "sub"
    )]
    subject_claim: String,
    /// How a subject who comes for the first time is known.
    linked_by: LinkedBy,
    /// Domains whose addresses the issuer may speak for; all where there are none.
    #[serde(default)]
    #[schema(value_type = Vec<Domain>, max_items = 50, example = json!(["demo.example"]), required = false)]
    allowed_domains: Vec<String>,
}

fn sub() -> String {
    "sub".into()
}

/// What of an issuer can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = identity_providers)]
#[serde(deny_unknown_fields)]
pub struct EditIdentityProvider {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Company sign-in")]
    name: Option<String>,
    /// Its address, to the letter as its tokens name it. With another, everybody is linked anew.
    #[schema(max_length = 500, pattern = "^https?://[!-~]+$", example = "https://login.demo.example/tenant")]
    issuer: Option<String>,
    /// For whom its tokens are. With another, everybody is linked anew.
    #[schema(min_length = 1, max_length = 200, example = "backoffice-demo")]
    audience: Option<String>,
    /// The claim that names the subject. With another, everybody is linked anew.
    #[schema(max_length = 100, pattern = "^[A-Za-z][A-Za-z0-9_:/.-]{0,99}$", example = "sub")]
    subject_claim: Option<String>,
    /// How a subject who comes for the first time is known.
    linked_by: Option<LinkedBy>,
    /// Domains whose addresses the issuer may speak for; all where there are none.
    #[schema(value_type = Option<Vec<Domain>>, max_items = 50, example = json!(["demo.example"]))]
    allowed_domains: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct IdentityProviderFilter {
    /// Only providers in this state.
    #[param(inline)]
    status: Option<ProviderStatus>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Its tokens are taken."),
        ("disabled", "They are not, and the sessions that they opened are over."),
    ],
    steps: &[
        Step { action: "disable", from: &["active"], to: "disabled", verb: "write" },
        Step { action: "enable", from: &["disabled"], to: "active", verb: "write" },
    ],
};

impl Named for IdentityProvider {
    const NAME: &'static str = "identity-providers";
}

impl Resource for IdentityProvider {
    const PATH: &'static str = "/v1/identity-providers";
    const SINGULAR: &'static str = "identity_provider";
    const TAG: &'static str = "Access";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    type Filter = IdentityProviderFilter;

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

impl Stored for IdentityProvider {
    type Table = identity_providers::table;
    const TABLE: &'static str = "identity_providers";
    const SEARCHED: &'static [&'static str] = &["name", "issuer"];

    fn narrow(rows: Rows<Self>, by: IdentityProviderFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(identity_providers::status.eq(status)))
    }
}

impl Written for IdentityProvider {
    type New = NewIdentityProvider;
    type Edit = EditIdentityProvider;

    async fn check_new(db: &mut Db, _: &NewIdentityProvider) -> Result<()> {
        ask_for_fresh_sign_in(db).await
    }
    async fn check_edit(db: &mut Db, _: &IdentityProvider, _: &EditIdentityProvider) -> Result<()> {
        ask_for_fresh_sign_in(db).await
    }
}

/// Whether the issuer may be called; where its name leads is asked again with every call.
fn check_issuer(may: &May<Write, IdentityProvider>, issuer: Option<&String>) -> Result<()> {
    let Some(issuer) = issuer else { return Ok(()) };
    let told = |fault: Fault| Problem::invalid(vec![Fault { pointer: Some("/issuer".into()), ..fault }]);
    app_data::<Callable>(may.http()).check(issuer).map(|_| ()).map_err(told)
}

/// Create an identity provider
///
/// From then on bearer tokens of this issuer and for this audience open a session of the member whom their subject is linked
/// to. A sensitive step, which asks for a fresh sign-in: whoever may do it says who is who.
#[utoipa::path(post, path = "/v1/identity-providers", tag = "Access")]
async fn create_identity_provider(
    may: May<Write, IdentityProvider>,
    input: Input<NewIdentityProvider>,
) -> Reply<Created<IdentityProvider>> {
    may.write(async |db| {
        check_issuer(&may, Some(&input.0.issuer))?;
        IdentityProvider::create(db, input.0.clone()).await.map(Created)
    })
    .await
}

/// Change an identity provider
///
/// JSON Merge Patch (RFC 7396): a field that is left out keeps its value. Refused where `If-Match` is not its present version.
/// A sensitive step, which asks for a fresh sign-in. Where issuer, audience or subject change, its sessions end.
#[utoipa::path(patch, path = "/v1/identity-providers/{id}", tag = "Access")]
async fn update_identity_provider(
    may: May<Write, IdentityProvider>,
    id: Id<IdentityProvider>,
    edit: Input<EditIdentityProvider>,
) -> Reply<IdentityProvider> {
    may.write(async |db| {
        let expected = may.if_match()?;
        let provider = IdentityProvider::lock(db, id.0).await?;
        same_version(&provider, expected)?;
        check_issuer(&may, edit.0.issuer.as_ref())?;
        IdentityProvider::change(db, provider, edit.0.clone()).await
    })
    .await
}

/// Disable an identity provider
///
/// Its tokens are refused from the next request on, and the sessions that they opened are over.
#[utoipa::path(post, path = "/v1/identity-providers/{id}/disable", tag = "Access")]
async fn disable_identity_provider(
    may: May<Write, IdentityProvider>,
    id: Id<IdentityProvider>,
) -> Reply<IdentityProvider> {
    step(may, id, "disable").await
}

/// Enable an identity provider
///
/// Its tokens are taken again; everybody is linked anew. A sensitive step, which asks for a fresh sign-in.
#[utoipa::path(post, path = "/v1/identity-providers/{id}/enable", tag = "Access")]
async fn enable_identity_provider(
    may: May<Write, IdentityProvider>,
    id: Id<IdentityProvider>,
) -> Reply<IdentityProvider> {
    may.fresh()?;
    step(may, id, "enable").await
}

/// Whose tokens are taken.
pub fn routes(api: &mut Api) {
    api.readable::<IdentityProvider>()
        .deletable::<IdentityProvider>()
        .call(operation!(create_identity_provider))
        .call(operation!(update_identity_provider))
        .call(operation!(disable_identity_provider))
        .call(operation!(enable_identity_provider));
}
