//! Approvals: who has to say yes to what, who said it, and to exactly which content. It never carries out what was approved.
//!
//! A room says in its migration what can be made to ask for one, `select approvable('departments', '{archive}')`, and calls
//! [`require`] before it does that. Where no policy applies, nothing changes for anybody.
pub mod delegations;
pub mod moving;
pub mod policies;
pub mod requests;
mod requiring;

pub use requiring::{require, step};

use platform::api::Api;
use std::time::Duration;

pub fn routes(api: &mut Api) {
    policies::routes(api);
    requests::routes(api);
    delegations::routes(api);
    api.problem(&requiring::APPROVAL_REQUIRED);
    api.schedule::<moving::MoveOn>(Duration::from_secs(20));
}
