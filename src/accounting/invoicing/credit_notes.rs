//! Credit notes: what takes an invoice back, whole or in part. Posted, they book its mirror, and are set off against it as
//! far as it is open; the rest is the customer's, for a refund or another invoice.

use crate::allocations::{self, SetOff, books_currency};
use crate::booking::{self, Papers};
use crate::crediting::{CreditedLine, Whole, take_back as figure_back};
use crate::figuring::{Amounts, Base, Figured, TaxRounding};
use crate::invoices::{Invoice, InvoiceStatus};
use crate::lines::{DocumentLine, DocumentTax};
use crate::printing::{PaperFacts, Sheet, file_name};
use crate::tax_codes::TaxDirection;
use platform::prelude::*;
use platform::problem::INVALID_STATE;
use platform::store::changes_nothing;
use rust_decimal::Decimal;
use schema::{credit_notes, invoices};

/// What takes an invoice back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = credit_notes)]
pub struct CreditNote {
    pub id: Uuid,
    pub version: i64,
    /// Its number, gapless; null until it is posted.
    #[schema(max_length = 40, example = "CN-2026-000007")]
    pub number: Option<String>,
    /// The invoice that it takes back.
    pub invoice_id: Uuid,
    /// The customer.
    pub party_id: Uuid,
    /// Why.
    #[schema(max_length = 500, example = "Two were broken")]
    pub reason: String,
    /// The customer's own word for it.
    #[schema(max_length = 100, example = "Complaint 12")]
    pub reference: Option<String>,
    /// Its day, and the day in the books.
    #[schema(example = "2026-04-10")]
    pub issued_on: NaiveDate,
    /// The invoice's (ISO 4217).
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
    pub status: CreditNoteStatus,
    /// What books it; null until it is posted.
    pub journal_entry_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a credit note stands.
    pub enum CreditNoteStatus { Draft = "draft", Approved = "approved", Posted = "posted", PartiallyPaid = "partially_paid", Paid = "paid" }
}

/// A credit note to be: a draft. Its figures follow from the invoice's.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCreditNote {
    /// The invoice that it takes back; in the books already.
    invoice_id: Uuid,
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "One was broken")]
    reason: String,
    /// The customer's own word for it.
    #[schema(min_length = 1, max_length = 100, example = "Complaint 12")]
    reference: Option<String>,
    /// Its day, and the day in the books; not before the invoice's.
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
pub struct EditCreditNote {
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "Two were broken")]
    reason: Option<String>,
    /// The customer's own word for it.
    #[schema(min_length = 1, max_length = 100, example = "Complaint 12")]
    reference: Option<Option<String>>,
    /// Its day, and the day in the books; not before the invoice's.
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
pub struct CreditNoteFilter {
    /// Only credit notes in this state.
    #[param(inline)]
    status: Option<CreditNoteStatus>,
    /// Only credit notes of this customer.
    party_id: Option<Uuid>,
    /// Only credit notes that take this invoice back.
    invoice_id: Option<Uuid>,
    /// Only the credit note with this number.
    #[param(min_length = 1, max_length = 40)]
    number: Option<String>,
    /// Only credit notes of this day or later.
    issued_on_from: Option<NaiveDate>,
    /// Only credit notes of this day or earlier.
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

impl Named for CreditNote {
    const NAME: &'static str = "credit-notes";
}

impl Resource for CreditNote {
    const PATH: &'static str = "/v1/credit-notes";
    const SINGULAR: &'static str = "credit_note";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::day("issued_on"), SortKey::instant("created_at")];
    type Filter = CreditNoteFilter;

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

impl Stored for CreditNote {
    type Table = credit_notes::table;
    const TABLE: &'static str = "credit_notes";
    const SEARCHED: &'static [&'static str] = &["number", "reference", "reason"];

