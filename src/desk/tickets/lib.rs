//! The desk: queues with their hours and promises, and tickets from the first report to what was learnt from it. What a ticket is about may be
//! anything that has an id: it names it, and never enters the room where that lives. What people who work on it tell each other is never shown to who
//! asked.
mod alarms;
pub mod business_hours;
pub mod clock;
pub mod deadlines;
pub mod escalation_rules;
mod importing;
pub mod links;
pub mod macros;
mod merging;
pub mod messages;
mod opening;
pub mod priority_matrices;
pub mod queues;
mod reckoning;
mod reports;
pub mod routing_rules;
mod search;
pub mod sla_policies;
pub mod tickets;
mod working;

use platform::api::Api;
use std::time::Duration;

pub fn routes(api: &mut Api) {
    business_hours::routes(api);
    sla_policies::routes(api);
    priority_matrices::routes(api);
    queues::routes(api);
    routing_rules::routes(api);
    escalation_rules::routes(api);
    macros::routes(api);
    tickets::routes(api);
    messages::routes(api);
    links::routes(api);
    deadlines::routes(api);
    search::routes(api);
    reports::routes(api);
    api.schedule::<alarms::RingAlarms>(Duration::from_secs(15));
}
