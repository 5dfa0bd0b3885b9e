//! Lines of bank statements: each amount that came in or went out, until an entry in the books explains it. A line is booked to
//! an account, split over several, or matched with what was posted already; and all of that can be taken back.

use crate::booking::{self, Locked, Share};
use diesel::QueryableByName;
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::bank_statement_lines;

/// An amount that came into an account or left it, as the bank booked it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = bank_statement_lines)]
pub struct BankStatementLine {
    pub id: Uuid,
    pub version: i64,
    pub statement_id: Uuid,
    pub bank_account_id: Uuid,
    /// Its place in the statement.
    #[schema(minimum = 1, maximum = 50_000, example = 1)]
    pub line: i32,
    /// The day on which the bank booked it.
    #[schema(example = "2026-03-02")]
    pub booked_on: NaiveDate,
    /// The day from which it bears interest.
    #[schema(example = "2026-03-02")]
    pub value_on: Option<NaiveDate>,
    /// What left the account is negative.
    pub amount: Money,
    /// The currency (ISO 4217) of the account.
    #[schema(max_length = 3, example = "RON")]
    pub currency: String,
    /// The reference that both sides know: a creditor reference, the customer's own, a cheque's number.
    #[schema(max_length = 140, example = "RF18539007547034")]
    pub reference: Option<String>,
    /// The reference that went from end to end with a transfer.
    #[schema(max_length = 140, example = "INV-2026-000041")]
    pub end_to_end_id: Option<String>,
    /// Who paid, or was paid.
    #[schema(max_length = 140, example = "Ana Pop SRL")]
    pub counterparty_name: Option<String>,
    /// Their IBAN, or whatever number the bank tells.
    #[schema(max_length = 70, example = "RO09BCYP0000001234567890")]
    pub counterparty_account: Option<String>,
    /// What it is for, and what else the bank says.
    #[schema(max_length = 2000, example = "Factura INV-2026-000041")]
    pub text: Option<String>,
    /// What the bank calls the booking.
    #[schema(max_length = 140, example = "TR260302000171")]
    pub bank_reference: Option<String>,
    /// The rule that booked it; null where none did.
    #[schema(example = json!(null))]
    pub rule_id: Option<Uuid>,
    pub status: LineStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What explains a line in the books.
    pub enum LineStatus { Unmatched = "unmatched", Matched = "matched", Booked = "booked", Split = "split" }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BankStatementLineFilter {
    /// Only lines of this statement.
    statement_id: Option<Uuid>,
    /// Only lines of this account.
    bank_account_id: Option<Uuid>,
    /// Only lines in this state.
    #[param(inline)]
    status: Option<LineStatus>,
    /// Only lines that the bank booked on this day or later.
    booked_on_from: Option<NaiveDate>,
    /// Only lines that the bank booked on this day or earlier.
    booked_on_to: Option<NaiveDate>,
    /// Only lines that this rule booked.
    rule_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("unmatched", "Nothing in the books explains it yet."),
        ("matched", "Entries that were posted for something else, such as a payment, explain it."),
        ("booked", "An entry of its own booked it to an account."),
        ("split", "An entry of its own booked it to several accounts."),
    ],
    steps: &[
        Step { action: "book", from: &["unmatched"], to: "booked", verb: "post" },
        Step { action: "split", from: &["unmatched"], to: "split", verb: "post" },
        Step { action: "match", from: &["unmatched"], to: "matched", verb: "post" },
        Step { action: "unmatch", from: &["matched", "booked", "split"], to: "unmatched", verb: "post" },
    ],
};

impl Named for BankStatementLine {
    const NAME: &'static str = "bank-statement-lines";
}

impl Resource for BankStatementLine {
    const PATH: &'static str = "/v1/bank-statement-lines";
    const SINGULAR: &'static str = "bank_statement_line";
    const TAG: &'static str = "Banking";
    const SORT: &'static [SortKey] = &[SortKey::day("booked_on")];
    const USUAL_ORDER: &'static str = "booked_on";
    type Filter = BankStatementLineFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn life() -> Option<&'static Life> {
        Some(&LIFE)
    }
    fn state(&self) -> Option<&'static str> {
        Some(self.status.as_str())
    }
}

