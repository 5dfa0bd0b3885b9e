//! Files, and what hangs on other resources: attachments and comments. What something hangs on rules who sees it.
use platform::api::Api;

pub fn routes(_api: &mut Api) {}
