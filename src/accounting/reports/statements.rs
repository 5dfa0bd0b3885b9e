//! The statements: how things stand on a day, what was earned and spent, and where the money came from and went.
use crate::books::{Account, RESULT, Statement, Sums, add, minus};
use crate::report::ReportRowKind::{Line, Subtotal, Total};
use ledger::accounts::AccountType::{Asset, Equity, Expense, Income, Liability};
use rust_decimal::Decimal;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

const UP: Decimal = Decimal::ONE;
/// What grows by credits is shown as positive.
const DOWN: Decimal = Decimal::NEGATIVE_ONE;

/// Assets on one side, liabilities and equity on the other. Income and expenses that no year-end has closed yet stand in
/// equity as the result: of the year, and of years before.
///
/// Columns hold what was booked since the first day of the year of their day, and before it.
pub fn balance_sheet(statement: &mut Statement) {
    statement.section("assets", "Assets", UP, Some("account_type=asset"), |account| account.kind == Asset);
    let mut both =
        statement.section("liabilities", "Liabilities", DOWN, Some("account_type=liability"), |account| {
            account.kind == Liability
        });
    statement.heading("Equity");
    let mut equity = statement.tree(1, DOWN, &|account| account.kind == Equity);
    let earlier = unclosed(statement, |sums| -sums.opening);
    if statement.zero_rows || earlier.iter().any(|sum| !sum.is_zero()) {
        statement.sum(Line, "unclosed_result", "Result of years not closed", &earlier, None);
    }
    let result = unclosed(statement, |sums| -sums.movement());
    statement.sum(Line, "net_result", "Result of the year", &result, Some(RESULT));
    add(&mut equity, &earlier);
    add(&mut equity, &result);
    statement.sum(Subtotal, "total_equity", "Total equity", &equity, None);
    add(&mut both, &equity);
    statement.sum(Total, "total_liabilities_and_equity", "Total liabilities and equity", &both, None);
}

fn unclosed(statement: &Statement, of: fn(Sums) -> Decimal) -> Vec<Decimal> {
    let mut result = vec![Decimal::ZERO; statement.spans.len()];
    let accounts = statement.books.accounts.iter().filter(|account| matches!(account.kind, Income | Expense));
    for account in accounts {
        let booked: Vec<Decimal> = statement.books.of(account).into_iter().map(of).collect();
        add(&mut result, &booked);
    }
    result
}

/// Income less expenses. Where cost of sales was booked, it stands apart, and gross profit with it.
pub fn profit_and_loss(statement: &mut Statement) {
    let cost = cost_of_sales(&statement.books.accounts);
    let is_cost = |account: &Account| cost.contains(&account.id);
    let is_booked =
        |account: &Account| statement.books.of(account).iter().any(|sums| !sums.movement().is_zero());
    let has_cost = statement.books.accounts.iter().any(|account| is_cost(account) && is_booked(account));
    let mut result = statement
        .section("income", "Income", DOWN, Some("account_type=income"), |account| account.kind == Income);
    if has_cost {
        let cost = statement.section("cost_of_sales", "Cost of sales", UP, None, is_cost);
        result = minus(&result, &cost);
        statement.sum(Subtotal, "gross_profit", "Gross profit", &result, None);
    }
    let all = (!has_cost).then_some("account_type=expense");
    let expenses = statement.section("expenses", "Expenses", UP, all, |account| {
        account.kind == Expense && !(has_cost && is_cost(account))
    });
    result = minus(&result, &expenses);
    statement.sum(Total, "net_result", "Net result", &result, Some(RESULT));
}

/// The account with that role, and all others in its topmost group, unless that holds depreciation too: then it is the group
/// of all expenses.
fn cost_of_sales(accounts: &[Account]) -> HashSet<Uuid> {
    let known: HashMap<Uuid, &Account> = accounts.iter().map(|account| (account.id, account)).collect();
    let has_role = |account: &Account, role: &str| account.role.as_deref() == Some(role);
    let top = |account: &Account| {
        let up = |above: &Uuid| known.get(above).and_then(|above| above.parent_id);
        std::iter::successors(Some(account.id), up).take(100).last()
    };
    let costs: Vec<&Account> = accounts.iter().filter(|account| has_role(account, "cost_of_sales")).collect();
    let tops: HashSet<_> = costs.iter().map(|account| top(account)).collect();
    let beside: Vec<&Account> = accounts.iter().filter(|account| tops.contains(&top(account))).collect();
    let is_all = beside.iter().any(|account| has_role(account, "depreciation_expense"));
    let chosen = if is_all { costs } else { beside };
    chosen.into_iter().filter(|account| account.kind == Expense).map(|account| account.id).collect()
}

