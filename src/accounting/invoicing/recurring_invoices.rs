//! Recurring invoices: what is invoiced again and again, once for each due day, however often the worker runs. One that can
//! not be made says why, and keeps no other from being made.

use crate::figuring::{Entered, figure};
use crate::invoices::{self, Invoice, NewInvoice};
use crate::lines::NewDocumentLine;
use crate::tax_codes::TaxDirection;
use diesel::PgExpressionMethods;
use ledger::Every;
use platform::job::{Running, Task};
use platform::prelude::*;
use platform::problem::{FORBIDDEN, INVALID_STATE};
use platform::resource::same_version;
use schema::{recurring_invoice_runs, recurring_invoices};
use serde_json::Value;
use std::time::Duration;

/// What is invoiced again and again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = recurring_invoices)]
pub struct RecurringInvoice {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Support, gold")]
    pub name: String,
    /// The customer.
    pub party_id: Uuid,
    /// When each invoice is due; null for the customer's terms of that day.
    pub payment_terms_id: Option<Uuid>,
    /// The customer's own word for it.
    #[schema(max_length = 100, example = "PO 4711")]
    pub reference: Option<String>,
    /// What it is paid in (ISO 4217); null for the customer's currency of that day.
    #[schema(max_length = 3, example = json!(null))]
    pub currency: Option<String>,
    /// What is sold each time.
    #[schema(value_type = Vec<NewDocumentLine>, max_items = 100)]
    pub lines: List<NewDocumentLine>,
    /// What is printed below the lines.
    #[schema(max_length = 2000, example = "Thank you.")]
    pub notes: Option<String>,
    pub posts: Posts,
    pub every: Every,
    /// The first due day; the others are counted from it, and what falls on no day of a month falls on its last.
    #[schema(example = "2026-01-31")]
    pub starts_on: NaiveDate,
    /// The last day on which it can be due; null for ever.
    #[schema(example = json!(null))]
    pub ends_on: Option<NaiveDate>,
    /// How often it is due in all; null for ever.
    #[schema(minimum = 1, maximum = 10000, example = 12)]
    pub times: Option<i32>,
    /// The next due day; null once it has ended.
    #[schema(example = "2026-04-30")]
    pub next_on: Option<NaiveDate>,
    /// How many due days are behind it: invoiced, or left out after a pause.
    #[schema(minimum = 0, example = 3)]
    pub runs: i32,
    /// Why the next invoice could not be made when it was last tried; null where nothing is wrong. It is tried again every hour.
    #[schema(max_length = 2000, example = json!(null))]
    pub problem: Option<String>,
    /// Since when that has been so.
    #[schema(example = json!(null))]
    pub failed_at: Option<DateTime<Utc>>,
    pub status: RecurringInvoiceStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What becomes of an invoice that is made: a draft, or one that is approved and posted at once.
    pub enum Posts { Draft = "draft", Posted = "posted" }
}

text_enum! {
    /// Whether it is invoiced.
    pub enum RecurringInvoiceStatus { Active = "active", Paused = "paused", Ended = "ended" }
}

/// A recurring invoice to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = recurring_invoices)]
#[serde(deny_unknown_fields)]
pub struct NewRecurringInvoice {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Support, gold")]
    name: String,
    /// The customer.
    party_id: Uuid,
    /// When each invoice is due; left out, the customer's terms of that day.
    #[schema(example = json!(null))]
    payment_terms_id: Option<Uuid>,
    /// The customer's own word for it. `{month}` and `{year}` become those of the due day, as they do in descriptions and notes.
    #[schema(min_length = 1, max_length = 100, example = "PO 4711")]
    reference: Option<String>,
    /// What it is paid in; left out, the customer's currency of that day.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = json!(null))]
    currency: Option<String>,
    /// What is sold each time: `Support {month}/{year}`.
    #[schema(value_type = Vec<NewDocumentLine>, min_items = 1, max_items = 100)]
    lines: List<NewDocumentLine>,
    /// What is printed below the lines.
    #[schema(min_length = 1, max_length = 2000, example = "Thank you.")]
    notes: Option<String>,
    /// What becomes of an invoice that is made; drafts, unless told. Invoices that post themselves need the permission
    /// `recurring-invoices:post`.
    #[serde(default = "drafts")]
    #[schema(example = "draft")]
    posts: Posts,
    /// How often it is due.
    every: Every,
    /// The first due day.
    #[schema(example = "2026-01-31")]
    starts_on: NaiveDate,
    /// The last day on which it can be due; null for ever.
    #[schema(example = json!(null))]
    ends_on: Option<NaiveDate>,
    /// How often it is due in all; null for ever.
    #[schema(minimum = 1, maximum = 10000, example = 12)]
    times: Option<i32>,
}

