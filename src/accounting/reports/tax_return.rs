//! What is declared to the tax office of a period: by the box of the return and tax code, what was taxed and the tax, from documents
//! that are posted; and what the tax accounts say to that.
use crate::asked::today;
use crate::load::Heading;
use crate::period::{Comparison, Span};
use crate::render::Form;
use crate::report::{
    Report, ReportCell, ReportColumn, ReportKind, ReportParameter, ReportRow, ReportRowKind, Reports,
    period_title,
};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, Numeric, Text, Uuid as SqlUuid};
use ledger::TaxSide;
use platform::prelude::*;
use rust_decimal::Decimal;
use url::form_urlencoded::byte_serialize;

/// What a tax return takes.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct TaxReturnAsked {
    /// The first day; unless told, the first day of the fiscal year that `ends_on` is in.
    starts_on: Option<NaiveDate>,
    /// The last day; today, unless told.
    ends_on: Option<NaiveDate>,
    /// What stands beside it: the period before, as long, or the same days a year earlier.
    #[param(inline)]
    compare: Option<Comparison>,
    /// Whether the documents stand beneath their tax codes.
    #[param(default = false)]
    #[serde(default)]
    documents: bool,
}

/// Rows at the most.
const MOST: usize = 10_000;

#[derive(QueryableByName)]
struct Row {
    /// Which of the periods it tells of.
    #[diesel(sql_type = Integer)]
    period: i32,
    #[diesel(sql_type = Integer)]
    section: i32,
    #[diesel(sql_type = Integer)]
    kind: i32,
    #[diesel(sql_type = Nullable<Text>)]
    box_name: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    code: Option<String>,
    #[diesel(sql_type = Text)]
    description: String,
    #[diesel(sql_type = Nullable<Date>)]
    day: Option<NaiveDate>,
    #[diesel(sql_type = Nullable<Text>)]
    rate: Option<String>,
    #[diesel(sql_type = Nullable<Numeric>)]
    base: Option<Decimal>,
    #[diesel(sql_type = Nullable<Numeric>)]
    tax: Option<Decimal>,
    #[diesel(sql_type = Nullable<Text>)]
    resource: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    entry_id: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    account_id: Option<Uuid>,
    /// Of what one tax code comes to, all of it: not of a code whose rate changed in the period.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    tax_code_id: Option<Uuid>,
    /// Whether what was taxed is a sum of lines, each once and all on one side of the books.
    #[diesel(sql_type = Bool)]
    is_sum: bool,
}

const SALES: i32 = 1;
const PURCHASES: i32 = 2;
const TOTALS: i32 = 3;

impl Row {
    /// Whether both tell of the same, each in a period of its own.
    fn stands_beside(&self, other: &Self) -> bool {
        let what = |row: &Self| (row.section, row.kind, row.day, row.id, row.entry_id, row.account_id);
        self.period < other.period
            && what(self) == what(other)
            && (&self.box_name, &self.code, &self.rate) == (&other.box_name, &other.code, &other.rate)
            && self.description == other.description
    }
}

