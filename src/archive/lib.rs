//! An organization as one archive: everything out, and into an empty installation again. Nobody is locked in.
use platform::api::Api;

pub fn routes(_api: &mut Api) {}