impl Stored for BankStatementLine {
    type Table = bank_statement_lines::table;
    const TABLE: &'static str = "bank_statement_lines";
    const SEARCHED: &'static [&'static str] =
        &["text", "counterparty_name", "reference", "end_to_end_id", "bank_reference"];

    fn narrow(rows: Rows<Self>, by: BankStatementLineFilter) -> Rows<Self> {
        rows.when(by.statement_id, |rows, id| rows.filter(bank_statement_lines::statement_id.eq(id)))
            .when(by.bank_account_id, |rows, id| rows.filter(bank_statement_lines::bank_account_id.eq(id)))
            .when(by.status, |rows, status| rows.filter(bank_statement_lines::status.eq(status)))
            .when(by.booked_on_from, |rows, day| rows.filter(bank_statement_lines::booked_on.ge(day)))
            .when(by.booked_on_to, |rows, day| rows.filter(bank_statement_lines::booked_on.le(day)))
            .when(by.rule_id, |rows, id| rows.filter(bank_statement_lines::rule_id.eq(id)))
    }
}

/// The account that a line is booked to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BookBankStatementLineRequest {
    /// The account of the ledger, against the bank's.
    account_id: Uuid,
    /// What the entry says; the line's own text, unless told.
    #[schema(min_length = 1, max_length = 500, example = "Bank fees of March")]
    description: Option<String>,
    /// The day in the books; the bank's day of booking, unless told.
    #[schema(example = "2026-03-02")]
    posted_on: Option<NaiveDate>,
    /// The party that the line to the account carries, such as the customer who paid.
    #[schema(example = json!(null))]
    party_id: Option<Uuid>,
    /// The department that the line to the account carries.
    #[schema(example = json!(null))]
    department_id: Option<Uuid>,
    /// The cost centre that the line to the account carries.
    #[schema(example = json!(null))]
    cost_centre_id: Option<Uuid>,
    /// The project that the line to the account carries.
    #[schema(example = json!(null))]
    project_id: Option<Uuid>,
}

/// Book a line
///
/// Posts an entry in the bank journal: what came in is a debit of the bank's account and a credit of the account that is named,
/// what went out the other way round; in another currency at the rate of the bank's day. Nothing of it waits to be posted.
#[utoipa::path(post, path = "/v1/bank-statement-lines/{id}/book", tag = "Banking")]
async fn book_bank_statement_line(
    may: May<Post, BankStatementLine>,
    id: Id<BankStatementLine>,
    to: Input<BookBankStatementLineRequest>,
) -> Reply<BankStatementLine> {
    may.write(async |db| {
        let locked = ready(&may, db, &id, "book").await?;
        let to = to.0.clone();
        let share = Share {
            account_id: to.account_id,
            amount: locked.line.amount.0,
            description: None,
            party_id: to.party_id,
            department_id: to.department_id,
            cost_centre_id: to.cost_centre_id,
            project_id: to.project_id,
            pointer: String::new(),
        };
        refuse_bank_itself(&locked, std::slice::from_ref(&share))?;
        let on = to.posted_on.unwrap_or(locked.line.booked_on);
        booking::book(db, &locked, on, to.description, &[share], LineStatus::Booked).await
    })
    .await
}

/// The accounts that a line is split over.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitBankStatementLineRequest {
    /// What goes where; together it is the amount of the line.
    #[schema(min_items = 2, max_items = 500, example = json!([
        {"account_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", "amount": "-30.00", "description": "Fee"},
        {"account_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", "amount": "-5.50", "description": "Tax on it"}
    ]))]
    parts: Vec<LinePart>,
    /// What the entry says; the line's own text, unless told.
    #[schema(min_length = 1, max_length = 500, example = "Card takings less fees")]
    description: Option<String>,
    /// The day in the books; the bank's day of booking, unless told.
    #[schema(example = "2026-03-02")]
    posted_on: Option<NaiveDate>,
}

