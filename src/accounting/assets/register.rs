//! The register of fixed assets on a day, and whether it ties out to the ledger.
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;

/// Assets in the register at the most, at a time.
const MOST: i64 = 1000;

/// Which register is asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct RegisterQuery {
    /// The day; today (UTC), unless told.
    #[param(required = false)]
    pub on: Option<NaiveDate>,
    /// Only assets of this category; totals and accounts are of all.
    #[param(required = false)]
    pub category_id: Option<Uuid>,
    /// Only assets that were in this department on the day, or in one beneath it; totals and accounts are of all.
    #[param(required = false)]
    pub department_id: Option<Uuid>,
    /// Assets behind the one with this number: `next_after` of the part before.
    #[param(required = false, min_length = 1, max_length = 40)]
    pub after: Option<String>,
    /// How many assets at the most.
    #[param(required = false, minimum = 1, maximum = 1000, default = 1000)]
    pub limit: Option<i64>,
}

/// All assets that the books hold on a day.
#[derive(Serialize, ToSchema)]
pub struct FixedAssetRegister {
    /// The day.
    pub on: NaiveDate,
    /// The currency of the amounts.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// Whether each account of the categories bears in the ledger what the register says.
    pub ties_out: bool,
    /// Totals of each category.
    #[schema(max_items = 1000)]
    pub categories: Vec<RegisteredCategory>,
    /// The accounts of the categories, register against ledger.
    #[schema(max_items = 2000)]
    pub accounts: Vec<RegisteredAccount>,
    /// The assets, by number.
    #[schema(max_items = 1000)]
    pub assets: Vec<RegisteredAsset>,
    /// Where the assets go on, to be sent as `after`; null where these are all.
    #[schema(max_length = 40, example = json!(null))]
    pub next_after: Option<String>,
}

/// A category in the register.
#[derive(Serialize, ToSchema, QueryableByName)]
pub struct RegisteredCategory {
    /// The category.
    #[diesel(sql_type = SqlUuid)]
    pub category_id: Uuid,
    /// What people call it.
    #[schema(max_length = 100, example = "Vehicles")]
    #[diesel(sql_type = Text)]
    pub name: String,
    /// How many assets of it are in the register.
    #[schema(minimum = 0, example = 3)]
    #[diesel(sql_type = BigInt)]
    pub assets: i64,
    /// What they cost.
    #[diesel(sql_type = Numeric)]
    pub cost: Money,
    /// What of it is depreciated or impaired.
    #[diesel(sql_type = Numeric)]
    pub accumulated_depreciation: Money,
    /// What of it is left.
    #[diesel(sql_type = Numeric)]
    pub carrying_amount: Money,
    /// What those cost that were bought by then and are drafts now: the ledger may hold them already, the register does not.
    #[diesel(sql_type = Numeric)]
    pub drafts: Money,
}

/// An account of categories, register against ledger.
#[derive(Serialize, ToSchema, QueryableByName)]
pub struct RegisteredAccount {
    /// The account.
    #[diesel(sql_type = SqlUuid)]
    pub account_id: Uuid,
    /// Its code.
    #[schema(max_length = 20, example = "1530")]
    #[diesel(sql_type = Text)]
    pub code: String,
    /// Its name.
    #[schema(max_length = 200, example = "Machinery and equipment")]
    #[diesel(sql_type = Text)]
    pub name: String,
    /// What the register says that it bears: debits less credits.
    #[diesel(sql_type = Numeric)]
    pub register: Money,
    /// What it bears in the ledger: debits less credits.
    #[diesel(sql_type = Numeric)]
    pub ledger: Money,
    /// What the ledger has more than the register.
    #[diesel(sql_type = Numeric)]
    pub difference: Money,
}

/// An asset in the register.
#[derive(Serialize, ToSchema, QueryableByName)]
pub struct RegisteredAsset {
    /// The asset.
    #[diesel(sql_type = SqlUuid)]
    pub fixed_asset_id: Uuid,
    /// Its number.
    #[schema(max_length = 40, example = "FA-00042")]
    #[diesel(sql_type = Text)]
    pub number: String,
    /// What it is.
    #[schema(max_length = 200, example = "Delivery van")]
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its category.
    #[diesel(sql_type = SqlUuid)]
    pub category_id: Uuid,
    /// The day on which it was bought.
    #[diesel(sql_type = Date)]
    pub acquired_on: NaiveDate,
    /// The department that it was in on the day.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub department_id: Option<Uuid>,
    /// What it cost.
    #[diesel(sql_type = Numeric)]
    pub cost: Money,
    /// What of it is depreciated or impaired.
    #[diesel(sql_type = Numeric)]
    pub accumulated_depreciation: Money,
    /// What of it is left.
    #[diesel(sql_type = Numeric)]
    pub carrying_amount: Money,
}

