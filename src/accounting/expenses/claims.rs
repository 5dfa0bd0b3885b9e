//! Expense claims: what an employee spent for the company. Who is above them agrees, somebody books it, and the company pays it back.

use crate::figuring::{Figured, figure, judge_anew};
use crate::lines::{ExpenseLine, NewExpenseLine};
use crate::policy::unexplained;
use crate::{posting, reimbursing};
use diesel::sql_types::Jsonb;
use invoicing::bills::BudgetWarning;
use platform::prelude::*;
use platform::problem::INVALID_STATE;
use platform::store::changes_nothing;
use rust_decimal::Decimal;
use schema::{expense_claims, files};

/// What an employee spent for the company.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = expense_claims)]
pub struct ExpenseClaim {
    pub id: Uuid,
    pub version: i64,
    /// Its number, gapless; null until it is posted.
    #[schema(max_length = 40, example = "EXP-2026-000042")]
    pub number: Option<String>,
    /// Who spent it, and is owed it.
    pub employee_id: Uuid,
    /// What it was for.
    #[schema(max_length = 200, example = "Vienna, March 2026")]
    pub title: String,
    /// The organization's currency, in which all sums are (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// What was spent.
    #[schema(value_type = Vec<ExpenseLine>, max_items = 200)]
    pub lines: List<ExpenseLine>,
    /// What is left as expenses: the total without the tax that is got back.
    #[schema(example = "100.00")]
    pub net_amount: Money,
    /// The tax that is got back.
    #[schema(example = "10.00")]
    pub tax_amount: Money,
    /// What was paid, by whomever.
    #[schema(example = "110.00")]
    pub total_amount: Money,
    /// What of it the employee paid, and gets back.
    #[schema(example = "110.00")]
    pub reimbursable_amount: Money,
    /// What of that is still to be paid back; 0.00 until it is posted.
    #[schema(example = "0.00")]
    pub open_amount: Money,
    /// Whether a line goes beyond what the policy allows.
    #[schema(example = false)]
    pub is_over_policy: bool,
    /// How many have to approve it: two, where it is over the policy.
    #[schema(minimum = 1, maximum = 2, example = 1)]
    pub required_approvals: i32,
    /// Who has approved it since it was handed in.
    #[schema(value_type = Vec<ExpenseApproval>, max_items = 2, example = json!([]))]
    pub approvals: List<ExpenseApproval>,
    /// Why it was rejected; null once it is handed in again.
    #[schema(max_length = 500, example = json!(null))]
    pub rejection_reason: Option<String>,
    /// When it was handed in.
    #[schema(example = json!(null))]
    pub submitted_at: Option<DateTime<Utc>>,
    /// Its day in the books; null until it is posted.
    #[schema(example = json!(null))]
    pub posted_on: Option<NaiveDate>,
    /// The day on which it was booked back; null where it was not.
    #[schema(example = json!(null))]
    pub voided_on: Option<NaiveDate>,
    /// Why it was booked back.
    #[schema(max_length = 500, example = json!(null))]
    pub void_reason: Option<String>,
    /// What approved budgets warned of when it was posted: it spent more than they left.
    #[schema(value_type = Vec<BudgetWarning>, max_items = 200, example = json!([]))]
    pub budget_warnings: List<BudgetWarning>,
    pub status: ExpenseClaimStatus,
    /// What books it; null until it is posted.
    pub journal_entry_id: Option<Uuid>,
    /// What books it back; null where nothing does.
    #[schema(example = json!(null))]
    pub reversal_entry_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a claim stands.
    pub enum ExpenseClaimStatus {
        Draft = "draft", Submitted = "submitted", Approved = "approved", Rejected = "rejected", Posted = "posted",
        PartiallyReimbursed = "partially_reimbursed", Reimbursed = "reimbursed", Void = "void",
    }
}

/// Somebody's yes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ExpenseApproval {
    /// The user who said it.
    pub by: Uuid,
    /// When.
    pub at: DateTime<Utc>,
}

