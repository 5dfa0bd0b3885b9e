//! The proof of the books: what must hold over the whole ledger is worked out anew, from the lines, and what doesn't hold is
//! named.
use crate::asked::{Dimensions, today};
use crate::books::{Statement, Sums};
use crate::checks::{CHECKS, Check, CheckName};
use crate::load::{self, Heading, Wanted};
use crate::period::Span;
use crate::report::Reports;
use crate::statements;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Nullable, Text, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;

/// Faults of a check that are told at the most.
const TOLD: usize = 50;

/// The proof of the books.
#[derive(Serialize, ToSchema)]
pub struct LedgerIntegrity {
    /// Whether all of it holds.
    holds: bool,
    /// One after the other.
    #[schema(max_items = 100)]
    checks: Vec<IntegrityCheck>,
}

/// Something that must hold over the whole ledger.
#[derive(Serialize, ToSchema)]
pub struct IntegrityCheck {
    check: CheckName,
    /// What holds where no fault was found.
    #[schema(
        max_length = 500,
        example = "Income and expenses of a closed year are zero after its closing entry."
    )]
    says: String,
    /// Whether it holds.
    holds: bool,
    /// How many faults there are.
    #[schema(minimum = 0, example = 0)]
    fault_count: i64,
    /// The first of them.
    #[schema(max_items = 50)]
    faults: Vec<IntegrityFault>,
}

/// Something that does not hold.
#[derive(Serialize, ToSchema, QueryableByName)]
pub struct IntegrityFault {
    /// What it is about: the collection.
    #[schema(max_length = 100, example = "journal-entries")]
    #[diesel(sql_type = Text)]
    resource: String,
    /// Which of them; null where it is about no single one.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    resource_id: Option<Uuid>,
    /// What it is about, in words.
    #[schema(max_length = 500, example = "Entry GEN-2026-00042")]
    #[diesel(sql_type = Text)]
    what: String,
    /// What should be there.
    #[schema(max_length = 500, example = "2 lines of 2026-03-31 with debits and credits of 120")]
    #[diesel(sql_type = Text)]
    expected: String,
    /// What is there.
    #[schema(
        max_length = 500,
        example = "2 lines of 2026-03-31 to 2026-03-31 with debits of 120 and credits of 119.99"
    )]
    #[diesel(sql_type = Text)]
    found: String,
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    fault_count: i64,
    #[diesel(embed)]
    fault: IntegrityFault,
}

/// Prove the books
///
/// Works out anew, over the whole ledger, what must hold: entries balance, balances are the sums of lines, numbers have no gap,
/// reversals mirror what they reverse, the accounts of customers and suppliers are what their parties owe and are owed and what is open
/// on documents, documents and assets say what their entries say, the balance sheet balances, the cash flow ends in the change of cash. Names what doesn't hold. It reads every line, so it takes
/// seconds where there are millions.
#[utoipa::path(get, path = "/v1/reports/integrity", tag = "Reports")]
async fn get_ledger_integrity(may: May<Read, Reports>) -> Reply<Plain<LedgerIntegrity>> {
    let heading = may.read(async |db| Heading::read(db).await).await?;
    let years = whole(heading.years(today()));
    let mut checks = Vec::with_capacity(CHECKS.len() + 2);
    for check in CHECKS {
        let (mut fault_count, mut faults) = (0, Vec::new());
        for year in if check.by_year { years.as_slice() } else { &years[..1] } {
            let found = may.read(async |db| find(db, check, *year).await).await?;
            fault_count += found.as_slice().first().map_or(0, |found| found.fault_count);
            faults.extend(found.into_iter().map(|found| found.fault));
        }
        faults.truncate(TOLD);
        checks.push(told(check.name, check.says, fault_count, faults));
    }
    checks.extend(may.read(async |db| statements_tie(db).await).await?);
    let holds = checks.iter().all(|check| check.holds);
    Plain(LedgerIntegrity { holds, checks }).answer(may.grants())
}

