//! Systems: services, servers, databases and what else the organization works on; who answers for each, how much hangs on it and how secret its data is.

use platform::prelude::*;
use schema::systems;

/// Something that the organization works on: a service, a server, a database.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = systems)]
pub struct System {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Payroll database")]
    pub name: String,
    /// What it is.
    #[schema(example = "service")]
    pub kind: SystemKind,
    /// What it does.
    #[schema(max_length = 2000, example = "Pays everybody.")]
    pub description: Option<String>,
    /// The employee who answers for it: they decide who may use it.
    pub owner_id: Uuid,
    /// How much hangs on it.
    #[schema(example = "high")]
    pub criticality: Criticality,
    /// How secret what it holds is.
    #[schema(example = "confidential")]
    pub data_classification: DataClassification,
    /// What it is used for.
    #[schema(example = "production")]
    pub environment: SystemEnvironment,
    /// Where it is.
    #[schema(max_length = 500, example = "https://pay.demo.example")]
    pub url: Option<String>,
    /// Of a database, what runs it; null for all else.
    #[schema(max_length = 50, example = json!(null))]
    pub engine: Option<String>,
    /// Of a database, the version of its engine.
    #[schema(max_length = 50, example = json!(null))]
    pub engine_version: Option<String>,
    /// Of a database, how large it is, in bytes.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = json!(null))]
    pub size_bytes: Option<i64>,
    /// How often it is backed up, and how often that is tried out.
    pub backup_policy_id: Option<Uuid>,
    /// The day on which it was retired.
    #[schema(example = json!(null))]
    pub retired_on: Option<NaiveDate>,
    pub status: SystemStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What a system is.
    pub enum SystemKind { Service = "service", Application = "application", Server = "server", Database = "database", Storage = "storage", Network = "network" }
}

text_enum! {
    /// How much hangs on it.
    pub enum Criticality { Low = "low", Medium = "medium", High = "high", Critical = "critical" }
}

text_enum! {
    /// How secret data is.
    pub enum DataClassification { Public = "public", Internal = "internal", Confidential = "confidential", Restricted = "restricted" }
}

text_enum! {
    /// What a system is used for.
    pub enum SystemEnvironment { Production = "production", Staging = "staging", Test = "test", Development = "development" }
}

text_enum! {
    /// Whether a system is at work.
    pub enum SystemStatus { Planned = "planned", Active = "active", Retired = "retired" }
}

/// A system to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = systems, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewSystem {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Payroll database")]
    name: String,
    /// What it is.
    #[schema(example = "service")]
    kind: SystemKind,
    /// What it does.
    #[schema(min_length = 1, max_length = 2000, example = "Pays everybody.")]
    description: Option<String>,
    /// The employee who answers for it: they decide who may use it.
    owner_id: Uuid,
    /// How much hangs on it.
    #[schema(example = "high")]
    criticality: Criticality,
    /// How secret what it holds is.
    #[schema(example = "confidential")]
    data_classification: DataClassification,
    /// What it is used for; production, unless told.
    #[schema(example = "production")]
    #[diesel(treat_none_as_default_value = true)]
    environment: Option<SystemEnvironment>,
    /// Where it is.
    #[schema(
        min_length = 8,
        pattern = "^https?://[^ ]{1,490}$",
        max_length = 500,
        example = "https://pay.demo.example"
    )]
    url: Option<String>,
    /// Of a database, what runs it; null for all else.
    #[schema(min_length = 1, max_length = 50, example = json!(null))]
    engine: Option<String>,
    /// Of a database, the version of its engine.
    #[schema(min_length = 1, max_length = 50, example = json!(null))]
    engine_version: Option<String>,
    /// Of a database, how large it is, in bytes.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = json!(null))]
    size_bytes: Option<i64>,
    /// How often it is backed up, and how often that is tried out.
    backup_policy_id: Option<Uuid>,
}