/// Of one period, from `STARTS` to `ENDS`. What takes a document back counts below zero. With reverse charge the buyer owes the
/// tax and gets it back (Directive 2006/112/EC, art. 168 and 194 to 199): such a purchase stands on both sides.
const ROWS: &str = "
    with taxed as materialized (
        select t.document_id, t.resource, t.tax_code_id, t.taxed_on, trim_scale(t.rate)::text as rate, c.direction, c.kind, c.code, c.name, c.return_box as box_name,
            s.sign * t.base_taxable_amount as base, s.sign * t.base_tax_amount as tax
        from document_taxes t
        join tax_codes c on c.org_id = t.org_id and c.id = t.tax_code_id
        cross join lateral (select case when t.resource in ('credit-notes', 'debit-notes') then -1 else 1 end as sign) s
        where t.org_id = $1 and t.is_posted and t.taxed_on between STARTS and ENDS
    ), declared as materialized (
        select 1 as section, t.* from taxed t where direction = 'sale' or kind = 'reverse_charge'
        union all
        select 2, t.* from taxed t where direction = 'purchase'
    ), tax_accounts as materialized (
        select a.id, a.code, a.name from accounts a
        where a.org_id = $1 and not a.is_group and (a.role in ('tax_payable', 'tax_recoverable')
            or a.id in (select payable_account_id from tax_codes where org_id = $1)
            or a.id in (select recoverable_account_id from tax_codes where org_id = $1))
    ), booked as materialized (
        select l.account_id, e.id as entry_id, e.number, e.description, e.posted_on, sum(l.credit - l.debit) as amount,
            exists (select from document_taxes d where d.org_id = $1 and d.document_id = e.resource_id) as is_document
        from journal_lines l join journal_entries e on e.org_id = $1 and e.id = l.entry_id
        where l.org_id = $1 and l.account_id in (select id from tax_accounts) and l.posted_on between STARTS and ENDS
        group by 1, 2, 3, 4, 5, e.resource_id
    ), several as materialized (
        select distinct taxed_by as codes from journal_lines
        where org_id = $1 and posted_on between STARTS and ENDS and cardinality(taxed_by) > 1
    ), twice as materialized (
        select c.section, c.box_name from (select distinct section, box_name, tax_code_id from declared) c
        join several s on c.tax_code_id = any(s.codes)
        group by grouping sets ((c.section, s.codes), (c.section, c.box_name, s.codes)) having count(*) > 1
    ), rows as (
        select section, 0 as kind, null::text as box_name, null::text as code, '' as description, null::date as day, null::text as rate, sum(base) as base, sum(tax) as tax,
            null::text as resource, null::uuid as id, null::uuid as entry_id, null::uuid as account_id, null::uuid as tax_code_id,
            count(distinct direction) < 2 and section not in (select section from twice) as is_sum
        from (select section, base, tax, direction from declared union all values (1, 0::numeric, 0::numeric, null), (2, 0, 0, null)) d group by 1
        union all
        select section, 1, box_name, null, '', null, null, sum(base), sum(tax), null, null, null, null, null,
            box_name is not null and count(distinct direction) < 2 and (section, box_name) not in (select section, box_name from twice where box_name is not null)
        from declared group by 1, 3
        union all
        select section, 2, box_name, code, name, null, rate, sum(base), sum(tax), null, null, null, null,
            case when count(*) over (partition by section, tax_code_id) = 1 then tax_code_id end, true
        from declared group by 1, 3, 4, 5, rate, tax_code_id
        union all
        select d.section, 3, d.box_name, d.code, coalesce(e.description, d.resource), d.taxed_on, d.rate, d.base, d.tax, d.resource, d.document_id, e.id, null,
            -- A payment may lessen what was taxed at two rates of a code.
            case when count(*) over (partition by d.section, d.document_id, d.tax_code_id) = 1 then d.tax_code_id end, true
        from declared d
        -- A claim is taken back by an entry, and no document.
        left join lateral (
            (select e.id, e.description from journal_entries e
                where e.org_id = $1 and e.resource = d.resource and e.resource_id = d.document_id and e.reversal_of_id is null order by e.posted_on, e.id limit 1)
            union all
            select e.id, e.description from journal_entries e where e.org_id = $1 and e.id = d.document_id and d.resource = 'journal-entries'
        ) e on true
        where $4
        union all
        select 3, t.place, null, null, '', null, null, null, case t.place when 0 then s.owed when 1 then s.back else s.owed - s.back end, null, null, null, null, null, false
        from (select coalesce(sum(tax) filter (where section = 1), 0) as owed, coalesce(sum(tax) filter (where section = 2), 0) as back from declared) s
        cross join (values (0), (1), (2)) t (place)
        union all
        select 4, 0, null, null, a.code || ' ' || a.name, null, null, null, coalesce(sum(b.amount), 0), null, null, null, a.id, null, false
        from tax_accounts a left join booked b on b.account_id = a.id group by a.id, a.code, a.name
        union all
        select 4, 1, null, null, b.number || ' ' || b.description, b.posted_on, null, null, b.amount, 'journal-entries', b.entry_id, b.entry_id, b.account_id, null, false
        from booked b where not b.is_document
        union all
        select 4, 2, null, null, '', null, null, null, coalesce((select sum(amount) from booked where is_document), 0)
            - coalesce((select sum(case section when 1 then tax else -tax end) from declared), 0), null, null, null, null, null, false
    )
    select section, kind, box_name, code, description, day, rate, base, tax, resource, id, entry_id, account_id, tax_code_id, is_sum
    from rows";

/// Rows of the period, and of the one that it is compared with: those that tell of the same follow each other.
fn statement(is_compared: bool) -> String {
    let of = |period: &str, starts_on: &str, ends_on: &str| {
        let rows = ROWS.replace("STARTS", starts_on).replace("ENDS", ends_on);
        format!("select {period} as period, r.* from ({rows}) r")
    };
    let period = of("0", "$2", "$3");
    let told = if is_compared {
        format!("{period} union all {}", of("1", "$6", "$7"))
    } else {
        format!("{period} where $6::date is null and $7::date is null")
    };
    format!(
        "select * from ({told}) told
        order by section, case when section < 3 then box_name end nulls first, case when section < 3 then kind < 2 end desc, code nulls first,
            rate nulls first, kind, day, description, id, account_id, period
        limit $5"
    )
}

