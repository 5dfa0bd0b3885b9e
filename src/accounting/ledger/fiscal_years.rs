//! Fiscal years: what the books are closed by. A year comes with its months; years follow each other without gap or overlap.

use crate::accounts::AccountRole;
use crate::posting::{account_of, post_given, reverse};
use chrono::Days;
use diesel::sql_types::{Date, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::CONFLICT;
use schema::{fiscal_periods, fiscal_years};
use serde_json::Value;

/// A year of the books.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = fiscal_years)]
pub struct FiscalYear {
    pub id: Uuid,
    pub version: i64,
    /// What it is called, and what `{year}` in numbers stands for; unique.
    #[schema(max_length = 10, example = "2026")]
    pub code: String,
    /// Its first day, the first of a month.
    #[schema(example = "2026-01-01")]
    pub starts_on: NaiveDate,
    /// Its last day, the last of a month.
    #[schema(example = "2026-12-31")]
    pub ends_on: NaiveDate,
    /// The entry that booked its income and expense to retained earnings.
    #[schema(example = json!(null))]
    pub closing_entry_id: Option<Uuid>,
    pub status: FiscalYearStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a year takes postings.
    pub enum FiscalYearStatus { Open = "open", Closed = "closed" }
}

/// A year to be, with its months.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = fiscal_years)]
#[serde(deny_unknown_fields)]
pub struct NewFiscalYear {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(max_length = 10, pattern = "^[A-Za-z0-9][A-Za-z0-9-]{0,9}$", example = "2026")]
    code: String,
    /// Its first day: the first of a month, and the day after another year unless it is the first of all or before all.
    #[schema(example = "2026-01-01")]
    starts_on: NaiveDate,
    /// Its last day: the last of a month, and at most 24 months from the first.
    #[schema(example = "2026-12-31")]
    ends_on: NaiveDate,
}

/// What of a year can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = fiscal_years)]
#[serde(deny_unknown_fields)]
pub struct EditFiscalYear {
    /// What it is called; unique. Numbers that were given keep what they say.
    #[schema(max_length = 10, pattern = "^[A-Za-z0-9][A-Za-z0-9-]{0,9}$", example = "FY2026")]
    code: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct FiscalYearFilter {
    /// Only years in this state.
    #[param(inline)]
    status: Option<FiscalYearStatus>,
    /// Only the year of this code.
    #[param(min_length = 1, max_length = 10)]
    code: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("open", "Takes postings, as its months do."),
        ("closed", "Takes none: its result is in retained earnings."),
    ],
    steps: &[
        Step { action: "close", from: &["open"], to: "closed", verb: "run" },
        Step { action: "reopen", from: &["closed"], to: "open", verb: "run" },
    ],
};

impl Named for FiscalYear {
    const NAME: &'static str = "fiscal-years";
}

impl Resource for FiscalYear {
    const PATH: &'static str = "/v1/fiscal-years";
    const SINGULAR: &'static str = "fiscal_year";
    const TAG: &'static str = "Ledger";
    const SORT: &'static [SortKey] = &[SortKey::day("starts_on")];
    const USUAL_ORDER: &'static str = "starts_on";
    type Filter = FiscalYearFilter;

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

impl Stored for FiscalYear {
    type Table = fiscal_years::table;
    const TABLE: &'static str = "fiscal_years";
    const SEARCHED: &'static [&'static str] = &["code"];

    fn narrow(rows: Rows<Self>, by: FiscalYearFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(fiscal_years::status.eq(status)))
            .when(by.code, |rows, code| rows.filter(fiscal_years::code.eq(code)))
    }
}

impl Written for FiscalYear {
    type New = NewFiscalYear;
    type Edit = EditFiscalYear;
}

diesel::define_sql_function! {
    /// See the migration of the ledger: the entry that books a year's result to retained earnings.
    fn closing_of(year: SqlUuid, id: SqlUuid, retained_earnings: SqlUuid) -> Nullable<Jsonb>;
}
diesel::define_sql_function! {
    /// See the migration of the ledger: keeps everybody from posting into these months until the transaction ends.
    fn hold_months(from: Date, to: Date) -> BigInt;
}

