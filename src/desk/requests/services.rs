//! Services: what can be asked for, and what happens then.

use crate::forms::{faults_of_answers, faults_of_form, form_schema};
use platform::prelude::*;
use schema::services;
use serde_json::{Map, Value};
use tasks::tasks::TaskPriority;

/// What can be asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = services)]
pub struct Service {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 80, example = "A laptop")]
    pub name: String,
    /// What one gets, and when.
    #[schema(max_length = 4000, example = "A laptop with what your post needs on it, within a week.")]
    pub description: Option<String>,
    /// Where it stands in the catalogue.
    #[schema(max_length = 60, example = "Equipment")]
    pub category: Option<String>,
    /// The department that answers for it.
    pub department_id: Option<Uuid>,
    #[schema(schema_with = form_schema)]
    pub form: Value,
    pub approval: ServiceApproval,
    /// The role whose holders say yes or no, where a role does.
    #[schema(example = json!(null))]
    pub approver_role_id: Option<Uuid>,
    /// What is done for each request, once it is approved.
    #[schema(value_type = Vec<ServiceTask>, max_items = 30)]
    pub tasks: List<ServiceTask>,
    /// What checklists of those who come ask for by it; null where they don't. Its form takes `item` then.
    pub onboarding: Option<OnboardingRequest>,
    /// The approval policy that asks for what `approval` says.
    #[schema(example = json!(null))]
    pub policy_id: Option<Uuid>,
    pub status: ServiceStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether it can be asked for.
    pub enum ServiceStatus { Active = "active", Retired = "retired" }
}

text_enum! {
    /// Who says yes to each request: nobody has to, the manager of whoever asks, or a role.
    pub enum ServiceApproval { None = "none", Manager = "manager", Role = "role" }
}

text_enum! {
    /// What a checklist asks for: a thing, or a way in.
    pub enum OnboardingRequest { Asset = "asset", Access = "access" }
}

/// What is done for a request.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ServiceTask {
    /// What is to be done.
    #[schema(max_length = 200, example = "Set up the laptop")]
    title: String,
    /// What whoever does it has to know.
    #[schema(max_length = 10_000, example = json!(null))]
    context: Option<String>,
    /// The role whose holders may take it.
    role_id: Option<Uuid>,
    /// The employee who does it.
    #[schema(example = json!(null))]
    assignee_id: Option<Uuid>,
    /// So many days after the request is approved it is due.
    #[schema(minimum = 0, maximum = 365, example = 5)]
    due_days: i32,
    /// How much it matters; null is `normal`.
    priority: Option<TaskPriority>,
    /// How long it takes, in hours.
    #[schema(example = "1.5")]
    effort_hours: Option<Quantity>,
}

/// What will be done for a request.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewServiceTask {
    /// What is to be done.
    #[schema(min_length = 1, max_length = 200, example = "Set up the laptop")]
    title: String,
    /// What whoever does it has to know.
    #[schema(min_length = 1, max_length = 10_000, example = json!(null))]
    context: Option<String>,
    /// The role whose holders may take it.
    role_id: Option<Uuid>,
    /// The employee who does it.
    #[schema(example = json!(null))]
    assignee_id: Option<Uuid>,
    /// So many days after the request is approved it is due.
    #[schema(minimum = 0, maximum = 365, example = 5)]
    due_days: i32,
    /// How much it matters; `normal`, unless told.
    #[schema(example = "normal")]
    priority: Option<TaskPriority>,
    /// How long it takes, in hours, 10,000 at the most.
    #[schema(value_type = Option<String>, max_length = 11, pattern = r"^[0-9]{1,4}(\.[0-9]{1,6})?$", example = "1.5")]
    effort_hours: Option<Quantity>,
}

/// A service to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = services)]
#[serde(deny_unknown_fields)]
pub struct NewService {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 80, example = "A laptop")]
    name: String,
    /// What one gets, and when.
    #[schema(
        min_length = 1,
        max_length = 4000,
        example = "A laptop with what your post needs on it, within a week."
    )]
    description: Option<String>,
    /// Where it stands in the catalogue.
    #[schema(min_length = 1, max_length = 60, example = "Equipment")]
    category: Option<String>,
    /// The department that answers for it.
    #[schema(example = json!(null))]
    department_id: Option<Uuid>,
    #[schema(schema_with = form_schema)]
    form: Value,
    /// Who says yes to each request; nobody has to, unless told. It is kept as an approval policy.
    #[schema(example = "none")]
    approval: Option<ServiceApproval>,
    /// The role whose holders say yes or no, where `approval` is `role`.
    #[schema(example = json!(null))]
    approver_role_id: Option<Uuid>,
    /// What is done for each request, once it is approved.
    #[schema(value_type = Option<Vec<NewServiceTask>>, max_items = 30)]
    tasks: Option<List<NewServiceTask>>,
    /// What checklists of those who come ask for by it: one service at the most for each. Its form must take `item` alone, a text.
    #[schema(example = json!(null))]
    onboarding: Option<OnboardingRequest>,
}

