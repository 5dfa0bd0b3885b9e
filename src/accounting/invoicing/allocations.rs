//! Allocations: what settles what. A credit note or a payment is set off against an invoice, a debit note against a bill, an
//! invoice against a bill of the same party. Each takes as much off both; what the two are worth in the organization's
//! currency may differ, and then the difference is booked as an exchange gain or loss.

use crate::totals::round;
use diesel::QueryableByName;
use diesel::dsl::sql;
use diesel::sql_types::{Jsonb, Text};
use ledger::journal_entries::JournalEntry;
use ledger::{Foreign, JournalType, Posted, Posting, PostingLine, Reversal, Role};
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::Decimal;
use schema::{allocations, open_items, undone_allocations};
use serde_json::Value;
use std::collections::HashMap;

/// What was set off against each other.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable, QueryableByName)]
#[diesel(table_name = allocations)]
pub struct Allocation {
    pub id: Uuid,
    pub version: i64,
    /// What was owed: the id of the invoice, debit note or payment out.
    pub debit_item_id: Uuid,
    /// What settles it: the id of the credit note, bill or payment in.
    pub credit_item_id: Uuid,
    /// What was taken off what was owed, in its currency.
    #[schema(example = "119.00")]
    pub debit_amount: Money,
    /// The same in the organization's currency, as it was booked there.
    #[schema(example = "119.00")]
    pub debit_base_amount: Money,
    /// What was taken off what settles it, in its currency.
    #[schema(example = "119.00")]
    pub credit_amount: Money,
    /// The same in the organization's currency, as it was booked there.
    #[schema(example = "119.00")]
    pub credit_base_amount: Money,
    /// The day in the books.
    #[schema(example = "2026-04-15")]
    pub allocated_on: NaiveDate,
    /// What books the exchange gain or loss, or moves the amount from one account to the other; null where there is nothing to
    /// book.
    pub journal_entry_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AllocationFilter {
    /// Only what was set off against this invoice, debit note or payment out.
    debit_item_id: Option<Uuid>,
    /// Only what was settled with this credit note, bill or payment in.
    credit_item_id: Option<Uuid>,
    /// Only allocations of this day or later.
    allocated_on_from: Option<NaiveDate>,
    /// Only allocations of this day or earlier.
    allocated_on_to: Option<NaiveDate>,
}

impl Named for Allocation {
    const NAME: &'static str = "allocations";
}

impl Resource for Allocation {
    const PATH: &'static str = "/v1/allocations";
    const SINGULAR: &'static str = "allocation";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::day("allocated_on"), SortKey::instant("created_at")];
    type Filter = AllocationFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for Allocation {
    type Table = allocations::table;
    const TABLE: &'static str = "allocations";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: AllocationFilter) -> Rows<Self> {
        rows.when(by.debit_item_id, |rows, id| rows.filter(allocations::debit_item_id.eq(id)))
            .when(by.credit_item_id, |rows, id| rows.filter(allocations::credit_item_id.eq(id)))
            .when(by.allocated_on_from, |rows, day| rows.filter(allocations::allocated_on.ge(day)))
            .when(by.allocated_on_to, |rows, day| rows.filter(allocations::allocated_on.le(day)))
    }
}

diesel::define_sql_function! {
    /// See the migration of the ledger: the currency that the books are kept in.
    fn books_currency() -> diesel::sql_types::Text;
}

/// What is to be set off: so much of a debit with so much of a credit. In one currency both amounts are the same.
#[derive(Clone, Copy, Debug)]
pub struct SetOff {
    pub debit_item_id: Uuid,
    pub credit_item_id: Uuid,
    pub debit_amount: Decimal,
    pub credit_amount: Decimal,
    pub on: NaiveDate,
}

/// What is open of a posted document or payment.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = open_items)]
pub struct OpenItem {
    pub id: Uuid,
    pub number: String,
    pub party_id: Uuid,
    /// The receivable or payable account that it is open on.
    pub account_id: Uuid,
    /// `debit` for what the party owes, `credit` for what it is owed.
    pub side: String,
    pub currency: String,
    pub exchange_rate: Decimal,
    pub posted_on: NaiveDate,
    pub open_amount: Decimal,
    pub open_base_amount: Decimal,
}

/// What was taken off an item.
struct Taken {
    item: OpenItem,
    /// In its currency.
    amount: Decimal,
    /// In the organization's currency.
    worth: Decimal,
}

/// Takes so much off an item. The last of it is worth what is left of its worth.
fn take(items: &mut HashMap<Uuid, OpenItem>, id: Uuid, amount: Decimal, decimals: u32) -> Result<Taken> {
    let item = items.get_mut(&id).ok_or_else(Problem::not_found)?;
    if amount > item.open_amount {
        return Err(CONFLICT.because(format!(
            "Of {} {} are open, and {} can not be set off against that: read it again.",
            item.number,
            Money(item.open_amount),
            Money(amount)
        )));
    }
    let is_last = amount == item.open_amount;
    let worth = round(amount * item.exchange_rate, decimals).min(item.open_base_amount);
    let worth = if is_last { item.open_base_amount } else { worth };
    item.open_amount -= amount;
    item.open_base_amount -= worth;
    Ok(Taken { item: item.clone(), amount, worth })
}

/// Locks what is open of these documents, in one order for all, and answers them.
///
/// # Errors
/// Those of the database.
pub async fn lock_items(db: &mut Db, ids: &[Uuid]) -> Result<Vec<OpenItem>> {
    let items = open_items::table
        .filter(open_items::org_id.eq(db.organization()))
        .filter(open_items::id.eq_any(ids))
        .order(open_items::id)
        .for_no_key_update()
        .select(OpenItem::as_select());
    Ok(items.load(db).await?)
}

/// Items of reversals, each the other side of an item, and all that is open of that.
const MIRROR: &str = "
    insert into open_items (id, resource, number, party_id, account_id, side, currency, exchange_rate, amount, base_amount, open_amount,
        open_base_amount, posted_on, due_on, journal_entry_id)
    select r.id, $2, coalesce(e.number, i.number), i.party_id, i.account_id, case i.side when 'debit' then 'credit' else 'debit' end, i.currency,
        i.exchange_rate, i.open_amount, i.open_base_amount, i.open_amount, i.open_base_amount, e.posted_on, e.posted_on, e.id
    from jsonb_to_recordset($1) r (id uuid, item_id uuid, entry_id uuid)
    join open_items i on i.org_id = current_org() and i.id = r.item_id
    join journal_entries e on e.org_id = current_org() and e.id = r.entry_id";

/// Settles all that is left of an item with what books it back. That is an item of its own, the entry's, so that on every day what
/// is open is what the accounts stand at.
///
/// # Errors
/// 409 where it is settled meanwhile.
pub async fn settle_with_reversal(db: &mut Db, item: &OpenItem, reversal: &Posted) -> Result<()> {
    settle_with_reversals(db, &[(item, reversal.id, reversal.id)], reversal.posted_on).await
}

/// The same of many in two steps: each item, what its other side is called, and the entry that books it back on this day. Several may be
/// booked back by one entry.
///
/// # Errors
/// 409 where one is settled meanwhile.
pub async fn settle_with_reversals(
    db: &mut Db,
    all: &[(&OpenItem, Uuid, Uuid)],
    on: NaiveDate,
) -> Result<()> {
    let rows: Vec<Value> = all
        .iter()
        .map(|(item, id, entry)| json!({"id": id, "item_id": item.id, "entry_id": entry}))
        .collect();
    let mirrored = diesel::sql_query(MIRROR).bind::<Jsonb, _>(Value::Array(rows));
    mirrored.bind::<Text, _>(JournalEntry::NAME).execute(db).await?;
    let set_off = |&(item, mirror, _): &(&OpenItem, Uuid, Uuid)| {
        let is_debit = item.side == "debit";
        SetOff {
            debit_item_id: if is_debit { item.id } else { mirror },
            credit_item_id: if is_debit { mirror } else { item.id },
            debit_amount: item.open_amount,
            credit_amount: item.open_amount,
            on,
        }
    };
    allocate(db, &all.iter().map(set_off).collect::<Vec<_>>()).await.map(drop)
}

/// Sets them off, all or none, in a number of statements that does not depend on how many they are. What differs in the
/// organization's currency is booked, and so is what moves between two accounts. The documents show it at once.
///
/// # Errors
/// 409 where more would be taken off a document than is open of it, or what is set off is of two parties.
pub async fn allocate(db: &mut Db, all: &[SetOff]) -> Result<Vec<Allocation>> {
    let ids: Vec<Uuid> = all.iter().flat_map(|each| [each.debit_item_id, each.credit_item_id]).collect();
    let items = open_items::table
        .filter(open_items::org_id.eq(db.organization()))
        .filter(open_items::id.eq_any(&ids))
        .order(open_items::id)
        .for_no_key_update()
        .select((OpenItem::as_select(), sql::<Text>("(select books_currency())")));
    let items: Vec<(OpenItem, String)> = items.load(db).await?;
    let books = items.iter().map(|(_, books)| books.clone()).next().unwrap_or_default();
    let decimals = ledger::currency::decimals(&books);
    let mut items: HashMap<Uuid, OpenItem> = items.into_iter().map(|(item, _)| (item.id, item)).collect();
    let mut pairs = Vec::new();
    for each in all {
        let debit = take(&mut items, each.debit_item_id, each.debit_amount, decimals)?;
        pairs.push((each, debit, take(&mut items, each.credit_item_id, each.credit_amount, decimals)?));
    }
    let accounts =
        Accounts::of(db, pairs.iter().any(|(_, debit, credit)| debit.worth != credit.worth)).await?;
    let (mut rows, mut postings) = (Vec::new(), Vec::new());
    for (each, debit, credit) in &pairs {
        let id = Uuid::now_v7();
        let lines = difference(debit, credit, &books, accounts.as_ref());
        rows.push((id, !lines.is_empty()));
        if !lines.is_empty() {
            postings.push(Posting {
                journal: JournalType::General,
                posted_on: each.on,
                description: format!("{} set off against {}", credit.item.number, debit.item.number),
                reference: Some(debit.item.number.clone()),
                source: Some((Allocation::NAME, id)),
                lines,
            });
        }
    }
    let entries = if postings.is_empty() { Vec::new() } else { ledger::post_all(db, &postings).await? };
    let mut entries = entries.into_iter().map(|entry| entry.id);
    let rows = rows.into_iter().zip(&pairs).map(|((id, is_booked), (each, debit, credit))| {
        json!({
            "id": id, "debit_item_id": debit.item.id, "credit_item_id": credit.item.id, "debit_amount": debit.amount,
            "debit_base_amount": debit.worth, "credit_amount": credit.amount, "credit_base_amount": credit.worth,
            "allocated_on": each.on, "journal_entry_id": if is_booked { entries.next() } else { None },
        })
    });
    let made = diesel::sql_query(MAKE).bind::<Jsonb, _>(rows.collect::<serde_json::Value>());
    Ok(made.load(db).await?)
}

/// As one value: thousands of rows have more columns than a statement takes values.
const MAKE: &str = "
    insert into allocations (id, debit_item_id, credit_item_id, debit_amount, debit_base_amount, credit_amount, credit_base_amount, allocated_on,
        journal_entry_id)
    select * from jsonb_to_recordset($1) r (id uuid, debit_item_id uuid, credit_item_id uuid, debit_amount numeric, debit_base_amount numeric,
        credit_amount numeric, credit_base_amount numeric, allocated_on date, journal_entry_id uuid)
    returning *";

/// Undoes an allocation: both documents are open again as far as it took, and what it booked is booked back on that day.
///
/// # Errors
/// 404 where there is none, 409 where the period is closed.
pub async fn unallocate(db: &mut Db, id: Uuid, on: NaiveDate, why: &str) -> Result<()> {
    unallocate_all(db, &[id], on, why).await?;
    Ok(())
}

/// The same for several, all or none, in a number of statements that does not depend on how many they are. Answers what was
/// undone.
///
/// # Errors
/// As [`unallocate`].
pub async fn unallocate_all(db: &mut Db, ids: &[Uuid], on: NaiveDate, why: &str) -> Result<Vec<Allocation>> {
    let these = allocations::table
        .filter(allocations::org_id.eq(db.organization()))
        .filter(allocations::id.eq_any(ids));
    let undone: Vec<Allocation> =
        diesel::delete(these).returning(Allocation::as_returning()).get_results(db).await?;
    if ids.iter().any(|id| undone.iter().all(|each| each.id != *id)) {
        return Err(Problem::not_found());
    }
    // What was open on a day before is known for ever.
    let kept = undone_allocations::table
        .filter(undone_allocations::org_id.eq(db.organization()))
        .filter(undone_allocations::id.eq_any(ids));
    diesel::update(kept).set(undone_allocations::undone_on.eq(on)).execute(db).await?;
    let back = |entry_id| Reversal {
        entry_id,
        id: Uuid::now_v7(),
        posted_on: on,
        description: why,
        at: String::new(),
    };
    let entries: Vec<_> = undone.iter().filter_map(|each| each.journal_entry_id).map(back).collect();
    if !entries.is_empty() {
        ledger::reverse_all(db, &entries).await?;
    }
    Ok(undone)
}

/// The accounts that exchange differences are booked on.
struct Accounts {
    gain: Uuid,
    loss: Uuid,
}

impl Accounts {
    /// Looks them up where there is a difference.
    async fn of(db: &mut Db, is_needed: bool) -> Result<Option<Self>> {
        if !is_needed {
            return Ok(None);
        }
        let gain = ledger::account_of(db, Role::ExchangeGain).await?;
        Ok(Some(Self { gain, loss: ledger::account_of(db, Role::ExchangeLoss).await? }))
    }
}

/// What has to be booked so that both are settled in the books, each in its own currency: the credit is moved to the debit's account
/// where they are two, and what the debit was worth more than the credit is lost.
fn difference(debit: &Taken, credit: &Taken, books: &str, accounts: Option<&Accounts>) -> Vec<PostingLine> {
    let is_same = debit.item.account_id == credit.item.account_id
        && debit.item.currency == credit.item.currency
        && debit.worth == credit.worth;
    if is_same {
        return Vec::new();
    }
    let lost = debit.worth - credit.worth;
    let line = |account: Uuid, amount: Decimal| PostingLine {
        account_id: account,
        debit: amount.max(Decimal::ZERO),
        credit: (-amount).max(Decimal::ZERO),
        party_id: Some(debit.item.party_id),
        ..PostingLine::default()
    };
    let of = |taken: &Taken, amount: Decimal| {
        let is_foreign = taken.item.currency != books;
        let foreign = is_foreign.then(|| Foreign {
            currency: taken.item.currency.clone(),
            amount: taken.amount,
            rate: taken.item.exchange_rate,
        });
        PostingLine { foreign, ..line(taken.item.account_id, amount) }
    };
    let mut lines = vec![of(credit, credit.worth), of(debit, -debit.worth)];
    if let Some(accounts) = accounts {
        lines.push(line(if lost > Decimal::ZERO { accounts.loss } else { accounts.gain }, lost));
    }
    lines.retain(|line| line.debit != line.credit);
    lines
}

pub fn routes(api: &mut Api) {
    api.readable::<Allocation>();
}

#[cfg(test)]
mod tests {
    use super::{Accounts, OpenItem, Taken, difference, take};
    use platform::prelude::{NaiveDate, Uuid};
    use rust_decimal::Decimal;
    use std::collections::HashMap;

