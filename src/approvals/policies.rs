//! Policies: what asks for an approval, under which conditions, and who has to give it, in which order. All policies that
//! apply are asked for, one after the other, so that adding one never loosens another.

use diesel::sql_types::{Jsonb, Text};
use platform::prelude::*;
use schema::approval_policies;

/// What asks for an approval, and of whom.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = approval_policies)]
pub struct ApprovalPolicy {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique. Whoever is stopped by it is told this name.
    #[schema(max_length = 100, example = "Archiving Finance")]
    pub name: String,
    /// What it is about.
    #[schema(max_length = 63, example = "departments")]
    pub resource: String,
    /// What is to be done to it.
    #[schema(max_length = 63, example = "archive")]
    pub action: String,
    /// It applies where all of them hold; always, where there are none.
    #[schema(value_type = Vec<ApprovalCondition>, max_items = 10)]
    pub conditions: List<ApprovalCondition>,
    /// Who has to say yes, one step after the other.
    #[schema(value_type = Vec<ApprovalPolicyStep>, max_items = 10)]
    pub steps: List<ApprovalPolicyStep>,
    /// Whether whoever asks may also decide. The maker is not the checker, unless this says so.
    #[schema(example = false)]
    pub maker_may_decide: bool,
    pub status: ApprovalPolicyStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a policy asks for anything.
    pub enum ApprovalPolicyStatus { Active = "active", Retired = "retired" }
}

/// A condition on a field of the row, as it will be after the change that is asked for. It has one of `over`, `under`,
/// `one_of` and `in_department`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalCondition {
    /// The field.
    #[schema(max_length = 63, pattern = "^[a-z][a-z0-9_]{0,62}$", example = "code")]
    field: String,
    /// It is a larger number than this.
    #[schema(max_length = 40, pattern = r"^-?[0-9]{1,20}(\.[0-9]{1,8})?$", example = json!(null))]
    over: Option<String>,
    /// It is a smaller number than this.
    #[schema(max_length = 40, pattern = r"^-?[0-9]{1,20}(\.[0-9]{1,8})?$", example = json!(null))]
    under: Option<String>,
    /// It is one of these.
    #[schema(value_type = Option<Vec<ConditionValue>>, min_items = 1, max_items = 100, example = json!(["FIN"]))]
    one_of: Option<Vec<String>>,
    /// It is this department, or one below it.
    #[schema(example = json!(null))]
    in_department: Option<Uuid>,
}

/// A value that a field is compared with.
#[derive(ToSchema)]
#[schema(max_length = 200, example = "FIN")]
#[expect(dead_code, reason = "it tells the contract how long a value may be")]
pub struct ConditionValue(String);

/// Who has to say yes in a step. It has one of `role`, `manager_levels` and `user_ids`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalPolicyStep {
    /// Whoever holds the role of this name.
    #[schema(max_length = 63, pattern = "^[a-z][a-z0-9_]{1,62}$", example = "executive")]
    role: Option<String>,
    /// The manager of whoever asks: 1 is whom they report to, 2 that one's manager, and so on. Where nobody there can be
    /// asked, the next above.
    #[schema(minimum = 1, maximum = 20, example = json!(null))]
    manager_levels: Option<i32>,
    /// These users.
    #[schema(min_items = 1, max_items = 50, example = json!(null))]
    user_ids: Option<Vec<Uuid>>,
    /// How many of them have to say yes.
    #[schema(minimum = 1, maximum = 20, example = 1)]
    #[serde(default = "one")]
    required: i32,
    /// Hours after which those in `then` are asked as well.
    #[schema(minimum = 1, maximum = 8760, example = 72)]
    time_limit_hours: Option<i32>,
    /// Who is asked as well when the time is over, or where too few can be asked.
    then: Option<ApprovalSuccessors>,
}

/// Who is asked next. It has one of `role`, `manager_levels` and `user_ids`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovalSuccessors {
    /// Whoever holds the role of this name.
    #[schema(max_length = 63, pattern = "^[a-z][a-z0-9_]{1,62}$", example = "owner")]
    role: Option<String>,
    /// The manager of whoever asks, so many levels up.
    #[schema(minimum = 1, maximum = 20, example = json!(null))]
    manager_levels: Option<i32>,
    /// These users.
    #[schema(min_items = 1, max_items = 50, example = json!(null))]
    user_ids: Option<Vec<Uuid>>,
}

fn one() -> i32 {
    1
}

/// A policy to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = approval_policies)]
#[serde(deny_unknown_fields)]
pub struct NewApprovalPolicy {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique. Whoever is stopped by it is told this name.
    #[schema(min_length = 1, max_length = 100, example = "Archiving Finance")]
    name: String,
    /// What it is about: `departments`, `positions`.
    #[schema(max_length = 63, pattern = "^[a-z][a-z0-9-]{1,62}$", example = "departments")]
    resource: String,
    /// What is to be done to it: `archive` a department, `change-headcount` of a position. A refusal lists them all.
    #[schema(max_length = 63, pattern = "^[a-z][a-z0-9-]{1,62}$", example = "archive")]
    action: String,
    /// It applies where all of them hold; always, where there are none.
    #[schema(value_type = Option<Vec<ApprovalCondition>>, max_items = 10)]
    conditions: Option<List<ApprovalCondition>>,
    /// Who has to say yes, one step after the other.
    #[schema(value_type = Vec<ApprovalPolicyStep>, min_items = 1, max_items = 10)]
    steps: List<ApprovalPolicyStep>,
    /// Whether whoever asks may also decide; not, unless told.
    #[schema(example = false)]
    maker_may_decide: Option<bool>,
}

