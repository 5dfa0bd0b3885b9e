//! Money in and out: the organization's accounts at banks, what was paid to whom and for what. It never says what is owed: that is
//! `invoicing`, whose open items it settles.
mod allocating;
pub mod bank_accounts;
mod credit_transfers;
mod discounting;
mod facts;
mod paying;
pub mod payment_runs;
pub mod payments;
mod picking;
mod running;
mod weighing;

use platform::api::Api;

pub use allocating::void_all;
pub use paying::{Direction, NewMoney, Part, pay_all};
pub use payments::Payment;

pub fn routes(api: &mut Api) {
    bank_accounts::routes(api);
    payments::routes(api);
    payment_runs::routes(api);
}
