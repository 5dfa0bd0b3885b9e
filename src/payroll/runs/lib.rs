//! Paying everybody: inputs, runs, payslips, what goes into the books and to the bank. Wages are open items of the employees' parties
//! once a run is posted; what pays them is a payment as any other.
mod calculating;
mod engine;
mod facts;
mod payroll_inputs;
mod payroll_runs;
mod payslips;
mod posting;
mod previewing;
mod printing;
mod registers;
mod variance;

#[cfg(test)]
mod figures;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    payroll_inputs::routes(api);
    payroll_runs::routes(api);
    payslips::routes(api);
    registers::routes(api);
}
