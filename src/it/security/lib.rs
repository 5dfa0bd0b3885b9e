//! Incidents and vulnerabilities of systems: how severe, by when dealt with, by whom, and what was learnt. Whoever reports an incident in confidence is named in no
//! answer, list, history, event or export (`migrations/*_systems`, `security_incident_reporters`).
mod deadlines;
mod incidents;
mod reopening;
mod timeline;
mod vulnerabilities;

use platform::api::Api;
use std::time::Duration;

pub fn routes(api: &mut Api) {
    incidents::routes(api);
    timeline::routes(api);
    vulnerabilities::routes(api);
    deadlines::routes(api);
    api.schedule::<reopening::ReopenVulnerabilities>(Duration::from_hours(1));
}
