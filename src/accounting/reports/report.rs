//! What a report is: columns, and rows from its first line to its last sum, each figure with the way to the journal lines that
//! it is the sum of.
use crate::period::Span;
use platform::prelude::*;
use rust_decimal::Decimal;

/// Statements and lists of the books.
pub struct Reports;
impl Named for Reports {
    const NAME: &'static str = "reports";
}

text_enum! {
    /// Which report it is.
    pub enum ReportKind {
        TrialBalance = "trial_balance", GeneralLedger = "general_ledger", Journal = "journal", BalanceSheet = "balance_sheet",
        ProfitAndLoss = "profit_and_loss", CashFlow = "cash_flow", AgedReceivables = "aged_receivables", AgedPayables = "aged_payables",
        PartyStatement = "party_statement", TaxReturn = "tax_return", BudgetVsActual = "budget_vs_actual",
        FixedAssetRegister = "fixed_asset_register", BankReconciliation = "bank_reconciliation",
        PayrollRegister = "payroll_register", PayrollCosts = "payroll_costs", StatutoryTotals = "statutory_totals",
        PayrollReconciliation = "payroll_reconciliation", ProjectCosts = "project_costs",
    }
}

/// A report: the same shape for all of them, as JSON here, and by `Accept` as CSV, as XLSX and on paper.
#[derive(Serialize, ToSchema)]
pub struct Report {
    pub kind: ReportKind,
    /// What stands above it.
    #[schema(max_length = 300, example = "Trial balance")]
    pub title: String,
    /// The organization whose books it tells of: its name in law, where that was given.
    #[schema(max_length = 200, example = "Atelier Lemn SRL")]
    pub organization: String,
    /// The currency of all figures (ISO 4217): that of the books.
    #[schema(min_length = 3, max_length = 3, example = "RON")]
    pub currency: String,
    /// The first day that it tells of; null where it tells how things stand on a day.
    #[schema(example = "2026-01-01")]
    pub starts_on: Option<NaiveDate>,
    /// The last day that it tells of, or the day.
    #[schema(example = "2026-03-31")]
    pub ends_on: NaiveDate,
    /// What it was narrowed by, beside its days.
    #[schema(max_items = 20)]
    pub parameters: Vec<ReportParameter>,
    /// What the cells of each row are, from left to right.
    #[schema(max_items = 100)]
    pub columns: Vec<ReportColumn>,
    /// The rows as they are read, from top to bottom: what has a deeper `level` belongs to the nearest row above that has a
    /// lesser one.
    #[schema(max_items = 10_000)]
    pub rows: Vec<ReportRow>,
    /// Where the next page starts; null on the last, and where a report has no pages.
    #[schema(max_length = 2000, example = json!(null))]
    pub next_cursor: Option<String>,
}

/// What a report was narrowed by.
#[derive(Clone, Serialize, ToSchema)]
pub struct ReportParameter {
    /// The query parameter.
    #[schema(max_length = 100, example = "department_id")]
    pub parameter: String,
    /// What it was.
    #[schema(max_length = 200, example = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    pub value: String,
}

text_enum! {
    /// What the cells of a column hold: text, a day, an amount in the report's currency, or one in the currency that its row or
    /// the nearest group above names.
    pub enum ReportColumnKind { Text = "text", Day = "day", Amount = "amount", ForeignAmount = "foreign_amount" }
}

/// A column of a report.
#[derive(Clone, Serialize, ToSchema)]
pub struct ReportColumn {
    /// What it is called in files; no two of a report are called the same.
    #[schema(max_length = 100, example = "debit")]
    pub key: String,
    /// What stands above it.
    #[schema(max_length = 100, example = "Debit")]
    pub title: String,
    pub kind: ReportColumnKind,
    /// The first day of its figures, where they tell of a period.
    #[schema(example = "2026-01-01")]
    pub starts_on: Option<NaiveDate>,
    /// The last day of its figures.
    #[schema(example = "2026-03-31")]
    pub ends_on: Option<NaiveDate>,
}

text_enum! {
    /// What a row is: what the rows below it belong to (`group`, its figures their sum), a `line`, or the sum of rows above.
    pub enum ReportRowKind { Group = "group", Line = "line", Subtotal = "subtotal", Total = "total" }
}

/// A row of a report.
#[derive(Serialize, ToSchema)]
pub struct ReportRow {
    pub kind: ReportRowKind,
    /// How deep it is: 0 at the top.
    #[schema(minimum = 0, maximum = 100, example = 1)]
    pub level: u8,
    /// What it is called by programs, where it is always there: `total_assets`, `net_result`.
    #[schema(max_length = 100, example = json!(null))]
    pub key: Option<String>,
    /// The account whose figures these are, where they are those of one.
    #[schema(example = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    pub account_id: Option<Uuid>,
    /// The customer or supplier that it is about, where it is about one.
    #[schema(example = json!(null))]
    pub party_id: Option<Uuid>,
    /// Where the document is that it tells of, where it tells of one.
    #[schema(max_length = 200, example = json!(null))]
    pub document: Option<String>,
    /// One for each column.
    #[schema(max_items = 100)]
    pub cells: Vec<ReportCell>,
}

