//! Departments: the tree that the company is divided into. A branch moves as a whole; a ring can not be closed.

use platform::prelude::*;
use schema::departments;

/// A part of the company.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = departments)]
pub struct Department {
    pub id: Uuid,
    pub version: i64,
    /// What it is called.
    #[schema(max_length = 100, example = "Finance")]
    pub name: String,
    /// Its short code in capitals; unique.
    #[schema(max_length = 20, example = "FIN")]
    pub code: String,
    /// The department that it is a part of; null at the top.
    pub parent_id: Option<Uuid>,
    /// The employee who heads it.
    pub head_id: Option<Uuid>,
    pub status: DepartmentStatus,
    #[diesel(select_expression = custom::shown::<Department>())]
    #[diesel(select_expression_type = custom::Shown<Department>)]
    pub custom: Custom,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a department is in use.
    pub enum DepartmentStatus { Active = "active", Archived = "archived" }
}

/// A department to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = departments, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewDepartment {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Treasury")]
    name: String,
    /// Its short code in capitals; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9-]{0,19}$", example = "TREASURY")]
    code: String,
    /// The department that it is a part of; null at the top.
    #[schema(example = json!(null))]
    parent_id: Option<Uuid>,
    /// The employee who heads it.
    #[schema(example = json!(null))]
    head_id: Option<Uuid>,
    #[serde(default)]
    custom: NewCustom,
}

/// What of a department can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = departments)]
#[serde(deny_unknown_fields)]
pub struct EditDepartment {
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Treasury and tax")]
    name: Option<String>,
    /// Its short code in capitals; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9-]{0,19}$", example = "TREASURY-TAX")]
    code: Option<String>,
    /// The department that it becomes a part of. Its whole branch moves with it; null moves it to the top.
    #[schema(example = json!(null))]
    parent_id: Option<Option<Uuid>>,
    /// The employee who heads it.
    #[schema(example = json!(null))]
    head_id: Option<Option<Uuid>>,
    custom: Option<EditCustom>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct DepartmentFilter {
    /// Only departments in this state.
    #[param(inline)]
    status: Option<DepartmentStatus>,
    /// Only departments directly below this one.
    parent_id: Option<Uuid>,
    /// Only the department with this code.
    #[param(min_length = 1, max_length = 20)]
    code: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "In use."),
        ("archived", "Kept for the record; nobody and nothing can be put in it."),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for Department {
    const NAME: &'static str = "departments";
}

impl Resource for Department {
    const PATH: &'static str = "/v1/departments";
    const SINGULAR: &'static str = "department";
    const TAG: &'static str = "People";
    const SORT: &'static [SortKey] =
        &[SortKey::text("name"), SortKey::text("code"), SortKey::instant("created_at")];
    const CUSTOM: bool = true;
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    const REFERENCES: &'static [Reference] = &[
        Reference {
            field: "parent_id",
            column: "parent_code",
            table: "departments",
            by: "code",
            within: None,
        },
        Reference {
            field: "head_id",
            column: "head_employee_number",
            table: "employees",
            by: "employee_number",
            within: None,
        },
    ];
    type Filter = DepartmentFilter;

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

impl Stored for Department {
    type Table = departments::table;
    const TABLE: &'static str = "departments";
    const SEARCHED: &'static [&'static str] = &["name", "code"];

    fn narrow(rows: Rows<Self>, by: DepartmentFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(departments::status.eq(status)))
            .when(by.parent_id, |rows, id| rows.filter(departments::parent_id.eq(id)))
            .when(by.code, |rows, code| rows.filter(departments::code.eq(code)))
    }
}

impl Written for Department {
    type New = NewDepartment;
    type Edit = EditDepartment;
}

/// Archive a department
///
/// Only an empty one: no active department below it, nobody in it who still works here. Where a policy asks for it, only
/// with an approval of `archive`, which is used up.
#[utoipa::path(post, path = "/v1/departments/{id}/archive", tag = "People")]
async fn archive_department(may: May<Write, Department>, id: Id<Department>) -> Reply<Department> {
    approvals::step(may, id, "archive").await
}

/// Restore a department
///
/// An archived department is in use again.
#[utoipa::path(post, path = "/v1/departments/{id}/restore", tag = "People")]
async fn restore_department(may: May<Write, Department>, id: Id<Department>) -> Reply<Department> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<Department>().call(operation!(archive_department)).call(operation!(restore_department));
}
