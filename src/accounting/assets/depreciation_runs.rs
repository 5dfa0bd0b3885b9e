//! Depreciation runs: all assets are depreciated up to the end of a fiscal period, once, in one entry.
use crate::due::Due;
use crate::movements::{Movement, book};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Date, Nullable, Text, Uuid as SqlUuid};
use ledger::{JournalType, Posting};
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::Decimal;
use schema::depreciation_runs;
use std::collections::BTreeMap;

/// A depreciation of all assets.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = depreciation_runs)]
pub struct DepreciationRun {
    pub id: Uuid,
    pub version: i64,
    /// The fiscal period that it depreciates.
    pub fiscal_period_id: Uuid,
    /// The last day of that period; the day in the books.
    pub posted_on: NaiveDate,
    /// How many assets it depreciates. Which and by how much is in their movements.
    #[schema(minimum = 0, example = 12)]
    pub assets: i32,
    /// What it depreciates in all, in the organization's currency.
    pub amount: Money,
    /// The entry that books it; null where there was nothing to depreciate.
    pub journal_entry_id: Option<Uuid>,
    /// The day in the books on which it was reversed.
    #[schema(example = json!(null))]
    pub reversed_on: Option<NaiveDate>,
    /// The entry that books it back.
    #[schema(example = json!(null))]
    pub reversal_entry_id: Option<Uuid>,
    pub status: DepreciationRunStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a run stands.
    pub enum DepreciationRunStatus { Posted = "posted", Reversed = "reversed" }
}

/// Which period is to be depreciated.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDepreciationRun {
    /// The fiscal period; an open one, and none after it is depreciated yet.
    fiscal_period_id: Uuid,
}

/// When and why a run is reversed.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReverseDepreciationRunRequest {
    /// The day in the books; the last day of the run's period, unless told.
    #[schema(example = json!(null))]
    posted_on: Option<NaiveDate>,
    /// Why, for those who read the books.
    #[schema(min_length = 1, max_length = 500, example = "Units of the press were reported too high")]
    reason: String,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct DepreciationRunFilter {
    /// Only runs in this state.
    #[param(inline)]
    status: Option<DepreciationRunStatus>,
    /// Only runs of this fiscal period.
    fiscal_period_id: Option<Uuid>,
    /// Only runs in the books on this day or later.
    posted_on_from: Option<NaiveDate>,
    /// Only runs in the books on this day or earlier.
    posted_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[("posted", "Booked."), ("reversed", "Booked back: its period can be depreciated anew.")],
    steps: &[Step { action: "reverse", from: &["posted"], to: "reversed", verb: "post" }],
};

impl Named for DepreciationRun {
    const NAME: &'static str = "depreciation-runs";
}

impl Resource for DepreciationRun {
    const PATH: &'static str = "/v1/depreciation-runs";
    const SINGULAR: &'static str = "depreciation_run";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::day("posted_on"), SortKey::instant("created_at")];
    type Filter = DepreciationRunFilter;

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

impl Stored for DepreciationRun {
    type Table = depreciation_runs::table;
    const TABLE: &'static str = "depreciation_runs";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: DepreciationRunFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(depreciation_runs::status.eq(status)))
            .when(by.fiscal_period_id, |rows, id| rows.filter(depreciation_runs::fiscal_period_id.eq(id)))
            .when(by.posted_on_from, |rows, day| rows.filter(depreciation_runs::posted_on.ge(day)))
            .when(by.posted_on_to, |rows, day| rows.filter(depreciation_runs::posted_on.le(day)))
    }
}

/// The period to be depreciated, and what of it is.
#[derive(QueryableByName)]
struct Period {
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Date)]
    ends_on: NaiveDate,
    /// The latest period that is depreciated.
    #[diesel(sql_type = Nullable<Text>)]
    depreciated: Option<String>,
}

const PERIOD: &str = "
    select p.code, p.ends_on, (
        select last.code from depreciation_runs r join fiscal_periods last on last.org_id = r.org_id and last.id = r.fiscal_period_id
        where r.org_id = p.org_id and r.status = 'posted' order by r.posted_on desc limit 1) as depreciated
    from fiscal_periods p where p.org_id = $1 and p.id = $2";

