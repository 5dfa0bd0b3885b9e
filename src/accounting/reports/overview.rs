//! The reports of a period or a day that stand on balances alone: trial balance, balance sheet, profit and loss, cash flow.
use crate::asked::{DayAsked, PeriodAsked};
use crate::books::{Books, Statement, Sums, account_filter, lines_of};
use crate::load::{self, Heading, Wanted};
use crate::period::{Span, days};
use crate::render::Form;
use crate::report::{
    Report, ReportCell, ReportColumn, ReportKind, ReportParameter, ReportRow, ReportRowKind, Reports,
};
use crate::statements;
use platform::prelude::*;
use rust_decimal::Decimal;

/// Trial balance
///
/// Every account with what it stood at before the first day, what was debited and credited, and what it stands at after the
/// last: debits and credits are the same in each pair of columns. With more than one period it shows the balance at the end of
/// each. Entries that close a year count: as of the last day of a closed year, income and expenses are zero.
#[utoipa::path(get, path = "/v1/reports/trial-balance", tag = "Reports")]
async fn get_trial_balance(may: May<Read, Reports>, asked: Params<PeriodAsked>) -> Reply<Report> {
    let asked = asked.0;
    let report = may
        .read(async |db| {
            let heading = Heading::read(db).await?;
            let span = asked.span(heading.year_starts_on(asked.last_day()))?;
            let spans = span.columns(asked.compare, asked.columns)?;
            let wanted = Wanted { spans: &spans, by: asked.dimensions(), with_closing: true };
            let books = load::books(db, &heading, wanted).await?;
            Ok(trial_balance(&books, span, &spans, &asked))
        })
        .await?;
    report.reply(Form::accepted(may.http()))
}

/// What one column of a trial balance shows of an account.
type Shown = fn(Sums) -> Decimal;

fn trial_balance(books: &Books, span: Span, spans: &[Span], asked: &PeriodAsked) -> Report {
    let mut columns = vec![ReportColumn::text("code", "Code"), ReportColumn::text("account", "Account")];
    // Which column of the books, what of it, and since when its lines count.
    let mut shown: Vec<(usize, Shown, Option<NaiveDate>, NaiveDate)> = Vec::new();
    let before = crate::period::previous_day(span.starts_on);
    if spans.len() == 1 {
        let each: [(&str, &str, Shown, Option<NaiveDate>, NaiveDate); 6] = [
            ("opening_debit", "Opening debit", |of| of.opening.max(Decimal::ZERO), None, before),
            ("opening_credit", "Opening credit", |of| (-of.opening).max(Decimal::ZERO), None, before),
            ("debit", "Debit", |of| of.debit, Some(span.starts_on), span.ends_on),
            ("credit", "Credit", |of| of.credit, Some(span.starts_on), span.ends_on),
            ("closing_debit", "Closing debit", |of| of.closing().max(Decimal::ZERO), None, span.ends_on),
            ("closing_credit", "Closing credit", |of| (-of.closing()).max(Decimal::ZERO), None, span.ends_on),
        ];
        for (key, title, of, starts_on, ends_on) in each {
            columns.push(ReportColumn::amount(key, title, starts_on, ends_on));
            shown.push((0, of, starts_on, ends_on));
        }
    } else {
        for (index, span) in spans.iter().enumerate() {
            let key = if index == 0 { "balance".to_owned() } else { format!("balance_{}", index + 1) };
            columns.push(ReportColumn::amount(&key, &span.ends_on.to_string(), None, span.ends_on));
            shown.push((index, Sums::closing, None, span.ends_on));
        }
    }
    let narrowed = asked.dimensions().query();
    let mut totals = vec![Decimal::ZERO; shown.len()];
    let mut rows = Vec::with_capacity(books.accounts.len() + 1);
    for account in &books.accounts {
        let booked = books.of(account);
        if booked.iter().all(|sums| sums.is_zero()) && !asked.zero_rows {
            continue;
        }
        let mut cells = vec![ReportCell::text(&account.code), ReportCell::text(&account.name)];
        for ((index, of, starts_on, ends_on), total) in shown.iter().zip(&mut totals) {
            let amount = of(booked[*index]);
            *total += amount;
            let lines = lines_of(&account_filter(account.id, false), *starts_on, *ends_on, &narrowed);
            cells.push(ReportCell::amount(amount, books.decimals(), Some(lines)));
        }
        rows.push(ReportRow::new(ReportRowKind::Line, 0, cells).of(account.id));
    }
    let mut cells = vec![ReportCell::default(), ReportCell::text("Total")];
    cells.extend(totals.into_iter().map(|total| ReportCell::amount(total, books.decimals(), None)));
    rows.push(ReportRow::new(ReportRowKind::Total, 0, cells).called("total"));
    let of = (ReportKind::TrialBalance, "Trial balance");
    report(of, books, (Some(span.starts_on), span.ends_on), asked.parameters(), columns, rows)
}