/// A part of a line, and its account.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinePart {
    /// The account of the ledger.
    account_id: Uuid,
    /// In the line's currency, and with its sign: what went out is negative, and so is a fee that was kept back from what came in.
    #[schema(example = "-3.00")]
    amount: Money,
    /// What this part is for.
    #[schema(min_length = 1, max_length = 500, example = "Fee")]
    description: Option<String>,
    #[schema(example = json!(null))]
    party_id: Option<Uuid>,
    #[schema(example = json!(null))]
    department_id: Option<Uuid>,
    #[schema(example = json!(null))]
    cost_centre_id: Option<Uuid>,
    #[schema(example = json!(null))]
    project_id: Option<Uuid>,
}

/// Split a line
///
/// Posts one entry in the bank journal over several accounts. The parts come to the amount of the line, to the cent.
#[utoipa::path(post, path = "/v1/bank-statement-lines/{id}/split", tag = "Banking")]
async fn split_bank_statement_line(
    may: May<Post, BankStatementLine>,
    id: Id<BankStatementLine>,
    over: Input<SplitBankStatementLineRequest>,
) -> Reply<BankStatementLine> {
    may.write(async |db| {
        let locked = ready(&may, db, &id, "split").await?;
        let over = over.0.clone();
        let shares: Vec<Share> = over
            .parts
            .into_iter()
            .enumerate()
            .map(|(place, part)| Share {
                account_id: part.account_id,
                amount: part.amount.0,
                description: part.description,
                party_id: part.party_id,
                department_id: part.department_id,
                cost_centre_id: part.cost_centre_id,
                project_id: part.project_id,
                pointer: format!("/parts/{place}"),
            })
            .collect();
        refuse_wrong_parts(&locked, &shares)?;
        refuse_bank_itself(&locked, &shares)?;
        let on = over.posted_on.unwrap_or(locked.line.booked_on);
        booking::book(db, &locked, on, over.description, &shares, LineStatus::Split).await
    })
    .await
}

