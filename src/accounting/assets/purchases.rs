//! What fixed assets were bought with: lines of bills. Buying books nothing more than the bill did; from here on the register
//! knows which bill that was, and the assets of a line cost no more than was booked for it.
use crate::fixed_assets::{FixedAsset, NewFixedAsset};
use crate::schedule::{DepreciationConvention, DepreciationMethod};
use diesel::QueryableByName;
use diesel::sql_types::{Date, Integer, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::{Decimal, RoundingStrategy};
use schema::{fixed_asset_purchases, fixed_assets};

/// What an asset was bought with.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = fixed_asset_purchases)]
pub struct FixedAssetPurchase {
    pub id: Uuid,
    pub version: i64,
    /// The asset.
    pub fixed_asset_id: Uuid,
    /// The bill that booked what it cost.
    pub bill_id: Uuid,
    /// The line of the bill, from 1.
    #[schema(minimum = 1, maximum = 500, example = 1)]
    pub line: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct FixedAssetPurchaseFilter {
    /// Only what this asset was bought with.
    fixed_asset_id: Option<Uuid>,
    /// Only assets that were bought with this bill.
    bill_id: Option<Uuid>,
}

impl Named for FixedAssetPurchase {
    const NAME: &'static str = "fixed-asset-purchases";
}

impl Resource for FixedAssetPurchase {
    const PATH: &'static str = "/v1/fixed-asset-purchases";
    const SINGULAR: &'static str = "fixed_asset_purchase";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    type Filter = FixedAssetPurchaseFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for FixedAssetPurchase {
    type Table = fixed_asset_purchases::table;
    const TABLE: &'static str = "fixed_asset_purchases";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: FixedAssetPurchaseFilter) -> Rows<Self> {
        rows.when(by.fixed_asset_id, |rows, id| rows.filter(fixed_asset_purchases::fixed_asset_id.eq(id)))
            .when(by.bill_id, |rows, id| rows.filter(fixed_asset_purchases::bill_id.eq(id)))
    }
}

/// What was bought with a line of a bill, and how it will be depreciated.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "bill_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", "line": 1, "count": 1, "category_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f",
    "name": "Delivery van", "cost": null, "residual_value": "0.00", "in_service_on": "2026-04-01", "method": "straight_line",
    "convention": "daily", "life_months": 60, "rate": null, "total_units": null
}))]
#[serde(deny_unknown_fields)]
pub struct AcquireFixedAssetsRequest {
    /// The bill; it has been posted.
    bill_id: Uuid,
    /// Its line, from 1: booked on the account of the category.
    #[schema(minimum = 1, maximum = 500, example = 1)]
    line: i32,
    /// How many assets were bought with it; one, unless told.
    #[serde(default = "one")]
    #[schema(minimum = 1, maximum = 200, default = 1, example = 1)]
    count: u16,
    /// What kind of assets they are.
    category_id: Uuid,
    /// What each of them is; what the line says, unless told.
    #[schema(min_length = 1, max_length = 200, example = "Delivery van")]
    name: Option<String>,
    /// What each of them cost, in the organization's currency. Left out, what is left of the line is shared out to the last
    /// cent: the last ones cost less where it can not be shared evenly.
    #[schema(example = json!(null))]
    cost: Option<Money>,
    /// What each will be worth at the end of its life, in the organization's currency; nothing, unless told.
    #[serde(default)]
    residual_value: Money,
    /// The day from which they are ready for use; asked for when they are put in service at the latest.
    #[schema(example = "2026-04-01")]
    in_service_on: Option<NaiveDate>,
    /// How they are depreciated.
    method: DepreciationMethod,
    /// Which days of the first and last month count; `daily`, unless told.
    #[serde(default = "crate::fixed_assets::daily")]
    convention: DepreciationConvention,
    /// How many months they are expected to be used.
    #[schema(minimum = 1, maximum = 1200, example = 60)]
    life_months: i32,
    /// Percent a year of what is left, up to 100: for declining balance, and for nothing else.
    #[schema(example = json!(null))]
    rate: Option<Rate>,
    /// How many units each can make: for units of production, and for nothing else.
    #[schema(example = json!(null))]
    total_units: Option<Quantity>,
}

fn one() -> u16 {
    1
}

/// The line, as it can be acquired with.
#[derive(QueryableByName)]
struct Bought {
    #[diesel(sql_type = Date)]
    issued_on: NaiveDate,
    #[diesel(sql_type = Nullable<Text>)]
    number: Option<String>,
    #[diesel(sql_type = Nullable<Numeric>)]
    left_over: Option<Decimal>,
    #[diesel(sql_type = Nullable<Text>)]
    description: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    department_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    cost_centre_id: Option<Uuid>,
    #[diesel(sql_type = Text)]
    currency: String,
}