/// What of a service can be changed. What was asked for goes on as it was asked.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = services)]
#[serde(deny_unknown_fields)]
pub struct EditService {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 80, example = "A laptop or a desktop")]
    name: Option<String>,
    /// What one gets, and when.
    #[schema(min_length = 1, max_length = 4000, example = "Within two weeks.")]
    description: Option<Option<String>>,
    /// Where it stands in the catalogue.
    #[schema(min_length = 1, max_length = 60, example = "Equipment")]
    category: Option<Option<String>>,
    /// The department that answers for it.
    #[schema(example = json!(null))]
    department_id: Option<Option<Uuid>>,
    #[schema(schema_with = form_schema)]
    form: Option<Value>,
    /// Who says yes to each request.
    #[schema(example = "manager")]
    approval: Option<ServiceApproval>,
    /// The role whose holders say yes or no, where `approval` is `role`.
    #[schema(example = json!(null))]
    approver_role_id: Option<Option<Uuid>>,
    /// All that is done for each request from now on.
    #[schema(value_type = Option<Vec<NewServiceTask>>, max_items = 30)]
    tasks: Option<List<NewServiceTask>>,
    /// What checklists of those who come ask for by it.
    #[schema(example = json!(null))]
    onboarding: Option<Option<OnboardingRequest>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ServiceFilter {
    /// Only services in this state.
    #[param(inline)]
    status: Option<ServiceStatus>,
    /// Only services of this department.
    department_id: Option<Uuid>,
    /// Only services that stand here in the catalogue.
    #[param(min_length = 1, max_length = 60)]
    category: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "It can be asked for."),
        ("retired", "It can not be asked for any more; requests under way go on."),
    ],
    steps: &[
        Step { action: "retire", from: &["active"], to: "retired", verb: "write" },
        Step { action: "reactivate", from: &["retired"], to: "active", verb: "write" },
    ],
};

impl Named for Service {
    const NAME: &'static str = "services";
}

impl Resource for Service {
    const PATH: &'static str = "/v1/services";
    const SINGULAR: &'static str = "service";
    const TAG: &'static str = "Service catalogue";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    type Filter = ServiceFilter;

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

impl Stored for Service {
    type Table = services::table;
    const TABLE: &'static str = "services";
    const SEARCHED: &'static [&'static str] = &["name", "description"];

    fn narrow(rows: Rows<Self>, by: ServiceFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(services::status.eq(status)))
            .when(by.department_id, |rows, id| rows.filter(services::department_id.eq(id)))
            .when(by.category, |rows, category| rows.filter(services::category.eq(category)))
    }
}

/// Whether what is asked makes sense, also for checklists that ask for `item` alone.
fn check(form: &Value, onboarding: Option<OnboardingRequest>) -> Result<()> {
    let mut faults = faults_of_form(form);
    if faults.is_empty() && onboarding.is_some() {
        let item = Map::from_iter([("item".to_owned(), Value::from("Laptop, 14 inch"))]);
        if !faults_of_answers(form, &item).is_empty() {
            let rule =
                "must take answers of `item` alone, a text: that is what checklists of those who come answer";
            faults.push(Fault::at("/form", "not-for-checklists", rule));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

impl Written for Service {
    type New = NewService;
    type Edit = EditService;

    async fn check_new(_: &mut Db, new: &NewService) -> Result<()> {
        check(&new.form, new.onboarding)
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditService) -> Result<()> {
        if edit.form.is_none() && edit.onboarding.is_none() {
            return Ok(());
        }
        check(edit.form.as_ref().unwrap_or(&row.form), edit.onboarding.unwrap_or(row.onboarding))
    }
}

/// Retire a service
///
/// It can not be asked for any more. Requests under way go on.
#[utoipa::path(post, path = "/v1/services/{id}/retire", tag = "Service catalogue")]
async fn retire_service(may: May<Write, Service>, id: Id<Service>) -> Reply<Service> {
    step(may, id, "retire").await
}

/// Reactivate a service
///
/// It can be asked for again.
#[utoipa::path(post, path = "/v1/services/{id}/reactivate", tag = "Service catalogue")]
async fn reactivate_service(may: May<Write, Service>, id: Id<Service>) -> Reply<Service> {
    step(may, id, "reactivate").await
}

pub fn routes(api: &mut Api) {
    api.readable::<Service>()
        .creatable::<Service>()
        .changeable::<Service>()
        .deletable::<Service>()
        .call(operation!(retire_service))
        .call(operation!(reactivate_service));
}
