//! Who may use which system in which role: asked for, approved by whoever answers for the system, granted, reviewed and ended. It says so and keeps it on record; it
//! opens no door itself.
mod ending;
mod grants;
mod reports;
mod review_items;
mod reviews;
mod roles;
mod toxic_pairs;

use platform::api::Api;
use std::time::Duration;

pub fn routes(api: &mut Api) {
    roles::routes(api);
    toxic_pairs::routes(api);
    grants::routes(api);
    reviews::routes(api);
    review_items::routes(api);
    reports::routes(api);
    api.schedule::<ending::EndAccess>(Duration::from_hours(1));
}
