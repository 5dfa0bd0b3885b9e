//! Expense categories: on which account what is spent is booked, with which tax, and what the company's policy allows.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::expense_categories;

/// A kind of thing that employees spend on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = expense_categories)]
pub struct ExpenseCategory {
    pub id: Uuid,
    pub version: i64,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, example = "HOTEL")]
    pub code: String,
    /// What it is.
    #[schema(max_length = 100, example = "Nights in hotels")]
    pub name: String,
    pub kind: ExpenseKind,
    /// The account that it is booked on: an expense, or an asset.
    pub account_id: Uuid,
    /// The tax on it, unless a line says otherwise; null where none is got back.
    pub tax_code_id: Option<Uuid>,
    /// What is counted; null where amounts are claimed.
    #[schema(max_length = 20, example = json!(null))]
    pub unit: Option<String>,
    /// What the company pays for one, in its currency; null where amounts are claimed.
    #[schema(value_type = Option<String>, max_length = 22, example = json!(null))]
    pub unit_rate: Option<Money>,
    /// How much one line may be, tax included, in the organization's currency; null for no limit.
    #[schema(value_type = Option<String>, max_length = 22, example = "120.00")]
    pub max_per_item: Option<Money>,
    /// How much an employee may spend on it in a day; null for no limit.
    #[schema(value_type = Option<String>, max_length = 22, example = json!(null))]
    pub max_per_day: Option<Money>,
    /// How much an employee may spend on it in a calendar month; null for no limit.
    #[schema(value_type = Option<String>, max_length = 22, example = "1000.00")]
    pub max_per_month: Option<Money>,
    /// A line of more than this has a receipt; null where none needs one.
    #[schema(value_type = Option<String>, max_length = 22, example = "25.00")]
    pub receipt_required_over: Option<Money>,
    pub status: ExpenseCategoryStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// How much of it is claimed: what a receipt says, a distance by its rate, or days by theirs.
    pub enum ExpenseKind { Amount = "amount", Distance = "distance", PerDiem = "per_diem" }
}
text_enum! {
    /// Whether new lines may use it.
    pub enum ExpenseCategoryStatus { Active = "active", Archived = "archived" }
}

/// A category to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = expense_categories, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewExpenseCategory {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9.-]{0,19}$", example = "HOTEL")]
    code: String,
    /// What it is.
    #[schema(min_length = 1, max_length = 100, example = "Nights in hotels")]
    name: String,
    /// What is claimed: an amount, unless told.
    #[schema(example = "amount")]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    kind: Option<ExpenseKind>,
    /// The account that it is booked on: an expense, or an asset; not a group.
    account_id: Uuid,
    /// The tax on it, unless a line says otherwise: one on purchases that the seller charges. Left out where none is got back.
    #[schema(example = json!(null))]
    tax_code_id: Option<Uuid>,
    /// What is counted.
    #[schema(min_length = 1, max_length = 20, example = json!(null))]
    unit: Option<String>,
    /// What the company pays for one, in its currency: for distances and days, and for nothing else.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    unit_rate: Option<Decimal>,
    /// How much one line may be, tax included, in the organization's currency.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "120.00")]
    max_per_item: Option<Decimal>,
    /// How much an employee may spend on it in a day.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    max_per_day: Option<Decimal>,
    /// How much an employee may spend on it in a calendar month.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    max_per_month: Option<Decimal>,
    /// A line of more than this has a receipt; `0` for every line.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    receipt_required_over: Option<Decimal>,
}

/// What of a category can be changed. Claims that were handed in stay as they were figured.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = expense_categories)]
#[serde(deny_unknown_fields)]
pub struct EditExpenseCategory {
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9.-]{0,19}$", example = "HOTEL")]
    code: Option<String>,
    /// What it is.
    #[schema(min_length = 1, max_length = 100, example = "Hotels")]
    name: Option<String>,
    /// What is claimed.
    #[schema(example = "amount")]
    kind: Option<ExpenseKind>,
    /// The account that it is booked on: an expense, or an asset; not a group.
    account_id: Option<Uuid>,
    /// The tax on it, unless a line says otherwise; null where none is got back.
    #[schema(example = json!(null))]
    tax_code_id: Option<Option<Uuid>>,
    /// What is counted.
    #[schema(min_length = 1, max_length = 20, example = json!(null))]
    unit: Option<Option<String>>,
    /// What the company pays for one, in its currency.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    unit_rate: Option<Option<Decimal>>,
    /// How much one line may be, tax included; null for no limit.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "150.00")]
    max_per_item: Option<Option<Decimal>>,
    /// How much an employee may spend on it in a day; null for no limit.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    max_per_day: Option<Option<Decimal>>,
    /// How much an employee may spend on it in a calendar month; null for no limit.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    max_per_month: Option<Option<Decimal>>,
    /// A line of more than this has a receipt; null where none needs one.
    #[schema(value_type = Option<String>, max_length = 21, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    receipt_required_over: Option<Option<Decimal>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ExpenseCategoryFilter {
    /// Only categories in this state.
    #[param(inline)]
    status: Option<ExpenseCategoryStatus>,
    /// Only categories of this kind.
    #[param(inline)]
    kind: Option<ExpenseKind>,
}

