//! Memberships: who belongs to the organization, with which roles, and as which employee.
use diesel::PgArrayExpressionMethods;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use platform::prelude::*;
use schema::memberships;

/// Somebody's place in the organization.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = memberships)]
pub struct Membership {
    pub id: Uuid,
    pub version: i64,
    /// Who it is.
    pub user_id: Uuid,
    /// The employee that they are: what reaches `own` and `team` follows it. One login per employee.
    pub employee_id: Option<Uuid>,
    /// The roles that they hold.
    #[schema(max_items = 20)]
    #[diesel(select_expression = role_ids())]
    #[diesel(select_expression_type = SqlLiteral<Array<SqlUuid>>)]
    pub role_ids: Vec<Uuid>,
    pub status: MembershipStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

// No id in it is null, which the generated schema can not say.
fn role_ids() -> SqlLiteral<Array<SqlUuid>> {
    sql("memberships.role_ids")
}

text_enum! {
    /// Whether a member may come in.
    pub enum MembershipStatus { Active = "active", Suspended = "suspended" }
}

/// What of a membership can be changed; roles are assigned, not edited.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = memberships)]
#[serde(deny_unknown_fields)]
pub struct EditMembership {
    /// The employee that they are. Whoever says so holds for everybody what the roles hold for that person's own and team.
    #[schema(example = json!(null))]
    employee_id: Option<Option<Uuid>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct MembershipFilter {
    /// Only memberships in this state.
    #[param(inline)]
    status: Option<MembershipStatus>,
    /// Only the membership of this user.
    user_id: Option<Uuid>,
    /// Only the membership of this employee.
    employee_id: Option<Uuid>,
    /// Only memberships with this role.
    role_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "May sign in to this organization."),
        ("suspended", "May not, and keeps their roles for later."),
    ],
    steps: &[
        Step { action: "suspend", from: &["active"], to: "suspended", verb: "write" },
        Step { action: "reinstate", from: &["suspended"], to: "active", verb: "write" },
        Step { action: "assign_roles", from: &["active"], to: "active", verb: "assign" },
    ],
};

impl Named for Membership {
    const NAME: &'static str = "memberships";
}

impl Resource for Membership {
    const PATH: &'static str = "/v1/memberships";
    const SINGULAR: &'static str = "membership";
    const TAG: &'static str = "Access";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    type Filter = MembershipFilter;

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

impl Stored for Membership {
    type Table = memberships::table;
    const TABLE: &'static str = "memberships";
    const SEARCHED: &'static [&'static str] = &["status"];

    fn narrow(rows: Rows<Self>, by: MembershipFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(memberships::status.eq(status)))
            .when(by.user_id, |rows, id| rows.filter(memberships::user_id.eq(id)))
            .when(by.employee_id, |rows, id| rows.filter(memberships::employee_id.eq(id)))
            .when(by.role_id, |rows, id| rows.filter(memberships::role_ids.contains(vec![id])))
    }
}

/// The roles of a member from now on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignRolesRequest {
    /// All the roles that they hold from now on; none takes every access away.
    #[schema(max_items = 20)]
    role_ids: Vec<Uuid>,
}

/// Change a membership
///
/// JSON Merge Patch (RFC 7396): a field that is left out keeps its value, null clears it. Refused where `If-Match` is not
/// its present version.
#[utoipa::path(patch, path = "/v1/memberships/{id}", tag = "Access")]
async fn update_membership(
    may: May<Write, Membership>,
    id: Id<Membership>,
    edit: Input<EditMembership>,
) -> Reply<Membership> {
    may.write(async |db| {
        may.if_match()?;
        let member = lock(&may, db, &id).await?;
        if edit.0.employee_id.is_none_or(|employee| employee == member.employee_id) {
            return Ok(member);
        }
        let one = memberships::table.find((db.organization(), member.id));
        let changed = diesel::update(one).set(edit.0.clone());
        Ok(changed.returning(Membership::as_returning()).get_result(db).await?)
    })
    .await
}

/// Assign roles
///
/// Sets all the roles of a member at once; it counts at their next request. A sensitive step, which asks for a fresh
/// sign-in. Nobody grants more than they have, and the last owner stays.
#[utoipa::path(post, path = "/v1/memberships/{id}/assign-roles", tag = "Access")]
async fn assign_roles(
    may: May<Assign, Membership>,
    id: Id<Membership>,
    input: Input<AssignRolesRequest>,
) -> Reply<Membership> {
    may.fresh()?;
    let mut role_ids = input.0.role_ids;
    role_ids.sort();
    role_ids.dedup();
    may.write(async |db| {
        let member = lock(&may, db, &id).await?;
        LIFE.step(member.status.as_str(), "assign_roles")?;
        let one = memberships::table.find((db.organization(), member.id));
        let assigned = diesel::update(one).set(memberships::role_ids.eq(&role_ids));
        Ok(assigned.returning(Membership::as_returning()).get_result(db).await?)
    })
    .await
}

/// Suspend a membership
///
/// Ends the member's sessions in this organization; their login elsewhere is untouched. The last owner stays.
#[utoipa::path(post, path = "/v1/memberships/{id}/suspend", tag = "Access")]
async fn suspend_membership(may: May<Write, Membership>, id: Id<Membership>) -> Reply<Membership> {
    step(may, id, "suspend").await
}

/// Reinstate a membership
///
/// The member may sign in again, with the roles that they had.
#[utoipa::path(post, path = "/v1/memberships/{id}/reinstate", tag = "Access")]
async fn reinstate_membership(may: May<Write, Membership>, id: Id<Membership>) -> Reply<Membership> {
    step(may, id, "reinstate").await
}

/// Who belongs here, and what they may do.
pub fn routes(api: &mut Api) {
    api.readable::<Membership>()
        .call(operation!(update_membership))
        .call(operation!(assign_roles))
        .call(operation!(suspend_membership))
        .call(operation!(reinstate_membership));
}
