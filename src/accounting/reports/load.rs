//! Reads the books for a report: everything of one moment, in one statement. Balances are kept by month and by day, and what
//! was posted since they were last folded stands beside them: both are summed, so that every figure is exact.
use crate::asked::Dimensions;
use crate::books::{Account, Books, Sums};
use crate::period::{Span, first_of_month, last_of_month, next_day};
use chrono::Datelike;
use diesel::QueryableByName;
use diesel::sql_types::{Array, Bool, Date, Integer, Nullable, Numeric, Text, Uuid as SqlUuid};
use ledger::accounts::AccountType;
use platform::prelude::*;
use rust_decimal::Decimal;
use std::collections::{BTreeSet, HashMap};

/// What stands above every report, and when fiscal years begin.
#[derive(QueryableByName)]
pub struct Heading {
    #[diesel(sql_type = Text)]
    pub organization: String,
    #[diesel(sql_type = Text)]
    pub currency: String,
    #[diesel(sql_type = Array<Date>)]
    years_start_on: Vec<NaiveDate>,
    #[diesel(sql_type = Array<Date>)]
    years_end_on: Vec<NaiveDate>,
}

impl Heading {
    pub async fn read(db: &mut Db) -> Result<Self> {
        let heading = diesel::sql_query(
            "select coalesce(o.legal_name, o.name) as organization, o.currency,
                array(select y.starts_on from fiscal_years y where y.org_id = $1 order by y.starts_on) as years_start_on,
                array(select y.ends_on from fiscal_years y where y.org_id = $1 order by y.starts_on) as years_end_on
            from organizations o where o.org_id = $1 and o.id = $1",
        );
        Ok(heading.bind::<SqlUuid, _>(db.organization()).get_result(db).await?)
    }

    /// The first day of the fiscal year that the day is in; of its calendar year where it is in none.
    pub fn year_starts_on(&self, day: NaiveDate) -> NaiveDate {
        let years = self.years_start_on.iter().zip(&self.years_end_on);
        let found = years.into_iter().find(|(starts_on, ends_on)| (*starts_on..=*ends_on).contains(&&day));
        found.map_or_else(|| day.with_ordinal(1).unwrap_or(day), |(starts_on, _)| *starts_on)
    }

    /// Every fiscal year; this calendar year where there is none.
    pub fn years(&self, today: NaiveDate) -> Vec<Span> {
        let years = self.years_start_on.iter().zip(&self.years_end_on);
        let spans: Vec<Span> =
            years.map(|(starts_on, ends_on)| Span { starts_on: *starts_on, ends_on: *ends_on }).collect();
        if spans.is_empty() {
            vec![Span { starts_on: self.year_starts_on(today), ends_on: today }]
        } else {
            spans
        }
    }
}

/// What of the books is read.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub spans: &'a [Span],
    pub by: Dimensions,
    /// Whether entries that close a year count.
    pub with_closing: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    kind: AccountType,
    #[diesel(sql_type = Nullable<Text>)]
    role: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    cash_flow: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    parent_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Array<Integer>>)]
    segments: Option<Vec<i32>>,
    #[diesel(sql_type = Nullable<Array<Numeric>>)]
    debits: Option<Vec<Decimal>>,
    #[diesel(sql_type = Nullable<Array<Numeric>>)]
    credits: Option<Vec<Decimal>>,
}

/// The days from which on something else is counted fall apart into segments: months that lie in one of them are read as
/// months, those that a segment begins within day by day. `GRAIN` is without dimensions or with them, and `NARROWED` says by
/// which.
const BOOKED: &str = "
    select a.id, a.code, a.name, a.type as kind, a.role, a.cash_flow, a.parent_id, s.segments, s.debits, s.credits
    from accounts a left join (
        select account_id, array_agg(segment) as segments, array_agg(debit) as debits, array_agg(credit) as credits from (
            select b.account_id, width_bucket(b.begins_on, $2::date[]) as segment, sum(b.debit) as debit, sum(b.credit) as credit
            from (
                select b.account_id, b.begins_on, b.debit, b.credit from account_balances b
                where b.org_id = $1 and b.grain = 'GRAIN' and b.begins_on < $3 and b.begins_on <> all($4::date[]) NARROWED
                union all
                select b.account_id, b.begins_on, b.debit, b.credit from unnest($4::date[], $9::date[]) cut (begins_on, ends_on) join account_balances b
                    on b.org_id = $1 and b.grain = 'day' and b.begins_on between cut.begins_on and cut.ends_on
                where b.begins_on < $3 NARROWED
                union all
                select b.account_id, b.begins_on, b.debit, b.credit from balance_deltas b
                where b.org_id = $1 and b.begins_on < $3 NARROWED
            ) b
            group by 1, 2
        ) each group by 1
    ) s on s.account_id = a.id
    where a.org_id = $1 order by a.code";