fn drafts() -> Posts {
    Posts::Draft
}

/// What of it can be changed; what was invoiced stays as it is.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = recurring_invoices)]
#[serde(deny_unknown_fields)]
pub struct EditRecurringInvoice {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Support, gold, new prices")]
    name: Option<String>,
    /// When each invoice is due; null for the customer's terms of that day.
    #[schema(example = json!(null))]
    payment_terms_id: Option<Option<Uuid>>,
    /// The customer's own word for it.
    #[schema(min_length = 1, max_length = 100, example = "PO 4712")]
    reference: Option<Option<String>>,
    /// What it is paid in; null for the customer's currency of that day.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = json!(null))]
    currency: Option<Option<String>>,
    /// What is sold each time, from now on.
    #[schema(value_type = Option<Vec<NewDocumentLine>>, min_items = 1, max_items = 100)]
    lines: Option<List<NewDocumentLine>>,
    /// What is printed below the lines.
    #[schema(min_length = 1, max_length = 2000, example = "Thank you very much.")]
    notes: Option<Option<String>>,
    /// What becomes of an invoice that is made.
    #[schema(example = "draft")]
    posts: Option<Posts>,
    /// The last day on which it can be due; null for ever.
    #[schema(example = json!(null))]
    ends_on: Option<Option<NaiveDate>>,
    /// How often it is due in all; null for ever.
    #[schema(minimum = 1, maximum = 10000, example = 24)]
    times: Option<Option<i32>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct RecurringInvoiceFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<RecurringInvoiceStatus>,
    /// Only those of this customer.
    party_id: Option<Uuid>,
    /// Only those due on this day or earlier.
    next_on_to: Option<NaiveDate>,
    /// Only those whose next invoice could not be made, or only the others.
    has_problem: Option<bool>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Invoiced on each due day."),
        ("paused", "Not invoiced."),
        ("ended", "Invoiced no more."),
    ],
    steps: &[
        Step { action: "pause", from: &["active"], to: "paused", verb: "write" },
        Step { action: "resume", from: &["paused"], to: "active", verb: "write" },
        Step { action: "end", from: &["active", "paused"], to: "ended", verb: "write" },
        Step { action: "run", from: &["active"], to: "active", verb: "post" },
    ],
};

impl Named for RecurringInvoice {
    const NAME: &'static str = "recurring-invoices";
}

impl Resource for RecurringInvoice {
    const PATH: &'static str = "/v1/recurring-invoices";
    const SINGULAR: &'static str = "recurring_invoice";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::text("name")];
    const USUAL_ORDER: &'static str = "name";
    type Filter = RecurringInvoiceFilter;

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

impl Stored for RecurringInvoice {
    type Table = recurring_invoices::table;
    const TABLE: &'static str = "recurring_invoices";
    const SEARCHED: &'static [&'static str] = &["name", "reference"];

    fn narrow(rows: Rows<Self>, by: RecurringInvoiceFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(recurring_invoices::status.eq(status)))
            .when(by.party_id, |rows, id| rows.filter(recurring_invoices::party_id.eq(id)))
            .when(by.next_on_to, |rows, day| rows.filter(recurring_invoices::next_on.le(day)))
            .when(by.has_problem, |rows, has| rows.filter(recurring_invoices::problem.is_not_null().eq(has)))
    }
}

