//! Escalated cases: what the front office can not solve for a customer. The case itself is the front office's as much as the back office's; what the back
//! office finds, does and weighs stands in rooms of its own, which the front office has no key to.
pub mod case_decisions;
pub mod case_files;
pub mod case_steps;
pub mod cases;
mod reports;

use platform::api::Api;
use std::time::Duration;

pub fn routes(api: &mut Api) {
    cases::routes(api);
    case_files::routes(api);
    case_steps::routes(api);
    case_decisions::routes(api);
    reports::routes(api);
    api.schedule::<cases::BreakPromises>(Duration::from_secs(20));
}
