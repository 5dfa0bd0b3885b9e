//! Asset maintenances: what is done to an asset, by whom, from when to when, and what that costs. A repair that it is away for begins and ends
//! with the asset's own steps.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::asset_maintenances;

/// Something that is done to an asset.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = asset_maintenances)]
pub struct AssetMaintenance {
    pub id: Uuid,
    pub version: i64,
    /// The asset.
    pub asset_id: Uuid,
    #[schema(example = "upgrade")]
    pub kind: MaintenanceKind,
    /// What is done.
    #[schema(max_length = 200, example = "More memory")]
    pub title: String,
    /// Who does it, a supplier; null where the organization does.
    pub supplier_id: Option<Uuid>,
    /// What it costs.
    #[schema(example = "180.00")]
    pub cost: Option<Money>,
    /// The currency of the cost (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: Option<String>,
    /// Its first day.
    #[schema(example = "2026-05-11")]
    pub starts_on: NaiveDate,
    /// Its last day.
    #[schema(example = "2026-05-11")]
    pub ends_on: Option<NaiveDate>,
    /// Whether nobody can have the asset meanwhile: it was sent to repair.
    #[schema(example = false)]
    pub is_away: bool,
    /// What was done.
    #[schema(max_length = 2000, example = json!(null))]
    pub note: Option<String>,
    pub status: MaintenanceStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What is done to an asset.
    pub enum MaintenanceKind {
        Repair = "repair", Upgrade = "upgrade", Inspection = "inspection", Calibration = "calibration", Cleaning = "cleaning", Other = "other",
    }
}

text_enum! {
    /// Whether it is done.
    pub enum MaintenanceStatus { Open = "open", Done = "done" }
}

/// A maintenance to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = asset_maintenances, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewAssetMaintenance {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The asset.
    asset_id: Uuid,
    /// What is done to it.
    #[schema(example = "upgrade")]
    kind: MaintenanceKind,
    /// What is done.
    #[schema(min_length = 1, max_length = 200, example = "More memory")]
    title: String,
    /// Who does it, a supplier; null where the organization does.
    #[schema(example = json!(null))]
    supplier_id: Option<Uuid>,
    /// What it costs.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "180.00")]
    cost: Option<Decimal>,
    /// The currency of the cost (ISO 4217); that of the books, where none is told.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<String>,
    /// Its first day.
    #[schema(example = "2026-05-11")]
    starts_on: NaiveDate,
    /// Its last day, where it is known.
    #[schema(example = json!(null))]
    ends_on: Option<NaiveDate>,
    /// What is to be done.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    note: Option<String>,
}

/// What of a maintenance can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = asset_maintenances)]
#[serde(deny_unknown_fields)]
pub struct EditAssetMaintenance {
    /// What is done to it.
    #[schema(example = "repair")]
    kind: Option<MaintenanceKind>,
    /// What is done.
    #[schema(min_length = 1, max_length = 200, example = "More memory, another battery")]
    title: Option<String>,
    /// Who does it, a supplier; null where the organization does.
    #[schema(example = json!(null))]
    supplier_id: Option<Option<Uuid>>,
    /// What it costs.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "210.00")]
    cost: Option<Option<Decimal>>,
    /// The currency of the cost (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<Option<String>>,
    /// Its first day.
    #[schema(example = "2026-05-11")]
    starts_on: Option<NaiveDate>,
    /// Its last day. One that is done keeps one.
    #[schema(example = "2026-05-12")]
    ends_on: Option<Option<NaiveDate>>,
    /// What is to be done, or was.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    note: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AssetMaintenanceFilter {
    /// Only maintenances in this state.
    #[param(inline)]
    status: Option<MaintenanceStatus>,
    /// Only maintenances of this kind.
    #[param(inline)]
    kind: Option<MaintenanceKind>,
    /// Only maintenances of this asset.
    asset_id: Option<Uuid>,
    /// Only maintenances by this supplier.
    supplier_id: Option<Uuid>,
    /// Only maintenances that begin on this day or later.
    starts_on_from: Option<NaiveDate>,
    /// Only maintenances that begin on this day or earlier.
    starts_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[("open", "To be done, or under way."), ("done", "Done.")],
    steps: &[Step { action: "complete", from: &["open"], to: "done", verb: "write" }],
};

impl Named for AssetMaintenance {
    const NAME: &'static str = "asset-maintenances";
}

impl Resource for AssetMaintenance {
    const PATH: &'static str = "/v1/asset-maintenances";
    const SINGULAR: &'static str = "asset_maintenance";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] = &[SortKey::day("starts_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-starts_on";
    type Filter = AssetMaintenanceFilter;

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

impl Stored for AssetMaintenance {
    type Table = asset_maintenances::table;
    const TABLE: &'static str = "asset_maintenances";
    const SEARCHED: &'static [&'static str] = &["title", "note"];

    fn narrow(rows: Rows<Self>, by: AssetMaintenanceFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(asset_maintenances::status.eq(status)))
            .when(by.kind, |rows, kind| rows.filter(asset_maintenances::kind.eq(kind)))
            .when(by.asset_id, |rows, id| rows.filter(asset_maintenances::asset_id.eq(id)))
            .when(by.supplier_id, |rows, id| rows.filter(asset_maintenances::supplier_id.eq(id)))
            .when(by.starts_on_from, |rows, day| rows.filter(asset_maintenances::starts_on.ge(day)))
            .when(by.starts_on_to, |rows, day| rows.filter(asset_maintenances::starts_on.le(day)))
    }
}

impl Written for AssetMaintenance {
    type New = NewAssetMaintenance;
    type Edit = EditAssetMaintenance;
}

/// How a maintenance ended.
#[derive(Clone, Debug, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = asset_maintenances)]
#[serde(deny_unknown_fields)]
pub struct CompleteAssetMaintenanceRequest {
    /// Its last day; today (UTC), unless told or known.
    #[schema(example = json!(null))]
    ends_on: Option<NaiveDate>,
    /// What it cost; what was told before, unless told.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "165.50")]
    cost: Option<Decimal>,
    /// The currency of the cost (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<String>,
    /// What was done.
    #[schema(min_length = 1, max_length = 2000, example = "16 GB added.")]
    note: Option<String>,
}

/// Complete an asset maintenance
///
/// It is done. An asset that was away for it is in stock again.
#[utoipa::path(post, path = "/v1/asset-maintenances/{id}/complete", tag = "Assets")]
async fn complete_asset_maintenance(
    may: May<Write, AssetMaintenance>,
    id: Id<AssetMaintenance>,
    how: Input<CompleteAssetMaintenanceRequest>,
) -> Reply<AssetMaintenance> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let done = (asset_maintenances::status.eq(LIFE.step(row.status.as_str(), "complete")?), &how.0);
        let one = asset_maintenances::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(done).returning(AssetMaintenance::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<AssetMaintenance>()
        .creatable::<AssetMaintenance>()
        .changeable::<AssetMaintenance>()
        .deletable::<AssetMaintenance>()
        .call(operation!(complete_asset_maintenance));
}
