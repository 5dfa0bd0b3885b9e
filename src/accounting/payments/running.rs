//! A payment run goes to the bank and into the books.

use crate::bank_accounts::BankAccount;
use crate::paying::{Direction, NewMoney, Part, pay_all};
use crate::payment_runs::{PaymentRun, Transfer};
use actix_web::http::{StatusCode, header};
use invoicing::allocations;
use platform::api::OperationDoc;
use platform::may::Grants;
use platform::prelude::*;
use platform::problem::CONFLICT;
use rust_decimal::Decimal;
use schema::{party_bank_accounts, payment_runs};
use std::collections::{HashMap, HashSet};

const XML: &str = "application/xml";

/// The file for the bank.
pub struct CreditTransferFile;

impl Outcome for CreditTransferFile {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(Answer::new(StatusCode::NO_CONTENT, Vec::new())) // the handler answers itself
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers_with("200", XML, "The file for the bank, as it is to be sent there");
        doc.refusals.push("409");
    }
}

impl CreditTransferFile {
    pub fn reply(run: &PaymentRun, file: Vec<u8>) -> Answer<Self> {
        let name = format!("attachment; filename=\"{}.xml\"", run.number);
        Answer::of_type(StatusCode::OK, XML, file).with(header::CONTENT_DISPOSITION, &name)
    }
}

/// Freezes what the file tells.
///
/// # Errors
/// 409 where a supplier has no IBAN, or no longer the one that was agreed to.
pub(crate) async fn export(db: &mut Db, run: &PaymentRun, status: &'static str) -> Result<PaymentRun> {
    let account = BankAccount::find(db, run.bank_account_id).await?;
    let books = ledger::books(db).await?;
    let parties: Vec<Uuid> = run.transfers.0.iter().map(|transfer| transfer.party_id).collect();
    let current = party_bank_accounts::table
        .filter(party_bank_accounts::org_id.eq(db.organization()))
        .filter(party_bank_accounts::party_id.eq_any(parties))
        .filter(party_bank_accounts::is_current)
        .select((party_bank_accounts::party_id, party_bank_accounts::iban));
    let current: HashSet<(Uuid, Option<String>)> = current.load(db).await?.into_iter().collect();
    let faults = run.transfers.0.iter().enumerate().filter_map(|(place, transfer)| {
        let at = format!("/transfers/{place}/iban");
        if transfer.iban.is_none() {
            let rule = format!(
                "{} has no IBAN for {}: add one to the supplier, and revise the run",
                transfer.name, run.currency
            );
            return Some(Fault::at(at, "required", rule));
        }
        let is_current = current.contains(&(transfer.party_id, transfer.iban.clone()));
        let rule = || format!("{} has other bank details by now: revise the run", transfer.name);
        (!is_current).then(|| Fault::at(at, "changed", rule()))
    });
    let faults: Vec<Fault> = faults.collect();
    if let Some(first) = faults.as_slice().first() {
        let problem = CONFLICT.because(format!("The bank can not be told: {}.", first.detail));
        return Err(faults.into_iter().fold(problem, Problem::at));
    }
    let number = account.iban.or(account.account_number).unwrap_or_default();
    let told = (
        payment_runs::status.eq(status),
        payment_runs::debtor_name.eq(books.legal_name.unwrap_or(books.name)),
        payment_runs::debtor_account.eq(number),
        payment_runs::debtor_bic.eq(account.bic),
        payment_runs::exported_at.eq(diesel::dsl::now),
    );
    let one = payment_runs::table.find((db.organization(), run.id));
    Ok(diesel::update(one).set(told).returning(PaymentRun::as_returning()).get_result(db).await?)
}

/// Books one payment to each supplier. What was settled otherwise meanwhile is not settled again: the money has left the bank, and what is
/// over is ours.
///
/// # Errors
/// 409 where the period is closed.
pub(crate) async fn post(db: &mut Db, run: &PaymentRun, status: &'static str) -> Result<PaymentRun> {
    let account = BankAccount::find(db, run.bank_account_id).await?;
    let ids: Vec<Uuid> = run.items.0.iter().map(|item| item.item_id).collect();
    let open: HashMap<Uuid, Decimal> = allocations::lock_items(db, &ids)
        .await?
        .into_iter()
        .map(|item| (item.id, item.open_amount))
        .collect();
    let money = |transfer: &Transfer| {
        let own = run.items.0.iter().filter(|item| item.party_id == transfer.party_id);
        let parts = own.filter_map(|item| {
            let open = open.get(&item.item_id).copied().unwrap_or_default();
            let (amount, kept) = (item.amount.0.min(open), item.discount_amount.0);
            let discount = (!kept.is_zero() && item.amount.0 + kept <= open).then_some(kept);
            let part = Part { item_id: item.item_id, amount, item_amount: None, discount_amount: discount };
            (!amount.is_zero()).then_some(part)
        });
        NewMoney {
            reference: Some(transfer.end_to_end_id.clone()),
            allocations: parts.collect(),
            ..NewMoney::new(
                Direction::Out,
                transfer.party_id,
                account.account_id,
                run.pay_on,
                &run.currency,
                transfer.amount.0,
            )
        }
    };
    let moneys: Vec<NewMoney> = run.transfers.0.iter().map(money).collect();
    let paid = pay_all(db, &moneys).await?;
    let posted = (
        payment_runs::status.eq(status),
        payment_runs::payment_ids.eq(List(paid.iter().map(|payment| payment.id).collect())),
    );
    let one = payment_runs::table.find((db.organization(), run.id));
    Ok(diesel::update(one).set(posted).returning(PaymentRun::as_returning()).get_result(db).await?)
}
