//! The journal: every entry with its lines, in the order of their days.
use crate::asked::Dimensions;
use crate::ledger_lines::{Cursor, Page, Piece};
use crate::load::BY_DIMENSIONS;
use crate::period::Span;
use crate::report::{ReportCell, ReportColumn, ReportKind, ReportParameter, ReportRow, ReportRowKind};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Integer, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;

/// What the journal takes.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct JournalAsked {
    /// Only entries of this journal.
    journal_id: Option<Uuid>,
    /// The first day; unless told, the first day of the fiscal year that `ends_on` is in.
    pub starts_on: Option<NaiveDate>,
    /// The last day; today, unless told.
    pub ends_on: Option<NaiveDate>,
    /// Only what was booked for this department and those beneath it.
    department_id: Option<Uuid>,
    /// Only what was booked for this cost centre.
    cost_centre_id: Option<Uuid>,
    /// Only what was booked for this project.
    project_id: Option<Uuid>,
    /// How many lines at the most; a file has all of them.
    #[param(minimum = 1, maximum = 200, default = 50, required = false)]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before. Opaque.
    #[param(min_length = 1, max_length = 2000, required = false)]
    pub cursor: Option<String>,
}

impl JournalAsked {
    fn dimensions(&self) -> Dimensions {
        Dimensions {
            department: self.department_id,
            cost_centre: self.cost_centre_id,
            project: self.project_id,
        }
    }

    pub fn parameters(&self) -> Vec<ReportParameter> {
        let journal = self
            .journal_id
            .map(|id| ReportParameter { parameter: "journal_id".into(), value: id.to_string() });
        journal.into_iter().chain(self.dimensions().parameters()).collect()
    }
}

pub fn shape(span: Span) -> (ReportKind, &'static str, Vec<ReportColumn>) {
    let Span { starts_on, ends_on } = span;
    let columns = vec![
        ReportColumn::day("posted_on", "Day"),
        ReportColumn::text("number", "Number"),
        ReportColumn::text("code", "Account"),
        ReportColumn::text("description", "Description"),
        ReportColumn::amount("debit", "Debit", Some(starts_on), ends_on),
        ReportColumn::amount("credit", "Credit", Some(starts_on), ends_on),
    ];
    (ReportKind::Journal, "Journal", columns)
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    entry_id: Uuid,
    #[diesel(sql_type = Date)]
    posted_on: NaiveDate,
    #[diesel(sql_type = Text)]
    number: String,
    #[diesel(sql_type = Text)]
    entry_description: String,
    /// What the lines of the entry come to that are told, on this page or another.
    #[diesel(sql_type = Numeric)]
    total_debit: Decimal,
    #[diesel(sql_type = Numeric)]
    total_credit: Decimal,
    #[diesel(sql_type = Integer)]
    line: i32,
    #[diesel(sql_type = SqlUuid)]
    account_id: Uuid,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    description: String,
    #[diesel(sql_type = Numeric)]
    debit: Decimal,
    #[diesel(sql_type = Numeric)]
    credit: Decimal,
}

/// Narrowed by dimensions, an entry is those of its lines alone that were booked for them.
const ENTRIES: &str = "
    select e.id as entry_id, e.posted_on, e.number, e.description as entry_description, t.debit as total_debit, t.credit as total_credit,
        l.line, l.account_id, a.code, a.name || coalesce(': ' || l.description, '') as description, l.debit, l.credit
    from journal_entries e
    cross join lateral (TOTALS) t
    cross join lateral (
        select b.line, b.account_id, b.description, b.debit, b.credit from journal_lines b
        where b.org_id = $1 and b.entry_id = e.id and b.line > case when e.id = $5 then $9 else 0 end NARROWED
        order by b.line limit $10
    ) l
    join accounts a on a.org_id = $1 and a.id = l.account_id
    where e.org_id = $1 and e.status <> 'draft' and (e.posted_on, e.id) >= ($4, $5) and e.posted_on between $2 and $3 JOURNAL FOUND
    order by e.posted_on, e.id, l.line limit $10";

const TOTALS: &str = "
    select sum(b.debit) as debit, sum(b.credit) as credit from journal_lines b where b.org_id = $1 and b.entry_id = e.id NARROWED";

