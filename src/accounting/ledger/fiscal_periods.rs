//! Fiscal periods: the months of a fiscal year. Closed, only who holds `fiscal-periods:post-closed` posts into one; locked, nobody.

use crate::accounts::AccountRole;
use crate::fiscal_years::hold_months;
use crate::posting::{account_of, post_given, reverse};
use chrono::Days;
use diesel::sql_types::Uuid as SqlUuid;
use platform::prelude::*;
use platform::problem::CONFLICT;
use schema::{fiscal_periods, fiscal_years};
use serde_json::Value;

/// A month of the books.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = fiscal_periods)]
pub struct FiscalPeriod {
    pub id: Uuid,
    pub version: i64,
    /// The year that it is a month of.
    pub fiscal_year_id: Uuid,
    /// The month.
    #[schema(max_length = 7, example = "2026-03")]
    pub code: String,
    /// Its first day.
    #[schema(example = "2026-03-01")]
    pub starts_on: NaiveDate,
    /// Its last day.
    #[schema(example = "2026-03-31")]
    pub ends_on: NaiveDate,
    /// The entry that booked what foreign amounts were worth more or less at its end.
    #[schema(example = json!(null))]
    pub revaluation_entry_id: Option<Uuid>,
    pub status: FiscalPeriodStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Who may post into a month.
    pub enum FiscalPeriodStatus { Open = "open", Closed = "closed", Locked = "locked" }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct FiscalPeriodFilter {
    /// Only months in this state.
    #[param(inline)]
    status: Option<FiscalPeriodStatus>,
    /// Only months of this year.
    fiscal_year_id: Option<Uuid>,
    /// Only the month of this code.
    #[param(min_length = 7, max_length = 7)]
    code: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("open", "Takes postings."),
        ("closed", "Takes those of whoever holds `fiscal-periods:post-closed`."),
        ("locked", "Takes none, for ever."),
    ],
    steps: &[
        Step { action: "close", from: &["open"], to: "closed", verb: "run" },
        Step { action: "reopen", from: &["closed"], to: "open", verb: "run" },
        Step { action: "lock", from: &["closed"], to: "locked", verb: "run" },
    ],
};

impl Named for FiscalPeriod {
    const NAME: &'static str = "fiscal-periods";
}

impl Resource for FiscalPeriod {
    const PATH: &'static str = "/v1/fiscal-periods";
    const SINGULAR: &'static str = "fiscal_period";
    const TAG: &'static str = "Ledger";
    const SORT: &'static [SortKey] = &[SortKey::day("starts_on")];
    const USUAL_ORDER: &'static str = "starts_on";
    type Filter = FiscalPeriodFilter;

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

impl Stored for FiscalPeriod {
    type Table = fiscal_periods::table;
    const TABLE: &'static str = "fiscal_periods";
    const SEARCHED: &'static [&'static str] = &["code"];

    fn narrow(rows: Rows<Self>, by: FiscalPeriodFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(fiscal_periods::status.eq(status)))
            .when(by.fiscal_year_id, |rows, id| rows.filter(fiscal_periods::fiscal_year_id.eq(id)))
            .when(by.code, |rows, code| rows.filter(fiscal_periods::code.eq(code)))
    }
}

async fn turn(
    may: May<Run, FiscalPeriod>,
    id: Id<FiscalPeriod>,
    action: &'static str,
) -> Reply<FiscalPeriod> {
    may.write(async |db| {
        let period = lock(&may, db, &id).await?;
        let status = LIFE.step(period.status.as_str(), action)?;
        // Whoever is about to post into it ends first.
        diesel::select(hold_months(period.starts_on, period.starts_on)).get_result::<i64>(db).await?;
        let year =
            fiscal_years::table.find((db.organization(), period.fiscal_year_id)).select(fiscal_years::status);
        if action == "reopen" && year.get_result::<String>(db).await? == "closed" {
            return Err(CONFLICT.because("Its year is closed: reopen that first."));
        }
        FiscalPeriod::set_status(db, period.id, status).await
    })
    .await
}

