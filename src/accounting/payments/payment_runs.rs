//! Payment runs: the bills that are due, picked, agreed to by another than who picked them, told to the bank in one file, and booked as one
//! payment to each supplier.

use crate::bank_accounts::BankAccount;
use crate::credit_transfers;
use crate::picking::{Asked, pick};
use crate::running::{self, CreditTransferFile};
use platform::prelude::*;
use platform::problem::{CONFLICT, INVALID_STATE};
use platform::store::changes_nothing;
use rust_decimal::Decimal;
use schema::payment_runs;

/// Bills that are paid together.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = payment_runs)]
pub struct PaymentRun {
    pub id: Uuid,
    pub version: i64,
    /// Its number, gapless.
    #[schema(max_length = 20, example = "RUN-00042")]
    pub number: String,
    /// The account that the money leaves.
    pub bank_account_id: Uuid,
    /// The day on which the bank is to pay, and the day in the books.
    #[schema(example = "2026-04-30")]
    pub pay_on: NaiveDate,
    /// Bills that were due by this day were picked; null where none were.
    #[schema(example = "2026-05-05")]
    pub due_by: Option<NaiveDate>,
    /// The currency (ISO 4217) of the account and of what it pays.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// What is paid.
    #[schema(value_type = Vec<RunItem>, max_items = 5000)]
    pub items: List<RunItem>,
    /// What goes to whom: one for each supplier.
    #[schema(value_type = Vec<Transfer>, max_items = 5000)]
    pub transfers: List<Transfer>,
    /// All that leaves the account.
    #[schema(example = "119.00")]
    pub total_amount: Money,
    /// What colleagues should know of it.
    #[schema(max_length = 2000, example = "Without the landlord, who is paid at the till.")]
    pub notes: Option<String>,
    pub status: PaymentRunStatus,
    /// From whom the money comes, as the file tells the bank; null until it is exported.
    #[schema(max_length = 200, example = json!(null))]
    pub debtor_name: Option<String>,
    /// The number of the account, as the file tells it.
    #[schema(max_length = 34, example = json!(null))]
    pub debtor_account: Option<String>,
    /// The code of its bank, as the file tells it.
    #[schema(max_length = 11, example = json!(null))]
    pub debtor_bic: Option<String>,
    /// When the file was made.
    #[schema(example = json!(null))]
    pub exported_at: Option<DateTime<Utc>>,
    /// The payments that book it, in the order of the transfers.
    #[schema(value_type = Vec<Uuid>, max_items = 5000, example = json!([]))]
    pub payment_ids: List<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a payment run stands.
    pub enum PaymentRunStatus {
        Draft = "draft", Approved = "approved", Exported = "exported", Posted = "posted", Cancelled = "cancelled"
    }
}

/// A bill, and what of it is paid.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RunItem {
    /// The bill, or what else is owed.
    pub item_id: Uuid,
    /// Its number.
    #[schema(max_length = 40, example = "BILL-2026-000042")]
    pub number: String,
    /// The supplier.
    pub party_id: Uuid,
    /// What is paid of it.
    #[schema(example = "119.00")]
    pub amount: Money,
    /// What is kept for paying early, and settled with it.
    #[schema(example = "0.00")]
    pub discount_amount: Money,
}

/// What goes to a supplier.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Transfer {
    /// The supplier.
    pub party_id: Uuid,
    /// As the bank is told.
    #[schema(max_length = 200, example = "Advice SRL")]
    pub name: String,
    /// The first of the supplier's accounts that takes the currency (ISO 13616); null where there is none, and then it can not be exported.
    #[schema(max_length = 34, example = "RO49AAAA1B31007593840000")]
    pub iban: Option<String>,
    /// The code of the bank (ISO 9362).
    #[schema(max_length = 11, example = "BTRLRO22")]
    pub bic: Option<String>,
    /// So much.
    #[schema(example = "119.00")]
    pub amount: Money,
    /// What it is for, as the supplier reads it: their numbers.
    #[schema(max_length = 140, example = "F-2026-0815")]
    pub remittance: String,
    /// What it goes by at all banks, and the reference of its payment.
    #[schema(max_length = 35, example = "RUN-00042-1")]
    pub end_to_end_id: String,
}

/// A payment run to be: what is picked and what is put in.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPaymentRun {
    /// The account that the money leaves; bills in its currency are picked.
    bank_account_id: Uuid,
    /// The day on which the bank is to pay, and the day in the books.
    #[schema(example = "2026-04-30")]
    pay_on: NaiveDate,
    /// Bills that are due by this day are picked, unless another run has them; left out, none.
    #[schema(example = "2026-05-05")]
    due_by: Option<NaiveDate>,
    /// Bills that are left out.
    #[schema(max_items = 5000, example = json!([]))]
    #[serde(default)]
    left_out: Vec<Uuid>,
    /// What is put in, or paid otherwise than all that is open of it.
    #[schema(max_items = 5000, example = json!([]))]
    #[serde(default)]
    items: Vec<NewRunItem>,
    /// What colleagues should know of it.
    #[schema(min_length = 1, max_length = 2000, example = "Without the landlord, who is paid at the till.")]
    notes: Option<String>,
}

