//! From the opening to the first day and to the last: openings, candidates, interviews, offers, checklists.

use platform::api::Api;

pub fn routes(_api: &mut Api) {}
