//! The general ledger: account by account, each line with the balance after it.
use crate::asked::Dimensions;
use crate::books::{account_filter, lines_of};
use crate::ledger_lines::{Cursor, Page, Piece};
use crate::load::BY_DIMENSIONS;
use crate::period::{Span, previous_day};
use crate::report::{ReportCell, ReportColumn, ReportKind, ReportParameter, ReportRow, ReportRowKind};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;

/// What the general ledger takes.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct GeneralLedgerAsked {
    /// This account, or all accounts in this group; all there are, unless told.
    account_id: Option<Uuid>,
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

impl GeneralLedgerAsked {
    fn dimensions(&self) -> Dimensions {
        Dimensions {
            department: self.department_id,
            cost_centre: self.cost_centre_id,
            project: self.project_id,
        }
    }

    pub fn parameters(&self) -> Vec<ReportParameter> {
        let account = self
            .account_id
            .map(|id| ReportParameter { parameter: "account_id".into(), value: id.to_string() });
        account.into_iter().chain(self.dimensions().parameters()).collect()
    }
}

pub fn shape(span: Span) -> (ReportKind, &'static str, Vec<ReportColumn>) {
    let Span { starts_on, ends_on } = span;
    let columns = vec![
        ReportColumn::text("code", "Account"),
        ReportColumn::day("posted_on", "Day"),
        ReportColumn::text("number", "Number"),
        ReportColumn::text("description", "Description"),
        ReportColumn::amount("debit", "Debit", Some(starts_on), ends_on),
        ReportColumn::amount("credit", "Credit", Some(starts_on), ends_on),
        ReportColumn::amount("balance", "Balance", None, ends_on),
    ];
    (ReportKind::GeneralLedger, "General ledger", columns)
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = SqlUuid)]
    account_id: Uuid,
    #[diesel(sql_type = Text)]
    code: String,
    #[diesel(sql_type = Text)]
    name: String,
    /// What the account stood at before the first of these lines.
    #[diesel(sql_type = Numeric)]
    opening: Decimal,
    #[diesel(embed)]
    line: Line,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    entry_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Date>)]
    posted_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Text>)]
    number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    description: Option<String>,
    #[diesel(sql_type = Nullable<Numeric>)]
    debit: Option<Decimal>,
    #[diesel(sql_type = Nullable<Numeric>)]
    credit: Option<Decimal>,
}

/// Accounts by code, those alone that have lines or a balance. What an account stood at comes from its balances up to the day,
/// and from the lines of that day where a page begins within it.
const LINES: &str = "
    select a.id as account_id, a.code, a.name, opening.amount as opening, l.id, l.entry_id, l.posted_on, e.number,
        coalesce(l.description, e.description) as description, l.debit, l.credit
    from (
        select a.id, a.code, a.name, case when a.code = $9 then $10 else $3 end as day,
            case when a.code = $9 then $11 else '00000000-0000-0000-0000-000000000000'::uuid end as behind
        from accounts a
        where a.org_id = $1 and not a.is_group and a.code >= $9 and not (a.code = $9 and $12)
            and ($2::uuid is null or a.id in (select u.below_id from account_branches u where u.org_id = $1 and u.above_id = $2))
    ) a
    cross join lateral (
        select coalesce(sum(b.debit - b.credit), 0) as amount from (
            select b.debit, b.credit from account_balances b
            where b.org_id = $1 and b.account_id = a.id and b.grain = 'GRAIN' and b.begins_on < date_trunc('month', a.day)::date NARROWED
            union all
            select b.debit, b.credit from account_balances b
            where b.org_id = $1 and b.account_id = a.id and b.grain = 'day' and b.begins_on >= date_trunc('month', a.day)::date
                and b.begins_on < a.day NARROWED
            union all
            select b.debit, b.credit from balance_deltas b where b.org_id = $1 and b.account_id = a.id and b.begins_on < a.day NARROWED
            union all
            select b.debit, b.credit from journal_lines b
            where b.org_id = $1 and b.account_id = a.id and b.posted_on = a.day and b.id <= a.behind NARROWED
        ) b
    ) opening
    left join lateral (
        select b.id, b.entry_id, b.posted_on, b.description, b.debit, b.credit from journal_lines b
        where b.org_id = $1 and b.account_id = a.id and (b.posted_on, b.id) > (a.day, a.behind) and b.posted_on <= $4 NARROWED
        order by b.posted_on, b.id limit $5
    ) l on true
    left join journal_entries e on e.org_id = $1 and e.id = l.entry_id
    where l.id is not null or opening.amount <> 0
    order by a.code, l.posted_on, l.id limit $5";

