//! What assets are due to be depreciated by on a day: the figures behind a schedule, read in one statement however many assets
//! there are.
use crate::schedule::{DepreciationConvention, DepreciationMethod, Schedule, Units};
use chrono::Days;
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Date, Integer, Jsonb, Nullable, Numeric, Text, Uuid as SqlUuid};
use ledger::PostingLine;
use platform::prelude::*;
use rust_decimal::Decimal;

/// An asset with what depreciating it takes.
#[derive(QueryableByName)]
pub(crate) struct Due {
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = Text)]
    pub number: String,
    #[diesel(sql_type = Text)]
    method: DepreciationMethod,
    #[diesel(sql_type = Text)]
    convention: DepreciationConvention,
    #[diesel(sql_type = Integer)]
    life_months: i32,
    #[diesel(sql_type = Nullable<Numeric>)]
    rate: Option<Decimal>,
    #[diesel(sql_type = Nullable<Numeric>)]
    total_units: Option<Decimal>,
    #[diesel(sql_type = Date)]
    in_service_on: NaiveDate,
    #[diesel(sql_type = Numeric)]
    pub cost: Decimal,
    #[diesel(sql_type = Numeric)]
    pub residual_value: Decimal,
    #[diesel(sql_type = Numeric)]
    pub accumulated_depreciation: Decimal,
    #[diesel(sql_type = Nullable<Date>)]
    pub depreciated_through: Option<NaiveDate>,
    #[diesel(sql_type = Numeric)]
    schedule_carrying: Decimal,
    #[diesel(sql_type = Nullable<Date>)]
    schedule_after: Option<NaiveDate>,
    #[diesel(sql_type = SqlUuid)]
    pub asset_account_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub accumulated_depreciation_account_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub depreciation_account_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub gain_account_id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub loss_account_id: Uuid,
    /// Where it is on the day.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub department_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub cost_centre_id: Option<Uuid>,
    /// Units reported up to where its schedule last began, and up to the day.
    #[diesel(sql_type = Numeric)]
    units_before: Decimal,
    #[diesel(sql_type = Numeric)]
    units_by_then: Decimal,
    /// Whether its units were reported for the period that ends on the day, if it is depreciated by units.
    #[diesel(sql_type = Bool)]
    pub units_reported: bool,
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = Bool)]
    pub is_depreciated: bool,
}

/// `$1` is the organization, `$2` the day.
macro_rules! due {
    ($more:literal, $where:literal) => {
        concat!(
            "select a.id, a.number, a.method, a.convention, a.life_months, a.rate, a.total_units,
                coalesce(a.in_service_on, a.acquired_on) as in_service_on, a.cost, a.residual_value,
                case when a.status = 'draft' then a.opening_depreciation else a.accumulated_depreciation end as accumulated_depreciation,
                case when a.status = 'draft' then a.opening_on else a.depreciated_through end as depreciated_through,
                coalesce(a.schedule_carrying, a.cost - a.opening_depreciation) as schedule_carrying,
                case when a.status = 'draft' then a.opening_on else a.schedule_after end as schedule_after,
                c.asset_account_id, c.accumulated_depreciation_account_id, c.depreciation_account_id, c.gain_account_id, c.loss_account_id,
                place.department_id, place.cost_centre_id, units.before as units_before, units.by_then as units_by_then,
                a.method <> 'units_of_production' or units.reported as units_reported, books_currency() as currency,
                a.status in ('draft', 'in_service') as is_depreciated",
            $more,
            "
            from fixed_assets a
            join fixed_asset_categories c on c.org_id = a.org_id and c.id = a.category_id
            left join lateral (
                select t.department_id, t.cost_centre_id from fixed_asset_transfers t
                where t.org_id = a.org_id and t.fixed_asset_id = a.id and t.moved_on <= $2 order by t.moved_on desc limit 1
            ) place on true
            cross join lateral (
                select coalesce(sum(u.units) filter (where p.ends_on <= a.schedule_after), 0) as before,
                    coalesce(sum(u.units) filter (where p.starts_on <= $2), 0) as by_then,
                    coalesce(bool_or(p.starts_on <= $2 and p.ends_on >= $2), false) as reported
                from fixed_asset_units u join fiscal_periods p on p.org_id = u.org_id and p.id = u.fiscal_period_id
                where u.org_id = a.org_id and u.fixed_asset_id = a.id
            ) units
            where a.org_id = $1 and ",
            $where
        )
    };
}
const ALL: &str =
    due!("", "a.status = 'in_service' and a.in_service_on <= $2 order by a.id for no key update of a");
