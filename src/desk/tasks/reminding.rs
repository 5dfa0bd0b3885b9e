//! Reminders of tasks, and what is overdue: told as events of the tasks, when it is time. By the database's clock.

use platform::job::{Running, Task};
use platform::prelude::*;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of tasks: answers how many there were.
    fn move_tasks_on(most: diesel::sql_types::Integer) -> diesel::sql_types::Integer;
}

/// Tasks at a time, so that nobody waits long for their rows.
const AT_A_TIME: i32 = 200;

/// Reminds of what it is time for and tells what is overdue, in all organizations.
#[derive(Serialize, Deserialize)]
pub struct MoveOn;

impl Task for MoveOn {
    const KIND: &'static str = "tasks.move_on";

    async fn run(self, job: &Running) -> Result<Value> {
        let mut moved = 0;
        loop {
            let few = async |db: &mut Db| {
                Ok(diesel::select(move_tasks_on(AT_A_TIME)).get_result::<i32>(db).await?)
            };
            let now = job.database().without_organization(few).await?;
            moved += now;
            if now < AT_A_TIME {
                return Ok(json!({"moved": moved}));
            }
        }
    }
}
