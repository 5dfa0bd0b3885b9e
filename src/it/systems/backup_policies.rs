//! Backup policies: how old a backup may be, and how long ago a restore was tried.

use platform::prelude::*;
use schema::backup_policies;

/// How often systems are backed up, and how often that is tried out.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = backup_policies)]
pub struct BackupPolicy {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Daily")]
    pub name: String,
    /// What it is for.
    #[schema(max_length = 2000, example = "For everything with money in it.")]
    pub description: Option<String>,
    /// How old the last backup may be that succeeded, in hours.
    #[schema(minimum = 1, maximum = 8784, example = 26)]
    pub backup_every_hours: i32,
    /// How long ago a restore may have succeeded, in days.
    #[schema(minimum = 1, maximum = 3660, example = 92)]
    pub restore_test_every_days: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A backup policy to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = backup_policies, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewBackupPolicy {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Daily")]
    name: String,
    /// What it is for.
    #[schema(min_length = 1, max_length = 2000, example = "For everything with money in it.")]
    description: Option<String>,
    /// How old the last backup may be that succeeded, in hours.
    #[schema(minimum = 1, maximum = 8784, example = 26)]
    backup_every_hours: i32,
    /// How long ago a restore may have succeeded, in days.
    #[schema(minimum = 1, maximum = 3660, example = 92)]
    restore_test_every_days: i32,
}

/// What of a backup policy can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = backup_policies)]
#[serde(deny_unknown_fields)]
pub struct EditBackupPolicy {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Daily, tried out each quarter")]
    name: Option<String>,
    /// What it is for.
    #[schema(min_length = 1, max_length = 2000, example = "For everything with money or people in it.")]
    description: Option<Option<String>>,
    /// How old the last backup may be that succeeded, in hours.
    #[schema(minimum = 1, maximum = 8784, example = 24)]
    backup_every_hours: Option<i32>,
    /// How long ago a restore may have succeeded, in days.
    #[schema(minimum = 1, maximum = 3660, example = 90)]
    restore_test_every_days: Option<i32>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BackupPolicyFilter {}

impl Named for BackupPolicy {
    const NAME: &'static str = "backup-policies";
}

impl Resource for BackupPolicy {
    const PATH: &'static str = "/v1/backup-policies";
    const SINGULAR: &'static str = "backup_policy";
    const TAG: &'static str = "Systems";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = BackupPolicyFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for BackupPolicy {
    type Table = backup_policies::table;
    const TABLE: &'static str = "backup_policies";
    const SEARCHED: &'static [&'static str] = &["name", "description"];

    fn narrow(rows: Rows<Self>, _: BackupPolicyFilter) -> Rows<Self> {
        rows
    }
}

impl Written for BackupPolicy {
    type New = NewBackupPolicy;
    type Edit = EditBackupPolicy;
}

pub fn routes(api: &mut Api) {
    api.readable::<BackupPolicy>()
        .creatable::<BackupPolicy>()
        .changeable::<BackupPolicy>()
        .deletable::<BackupPolicy>();
}
