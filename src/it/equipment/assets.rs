//! Assets: things that are there once each, with a tag and a serial number: who has one, where it is, and what became of it. One asset is
//! with one holder at a time, whoever asks at once.

use diesel::dsl::sql;
use diesel::sql_types::{Bool, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::assets;

/// A thing that is there once.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = assets)]
pub struct Asset {
    pub id: Uuid,
    pub version: i64,
    /// What stands on its label; unique.
    #[schema(max_length = 40, example = "A-00042")]
    pub tag: String,
    /// The number that its maker gave it; unique.
    #[schema(max_length = 100, example = "PF4X2K9C")]
    pub serial_number: Option<String>,
    /// What it is called, where it has a name of its own.
    #[schema(max_length = 100, example = "Reception printer")]
    pub name: Option<String>,
    /// What it is.
    pub model_id: Uuid,
    /// Where it is kept, or was last seen.
    pub location_id: Option<Uuid>,
    /// The day on which it was bought.
    #[schema(example = "2026-03-02")]
    pub purchased_on: Option<NaiveDate>,
    /// What it cost.
    #[schema(example = "1249.00")]
    pub purchase_price: Option<Money>,
    /// The currency of the price (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: Option<String>,
    /// The party that it was bought from.
    pub supplier_id: Option<Uuid>,
    /// The number of the order.
    #[schema(max_length = 60, example = "PO-2026-0117")]
    pub order_number: Option<String>,
    /// The last day of its warranty.
    #[schema(example = "2029-03-01")]
    pub warranty_ends_on: Option<NaiveDate>,
    /// The fixed asset that it is in the books; several may be one.
    pub fixed_asset_id: Option<Uuid>,
    /// What else is to be known.
    #[schema(max_length = 2000, example = json!(null))]
    pub note: Option<String>,
    /// The employee who has it.
    pub employee_id: Option<Uuid>,
    /// The place that has it, such as a meeting room.
    pub holder_location_id: Option<Uuid>,
    /// The asset that it is a part of now.
    pub holder_asset_id: Option<Uuid>,
    /// When somebody last saw that it is there.
    #[schema(example = "2026-09-14")]
    pub last_audited_on: Option<NaiveDate>,
    /// By when somebody has to see that again.
    #[schema(example = "2027-09-14")]
    pub next_audit_due_on: Option<NaiveDate>,
    /// Since when it is retired or lost; null while it is neither.
    #[schema(example = json!(null))]
    pub ended_on: Option<NaiveDate>,
    /// Why it was retired, or how it was lost.
    #[schema(max_length = 500, example = json!(null))]
    pub end_reason: Option<String>,
    pub status: AssetStatus,
    #[diesel(select_expression = custom::shown::<Asset>())]
    #[diesel(select_expression_type = custom::Shown<Asset>)]
    pub custom: Custom,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where an asset stands between order and end.
    pub enum AssetStatus {
        Ordered = "ordered", InStock = "in_stock", Assigned = "assigned", InRepair = "in_repair", Retired = "retired", Lost = "lost",
    }
}

text_enum! {
    /// How an asset begins: ordered, or there.
    pub enum NewAssetStatus { Ordered = "ordered", InStock = "in_stock" }
}

/// An asset to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = assets, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewAsset {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What stands on its label; unique. Left out, the next of the active number series is taken.
    #[schema(max_length = 40, pattern = "^[A-Za-z0-9][A-Za-z0-9./-]{0,39}$", example = json!(null))]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    tag: Option<String>,
    /// The number that its maker gave it; unique.
    #[schema(min_length = 1, max_length = 100, example = "PF4X2K9C")]
    serial_number: Option<String>,
    /// What it is called, where it has a name of its own.
    #[schema(min_length = 1, max_length = 100, example = json!(null))]
    name: Option<String>,
    /// What it is.
    model_id: Uuid,
    /// Where it is kept.
    #[schema(example = json!(null))]
    location_id: Option<Uuid>,
    /// The day on which it was bought.
    #[schema(example = "2026-03-02")]
    purchased_on: Option<NaiveDate>,
    /// What it cost.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "1249.00")]
    purchase_price: Option<Decimal>,
    /// The currency of the price (ISO 4217); that of the books, where none is told.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<String>,
    /// The party that it was bought from, a supplier.
    #[schema(example = json!(null))]
    supplier_id: Option<Uuid>,
    /// The number of the order.
    #[schema(min_length = 1, max_length = 60, example = "PO-2026-0117")]
    order_number: Option<String>,
    /// The last day of its warranty; unless told, it follows from the model and the day on which it was bought.
    #[schema(example = json!(null))]
    warranty_ends_on: Option<NaiveDate>,
    /// The fixed asset that it is in the books.
    #[schema(example = json!(null))]
    fixed_asset_id: Option<Uuid>,
    /// By when somebody has to see that it is there; unless told, it follows from the model.
    #[schema(example = json!(null))]
    next_audit_due_on: Option<NaiveDate>,
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    note: Option<String>,
    /// The employee who has it already, for what was handed out before it is entered here.
    #[schema(example = json!(null))]
    employee_id: Option<Uuid>,
    /// How it begins; in stock, unless told.
    #[schema(example = "in_stock")]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    status: Option<NewAssetStatus>,
    #[serde(default)]
    custom: NewCustom,
}