/// A claim to be: a draft. Totals and taxes are worked out by the service.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExpenseClaim {
    /// Who spent it; left out, the employee that the caller is. For others only as far as the permission reaches.
    #[serde(default)]
    #[schema(value_type = Uuid, required = false)]
    employee_id: Option<Uuid>,
    /// What it was for.
    #[schema(min_length = 1, max_length = 200, example = "Vienna, March 2026")]
    title: String,
    /// What was spent.
    #[schema(min_items = 1, max_items = 200)]
    lines: Vec<NewExpenseLine>,
}

/// What of a draft can be changed. Lines are given whole.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditExpenseClaim {
    /// What it was for.
    #[schema(min_length = 1, max_length = 200, example = "Vienna and Graz, March 2026")]
    title: Option<String>,
    /// All lines from now on.
    #[schema(min_items = 1, max_items = 200)]
    lines: Option<Vec<NewExpenseLine>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ExpenseClaimFilter {
    /// Only claims in this state.
    #[param(inline)]
    status: Option<ExpenseClaimStatus>,
    /// Only claims of this employee.
    employee_id: Option<Uuid>,
    /// Only the claim with this number.
    #[param(min_length = 1, max_length = 40)]
    number: Option<String>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("draft", "Written, and open to changes."),
        ("submitted", "Handed in, and to be approved: by two, where it is over the policy."),
        ("approved", "Agreed to, and not in the books yet."),
        ("rejected", "Not agreed to; it can be revised."),
        ("posted", "In the books under its number, for good; nothing of it is paid back."),
        ("partially_reimbursed", "A part of it is paid back."),
        ("reimbursed", "The employee is owed nothing of it any more."),
        ("void", "Booked back."),
    ],
    steps: &[
        Step { action: "submit", from: &["draft"], to: "submitted", verb: "write" },
        Step { action: "withdraw", from: &["submitted", "approved"], to: "draft", verb: "write" },
        Step { action: "approve", from: &["submitted"], to: "approved", verb: "approve" },
        Step { action: "reject", from: &["submitted"], to: "rejected", verb: "approve" },
        Step { action: "revise", from: &["rejected"], to: "draft", verb: "write" },
        Step { action: "post", from: &["approved"], to: "posted", verb: "post" },
        Step {
            action: "reimburse",
            from: &["posted", "partially_reimbursed"],
            to: "reimbursed",
            verb: "run",
        },
        Step { action: "void", from: &["posted", "reimbursed"], to: "void", verb: "void" },
    ],
};

impl Named for ExpenseClaim {
    const NAME: &'static str = "expense-claims";
}

impl Resource for ExpenseClaim {
    const PATH: &'static str = "/v1/expense-claims";
    const SINGULAR: &'static str = "expense_claim";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::text("title"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = ExpenseClaimFilter;

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
    fn person(&self) -> Option<Uuid> {
        Some(self.employee_id)
    }
}

impl Stored for ExpenseClaim {
    type Table = expense_claims::table;
    const TABLE: &'static str = "expense_claims";
    const SEARCHED: &'static [&'static str] = &["number", "title"];

    fn narrow(rows: Rows<Self>, by: ExpenseClaimFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(expense_claims::status.eq(status)))
            .when(by.employee_id, |rows, id| rows.filter(expense_claims::employee_id.eq(id)))
            .when(by.number, |rows, number| rows.filter(expense_claims::number.eq(number)))
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = expense_claims)]
struct Figures {
    currency: String,
    lines: List<ExpenseLine>,
    net_amount: Decimal,
    tax_amount: Decimal,
    total_amount: Decimal,
    reimbursable_amount: Decimal,
    is_over_policy: bool,
}

impl From<Figured> for Figures {
    fn from(figured: Figured) -> Self {
        Self {
            currency: figured.currency,
            lines: List(figured.lines),
            net_amount: figured.net,
            tax_amount: figured.tax,
            total_amount: figured.total,
            reimbursable_amount: figured.reimbursable,
            is_over_policy: figured.is_over_policy,
        }
    }
}

impl Kept for ExpenseClaim {
    type New = NewExpenseClaim;
    type Edit = EditExpenseClaim;