/// `$1` is the organization, `$2` the day.
macro_rules! on_day {
    ($sql:literal) => {
        concat!(
            "with worth as (
                select fixed_asset_id, sum(cost) as cost, sum(depreciation) as depreciation from fixed_asset_movements
                where org_id = $1 and posted_on <= $2 group by 1 having sum(cost) <> 0 or sum(depreciation) <> 0
            ) ",
            $sql
        )
    };
}

const CATEGORIES: &str = on_day!(
    "select c.id as category_id, c.name, count(w.fixed_asset_id) as assets, coalesce(sum(w.cost), 0) as cost,
        coalesce(sum(w.depreciation), 0) as accumulated_depreciation, coalesce(sum(w.cost - w.depreciation), 0) as carrying_amount,
        coalesce(sum(a.cost) filter (where a.status = 'draft' and a.acquired_on <= $2), 0) as drafts
    from fixed_asset_categories c
    left join fixed_assets a on a.org_id = c.org_id and a.category_id = c.id
    left join worth w on w.fixed_asset_id = a.id
    where c.org_id = $1 group by c.id, c.name order by c.name limit 1000"
);

/// An account may bear cost for one category and depreciation for another.
const ACCOUNTS: &str = on_day!(
    ", borne as (
        select each.account_id, coalesce(sum(each.amount), 0) as register
        from fixed_asset_categories c
        left join fixed_assets a on a.org_id = c.org_id and a.category_id = c.id
        left join worth w on w.fixed_asset_id = a.id
        cross join lateral (values (c.asset_account_id, w.cost), (c.accumulated_depreciation_account_id, -w.depreciation)) each (account_id, amount)
        where c.org_id = $1 group by 1
    )
    select acc.id as account_id, acc.code, acc.name, b.register, booked.net as ledger, booked.net - b.register as difference
    from borne b join accounts acc on acc.org_id = $1 and acc.id = b.account_id
    cross join lateral (
        select coalesce(sum(net), 0) as net from (
            select debit - credit as net from account_balances
                where org_id = $1 and account_id = b.account_id and grain = 'day' and begins_on <= $2
            union all
            select debit - credit from balance_deltas where org_id = $1 and account_id = b.account_id and begins_on <= $2
        ) both_parts
    ) booked
    order by acc.code limit 2000"
);

const ASSETS: &str = on_day!(
    "select a.id as fixed_asset_id, a.number, a.name, a.category_id, a.acquired_on, w.cost, w.depreciation as accumulated_depreciation,
        w.cost - w.depreciation as carrying_amount, d.department_id
    from worth w join fixed_assets a on a.org_id = $1 and a.id = w.fixed_asset_id
    left join lateral (
        select t.department_id from fixed_asset_transfers t
        where t.org_id = a.org_id and t.fixed_asset_id = a.id and t.moved_on <= $2 order by t.moved_on desc limit 1
    ) d on true
    where ($3 is null or a.category_id = $3) and ($4 is null or a.number > $4)
        and ($6 is null or d.department_id in (select b.below_id from department_lines b where b.org_id = $1 and b.above_id = $6))
    order by a.number limit $5"
);

/// What each asset cost and what of it is left at the end of the day, totals of each category, and for each account of the
/// categories what the register says against what the ledger says, with the difference.
///
/// # Errors
/// Those of the database.
pub async fn register(db: &mut Db, query: &RegisterQuery) -> Result<FixedAssetRegister> {
    let RegisterQuery { on, category_id, department_id, after, limit } = query;
    let on = on.unwrap_or_else(|| Utc::now().date_naive());
    let limit = limit.unwrap_or(MOST);
    let organization = db.organization();
    let of_day =
        |sql: &'static str| diesel::sql_query(sql).bind::<SqlUuid, _>(organization).bind::<Date, _>(on);
    let categories: Vec<RegisteredCategory> = of_day(CATEGORIES).load(db).await?;
    let accounts: Vec<RegisteredAccount> = of_day(ACCOUNTS).load(db).await?;
    let mut assets: Vec<RegisteredAsset> = of_day(ASSETS)
        .bind::<Nullable<SqlUuid>, _>(category_id)
        .bind::<Nullable<Text>, _>(after.as_deref())
        .bind::<BigInt, _>(limit + 1)
        .bind::<Nullable<SqlUuid>, _>(department_id)
        .load(db)
        .await?;
    let currency = ledger::books(db).await?.currency;
    let wanted = usize::try_from(limit).map_err(Problem::internal)?;
    let more = assets.len() > wanted;
    assets.truncate(wanted);
    Ok(FixedAssetRegister {
        on,
        currency,
        ties_out: accounts.iter().all(|account| account.difference.0 == Decimal::ZERO),
        categories,
        accounts,
        next_after: assets.last().filter(|_| more).map(|last| last.number.clone()),
        assets,
    })
}