/// Create a depreciation run
///
/// Depreciates all assets that are in service up to the end of a fiscal period, what was left out before included, and books it
/// in one entry, by account, department and cost centre. A period is depreciated once (409), and none before one that is. An asset
/// that is depreciated by units needs its units of the period reported, be it zero.
#[utoipa::path(post, path = "/v1/depreciation-runs", tag = "Accounting")]
async fn create_depreciation_run(
    may: May<Post, DepreciationRun>,
    new: Input<NewDepreciationRun>,
) -> Reply<Created<DepreciationRun>> {
    may.write(async |db| {
        let period = period(db, new.0.fiscal_period_id).await?;
        let due = Due::all(db, period.ends_on).await?;
        all_units_reported(&due)?;
        let day = period.ends_on;
        let amounts: Vec<(&Due, Decimal)> = due
            .iter()
            .map(|due| (due, due.amount(day)))
            .filter(|(_, amount)| *amount > Decimal::ZERO)
            .collect();
        let (id, total) = (Uuid::now_v7(), amounts.iter().map(|(_, amount)| amount).sum::<Decimal>());
        let entry = if amounts.is_empty() {
            None
        } else {
            let posting = Posting {
                journal: JournalType::Assets,
                posted_on: day,
                description: format!("Depreciation of {}", period.code),
                reference: None,
                source: Some((DepreciationRun::NAME, id)),
                lines: lines(&amounts),
            };
            Some(ledger::post(db, &posting).await?.id)
        };
        let run = (
            depreciation_runs::id.eq(id),
            depreciation_runs::fiscal_period_id.eq(new.0.fiscal_period_id),
            depreciation_runs::posted_on.eq(day),
            depreciation_runs::assets.eq(i32::try_from(amounts.len()).map_err(Problem::internal)?),
            depreciation_runs::amount.eq(total),
            depreciation_runs::journal_entry_id.eq(entry),
        );
        let run = diesel::insert_into(depreciation_runs::table).values(run);
        let run: DepreciationRun = run.returning(DepreciationRun::as_returning()).get_result(db).await?;
        if let Some(entry) = entry {
            let movements = amounts.iter().map(|(due, amount)| Movement::depreciation(due, *amount, day));
            book(db, entry, Some(id), movements.collect()).await?;
        }
        Ok(Created(run))
    })
    .await
}

async fn period(db: &mut Db, id: Uuid) -> Result<Period> {
    let found: Option<Period> = diesel::sql_query(PERIOD)
        .bind::<SqlUuid, _>(db.organization())
        .bind::<SqlUuid, _>(id)
        .get_result(db)
        .await
        .optional()?;
    let Some(period) = found else {
        let rule = "there is no such row in this organization";
        return Err(Problem::invalid(vec![Fault::at("/fiscal_period_id", "unknown-reference", rule)]));
    };
    match &period.depreciated {
        Some(code) if *code == period.code => Err(CONFLICT
            .because(format!("{code} is depreciated already: to do it anew, reverse its run first."))
            .at(Fault::at("/fiscal_period_id", "already-depreciated", "is depreciated already"))),
        Some(code) if *code > period.code => Err(CONFLICT
            .because(format!("{code} is depreciated already, which is later: assets are depreciated from one period to the next."))
            .at(Fault::at("/fiscal_period_id", "already-depreciated", format!("is before {code}, which is depreciated")))),
        _ => Ok(period),
    }
}

/// What nobody reported is not taken for nothing.
fn all_units_reported(due: &[Due]) -> Result<()> {
    let silent: Vec<&str> =
        due.iter().filter(|due| !due.units_reported).map(|due| due.number.as_str()).take(20).collect();
    if silent.is_empty() {
        return Ok(());
    }
    Err(CONFLICT.because(format!(
        "Report the units that these assets made in the period first, be it zero: {}.",
        silent.join(", ")
    )))
}

/// An expense and its credit for each account, department and cost centre.
fn lines(amounts: &[(&Due, Decimal)]) -> Vec<ledger::PostingLine> {
    let mut sums = BTreeMap::new();
    for (due, amount) in amounts {
        let place = (
            due.depreciation_account_id,
            due.accumulated_depreciation_account_id,
            due.department_id,
            due.cost_centre_id,
        );
        let (_, sum) = sums.entry(place).or_insert((due, Decimal::ZERO));
        *sum += amount;
    }
    let (pointer, zero) = ("/fiscal_period_id", Decimal::ZERO);
    let both = sums.into_values().map(|(due, sum)| {
        [
            due.line(due.depreciation_account_id, sum, zero, pointer),
            due.line(due.accumulated_depreciation_account_id, zero, sum, pointer),
        ]
    });
    both.flatten().collect()
}