pub async fn page(db: &mut Db, asked: &GeneralLedgerAsked, piece: &Piece, decimals: u32) -> Result<Page> {
    let Piece { span, after, limit, goes_on } = piece;
    let by = asked.dimensions();
    let (grain, narrowed) = if by.are_any() {
        ("month_by_dimension", BY_DIMENSIONS)
    } else {
        ("month", "and ($6::uuid is null and $7::uuid is null and $8::uuid is null)")
    };
    let query = diesel::sql_query(LINES.replace("GRAIN", grain).replace("NARROWED", narrowed));
    let mut rows: Vec<Row> = query
        .bind::<SqlUuid, _>(db.organization())
        .bind::<Nullable<SqlUuid>, _>(asked.account_id)
        .bind::<Date, _>(span.starts_on)
        .bind::<Date, _>(span.ends_on)
        .bind::<BigInt, _>(limit + 1)
        .bind::<Nullable<SqlUuid>, _>(by.department)
        .bind::<Nullable<SqlUuid>, _>(by.cost_centre)
        .bind::<Nullable<SqlUuid>, _>(by.project)
        .bind::<Text, _>(after.as_ref().map_or("", |after| after.code.as_str()))
        .bind::<Date, _>(after.as_ref().map_or(span.starts_on, |after| after.day))
        .bind::<SqlUuid, _>(after.as_ref().map(|after| after.id).unwrap_or_default())
        .bind::<Bool, _>(after.as_ref().is_some_and(|after| after.is_finished))
        .load(db)
        .await?;
    let follows = if rows.len() > usize::try_from(*limit).unwrap_or(usize::MAX) { rows.pop() } else { None };
    let within = after.as_ref().filter(|after| !after.is_finished).map(|after| after.code.clone());
    let last = rows.last().map(|row| Cursor {
        code: row.code.clone(),
        day: row.line.posted_on.unwrap_or(span.starts_on),
        id: row.line.id.unwrap_or_default(),
        line: 0,
        is_finished: follows.as_ref().is_none_or(|next| next.account_id != row.account_id),
        party: None,
    });
    let is_cut = last.as_ref().is_some_and(|last| !last.is_finished);
    let writing = Writing { span: *span, decimals, narrowed: by.query(), within, goes_on: *goes_on };
    let rows = writing.rows(&rows, is_cut);
    Ok(Page { rows, next: last.filter(|_| follows.is_some()) })
}

struct Writing {
    span: Span,
    decimals: u32,
    narrowed: String,
    /// The code of the account whose lines the page before ended in.
    within: Option<String>,
    /// Whether what is written goes on with that page.
    goes_on: bool,
}

impl Writing {
    /// Each account with what it stood at, its lines, and what it stands at, unless its lines go on.
    fn rows(&self, found: &[Row], is_cut: bool) -> Vec<ReportRow> {
        let mut rows = Vec::with_capacity(found.len() * 2);
        let accounts: Vec<&[Row]> = found.chunk_by(|one, other| one.account_id == other.account_id).collect();
        for (index, lines) in accounts.iter().copied().enumerate() {
            let [first, ..] = lines else { continue };
            if self.within.as_ref() != Some(&first.code) {
                let before = Some(previous_day(self.span.starts_on));
                rows.push(heading(first));
                rows.push(self.standing(
                    first,
                    ("opening_balance", "Opening balance"),
                    first.opening,
                    before,
                ));
            } else if !self.goes_on {
                rows.push(heading(first));
                rows.push(self.standing(first, ("brought_forward", "Brought forward"), first.opening, None));
            }
            let mut balance = first.opening;
            for row in lines {
                if let Some(id) = row.line.entry_id {
                    balance += row.line.debit.unwrap_or_default() - row.line.credit.unwrap_or_default();
                    rows.push(self.line(row, id, balance));
                }
            }
            if index + 1 < accounts.len() || !is_cut {
                let last = Some(self.span.ends_on);
                rows.push(self.standing(first, ("closing_balance", "Closing balance"), balance, last));
            }
        }
        rows
    }

    fn standing(
        &self,
        of: &Row,
        (key, title): (&str, &str),
        balance: Decimal,
        on: Option<NaiveDate>,
    ) -> ReportRow {
        let mut cells = vec![ReportCell::default(); 7];
        cells[0] = ReportCell::text(&of.code);
        cells[3] = ReportCell::text(title);
        let lines = on.map(|day| lines_of(&account_filter(of.account_id, false), None, day, &self.narrowed));
        cells[6] = ReportCell::amount(balance, self.decimals, lines);
        let kind = if key == "closing_balance" { ReportRowKind::Subtotal } else { ReportRowKind::Line };
        ReportRow::new(kind, 1, cells).of(of.account_id).called(key)
    }

    fn line(&self, row: &Row, entry: Uuid, balance: Decimal) -> ReportRow {
        let Line { posted_on, number, description, debit, credit, .. } = &row.line;
        let text = |text: &Option<String>| ReportCell { value: text.clone(), lines: None };
        let lines = format!("/v1/journal-lines?entry_id={entry}&account_id={}", row.account_id);
        let amount = |amount: Option<Decimal>| match amount.filter(|amount| !amount.is_zero()) {
            Some(amount) => ReportCell::amount(amount, self.decimals, Some(lines.clone())),
            None => ReportCell::default(),
        };
        let day = posted_on.map(|day| day.to_string());
        let cells = vec![
            ReportCell::text(&row.code),
            text(&day),
            text(number),
            text(description),
            amount(*debit),
            amount(*credit),
            ReportCell::amount(balance, self.decimals, None),
        ];
        ReportRow::new(ReportRowKind::Line, 1, cells).of(row.account_id)
    }
}

/// The account.
fn heading(of: &Row) -> ReportRow {
    let mut cells = vec![ReportCell::default(); 7];
    cells[0] = ReportCell::text(&of.code);
    cells[3] = ReportCell::text(&of.name);
    ReportRow::new(ReportRowKind::Group, 0, cells).of(of.account_id)
}
