//! Rules: lines of a bank's statement that look alike are booked alike, fees and interest and rent; at once when they come
//! in, where the rule says so, or when it is run.

use crate::booking;
use platform::prelude::*;
use schema::bank_rules;

/// What to do with lines that look like this. Of several that fit, the first by `position` counts.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = bank_rules)]
pub struct BankRule {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "Account fees")]
    pub name: String,
    /// Rules with a smaller one are tried first.
    #[schema(minimum = 1, maximum = 100_000, example = 100)]
    pub position: i32,
    /// Only lines of this account; null for any.
    #[schema(example = json!(null))]
    pub bank_account_id: Option<Uuid>,
    /// Only what came in, or only what went out; null for both.
    pub direction: Option<Direction>,
    /// The line's text, or one of its references, has this in it, in small letters or capitals.
    #[schema(max_length = 200, example = "Comision")]
    pub text_contains: Option<String>,
    /// The other side's name has this in it, in small letters or capitals.
    #[schema(max_length = 140, example = json!(null))]
    pub counterparty_contains: Option<String>,
    /// The other side's IBAN or account number.
    #[schema(max_length = 70, example = json!(null))]
    pub counterparty_account: Option<String>,
    /// The amount, its sign left aside, is this or more, in the line's currency.
    #[schema(example = json!(null))]
    pub amount_from: Option<Money>,
    /// The amount, its sign left aside, is this or less, in the line's currency.
    #[schema(example = "100.00")]
    pub amount_to: Option<Money>,
    /// The account of the ledger that the line is booked to, against the bank's.
    pub account_id: Uuid,
    /// What the entry says; the line's own text, where this is null.
    #[schema(max_length = 200, example = "Bank fees")]
    pub description: Option<String>,
    /// Whose it is.
    #[schema(example = json!(null))]
    pub party_id: Option<Uuid>,
    /// The department that it is booked for.
    #[schema(example = json!(null))]
    pub department_id: Option<Uuid>,
    /// The cost centre that it is booked for.
    #[schema(example = json!(null))]
    pub cost_centre_id: Option<Uuid>,
    /// The project that it is booked for.
    #[schema(example = json!(null))]
    pub project_id: Option<Uuid>,
    /// Whether lines are booked by it when they come in.
    #[schema(example = false)]
    pub automatic: bool,
    pub status: BankRuleStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Which way money went.
    pub enum Direction { In = "in", Out = "out" }
}

text_enum! {
    /// Whether a rule counts.
    pub enum BankRuleStatus { Active = "active", Archived = "archived" }
}

/// A rule to be. It says something of the text, the other side or the amount.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = bank_rules)]
#[serde(deny_unknown_fields)]
pub struct NewBankRule {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Account fees")]
    name: String,
    /// Rules with a smaller one are tried first; 100, unless told.
    #[schema(minimum = 1, maximum = 100_000, example = 100)]
    position: Option<i32>,
    /// Only lines of this account; null for any.
    #[schema(example = json!(null))]
    bank_account_id: Option<Uuid>,
    /// Only what came in, or only what went out; null for both.
    #[schema(example = "out")]
    direction: Option<Direction>,
    /// The line's text, or one of its references, has this in it.
    #[schema(min_length = 1, max_length = 200, example = "Comision")]
    text_contains: Option<String>,
    /// The other side's name has this in it.
    #[schema(min_length = 1, max_length = 140, example = json!(null))]
    counterparty_contains: Option<String>,
    /// The other side's IBAN or account number.
    #[schema(min_length = 1, max_length = 70, example = json!(null))]
    counterparty_account: Option<String>,
    /// The amount, its sign left aside, is this or more.
    #[schema(example = json!(null))]
    amount_from: Option<Money>,
    /// The amount, its sign left aside, is this or less.
    #[schema(example = "100.00")]
    amount_to: Option<Money>,
    /// The account of the ledger that the line is booked to, against the bank's.
    account_id: Uuid,
    /// What the entry says.
    #[schema(min_length = 1, max_length = 200, example = "Bank fees")]
    description: Option<String>,
    /// The party that the line to the account carries.
    #[schema(example = json!(null))]
    party_id: Option<Uuid>,
    /// The department that the line to the account carries.
    #[schema(example = json!(null))]
    department_id: Option<Uuid>,
    /// The cost centre that the line to the account carries.
    #[schema(example = json!(null))]
    cost_centre_id: Option<Uuid>,
    /// The project that the line to the account carries.
    #[schema(example = json!(null))]
    project_id: Option<Uuid>,
    /// Whether lines are booked by it when they come in; not, unless told.
    #[serde(default)]
    #[schema(example = false)]
    automatic: bool,
}