/// What of a policy can be changed. What is under way goes on as it began.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = approval_policies)]
#[serde(deny_unknown_fields)]
pub struct EditApprovalPolicy {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Archiving Finance and Treasury")]
    name: Option<String>,
    /// All conditions from now on.
    #[schema(value_type = Option<Vec<ApprovalCondition>>, max_items = 10)]
    conditions: Option<List<ApprovalCondition>>,
    /// All steps from now on.
    #[schema(value_type = Option<Vec<ApprovalPolicyStep>>, min_items = 1, max_items = 10)]
    steps: Option<List<ApprovalPolicyStep>>,
    /// Whether whoever asks may also decide.
    #[schema(example = false)]
    maker_may_decide: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ApprovalPolicyFilter {
    /// Only policies in this state.
    #[param(inline)]
    status: Option<ApprovalPolicyStatus>,
    /// Only policies about this resource.
    #[param(min_length = 2, max_length = 63)]
    resource: Option<String>,
    /// Only policies about this action.
    #[param(min_length = 2, max_length = 63)]
    action: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Asks for approvals."),
        ("retired", "Asks for none any more; requests under way go on."),
    ],
    steps: &[
        Step { action: "retire", from: &["active"], to: "retired", verb: "write" },
        Step { action: "reactivate", from: &["retired"], to: "active", verb: "write" },
    ],
};

impl Named for ApprovalPolicy {
    const NAME: &'static str = "approval-policies";
}

impl Resource for ApprovalPolicy {
    const PATH: &'static str = "/v1/approval-policies";
    const SINGULAR: &'static str = "approval_policy";
    const TAG: &'static str = "Approvals";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    type Filter = ApprovalPolicyFilter;

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

impl Stored for ApprovalPolicy {
    type Table = approval_policies::table;
    const TABLE: &'static str = "approval_policies";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: ApprovalPolicyFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(approval_policies::status.eq(status)))
            .when(by.resource, |rows, resource| rows.filter(approval_policies::resource.eq(resource)))
            .when(by.action, |rows, action| rows.filter(approval_policies::action.eq(action)))
    }
}

impl Written for ApprovalPolicy {
    type New = NewApprovalPolicy;
    type Edit = EditApprovalPolicy;

    async fn check_new(db: &mut Db, new: &NewApprovalPolicy) -> Result<()> {
        let always = List::default();
        check(db, &new.resource, &new.action, new.conditions.as_ref().unwrap_or(&always), &new.steps).await
    }

    async fn check_edit(db: &mut Db, row: &Self, edit: &EditApprovalPolicy) -> Result<()> {
        if edit.conditions.is_none() && edit.steps.is_none() {
            return Ok(());
        }
        let conditions = edit.conditions.as_ref().unwrap_or(&row.conditions);
        check(db, &row.resource, &row.action, conditions, edit.steps.as_ref().unwrap_or(&row.steps)).await
    }
}

diesel::define_sql_function! {
    /// See the migration of approvals: all that is wrong with a policy.
    fn policy_faults(resource: Text, action: Text, conditions: Jsonb, steps: Jsonb) -> Jsonb;
}

async fn check(
    db: &mut Db,
    resource: &str,
    action: &str,
    conditions: &List<ApprovalCondition>,
    steps: &List<ApprovalPolicyStep>,
) -> Result<()> {
    #[derive(Deserialize)]
    struct Found {
        pointer: String,
        code: String,
        detail: String,
    }
    let faults: serde_json::Value =
        diesel::select(policy_faults(resource, action, conditions, steps)).get_result(db).await?;
    let faults: Vec<Found> = serde_json::from_value(faults).map_err(Problem::internal)?;
    if faults.is_empty() {
        return Ok(());
    }
    Err(Problem::invalid(
        faults.into_iter().map(|each| Fault::at(each.pointer, &each.code, each.detail)).collect(),
    ))
}

/// Retire an approval policy
///
/// It asks for no approvals any more. What it asked for is still asked for where a request is under way.
#[utoipa::path(post, path = "/v1/approval-policies/{id}/retire", tag = "Approvals")]
async fn retire_approval_policy(
    may: May<Write, ApprovalPolicy>,
    id: Id<ApprovalPolicy>,
) -> Reply<ApprovalPolicy> {
    step(may, id, "retire").await
}

/// Reactivate an approval policy
///
/// It asks for approvals again, of whatever is asked for from now on.
#[utoipa::path(post, path = "/v1/approval-policies/{id}/reactivate", tag = "Approvals")]
async fn reactivate_approval_policy(
    may: May<Write, ApprovalPolicy>,
    id: Id<ApprovalPolicy>,
) -> Reply<ApprovalPolicy> {
    step(may, id, "reactivate").await
}

pub fn routes(api: &mut Api) {
    api.resource::<ApprovalPolicy>()
        .call(operation!(retire_approval_policy))
        .call(operation!(reactivate_approval_policy));
}
