//! Lines of bank statements: each amount that came in or went out, until an entry in the books explains it. A line is matched
//! with what was posted already or settles what is open, is booked to an account, or is split; and all of that can be taken back.

use crate::booking::{self, Explanation, Locked, Share};
use crate::settling::{Wanted, refuse_bank_itself, refuse_wrong_amounts, settled};
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
    /// The statement that brought it.
    pub statement_id: Uuid,
    /// The bank account that it moved money in.
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
        (
            "matched",
            "Entries that were posted before explain it, or payments that were posted for it and settle what was open.",
        ),
        ("booked", "An entry of its own booked it to an account."),
        ("split", "What was posted for it booked it to several accounts or settled several open items."),
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
        let explained = Explanation::new(locked);
        let on = to.posted_on.unwrap_or(explained.on);
        let explained = Explanation { on, description: to.description, shares: vec![share], ..explained };
        booking::explain_one(db, LineStatus::Booked, explained).await
    })
    .await
}

/// What a line is split over.
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

/// A part of a line, and its account or what it settles: one of both.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinePart {
    /// The account of the ledger.
    account_id: Option<Uuid>,
    /// The document or payment that it settles as far as it goes: the id of an invoice, credit note, bill, debit note or payment.
    #[schema(example = json!(null))]
    item_id: Option<Uuid>,
    /// In the line's currency, and with its sign: what went out is negative, and so is a fee that was kept back from what came in.
    #[schema(example = "-3.00")]
    amount: Money,
    /// What is taken off the item, in its currency, where that is another than the line's.
    #[schema(example = json!(null))]
    item_amount: Option<Money>,
    /// What is kept besides for paying early, as the terms of the invoice or bill allow.
    #[schema(example = json!(null))]
    discount_amount: Option<Money>,
    /// What this part is for.
    #[schema(min_length = 1, max_length = 500, example = "Fee")]
    description: Option<String>,
    /// The party that the line to the account carries.
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

/// Split a line
///
/// Posts one entry in the bank journal over the accounts that are named, and a payment for each party whose open items are settled.
/// The parts come to the amount of the line, to the cent.
#[utoipa::path(post, path = "/v1/bank-statement-lines/{id}/split", tag = "Banking")]
async fn split_bank_statement_line(
    may: May<Post, BankStatementLine>,
    id: Id<BankStatementLine>,
    over: Input<SplitBankStatementLineRequest>,
) -> Reply<BankStatementLine> {
    may.write(async |db| {
        let locked = ready(&may, db, &id, "split").await?;
        let over = over.0.clone();
        let (mut shares, mut wanted, mut faults) = (Vec::new(), Vec::new(), Vec::new());
        let mut amounts = Vec::with_capacity(over.parts.len());
        for (place, part) in over.parts.into_iter().enumerate() {
            let pointer = format!("/parts/{place}");
            amounts.push((format!("{pointer}/amount"), part.amount.0));
            match (part.account_id, part.item_id) {
                (Some(account_id), None) => shares.push(Share {
                    account_id,
                    amount: part.amount.0,
                    description: part.description,
                    party_id: part.party_id,
                    department_id: part.department_id,
                    cost_centre_id: part.cost_centre_id,
                    project_id: part.project_id,
                    pointer,
                }),
                (None, Some(item_id)) => wanted.push(Wanted {
                    item_id,
                    amount: Some(part.amount.0),
                    item_amount: part.item_amount.map(|amount| amount.0),
                    discount_amount: part.discount_amount.map(|amount| amount.0),
                    pointer,
                }),
                _ => {
                    let rule = "must name either `account_id` or `item_id`";
                    faults.push(Fault::at(format!("{pointer}/account_id"), "either-or", rule));
                }
            }
        }
        refuse_wrong_amounts(&locked, "/parts", &amounts, &mut faults);
        if !shares.is_empty() && shares.iter().map(|share| share.amount).sum::<Decimal>().is_zero() {
            let rule = "must move something: what goes to accounts comes to nothing, so book it with a journal entry";
            faults.push(Fault::at("/parts", "zero", rule));
        }
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        refuse_bank_itself(&locked, &shares)?;
        let settled = settled(db, &locked, wanted, locked.line.amount.0).await?;
        let explained = Explanation::new(locked);
        let on = over.posted_on.unwrap_or(explained.on);
        let explained = Explanation { on, description: over.description, shares, settled, ..explained };
        booking::explain_one(db, LineStatus::Split, explained).await
    })
    .await
}

/// What explains a line: entries, open items, or what a party paid ahead; at least one of them.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchBankStatementLineRequest {
    /// What was posted before. Together with the items it comes to the amount of the line.
    #[serde(default)]
    #[schema(max_items = 500)]
    entries: Vec<MatchedEntry>,
    /// What is open and settled by the line.
    #[serde(default)]
    #[schema(max_items = 500, example = json!([]))]
    items: Vec<MatchedItem>,
    /// The party for which what is left over is kept as its credit, or to which it was paid ahead: an overpayment or an advance. Unless
    /// told, nothing may be left over.
    #[schema(example = json!(null))]
    party_id: Option<Uuid>,
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

