//! Debit notes: what takes a bill back, whole or in part. Posted, they book its mirror, and are set off against it as
//! far as it is open; the rest is the company's, for a refund or another bill.

use crate::allocations::{self, SetOff, books_currency};
use crate::bills::{Bill, BillStatus};
use crate::booking::{self, Papers};
use crate::crediting::{CreditedLine, Whole, take_back as figure_back};
use crate::figuring::{Amounts, Base, Figured, TaxRounding};
use crate::lines::{DocumentLine, DocumentTax};
use crate::printing::{PaperFacts, Sheet, file_name};
use crate::tax_codes::TaxDirection;
use platform::prelude::*;
use platform::problem::INVALID_STATE;
use platform::store::changes_nothing;
use rust_decimal::Decimal;
use schema::{bills, debit_notes};

/// What takes a bill back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = debit_notes)]
pub struct DebitNote {
    pub id: Uuid,
    pub version: i64,
    /// Its number, gapless; null until it is posted.
    #[schema(max_length = 40, example = "DN-2026-000007")]
    pub number: Option<String>,
    /// The bill that it takes back.
    pub bill_id: Uuid,
    /// The supplier.
    pub party_id: Uuid,
    /// Why.
    #[schema(max_length = 500, example = "Two were broken")]
    pub reason: String,
    /// The supplier's own word for it.
    #[schema(max_length = 100, example = "Complaint 12")]
    pub reference: Option<String>,
    /// Its day, and the day in the books.
    #[schema(example = "2026-04-10")]
    pub issued_on: NaiveDate,
    /// The bill's (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    pub exchange_rate: Rate,
    pub tax_rounding: TaxRounding,
    /// What is taken back.
    #[schema(value_type = Vec<DocumentLine>, max_items = 500)]
    pub lines: List<DocumentLine>,
    /// The tax by code; what was charged of it is `tax_amount`.
    #[schema(value_type = Vec<DocumentTax>, max_items = 100)]
    pub taxes: List<DocumentTax>,
    /// Without tax: the sum of the lines.
    #[schema(example = "50.00")]
    pub net_amount: Money,
    /// The sum of the tax table.
    #[schema(example = "9.50")]
    pub tax_amount: Money,
    /// Net amount and tax.
    #[schema(example = "59.50")]
    pub total_amount: Money,
    /// The net amount in the organization's currency.
    #[schema(example = "50.00")]
    pub base_net_amount: Money,
    /// The tax in the organization's currency, as it is declared.
    #[schema(example = "9.50")]
    pub base_tax_amount: Money,
    /// The total in the organization's currency, as it is booked.
    #[schema(example = "59.50")]
    pub base_total_amount: Money,
    /// What of it was not set off or refunded; 0.00 until it is posted.
    #[schema(example = "0.00")]
    pub open_amount: Money,
    /// What is printed below the lines.
    #[schema(max_length = 2000, example = json!(null))]
    pub notes: Option<String>,
    pub status: DebitNoteStatus,
    /// What books it; null until it is posted.
    pub journal_entry_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a debit note stands.
    pub enum DebitNoteStatus { Draft = "draft", Approved = "approved", Posted = "posted", PartiallyPaid = "partially_paid", Paid = "paid" }
}

/// A debit note to be: a draft. Its figures follow from the bill's.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDebitNote {
    /// The bill that it takes back; in the books already.
    bill_id: Uuid,
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "One was broken")]
    reason: String,
    /// The supplier's own word for it.
    #[schema(min_length = 1, max_length = 100, example = "Complaint 12")]
    reference: Option<String>,
    /// Its day, and the day in the books; not before the bill's.
    #[schema(example = "2026-03-31")]
    issued_on: NaiveDate,
    /// What is taken back; left out, all that is left.
    #[schema(min_items = 1, max_items = 500)]
    lines: Option<Vec<CreditedLine>>,
    /// What is printed below the lines.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    notes: Option<String>,
}

