//! Restore tests: whether what was backed up could be used again, and how long that took.

use crate::backup_runs::BackupOutcome;
use platform::prelude::*;
use schema::restore_tests;

/// That somebody tried to use a backup again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = restore_tests)]
pub struct RestoreTest {
    pub id: Uuid,
    pub version: i64,
    /// The system that was restored.
    pub system_id: Uuid,
    /// The backup of this system that was used.
    #[schema(example = json!(null))]
    pub backup_run_id: Option<Uuid>,
    /// The day on which it was tried.
    #[schema(example = "2026-11-20")]
    pub tested_on: NaiveDate,
    /// What became of it.
    #[schema(example = "succeeded")]
    pub outcome: BackupOutcome,
    /// The employee who tried it.
    pub tested_by_id: Option<Uuid>,
    /// How many minutes passed until the system could be used again.
    #[schema(minimum = 0, maximum = 1_000_000, example = 45)]
    pub duration_minutes: Option<i32>,
    /// What was seen; of one that failed, why.
    #[schema(max_length = 5000, example = "All 250 payslips were there.")]
    pub notes: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A test that is over.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = restore_tests, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewRestoreTest {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The system that was restored.
    system_id: Uuid,
    /// The backup of this system that was used.
    #[schema(example = json!(null))]
    backup_run_id: Option<Uuid>,
    /// The day on which it was tried.
    #[schema(example = "2026-11-20")]
    tested_on: NaiveDate,
    /// What became of it.
    #[schema(example = "succeeded")]
    outcome: BackupOutcome,
    /// The employee who tried it.
    tested_by_id: Option<Uuid>,
    /// How many minutes passed until the system could be used again.
    #[schema(minimum = 0, maximum = 1_000_000, example = 45)]
    duration_minutes: Option<i32>,
    /// What was seen; of one that failed, why.
    #[schema(min_length = 1, max_length = 5000, example = "All 250 payslips were there.")]
    notes: Option<String>,
}

/// Nothing of a restore test can be changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = restore_tests)]
#[serde(deny_unknown_fields)]
pub struct EditRestoreTest {
    #[serde(skip)]
    outcome: Option<BackupOutcome>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct RestoreTestFilter {
    /// Only tests of this system.
    system_id: Option<Uuid>,
    /// Only tests of which this became.
    #[param(inline)]
    outcome: Option<BackupOutcome>,
    /// Only tests on this day or later.
    tested_on_from: Option<NaiveDate>,
    /// Only tests on this day or earlier.
    tested_on_to: Option<NaiveDate>,
}

impl Named for RestoreTest {
    const NAME: &'static str = "restore-tests";
}

impl Resource for RestoreTest {
    const PATH: &'static str = "/v1/restore-tests";
    const SINGULAR: &'static str = "restore_test";
    const TAG: &'static str = "Systems";
    const SORT: &'static [SortKey] = &[SortKey::day("tested_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-tested_on";
    type Filter = RestoreTestFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for RestoreTest {
    type Table = restore_tests::table;
    const TABLE: &'static str = "restore_tests";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: RestoreTestFilter) -> Rows<Self> {
        rows.when(by.system_id, |rows, system_id| rows.filter(restore_tests::system_id.eq(system_id)))
            .when(by.outcome, |rows, outcome| rows.filter(restore_tests::outcome.eq(outcome)))
            .when(by.tested_on_from, |rows, tested_on_from| {
                rows.filter(restore_tests::tested_on.ge(tested_on_from))
            })
            .when(by.tested_on_to, |rows, tested_on_to| {
                rows.filter(restore_tests::tested_on.le(tested_on_to))
            })
    }
}

impl Written for RestoreTest {
    type New = NewRestoreTest;
    type Edit = EditRestoreTest;
}

pub fn routes(api: &mut Api) {
    api.readable::<RestoreTest>().creatable::<RestoreTest>();
}