/// What stands in a row under a column.
#[derive(Clone, Default, Serialize, ToSchema)]
pub struct ReportCell {
    /// Text, a day, or an amount with the decimals of the currency; null where nothing stands there.
    #[schema(max_length = 2000, example = "1234.50")]
    pub value: Option<String>,
    /// Where the journal lines are whose sum the amount is.
    #[schema(
        max_length = 2000,
        example = "/v1/journal-lines?account_id=01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f&posted_on_to=2026-03-31"
    )]
    pub lines: Option<String>,
}

impl ReportColumn {
    pub fn text(key: &str, title: &str) -> Self {
        let (key, title) = (key.to_owned(), title.to_owned());
        Self { key, title, kind: ReportColumnKind::Text, starts_on: None, ends_on: None }
    }

    pub fn day(key: &str, title: &str) -> Self {
        Self { kind: ReportColumnKind::Day, ..Self::text(key, title) }
    }

    /// Amounts in another currency than the report's.
    pub fn foreign(key: &str, title: &str) -> Self {
        Self { kind: ReportColumnKind::ForeignAmount, ..Self::text(key, title) }
    }

    pub fn is_amount(&self) -> bool {
        matches!(self.kind, ReportColumnKind::Amount | ReportColumnKind::ForeignAmount)
    }

    /// Amounts of these days.
    pub fn amount(key: &str, title: &str, starts_on: Option<NaiveDate>, ends_on: NaiveDate) -> Self {
        Self { kind: ReportColumnKind::Amount, starts_on, ends_on: Some(ends_on), ..Self::text(key, title) }
    }
}

impl ReportRow {
    pub fn new(kind: ReportRowKind, level: u8, cells: Vec<ReportCell>) -> Self {
        Self { kind, level, key: None, account_id: None, party_id: None, document: None, cells }
    }

    #[must_use]
    pub fn called(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    #[must_use]
    pub fn of(mut self, account: Uuid) -> Self {
        self.account_id = Some(account);
        self
    }

    #[must_use]
    pub fn about(mut self, party: Option<Uuid>) -> Self {
        self.party_id = party;
        self
    }

    /// It tells of this row of a resource, such as `invoices`.
    #[must_use]
    pub fn telling_of(mut self, resource: &str, id: Uuid) -> Self {
        self.document = Some(format!("/v1/{resource}/{id}"));
        self
    }
}

impl ReportCell {
    pub fn text(text: impl Into<String>) -> Self {
        Self { value: Some(text.into()), lines: None }
    }

    /// An amount with so many decimals, and where its lines are.
    pub fn amount(amount: Decimal, decimals: u32, lines: Option<String>) -> Self {
        Self { value: Some(written(amount, decimals)), lines }
    }
}

/// An amount as the currency writes it. What is booked has no more decimals than that, so nothing is rounded away.
pub fn written(mut amount: Decimal, decimals: u32) -> String {
    amount.rescale(decimals.max(amount.normalize().scale()));
    if amount.is_zero() {
        amount.set_sign_positive(true);
    }
    amount.to_string()
}

/// A title for the figures of these days: `2026-03` for a whole month, `2026` for a whole year.
pub fn period_title(span: Span) -> String {
    use chrono::Datelike;
    let Span { starts_on, ends_on } = span;
    let whole = starts_on.day() == 1 && crate::period::is_last_of_month(ends_on);
    if whole && starts_on.year() == ends_on.year() {
        if starts_on.month() == ends_on.month() {
            return starts_on.format("%Y-%m").to_string();
        }
        if starts_on.month() == 1 && ends_on.month() == 12 {
            return starts_on.format("%Y").to_string();
        }
    }
    format!("{starts_on} to {ends_on}")
}

#[cfg(test)]
mod tests {
    use super::{period_title, written};
    use crate::period::Span;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        let of = |amount: &str, decimals| written(amount.parse().unwrap(), decimals);
        assert_eq!(of("1234.5000", 2), "1234.50");
        assert_eq!(of("-1234.5", 0), "-1234.5");
        assert_eq!(of("1000.0000", 0), "1000");
        assert_eq!(of("-0.0000", 2), "0.00");
    }

    #[test]
    fn periods_are_called_what_people_call_them() {
        let of = |starts_on: &str, ends_on: &str| {
            period_title(Span { starts_on: starts_on.parse().unwrap(), ends_on: ends_on.parse().unwrap() })
        };
        assert_eq!(of("2026-02-01", "2026-02-28"), "2026-02");
        assert_eq!(of("2026-01-01", "2026-12-31"), "2026");
        assert_eq!(of("2026-01-01", "2026-03-31"), "2026-01-01 to 2026-03-31");
    }
}