impl Written for RecurringInvoice {
    type New = NewRecurringInvoice;
    type Edit = EditRecurringInvoice;

    async fn check_new(db: &mut Db, new: &NewRecurringInvoice) -> Result<()> {
        let entered = Entered {
            party_id: new.party_id,
            payment_terms_id: new.payment_terms_id,
            currency: new.currency.clone(),
            exchange_rate: None,
            issued_on: new.starts_on,
            due_on: None,
            lines: new.lines.0.clone(),
        };
        figure(db, TaxDirection::Sale, &entered).await.map(drop)
    }

    async fn check_edit(db: &mut Db, row: &Self, edit: &EditRecurringInvoice) -> Result<()> {
        let Some(next_on) = row.next_on else {
            return Err(INVALID_STATE.because("What has ended changes no more: make another one."));
        };
        if edit.lines.is_none() && edit.currency.is_none() && edit.payment_terms_id.is_none() {
            return Ok(());
        }
        let entered = Entered {
            party_id: row.party_id,
            payment_terms_id: edit.payment_terms_id.unwrap_or(row.payment_terms_id),
            currency: edit.currency.clone().unwrap_or_else(|| row.currency.clone()),
            exchange_rate: None,
            issued_on: next_on,
            due_on: None,
            lines: edit.lines.as_ref().unwrap_or(&row.lines).0.clone(),
        };
        figure(db, TaxDirection::Sale, &entered).await.map(drop)
    }
}

impl RecurringInvoice {
    /// The day on which it is due for the nth time, counted from 0; none past its end.
    fn due(&self, times: i32) -> Option<NaiveDate> {
        let day = self.every.due(self.starts_on, times).filter(|_| self.times.is_none_or(|all| times < all));
        day.filter(|day| self.ends_on.is_none_or(|last| *day <= last))
    }

    /// The invoice of a due day.
    fn invoice(&self, due_on: NaiveDate) -> NewInvoice {
        let of_the_day = |text: &String| {
            let month = text.replace("{month}", &due_on.format("%m").to_string());
            month.replace("{year}", &due_on.format("%Y").to_string())
        };
        let mut lines = self.lines.0.clone();
        for line in &mut lines {
            line.description = of_the_day(&line.description);
        }
        NewInvoice {
            party_id: self.party_id,
            payment_terms_id: self.payment_terms_id,
            due_on: None,
            reference: self.reference.as_ref().map(of_the_day),
            issued_on: due_on,
            currency: self.currency.clone(),
            exchange_rate: None,
            lines,
            notes: self.notes.as_ref().map(of_the_day),
        }
    }
}

/// Makes the invoice of the next due day, where that is not after this one, and goes on; none where there was none to be made.
async fn make_next(
    db: &mut Db,
    recurring: &RecurringInvoice,
    until: NaiveDate,
) -> Result<Option<RecurringInvoice>> {
    let Some(due_on) = recurring.next_on.filter(|day| *day <= until) else { return Ok(None) };
    let draft = Invoice::create(db, recurring.invoice(due_on)).await?;
    let made = (
        recurring_invoice_runs::recurring_invoice_id.eq(recurring.id),
        recurring_invoice_runs::due_on.eq(due_on),
        recurring_invoice_runs::invoice_id.eq(draft.id),
    );
    diesel::insert_into(recurring_invoice_runs::table).values(made).execute(db).await?;
    if recurring.posts == Posts::Posted {
        invoices::approve_and_post(db, draft).await?;
    }
    go_on(db, recurring, recurring.runs + 1).await.map(Some)
}

/// From here on so many due days are behind it.
async fn go_on(db: &mut Db, recurring: &RecurringInvoice, runs: i32) -> Result<RecurringInvoice> {
    let next_on = recurring.due(runs);
    let one = recurring_invoices::table.find((db.organization(), recurring.id));
    let gone_on = (
        recurring_invoices::runs.eq(runs),
        recurring_invoices::next_on.eq(next_on),
        recurring_invoices::status.eq(if next_on.is_none() { "ended" } else { "active" }),
        recurring_invoices::problem.eq(None::<String>),
        recurring_invoices::failed_at.eq(None::<DateTime<Utc>>),
    );
    Ok(diesel::update(one).set(gone_on).returning(RecurringInvoice::as_returning()).get_result(db).await?)
}

