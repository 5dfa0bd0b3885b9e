//! Fixed assets: a machine, a car, a licence, from the day it is bought to the day it is gone (IAS 16, IAS 38).
use crate::schedule::{DepreciationConvention, DepreciationMethod};
use diesel::sql_types::{Nullable, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::{CONFLICT, INVALID_STATE};
use rust_decimal::Decimal;
use schema::fixed_assets;

/// Something that is used for years.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = fixed_assets)]
pub struct FixedAsset {
    pub id: Uuid,
    pub version: i64,
    /// The number that people know it by; unique.
    #[schema(max_length = 40, example = "FA-00042")]
    pub number: String,
    /// What it is.
    #[schema(max_length = 200, example = "Delivery van")]
    pub name: String,
    /// What kind of asset it is, which says where it is booked.
    pub category_id: Uuid,
    /// The day on which it was bought.
    pub acquired_on: NaiveDate,
    /// The day from which it is ready for use.
    pub in_service_on: Option<NaiveDate>,
    /// What it cost, in the organization's currency.
    pub cost: Money,
    /// What it will be worth at the end of its life, in the organization's currency. It is not depreciated below that.
    pub residual_value: Money,
    pub method: DepreciationMethod,
    pub convention: DepreciationConvention,
    /// How many months it is expected to be used.
    #[schema(minimum = 1, maximum = 1200, example = 60)]
    pub life_months: i32,
    /// Percent a year of what is left, of declining balance; null of the other methods.
    pub rate: Option<Rate>,
    /// How many units it can make, of units of production; null of the other methods.
    pub total_units: Option<Quantity>,
    /// How many units it was reported to have made; zero of the other methods.
    pub units_made: Quantity,
    /// What was depreciated before it was taken over into these books, in the organization's currency.
    pub opening_depreciation: Money,
    /// The last day that this covers; null where it was not taken over.
    pub opening_on: Option<NaiveDate>,
    /// The department that it is in.
    pub department_id: Option<Uuid>,
    /// The cost centre that it is in.
    pub cost_centre_id: Option<Uuid>,
    /// What of its cost is depreciated or impaired, in the organization's currency.
    pub accumulated_depreciation: Money,
    /// What of its cost is left, in the organization's currency; zero once it is disposed of.
    pub carrying_amount: Money,
    /// The last day that is depreciated.
    pub depreciated_through: Option<NaiveDate>,
    /// The day of its disposal.
    #[schema(example = json!(null))]
    pub disposed_on: Option<NaiveDate>,
    pub status: FixedAssetStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where an asset stands between being entered and being gone.
    pub enum FixedAssetStatus { Draft = "draft", InService = "in_service", FullyDepreciated = "fully_depreciated", Disposed = "disposed" }
}

/// An asset to be: a draft, until it is put in service.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = fixed_assets, treat_none_as_default_value = false)]
#[schema(example = json!({
    "number": null, "name": "Delivery van", "category_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", "acquired_on": "2026-01-10",
    "in_service_on": "2026-01-15", "cost": "36000.00", "residual_value": "6000.00", "method": "straight_line", "convention": "daily",
    "life_months": 60, "rate": null, "total_units": null, "opening_depreciation": "0.00", "opening_on": null, "department_id": null,
    "cost_centre_id": null
}))]
#[serde(deny_unknown_fields)]
pub struct NewFixedAsset {
    #[serde(skip, default = "Uuid::now_v7")]
    pub(crate) id: Uuid,
    /// The number that people know it by; unique. Left out, the next of the active number series is taken.
    #[schema(max_length = 40, pattern = "^[A-Za-z0-9][A-Za-z0-9/-]{0,39}$", example = json!(null))]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    pub(crate) number: Option<String>,
    /// What it is.
    #[schema(min_length = 1, max_length = 200, example = "Delivery van")]
    pub(crate) name: String,
    /// What kind of asset it is.
    pub(crate) category_id: Uuid,
    /// The day on which it was bought.
    #[schema(example = "2026-01-10")]
    pub(crate) acquired_on: NaiveDate,
    /// The day from which it is ready for use; asked for when it is put in service at the latest.
    #[schema(example = "2026-01-15")]
    pub(crate) in_service_on: Option<NaiveDate>,
    /// What it cost, in the organization's currency; more than zero.
    pub(crate) cost: Money,
    /// What it will be worth at the end of its life, in the organization's currency; nothing, unless told.
    #[serde(default)]
    pub(crate) residual_value: Money,
    /// How it is depreciated.
    pub(crate) method: DepreciationMethod,
    /// Which days of the first and last month count; `daily`, unless told.
    #[serde(default = "daily")]
    pub(crate) convention: DepreciationConvention,
    /// How many months it is expected to be used.
    #[schema(minimum = 1, maximum = 1200, example = 60)]
    pub(crate) life_months: i32,
    /// Percent a year of what is left, up to 100: for declining balance, and for nothing else.
    pub(crate) rate: Option<Rate>,
    /// How many units it can make; of an asset taken over, from then on. For units of production, and for nothing else.
    pub(crate) total_units: Option<Quantity>,
    /// What was depreciated before it was taken over into these books, in the organization's currency.
    #[serde(default)]
    pub(crate) opening_depreciation: Money,
    /// The last day that this covers.
    #[schema(example = json!(null))]
    pub(crate) opening_on: Option<NaiveDate>,
    /// The department that it is in.
    #[schema(example = json!(null))]
    pub(crate) department_id: Option<Uuid>,
    /// The cost centre that it is in.
    #[schema(example = json!(null))]
    pub(crate) cost_centre_id: Option<Uuid>,
}

