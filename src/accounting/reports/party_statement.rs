//! The statement of a customer's or supplier's account: what it stood at, each document, payment and allocation with what it came
//! to, what it stands at, and how long that has been due; currency by currency.
use crate::aged::BUCKETS;
use crate::asked::today;
use crate::load::Heading;
use crate::period::Span;
use crate::render::Form;
use crate::report::{
    Report, ReportCell, ReportColumn, ReportKind, ReportParameter, ReportRow, ReportRowKind, Reports,
};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Date, Integer, Nullable, Numeric, Text, Uuid as SqlUuid};
use ledger::Control;
use platform::prelude::*;
use rust_decimal::Decimal;

/// What the statement of an account takes.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PartyStatementAsked {
    /// Whose account it is.
    party_id: Uuid,
    /// The first day; unless told, the first day of the fiscal year that `ends_on` is in.
    starts_on: Option<NaiveDate>,
    /// The last day; today, unless told.
    ends_on: Option<NaiveDate>,
    /// Only what it owes as a customer, or what it is owed as a supplier; both together, unless told.
    #[param(inline)]
    side: Option<Control>,
}

/// Rows at the most.
const MOST: usize = 10_000;

#[derive(QueryableByName)]
struct Party {
    #[diesel(sql_type = Text)]
    name: String,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    currency: String,
    /// What it stood at, what happened, what it stands at, how long that has been due.
    #[diesel(sql_type = Integer)]
    place: i32,
    /// Of what happened, what it was; of what is due, for how long.
    #[diesel(sql_type = Integer)]
    kind: i32,
    #[diesel(sql_type = Nullable<Date>)]
    day: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Text>)]
    number: Option<String>,
    #[diesel(sql_type = Text)]
    description: String,
    #[diesel(sql_type = Nullable<Date>)]
    due_on: Option<NaiveDate>,
    /// By how much it changes what is owed; null where it tells how it stands.
    #[diesel(sql_type = Nullable<Numeric>)]
    effect: Option<Decimal>,
    #[diesel(sql_type = Nullable<Numeric>)]
    allocated: Option<Decimal>,
    /// What is open of the document at the end.
    #[diesel(sql_type = Nullable<Numeric>)]
    open_amount: Option<Decimal>,
    #[diesel(sql_type = Nullable<Numeric>)]
    balance: Option<Decimal>,
    #[diesel(sql_type = Nullable<Text>)]
    resource: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    entry_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    account_id: Option<Uuid>,
}

