//! What people work with: models and places, assets and who has them, licences and what is installed, consumables and accessories, and the
//! kits that positions ask for. What an asset is worth in the books is told by accounting: an asset may point at a fixed asset, and books nothing.
mod asset_actions;
pub mod assets;
pub mod assignments;
pub mod audits;
pub mod installations;
pub mod kit_items;
pub mod kits;
mod labels;
pub mod licence_assignments;
pub mod licence_terms;
pub mod licences;
pub mod locations;
pub mod maintenances;
pub mod models;
mod of_employees;
mod reports;
pub mod supplies;
pub mod supply_movements;

use chrono::NaiveDate;
use platform::api::Api;
use platform::problem::{Fault, Problem, Result};

pub fn routes(api: &mut Api) {
    locations::routes(api);
    models::routes(api);
    assets::routes(api);
    assignments::routes(api);
    maintenances::routes(api);
    audits::routes(api);
    licences::routes(api);
    licence_terms::routes(api);
    licence_assignments::routes(api);
    installations::routes(api);
    supplies::routes(api);
    supply_movements::routes(api);
    kits::routes(api);
    kit_items::routes(api);
    of_employees::routes(api);
    reports::routes(api);
}

/// Refuses where not exactly one of these fields is given.
fn one_of(fields: &[(&str, bool)]) -> Result<()> {
    let given: Vec<&str> = fields.iter().filter(|(_, given)| *given).map(|(name, _)| *name).collect();
    if given.len() == 1 {
        return Ok(());
    }
    let names: Vec<String> = fields.iter().map(|(name, _)| format!("`{name}`")).collect();
    let rule = format!("exactly one of {} must be given", names.join(", "));
    if given.is_empty() {
        return Err(Problem::invalid(vec![Fault::at("", "one-of-several", rule)]));
    }
    let faults = given.iter().map(|name| Fault::at(format!("/{name}"), "one-of-several", rule.clone()));
    Err(Problem::invalid(faults.collect()))
}

/// Refuses a day that has not come.
fn not_to_come(field: &str, day: Option<NaiveDate>) -> Result<()> {
    match day {
        Some(day) if day > chrono::Utc::now().date_naive() => {
            let rule = "must not be in the future: say so when it has happened";
            Err(Problem::invalid(vec![Fault::at(format!("/{field}"), "in-the-future", rule)]))
        }
        _ => Ok(()),
    }
}