/// What of a draft can be changed. Lines are given whole.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditDebitNote {
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "Two were broken")]
    reason: Option<String>,
    /// The supplier's own word for it.
    #[schema(min_length = 1, max_length = 100, example = "Complaint 12")]
    reference: Option<Option<String>>,
    /// Its day, and the day in the books; not before the bill's.
    #[schema(example = "2026-03-31")]
    issued_on: Option<NaiveDate>,
    /// All that is taken back from now on; null for all that is left.
    #[schema(min_items = 1, max_items = 500, example = json!(null))]
    lines: Option<Option<Vec<CreditedLine>>>,
    /// What is printed below the lines.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    notes: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct DebitNoteFilter {
    /// Only debit notes in this state.
    #[param(inline)]
    status: Option<DebitNoteStatus>,
    /// Only debit notes of this supplier.
    party_id: Option<Uuid>,
    /// Only debit notes that take this bill back.
    bill_id: Option<Uuid>,
    /// Only the debit note with this number.
    #[param(min_length = 1, max_length = 40)]
    number: Option<String>,
    /// Only debit notes of this day or later.
    issued_on_from: Option<NaiveDate>,
    /// Only debit notes of this day or earlier.
    issued_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Written, and open to changes."),
        ("approved", "Agreed to, and not in the books yet."),
        ("posted", "In the books under its number, for good; nothing of it is set off."),
        ("partially_paid", "A part of it is set off or refunded."),
        ("paid", "All of it is set off or refunded."),
    ],
    steps: &[
        Step { action: "approve", from: &["draft"], to: "approved", verb: "approve" },
        Step { action: "revise", from: &["approved"], to: "draft", verb: "write" },
        Step { action: "post", from: &["approved"], to: "posted", verb: "post" },
    ],
};

impl Named for DebitNote {
    const NAME: &'static str = "debit-notes";
}

impl Resource for DebitNote {
    const PATH: &'static str = "/v1/debit-notes";
    const SINGULAR: &'static str = "debit_note";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::day("issued_on"), SortKey::instant("created_at")];
    type Filter = DebitNoteFilter;

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

impl Stored for DebitNote {
    type Table = debit_notes::table;
    const TABLE: &'static str = "debit_notes";
    const SEARCHED: &'static [&'static str] = &["number", "reference", "reason"];

    fn narrow(rows: Rows<Self>, by: DebitNoteFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(debit_notes::status.eq(status)))
            .when(by.party_id, |rows, id| rows.filter(debit_notes::party_id.eq(id)))
            .when(by.bill_id, |rows, id| rows.filter(debit_notes::bill_id.eq(id)))
            .when(by.number, |rows, number| rows.filter(debit_notes::number.eq(number)))
            .when(by.issued_on_from, |rows, day| rows.filter(debit_notes::issued_on.ge(day)))
            .when(by.issued_on_to, |rows, day| rows.filter(debit_notes::issued_on.le(day)))
    }
}

/// What it prints beside its own fields, with the number and the day of the bill.
pub struct NoteFacts(PaperFacts, (Option<String>, NaiveDate));

impl Printed for DebitNote {
    type Facts = NoteFacts;

    async fn facts(&self, db: &mut Db) -> Result<NoteFacts> {
        let facts = PaperFacts::of(db, self.id, self.party_id, &self.currency).await?;
        let one = bills::table.find((db.organization(), self.bill_id));
        Ok(NoteFacts(
            facts,
            one.select((bills::supplier_number.nullable(), bills::issued_on)).get_result(db).await?,
        ))
    }

    fn file_name(&self) -> String {
        file_name("debit-note", self.number.as_deref())
    }

    fn print(&self, facts: &NoteFacts) -> Vec<u8> {
        let NoteFacts(facts, (number, issued_on)) = facts;
        let sheet = Sheet {
            papers: self.papers(self.number.as_deref().unwrap_or_default()),
            is_void: false,
            instalments: &[],
            takes_back: Some((number.as_deref().unwrap_or_default(), *issued_on, &self.reason)),
            open: self.open_amount.0,
            notes: self.notes.as_deref(),
        };
        sheet.print(facts)
    }
}

