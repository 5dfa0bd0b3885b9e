//! Selling and buying: tax codes, invoices and bills, what takes them back, and what settles what. It never moves money: payments are
//! another room's, which sets them off against what is open here.
pub mod allocations;
pub mod bills;
mod booking;
pub mod credit_notes;
mod crediting;
pub mod debit_notes;
mod figures;
mod figuring;
pub mod invoices;
mod lines;
pub mod printing;
pub mod recurring_invoices;
pub mod tax_codes;
pub mod totals;
pub mod words;

pub use crediting::CreditedLine;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    tax_codes::routes(api);
    invoices::routes(api);
    recurring_invoices::routes(api);
    credit_notes::routes(api);
    bills::routes(api);
    debit_notes::routes(api);
    allocations::routes(api);
}
