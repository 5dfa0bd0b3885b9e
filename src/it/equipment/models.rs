//! Asset models: what assets are, who makes it, and how long one is meant to be used.

use platform::prelude::*;
use schema::asset_models;

/// A model of which there are assets.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = asset_models)]
pub struct AssetModel {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "ThinkPad L14 Gen 5")]
    pub name: String,
    /// Who makes it.
    #[schema(max_length = 100, example = "Lenovo")]
    pub manufacturer: Option<String>,
    /// What its maker calls it.
    #[schema(max_length = 100, example = "21L1003QRI")]
    pub model_number: Option<String>,
    /// What kind of thing it is, in the organization's own words; reports group by it.
    #[schema(max_length = 60, example = "Laptop")]
    pub category: String,
    /// How many months after it was bought one is to be replaced.
    #[schema(minimum = 1, maximum = 600, example = 48)]
    pub end_of_life_months: Option<i32>,
    /// How many months its warranty lasts.
    #[schema(minimum = 1, maximum = 600, example = 36)]
    pub warranty_months: Option<i32>,
    /// After how many months somebody has to see again that one is there.
    #[schema(minimum = 1, maximum = 120, example = 12)]
    pub audit_interval_months: Option<i32>,
    /// What else is to be known.
    #[schema(max_length = 2000, example = json!(null))]
    pub note: Option<String>,
    pub status: AssetModelStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether new assets can be of it.
    pub enum AssetModelStatus { Active = "active", Archived = "archived" }
}

/// A model to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = asset_models, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewAssetModel {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "ThinkPad L14 Gen 5")]
    name: String,
    /// Who makes it.
    #[schema(min_length = 1, max_length = 100, example = "Lenovo")]
    manufacturer: Option<String>,
    /// What its maker calls it.
    #[schema(min_length = 1, max_length = 100, example = "21L1003QRI")]
    model_number: Option<String>,
    /// What kind of thing it is, in the organization's own words; reports group by it.
    #[schema(min_length = 1, max_length = 60, example = "Laptop")]
    category: String,
    /// How many months after it was bought one is to be replaced.
    #[schema(minimum = 1, maximum = 600, example = 48)]
    end_of_life_months: Option<i32>,
    /// How many months its warranty lasts: what is bought with a day and without a warranty of its own has this one.
    #[schema(minimum = 1, maximum = 600, example = 36)]
    warranty_months: Option<i32>,
    /// After how many months somebody has to see again that one is there.
    #[schema(minimum = 1, maximum = 120, example = 12)]
    audit_interval_months: Option<i32>,
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    note: Option<String>,
}

/// What of a model can be changed. Days that were worked out from it stay.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = asset_models)]
#[serde(deny_unknown_fields)]
pub struct EditAssetModel {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "ThinkPad L14 Gen 6")]
    name: Option<String>,
    /// Who makes it.
    #[schema(min_length = 1, max_length = 100, example = "Lenovo")]
    manufacturer: Option<Option<String>>,
    /// What its maker calls it.
    #[schema(min_length = 1, max_length = 100, example = "21S6003QRI")]
    model_number: Option<Option<String>>,
    /// What kind of thing it is, in the organization's own words; reports group by it.
    #[schema(min_length = 1, max_length = 60, example = "Laptop")]
    category: Option<String>,
    /// How many months after it was bought one is to be replaced.
    #[schema(minimum = 1, maximum = 600, example = 60)]
    end_of_life_months: Option<Option<i32>>,
    /// How many months its warranty lasts.
    #[schema(minimum = 1, maximum = 600, example = 24)]
    warranty_months: Option<Option<i32>>,
    /// After how many months somebody has to see again that one is there.
    #[schema(minimum = 1, maximum = 120, example = 6)]
    audit_interval_months: Option<Option<i32>>,
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    note: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AssetModelFilter {
    /// Only models in this state.
    #[param(inline)]
    status: Option<AssetModelStatus>,
    /// Only models of this category.
    #[param(min_length = 1, max_length = 60)]
    category: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Assets can be of it."),
        ("archived", "Kept for the assets that are; there are no new ones."),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for AssetModel {
    const NAME: &'static str = "asset-models";
}

impl Resource for AssetModel {
    const PATH: &'static str = "/v1/asset-models";
    const SINGULAR: &'static str = "asset_model";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] =
        &[SortKey::text("name"), SortKey::text("category"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = AssetModelFilter;

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

impl Stored for AssetModel {
    type Table = asset_models::table;
    const TABLE: &'static str = "asset_models";
    const SEARCHED: &'static [&'static str] = &["name", "manufacturer", "model_number", "category"];

    fn narrow(rows: Rows<Self>, by: AssetModelFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(asset_models::status.eq(status)))
            .when(by.category, |rows, category| rows.filter(asset_models::category.eq(category)))
    }
}

impl Written for AssetModel {
    type New = NewAssetModel;
    type Edit = EditAssetModel;
}

/// Archive an asset model
///
/// There are no new assets of it any more; those that are there stay as they are.
#[utoipa::path(post, path = "/v1/asset-models/{id}/archive", tag = "Assets")]
async fn archive_asset_model(may: May<Write, AssetModel>, id: Id<AssetModel>) -> Reply<AssetModel> {
    step(may, id, "archive").await
}

/// Restore an asset model
///
/// Assets can be of it again.
#[utoipa::path(post, path = "/v1/asset-models/{id}/restore", tag = "Assets")]
async fn restore_asset_model(may: May<Write, AssetModel>, id: Id<AssetModel>) -> Reply<AssetModel> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<AssetModel>().call(operation!(archive_asset_model)).call(operation!(restore_asset_model));
}
