//! Supplies: consumables, which are used up, and accessories, which come back: how many are there, and when there are too few. There is
//! never less than nothing: those who take the last ones take turns at the row.

use crate::one_of;
use diesel::dsl::sql;
use diesel::sql_types::Bool;
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::{supplies, supply_movements};

/// A consumable or an accessory.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = supplies)]
pub struct Supply {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Headset, USB-C")]
    pub name: String,
    #[schema(example = "accessory")]
    pub kind: SupplyKind,
    /// What kind of thing it is, in the organization's own words.
    #[schema(max_length = 60, example = "Audio")]
    pub category: Option<String>,
    /// Where it is kept.
    pub location_id: Option<Uuid>,
    /// The party that it is bought from.
    pub supplier_id: Option<Uuid>,
    /// With how many or fewer it is to be bought again.
    #[schema(minimum = 0, maximum = 1_000_000, example = 5)]
    pub minimum_quantity: i32,
    /// How many are there.
    #[schema(minimum = 0, maximum = 2_000_000_000, example = 0)]
    pub on_hand: i32,
    /// How many accessories are with somebody; of consumables 0, since they are used up.
    #[schema(minimum = 0, maximum = 2_000_000_000, example = 0)]
    pub handed_out: i32,
    /// What one costs.
    #[schema(example = "49.90")]
    pub unit_price: Option<Money>,
    /// The currency of the price (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: Option<String>,
    /// What else is to be known.
    #[schema(max_length = 2000, example = json!(null))]
    pub note: Option<String>,
    pub status: SupplyStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether it is used up or comes back.
    pub enum SupplyKind { Consumable = "consumable", Accessory = "accessory" }
}

text_enum! {
    /// Whether it is kept in stock.
    pub enum SupplyStatus { Active = "active", Archived = "archived" }
}

/// A consumable or an accessory to be, of which there is none yet.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = supplies, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewSupply {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Headset, USB-C")]
    name: String,
    /// Whether it comes back.
    #[schema(example = "accessory")]
    kind: SupplyKind,
    /// What kind of thing it is, in the organization's own words.
    #[schema(min_length = 1, max_length = 60, example = "Audio")]
    category: Option<String>,
    /// Where it is kept.
    #[schema(example = json!(null))]
    location_id: Option<Uuid>,
    /// The party that it is bought from, a supplier.
    #[schema(example = json!(null))]
    supplier_id: Option<Uuid>,
    /// With how many or fewer it is to be bought again; with none, unless told.
    #[schema(minimum = 0, maximum = 1_000_000, example = 5)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    minimum_quantity: Option<i32>,
    /// What one costs.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "49.90")]
    unit_price: Option<Decimal>,
    /// The currency of the price (ISO 4217); that of the books, where none is told.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<String>,
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    note: Option<String>,
}