/// What of a system can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = systems)]
#[serde(deny_unknown_fields)]
pub struct EditSystem {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Payroll database (main)")]
    name: Option<String>,
    /// What it is.
    #[schema(example = "application")]
    kind: Option<SystemKind>,
    /// What it does.
    #[schema(min_length = 1, max_length = 2000, example = "Pays everybody, every month.")]
    description: Option<Option<String>>,
    /// The employee who answers for it: they decide who may use it.
    owner_id: Option<Uuid>,
    /// How much hangs on it.
    #[schema(example = "critical")]
    criticality: Option<Criticality>,
    /// How secret what it holds is.
    #[schema(example = "restricted")]
    data_classification: Option<DataClassification>,
    /// What it is used for; production, unless told.
    #[schema(example = "production")]
    environment: Option<SystemEnvironment>,
    /// Where it is.
    #[schema(
        min_length = 8,
        pattern = "^https?://[^ ]{1,490}$",
        max_length = 500,
        example = "https://payroll.demo.example"
    )]
    url: Option<Option<String>>,
    /// Of a database, what runs it; null for all else.
    #[schema(min_length = 1, max_length = 50, example = json!(null))]
    engine: Option<Option<String>>,
    /// Of a database, the version of its engine.
    #[schema(min_length = 1, max_length = 50, example = json!(null))]
    engine_version: Option<Option<String>>,
    /// Of a database, how large it is, in bytes.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = json!(null))]
    size_bytes: Option<Option<i64>>,
    /// How often it is backed up, and how often that is tried out.
    backup_policy_id: Option<Option<Uuid>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SystemFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<SystemStatus>,
    /// Only systems of this kind.
    #[param(inline)]
    kind: Option<SystemKind>,
    /// Only systems that this employee answers for.
    owner_id: Option<Uuid>,
    /// Only systems as critical as this.
    #[param(inline)]
    criticality: Option<Criticality>,
    /// Only systems whose data is as secret as this.
    #[param(inline)]
    data_classification: Option<DataClassification>,
    /// Only systems of this environment.
    #[param(inline)]
    environment: Option<SystemEnvironment>,
    /// Only systems under this policy of backups.
    backup_policy_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("planned", "To come."),
        ("active", "At work: its backups are watched, and others may need it."),
        ("retired", "Switched off, and kept on record."),
    ],
    steps: &[
        Step { action: "activate", from: &["planned", "retired"], to: "active", verb: "write" },
        Step { action: "retire", from: &["planned", "active"], to: "retired", verb: "write" },
    ],
};

impl Named for System {
    const NAME: &'static str = "systems";
}

impl Resource for System {
    const PATH: &'static str = "/v1/systems";
    const SINGULAR: &'static str = "system";
    const TAG: &'static str = "Systems";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const REFERENCES: &'static [Reference] = &[
        Reference {
            field: "owner_id",
            column: "owner_number",
            table: "employees",
            by: "employee_number",
            within: None,
        },
        Reference {
            field: "backup_policy_id",
            column: "backup_policy_name",
            table: "backup_policies",
            by: "name",
            within: None,
        },
    ];
    type Filter = SystemFilter;

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
        Some(self.owner_id)
    }
}

impl Stored for System {
    type Table = systems::table;
    const TABLE: &'static str = "systems";
    const SEARCHED: &'static [&'static str] = &["name", "description"];

    fn narrow(rows: Rows<Self>, by: SystemFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(systems::status.eq(status)))
            .when(by.kind, |rows, kind| rows.filter(systems::kind.eq(kind)))
            .when(by.owner_id, |rows, owner_id| rows.filter(systems::owner_id.eq(owner_id)))
            .when(by.criticality, |rows, criticality| rows.filter(systems::criticality.eq(criticality)))
            .when(by.data_classification, |rows, data_classification| {
                rows.filter(systems::data_classification.eq(data_classification))
            })
            .when(by.environment, |rows, environment| rows.filter(systems::environment.eq(environment)))
            .when(by.backup_policy_id, |rows, backup_policy_id| {
                rows.filter(systems::backup_policy_id.eq(backup_policy_id))
            })
    }
}

impl Written for System {
    type New = NewSystem;
    type Edit = EditSystem;

    async fn check_new(_: &mut Db, new: &NewSystem) -> Result<()> {
        let (version, size) = (new.engine_version.is_some(), new.size_bytes.is_some());
        check_what_databases_have(new.kind, new.engine.is_some(), version, size)
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditSystem) -> Result<()> {
        let engine = edit.engine.as_ref().unwrap_or(&row.engine);
        let version = edit.engine_version.as_ref().unwrap_or(&row.engine_version);
        let size = edit.size_bytes.unwrap_or(row.size_bytes);
        let kind = edit.kind.unwrap_or(row.kind);
        check_what_databases_have(kind, engine.is_some(), version.is_some(), size.is_some())
    }
}

/// A database has an engine; that, its version and its size are told of databases alone.
fn check_what_databases_have(kind: SystemKind, engine: bool, version: bool, size: bool) -> Result<()> {
    let mut faults = Vec::new();
    if kind == SystemKind::Database && !engine {
        faults.push(Fault::at(
            "/kind",
            "no-engine",
            "a database names its `engine`: PostgreSQL, for example",
        ));
    }
    for (place, given) in [("/engine", engine), ("/engine_version", version), ("/size_bytes", size)] {
        if given && kind != SystemKind::Database {
            faults.push(Fault::at(place, "of-a-database", "is told of databases alone: leave it out"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Activate a system
///
/// It is at work from now on: its backups are watched, and it counts where something it needs is out.
#[utoipa::path(post, path = "/v1/systems/{id}/activate", tag = "Systems")]
async fn activate_system(may: May<Write, System>, id: Id<System>) -> Reply<System> {
    step(may, id, "activate").await
}

/// Retire a system
///
/// It is switched off, and stays on record. Refused while another one at work can not do without it.
#[utoipa::path(post, path = "/v1/systems/{id}/retire", tag = "Systems")]
async fn retire_system(may: May<Write, System>, id: Id<System>) -> Reply<System> {
    step(may, id, "retire").await
}

pub fn routes(api: &mut Api) {
    api.resource::<System>().call(operation!(activate_system)).call(operation!(retire_system));
}
