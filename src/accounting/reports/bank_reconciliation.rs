//! The reconciliation of a bank account, as a report: from the balance of the ledger to the balance of the bank, to the last line.
use crate::asked::today;
use crate::books::lines_of;
use crate::load::Heading;
use crate::render::Form;
use crate::report::{
    Report, ReportCell, ReportColumn, ReportKind, ReportParameter, ReportRow, ReportRowKind, Reports,
};
use banking::reconciliation::BankReconciliation;
use platform::prelude::*;
use rust_decimal::Decimal;

/// Lines and entries that are shown of each kind; what is more stands in one row.
const MOST_SHOWN: i32 = 4_000;

/// Which account, and when.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BankReconciliationAsked {
    /// The bank account.
    #[param(required = true)]
    bank_account_id: Option<Uuid>,
    /// The day at whose end it is looked at; today, unless told.
    on: Option<NaiveDate>,
}

/// Bank reconciliation
///
/// Explains the balance of the ledger against the balance of the bank at the end of a day: what the bank booked and no entry explains,
/// what was posted and the bank has not booked, each to the last of them, and what differed before the first statement. All amounts
/// are in the currency of the bank account.
#[utoipa::path(get, path = "/v1/reports/bank-reconciliation", tag = "Reports")]
async fn get_bank_reconciliation(
    may: May<Read, Reports>,
    asked: Params<BankReconciliationAsked>,
) -> Reply<Report> {
    let refused =
        |code: &str, rule: &str| Problem::invalid(vec![Fault::of("bank_account_id", code, rule.to_owned())]);
    let on = asked.0.on.unwrap_or_else(today);
    let (heading, found) = may
        .read(async |db| {
            // Who may not is told before what is missing.
            let account = asked.0.bank_account_id.ok_or_else(|| refused("required", "must be given"))?;
            let heading = Heading::read(db).await?;
            let found = BankReconciliation::of(db, account, on, MOST_SHOWN).await?;
            let rule = "there is no such row in this organization";
            Ok((heading, found.ok_or_else(|| refused("unknown-reference", rule))?))
        })
        .await?;
    report(heading, &found).reply(Form::accepted(may.http()))
}

fn report(heading: Heading, of: &BankReconciliation) -> Report {
    let told = |parameter: &str, value: String| ReportParameter { parameter: parameter.into(), value };
    let parameters = vec![
        told("bank_account_id", of.bank_account_id.to_string()),
        told("bank_account", of.name.clone()),
        told("statements_to", of.statements_to.map(|day| day.to_string()).unwrap_or_default()),
    ];
    Report {
        kind: ReportKind::BankReconciliation,
        title: "Bank reconciliation".to_owned(),
        organization: heading.organization,
        currency: of.currency.clone(),
        starts_on: None,
        ends_on: of.on,
        parameters,
        columns: vec![
            ReportColumn::day("day", "Day"),
            ReportColumn::text("number", "Number or reference"),
            ReportColumn::text("description", "Description"),
            ReportColumn::amount("amount", "Amount", None, of.on),
        ],
        rows: rows(of),
        next_cursor: None,
    }
}

fn rows(of: &BankReconciliation) -> Vec<ReportRow> {
    let decimals = ledger::currency::decimals(&of.currency);
    let row = |kind, level, texts: [Option<String>; 3], amount: Decimal, lines| {
        let mut cells: Vec<ReportCell> =
            texts.into_iter().map(|value| ReportCell { value, lines: None }).collect();
        cells.push(ReportCell::amount(amount, decimals, lines));
        ReportRow::new(kind, level, cells)
    };
    let headed = |kind, text: &str, amount: Decimal, lines| {
        let said = if text.is_empty() { None } else { Some(text.to_owned()) };
        row(kind, 0, [None, None, said], amount, lines)
    };
    // What is not shown, in one row.
    let more = |shown: usize, count: i64, rest: Decimal| {
        let left = usize::try_from(count).unwrap_or_default().saturating_sub(shown);
        (left > 0)
            .then(|| row(ReportRowKind::Line, 1, [None, None, Some(format!("and {left} more"))], rest, None))
    };
    let account = format!("account_id={}", of.account_id);
    let ledger = Some(lines_of(&account, None, of.on, ""));
    let mut rows = vec![
        headed(ReportRowKind::Line, "Balance of the ledger", of.ledger_balance.0, ledger)
            .called("ledger_balance")
            .of(of.account_id),
    ];
    let text = "Before the first statement";
    let before = headed(ReportRowKind::Line, text, of.opening_difference.0, None);
    rows.push(before.called("opening_difference"));
    let text = "Booked by the bank, and by no entry";
    let lines = headed(ReportRowKind::Group, text, of.unmatched_lines_total.0, None);
    rows.push(lines.called("unmatched_lines"));
    let mut rest = of.unmatched_lines_total.0;
    for line in &of.unmatched_lines {
        rest -= line.open.0;
        let said = [&line.counterparty_name, &line.text].into_iter().flatten().cloned().collect::<Vec<_>>();
        let said = (!said.is_empty()).then(|| said.join(": ").chars().take(500).collect());
        let texts = [Some(line.booked_on.to_string()), line.reference.clone(), said];
        rows.push(row(ReportRowKind::Line, 1, texts, line.open.0, None));
    }
    rows.extend(more(of.unmatched_lines.len(), of.unmatched_line_count, rest));
    let text = "Posted, and not booked by the bank";
    let entries = headed(ReportRowKind::Group, text, -of.unmatched_entries_total.0, None);
    rows.push(entries.called("unmatched_entries"));
    let mut rest = -of.unmatched_entries_total.0;
    for entry in &of.unmatched_entries {
        rest += entry.open.0;
        let texts = [
            Some(entry.posted_on.to_string()),
            entry.number.clone().or_else(|| entry.reference.clone()),
            Some(entry.description.clone()),
        ];
        let lines = Some(format!("/v1/journal-lines?entry_id={}&{account}", entry.id));
        rows.push(row(ReportRowKind::Line, 1, texts, -entry.open.0, lines));
    }
    rows.extend(more(of.unmatched_entries.len(), of.unmatched_entry_count, rest));
    rows.push(
        headed(ReportRowKind::Total, "Balance of the bank", of.bank_balance.0, None).called("bank_balance"),
    );
    rows
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_bank_reconciliation));
}
