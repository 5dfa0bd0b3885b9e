//! From what an employee enters to what a claim comes to: what lines refer to is looked up once, all that is wrong is told at once.

use crate::categories::{ExpenseCategoryStatus, ExpenseKind};
use crate::lines::{ExpenseLine, NewExpenseLine};
use crate::policy::{Category, Measure, judge};
use diesel::sql_types::{Bool, Jsonb, Nullable, Uuid as SqlUuid};
use invoicing::tax_codes::{TaxCodeStatus, TaxDirection, TaxKind};
use invoicing::totals::{LIMIT, round};
use platform::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of expenses: what the lines of a claim are figured with.
    fn expense_facts(claim: Nullable<SqlUuid>, employee: Nullable<SqlUuid>, lines: Jsonb, is_final: Bool) -> Jsonb;
}

/// What a claim comes to, in the organization's currency.
pub struct Figured {
    pub employee_id: Uuid,
    pub currency: String,
    pub lines: Vec<ExpenseLine>,
    pub net: Decimal,
    pub tax: Decimal,
    pub total: Decimal,
    /// What of it the employee paid.
    pub reimbursable: Decimal,
    pub is_over_policy: bool,
}

#[derive(Deserialize)]
struct Facts {
    currency: String,
    employee: Option<EmployeeFacts>,
    lines: Vec<LineFacts>,
}

#[derive(Deserialize)]
struct EmployeeFacts {
    id: Uuid,
    department_id: Option<Uuid>,
}

#[derive(Deserialize)]
struct LineFacts {
    category: Option<Category>,
    tax: Option<TaxFacts>,
    /// None where there is no rate on or before the day.
    exchange_rate: Option<Decimal>,
    receipt: Option<ReceiptFacts>,
    paid_from: Option<AccountFacts>,
    knows_department: bool,
    knows_cost_centre: bool,
    knows_project: bool,
    spent_that_day: Decimal,
    spent_that_month: Decimal,
}

#[derive(Deserialize)]
struct TaxFacts {
    id: Uuid,
    code: String,
    direction: TaxDirection,
    kind: TaxKind,
    status: TaxCodeStatus,
    /// None where it has no rate on the day.
    rate: Option<Decimal>,
}

#[derive(Deserialize)]
struct ReceiptFacts {
    status: String,
    is_elsewhere: bool,
}

#[derive(Deserialize)]
struct AccountFacts {
    r#type: String,
    role: Option<String>,
    is_group: bool,
    status: String,
}

async fn look_up(
    db: &mut Db,
    claim: Option<Uuid>,
    employee: Option<Uuid>,
    lines: &impl Serialize,
    is_final: bool,
) -> Result<Facts> {
    let lines = serde_json::to_value(lines).map_err(Problem::internal)?;
    let facts: Value = diesel::select(expense_facts(claim, employee, lines, is_final)).get_result(db).await?;
    serde_json::from_value(facts).map_err(Problem::internal)
}

/// Works out what these lines come to; `claim` is the draft whose lines they are to be, where there is one already.
///
/// # Errors
/// 422 with all that is wrong, each at its place in the body.
pub async fn figure(
    db: &mut Db,
    claim: Option<Uuid>,
    employee: Option<Uuid>,
    lines: &[NewExpenseLine],
) -> Result<Figured> {
    let facts = look_up(db, claim, employee, &lines, false).await?;
    let mut faults = Vec::new();
    let department = facts.employee.as_ref().and_then(|employee| employee.department_id);
    let mut figured = Vec::new();
    for (place, (line, known)) in lines.iter().zip(&facts.lines).enumerate() {
        let found = Figuring { line, known, books: &facts.currency, place }.figure(department, &mut faults);
        figured.extend(found);
    }
    let Some(employee) = &facts.employee else {
        let rule = "must be given: your login belongs to no employee, so say whose claim it is";
        faults.push(match employee {
            Some(_) => unknown("/employee_id".to_owned()),
            None => Fault::at("/employee_id", "required", rule),
        });
        return Err(Problem::invalid(faults));
    };
    if !faults.is_empty() {
        return Err(Problem::invalid(faults));
    }
    judge(&mut figured, &measures(&facts));
    let sum = |of: fn(&ExpenseLine) -> Decimal| figured.iter().map(of).sum::<Decimal>();
    let total = sum(|line| line.base_amount.0);
    if total >= LIMIT {
        let rule = "make a sum that is too large";
        return Err(Problem::invalid(vec![Fault::at("/lines", "out-of-range", rule)]));
    }
    Ok(Figured {
        employee_id: employee.id,
        currency: facts.currency,
        net: sum(|line| line.base_net_amount.0),
        tax: sum(|line| line.base_tax_amount.0),
        total,
        reimbursable: sum(|line| {
            if line.paid_from_account_id.is_none() { line.base_amount.0 } else { Decimal::ZERO }
        }),
        is_over_policy: figured.iter().any(|line| !line.over_policy.is_empty()),
        lines: figured,
    })
}