/// Close a fiscal period
///
/// The month takes no postings any more but those of whoever holds `fiscal-periods:post-closed`.
#[utoipa::path(post, path = "/v1/fiscal-periods/{id}/close", tag = "Ledger")]
async fn close_fiscal_period(may: May<Run, FiscalPeriod>, id: Id<FiscalPeriod>) -> Reply<FiscalPeriod> {
    turn(may, id, "close").await
}

/// Reopen a fiscal period
///
/// The month takes postings again, as long as its year is open.
#[utoipa::path(post, path = "/v1/fiscal-periods/{id}/reopen", tag = "Ledger")]
async fn reopen_fiscal_period(may: May<Run, FiscalPeriod>, id: Id<FiscalPeriod>) -> Reply<FiscalPeriod> {
    turn(may, id, "reopen").await
}

/// Lock a fiscal period
///
/// The month takes no postings any more, whoever asks, for ever. The one entry that still comes is the closing of its year.
#[utoipa::path(post, path = "/v1/fiscal-periods/{id}/lock", tag = "Ledger")]
async fn lock_fiscal_period(may: May<Run, FiscalPeriod>, id: Id<FiscalPeriod>) -> Reply<FiscalPeriod> {
    turn(may, id, "lock").await
}

diesel::define_sql_function! {
    /// See the migration of the ledger: the entry that books what foreign amounts are worth more or less by now.
    fn revaluation_of(period: SqlUuid, id: SqlUuid, gain: SqlUuid, loss: SqlUuid) -> Nullable<Jsonb>;
}

/// Revalue foreign amounts
///
/// What is open in another currency at the end of the month (money, receivables, payables, accounts kept in that currency) is
/// worked out at the newest rates that are not after the last day. The differences are booked as unrealized gains and losses, by
/// account and party, and booked back on the first day of the next month. Once for each month; a second time is 409.
#[utoipa::path(post, path = "/v1/fiscal-periods/{id}/revalue", tag = "Ledger")]
async fn revalue_fiscal_period(may: May<Run, FiscalPeriod>, id: Id<FiscalPeriod>) -> Reply<FiscalPeriod> {
    may.write(async |db| {
        let period = lock(&may, db, &id).await?;
        if period.revaluation_entry_id.is_some() {
            return Err(CONFLICT.because(format!("The period {} was revalued before.", period.code)));
        }
        let gain = account_of(db, AccountRole::ExchangeGain).await;
        let loss = account_of(db, AccountRole::ExchangeLoss).await;
        let account = |found: &Result<Uuid>| *found.as_ref().unwrap_or(&Uuid::nil());
        let entry = revaluation_of(period.id, Uuid::now_v7(), account(&gain), account(&loss));
        let entry = match diesel::select(entry).get_result::<Option<Value>>(db).await? {
            None => return Ok(period), // nothing is worth more or less
            Some(Value::Array(entry)) => entry,
            Some(missing) => return Err(no_rates(&missing, period.ends_on)),
        };
        gain.and(loss)?;
        let entry = post_given(db, entry).await?.pop();
        let entry = entry.ok_or_else(|| Problem::internal("what was posted is not there"))?;
        let why = format!("Reversal of the revaluation of {}", period.code);
        reverse(db, entry, period.ends_on + Days::new(1), &why).await?;
        let one = fiscal_periods::table.find((db.organization(), period.id));
        let revalued = diesel::update(one).set(fiscal_periods::revaluation_entry_id.eq(entry));
        Ok(revalued.returning(FiscalPeriod::as_returning()).get_result(db).await?)
    })
    .await
}

fn no_rates(missing: &Value, on: NaiveDate) -> Problem {
    let currencies: Vec<_> =
        missing["missing"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let rule = format!(
        "there is no rate for {} on or before {on}: add one at /v1/exchange-rates",
        currencies.join(", ")
    );
    Problem::invalid(vec![Fault::at("", "no-rate", rule)])
}

pub fn routes(api: &mut Api) {
    api.readable::<FiscalPeriod>()
        .call(operation!(close_fiscal_period))
        .call(operation!(reopen_fiscal_period))
        .call(operation!(lock_fiscal_period))
        .call(operation!(revalue_fiscal_period));
}
