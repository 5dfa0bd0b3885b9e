//! Bank accounts: the organization's own accounts at banks, and where the ledger keeps what is in each.

use diesel::dsl::sql;
use diesel::sql_types::Text;
use ledger::Role;
use parties::identifiers;
use platform::prelude::*;
use schema::{accounts, bank_accounts};

/// An account of the organization at a bank.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = bank_accounts)]
pub struct BankAccount {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "Current account RON")]
    pub name: String,
    /// Its number (ISO 13616), without spaces.
    #[schema(max_length = 34, example = "RO49AAAA1B31007593840000")]
    pub iban: Option<String>,
    /// Its number where banks give no IBAN, or as statements name it: the number of a card, a bank code and a number.
    #[schema(max_length = 34, example = json!(null))]
    pub account_number: Option<String>,
    /// The code of the bank (ISO 9362).
    #[schema(max_length = 11, example = "BTRLRO22")]
    pub bic: Option<String>,
    /// The currency (ISO 4217) of what is in it.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// The account of the ledger, of the role `bank`, which keeps what is in it and nothing else.
    pub account_id: Uuid,
    pub status: BankAccountStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether an account is in use.
    pub enum BankAccountStatus { Active = "active", Archived = "archived" }
}

/// A bank account to be. It has an IBAN or another number.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = bank_accounts)]
#[serde(deny_unknown_fields)]
pub struct NewBankAccount {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Current account RON")]
    name: String,
    /// Its number (ISO 13616), without spaces; its check digits are held against the rest.
    #[schema(max_length = 34, pattern = "^[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}$", example = json!(null))]
    iban: Option<String>,
    /// Its number where banks give no IBAN, or as statements name it.
    #[schema(
        max_length = 34,
        pattern = "^[A-Za-z0-9][A-Za-z0-9/.-]{0,33}$",
        example = "37040044/0532013000"
    )]
    account_number: Option<String>,
    /// The code of the bank (ISO 9362).
    #[schema(max_length = 11, pattern = "^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$", example = "COBADEFF")]
    bic: Option<String>,
    /// The currency (ISO 4217) of what is in it.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: String,
    /// The account of the ledger, of the role `bank`, which keeps what is in it and nothing else. One for another currency than
    /// the organization's is kept in that currency.
    account_id: Uuid,
}