/// What of an asset can be changed; what happens to it is an action.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = assets)]
#[serde(deny_unknown_fields)]
pub struct EditAsset {
    /// What stands on its label; unique.
    #[schema(max_length = 40, pattern = "^[A-Za-z0-9][A-Za-z0-9./-]{0,39}$", example = "A-10042")]
    tag: Option<String>,
    /// The number that its maker gave it; unique.
    #[schema(min_length = 1, max_length = 100, example = "PF4X2K9D")]
    serial_number: Option<Option<String>>,
    /// What it is called, where it has a name of its own.
    #[schema(min_length = 1, max_length = 100, example = "Reception printer")]
    name: Option<Option<String>>,
    /// What it is.
    model_id: Option<Uuid>,
    /// Where it is kept.
    #[schema(example = json!(null))]
    location_id: Option<Option<Uuid>>,
    /// The day on which it was bought.
    #[schema(example = "2026-03-02")]
    purchased_on: Option<Option<NaiveDate>>,
    /// What it cost.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "1199.00")]
    purchase_price: Option<Option<Decimal>>,
    /// The currency of the price (ISO 4217).
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = "EUR")]
    currency: Option<Option<String>>,
    /// The party that it was bought from, a supplier.
    #[schema(example = json!(null))]
    supplier_id: Option<Option<Uuid>>,
    /// The number of the order.
    #[schema(min_length = 1, max_length = 60, example = "PO-2026-0117")]
    order_number: Option<Option<String>>,
    /// The last day of its warranty.
    #[schema(example = "2029-03-01")]
    warranty_ends_on: Option<Option<NaiveDate>>,
    /// The fixed asset that it is in the books.
    #[schema(example = json!(null))]
    fixed_asset_id: Option<Option<Uuid>>,
    /// By when somebody has to see that it is there.
    #[schema(example = "2027-09-14")]
    next_audit_due_on: Option<Option<NaiveDate>>,
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 2000, example = "Scratch on the lid.")]
    note: Option<Option<String>>,
    custom: Option<EditCustom>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AssetFilter {
    /// Only assets in this state.
    #[param(inline)]
    status: Option<AssetStatus>,
    /// Only assets of this model.
    model_id: Option<Uuid>,
    /// Only assets that are kept in this place.
    location_id: Option<Uuid>,
    /// Only assets that are kept in this place or in one within it.
    location_branch_id: Option<Uuid>,
    /// Only assets that this employee has.
    employee_id: Option<Uuid>,
    /// Only assets that this place has.
    holder_location_id: Option<Uuid>,
    /// Only assets that are a part of this one.
    holder_asset_id: Option<Uuid>,
    /// Only assets that were bought from this party.
    supplier_id: Option<Uuid>,
    /// Only assets that are this one in the books.
    fixed_asset_id: Option<Uuid>,
    /// Only the asset with this tag.
    #[param(min_length = 1, max_length = 40)]
    tag: Option<String>,
    /// Only the asset with this serial number.
    #[param(min_length = 1, max_length = 100)]
    serial_number: Option<String>,
    /// Only assets that somebody has to see by this day or earlier.
    next_audit_due_on_to: Option<NaiveDate>,
    /// Only assets whose warranty ends on this day or later.
    warranty_ends_on_from: Option<NaiveDate>,
    /// Only assets whose warranty ends on this day or earlier.
    warranty_ends_on_to: Option<NaiveDate>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("ordered", "On its way."),
        ("in_stock", "There, and free."),
        ("assigned", "An employee, a place or another asset has it."),
        ("in_repair", "Away to be repaired; nobody has it."),
        ("retired", "Sold, given away or thrown away."),
        ("lost", "Nobody knows where it is."),
    ],
    steps: &[
        Step { action: "receive", from: &["ordered"], to: "in_stock", verb: "write" },
        Step { action: "check_out", from: &["in_stock"], to: "assigned", verb: "assign" },
        Step { action: "check_in", from: &["assigned"], to: "in_stock", verb: "assign" },
        Step { action: "audit", from: &["in_stock"], to: "in_stock", verb: "assign" },
        Step { action: "audit", from: &["assigned"], to: "assigned", verb: "assign" },
        Step { action: "audit", from: &["in_repair"], to: "in_repair", verb: "assign" },
        Step { action: "send_to_repair", from: &["in_stock", "assigned"], to: "in_repair", verb: "assign" },
        Step { action: "return_from_repair", from: &["in_repair"], to: "in_stock", verb: "assign" },
        Step {
            action: "report_lost",
            from: &["in_stock", "assigned", "in_repair"],
            to: "lost",
            verb: "assign",
        },
        Step { action: "report_found", from: &["lost"], to: "in_stock", verb: "assign" },
        Step { action: "retire", from: &["in_stock", "in_repair", "lost"], to: "retired", verb: "write" },
        Step { action: "restore", from: &["retired"], to: "in_stock", verb: "write" },
    ],
};

