//! Bills: what the company owes suppliers for what was bought, under the supplier's number and ours. Who enters one does not
//! approve it.

use crate::booking::{self, Papers};
use crate::debit_notes;
use crate::figuring::{Entered, Figured, TaxRounding, figure};
use crate::lines::{DocumentLine, DocumentTax, Instalment, NewDocumentLine};
use crate::tax_codes::TaxDirection;
use platform::prelude::*;
use platform::problem::INVALID_STATE;
use platform::store::changes_nothing;
use rust_decimal::Decimal;
use schema::bills;

/// What the company owes a supplier.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = bills)]
pub struct Bill {
    pub id: Uuid,
    pub version: i64,
    /// Its number, gapless; null until it is posted.
    #[schema(max_length = 40, example = "BILL-2026-000042")]
    pub number: Option<String>,
    /// The supplier.
    pub party_id: Uuid,
    /// The number that the supplier gave it; theirs are all different.
    #[schema(max_length = 60, example = "F-2026-0815")]
    pub supplier_number: String,
    /// When it is due.
    pub payment_terms_id: Option<Uuid>,
    /// What else it goes by, such as the number of our order.
    #[schema(max_length = 100, example = "PO-2026-0012")]
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
    /// What was bought.
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
    /// What debit notes took back of it.
    #[schema(example = "0.00")]
    pub credited_amount: Money,
    /// What is still to be paid of it; 0.00 until it is posted.
    #[schema(example = "0.00")]
    pub open_amount: Money,
    /// What approved budgets warned of when it was posted: it spent more than they left.
    #[schema(value_type = Vec<BudgetWarning>, max_items = 500, example = json!([]))]
    pub budget_warnings: List<BudgetWarning>,
    /// What colleagues should know of it.
    #[schema(max_length = 2000, example = "Approved by phone.")]
    pub notes: Option<String>,
    pub status: BillStatus,
    /// What books it; null until it is posted.
    pub journal_entry_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What a budget said to a line of a bill.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BudgetWarning {
    /// The budget.
    budget_id: Uuid,
    /// The lines of the bill (RFC 6901), as far as they are booked apart.
    #[schema(max_items = 500, example = json!(["/lines/0"]))]
    pointers: Vec<String>,
    /// What they ask of which line of the budget, and what it leaves.
    #[schema(
        max_length = 300,
        example = "asks 150.01 of line 1 of the budget `Operations`, which leaves 150.00"
    )]
    detail: String,
}

impl From<&budgets::Finding> for BudgetWarning {
    fn from(finding: &budgets::Finding) -> Self {
        Self { budget_id: finding.budget_id, pointers: finding.pointers.clone(), detail: finding.to_string() }
    }
}

text_enum! {
    /// Where a bill stands.
    pub enum BillStatus { Draft = "draft", Approved = "approved", Posted = "posted", PartiallyPaid = "partially_paid", Paid = "paid", Void = "void" }
}

/// A bill to be: a draft. Totals, taxes and days are worked out by the service.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBill {
    /// The supplier.
    party_id: Uuid,
    /// The number that the supplier gave it. The same one of the same supplier is 409: it was entered already.
    #[schema(min_length = 1, max_length = 60, example = "F-2026-0815")]
    supplier_number: String,
    /// When it is due; left out, the supplier's terms, and where there are none, at once.
    #[schema(example = json!(null))]
    payment_terms_id: Option<Uuid>,
    /// When it is due, whatever the terms say.
    #[schema(example = json!(null))]
    due_on: Option<NaiveDate>,
    /// What else it goes by, such as the number of our order.
    #[schema(min_length = 1, max_length = 100, example = "PO-2026-0012")]
    reference: Option<String>,
    /// Its day, and the day in the books.
    #[schema(example = "2026-03-31")]
    issued_on: NaiveDate,
    /// What it is paid in; left out, the supplier's currency, and where they have none, the organization's.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = json!(null))]
    currency: Option<String>,
    /// What one unit of the currency is worth in the organization's; left out, the rate of the day.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,12}(\.[0-9]{1,8})?$", example = json!(null))]
    exchange_rate: Option<Decimal>,
    /// What is bought.
    #[schema(min_items = 1, max_items = 500)]
    lines: Vec<NewDocumentLine>,
    /// What colleagues should know of it.
    #[schema(min_length = 1, max_length = 2000, example = "Approved by phone.")]
    notes: Option<String>,
}