const ONE: &str = due!("", "a.id = $3");
const ONE_WITH_MONTHS: &str = due!(
    ", (select coalesce(jsonb_agg(jsonb_build_array(month, amount::text) order by month), '[]') from (
        select to_char(m.posted_on, 'YYYY-MM') as month, sum(m.depreciation) as amount from fixed_asset_movements m
        where m.org_id = a.org_id and m.fixed_asset_id = a.id and m.kind <> 'disposal' group by 1
        having sum(m.depreciation) <> 0) booked) as months",
    "a.id = $3"
);

/// The same with what was booked in each month: `[["2026-01", "500.0000"]]`.
#[derive(QueryableByName)]
pub(crate) struct DueByMonth {
    #[diesel(embed)]
    pub due: Due,
    #[diesel(sql_type = Jsonb)]
    pub months: serde_json::Value,
}

impl DueByMonth {
    /// One of them, whatever its state, with all units that were reported.
    pub async fn one(db: &mut Db, id: Uuid) -> Result<Self> {
        let last_day = NaiveDate::from_ymd_opt(2200, 12, 31).unwrap_or(NaiveDate::MAX);
        let one = diesel::sql_query(ONE_WITH_MONTHS)
            .bind::<SqlUuid, _>(db.organization())
            .bind::<Date, _>(last_day);
        Ok(one.bind::<SqlUuid, _>(id).get_result(db).await?)
    }
}

impl Due {
    /// All assets that are in service on the day, locked in one order for all.
    pub async fn all(db: &mut Db, day: NaiveDate) -> Result<Vec<Self>> {
        let all = diesel::sql_query(ALL).bind::<SqlUuid, _>(db.organization()).bind::<Date, _>(day);
        Ok(all.load(db).await?)
    }

    /// One of them, whatever its state.
    pub async fn one(db: &mut Db, id: Uuid, day: NaiveDate) -> Result<Self> {
        let one = diesel::sql_query(ONE).bind::<SqlUuid, _>(db.organization()).bind::<Date, _>(day);
        Ok(one.bind::<SqlUuid, _>(id).get_result(db).await?)
    }

    pub fn schedule(&self) -> Schedule {
        let units = self.total_units.map(|total| Units {
            possible: total - self.units_before,
            made: self.units_by_then - self.units_before,
        });
        Schedule {
            method: self.method,
            begins_on: self.begins_on(),
            life_months: self.life_months,
            rate: self.rate,
            residual_value: self.residual_value,
            carrying: self.schedule_carrying,
            after: self.schedule_after,
            units,
            decimals: ledger::currency::decimals(&self.currency),
        }
    }

    /// The first day that is depreciated.
    pub fn begins_on(&self) -> NaiveDate {
        self.convention.begins_on(self.in_service_on)
    }

    /// The last day that is depreciated if it is disposed of on this one.
    pub fn ends_on(&self, disposed_on: NaiveDate) -> NaiveDate {
        self.convention.ends_on(disposed_on)
    }

    /// What of its cost is left.
    pub fn carrying(&self) -> Decimal {
        self.cost - self.accumulated_depreciation
    }

    /// What is to be depreciated up to the end of the day, beside what was.
    pub fn amount(&self, day: NaiveDate) -> Decimal {
        if day < self.begins_on() {
            return Decimal::ZERO;
        }
        let booked = self.schedule_carrying - self.carrying();
        let most = (self.carrying() - self.residual_value).max(Decimal::ZERO);
        (self.schedule().depreciated(day) - booked).clamp(Decimal::ZERO, most)
    }

    /// The first day that the next depreciation covers.
    pub fn covers_from(&self) -> NaiveDate {
        self.depreciated_through.map_or(self.begins_on(), |day| (day + Days::new(1)).max(self.begins_on()))
    }

    /// A line of an entry about it.
    pub fn line(&self, account_id: Uuid, debit: Decimal, credit: Decimal, pointer: &str) -> PostingLine {
        PostingLine {
            account_id,
            debit,
            credit,
            department_id: self.department_id,
            cost_centre_id: self.cost_centre_id,
            pointer: pointer.to_owned(),
            ..PostingLine::default()
        }
    }
}