    async fn create(db: &mut Db, new: NewExpenseClaim) -> Result<Self> {
        let figured = figure(db, None, new.employee_id, &new.lines).await?;
        let row = (
            expense_claims::id.eq(Uuid::now_v7()),
            expense_claims::employee_id.eq(figured.employee_id),
            expense_claims::title.eq(new.title),
            Figures::from(figured),
        );
        let claim = diesel::insert_into(expense_claims::table).values(row).returning(Self::as_returning());
        let claim = claim.get_result(db).await?;
        keep_receipts(db, &claim).await?;
        Ok(claim)
    }

    async fn change(db: &mut Db, row: Self, edit: EditExpenseClaim) -> Result<Self> {
        only_draft(&row)?;
        if changes_nothing(&row, &serde_json::to_value(&edit).map_err(Problem::internal)?)? {
            return Ok(row);
        }
        let figures = match &edit.lines {
            Some(lines) => {
                let figured = figure(db, Some(row.id), Some(row.employee_id), lines).await?;
                Some(Figures::from(figured))
            }
            None => None,
        };
        let brings_receipts = figures.is_some();
        let changed = (edit.title.map(|title| expense_claims::title.eq(title)), figures);
        let one = expense_claims::table.find((db.organization(), row.id));
        let claim = diesel::update(one).set(changed).returning(Self::as_returning()).get_result(db).await?;
        if brings_receipts {
            keep_receipts(db, &claim).await?;
        }
        Ok(claim)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        only_draft(&row)?;
        diesel::delete(expense_claims::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

/// Hangs the receipts on the claim: whoever may read it may read them.
async fn keep_receipts(db: &mut Db, claim: &ExpenseClaim) -> Result<()> {
    let receipts: Vec<Uuid> = claim.lines.0.iter().filter_map(|line| line.receipt_file_id).collect();
    if receipts.is_empty() {
        return Ok(());
    }
    let loose = files::table
        .filter(files::org_id.eq(db.organization()))
        .filter(files::id.eq_any(receipts))
        .filter(files::resource_id.is_null());
    let hung = (files::resource.eq(ExpenseClaim::NAME), files::resource_id.eq(claim.id));
    diesel::update(loose).set(hung).execute(db).await?;
    Ok(())
}

fn only_draft(row: &ExpenseClaim) -> Result<()> {
    match row.status {
        ExpenseClaimStatus::Draft => Ok(()),
        ExpenseClaimStatus::Submitted | ExpenseClaimStatus::Approved => Err(INVALID_STATE
            .because("A claim that was handed in is as those saw it who approve it: `withdraw` it first.")),
        ExpenseClaimStatus::Rejected => {
            Err(INVALID_STATE.because("A claim that was rejected stays as it was: `revise` it first."))
        }
        _ => Err(INVALID_STATE.because("What is posted is final: `void` it instead.")),
    }
}

/// Submit an expense claim
///
/// Hands it in. It is judged by the policy of this moment, together with what the employee claims elsewhere for the same days and
/// months: a line that goes beyond it and does not say why is 422, and with a reason the claim takes two approvals. Nothing
/// is booked.
#[utoipa::path(post, path = "/v1/expense-claims/{id}/submit", tag = "Accounting")]
async fn submit_expense_claim(may: May<Write, ExpenseClaim>, id: Id<ExpenseClaim>) -> Reply<ExpenseClaim> {
    may.write(async |db| {
        let mut claim = lock(&may, db, &id).await?;
        let status = LIFE.step(claim.status.as_str(), "submit")?;
        judge_anew(db, claim.id, claim.employee_id, &mut claim.lines.0).await?;
        let faults = unexplained(&claim.lines.0);
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        let is_over = claim.lines.0.iter().any(|line| !line.over_policy.is_empty());
        let submitted = (
            expense_claims::status.eq(status),
            expense_claims::lines.eq(&claim.lines),
            expense_claims::is_over_policy.eq(is_over),
            expense_claims::required_approvals.eq(if is_over { 2 } else { 1 }),
        );
        let one = expense_claims::table.find((db.organization(), claim.id));
        let submitted = diesel::update(one).set(submitted).returning(ExpenseClaim::as_returning());
        Ok(submitted.get_result(db).await?)
    })
    .await
}

/// Withdraw an expense claim
///
/// A claim that was handed in is a draft again, open to changes; what was said to it counts no more. Nothing is booked.
#[utoipa::path(post, path = "/v1/expense-claims/{id}/withdraw", tag = "Accounting")]
async fn withdraw_expense_claim(may: May<Write, ExpenseClaim>, id: Id<ExpenseClaim>) -> Reply<ExpenseClaim> {
    step(may, id, "withdraw").await
}

/// Revise an expense claim
///
/// A claim that was rejected is a draft again, open to changes. Nothing is booked.
#[utoipa::path(post, path = "/v1/expense-claims/{id}/revise", tag = "Accounting")]
async fn revise_expense_claim(may: May<Write, ExpenseClaim>, id: Id<ExpenseClaim>) -> Reply<ExpenseClaim> {
    step(may, id, "revise").await
}

diesel::define_sql_function! {
    /// See the migration of expenses.
    fn with_approval_of_caller(approvals: Jsonb) -> Jsonb;
}

/// Approve an expense claim
///
/// Says yes in the caller's name: with the reach `team` for those who report to the caller. Nobody approves what they claim or handed
/// in themselves. Of a claim that is over the policy the first yes leaves it submitted, and somebody else has to say
/// another. Where a policy of the organization asks for it, only with an approval of `approve`, which the first yes uses
/// up. Nothing is booked.
#[utoipa::path(post, path = "/v1/expense-claims/{id}/approve", tag = "Accounting")]
async fn approve_expense_claim(may: May<Approve, ExpenseClaim>, id: Id<ExpenseClaim>) -> Reply<ExpenseClaim> {
    may.write(async |db| {
        let claim = lock(&may, db, &id).await?;
        let approved = LIFE.step(claim.status.as_str(), "approve")?;
        let said = claim.approvals.0.len() + 1;
        if said == 1 {
            approvals::require::<ExpenseClaim>(db, claim.id, "approve", &json!({})).await?;
        }
        let is_enough = i32::try_from(said).is_ok_and(|said| said >= claim.required_approvals);
        let yes = (
            expense_claims::approvals.eq(with_approval_of_caller(expense_claims::approvals)),
            expense_claims::status.eq(if is_enough { approved } else { claim.status.as_str() }),
        );
        let one = expense_claims::table.find((db.organization(), claim.id));
        Ok(diesel::update(one).set(yes).returning(ExpenseClaim::as_returning()).get_result(db).await?)
    })
    .await
}

/// Why a claim is not agreed to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectExpenseClaimRequest {
    /// Why not; the employee reads it.
    #[schema(min_length = 1, max_length = 500, example = "The dinner was private.")]
    reason: String,
}

/// Reject an expense claim
///
/// Says no, and why. The employee can revise it and hand it in again. Nothing is booked.
#[utoipa::path(post, path = "/v1/expense-claims/{id}/reject", tag = "Accounting")]
async fn reject_expense_claim(
    may: May<Approve, ExpenseClaim>,
    id: Id<ExpenseClaim>,
    why: Input<RejectExpenseClaimRequest>,
) -> Reply<ExpenseClaim> {
    may.write(async |db| {
        let claim = lock(&may, db, &id).await?;
        let rejected = (
            expense_claims::status.eq(LIFE.step(claim.status.as_str(), "reject")?),
            expense_claims::rejection_reason.eq(&why.0.reason),
        );
        let one = expense_claims::table.find((db.organization(), claim.id));
        Ok(diesel::update(one).set(rejected).returning(ExpenseClaim::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<ExpenseClaim>()
        .creatable::<ExpenseClaim>()
        .changeable::<ExpenseClaim>()
        .deletable::<ExpenseClaim>()
        .call(operation!(submit_expense_claim))
        .call(operation!(withdraw_expense_claim))
        .call(operation!(approve_expense_claim))
        .call(operation!(reject_expense_claim))
        .call(operation!(revise_expense_claim))
        .call(operation!(posting::post_expense_claim))
        .call(operation!(posting::void_expense_claim))
        .call(operation!(reimbursing::reimburse_expense_claim))
        .call(operation!(reimbursing::reimburse_expense_claims));
}