/// A bill that is put in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRunItem {
    /// The bill, or what else is owed.
    pub item_id: Uuid,
    /// What is paid of it; left out, all that is open, less what may be kept for paying early.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 20, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    pub amount: Option<Decimal>,
}

/// What of a draft can be changed. What it pays is given whole.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditPaymentRun {
    /// The day on which the bank is to pay, and the day in the books.
    #[schema(example = "2026-05-04")]
    pay_on: Option<NaiveDate>,
    /// All that it pays from now on.
    #[schema(min_items = 1, max_items = 5000)]
    items: Option<Vec<NewRunItem>>,
    /// What colleagues should know of it.
    #[schema(min_length = 1, max_length = 2000, example = "Checked.")]
    notes: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PaymentRunFilter {
    /// Only runs in this state.
    #[param(inline)]
    status: Option<PaymentRunStatus>,
    /// Only runs from this bank account.
    bank_account_id: Option<Uuid>,
    /// Only runs to be paid on this day or later.
    pay_on_from: Option<NaiveDate>,
    /// Only runs to be paid on this day or earlier.
    pay_on_to: Option<NaiveDate>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("draft", "Picked, and open to changes."),
        ("approved", "Agreed to, and not told to the bank yet."),
        ("exported", "Its file was made for the bank."),
        ("posted", "In the books."),
        ("cancelled", "Not paid; its bills can be paid otherwise."),
    ],
    steps: &[
        Step { action: "approve", from: &["draft"], to: "approved", verb: "approve" },
        Step { action: "revise", from: &["approved"], to: "draft", verb: "write" },
        Step { action: "export", from: &["approved"], to: "exported", verb: "run" },
        Step { action: "post", from: &["exported"], to: "posted", verb: "post" },
        Step { action: "cancel", from: &["draft", "approved", "exported"], to: "cancelled", verb: "write" },
    ],
};

impl Named for PaymentRun {
    const NAME: &'static str = "payment-runs";
}

impl Resource for PaymentRun {
    const PATH: &'static str = "/v1/payment-runs";
    const SINGULAR: &'static str = "payment_run";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::day("pay_on"), SortKey::instant("created_at")];
    type Filter = PaymentRunFilter;

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

impl Stored for PaymentRun {
    type Table = payment_runs::table;
    const TABLE: &'static str = "payment_runs";
    const SEARCHED: &'static [&'static str] = &["number"];

    fn narrow(rows: Rows<Self>, by: PaymentRunFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(payment_runs::status.eq(status)))
            .when(by.bank_account_id, |rows, id| rows.filter(payment_runs::bank_account_id.eq(id)))
            .when(by.pay_on_from, |rows, day| rows.filter(payment_runs::pay_on.ge(day)))
            .when(by.pay_on_to, |rows, day| rows.filter(payment_runs::pay_on.le(day)))
    }
}

impl Kept for PaymentRun {
    type New = NewPaymentRun;
    type Edit = EditPaymentRun;

    async fn create(db: &mut Db, new: NewPaymentRun) -> Result<Self> {
        let account = BankAccount::find(db, new.bank_account_id).await;
        let Ok(account) = account else {
            let rule = "there is no such row in this organization";
            return Err(Problem::invalid(vec![Fault::at("/bank_account_id", "unknown-reference", rule)]));
        };
        if account.state() != Some("active") {
            let rule = "is archived: restore it, or name another one";
            return Err(Problem::invalid(vec![Fault::at("/bank_account_id", "archived", rule)]));
        }
        let asked = Asked {
            run: None,
            currency: &account.currency,
            pay_on: new.pay_on,
            due_by: new.due_by,
            left_out: &new.left_out,
            items: &new.items,
        };
        let mut picked = pick(db, &asked).await?;
        let id = Uuid::now_v7();
        let number = numbers::take(db, Self::NAME, new.pay_on, id).await?;
        picked.name(&number);
        let row = (
            payment_runs::id.eq(id),
            payment_runs::number.eq(number),
            payment_runs::bank_account_id.eq(account.id),
            payment_runs::pay_on.eq(new.pay_on),
            payment_runs::due_by.eq(new.due_by),
            payment_runs::currency.eq(&account.currency),
            payment_runs::total_amount.eq(picked.total),
            payment_runs::items.eq(List(picked.items)),
            payment_runs::transfers.eq(List(picked.transfers)),
            payment_runs::notes.eq(new.notes),
        );
        let run = diesel::insert_into(payment_runs::table).values(row).returning(Self::as_returning());
        Ok(run.get_result(db).await?)
    }

