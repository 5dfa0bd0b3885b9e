//! Invoices: what customers owe for what was sold. Drafts are figured by the service, posted ones are in the books for good.

use crate::booking::{self, Papers};
use crate::credit_notes;
use crate::figuring::{Entered, Figured, TaxRounding, figure};
use crate::lines::{DocumentLine, DocumentTax, Instalment, NewDocumentLine};
use crate::printing::{PaperFacts, Sheet, file_name};
use crate::tax_codes::TaxDirection;
use platform::prelude::*;
use platform::problem::INVALID_STATE;
use platform::store::changes_nothing;
use rust_decimal::Decimal;
use schema::invoices;

/// What a customer owes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = invoices)]
pub struct Invoice {
    pub id: Uuid,
    pub version: i64,
    /// Its number, gapless; null until it is posted.
    #[schema(max_length = 40, example = "INV-2026-000042")]
    pub number: Option<String>,
    /// The customer.
    pub party_id: Uuid,
    /// When it is due.
    pub payment_terms_id: Option<Uuid>,
    /// The customer's own word for it, such as the number of their order.
    #[schema(max_length = 100, example = "PO 4711")]
    pub reference: Option<String>,
    /// Its day, and the day in the books.
    #[schema(example = "2026-03-31")]
    pub issued_on: NaiveDate,
    /// When the last of it is due.
    #[schema(example = "2026-04-30")]
    pub due_on: NaiveDate,
    /// What is due when; together the total.
    #[schema(value_type = Vec<Instalment>, max_items = 36)]
    pub instalments: List<Instalment>,
    /// What it is paid in (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    pub exchange_rate: Rate,
    pub tax_rounding: TaxRounding,
    /// What was sold.
    #[schema(value_type = Vec<DocumentLine>, max_items = 500)]
    pub lines: List<DocumentLine>,
    /// The tax by code; what is charged of it is `tax_amount`.
    #[schema(value_type = Vec<DocumentTax>, max_items = 100)]
    pub taxes: List<DocumentTax>,
    /// Without tax: the sum of the lines.
    #[schema(example = "100.00")]
    pub net_amount: Money,
    /// The sum of the tax table.
    #[schema(example = "19.00")]
    pub tax_amount: Money,
    /// Net amount and tax.
    #[schema(example = "119.00")]
    pub total_amount: Money,
    /// The net amount in the organization's currency.
    #[schema(example = "100.00")]
    pub base_net_amount: Money,
    /// The tax in the organization's currency, as it is declared.
    #[schema(example = "19.00")]
    pub base_tax_amount: Money,
    /// The total in the organization's currency, as it is booked.
    #[schema(example = "119.00")]
    pub base_total_amount: Money,
    /// What credit notes took back of it.
    #[schema(example = "0.00")]
    pub credited_amount: Money,
    /// What is still to be paid of it; 0.00 until it is posted.
    #[schema(example = "0.00")]
    pub open_amount: Money,
    /// What is printed below the lines.
    #[schema(max_length = 2000, example = "Thank you.")]
    pub notes: Option<String>,
    pub status: InvoiceStatus,
    /// What books it; null until it is posted.
    pub journal_entry_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where an invoice stands.
    pub enum InvoiceStatus { Draft = "draft", Approved = "approved", Posted = "posted", PartiallyPaid = "partially_paid", Paid = "paid", Void = "void" }
}