/// What of a rule can be changed. What was booked by it stays.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = bank_rules)]
#[serde(deny_unknown_fields)]
pub struct EditBankRule {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Fees of the account")]
    name: Option<String>,
    /// Rules with a smaller one are tried first.
    #[schema(minimum = 1, maximum = 100_000, example = 90)]
    position: Option<i32>,
    /// Only lines of this account; null for any.
    #[schema(example = json!(null))]
    bank_account_id: Option<Option<Uuid>>,
    /// Only what came in, or only what went out; null for both.
    direction: Option<Option<Direction>>,
    /// The line's text, or one of its references, has this in it.
    #[schema(min_length = 1, max_length = 200, example = "Comision administrare")]
    text_contains: Option<Option<String>>,
    /// The other side's name has this in it.
    #[schema(min_length = 1, max_length = 140, example = json!(null))]
    counterparty_contains: Option<Option<String>>,
    /// The other side's IBAN or account number.
    #[schema(min_length = 1, max_length = 70, example = json!(null))]
    counterparty_account: Option<Option<String>>,
    /// The amount, its sign left aside, is this or more.
    #[schema(example = json!(null))]
    amount_from: Option<Option<Money>>,
    /// The amount, its sign left aside, is this or less.
    #[schema(example = "50.00")]
    amount_to: Option<Option<Money>>,
    /// The account of the ledger that the line is booked to.
    account_id: Option<Uuid>,
    /// What the entry says.
    #[schema(min_length = 1, max_length = 200, example = "Bank fees")]
    description: Option<Option<String>>,
    /// The party that the line to the account carries.
    #[schema(example = json!(null))]
    party_id: Option<Option<Uuid>>,
    /// The department that the line to the account carries.
    #[schema(example = json!(null))]
    department_id: Option<Option<Uuid>>,
    /// The cost centre that the line to the account carries.
    #[schema(example = json!(null))]
    cost_centre_id: Option<Option<Uuid>>,
    /// The project that the line to the account carries.
    #[schema(example = json!(null))]
    project_id: Option<Option<Uuid>>,
    /// Whether lines are booked by it when they come in.
    #[schema(example = true)]
    automatic: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BankRuleFilter {
    /// Only rules in this state.
    #[param(inline)]
    status: Option<BankRuleStatus>,
    /// Only rules for this bank account; those for any aside.
    bank_account_id: Option<Uuid>,
    /// Only rules that book to this account of the ledger.
    account_id: Option<Uuid>,
    /// Only rules that book when lines come in, or only others.
    automatic: Option<bool>,
}

static LIFE: Life = Life {
    states: &[("active", "Counts."), ("archived", "Does not count; what was booked by it stays.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for BankRule {
    const NAME: &'static str = "bank-rules";
}

impl Resource for BankRule {
    const PATH: &'static str = "/v1/bank-rules";
    const SINGULAR: &'static str = "bank_rule";
    const TAG: &'static str = "Banking";
    const SORT: &'static [SortKey] = &[SortKey::integer("position"), SortKey::text("name")];
    const USUAL_ORDER: &'static str = "position";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const REFERENCES: &'static [Reference] = &[
        Reference {
            field: "account_id",
            column: "account_code",
            table: "accounts",
            by: "code",
            within: None,
        },
        Reference {
            field: "bank_account_id",
            column: "bank_account",
            table: "bank_accounts",
            by: "name",
            within: None,
        },
    ];
    type Filter = BankRuleFilter;

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

impl Stored for BankRule {
    type Table = bank_rules::table;
    const TABLE: &'static str = "bank_rules";
    const SEARCHED: &'static [&'static str] =
        &["name", "text_contains", "counterparty_contains", "description"];

    fn narrow(rows: Rows<Self>, by: BankRuleFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(bank_rules::status.eq(status)))
            .when(by.bank_account_id, |rows, id| rows.filter(bank_rules::bank_account_id.eq(id)))
            .when(by.account_id, |rows, id| rows.filter(bank_rules::account_id.eq(id)))
            .when(by.automatic, |rows, automatic| rows.filter(bank_rules::automatic.eq(automatic)))
    }
}

impl Written for BankRule {
    type New = NewBankRule;
    type Edit = EditBankRule;
}

/// Archive a bank rule
///
/// It does not count any more. What was booked by it stays in the books.
#[utoipa::path(post, path = "/v1/bank-rules/{id}/archive", tag = "Banking")]
async fn archive_bank_rule(may: May<Write, BankRule>, id: Id<BankRule>) -> Reply<BankRule> {
    step(may, id, "archive").await
}

/// Restore a bank rule
///
/// It counts again: lines that come in are booked by it, where it is automatic. Nothing is posted for lines that came before.
#[utoipa::path(post, path = "/v1/bank-rules/{id}/restore", tag = "Banking")]
async fn restore_bank_rule(may: May<Write, BankRule>, id: Id<BankRule>) -> Reply<BankRule> {
    step(may, id, "restore").await
}

/// What came of a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BankRuleRun {
    /// Lines that were booked.
    #[schema(minimum = 0, maximum = 10_000, example = 12)]
    booked: usize,
}

/// Run a bank rule
///
/// Books every unmatched line that it fits, each with an entry of its own on the line's day of booking, up to 10,000 at once. Left
/// alone are lines in periods that are not open, and those whose account asks for a dimension that the rule does not name.
#[utoipa::path(post, path = "/v1/bank-rules/{id}/run", tag = "Banking")]
async fn run_bank_rule(may: May<Run, BankRule>, id: Id<BankRule>) -> Reply<Plain<BankRuleRun>> {
    may.write(async |db| {
        let rule = lock(&may, db, &id).await?;
        if rule.status != BankRuleStatus::Active {
            return Err(platform::problem::INVALID_STATE.because("The rule is archived: restore it first."));
        }
        let booked = booking::by_rules(db, None, Some(rule.id)).await?;
        Ok(Plain(BankRuleRun { booked }))
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.resource::<BankRule>()
        .call(operation!(archive_bank_rule))
        .call(operation!(restore_bank_rule))
        .call(operation!(run_bank_rule));
}
