//! Reports: what the books come to. It reads and never writes; every figure is the sum of journal lines, exact at the moment it
//! is read, and says where they are.
mod aged;
mod asked;
mod asset_register;
mod bank_reconciliation;
mod books;
mod budget_vs_actual;
mod checks;
mod general_ledger;
mod integrity;
mod journal;
mod ledger_lines;
mod load;
mod overview;
mod party_statement;
mod period;
mod render;
mod report;
mod statements;
mod tax_return;

use platform::api::Api;

pub use load::Heading;
pub use render::Form;
pub use report::{Report, ReportCell, ReportColumn, ReportKind, ReportParameter, ReportRow, ReportRowKind};

/// Everything that the room offers.
pub fn routes(api: &mut Api) {
    overview::routes(api);
    ledger_lines::routes(api);
    party_statement::routes(api);
    tax_return::routes(api);
    budget_vs_actual::routes(api);
    asset_register::routes(api);
    bank_reconciliation::routes(api);
    integrity::routes(api);
}