/// What of a consumable or an accessory can be changed; how many there are follows from what moves.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = supplies)]
#[serde(deny_unknown_fields)]
pub struct EditSupply {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Headset, USB-C, stereo")]
    name: Option<String>,
    /// What kind of thing it is, in the organization's own words.
    #[schema(min_length = 1, max_length = 60, example = "Audio")]
    category: Option<Option<String>>,
    /// Where it is kept.
    #[schema(example = json!(null))]
    location_id: Option<Option<Uuid>>,
    /// The party that it is bought from, a supplier.
    #[schema(example = json!(null))]
    supplier_id: Option<Option<Uuid>>,
    /// With how many or fewer it is to be bought again.
    #[schema(minimum = 0, maximum = 1_000_000, example = 10)]
    minimum_quantity: Option<i32>,
    /// What one costs.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "52.90")]
    unit_price: Option<Option<Decimal>>,
    /// The currency of the price (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<Option<String>>,
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    note: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SupplyFilter {
    /// Only what is in this state.
    #[param(inline)]
    status: Option<SupplyStatus>,
    /// Only consumables, or only accessories.
    #[param(inline)]
    kind: Option<SupplyKind>,
    /// Only what is kept in this place.
    location_id: Option<Uuid>,
    /// Only what is bought from this party.
    supplier_id: Option<Uuid>,
    /// Only that of which no more are there than its minimum, or only all else.
    is_low: Option<bool>,
}

static LIFE: Life = Life {
    states: &[("active", "Kept in stock."), ("archived", "Not kept any more; what is out may come back.")],
    steps: &[
        Step { action: "receive", from: &["active"], to: "active", verb: "assign" },
        Step { action: "hand_out", from: &["active"], to: "active", verb: "assign" },
        Step { action: "take_back", from: &["active"], to: "active", verb: "assign" },
        Step { action: "take_back", from: &["archived"], to: "archived", verb: "assign" },
        Step { action: "write_off", from: &["active"], to: "active", verb: "assign" },
        Step { action: "write_off", from: &["archived"], to: "archived", verb: "assign" },
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for Supply {
    const NAME: &'static str = "supplies";
}

impl Resource for Supply {
    const PATH: &'static str = "/v1/supplies";
    const SINGULAR: &'static str = "supply";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const REFERENCES: &'static [Reference] = &[
        Reference {
            field: "location_id",
            column: "location_code",
            table: "locations",
            by: "code",
            within: None,
        },
        Reference {
            field: "supplier_id",
            column: "supplier_number",
            table: "parties",
            by: "number",
            within: None,
        },
    ];
    type Filter = SupplyFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn life() -> Option<&'static Life> {
        Some(&LIFE)
    }
    fn state(&self) -> Option<&'static str> {
        Some(self.status.as_str())
    }
}

impl Stored for Supply {
    type Table = supplies::table;
    const TABLE: &'static str = "supplies";
    const SEARCHED: &'static [&'static str] = &["name", "category"];

    fn narrow(rows: Rows<Self>, by: SupplyFilter) -> Rows<Self> {
        let is_low = "(supplies.on_hand <= supplies.minimum_quantity)";
        rows.when(by.status, |rows, status| rows.filter(supplies::status.eq(status)))
            .when(by.kind, |rows, kind| rows.filter(supplies::kind.eq(kind)))
            .when(by.location_id, |rows, id| rows.filter(supplies::location_id.eq(id)))
            .when(by.supplier_id, |rows, id| rows.filter(supplies::supplier_id.eq(id)))
            .when(by.is_low, |rows, low| rows.filter(sql::<Bool>(is_low).eq(low)))
    }
}

impl Written for Supply {
    type New = NewSupply;
    type Edit = EditSupply;
}

/// So many of it that come in, or are no good any more.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CountSupplyRequest {
    /// How many.
    #[schema(minimum = 1, maximum = 1_000_000, example = 20)]
    quantity: i32,
    /// On which day; today (UTC), unless told.
    #[schema(example = json!(null))]
    moved_on: Option<NaiveDate>,
    /// Where they come from, or why they are no good.
    #[schema(min_length = 1, max_length = 500, example = "Order PO-2026-0131.")]
    note: Option<String>,
}

/// So many of it, and with whom: an employee or a place.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HandSupplyRequest {
    /// The employee.
    employee_id: Option<Uuid>,
    /// The place.
    #[schema(example = json!(null))]
    location_id: Option<Uuid>,
    /// How many.
    #[schema(minimum = 1, maximum = 1_000_000, example = 1)]
    quantity: i32,
    /// On which day; today (UTC), unless told.
    #[schema(example = json!(null))]
    moved_on: Option<NaiveDate>,
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 500, example = json!(null))]
    note: Option<String>,
}

#[derive(Insertable)]
#[diesel(table_name = supply_movements)]
#[expect(clippy::struct_field_names, reason = "the column is called that")]
struct Moved<'a> {
    id: Uuid,
    supply_id: Uuid,
    kind: &'a str,
    quantity: i32,
    employee_id: Option<Uuid>,
    location_id: Option<Uuid>,
    moved_on: Option<NaiveDate>,
    note: Option<&'a str>,
}

