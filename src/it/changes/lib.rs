//! Changes and upgrades of systems: how risky they are, who agrees to them, when they are done and when nothing is, what came of them, and what was learnt.
//! An approval board is a policy of `approvals` for `changes:approve`; how risky a change is can be one of its conditions.
mod calendar;
mod calendar_feeds;
mod changes;
mod conflicts;
mod doing;
mod freezes;
mod links;
mod risks;
mod steps;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    changes::routes(api);
    doing::routes(api);
    conflicts::routes(api);
    calendar::routes(api);
    calendar_feeds::routes(api);
    steps::routes(api);
    links::routes(api);
    freezes::routes(api);
    risks::routes(api);
}
