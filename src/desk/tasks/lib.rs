//! Tasks of any department: who does what until when, what has to be done first, what comes again and again, and how much is on
//! whose desk. It never knows what a task is about: that is a link to a row of any room.
mod handing_on;
pub mod recurring_tasks;
mod reminding;
pub mod task_dependencies;
pub mod tasks;
mod workload;

use platform::api::Api;
use std::time::Duration;

pub fn routes(api: &mut Api) {
    tasks::routes(api);
    handing_on::routes(api);
    task_dependencies::routes(api);
    recurring_tasks::routes(api);
    workload::routes(api);
    api.schedule::<reminding::MoveOn>(Duration::from_secs(20));
    api.schedule::<recurring_tasks::MakeDue>(Duration::from_mins(10));
}
