//! When people work, and when they are away: calendars and working patterns, leave, timesheets, who stands in for whom.

use platform::api::Api;

pub fn routes(_api: &mut Api) {}
