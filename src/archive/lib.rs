//! An organization as one archive: everything out, and into an empty installation again. Nobody is locked in. It knows the
//! tables by what the database says of them, and no business.
mod export;
mod import;
mod layout;
mod read;
mod spool;
mod verify;

use platform::prelude::*;

pub use import::{Imported, import};
pub use verify::{is_archive, verify};

/// Everything that the room offers.
pub fn routes(api: &mut Api) {
    api.call(operation!(export::export_organization));
}