/// Acquire fixed assets
///
/// Drafts of what was bought with a line of a posted bill, with what it cost, its day, department and cost centre. Books nothing: the
/// bill did. The assets of a line cost no more than is booked for it, the line is booked on the account of their category, and what
/// they were bought with is not taken back while they stand in the register.
#[utoipa::path(post, path = "/v1/fixed-assets/acquire", tag = "Accounting")]
async fn acquire_fixed_assets(
    may: May<Write, FixedAsset>,
    new: Input<AcquireFixedAssetsRequest>,
) -> Reply<Several<FixedAsset>> {
    may.write(async |db| {
        let new = &new.0;
        // Others who acquire with this bill wait from here, and see what this leaves.
        let bought = diesel::sql_query(
            "with bill as materialized (select * from bills where org_id = $1 and id = $2 for no key update)
            select b.issued_on, b.number, l.left_over, b.lines -> ($3 - 1) ->> 'description' as description,
                l.department_id, l.cost_centre_id, o.currency
            from bill b join organizations o on o.id = b.org_id left join lines_to_acquire($2) l on l.line = $3",
        )
        .bind::<SqlUuid, _>(db.organization())
        .bind::<SqlUuid, _>(new.bill_id)
        .bind::<Integer, _>(new.line)
        .get_result::<Bought>(db)
        .await
        .optional()?;
        let Some(bought) = bought else {
            return Err(Problem::invalid(vec![Fault::at("/bill_id", "unknown", "there is no such bill")]));
        };
        let Some(left) = bought.left_over else {
            return Err(Problem::invalid(vec![Fault::at("/line", "unknown", "the bill has no such line")]));
        };
        if bought.number.is_none() {
            return Err(CONFLICT.because("Post the bill first: until then nothing is bought with it."));
        }
        if new.in_service_on.is_some_and(|day| day < bought.issued_on) {
            let rule = format!("must not be before the day of the bill, {}", bought.issued_on);
            return Err(Problem::invalid(vec![Fault::at("/in_service_on", "before-purchase", rule)]));
        }
        let costs = new.costs(left, ledger::currency::decimals(&bought.currency))?;
        if let Some(cheapest) = costs.iter().min().filter(|cheapest| new.residual_value.0 > **cheapest) {
            let rule = format!("must not be more than each costs, {cheapest}");
            return Err(Problem::invalid(vec![Fault::at("/residual_value", "more-than-cost", rule)]));
        }
        let assets: Vec<NewFixedAsset> = costs.into_iter().map(|cost| new.asset(&bought, cost)).collect();
        let made: Vec<FixedAsset> = diesel::insert_into(fixed_assets::table)
            .values(&assets)
            .returning(FixedAsset::as_returning())
            .get_results(db)
            .await?;
        let purchases: Vec<_> = made
            .iter()
            .map(|asset| {
                (
                    fixed_asset_purchases::id.eq(Uuid::now_v7()),
                    fixed_asset_purchases::fixed_asset_id.eq(asset.id),
                    fixed_asset_purchases::bill_id.eq(new.bill_id),
                    fixed_asset_purchases::line.eq(new.line),
                )
            })
            .collect();
        diesel::insert_into(fixed_asset_purchases::table).values(purchases).execute(db).await?;
        Ok(Several(made))
    })
    .await
}

impl AcquireFixedAssetsRequest {
    /// What each of them cost, dearest first.
    fn costs(&self, left: Decimal, decimals: u32) -> Result<Vec<Decimal>> {
        let count = Decimal::from(self.count);
        if let Some(told) = self.cost {
            if told.0.normalize().scale() > decimals {
                let rule = format!("the organization's currency has {decimals} decimals");
                return Err(Problem::invalid(vec![Fault::at("/cost", "too-many-decimals", rule)]));
            }
            if told.0 <= Decimal::ZERO {
                return Err(Problem::invalid(vec![Fault::at(
                    "/cost",
                    "must-be-positive",
                    "must be more than zero",
                )]));
            }
            if told.0 * count > left {
                let rule = format!("of this line {left} are left");
                return Err(Problem::invalid(vec![Fault::at("/cost", "more-than-is-left", rule)]));
            }
            return Ok(vec![told.0; self.count.into()]);
        }
        let smallest = Decimal::new(1, decimals);
        if left < smallest * count {
            return Err(CONFLICT
                .because(format!("Of this line {left} are left, which is not enough for so many assets.")));
        }
        let each = (left / count).round_dp_with_strategy(decimals, RoundingStrategy::ToZero);
        let rest = ((left - each * count) / smallest).trunc();
        Ok((0..self.count)
            .map(|place| each + if Decimal::from(place) < rest { smallest } else { Decimal::ZERO })
            .collect())
    }

    fn asset(&self, bought: &Bought, cost: Decimal) -> NewFixedAsset {
        let said = || bought.description.as_deref().unwrap_or_default().chars().take(200).collect();
        NewFixedAsset {
            id: Uuid::now_v7(),
            number: None,
            name: self.name.clone().unwrap_or_else(said),
            category_id: self.category_id,
            acquired_on: bought.issued_on,
            in_service_on: self.in_service_on,
            cost: Money(cost),
            residual_value: self.residual_value,
            method: self.method,
            convention: self.convention,
            life_months: self.life_months,
            rate: self.rate,
            total_units: self.total_units,
            opening_depreciation: Money::default(),
            opening_on: None,
            department_id: bought.department_id,
            cost_centre_id: bought.cost_centre_id,
        }
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<FixedAssetPurchase>().call(operation!(acquire_fixed_assets));
}