/// Judges the lines of a claim that is handed in by the policy of this moment. Whoever hands in for the same employee waits from here
/// until the transaction ends.
///
/// # Errors
/// Those of the database.
pub async fn judge_anew(db: &mut Db, claim: Uuid, employee: Uuid, lines: &mut [ExpenseLine]) -> Result<()> {
    let facts = look_up(db, Some(claim), Some(employee), &lines, true).await?;
    judge(lines, &measures(&facts));
    Ok(())
}

fn measures(facts: &Facts) -> Vec<Measure<'_>> {
    let known = facts.lines.iter().filter_map(|known| Some((known, known.category.as_ref()?)));
    known
        .map(|(known, category)| Measure {
            category,
            that_day: known.spent_that_day,
            that_month: known.spent_that_month,
        })
        .collect()
}

fn unknown(at: String) -> Fault {
    Fault::at(at, "unknown-reference", "there is no such row in this organization")
}

/// A line, and what is known of it.
struct Figuring<'a> {
    line: &'a NewExpenseLine,
    known: &'a LineFacts,
    books: &'a str,
    place: usize,
}

/// What was paid, in the currency of the line.
struct Paid {
    amount: Decimal,
    tax: Decimal,
    tax_rate: Option<Decimal>,
    rate: Decimal,
}

