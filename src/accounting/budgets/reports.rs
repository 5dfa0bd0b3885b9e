//! Budget against actual: what a budget allowed, what was booked, and what is left.
use diesel::QueryableByName;
use diesel::sql_types::{Date, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::prelude::*;

/// Which budget, and up to when.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BudgetVsActualQuery {
    /// The budget, of whatever revision and state.
    pub budget_id: Uuid,
    /// Up to the end of the period that has this day; the whole year, unless told.
    #[param(required = false)]
    pub through: Option<NaiveDate>,
}

/// A budget against the books.
#[derive(Serialize, ToSchema)]
pub struct BudgetVsActual {
    /// The budget.
    pub budget_id: Uuid,
    /// The currency of the amounts.
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// The first day that is told.
    pub from: NaiveDate,
    /// The last day that is told.
    pub to: NaiveDate,
    /// The lines of the budget, in its order.
    #[schema(max_items = 500)]
    pub lines: Vec<BudgetVsActualLine>,
    /// What all income comes to.
    pub income: BudgetVsActualTotal,
    /// What all expenses come to.
    pub expense: BudgetVsActualTotal,
}

/// A line of a budget against the books.
#[derive(Serialize, ToSchema, QueryableByName)]
pub struct BudgetVsActualLine {
    /// The account.
    #[diesel(sql_type = SqlUuid)]
    pub account_id: Uuid,
    /// Its code.
    #[schema(max_length = 20, example = "6210")]
    #[diesel(sql_type = Text)]
    pub code: String,
    /// Its name.
    #[schema(max_length = 200, example = "Travel, meals and entertainment")]
    #[diesel(sql_type = Text)]
    pub name: String,
    /// Its type: of an income, actual is what was earned; of what else, what was spent.
    #[serde(rename = "type")]
    #[schema(max_length = 20, example = "expense")]
    #[diesel(sql_type = Text)]
    pub kind: String,
    /// Only this department; null for all of it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub department_id: Option<Uuid>,
    /// Only this cost centre; null for all of it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub cost_centre_id: Option<Uuid>,
    /// Only this project; null for all of it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub project_id: Option<Uuid>,
    /// What they are called, where it is narrowed by any.
    #[schema(max_length = 610, example = "Sales, Van 1")]
    #[diesel(sql_type = Nullable<Text>)]
    pub dimensions: Option<String>,
    /// What the budget says.
    #[diesel(sql_type = Numeric)]
    pub budget: Money,
    /// What is booked.
    #[diesel(sql_type = Numeric)]
    pub actual: Money,
    /// What the budget says less what is booked: what is left of an expense, what is missing of an income.
    #[diesel(sql_type = Numeric)]
    pub difference: Money,
    /// How many percent of the budget is booked; null where it says nothing.
    #[schema(max_length = 30, example = "48.25")]
    #[diesel(sql_type = Nullable<Text>)]
    pub used_percent: Option<String>,
    /// Where the journal lines are that are summed.
    #[schema(
        max_length = 500,
        example = "/v1/journal-lines?is_closing=false&posted_on_from=2026-01-01&posted_on_to=2026-06-30&account_id=01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f"
    )]
    #[diesel(sql_type = Text)]
    pub journal_lines: String,
}

/// A sum over lines.
#[derive(Serialize, ToSchema)]
pub struct BudgetVsActualTotal {
    /// What the budget says.
    pub budget: Money,
    /// What is booked.
    pub actual: Money,
    /// What the budget says less what is booked.
    pub difference: Money,
}

#[derive(QueryableByName)]
struct Span {
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = Date)]
    first_day: NaiveDate,
    #[diesel(sql_type = Date)]
    last_day: NaiveDate,
}

