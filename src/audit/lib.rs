//! Proof that nobody changed what happened: events sealed into Merkle trees, signed checkpoints, and what an auditor checks
//! offline. It reads events and never writes one.
mod checkpoints;
mod leaf;
mod proofs;
mod seal;
mod tree;
pub mod verify;

use platform::api::Api;
use std::time::Duration;

pub use checkpoints::{Checkpoint, SigningKey};
pub use seal::{Seal, seal};

/// Everything that the room offers.
pub fn routes(api: &mut Api) {
    checkpoints::routes(api);
    proofs::routes(api);
    api.schedule::<Seal>(Duration::from_mins(1));
}
