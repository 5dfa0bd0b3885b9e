//! Collecting what customers owe: reminders by levels, their fees, and who is left out. It never moves money, and never changes
//! an invoice: a fee is an item of its own that is open until it is paid.
pub mod dunning_holds;
pub mod dunning_letters;
pub mod dunning_levels;
pub mod dunning_runs;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    dunning_levels::routes(api);
    dunning_holds::routes(api);
    dunning_runs::routes(api);
    dunning_letters::routes(api);
}