pub(crate) fn daily() -> DepreciationConvention {
    DepreciationConvention::Daily
}

/// What of an asset can be changed: all of a draft, and of one in service number and name.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = fixed_assets)]
#[schema(example = json!({
    "number": "VAN-7", "name": "Delivery van, white", "category_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", "acquired_on": "2026-01-10",
    "in_service_on": "2026-01-16", "cost": "36500.00", "residual_value": "6500.00", "method": "straight_line", "convention": "daily",
    "life_months": 48, "rate": null, "total_units": null, "opening_depreciation": "0.00", "opening_on": null, "department_id": null,
    "cost_centre_id": null
}))]
#[serde(deny_unknown_fields)]
pub struct EditFixedAsset {
    /// The number that people know it by; unique.
    #[schema(max_length = 40, pattern = "^[A-Za-z0-9][A-Za-z0-9/-]{0,39}$", example = "VAN-7")]
    number: Option<String>,
    /// What it is.
    #[schema(min_length = 1, max_length = 200, example = "Delivery van, white")]
    name: Option<String>,
    /// What kind of asset it is.
    category_id: Option<Uuid>,
    /// The day on which it was bought.
    #[schema(example = "2026-01-10")]
    acquired_on: Option<NaiveDate>,
    /// The day from which it is ready for use.
    #[schema(example = "2026-01-16")]
    in_service_on: Option<Option<NaiveDate>>,
    /// What it cost, in the organization's currency; more than zero.
    cost: Option<Money>,
    /// What it will be worth at the end of its life, in the organization's currency.
    residual_value: Option<Money>,
    /// How it is depreciated.
    method: Option<DepreciationMethod>,
    /// Which days of the first and last month count.
    convention: Option<DepreciationConvention>,
    /// How many months it is expected to be used.
    #[schema(minimum = 1, maximum = 1200, example = 48)]
    life_months: Option<i32>,
    /// Percent a year of what is left, up to 100: for declining balance, and for nothing else.
    rate: Option<Option<Rate>>,
    /// How many units it can make: for units of production, and for nothing else.
    total_units: Option<Option<Quantity>>,
    /// What was depreciated before it was taken over into these books, in the organization's currency.
    opening_depreciation: Option<Money>,
    /// The last day that this covers.
    #[schema(example = json!(null))]
    opening_on: Option<Option<NaiveDate>>,
    /// The department that it is in; once it is in service, `transfer` moves it.
    #[schema(example = json!(null))]
    department_id: Option<Option<Uuid>>,
    /// The cost centre that it is in; once it is in service, `transfer` moves it.
    #[schema(example = json!(null))]
    cost_centre_id: Option<Option<Uuid>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct FixedAssetFilter {
    /// Only assets in this state.
    #[param(inline)]
    status: Option<FixedAssetStatus>,
    /// Only assets of this category.
    category_id: Option<Uuid>,
    /// Only assets in this department.
    department_id: Option<Uuid>,
    /// Only assets in this cost centre.
    cost_centre_id: Option<Uuid>,
    /// Only the asset with this number.
    #[param(min_length = 1, max_length = 40)]
    number: Option<String>,
    /// Only assets bought on this day or later.
    acquired_on_from: Option<NaiveDate>,
    /// Only assets bought on this day or earlier.
    acquired_on_to: Option<NaiveDate>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("draft", "Entered; in no register yet. All of it can be changed."),
        ("in_service", "In the register, and depreciated."),
        ("fully_depreciated", "In the register; nothing of it is left to be depreciated."),
        ("disposed", "Sold, scrapped or lost: out of the register."),
    ],
    steps: &[
        Step { action: "put_in_service", from: &["draft"], to: "in_service", verb: "write" },
        Step { action: "report_units", from: &["in_service"], to: "in_service", verb: "write" },
        Step { action: "transfer", from: &["in_service"], to: "in_service", verb: "write" },
        Step { action: "transfer", from: &["fully_depreciated"], to: "fully_depreciated", verb: "write" },
        Step { action: "impair", from: &["in_service"], to: "in_service", verb: "post" },
        Step { action: "dispose", from: &["in_service", "fully_depreciated"], to: "disposed", verb: "post" },
    ],
};

