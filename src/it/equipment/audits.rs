//! Asset audits: that somebody saw an asset, on which day and where. What was seen stays as it was noted.

use platform::prelude::*;
use schema::asset_audits;

/// That somebody saw an asset.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = asset_audits)]
pub struct AssetAudit {
    pub id: Uuid,
    pub version: i64,
    /// The asset.
    pub asset_id: Uuid,
    /// The day on which it was seen.
    #[schema(example = "2026-09-14")]
    pub seen_on: NaiveDate,
    /// Where it was seen.
    pub location_id: Option<Uuid>,
    /// By when it has to be seen again.
    #[schema(example = "2027-09-14")]
    pub next_due_on: Option<NaiveDate>,
    /// What was seen.
    #[schema(max_length = 500, example = "Under the desk; label worn.")]
    pub note: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AssetAuditFilter {
    /// Only audits of this asset.
    asset_id: Option<Uuid>,
    /// Only what was seen in this place.
    location_id: Option<Uuid>,
    /// Only what was seen on this day or later.
    seen_on_from: Option<NaiveDate>,
    /// Only what was seen on this day or earlier.
    seen_on_to: Option<NaiveDate>,
}

impl Named for AssetAudit {
    const NAME: &'static str = "asset-audits";
}

impl Resource for AssetAudit {
    const PATH: &'static str = "/v1/asset-audits";
    const SINGULAR: &'static str = "asset_audit";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] = &[SortKey::day("seen_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-seen_on";
    type Filter = AssetAuditFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for AssetAudit {
    type Table = asset_audits::table;
    const TABLE: &'static str = "asset_audits";
    const SEARCHED: &'static [&'static str] = &["note"];

    fn narrow(rows: Rows<Self>, by: AssetAuditFilter) -> Rows<Self> {
        rows.when(by.asset_id, |rows, id| rows.filter(asset_audits::asset_id.eq(id)))
            .when(by.location_id, |rows, id| rows.filter(asset_audits::location_id.eq(id)))
            .when(by.seen_on_from, |rows, day| rows.filter(asset_audits::seen_on.ge(day)))
            .when(by.seen_on_to, |rows, day| rows.filter(asset_audits::seen_on.le(day)))
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<AssetAudit>();
}
