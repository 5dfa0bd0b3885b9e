//! What moves on without anybody calling: time limits that end, and approvals of those who left. By the database's clock.
use platform::job::{Running, Task};
use platform::prelude::*;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of approvals: answers how many were moved on.
    fn move_approvals_on(organization: diesel::sql_types::Nullable<diesel::sql_types::Uuid>, most: diesel::sql_types::Integer) -> diesel::sql_types::Integer;
}

/// Approvals at a time, so that nobody waits long for their rows.
const AT_A_TIME: i32 = 100;

/// Moves on what is due, in all organizations.
#[derive(Serialize, Deserialize)]
pub struct MoveOn;

impl Task for MoveOn {
    const KIND: &'static str = "approvals.move_on";

    async fn run(self, job: &Running) -> Result<Value> {
        let mut moved = 0;
        loop {
            let few = async |db: &mut Db| {
                Ok(diesel::select(move_approvals_on(None::<Uuid>, AT_A_TIME)).get_result::<i32>(db).await?)
            };
            let now = job.database().without_organization(few).await?;
            moved += now;
            if now < AT_A_TIME {
                return Ok(json!({"moved": moved}));
            }
        }
    }
}
