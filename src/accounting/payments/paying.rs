//! What other rooms call: money that came in or went out is booked, and what it is for is settled with it; one payment or
//! thousands, all or none.
//!
//! Money in debits the bank and credits the party, money out is its mirror. What the bank kept as a fee is booked beside it, and so
//! is what was kept for paying early, which takes its part off the taxes of what it settles. What settles nothing yet stays open as the
//! party's credit, or ours.

use crate::payments::Payment;
use crate::weighing::weigh;
use diesel::sql_types::{Array, Date, Jsonb, Uuid as SqlUuid};
use invoicing::allocations::{self, SetOff};
use ledger::Posting;
use platform::prelude::*;
use platform::store::in_order;
use rust_decimal::Decimal;
use serde_json::Value;

text_enum! {
    /// Whether money came in or went out.
    pub enum Direction { In = "in", Out = "out" }
}

/// What of a payment is for one document.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The id of what it settles: an invoice or a bill, a credit note or a debit note that is paid out, another payment that is
    /// paid back.
    pub item_id: Uuid,
    /// So much of the payment, in its currency.
    #[schema(value_type = String, max_length = 20, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "119.00")]
    pub amount: Decimal,
    /// What that settles, in the currency of the document, where that is another one.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 20, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    pub item_amount: Option<Decimal>,
    /// What is kept besides for paying early, as the terms of the invoice or bill allow in proportion to what is paid: it
    /// settles as if it had been paid.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 20, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    pub discount_amount: Option<Decimal>,
}

/// Money that moved, and what for.
#[derive(Clone, Debug)]
pub struct NewMoney {
    pub direction: Direction,
    pub party_id: Uuid,
    /// The ledger's account of the role `bank` or `cash`.
    pub account_id: Uuid,
    pub paid_on: NaiveDate,
    /// ISO 4217; what the account is kept in.
    pub currency: String,
    /// What the party paid or got, the fee aside: of 100.00 that came in less a fee of 2.00 the bank has 98.00, of 100.00 that
    /// went out with such a fee it has taken 102.00.
    pub amount: Decimal,
    /// Units of the organization's currency for one of this; the rate of the day unless told.
    pub exchange_rate: Option<Decimal>,
    /// What the bank took beside it, in the same currency.
    pub fee: Option<Decimal>,
    /// What the fee is booked on; the account of the role `bank_charges` unless told.
    pub fee_account_id: Option<Uuid>,
    pub reference: Option<String>,
    pub notes: Option<String>,
    /// What it settles; the rest stays open.
    pub allocations: Vec<Part>,
    /// Where it stands in the request's body, for faults.
    pub pointer: String,
}

impl NewMoney {
    /// Money without a fee that settles nothing yet.
    #[must_use]
    pub fn new(
        direction: Direction,
        party_id: Uuid,
        account_id: Uuid,
        paid_on: NaiveDate,
        currency: &str,
        amount: Decimal,
    ) -> Self {
        Self {
            direction,
            party_id,
            account_id,
            paid_on,
            currency: currency.to_owned(),
            amount,
            exchange_rate: None,
            fee: None,
            fee_account_id: None,
            reference: None,
            notes: None,
            allocations: Vec::new(),
            pointer: String::new(),
        }
    }
}

diesel::define_sql_function! {
    /// See the migration of payments: the next numbers, in that order.
    fn take_payment_numbers(ids: Array<SqlUuid>, days: Array<Date>) -> Array<Text>;
}

/// Posts them, all or none: each gets its number and its entry, and settles what it is for. The number of statements does not
/// depend on how many they are. They come back in that order.
///
/// # Errors
/// 422 at the places of what breaks a rule; 409 where more would be settled of a document than is open of it, where an account
/// that is needed has not been named, or where the period is closed.
pub async fn pay_all(db: &mut Db, moneys: &[NewMoney]) -> Result<Vec<Payment>> {
    let ids: Vec<Uuid> = moneys.iter().map(|_| Uuid::now_v7()).collect();
    pay_as(db, &ids, moneys).await
}

