//! What customers owe and what suppliers are owed, by how long it is overdue: party by party, each with what is open and, beneath
//! them all, what their accounts stand at, of which it is the whole.
use crate::asked::today;
use crate::ledger_lines::{Cursor, Page, Piece};
use crate::period::{Comparison, day_before};
use crate::report::{ReportCell, ReportColumn, ReportKind, ReportParameter, ReportRow, ReportRowKind};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Date, Integer, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;

/// What an aged report takes.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AgedAsked {
    /// The day at the end of which it tells how things stand; today, unless told. Of a day of the past it tells what was open then.
    pub on: Option<NaiveDate>,
    /// What stands beside it: what was owed on the day a month before, or a year before.
    #[param(inline)]
    compare: Option<Comparison>,
    /// Only this customer or supplier.
    party_id: Option<Uuid>,
    /// Whether what is open is shown document by document, or only what it comes to.
    #[param(default = true)]
    #[serde(default = "yes")]
    documents: bool,
    /// How many rows at the most; a file has all of them.
    #[param(minimum = 1, maximum = 200, default = 50, required = false)]
    pub limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before. Opaque.
    #[param(min_length = 1, max_length = 2000, required = false)]
    pub cursor: Option<String>,
}

fn yes() -> bool {
    true
}

/// Who owes whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Receivables,
    Payables,
}

impl Side {
    /// The type of its accounts.
    pub fn account_type(self) -> &'static str {
        match self {
            Self::Receivables => "asset",
            Self::Payables => "liability",
        }
    }

    /// What is owed is shown above zero, on either side.
    fn sign(self) -> Decimal {
        match self {
            Self::Receivables => Decimal::ONE,
            Self::Payables => Decimal::NEGATIVE_ONE,
        }
    }
}

impl AgedAsked {
    pub fn day(&self) -> NaiveDate {
        self.on.unwrap_or_else(today)
    }

    /// The earlier day that it is compared with.
    fn earlier(&self, than: NaiveDate) -> Option<NaiveDate> {
        self.compare.map(|compare| day_before(than, compare))
    }

    pub fn parameters(&self) -> Vec<ReportParameter> {
        let said = |parameter: &str, value: String| ReportParameter { parameter: parameter.into(), value };
        let compared = self.compare.map(|compare| said("compare", compare.as_str().into()));
        let party = self.party_id.map(|id| said("party_id", id.to_string()));
        let documents = (!self.documents).then(|| said("documents", "false".into()));
        compared.into_iter().chain(party).chain(documents).collect()
    }
}

/// What is open falls due later, so many days ago, or is not set off against anything yet.
pub const BUCKETS: [(&str, &str); 6] = [
    ("not_due", "Not due"),
    ("overdue_1_to_30", "Overdue for 1 to 30 days"),
    ("overdue_31_to_60", "31 to 60 days"),
    ("overdue_61_to_90", "61 to 90 days"),
    ("overdue_over_90", "More than 90 days"),
    ("unallocated", "Not allocated"),
];
const BEFORE_BUCKETS: usize = 6;

pub fn shape(side: Side, asked: &AgedAsked, day: NaiveDate) -> (ReportKind, &'static str, Vec<ReportColumn>) {
    let (kind, title) = match side {
        Side::Receivables => (ReportKind::AgedReceivables, "Aged receivables"),
        Side::Payables => (ReportKind::AgedPayables, "Aged payables"),
    };
    let mut columns = vec![
        ReportColumn::text("party", "Party"),
        ReportColumn::text("number", "Document"),
        ReportColumn::day("posted_on", "Day"),
        ReportColumn::day("due_on", "Due"),
        ReportColumn::text("currency", "Currency"),
        ReportColumn::foreign("open_amount", "Open"),
    ];
    debug_assert_eq!(columns.len(), BEFORE_BUCKETS);
    columns.extend(BUCKETS.iter().map(|(key, title)| ReportColumn::amount(key, title, None, day)));
    columns.push(ReportColumn::amount("total", "Total", None, day));
    columns.extend(
        asked.earlier(day).map(|day| ReportColumn::amount("total_2", &format!("Total, {day}"), None, day)),
    );
    (kind, title, columns)
}