/// An invoice to be: a draft. Totals, taxes and days are worked out by the service.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewInvoice {
    /// The customer.
    pub(crate) party_id: Uuid,
    /// When it is due; left out, the customer's terms, and where there are none, at once.
    #[schema(example = json!(null))]
    pub(crate) payment_terms_id: Option<Uuid>,
    /// When it is due, whatever the terms say.
    #[schema(example = json!(null))]
    pub(crate) due_on: Option<NaiveDate>,
    /// The customer's own word for it, such as the number of their order.
    #[schema(min_length = 1, max_length = 100, example = "PO 4711")]
    pub(crate) reference: Option<String>,
    /// Its day, and the day in the books.
    #[schema(example = "2026-03-31")]
    pub(crate) issued_on: NaiveDate,
    /// What it is paid in; left out, the customer's currency, and where they have none, the organization's.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = json!(null))]
    pub(crate) currency: Option<String>,
    /// What one unit of the currency is worth in the organization's; left out, the rate of the day.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,12}(\.[0-9]{1,8})?$", example = json!(null))]
    pub(crate) exchange_rate: Option<Decimal>,
    /// What is sold.
    #[schema(min_items = 1, max_items = 500)]
    pub(crate) lines: Vec<NewDocumentLine>,
    /// What is printed below the lines.
    #[schema(min_length = 1, max_length = 2000, example = "Thank you.")]
    pub(crate) notes: Option<String>,
}

/// What of a draft can be changed. Lines are given whole; what follows from a change is worked out anew.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditInvoice {
    /// The customer.
    party_id: Option<Uuid>,
    /// When it is due; null for the customer's terms.
    #[schema(example = json!(null))]
    payment_terms_id: Option<Option<Uuid>>,
    /// When it is due, whatever the terms say; null for what they say.
    #[schema(example = json!(null))]
    due_on: Option<Option<NaiveDate>>,
    /// The customer's own word for it.
    #[schema(min_length = 1, max_length = 100, example = "PO 4712")]
    reference: Option<Option<String>>,
    /// Its day, and the day in the books.
    #[schema(example = "2026-03-31")]
    issued_on: Option<NaiveDate>,
    /// What it is paid in; null for the customer's currency.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = json!(null))]
    currency: Option<Option<String>>,
    /// What one unit of the currency is worth in the organization's; null for the rate of the day.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,12}(\.[0-9]{1,8})?$", example = json!(null))]
    exchange_rate: Option<Option<Decimal>>,
    /// All lines from now on.
    #[schema(min_items = 1, max_items = 500)]
    lines: Option<Vec<NewDocumentLine>>,
    /// What is printed below the lines.
    #[schema(min_length = 1, max_length = 2000, example = "Thank you very much.")]
    notes: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct InvoiceFilter {
    /// Only invoices in this state.
    #[param(inline)]
    status: Option<InvoiceStatus>,
    /// Only invoices of this customer.
    party_id: Option<Uuid>,
    /// Only invoices that this recurring invoice made.
    recurring_invoice_id: Option<Uuid>,
    /// Only the invoice with this number.
    #[param(min_length = 1, max_length = 40)]
    number: Option<String>,
    /// Only invoices of this day or later.
    issued_on_from: Option<NaiveDate>,
    /// Only invoices of this day or earlier.
    issued_on_to: Option<NaiveDate>,
    /// Only invoices due on this day or later.
    due_on_from: Option<NaiveDate>,
    /// Only invoices due on this day or earlier.
    due_on_to: Option<NaiveDate>,
}

diesel::define_sql_function! {
    /// See the migration of billing: the invoices that a recurring invoice made, a row each.
    fn made_again_and_again(recurring_invoice: diesel::sql_types::Uuid) -> diesel::sql_types::Uuid;
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Written, and open to changes."),
        ("approved", "Agreed to, and not in the books yet."),
        ("posted", "In the books under its number, for good; nothing of it is paid."),
        ("partially_paid", "A part of it is paid or credited."),
        ("paid", "All of it is paid or credited."),
        ("void", "All of it was taken back by credit notes."),
    ],
    steps: &[
        Step { action: "approve", from: &["draft"], to: "approved", verb: "approve" },
        Step { action: "revise", from: &["approved"], to: "draft", verb: "write" },
        Step { action: "post", from: &["approved"], to: "posted", verb: "post" },
        Step { action: "void", from: &["posted"], to: "void", verb: "void" },
    ],
};

impl Named for Invoice {
    const NAME: &'static str = "invoices";
}

impl Resource for Invoice {
    const PATH: &'static str = "/v1/invoices";
    const SINGULAR: &'static str = "invoice";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] =
        &[SortKey::day("issued_on"), SortKey::day("due_on"), SortKey::instant("created_at")];
    type Filter = InvoiceFilter;

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

impl Stored for Invoice {
    type Table = invoices::table;
    const TABLE: &'static str = "invoices";
    const SEARCHED: &'static [&'static str] = &["number", "reference"];

