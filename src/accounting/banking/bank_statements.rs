//! Bank statements: what a bank said of an account and a stretch of time. They follow each other without a gap: one opens
//! with what the one before closed with. What a bank said is never changed; the last one can be taken back.

use crate::formats::Format;
use crate::taking;
use platform::prelude::*;
use platform::problem::IN_USE;
use schema::bank_statements;

/// What the bank said of an account and a stretch of time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = bank_statements)]
pub struct BankStatement {
    pub id: Uuid,
    pub version: i64,
    /// The account that it is of.
    pub bank_account_id: Uuid,
    /// Which statement of the account it is; the first is 1.
    #[schema(minimum = 1, example = 17)]
    pub ordinal: i32,
    /// The bank's own number of it.
    #[schema(max_length = 35, example = "17")]
    pub number: Option<String>,
    /// The first day that it is about.
    #[schema(example = "2026-03-02")]
    pub from_on: NaiveDate,
    /// The last day that it is about.
    #[schema(example = "2026-03-04")]
    pub to_on: NaiveDate,
    /// The currency (ISO 4217) of the account.
    #[schema(max_length = 3, example = "RON")]
    pub currency: String,
    /// What was in the account before the first line.
    pub opening_balance: Money,
    /// What was in the account after the last line.
    pub closing_balance: Money,
    /// Lines that came with it, at `/v1/bank-statement-lines?statement_id=`.
    #[schema(minimum = 0, maximum = 50_000, example = 4)]
    pub line_count: i32,
    /// Lines of its file that an earlier file had brought, and that were not taken again.
    #[schema(minimum = 0, maximum = 50_000, example = 0)]
    pub known_line_count: i32,
    pub format: Format,
    /// The SHA-256 of the file, in hexadecimal.
    #[schema(max_length = 64, example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
    /// What the columns of its CSV meant; null for other files. Files of the account are read by it until they name another.
    #[schema(example = json!(null))]
    pub mapping_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A statement as it is taken in.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = bank_statements)]
pub struct NewBankStatement {
    pub(crate) id: Uuid,
    pub(crate) bank_account_id: Uuid,
    pub(crate) ordinal: i32,
    pub(crate) number: Option<String>,
    pub(crate) from_on: NaiveDate,
    pub(crate) to_on: NaiveDate,
    pub(crate) currency: String,
    pub(crate) opening_balance: Money,
    pub(crate) closing_balance: Money,
    pub(crate) line_count: i32,
    pub(crate) known_line_count: i32,
    pub(crate) format: Format,
    pub(crate) sha256: String,
    pub(crate) mapping_id: Option<Uuid>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BankStatementFilter {
    /// Only statements of this account.
    bank_account_id: Option<Uuid>,
    /// Only statements that end on this day or later.
    to_on_from: Option<NaiveDate>,
    /// Only statements that end on this day or earlier.
    to_on_to: Option<NaiveDate>,
    /// Only what came in this file, by its SHA-256 in hexadecimal.
    #[param(min_length = 1, max_length = 64)]
    sha256: Option<String>,
}

impl Named for BankStatement {
    const NAME: &'static str = "bank-statements";
}

impl Resource for BankStatement {
    const PATH: &'static str = "/v1/bank-statements";
    const SINGULAR: &'static str = "bank_statement";
    const TAG: &'static str = "Banking";
    const SORT: &'static [SortKey] = &[SortKey::day("to_on")];
    const USUAL_ORDER: &'static str = "-to_on,-id";
    type Filter = BankStatementFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for BankStatement {
    type Table = bank_statements::table;
    const TABLE: &'static str = "bank_statements";
    const SEARCHED: &'static [&'static str] = &["number"];

    fn narrow(rows: Rows<Self>, by: BankStatementFilter) -> Rows<Self> {
        rows.when(by.bank_account_id, |rows, id| rows.filter(bank_statements::bank_account_id.eq(id)))
            .when(by.to_on_from, |rows, day| rows.filter(bank_statements::to_on.ge(day)))
            .when(by.to_on_to, |rows, day| rows.filter(bank_statements::to_on.le(day)))
            .when(by.sha256, |rows, sha256| rows.filter(bank_statements::sha256.eq(sha256)))
    }
}

/// What was taken in is not changed: nothing of it is in here.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = bank_statements)]
#[serde(deny_unknown_fields)]
pub struct EditBankStatement {
    number: Option<String>,
}

impl Written for BankStatement {
    type New = NewBankStatement;
    type Edit = EditBankStatement;

    /// One in the middle stays, or there would be a gap; the database refuses it too, and what explains its lines.
    async fn check_delete(db: &mut Db, row: &Self) -> Result<()> {
        let later = bank_statements::table
            .filter(bank_statements::org_id.eq(db.organization()))
            .filter(bank_statements::bank_account_id.eq(row.bank_account_id))
            .filter(bank_statements::ordinal.gt(row.ordinal));
        if diesel::select(diesel::dsl::exists(later)).get_result(db).await? {
            return Err(IN_USE.because("A later statement of the account follows it: take that back first."));
        }
        Ok(())
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<BankStatement>()
        .call(operation!(taking::create_bank_statement))
        .deletable::<BankStatement>();
}
