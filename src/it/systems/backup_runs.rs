//! Backups, as agents report them. What was reported stays as it is.

use platform::prelude::*;
use schema::backup_runs;

/// A backup of a system, as an agent reported it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = backup_runs)]
pub struct BackupRun {
    pub id: Uuid,
    pub version: i64,
    /// The system that was backed up.
    pub system_id: Uuid,
    /// When it started; a system has one backup at a time.
    #[schema(example = "2026-11-20T01:00:00Z")]
    pub started_at: DateTime<Utc>,
    /// When it ended.
    #[schema(example = "2026-11-20T01:12:30Z")]
    pub ended_at: DateTime<Utc>,
    /// What became of it.
    #[schema(example = "succeeded")]
    pub outcome: BackupOutcome,
    /// How large it is, in bytes.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 5_368_709_120_i64)]
    pub size_bytes: Option<i64>,
    /// Where it is kept.
    #[schema(max_length = 500, example = "s3://backups/payroll/2026-11-20")]
    pub location: Option<String>,
    /// What the agent says of it; of one that failed, why.
    #[schema(max_length = 2000, example = json!(null))]
    pub message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What became of it.
    pub enum BackupOutcome { Succeeded = "succeeded", Failed = "failed" }
}

/// A backup that is over.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = backup_runs, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewBackupRun {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The system that was backed up.
    system_id: Uuid,
    /// When it started; a system has one backup at a time.
    #[schema(example = "2026-11-20T01:00:00Z")]
    started_at: DateTime<Utc>,
    /// When it ended.
    #[schema(example = "2026-11-20T01:12:30Z")]
    ended_at: DateTime<Utc>,
    /// What became of it.
    #[schema(example = "succeeded")]
    outcome: BackupOutcome,
    /// How large it is, in bytes.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64, example = 5_368_709_120_i64)]
    size_bytes: Option<i64>,
    /// Where it is kept.
    #[schema(min_length = 1, max_length = 500, example = "s3://backups/payroll/2026-11-20")]
    location: Option<String>,
    /// What the agent says of it; of one that failed, why.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    message: Option<String>,
}

/// Nothing of a backup run can be changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = backup_runs)]
#[serde(deny_unknown_fields)]
pub struct EditBackupRun {
    #[serde(skip)]
    outcome: Option<BackupOutcome>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BackupRunFilter {
    /// Only backups of this system.
    system_id: Option<Uuid>,
    /// Only backups of which this became.
    #[param(inline)]
    outcome: Option<BackupOutcome>,
    /// Only backups that started then or later.
    started_at_from: Option<DateTime<Utc>>,
    /// Only backups that started then or earlier.
    started_at_to: Option<DateTime<Utc>>,
}

impl Named for BackupRun {
    const NAME: &'static str = "backup-runs";
}

impl Resource for BackupRun {
    const PATH: &'static str = "/v1/backup-runs";
    const SINGULAR: &'static str = "backup_run";
    const TAG: &'static str = "Systems";
    const SORT: &'static [SortKey] = &[SortKey::instant("started_at"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-started_at";
    type Filter = BackupRunFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for BackupRun {
    type Table = backup_runs::table;
    const TABLE: &'static str = "backup_runs";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: BackupRunFilter) -> Rows<Self> {
        rows.when(by.system_id, |rows, system_id| rows.filter(backup_runs::system_id.eq(system_id)))
            .when(by.outcome, |rows, outcome| rows.filter(backup_runs::outcome.eq(outcome)))
            .when(by.started_at_from, |rows, started_at_from| {
                rows.filter(backup_runs::started_at.ge(started_at_from))
            })
            .when(by.started_at_to, |rows, started_at_to| {
                rows.filter(backup_runs::started_at.le(started_at_to))
            })
    }
}

impl Written for BackupRun {
    type New = NewBackupRun;
    type Edit = EditBackupRun;
}

pub fn routes(api: &mut Api) {
    api.readable::<BackupRun>().creatable::<BackupRun>();
}