/// Tax return
///
/// What was sold and bought in the period by the box of the return and tax code, as it was taxed, and the tax, in the
/// organization's currency: from documents that are posted, by their day. Credit notes and debit notes count below zero, and so does
/// what was kept for paying early, by the day of the payment. Purchases with reverse charge stand on both sides. Beneath it stands
/// what the tax accounts say: what was booked on them in the period, of that what no document booked, and whether the rest is what is
/// declared.
///
/// What was taxed leads to the lines that were booked for it, but for a sum that takes a line twice, since two of its codes tax
/// it, or that has sales and purchases in it: its rows lead there. So do the rows of documents beneath a code whose rate changed in
/// the period.
///
/// Beside each figure may stand that of the period before, or of the year before. Where nothing was declared in one of the two it is
/// zero there; a document stands under the days that it is of.
#[utoipa::path(get, path = "/v1/reports/tax-return", tag = "Reports")]
async fn get_tax_return(may: May<Read, Reports>, asked: Params<TaxReturnAsked>) -> Reply<Report> {
    let TaxReturnAsked { starts_on, ends_on, compare, documents } = asked.0;
    let ends_on = ends_on.unwrap_or_else(today);
    let (heading, spans, rows) = may
        .read(async |db| {
            let heading = Heading::read(db).await?;
            let span = Span::new(starts_on.unwrap_or_else(|| heading.year_starts_on(ends_on)), ends_on)?;
            let spans = span.columns(compare, None)?;
            let beside = spans.get(1);
            let rows: Vec<Row> = diesel::sql_query(statement(beside.is_some()))
                .bind::<SqlUuid, _>(db.organization())
                .bind::<Date, _>(span.starts_on)
                .bind::<Date, _>(span.ends_on)
                .bind::<Bool, _>(documents)
                .bind::<BigInt, _>(i64::try_from(MOST + 1).map_err(Problem::internal)?)
                .bind::<Nullable<Date>, _>(beside.map(|span| span.starts_on))
                .bind::<Nullable<Date>, _>(beside.map(|span| span.ends_on))
                .load(db)
                .await?;
            Ok((heading, spans, rows))
        })
        .await?;
    if rows.len() > MOST {
        let rule = format!("there are more than {MOST} rows in the period: ask for a shorter one");
        return Err(Problem::invalid(vec![Fault::of("starts_on", "too-long", rule)]));
    }
    let decimals = ledger::currency::decimals(&heading.currency);
    let parameter =
        |parameter: &str, value: &str| ReportParameter { parameter: parameter.into(), value: value.into() };
    let compared = compare.map(|compare| parameter("compare", compare.as_str()));
    let in_full = documents.then(|| parameter("documents", "true"));
    let report = Report {
        kind: ReportKind::TaxReturn,
        title: "Tax return".into(),
        organization: heading.organization,
        currency: heading.currency,
        starts_on: spans.as_slice().first().map(|span| span.starts_on),
        ends_on,
        parameters: compared.into_iter().chain(in_full).collect(),
        columns: columns(&spans),
        rows: rows
            .chunk_by(Row::stands_beside)
            .filter_map(|rows| Some(written(rows.first()?, rows, &spans, decimals)))
            .collect(),
        next_cursor: None,
    };
    report.reply(Form::accepted(may.http()))
}

/// What was taxed and the tax, of each period.
fn columns(spans: &[Span]) -> Vec<ReportColumn> {
    let mut columns = vec![
        ReportColumn::text("box", "Box"),
        ReportColumn::text("code", "Code"),
        ReportColumn::text("description", "Description"),
        ReportColumn::day("posted_on", "Day"),
        ReportColumn::text("rate", "Rate %"),
    ];
    for (index, span) in spans.iter().enumerate() {
        for (key, title) in [("base", "Taxed"), ("tax", "Tax")] {
            let key = if index == 0 { key.to_owned() } else { format!("{key}_{}", index + 1) };
            let days = period_title(*span);
            let title = if spans.len() == 1 { title.to_owned() } else { format!("{title}, {days}") };
            columns.push(ReportColumn::amount(&key, &title, Some(span.starts_on), span.ends_on));
        }
    }
    columns
}

