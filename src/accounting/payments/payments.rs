//! Payments: money that came in or went out, from whom or to whom, and what it settles. A draft can be changed; what is posted has
//! its number and stays, and is taken back by voiding it.

use crate::allocating;
use crate::discounting::DiscountedTax;
use crate::paying::{Direction, NewMoney, Part, pay_all, pay_as};
use crate::weighing;
use diesel::QueryableByName;
use diesel::dsl::sql;
use diesel::sql_types::Text;
use platform::prelude::*;
use platform::problem::INVALID_STATE;
use platform::store::changes_nothing;
use rust_decimal::Decimal;
use schema::{accounts, payments};
use std::collections::HashMap;

/// Money that came in or went out.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = payments)]
pub struct Payment {
    pub id: Uuid,
    pub version: i64,
    /// Its number, gapless; null until it is posted.
    #[schema(max_length = 40, example = "PAY-2026-000042")]
    pub number: Option<String>,
    /// Whether money came in or went out.
    pub direction: Direction,
    /// From whom it came, or to whom it went.
    pub party_id: Uuid,
    /// The account of the ledger, of the role `bank` or `cash`, that it came into or went out of.
    pub account_id: Uuid,
    /// The day on which it moved, and the day in the books.
    #[schema(example = "2026-04-15")]
    pub paid_on: NaiveDate,
    /// The currency that moved (ISO 4217): what the account is kept in.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// What one unit of the currency is worth in the organization's; of a draft null unless told.
    pub exchange_rate: Option<Rate>,
    /// What the party paid or got, the fee aside.
    #[schema(example = "119.00")]
    pub amount: Money,
    /// The same in the organization's currency, as it is booked; null until it is posted.
    #[schema(example = "119.00")]
    pub base_amount: Option<Money>,
    /// What the bank took besides, in the same currency.
    #[schema(example = json!(null))]
    pub fee_amount: Option<Money>,
    /// What the fee is booked on; null for the account of the role `bank_charges`.
    #[schema(example = json!(null))]
    pub fee_account_id: Option<Uuid>,
    /// What was kept for paying early, of all that it settles.
    #[schema(example = "0.00")]
    pub discount_amount: Money,
    /// What that takes off the taxes of what it settles, by tax code and rate: none until it is posted, and none where payment terms say so.
    #[schema(value_type = Vec<DiscountedTax>, max_items = 1000, example = json!([]))]
    pub discount_taxes: List<DiscountedTax>,
    /// What banks and parties know it by.
    #[schema(max_length = 100, example = "RF18 5390 0754 7034")]
    pub reference: Option<String>,
    /// What colleagues should know of it.
    #[schema(max_length = 2000, example = "Paid at the till.")]
    pub notes: Option<String>,
    /// What it was for when it was posted, or is to be; what it settles now is in `/v1/allocations`.
    #[schema(value_type = Vec<Part>, max_items = 500)]
    pub allocations: List<Part>,
    /// What of it settles nothing yet: an advance, or paid too much. 0.00 until it is posted.
    #[schema(example = "0.00")]
    pub open_amount: Money,
    pub status: PaymentStatus,
    /// What books it; null until it is posted.
    pub journal_entry_id: Option<Uuid>,
    /// The day in the books on which it was taken back.
    #[schema(example = json!(null))]
    pub voided_on: Option<NaiveDate>,
    /// Why it was taken back.
    #[schema(max_length = 500, example = json!(null))]
    pub void_reason: Option<String>,
    /// What books it back.
    #[schema(example = json!(null))]
    pub void_entry_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a payment stands.
    pub enum PaymentStatus { Draft = "draft", Posted = "posted", Void = "void" }
}