crate::figures_of!(DebitNoteFigures, debit_notes);

impl Kept for DebitNote {
    type New = NewDebitNote;
    type Edit = EditDebitNote;

    async fn create(db: &mut Db, new: NewDebitNote) -> Result<Self> {
        let Some((bill, books)) = bill_and_books(db, new.bill_id).await? else {
            let rule = "there is no such row in this organization";
            return Err(Problem::invalid(vec![Fault::at("/bill_id", "unknown-reference", rule)]));
        };
        let figured = figure(db, &bill, &books, new.issued_on, new.lines.as_deref()).await?;
        write(db, &bill, figured, new.issued_on, &new.reason, new.reference, new.notes).await
    }

    async fn change(db: &mut Db, row: Self, edit: EditDebitNote) -> Result<Self> {
        only_draft(&row)?;
        let patch = serde_json::to_value(&edit).map_err(Problem::internal)?;
        let keeps_lines = edit.lines.is_none();
        if keeps_lines && changes_nothing(&row, &patch)? {
            return Ok(row);
        }
        let issued_on = edit.issued_on.unwrap_or(row.issued_on);
        let words = (
            edit.reason.map(|reason| debit_notes::reason.eq(reason)),
            edit.reference.map(|reference| debit_notes::reference.eq(reference)),
            edit.notes.map(|notes| debit_notes::notes.eq(notes)),
            debit_notes::issued_on.eq(issued_on),
        );
        let one = debit_notes::table.find((db.organization(), row.id));
        if keeps_lines && issued_on == row.issued_on {
            return Ok(diesel::update(one).set(words).returning(Self::as_returning()).get_result(db).await?);
        }
        let parts = match edit.lines {
            Some(parts) => parts,
            None => Some(row.parts()),
        };
        let Some((bill, books)) = bill_and_books(db, row.bill_id).await? else {
            return Err(Problem::not_found());
        };
        let figured = figure(db, &bill, &books, issued_on, parts.as_deref()).await?;
        let changed = (words, DebitNoteFigures::from(figured));
        Ok(diesel::update(one).set(changed).returning(Self::as_returning()).get_result(db).await?)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        only_draft(&row)?;
        diesel::delete(debit_notes::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

fn only_draft(row: &DebitNote) -> Result<()> {
    match row.status {
        DebitNoteStatus::Draft => Ok(()),
        DebitNoteStatus::Approved => {
            Err(INVALID_STATE.because("An approved debit note is as it was approved: `revise` it first."))
        }
        _ => Err(INVALID_STATE.because("What is posted is final.")),
    }
}

/// The bill, and the currency that the books are kept in.
async fn bill_and_books(db: &mut Db, id: Uuid) -> Result<Option<(Bill, String)>> {
    let one = bills::table.find((db.organization(), id)).select((Bill::as_select(), books_currency()));
    Ok(one.get_result(db).await.optional()?)
}

/// What a debit note over these parts comes to, of what those that are posted have left.
async fn figure(
    db: &mut Db,
    bill: &Bill,
    books: &str,
    issued_on: NaiveDate,
    parts: Option<&[CreditedLine]>,
) -> Result<Figured> {
    if matches!(bill.status, BillStatus::Draft | BillStatus::Approved) {
        return Err(
            INVALID_STATE.because("The bill is not in the books yet: change it, or delete it, instead.")
        );
    }
    if issued_on < bill.issued_on {
        let rule = format!("must not be before the bill, {}", bill.issued_on);
        return Err(Problem::invalid(vec![Fault::at("/issued_on", "before-bill", rule)]));
    }
    let before = debit_notes::table
        .filter(debit_notes::org_id.eq(db.organization()))
        .filter(debit_notes::bill_id.eq(bill.id))
        .filter(debit_notes::number.is_not_null())
        .select(DebitNote::as_select());
    let before: Vec<DebitNote> = before.load(db).await?;
    let before: Vec<Whole> = before.iter().map(DebitNote::whole).collect();
    let rate = Base { rate: bill.exchange_rate.0, decimals: ledger::currency::decimals(books) };
    let decimals = ledger::currency::decimals(&bill.currency);
    let note = figure_back(&bill.whole(), &before, parts, rate, decimals).map_err(refusal)?;
    Ok(Figured {
        payment_terms_id: None,
        due_on: issued_on,
        instalments: Vec::new(),
        currency: bill.currency.clone(),
        exchange_rate: bill.exchange_rate.0,
        tax_rounding: bill.tax_rounding,
        lines: note.lines,
        taxes: note.taxes,
        amounts: note.amounts,
    })
}

/// What asks for more than is left is right in itself: the world is not.
fn refusal(faults: Vec<Fault>) -> Problem {
    if faults.iter().all(|fault| fault.code == "more-than-is-left" || fault.code == "nothing-left") {
        let problem = platform::problem::CONFLICT
            .because("More would be taken back than is left: `errors` says where.");
        return faults.into_iter().fold(problem, Problem::at);
    }
    Problem::invalid(faults)
}

async fn write(
    db: &mut Db,
    bill: &Bill,
    figured: Figured,
    issued_on: NaiveDate,
    reason: &str,
    reference: Option<String>,
    notes: Option<String>,
) -> Result<DebitNote> {
    let row = (
        debit_notes::id.eq(Uuid::now_v7()),
        debit_notes::bill_id.eq(bill.id),
        debit_notes::party_id.eq(bill.party_id),
        debit_notes::reason.eq(reason),
        debit_notes::reference.eq(reference),
        debit_notes::issued_on.eq(issued_on),
        debit_notes::notes.eq(notes),
        DebitNoteFigures::from(figured),
    );
    let note = diesel::insert_into(debit_notes::table).values(row).returning(DebitNote::as_returning());
    Ok(note.get_result(db).await?)
}

/// Takes all of a bill back: a debit note over the whole of it, posted and set off.
pub(crate) async fn take_back(db: &mut Db, bill: &Bill, on: NaiveDate, reason: &str) -> Result<DebitNote> {
    let books = ledger::books(db).await?.currency;
    let figured = figure(db, bill, &books, on, None).await?;
    let note = write(db, bill, figured, on, reason, None, None).await?;
    post(db, note, "posted").await
}

/// Posts a locked debit note and sets it off against its bill as far as that is open.
async fn post(db: &mut Db, note: DebitNote, status: &str) -> Result<DebitNote> {
    // Whoever takes the same bill back waits here, before they take a number.
    let bill = allocations::lock_items(db, &[note.bill_id]).await?.pop();
    let ready = booking::prepare(db, &note.papers("")).await?;
    let number = numbers::take(db, DebitNote::NAME, note.issued_on, note.id).await?;
    let entry = booking::book(db, &note.papers(&number), &ready).await?;
    let status = if note.total_amount.0.is_zero() { "paid" } else { status };
    let posted = (
        debit_notes::status.eq(status),
        debit_notes::number.eq(Some(&number)),
        debit_notes::open_amount.eq(note.total_amount),
        debit_notes::journal_entry_id.eq(entry),
    );
    let one = debit_notes::table.find((db.organization(), note.id));
    let posted = diesel::update(one).set(posted).returning(DebitNote::as_returning()).get_result(db).await?;
    booking::open(db, &note.papers(&number), &ready, entry).await?;
    let amount = bill.map_or(Decimal::ZERO, |bill| bill.open_amount).min(note.total_amount.0);
    if amount.is_zero() {
        return Ok(posted);
    }
    let set_off = SetOff {
        debit_item_id: note.id,
        credit_item_id: note.bill_id,
        debit_amount: amount,
        credit_amount: amount,
        on: note.issued_on,
    };
    allocations::allocate(db, &[set_off]).await?;
    DebitNote::find(db, note.id).await
}

impl Bill {
    pub(crate) fn whole(&self) -> Whole {
        Whole {
            lines: self.lines.0.clone(),
            taxes: self.taxes.0.clone(),
            amounts: Amounts {
                net: self.net_amount.0,
                tax: self.tax_amount.0,
                total: self.total_amount.0,
                base_net: self.base_net_amount.0,
                base_tax: self.base_tax_amount.0,
                base_total: self.base_total_amount.0,
            },
        }
    }
}

impl DebitNote {
    fn whole(&self) -> Whole {
        Whole {
            lines: self.lines.0.clone(),
            taxes: self.taxes.0.clone(),
            amounts: Amounts {
                net: self.net_amount.0,
                tax: self.tax_amount.0,
                total: self.total_amount.0,
                base_net: self.base_net_amount.0,
                base_tax: self.base_tax_amount.0,
                base_total: self.base_total_amount.0,
            },
        }
    }

    /// The parts that it takes back, as they would be asked for.
    fn parts(&self) -> Vec<CreditedLine> {
        let part = |line: &DocumentLine| CreditedLine {
            line: line.credited_line.unwrap_or_default(),
            quantity: None,
            amount: Some(line.net_amount.0),
        };
        self.lines.0.iter().map(part).collect()
    }

    fn papers<'a>(&'a self, number: &'a str) -> Papers<'a> {
        Papers {
            resource: Self::NAME,
            title: "Debit note",
            id: self.id,
            number,
            party_id: self.party_id,
            direction: TaxDirection::Purchase,
            takes_back: true,
            posted_on: self.issued_on,
            due_on: self.issued_on,
            reference: self.reference.as_deref(),
            currency: &self.currency,
            exchange_rate: self.exchange_rate.0,
            lines: &self.lines.0,
            taxes: &self.taxes.0,
            total: self.total_amount.0,
            base_total: self.base_total_amount.0,
        }
    }
}

/// Approve a debit note
///
/// A draft is agreed to: it changes no more, and can be posted. Where a policy of the organization asks for it, only with
/// an approval of `approve`, which is used up. Nothing is booked.
#[utoipa::path(post, path = "/v1/debit-notes/{id}/approve", tag = "Accounting")]
async fn approve_debit_note(may: May<Approve, DebitNote>, id: Id<DebitNote>) -> Reply<DebitNote> {
    approvals::step(may, id, "approve").await
}

/// Revise a debit note
///
/// An approved debit note is a draft again, open to changes. Nothing is booked.
#[utoipa::path(post, path = "/v1/debit-notes/{id}/revise", tag = "Accounting")]
async fn revise_debit_note(may: May<Write, DebitNote>, id: Id<DebitNote>) -> Reply<DebitNote> {
    step(may, id, "revise").await
}

/// Post a debit note
///
/// It gets its number, the next of its series, and books on its day the mirror of what it takes back. It is set off against
/// its bill as far as that is open; what is over stays open, for a refund or another bill. Where another debit note
/// was posted meanwhile and less is left than this one takes back, it is refused.
#[utoipa::path(post, path = "/v1/debit-notes/{id}/post", tag = "Accounting")]
async fn post_debit_note(may: May<Post, DebitNote>, id: Id<DebitNote>) -> Reply<DebitNote> {
    may.write(async |db| {
        let note = lock(&may, db, &id).await?;
        let status = LIFE.step(note.status.as_str(), "post")?;
        post(db, note, status).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.printable::<DebitNote>()
        .creatable::<DebitNote>()
        .changeable::<DebitNote>()
        .deletable::<DebitNote>()
        .call(operation!(approve_debit_note))
        .call(operation!(revise_debit_note))
        .call(operation!(post_debit_note));
}
