//! Two years of the demo company's books, kept as its own people would: over the API, by an accountant who books and a manager who
//! agrees. What is bought and sold follows from the tables of [`trade`](super::trade) by counting. Each request has its own
//! idempotency key, so that books whose making was cut off are gone on with.
use super::clerk::{Clerk, text, until_it_listens};
use super::trade::{
    ASSETS, CATEGORIES, CUSTOMERS, Customer, OPENING, PRODUCTS, RATES, SUPPLIERS, Supplier, TAXES, TERMS,
    worth,
};
use super::wages::{Payroll, WAGES_ACCOUNT};
use super::{desk, equipment, network, people, systems, tickets};
use crate::Done;
use chrono::{Datelike, Days, Months, NaiveDate, Weekday};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

/// The first day of the books, and for how many months they are kept. The year after is open.
const BEGIN: NaiveDate = NaiveDate::from_ymd_opt(2024, 1, 1).expect("a day");
const MONTHS: u32 = 24;

/// Keeps the books where nobody has, or goes on where it was cut off.
///
/// # Errors
/// What the API refused, or the service is away.
pub async fn keep(base: &str, domain: &str, password: &str) -> Done {
    until_it_listens(base).await;
    let accountant = Clerk::sign_in(base, &format!("accountant@{domain}"), password).await?;
    let manager = Clerk::sign_in(base, &format!("accounting-manager@{domain}"), password).await?;
    if manager.get("/v1/fiscal-years?code=2024").await?["data"][0]["status"] == "closed" {
        return Ok(());
    }
    let began = std::time::Instant::now();
    people::keep(base, domain, password).await?;
    equipment::keep(base, domain, password).await?;
    systems::keep(base, domain, password).await?;
    tickets::keep(base, domain, password).await?;
    let mut books = Books::open(accountant, manager, (base, domain, password)).await?;
    for month in 0..MONTHS {
        books.keep_month(month).await?;
    }
    network::keep(base, domain, password).await?;
    desk::keep(base, domain, password).await?;
    books.close().await?;
    log::info!("the demo's books are kept: two years, in {:.0} s", began.elapsed().as_secs_f32());
    Ok(())
}

