//! What an employee has: what they answer for, and what comes back when they leave.

use crate::assignments::{AssetAssignment, AssetAssignmentStatus};
use diesel::sql_types::Uuid as SqlUuid;
use platform::prelude::*;
use serde_json::Value;
use staff::employees::Employee;

diesel::define_sql_function! {
    /// See the migration of equipment.
    fn equipment_of_employee(employee: SqlUuid) -> Nullable<Jsonb>;
}

/// All that somebody has.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct EmployeeEquipment {
    /// Who.
    employee_id: Uuid,
    /// Their name.
    #[schema(max_length = 201, example = "Ana Pop")]
    employee: String,
    /// Their last day of work, past or to come: by then all of it comes back; null while none is known.
    #[schema(example = "2026-12-31")]
    last_day_on: Option<NaiveDate>,
    /// The assets, those first that come back first.
    #[schema(max_items = 10_000)]
    assets: Vec<HeldAsset>,
    /// The seats of licences, to be released.
    #[schema(max_items = 10_000)]
    licences: Vec<HeldLicence>,
    /// The accessories, to be given back.
    #[schema(max_items = 10_000)]
    accessories: Vec<HeldAccessory>,
}

/// An asset that somebody has.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct HeldAsset {
    /// The assignment.
    assignment_id: Uuid,
    /// The asset.
    asset_id: Uuid,
    /// What stands on its label.
    #[schema(max_length = 40, example = "A-00042")]
    tag: String,
    /// The number that its maker gave it.
    #[schema(max_length = 100, example = "PF4X2K9C")]
    serial_number: Option<String>,
    /// What it is.
    #[schema(max_length = 100, example = "ThinkPad L14 Gen 5")]
    model: String,
    /// What kind of thing that is.
    #[schema(max_length = 60, example = "Laptop")]
    category: String,
    /// Since when they have it.
    #[schema(example = "2026-03-04")]
    checked_out_on: NaiveDate,
    /// By when it comes back; null where they keep it as long as they work here.
    #[schema(example = "2026-12-31")]
    due_back_on: Option<NaiveDate>,
    /// Whether it should be back by now.
    #[schema(example = false)]
    is_overdue: bool,
    #[schema(example = "active")]
    status: AssetAssignmentStatus,
}

/// A seat that somebody has.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct HeldLicence {
    /// The assignment.
    assignment_id: Uuid,
    /// The licence.
    licence_id: Uuid,
    /// What it is called.
    #[schema(max_length = 100, example = "Microsoft 365 E3")]
    name: String,
    /// Since when they have it.
    #[schema(example = "2026-03-04")]
    assigned_on: NaiveDate,
}

/// An accessory that somebody has.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct HeldAccessory {
    /// The accessory.
    supply_id: Uuid,
    /// What it is called.
    #[schema(max_length = 100, example = "Headset, USB-C")]
    name: String,
    /// How many of it they have.
    #[schema(minimum = 1, example = 1)]
    quantity: i64,
}

/// Read what an employee has
///
/// The assets that they have with the days by which these come back, the seats of licences and the accessories: what has to come back when
/// they leave. Everybody may read their own.
#[utoipa::path(get, path = "/v1/employees/{id}/equipment", tag = "Assets")]
async fn get_employee_equipment(
    may: May<Read, AssetAssignment>,
    id: Id<Employee>,
) -> Reply<Plain<EmployeeEquipment>> {
    let held = may
        .read(async |db| {
            let held = diesel::select(equipment_of_employee(id.0));
            Ok(held.get_result::<Option<Value>>(db).await?)
        })
        .await?
        .ok_or_else(Problem::not_found)?;
    Plain(serde_json::from_value(held).map_err(Problem::internal)?).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_employee_equipment));
}