/// Close a fiscal year
///
/// Books the balance of every income and expense account to the account of the role `retained_earnings` on the last day, by
/// department, cost centre and project, and lets nobody post into the year any more. Its months must be closed or locked, and the year
/// before must be closed.
#[utoipa::path(post, path = "/v1/fiscal-years/{id}/close", tag = "Ledger")]
async fn close_fiscal_year(may: May<Run, FiscalYear>, id: Id<FiscalYear>) -> Reply<FiscalYear> {
    may.write(async |db| {
        let year = lock(&may, db, &id).await?;
        let status = LIFE.step(year.status.as_str(), "close")?;
        diesel::select(hold_months(year.starts_on, year.ends_on)).get_result::<i64>(db).await?;
        let open: Vec<String> = fiscal_periods::table
            .filter(fiscal_periods::org_id.eq(db.organization()))
            .filter(fiscal_periods::fiscal_year_id.eq(year.id))
            .filter(fiscal_periods::status.eq("open"))
            .order(fiscal_periods::starts_on)
            .select(fiscal_periods::code)
            .load(db)
            .await?;
        if !open.is_empty() {
            return Err(CONFLICT.because(format!("Close its months first: {} are open.", open.join(", "))));
        }
        let before =
            fiscal_years::ends_on.eq(year.starts_on - Days::new(1)).and(fiscal_years::status.eq("open"));
        if other_years(db).filter(before).count().get_result::<i64>(db).await? > 0 {
            return Err(CONFLICT.because("Close the year before it first."));
        }
        let retained = account_of(db, AccountRole::RetainedEarnings).await;
        let account = *retained.as_ref().unwrap_or(&Uuid::nil());
        let closing: Option<Value> =
            diesel::select(closing_of(year.id, Uuid::now_v7(), account)).get_result(db).await?;
        let entry = match closing {
            Some(Value::Array(entry)) => {
                retained?;
                post_given(db, entry).await?.pop()
            }
            _ => None, // nothing was earned or spent
        };
        set(db, &year, status, entry).await
    })
    .await
}

/// The years of the organization.
#[diesel::dsl::auto_type(no_type_alias)]
fn other_years(db: &Db) -> _ {
    let organization: Uuid = db.organization();
    fiscal_years::table.filter(fiscal_years::org_id.eq(organization))
}

async fn set(db: &mut Db, year: &FiscalYear, status: &str, entry: Option<Uuid>) -> Result<FiscalYear> {
    let one = fiscal_years::table.find((db.organization(), year.id));
    let closed = (fiscal_years::status.eq(status), fiscal_years::closing_entry_id.eq(entry));
    Ok(diesel::update(one).set(closed).returning(FiscalYear::as_returning()).get_result(db).await?)
}

/// Reopen a fiscal year
///
/// Takes the closing back, by its mirror on the same day, and lets its months be reopened. Only as long as the year after it is
/// open.
#[utoipa::path(post, path = "/v1/fiscal-years/{id}/reopen", tag = "Ledger")]
async fn reopen_fiscal_year(may: May<Run, FiscalYear>, id: Id<FiscalYear>) -> Reply<FiscalYear> {
    may.write(async |db| {
        let year = lock(&may, db, &id).await?;
        let status = LIFE.step(year.status.as_str(), "reopen")?;
        let after =
            fiscal_years::starts_on.eq(year.ends_on + Days::new(1)).and(fiscal_years::status.eq("closed"));
        if other_years(db).filter(after).count().get_result::<i64>(db).await? > 0 {
            return Err(CONFLICT.because("The year after it is closed: reopen that one first."));
        }
        if let Some(entry) = year.closing_entry_id {
            reverse(db, entry, year.ends_on, &format!("Reopening of {}", year.code)).await?;
        }
        set(db, &year, status, None).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<FiscalYear>()
        .creatable::<FiscalYear>()
        .changeable::<FiscalYear>()
        .deletable::<FiscalYear>()
        .call(operation!(close_fiscal_year))
        .call(operation!(reopen_fiscal_year));
}
