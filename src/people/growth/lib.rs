//! What people get and how they grow: benefits, training, goals and reviews. What benefits cost is worked out here; pay takes
//! it in, and books it.
pub mod benefit_enrolments;
pub mod benefit_plans;
pub mod benefit_windows;
pub mod certificates;
pub mod course_enrolments;
pub mod course_requirements;
pub mod course_sessions;
pub mod courses;
pub mod goal_check_ins;
pub mod goals;
pub mod life_events;
pub mod review_calibrations;
pub mod review_cycles;
pub mod review_parts;
pub mod reviews;
mod training_reports;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    benefit_plans::routes(api);
    benefit_windows::routes(api);
    life_events::routes(api);
    benefit_enrolments::routes(api);
    courses::routes(api);
    course_requirements::routes(api);
    course_sessions::routes(api);
    course_enrolments::routes(api);
    certificates::routes(api);
    training_reports::routes(api);
    goals::routes(api);
    goal_check_ins::routes(api);
    review_cycles::routes(api);
    reviews::routes(api);
    review_parts::routes(api);
    review_calibrations::routes(api);
}
