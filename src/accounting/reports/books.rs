//! What statements are made of: the chart of accounts, what was booked on each account, and the tree they stand in.
use crate::period::Span;
use crate::report::{ReportCell, ReportColumn, ReportRow, ReportRowKind, period_title};
use ledger::accounts::AccountType;
use platform::prelude::*;
use rust_decimal::Decimal;
use std::collections::HashMap;

/// An account as reports know it.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: Uuid,
    pub code: String,
    pub name: String,
    pub kind: AccountType,
    pub role: Option<String>,
    /// Where its changes stand in the statement of cash flows, where the account itself says so.
    pub cash_flow: Option<String>,
    pub parent_id: Option<Uuid>,
}

/// What was booked on an account before the days of a column, and in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// What more was debited than credited before.
    pub opening: Decimal,
    pub debit: Decimal,
    pub credit: Decimal,
}

impl Sums {
    /// What more was debited than credited in the days of the column.
    pub fn movement(self) -> Decimal {
        self.debit - self.credit
    }

    /// The balance at the end of its last day; what was debited counts up.
    pub fn closing(self) -> Decimal {
        self.opening + self.movement()
    }

    pub fn is_zero(self) -> bool {
        self == Self::default()
    }
}

/// The books as a report reads them.
pub struct Books {
    pub currency: String,
    pub organization: String,
    /// By code.
    pub accounts: Vec<Account>,
    /// What was booked, column by column.
    pub sums: Vec<HashMap<Uuid, Sums>>,
}

impl Books {
    pub fn decimals(&self) -> u32 {
        ledger::currency::decimals(&self.currency)
    }

    /// What was booked on the account, column by column.
    pub fn of(&self, account: &Account) -> Vec<Sums> {
        self.sums.iter().map(|column| column.get(&account.id).copied().unwrap_or_default()).collect()
    }
}

/// A statement while it is put together: from top to bottom.
pub struct Statement<'a> {
    pub books: &'a Books,
    /// The days of each column of figures.
    pub spans: &'a [Span],
    /// What a figure is made of.
    pub figure: fn(Sums) -> Decimal,
    /// Whether figures tell of all that was ever booked up to the last day.
    pub since_ever: bool,
    /// What links narrow journal lines by, beside account and days: `&department_id=…`.
    pub narrowed: &'a str,
    pub zero_rows: bool,
    pub rows: Vec<ReportRow>,
    below: HashMap<Option<Uuid>, Vec<usize>>,
}

impl<'a> Statement<'a> {
    pub fn new(
        books: &'a Books,
        spans: &'a [Span],
        figure: fn(Sums) -> Decimal,
        narrowed: &'a str,
        zero_rows: bool,
    ) -> Self {
        let mut below: HashMap<Option<Uuid>, Vec<usize>> = HashMap::new();
        for (index, account) in books.accounts.iter().enumerate() {
            below.entry(account.parent_id).or_default().push(index);
        }
        Self { books, spans, figure, since_ever: false, narrowed, zero_rows, rows: Vec::new(), below }
    }

    /// The columns of every statement.
    pub fn columns(&self) -> Vec<ReportColumn> {
        let mut columns = vec![ReportColumn::text("code", "Code"), ReportColumn::text("account", "Account")];
        for (index, span) in self.spans.iter().enumerate() {
            let key = if index == 0 { "amount".to_owned() } else { format!("amount_{}", index + 1) };
            let (title, starts_on) = if self.since_ever {
                (span.ends_on.to_string(), None)
            } else {
                (period_title(*span), Some(span.starts_on))
            };
            columns.push(ReportColumn::amount(&key, &title, starts_on, span.ends_on));
        }
        columns
    }

    /// Accounts under a heading, with those that they stand beneath, and their sum.
    pub fn section(
        &mut self,
        key: &str,
        title: &str,
        sign: Decimal,
        of: Option<&str>,
        is_in: impl Fn(&Account) -> bool,
    ) -> Vec<Decimal> {
        self.heading(title);
        let sums = self.tree(1, sign, &is_in);
        let title = format!("Total {}", title.to_lowercase());
        self.sum(ReportRowKind::Subtotal, &format!("total_{key}"), &title, &sums, of);
        sums
    }

    pub fn heading(&mut self, title: &str) {
        let cells = vec![ReportCell::default(), ReportCell::text(title)];
        let cells = cells.into_iter().chain(self.spans.iter().map(|_| ReportCell::default())).collect();
        self.rows.push(ReportRow::new(ReportRowKind::Group, 0, cells));
    }