/// What journal lines are asked for, to be what was taxed and the tax: none where a figure is no sum of lines.
fn sums_of(row: &Row) -> [Option<String>; 2] {
    let side = match (row.section, row.kind) {
        (SALES, _) | (TOTALS, 0) => TaxSide::Payable.as_str(),
        (PURCHASES, _) | (TOTALS, 1) => TaxSide::Recoverable.as_str(),
        _ => return [None, None],
    };
    let (taxed, tax) = match (row.kind, &row.box_name, row.tax_code_id, row.entry_id) {
        _ if row.section == TOTALS => (None, Some(format!("tax_side={side}"))),
        (0, ..) => (Some(format!("taxed_side={side}")), Some(format!("tax_side={side}"))),
        (1, Some(name), ..) => {
            let name: String = byte_serialize(name.as_bytes()).collect();
            let of = |taxed: &str, side_of: &str| Some(format!("{taxed}={name}&{side_of}={side}"));
            (of("taxed_in_box", "taxed_side"), of("return_box", "tax_side"))
        }
        (2, _, Some(code), _) => {
            (Some(format!("taxed_by={code}")), Some(format!("tax_code_id={code}&tax_side={side}")))
        }
        (3, _, Some(code), Some(entry)) => (
            Some(format!("entry_id={entry}&taxed_by={code}")),
            Some(format!("entry_id={entry}&tax_code_id={code}&tax_side={side}")),
        ),
        _ => (None, None),
    };
    [taxed.filter(|_| row.is_sum), tax]
}

/// What was taxed and the tax, and where their lines are.
fn figures(row: &Row, span: Span, decimals: u32) -> [ReportCell; 2] {
    let Span { starts_on, ends_on } = span;
    let in_period =
        |of: String| format!("/v1/journal-lines?{of}&posted_on_from={starts_on}&posted_on_to={ends_on}");
    let [taxed, tax] = match (row.entry_id, row.account_id) {
        (Some(entry), Some(account)) => [None, Some(format!("entry_id={entry}&account_id={account}"))],
        (None, Some(account)) => [None, Some(format!("account_id={account}"))],
        _ => sums_of(row),
    };
    let amount = |amount: Option<Decimal>, lines: Option<String>| match amount {
        Some(amount) => ReportCell::amount(amount, decimals, lines),
        None => ReportCell::default(),
    };
    [amount(row.base, taxed.map(in_period)), amount(row.tax, tax.map(in_period))]
}

/// A row, and what stands in it of each period.
fn written(row: &Row, rows: &[Row], spans: &[Span], decimals: u32) -> ReportRow {
    use ReportRowKind::{Group, Line, Subtotal, Total};
    let (kind, level, key, title) = match (row.section, row.kind) {
        (SALES, 0) => (Group, 0, Some("sales"), "Sales and what is taxed as such"),
        (PURCHASES, 0) => (Group, 0, Some("purchases"), "Purchases"),
        (SALES | PURCHASES, 1) if row.box_name.is_none() => (Group, 1, None, "No box"),
        (SALES | PURCHASES, 1) => (Group, 1, None, ""),
        (SALES | PURCHASES, 2) => (Line, 2, None, ""),
        (SALES | PURCHASES, _) => (Line, 3, None, ""),
        (TOTALS, 0) => (Subtotal, 0, Some("tax_owed"), "Tax owed"),
        (TOTALS, 1) => (Subtotal, 0, Some("tax_got_back"), "Tax got back"),
        (TOTALS, _) => (Total, 0, Some("tax_to_pay"), "Tax to be paid"),
        (_, 0) => (Line, 0, Some("booked"), ""),
        (_, 1) => (Line, 1, Some("without_document"), ""),
        _ => (Subtotal, 0, Some("difference"), "Booked by documents and not declared"),
    };
    let text = |value: Option<String>| ReportCell { value, lines: None };
    let mut cells = vec![
        text(row.box_name.clone()),
        text(row.code.clone()),
        ReportCell::text(if title.is_empty() { row.description.as_str() } else { title }),
        text(row.day.map(|day| day.to_string())),
        text(row.rate.clone()),
    ];
    for (period, span) in (0..).zip(spans) {
        match rows.iter().find(|row| row.period == period) {
            Some(row) => cells.extend(figures(row, *span, decimals)),
            // A document or an entry is of one period, and nothing in the other.
            None if row.id.is_some() => cells.extend([ReportCell::default(), ReportCell::default()]),
            None => cells.extend([row.base, row.tax].map(|of| match of {
                Some(_) => ReportCell::amount(Decimal::ZERO, decimals, None),
                None => ReportCell::default(),
            })),
        }
    }
    let mut told = ReportRow::new(kind, level, cells);
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

pub fn routes(api: &mut Api) {
    api.call(operation!(get_tax_return));
}
