//! Who is calling: organizations, users, memberships, roles, sessions, API clients. It signs people and programs in and
//! says what they may do; it never knows what the things are that they do it to.
mod api_clients;
pub mod directory_tokens;
pub mod housekeeping;
pub mod identity_providers;
mod invitations;
pub mod issuers;
pub mod keys;
mod mailed_links;
pub mod mails;
mod me;
mod memberships;
mod oauth;
pub mod opaque;
pub mod organizations;
pub mod passwords;
pub mod permissions;
mod reauthenticate;
mod renewals;
pub mod roles;
mod second_factor;
mod sessions;
pub mod sign_in;
mod throttle;
mod totp;
mod users;

use platform::prelude::*;

/// Everything that the room offers.
pub fn routes(api: &mut Api) {
    sign_in::routes(api);
    reauthenticate::routes(api);
    mailed_links::routes(api);
    second_factor::routes(api);
    mails::routes(api);
    me::routes(api);
    organizations::routes(api);
    roles::routes(api);
    sessions::routes(api);
    users::routes(api);
    memberships::routes(api);
    invitations::routes(api);
    api_clients::routes(api);
    directory_tokens::routes(api);
    identity_providers::routes(api);
    oauth::routes(api);
    api.schedule::<housekeeping::Forget>(std::time::Duration::from_hours(1));
}
