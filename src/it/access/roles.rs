//! Roles of systems: what somebody may be in a system, and for how long at the most.

use platform::prelude::*;
use schema::system_roles;

/// What somebody may be in a system.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = system_roles)]
pub struct SystemRole {
    pub id: Uuid,
    pub version: i64,
    /// The system.
    pub system_id: Uuid,
    /// What it is called; unique in its system.
    #[schema(max_length = 100, example = "Payroll accountant")]
    pub name: String,
    /// What its holder may do.
    #[schema(max_length = 2000, example = "Enters and checks; releases nothing.")]
    pub description: Option<String>,
    /// For how many days it is given at the most; null where it is given for good.
    #[schema(minimum = 1, maximum = 3660, example = json!(null))]
    pub longest_days: Option<i32>,
    pub status: SystemRoleStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a role can be asked for.
    pub enum SystemRoleStatus { Active = "active", Archived = "archived" }
}

/// A system role to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = system_roles, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewSystemRole {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The system.
    system_id: Uuid,
    /// What it is called; unique in its system.
    #[schema(min_length = 1, max_length = 100, example = "Payroll accountant")]
    name: String,
    /// What its holder may do.
    #[schema(min_length = 1, max_length = 2000, example = "Enters and checks; releases nothing.")]
    description: Option<String>,
    /// For how many days it is given at the most; null where it is given for good.
    #[schema(minimum = 1, maximum = 3660, example = json!(null))]
    longest_days: Option<i32>,
}

/// What of a system role can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = system_roles)]
#[serde(deny_unknown_fields)]
pub struct EditSystemRole {
    /// What it is called; unique in its system.
    #[schema(min_length = 1, max_length = 100, example = "Payroll accountant (all companies)")]
    name: Option<String>,
    /// What its holder may do.
    #[schema(min_length = 1, max_length = 2000, example = "Enters, checks and prints; releases nothing.")]
    description: Option<Option<String>>,
    /// For how many days it is given at the most; null where it is given for good.
    #[schema(minimum = 1, maximum = 3660, example = 365)]
    longest_days: Option<Option<i32>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SystemRoleFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<SystemRoleStatus>,
    /// Only roles of this system.
    system_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "It can be asked for."),
        ("archived", "Nobody gets it any more; those who hold it do."),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for SystemRole {
    const NAME: &'static str = "system-roles";
}

impl Resource for SystemRole {
    const PATH: &'static str = "/v1/system-roles";
    const SINGULAR: &'static str = "system_role";
    const TAG: &'static str = "System access";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["system_id", "name"];
    type Filter = SystemRoleFilter;

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

impl Stored for SystemRole {
    type Table = system_roles::table;
    const TABLE: &'static str = "system_roles";
    const SEARCHED: &'static [&'static str] = &["name", "description"];

    fn narrow(rows: Rows<Self>, by: SystemRoleFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(system_roles::status.eq(status)))
            .when(by.system_id, |rows, system_id| rows.filter(system_roles::system_id.eq(system_id)))
    }
}

impl Written for SystemRole {
    type New = NewSystemRole;
    type Edit = EditSystemRole;
}

/// Archive a system role
///
/// Nobody gets it any more. Those who hold it keep it until it is revoked.
#[utoipa::path(post, path = "/v1/system-roles/{id}/archive", tag = "System access")]
async fn archive_system_role(may: May<Write, SystemRole>, id: Id<SystemRole>) -> Reply<SystemRole> {
    step(may, id, "archive").await
}

/// Restore a system role
///
/// It can be asked for again.
#[utoipa::path(post, path = "/v1/system-roles/{id}/restore", tag = "System access")]
async fn restore_system_role(may: May<Write, SystemRole>, id: Id<SystemRole>) -> Reply<SystemRole> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.readable::<SystemRole>()
        .creatable::<SystemRole>()
        .changeable::<SystemRole>()
        .deletable::<SystemRole>()
        .call(operation!(archive_system_role))
        .call(operation!(restore_system_role));
}