/// Few entries may be of a dimension: they are found by their lines.
const FOUND: &str = "
    and e.id in (select b.entry_id from journal_lines b where b.org_id = $1 and b.posted_on between $4 and $3 NARROWED)";

fn entries(asked: &JournalAsked, by: Dimensions) -> String {
    let journal = if asked.journal_id.is_some() { "and e.journal_id = $11" } else { "and $11::uuid is null" };
    let (totals, found, narrowed) = if by.are_any() {
        (TOTALS, FOUND, BY_DIMENSIONS)
    } else {
        let nothing = "and ($6::uuid is null and $7::uuid is null and $8::uuid is null)";
        ("select e.total as debit, e.total as credit", "", nothing)
    };
    let entries = ENTRIES.replace("TOTALS", totals).replace("FOUND", found);
    entries.replace("JOURNAL", journal).replace("NARROWED", narrowed)
}

pub async fn page(db: &mut Db, asked: &JournalAsked, piece: &Piece, decimals: u32) -> Result<Page> {
    let Piece { span, after, limit, goes_on } = piece;
    let by = asked.dimensions();
    let query = diesel::sql_query(entries(asked, by));
    let mut rows: Vec<Row> = query
        .bind::<SqlUuid, _>(db.organization())
        .bind::<Date, _>(span.starts_on)
        .bind::<Date, _>(span.ends_on)
        .bind::<Date, _>(after.as_ref().map_or(span.starts_on, |after| after.day))
        .bind::<SqlUuid, _>(after.as_ref().map(|after| after.id).unwrap_or_default())
        .bind::<Nullable<SqlUuid>, _>(by.department)
        .bind::<Nullable<SqlUuid>, _>(by.cost_centre)
        .bind::<Nullable<SqlUuid>, _>(by.project)
        .bind::<Integer, _>(after.as_ref().map_or(0, |after| after.line))
        .bind::<BigInt, _>(limit + 1)
        .bind::<Nullable<SqlUuid>, _>(asked.journal_id)
        .load(db)
        .await?;
    let follows = if rows.len() > usize::try_from(*limit).unwrap_or(usize::MAX) { rows.pop() } else { None };
    let next = rows.last().filter(|_| follows.is_some()).map(|row| Cursor {
        code: String::new(),
        day: row.posted_on,
        id: row.entry_id,
        line: row.line,
        is_finished: false,
        party: None,
    });
    let within = after.as_ref().filter(|_| *goes_on).map(|after| after.id);
    let narrowed = by.query();
    let mut written = Vec::with_capacity(rows.len() * 2);
    for lines in rows.chunk_by(|one, other| one.entry_id == other.entry_id) {
        let [first, ..] = lines else { continue };
        if within != Some(first.entry_id) {
            written.push(heading(first, &narrowed, decimals));
        }
        written.extend(lines.iter().map(|row| line(row, &narrowed, decimals)));
    }
    Ok(Page { rows: written, next })
}

fn heading(of: &Row, narrowed: &str, decimals: u32) -> ReportRow {
    let total = |total: Decimal| {
        let lines = format!("/v1/journal-lines?entry_id={}{narrowed}", of.entry_id);
        ReportCell::amount(total, decimals, Some(lines))
    };
    let cells = vec![
        ReportCell::text(of.posted_on.to_string()),
        ReportCell::text(&of.number),
        ReportCell::default(),
        ReportCell::text(&of.entry_description),
        total(of.total_debit),
        total(of.total_credit),
    ];
    ReportRow::new(ReportRowKind::Group, 0, cells)
}

fn line(row: &Row, narrowed: &str, decimals: u32) -> ReportRow {
    let lines =
        format!("/v1/journal-lines?entry_id={}&account_id={}{narrowed}", row.entry_id, row.account_id);
    let amount = |amount: Decimal| {
        if amount.is_zero() {
            ReportCell::default()
        } else {
            ReportCell::amount(amount, decimals, Some(lines.clone()))
        }
    };
    let cells = vec![
        ReportCell::text(row.posted_on.to_string()),
        ReportCell::text(&row.number),
        ReportCell::text(&row.code),
        ReportCell::text(&row.description),
        amount(row.debit),
        amount(row.credit),
    ];
    ReportRow::new(ReportRowKind::Line, 1, cells).of(row.account_id)
}