impl Named for Asset {
    const NAME: &'static str = "assets";
}

impl Resource for Asset {
    const PATH: &'static str = "/v1/assets";
    const SINGULAR: &'static str = "asset";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] = &[SortKey::text("tag"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "tag";
    const CUSTOM: bool = true;
    const NATURAL_KEY: &'static [&'static str] = &["tag"];
    const REFERENCES: &'static [Reference] = &[
        Reference { field: "model_id", column: "model", table: "asset_models", by: "name", within: None },
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
        Reference {
            field: "fixed_asset_id",
            column: "fixed_asset_number",
            table: "fixed_assets",
            by: "number",
            within: None,
        },
        Reference {
            field: "employee_id",
            column: "employee_number",
            table: "employees",
            by: "employee_number",
            within: None,
        },
    ];
    type Filter = AssetFilter;

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
    fn person(&self) -> Option<Uuid> {
        self.employee_id
    }
}

impl Stored for Asset {
    type Table = assets::table;
    const TABLE: &'static str = "assets";
    const SEARCHED: &'static [&'static str] = &["tag", "serial_number", "name", "order_number"];

    fn narrow(rows: Rows<Self>, by: AssetFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(assets::status.eq(status)))
            .when(by.model_id, |rows, id| rows.filter(assets::model_id.eq(id)))
            .when(by.location_id, |rows, id| rows.filter(assets::location_id.eq(id)))
            .when(by.location_branch_id, |rows, id| {
                let within = "assets.location_id in (select below_id from location_lines where org_id = (select current_org()) and above_id = ";
                rows.filter(sql::<Bool>(within).bind::<SqlUuid, _>(id).sql(")"))
            })
            .when(by.employee_id, |rows, id| rows.filter(assets::employee_id.eq(id)))
            .when(by.holder_location_id, |rows, id| rows.filter(assets::holder_location_id.eq(id)))
            .when(by.holder_asset_id, |rows, id| rows.filter(assets::holder_asset_id.eq(id)))
            .when(by.supplier_id, |rows, id| rows.filter(assets::supplier_id.eq(id)))
            .when(by.fixed_asset_id, |rows, id| rows.filter(assets::fixed_asset_id.eq(id)))
            .when(by.tag, |rows, tag| rows.filter(assets::tag.eq(tag)))
            .when(by.serial_number, |rows, number| rows.filter(assets::serial_number.eq(number)))
            .when(by.next_audit_due_on_to, |rows, day| rows.filter(assets::next_audit_due_on.le(day)))
            .when(by.warranty_ends_on_from, |rows, day| rows.filter(assets::warranty_ends_on.ge(day)))
            .when(by.warranty_ends_on_to, |rows, day| rows.filter(assets::warranty_ends_on.le(day)))
    }
}

impl Written for Asset {
    type New = NewAsset;
    type Edit = EditAsset;
}

pub fn routes(api: &mut Api) {
    api.resource::<Asset>();
    crate::asset_actions::routes(api);
    crate::labels::routes(api);
}
