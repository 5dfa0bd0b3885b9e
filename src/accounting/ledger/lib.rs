//! The ledger: double entry, and what everything else books into. It knows no documents: whoever has one says what it
//! comes to, as a [`Posting`], and gets an entry that balances, with a number, or a problem that names the line.
//!
//! What holds is held by the database (`migrations/*_ledger`): posted lines are written by one function and changed by none.
pub mod accounts;
mod balances;
mod charts;
pub mod cost_centres;
pub mod currency;
mod entry_import;
pub mod exchange_rates;
pub mod fiscal_periods;
pub mod fiscal_years;
pub mod journal_entries;
pub mod journal_lines;
pub mod journals;
mod posting;
pub mod projects;
pub mod recurring_entries;
mod schedule;

use platform::api::Api;

pub use accounts::AccountRole as Role;
pub use journal_lines::{Control, TaxSide};
pub use journals::JournalType;
pub use posting::{
    Books, Foreign, Posted, Posting, PostingLine, Reversal, account_of, books, post, post_all, rate, reverse,
    reverse_all,
};
pub use schedule::Every;

/// Everything that the room offers.
pub fn routes(api: &mut Api) {
    accounts::routes(api);
    cost_centres::routes(api);
    projects::routes(api);
    exchange_rates::routes(api);
    fiscal_years::routes(api);
    fiscal_periods::routes(api);
    journals::routes(api);
    journal_entries::routes(api);
    entry_import::routes(api);
    journal_lines::routes(api);
    recurring_entries::routes(api);
    posting::routes(api);
    balances::routes(api);
}
