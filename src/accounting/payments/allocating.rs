//! What becomes of a payment that is in the books: what of it is open settles something later, what it settled is open again, or all of
//! it is taken back.

use crate::paying::Part;
use crate::payments::{LIFE, Payment, PaymentStatus};
use crate::weighing::Scales;
use invoicing::allocations;
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::Decimal;
use schema::{allocations as rows, payments};

/// What a payment settles besides.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AllocatePaymentRequest {
    /// The day in the books; not before the payment and what it settles.
    #[schema(example = "2026-04-20")]
    allocated_on: NaiveDate,
    /// What is settled with it.
    #[schema(min_items = 1, max_items = 500)]
    allocations: Vec<Part>,
}

/// Allocate a payment
///
/// What of it is open settles these documents: an advance an invoice that came later, paid too much the next one. What they were worth at
/// another rate is booked as an exchange gain or loss; otherwise nothing is booked.
#[utoipa::path(post, path = "/v1/payments/{id}/allocate", tag = "Accounting")]
async fn allocate_payment(
    may: May<Post, Payment>,
    id: Id<Payment>,
    asked: Input<AllocatePaymentRequest>,
) -> Reply<Payment> {
    may.write(async |db| {
        let payment = lock(&may, db, &id).await?;
        LIFE.step(payment.status.as_str(), "allocate")?;
        let (parts, on) = (&asked.0.allocations, asked.0.allocated_on);
        let mut scales = Scales::of(db, parts.iter()).await?;
        let taken = scales.take("", payment.direction, payment.party_id, &payment.currency, parts);
        for (place, _) in parts.iter().enumerate().filter(|(_, part)| part.discount_amount.is_some()) {
            let at = format!("/allocations/{place}/discount_amount");
            scales.fault(at, "not-paid-now", "must be left out: it is kept when the payment is posted");
        }
        let first = taken.iter().map(|taken| taken.posted_on).max().unwrap_or(payment.paid_on);
        not_before(&mut scales, "/allocated_on", on, first.max(payment.paid_on));
        scales.verdict()?;
        let sum: Decimal = taken.iter().map(|taken| taken.of_payment).sum();
        if sum > payment.open_amount.0 {
            let rule = format!("Of the payment {} {} are open.", payment.open_amount, payment.currency);
            let at =
                Fault::at("/allocations", "more-than-is-open", "come to more than is open of the payment");
            return Err(CONFLICT.because(rule).at(at));
        }
        let set_offs = taken.iter().map(|taken| taken.against(payment.id, payment.direction, on));
        allocations::allocate(db, &set_offs.collect::<Vec<_>>()).await?;
        Payment::find(db, payment.id).await
    })
    .await
}

fn not_before(scales: &mut Scales, pointer: &str, on: NaiveDate, first: NaiveDate) {
    if on < first {
        scales.fault(pointer, "too-early", format!("must not be before {first}"));
    }
}

/// What is undone of what a payment settles.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UnallocatePaymentRequest {
    /// The day in the books; not before what is undone.
    #[schema(example = "2026-04-25")]
    unallocated_on: NaiveDate,
    /// Why, in the company's words.
    #[schema(min_length = 1, max_length = 500, example = "Meant for another invoice")]
    reason: String,
    /// The documents that are open again, of those that it settles; left out, all.
    #[schema(max_items = 500, example = json!(null))]
    item_ids: Option<Vec<Uuid>>,
}

/// Unallocate a payment
///
/// What it settled is open again, and so is that much of the payment. Exchange gains and losses that were booked for it are booked back on the
/// day that is given. A payment of which something was kept for paying early is voided instead.
#[utoipa::path(post, path = "/v1/payments/{id}/unallocate", tag = "Accounting")]
async fn unallocate_payment(
    may: May<Post, Payment>,
    id: Id<Payment>,
    undone: Input<UnallocatePaymentRequest>,
) -> Reply<Payment> {
    may.write(async |db| {
        let payment = lock(&may, db, &id).await?;
        LIFE.step(payment.status.as_str(), "unallocate")?;
        if !payment.discount_amount.0.is_zero() {
            return Err(CONFLICT.because(
                "Something was kept for paying early, and would be the party's to spend: `void` it, and enter it anew.",
            ));
        }
        let settled = Settled::of(db, &payment, undone.0.item_ids.as_deref()).await?;
        settled.undo(db, "/unallocated_on", undone.0.unallocated_on, &undone.0.reason).await?;
        Payment::find(db, payment.id).await
    })
    .await
}

/// What a payment settles.
struct Settled {
    ids: Vec<Uuid>,
    /// The last day on which something was set off, or the payment's own.
    last: NaiveDate,
}

