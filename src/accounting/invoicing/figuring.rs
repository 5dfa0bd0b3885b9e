//! From what somebody enters to what a document comes to: what it refers to is looked up once, all that is wrong is told
//! at once, and the figures are worked out. What the client can not say, the client can not get wrong.

use crate::lines::{DocumentLine, DocumentTax, Instalment, LineTax, NewDocumentLine, booked_as_one};
use crate::tax_codes::{TaxCodeStatus, TaxDirection, TaxKind};
use crate::totals::{self, Discount, Figures, LineFault, Rounding, Tax, round};
use diesel::sql_types::{Array, Date, Nullable, Uuid as SqlUuid};
pub use identity::organizations::TaxRounding;
use parties::payment_terms::PaymentTerms;
use platform::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::HashSet;

diesel::define_sql_function! {
    /// See the migration of invoices: what a document is figured with.
    fn document_facts(party: SqlUuid, terms: Nullable<SqlUuid>, day: Date, codes: Array<SqlUuid>, accounts: Array<SqlUuid>, dimensions: Array<SqlUuid>) -> Jsonb;
}

/// What somebody enters: of a new document, or of a draft with its changes.
#[derive(Clone, Debug)]
pub struct Entered {
    pub party_id: Uuid,
    pub payment_terms_id: Option<Uuid>,
    pub currency: Option<String>,
    pub exchange_rate: Option<Decimal>,
    pub issued_on: NaiveDate,
    pub due_on: Option<NaiveDate>,
    pub lines: Vec<NewDocumentLine>,
}

/// What it comes to.
#[derive(Clone, Debug)]
pub struct Figured {
    pub payment_terms_id: Option<Uuid>,
    pub due_on: NaiveDate,
    pub instalments: Vec<Instalment>,
    pub currency: String,
    pub exchange_rate: Decimal,
    pub tax_rounding: TaxRounding,
    pub lines: Vec<DocumentLine>,
    pub taxes: Vec<DocumentTax>,
    pub amounts: Amounts,
}

/// The sums of a document, in its currency and in the organization's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amounts {
    pub net: Decimal,
    pub tax: Decimal,
    pub total: Decimal,
    pub base_net: Decimal,
    pub base_tax: Decimal,
    pub base_total: Decimal,
}

#[derive(Deserialize)]
struct Facts {
    currency: String,
    tax_rounding: TaxRounding,
    party: Option<PartyFacts>,
    terms: Option<PaymentTerms>,
    tax_codes: Vec<TaxFacts>,
    known: HashSet<Uuid>,
}

#[derive(Deserialize)]
struct PartyFacts {
    status: String,
    is_customer: bool,
    is_supplier: bool,
    currency: Option<String>,
    income_account_id: Option<Uuid>,
    expense_account_id: Option<Uuid>,
}

#[derive(Deserialize)]
struct TaxFacts {
    id: Uuid,
    code: String,
    name: String,
    direction: TaxDirection,
    kind: TaxKind,
    price_includes_tax: bool,
    exemption_reason: Option<String>,
    status: TaxCodeStatus,
    /// None where it has no rate on the day.
    rate: Option<Decimal>,
}

