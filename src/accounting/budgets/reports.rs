//! Budget against actual: what a budget allowed, what was booked, and what is left.
use diesel::QueryableByName;
use diesel::sql_types::{Date, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;

/// What of a budget is told.
pub struct Wanted {
    /// The budget, of whatever revision and state.
    pub budget_id: Uuid,
    /// Whole months of its year, from the first.
    pub days: (NaiveDate, NaiveDate),
    /// Other whole months, of which is told what was booked then.
    pub earlier: Option<(NaiveDate, NaiveDate)>,
    /// Only lines for this department and those beneath it.
    pub department_id: Option<Uuid>,
    /// Only lines for this cost centre.
    pub cost_centre_id: Option<Uuid>,
    /// Only lines for this project.
    pub project_id: Option<Uuid>,
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
    /// The first day that it is compared with, where it is.
    pub earlier_from: Option<NaiveDate>,
    /// The last day that it is compared with, where it is.
    pub earlier_to: Option<NaiveDate>,
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
    /// What was booked in the days that it is compared with; null unless it is.
    #[diesel(sql_type = Nullable<Numeric>)]
    pub earlier_actual: Option<Money>,
    /// Where the journal lines of those days are.
    #[schema(
        max_length = 500,
        example = "/v1/journal-lines?is_closing=false&posted_on_from=2025-01-01&posted_on_to=2025-06-30&account_id=01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f"
    )]
    #[diesel(sql_type = Nullable<Text>)]
    pub earlier_journal_lines: Option<String>,
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
    /// What was booked in the days that it is compared with; null unless it is.
    pub earlier_actual: Option<Money>,
}

#[derive(QueryableByName)]
struct Span {
    #[diesel(sql_type = Date)]
    first_day: NaiveDate,
    #[diesel(sql_type = Date)]
    last_day: NaiveDate,
}

/// The first day of the budget's year and the last day of the period that has the day.
const SPAN: &str = "
    select y.starts_on as first_day, coalesce((
        select p.ends_on from fiscal_periods p where p.org_id = y.org_id and p.fiscal_year_id = y.id and $3 between p.starts_on and p.ends_on), y.ends_on) as last_day
    from budgets b join fiscal_years y on y.org_id = b.org_id and y.id = b.fiscal_year_id where b.org_id = $1 and b.id = $2";

/// Without days that it is compared with, what was booked in them is null.
const LINES: &str = "
    with months as (
        select array_agg(place) as places from (
            select p.starts_on, row_number() over (order by p.starts_on)::int as place
            from budgets b join fiscal_periods p on p.org_id = b.org_id and p.fiscal_year_id = b.fiscal_year_id where b.org_id = $1 and b.id = $2
        ) p where p.starts_on <= $4
    ), lines as (
        select l.*, coalesce((select sum(l.amounts[place]) from unnest(months.places) place), 0) as budget,
            booked_in_months(l.account_id, l.department_id, l.cost_centre_id, l.project_id, $3, $4) as actual,
            case when $5::date is not null then booked_in_months(l.account_id, l.department_id, l.cost_centre_id, l.project_id, $5::date, $6::date) end as earlier_actual,
            format('&account_id=%s', l.account_id) || coalesce('&department_id=' || l.department_id, '')
                || coalesce('&cost_centre_id=' || l.cost_centre_id, '') || coalesce('&project_id=' || l.project_id, '') as narrowed
        from budget_lines l cross join months where l.org_id = $1 and l.budget_id = $2
            and ($7::uuid is null or l.department_id in (select d.below_id from department_lines d where d.org_id = $1 and d.above_id = $7))
            and ($8::uuid is null or l.cost_centre_id = $8) and ($9::uuid is null or l.project_id = $9)
    )
    select l.account_id, a.code, a.name, a.type as kind, l.department_id, l.cost_centre_id, l.project_id,
        nullif(concat_ws(', ', d.name, c.name, p.name), '') as dimensions, l.budget, l.actual, l.budget - l.actual as difference,
        round(100 * l.actual / nullif(l.budget, 0), 2)::text as used_percent,
        format('/v1/journal-lines?is_closing=false&posted_on_from=%s&posted_on_to=%s', $3, $4) || l.narrowed as journal_lines,
        l.earlier_actual,
        case when $5 is not null then format('/v1/journal-lines?is_closing=false&posted_on_from=%s&posted_on_to=%s', $5, $6) || l.narrowed end as earlier_journal_lines
    from lines l join accounts a on a.org_id = l.org_id and a.id = l.account_id
    left join departments d on d.org_id = l.org_id and d.id = l.department_id
    left join cost_centres c on c.org_id = l.org_id and c.id = l.cost_centre_id
    left join projects p on p.org_id = l.org_id and p.id = l.project_id
    order by l.line";

