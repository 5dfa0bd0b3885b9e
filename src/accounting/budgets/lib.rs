//! Budgets: what a year may cost and bring, who agreed to it, what of it is used, and what would be too much.
pub mod budgets;
pub mod checks;
pub mod lines;
pub mod reports;

use platform::api::Api;

pub use checks::{Finding, Spending, check, refuse};

pub fn routes(api: &mut Api) {
    budgets::routes(api);
}
