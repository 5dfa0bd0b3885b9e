//! What is wrong with backups: late, failed, never tried out, or for databases nowhere asked for.

use crate::backup_runs::BackupRun;
use crate::systems::Criticality;
use platform::prelude::*;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of systems.
    fn report_backup_findings() -> Jsonb;
}

/// What is wrong with backups.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BackupFindings {
    /// The findings, those of the most critical systems first.
    #[schema(max_items = 10_000)]
    findings: Vec<BackupFinding>,
}

/// Something that is wrong with the backups of a system at work.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BackupFinding {
    /// The system.
    system_id: Uuid,
    /// What it is called.
    #[schema(max_length = 100, example = "Payroll database")]
    system: String,
    /// The employee who answers for it.
    owner_id: Uuid,
    criticality: Criticality,
    finding: BackupFindingKind,
    /// When the last backup was begun that succeeded.
    #[schema(example = "2026-11-18T01:00:00Z")]
    last_backup_at: Option<DateTime<Utc>>,
    /// The last day on which a restore succeeded.
    #[schema(example = "2026-06-30")]
    last_restore_test_on: Option<NaiveDate>,
    /// Since when it is late, or when what failed was begun; null where nothing was ever due.
    #[schema(example = "2026-11-19T03:00:00Z")]
    due_at: Option<DateTime<Utc>>,
}

text_enum! {
    /// What is wrong: a database that no policy asks backups of; backups that are missing, late or failed; restores that were never tried, not lately, or failed.
    pub enum BackupFindingKind {
        NoPolicy = "no_policy",
        NeverBackedUp = "never_backed_up",
        BackupLate = "backup_late",
        LastBackupFailed = "last_backup_failed",
        RestoreNeverTested = "restore_never_tested",
        RestoreTestLate = "restore_test_late",
        LastRestoreTestFailed = "last_restore_test_failed",
    }
}

/// Report what is wrong with backups
///
/// Of the systems at work that the caller may see: backups that are late, failed or were never made, and restores that were never tried, not lately enough or in vain, by the
/// policy of each system; and databases without one.
#[utoipa::path(get, path = "/v1/reports/backup-findings", tag = "Systems")]
async fn report_findings_of_backups(may: May<Read, BackupRun>) -> Reply<Plain<BackupFindings>> {
    let findings = may
        .read(async |db| Ok(diesel::select(report_backup_findings()).get_result::<Value>(db).await?))
        .await?;
    let findings = serde_json::from_value(findings).map_err(Problem::internal)?;
    Plain(BackupFindings { findings }).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(report_findings_of_backups));
}
