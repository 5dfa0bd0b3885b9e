//! The service catalogue: what can be asked for, by which form, with whose approval and what is done for it; and what was asked for. The work
//! itself is tasks'.
mod forms;
pub mod service_requests;
pub mod services;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    services::routes(api);
    service_requests::routes(api);
}
