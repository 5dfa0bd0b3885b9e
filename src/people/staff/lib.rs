//! People: who works here, where they stand, and whom they report to. What they earn is payroll's business, and their
//! logins are identity's.
pub mod assignments;
pub mod careers;
pub mod departments;
pub mod employees;
pub mod positions;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    assignments::routes(api);
    departments::routes(api);
    positions::routes(api);
    employees::routes(api);
}
