//! Who is calling: organizations, users, memberships, roles, sessions, API clients. It signs people and programs in and
//! says what they may do; it never knows what the things are that they do it to.
pub mod keys;
mod me;
mod opaque;
pub mod organizations;
pub mod passwords;
pub mod permissions;
pub mod roles;
mod sessions;
pub mod sign_in;
mod throttle;

use platform::prelude::*;

/// Everything that the room offers.
pub fn routes(api: &mut Api) {
    sign_in::routes(api);
    me::routes(api);
    organizations::routes(api);
    roles::routes(api);
    sessions::routes(api);
}