pub(super) fn amount(value: &Value) -> Decimal {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// A number below `of` that follows from these, and looks as if it did not (`SplitMix64`).
pub(super) fn pick(what: u64, month: u32, number: u64, of: u64) -> u64 {
    let mut mixed =
        (what << 48 | u64::from(month) << 32 | number).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (mixed ^ (mixed >> 31)) % of.max(1)
}

/// The IBAN of a Dutch account (ISO 13616): its check digits are 98 less the remainder of the whole by 97.
pub(super) fn iban(bank: &str) -> String {
    let digits = |text: &str| -> u32 {
        text.chars()
            .filter_map(|letter| letter.to_digit(36))
            .fold(0, |rest, digit| (rest * if digit > 9 { 100 } else { 10 } + digit) % 97)
    };
    format!("NL{:02}{bank}", 98 - digits(&format!("{bank}NL00")))
}

/// Something that the bank booked: money that came in is above zero.
struct Booked {
    on: NaiveDate,
    amount: Decimal,
    name: String,
    text: String,
}

/// A document that somebody pays: a customer some day, a supplier never late.
struct Owed {
    id: Value,
    number: String,
    party: &'static str,
    currency: &'static str,
    amount: Decimal,
    /// When it is paid; null where it never is.
    on: Option<NaiveDate>,
}

/// The books while they are kept.
struct Books {
    accountant: Clerk,
    manager: Clerk,
    payroll: Payroll,
    accounts: HashMap<String, String>,
    taxes: HashMap<String, String>,
    parties: HashMap<String, String>,
    periods: HashMap<String, String>,
    categories: HashMap<String, String>,
    bank_account: String,
    receivable: Vec<Owed>,
    payable: Vec<Owed>,
    /// What is in the bank.
    balance: Decimal,
    /// What the web shop's cards have not paid out yet.
    in_transit: Decimal,
    /// What was declared of the last quarter and is not paid.
    tax_due: Decimal,
}

impl Books {
    /// The chart, the years, rates, taxes, terms and parties, and what was there on the first day.
    async fn open(
        accountant: Clerk,
        manager: Clerk,
        (base, domain, password): (&str, &str, &str),
    ) -> Done<Self> {
        let company = json!({"country": "NL", "currency": "EUR", "legal_name": "Meridian Instruments B.V.", "tax_id": "NL123456782B01",
            "registration_number": "24301127", "address": "Meridiaankade 12, 3011 AB Rotterdam"});
        manager.change("/v1/organization", &company).await?;
        accountant.post("chart", "/v1/accounts/load-template", &json!({"template": "general"})).await?;
        let payroll = Payroll::begin(base, domain, password, &accountant, &manager).await?;
        let accounts = accountant.ids("/v1/accounts", "code").await?;
        for year in [2024, 2025, 2026] {
            let year = json!({"code": year.to_string(), "starts_on": format!("{year}-01-01"), "ends_on": format!("{year}-12-31")});
            manager.post(&format!("year {}", year["code"]), "/v1/fiscal-years", &year).await?;
        }
        for (currency, rates) in RATES {
            for (quarter, _) in (0..).zip(rates) {
                let rate = json!({"currency": currency, "rated_on": BEGIN + Months::new(3 * quarter), "rate": worth(currency, 3 * quarter).to_string()});
                accountant.post(&format!("rate {currency} {quarter}"), "/v1/exchange-rates", &rate).await?;
            }
        }
        for (code, name, direction, kind, rate, return_box) in TAXES {
            let rates = json!([{"rate": rate, "from_on": "2019-01-01", "to_on": null}]);
            let tax = json!({"code": code, "name": name, "direction": direction, "kind": kind, "rates": rates, "return_box": return_box});
            accountant.post(&format!("tax {code}"), "/v1/tax-codes", &tax).await?;
        }
        for (name, days, end_of_month, discount) in TERMS {
            let mut terms = json!({"name": name, "days": days, "end_of_month": end_of_month});
            if let Some(percent) = discount {
                (terms["discount_percent"], terms["discount_days"]) = (json!(percent), json!(10));
            }
            accountant.post(&format!("terms {name}"), "/v1/payment-terms", &terms).await?;
        }
        let terms = accountant.ids("/v1/payment-terms", "name").await?;
        for party in CUSTOMERS
            .iter()
            .map(|each| each.party(&terms))
            .chain(SUPPLIERS.iter().map(|each| each.party(&terms, &accounts)))
        {
            accountant.post(&format!("party {}", party["name"]), "/v1/parties", &party).await?;
        }
        for (name, account, gathered) in CATEGORIES {
            let category = json!({"name": name, "asset_account_id": accounts[*account], "accumulated_depreciation_account_id": accounts[*gathered],
                "depreciation_account_id": accounts["6400"], "gain_account_id": accounts["4520"], "loss_account_id": accounts["6430"]});
            accountant.post(&format!("category {name}"), "/v1/fixed-asset-categories", &category).await?;
        }
        let lines: Vec<Value> =
            OPENING.iter().map(|(code, euros)| line(&accounts[*code], Decimal::from(*euros))).collect();
        let opening =
            json!({"posted_on": BEGIN, "description": "What was there on the first day", "lines": lines});
        accountant.post("opening", "/v1/journal-entries/post", &json!({"entries": [opening]})).await?;
        let (bank, automatic) = (&accounts["1010"], json!(true));
        let account = json!({"name": "Current account", "iban": iban("MERI0417164300"), "currency": "EUR", "account_id": bank});
        let account = manager.post("bank account", "/v1/bank-accounts", &account).await?;
        let columns = json!({"name": "The bank's CSV", "date_format": "YYYY-MM-DD", "booking_day": "Day", "amount": "Amount",
            "counterparty_name": "Name", "text": "Text", "balance": "Balance"});
        let mapping = manager.post("bank mapping", "/v1/bank-statement-mappings", &columns).await?;
        let fees = json!({"name": "What the account costs", "direction": "out", "text_contains": "Account fee", "account_id": accounts["7020"],
            "automatic": automatic});
        manager.post("bank rule", "/v1/bank-rules", &fees).await?;
        Ok(Self {
            bank_account: format!(
                "bank_account_id={}&mapping_id={}",
                text(&account["id"]),
                text(&mapping["id"])
            ),
            receivable: Vec::new(),
            payable: Vec::new(),
            balance: OPENING
                .iter()
                .filter(|(code, _)| *code == "1010")
                .map(|(_, euros)| Decimal::from(*euros))
                .sum(),
            in_transit: Decimal::ZERO,
            tax_due: Decimal::ZERO,
            accounts,
            taxes: accountant.ids("/v1/tax-codes", "code").await?,
            parties: accountant.ids("/v1/parties", "name").await?,
            periods: accountant.ids("/v1/fiscal-periods", "code").await?,
            categories: accountant.ids("/v1/fixed-asset-categories", "name").await?,
            accountant,
            manager,
            payroll,
        })
    }

    async fn keep_month(&mut self, month: u32) -> Done {
        let first = BEGIN + Months::new(month);
        let last = first + Months::new(1) - Days::new(1);
        // Who sells and who buy do not wait for each other.
        let (sold, bought) = tokio::try_join!(self.sell(month, first), self.buy(month, first))?;
        self.receivable.extend(sold);
        self.payable.extend(bought);
        let mut booked = self.invest(first, last).await?;
        booked.extend(self.enter(month, first, last).await?);
        booked.extend(self.pay(month, first, last).await?);
        booked.push(Booked {
            on: last,
            amount: Decimal::new(-8_500, 2),
            name: "The bank".to_owned(),
            text: "Account fee".to_owned(),
        });
        self.take_in_statement(month, booked).await?;
        let run = json!({"fiscal_period_id": self.periods[&first.format("%Y-%m").to_string()]});
        self.accountant.post(&format!("depreciation {month}"), "/v1/depreciation-runs", &run).await?;
        if first.month().is_multiple_of(3) {
            self.declare_tax(month, last).await?;
        }
        Ok(())
    }

    /// Invoices in the order of their days, and now and then a credit note.
    async fn sell(&self, month: u32, first: NaiveDate) -> Done<Vec<Owed>> {
        let mut sold = Vec::new();
        let days = u64::from((first + Months::new(1) - Days::new(1)).day());
        let count = 27 + pick(1, month, 0, 6);
        for number in 0..count {
            let customer = &CUSTOMERS[usize::try_from(pick(2, month, number, CUSTOMERS.len() as u64))?];
            let lines: Vec<Value> = (0..=pick(3, month, number, 4))
                .map(|place| {
                    let product = &PRODUCTS[usize::try_from(pick(4 + place, month, number, PRODUCTS.len() as u64)).unwrap_or(0)];
                    let quantity = 1 + pick(9 + place, month, number, product.most);
                    json!({"item_code": product.code, "description": product.name, "unit": product.unit, "quantity": quantity.to_string(),
                        "unit_price": format!("{}.00", product.price), "account_id": self.accounts[product.account],
                        "tax_code_ids": [self.taxes[customer.tax()]]})
                })
                .collect();
            let invoice = json!({"party_id": self.parties[customer.name], "issued_on": first + Days::new(number * days / count),
                "reference": format!("PO {}", 10_000 + pick(14, month, number, 80_000)), "lines": lines});
            let key = format!("invoice {month} {number}");
            let invoice = self.accountant.post(&key, "/v1/invoices", &invoice).await?;
            self.accountant.act(&key, "invoices", &invoice, "approve").await?;
            let invoice = self.accountant.act(&key, "invoices", &invoice, "post").await?;
            let mut owed = amount(&invoice["total_amount"]);
            if pick(15, month, number, 40) == 0 {
                let note = json!({"invoice_id": invoice["id"], "issued_on": invoice["issued_on"], "reason": "One was damaged on the way",
                    "lines": [{"line": 1, "quantity": "1"}]});
                let key = format!("credit note {month} {number}");
                let note = self.accountant.post(&key, "/v1/credit-notes", &note).await?;
                self.accountant.act(&key, "credit-notes", &note, "approve").await?;
                owed -=
                    amount(&self.accountant.act(&key, "credit-notes", &note, "post").await?["total_amount"]);
            }
            // Most pay about when they should, some weeks later, a few months later, and a few never.
            let due: NaiveDate = text(&invoice["due_on"]).parse()?;
            let after = Days::new(pick(41, month, number, 5));
            let on = match pick(40, month, number, 100) {
                0..70 => Some(due - Days::new(2) + after),
                70..92 => Some(due + after + Days::new(3 + pick(42, month, number, 20))),
                92..98 => Some(due + after + Days::new(30 + pick(42, month, number, 50))),
                _ => None,
            };
            sold.push(Owed {
                id: invoice["id"].clone(),
                number: text(&invoice["number"]),
                party: customer.name,
                currency: customer.currency,
                amount: owed,
                on,
            });
        }
        Ok(sold)
    }

    /// Bills: entered by the accountant, approved by the manager.
    async fn buy(&self, month: u32, first: NaiveDate) -> Done<Vec<Owed>> {
        let mut bought = Vec::new();
        for (place, supplier) in (0..).zip(SUPPLIERS) {
            for bill in 0..supplier.bills {
                let number = place * 10 + bill;
                let spread = supplier.amount * supplier.varies / 100;
                let varied =
                    i64::try_from(pick(20, month, number, u64::try_from(200 * spread + 1)?))? - 100 * spread;
                let net = Decimal::new(100 * supplier.amount + varied, 2);
                let key = format!("bill {month} {number}");
                let body = json!({"party_id": self.parties[supplier.name], "supplier_number": format!("{}-{}", first.format("%y%m"), 100 + number),
                    "issued_on": first + Days::new(1 + bill * 9 + pick(21, month, number, 9)),
                    "lines": [{"description": supplier.supplies, "quantity": "1", "unit_price": net.to_string(), "tax_code_ids": [self.taxes[supplier.tax()]]}]});
                let bill = self.accountant.post(&key, "/v1/bills", &body).await?;
                self.manager.act(&key, "bills", &bill, "approve").await?;
                let bill = self.accountant.act(&key, "bills", &bill, "post").await?;
                bought.push(Owed {
                    id: bill["id"].clone(),
                    number: text(&bill["supplier_number"]),
                    party: supplier.name,
                    currency: "EUR",
                    amount: amount(&bill["total_amount"]),
                    on: text(&bill["due_on"]).parse().ok(),
                });
            }
        }
        Ok(bought)
    }

    /// What is bought to stay, paid from the bank.
    async fn invest(&self, first: NaiveDate, last: NaiveDate) -> Done<Vec<Booked>> {
        let mut booked = Vec::new();
        for (category, name, day, cost, months) in ASSETS {
            let on: NaiveDate = day.parse()?;
            if !(first..=last).contains(&on) {
                continue;
            }
            let account = CATEGORIES.iter().find(|each| each.0 == *category).map_or("", |each| each.1);
            let asset = json!({"name": name, "category_id": self.categories[*category], "acquired_on": day, "in_service_on": day,
                "cost": cost.to_string(), "method": "straight_line", "life_months": months});
            let key = format!("asset {name}");
            let asset = self.accountant.post(&key, "/v1/fixed-assets", &asset).await?;
            self.accountant.act(&key, "fixed-assets", &asset, "put-in-service").await?;
            let cost = Decimal::from(*cost);
            let mut entry = self.entry(on, name, &[(account, cost), ("1010", -cost)]);
            let reference = format!("MI-{}", on.format("%y%m%d"));
            entry["reference"] = json!(reference);
            self.accountant
                .post(&format!("{key} bought"), "/v1/journal-entries/post", &json!({"entries": [entry]}))
                .await?;
            booked.push(Booked {
                on,
                amount: -cost,
                name: String::new(),
                text: format!("{reference} {name}"),
            });
        }
        Ok(booked)
    }

    /// What no document says: the web shop and the counter, what left the warehouse, wages, the loan, the tax of the last quarter.
    async fn enter(&mut self, month: u32, first: NaiveDate, last: NaiveDate) -> Done<Vec<Booked>> {
        let wages = self.payroll.pay(last, &self.accountant, &self.manager).await?;
        let (mut entries, mut booked) = (Vec::new(), Vec::new());
        // What goes through the bank has a reference, by which it is found on the statement.
        let mut enter = |on: NaiveDate, description: &str, lines: &[(&str, Decimal)]| {
            let mut entry = self.entry(on, description, lines);
            if let Some((_, amount)) = lines.iter().find(|(account, _)| *account == "1010") {
                let reference = format!("MI-{}-{:03}", first.format("%y%m"), booked.len() + 1);
                let text = format!("{reference} {description}");
                entry["reference"] = json!(reference);
                booked.push(Booked { on, amount: *amount, name: String::new(), text });
            }
            entries.push(entry);
        };
        let mut in_transit = self.in_transit;
        for day in first.iter_days().take_while(|day| *day <= last) {
            let (number, weekday) = (u64::from(day.day()), day.weekday());
            if weekday == Weekday::Mon && !in_transit.is_zero() {
                enter(day, "Web shop, paid out", &[("1010", in_transit), ("1040", -in_transit)]);
                in_transit = Decimal::ZERO;
            }
            for (shop, kind, account, cents) in
                [("Web shop", 30, "1040", 1_450_000), ("Counter", 31, "1030", 210_000)]
            {
                if shop == "Counter" && matches!(weekday, Weekday::Sat | Weekday::Sun) {
                    continue;
                }
                let net = Decimal::new(i64::try_from(cents / 2 + pick(kind, month, number, cents))?, 2);
                let tax = (net * Decimal::new(21, 2)).round_dp(2);
                let cost = (net * Decimal::new(46, 2)).round_dp(2);
                enter(day, shop, &[(account, net + tax), ("4010", -net), ("2100", -tax)]);
                enter(day, &format!("{shop}: what it cost"), &[("5010", cost), ("1310", -cost)]);
                if account == "1040" {
                    in_transit += net + tax;
                }
            }
            if weekday == Weekday::Fri {
                let petty = Decimal::new(i64::try_from(4_000 + pick(32, month, number, 22_000))?, 2);
                enter(day, "Coffee, flowers, postage", &[("6490", petty), ("1030", -petty)]);
                let banked = Decimal::from(11_500 + 500 * pick(34, month, number, 5));
                enter(day, "Counter, banked", &[("1010", banked), ("1030", -banked)]);
            }
        }
        // Of the invoices: a little less than half of what they brought.
        let shipped = Decimal::from(560_000 + pick(33, month, 0, 80_000));
        enter(last, "What was shipped", &[("5010", shipped), ("1310", -shipped)]);
        enter(
            last,
            "Wages, to the account that pays them",
            &[(WAGES_ACCOUNT, wages.net), ("1010", -wages.net)],
        );
        enter(last, "Wage tax and contributions paid", &[("2210", wages.dues), ("1010", -wages.dues)]);
        let (interest, repaid) = (Decimal::from(7_800 - 65 * i64::from(month)), Decimal::from(18_750));
        enter(last, "Loan", &[("7010", interest), ("2510", repaid), ("1010", -interest - repaid)]);
        if !self.tax_due.is_zero() {
            enter(last, "VAT of the last quarter", &[("2110", self.tax_due), ("1010", -self.tax_due)]);
        }
        self.accountant
            .post(&format!("entries {month}"), "/v1/journal-entries/post", &json!({"entries": entries}))
            .await?;
        (self.in_transit, self.tax_due) = (in_transit, Decimal::ZERO);
        Ok(booked)
    }

    /// What suppliers are owed by the end of the month is paid on the 25th. What customers pay is seen on the statement; in another
    /// currency it is entered.
    async fn pay(&mut self, month: u32, first: NaiveDate, last: NaiveDate) -> Done<Vec<Booked>> {
        let (mut payments, mut booked) = (Vec::new(), Vec::new());
        let is_now = |owed: &mut Owed| owed.on.is_some_and(|on| on <= last);
        for bill in self.payable.extract_if(.., is_now) {
            let on = first + Days::new(24);
            payments.push(json!({"direction": "out", "party_id": self.parties[bill.party], "account_id": self.accounts["1010"], "paid_on": on,
                "amount": bill.amount.to_string(), "reference": bill.number, "allocations": [{"item_id": bill.id, "amount": bill.amount.to_string()}]}));
            booked.push(Booked { on, amount: -bill.amount, name: bill.party.to_owned(), text: bill.number });
        }
        for invoice in self.receivable.extract_if(.., is_now) {
            let on = invoice.on.unwrap_or(last).max(first);
            let (name, text) = (invoice.party.to_owned(), format!("Invoice {}", invoice.number));
            if invoice.currency == "EUR" {
                booked.push(Booked { on, amount: invoice.amount, name, text });
                continue;
            }
            // The bank changes it at a rate of its own, a little worse than the day's.
            let worth = worth(invoice.currency, month) * Decimal::new(995, 3);
            let euros = (invoice.amount * worth).round_dp(2);
            payments.push(json!({"direction": "in", "party_id": self.parties[invoice.party], "account_id": self.accounts["1010"], "paid_on": on,
                "amount": euros.to_string(), "reference": invoice.number,
                "allocations": [{"item_id": invoice.id, "amount": euros.to_string(), "item_amount": invoice.amount.to_string()}]}));
            booked.push(Booked { on, amount: euros, name, text });
        }
        if !payments.is_empty() {
            self.accountant
                .post(&format!("payments {month}"), "/v1/payments/post", &json!({"payments": payments}))
                .await?;
        }
        Ok(booked)
    }

    /// The bank's file of the month, matched with what the books know.
    async fn take_in_statement(&mut self, month: u32, mut booked: Vec<Booked>) -> Done {
        booked.sort_by(|a, b| (a.on, &a.text).cmp(&(b.on, &b.text)));
        let mut file = "Day,Amount,Name,Text,Balance\n".to_owned();
        for line in booked {
            self.balance += line.amount;
            let Booked { on, amount, name, text } = line;
            let _ = writeln!(file, "{on},{amount},\"{name}\",\"{text}\",{}", self.balance);
        }
        let (key, path) =
            (format!("statement {month}"), format!("/v1/bank-statements?{}", self.bank_account));
        let taken = self.manager.send_once(&key, &path, "text/csv", file).await?;
        self.manager.act(&key, "bank-statements", &taken["statements"][0], "match").await?;
        Ok(())
    }

    /// What is owed to the tax office of the quarter: what sales were taxed with, less what purchases were.
    async fn declare_tax(&mut self, month: u32, last: NaiveDate) -> Done {
        let path = format!("/v1/reports/trial-balance?starts_on={BEGIN}&ends_on={last}");
        let report = self.accountant.get(&path).await?;
        let closing = |code: &str| -> Decimal {
            let rows = report["rows"].as_array().into_iter().flatten();
            let cells = rows.map(|row| &row["cells"]).find(|cells| cells[0]["value"] == code);
            cells.map_or(Decimal::ZERO, |cells| amount(&cells[6]["value"]) - amount(&cells[7]["value"]))
        };
        let (on_sales, on_purchases) = (closing("2100"), closing("1200"));
        let due = -on_sales - on_purchases;
        let entry = self.entry(
            last,
            "VAT of the quarter",
            &[("2100", -on_sales), ("1200", -on_purchases), ("2110", -due)],
        );
        self.accountant
            .post(&format!("tax {month}"), "/v1/journal-entries/post", &json!({"entries": [entry]}))
            .await?;
        self.tax_due = due;
        Ok(())
    }

    fn entry(&self, on: NaiveDate, description: &str, lines: &[(&str, Decimal)]) -> Value {
        let lines: Vec<Value> =
            lines.iter().map(|(code, amount)| line(&self.accounts[*code], *amount)).collect();
        json!({"posted_on": on, "description": description, "lines": lines})
    }

    /// The first year is closed: nothing of it changes any more.
    async fn close(&self) -> Done {
        let mut months: BTreeMap<&String, &String> =
            self.periods.iter().filter(|(code, _)| code.starts_with("2024-")).collect();
        while let Some((code, id)) = months.pop_first() {
            self.manager.act(&format!("month {code}"), "fiscal-periods", &json!({"id": id}), "close").await?;
        }
        let years = self.manager.get("/v1/fiscal-years?code=2024").await?;
        self.manager.act("year 2024", "fiscal-years", &years["data"][0], "close").await?;
        Ok(())
    }
}

/// A debit above zero, a credit below.
fn line(account: &str, amount: Decimal) -> Value {
    let side = if amount > Decimal::ZERO { "debit" } else { "credit" };
    json!({"account_id": account, side: amount.abs().to_string()})
}

impl Customer {
    fn tax(&self) -> &'static str {
        match self.country {
            "NL" => "S21",
            "DE" | "BE" | "FR" | "RO" => "S0EU",
            _ => "S0EX",
        }
    }

    fn party(&self, terms: &HashMap<String, String>) -> Value {
        json!({"name": self.name, "is_customer": true, "country": self.country, "tax_id": self.tax_id, "currency": self.currency,
            "payment_terms_id": terms[self.terms], "language": if self.country == "RO" { "ro" } else { "en" },
            "billing_address": {"line1": "Industrial estate 1", "city": self.city, "country": self.country}})
    }
}

impl Supplier {
    fn tax(&self) -> &'static str {
        match (self.country, self.tax_id) {
            ("NL", Some(_)) => "P21",
            ("NL", None) => "P0",
            _ => "PRC",
        }
    }

    fn party(&self, terms: &HashMap<String, String>, accounts: &HashMap<String, String>) -> Value {
        json!({"name": self.name, "is_supplier": true, "country": self.country, "tax_id": self.tax_id,
            "payment_terms_id": terms["30 days net"], "expense_account_id": accounts[self.account],
            "billing_address": {"line1": "Harbour road 7", "city": self.city, "country": self.country},
            "bank_accounts": [{"iban": iban(self.bank), "holder": self.name}]})
    }
}
