//! Proof that nobody changed what happened: events sealed into Merkle trees, checkpoints, and what an auditor checks offline.
use platform::api::Api;

pub fn routes(_api: &mut Api) {}
