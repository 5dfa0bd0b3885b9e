//! Documents on paper, as a customer's bookkeeper takes them: who sells to whom, what, the tax by rate, what is due when and
//! where to pay it (Directive 2006/112/EC, art. 226; Codul fiscal, art. 319).

use crate::booking::Papers;
use crate::lines::{DocumentTax, Instalment};
use crate::tax_codes::{TaxDirection, TaxKind};
use crate::words::Words;
use diesel::sql_types::{Text, Uuid as SqlUuid};
use paper::{Align, Carried, Column, Fact, Kind, Paper, Row, Setup, Table, Width};
use parties::details::PostalAddress;
use parties::parties::Language;
use platform::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of billing: what a document prints beside its own fields.
    fn paper_facts(document: SqlUuid, party: SqlUuid, currency: Text) -> Jsonb;
}

/// What a document says beside its own fields: who issued it and to whom, as that stood when it was posted, and where to pay.
#[derive(Clone, Debug, Deserialize)]
pub struct PaperFacts {
    pub organization: Issuer,
    pub party: Addressee,
    /// What the books are kept in (ISO 4217).
    pub books_currency: String,
    accounts: Vec<PayTo>,
}

/// The organization, as papers name it.
#[derive(Clone, Debug, Deserialize)]
pub struct Issuer {
    pub name: String,
    country: Option<String>,
    tax_id: Option<String>,
    registration_number: Option<String>,
    /// Line by line.
    address: Option<String>,
}

/// The party, as papers name it.
#[derive(Clone, Debug, Deserialize)]
pub struct Addressee {
    pub name: String,
    country: String,
    tax_id: Option<String>,
    registration_number: Option<String>,
    address: Option<PostalAddress>,
    pub language: Language,
}

#[derive(Clone, Debug, Deserialize)]
struct PayTo {
    iban: Option<String>,
    account_number: Option<String>,
    bic: Option<String>,
    currency: String,
    /// What the organization calls the account; the bank, as a rule.
    name: String,
}

impl PaperFacts {
    /// Of a document of this party.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of(db: &mut Db, document: Uuid, party: Uuid, currency: &str) -> Result<Self> {
        let facts: Value = diesel::select(paper_facts(document, party, currency)).get_result(db).await?;
        serde_json::from_value(facts).map_err(Problem::internal)
    }

    /// The words of the party's language.
    #[must_use]
    pub fn words(&self) -> &'static Words {
        Words::of(self.party.language)
    }

    /// A sheet under this title, with who writes it at the foot of each page.
    #[must_use]
    pub fn sheet(&self, title: &str) -> Paper {
        let words = self.words();
        let ids = [
            self.organization.tax_id.as_ref().map(|id| format!("{}: {id}", words.tax_id)),
            self.organization
                .registration_number
                .as_ref()
                .map(|id| format!("{}: {id}", words.registration_number)),
        ];
        let ids: Vec<String> =
            [self.organization.name.clone()].into_iter().chain(ids.into_iter().flatten()).collect();
        let mut paper = Paper::new(Setup {
            title: title.to_owned(),
            language: words.tag,
            numerals: words.numerals,
            landscape: false,
            footer: vec![ids.join(" · ")],
        });
        paper.title(title);
        paper
    }

    /// Who writes to whom, side by side.
    pub fn address(&self, paper: &mut Paper, issuer: &str, addressee: &str) {
        paper.side_by_side(&[(issuer, &self.issuer()), (addressee, &self.addressee())]);
    }

    fn issuer(&self) -> String {
        let Issuer { name, country, tax_id, registration_number, address } = &self.organization;
        let place = [address.clone(), country.clone()].into_iter().flatten();
        self.side(name, place, tax_id.as_deref(), registration_number.as_deref())
    }

    fn addressee(&self) -> String {
        let Addressee { name, country, tax_id, registration_number, address, .. } = &self.party;
        let at = address.as_ref();
        let city = at.map(|at| {
            let parts = [at.postal_code.as_deref(), Some(at.city.as_str())];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        });
        let place = [
            at.map(|at| at.line1.clone()),
            at.and_then(|at| at.line2.clone()),
            city,
            at.and_then(|at| at.region.clone()),
            Some(at.and_then(|at| at.country.clone()).unwrap_or_else(|| country.clone())),
        ];
        self.side(name, place.into_iter().flatten(), tax_id.as_deref(), registration_number.as_deref())
    }

    fn side(
        &self,
        name: &str,
        place: impl Iterator<Item = String>,
        tax_id: Option<&str>,
        registered: Option<&str>,
    ) -> String {
        let words = self.words();
        let ids = [
            tax_id.map(|id| format!("{}: {id}", words.tax_id)),
            registered.map(|id| format!("{}: {id}", words.registration_number)),
        ];
        let lines = [name.to_owned()].into_iter().chain(place).chain(ids.into_iter().flatten());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Where to pay, and what to say with it.
    pub fn pay_to(&self, paper: &mut Paper, number: Option<&str>) {
        let words = self.words();
        if self.accounts.is_empty() {
            return;
        }
        paper.heading(words.pay_to);
        let mut facts: Vec<Fact> = Vec::new();
        for account in &self.accounts {
            let (label, code) = match (&account.iban, &account.account_number) {
                (Some(iban), _) => ("IBAN", in_groups(iban)),
                (None, Some(other)) => (words.account, other.clone()),
                (None, None) => continue,
            };
            facts.push((
                label.to_owned(),
                format!("{code} ({}, {})", account.name, words.currency(&account.currency)),
            ));
            facts.extend(account.bic.as_ref().map(|bic| ("BIC".to_owned(), bic.clone())));
        }
        facts.extend(number.map(|number| (words.number.to_owned(), number.to_owned())));
        paper.facts(&facts);
    }
}

