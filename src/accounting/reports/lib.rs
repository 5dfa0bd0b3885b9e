//! Reports: what the books come to. It reads and never writes; every figure is the sum of journal lines, exact at the moment it
//! is read, and says where they are.
mod asked;
mod bank_reconciliation;
mod books;
mod checks;
mod general_ledger;
mod integrity;
mod journal;
mod ledger_lines;
mod load;
mod overview;
mod period;
mod render;
mod report;
mod statements;

use platform::api::Api;

/// Everything that the room offers.
pub fn routes(api: &mut Api) {
    overview::routes(api);
    ledger_lines::routes(api);
    bank_reconciliation::routes(api);
    integrity::routes(api);
}
