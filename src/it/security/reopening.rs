//! What was lived with until a day is open again when that day is over.

use platform::job::{Running, Task};
use platform::prelude::*;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of systems: answers how many there were.
    fn reopen_accepted_vulnerabilities() -> BigInt;
}

/// Opens vulnerabilities again that were accepted until a day that is over, in all organizations.
#[derive(Serialize, Deserialize)]
pub struct ReopenVulnerabilities;

impl Task for ReopenVulnerabilities {
    const KIND: &'static str = "security.reopen_vulnerabilities";

    async fn run(self, job: &Running) -> Result<Value> {
        let reopening = async |db: &mut Db| {
            Ok(diesel::select(reopen_accepted_vulnerabilities()).get_result::<i64>(db).await?)
        };
        job.in_every_organization(async |organization| {
            job.database().as_system(organization, reopening).await
        })
        .await
    }
}