/// What changes what a party owes: documents and payments; what was posted for it without one; and allocations, which change
/// nothing but where they settle one currency with another, or what is owed with what is told apart. One that was undone is told
/// on both of its days.
const ROWS: &str = "
    with controls as materialized (
        select c.id, t.type from unnest($5::text[]) t (type) cross join lateral control_accounts(t.type) c
    ), items as materialized (
        select i.*, case i.side when 'debit' then i.amount else -i.amount end as effect from open_items i
        where i.org_id = $1 and i.party_id = $2 and i.posted_on <= $4 and i.account_id in (select id from controls)
    ), still_open as materialized (
        select o.*, case when o.is_credit = (t.type = 'asset') or (o.open_amount < 0) = (t.type = 'asset') then 6 when o.due_on >= $4 then 1 when $4 - o.due_on <= 30 then 2 when $4 - o.due_on <= 60 then 3
                when $4 - o.due_on <= 90 then 4 else 5 end as bucket
        from unnest($5::text[]) t (type) cross join lateral open_items_on($4, t.type, $2) o
    ), settled as materialized (
        select a.id, a.allocated_on as day, 1 as sign, a.debit_item_id, a.credit_item_id, a.debit_amount, a.credit_amount, a.journal_entry_id
            from allocations a where a.org_id = $1 and a.allocated_on <= $4 and a.debit_item_id in (select id from items)
        union
        select a.id, a.allocated_on, 1, a.debit_item_id, a.credit_item_id, a.debit_amount, a.credit_amount, a.journal_entry_id
            from allocations a where a.org_id = $1 and a.allocated_on <= $4 and a.credit_item_id in (select id from items)
        union
        select a.id, d.day, d.sign, a.debit_item_id, a.credit_item_id, a.debit_amount, a.credit_amount, a.journal_entry_id
            from undone_allocations a cross join lateral (values (a.allocated_on, 1), (a.undone_on, -1)) d (day, sign)
            where a.org_id = $1 and d.day <= $4
                and (a.debit_item_id in (select id from items) or a.credit_item_id in (select id from items))
    ), events as (
        select i.currency, i.posted_on as day, 1 as kind, i.number, initcap(left(i.resource, 1)) || replace(substr(rtrim(i.resource, 's'), 2), '-', ' ')
                || case when i.id = i.journal_entry_id then ', void' else '' end as description,
            i.due_on, i.effect, null::numeric as allocated, case when i.id = i.journal_entry_id then 'journal-entries' else i.resource end as resource, i.id, i.journal_entry_id as entry_id, i.account_id
        from items i
        union all
        select l.currency, l.posted_on, 2, e.number, coalesce(l.description, e.description), null, coalesce(l.foreign_debit - l.foreign_credit, l.debit - l.credit), null,
            'journal-entries', e.id, e.id, l.account_id
        from journal_lines l join journal_entries e on e.org_id = l.org_id and e.id = l.entry_id
        where l.org_id = $1 and l.party_id = $2 and l.posted_on <= $4 and l.account_id in (select id from controls)
            and e.kind = 'standard' and e.resource is distinct from 'allocations'
            and not exists (select from open_items i where i.org_id = $1 and i.journal_entry_id in (e.id, e.reversal_of_id))
        union all
        select s.currency, s.day, 3, null, s.description, null, sum(s.effect), max(s.amount), 'allocations', s.id, s.journal_entry_id, null
        from (
            select e.currency, s.day, s.id, s.journal_entry_id, case s.sign when 1 then '' else 'Undone: ' end || c.number || ' set off against ' || d.number as description,
                case when e.id in (select id from items) then e.effect * s.sign else 0 end as effect, e.amount
            from settled s
            join open_items d on d.org_id = $1 and d.id = s.debit_item_id
            join open_items c on c.org_id = $1 and c.id = s.credit_item_id
            cross join lateral (values (d.id, d.currency, -s.debit_amount, s.debit_amount), (c.id, c.currency, s.credit_amount, s.credit_amount)) e (id, currency, effect, amount)
        ) s
        group by s.currency, s.day, s.id, s.journal_entry_id, s.description
    ), standing as materialized (
        select currency, coalesce(sum(effect) filter (where day < $3), 0) as opening, coalesce(sum(effect), 0) as closing, count(*) filter (where day >= $3) as events
        from events group by 1
    ), shown as (
        select * from standing where opening <> 0 or closing <> 0 or events > 0
    ), due as (
        select s.currency, b.bucket, coalesce((select sum(o.open_amount) from still_open o where o.currency = s.currency and o.bucket = b.bucket), 0)
            + case b.bucket when 6 then s.closing - coalesce((select sum(o.open_amount) from still_open o where o.currency = s.currency), 0) else 0 end as amount
        from shown s cross join generate_series(1, 6) b (bucket)
    ), rows as (
        select currency, 0 as place, $3 as day, 0 as kind, null::text as number, 'Opening balance' as description, null::date as due_on, null::numeric as effect,
            null::numeric as allocated, null::numeric as open_amount, opening as balance, null::text as resource, null::uuid as id, null::uuid as entry_id,
            null::uuid as account_id
        from shown
        union all
        select e.currency, 1, e.day, e.kind, e.number, e.description, e.due_on, e.effect, e.allocated,
            case e.kind when 1 then coalesce((select sum(o.open_amount) from still_open o where o.id = e.id), 0) end,
            s.opening + sum(e.effect) over (partition by e.currency order by e.day, e.kind, e.number, e.description, e.id), e.resource, e.id, e.entry_id, e.account_id
        from events e join shown s on s.currency = e.currency
        where e.day >= $3
        union all
        select currency, 2, $4, 0, null, 'Closing balance', null, null, null, null, closing, null, null, null, null from shown
        union all
        select currency, 3, null, bucket, null, '', null, null, null, null, amount, null, null, null, null from due
    )
    select currency, place, kind, day, number, description, due_on, effect, allocated, open_amount, balance, resource, id, entry_id, account_id
    from rows order by currency, place, day, kind, number, description, id limit $6";