/// A payment to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPayment {
    /// Whether money comes in or goes out.
    direction: Direction,
    /// From whom it comes, or to whom it goes.
    party_id: Uuid,
    /// The account of the ledger, of the role `bank` or `cash`, that it comes into or goes out of.
    account_id: Uuid,
    /// The day on which it moves, and the day in the books.
    #[schema(example = "2026-04-15")]
    paid_on: NaiveDate,
    /// The currency that moves; left out, what the account is kept in, and it is no other.
    #[schema(pattern = "^[A-Z]{3}$", max_length = 3, example = json!(null))]
    currency: Option<String>,
    /// What the party pays or gets, the fee aside: of 100.00 that come in less a fee of 2.00 the bank has 98.00, of 100.00 that go
    /// out with such a fee it takes 102.00.
    #[schema(value_type = String, max_length = 20, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "119.00")]
    amount: Decimal,
    /// What one unit of the currency is worth in the organization's; left out, the rate of the day.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,12}(\.[0-9]{1,8})?$", example = json!(null))]
    exchange_rate: Option<Decimal>,
    /// What the bank takes besides, in the same currency.
    #[schema(value_type = Option<String>, max_length = 20, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    fee_amount: Option<Decimal>,
    /// What the fee is booked on; left out, the account of the role `bank_charges`.
    #[schema(example = json!(null))]
    fee_account_id: Option<Uuid>,
    /// What banks and parties know it by.
    #[schema(min_length = 1, max_length = 100, example = "RF18 5390 0754 7034")]
    reference: Option<String>,
    /// What colleagues should know of it.
    #[schema(min_length = 1, max_length = 2000, example = "Paid at the till.")]
    notes: Option<String>,
    /// What it settles; what is over stays open as the party's credit, or ours.
    #[schema(max_items = 500)]
    #[serde(default)]
    allocations: Vec<Part>,
}

/// What of a draft can be changed. What it is for is given whole.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditPayment {
    /// Whether money comes in or goes out.
    direction: Option<Direction>,
    /// From whom it comes, or to whom it goes.
    party_id: Option<Uuid>,
    /// The account of the ledger, of the role `bank` or `cash`.
    account_id: Option<Uuid>,
    /// The day on which it moves, and the day in the books.
    #[schema(example = "2026-04-16")]
    paid_on: Option<NaiveDate>,
    /// What the party pays or gets, the fee aside.
    #[schema(value_type = String, max_length = 20, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "120.00")]
    amount: Option<Decimal>,
    /// What one unit of the currency is worth in the organization's; null for the rate of the day.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,12}(\.[0-9]{1,8})?$", example = json!(null))]
    exchange_rate: Option<Option<Decimal>>,
    /// What the bank takes besides; null for nothing.
    #[schema(value_type = Option<String>, max_length = 20, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    fee_amount: Option<Option<Decimal>>,
    /// What the fee is booked on; null for the account of the role `bank_charges`.
    #[schema(example = json!(null))]
    fee_account_id: Option<Option<Uuid>>,
    /// What banks and parties know it by.
    #[schema(min_length = 1, max_length = 100, example = "RF18 5390 0754 7035")]
    reference: Option<Option<String>>,
    /// What colleagues should know of it.
    #[schema(min_length = 1, max_length = 2000, example = "Paid at the till.")]
    notes: Option<Option<String>>,
    /// All that it settles from now on.
    #[schema(max_items = 500)]
    allocations: Option<Vec<Part>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PaymentFilter {
    /// Only payments in this state.
    #[param(inline)]
    status: Option<PaymentStatus>,
    /// Only money that came in, or that went out.
    #[param(inline)]
    direction: Option<Direction>,
    /// Only payments from or to this party.
    party_id: Option<Uuid>,
    /// Only payments into or out of this account of the ledger.
    account_id: Option<Uuid>,
    /// Only the payment of this number.
    #[param(min_length = 1, max_length = 40)]
    number: Option<String>,
    /// Only payments of this day or later.
    paid_on_from: Option<NaiveDate>,
    /// Only payments of this day or earlier.
    paid_on_to: Option<NaiveDate>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("draft", "Written, and open to changes."),
        ("posted", "In the books under its number, for good."),
        ("void", "Taken back: what it settled is open again, and the books are as if it had not been."),
    ],
    steps: &[
        Step { action: "post", from: &["draft"], to: "posted", verb: "post" },
        Step { action: "allocate", from: &["posted"], to: "posted", verb: "post" },
        Step { action: "unallocate", from: &["posted"], to: "posted", verb: "post" },
        Step { action: "void", from: &["posted"], to: "void", verb: "void" },
    ],
};

impl Named for Payment {
    const NAME: &'static str = "payments";
}