/// Works out what a document of what is sold or bought comes to.
///
/// # Errors
/// 422 with all that is wrong, each at its place in the body.
pub async fn figure(db: &mut Db, direction: TaxDirection, entered: &Entered) -> Result<Figured> {
    let codes: Vec<Uuid> = entered.lines.iter().flat_map(|line| line.tax_code_ids.clone()).collect();
    let accounts: Vec<Uuid> = entered.lines.iter().filter_map(|line| line.account_id).collect();
    let dimensions =
        entered.lines.iter().flat_map(|line| [line.department_id, line.cost_centre_id, line.project_id]);
    let facts: Option<Value> = diesel::select(document_facts(
        entered.party_id,
        entered.payment_terms_id,
        entered.issued_on,
        codes,
        accounts,
        dimensions.flatten().collect::<Vec<Uuid>>(),
    ))
    .get_result(db)
    .await
    .optional()?;
    let facts: Facts =
        serde_json::from_value(facts.ok_or_else(Problem::not_found)?).map_err(Problem::internal)?;
    let mut faults = Vec::new();
    check_party(&facts, direction, entered, &mut faults);
    let currency = entered.currency.clone().or_else(|| facts.party.as_ref()?.currency.clone());
    let currency = currency.unwrap_or_else(|| facts.currency.clone());
    let accounts = check_lines(&facts, direction, entered, &mut faults);
    let exchange_rate = match entered.exchange_rate {
        Some(rate) if currency == facts.currency && rate != Decimal::ONE => {
            let rule = format!("must be 1, or left out: the books are kept in {currency}");
            faults.push(Fault::at("/exchange_rate", "must-be-one", rule));
            rate
        }
        Some(rate) if rate <= Decimal::ZERO => {
            faults.push(Fault::at("/exchange_rate", "too-small", "must be above zero"));
            rate
        }
        Some(rate) => rate,
        None if !faults.is_empty() => Decimal::ONE, // the answer is no already
        None if currency == facts.currency => Decimal::ONE,
        None => ledger::rate(db, &currency, entered.issued_on).await?,
    };
    let rounding = match facts.tax_rounding {
        TaxRounding::Line => Rounding::Line,
        TaxRounding::Document => Rounding::Document,
    };
    let decimals = ledger::currency::decimals(&currency);
    let lines: Vec<totals::Line> =
        entered.lines.iter().map(|line| to_figure(line, &facts.tax_codes)).collect();
    let figures = match totals::figure(&lines, rounding, decimals) {
        Ok(figures) if faults.is_empty() => figures,
        Ok(_) => return Err(Problem::invalid(faults)),
        Err(found) => {
            faults.extend(found.into_iter().map(|(place, fault)| told(place, fault, &entered.lines[place])));
            return Err(Problem::invalid(faults));
        }
    };
    let base = Base { rate: exchange_rate, decimals: ledger::currency::decimals(&facts.currency) };
    if base.of(figures.total).is_zero() && !figures.total.is_zero() {
        let rule = format!("makes the whole worth nothing in {}", facts.currency);
        return Err(Problem::invalid(vec![Fault::at("/exchange_rate", "too-small", rule)]));
    }
    let lines = kept(entered, &accounts, &figures);
    let taxes: Vec<DocumentTax> =
        figures.taxes.iter().map(|row| tax_row(row, &facts.tax_codes[row.code], &lines, base)).collect();
    let amounts = Amounts::of(figures.net, &taxes, base);
    let whole = |due_on| vec![Instalment { due_on, amount: figures.total.into() }];
    let mut instalments = match (entered.due_on, &facts.terms) {
        (Some(due_on), _) => whole(due_on),
        (None, None) => whole(entered.issued_on),
        (None, Some(terms)) => {
            let due = parties::due(terms, entered.issued_on, figures.total, decimals).into_iter();
            due.map(|each| Instalment { due_on: each.due_on, amount: each.amount.into() }).collect()
        }
    };
    instalments.sort_by_key(|each| each.due_on);
    let due_on = instalments.last().map_or(entered.issued_on, |last| last.due_on);
    if due_on < entered.issued_on {
        let rule = format!("must not be before the day of issue, {}", entered.issued_on);
        return Err(Problem::invalid(vec![Fault::at("/due_on", "before-issue", rule)]));
    }
    Ok(Figured {
        payment_terms_id: facts.terms.as_ref().map(|known| known.id),
        due_on,
        instalments,
        currency,
        exchange_rate,
        tax_rounding: facts.tax_rounding,
        lines,
        taxes,
        amounts,
    })
}

/// What amounts are in the organization's currency.
#[derive(Clone, Copy)]
pub struct Base {
    pub rate: Decimal,
    pub decimals: u32,
}

impl Base {
    pub fn of(self, amount: Decimal) -> Decimal {
        round(amount * self.rate, self.decimals)
    }

