//! Supply movements: what of consumables and accessories came in, went out, came back or was written off, when and to whom. Final.

use platform::prelude::*;
use schema::supply_movements;

/// That so many of something moved.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = supply_movements)]
pub struct SupplyMovement {
    pub id: Uuid,
    pub version: i64,
    /// The consumable or accessory.
    pub supply_id: Uuid,
    #[schema(example = "hand_out")]
    pub kind: SupplyMovementKind,
    /// How many.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    pub quantity: i32,
    /// The employee who got them, or brought them back.
    pub employee_id: Option<Uuid>,
    /// The place that got them, or that they came back from.
    pub location_id: Option<Uuid>,
    /// On which day.
    #[schema(example = "2026-03-04")]
    pub moved_on: NaiveDate,
    /// What else is to be known.
    #[schema(max_length = 500, example = json!(null))]
    pub note: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether they came in, went out, came back or are no good any more.
    pub enum SupplyMovementKind { Receipt = "receipt", HandOut = "hand_out", Return = "return", WriteOff = "write_off" }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SupplyMovementFilter {
    /// Only movements of this kind.
    #[param(inline)]
    kind: Option<SupplyMovementKind>,
    /// Only movements of this consumable or accessory.
    supply_id: Option<Uuid>,
    /// Only what this employee got or brought back.
    employee_id: Option<Uuid>,
    /// Only what this place got, or what came back from it.
    location_id: Option<Uuid>,
    /// Only movements on this day or later.
    moved_on_from: Option<NaiveDate>,
    /// Only movements on this day or earlier.
    moved_on_to: Option<NaiveDate>,
}

impl Named for SupplyMovement {
    const NAME: &'static str = "supply-movements";
}

impl Resource for SupplyMovement {
    const PATH: &'static str = "/v1/supply-movements";
    const SINGULAR: &'static str = "supply_movement";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] = &[SortKey::day("moved_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-moved_on";
    type Filter = SupplyMovementFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn person(&self) -> Option<Uuid> {
        self.employee_id
    }
}

impl Stored for SupplyMovement {
    type Table = supply_movements::table;
    const TABLE: &'static str = "supply_movements";
    const SEARCHED: &'static [&'static str] = &["note"];

    fn narrow(rows: Rows<Self>, by: SupplyMovementFilter) -> Rows<Self> {
        rows.when(by.kind, |rows, kind| rows.filter(supply_movements::kind.eq(kind)))
            .when(by.supply_id, |rows, id| rows.filter(supply_movements::supply_id.eq(id)))
            .when(by.employee_id, |rows, id| rows.filter(supply_movements::employee_id.eq(id)))
            .when(by.location_id, |rows, id| rows.filter(supply_movements::location_id.eq(id)))
            .when(by.moved_on_from, |rows, day| rows.filter(supply_movements::moved_on.ge(day)))
            .when(by.moved_on_to, |rows, day| rows.filter(supply_movements::moved_on.le(day)))
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<SupplyMovement>();
}
