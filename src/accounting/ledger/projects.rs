//! Projects: what work and money are gathered under for as long as it takes.

use platform::prelude::*;
use schema::projects;

/// What work and money are gathered under for as long as it takes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = projects)]
pub struct Project {
    pub id: Uuid,
    pub version: i64,
    /// Its short code; unique.
    #[schema(max_length = 20, example = "P-2026-01")]
    pub code: String,
    /// What it is called.
    #[schema(max_length = 200, example = "New web shop")]
    pub name: String,
    pub status: ProjectStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether new lines can carry it.
    pub enum ProjectStatus { Active = "active", Archived = "archived" }
}

/// A project to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = projects)]
#[serde(deny_unknown_fields)]
pub struct NewProject {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Its short code; unique.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9./-]{0,19}$", example = "P-2026-01")]
    code: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "New web shop")]
    name: String,
}

/// What of a project can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = projects)]
#[serde(deny_unknown_fields)]
pub struct EditProject {
    /// Its short code; unique.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9./-]{0,19}$", example = "P-2026-01")]
    code: Option<String>,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "New web shop")]
    name: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ProjectFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<ProjectStatus>,
    /// Only the one of this code.
    #[param(min_length = 1, max_length = 20)]
    code: Option<String>,
}

static LIFE: Life = Life {
    states: &[("active", "New lines can carry it."), ("archived", "They can not; what was posted stays.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for Project {
    const NAME: &'static str = "projects";
}

impl Resource for Project {
    const PATH: &'static str = "/v1/projects";
    const SINGULAR: &'static str = "project";
    const TAG: &'static str = "Ledger";
    const SORT: &'static [SortKey] = &[SortKey::text("code"), SortKey::text("name")];
    const USUAL_ORDER: &'static str = "code";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    type Filter = ProjectFilter;

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

impl Stored for Project {
    type Table = projects::table;
    const TABLE: &'static str = "projects";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: ProjectFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(projects::status.eq(status)))
            .when(by.code, |rows, code| rows.filter(projects::code.eq(code)))
    }
}

impl Written for Project {
    type New = NewProject;
    type Edit = EditProject;
}

/// Archive a project
///
/// New lines can not carry it any more; what was posted stays.
#[utoipa::path(post, path = "/v1/projects/{id}/archive", tag = "Ledger")]
async fn archive_project(may: May<Write, Project>, id: Id<Project>) -> Reply<Project> {
    step(may, id, "archive").await
}

/// Restore a project
///
/// New lines can carry it again.
#[utoipa::path(post, path = "/v1/projects/{id}/restore", tag = "Ledger")]
async fn restore_project(may: May<Write, Project>, id: Id<Project>) -> Reply<Project> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<Project>().call(operation!(archive_project)).call(operation!(restore_project));
}