    /// What of these lines a code taxes, as it is booked: each amount in the books is rounded for itself.
    pub fn of_taxed(self, lines: &[DocumentLine], code: Uuid) -> Decimal {
        let booked = booked_as_one(lines).into_iter().filter(|(line, _)| line.tax_code_ids.contains(&code));
        booked.map(|(_, net)| self.of(net)).sum()
    }
}

impl Amounts {
    /// Of a net amount and a tax table. In the organization's currency the tax is the sum of what the table shows, since that
    /// is what is declared, the total is the total's worth, and the rest is the net amount.
    pub fn of(net: Decimal, taxes: &[DocumentTax], base: Base) -> Self {
        let charged = || taxes.iter().filter(|row| row.is_charged);
        let tax: Decimal = charged().map(|row| row.tax_amount.0).sum();
        let base_tax: Decimal = charged().map(|row| row.base_tax_amount.0).sum();
        let base_total = base.of(net + tax).max(base_tax);
        Self { net, tax, total: net + tax, base_net: base_total - base_tax, base_tax, base_total }
    }
}

fn check_party(facts: &Facts, direction: TaxDirection, entered: &Entered, faults: &mut Vec<Fault>) {
    let is_sale = direction == TaxDirection::Sale;
    match &facts.party {
        None => faults.push(unknown("/party_id")),
        Some(party) if party.status == "archived" => {
            faults.push(Fault::at(
                "/party_id",
                "archived",
                "must not be archived: restore it, or name another",
            ));
        }
        Some(party) if is_sale && !party.is_customer => {
            faults.push(Fault::at(
                "/party_id",
                "no-customer",
                "must be a customer: say so at the party first",
            ));
        }
        Some(party) if !is_sale && !party.is_supplier => {
            faults.push(Fault::at(
                "/party_id",
                "no-supplier",
                "must be a supplier: say so at the party first",
            ));
        }
        Some(_) => {}
    }
    match &facts.terms {
        None if entered.payment_terms_id.is_some() => faults.push(unknown("/payment_terms_id")),
        Some(terms) if terms.status.as_str() == "archived" && entered.payment_terms_id.is_some() => {
            faults.push(Fault::at(
                "/payment_terms_id",
                "archived",
                "must not be archived: restore them, or name others",
            ));
        }
        _ => {}
    }
}

/// Checks what lines refer to, and answers the account of each.
fn check_lines(
    facts: &Facts,
    direction: TaxDirection,
    entered: &Entered,
    faults: &mut Vec<Fault>,
) -> Vec<Uuid> {
    let is_sale = direction == TaxDirection::Sale;
    let own = facts
        .party
        .as_ref()
        .and_then(|party| if is_sale { party.income_account_id } else { party.expense_account_id });
    let mut accounts = Vec::new();
    for (place, line) in entered.lines.iter().enumerate() {
        let at = |field: &str| format!("/lines/{place}/{field}");
        for (field, id) in [
            ("account_id", line.account_id),
            ("department_id", line.department_id),
            ("cost_centre_id", line.cost_centre_id),
            ("project_id", line.project_id),
        ] {
            if id.is_some_and(|id| !facts.known.contains(&id)) {
                faults.push(unknown(at(field)));
            }
        }
        if let Some(account) = line.account_id.or(own) {
            accounts.push(account);
        } else {
            let rule = "must be given, since the party has no account of its own for it";
            faults.push(Fault::at(at("account_id"), "required", rule));
        }
        if line.discount_percent.is_some() && line.discount_amount.is_some() {
            let rule = "must be left out where there is a discount_percent: a line has one discount";
            faults.push(Fault::at(at("discount_amount"), "one-of", rule));
        }
        for (nth, id) in line.tax_code_ids.iter().enumerate() {
            let at = format!("/lines/{place}/tax_code_ids/{nth}");
            let found = facts.tax_codes.iter().find(|known| known.id == *id);
            let fault = match found {
                None => Some(unknown(at)),
                Some(_) if line.tax_code_ids[..nth].contains(id) => {
                    Some(Fault::at(at, "repeated", "must be named once"))
                }
                Some(code) if code.status == TaxCodeStatus::Archived => {
                    Some(Fault::at(at, "archived", "must not be archived: restore it, or name another"))
                }
                Some(code) if code.direction != direction => {
                    let rule =
                        format!("must be a tax on a {}, and `{}` is not", direction.as_str(), code.code);
                    Some(Fault::at(at, "other-direction", rule))
                }
                Some(code) if code.rate.is_none() => {
                    let rule = format!("has no rate on {}: add one to `{}`", entered.issued_on, code.code);
                    Some(Fault::at(at, "no-rate", rule))
                }
                Some(_) => None,
            };
            faults.extend(fault);
        }
    }
    accounts
}

