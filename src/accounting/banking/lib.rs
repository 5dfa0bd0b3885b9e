//! What banks say was booked in the organization's accounts, and which of it the ledger has. A file of a bank is
//! believed when it adds up, is of one of our accounts and follows what was taken before; and what a bank said is never changed.
//! This room talks to no bank.
pub mod bank_rules;
pub mod bank_statement_lines;
pub mod bank_statement_mappings;
pub mod bank_statements;
mod booking;
mod chain;
pub mod formats;
mod matching;
pub mod reconciliation;
mod settling;
mod taking;

use platform::api::Api;

/// Everything that the room offers.
pub fn routes(api: &mut Api) {
    bank_statement_mappings::routes(api);
    bank_rules::routes(api);
    bank_statements::routes(api);
    bank_statement_lines::routes(api);
    matching::routes(api);
    reconciliation::routes(api);
}