    /// A sum: of the journal lines that `of` narrows them to, or of figures above.
    pub fn sum(&mut self, kind: ReportRowKind, key: &str, title: &str, sums: &[Decimal], of: Option<&str>) {
        let level = u8::from(kind == ReportRowKind::Line);
        let row =
            self.row(kind, level, ("", title), sums, of, !self.since_ever || of == Some(RESULT)).called(key);
        self.rows.push(row);
    }

    /// The accounts, each under the one that it stands beneath where that is among them; answers their sum.
    pub fn tree(&mut self, level: u8, sign: Decimal, is_in: &dyn Fn(&Account) -> bool) -> Vec<Decimal> {
        let accounts = &self.books.accounts;
        let known: HashMap<Uuid, &Account> = accounts.iter().map(|account| (account.id, account)).collect();
        let is_root = |account: &Account| {
            let parent = account.parent_id.and_then(|parent| known.get(&parent));
            is_in(account) && parent.is_none_or(|parent| !is_in(parent))
        };
        let roots: Vec<usize> = (0..accounts.len()).filter(|index| is_root(&accounts[*index])).collect();
        let mut sums = vec![Decimal::ZERO; self.spans.len()];
        for root in roots {
            let branch = self.branch(root, level, sign, is_in);
            add(&mut sums, &branch.sums);
            self.rows.extend(branch.rows);
        }
        sums
    }

    fn branch(&self, index: usize, level: u8, sign: Decimal, is_in: &dyn Fn(&Account) -> bool) -> Branch {
        let account = &self.books.accounts[index];
        let booked = self.books.of(account);
        let mut sums: Vec<Decimal> = booked.iter().map(|sums| (self.figure)(*sums) * sign).collect();
        let (mut rows, mut is_whole) = (Vec::new(), true);
        for child in self.below.get(&Some(account.id)).into_iter().flatten() {
            if is_in(&self.books.accounts[*child]) {
                let beneath = self.branch(*child, level.saturating_add(1), sign, is_in);
                add(&mut sums, &beneath.sums);
                rows.extend(beneath.rows);
                is_whole &= beneath.is_whole;
            } else {
                is_whole = false;
            }
        }
        let is_shown = self.zero_rows || !rows.is_empty() || sums.iter().any(|sum| !sum.is_zero());
        if is_shown {
            let kind = if rows.is_empty() { ReportRowKind::Line } else { ReportRowKind::Group };
            // What is only a part of a group is the sum of what stands below, and of no lines that could be named.
            let of = is_whole.then(|| account_filter(account.id, !rows.is_empty()));
            let names = (account.code.as_str(), account.name.as_str());
            let row = self.row(kind, level, names, &sums, of.as_deref(), !self.since_ever);
            rows.insert(0, row.of(account.id));
        }
        Branch { sums, rows, is_whole }
    }

    fn row(
        &self,
        kind: ReportRowKind,
        level: u8,
        (code, title): (&str, &str),
        sums: &[Decimal],
        of: Option<&str>,
        is_since_start: bool,
    ) -> ReportRow {
        let decimals = self.books.decimals();
        let mut cells = vec![
            ReportCell { value: (!code.is_empty()).then(|| code.to_owned()), lines: None },
            ReportCell::text(title),
        ];
        cells.extend(sums.iter().zip(self.spans).map(|(sum, span)| {
            let starts_on = is_since_start.then_some(span.starts_on);
            let lines = of.map(|of| lines_of(of, starts_on, span.ends_on, self.narrowed));
            ReportCell::amount(*sum, decimals, lines)
        }));
        ReportRow::new(kind, level, cells)
    }
}

/// An account with those that stand in it.
struct Branch {
    sums: Vec<Decimal>,
    rows: Vec<ReportRow>,
    /// Whether all of those that stand in it are among them.
    is_whole: bool,
}

/// Journal lines of income and expenses.
pub const RESULT: &str = "affects_result=true";

/// Journal lines of an account, or of all in a group.
pub fn account_filter(account: Uuid, is_group: bool) -> String {
    format!("{}={account}", if is_group { "account_branch_id" } else { "account_id" })
}

/// Where the journal lines of some filter are, of these days.
pub fn lines_of(of: &str, starts_on: Option<NaiveDate>, ends_on: NaiveDate, narrowed: &str) -> String {
    let from = starts_on.map(|day| format!("&posted_on_from={day}")).unwrap_or_default();
    format!("/v1/journal-lines?{of}{from}&posted_on_to={ends_on}{narrowed}")
}

pub fn add(sums: &mut [Decimal], others: &[Decimal]) {
    sums.iter_mut().zip(others).for_each(|(sum, other)| *sum += other);
}

pub fn minus(sums: &[Decimal], others: &[Decimal]) -> Vec<Decimal> {
    sums.iter().zip(others).map(|(sum, other)| sum - other).collect()
}
