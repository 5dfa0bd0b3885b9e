//! What ends by itself: access whose last day is over, and campaigns that nobody answers any more.

use platform::job::{Running, Task};
use platform::prelude::*;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of systems: answers how many there were.
    fn end_access_that_is_due() -> BigInt;
}

/// Ends access and access reviews whose last day is over, in all organizations.
#[derive(Serialize, Deserialize)]
pub struct EndAccess;

impl Task for EndAccess {
    const KIND: &'static str = "access.end";

    async fn run(self, job: &Running) -> Result<Value> {
        let ending =
            async |db: &mut Db| Ok(diesel::select(end_access_that_is_due()).get_result::<i64>(db).await?);
        job.in_every_organization(async |organization| job.database().as_system(organization, ending).await)
            .await
    }
}