/// From the first day of the budget's year up to the end of the period that has the day; the whole year, without one.
///
/// # Errors
/// 422 where there is no such budget.
pub async fn days(
    db: &mut Db,
    budget_id: Uuid,
    through: Option<NaiveDate>,
) -> Result<(NaiveDate, NaiveDate)> {
    let of_budget = diesel::sql_query(SPAN).bind::<SqlUuid, _>(db.organization());
    let of_budget = of_budget.bind::<SqlUuid, _>(budget_id).bind::<Nullable<Date>, _>(through);
    let span: Option<Span> = of_budget.get_result(db).await.optional()?;
    let span = span.ok_or_else(|| {
        let rule = "there is no such budget that you may know of";
        Problem::invalid(vec![Fault::of("budget_id", "unknown-reference", rule)])
    })?;
    Ok((span.first_day, span.last_day))
}

/// Line by line what the budget says, what is booked, and what is left; the closing of the year aside. `currency` is that of the
/// books.
///
/// # Errors
/// What the database says.
pub async fn budget_vs_actual(db: &mut Db, wanted: &Wanted, currency: &str) -> Result<BudgetVsActual> {
    let Wanted { budget_id, days: (from, to), earlier, .. } = *wanted;
    let (earlier_from, earlier_to) = earlier.unzip();
    let lines: Vec<BudgetVsActualLine> = diesel::sql_query(LINES)
        .bind::<SqlUuid, _>(db.organization())
        .bind::<SqlUuid, _>(budget_id)
        .bind::<Date, _>(from)
        .bind::<Date, _>(to)
        .bind::<Nullable<Date>, _>(earlier_from)
        .bind::<Nullable<Date>, _>(earlier_to)
        .bind::<Nullable<SqlUuid>, _>(wanted.department_id)
        .bind::<Nullable<SqlUuid>, _>(wanted.cost_centre_id)
        .bind::<Nullable<SqlUuid>, _>(wanted.project_id)
        .load(db)
        .await?;
    let total = |kind: &str| total(lines.iter().filter(|line| line.kind == kind), earlier.is_some());
    Ok(BudgetVsActual {
        budget_id,
        currency: currency.to_owned(),
        from,
        to,
        earlier_from,
        earlier_to,
        income: total("income"),
        expense: total("expense"),
        lines,
    })
}

fn total<'a>(lines: impl Iterator<Item = &'a BudgetVsActualLine>, is_compared: bool) -> BudgetVsActualTotal {
    let nothing = || Money(Decimal::ZERO);
    let mut sum = BudgetVsActualTotal {
        budget: nothing(),
        actual: nothing(),
        difference: nothing(),
        earlier_actual: is_compared.then(nothing),
    };
    for line in lines {
        sum.budget.0 += line.budget.0;
        sum.actual.0 += line.actual.0;
        sum.difference.0 += line.difference.0;
        if let (Some(sum), Some(earlier)) = (&mut sum.earlier_actual, line.earlier_actual) {
            sum.0 += earlier.0;
        }
    }
    sum
}