impl Named for FixedAsset {
    const NAME: &'static str = "fixed-assets";
}

impl Resource for FixedAsset {
    const PATH: &'static str = "/v1/fixed-assets";
    const SINGULAR: &'static str = "fixed_asset";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[
        SortKey::text("number"),
        SortKey::text("name"),
        SortKey::day("acquired_on"),
        SortKey::instant("created_at"),
    ];
    const USUAL_ORDER: &'static str = "number";
    const NATURAL_KEY: &'static [&'static str] = &["number"];
    const REFERENCES: &'static [Reference] = &[
        Reference {
            field: "category_id",
            column: "category",
            table: "fixed_asset_categories",
            by: "name",
            within: None,
        },
        Reference {
            field: "department_id",
            column: "department_code",
            table: "departments",
            by: "code",
            within: None,
        },
        Reference {
            field: "cost_centre_id",
            column: "cost_centre_code",
            table: "cost_centres",
            by: "code",
            within: None,
        },
    ];
    type Filter = FixedAssetFilter;

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

impl Stored for FixedAsset {
    type Table = fixed_assets::table;
    const TABLE: &'static str = "fixed_assets";
    const SEARCHED: &'static [&'static str] = &["number", "name"];

    fn narrow(rows: Rows<Self>, by: FixedAssetFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(fixed_assets::status.eq(status)))
            .when(by.category_id, |rows, id| rows.filter(fixed_assets::category_id.eq(id)))
            .when(by.department_id, |rows, id| rows.filter(fixed_assets::department_id.eq(id)))
            .when(by.cost_centre_id, |rows, id| rows.filter(fixed_assets::cost_centre_id.eq(id)))
            .when(by.number, |rows, number| rows.filter(fixed_assets::number.eq(number)))
            .when(by.acquired_on_from, |rows, day| rows.filter(fixed_assets::acquired_on.ge(day)))
            .when(by.acquired_on_to, |rows, day| rows.filter(fixed_assets::acquired_on.le(day)))
    }
}

impl Written for FixedAsset {
    type New = NewFixedAsset;
    type Edit = EditFixedAsset;

    async fn check_new(db: &mut Db, new: &NewFixedAsset) -> Result<()> {
        let amounts = [
            ("/cost", new.cost),
            ("/residual_value", new.residual_value),
            ("/opening_depreciation", new.opening_depreciation),
        ];
        fits_currency(db, &amounts).await
    }