    fn narrow(rows: Rows<Self>, by: CreditNoteFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(credit_notes::status.eq(status)))
            .when(by.party_id, |rows, id| rows.filter(credit_notes::party_id.eq(id)))
            .when(by.invoice_id, |rows, id| rows.filter(credit_notes::invoice_id.eq(id)))
            .when(by.number, |rows, number| rows.filter(credit_notes::number.eq(number)))
            .when(by.issued_on_from, |rows, day| rows.filter(credit_notes::issued_on.ge(day)))
            .when(by.issued_on_to, |rows, day| rows.filter(credit_notes::issued_on.le(day)))
    }
}

/// What it prints beside its own fields, with the number and the day of the invoice.
pub struct NoteFacts(PaperFacts, (Option<String>, NaiveDate));

impl Printed for CreditNote {
    type Facts = NoteFacts;

    async fn facts(&self, db: &mut Db) -> Result<NoteFacts> {
        let facts = PaperFacts::of(db, self.id, self.party_id, &self.currency).await?;
        let one = invoices::table.find((db.organization(), self.invoice_id));
        Ok(NoteFacts(facts, one.select((invoices::number, invoices::issued_on)).get_result(db).await?))
    }

    fn file_name(&self) -> String {
        file_name("credit-note", self.number.as_deref())
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

crate::figures_of!(CreditNoteFigures, credit_notes);

impl Kept for CreditNote {
    type New = NewCreditNote;
    type Edit = EditCreditNote;

    async fn create(db: &mut Db, new: NewCreditNote) -> Result<Self> {
        let Some((invoice, books)) = invoice_and_books(db, new.invoice_id).await? else {
            let rule = "there is no such row in this organization";
            return Err(Problem::invalid(vec![Fault::at("/invoice_id", "unknown-reference", rule)]));
        };
        let figured = figure(db, &invoice, &books, new.issued_on, new.lines.as_deref()).await?;
        write(db, &invoice, figured, new.issued_on, &new.reason, new.reference, new.notes).await
    }

    async fn change(db: &mut Db, row: Self, edit: EditCreditNote) -> Result<Self> {
        only_draft(&row)?;
        let patch = serde_json::to_value(&edit).map_err(Problem::internal)?;
        let keeps_lines = edit.lines.is_none();
        if keeps_lines && changes_nothing(&row, &patch)? {
            return Ok(row);
        }
        let issued_on = edit.issued_on.unwrap_or(row.issued_on);
        let words = (
            edit.reason.map(|reason| credit_notes::reason.eq(reason)),
            edit.reference.map(|reference| credit_notes::reference.eq(reference)),
            edit.notes.map(|notes| credit_notes::notes.eq(notes)),
            credit_notes::issued_on.eq(issued_on),
        );
        let one = credit_notes::table.find((db.organization(), row.id));
        if keeps_lines && issued_on == row.issued_on {
            return Ok(diesel::update(one).set(words).returning(Self::as_returning()).get_result(db).await?);
        }
        let parts = match edit.lines {
            Some(parts) => parts,
            None => Some(row.parts()),
        };
        let Some((invoice, books)) = invoice_and_books(db, row.invoice_id).await? else {
            return Err(Problem::not_found());
        };
        let figured = figure(db, &invoice, &books, issued_on, parts.as_deref()).await?;
        let changed = (words, CreditNoteFigures::from(figured));
        Ok(diesel::update(one).set(changed).returning(Self::as_returning()).get_result(db).await?)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        only_draft(&row)?;
        diesel::delete(credit_notes::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

fn only_draft(row: &CreditNote) -> Result<()> {
    match row.status {
        CreditNoteStatus::Draft => Ok(()),
        CreditNoteStatus::Approved => {
            Err(INVALID_STATE.because("An approved credit note is as it was approved: `revise` it first."))
        }
        _ => Err(INVALID_STATE.because("What is posted is final.")),
    }
}

/// The invoice, and the currency that the books are kept in.
async fn invoice_and_books(db: &mut Db, id: Uuid) -> Result<Option<(Invoice, String)>> {
    let one = invoices::table.find((db.organization(), id)).select((Invoice::as_select(), books_currency()));
    Ok(one.get_result(db).await.optional()?)
}

/// What a credit note over these parts comes to, of what those that are posted have left.
async fn figure(
    db: &mut Db,
    invoice: &Invoice,
    books: &str,
    issued_on: NaiveDate,
    parts: Option<&[CreditedLine]>,
) -> Result<Figured> {
    if matches!(invoice.status, InvoiceStatus::Draft | InvoiceStatus::Approved) {
        return Err(
            INVALID_STATE.because("The invoice is not in the books yet: change it, or delete it, instead.")
        );
    }
    if issued_on < invoice.issued_on {
        let rule = format!("must not be before the invoice, {}", invoice.issued_on);
        return Err(Problem::invalid(vec![Fault::at("/issued_on", "before-invoice", rule)]));
    }
    let before = credit_notes::table
        .filter(credit_notes::org_id.eq(db.organization()))
        .filter(credit_notes::invoice_id.eq(invoice.id))
        .filter(credit_notes::number.is_not_null())
        .select(CreditNote::as_select());
    let before: Vec<CreditNote> = before.load(db).await?;
    let before: Vec<Whole> = before.iter().map(CreditNote::whole).collect();
    let rate = Base { rate: invoice.exchange_rate.0, decimals: ledger::currency::decimals(books) };
    let decimals = ledger::currency::decimals(&invoice.currency);
    let note = figure_back(&invoice.whole(), &before, parts, rate, decimals).map_err(refusal)?;
    Ok(Figured {
        payment_terms_id: None,
        due_on: issued_on,
        instalments: Vec::new(),
        currency: invoice.currency.clone(),
        exchange_rate: invoice.exchange_rate.0,
        tax_rounding: invoice.tax_rounding,
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
    invoice: &Invoice,
    figured: Figured,
    issued_on: NaiveDate,
    reason: &str,
    reference: Option<String>,
    notes: Option<String>,
) -> Result<CreditNote> {
    let row = (
        credit_notes::id.eq(Uuid::now_v7()),
        credit_notes::invoice_id.eq(invoice.id),
        credit_notes::party_id.eq(invoice.party_id),
        credit_notes::reason.eq(reason),
        credit_notes::reference.eq(reference),
        credit_notes::issued_on.eq(issued_on),
        credit_notes::notes.eq(notes),
        CreditNoteFigures::from(figured),
    );
    let note = diesel::insert_into(credit_notes::table).values(row).returning(CreditNote::as_returning());
    Ok(note.get_result(db).await?)
}

/// Takes all of an invoice back: a credit note over the whole of it, posted and set off.
pub(crate) async fn take_back(
    db: &mut Db,
    invoice: &Invoice,
    on: NaiveDate,
    reason: &str,
) -> Result<CreditNote> {
    let books = ledger::books(db).await?.currency;
    let figured = figure(db, invoice, &books, on, None).await?;
    let note = write(db, invoice, figured, on, reason, None, None).await?;
    post(db, note, "posted").await
}

/// Takes back of an invoice what a room above decided: these parts, or all that is left. A draft, for `reason`.
///
/// # Errors
/// Those of a credit note that a client writes.
pub async fn draft(
    db: &mut Db,
    invoice_id: Uuid,
    issued_on: NaiveDate,
    reason: &str,
    reference: Option<String>,
    lines: Option<Vec<CreditedLine>>,
) -> Result<CreditNote> {
    let reason = reason.to_owned();
    CreditNote::create(db, NewCreditNote { invoice_id, reason, reference, issued_on, lines, notes: None })
        .await
}

/// Puts a draft into the books: whoever does so has decided on it.
///
/// # Errors
/// Those of posting.
pub async fn finish(db: &mut Db, note: CreditNote) -> Result<CreditNote> {
    post(db, note, "posted").await
}

/// What such a credit note would come to, with its taxes; none where there is no such invoice.
///
/// # Errors
/// As [`draft`].
pub async fn worth(
    db: &mut Db,
    invoice_id: Uuid,
    issued_on: NaiveDate,
    lines: Option<&[CreditedLine]>,
) -> Result<Option<Money>> {
    let Some((invoice, books)) = invoice_and_books(db, invoice_id).await? else { return Ok(None) };
    Ok(Some(figure(db, &invoice, &books, issued_on, lines).await?.amounts.total.into()))
}

/// Posts a locked credit note and sets it off against its invoice as far as that is open.
async fn post(db: &mut Db, note: CreditNote, status: &str) -> Result<CreditNote> {
    // Whoever takes the same invoice back waits here, before they take a number.
    let invoice = allocations::lock_items(db, &[note.invoice_id]).await?.pop();
    let ready = booking::prepare(db, &note.papers("")).await?;
    let number = numbers::take(db, CreditNote::NAME, note.issued_on, note.id).await?;
    let entry = booking::book(db, &note.papers(&number), &ready).await?;
    let status = if note.total_amount.0.is_zero() { "paid" } else { status };
    let posted = (
        credit_notes::status.eq(status),
        credit_notes::number.eq(Some(&number)),
        credit_notes::open_amount.eq(note.total_amount),
        credit_notes::journal_entry_id.eq(entry),
    );
    let one = credit_notes::table.find((db.organization(), note.id));
    let posted = diesel::update(one).set(posted).returning(CreditNote::as_returning()).get_result(db).await?;
    booking::open(db, &note.papers(&number), &ready, entry).await?;
    let amount = invoice.map_or(Decimal::ZERO, |invoice| invoice.open_amount).min(note.total_amount.0);
    if amount.is_zero() {
        return Ok(posted);
    }
    let set_off = SetOff {
        debit_item_id: note.invoice_id,
        credit_item_id: note.id,
        debit_amount: amount,
        credit_amount: amount,
        on: note.issued_on,
    };
    allocations::allocate(db, &[set_off]).await?;
    CreditNote::find(db, note.id).await
}

impl Invoice {
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

impl CreditNote {
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
            title: "Credit note",
            id: self.id,
            number,
            party_id: self.party_id,
            direction: TaxDirection::Sale,
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

/// Approve a credit note
///
/// A draft is agreed to: it changes no more, and can be posted. Where a policy of the organization asks for it, only with
/// an approval of `approve`, which is used up. Nothing is booked.
#[utoipa::path(post, path = "/v1/credit-notes/{id}/approve", tag = "Accounting")]
async fn approve_credit_note(may: May<Approve, CreditNote>, id: Id<CreditNote>) -> Reply<CreditNote> {
    approvals::step(may, id, "approve").await
}

/// Revise a credit note
///
/// An approved credit note is a draft again, open to changes. Nothing is booked.
#[utoipa::path(post, path = "/v1/credit-notes/{id}/revise", tag = "Accounting")]
async fn revise_credit_note(may: May<Write, CreditNote>, id: Id<CreditNote>) -> Reply<CreditNote> {
    step(may, id, "revise").await
}

/// Post a credit note
///
/// It gets its number, the next of its series, and books on its day the mirror of what it takes back. It is set off against
/// its invoice as far as that is open; what is over stays open, for a refund or another invoice. Where another credit note
/// was posted meanwhile and less is left than this one takes back, it is refused.
#[utoipa::path(post, path = "/v1/credit-notes/{id}/post", tag = "Accounting")]
async fn post_credit_note(may: May<Post, CreditNote>, id: Id<CreditNote>) -> Reply<CreditNote> {
    may.write(async |db| {
        let note = lock(&may, db, &id).await?;
        let status = LIFE.step(note.status.as_str(), "post")?;
        post(db, note, status).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.printable::<CreditNote>()
        .creatable::<CreditNote>()
        .changeable::<CreditNote>()
        .deletable::<CreditNote>()
        .call(operation!(approve_credit_note))
        .call(operation!(revise_credit_note))
        .call(operation!(post_credit_note));
}
