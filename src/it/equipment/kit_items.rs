//! Kit items: what a kit is made of: so many assets of a model, a seat of a licence, so many of a consumable or an accessory.

use crate::one_of;
use platform::prelude::*;
use schema::kit_items;

/// What a kit is made of.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = kit_items)]
pub struct KitItem {
    pub id: Uuid,
    pub version: i64,
    /// The kit.
    pub kit_id: Uuid,
    /// The model of which there is an asset in it.
    pub model_id: Option<Uuid>,
    /// The licence of which there is a seat in it.
    pub licence_id: Option<Uuid>,
    /// The consumable or accessory that is in it.
    pub supply_id: Option<Uuid>,
    /// How many; of a licence, one.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    pub quantity: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An item to be: exactly one of a model, a licence and a supply.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = kit_items)]
#[serde(deny_unknown_fields)]
pub struct NewKitItem {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The kit.
    kit_id: Uuid,
    /// The model of which there is an asset in it.
    model_id: Option<Uuid>,
    /// The licence of which there is a seat in it.
    #[schema(example = json!(null))]
    licence_id: Option<Uuid>,
    /// The consumable or accessory that is in it.
    #[schema(example = json!(null))]
    supply_id: Option<Uuid>,
    /// How many; one, unless told.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    quantity: Option<i32>,
}

/// What of an item can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = kit_items)]
#[serde(deny_unknown_fields)]
pub struct EditKitItem {
    /// How many; of a licence, one.
    #[schema(minimum = 1, maximum = 100, example = 2)]
    quantity: Option<i32>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[expect(clippy::struct_field_names, reason = "filters are named after the fields that they narrow")]
pub struct KitItemFilter {
    /// Only items of this kit.
    kit_id: Option<Uuid>,
    /// Only items of this model.
    model_id: Option<Uuid>,
    /// Only items of this licence.
    licence_id: Option<Uuid>,
    /// Only items of this consumable or accessory.
    supply_id: Option<Uuid>,
}

impl Named for KitItem {
    const NAME: &'static str = "kit-items";
}

impl Resource for KitItem {
    const PATH: &'static str = "/v1/kit-items";
    const SINGULAR: &'static str = "kit_item";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "created_at";
    type Filter = KitItemFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for KitItem {
    type Table = kit_items::table;
    const TABLE: &'static str = "kit_items";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: KitItemFilter) -> Rows<Self> {
        rows.when(by.kit_id, |rows, id| rows.filter(kit_items::kit_id.eq(id)))
            .when(by.model_id, |rows, id| rows.filter(kit_items::model_id.eq(id)))
            .when(by.licence_id, |rows, id| rows.filter(kit_items::licence_id.eq(id)))
            .when(by.supply_id, |rows, id| rows.filter(kit_items::supply_id.eq(id)))
    }
}

impl Written for KitItem {
    type New = NewKitItem;
    type Edit = EditKitItem;

    async fn check_new(_: &mut Db, new: &NewKitItem) -> Result<()> {
        one_of(&[
            ("model_id", new.model_id.is_some()),
            ("licence_id", new.licence_id.is_some()),
            ("supply_id", new.supply_id.is_some()),
        ])
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<KitItem>().creatable::<KitItem>().changeable::<KitItem>().deletable::<KitItem>();
}