/// By which dimensions: each parameter is there, and null where it doesn't narrow.
pub const BY_DIMENSIONS: &str = "
    and ($6::uuid is null or b.department_id in (select l.below_id from department_lines l where l.org_id = $1 and l.above_id = $6))
    and ($7::uuid is null or b.cost_centre_id = $7) and ($8::uuid is null or b.project_id = $8)";

/// The chart, and what was booked in each of the spans and before it.
pub async fn books(db: &mut Db, heading: &Heading, wanted: Wanted<'_>) -> Result<Books> {
    let Wanted { spans, by, with_closing } = wanted;
    let firsts: BTreeSet<NaiveDate> =
        spans.iter().flat_map(|span| [span.starts_on, next_day(span.ends_on)]).collect();
    let firsts: Vec<NaiveDate> = firsts.into_iter().collect();
    let cut: BTreeSet<NaiveDate> =
        firsts.iter().filter(|day| day.day() != 1).map(|day| first_of_month(*day)).collect();
    let cut: Vec<NaiveDate> = cut.into_iter().collect();
    let last = firsts.last().copied().unwrap_or_default();
    let (grain, narrowed) = if by.are_any() { ("month_by_dimension", BY_DIMENSIONS) } else { ("month", "") };
    let narrowed = format!("and ($5 or not b.is_closing) {narrowed}");
    let ends: Vec<NaiveDate> = cut.iter().map(|month| last_of_month(*month)).collect();
    let query = diesel::sql_query(BOOKED.replace("GRAIN", grain).replace("NARROWED", &narrowed));
    let rows: Vec<Row> = query
        .bind::<SqlUuid, _>(db.organization())
        .bind::<Array<Date>, _>(&firsts)
        .bind::<Date, _>(last)
        .bind::<Array<Date>, _>(&cut)
        .bind::<Bool, _>(with_closing)
        .bind::<Nullable<SqlUuid>, _>(by.department)
        .bind::<Nullable<SqlUuid>, _>(by.cost_centre)
        .bind::<Nullable<SqlUuid>, _>(by.project)
        .bind::<Array<Date>, _>(&ends)
        .load(db)
        .await?;

    let place = |day: NaiveDate| firsts.partition_point(|first| *first <= day);
    let places: Vec<(usize, usize)> =
        spans.iter().map(|span| (place(span.starts_on), place(next_day(span.ends_on)))).collect();
    let mut sums = vec![HashMap::with_capacity(rows.len()); spans.len()];
    let mut accounts = Vec::with_capacity(rows.len());
    for Row { id, code, name, kind, role, cash_flow, parent_id, segments, debits, credits } in rows {
        for (segment, (debit, credit)) in segments
            .into_iter()
            .flatten()
            .zip(debits.into_iter().flatten().zip(credits.into_iter().flatten()))
        {
            let segment = usize::try_from(segment).unwrap_or_default();
            for (column, (begins, ends)) in sums.iter_mut().zip(&places) {
                let of: &mut Sums = column.entry(id).or_default();
                if segment < *begins {
                    of.opening += debit - credit;
                } else if segment < *ends {
                    of.debit += debit;
                    of.credit += credit;
                }
            }
        }
        accounts.push(Account { id, code, name, kind, role, cash_flow, parent_id });
    }
    let Heading { organization, currency, .. } = heading;
    Ok(Books { currency: currency.clone(), organization: organization.clone(), accounts, sums })
}
