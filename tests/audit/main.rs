//! Proof that nobody changed what happened, and the organization as one archive.
#![allow(clippy::unwrap_used, reason = "what a test does not expect fails it there and then")]
#[path = "../support/mod.rs"]
mod support;

mod archive;
mod hostile;
mod place;
mod proof;
mod tampering;
