//! Paying everybody: inputs, runs, payslips, what goes into the books and to the bank.

use platform::api::Api;

pub fn routes(_api: &mut Api) {}