static LIFE: Life = Life {
    states: &[("active", "Claims may use it."), ("archived", "No new line uses it.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for ExpenseCategory {
    const NAME: &'static str = "expense-categories";
}

impl Resource for ExpenseCategory {
    const PATH: &'static str = "/v1/expense-categories";
    const SINGULAR: &'static str = "expense_category";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] =
        &[SortKey::text("code"), SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "code";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    const REFERENCES: &'static [Reference] = &[
        Reference {
            field: "account_id",
            column: "account_code",
            table: "accounts",
            by: "code",
            within: None,
        },
        Reference { field: "tax_code_id", column: "tax_code", table: "tax_codes", by: "code", within: None },
    ];
    type Filter = ExpenseCategoryFilter;

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

impl Stored for ExpenseCategory {
    type Table = expense_categories::table;
    const TABLE: &'static str = "expense_categories";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: ExpenseCategoryFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(expense_categories::status.eq(status)))
            .when(by.kind, |rows, kind| rows.filter(expense_categories::kind.eq(kind)))
    }
}

impl Written for ExpenseCategory {
    type New = NewExpenseCategory;
    type Edit = EditExpenseCategory;

    async fn check_new(_: &mut Db, new: &NewExpenseCategory) -> Result<()> {
        let kind = new.kind.unwrap_or(ExpenseKind::Amount);
        check(kind, new.unit_rate, new.tax_code_id.is_some())
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditExpenseCategory) -> Result<()> {
        check(
            edit.kind.unwrap_or(row.kind),
            edit.unit_rate.unwrap_or(row.unit_rate.map(|rate| rate.0)),
            edit.tax_code_id.unwrap_or(row.tax_code_id).is_some(),
        )
    }
}

/// What the database holds too, told with its place.
fn check(kind: ExpenseKind, unit_rate: Option<Decimal>, is_taxed: bool) -> Result<()> {
    let mut faults = Vec::new();
    match (kind, unit_rate) {
        (ExpenseKind::Amount, Some(_)) => {
            let rule = "must be left out where amounts are claimed: it is for distances and days";
            faults.push(Fault::at("/unit_rate", "breaks-a-rule", rule));
        }
        (ExpenseKind::Distance | ExpenseKind::PerDiem, None) => {
            let rule = "must be given: what is claimed is so many times this";
            faults.push(Fault::at("/unit_rate", "required", rule));
        }
        (_, Some(rate)) if rate <= Decimal::ZERO => {
            faults.push(Fault::at("/unit_rate", "too-small", "must be above zero"));
        }
        _ => {}
    }
    if kind != ExpenseKind::Amount && is_taxed {
        let rule = "must be left out: what is paid by a rate has no receipt that shows a tax";
        faults.push(Fault::at("/tax_code_id", "breaks-a-rule", rule));
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Archive an expense category
///
/// No new line of a claim uses it; those that do keep it. Nothing in the books changes.
#[utoipa::path(post, path = "/v1/expense-categories/{id}/archive", tag = "Accounting")]
async fn archive_expense_category(
    may: May<Write, ExpenseCategory>,
    id: Id<ExpenseCategory>,
) -> Reply<ExpenseCategory> {
    step(may, id, "archive").await
}

/// Restore an expense category
///
/// Claims may use it again. Nothing in the books changes.
#[utoipa::path(post, path = "/v1/expense-categories/{id}/restore", tag = "Accounting")]
async fn restore_expense_category(
    may: May<Write, ExpenseCategory>,
    id: Id<ExpenseCategory>,
) -> Reply<ExpenseCategory> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<ExpenseCategory>()
        .call(operation!(archive_expense_category))
        .call(operation!(restore_expense_category));
}