/// Where the change of an account stands in the statement of cash flows (IAS 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// Money itself: banks and tills.
    Cash,
    /// Income and expenses, which make the result.
    Result,
    /// What lessens or raises the result without a payment: depreciation, provisions.
    NonCash,
    Operating,
    Investing,
    Financing,
}

/// What the account says, or its role; else what the groups say that it stands in, the nearest first; else its type.
fn flow_of(account: &Account, known: &HashMap<Uuid, &Account>) -> Flow {
    if matches!(account.kind, Income | Expense) {
        return Flow::Result;
    }
    let said = |account: &Account| match account.cash_flow.as_deref()? {
        "cash" => Some(Flow::Cash),
        "non_cash" => Some(Flow::NonCash),
        "investing" => Some(Flow::Investing),
        "financing" => Some(Flow::Financing),
        _ => Some(Flow::Operating),
    };
    let by_role = || match account.role.as_deref()? {
        "bank" | "cash" => Some(Flow::Cash),
        "fixed_asset" => Some(Flow::Investing),
        "accumulated_depreciation" => Some(Flow::NonCash),
        _ => None,
    };
    let above = || {
        let up = |account: &&Account| known.get(&account.parent_id?).copied();
        std::iter::successors(known.get(&account.parent_id?).copied(), up).take(100).find_map(said)
    };
    let by_type = if account.kind == Equity { Flow::Financing } else { Flow::Operating };
    said(account).or_else(by_role).or_else(above).unwrap_or(by_type)
}

/// Where the money came from and went, by the indirect method (IAS 7.20): the result, what of it was no payment, and how
/// what is owned and owed changed. It ends in the change of what is in banks and tills; what they stand at comes back, for who
/// wants to compare.
pub fn cash_flow(statement: &mut Statement) -> Vec<Decimal> {
    let accounts = &statement.books.accounts;
    let known: HashMap<Uuid, &Account> = accounts.iter().map(|account| (account.id, account)).collect();
    let flows: HashMap<Uuid, Flow> =
        accounts.iter().map(|account| (account.id, flow_of(account, &known))).collect();
    let flows = &flows;
    let is = |flow: Flow| move |account: &Account| flows.get(&account.id) == Some(&flow);

    statement.heading("Operating activities");
    let mut operating = unclosed(statement, |sums| -sums.movement());
    statement.sum(Line, "net_result", "Net result", &operating, Some(RESULT));
    for flow in [Flow::NonCash, Flow::Operating] {
        let sums = statement.tree(1, DOWN, &is(flow));
        add(&mut operating, &sums);
    }
    statement.sum(Subtotal, "cash_from_operating", "Net cash from operating activities", &operating, None);
    let mut change = operating;
    for (key, name, flow) in
        [("investing", "Investing", Flow::Investing), ("financing", "Financing", Flow::Financing)]
    {
        statement.heading(&format!("{name} activities"));
        let sums = statement.tree(1, DOWN, &is(flow));
        statement.sum(
            Subtotal,
            &format!("cash_from_{key}"),
            &format!("Net cash from {key} activities"),
            &sums,
            None,
        );
        add(&mut change, &sums);
    }
    statement.sum(Subtotal, "change_in_cash", "Change in cash", &change, None);
    let mut cash = vec![Decimal::ZERO; statement.spans.len()];
    let mut stands = cash.clone();
    for account in statement.books.accounts.iter().filter(|account| is(Flow::Cash)(account)) {
        let booked = statement.books.of(account);
        add(&mut cash, &booked.iter().map(|sums| sums.opening).collect::<Vec<_>>());
        add(&mut stands, &booked.iter().map(|sums| sums.closing()).collect::<Vec<_>>());
    }
    statement.sum(Line, "cash_at_beginning", "Cash at the beginning", &cash, None);
    add(&mut cash, &change);
    statement.sum(Total, "cash_at_end", "Cash at the end", &cash, None);
    stands
}
