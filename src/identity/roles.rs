//! Roles: what somebody may do, by the name of their job. Twenty are built in and the same everywhere; an organization
//! adds its own. Nobody puts into a role what they do not hold themselves.
use crate::permissions;
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{IsNull, Output, ToSql};
use diesel::sql_types::Jsonb;
use platform::may::sign_in_again;
use platform::prelude::*;
use schema::roles;
use std::collections::HashSet;

pub use crate::permissions::catalogue;

text_enum! {
    /// How far a permission goes: what is mine, mine and what reports to me all the way down, everything.
    pub enum GrantReach { Own = "own", Team = "team", Org = "org" }
}

/// A permission, and how far it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The permission: a resource and a verb.
    #[schema(max_length = 100, pattern = "^[a-z][a-z-]*:[a-z][a-z-]*$", example = "employees:read")]
    pub permission: String,
    /// How far it goes.
    pub reach: GrantReach,
}

/// A permission that is held, and how far it goes.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "it tells the contract what a grant looks like where it goes out: open to new reaches"
)]
pub struct HeldGrant {
    /// The permission: a resource and a verb.
    #[schema(max_length = 100, example = "employees:read")]
    permission: String,
    /// How far it goes.
    reach: GrantReach,
}

/// What a role allows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[diesel(sql_type = Jsonb)]
#[serde(transparent)]
pub struct Grants(pub Vec<Grant>);

impl ToSql<Jsonb, Pg> for Grants {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> diesel::serialize::Result {
        std::io::Write::write_all(out, &[1])?;
        serde_json::to_writer(out, &self.0)?;
        Ok(IsNull::No)
    }
}

impl FromSql<Jsonb, Pg> for Grants {
    fn from_sql(value: PgValue<'_>) -> diesel::deserialize::Result<Self> {
        let value = <serde_json::Value as FromSql<Jsonb, Pg>>::from_sql(value)?;
        Ok(Self(serde_json::from_value(value)?))
    }
}

text_enum! {
    /// Whether a role is the program's or the organization's own.
    pub enum RoleKind { BuiltIn = "built_in", Custom = "custom" }
}

/// What somebody with a certain job may do.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = roles)]
pub struct Role {
    pub id: Uuid,
    pub version: i64,
    /// How programs call it; unique.
    #[schema(max_length = 63, example = "shift_leader")]
    pub name: String,
    /// How people call it.
    #[schema(max_length = 100, example = "Shift leader")]
    pub title: String,
    /// Whose job it is.
    #[schema(max_length = 500, example = "Plans who works when.")]
    pub description: Option<String>,
    pub kind: RoleKind,
    /// What it allows.
    #[schema(value_type = Vec<HeldGrant>, max_items = 500)]
    pub permissions: Grants,
    /// Whether who holds it needs a second factor. A session without one reaches `/v1/me` alone, from its next request on.
    pub requires_second_factor: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A role of the organization's own.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = roles, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewRole {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// How programs call it; unique.
    #[schema(max_length = 63, pattern = "^[a-z][a-z0-9_]{1,62}$", example = "shift_leader")]
    name: String,
    /// How people call it.
    #[schema(min_length = 1, max_length = 100, example = "Shift leader")]
    title: String,
    /// Whose job it is.
    #[schema(max_length = 500, example = "Plans who works when.")]
    description: Option<String>,
    /// What it allows; nothing that its maker does not hold with at least this reach.
    #[schema(value_type = Vec<Grant>, max_items = 500)]
    permissions: Grants,
    /// Whether who holds it needs a second factor.
    #[serde(default)]
    #[schema(default = false, example = false)]
    requires_second_factor: bool,
}

