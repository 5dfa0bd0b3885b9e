//! Checklist templates: what has to be done for those who come and those who go, by whom and when, for everybody or for a position or a country.

use platform::prelude::*;
use schema::checklist_templates;

/// What has to be done for somebody who comes, or goes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = checklist_templates)]
pub struct ChecklistTemplate {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "Onboarding in Romania")]
    pub name: String,
    /// Whether somebody comes or goes.
    #[schema(example = "onboarding")]
    pub kind: ChecklistKind,
    /// Only for those in this position; null for all.
    #[schema(example = json!(null))]
    pub position_id: Option<Uuid>,
    /// Only for those who work in this country (ISO 3166-1); null for all.
    #[schema(max_length = 2, example = "RO")]
    pub country: Option<String>,
    /// What has to be done, in this order.
    #[schema(value_type = Vec<ChecklistItem>, max_items = 100)]
    pub items: List<ChecklistItem>,
    pub status: ChecklistTemplateStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether checklists are started from it.
    pub enum ChecklistTemplateStatus { Active = "active", Archived = "archived" }
}

text_enum! {
    /// Whether somebody comes or goes.
    pub enum ChecklistKind { Onboarding = "onboarding", Offboarding = "offboarding" }
}

text_enum! {
    /// Who does it: HR, IT, the manager of whom it is about, or they themselves.
    pub enum ChecklistRole { Hr = "hr", It = "it", Manager = "manager", Employee = "employee" }
}

text_enum! {
    /// Whether a thing is asked for, or a way in.
    pub enum RequestKind { Asset = "asset", Access = "access" }
}

/// Something that has to be done.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChecklistItem {
    /// What.
    #[schema(max_length = 200, example = "Hand over a laptop")]
    title: String,
    /// The same at length.
    #[schema(max_length = 2000, example = json!(null))]
    description: Option<String>,
    /// Who does it.
    role: ChecklistRole,
    /// When it is due, in days from the first or the last day: -3 is three days before.
    #[schema(minimum = -365, maximum = 365, example = -1)]
    due_days: i16,
    /// What IT is asked for by it; null where nothing is.
    request: Option<ChecklistRequest>,
}

/// What IT is asked for. It is told in the event of the task, `checklist_task.created`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChecklistRequest {
    /// Whether a thing is asked for, or a way in.
    kind: RequestKind,
    /// Which one.
    #[schema(max_length = 200, example = "Laptop, 14 inch")]
    item: String,
}

/// Something that will have to be done.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChecklistItem {
    /// What.
    #[schema(min_length = 1, max_length = 200, example = "Hand over a laptop")]
    title: String,
    /// The same at length.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    description: Option<String>,
    /// Who does it.
    #[schema(example = "it")]
    role: ChecklistRole,
    /// When it is due, in days from the first or the last day: -3 is three days before.
    #[schema(minimum = -365, maximum = 365, example = -1)]
    due_days: i16,
    /// What IT is asked for by it, where it is.
    #[schema(example = json!(null))]
    request: Option<NewChecklistRequest>,
}

/// What IT will be asked for.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewChecklistRequest {
    /// Whether a thing is asked for, or a way in.
    #[schema(example = "asset")]
    kind: RequestKind,
    /// Which one.
    #[schema(min_length = 1, max_length = 200, example = "Laptop, 14 inch")]
    item: String,
}

/// A template to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = checklist_templates, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewChecklistTemplate {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Onboarding in Romania")]
    name: String,
    /// Whether somebody comes or goes.
    #[schema(example = "onboarding")]
    kind: ChecklistKind,
    /// Only for those in this position.
    #[schema(example = json!(null))]
    position_id: Option<Uuid>,
    /// Only for those who work in this country (ISO 3166-1).
    #[schema(pattern = "^[A-Z]{2}$", max_length = 2, example = "RO")]
    country: Option<String>,
    /// What has to be done, in this order.
    #[schema(value_type = Vec<NewChecklistItem>, min_items = 1, max_items = 100)]
    items: List<NewChecklistItem>,
}

/// What of a template can be changed. Checklists under way go on as they began.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = checklist_templates)]
#[serde(deny_unknown_fields)]
pub struct EditChecklistTemplate {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Onboarding in Bucharest")]
    name: Option<String>,
    /// Only for those in this position.
    #[schema(example = json!(null))]
    position_id: Option<Option<Uuid>>,
    /// Only for those who work in this country (ISO 3166-1).
    #[schema(pattern = "^[A-Z]{2}$", max_length = 2, example = "RO")]
    country: Option<Option<String>>,
    /// All that has to be done from now on.
    #[schema(value_type = Option<Vec<NewChecklistItem>>, min_items = 1, max_items = 100)]
    items: Option<List<NewChecklistItem>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ChecklistTemplateFilter {
    /// Only templates in this state.
    #[param(inline)]
    status: Option<ChecklistTemplateStatus>,
    /// Only templates of this kind.
    #[param(inline)]
    kind: Option<ChecklistKind>,
    /// Only templates for this position.
    position_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Checklists are started from it."),
        ("archived", "No checklist is started from it any more; those under way go on."),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for ChecklistTemplate {
    const NAME: &'static str = "checklist-templates";
}

impl Resource for ChecklistTemplate {
    const PATH: &'static str = "/v1/checklist-templates";
    const SINGULAR: &'static str = "checklist_template";
    const TAG: &'static str = "Hiring";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    type Filter = ChecklistTemplateFilter;

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

impl Stored for ChecklistTemplate {
    type Table = checklist_templates::table;
    const TABLE: &'static str = "checklist_templates";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: ChecklistTemplateFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(checklist_templates::status.eq(status)))
            .when(by.kind, |rows, kind| rows.filter(checklist_templates::kind.eq(kind)))
            .when(by.position_id, |rows, id| rows.filter(checklist_templates::position_id.eq(id)))
    }
}

impl Written for ChecklistTemplate {
    type New = NewChecklistTemplate;
    type Edit = EditChecklistTemplate;
}

/// Archive a checklist template
///
/// No checklist is started from it any more. Those under way go on.
#[utoipa::path(post, path = "/v1/checklist-templates/{id}/archive", tag = "Hiring")]
async fn archive_checklist_template(
    may: May<Write, ChecklistTemplate>,
    id: Id<ChecklistTemplate>,
) -> Reply<ChecklistTemplate> {
    step(may, id, "archive").await
}

/// Restore a checklist template
///
/// Checklists are started from it again.
#[utoipa::path(post, path = "/v1/checklist-templates/{id}/restore", tag = "Hiring")]
async fn restore_checklist_template(
    may: May<Write, ChecklistTemplate>,
    id: Id<ChecklistTemplate>,
) -> Reply<ChecklistTemplate> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.readable::<ChecklistTemplate>()
        .creatable::<ChecklistTemplate>()
        .changeable::<ChecklistTemplate>()
        .deletable::<ChecklistTemplate>()
        .call(operation!(archive_checklist_template))
        .call(operation!(restore_checklist_template));
}