/// An IBAN as it is printed: in groups of four (ISO 13616-1).
fn in_groups(iban: &str) -> String {
    let letters: Vec<char> = iban.chars().collect();
    letters.chunks(4).map(String::from_iter).collect::<Vec<_>>().join(" ")
}

/// What a file of a document is called.
#[must_use]
pub fn file_name(kind: &str, number: Option<&str>) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { '-' };
    format!("{kind}-{}", number.unwrap_or("draft").chars().map(plain).collect::<String>())
}

/// What it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Invoice,
    CreditNote,
    DebitNote,
}

/// A document as it is printed.
pub struct Sheet<'a> {
    /// Its number is empty as long as it has none.
    pub papers: Papers<'a>,
    pub is_void: bool,
    pub instalments: &'a [Instalment],
    /// The document that it takes back: number and day, and why.
    pub takes_back: Option<(&'a str, NaiveDate, &'a str)>,
    pub open: Decimal,
    pub notes: Option<&'a str>,
}

impl Sheet<'_> {
    /// Its pages, as PDF.
    #[must_use]
    pub fn print(&self, facts: &PaperFacts) -> Vec<u8> {
        let words = facts.words();
        let mut paper = facts.sheet(&self.title(words));
        let (issuer, addressee) = match self.sort() {
            Sort::Invoice | Sort::CreditNote => (words.seller, words.customer),
            Sort::DebitNote => (words.issuer, words.supplier),
        };
        facts.address(&mut paper, issuer, addressee);
        paper.facts(&self.facts(words));
        self.print_lines(&mut paper, words);
        self.print_taxes(&mut paper, words, &facts.books_currency);
        self.print_totals(&mut paper, words);
        if self.sort() == Sort::Invoice && !self.is_void {
            if self.instalments.len() > 1 {
                self.print_instalments(&mut paper, words);
            }
            facts.pay_to(&mut paper, self.number());
        }
        if let Some(notes) = self.notes {
            paper.space(6);
            paper.text(notes);
        }
        paper.finish()
    }

    fn sort(&self) -> Sort {
        match self.papers.direction {
            TaxDirection::Purchase => Sort::DebitNote,
            TaxDirection::Sale if self.papers.takes_back => Sort::CreditNote,
            TaxDirection::Sale => Sort::Invoice,
        }
    }

    /// The sum of the taxes that are part of the total.
    fn charged(&self, amount: fn(&DocumentTax) -> Money) -> Decimal {
        self.papers.taxes.iter().filter(|tax| tax.is_charged).map(|tax| amount(tax).0).sum()
    }

    fn number(&self) -> Option<&str> {
        Some(self.papers.number).filter(|number| !number.is_empty())
    }

    fn title(&self, words: &Words) -> String {
        let name = match self.sort() {
            Sort::Invoice => words.invoice,
            Sort::CreditNote => words.credit_note,
            Sort::DebitNote => words.debit_note,
        };
        match self.number() {
            Some(number) if self.is_void => format!("{name} {number} ({})", words.void),
            Some(number) => format!("{name} {number}"),
            None => format!("{name} ({})", words.draft),
        }
    }

    fn facts(&self, words: &Words) -> Vec<Fact> {
        let fact = |label: &str, text: String| (label.to_owned(), text);
        let mut facts = vec![fact(words.issued_on, words.day(self.papers.posted_on))];
        facts.extend(self.number().map(|number| fact(words.number, number.to_owned())));
        if self.sort() == Sort::Invoice {
            facts.extend(self.instalments.last().map(|last| fact(words.due_on, words.day(last.due_on))));
        }
        if let Some((number, issued_on, why)) = self.takes_back {
            facts.push(fact(words.takes_back, format!("{number}, {}", words.day(issued_on))));
            facts.push(fact(words.reason, why.to_owned()));
        }
        facts.extend(self.papers.reference.map(|reference| fact(words.reference, reference.to_owned())));
        facts
    }

    fn print_lines(&self, paper: &mut Paper, words: &Words) {
        let has_discounts = self
            .papers
            .lines
            .iter()
            .any(|line| line.discount_percent.is_some() || line.discount_amount.is_some());
        let decimals = ledger::currency::decimals(self.papers.currency);
        let mut columns = vec![
            Column::new("#", Width::Fit, Align::Right),
            Column::new(words.description, Width::Share(1), Align::Left),
            Column::new(words.quantity, Width::Fit, Align::Decimal),
            Column::new(words.unit, Width::Fit, Align::Left),
            Column::new(words.unit_price, Width::Fit, Align::Decimal),
            Column::new(words.tax, Width::Fit, Align::Left),
        ];
        if has_discounts {
            columns.push(Column::new(words.discount, Width::Fit, Align::Right));
        }
        let net = format!("{} ({})", words.net, words.currency(self.papers.currency));
        columns.push(Column::new(net, Width::Fit, Align::Decimal));
        let (mut rows, mut sums, mut sum) = (Vec::new(), Vec::new(), Decimal::ZERO);
        for line in self.papers.lines {
            let description = match &line.item_code {
                Some(code) => format!("{code} {}", line.description),
                None => line.description.clone(),
            };
            let taxes = self.papers.taxes.iter().filter(|tax| line.tax_code_ids.contains(&tax.tax_code_id));
            let mut cells = vec![
                line.line.to_string(),
                description,
                words.decimal(line.quantity.0, 0),
                line.unit.clone().unwrap_or_default(),
                words.decimal(line.unit_price, decimals),
                taxes.map(|tax| tax.code.as_str()).collect::<Vec<_>>().join(", "),
            ];
            if has_discounts {
                cells.push(match (line.discount_percent, line.discount_amount) {
                    (Some(percent), _) => words.percent(percent),
                    (None, Some(amount)) => words.amount(amount, self.papers.currency),
                    (None, None) => String::new(),
                });
            }
            cells.push(words.amount(line.net_amount.0, self.papers.currency));
            rows.push(Row::plain(cells));
            sums.push(words.amount(sum, self.papers.currency));
            sum += line.net_amount.0;
        }
        let carried = Carried {
            forward: words.carried_forward.to_owned(),
            brought: words.brought_forward.to_owned(),
            words: 1,
            sum: columns.len() - 1,
            sums,
        };
        paper.table_with_sums(&Table { columns, rows }, &carried);
        if self.papers.lines.iter().any(|line| line.amount != line.net_amount) {
            paper.note(words.prices_include_tax);
        }
    }

    /// The tax by rate, and why there is none where there is none.
    fn print_taxes(&self, paper: &mut Paper, words: &Words, books_currency: &str) {
        if self.papers.taxes.is_empty() {
            return;
        }
        let columns = vec![
            Column::new(words.tax, Width::Fit, Align::Left),
            Column::new("", Width::Share(1), Align::Left),
            Column::new(words.rate, Width::Fit, Align::Right),
            Column::new(words.taxable, Width::Fit, Align::Decimal),
            Column::new(words.amount, Width::Fit, Align::Decimal),
        ];
        let row = |tax: &DocumentTax| {
            let amount = if tax.is_charged {
                words.amount(tax.tax_amount.0, self.papers.currency)
            } else {
                String::new()
            };
            Row::plain([
                tax.code.clone(),
                tax.name.clone(),
                words.percent(tax.rate),
                words.amount(tax.taxable_amount.0, self.papers.currency),
                amount,
            ])
        };
        paper.table(&Table { columns, rows: self.papers.taxes.iter().map(row).collect() });
        if self.papers.taxes.iter().any(|tax| tax.kind == TaxKind::ReverseCharge) {
            paper.text(words.reverse_charge);
        }
        for tax in self.papers.taxes {
            if let Some(reason) = &tax.exemption_reason {
                paper.text(&format!("{}: {reason}", tax.code));
            }
        }
        // Whatever the currency of a document, its tax is told in that of the books, too (Directive 2006/112/EC, art. 230).
        if self.papers.currency != books_currency {
            let rate = words.decimal(self.papers.exchange_rate, 0);
            paper.text(&format!(
                "{}: 1 {} = {rate} {}. {} {}: {}",
                words.rate_of_exchange,
                self.papers.currency,
                books_currency,
                words.tax_in,
                books_currency,
                words.amount(self.charged(|tax| tax.base_tax_amount), books_currency)
            ));
        }
    }

    fn print_totals(&self, paper: &mut Paper, words: &Words) {
        let columns =
            vec![Column::new("", Width::Share(1), Align::Left), Column::new("", Width::Fit, Align::Decimal)];
        let row = |kind: Kind, label: &str, amount: Decimal| {
            Row::new(kind, 0, [label.to_owned(), words.money(amount, self.papers.currency)])
        };
        let shows_open = self.sort() == Sort::Invoice && self.number().is_some();
        let mut rows = vec![
            row(Kind::Plain, words.net_total, self.papers.lines.iter().map(|line| line.net_amount.0).sum()),
            row(Kind::Plain, words.tax_total, self.charged(|tax| tax.tax_amount)),
            row(if shows_open { Kind::Subtotal } else { Kind::Total }, words.total, self.papers.total),
        ];
        if shows_open {
            if self.open != self.papers.total {
                rows.push(row(Kind::Plain, words.settled, self.papers.total - self.open));
            }
            rows.push(row(Kind::Total, words.amount_due, self.open));
        }
        paper.table(&Table { columns, rows });
    }

    fn print_instalments(&self, paper: &mut Paper, words: &Words) {
        paper.heading(words.instalments);
        let columns = vec![
            Column::new(words.due_on, Width::Share(1), Align::Left),
            Column::new(words.amount, Width::Fit, Align::Decimal),
        ];
        let row = |each: &Instalment| {
            Row::plain([words.day(each.due_on), words.money(each.amount.0, self.papers.currency)])
        };
        paper.table(&Table { columns, rows: self.instalments.iter().map(row).collect() });
    }
}
