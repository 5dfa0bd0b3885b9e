//! From the opening to the first day and to the last: stages, openings, candidates, applications, interviews with their scorecards,
//! offers; and the checklists of those who come and go. Whoever accepts an offer is an employee from then on: what follows is staff's.
mod accepting;
pub mod applications;
pub mod candidates;
pub mod checklist_tasks;
pub mod checklist_templates;
pub mod checklists;
pub mod interviews;
pub mod offers;
pub mod openings;
mod reports;
pub mod scorecards;
pub mod stages;

use platform::api::Api;
use std::time::Duration;

pub fn routes(api: &mut Api) {
    stages::routes(api);
    openings::routes(api);
    candidates::routes(api);
    applications::routes(api);
    interviews::routes(api);
    scorecards::routes(api);
    offers::routes(api);
    checklist_templates::routes(api);
    checklists::routes(api);
    checklist_tasks::routes(api);
    reports::routes(api);
    api.schedule::<candidates::ForgetCandidates>(Duration::from_hours(1));
    api.schedule::<offers::ExpireOffers>(Duration::from_hours(1));
}
