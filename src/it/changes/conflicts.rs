//! What a change meets in its window: other changes, freezes, and who else feels it.

use crate::changes::{Change, ChangeStatus};
use diesel::sql_types::Uuid as SqlUuid;
use platform::prelude::*;
use serde_json::Value;
use systems::systems::Criticality;

diesel::define_sql_function! {
    /// See the migration of systems.
    fn change_conflicts(change: SqlUuid) -> Nullable<Jsonb>;
}

/// What a change meets in its window.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangeConflicts {
    /// The change.
    change_id: Uuid,
    /// When its window begins; null where it has none, and meets nothing.
    #[schema(example = "2030-01-12T20:00:00Z")]
    starts_at: Option<DateTime<Utc>>,
    /// When its window ends.
    #[schema(example = "2030-01-12T23:00:00Z")]
    ends_at: Option<DateTime<Utc>>,
    /// Other changes at the same time, of its systems, of those that need them and of those that they need.
    #[schema(max_items = 1000)]
    changes: Vec<MetChange>,
    /// Freezes that the window runs into.
    #[schema(max_items = 1000)]
    freezes: Vec<MetFreeze>,
    /// The systems at work that need those that are changed, however far away, the most critical first.
    #[schema(max_items = 1000)]
    dependent_systems: Vec<DependentSystem>,
}

/// Another change at the same time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MetChange {
    /// The other change.
    change_id: Uuid,
    /// Its number.
    #[schema(max_length = 20, example = "CHG-00041")]
    number: String,
    /// What it is called.
    #[schema(max_length = 200, example = "Move the storage")]
    title: String,
    status: ChangeStatus,
    /// When its window begins.
    #[schema(example = "2030-01-12T22:00:00Z")]
    starts_at: DateTime<Utc>,
    /// When its window ends.
    #[schema(example = "2030-01-13T02:00:00Z")]
    ends_at: DateTime<Utc>,
    /// The system of it that is concerned.
    system_id: Uuid,
    /// What that is called.
    #[schema(max_length = 100, example = "Storage")]
    system: String,
    relation: ChangeRelation,
}

text_enum! {
    /// What the other change's system is to this change's systems: one of them, one that needs them, or one that they need.
    #[expect(clippy::enum_variant_names, reason = "each says what it has to do with a system")]
    pub enum ChangeRelation { SameSystem = "same_system", DependentSystem = "dependent_system", UnderlyingSystem = "underlying_system" }
}

/// A freeze that a window runs into.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MetFreeze {
    /// The freeze.
    change_freeze_id: Uuid,
    /// What it is called.
    #[schema(max_length = 100, example = "Year end 2029")]
    name: String,
    /// When it begins.
    #[schema(example = "2029-12-20T00:00:00Z")]
    starts_at: DateTime<Utc>,
    /// When it ends.
    #[schema(example = "2030-01-13T00:00:00Z")]
    ends_at: DateTime<Utc>,
    /// Whether the change can not be scheduled for it; an emergency can.
    #[schema(example = true)]
    keeps_from_scheduling: bool,
}

/// A system that needs one that is changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct DependentSystem {
    /// The system.
    system_id: Uuid,
    /// What it is called.
    #[schema(max_length = 100, example = "Payslip portal")]
    name: String,
    criticality: Criticality,
}

/// Read the conflicts of a change
///
/// What it meets in its window: other changes that are scheduled or under way at the time, of its own systems, of those that need them, however far away, and of those that they need;
/// freezes; and all systems that feel it. Of a draft too, with the window that it wishes for.
#[utoipa::path(get, path = "/v1/changes/{id}/conflicts", tag = "Changes")]
async fn get_change_conflicts(may: May<Read, Change>, id: Id<Change>) -> Reply<Plain<ChangeConflicts>> {
    let met = may
        .read(async |db| Ok(diesel::select(change_conflicts(id.0)).get_result::<Option<Value>>(db).await?))
        .await?
        .ok_or_else(Problem::not_found)?;
    let met: ChangeConflicts = serde_json::from_value(met).map_err(Problem::internal)?;
    Plain(met).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_change_conflicts));
}