/// Balance sheet
///
/// What is owned, what is owed, and what is the owners' own, at the end of a day. Income and expenses that no year-end has
/// closed yet stand in equity as the result, so that both sides are the same at every moment.
#[utoipa::path(get, path = "/v1/reports/balance-sheet", tag = "Reports")]
async fn get_balance_sheet(may: May<Read, Reports>, asked: Params<DayAsked>) -> Reply<Report> {
    let asked = asked.0;
    let report = may
        .read(async |db| {
            let heading = Heading::read(db).await?;
            let day = asked.day();
            let days = days(day, heading.year_starts_on(day), asked.compare, asked.columns)?;
            // A column tells of all that was ever booked; what was booked since its year began is the result of the year.
            let span = |day| Span { starts_on: heading.year_starts_on(day), ends_on: day };
            let spans: Vec<Span> = days.into_iter().map(span).collect();
            let by = asked.dimensions();
            let books = load::books(db, &heading, Wanted { spans: &spans, by, with_closing: true }).await?;
            let narrowed = by.query();
            let mut statement = Statement::new(&books, &spans, Sums::closing, &narrowed, asked.zero_rows);
            statement.since_ever = true;
            statements::balance_sheet(&mut statement);
            let of = (ReportKind::BalanceSheet, "Balance sheet");
            let (columns, rows) = (statement.columns(), statement.rows);
            Ok(report(of, &books, (None, day), asked.parameters(), columns, rows))
        })
        .await?;
    report.reply(Form::accepted(may.http()))
}

/// Profit and loss
///
/// What was earned and spent in the period, and what is left. Entries that close a year don't count, so that a closed year
/// shows what an open one did. Where cost of sales was booked, it stands apart, and gross profit with it.
#[utoipa::path(get, path = "/v1/reports/profit-and-loss", tag = "Reports")]
async fn get_profit_and_loss(may: May<Read, Reports>, asked: Params<PeriodAsked>) -> Reply<Report> {
    let of = (ReportKind::ProfitAndLoss, "Profit and loss");
    statement_of_period(may, asked.0, of, statements::profit_and_loss).await
}

/// Cash flow
///
/// Where money came from and went in the period, by the indirect method (IAS 7): the result, what of it was no payment, how
/// what is owned and owed changed, and the change of cash in the end. Cash are the accounts with the role `bank` or `cash`;
/// where the changes of others stand follows from their `cash_flow`, that of the groups they are in, their role and type.
#[utoipa::path(get, path = "/v1/reports/cash-flow", tag = "Reports")]
async fn get_cash_flow(may: May<Read, Reports>, asked: Params<PeriodAsked>) -> Reply<Report> {
    let of = (ReportKind::CashFlow, "Cash flow");
    let put_together = |statement: &mut Statement| drop(statements::cash_flow(statement));
    statement_of_period(may, asked.0, of, put_together).await
}

async fn statement_of_period(
    may: May<Read, Reports>,
    asked: PeriodAsked,
    of: (ReportKind, &str),
    put_together: fn(&mut Statement),
) -> Reply<Report> {
    let report = may
        .read(async |db| {
            let heading = Heading::read(db).await?;
            let span = asked.span(heading.year_starts_on(asked.last_day()))?;
            let mut spans = span.columns(asked.compare, asked.columns)?;
            if asked.columns.is_some() && spans.len() > 1 {
                spans.push(span); // all months together
            }
            let by = asked.dimensions();
            let books = load::books(db, &heading, Wanted { spans: &spans, by, with_closing: false }).await?;
            let narrowed = format!("&is_closing=false{}", by.query());
            let mut statement = Statement::new(&books, &spans, Sums::movement, &narrowed, asked.zero_rows);
            put_together(&mut statement);
            let (columns, rows) = (statement.columns(), statement.rows);
            Ok(report(of, &books, (Some(span.starts_on), span.ends_on), asked.parameters(), columns, rows))
        })
        .await?;
    report.reply(Form::accepted(may.http()))
}

fn report(
    (kind, title): (ReportKind, &str),
    books: &Books,
    (starts_on, ends_on): (Option<NaiveDate>, NaiveDate),
    parameters: Vec<ReportParameter>,
    columns: Vec<ReportColumn>,
    rows: Vec<ReportRow>,
) -> Report {
    Report {
        kind,
        title: title.to_owned(),
        organization: books.organization.clone(),
        currency: books.currency.clone(),
        starts_on,
        ends_on,
        parameters,
        columns,
        rows,
        next_cursor: None,
    }
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_trial_balance))
        .call(operation!(get_balance_sheet))
        .call(operation!(get_profit_and_loss))
        .call(operation!(get_cash_flow));
}