/// The same under these ids; a draft that has one becomes the payment.
pub(crate) async fn pay_as(db: &mut Db, ids: &[Uuid], moneys: &[NewMoney]) -> Result<Vec<Payment>> {
    if moneys.is_empty() {
        return Ok(Vec::new());
    }
    let weighed = weigh(db, moneys).await?;
    let days: Vec<NaiveDate> = moneys.iter().map(|money| money.paid_on).collect();
    let numbers: Vec<String> = diesel::select(take_payment_numbers(ids, &days)).get_result(db).await?;
    let postings =
        ids.iter().zip(&numbers).zip(moneys).zip(&weighed).map(|(((id, number), money), each)| Posting {
            journal: each.journal,
            posted_on: money.paid_on,
            description: format!("Payment {number}"),
            reference: Some(money.reference.clone().unwrap_or_else(|| number.clone())),
            source: Some((Payment::NAME, *id)),
            lines: each.lines.clone(),
        });
    let entries = ledger::post_all(db, &postings.collect::<Vec<_>>()).await?;
    let rows = ids.iter().zip(&numbers).zip(moneys).zip(&weighed).zip(&entries);
    let rows = rows.map(|((((id, number), money), each), entry)| {
        let settled: Decimal = each.taken.iter().map(|taken| taken.of_payment).sum();
        json!({
            "id": id, "number": number, "direction": money.direction, "party_id": money.party_id, "account_id": money.account_id,
            "paid_on": money.paid_on, "currency": money.currency, "exchange_rate": each.rate, "amount": money.amount,
            "base_amount": each.base_amount, "fee_amount": money.fee, "fee_account_id": money.fee.and(money.fee_account_id),
            "discount_amount": each.discount, "discount_taxes": each.discount_taxes, "reference": money.reference, "notes": money.notes,
            "allocations": money.allocations,
            "open_amount": each.settles - settled, "journal_entry_id": entry.id, "control_account_id": each.control_account_id,
            "side": match money.direction { Direction::In => "credit", Direction::Out => "debit" },
            "settles": each.settles, "worth": each.worth,
        })
    });
    let rows: Value = rows.collect();
    diesel::sql_query(OPEN).bind::<Jsonb, _>(&rows).execute(db).await?;
    let set_offs: Vec<SetOff> = ids
        .iter()
        .zip(moneys)
        .zip(&weighed)
        .flat_map(|((id, money), each)| {
            let taken = each.taken.iter();
            taken.map(|taken| taken.against(*id, money.direction, money.paid_on.max(taken.posted_on)))
        })
        .collect();
    if !set_offs.is_empty() {
        allocations::allocate(db, &set_offs).await?;
    }
    let paid: Vec<Payment> = diesel::sql_query(WRITE).bind::<Jsonb, _>(&rows).load(db).await?;
    Ok(in_order(paid, ids, |payment| payment.id))
}

/// What is open of them from now on. As one value, as in `WRITE`: thousands of rows have more columns than a statement takes values.
const OPEN: &str = "
    insert into open_items (id, resource, number, party_id, account_id, side, currency, exchange_rate, amount, base_amount, open_amount,
        open_base_amount, posted_on, due_on, journal_entry_id)
    select id, 'payments', number, party_id, control_account_id, side, currency, exchange_rate, settles, worth, settles, worth, paid_on, paid_on,
        journal_entry_id
    from jsonb_to_recordset($1) r (id uuid, number text, party_id uuid, control_account_id uuid, side text, currency text, exchange_rate numeric,
        settles numeric, worth numeric, paid_on date, journal_entry_id uuid)";

const WRITE: &str = "
    insert into payments as p (id, number, direction, party_id, account_id, paid_on, currency, exchange_rate, amount, base_amount, fee_amount,
        fee_account_id, discount_amount, discount_taxes, reference, notes, allocations, open_amount, status, journal_entry_id)
    select id, number, direction, party_id, account_id, paid_on, currency, exchange_rate, amount, base_amount, fee_amount,
        fee_account_id, discount_amount, discount_taxes, reference, notes, allocations, open_amount, 'posted', journal_entry_id
    from jsonb_to_recordset($1) r (id uuid, number text, direction text, party_id uuid, account_id uuid, paid_on date, currency text,
        exchange_rate numeric, amount numeric, base_amount numeric, fee_amount numeric, fee_account_id uuid, discount_amount numeric,
        discount_taxes jsonb, reference text, notes text, allocations jsonb, open_amount numeric, journal_entry_id uuid)
    on conflict (org_id, id) do update set number = excluded.number, exchange_rate = excluded.exchange_rate,
        base_amount = excluded.base_amount, discount_amount = excluded.discount_amount, discount_taxes = excluded.discount_taxes,
        open_amount = excluded.open_amount, status = 'posted', journal_entry_id = excluded.journal_entry_id
    returning *";