fn refuse_wrong_parts(of: &Locked, shares: &[Share]) -> Result<()> {
    let (line, decimals) = (&of.line, ledger::currency::decimals(&of.line.currency));
    let mut faults = Vec::new();
    for share in shares {
        let place = format!("{}/amount", share.pointer);
        if share.amount.is_zero() {
            faults.push(Fault::at(place, "zero", "must not be zero"));
        } else if share.amount.normalize().scale() > decimals {
            let rule = format!("must have at most {decimals} decimals, as {} has", line.currency);
            faults.push(Fault::at(place, "too-many-decimals", rule));
        }
    }
    let sum: Option<Decimal> =
        shares.iter().try_fold(Decimal::ZERO, |sum, share| sum.checked_add(share.amount));
    if sum != Some(line.amount.0) {
        let sum = sum.map_or_else(|| "more than can be counted".to_owned(), |sum| Money(sum).to_string());
        let rule = format!(
            "must come to the amount of the line, {} {}, and come to {sum}",
            line.amount, line.currency
        );
        faults.push(Fault::at("/parts", "does-not-add-up", rule));
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// What is booked from an account to itself explains nothing.
fn refuse_bank_itself(of: &Locked, shares: &[Share]) -> Result<()> {
    let same = shares.iter().filter(|share| share.account_id == of.ledger_account_id);
    let rule = "must be another account than the one that keeps what is in this bank account";
    let faults: Vec<Fault> =
        same.map(|share| Fault::at(format!("{}/account_id", share.pointer), "not-allowed", rule)).collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// The entries that explain a line.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchBankStatementLineRequest {
    /// Together they come to the amount of the line.
    #[schema(min_items = 1, max_items = 500)]
    entries: Vec<MatchedEntry>,
}

/// An entry, and how much of the line it explains.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchedEntry {
    /// An entry that moved money in this bank account.
    journal_entry_id: Uuid,
    /// How much of the line it explains, with the line's sign; all of it, unless told.
    #[schema(example = json!(null))]
    amount: Option<Money>,
}

/// Match a line
///
/// Says which entries in the books are what the bank shows here: a payment that was posted before, several that the bank booked as
/// one, or one that it booked in parts. Nothing is posted. An entry explains no more than it moved in this bank account.
#[utoipa::path(post, path = "/v1/bank-statement-lines/{id}/match", tag = "Banking")]
async fn match_bank_statement_line(
    may: May<Post, BankStatementLine>,
    id: Id<BankStatementLine>,
    with: Input<MatchBankStatementLineRequest>,
) -> Reply<BankStatementLine> {
    may.write(async |db| {
        let locked = ready(&may, db, &id, "match").await?;
        let line = &locked.line;
        let entries: Vec<(Uuid, Decimal)> = with
            .0
            .entries
            .iter()
            .map(|each| (each.journal_entry_id, each.amount.unwrap_or(line.amount).0))
            .collect();
        let mut faults = Vec::new();
        for (place, (id, amount)) in entries.iter().enumerate() {
            if entries[..place].iter().any(|(other, _)| other == id) {
                let rule = "must be named once";
                faults.push(Fault::at(format!("/entries/{place}/journal_entry_id"), "repeated", rule));
            }
            if amount.is_zero() {
                faults.push(Fault::at(format!("/entries/{place}/amount"), "zero", "must not be zero"));
            }
        }
        let sum: Option<Decimal> =
            entries.iter().try_fold(Decimal::ZERO, |sum, (_, amount)| sum.checked_add(*amount));
        if sum != Some(line.amount.0) {
            let rule = format!("must come to the amount of the line, {} {}", line.amount, line.currency);
            faults.push(Fault::at("/entries", "does-not-add-up", rule));
        }
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        booking::explain(db, line.id, &entries, LineStatus::Matched).await
    })
    .await
}

/// How a line is taken back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmatchBankStatementLineRequest {
    /// The day on which what was booked is booked back, such as one in an open period; the bank's day of booking, unless told. It
    /// means nothing where the line was matched, since nothing was posted then.
    #[schema(example = "2026-03-02")]
    posted_on: Option<NaiveDate>,
}

/// Take a line back
///
/// The line is unmatched again. What it had posted is booked back, on the day that is named; entries that it was matched with stay as
/// they are.
#[utoipa::path(post, path = "/v1/bank-statement-lines/{id}/unmatch", tag = "Banking")]
async fn unmatch_bank_statement_line(
    may: May<Post, BankStatementLine>,
    id: Id<BankStatementLine>,
    how: Input<UnmatchBankStatementLineRequest>,
) -> Reply<BankStatementLine> {
    may.write(async |db| {
        let Locked { line, entry_id, .. } = ready(&may, db, &id, "unmatch").await?;
        if let (Some(entry), true) = (entry_id, line.status != LineStatus::Matched) {
            let why = format!("Taken back: {}", line.text.as_deref().unwrap_or("bank statement line"));
            let on = how.0.posted_on.unwrap_or(line.booked_on);
            ledger::reverse(db, entry, on, &why.chars().take(500).collect::<String>()).await?;
        }
        booking::forget(db, line.id).await
    })
    .await
}

/// The line, locked, in the version that was asked for and in a state that allows the step.
async fn ready(
    may: &May<Post, BankStatementLine>,
    db: &mut Db,
    id: &Id<BankStatementLine>,
    action: &str,
) -> Result<Locked> {
    let locked = Locked::line(db, id.0).await?;
    platform::resource::same_version(&locked.line, may.if_match_given()?)?;
    LIFE.step(locked.line.status.as_str(), action)?;
    Ok(locked)
}

pub fn routes(api: &mut Api) {
    api.readable::<BankStatementLine>()
        .call(operation!(book_bank_statement_line))
        .call(operation!(split_bank_statement_line))
        .call(operation!(match_bank_statement_line))
        .call(operation!(unmatch_bank_statement_line));
}