fn unknown(at: impl Into<String>) -> Fault {
    Fault::at(at, "unknown-reference", "there is no such row in this organization")
}

fn to_figure(line: &NewDocumentLine, codes: &[TaxFacts]) -> totals::Line {
    let taxes = line.tax_code_ids.iter().filter_map(|id| {
        let code = codes.iter().position(|known| known.id == *id)?;
        let known = &codes[code];
        Some(Tax {
            code,
            rate: known.rate?,
            is_included: known.price_includes_tax,
            is_charged: known.kind != TaxKind::ReverseCharge,
        })
    });
    let discount = match (line.discount_percent, line.discount_amount) {
        (Some(percent), _) => Discount::Percent(percent),
        (None, Some(amount)) => Discount::Amount(amount),
        (None, None) => Discount::None,
    };
    totals::Line { quantity: line.quantity, unit_price: line.unit_price, discount, taxes: taxes.collect() }
}

fn told(place: usize, fault: LineFault, line: &NewDocumentLine) -> Fault {
    let at = |field: &str| format!("/lines/{place}/{field}");
    match fault {
        LineFault::Negative("quantity") => Fault::at(at("quantity"), "too-small", "must be above zero"),
        LineFault::Negative(field) => Fault::at(at(field), "too-small", "must not be below zero"),
        LineFault::DiscountAboveAmount => {
            let field = if line.discount_percent.is_some() { "discount_percent" } else { "discount_amount" };
            Fault::at(at(field), "too-large", "must not take off more than quantity times price")
        }
        LineFault::TooLarge => Fault::at(
            at("unit_price"),
            "out-of-range",
            "makes an amount, or a sum of amounts, that is too large",
        ),
    }
}

fn tax_row(row: &totals::TaxFigures, code: &TaxFacts, lines: &[DocumentLine], base: Base) -> DocumentTax {
    DocumentTax {
        tax_code_id: code.id,
        code: code.code.clone(),
        name: code.name.clone(),
        kind: code.kind,
        rate: row.rate.normalize(),
        exemption_reason: code.exemption_reason.clone(),
        is_charged: row.is_charged,
        taxable_amount: row.taxable.into(),
        tax_amount: row.tax.into(),
        base_taxable_amount: base.of_taxed(lines, code.id).into(),
        base_tax_amount: base.of(row.tax).into(),
    }
}

fn kept(entered: &Entered, accounts: &[Uuid], figures: &Figures) -> Vec<DocumentLine> {
    let lines = entered.lines.iter().zip(accounts).zip(&figures.lines).zip(1..);
    lines
        .map(|(((line, account), figures), place)| {
            let line = line.clone();
            let taxes = line.tax_code_ids.iter().zip(&figures.taxes);
            DocumentLine {
                line: place,
                taxes: taxes
                    .map(|(id, share)| LineTax { tax_code_id: *id, tax_amount: (*share).into() })
                    .collect(),
                item_code: line.item_code,
                description: line.description,
                quantity: line.quantity.into(),
                unit: line.unit,
                unit_price: line.unit_price,
                discount_percent: line.discount_percent,
                discount_amount: line.discount_amount,
                account_id: *account,
                tax_code_ids: line.tax_code_ids,
                department_id: line.department_id,
                cost_centre_id: line.cost_centre_id,
                project_id: line.project_id,
                amount: figures.amount.into(),
                net_amount: figures.net.into(),
                credited_line: None,
            }
        })
        .collect()
}