#[derive(QueryableByName)]
struct Row {
    /// 0 for parties, 1 for what stands beneath them all.
    #[diesel(sql_type = Integer)]
    section: i32,
    /// In section 0: the party, a document of it, what else was posted for it; in section 1: the sums of those, and accounts.
    #[diesel(sql_type = Integer)]
    kind: i32,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    party_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    resource: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    number: Option<String>,
    #[diesel(sql_type = Nullable<Date>)]
    posted_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Date>)]
    due_on: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Text>)]
    currency: Option<String>,
    #[diesel(sql_type = Nullable<Numeric>)]
    open_amount: Option<Decimal>,
    /// One for each bucket, and their sum.
    #[diesel(sql_type = Array<Nullable<Numeric>>)]
    sums: Vec<Option<Decimal>>,
    /// Their sum on the earlier day; null of a document.
    #[diesel(sql_type = Nullable<Numeric>)]
    earlier: Option<Decimal>,
    /// The one account that it is the lines of, where it is.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    account_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    entry_id: Option<Uuid>,
}

/// What the account `c` stands at on the day.
const STANDS_AT: &str = "
    select coalesce(sum(b.net), 0) * $4 as net from (
        select debit - credit as net from account_balances
            where org_id = $1 and account_id = c.id and grain = 'month' and begins_on < date_trunc('month', DAY::timestamp)::date
        union all
        select debit - credit from account_balances
            where org_id = $1 and account_id = c.id and grain = 'day' and begins_on between date_trunc('month', DAY::timestamp)::date and DAY
        union all
        select debit - credit from balance_deltas where org_id = $1 and account_id = c.id and begins_on <= DAY
    ) b";