/// Reverse a depreciation run
///
/// Books the last run back, and its assets are as they were before it. Not after an asset of it was impaired or disposed of, and
/// not before a later run is reversed.
#[utoipa::path(post, path = "/v1/depreciation-runs/{id}/reverse", tag = "Accounting")]
async fn reverse_depreciation_run(
    may: May<Post, DepreciationRun>,
    id: Id<DepreciationRun>,
    reversal: Input<ReverseDepreciationRunRequest>,
) -> Reply<DepreciationRun> {
    may.write(async |db| {
        let run = lock(&may, db, &id).await?;
        let status = LIFE.step(run.status.as_str(), "reverse")?;
        let day = reversal.0.posted_on.unwrap_or(run.posted_on);
        if day < run.posted_on {
            let rule = format!("must not be before the run, {}", run.posted_on);
            return Err(Problem::invalid(vec![Fault::at("/posted_on", "before-the-run", rule)]));
        }
        stands_last(db, run.id).await?;
        let entry = match run.journal_entry_id {
            Some(entry) => Some(ledger::reverse(db, entry, day, &reversal.0.reason).await?.id),
            None => None,
        };
        let reversed = (
            depreciation_runs::status.eq(status),
            depreciation_runs::reversed_on.eq(day),
            depreciation_runs::reversal_entry_id.eq(entry),
        );
        let one = depreciation_runs::table.find((db.organization(), run.id));
        let reversed = diesel::update(one).set(reversed);
        let reversed = reversed.returning(DepreciationRun::as_returning()).get_result(db).await?;
        if let Some(entry) = entry {
            let ids: Vec<Uuid> = (0..run.assets).map(|_| Uuid::now_v7()).collect();
            diesel::sql_query(MIRROR)
                .bind::<SqlUuid, _>(db.organization())
                .bind::<SqlUuid, _>(run.id)
                .bind::<Array<SqlUuid>, _>(ids)
                .bind::<Date, _>(day)
                .bind::<SqlUuid, _>(entry)
                .bind::<Text, _>(&reversal.0.reason)
                .execute(db)
                .await?;
        }
        Ok(reversed)
    })
    .await
}

/// The movements of a run, taken back.
const MIRROR: &str = "
    insert into fixed_asset_movements (id, fixed_asset_id, kind, posted_on, depreciation, covers_from, covers_to, journal_entry_id,
        depreciation_run_id, department_id, cost_centre_id, reason)
    select ids.id, m.fixed_asset_id, 'depreciation_reversal', $4, -m.depreciation, m.covers_from, m.covers_to, $5,
        m.depreciation_run_id, m.department_id, m.cost_centre_id, $6
    from (select *, row_number() over (order by id) as place from fixed_asset_movements
        where org_id = $1 and depreciation_run_id = $2 and kind = 'depreciation') m
    join unnest($3) with ordinality ids(id, place) using (place)";

/// Locks the assets of the run, in the order in which a run locks them, and refuses where something else happened to one since.
async fn stands_last(db: &mut Db, run: Uuid) -> Result<()> {
    #[derive(QueryableByName)]
    struct Moved {
        #[diesel(sql_type = Text)]
        number: String,
        #[diesel(sql_type = Bool)]
        since: bool,
    }
    let assets: Vec<Moved> = diesel::sql_query(
        "select a.number, exists (select from fixed_asset_movements later where later.org_id = m.org_id
                and later.fixed_asset_id = m.fixed_asset_id and later.kind in ('impairment', 'disposal') and later.id > m.id) as since
        from fixed_asset_movements m join fixed_assets a on a.org_id = m.org_id and a.id = m.fixed_asset_id
        where m.org_id = $1 and m.depreciation_run_id = $2 and m.kind = 'depreciation'
        order by a.id for no key update of a",
    )
    .bind::<SqlUuid, _>(db.organization())
    .bind::<SqlUuid, _>(run)
    .load(db)
    .await?;
    let moved: Vec<&str> =
        assets.iter().filter(|asset| asset.since).map(|asset| asset.number.as_str()).take(20).collect();
    if moved.is_empty() {
        return Ok(());
    }
    Err(CONFLICT.because(format!(
        "These assets were impaired or disposed of after the run, which was worked out from what it booked: {}.",
        moved.join(", ")
    )))
}

pub fn routes(api: &mut Api) {
    api.readable::<DepreciationRun>()
        .call(operation!(create_depreciation_run))
        .call(operation!(reverse_depreciation_run));
}