    fn narrow(rows: Rows<Self>, by: InvoiceFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(invoices::status.eq(status)))
            .when(by.party_id, |rows, id| rows.filter(invoices::party_id.eq(id)))
            .when(by.recurring_invoice_id, |rows, id| {
                rows.filter(invoices::id.eq_any(diesel::select(made_again_and_again(id))))
            })
            .when(by.number, |rows, number| rows.filter(invoices::number.eq(number)))
            .when(by.issued_on_from, |rows, day| rows.filter(invoices::issued_on.ge(day)))
            .when(by.issued_on_to, |rows, day| rows.filter(invoices::issued_on.le(day)))
            .when(by.due_on_from, |rows, day| rows.filter(invoices::due_on.ge(day)))
            .when(by.due_on_to, |rows, day| rows.filter(invoices::due_on.le(day)))
    }
}

impl Printed for Invoice {
    type Facts = PaperFacts;

    async fn facts(&self, db: &mut Db) -> Result<PaperFacts> {
        PaperFacts::of(db, self.id, self.party_id, &self.currency).await
    }

    fn file_name(&self) -> String {
        file_name("invoice", self.number.as_deref())
    }

    fn print(&self, facts: &PaperFacts) -> Vec<u8> {
        let sheet = Sheet {
            papers: self.papers(self.number.as_deref().unwrap_or_default()),
            is_void: self.status == InvoiceStatus::Void,
            instalments: &self.instalments.0,
            takes_back: None,
            open: self.open_amount.0,
            notes: self.notes.as_deref(),
        };
        sheet.print(facts)
    }
}

crate::figures_of!(InvoiceFigures, invoices);

impl Kept for Invoice {
    type New = NewInvoice;
    type Edit = EditInvoice;

    async fn create(db: &mut Db, new: NewInvoice) -> Result<Self> {
        let entered = Entered {
            party_id: new.party_id,
            payment_terms_id: new.payment_terms_id,
            currency: new.currency,
            exchange_rate: new.exchange_rate,
            issued_on: new.issued_on,
            due_on: new.due_on,
            lines: new.lines,
        };
        let figured = figure(db, TaxDirection::Sale, &entered).await?;
        let row = (
            invoices::id.eq(Uuid::now_v7()),
            invoices::party_id.eq(new.party_id),
            invoices::reference.eq(new.reference),
            invoices::issued_on.eq(new.issued_on),
            invoices::notes.eq(new.notes),
            due(&figured),
            InvoiceFigures::from(figured),
        );
        let invoice = diesel::insert_into(invoices::table).values(row).returning(Self::as_returning());
        Ok(invoice.get_result(db).await?)
    }