/// What of a role of the organization's own can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = roles)]
#[serde(deny_unknown_fields)]
pub struct EditRole {
    /// How programs call it; unique.
    #[schema(max_length = 63, pattern = "^[a-z][a-z0-9_]{1,62}$", example = "shift_leader")]
    name: Option<String>,
    /// How people call it.
    #[schema(min_length = 1, max_length = 100, example = "Shift leader")]
    title: Option<String>,
    /// Whose job it is.
    #[schema(max_length = 500, example = "Plans who works when.")]
    description: Option<Option<String>>,
    /// All that it allows from now on; nothing is added that the caller does not hold with at least this reach.
    /// Changing them asks for a fresh sign-in.
    #[schema(value_type = Option<Vec<Grant>>, max_items = 200)]
    permissions: Option<Grants>,
    /// Whether who holds it needs a second factor: of a built-in role the only thing that the organization chooses. It counts
    /// at the next request of everybody who holds it. Changing it asks for a fresh sign-in.
    requires_second_factor: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct RoleFilter {
    /// Only built-in roles, or only the organization's own.
    #[param(inline)]
    kind: Option<RoleKind>,
    /// Only roles that ask for a second factor, or only those that do not.
    requires_second_factor: Option<bool>,
    /// Only the role of this name.
    #[param(min_length = 2, max_length = 63)]
    name: Option<String>,
}

impl Named for Role {
    const NAME: &'static str = "roles";
}

impl Resource for Role {
    const PATH: &'static str = "/v1/roles";
    const SINGULAR: &'static str = "role";
    const TAG: &'static str = "Access";
    const SORT: &'static [SortKey] =
        &[SortKey::text("title"), SortKey::text("name"), SortKey::instant("created_at")];
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = RoleFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for Role {
    type Table = roles::table;
    const TABLE: &'static str = "roles";
    const SEARCHED: &'static [&'static str] = &["name", "title"];

    fn narrow(rows: Rows<Self>, by: RoleFilter) -> Rows<Self> {
        rows.when(by.kind, |rows, kind| rows.filter(roles::kind.eq(kind)))
            .when(by.requires_second_factor, |rows, asks| rows.filter(roles::requires_second_factor.eq(asks)))
            .when(by.name, |rows, name| rows.filter(roles::name.eq(name)))
    }
}

impl Written for Role {
    type New = NewRole;
    type Edit = EditRole;

    async fn check_new(db: &mut Db, new: &NewRole) -> Result<()> {
        check(&new.permissions)?;
        ask_for_fresh_sign_in(db).await
    }

    async fn check_edit(db: &mut Db, row: &Role, edit: &EditRole) -> Result<()> {
        let permissions = edit.permissions.as_ref().filter(|permissions| **permissions != row.permissions);
        if let Some(permissions) = permissions {
            check(permissions)?;
        }
        let asks_otherwise =
            edit.requires_second_factor.is_some_and(|asks| asks != row.requires_second_factor);
        if permissions.is_some() || asks_otherwise { ask_for_fresh_sign_in(db).await } else { Ok(()) }
    }
}

/// Permissions that there are, each once, with reaches that they have.
fn check(grants: &Grants) -> Result<()> {
    let mut seen = HashSet::new();
    let mut faults = Vec::new();
    for (index, grant) in grants.0.iter().enumerate() {
        let mut wrong = |field: &str, code: &str, rule: &str| {
            faults.push(Fault::at(format!("/permissions/{index}/{field}"), code, rule));
        };
        match permissions::find(&grant.permission) {
            None => wrong("permission", "no-such-permission", "there is no such permission"),
            Some(known) if !known.reaches.contains(&grant.reach) => {
                wrong(
                    "reach",
                    "not-for-this-permission",
                    "this permission reaches the whole organization or nothing: `org`",
                );
            }
            Some(_) if !seen.insert(&grant.permission) => {
                wrong("permission", "repeated", "must be granted once");
            }
            Some(_) => {}
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// As `May::fresh`, for what is found to be a sensitive step only when the row is there: widening a role is granting it to
/// all who hold it.
pub async fn ask_for_fresh_sign_in(db: &mut Db) -> Result<()> {
    let fresh = diesel::select(diesel::dsl::sql::<diesel::sql_types::Bool>(
        "exists (select from sessions where org_id = current_org() and id = (select current_session()) and signed_in_at > now() - interval '15 minutes')",
    ));
    if fresh.get_result(db).await? { Ok(()) } else { Err(sign_in_again()) }
}

/// All roles, to be read and kept.
pub fn routes(api: &mut Api) {
    api.resource::<Role>();
}