/// Who lets invoices post themselves may post.
fn may_post(may: &May<Write, RecurringInvoice>, posts: Posts) -> Result<()> {
    if posts == Posts::Draft || may.grants().reach("post").is_some() {
        return Ok(());
    }
    Err(FORBIDDEN.because(
        "Invoices that post themselves need the permission `recurring-invoices:post`: let it make drafts.",
    ))
}

/// Create a recurring invoice
///
/// From then on an invoice is made on each due day: a draft, or one that is approved and posted at once, booked on that day.
/// Due days that are over already are caught up with, each with an invoice of its own.
#[utoipa::path(post, path = "/v1/recurring-invoices", tag = "Accounting")]
async fn create_recurring_invoice(
    may: May<Write, RecurringInvoice>,
    new: Input<NewRecurringInvoice>,
) -> Reply<Created<RecurringInvoice>> {
    may.write(async |db| {
        may_post(&may, new.0.posts)?;
        RecurringInvoice::create(db, new.0.clone()).await.map(Created)
    })
    .await
}

/// Change a recurring invoice
///
/// JSON Merge Patch (RFC 7396): a field that is left out keeps its value, null clears it. What it made stays as it is. Refused where
/// `If-Match` is not its present version.
#[utoipa::path(patch, path = "/v1/recurring-invoices/{id}", tag = "Accounting")]
async fn update_recurring_invoice(
    may: May<Write, RecurringInvoice>,
    id: Id<RecurringInvoice>,
    edit: Input<EditRecurringInvoice>,
) -> Reply<RecurringInvoice> {
    may.write(async |db| {
        let expected = may.if_match()?;
        let row = RecurringInvoice::lock(db, id.0).await?;
        may_post(&may, edit.0.posts.unwrap_or(row.posts))?;
        same_version(&row, expected)?;
        RecurringInvoice::change(db, row, edit.0.clone()).await
    })
    .await
}

/// Run a recurring invoice
///
/// Makes the invoice of the next due day, where that is today or earlier, and only once. The worker does the same every hour, for
/// all due days. Where it can not be made, the answer says why, and nothing is done.
#[utoipa::path(post, path = "/v1/recurring-invoices/{id}/run", tag = "Accounting")]
async fn run_recurring_invoice(
    may: May<Post, RecurringInvoice>,
    id: Id<RecurringInvoice>,
) -> Reply<RecurringInvoice> {
    may.write(async |db| {
        let recurring = lock(&may, db, &id).await?;
        LIFE.step(recurring.status.as_str(), "run")?;
        Ok(make_next(db, &recurring, Utc::now().date_naive()).await?.unwrap_or(recurring))
    })
    .await
}

/// Pause a recurring invoice
///
/// No invoice is made meanwhile.
#[utoipa::path(post, path = "/v1/recurring-invoices/{id}/pause", tag = "Accounting")]
async fn pause_recurring_invoice(
    may: May<Write, RecurringInvoice>,
    id: Id<RecurringInvoice>,
) -> Reply<RecurringInvoice> {
    step(may, id, "pause").await
}

text_enum! {
    /// What becomes of the due days of a pause.
    pub enum Missed { Invoice = "invoice", Skip = "skip" }
}

/// How a pause ends.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResumeRecurringInvoiceRequest {
    /// What becomes of the days that were due before today: each is invoiced, dated on its day, or all are left out.
    missed: Missed,
}

