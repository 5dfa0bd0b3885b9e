//! Dependencies: which system can not do without which other one. A graph, in which two may need each other.

use platform::prelude::*;
use schema::system_dependencies;

/// That a system needs another one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = system_dependencies)]
pub struct SystemDependency {
    pub id: Uuid,
    pub version: i64,
    /// The one that needs it.
    pub system_id: Uuid,
    /// The one that is needed.
    pub depends_on_id: Uuid,
    /// Whether it is down without the other one, or does less.
    #[schema(example = "hard")]
    pub kind: DependencyKind,
    /// What for.
    #[schema(max_length = 500, example = "Reads who works here.")]
    pub note: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a system is down without the other one (`hard`), or does less (`soft`).
    pub enum DependencyKind { Hard = "hard", Soft = "soft" }
}

/// A system dependency to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = system_dependencies, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewSystemDependency {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The one that needs it.
    system_id: Uuid,
    /// The one that is needed.
    depends_on_id: Uuid,
    /// Whether it is down without the other one (`hard`, unless told), or does less (`soft`).
    #[schema(example = "hard")]
    #[diesel(treat_none_as_default_value = true)]
    kind: Option<DependencyKind>,
    /// What for.
    #[schema(min_length = 1, max_length = 500, example = "Reads who works here.")]
    note: Option<String>,
}

/// What of a system dependency can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = system_dependencies)]
#[serde(deny_unknown_fields)]
pub struct EditSystemDependency {
    /// Whether it is down without the other one, or does less.
    #[schema(example = "soft")]
    kind: Option<DependencyKind>,
    /// What for.
    #[schema(min_length = 1, max_length = 500, example = "Reads who works here, once a day.")]
    note: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SystemDependencyFilter {
    /// Only what this system needs.
    system_id: Option<Uuid>,
    /// Only what needs this system.
    depends_on_id: Option<Uuid>,
    /// Only dependencies of this kind.
    #[param(inline)]
    kind: Option<DependencyKind>,
}

impl Named for SystemDependency {
    const NAME: &'static str = "system-dependencies";
}

impl Resource for SystemDependency {
    const PATH: &'static str = "/v1/system-dependencies";
    const SINGULAR: &'static str = "system_dependency";
    const TAG: &'static str = "Systems";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    const NATURAL_KEY: &'static [&'static str] = &["system_id", "depends_on_id"];
    const REFERENCES: &'static [Reference] = &[
        Reference { field: "system_id", column: "system_name", table: "systems", by: "name", within: None },
        Reference {
            field: "depends_on_id",
            column: "depends_on_name",
            table: "systems",
            by: "name",
            within: None,
        },
    ];
    type Filter = SystemDependencyFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for SystemDependency {
    type Table = system_dependencies::table;
    const TABLE: &'static str = "system_dependencies";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: SystemDependencyFilter) -> Rows<Self> {
        rows.when(by.system_id, |rows, system_id| rows.filter(system_dependencies::system_id.eq(system_id)))
            .when(by.depends_on_id, |rows, depends_on_id| {
                rows.filter(system_dependencies::depends_on_id.eq(depends_on_id))
            })
            .when(by.kind, |rows, kind| rows.filter(system_dependencies::kind.eq(kind)))
    }
}

impl Written for SystemDependency {
    type New = NewSystemDependency;
    type Edit = EditSystemDependency;
}

pub fn routes(api: &mut Api) {
    api.resource::<SystemDependency>();
}