/// What is open by party and what was booked for it on the accounts of the side: the two differ by what was posted without a
/// document. `NARROWED` says which party, `STANDS_AT` is told above. On the earlier day, of which nothing is told where it is
/// null, only the sums count.
const ROWS: &str = "
    with controls as materialized (
        select * from control_accounts($3)
    ), items as materialized (
        select o.*, o.open_base_amount * $4 as base, o.open_amount * $4 as own,
            case when o.is_credit = ($4 > 0) or o.open_amount * $4 < 0 then 6 when o.due_on >= $2 then 1 when $2 - o.due_on <= 30 then 2 when $2 - o.due_on <= 60 then 3
                when $2 - o.due_on <= 90 then 4 else 5 end as bucket
        from open_items_on($2, $3, $5) o
    ), open as materialized (
        select party_id, array[coalesce(sum(base) filter (where bucket = 1), 0), coalesce(sum(base) filter (where bucket = 2), 0),
            coalesce(sum(base) filter (where bucket = 3), 0), coalesce(sum(base) filter (where bucket = 4), 0),
            coalesce(sum(base) filter (where bucket = 5), 0), coalesce(sum(base) filter (where bucket = 6), 0)] as sums, sum(base) as total
        from items group by 1
    ), open_earlier as materialized (
        select o.party_id, sum(o.open_base_amount * $4) as total
        from (select where $14::date is not null) compared cross join open_items_on($14::date, $3, $5) o group by 1
    ), booked as materialized (
        select party_id, sum(net) as net, sum(earlier) as earlier, array_agg(account_id) as accounts from (
            select coalesce(l.party_id, '00000000-0000-0000-0000-000000000000') as party_id, l.account_id, sum(l.debit - l.credit) * $4 as net,
                sum(l.debit - l.credit) filter (where l.posted_on <= $14) * $4 as earlier
            from journal_lines l
            where l.org_id = $1 and l.account_id in (select id from controls) and l.posted_on <= $2 NARROWED
            group by 1, 2
        ) each group by 1
    ), owing as materialized (
        select coalesce(o.party_id, b.party_id) as party_id, coalesce(o.sums, array_fill(0::numeric, array[6])) as sums, coalesce(o.total, 0) as open,
            coalesce(b.net, 0) as net, coalesce(e.total, 0) as open_earlier, coalesce(b.earlier, 0) as earlier,
            case when array_length(b.accounts, 1) = 1 then b.accounts[1] end as account_id
        from open o full join booked b on b.party_id = o.party_id left join open_earlier e on e.party_id = coalesce(o.party_id, b.party_id)
        where o.party_id is not null or b.net <> 0 or b.earlier <> 0
    ), rows as (
        select 0 as section, 0 as kind, coalesce(p.name, '') as name, o.party_id, null::uuid as id, null::text as resource, null::text as number,
            null::date as posted_on, null::date as due_on, null::text as currency, null::numeric as open_amount,
            o.sums[1:5] || (o.sums[6] + o.net - o.open) || o.net as sums, o.earlier, o.account_id, null::uuid as entry_id
        from owing o left join parties p on p.org_id = $1 and p.id = o.party_id
        union all
        select 0, 1, p.name, i.party_id, i.id, i.resource, i.number, i.posted_on, i.due_on, i.currency, i.own,
            array[case i.bucket when 1 then i.base end, case i.bucket when 2 then i.base end, case i.bucket when 3 then i.base end,
                case i.bucket when 4 then i.base end, case i.bucket when 5 then i.base end, case i.bucket when 6 then i.base end, i.base],
            null, i.account_id, case when i.is_whole then i.journal_entry_id end
        from items i join parties p on p.org_id = $1 and p.id = i.party_id
        where $6
        union all
        select 0, 2, coalesce(p.name, ''), o.party_id, null, null, null, null, null, null, null,
            array[null, null, null, null, null, o.net - o.open, o.net - o.open], o.earlier - o.open_earlier, null, null
        from owing o left join parties p on p.org_id = $1 and p.id = o.party_id
        where $6 and (o.net <> o.open or o.earlier <> o.open_earlier)
        union all
        select 1, k.kind, '', null, null, null, null, null, null, null, null,
            case k.kind when 0 then t.open when 1 then array[null, null, null, null, null, t.other, t.other]
                else t.open[1:5] || (t.open[6] + t.other) || (t.open[7] + t.other) end,
            case k.kind when 0 then t.open_earlier when 1 then t.other_earlier else t.open_earlier + t.other_earlier end,
            case when k.kind = 2 and $5 is null and (select count(*) from controls) = 1 then (select id from controls) end, null
        from (
            select array[coalesce(sum(sums[1]), 0), coalesce(sum(sums[2]), 0), coalesce(sum(sums[3]), 0), coalesce(sum(sums[4]), 0),
                coalesce(sum(sums[5]), 0), coalesce(sum(sums[6]), 0), coalesce(sum(open), 0)] as open, coalesce(sum(net - open), 0) as other,
                coalesce(sum(open_earlier), 0) as open_earlier, coalesce(sum(earlier - open_earlier), 0) as other_earlier
            from owing
        ) t cross join (values (0), (1), (2)) k (kind)
        where k.kind <> 1 or t.other <> 0 or t.other_earlier <> 0
        union all
        select 1, 3, c.code || ' ' || c.name, null, null, null, null, null, null, null, null,
            array[null, null, null, null, null, null, now.net], earlier.net, c.id, null
        from controls c cross join lateral (STANDS_AT $2) now cross join lateral (STANDS_AT $14) earlier
        where $5 is null
    ), placed as (
        select *, coalesce(party_id, '00000000-0000-0000-0000-000000000000') as party_place, coalesce(due_on, '0001-01-01') as due_place,
            coalesce(id, account_id, '00000000-0000-0000-0000-000000000000') as id_place
        from rows
    )
    select section, kind, name, nullif(party_id, '00000000-0000-0000-0000-000000000000') as party_id, id, resource, number, posted_on, due_on, currency,
        open_amount, sums, earlier, account_id, entry_id
    from placed
    where (section, name, party_place, kind, due_place, id_place) > ($7, $8, $9, $10, $11, $12)
    order by section, name, party_place, kind, due_place, id_place
    limit $13";

const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a day");