    const RECEIVABLE: Uuid = Uuid::from_u128(1);
    const PAYABLE: Uuid = Uuid::from_u128(2);
    const ACCOUNTS: Accounts = Accounts { gain: Uuid::from_u128(3), loss: Uuid::from_u128(4) };

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// An item of so much, at a rate, worth so much.
    fn item(account: Uuid, amount: &str, rate: &str, worth: &str) -> OpenItem {
        OpenItem {
            id: Uuid::now_v7(),
            number: "INV-1".into(),
            party_id: Uuid::nil(),
            account_id: account,
            side: "debit".into(),
            currency: "USD".into(),
            exchange_rate: number(rate),
            posted_on: NaiveDate::MIN,
            open_amount: number(amount),
            open_base_amount: number(worth),
        }
    }

    fn taken(account: Uuid, worth: &str) -> Taken {
        Taken { item: item(account, "0", "1", "0"), amount: number("100"), worth: number(worth) }
    }

    /// The lines as account and amount, debits above zero.
    fn told(debit: &Taken, credit: &Taken) -> Vec<(Uuid, Decimal)> {
        let accounts = (debit.worth != credit.worth).then_some(&ACCOUNTS);
        difference(debit, credit, "EUR", accounts)
            .iter()
            .map(|line| (line.account_id, line.debit - line.credit))
            .collect()
    }