impl Settled {
    async fn of(db: &mut Db, payment: &Payment, items: Option<&[Uuid]>) -> Result<Self> {
        let all = rows::table
            .filter(rows::org_id.eq(db.organization()))
            .filter(rows::debit_item_id.eq(payment.id).or(rows::credit_item_id.eq(payment.id)))
            .select((rows::id, rows::debit_item_id, rows::credit_item_id, rows::allocated_on));
        let all: Vec<(Uuid, Uuid, Uuid, NaiveDate)> = all.load(db).await?;
        let is_of = |item: Uuid, (_, debit, credit, _): &(Uuid, Uuid, Uuid, NaiveDate)| {
            [*debit, *credit].contains(&item)
        };
        if let Some(items) = items {
            let faults = items
                .iter()
                .enumerate()
                .filter(|(_, item)| **item == payment.id || all.iter().all(|each| !is_of(**item, each)));
            let rule = "is nothing that the payment settles";
            let faults =
                faults.map(|(place, _)| Fault::at(format!("/item_ids/{place}"), "not-settled", rule));
            let faults: Vec<Fault> = faults.collect();
            if !faults.is_empty() {
                return Err(Problem::invalid(faults));
            }
        }
        let chosen = all
            .into_iter()
            .filter(|each| items.is_none_or(|items| items.iter().any(|item| is_of(*item, each))));
        let (ids, days): (Vec<Uuid>, Vec<NaiveDate>) = chosen.map(|(id, _, _, on)| (id, on)).unzip();
        Ok(Self { ids, last: days.into_iter().fold(payment.paid_on, NaiveDate::max) })
    }

    async fn undo(&self, db: &mut Db, pointer: &str, on: NaiveDate, why: &str) -> Result<()> {
        if on < self.last {
            let rule = format!("must not be before {}, the day of what is undone", self.last);
            return Err(Problem::invalid(vec![Fault::at(pointer, "too-early", rule)]));
        }
        if !self.ids.is_empty() {
            allocations::unallocate_all(db, &self.ids, on, why).await?;
        }
        Ok(())
    }
}

/// Why a payment is taken back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VoidPaymentRequest {
    /// The day in the books on which it is taken back; not before it and what it settled.
    #[schema(example = "2026-04-30")]
    voided_on: NaiveDate,
    /// Why, in the company's words.
    #[schema(min_length = 1, max_length = 500, example = "Returned by the bank")]
    reason: String,
}

/// Void a payment
///
/// Takes it back: what it settled is open again, and what was booked for it is booked back on the day that is given, the fee and exchange
/// differences included. It stays, with its number.
#[utoipa::path(post, path = "/v1/payments/{id}/void", tag = "Accounting")]
async fn void_payment(
    may: May<Void, Payment>,
    id: Id<Payment>,
    why: Input<VoidPaymentRequest>,
) -> Reply<Payment> {
    may.write(async |db| {
        let payment = lock(&may, db, &id).await?;
        take_back(db, payment, why.0.voided_on, &why.0.reason).await
    })
    .await
}

/// Takes a payment back on a day: what it settled is open again, and all that was booked for it is booked back.
///
/// # Errors
/// 404 where there is none; 409 where it is not in the books, or the period is closed; 422 for a day before it or what it settled.
pub async fn void(db: &mut Db, payment: Uuid, on: NaiveDate, why: &str) -> Result<Payment> {
    let payment = Payment::lock(db, payment).await?;
    take_back(db, payment, on, why).await
}

async fn take_back(db: &mut Db, payment: Payment, on: NaiveDate, why: &str) -> Result<Payment> {
    LIFE.step(payment.status.as_str(), "void")?;
    Settled::of(db, &payment, None).await?.undo(db, "/voided_on", on, why).await?;
    let booked = payment.journal_entry_id.ok_or_else(|| Problem::internal("what is posted has no entry"))?;
    let reversal = ledger::reverse(db, booked, on, why).await?;
    for item in allocations::lock_items(db, &[payment.id]).await? {
        allocations::settle_with_reversal(db, &item, &reversal).await?;
    }
    let voided = (
        payments::status.eq(PaymentStatus::Void),
        payments::voided_on.eq(on),
        payments::void_reason.eq(why),
        payments::void_entry_id.eq(reversal.id),
    );
    let one = payments::table.find((db.organization(), payment.id));
    Ok(diesel::update(one).set(voided).returning(Payment::as_returning()).get_result(db).await?)
}

pub fn routes(api: &mut Api) {
    api.call(operation!(allocate_payment))
        .call(operation!(unallocate_payment))
        .call(operation!(void_payment));
}
