//! Budgets: written as a draft, submitted, approved by somebody else, and superseded by the next revision.
use crate::lines::{BudgetLine, NewBudgetLine, worked_out};
use diesel::dsl::sql;
use diesel::sql_types::{Integer, Text, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::{CONFLICT, INVALID_STATE};
use schema::budgets;

/// What a fiscal year may cost and bring.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = budgets)]
pub struct Budget {
    pub id: Uuid,
    pub version: i64,
    /// What people call it. Its revisions share the name.
    #[schema(max_length = 100, example = "Operations")]
    pub name: String,
    /// The fiscal year.
    pub fiscal_year_id: Uuid,
    /// Which revision of the budget of this name and year it is, from 1.
    #[schema(minimum = 1, maximum = 10000, example = 1)]
    pub revision: i32,
    pub control: BudgetControl,
    pub control_over: BudgetSpan,
    /// What each account may cost or bring.
    #[schema(value_type = Vec<BudgetLine>, max_items = 500)]
    pub lines: List<BudgetLine>,
    pub status: BudgetStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What happens to what would spend more than an approved budget leaves: nothing, a warning, or it is refused.
    pub enum BudgetControl { None = "none", Warn = "warn", Block = "block" }
}

text_enum! {
    /// Over which time spending is held against the budget: the period that it falls in, the year up to that period's end, or the
    /// whole year.
    pub enum BudgetSpan { Period = "period", YearToDate = "year_to_date", Year = "year" }
}

text_enum! {
    /// Where a budget stands between being written and being replaced.
    pub enum BudgetStatus { Draft = "draft", Submitted = "submitted", Approved = "approved", Superseded = "superseded" }
}

/// A budget to be: a draft.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBudget {
    /// What people call it; unique in its year.
    #[schema(min_length = 1, max_length = 100, example = "Operations")]
    name: String,
    /// The fiscal year.
    fiscal_year_id: Uuid,
    /// What happens to what would spend more; `none`, unless told.
    #[serde(default = "none")]
    control: BudgetControl,
    /// Over which time; the whole `year`, unless told.
    #[serde(default = "year")]
    control_over: BudgetSpan,
    /// What each account may cost or bring.
    #[serde(default)]
    #[schema(max_items = 500)]
    lines: Vec<NewBudgetLine>,
}

fn none() -> BudgetControl {
    BudgetControl::None
}

fn year() -> BudgetSpan {
    BudgetSpan::Year
}

/// What of a draft can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditBudget {
    /// What people call it; unique in its year.
    #[schema(min_length = 1, max_length = 100, example = "Operations and sales")]
    name: Option<String>,
    /// What spending beyond it meets.
    control: Option<BudgetControl>,
    /// Over which span what is left is counted.
    control_over: Option<BudgetSpan>,
    /// All lines from now on.
    #[schema(max_items = 500)]
    lines: Option<Vec<NewBudgetLine>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BudgetFilter {
    /// Only budgets in this state.
    #[param(inline)]
    status: Option<BudgetStatus>,
    /// Only budgets of this fiscal year.
    fiscal_year_id: Option<Uuid>,
    /// Only revisions of the budget of this name.
    #[param(min_length = 1, max_length = 100)]
    name: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Being written."),
        ("submitted", "Waits for somebody who did not write in it."),
        ("approved", "Counts: what is spent is held against it. One revision of a name and year does."),
        ("superseded", "A later revision counts."),
    ],
    steps: &[
        Step { action: "submit", from: &["draft"], to: "submitted", verb: "write" },
        Step { action: "send_back", from: &["submitted"], to: "draft", verb: "approve" },
        Step { action: "approve", from: &["submitted"], to: "approved", verb: "approve" },
    ],
};

impl Named for Budget {
    const NAME: &'static str = "budgets";
}

impl Resource for Budget {
    const PATH: &'static str = "/v1/budgets";
    const SINGULAR: &'static str = "budget";
    const TAG: &'static str = "Accounting";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    type Filter = BudgetFilter;

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

impl Stored for Budget {
    type Table = budgets::table;
    const TABLE: &'static str = "budgets";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: BudgetFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(budgets::status.eq(status)))
            .when(by.fiscal_year_id, |rows, id| rows.filter(budgets::fiscal_year_id.eq(id)))
            .when(by.name, |rows, name| rows.filter(budgets::name.eq(name)))
    }
}

/// Lines are worked out as they come in, so the regular queries are written out.
impl Kept for Budget {
    type New = NewBudget;
    type Edit = EditBudget;