/// Resume a recurring invoice
///
/// Invoices are made again from the next turn of the worker on; those of the pause too, or not.
#[utoipa::path(post, path = "/v1/recurring-invoices/{id}/resume", tag = "Accounting")]
async fn resume_recurring_invoice(
    may: May<Write, RecurringInvoice>,
    id: Id<RecurringInvoice>,
    how: Input<ResumeRecurringInvoiceRequest>,
) -> Reply<RecurringInvoice> {
    may.write(async |db| {
        let recurring = lock(&may, db, &id).await?;
        LIFE.step(recurring.status.as_str(), "resume")?;
        may_post(&may, recurring.posts)?;
        let today = Utc::now().date_naive();
        let mut runs = recurring.runs;
        while how.0.missed == Missed::Skip && recurring.due(runs).is_some_and(|day| day < today) {
            runs += 1;
        }
        go_on(db, &recurring, runs).await
    })
    .await
}

/// End a recurring invoice
///
/// No invoice is made any more, for good. What it made stays.
#[utoipa::path(post, path = "/v1/recurring-invoices/{id}/end", tag = "Accounting")]
async fn end_recurring_invoice(
    may: May<Write, RecurringInvoice>,
    id: Id<RecurringInvoice>,
) -> Reply<RecurringInvoice> {
    step(may, id, "end").await
}

/// At most so many due days of one are caught up with at once; the others follow at the next turn.
const AT_ONCE: usize = 60;

/// Makes the invoices that are due, of every organization, each due day in a transaction of its own.
#[derive(Serialize, Deserialize)]
pub(crate) struct MakeRecurring;

impl Task for MakeRecurring {
    const KIND: &'static str = "invoicing.make_recurring";

    async fn run(self, job: &Running) -> Result<Value> {
        let today = Utc::now().date_naive();
        let (mut made, mut failed) = (0, 0);
        for organization in job.database().organizations().await? {
            let due = async |db: &mut Db| {
                let due = recurring_invoices::table
                    .filter(recurring_invoices::org_id.eq(organization))
                    .filter(recurring_invoices::status.eq("active"))
                    .filter(recurring_invoices::next_on.le(today))
                    .select(recurring_invoices::id);
                Ok(due.load::<Uuid>(db).await?)
            };
            for id in job.database().as_system(organization, due).await? {
                for _ in 0..AT_ONCE {
                    let making = async |db: &mut Db| {
                        let recurring = RecurringInvoice::lock(db, id).await?;
                        Ok(recurring.status == RecurringInvoiceStatus::Active
                            && make_next(db, &recurring, today).await?.is_some())
                    };
                    match job.database().as_system(organization, making).await {
                        Ok(true) => made += 1,
                        Ok(false) => break,
                        Err(problem) => {
                            failed += 1;
                            let telling = async |db: &mut Db| tell(db, id, &problem).await;
                            job.database().as_system(organization, telling).await?;
                            break;
                        }
                    }
                }
            }
        }
        Ok(json!({ "made": made, "failed": failed }))
    }
}

/// Notes why it could not be made, once for each reason.
async fn tell(db: &mut Db, id: Uuid, problem: &Problem) -> Result<()> {
    let faults = problem
        .errors
        .iter()
        .map(|fault| format!("; {} {}", fault.pointer.as_deref().unwrap_or_default(), fault.detail));
    let told: String =
        format!("{}{}", problem.detail, faults.collect::<String>()).chars().take(2000).collect();
    let one = recurring_invoices::table
        .find((db.organization(), id))
        .filter(recurring_invoices::problem.is_distinct_from(&told));
    let said = (recurring_invoices::problem.eq(&told), recurring_invoices::failed_at.eq(Utc::now()));
    diesel::update(one).set(said).execute(db).await?;
    Ok(())
}

pub fn routes(api: &mut Api) {
    api.schedule::<MakeRecurring>(Duration::from_hours(1));
    api.readable::<RecurringInvoice>()
        .call(operation!(create_recurring_invoice))
        .call(operation!(update_recurring_invoice))
        .deletable::<RecurringInvoice>()
        .call(operation!(run_recurring_invoice))
        .call(operation!(pause_recurring_invoice))
        .call(operation!(resume_recurring_invoice))
        .call(operation!(end_recurring_invoice));
}
