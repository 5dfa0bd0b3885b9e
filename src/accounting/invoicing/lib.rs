//! x
pub mod totals;