/// What of a bank account can be changed. Its currency and its account of the ledger stay.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = bank_accounts)]
#[serde(deny_unknown_fields)]
pub struct EditBankAccount {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Main current account RON")]
    name: Option<String>,
    /// Its number (ISO 13616), without spaces.
    #[schema(
        max_length = 34,
        pattern = "^[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}$",
        example = "DE89370400440532013000"
    )]
    iban: Option<Option<String>>,
    /// Its number where banks give no IBAN, or as statements name it.
    #[schema(
        max_length = 34,
        pattern = "^[A-Za-z0-9][A-Za-z0-9/.-]{0,33}$",
        example = "37040044/0532013000"
    )]
    account_number: Option<Option<String>>,
    /// The code of the bank (ISO 9362).
    #[schema(max_length = 11, pattern = "^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$", example = "COBADEFFXXX")]
    bic: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BankAccountFilter {
    /// Only accounts in this state.
    #[param(inline)]
    status: Option<BankAccountStatus>,
    /// Only accounts in this currency (ISO 4217).
    #[param(min_length = 3, max_length = 3)]
    currency: Option<String>,
    /// Only the account of this IBAN, without spaces.
    #[param(min_length = 1, max_length = 34)]
    iban: Option<String>,
    /// Only the one that this account of the ledger keeps.
    account_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[("active", "In use."), ("archived", "Not used any more; what it has stays.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for BankAccount {
    const NAME: &'static str = "bank-accounts";
}

impl Resource for BankAccount {
    const PATH: &'static str = "/v1/bank-accounts";
    const SINGULAR: &'static str = "bank_account";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::text("name")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const REFERENCES: &'static [Reference] = &[Reference {
        field: "account_id",
        column: "account_code",
        table: "accounts",
        by: "code",
        within: None,
    }];
    type Filter = BankAccountFilter;

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

impl Stored for BankAccount {
    type Table = bank_accounts::table;
    const TABLE: &'static str = "bank_accounts";
    const SEARCHED: &'static [&'static str] = &["name", "iban", "account_number"];

    fn narrow(rows: Rows<Self>, by: BankAccountFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(bank_accounts::status.eq(status)))
            .when(by.currency, |rows, currency| rows.filter(bank_accounts::currency.eq(currency)))
            .when(by.iban, |rows, iban| rows.filter(bank_accounts::iban.eq(iban)))
            .when(by.account_id, |rows, id| rows.filter(bank_accounts::account_id.eq(id)))
    }
}

impl Written for BankAccount {
    type New = NewBankAccount;
    type Edit = EditBankAccount;

    async fn check_new(db: &mut Db, new: &NewBankAccount) -> Result<()> {
        let mut faults = code_faults(new.iban.as_deref(), new.bic.as_deref());
        if new.iban.is_none() && new.account_number.is_none() {
            let rule = "must be given or, where banks give no IBAN, `account_number`";
            faults.push(Fault::at("/iban", "required", rule));
        }
        faults.extend(ledger::currency::fault("/currency", &new.currency));
        let found: Option<(Option<String>, String)> = accounts::table
            .find((db.organization(), new.account_id))
            .select((accounts::role, sql::<Text>("coalesce(accounts.currency, books_currency())")))
            .get_result(db)
            .await
            .optional()?;
        if let Some((role, kept_in)) = found {
            if role.as_deref() != Some(Role::Bank.as_str()) {
                let rule = "must be an account of the role `bank`: give it the role, or name another one";
                faults.push(Fault::at("/account_id", "wrong-role", rule));
            }
            if kept_in != new.currency {
                let rule =
                    format!("is kept in {kept_in}: name an account whose `currency` is {}", new.currency);
                faults.push(Fault::at("/account_id", "other-currency", rule));
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditBankAccount) -> Result<()> {
        let given = |field: &Option<Option<String>>| field.clone().flatten();
        let mut faults = code_faults(given(&edit.iban).as_deref(), given(&edit.bic).as_deref());
        let iban = edit.iban.as_ref().unwrap_or(&row.iban);
        if iban.is_none() && edit.account_number.as_ref().unwrap_or(&row.account_number).is_none() {
            let field = if edit.iban.is_some() { "/iban" } else { "/account_number" };
            faults.push(Fault::at(
                field,
                "required",
                "must be there: an account has an IBAN or another number",
            ));
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }
}

/// What is wrong with the codes of the account and its bank.
fn code_faults(iban: Option<&str>, bic: Option<&str>) -> Vec<Fault> {
    let iban = iban.and_then(|iban| identifiers::iban(iban).err()).map(|wrong| wrong.at("/iban"));
    let bic = bic.and_then(|bic| identifiers::bic(bic).err()).map(|wrong| wrong.at("/bic"));
    iban.into_iter().chain(bic).collect()
}

/// Archive a bank account
///
/// It is used no more: it takes no new statements, and nothing is paid from it. What it has stays, and so does its account of the
/// ledger. Nothing is booked.
#[utoipa::path(post, path = "/v1/bank-accounts/{id}/archive", tag = "Accounting")]
async fn archive_bank_account(may: May<Write, BankAccount>, id: Id<BankAccount>) -> Reply<BankAccount> {
    step(may, id, "archive").await
}

/// Restore a bank account
///
/// It is used again. Nothing is booked.
#[utoipa::path(post, path = "/v1/bank-accounts/{id}/restore", tag = "Accounting")]
async fn restore_bank_account(may: May<Write, BankAccount>, id: Id<BankAccount>) -> Reply<BankAccount> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<BankAccount>()
        .call(operation!(archive_bank_account))
        .call(operation!(restore_bank_account));
}