impl Figuring<'_> {
    fn at(&self, field: &str) -> String {
        format!("/lines/{}/{field}", self.place)
    }

    fn figure(&self, department: Option<Uuid>, faults: &mut Vec<Fault>) -> Option<ExpenseLine> {
        let before = faults.len();
        self.check_references(faults);
        let Some(category) = &self.known.category else {
            faults.push(unknown(self.at("category_id")));
            return None;
        };
        if category.status == ExpenseCategoryStatus::Archived {
            let rule = "must not be archived: restore it, or name another";
            faults.push(Fault::at(self.at("category_id"), "archived", rule));
        }
        let paid = match category.kind {
            ExpenseKind::Amount => self.by_receipt(category, faults),
            ExpenseKind::Distance | ExpenseKind::PerDiem => self.by_rate(category, faults),
        }?;
        let line = self.line;
        let decimals = ledger::currency::decimals(self.books);
        let base = round(paid.amount * paid.rate, decimals);
        let base_tax = round(paid.tax * paid.rate, decimals).min(base);
        if base.is_zero() || base >= LIMIT {
            let rule = format!("must come to something that can be booked in {}", self.books);
            faults.push(Fault::at(self.at("amount"), "out-of-range", rule));
        }
        let tax = self.known.tax.as_ref().filter(|_| paid.tax_rate.is_some());
        (faults.len() == before).then(|| ExpenseLine {
            line: i32::try_from(self.place + 1).unwrap_or(i32::MAX),
            spent_on: line.spent_on,
            category_id: line.category_id,
            category_code: category.code.clone(),
            kind: category.kind,
            description: line.description.clone(),
            amount: paid.amount.into(),
            currency: self.currency().to_owned(),
            exchange_rate: paid.rate.into(),
            quantity: line.quantity.map(Quantity::from),
            unit: category.unit.clone(),
            unit_rate: category.unit_rate.map(Money::from),
            tax_code_id: tax.map(|tax| tax.id),
            tax_rate: paid.tax_rate.map(|rate| rate.normalize()),
            tax_amount: paid.tax.into(),
            base_amount: base.into(),
            base_tax_amount: base_tax.into(),
            base_net_amount: (base - base_tax).into(),
            account_id: category.account_id,
            department_id: line.department_id.or(department),
            cost_centre_id: line.cost_centre_id,
            project_id: line.project_id,
            receipt_file_id: line.receipt_file_id,
            paid_from_account_id: line.paid_from_account_id,
            reason: line.reason.clone(),
            over_policy: Vec::new(),
        })
    }

    fn currency(&self) -> &str {
        self.line.currency.as_deref().unwrap_or(self.books)
    }

    fn check_references(&self, faults: &mut Vec<Fault>) {
        let (line, known) = (self.line, self.known);
        for (field, id, is_known) in [
            ("department_id", line.department_id, known.knows_department),
            ("cost_centre_id", line.cost_centre_id, known.knows_cost_centre),
            ("project_id", line.project_id, known.knows_project),
            ("receipt_file_id", line.receipt_file_id, known.receipt.is_some()),
            ("paid_from_account_id", line.paid_from_account_id, known.paid_from.is_some()),
            ("tax_code_id", line.tax_code_id, known.tax.is_some()),
        ] {
            if id.is_some() && !is_known {
                faults.push(unknown(self.at(field)));
            }
        }
        match &known.receipt {
            Some(receipt) if receipt.is_elsewhere => {
                let rule = "hangs on something else: upload the receipt again for this claim";
                faults.push(Fault::at(self.at("receipt_file_id"), "hangs-elsewhere", rule));
            }
            Some(receipt) if receipt.status == "infected" => {
                let rule = "is infected, and its content is gone: upload another one";
                faults.push(Fault::at(self.at("receipt_file_id"), "infected", rule));
            }
            _ => {}
        }
        if let Some(account) = &known.paid_from {
            let pays = match account.role.as_deref() {
                Some("bank" | "cash") => true,
                None => account.r#type == "liability", // that of a credit card
                Some(_) => false,
            };
            if !pays || account.is_group || account.status == "archived" {
                let rule = "must be an active account that the company pays from: one with the role bank or cash, or a liability such as a card's";
                faults.push(Fault::at(self.at("paid_from_account_id"), "wrong-account", rule));
            }
        }
    }

    /// So many times the rate of the category.
    fn by_rate(&self, category: &Category, faults: &mut Vec<Fault>) -> Option<Paid> {
        let line = self.line;
        for (field, is_given) in [
            ("amount", line.amount.is_some()),
            ("currency", line.currency.is_some()),
            ("exchange_rate", line.exchange_rate.is_some()),
            ("tax_code_id", line.tax_code_id.is_some()),
            ("tax_amount", line.tax_amount.is_some()),
        ] {
            if is_given {
                let rule = format!("must be left out: `{}` is paid by its rate", category.code);
                faults.push(Fault::at(self.at(field), "paid-by-rate", rule));
            }
        }
        let quantity = match line.quantity {
            Some(quantity) if quantity > Decimal::ZERO => quantity,
            Some(_) => {
                faults.push(Fault::at(self.at("quantity"), "too-small", "must be above zero"));
                return None;
            }
            None => {
                let rule = format!("must be given: `{}` is paid by its rate", category.code);
                faults.push(Fault::at(self.at("quantity"), "required", rule));
                return None;
            }
        };
        let amount = quantity.checked_mul(category.unit_rate?).filter(|amount| *amount < LIMIT);
        if amount.is_none() {
            faults.push(Fault::at(self.at("quantity"), "out-of-range", "makes an amount that is too large"));
        }
        let amount = round(amount?, ledger::currency::decimals(self.books));
        Some(Paid { amount, tax: Decimal::ZERO, tax_rate: None, rate: Decimal::ONE })
    }

    /// What a receipt says.
    fn by_receipt(&self, category: &Category, faults: &mut Vec<Fault>) -> Option<Paid> {
        let line = self.line;
        if line.quantity.is_some() {
            let rule = format!("must be left out: of `{}` the amount is claimed", category.code);
            faults.push(Fault::at(self.at("quantity"), "paid-by-amount", rule));
        }
        let amount = line.amount.filter(|amount| *amount > Decimal::ZERO);
        if amount.is_none() {
            let (code, rule) = match line.amount {
                Some(_) => ("too-small", "must be above zero"),
                None => ("required", "must be given: it is what the receipt says, tax included"),
            };
            faults.push(Fault::at(self.at("amount"), code, rule));
        }
        let currency = self.currency();
        faults.extend(ledger::currency::fault(&self.at("currency"), currency));
        let decimals = ledger::currency::decimals(currency);
        for (field, amount) in [("amount", line.amount), ("tax_amount", line.tax_amount)] {
            if amount.is_some_and(|amount| amount.normalize().scale() > decimals) {
                let rule = format!("must have no more decimals than {currency} has, which is {decimals}");
                faults.push(Fault::at(self.at(field), "too-many-decimals", rule));
            }
        }
        let rate = self.exchange_rate(faults);
        let tax_rate = self.tax_rate(faults);
        let amount = amount?;
        let tax = match line.tax_amount {
            Some(tax) if self.known.tax.is_none() && !tax.is_zero() => {
                let rule = "must be 0 or left out: there is no tax code to get it back by";
                faults.push(Fault::at(self.at("tax_amount"), "untaxed", rule));
                tax
            }
            Some(tax) if tax > amount => {
                faults.push(Fault::at(
                    self.at("tax_amount"),
                    "too-large",
                    "must not be more than the amount",
                ));
                tax
            }
            Some(tax) => tax,
            None => {
                let percent = tax_rate.unwrap_or_default();
                round(amount * percent / (Decimal::ONE_HUNDRED + percent), decimals)
            }
        };
        // Who gets nothing back of a tax that there is declares nothing of it.
        let tax_rate = tax_rate.filter(|rate| rate.is_zero() || !tax.is_zero());
        Some(Paid { amount, tax, tax_rate, rate: rate? })
    }

    fn exchange_rate(&self, faults: &mut Vec<Fault>) -> Option<Decimal> {
        let currency = self.currency();
        match self.line.exchange_rate {
            Some(rate) if currency == self.books && rate != Decimal::ONE => {
                let rule = format!("must be 1, or left out: the books are kept in {currency}");
                faults.push(Fault::at(self.at("exchange_rate"), "must-be-one", rule));
                None
            }
            Some(rate) if rate <= Decimal::ZERO => {
                faults.push(Fault::at(self.at("exchange_rate"), "too-small", "must be above zero"));
                None
            }
            Some(rate) => Some(rate),
            None => {
                if self.known.exchange_rate.is_none() {
                    let rule = format!(
                        "has no rate on or before {}: add one at `/v1/exchange-rates`, or give `exchange_rate`",
                        self.line.spent_on
                    );
                    faults.push(Fault::at(self.at("currency"), "no-rate", rule));
                }
                self.known.exchange_rate
            }
        }
    }

    /// The rate of the tax, in percent.
    fn tax_rate(&self, faults: &mut Vec<Fault>) -> Option<Decimal> {
        let tax = self.known.tax.as_ref()?;
        let at = self.at("tax_code_id");
        let fault = if tax.status == TaxCodeStatus::Archived && self.line.tax_code_id.is_some() {
            Some(Fault::at(at, "archived", "must not be archived: restore it, or name another"))
        } else if tax.direction != TaxDirection::Purchase {
            let rule = format!("must be a tax on a purchase, and `{}` is not", tax.code);
            Some(Fault::at(at, "other-direction", rule))
        } else if tax.kind == TaxKind::ReverseCharge {
            let rule =
                format!("must be a tax that the seller charges, and `{}` is not: enter a bill", tax.code);
            Some(Fault::at(at, "reverse-charge", rule))
        } else if tax.rate.is_none() {
            let rule = format!("has no rate on {}: add one to `{}`", self.line.spent_on, tax.code);
            Some(Fault::at(at, "no-rate", rule))
        } else {
            None
        };
        faults.extend(fault);
        tax.rate
    }
}
