//! What people earn and how a payslip is figured: compensation over time, pay groups, pay components, statutory packs. Nothing is paid
//! here; that is what payroll does with it.
pub mod compensations;
mod hires;
pub mod packs;
pub mod pay_components;
pub mod pay_groups;
mod rules;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    pay_groups::routes(api);
    pay_components::routes(api);
    packs::routes(api);
    compensations::routes(api);
    hires::routes(api);
}