    async fn create(db: &mut Db, new: NewBudget) -> Result<Self> {
        let lines = worked_out(db, new.fiscal_year_id, &new.lines).await?;
        let budget = (
            budgets::id.eq(Uuid::now_v7()),
            budgets::name.eq(new.name),
            budgets::fiscal_year_id.eq(new.fiscal_year_id),
            budgets::control.eq(new.control),
            budgets::control_over.eq(new.control_over),
            budgets::lines.eq(lines),
        );
        let budget = diesel::insert_into(budgets::table).values(budget);
        Ok(budget.returning(Self::as_returning()).get_result(db).await?)
    }

    async fn change(db: &mut Db, row: Self, edit: EditBudget) -> Result<Self> {
        if row.status != BudgetStatus::Draft {
            return Err(INVALID_STATE.because(format!(
                "Only a draft is written in, and this budget is {}: `revise` makes a draft of it, `send_back` takes a submitted one back.",
                row.status.as_str()
            )));
        }
        let lines = match &edit.lines {
            Some(lines) => worked_out(db, row.fiscal_year_id, lines).await?,
            None => row.lines.clone(),
        };
        let changed = (
            edit.name.unwrap_or_else(|| row.name.clone()),
            edit.control.unwrap_or(row.control),
            edit.control_over.unwrap_or(row.control_over),
        );
        if (&changed.0, changed.1, changed.2, &lines.0)
            == (&row.name, row.control, row.control_over, &row.lines.0)
        {
            return Ok(row);
        }
        let one = budgets::table.find((db.organization(), row.id));
        let changed = (
            budgets::name.eq(changed.0),
            budgets::control.eq(changed.1),
            budgets::control_over.eq(changed.2),
            budgets::lines.eq(lines),
        );
        Ok(diesel::update(one).set(changed).returning(Self::as_returning()).get_result(db).await?)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        if row.status != BudgetStatus::Draft {
            return Err(CONFLICT.because(
                "Only a draft is deleted: what was submitted stays on record. `send_back` makes it a draft.",
            ));
        }
        diesel::delete(budgets::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

/// Submit a budget
///
/// It is written, and waits for somebody to approve it who did not write in it.
#[utoipa::path(post, path = "/v1/budgets/{id}/submit", tag = "Accounting")]
async fn submit_budget(may: May<Write, Budget>, id: Id<Budget>) -> Reply<Budget> {
    step(may, id, "submit").await
}

/// Send a budget back
///
/// It is not approved as it is: a draft again, to be written in.
#[utoipa::path(post, path = "/v1/budgets/{id}/send-back", tag = "Accounting")]
async fn send_back_budget(may: May<Approve, Budget>, id: Id<Budget>) -> Reply<Budget> {
    step(may, id, "send_back").await
}

/// Approve a budget
///
/// From now on it counts: bills and expenses are held against it, as its `control` says. The revision that counted until now is
/// superseded. Whoever wrote in it can not approve it (403).
#[utoipa::path(post, path = "/v1/budgets/{id}/approve", tag = "Accounting")]
async fn approve_budget(may: May<Approve, Budget>, id: Id<Budget>) -> Reply<Budget> {
    step(may, id, "approve").await
}

/// Revise a budget
///
/// Makes the next revision of it: a draft of the same lines. This one counts until that one is approved.
#[utoipa::path(post, path = "/v1/budgets/{id}/revise", tag = "Accounting")]
async fn revise_budget(may: May<Write, Budget>, id: Id<Budget>) -> Reply<Created<Budget>> {
    may.write(async |db| {
        let budget = lock(&may, db, &id).await?;
        let next = sql::<Integer>("(select 1 + max(b.revision) from budgets b where b.org_id = (select current_org()) and b.fiscal_year_id = ")
            .bind::<SqlUuid, _>(budget.fiscal_year_id)
            .sql(" and b.name = ")
            .bind::<Text, _>(budget.name.clone())
            .sql(")");
        let revision = (
            budgets::id.eq(Uuid::now_v7()),
            budgets::name.eq(budget.name),
            budgets::fiscal_year_id.eq(budget.fiscal_year_id),
            budgets::revision.eq(next),
            budgets::control.eq(budget.control),
            budgets::control_over.eq(budget.control_over),
            budgets::lines.eq(budget.lines),
        );
        let revision = diesel::insert_into(budgets::table).values(revision);
        Ok(Created(revision.returning(Budget::as_returning()).get_result(db).await?))
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<Budget>()
        .creatable::<Budget>()
        .changeable::<Budget>()
        .deletable::<Budget>()
        .call(operation!(submit_budget))
        .call(operation!(send_back_budget))
        .call(operation!(approve_budget))
        .call(operation!(revise_budget));
}
