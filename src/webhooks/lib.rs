//! Webhooks: what happened, told to other programs as it happens. It never sends more than who, what and when.
use platform::api::Api;

pub fn routes(_api: &mut Api) {}
