//! What printed documents say, in the languages that parties may have, and how numbers and days are written there.
use chrono::Datelike;
use paper::Numerals;
use parties::parties::Language;
use platform::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};

/// The words of a language.
pub struct Words {
    /// BCP 47.
    pub tag: &'static str,
    pub numerals: Numerals,
    months: Option<[&'static str; 12]>,
    pub invoice: &'static str,
    pub credit_note: &'static str,
    pub debit_note: &'static str,
    pub reminder: &'static str,
    /// Of a document that is not posted.
    pub draft: &'static str,
    pub void: &'static str,
    pub seller: &'static str,
    pub customer: &'static str,
    pub supplier: &'static str,
    pub issuer: &'static str,
    pub tax_id: &'static str,
    pub registration_number: &'static str,
    pub number: &'static str,
    pub issued_on: &'static str,
    pub due_on: &'static str,
    pub reference: &'static str,
    pub takes_back: &'static str,
    pub reason: &'static str,
    pub description: &'static str,
    pub quantity: &'static str,
    pub unit: &'static str,
    pub unit_price: &'static str,
    pub discount: &'static str,
    pub tax: &'static str,
    pub net: &'static str,
    pub carried_forward: &'static str,
    pub brought_forward: &'static str,
    pub rate: &'static str,
    pub taxable: &'static str,
    pub net_total: &'static str,
    pub tax_total: &'static str,
    pub total: &'static str,
    pub settled: &'static str,
    pub amount_due: &'static str,
    pub instalments: &'static str,
    pub amount: &'static str,
    /// Directive 2006/112/EC, art. 226 (11a), asks for these very words.
    pub reverse_charge: &'static str,
    pub prices_include_tax: &'static str,
    pub rate_of_exchange: &'static str,
    pub tax_in: &'static str,
    pub pay_to: &'static str,
    pub account: &'static str,
    pub days_overdue: &'static str,
    pub fee: &'static str,
    pub level: &'static str,
}

const ENGLISH: Words = Words {
    tag: "en",
    numerals: Numerals::ENGLISH,
    months: Some([
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ]),
    invoice: "Invoice",
    credit_note: "Credit note",
    debit_note: "Debit note",
    reminder: "Reminder",
    draft: "draft",
    void: "void",
    seller: "Seller",
    customer: "Customer",
    supplier: "Supplier",
    issuer: "Issued by",
    tax_id: "Tax id",
    registration_number: "Registration number",
    number: "Number",
    issued_on: "Date of issue",
    due_on: "Due date",
    reference: "Your reference",
    takes_back: "Takes back",
    reason: "Reason",
    description: "Description",
    quantity: "Quantity",
    unit: "Unit",
    unit_price: "Unit price",
    discount: "Discount",
    tax: "Tax",
    net: "Net amount",
    carried_forward: "Carried forward",
    brought_forward: "Brought forward",
    rate: "Rate",
    taxable: "Taxable amount",
    net_total: "Total without tax",
    tax_total: "Total tax",
    total: "Total",
    settled: "Paid or credited",
    amount_due: "Amount due",
    instalments: "Instalments",
    amount: "Amount",
    reverse_charge: "Reverse charge: the tax is due by the customer.",
    prices_include_tax: "Unit prices include tax; net amounts do not.",
    rate_of_exchange: "Rate of exchange",
    tax_in: "Total tax in",
    pay_to: "Please pay to",
    account: "Account",
    days_overdue: "Days overdue",
    fee: "Fee for this reminder",
    level: "Level",
};

const ROMANIAN: Words = Words {
    tag: "ro",
    numerals: Numerals::ROMANIAN,
    months: None,
    invoice: "Factură",
    credit_note: "Notă de creditare",
    debit_note: "Notă de debitare",
    reminder: "Somație de plată",
    draft: "proiect",
    void: "anulată",
    seller: "Furnizor",
    customer: "Client",
    supplier: "Furnizor",
    issuer: "Emitent",
    tax_id: "Cod de identificare fiscală",
    registration_number: "Nr. Registrul Comerțului",
    number: "Număr",
    issued_on: "Data emiterii",
    due_on: "Data scadenței",
    reference: "Referința dumneavoastră",
    takes_back: "Stornează",
    reason: "Motiv",
    description: "Denumirea produselor sau a serviciilor",
    quantity: "Cantitate",
    unit: "U.M.",
    unit_price: "Preț unitar",
    discount: "Reducere",
    tax: "TVA",
    net: "Valoare fără TVA",
    carried_forward: "De reportat",
    brought_forward: "Report",
    rate: "Cotă",
    taxable: "Bază de impozitare",
    net_total: "Total fără TVA",
    tax_total: "Total TVA",
    total: "Total",
    settled: "Achitat sau creditat",
    amount_due: "Rest de plată",
    instalments: "Rate",
    amount: "Sumă",
    reverse_charge: "Taxare inversă: TVA este datorată de beneficiar.",
    prices_include_tax: "Prețurile unitare includ TVA; valorile fără TVA nu.",
    rate_of_exchange: "Curs de schimb",
    tax_in: "Total TVA în",
    pay_to: "Vă rugăm să plătiți în contul",
    account: "Cont",
    days_overdue: "Zile de întârziere",
    fee: "Taxă pentru această somație",
    level: "Nivel",
};

impl Words {
    /// Those of the language.
    #[must_use]
    pub const fn of(language: Language) -> &'static Self {
        match language {
            Language::En => &ENGLISH,
            Language::Ro => &ROMANIAN,
        }
    }

    /// `31 March 2026`, `31.03.2026`.
    #[must_use]
    pub fn day(&self, day: NaiveDate) -> String {
        match self.months.and_then(|months| months.get(day.month0() as usize).copied()) {
            Some(month) => format!("{} {month} {}", day.day(), day.year()),
            None => day.format("%d.%m.%Y").to_string(),
        }
    }

    /// An amount, with as many decimals as the currency has: `1,234.50`, `1.234,50`.
    #[must_use]
    pub fn amount(&self, amount: Decimal, currency: &str) -> String {
        self.decimal(amount, ledger::currency::decimals(currency))
    }

    /// A decimal with so many decimals at least: prices and quantities keep those that they have.
    #[must_use]
    pub fn decimal(&self, decimal: Decimal, least: u32) -> String {
        let mut plain = decimal.normalize();
        if plain.scale() < least {
            plain.rescale(least);
        }
        self.numerals.write(&plain.to_string())
    }

    /// The amount and its currency as people say it: `1,234.50 EUR`, `1.234,50 lei`.
    #[must_use]
    pub fn money(&self, amount: Decimal, currency: &str) -> String {
        format!("{} {}", self.amount(amount, currency), self.currency(currency))
    }

    /// What people call the currency.
    #[must_use]
    pub fn currency<'a>(&self, currency: &'a str) -> &'a str {
        if self.tag == "ro" && currency == "RON" { "lei" } else { currency }
    }

    /// A percentage: `19 %`.
    #[must_use]
    pub fn percent(&self, percent: Decimal) -> String {
        let shown = percent.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero);
        format!("{} %", self.decimal(shown, 0))
    }
}
