//! Cost centres: what costs are gathered under, beside departments.

use platform::prelude::*;
use schema::cost_centres;

/// What costs are gathered under, beside departments.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = cost_centres)]
pub struct CostCentre {
    pub id: Uuid,
    pub version: i64,
    /// Its short code; unique.
    #[schema(max_length = 20, example = "WAREHOUSE")]
    pub code: String,
    /// What it is called.
    #[schema(max_length = 200, example = "Warehouse")]
    pub name: String,
    pub status: CostCentreStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether new lines can carry it.
    pub enum CostCentreStatus { Active = "active", Archived = "archived" }
}

/// A cost centre to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = cost_centres)]
#[serde(deny_unknown_fields)]
pub struct NewCostCentre {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Its short code; unique.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9./-]{0,19}$", example = "WAREHOUSE")]
    code: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Warehouse")]
    name: String,
}

/// What of a cost centre can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = cost_centres)]
#[serde(deny_unknown_fields)]
pub struct EditCostCentre {
    /// Its short code; unique.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9./-]{0,19}$", example = "WAREHOUSE")]
    code: Option<String>,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Warehouse")]
    name: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CostCentreFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<CostCentreStatus>,
    /// Only the one of this code.
    #[param(min_length = 1, max_length = 20)]
    code: Option<String>,
}

static LIFE: Life = Life {
    states: &[("active", "New lines can carry it."), ("archived", "They can not; what was posted stays.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for CostCentre {
    const NAME: &'static str = "cost-centres";
}

impl Resource for CostCentre {
    const PATH: &'static str = "/v1/cost-centres";
    const SINGULAR: &'static str = "cost_centre";
    const TAG: &'static str = "Ledger";
    const SORT: &'static [SortKey] = &[SortKey::text("code"), SortKey::text("name")];
    const USUAL_ORDER: &'static str = "code";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    type Filter = CostCentreFilter;

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

impl Stored for CostCentre {
    type Table = cost_centres::table;
    const TABLE: &'static str = "cost_centres";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: CostCentreFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(cost_centres::status.eq(status)))
            .when(by.code, |rows, code| rows.filter(cost_centres::code.eq(code)))
    }
}

impl Written for CostCentre {
    type New = NewCostCentre;
    type Edit = EditCostCentre;
}

/// Archive a cost centre
///
/// New lines can not carry it any more; what was posted stays.
#[utoipa::path(post, path = "/v1/cost-centres/{id}/archive", tag = "Ledger")]
async fn archive_cost_centre(may: May<Write, CostCentre>, id: Id<CostCentre>) -> Reply<CostCentre> {
    step(may, id, "archive").await
}

/// Restore a cost centre
///
/// New lines can carry it again.
#[utoipa::path(post, path = "/v1/cost-centres/{id}/restore", tag = "Ledger")]
async fn restore_cost_centre(may: May<Write, CostCentre>, id: Id<CostCentre>) -> Reply<CostCentre> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<CostCentre>().call(operation!(archive_cost_centre)).call(operation!(restore_cost_centre));
}
