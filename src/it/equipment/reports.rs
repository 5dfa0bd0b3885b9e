//! What the equipment comes to: what it is worth and how old it is, which warranties end, whether there is a licence for what is installed, and
//! what people lack of the kit of their position. Each as JSON and, by `Accept`, as CSV and XLSX, of what the caller may see.

use crate::assets::Asset;
use crate::kits::Kit;
use crate::licences::Licence;
use diesel::sql_types::{Integer, Nullable, Uuid as SqlUuid};
use platform::export::Format;
use platform::prelude::*;
use platform::tables::{Lines, Tabled};
use serde::de::DeserializeOwned;
use serde_json::Value;

diesel::define_sql_function! {
    fn report_asset_values(location: Nullable<SqlUuid>) -> Jsonb;
}
diesel::define_sql_function! {
    fn report_warranties_ending(days: Integer) -> Jsonb;
}
diesel::define_sql_function! {
    fn report_licence_compliance() -> Jsonb;
}
diesel::define_sql_function! {
    fn report_missing_equipment(position: Nullable<SqlUuid>, department: Nullable<SqlUuid>) -> Jsonb;
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(Problem::internal)
}

/// Which assets.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AssetValuesAsked {
    /// Only assets that are kept in this place or in one within it.
    location_id: Option<Uuid>,
}

/// What assets are worth, and how old they are.
#[derive(Serialize, ToSchema)]
pub struct AssetValues {
    /// By category and currency.
    #[schema(max_items = 100_000)]
    lines: Vec<AssetValue>,
}

/// The assets of a category whose prices are in a currency; those that are ordered, retired or lost aside.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct AssetValue {
    /// The category of their models.
    #[schema(max_length = 60, example = "Laptop")]
    category: String,
    /// The currency of their prices (ISO 4217); null for those without one.
    #[schema(max_length = 3, example = "EUR")]
    currency: Option<String>,
    /// How many.
    #[schema(minimum = 1, example = 42)]
    assets: i64,
    /// What they cost.
    #[schema(example = "52458.00")]
    purchase_value: Money,
    /// What of that is left, where each loses the same each month until the end of its model's life; where that has none, all of it. An
    /// estimate for those who replace them: what the books say is in the register of fixed assets.
    #[schema(example = "31230.50")]
    remaining_value: Money,
    /// How many whole months ago they were bought, on average; null where that is not known.
    #[schema(max_length = 12, example = "19.5")]
    average_age_months: Option<String>,
    /// How many were bought less than a year ago.
    #[schema(minimum = 0, example = 10)]
    under_a_year: i64,
    /// How many were bought between one and three years ago.
    #[schema(minimum = 0, example = 20)]
    one_to_three_years: i64,
    /// How many were bought three years ago or earlier.
    #[schema(minimum = 0, example = 12)]
    over_three_years: i64,
    /// How many have no day on which they were bought.
    #[schema(minimum = 0, example = 0)]
    age_unknown: i64,
    /// How many are older than their model is meant to be used.
    #[schema(minimum = 0, example = 3)]
    past_end_of_life: i64,
}

/// Until when.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct WarrantiesAsked {
    /// Within how many days from today (UTC); 90, unless told.
    #[param(required = false, minimum = 0, maximum = 3650, default = 90)]
    within_days: Option<i32>,
}

/// Whose warranty ends.
#[derive(Serialize, ToSchema)]
pub struct WarrantiesEnding {
    /// The assets, the next first, 10,000 at the most.
    #[schema(max_items = 10_000)]
    lines: Vec<WarrantyEnding>,
}

/// An asset whose warranty ends.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct WarrantyEnding {
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
    /// Who sold it.
    #[schema(max_length = 200, example = "Dante International SA")]
    supplier: Option<String>,
    /// Who has it.
    #[schema(max_length = 201, example = "Ana Pop")]
    employee: Option<String>,
    /// The last day of the warranty.
    #[schema(example = "2027-01-31")]
    warranty_ends_on: NaiveDate,
    /// How many days are left.
    #[schema(minimum = 0, example = 70)]
    days_left: i64,
}

/// Whether there is a licence for what is installed.
#[derive(Serialize, ToSchema)]
pub struct LicenceCompliance {
    /// By licence, and by software that needs one and has none; those first that are not in order.
    #[schema(max_items = 100_000)]
    lines: Vec<LicenceStanding>,
}

text_enum! {
    /// Whether that is in order: it is; there are installations on assets of which neither they nor their holders have a seat; the licence
    /// has ended and is still used; nobody knows a licence.
    pub enum ComplianceState {
        Compliant = "compliant", OverInstalled = "over_installed", Expired = "expired", Unlicensed = "unlicensed",
    }
}

/// How a licence stands, or software without one.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct LicenceStanding {
    /// The licence; null for software that needs one and has none.
    licence_id: Option<Uuid>,
    /// What the licence or the software is called.
    #[schema(max_length = 200, example = "Microsoft 365 E3")]
    name: String,
    /// The last day of its term.
    #[schema(example = "2026-12-31")]
    ends_on: Option<NaiveDate>,
    /// How many were bought.
    #[schema(minimum = 0, example = 25)]
    seats: i64,
    /// How many of them are taken.
    #[schema(minimum = 0, example = 20)]
    assigned: i64,
    /// How many of them are free.
    #[schema(minimum = 0, example = 5)]
    free: i64,
    /// How often it is installed, on assets that are neither retired nor lost.
    #[schema(minimum = 0, example = 21)]
    installed: i64,
    /// How many of these are covered by no seat of the asset or of whoever has it.
    #[schema(minimum = 0, example = 1)]
    installed_without_seat: i64,
    #[schema(example = "over_installed")]
    state: ComplianceState,
}

