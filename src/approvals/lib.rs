//! Approvals: who has to say yes to what, who said it, and to exactly which content. It never carries out what was approved.
use platform::api::Api;

pub fn routes(_api: &mut Api) {}