/// Notes what moves, which changes how many there are.
async fn moved(
    may: May<Assign, Supply>,
    id: Id<Supply>,
    action: &str,
    kind: &str,
    what: &HandSupplyRequest,
) -> Reply<Supply> {
    may.write(async |db| {
        let supply = lock(&may, db, &id).await?;
        LIFE.step(supply.status.as_str(), action)?;
        let moved = Moved {
            id: Uuid::now_v7(),
            supply_id: supply.id,
            kind,
            quantity: what.quantity,
            employee_id: what.employee_id,
            location_id: what.location_id,
            moved_on: what.moved_on,
            note: what.note.as_deref(),
        };
        diesel::insert_into(supply_movements::table).values(moved).execute(db).await?;
        Supply::find(db, supply.id).await
    })
    .await
}

impl CountSupplyRequest {
    fn of_nobody(self) -> HandSupplyRequest {
        let Self { quantity, moved_on, note } = self;
        HandSupplyRequest { employee_id: None, location_id: None, quantity, moved_on, note }
    }
}

impl HandSupplyRequest {
    fn check(&self) -> Result<()> {
        one_of(&[("employee_id", self.employee_id.is_some()), ("location_id", self.location_id.is_some())])
    }
}

/// Receive a supply
///
/// So many came in, and are there to be handed out.
#[utoipa::path(post, path = "/v1/supplies/{id}/receive", tag = "Assets")]
async fn receive_supply(
    may: May<Assign, Supply>,
    id: Id<Supply>,
    what: Input<CountSupplyRequest>,
) -> Reply<Supply> {
    moved(may, id, "receive", "receipt", &what.0.of_nobody()).await
}

/// Hand out a supply
///
/// So many go to an employee or to a place: consumables to be used up, accessories to come back. Never more than are there, whoever asks at
/// once.
#[utoipa::path(post, path = "/v1/supplies/{id}/hand-out", tag = "Assets")]
async fn hand_out_supply(
    may: May<Assign, Supply>,
    id: Id<Supply>,
    what: Input<HandSupplyRequest>,
) -> Reply<Supply> {
    what.0.check()?;
    moved(may, id, "hand_out", "hand_out", &what.0).await
}

/// Take back a supply
///
/// So many accessories come back from an employee or a place that has them.
#[utoipa::path(post, path = "/v1/supplies/{id}/take-back", tag = "Assets")]
async fn take_back_supply(
    may: May<Assign, Supply>,
    id: Id<Supply>,
    what: Input<HandSupplyRequest>,
) -> Reply<Supply> {
    what.0.check()?;
    moved(may, id, "take_back", "return", &what.0).await
}

/// Write off a supply
///
/// So many are no good any more, or were not found when somebody counted.
#[utoipa::path(post, path = "/v1/supplies/{id}/write-off", tag = "Assets")]
async fn write_off_supply(
    may: May<Assign, Supply>,
    id: Id<Supply>,
    what: Input<CountSupplyRequest>,
) -> Reply<Supply> {
    moved(may, id, "write_off", "write_off", &what.0.of_nobody()).await
}

/// Archive a supply
///
/// It is not kept any more. Accessories that are out may still come back.
#[utoipa::path(post, path = "/v1/supplies/{id}/archive", tag = "Assets")]
async fn archive_supply(may: May<Write, Supply>, id: Id<Supply>) -> Reply<Supply> {
    step(may, id, "archive").await
}

/// Restore a supply
///
/// It is kept again, and can be handed out.
#[utoipa::path(post, path = "/v1/supplies/{id}/restore", tag = "Assets")]
async fn restore_supply(may: May<Write, Supply>, id: Id<Supply>) -> Reply<Supply> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<Supply>()
        .call(operation!(receive_supply))
        .call(operation!(hand_out_supply))
        .call(operation!(take_back_supply))
        .call(operation!(write_off_supply))
        .call(operation!(archive_supply))
        .call(operation!(restore_supply));
}