    #[test]
    fn the_last_of_an_item_is_worth_what_is_left() {
        let invoice = item(RECEIVABLE, "100.00", "0.33333333", "33.33");
        let id = invoice.id;
        let mut items = HashMap::from([(id, invoice)]);
        // 50 × 0.33333333 = 16.666: 16.67, and of 33.33 16.66 are left.
        assert_eq!(take(&mut items, id, number("50"), 2).unwrap().worth, number("16.67"));
        assert!(take(&mut items, id, number("50.01"), 2).is_err());
        assert_eq!(take(&mut items, id, number("50"), 2).unwrap().worth, number("16.66"));
        assert_eq!(items[&id].open_base_amount, Decimal::ZERO);
    }

    #[test]
    fn what_differs_is_gained_or_lost() {
        // An invoice worth 100 is paid with what is worth 95: the customer's account is still 5 in debit, which are lost.
        let lost = [(RECEIVABLE, number("95")), (RECEIVABLE, number("-100")), (ACCOUNTS.loss, number("5"))];
        assert_eq!(told(&taken(RECEIVABLE, "100"), &taken(RECEIVABLE, "95")), lost);
        let gained =
            [(RECEIVABLE, number("105")), (RECEIVABLE, number("-100")), (ACCOUNTS.gain, number("-5"))];
        assert_eq!(told(&taken(RECEIVABLE, "100"), &taken(RECEIVABLE, "105")), gained);
        assert_eq!(told(&taken(RECEIVABLE, "100"), &taken(RECEIVABLE, "100")), []);
    }

    #[test]
    fn what_is_owed_both_ways_is_moved_from_one_account_to_the_other() {
        let moved = [(PAYABLE, number("100")), (RECEIVABLE, number("-100"))];
        assert_eq!(told(&taken(RECEIVABLE, "100"), &taken(PAYABLE, "100")), moved);
        // With a difference: 100 go off what is owed to us, 95 off what we owe, 5 are lost.
        let moved = [(PAYABLE, number("95")), (RECEIVABLE, number("-100")), (ACCOUNTS.loss, number("5"))];
        assert_eq!(told(&taken(RECEIVABLE, "100"), &taken(PAYABLE, "95")), moved);
    }
}
