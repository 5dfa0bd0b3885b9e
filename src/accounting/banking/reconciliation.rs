//! The reconciliation of a bank account: why the ledger and the bank say different amounts on a day, to the last line.

use crate::bank_statement_lines::BankStatementLine;
use diesel::sql_types::{Date, Integer, Uuid as SqlUuid};
use payments::bank_accounts::BankAccount;
use platform::prelude::*;

/// Lines and entries that are shown of each kind; sums and counts are of all.
const MOST_SHOWN: i32 = 1000;

/// When it is looked at.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct OnDay {
    /// The day at whose end it is looked at; today, unless told.
    on: Option<NaiveDate>,
}

/// Why the ledger and the bank say different amounts: `difference` is `opening_difference` and the unmatched lines, less the
/// unmatched entries.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BankReconciliation {
    /// The account that is reconciled.
    pub bank_account_id: Uuid,
    /// What people call the bank account.
    #[schema(max_length = 100, example = "Current account RON")]
    pub name: String,
    /// The account of the ledger that keeps what is in it.
    pub account_id: Uuid,
    /// The day at whose end it is looked at.
    #[schema(example = "2026-03-31")]
    pub on: NaiveDate,
    /// The currency (ISO 4217) of all amounts here.
    #[schema(max_length = 3, example = "RON")]
    pub currency: String,
    /// The last day that a statement was taken in for; null where there is none. What the bank booked later is not known.
    #[schema(example = "2026-03-31")]
    pub statements_to: Option<NaiveDate>,
    /// What the bank says is in the account.
    pub bank_balance: Money,
    /// What the ledger says is in it.
    pub ledger_balance: Money,
    /// The bank's less the ledger's.
    #[schema(example = "0.00")]
    pub difference: Money,
    /// What was in the account before the first statement, less what the ledger had then: entries before that day that no line
    /// explains.
    #[schema(example = "0.00")]
    pub opening_difference: Money,
    /// The sum of what the bank booked and no entry explains.
    #[schema(example = "0.00")]
    pub unmatched_lines_total: Money,
    /// The sum of what was posted and the bank has not booked.
    #[schema(example = "0.00")]
    pub unmatched_entries_total: Money,
    /// What of the difference none of these explains: always zero.
    #[schema(example = "0.00")]
    pub unexplained: Money,
    /// How many such lines there are.
    #[schema(minimum = 0, example = 0)]
    pub unmatched_line_count: i64,
    /// How many such entries there are.
    #[schema(minimum = 0, example = 0)]
    pub unmatched_entry_count: i64,
    /// What the bank booked and no entry explains, the first thousand by their day.
    #[schema(max_items = 1000)]
    pub unmatched_lines: Vec<UnmatchedLine>,
    /// What was posted and the bank has not booked, such as a transfer that is on its way, the first thousand by their day.
    #[schema(max_items = 1000)]
    pub unmatched_entries: Vec<UnmatchedEntry>,
}

/// A line that no entry explains, or not all of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UnmatchedLine {
    pub id: Uuid,
    /// The statement that brought it.
    pub statement_id: Uuid,
    /// The day on which the bank booked it.
    #[schema(example = "2026-03-31")]
    pub booked_on: NaiveDate,
    pub amount: Money,
    /// What of it is not explained.
    pub open: Money,
    /// What both sides know it by.
    #[schema(max_length = 140, example = "INV-2026-000041")]
    pub reference: Option<String>,
    /// Who paid, or was paid.
    #[schema(max_length = 140, example = "Ana Pop SRL")]
    pub counterparty_name: Option<String>,
    /// What it is for.
    #[schema(max_length = 2000, example = "Factura INV-2026-000041")]
    pub text: Option<String>,
}

/// An entry that the bank has not booked, or not all of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UnmatchedEntry {
    pub id: Uuid,
    /// Its number in the books.
    #[schema(max_length = 100, example = "BNK-2026-000012")]
    pub number: Option<String>,
    /// Its day in the books.
    #[schema(example = "2026-03-31")]
    pub posted_on: NaiveDate,
    /// What it moved in the bank account.
    pub amount: Money,
    /// What of it the bank has not booked.
    pub open: Money,
    /// What it says.
    #[schema(max_length = 500, example = "Payment of BILL-2026-000101")]
    pub description: String,
    /// What people know it by.
    #[schema(max_length = 100, example = json!(null))]
    pub reference: Option<String>,
    /// The kind of document that it books, as in its path.
    #[schema(max_length = 63, example = json!(null))]
    pub resource: Option<String>,
    /// That document.
    #[schema(example = json!(null))]
    pub resource_id: Option<Uuid>,
}

diesel::define_sql_function! {
    /// See the migration of banking; null where there is no such account.
    fn bank_reconciliation(account: SqlUuid, on: Date, most: Integer) -> diesel::sql_types::Nullable<diesel::sql_types::Jsonb>;
}

impl BankReconciliation {
    /// The reconciliation of an account at the end of a day, with so many lines and entries at the most; none where there is no such
    /// account.
    ///
    /// # Errors
    /// Those of the database.
    pub async fn of(db: &mut Db, account: Uuid, on: NaiveDate, most_shown: i32) -> Result<Option<Self>> {
        let found: Option<serde_json::Value> =
            diesel::select(bank_reconciliation(account, on, most_shown)).get_result(db).await?;
        found.map(|found| serde_json::from_value(found).map_err(Problem::internal)).transpose()
    }
}

/// Reconcile a bank account
///
/// Explains the balance of the ledger against the balance of the bank at the end of a day, to the last line that no entry explains
/// and the last entry that the bank has not booked. It reads, and posts nothing. The report of it for people is
/// `/v1/reports/bank-reconciliation`.
#[utoipa::path(get, path = "/v1/bank-accounts/{id}/reconciliation", tag = "Banking")]
async fn get_bank_account_reconciliation(
    may: May<Read, BankStatementLine>,
    id: Id<BankAccount>,
    asked: Params<OnDay>,
) -> Reply<Plain<BankReconciliation>> {
    let on = asked.0.on.unwrap_or_else(|| Utc::now().date_naive());
    let found = may.read(async |db| BankReconciliation::of(db, id.0, on, MOST_SHOWN).await).await?;
    Plain(found.ok_or_else(Problem::not_found)?).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_bank_account_reconciliation));
}
