//! What people get and how they grow: benefits, training, goals and reviews.

use platform::api::Api;

pub fn routes(_api: &mut Api) {}
