//! The reconciliation of a bank account: why the ledger and the bank say different amounts on a day, to the last line.

use crate::bank_accounts::BankAccount;
use diesel::sql_types::{Date, Integer, Uuid as SqlUuid};
use platform::prelude::*;

/// Lines and entries that are shown of each kind; sums and counts are of all.
const MOST_SHOWN: i32 = 1000;

/// Which account, and when.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct OfAccount {
    /// The bank account.
    #[param(required = true)]
    bank_account_id: Option<Uuid>,
    /// The day at whose end it is looked at; today, unless told.
    on: Option<NaiveDate>,
}

/// Why the ledger and the bank say different amounts: `difference` is `opening_difference` and the unmatched lines, less the
/// unmatched entries.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BankReconciliation {
    bank_account_id: Uuid,
    /// The day at whose end it is looked at.
    #[schema(example = "2026-03-31")]
    on: NaiveDate,
    /// The currency (ISO 4217) of all amounts here.
    #[schema(max_length = 3, example = "RON")]
    currency: String,
    /// The last day that a statement was taken in for; null where there is none. What the bank booked later is not known.
    #[schema(example = "2026-03-31")]
    statements_to: Option<NaiveDate>,
    /// What the bank says is in the account.
    bank_balance: Money,
    /// What the ledger says is in it.
    ledger_balance: Money,
    /// The bank's less the ledger's.
    #[schema(example = "0.00")]
    difference: Money,
    /// What was in the account before the first statement, less what the ledger had then: entries before that day and entries of
    /// the kind `opening` that no line explains.
    #[schema(example = "0.00")]
    opening_difference: Money,
    /// The sum of what the bank booked and no entry explains.
    #[schema(example = "0.00")]
    unmatched_lines_total: Money,
    /// The sum of what was posted and the bank has not booked.
    #[schema(example = "0.00")]
    unmatched_entries_total: Money,
    /// What of the difference none of these explains: always zero.
    #[schema(example = "0.00")]
    unexplained: Money,
    /// How many such lines there are.
    #[schema(minimum = 0, example = 0)]
    unmatched_line_count: i64,
    /// How many such entries there are.
    #[schema(minimum = 0, example = 0)]
    unmatched_entry_count: i64,
    /// What the bank booked and no entry explains, the first thousand by their day.
    #[schema(max_items = 1000)]
    unmatched_lines: Vec<UnmatchedLine>,
    /// What was posted and the bank has not booked, such as a transfer that is on its way, the first thousand by their day.
    #[schema(max_items = 1000)]
    unmatched_entries: Vec<UnmatchedEntry>,
}

/// A line that no entry explains, or not all of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UnmatchedLine {
    id: Uuid,
    statement_id: Uuid,
    /// The day on which the bank booked it.
    #[schema(example = "2026-03-31")]
    booked_on: NaiveDate,
    amount: Money,
    /// What of it is not explained.
    open: Money,
    /// What both sides know it by.
    #[schema(max_length = 140, example = "INV-2026-000041")]
    reference: Option<String>,
    /// Who paid, or was paid.
    #[schema(max_length = 140, example = "Ana Pop SRL")]
    counterparty_name: Option<String>,
    /// What it is for.
    #[schema(max_length = 2000, example = "Factura INV-2026-000041")]
    text: Option<String>,
}

/// An entry that the bank has not booked, or not all of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UnmatchedEntry {
    id: Uuid,
    /// Its number in the books.
    #[schema(max_length = 100, example = "BNK-2026-000012")]
    number: Option<String>,
    /// Its day in the books.
    #[schema(example = "2026-03-31")]
    posted_on: NaiveDate,
    /// What it moved in the bank account.
    amount: Money,
    /// What of it the bank has not booked.
    open: Money,
    /// What it says.
    #[schema(max_length = 500, example = "Payment of BILL-2026-000101")]
    description: String,
    /// What people know it by.
    #[schema(max_length = 100, example = json!(null))]
    reference: Option<String>,
    /// The kind of document that it books, as in its path.
    #[schema(max_length = 63, example = json!(null))]
    resource: Option<String>,
    /// That document.
    #[schema(example = json!(null))]
    resource_id: Option<Uuid>,
}

diesel::define_sql_function! {
    /// See the migration of banking; null where there is no such account.
    fn bank_reconciliation(account: SqlUuid, on: Date, most: Integer) -> diesel::sql_types::Nullable<diesel::sql_types::Jsonb>;
}

/// Reconcile a bank account
///
/// Explains the balance of the ledger against the balance of the bank at the end of a day, to the last line that no entry explains
/// and the last entry that the bank has not booked. It reads, and posts nothing.
#[utoipa::path(get, path = "/v1/reports/bank-reconciliation", tag = "Banking")]
async fn get_bank_reconciliation(
    may: May<Read, BankAccount>,
    of: Params<OfAccount>,
) -> Reply<Plain<BankReconciliation>> {
    let Some(account) = of.0.bank_account_id else {
        return Err(Problem::invalid(vec![Fault::of("bank_account_id", "required", "must be given")]));
    };
    let on = of.0.on.unwrap_or_else(|| Utc::now().date_naive());
    let found: Option<serde_json::Value> = may
        .read(async |db| {
            Ok(diesel::select(bank_reconciliation(account, on, MOST_SHOWN)).get_result(db).await?)
        })
        .await?;
    let found = found.ok_or_else(|| {
        let rule = "there is no such row in this organization";
        Problem::invalid(vec![Fault::of("bank_account_id", "unknown-reference", rule)])
    })?;
    Plain(serde_json::from_value::<BankReconciliation>(found).map_err(Problem::internal)?)
        .answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_bank_reconciliation));
}
