//! Expenses: what employees spent for the company, what its policy allows, and how they get it back. A claim is approved by somebody
//! above the employee, booked, and then open until it is paid: by a payment, a payment run, or the payroll through [`settle`].
pub mod categories;
pub mod claims;
mod figuring;
mod lines;
mod policy;
mod posting;
mod reimbursing;

use platform::api::Api;

pub use posting::told_of_the_day;
pub use reimbursing::{Due, Settlement, due, settle};

pub fn routes(api: &mut Api) {
    categories::routes(api);
    claims::routes(api);
}