/// What of a draft can be changed. Lines are given whole; what follows from a change is worked out anew.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditBill {
    /// The supplier.
    party_id: Option<Uuid>,
    /// The number that the supplier gave it.
    #[schema(min_length = 1, max_length = 60, example = "F-2026-0816")]
    supplier_number: Option<String>,
    /// When it is due; null for the supplier's terms.
    #[schema(example = json!(null))]
    payment_terms_id: Option<Option<Uuid>>,
    /// When it is due, whatever the terms say; null for what they say.
    #[schema(example = json!(null))]
    due_on: Option<Option<NaiveDate>>,
    /// What else it goes by, such as the number of our order.
    #[schema(min_length = 1, max_length = 100, example = "PO-2026-0013")]
    reference: Option<Option<String>>,
    /// Its day, and the day in the books.
    #[schema(example = "2026-03-31")]
    issued_on: Option<NaiveDate>,
    /// What it is paid in; null for the supplier's currency.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = json!(null))]
    currency: Option<Option<String>>,
    /// What one unit of the currency is worth in the organization's; null for the rate of the day.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,12}(\.[0-9]{1,8})?$", example = json!(null))]
    exchange_rate: Option<Option<Decimal>>,
    /// All lines from now on.
    #[schema(min_items = 1, max_items = 500)]
    lines: Option<Vec<NewDocumentLine>>,
    /// What colleagues should know of it.
    #[schema(min_length = 1, max_length = 2000, example = "Checked.")]
    notes: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BillFilter {
    /// Only bills in this state.
    #[param(inline)]
    status: Option<BillStatus>,
    /// Only bills of this supplier.
    party_id: Option<Uuid>,
    /// Only the bill with this number of ours.
    #[param(min_length = 1, max_length = 40)]
    number: Option<String>,
    /// Only bills with this number of their suppliers.
    #[param(min_length = 1, max_length = 60)]
    supplier_number: Option<String>,
    /// Only bills of this day or later.
    issued_on_from: Option<NaiveDate>,
    /// Only bills of this day or earlier.
    issued_on_to: Option<NaiveDate>,
    /// Only bills due on this day or later.
    due_on_from: Option<NaiveDate>,
    /// Only bills due on this day or earlier.
    due_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Written, and open to changes."),
        ("approved", "Agreed to, and not in the books yet."),
        ("posted", "In the books under its number, for good; nothing of it is paid."),
        ("partially_paid", "A part of it is paid or taken back."),
        ("paid", "All of it is paid or taken back."),
        ("void", "All of it was taken back by debit notes."),
    ],
    steps: &[
        Step { action: "approve", from: &["draft"], to: "approved", verb: "approve" },
        Step { action: "revise", from: &["approved"], to: "draft", verb: "write" },
        Step { action: "post", from: &["approved"], to: "posted", verb: "post" },
        Step { action: "void", from: &["posted"], to: "void", verb: "void" },
    ],
};

impl Named for Bill {
    const NAME: &'static str = "bills";
}

impl Resource for Bill {
    const PATH: &'static str = "/v1/bills";
    const SINGULAR: &'static str = "bill";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] =
        &[SortKey::day("issued_on"), SortKey::day("due_on"), SortKey::instant("created_at")];
    type Filter = BillFilter;

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

impl Stored for Bill {
    type Table = bills::table;
    const TABLE: &'static str = "bills";
    const SEARCHED: &'static [&'static str] = &["number", "supplier_number", "reference"];

    fn narrow(rows: Rows<Self>, by: BillFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(bills::status.eq(status)))
            .when(by.party_id, |rows, id| rows.filter(bills::party_id.eq(id)))
            .when(by.number, |rows, number| rows.filter(bills::number.eq(number)))
            .when(by.supplier_number, |rows, number| rows.filter(bills::supplier_number.eq(number)))
            .when(by.issued_on_from, |rows, day| rows.filter(bills::issued_on.ge(day)))
            .when(by.issued_on_to, |rows, day| rows.filter(bills::issued_on.le(day)))
            .when(by.due_on_from, |rows, day| rows.filter(bills::due_on.ge(day)))
            .when(by.due_on_to, |rows, day| rows.filter(bills::due_on.le(day)))
    }
}