    async fn change(db: &mut Db, row: Self, edit: EditPaymentRun) -> Result<Self> {
        only_draft(&row)?;
        let patch = serde_json::to_value(&edit).map_err(Problem::internal)?;
        if changes_nothing(&row, &patch)? {
            return Ok(row);
        }
        let own = || row.items.0.iter().map(NewRunItem::from).collect();
        let (pay_on, items) = (edit.pay_on.unwrap_or(row.pay_on), edit.items.unwrap_or_else(own));
        let asked = Asked {
            run: Some(row.id),
            currency: &row.currency,
            pay_on,
            due_by: None,
            left_out: &[],
            items: &items,
        };
        let mut picked = pick(db, &asked).await?;
        picked.name(&row.number);
        let changed = (
            payment_runs::pay_on.eq(pay_on),
            payment_runs::total_amount.eq(picked.total),
            payment_runs::items.eq(List(picked.items)),
            payment_runs::transfers.eq(List(picked.transfers)),
            edit.notes.map(|notes| payment_runs::notes.eq(notes)),
        );
        let one = payment_runs::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(Self::as_returning()).get_result(db).await?)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        only_draft(&row)?;
        diesel::delete(payment_runs::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

impl From<&RunItem> for NewRunItem {
    fn from(item: &RunItem) -> Self {
        Self { item_id: item.item_id, amount: Some(item.amount.0) }
    }
}

fn only_draft(row: &PaymentRun) -> Result<()> {
    match row.status {
        PaymentRunStatus::Draft => Ok(()),
        PaymentRunStatus::Approved => {
            Err(INVALID_STATE.because("An approved run is as it was approved: `revise` it first."))
        }
        _ => Err(INVALID_STATE.because("What the bank was told stays: `cancel` it, and make another one.")),
    }
}

/// Approve a payment run
///
/// A draft is agreed to: it changes no more, and can be exported. Whoever made or last changed it can not approve it. Where policies of the
/// organization ask for more, by its total say, only with an approval of `approve`, which is used up. Nothing is booked.
#[utoipa::path(post, path = "/v1/payment-runs/{id}/approve", tag = "Accounting")]
async fn approve_payment_run(may: May<Approve, PaymentRun>, id: Id<PaymentRun>) -> Reply<PaymentRun> {
    approvals::step(may, id, "approve").await
}

/// Revise a payment run
///
/// An approved run is a draft again, open to changes. Nothing is booked.
#[utoipa::path(post, path = "/v1/payment-runs/{id}/revise", tag = "Accounting")]
async fn revise_payment_run(may: May<Write, PaymentRun>, id: Id<PaymentRun>) -> Reply<PaymentRun> {
    step(may, id, "revise").await
}

/// Cancel a payment run
///
/// It is not paid, and its bills can be picked again. If the bank has its file, stop it there first. Nothing is booked.
#[utoipa::path(post, path = "/v1/payment-runs/{id}/cancel", tag = "Accounting")]
async fn cancel_payment_run(may: May<Write, PaymentRun>, id: Id<PaymentRun>) -> Reply<PaymentRun> {
    step(may, id, "cancel").await
}

/// Export a payment run
///
/// Makes the file for the bank, which `/v1/payment-runs/{id}/file` gives: a credit transfer to each supplier. A supplier without an IBAN, or
/// whose bank details are other ones by now than were agreed to, stands in the way. A sensitive step, which asks for a fresh sign-in.
/// Nothing is booked.
#[utoipa::path(post, path = "/v1/payment-runs/{id}/export", tag = "Accounting")]
async fn export_payment_run(may: May<Run, PaymentRun>, id: Id<PaymentRun>) -> Reply<PaymentRun> {
    may.fresh()?;
    may.write(async |db| {
        let run = lock(&may, db, &id).await?;
        let status = LIFE.step(run.status.as_str(), "export")?;
        running::export(db, &run, status).await
    })
    .await
}

/// Read the file of a payment run
///
/// The file for the bank: ISO 20022 `pain.001.001.09`. The same run gives the same file. Before it is exported it is 409.
#[utoipa::path(get, path = "/v1/payment-runs/{id}/file", tag = "Accounting")]
async fn get_payment_run_file(may: May<Read, PaymentRun>, id: Id<PaymentRun>) -> Reply<CreditTransferFile> {
    let run = may.read(async |db| PaymentRun::find(db, id.0).await).await?;
    match credit_transfers::file(&run)? {
        Some(file) => Ok(CreditTransferFile::reply(&run, file)),
        None => Err(CONFLICT.because("The run was not exported: `export` it first.")),
    }
}

/// Post a payment run
///
/// Books what the bank paid on the day of the run: one payment to each supplier, which settles their bills. What somebody settled otherwise in
/// the meantime stays open as an advance to the supplier.
#[utoipa::path(post, path = "/v1/payment-runs/{id}/post", tag = "Accounting")]
async fn post_payment_run(may: May<Post, PaymentRun>, id: Id<PaymentRun>) -> Reply<PaymentRun> {
    may.write(async |db| {
        let run = lock(&may, db, &id).await?;
        let status = LIFE.step(run.status.as_str(), "post")?;
        running::post(db, &run, status).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<PaymentRun>()
        .creatable::<PaymentRun>()
        .changeable::<PaymentRun>()
        .deletable::<PaymentRun>()
        .call(operation!(approve_payment_run))
        .call(operation!(revise_payment_run))
        .call(operation!(cancel_payment_run))
        .call(operation!(export_payment_run))
        .call(operation!(get_payment_run_file))
        .call(operation!(post_payment_run));
}