/// Of whom.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct MissingEquipmentAsked {
    /// Only people in this position.
    position_id: Option<Uuid>,
    /// Only people of this department.
    department_id: Option<Uuid>,
}

/// What people lack of the kit of their position.
#[derive(Serialize, ToSchema)]
pub struct MissingEquipment {
    /// By employee and item, 10,000 at the most.
    #[schema(max_items = 10_000)]
    lines: Vec<MissingItem>,
}

text_enum! {
    /// What lacks.
    pub enum MissingKind { Asset = "asset", Licence = "licence", Consumable = "consumable", Accessory = "accessory" }
}

/// What somebody lacks of a kit.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct MissingItem {
    /// Who.
    employee_id: Uuid,
    /// Their number.
    #[schema(max_length = 20, example = "E-0042")]
    employee_number: String,
    /// Their name.
    #[schema(max_length = 201, example = "Ana Pop")]
    employee: String,
    /// The kit of their position.
    kit_id: Uuid,
    /// What that is called.
    #[schema(max_length = 100, example = "Accountant")]
    kit: String,
    #[schema(example = "asset")]
    kind: MissingKind,
    /// The model, licence or supply.
    #[schema(max_length = 100, example = "ThinkPad L14 Gen 5")]
    item: String,
    /// How many of it belong to the kit.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    quantity: i64,
    /// How many they have.
    #[schema(minimum = 0, example = 0)]
    held: i64,
    /// How many they lack.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    missing: i64,
    /// How many are there to be handed out to whoever comes first.
    #[schema(minimum = 0, example = 4)]
    available: i64,
}

macro_rules! lines {
    ($($report:ident of $line:ident as $name:literal;)*) => {$(
        impl Lines for $report {
            type Line = $line;
            const NAME: &'static str = $name;
            fn lines(&self) -> &[$line] {
                &self.lines
            }
        }
    )*};
}
lines! {
    AssetValues of AssetValue as "asset-values";
    WarrantiesEnding of WarrantyEnding as "warranties-ending";
    LicenceCompliance of LicenceStanding as "licence-compliance";
    MissingEquipment of MissingItem as "missing-equipment";
}

/// Report the value and age of assets
///
/// How many assets there are by category, what they cost, what of that is left, how old they are, and how many are older than their model is
/// meant to be used. Those that are ordered, retired or lost don't count.
#[utoipa::path(get, path = "/v1/reports/asset-values", tag = "Assets")]
async fn report_values_of_assets(
    may: May<Read, Asset>,
    asked: Params<AssetValuesAsked>,
) -> Reply<Tabled<AssetValues>> {
    let location = asked.0.location_id;
    let lines = may
        .read(async |db| Ok(diesel::select(report_asset_values(location)).get_result::<Value>(db).await?))
        .await?;
    Tabled(AssetValues { lines: read(lines)? }, Format::accepted(may.http())).answer(may.grants())
}

/// Report warranties that end
///
/// Assets whose warranty ends within some days, with who sold them and who has them.
#[utoipa::path(get, path = "/v1/reports/warranties-ending", tag = "Assets")]
async fn report_ending_warranties(
    may: May<Read, Asset>,
    asked: Params<WarrantiesAsked>,
) -> Reply<Tabled<WarrantiesEnding>> {
    let days = asked.0.within_days.unwrap_or(90);
    let lines = may
        .read(async |db| Ok(diesel::select(report_warranties_ending(days)).get_result::<Value>(db).await?))
        .await?;
    Tabled(WarrantiesEnding { lines: read(lines)? }, Format::accepted(may.http())).answer(may.grants())
}

/// Report licence compliance
///
/// Sets what is installed against what was bought and assigned, for each licence, and tells of software that needs a licence and has none.
#[utoipa::path(get, path = "/v1/reports/licence-compliance", tag = "Assets")]
async fn report_compliance_of_licences(may: May<Read, Licence>) -> Reply<Tabled<LicenceCompliance>> {
    let lines = may
        .read(async |db| Ok(diesel::select(report_licence_compliance()).get_result::<Value>(db).await?))
        .await?;
    Tabled(LicenceCompliance { lines: read(lines)? }, Format::accepted(may.http())).answer(may.grants())
}

/// Report missing equipment
///
/// What employees lack of the kit of their position, and how much of it is there: those to come among them, so that it is there on their first
/// day.
#[utoipa::path(get, path = "/v1/reports/missing-equipment", tag = "Assets")]
async fn report_equipment_that_lacks(
    may: May<Read, Kit>,
    asked: Params<MissingEquipmentAsked>,
) -> Reply<Tabled<MissingEquipment>> {
    let MissingEquipmentAsked { position_id, department_id } = asked.0;
    let lines = may
        .read(async |db| {
            let lines = diesel::select(report_missing_equipment(position_id, department_id));
            Ok(lines.get_result::<Value>(db).await?)
        })
        .await?;
    Tabled(MissingEquipment { lines: read(lines)? }, Format::accepted(may.http())).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(report_values_of_assets))
        .call(operation!(report_ending_warranties))
        .call(operation!(report_compliance_of_licences))
        .call(operation!(report_equipment_that_lacks));
}