async fn find(db: &mut Db, check: &Check, year: Span) -> Result<Vec<Found>> {
    let query = format!(
        "select f.resource, f.id as resource_id, f.what, f.expected, f.found, count(*) over () as fault_count from ({}) f
        order by f.what, f.id limit {TOLD}",
        check.sql
    );
    let query = diesel::sql_query(query).bind::<SqlUuid, _>(db.organization());
    if check.by_year {
        return Ok(query.bind::<Date, _>(year.starts_on).bind::<Date, _>(year.ends_on).load(db).await?);
    }
    Ok(query.load(db).await?)
}

/// The years, and with the first and the last all that is before and behind them.
fn whole(mut years: Vec<Span>) -> Vec<Span> {
    if let Some(first) = years.first_mut() {
        first.starts_on = NaiveDate::from_ymd_opt(1, 1, 1).unwrap_or_default();
    }
    if let Some(last) = years.last_mut() {
        last.ends_on = NaiveDate::from_ymd_opt(9999, 12, 31).unwrap_or_default();
    }
    years
}

fn told(check: CheckName, says: &str, fault_count: i64, faults: Vec<IntegrityFault>) -> IntegrityCheck {
    IntegrityCheck { check, says: says.to_owned(), holds: fault_count == 0, fault_count, faults }
}

/// The statements themselves, of every fiscal year: both sides of the balance sheet are the same, and the cash flow ends in
/// what banks and tills stand at.
async fn statements_tie(db: &mut Db) -> Result<[IntegrityCheck; 2]> {
    let heading = Heading::read(db).await?;
    let spans = heading.years(today());
    let by = Dimensions::default();
    let all = load::books(db, &heading, Wanted { spans: &spans, by, with_closing: true }).await?;
    let without_closing =
        load::books(db, &heading, Wanted { spans: &spans, by, with_closing: false }).await?;

    let mut sheet = Statement::new(&all, &spans, Sums::closing, "", false);
    statements::balance_sheet(&mut sheet);
    let sides = differences(
        &spans,
        "The balance sheet as of",
        &sheet,
        "total_assets",
        "total_liabilities_and_equity",
    );

    let mut flow = Statement::new(&without_closing, &spans, Sums::movement, "", false);
    let cash = statements::cash_flow(&mut flow);
    let mut faults = Vec::new();
    for ((span, ends), cash) in spans.iter().zip(amounts(&flow, "cash_at_end")).zip(cash) {
        if ends != cash {
            faults.push(fault(*span, "The cash flow of the year up to", cash, ends));
        }
    }
    let count = |faults: &Vec<IntegrityFault>| i64::try_from(faults.len()).unwrap_or(i64::MAX);
    Ok([
        told(
            CheckName::BalanceSheetBalances,
            "At the end of every fiscal year assets are liabilities and equity.",
            count(&sides),
            sides,
        ),
        told(
            CheckName::CashFlowTies,
            "In every fiscal year the cash flow ends in what banks and tills stand at.",
            count(&faults),
            faults,
        ),
    ])
}

fn differences(
    spans: &[Span],
    what: &str,
    statement: &Statement,
    one: &str,
    other: &str,
) -> Vec<IntegrityFault> {
    let both = amounts(statement, one).into_iter().zip(amounts(statement, other));
    let differ = spans.iter().zip(both).filter(|(_, (one, other))| one != other);
    differ.map(|(span, (one, other))| fault(*span, what, one, other)).collect()
}

fn fault(span: Span, what: &str, expected: Decimal, found: Decimal) -> IntegrityFault {
    IntegrityFault {
        resource: "fiscal-years".into(),
        resource_id: None,
        what: format!("{what} {}", span.ends_on),
        expected: expected.normalize().to_string(),
        found: found.normalize().to_string(),
    }
}

/// The amounts of the row that programs call so.
fn amounts(statement: &Statement, key: &str) -> Vec<Decimal> {
    let row = statement.rows.iter().find(|row| row.key.as_deref() == Some(key));
    let values = row.into_iter().flat_map(|row| row.cells.iter().skip(2));
    values
        .map(|cell| cell.value.as_deref().and_then(|value| value.parse().ok()).unwrap_or_default())
        .collect()
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_ledger_integrity));
}
