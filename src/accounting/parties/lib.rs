//! Parties: whom the company sells to and buys from, and when they pay. What they owe, and what is owed to them, is in the
//! ledger and in the documents that name them.
pub mod details;
mod due;
pub mod identifiers;
pub mod parties;
pub mod payment_terms;

pub use due::{EarlyPayment, Instalment, due, early_payment};

use platform::api::Api;

pub fn routes(api: &mut Api) {
    payment_terms::routes(api);
    parties::routes(api);
}
