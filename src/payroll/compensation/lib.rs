//! What people earn and how a payslip is figured: compensation over time, pay groups, pay components, statutory packs.

use platform::api::Api;

pub fn routes(_api: &mut Api) {}