pub async fn page(db: &mut Db, side: Side, asked: &AgedAsked, piece: &Piece, books: &str) -> Result<Page> {
    let Piece { span, after, limit, .. } = piece;
    let day = span.ends_on;
    let narrowed = if asked.party_id.is_some() { "and l.party_id = $5" } else { "" };
    let after = after.clone().unwrap_or_else(|| Cursor {
        code: String::new(),
        day: FIRST_DAY,
        id: Uuid::nil(),
        line: -1,
        is_finished: false,
        party: None,
    });
    let stands_at = |day: &str| STANDS_AT.replace("DAY", day);
    let rows =
        ROWS.replace("STANDS_AT $2", &stands_at("$2")).replace("STANDS_AT $14", &stands_at("$14::date"));
    let query = diesel::sql_query(rows.replace("NARROWED", narrowed));
    let mut rows: Vec<Row> = query
        .bind::<SqlUuid, _>(db.organization())
        .bind::<Date, _>(day)
        .bind::<Text, _>(side.account_type())
        .bind::<Numeric, _>(side.sign())
        .bind::<Nullable<SqlUuid>, _>(asked.party_id)
        .bind::<Bool, _>(asked.documents)
        .bind::<Integer, _>(i32::from(after.is_finished))
        .bind::<Text, _>(&after.code)
        .bind::<SqlUuid, _>(after.party.unwrap_or_default())
        .bind::<Integer, _>(after.line)
        .bind::<Date, _>(after.day)
        .bind::<SqlUuid, _>(after.id)
        .bind::<BigInt, _>(limit + 1)
        .bind::<Nullable<Date>, _>(asked.earlier(day))
        .load(db)
        .await?;
    let follows = rows.len() > usize::try_from(*limit).unwrap_or(usize::MAX);
    if follows {
        rows.pop();
    }
    let next = rows.last().filter(|_| follows).map(|row| Cursor {
        code: row.name.clone(),
        day: row.due_on.unwrap_or(FIRST_DAY),
        id: row.id.or(row.account_id).unwrap_or_default(),
        line: row.kind,
        is_finished: row.section == 1,
        party: row.party_id,
    });
    let decimals = ledger::currency::decimals(books);
    let written = rows.iter().map(|row| written(row, asked, day, decimals)).collect();
    Ok(Page { rows: written, next })
}

fn written(row: &Row, asked: &AgedAsked, day: NaiveDate, decimals: u32) -> ReportRow {
    let (kind, level, key, title) = match (row.section, row.kind) {
        (0, 0) if asked.documents => (ReportRowKind::Group, 0, None, ""),
        (0, 0) => (ReportRowKind::Line, 0, None, ""),
        (0, 1) => (ReportRowKind::Line, 1, None, ""),
        (0, _) => (ReportRowKind::Line, 1, Some("without_document"), "Posted without a document"),
        (_, 0) => (ReportRowKind::Subtotal, 0, Some("total_open"), "Open documents"),
        (_, 1) => (ReportRowKind::Subtotal, 0, Some("total_without_document"), "Posted without a document"),
        (_, 2) => (ReportRowKind::Total, 0, Some("total"), "Total"),
        _ => (ReportRowKind::Line, 1, Some("account_balance"), ""),
    };
    let name = match (title, row.name.as_str()) {
        ("", "") => "No party",
        ("", name) => name,
        (title, _) => title,
    };
    let lines_to = |day: NaiveDate| match (row.account_id, row.entry_id, row.party_id) {
        (Some(account), Some(entry), _) => {
            Some(format!("/v1/journal-lines?entry_id={entry}&account_id={account}"))
        }
        (Some(account), None, Some(party)) if row.kind == 0 => {
            Some(format!("/v1/journal-lines?account_id={account}&party_id={party}&posted_on_to={day}"))
        }
        (Some(account), None, None) if row.section == 1 => {
            Some(format!("/v1/journal-lines?account_id={account}&posted_on_to={day}"))
        }
        _ => None,
    };
    let lines = lines_to(day);
    let text = |value: Option<String>| ReportCell { value, lines: None };
    let is_document = row.id.is_some();
    let mut cells = vec![
        if is_document { ReportCell::default() } else { ReportCell::text(name) },
        text(row.number.clone()),
        text(row.posted_on.map(|day| day.to_string())),
        text(row.due_on.map(|day| day.to_string())),
        text(row.currency.clone()),
        match (row.open_amount, &row.currency) {
            (Some(open), Some(currency)) => {
                ReportCell::amount(open, ledger::currency::decimals(currency), None)
            }
            _ => ReportCell::default(),
        },
    ];
    let last = row.sums.len().saturating_sub(1);
    cells.extend(row.sums.iter().enumerate().map(|(place, sum)| match sum {
        // Only the sum of a party is that of all its lines; a document stands in one column, and in the sum.
        Some(sum) => {
            ReportCell::amount(*sum, decimals, lines.clone().filter(|_| is_document || place == last))
        }
        None => ReportCell::default(),
    }));
    cells.extend(asked.earlier(day).map(|day| match row.earlier {
        Some(earlier) => ReportCell::amount(earlier, decimals, lines_to(day)),
        None => ReportCell::default(),
    }));
    let mut told = ReportRow::new(kind, level, cells).about(row.party_id);
    if let Some(key) = key {
        told = told.called(key);
    }
    if let Some(account) = row.account_id {
        told = told.of(account);
    }
    match (&row.resource, row.id) {
        (Some(resource), Some(id)) => told.telling_of(resource, id),
        _ => told,
    }
}
