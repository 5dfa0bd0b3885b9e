//! Fixed assets: what was bought to be used for years, what it is worth, and what each period bears of it. What it books, it
//! books through the ledger; buying is booked by the bill, or by the opening balances.
pub mod categories;
pub mod depreciation_runs;
pub mod disposals;
mod due;
pub mod fixed_assets;
pub mod impairments;
pub mod movements;
pub mod purchases;
pub mod register;
pub mod schedule;
pub mod schedules;
pub mod transfers;
pub mod units;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    categories::routes(api);
    fixed_assets::routes(api);
    purchases::routes(api);
    schedules::routes(api);
    units::routes(api);
    transfers::routes(api);
    impairments::routes(api);
    disposals::routes(api);
    depreciation_runs::routes(api);
    movements::routes(api);
}
