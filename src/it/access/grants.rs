//! Access: who may use which system in which role. Asked for, approved by whoever answers for the system, granted, and ended.

use platform::prelude::*;
use schema::access_grants;

/// That somebody may use a system in a role, or is to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = access_grants)]
pub struct AccessGrant {
    pub id: Uuid,
    pub version: i64,
    /// Who has it, or is to.
    pub employee_id: Uuid,
    /// What they are in the system.
    pub system_role_id: Uuid,
    /// The system.
    pub system_id: Uuid,
    /// What they need it for.
    #[schema(max_length = 500, example = "Runs the payroll from December on.")]
    pub reason: String,
    /// The last day on which it holds; null where it is for good.
    #[schema(example = json!(null))]
    pub ends_on: Option<NaiveDate>,
    /// The task of an onboarding that asks for it: it is done when the access is granted.
    #[schema(example = json!(null))]
    pub checklist_task_id: Option<Uuid>,
    /// When it was approved or rejected.
    #[schema(example = json!(null))]
    pub decided_at: Option<DateTime<Utc>>,
    /// Why it was rejected.
    #[schema(max_length = 500, example = json!(null))]
    pub decision_reason: Option<String>,
    /// From when on they have it.
    #[schema(example = json!(null))]
    pub granted_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[schema(example = json!(null))]
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it ended.
    #[schema(max_length = 500, example = json!(null))]
    pub end_reason: Option<String>,
    pub status: AccessGrantStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where an access grant stands.
    pub enum AccessGrantStatus { Requested = "requested", Approved = "approved", Granted = "granted", Rejected = "rejected", Withdrawn = "withdrawn", Revoked = "revoked", Expired = "expired" }
}

/// An access that is asked for. Refused where somebody holds, or is to hold, what must not be held together with it.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = access_grants, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewAccessGrant {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Who has it, or is to.
    employee_id: Uuid,
    /// What they are in the system.
    system_role_id: Uuid,
    /// What they need it for.
    #[schema(min_length = 1, max_length = 500, example = "Runs the payroll from December on.")]
    reason: String,
    /// The last day on which it holds; null where it is for good.
    #[schema(example = json!(null))]
    ends_on: Option<NaiveDate>,
    /// The task of an onboarding that asks for it: it is done when the access is granted.
    #[schema(example = json!(null))]
    checklist_task_id: Option<Uuid>,
}

/// What of an access that is not decided on can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = access_grants)]
#[serde(deny_unknown_fields)]
pub struct EditAccessGrant {
    /// What they need it for.
    #[schema(min_length = 1, max_length = 500, example = "Runs the payroll until Ana is back.")]
    reason: Option<String>,
    /// The last day on which it holds; null where it is for good.
    #[schema(example = "2099-12-31")]
    ends_on: Option<Option<NaiveDate>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AccessGrantFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<AccessGrantStatus>,
    /// Only access of this employee.
    employee_id: Option<Uuid>,
    /// Only access to this system.
    system_id: Option<Uuid>,
    /// Only access in this role.
    system_role_id: Option<Uuid>,
    /// Only what this task asks for.
    checklist_task_id: Option<Uuid>,
    /// Only access that ends on this day or later.
    ends_on_from: Option<NaiveDate>,
    /// Only access that ends on this day or earlier.
    ends_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("requested", "Asked for; waits for whoever answers for the system."),
        ("approved", "Agreed to, and to be set up."),
        ("granted", "They have it."),
        ("rejected", "Not agreed to."),
        ("withdrawn", "Not asked for any more."),
        ("revoked", "Taken away."),
        ("expired", "Its last day is over."),
    ],
    steps: &[
        Step { action: "approve", from: &["requested"], to: "approved", verb: "approve" },
        Step { action: "reject", from: &["requested"], to: "rejected", verb: "approve" },
        Step { action: "grant", from: &["approved"], to: "granted", verb: "run" },
        Step { action: "withdraw", from: &["requested"], to: "withdrawn", verb: "write" },
        Step { action: "revoke", from: &["approved", "granted"], to: "revoked", verb: "approve" },
    ],
};

impl Named for AccessGrant {
    const NAME: &'static str = "access-grants";
}

impl Resource for AccessGrant {
    const PATH: &'static str = "/v1/access-grants";
    const SINGULAR: &'static str = "access_grant";
    const TAG: &'static str = "System access";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = AccessGrantFilter;

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
    fn person(&self) -> Option<Uuid> {
        Some(self.employee_id)
    }
}

