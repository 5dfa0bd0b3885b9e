//! Accounts: what the books are kept by. Groups give the chart its shape and take no postings.

use crate::charts::{self, Chart};
use crate::currency;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Jsonb, Text};
use platform::prelude::*;
use platform::problem::CONFLICT;
use schema::accounts;

/// An account of the chart.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = accounts)]
pub struct Account {
    pub id: Uuid,
    pub version: i64,
    /// What accountants call it by; unique.
    #[schema(max_length = 20, example = "1100")]
    pub code: String,
    /// What it is called.
    #[schema(max_length = 200, example = "Trade receivables")]
    pub name: String,
    #[serde(rename = "type")]
    #[diesel(column_name = type_)]
    pub kind: AccountType,
    /// What the system finds it by: the account of this role is what documents are booked to unless they name another.
    pub role: Option<AccountRole>,
    /// The group that it stands in; null at the top.
    pub parent_id: Option<Uuid>,
    /// Whether it is a group, which takes no postings and sums up what stands in it.
    #[schema(example = false)]
    pub is_group: bool,
    /// The one currency (ISO 4217) that its lines are in; null where any is.
    #[schema(max_length = 3, example = json!(null))]
    pub currency: Option<String>,
    /// What each of its lines has to carry.
    #[schema(value_type = Vec<Dimension>, max_items = 4, example = json!(["party"]))]
    #[diesel(select_expression = requires())]
    #[diesel(select_expression_type = SqlLiteral<Array<Text>>)]
    pub requires: Vec<Dimension>,
    /// Where its changes stand in the statement of cash flows; of a group, those of all accounts in it that don't say. Where
    /// nothing says, it follows from role and type.
    #[schema(example = json!(null))]
    pub cash_flow: Option<CashFlow>,
    pub status: AccountStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

// Nothing in it is null, which the generated schema can not say.
fn requires() -> SqlLiteral<Array<Text>> {
    sql("accounts.requires")
}

text_enum! {
    /// What an account is of: what is owned, owed, the owners' own, earned, spent.
    pub enum AccountType { Asset = "asset", Liability = "liability", Equity = "equity", Income = "income", Expense = "expense" }
}

text_enum! {
    /// What the system must find an account for. Active accounts have different roles, banks and tills aside.
    pub enum AccountRole {
        Bank = "bank", Cash = "cash", Receivable = "receivable", Payable = "payable", TaxPayable = "tax_payable",
        TaxRecoverable = "tax_recoverable", Inventory = "inventory", GoodsReceivedNotInvoiced = "goods_received_not_invoiced",
        CostOfSales = "cost_of_sales", PayrollPayable = "payroll_payable", RetainedEarnings = "retained_earnings",
        ExchangeGain = "exchange_gain", ExchangeLoss = "exchange_loss", Rounding = "rounding", Suspense = "suspense",
        FixedAsset = "fixed_asset", AccumulatedDepreciation = "accumulated_depreciation",
        DepreciationExpense = "depreciation_expense", EmployeeReimbursements = "employee_reimbursements",
        BankCharges = "bank_charges", DiscountsGiven = "discounts_given", DiscountsTaken = "discounts_taken"
    }
}

text_enum! {
    /// Where changes of an account stand in the statement of cash flows (IAS 7): money itself, what lessens or raises the
    /// result without a payment, or one of the three activities.
    pub enum CashFlow {
        Cash = "cash", NonCash = "non_cash", Operating = "operating", Investing = "investing", Financing = "financing"
    }
}

text_enum! {
    /// What a line can be told apart by.
    pub enum Dimension { Department = "department", CostCentre = "cost_centre", Project = "project", Party = "party" }
}

text_enum! {
    /// Whether an account takes new postings.
    pub enum AccountStatus { Active = "active", Archived = "archived" }
}

/// An account to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = accounts)]
#[serde(deny_unknown_fields)]
pub struct NewAccount {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What accountants call it by; unique.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9./-]{0,19}$", example = "1150")]
    code: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Other receivables")]
    name: String,
    /// What it is of.
    #[serde(rename = "type")]
    #[diesel(column_name = type_)]
    kind: AccountType,
    /// What the system finds it by.
    #[schema(example = json!(null))]
    role: Option<AccountRole>,
    /// The group that it stands in; null at the top.
    #[schema(example = json!(null))]
    parent_id: Option<Uuid>,
    /// Whether it is a group, which takes no postings.
    #[serde(default)]
    #[schema(example = false)]
    is_group: bool,
    /// The one currency (ISO 4217) that its lines are in; null where any is.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = json!(null))]
    currency: Option<String>,
    /// What each of its lines has to carry; nothing unless told.
    #[schema(value_type = Option<Vec<Dimension>>, max_items = 4, example = json!([]))]
    requires: Option<Vec<Dimension>>,
    /// Where its changes stand in the statement of cash flows, where role, type and groups don't say it right.
    #[schema(example = json!(null))]
    cash_flow: Option<CashFlow>,
}

