//! When people work, and when they are away: calendars and working patterns, leave and what of it is left, timesheets.
//! What has to hold at every moment is held by the database (`migrations/*_worktime`): the days that a leave takes, whether there
//! is enough of it, who decides on it, what is overtime, and that a week that was handed in takes nothing.
mod absences;
mod accruing;
mod balances;
mod calendar_feeds;
mod calendars;
mod entitlements;
mod entries;
mod holidays;
mod leave_requests;
mod leave_types;
mod patterns;
mod project_hours;
mod schedules;
mod timesheets;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    calendars::routes(api);
    holidays::routes(api);
    patterns::routes(api);
    schedules::routes(api);
    leave_types::routes(api);
    entitlements::routes(api);
    balances::routes(api);
    accruing::routes(api);
    leave_requests::routes(api);
    absences::routes(api);
    calendar_feeds::routes(api);
    timesheets::routes(api);
    entries::routes(api);
    project_hours::routes(api);
}