/// The first day of the budget's year and the last day of the period that has the day.
const SPAN: &str = "
    select books_currency() as currency, y.starts_on as first_day, coalesce((
        select p.ends_on from fiscal_periods p where p.org_id = y.org_id and p.fiscal_year_id = y.id and $3 between p.starts_on and p.ends_on), y.ends_on) as last_day
    from budgets b join fiscal_years y on y.org_id = b.org_id and y.id = b.fiscal_year_id where b.org_id = $1 and b.id = $2";

const LINES: &str = "
    with periods as (
        select p.starts_on, p.ends_on, row_number() over (order by p.starts_on)::int as place
        from budgets b join fiscal_periods p on p.org_id = b.org_id and p.fiscal_year_id = b.fiscal_year_id where b.org_id = $1 and b.id = $2
    ), span as (
        select array_agg(place) as places, min(starts_on) as first_day, max(ends_on) as last_day from periods
        where $3 is null or starts_on <= $3
    ), lines as (
        select l.*, coalesce((select sum(l.amounts[place]) from unnest(span.places) place), 0) as budget,
            booked_in_months(l.account_id, l.department_id, l.cost_centre_id, l.project_id, span.first_day, span.last_day) as actual, span.first_day, span.last_day
        from budget_lines l cross join span where l.org_id = $1 and l.budget_id = $2
    )
    select l.account_id, a.code, a.name, a.type as kind, l.department_id, l.cost_centre_id, l.project_id,
        nullif(concat_ws(', ', d.name, c.name, p.name), '') as dimensions, l.budget, l.actual, l.budget - l.actual as difference,
        round(100 * l.actual / nullif(l.budget, 0), 2)::text as used_percent,
        format('/v1/journal-lines?is_closing=false&posted_on_from=%s&posted_on_to=%s&account_id=%s', l.first_day, l.last_day, l.account_id)
            || coalesce('&department_id=' || l.department_id, '') || coalesce('&cost_centre_id=' || l.cost_centre_id, '')
            || coalesce('&project_id=' || l.project_id, '') as journal_lines
    from lines l join accounts a on a.org_id = l.org_id and a.id = l.account_id
    left join departments d on d.org_id = l.org_id and d.id = l.department_id
    left join cost_centres c on c.org_id = l.org_id and c.id = l.cost_centre_id
    left join projects p on p.org_id = l.org_id and p.id = l.project_id
    order by l.line";

/// Line by line what the budget says, what is booked, and what is left, from the first day of its year up to the end of the period that has
/// the day; the closing of the year aside.
///
/// # Errors
/// 422 where there is no such budget.
pub async fn budget_vs_actual(db: &mut Db, query: &BudgetVsActualQuery) -> Result<BudgetVsActual> {
    let BudgetVsActualQuery { budget_id, through } = *query;
    let organization = db.organization();
    let of_budget = |sql: &'static str| {
        let of_budget = diesel::sql_query(sql).bind::<SqlUuid, _>(organization);
        of_budget.bind::<SqlUuid, _>(budget_id).bind::<Nullable<Date>, _>(through)
    };
    let span: Option<Span> = of_budget(SPAN).get_result(db).await.optional()?;
    let span = span.ok_or_else(|| {
        let rule = "there is no such budget that you may know of";
        Problem::invalid(vec![Fault::of("budget_id", "unknown-reference", rule)])
    })?;
    let lines: Vec<BudgetVsActualLine> = of_budget(LINES).load(db).await?;
    Ok(BudgetVsActual {
        budget_id,
        currency: span.currency,
        from: span.first_day,
        to: span.last_day,
        income: total(&lines, "income"),
        expense: total(&lines, "expense"),
        lines,
    })
}

fn total(lines: &[BudgetVsActualLine], kind: &str) -> BudgetVsActualTotal {
    let sum = |of: fn(&BudgetVsActualLine) -> Money| {
        Money(lines.iter().filter(|line| line.kind == kind).map(|line| of(line).0).sum())
    };
    BudgetVsActualTotal {
        budget: sum(|line| line.budget),
        actual: sum(|line| line.actual),
        difference: sum(|line| line.difference),
    }
}