/// What of an account can be changed. Its type, its being a group and a currency stay once it has been posted to.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = accounts)]
#[serde(deny_unknown_fields)]
pub struct EditAccount {
    /// What accountants call it by; unique.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9./-]{0,19}$", example = "1150")]
    code: Option<String>,
    /// What it is called.
    #[schema(min_length = 1, max_length = 200, example = "Sundry receivables")]
    name: Option<String>,
    /// What it is of.
    #[serde(rename = "type")]
    #[diesel(column_name = type_)]
    kind: Option<AccountType>,
    /// What the system finds it by.
    #[schema(example = json!(null))]
    role: Option<Option<AccountRole>>,
    /// The group that it stands in; null at the top.
    #[schema(example = json!(null))]
    parent_id: Option<Option<Uuid>>,
    /// Whether it is a group, which takes no postings.
    #[schema(example = false)]
    is_group: Option<bool>,
    /// The one currency (ISO 4217) that its lines are in; null where any is.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = json!(null))]
    currency: Option<Option<String>>,
    /// What each of its lines has to carry from now on.
    #[schema(value_type = Option<Vec<Dimension>>, max_items = 4, example = json!(["party"]))]
    requires: Option<Vec<Dimension>>,
    /// Where its changes stand in the statement of cash flows.
    #[schema(example = "financing")]
    cash_flow: Option<Option<CashFlow>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AccountFilter {
    /// Only accounts of this type.
    #[param(inline)]
    #[serde(rename = "type")]
    #[param(rename = "type")]
    kind: Option<AccountType>,
    /// Only accounts of this role.
    #[param(inline)]
    role: Option<AccountRole>,
    /// Only accounts in this state.
    #[param(inline)]
    status: Option<AccountStatus>,
    /// Only accounts in this group.
    parent_id: Option<Uuid>,
    /// Only groups, or only accounts that take postings.
    is_group: Option<bool>,
    /// Only the account of this code.
    #[param(min_length = 1, max_length = 20)]
    code: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Takes postings, or sums them up."),
        ("archived", "Takes no new ones; what it has stays in the books."),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for Account {
    const NAME: &'static str = "accounts";
}

impl Resource for Account {
    const PATH: &'static str = "/v1/accounts";
    const SINGULAR: &'static str = "account";
    const TAG: &'static str = "Ledger";
    const SORT: &'static [SortKey] = &[SortKey::text("code"), SortKey::text("name")];
    const USUAL_ORDER: &'static str = "code";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    const REFERENCES: &'static [Reference] = &[Reference {
        field: "parent_id",
        column: "parent_code",
        table: "accounts",
        by: "code",
        within: None,
    }];
    type Filter = AccountFilter;

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

impl Stored for Account {
    type Table = accounts::table;
    const TABLE: &'static str = "accounts";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: AccountFilter) -> Rows<Self> {
        rows.when(by.kind, |rows, kind| rows.filter(accounts::type_.eq(kind)))
            .when(by.role, |rows, role| rows.filter(accounts::role.eq(role)))
            .when(by.status, |rows, status| rows.filter(accounts::status.eq(status)))
            .when(by.parent_id, |rows, id| rows.filter(accounts::parent_id.eq(id)))
            .when(by.is_group, |rows, is_group| rows.filter(accounts::is_group.eq(is_group)))
            .when(by.code, |rows, code| rows.filter(accounts::code.eq(code)))
    }
}

impl Written for Account {
    type New = NewAccount;
    type Edit = EditAccount;

    async fn check_new(db: &mut Db, new: &NewAccount) -> Result<()> {
        check(db, new.currency.as_deref(), new.parent_id).await
    }

    async fn check_edit(db: &mut Db, _: &Self, edit: &EditAccount) -> Result<()> {
        check(db, edit.currency.as_ref().and_then(Option::as_deref), edit.parent_id.flatten()).await
    }
}

async fn check(db: &mut Db, code: Option<&str>, parent: Option<Uuid>) -> Result<()> {
    let mut faults: Vec<Fault> =
        code.and_then(|code| currency::fault("/currency", code)).into_iter().collect();
    if let Some(parent) = parent {
        let one = accounts::table.find((db.organization(), parent)).select(accounts::is_group);
        if one.get_result(db).await.optional()? == Some(false) {
            let rule =
                "takes postings: name a group (`is_group`), or make it one while nothing was posted to it";
            faults.push(Fault::at("/parent_id", "no-group", rule));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Archive an account
///
/// It takes no new postings. What was posted stays in the books and in the reports.
#[utoipa::path(post, path = "/v1/accounts/{id}/archive", tag = "Ledger")]
async fn archive_account(may: May<Write, Account>, id: Id<Account>) -> Reply<Account> {
    step(may, id, "archive").await
}

/// Restore an account
///
/// It takes postings again.
#[utoipa::path(post, path = "/v1/accounts/{id}/restore", tag = "Ledger")]
async fn restore_account(may: May<Write, Account>, id: Id<Account>) -> Reply<Account> {
    step(may, id, "restore").await
}

/// Which chart.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadTemplateRequest {
    /// The chart.
    template: Chart,
}

/// What was loaded.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LoadedTemplate {
    template: Chart,
    /// How many accounts it has, groups among them.
    #[schema(example = 110)]
    accounts: usize,
}

/// Load a chart of accounts
///
/// All accounts of a template, with their roles: a complete chart to begin with, and to be adapted. Only where none of its codes
/// and roles is taken; a second time is 409.
#[utoipa::path(post, path = "/v1/accounts/load-template", tag = "Ledger")]
async fn load_accounts(
    may: May<Write, Account>,
    of: Input<LoadTemplateRequest>,
) -> Reply<Plain<LoadedTemplate>> {
    may.write(async |db| {
        diesel::define_sql_function! {
            /// See the migration of the ledger.
            fn load_chart(rows: Jsonb) -> diesel::sql_types::BigInt;
        }
        let rows = charts::rows(of.0.template)?;
        let loading = diesel::select(load_chart(json!(rows))).get_result::<i64>(db).await;
        loading.map_err(Problem::from).map_err(|problem| match problem.kind.code {
            "conflict" => CONFLICT.because("There are accounts with its codes or roles already: a template is loaded once, into books that have other accounts or none. Add what is missing at `/v1/accounts`."),
            _ => problem,
        })?;
        Ok(Plain(LoadedTemplate { template: of.0.template, accounts: rows.len() }))
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.resource::<Account>()
        .call(operation!(archive_account))
        .call(operation!(restore_account))
        .call(operation!(load_accounts));
}