/// Statement of a party's account
///
/// What a customer or supplier owed before the first day, each document, payment and allocation up to the last, with what is owed
/// after it, and how long that has been due then; each in its own currency. What the party owes counts up, what it is owed
/// counts down. An allocation changes nothing but where it settles one currency with another; it is told since it says what
/// was paid with what. A period has at most 10,000 rows.
#[utoipa::path(get, path = "/v1/reports/party-statement", tag = "Reports")]
async fn get_party_statement(may: May<Read, Reports>, asked: Params<PartyStatementAsked>) -> Reply<Report> {
    let PartyStatementAsked { party_id, starts_on, ends_on, side } = asked.0;
    let ends_on = ends_on.unwrap_or_else(today);
    let side = side.unwrap_or(Control::Both);
    let (heading, span, party, rows) = may
        .read(async |db| {
            let heading = Heading::read(db).await?;
            let span = Span::new(starts_on.unwrap_or_else(|| heading.year_starts_on(ends_on)), ends_on)?;
            let party = diesel::sql_query("select name from parties where org_id = $1 and id = $2");
            let party: Option<Party> = party
                .bind::<SqlUuid, _>(db.organization())
                .bind::<SqlUuid, _>(party_id)
                .get_result(db)
                .await
                .optional()?;
            let party = party.ok_or_else(|| {
                let rule = "there is no such customer or supplier that you may know of";
                Problem::invalid(vec![Fault::of("party_id", "unknown-reference", rule)])
            })?;
            let most = i64::try_from(MOST + 1).map_err(Problem::internal)?;
            let rows: Vec<Row> = diesel::sql_query(ROWS)
                .bind::<SqlUuid, _>(db.organization())
                .bind::<SqlUuid, _>(party_id)
                .bind::<Date, _>(span.starts_on)
                .bind::<Date, _>(span.ends_on)
                .bind::<Array<Text>, _>(side.account_types())
                .bind::<BigInt, _>(most)
                .load(db)
                .await?;
            Ok((heading, span, party, rows))
        })
        .await?;
    if rows.len() > MOST {
        let rule = format!("there are more than {MOST} rows in the period: ask for a shorter one");
        return Err(Problem::invalid(vec![Fault::of("starts_on", "too-long", rule)]));
    }
    let parameter = |parameter: &str, value: String| ReportParameter { parameter: parameter.into(), value };
    let mut parameters = vec![parameter("party_id", party_id.to_string())];
    if side != Control::Both {
        parameters.push(parameter("side", side.as_str().into()));
    }
    let report = Report {
        kind: ReportKind::PartyStatement,
        title: format!("Statement of {}", party.name),
        organization: heading.organization,
        currency: heading.currency,
        starts_on: Some(span.starts_on),
        ends_on: span.ends_on,
        parameters,
        columns: vec![
            ReportColumn::text("currency", "Currency"),
            ReportColumn::day("posted_on", "Day"),
            ReportColumn::text("number", "Number"),
            ReportColumn::text("description", "Description"),
            ReportColumn::day("due_on", "Due"),
            ReportColumn::foreign("debit", "Debit"),
            ReportColumn::foreign("credit", "Credit"),
            ReportColumn::foreign("allocated", "Allocated"),
            ReportColumn::foreign("open_amount", "Open"),
            ReportColumn::foreign("balance", "Balance"),
        ],
        rows: rows.iter().map(|row| written(row, party_id, side)).collect(),
        next_cursor: None,
    };
    report.reply(Form::accepted(may.http()))
}

/// How long what is owed has been due.
fn bucket(row: &Row) -> Option<(&'static str, &'static str)> {
    let place = usize::try_from(row.kind).ok()?.checked_sub(1)?;
    BUCKETS.get(place).filter(|_| row.place == 3).copied()
}

fn written(row: &Row, party: Uuid, side: Control) -> ReportRow {
    let decimals = ledger::currency::decimals(&row.currency);
    let lines = match (row.entry_id, row.account_id) {
        (Some(entry), Some(account)) => {
            Some(format!("/v1/journal-lines?entry_id={entry}&account_id={account}"))
        }
        (Some(entry), None) => Some(format!("/v1/journal-lines?entry_id={entry}&party_id={party}")),
        _ => None,
    };
    // What it stood at before the first day, and stands at after the last.
    let until = row.day.filter(|_| [0, 2].contains(&row.place)).map(|day| {
        let last = if row.place == 0 { day.pred_opt().unwrap_or(day) } else { day };
        let (currency, control) = (&row.currency, side.as_str());
        format!(
            "/v1/journal-lines?party_id={party}&control={control}&currency={currency}&posted_on_to={last}"
        )
    });
    let text = |value: Option<String>| ReportCell { value, lines: None };
    let amount = |amount: Option<Decimal>, lines: &Option<String>| match amount {
        Some(amount) => ReportCell::amount(amount, decimals, lines.clone()),
        None => ReportCell::default(),
    };
    let effect = row.effect.unwrap_or_default();
    let cells = vec![
        ReportCell::text(&row.currency),
        text(row.day.map(|day| day.to_string())),
        text(row.number.clone()),
        ReportCell::text(bucket(row).map_or(row.description.as_str(), |(_, title)| title)),
        text(row.due_on.map(|day| day.to_string())),
        amount(Some(effect).filter(|effect| *effect > Decimal::ZERO), &lines),
        amount(Some(-effect).filter(|effect| *effect > Decimal::ZERO), &lines),
        amount(row.allocated, &None),
        amount(row.open_amount, &None),
        amount(row.balance, &until),
    ];
    let (kind, level) = match row.place {
        0 => (ReportRowKind::Group, 0),
        2 => (ReportRowKind::Subtotal, 0),
        _ => (ReportRowKind::Line, 1),
    };
    let told = ReportRow::new(kind, level, cells).about(Some(party));
    let told = match row.place {
        0 => told.called("opening_balance"),
        2 => told.called("closing_balance"),
        _ => match bucket(row) {
            Some((key, _)) => told.called(key),
            None => told,
        },
    };
    match (&row.resource, row.id) {
        (Some(resource), Some(id)) => told.telling_of(resource, id),
        _ => told,
    }
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_party_statement));
}