impl Resource for Payment {
    const PATH: &'static str = "/v1/payments";
    const SINGULAR: &'static str = "payment";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::day("paid_on"), SortKey::instant("created_at")];
    type Filter = PaymentFilter;

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

impl Stored for Payment {
    type Table = payments::table;
    const TABLE: &'static str = "payments";
    const SEARCHED: &'static [&'static str] = &["number", "reference"];

    fn narrow(rows: Rows<Self>, by: PaymentFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(payments::status.eq(status)))
            .when(by.direction, |rows, direction| rows.filter(payments::direction.eq(direction)))
            .when(by.party_id, |rows, id| rows.filter(payments::party_id.eq(id)))
            .when(by.account_id, |rows, id| rows.filter(payments::account_id.eq(id)))
            .when(by.number, |rows, number| rows.filter(payments::number.eq(number)))
            .when(by.paid_on_from, |rows, day| rows.filter(payments::paid_on.ge(day)))
            .when(by.paid_on_to, |rows, day| rows.filter(payments::paid_on.le(day)))
    }
}

impl NewPayment {
    fn money(self, kept_in: &HashMap<Uuid, String>, pointer: String) -> NewMoney {
        let own = || kept_in.get(&self.account_id).cloned().unwrap_or_default();
        NewMoney {
            direction: self.direction,
            party_id: self.party_id,
            account_id: self.account_id,
            paid_on: self.paid_on,
            currency: self.currency.clone().unwrap_or_else(own),
            amount: self.amount,
            exchange_rate: self.exchange_rate,
            fee: self.fee_amount,
            fee_account_id: self.fee_account_id,
            reference: self.reference,
            notes: self.notes,
            allocations: self.allocations,
            pointer,
        }
    }
}

/// What each of these accounts is kept in.
async fn kept_in(db: &mut Db, ids: &[Uuid]) -> Result<HashMap<Uuid, String>> {
    let kept = accounts::table
        .filter(accounts::org_id.eq(db.organization()))
        .filter(accounts::id.eq_any(ids))
        .select((accounts::id, sql::<Text>("coalesce(accounts.currency, books_currency())")));
    Ok(kept.load::<(Uuid, String)>(db).await?.into_iter().collect())
}

impl Payment {
    fn money(&self) -> NewMoney {
        NewMoney {
            direction: self.direction,
            party_id: self.party_id,
            account_id: self.account_id,
            paid_on: self.paid_on,
            currency: self.currency.clone(),
            amount: self.amount.0,
            exchange_rate: self.exchange_rate.map(|rate| rate.0),
            fee: self.fee_amount.map(|fee| fee.0),
            fee_account_id: self.fee_account_id,
            reference: self.reference.clone(),
            notes: self.notes.clone(),
            allocations: self.allocations.0.clone(),
            pointer: String::new(),
        }
    }
}

#[derive(AsChangeset, Insertable)]
#[diesel(table_name = payments, treat_none_as_null = true)]
struct Draft {
    direction: Direction,
    party_id: Uuid,
    account_id: Uuid,
    paid_on: NaiveDate,
    currency: String,
    exchange_rate: Option<Decimal>,
    amount: Decimal,
    fee_amount: Option<Decimal>,
    fee_account_id: Option<Uuid>,
    discount_amount: Decimal,
    reference: Option<String>,
    notes: Option<String>,
    allocations: List<Part>,
}

impl Draft {
    /// Refuses what could not be posted as it stands.
    async fn of(db: &mut Db, money: NewMoney) -> Result<Self> {
        let discount_amount = weighing::check(db, &money).await?;
        Ok(Self {
            direction: money.direction,
            party_id: money.party_id,
            account_id: money.account_id,
            paid_on: money.paid_on,
            currency: money.currency,
            exchange_rate: money.exchange_rate,
            amount: money.amount,
            fee_amount: money.fee,
            fee_account_id: money.fee_account_id,
            discount_amount,
            reference: money.reference,
            notes: money.notes,
            allocations: List(money.allocations),
        })
    }
}

impl Kept for Payment {
    type New = NewPayment;
    type Edit = EditPayment;