    async fn check_edit(db: &mut Db, row: &Self, edit: &EditFixedAsset) -> Result<()> {
        if row.status != FixedAssetStatus::Draft && edit.rebooks() {
            return Err(INVALID_STATE.because(
                "An asset in service keeps what it is booked by; only its number and name change. `transfer`, `impair` and `dispose` do the rest.",
            ));
        }
        let amounts: Vec<_> = [
            ("/cost", edit.cost),
            ("/residual_value", edit.residual_value),
            ("/opening_depreciation", edit.opening_depreciation),
        ]
        .into_iter()
        .filter_map(|(pointer, amount)| Some((pointer, amount?)))
        .collect();
        if amounts.is_empty() { Ok(()) } else { fits_currency(db, &amounts).await }
    }

    async fn check_delete(_: &mut Db, row: &Self) -> Result<()> {
        if row.status == FixedAssetStatus::Draft {
            return Ok(());
        }
        Err(CONFLICT.because("An asset that was in service stays in the books: dispose of it instead."))
    }
}

impl EditFixedAsset {
    /// Whether it asks for more than another number or name.
    fn rebooks(&self) -> bool {
        let named = Self { number: None, name: None, ..self.clone() };
        serde_json::to_value(named).is_ok_and(|rest| rest.as_object().is_none_or(|fields| !fields.is_empty()))
    }
}

/// Amounts with no more decimals than the books' currency has.
pub(crate) async fn fits_currency(db: &mut Db, amounts: &[(&str, Money)]) -> Result<()> {
    let currency = ledger::books(db).await?.currency;
    let decimals = ledger::currency::decimals(&currency);
    let faults: Vec<Fault> = amounts
        .iter()
        .filter(|(_, amount)| amount.0.normalize().scale() > decimals)
        .map(|(pointer, _)| {
            Fault::at(*pointer, "too-many-decimals", format!("{currency} has {decimals} decimals"))
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// More than nothing.
pub(crate) fn positive(pointer: &str, amount: Decimal) -> Result<()> {
    if amount > Decimal::ZERO {
        return Ok(());
    }
    Err(Problem::invalid(vec![Fault::at(pointer, "must-be-positive", "must be more than zero")]))
}

/// Put a fixed asset in service
///
/// It enters the register with its cost and, if it was taken over, with what was depreciated before, and is depreciated from
/// now on. Books nothing: buying it was booked by its bill, which `/v1/fixed-assets/acquire` makes assets of, or by the opening
/// balances.
#[utoipa::path(post, path = "/v1/fixed-assets/{id}/put-in-service", tag = "Accounting")]
async fn put_fixed_asset_in_service(may: May<Write, FixedAsset>, id: Id<FixedAsset>) -> Reply<FixedAsset> {
    may.write(async |db| {
        let asset = lock(&may, db, &id).await?;
        LIFE.step(asset.status.as_str(), "put_in_service")?;
        if asset.in_service_on.is_none() {
            return Err(CONFLICT.because("Say first in `in_service_on` from which day it is ready for use."));
        }
        diesel::sql_query(ENTER_REGISTER)
            .bind::<SqlUuid, _>(db.organization())
            .bind::<SqlUuid, _>(asset.id)
            .bind::<SqlUuid, _>(Uuid::now_v7())
            .bind::<Nullable<SqlUuid>, _>(asset.opening_on.map(|_| Uuid::now_v7()))
            .bind::<SqlUuid, _>(Uuid::now_v7())
            .execute(db)
            .await?;
        FixedAsset::find(db, asset.id).await
    })
    .await
}

/// The first movements, and the place where it begins.
const ENTER_REGISTER: &str = "
    with asset as (
        select * from fixed_assets where org_id = $1 and id = $2
    ), place as (
        insert into fixed_asset_transfers (id, fixed_asset_id, moved_on, department_id, cost_centre_id)
        select $5, id, acquired_on, department_id, cost_centre_id from asset
    )
    insert into fixed_asset_movements (id, fixed_asset_id, kind, posted_on, cost, depreciation, covers_from, covers_to, department_id, cost_centre_id)
    select $3, id, 'acquisition', acquired_on, cost, 0, null, null, department_id, cost_centre_id from asset
    union all
    select $4, id, 'opening', opening_on, 0, opening_depreciation, in_service_on, opening_on, department_id, cost_centre_id from asset
        where opening_on is not null";

pub fn routes(api: &mut Api) {
    api.resource::<FixedAsset>().call(operation!(put_fixed_asset_in_service));
}