/// Something that is open, and how much of the line settles it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchedItem {
    /// The id of an invoice, credit note, bill, debit note or payment of which something is open.
    item_id: Uuid,
    /// How much of the line settles it: above zero for what is owed to us, below for what we owe. What is open of it, unless told, as
    /// far as the line goes.
    #[schema(example = json!(null))]
    amount: Option<Money>,
    /// What is taken off the item, in its currency, where that is another than the line's.
    #[schema(example = json!(null))]
    item_amount: Option<Money>,
    /// What is kept besides for paying early, as the terms of the invoice or bill allow.
    #[schema(example = json!(null))]
    discount_amount: Option<Money>,
}

/// Match a line
///
/// Says what in the books the bank shows here. Of entries that were posted before, several that the bank booked as one or one that it
/// booked in parts, nothing is posted; an entry explains no more than it moved in this bank account. For what is open, a payment of
/// the bank's day is posted for each party, and allocated to its documents.
#[utoipa::path(post, path = "/v1/bank-statement-lines/{id}/match", tag = "Banking")]
async fn match_bank_statement_line(
    may: May<Post, BankStatementLine>,
    id: Id<BankStatementLine>,
    with: Input<MatchBankStatementLineRequest>,
) -> Reply<BankStatementLine> {
    may.write(async |db| {
        let locked = ready(&may, db, &id, "match").await?;
        let with = with.0.clone();
        let whole = locked.line.amount;
        let mut faults = Vec::new();
        let (mut entries, mut amounts) = (Vec::<(Uuid, Decimal)>::new(), Vec::new());
        for (place, each) in with.entries.iter().enumerate() {
            let amount = each.amount.unwrap_or(whole).0;
            if entries.iter().any(|(other, _)| *other == each.journal_entry_id) {
                let rule = "must be named once";
                faults.push(Fault::at(format!("/entries/{place}/journal_entry_id"), "repeated", rule));
            }
            entries.push((each.journal_entry_id, amount));
            amounts.push((format!("/entries/{place}/amount"), amount));
        }
        let explained = amounts.iter().map(|(_, amount)| *amount).sum::<Decimal>();
        let wanted = with.items.into_iter().enumerate().map(|(place, each)| Wanted {
            item_id: each.item_id,
            amount: each.amount.map(|amount| amount.0),
            item_amount: each.item_amount.map(|amount| amount.0),
            discount_amount: each.discount_amount.map(|amount| amount.0),
            pointer: format!("/items/{place}"),
        });
        let settled = settled(db, &locked, wanted.collect(), whole.0 - explained).await?;
        amounts.extend(settled.iter().map(|part| (format!("{}/amount", part.pointer), part.amount)));
        let rest = whole.0 - amounts.iter().map(|(_, amount)| *amount).sum::<Decimal>();
        let is_left = !rest.is_zero() && rest.is_sign_positive() == whole.0.is_sign_positive();
        let advance = with.party_id.filter(|_| is_left).map(|party| (party, rest));
        if with.party_id.is_some() && !is_left {
            let rule = "must be left out: nothing of the line is left over";
            faults.push(Fault::at("/party_id", "not-needed", rule));
        }
        amounts.extend(advance.map(|(_, rest)| ("/party_id".to_owned(), rest)));
        let all = if entries.is_empty() { "/items" } else { "/entries" };
        refuse_wrong_amounts(&locked, all, &amounts, &mut faults);
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        let explained = Explanation::new(locked);
        booking::explain_one(db, LineStatus::Matched, Explanation { entries, settled, advance, ..explained })
            .await
    })
    .await
}

/// How a line is taken back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnmatchBankStatementLineRequest {
    /// The day on which what was posted for the line is booked back, such as one in an open period; the bank's day of booking, unless
    /// told.
    #[schema(example = "2026-03-02")]
    posted_on: Option<NaiveDate>,
}

/// Take a line back
///
/// The line is unmatched again. Payments that were posted for it are void, so that what they settled is open again, and what else
/// was posted for it is booked back, on the day that is named; entries that it was matched with stay as they are.
#[utoipa::path(post, path = "/v1/bank-statement-lines/{id}/unmatch", tag = "Banking")]
async fn unmatch_bank_statement_line(
    may: May<Post, BankStatementLine>,
    id: Id<BankStatementLine>,
    how: Input<UnmatchBankStatementLineRequest>,
) -> Reply<BankStatementLine> {
    may.write(async |db| {
        let line = ready(&may, db, &id, "unmatch").await?.line;
        let on = how.0.posted_on.unwrap_or(line.booked_on);
        if on < line.booked_on {
            let rule = format!("must not be before the bank's day of booking, {}", line.booked_on);
            return Err(Problem::invalid(vec![Fault::at("/posted_on", "too-early", rule)]));
        }
        booking::take_back(db, &line, on).await
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
