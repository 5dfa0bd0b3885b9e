//! Delegations: somebody decides for somebody else for a time, by the database's clock. Who stands in for another passes
//! that on to nobody, and what they asked for themselves never waits for them.

use platform::prelude::*;
use schema::approval_delegations;

/// Somebody who decides for somebody else for a time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = approval_delegations)]
pub struct ApprovalDelegation {
    pub id: Uuid,
    pub version: i64,
    /// The user for whom somebody decides.
    pub user_id: Uuid,
    /// The user who decides.
    pub delegate_id: Uuid,
    /// From when on.
    #[schema(example = "2026-12-21T00:00:00Z")]
    pub starts_at: DateTime<Utc>,
    /// Until when.
    #[schema(example = "2027-01-04T00:00:00Z")]
    pub ends_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A delegation to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = approval_delegations)]
#[serde(deny_unknown_fields)]
pub struct NewApprovalDelegation {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The user for whom somebody decides; the caller, unless told. For somebody else it needs the reach `org`.
    #[schema(example = json!(null))]
    user_id: Option<Uuid>,
    /// The user who decides.
    delegate_id: Uuid,
    /// From when on.
    #[schema(example = "2026-12-21T00:00:00Z")]
    starts_at: DateTime<Utc>,
    /// Until when.
    #[schema(example = "2027-01-04T00:00:00Z")]
    ends_at: DateTime<Utc>,
}

/// What of a delegation can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = approval_delegations)]
#[serde(deny_unknown_fields)]
pub struct EditApprovalDelegation {
    /// From when on.
    #[schema(example = "2026-12-20T00:00:00Z")]
    starts_at: Option<DateTime<Utc>>,
    /// Until when.
    #[schema(example = "2027-01-11T00:00:00Z")]
    ends_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ApprovalDelegationFilter {
    /// Only delegations of this user.
    user_id: Option<Uuid>,
    /// Only delegations to this user.
    delegate_id: Option<Uuid>,
}

impl Named for ApprovalDelegation {
    const NAME: &'static str = "approval-delegations";
}

impl Resource for ApprovalDelegation {
    const PATH: &'static str = "/v1/approval-delegations";
    const SINGULAR: &'static str = "approval_delegation";
    const TAG: &'static str = "Approvals";
    const SORT: &'static [SortKey] = &[SortKey::instant("starts_at"), SortKey::instant("created_at")];
    type Filter = ApprovalDelegationFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for ApprovalDelegation {
    type Table = approval_delegations::table;
    const TABLE: &'static str = "approval_delegations";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: ApprovalDelegationFilter) -> Rows<Self> {
        rows.when(by.user_id, |rows, id| rows.filter(approval_delegations::user_id.eq(id)))
            .when(by.delegate_id, |rows, id| rows.filter(approval_delegations::delegate_id.eq(id)))
    }
}

impl Written for ApprovalDelegation {
    type New = NewApprovalDelegation;
    type Edit = EditApprovalDelegation;
}

pub fn routes(api: &mut Api) {
    api.resource::<ApprovalDelegation>();
}
