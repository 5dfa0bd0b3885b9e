//! People: who works here, where they stand, whom they report to, from which day, and what the company has to know of them and
//! has on paper. What they earn is payroll's business, and their logins are identity's.
pub mod assignments;
pub mod careers;
pub mod departments;
pub mod dependants;
pub mod employees;
mod identity_numbers;
pub mod org_chart;
pub mod personal_data;
pub mod personal_data_changes;
pub mod personnel_document_kinds;
pub mod personnel_documents;
pub mod positions;
pub mod record_quality;
pub mod references;
pub mod required_documents;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    departments::routes(api);
    positions::routes(api);
    employees::routes(api);
    assignments::routes(api);
    personal_data::routes(api);
    personal_data_changes::routes(api);
    dependants::routes(api);
    personnel_document_kinds::routes(api);
    required_documents::routes(api);
    personnel_documents::routes(api);
    record_quality::routes(api);
    org_chart::routes(api);
}