crate::figures_of!(BillFigures, bills);

impl Kept for Bill {
    type New = NewBill;
    type Edit = EditBill;

    async fn create(db: &mut Db, new: NewBill) -> Result<Self> {
        let entered = Entered {
            party_id: new.party_id,
            payment_terms_id: new.payment_terms_id,
            currency: new.currency,
            exchange_rate: new.exchange_rate,
            issued_on: new.issued_on,
            due_on: new.due_on,
            lines: new.lines,
        };
        let figured = figure(db, TaxDirection::Purchase, &entered).await?;
        let row = (
            bills::id.eq(Uuid::now_v7()),
            bills::party_id.eq(new.party_id),
            bills::supplier_number.eq(new.supplier_number),
            bills::reference.eq(new.reference),
            bills::issued_on.eq(new.issued_on),
            bills::notes.eq(new.notes),
            due(&figured),
            BillFigures::from(figured),
        );
        let bill = diesel::insert_into(bills::table).values(row).returning(Self::as_returning());
        Ok(bill.get_result(db).await?)
    }

    async fn change(db: &mut Db, row: Self, edit: EditBill) -> Result<Self> {
        only_draft(&row)?;
        let patch = serde_json::to_value(&edit).map_err(Problem::internal)?;
        if changes_nothing(&row, &patch)? {
            return Ok(row);
        }
        let one = bills::table.find((db.organization(), row.id));
        let words = (
            edit.supplier_number.clone().map(|number| bills::supplier_number.eq(number)),
            edit.reference.clone().map(|reference| bills::reference.eq(reference)),
            edit.notes.clone().map(|notes| bills::notes.eq(notes)),
        );
        if patch.as_object().is_some_and(|fields| {
            fields.keys().all(|name| ["supplier_number", "reference", "notes"].contains(&name.as_str()))
        }) {
            return Ok(diesel::update(one).set(words).returning(Self::as_returning()).get_result(db).await?);
        }
        let entered = row.with(&edit);
        let figured = figure(db, TaxDirection::Purchase, &entered).await?;
        let changed = (
            words,
            bills::party_id.eq(entered.party_id),
            bills::issued_on.eq(entered.issued_on),
            due(&figured),
            BillFigures::from(figured),
        );
        Ok(diesel::update(one).set(changed).returning(Self::as_returning()).get_result(db).await?)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        only_draft(&row)?;
        diesel::delete(bills::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

type Due = (
    diesel::dsl::Eq<bills::payment_terms_id, Option<Uuid>>,
    diesel::dsl::Eq<bills::due_on, NaiveDate>,
    diesel::dsl::Eq<bills::instalments, List<Instalment>>,
);

fn due(figured: &Figured) -> Due {
    (
        bills::payment_terms_id.eq(figured.payment_terms_id),
        bills::due_on.eq(figured.due_on),
        bills::instalments.eq(List(figured.instalments.clone())),
    )
}

fn only_draft(row: &Bill) -> Result<()> {
    match row.status {
        BillStatus::Draft => Ok(()),
        BillStatus::Approved => {
            Err(INVALID_STATE.because("An approved bill is as it was approved: `revise` it first."))
        }
        _ => Err(INVALID_STATE.because("What is posted is final: take it back with a debit note instead.")),
    }
}

impl Bill {
    /// What a draft will be of, with the changes. What was said on purpose stays where nothing it hangs on changes: a due day
    /// that differs from the terms', a rate that differs from the day's.
    fn with(&self, edit: &EditBill) -> Entered {
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
            title: "Bill",
            id: self.id,
            number,
            party_id: self.party_id,
            direction: TaxDirection::Purchase,
            takes_back: false,
            posted_on: self.issued_on,
            due_on: self.due_on,
            reference: Some(&self.supplier_number),
            currency: &self.currency,
            exchange_rate: self.exchange_rate.0,
            lines: &self.lines.0,
            taxes: &self.taxes.0,
            total: self.total_amount.0,
            base_total: self.base_total_amount.0,
        }
    }
}

/// Approve a bill
///
/// A draft is agreed to: it changes no more, and can be posted. Whoever entered or last changed it can not approve it. Where
/// policies of the organization ask for more, by its amount say, only with an approval of `approve`, which is used up.
/// Nothing is booked.
#[utoipa::path(post, path = "/v1/bills/{id}/approve", tag = "Accounting")]
async fn approve_bill(may: May<Approve, Bill>, id: Id<Bill>) -> Reply<Bill> {
    approvals::step(may, id, "approve").await
}

/// Revise a bill
///
/// An approved bill is a draft again, open to changes. Nothing is booked.
#[utoipa::path(post, path = "/v1/bills/{id}/revise", tag = "Accounting")]
async fn revise_bill(may: May<Write, Bill>, id: Id<Bill>) -> Reply<Bill> {
    step(may, id, "revise").await
}

/// Post a bill
///
/// It gets a number of ours, the next of its series, and is booked on its day: the total is a credit on the payable account,
/// the net amounts are debits on the accounts of the lines, and so is the tax that is got back. With reverse charge the tax
/// is booked twice, as owed and as got back. From then on it is final. Approved budgets are asked first: where one that blocks
/// leaves less than a line spends it is 409, and what one warns of stands in `budget_warnings`.
#[utoipa::path(post, path = "/v1/bills/{id}/post", tag = "Accounting")]
async fn post_bill(may: May<Post, Bill>, id: Id<Bill>) -> Reply<Bill> {
    may.write(async |db| {
        let bill = lock(&may, db, &id).await?;
        let status = LIFE.step(bill.status.as_str(), "post")?;
        let ready = booking::prepare(db, &bill.papers("")).await?;
        let warned = booking::ask_budgets(db, &bill.papers(""), &ready).await?;
        let number = numbers::take(db, Bill::NAME, bill.issued_on, bill.id).await?;
        let entry = booking::book(db, &bill.papers(&number), &ready).await?;
        // What comes to nothing is paid as it is.
        let status = if bill.total_amount.0.is_zero() { "paid" } else { status };
        let posted = (
            bills::status.eq(status),
            bills::number.eq(Some(&number)),
            bills::open_amount.eq(bill.total_amount),
            bills::budget_warnings.eq(List(warned.iter().map(BudgetWarning::from).collect())),
            bills::journal_entry_id.eq(entry),
        );
        let one = bills::table.find((db.organization(), bill.id));
        let posted = diesel::update(one).set(posted).returning(Bill::as_returning()).get_result(db).await?;
        booking::open(db, &bill.papers(&number), &ready, entry).await?;
        Ok(posted)
    })
    .await
}

/// Why a bill is taken back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidBillRequest {
    /// The day of the debit note that takes it back; not before the bill's.
    #[schema(example = "2026-03-31")]
    issued_on: NaiveDate,
    /// Why, in the company's words.
    #[schema(min_length = 1, max_length = 500, example = "Entered twice")]
    reason: String,
}

/// Void a bill
///
/// Takes back all of a bill of which nothing was paid or taken back: makes a debit note over the whole of it, posts it,
/// and settles the bill with it. Both stay in the books.
#[utoipa::path(post, path = "/v1/bills/{id}/void", tag = "Accounting")]
async fn void_bill(may: May<Void, Bill>, id: Id<Bill>, why: Input<VoidBillRequest>) -> Reply<Bill> {
    may.write(async |db| {
        let bill = lock(&may, db, &id).await?;
        LIFE.step(bill.status.as_str(), "void")?;
        debit_notes::take_back(db, &bill, why.0.issued_on, &why.0.reason).await?;
        Bill::find(db, bill.id).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<Bill>()
        .creatable::<Bill>()
        .changeable::<Bill>()
        .deletable::<Bill>()
        .call(operation!(approve_bill))
        .call(operation!(revise_bill))
        .call(operation!(post_bill))
        .call(operation!(void_bill));
}
