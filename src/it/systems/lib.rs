//! What the organization works on: systems and what stands on what, what an outage reaches, backups and whether they were tried out.
//! Databases are systems with an engine. Who may use them is `access`' to say, what is changed on them `changes`'.
mod backup_policies;
mod backup_runs;
mod dependencies;
mod findings;
mod impact;
mod restore_tests;
pub mod systems;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    systems::routes(api);
    dependencies::routes(api);
    impact::routes(api);
    backup_policies::routes(api);
    backup_runs::routes(api);
    restore_tests::routes(api);
    findings::routes(api);
}
