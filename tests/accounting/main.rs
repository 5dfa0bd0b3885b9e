//! Accounting, as stories over HTTP, with the figures worked out beside them.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod bills;
mod credit_notes;
mod invoices;
mod parties;
mod payment_terms;
mod shop;
mod taxes;