    async fn change(db: &mut Db, row: Self, edit: EditInvoice) -> Result<Self> {
        only_draft(&row)?;
        let patch = serde_json::to_value(&edit).map_err(Problem::internal)?;
        if changes_nothing(&row, &patch)? {
            return Ok(row);
        }
        let one = invoices::table.find((db.organization(), row.id));
        let words = (
            edit.reference.clone().map(|reference| invoices::reference.eq(reference)),
            edit.notes.clone().map(|notes| invoices::notes.eq(notes)),
        );
        if patch
            .as_object()
            .is_some_and(|fields| fields.keys().all(|name| name == "reference" || name == "notes"))
        {
            return Ok(diesel::update(one).set(words).returning(Self::as_returning()).get_result(db).await?);
        }
        let entered = row.with(&edit);
        let figured = figure(db, TaxDirection::Sale, &entered).await?;
        let changed = (
            words,
            invoices::party_id.eq(entered.party_id),
            invoices::issued_on.eq(entered.issued_on),
            due(&figured),
            InvoiceFigures::from(figured),
        );
        Ok(diesel::update(one).set(changed).returning(Self::as_returning()).get_result(db).await?)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        only_draft(&row)?;
        diesel::delete(invoices::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

type Due = (
    diesel::dsl::Eq<invoices::payment_terms_id, Option<Uuid>>,
    diesel::dsl::Eq<invoices::due_on, NaiveDate>,
    diesel::dsl::Eq<invoices::instalments, List<Instalment>>,
);

fn due(figured: &Figured) -> Due {
    (
        invoices::payment_terms_id.eq(figured.payment_terms_id),
        invoices::due_on.eq(figured.due_on),
        invoices::instalments.eq(List(figured.instalments.clone())),
    )
}

fn only_draft(row: &Invoice) -> Result<()> {
    match row.status {
        InvoiceStatus::Draft => Ok(()),
        InvoiceStatus::Approved => {
            Err(INVALID_STATE.because("An approved invoice is as it was approved: `revise` it first."))
        }
        _ => Err(INVALID_STATE.because("What is posted is final: take it back with a credit note instead.")),
    }
}

impl Invoice {
    /// What a draft will be of, with the changes. What was said on purpose stays where nothing it hangs on changes: a due day
    /// that differs from the terms', a rate that differs from the day's.
    fn with(&self, edit: &EditInvoice) -> Entered {
        let changes_terms =
            edit.party_id.is_some() || edit.payment_terms_id.is_some() || edit.issued_on.is_some();
        let own_due = (self.instalments.0.len() == 1 && !changes_terms).then_some(self.due_on);
        let changes_rate = edit.party_id.is_some() || edit.currency.is_some() || edit.issued_on.is_some();
        let own_rate = (!changes_rate).then_some(self.exchange_rate.0);
        Entered {
            party_id: edit.party_id.unwrap_or(self.party_id),
            payment_terms_id: match edit.payment_terms_id {
                Some(terms) => terms,
                None if edit.party_id.is_some() => None,
                None => self.payment_terms_id,
            },
            currency: match &edit.currency {
                Some(currency) => currency.clone(),
                None => Some(self.currency.clone()),
            },
            exchange_rate: edit.exchange_rate.unwrap_or(own_rate),
            issued_on: edit.issued_on.unwrap_or(self.issued_on),
            due_on: edit.due_on.unwrap_or(own_due),
            lines: match &edit.lines {
                Some(lines) => lines.clone(),
                None => self.lines.0.iter().map(NewDocumentLine::from).collect(),
            },
        }
    }

    fn papers<'a>(&'a self, number: &'a str) -> Papers<'a> {
        Papers {
            resource: Self::NAME,
            title: "Invoice",
            id: self.id,
            number,
            party_id: self.party_id,
            direction: TaxDirection::Sale,
            takes_back: false,
            posted_on: self.issued_on,
            due_on: self.due_on,
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

/// Approve an invoice
///
/// A draft is agreed to: it changes no more, and can be posted. Where a policy of the organization asks for it, only with
/// an approval of `approve`, which is used up. Nothing is booked.
#[utoipa::path(post, path = "/v1/invoices/{id}/approve", tag = "Accounting")]
async fn approve_invoice(may: May<Approve, Invoice>, id: Id<Invoice>) -> Reply<Invoice> {
    approvals::step(may, id, "approve").await
}

/// Revise an invoice
///
/// An approved invoice is a draft again, open to changes. Nothing is booked.
#[utoipa::path(post, path = "/v1/invoices/{id}/revise", tag = "Accounting")]
async fn revise_invoice(may: May<Write, Invoice>, id: Id<Invoice>) -> Reply<Invoice> {
    step(may, id, "revise").await
}

/// Post an invoice
///
/// It gets its number, the next of its series, and is booked on its day: the total is a debit on the receivable account,
/// the net amounts are credits on the accounts of the lines, the tax is credited by tax code. From then on it is final. Where
/// the customer would owe more than their credit limit, only with the permission `invoices:exceed-credit`.
#[utoipa::path(post, path = "/v1/invoices/{id}/post", tag = "Accounting")]
async fn post_invoice(may: May<Post, Invoice>, id: Id<Invoice>) -> Reply<Invoice> {
    may.write(async |db| {
        let invoice = lock(&may, db, &id).await?;
        LIFE.step(invoice.status.as_str(), "post")?;
        post(db, invoice, may.grants().reach("exceed-credit").is_some()).await
    })
    .await
}

/// Agrees to a draft and posts it, as nobody with a permission to exceed a credit limit would.
pub(crate) async fn approve_and_post(db: &mut Db, draft: Invoice) -> Result<Invoice> {
    approvals::require::<Invoice>(db, draft.id, "approve", &json!({})).await?;
    let approved = Invoice::set_status(db, draft.id, "approved").await?;
    post(db, approved, false).await
}

/// Posts a locked invoice that was approved.
async fn post(db: &mut Db, invoice: Invoice, may_exceed_credit: bool) -> Result<Invoice> {
    let ready = booking::prepare(db, &invoice.papers("")).await?;
    let owed = ready.owed() + invoice.base_total_amount.0;
    if ready.credit_limit().is_some_and(|limit| owed > limit) && !may_exceed_credit {
        let limit = Money(ready.credit_limit().unwrap_or_default());
        return Err(CREDIT_LIMIT_EXCEEDED.because(format!(
            "With this invoice the customer would owe {} of at most {limit}: collect what is open, raise the limit, or let somebody post it who holds `invoices:exceed-credit`.",
            Money(owed)
        )));
    }
    let number = numbers::take(db, Invoice::NAME, invoice.issued_on, invoice.id).await?;
    let entry = booking::book(db, &invoice.papers(&number), &ready).await?;
    // What comes to nothing is paid as it is.
    let status = if invoice.total_amount.0.is_zero() { "paid" } else { "posted" };
    let posted = (
        invoices::status.eq(status),
        invoices::number.eq(Some(&number)),
        invoices::open_amount.eq(invoice.total_amount),
        invoices::journal_entry_id.eq(entry),
    );
    let one = invoices::table.find((db.organization(), invoice.id));
    let posted = diesel::update(one).set(posted).returning(Invoice::as_returning()).get_result(db).await?;
    booking::open(db, &invoice.papers(&number), &ready, entry).await?;
    Ok(posted)
}

/// Why an invoice is taken back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidInvoiceRequest {
    /// The day of the credit note that takes it back; not before the invoice's.
    #[schema(example = "2026-03-31")]
    issued_on: NaiveDate,
    /// Why, in the company's words.
    #[schema(min_length = 1, max_length = 500, example = "Sent to the wrong customer")]
    reason: String,
}

/// Void an invoice
///
/// Takes back all of an invoice of which nothing was paid or credited: makes a credit note over the whole of it, posts it,
/// and settles the invoice with it. Both stay in the books.
#[utoipa::path(post, path = "/v1/invoices/{id}/void", tag = "Accounting")]
async fn void_invoice(
    may: May<Void, Invoice>,
    id: Id<Invoice>,
    why: Input<VoidInvoiceRequest>,
) -> Reply<Invoice> {
    may.write(async |db| {
        let invoice = lock(&may, db, &id).await?;
        LIFE.step(invoice.status.as_str(), "void")?;
        credit_notes::take_back(db, &invoice, why.0.issued_on, &why.0.reason).await?;
        Invoice::find(db, invoice.id).await
    })
    .await
}

static CREDIT_LIMIT_EXCEEDED: Kind = Kind {
    code: "credit-limit-exceeded",
    status: 409,
    title: "The customer would owe more than their credit limit",
    cause: "The customer has a credit limit, and what they owe already and this invoice are more than that.",
    cure: "Collect what is open, raise the limit at the party, or have it posted by somebody who holds `invoices:exceed-credit`.",
};

pub fn routes(api: &mut Api) {
    api.printable::<Invoice>()
        .creatable::<Invoice>()
        .changeable::<Invoice>()
        .deletable::<Invoice>()
        .call(operation!(approve_invoice))
        .call(operation!(revise_invoice))
        .call(operation!(post_invoice))
        .call(operation!(void_invoice))
        .problem(&CREDIT_LIMIT_EXCEEDED);
}