    async fn create(db: &mut Db, new: NewPayment) -> Result<Self> {
        let kept_in = kept_in(db, &[new.account_id]).await?;
        let draft = Draft::of(db, new.money(&kept_in, String::new())).await?;
        let row = diesel::insert_into(payments::table).values((payments::id.eq(Uuid::now_v7()), draft));
        Ok(row.returning(Self::as_returning()).get_result(db).await?)
    }

    async fn change(db: &mut Db, row: Self, edit: EditPayment) -> Result<Self> {
        only_draft(&row)?;
        let patch = serde_json::to_value(&edit).map_err(Problem::internal)?;
        if changes_nothing(&row, &patch)? {
            return Ok(row);
        }
        let mut money = row.money();
        if let Some(account) = edit.account_id {
            money.currency = kept_in(db, &[account]).await?.remove(&account).unwrap_or_default();
            money.account_id = account;
        }
        money.direction = edit.direction.unwrap_or(money.direction);
        money.party_id = edit.party_id.unwrap_or(money.party_id);
        money.paid_on = edit.paid_on.unwrap_or(money.paid_on);
        money.amount = edit.amount.unwrap_or(money.amount);
        money.exchange_rate = edit.exchange_rate.unwrap_or(money.exchange_rate);
        money.fee = edit.fee_amount.unwrap_or(money.fee);
        money.fee_account_id = edit.fee_account_id.unwrap_or(money.fee_account_id);
        money.reference = edit.reference.unwrap_or(money.reference);
        money.notes = edit.notes.unwrap_or(money.notes);
        money.allocations = edit.allocations.unwrap_or(money.allocations);
        let draft = Draft::of(db, money).await?;
        let one = payments::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(draft).returning(Self::as_returning()).get_result(db).await?)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        only_draft(&row)?;
        diesel::delete(payments::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

fn only_draft(row: &Payment) -> Result<()> {
    match row.status {
        PaymentStatus::Draft => Ok(()),
        _ => Err(INVALID_STATE.because("What is posted is final: `void` it, and enter it anew.")),
    }
}

/// Post a payment
///
/// It gets its number, the next of its series, and is booked on its day: money in debits the account of the bank or till and credits
/// the party's receivable or payable account, money out is the mirror. The fee and what is kept for paying early are booked besides. What is
/// kept takes its part off what was taxed and off the taxes of what is settled, at the rates of those documents, unless their payment terms say
/// never; the tax return has it on this day.
/// What it is for is settled with it, exchange gains and losses are booked; what is over stays open. Where somebody settled the same
/// document meanwhile and less is open than it settles, it is 409 and nothing is booked.
#[utoipa::path(post, path = "/v1/payments/{id}/post", tag = "Accounting")]
async fn post_payment(may: May<Post, Payment>, id: Id<Payment>) -> Reply<Payment> {
    may.write(async |db| {
        let payment = lock(&may, db, &id).await?;
        LIFE.step(payment.status.as_str(), "post")?;
        let mut paid = pay_as(db, &[payment.id], &[payment.money()]).await?;
        paid.pop().ok_or_else(Problem::not_found)
    })
    .await
}

/// Payments to be posted together.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostPaymentsRequest {
    /// All of them, or none.
    #[schema(min_items = 1, max_items = 1000)]
    payments: Vec<NewPayment>,
}

/// Post payments
///
/// Enters and posts them in one go, all or none: each is booked as `/v1/payments/{id}/post` books a draft, and they are numbered in this
/// order.
#[utoipa::path(post, path = "/v1/payments/post", tag = "Accounting")]
async fn post_payments(may: May<Post, Payment>, new: Input<PostPaymentsRequest>) -> Reply<Several<Payment>> {
    may.write(async |db| {
        let ids: Vec<Uuid> = new.0.payments.iter().map(|each| each.account_id).collect();
        let kept_in = kept_in(db, &ids).await?;
        let moneys = new.0.payments.iter().enumerate();
        let moneys: Vec<NewMoney> =
            moneys.map(|(place, each)| each.clone().money(&kept_in, format!("/payments/{place}"))).collect();
        Ok(Several(pay_all(db, &moneys).await?))
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<Payment>()
        .creatable::<Payment>()
        .changeable::<Payment>()
        .deletable::<Payment>()
        .call(operation!(post_payments))
        .call(operation!(post_payment));
    allocating::routes(api);
}
