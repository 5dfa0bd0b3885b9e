//! What becomes of a payment that is in the books: what of it is open settles something later, what it settled is open again, or all of
//! it is taken back.

use crate::paying::Part;
use crate::payments::{LIFE, Payment};
use crate::weighing::Scales;
use diesel::sql_types::{Date, Jsonb, Text};
use invoicing::allocations;
use ledger::Reversal;
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::Decimal;
use schema::{allocations as rows, payments};
use serde_json::Value;
use std::collections::HashMap;

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
        let these = std::slice::from_ref(&payment);
        let settled = Settled::of(db, these, undone.0.item_ids.as_deref()).await?;
        settled.undo(db, "/unallocated_on", undone.0.unallocated_on, &undone.0.reason).await?;
        Payment::find(db, payment.id).await
    })
    .await
}

/// What payments settle.
struct Settled {
    ids: Vec<Uuid>,
    /// The last day on which something was set off, or a payment's own.
    last: NaiveDate,
}

impl Settled {
    async fn of(db: &mut Db, these: &[Payment], items: Option<&[Uuid]>) -> Result<Self> {
        let own: Vec<Uuid> = these.iter().map(|payment| payment.id).collect();
        let all = rows::table
            .filter(rows::org_id.eq(db.organization()))
            .filter(rows::debit_item_id.eq_any(&own).or(rows::credit_item_id.eq_any(&own)))
            .select((rows::id, rows::debit_item_id, rows::credit_item_id, rows::allocated_on));
        let all: Vec<(Uuid, Uuid, Uuid, NaiveDate)> = all.load(db).await?;
        let is_of = |item: Uuid, (_, debit, credit, _): &(Uuid, Uuid, Uuid, NaiveDate)| {
            [*debit, *credit].contains(&item)
        };
        if let Some(items) = items {
            let faults = items
                .iter()
                .enumerate()
                .filter(|(_, item)| own.contains(item) || all.iter().all(|each| !is_of(**item, each)));
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
        let days = days.into_iter().chain(these.iter().map(|payment| payment.paid_on));
        Ok(Self { ids, last: days.max().unwrap_or(NaiveDate::MIN) })
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
/// differences included; what was kept for paying early no longer lessens taxes. It stays, with its number.
#[utoipa::path(post, path = "/v1/payments/{id}/void", tag = "Accounting")]
async fn void_payment(
    may: May<Void, Payment>,
    id: Id<Payment>,
    why: Input<VoidPaymentRequest>,
) -> Reply<Payment> {
    may.write(async |db| {
        let payment = lock(&may, db, &id).await?;
        let taken = take_back(db, &[payment], "/voided_on", why.0.voided_on, &why.0.reason).await?;
        taken.into_iter().next().ok_or_else(Problem::not_found)
    })
    .await
}

/// Takes payments back on a day, all or none, in a number of statements that does not depend on how many they are: what they settled is
/// open again, and all that was booked for them is booked back. `pointer` is where in the request's body the day comes from.
///
/// # Errors
/// 404 where there is none; 409 where one is not in the books, or the period is closed; 422 for a day before it or what it settled.
pub async fn void_all(db: &mut Db, ids: &[Uuid], pointer: &str, on: NaiveDate, why: &str) -> Result<()> {
    let these = payments::table
        .filter(payments::org_id.eq(db.organization()))
        .filter(payments::id.eq_any(ids))
        .order(payments::id)
        .for_no_key_update()
        .select(Payment::as_select());
    let these: Vec<Payment> = these.load(db).await?;
    if these.len() < ids.len() {
        return Err(Problem::not_found());
    }
    take_back(db, &these, pointer, on, why).await.map(drop)
}

async fn take_back(
    db: &mut Db,
    these: &[Payment],
    pointer: &str,
    on: NaiveDate,
    why: &str,
) -> Result<Vec<Payment>> {
    let mut entries = Vec::with_capacity(these.len());
    for payment in these {
        LIFE.step(payment.status.as_str(), "void")?;
        entries
            .push(payment.journal_entry_id.ok_or_else(|| Problem::internal("what is posted has no entry"))?);
    }
    Settled::of(db, these, None).await?.undo(db, pointer, on, why).await?;
    let back = |entry_id| Reversal {
        entry_id,
        id: Uuid::now_v7(),
        posted_on: on,
        description: why,
        at: String::new(),
    };
    let reversals = ledger::reverse_all(db, &entries.into_iter().map(back).collect::<Vec<_>>()).await?;
    let reversed: HashMap<Uuid, Uuid> =
        these.iter().zip(&reversals).map(|(payment, reversal)| (payment.id, reversal.id)).collect();
    let ids: Vec<Uuid> = these.iter().map(|payment| payment.id).collect();
    let items = allocations::lock_items(db, &ids).await?;
    let settled: Vec<_> =
        items.iter().filter_map(|item| reversed.get(&item.id).map(|entry| (item, *entry, *entry))).collect();
    allocations::settle_with_reversals(db, &settled, on).await?;
    let rows: Value = reversed.iter().map(|(id, entry)| json!({"id": id, "entry_id": entry})).collect();
    let voided = diesel::sql_query(VOID).bind::<Jsonb, _>(rows).bind::<Date, _>(on).bind::<Text, _>(why);
    Ok(voided.load(db).await?)
}

const VOID: &str = "
    update payments p set status = 'void', voided_on = $2, void_reason = $3, void_entry_id = r.entry_id
    from jsonb_to_recordset($1) r (id uuid, entry_id uuid) where p.org_id = (select current_org()) and p.id = r.id
    returning p.*";

pub fn routes(api: &mut Api) {
    api.call(operation!(allocate_payment))
        .call(operation!(unallocate_payment))
        .call(operation!(void_payment));
}