impl Stored for AccessGrant {
    type Table = access_grants::table;
    const TABLE: &'static str = "access_grants";
    const SEARCHED: &'static [&'static str] = &["reason"];

    fn narrow(rows: Rows<Self>, by: AccessGrantFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(access_grants::status.eq(status)))
            .when(by.employee_id, |rows, employee_id| rows.filter(access_grants::employee_id.eq(employee_id)))
            .when(by.system_id, |rows, system_id| rows.filter(access_grants::system_id.eq(system_id)))
            .when(by.system_role_id, |rows, system_role_id| {
                rows.filter(access_grants::system_role_id.eq(system_role_id))
            })
            .when(by.checklist_task_id, |rows, checklist_task_id| {
                rows.filter(access_grants::checklist_task_id.eq(checklist_task_id))
            })
            .when(by.ends_on_from, |rows, ends_on_from| rows.filter(access_grants::ends_on.ge(ends_on_from)))
            .when(by.ends_on_to, |rows, ends_on_to| rows.filter(access_grants::ends_on.le(ends_on_to)))
    }
}

impl Written for AccessGrant {
    type New = NewAccessGrant;
    type Edit = EditAccessGrant;
}

/// Approve access
///
/// Agrees to it: whoever answers for the system, whom they reported to where they have left, or who may for all. Nobody decides on what they asked for or are to have.
#[utoipa::path(post, path = "/v1/access-grants/{id}/approve", tag = "System access")]
async fn approve_access_grant(may: May<Approve, AccessGrant>, id: Id<AccessGrant>) -> Reply<AccessGrant> {
    step(may, id, "approve").await
}

/// Why somebody does not get access.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectAccessRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "Her work does not need it.")]
    decision_reason: String,
}

/// Reject access
///
/// They do not get it, and are told why. The same people do that who could approve it.
#[utoipa::path(post, path = "/v1/access-grants/{id}/reject", tag = "System access")]
async fn reject_access_grant(
    may: May<Approve, AccessGrant>,
    id: Id<AccessGrant>,
    why: Input<RejectAccessRequest>,
) -> Reply<AccessGrant> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            access_grants::status.eq(LIFE.step(row.status.as_str(), "reject")?),
            access_grants::decision_reason.eq(&why.0.decision_reason),
        );
        let one = access_grants::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(AccessGrant::as_returning()).get_result(db).await?)
    })
    .await
}

/// Grant access
///
/// They have it from now on. Refused where they have come to hold what must not be held together with it. The task of an onboarding that asked for it is done by that.
#[utoipa::path(post, path = "/v1/access-grants/{id}/grant", tag = "System access")]
async fn grant_access_grant(may: May<Run, AccessGrant>, id: Id<AccessGrant>) -> Reply<AccessGrant> {
    step(may, id, "grant").await
}

/// Withdraw a request for access
///
/// It is not asked for any more.
#[utoipa::path(post, path = "/v1/access-grants/{id}/withdraw", tag = "System access")]
async fn withdraw_access_grant(may: May<Write, AccessGrant>, id: Id<AccessGrant>) -> Reply<AccessGrant> {
    step(may, id, "withdraw").await
}

/// Why somebody loses access.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeAccessRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "She has moved to another department.")]
    end_reason: String,
}

/// Revoke access
///
/// It is taken away, by whoever answers for the system, or who may for all. Access of whoever has left is revoked by itself, on the day after their last.
#[utoipa::path(post, path = "/v1/access-grants/{id}/revoke", tag = "System access")]
async fn revoke_access_grant(
    may: May<Approve, AccessGrant>,
    id: Id<AccessGrant>,
    why: Input<RevokeAccessRequest>,
) -> Reply<AccessGrant> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            access_grants::status.eq(LIFE.step(row.status.as_str(), "revoke")?),
            access_grants::end_reason.eq(&why.0.end_reason),
        );
        let one = access_grants::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(AccessGrant::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<AccessGrant>()
        .creatable::<AccessGrant>()
        .changeable::<AccessGrant>()
        .call(operation!(approve_access_grant))
        .call(operation!(reject_access_grant))
        .call(operation!(grant_access_grant))
        .call(operation!(withdraw_access_grant))
        .call(operation!(revoke_access_grant));
}
