//! Lines of a budget: as they are written, and as they are kept, with an amount for each period of the year.
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Numeric, Text, Uuid as SqlUuid};
use ledger::currency;
use platform::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::HashSet;

/// What an account may cost or bring, in each period of the year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetLine {
    /// The account.
    pub account_id: Uuid,
    /// Only what is booked with this department; null for all of it.
    #[schema(example = json!(null))]
    pub department_id: Option<Uuid>,
    /// Only what is booked with this cost centre; null for all of it.
    #[schema(example = json!(null))]
    pub cost_centre_id: Option<Uuid>,
    /// Only what is booked with this project; null for all of it.
    #[schema(example = json!(null))]
    pub project_id: Option<Uuid>,
    /// An amount for each period of the year, in the organization's currency: what may be spent of an expense or an asset, what is
    /// to be earned of an income.
    #[schema(min_items = 1, max_items = 24)]
    pub amounts: Vec<Money>,
}

/// A line as it is written. It has one of `amounts`, `evenly` and `last_year_percent`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "account_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", "department_id": null, "cost_centre_id": null, "project_id": null,
    "amounts": null, "evenly": "12000.00", "last_year_percent": null
}))]
pub struct NewBudgetLine {
    /// The account; not a group.
    account_id: Uuid,
    /// Only what is booked with this department.
    #[schema(example = json!(null))]
    department_id: Option<Uuid>,
    /// Only what is booked with this cost centre.
    #[schema(example = json!(null))]
    cost_centre_id: Option<Uuid>,
    /// Only what is booked with this project.
    #[schema(example = json!(null))]
    project_id: Option<Uuid>,
    /// An amount for each period of the year, in the organization's currency.
    #[schema(min_items = 1, max_items = 24, example = json!(null))]
    amounts: Option<Vec<Money>>,
    /// An amount for the whole year, in the organization's currency: spread evenly over its periods, to the cent.
    evenly: Option<Money>,
    /// What was booked in each period of the year before, more or less so much percent: `"0"` for the same, `"-5"` for less.
    #[schema(max_length = 10, pattern = r"^-?[0-9]{1,4}(\.[0-9]{1,4})?$", example = json!(null))]
    last_year_percent: Option<String>,
}

/// What the books know of a line that is written.
#[derive(QueryableByName)]
struct Known {
    #[diesel(sql_type = Text)]
    currency: String,
    #[diesel(sql_type = BigInt)]
    periods: i64,
    #[diesel(sql_type = Bool)]
    has_year: bool,
    /// Its fields that refer to nothing.
    #[diesel(sql_type = Array<Text>)]
    missing: Vec<String>,
    #[diesel(sql_type = Bool)]
    is_group: bool,
    /// What was booked in each period of the year before, where that was asked for.
    #[diesel(sql_type = Array<Numeric>)]
    booked: Vec<Decimal>,
}

const KNOWN: &str = "
    with year as (
        select y.*, before.id as before_id from fiscal_years y
        left join fiscal_years before on before.org_id = y.org_id and before.ends_on = y.starts_on - 1
        where y.org_id = $1 and y.id = $2
    ), periods as (
        select fiscal_year_id, starts_on, ends_on, row_number() over (partition by fiscal_year_id order by starts_on) as place
        from fiscal_periods where org_id = $1 and fiscal_year_id in (select id from year union all select before_id from year)
    )
    select books_currency() as currency, (select count(*) from periods where fiscal_year_id = $2) as periods,
        exists (select from year) as has_year, coalesce(a.is_group, false) as is_group, array_remove(array[
            case when a.id is null then 'account_id' end,
            case when l.department is not null and not exists (select from departments d where d.org_id = $1 and d.id = l.department) then 'department_id' end,
            case when l.cost_centre is not null and not exists (select from cost_centres c where c.org_id = $1 and c.id = l.cost_centre) then 'cost_centre_id' end,
            case when l.project is not null and not exists (select from projects p where p.org_id = $1 and p.id = l.project) then 'project_id' end
        ], null) as missing,
        case when l.copied then array(
            select coalesce(booked_in_months(l.account, l.department, l.cost_centre, l.project, before.starts_on, before.ends_on), 0)
            from periods this left join periods before on before.fiscal_year_id <> $2 and before.place = this.place
            where this.fiscal_year_id = $2 order by this.place) else '{}' end as booked
    from unnest($3, $4, $5, $6, $7) with ordinality l(account, department, cost_centre, project, copied, place)
    left join accounts a on a.org_id = $1 and a.id = l.account
    order by l.place";

/// The lines with an amount for each period, worked out; or all that is wrong with them.
pub(crate) async fn worked_out(db: &mut Db, year: Uuid, lines: &[NewBudgetLine]) -> Result<List<BudgetLine>> {
    fn each<T>(lines: &[NewBudgetLine], of: impl Fn(&NewBudgetLine) -> T) -> Vec<T> {
        lines.iter().map(of).collect()
    }
    if lines.is_empty() {
        return Ok(List::default());
    }
    let known: Vec<Known> = diesel::sql_query(KNOWN)
        .bind::<SqlUuid, _>(db.organization())
        .bind::<SqlUuid, _>(year)
        .bind::<Array<SqlUuid>, _>(each(lines, |line| line.account_id))
        .bind::<Array<Nullable<SqlUuid>>, _>(each(lines, |line| line.department_id))
        .bind::<Array<Nullable<SqlUuid>>, _>(each(lines, |line| line.cost_centre_id))
        .bind::<Array<Nullable<SqlUuid>>, _>(each(lines, |line| line.project_id))
        .bind::<Array<Bool>, _>(each(lines, |line| line.last_year_percent.is_some()))
        .load(db)
        .await?;
    let mut faults = Vec::new();
    if known.as_slice().first().is_some_and(|first| !first.has_year) {
        faults.push(unknown("/fiscal_year_id"));
    }
    let (mut places, mut kept) = (HashSet::new(), Vec::with_capacity(lines.len()));
    for (index, (line, known)) in lines.iter().zip(&known).enumerate() {
        let at = format!("/lines/{index}");
        if !places.insert((line.account_id, line.department_id, line.cost_centre_id, line.project_id)) {
            faults.push(Fault::at(&at, "repeated", "is of the same account and dimensions as another line"));
        }
        faults.extend(known.faults(&at));
        match line.amounts_in(known, &at) {
            Ok(amounts) => kept.push(line.with(amounts)),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() { Ok(List(kept)) } else { Err(Problem::invalid(faults)) }
}

fn unknown(pointer: &str) -> Fault {
    Fault::at(pointer, "unknown-reference", "there is no such row in this organization")
}

impl Known {
    fn faults(&self, at: &str) -> impl Iterator<Item = Fault> {
        let is_group = self.is_group.then(|| {
            Fault::at(
                format!("{at}/account_id"),
                "is-a-group",
                "is a group, which takes no postings: name accounts below it",
            )
        });
        self.missing.iter().map(move |field| unknown(&format!("{at}/{field}"))).chain(is_group)
    }
}

impl NewBudgetLine {
    fn amounts_in(&self, known: &Known, at: &str) -> std::result::Result<Vec<Money>, Fault> {
        let periods = usize::try_from(known.periods).unwrap_or_default();
        let decimals = currency::decimals(&known.currency);
        let fits = |amount: &Money| amount.0.normalize().scale() <= decimals;
        let too_fine = |field: &str| {
            let rule = format!("{} has {decimals} decimals", known.currency);
            Err(Fault::at(format!("{at}/{field}"), "too-many-decimals", rule))
        };
        match (&self.amounts, self.evenly, &self.last_year_percent) {
            (Some(amounts), None, None) if amounts.len() != periods => {
                let rule = format!("must be {periods} amounts, one for each period of the year");
                Err(Fault::at(format!("{at}/amounts"), "wrong-number", rule))
            }
            (Some(amounts), None, None) => {
                if amounts.iter().all(fits) {
                    Ok(amounts.clone())
                } else {
                    too_fine("amounts")
                }
            }
            (None, Some(total), None) if !fits(&total) => too_fine("evenly"),
            (None, Some(total), None) => Ok(spread(total.0, periods, decimals)),
            (None, None, Some(percent)) => match percent.parse::<Decimal>() {
                Ok(percent) => {
                    let factor = Decimal::ONE + percent / Decimal::ONE_HUNDRED;
                    Ok(known.booked.iter().map(|amount| rounded(amount * factor, decimals).into()).collect())
                }
                Err(_) => {
                    Err(Fault::at(format!("{at}/last_year_percent"), "wrong-format", "must be a decimal"))
                }
            },
            _ => {
                let rule = "must have one of `amounts`, `evenly` and `last_year_percent`";
                Err(Fault::at(at, "one-of", rule))
            }
        }
    }

    fn with(&self, amounts: Vec<Money>) -> BudgetLine {
        let Self { account_id, department_id, cost_centre_id, project_id, .. } = *self;
        BudgetLine { account_id, department_id, cost_centre_id, project_id, amounts }
    }
}

fn rounded(amount: Decimal, decimals: u32) -> Decimal {
    amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

/// So much in each period that the sum is exact: what rounding leaves over goes to those in between.
fn spread(total: Decimal, periods: usize, decimals: u32) -> Vec<Money> {
    let until = |period: usize| rounded(total / Decimal::from(periods) * Decimal::from(period), decimals);
    (1..=periods)
        .map(|period| if period == periods { total } else { until(period) } - until(period - 1))
        .map(Money)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spread;
    use platform::prelude::Money;
    use rust_decimal::Decimal;

    #[test]
    fn what_is_spread_is_the_same_to_the_cent_and_adds_up() {
        let amounts = |total: &str, periods| spread(total.parse().unwrap(), periods, 2);
        let told: Vec<String> = amounts("100", 12).iter().map(Money::to_string).collect();
        // 8.33…, 16.67, 25.00: two of three are a cent less or more.
        assert_eq!(told[..3], ["8.33", "8.34", "8.33"]);
        for (total, periods) in
            [("0.05", 12), ("-100", 7), ("9999999999999999.99", 24), ("0", 1), ("12000", 12)]
        {
            let amounts = amounts(total, periods);
            let (least, most) = (amounts.iter().min().unwrap().0, amounts.iter().max().unwrap().0);
            assert_eq!(
                amounts.iter().map(|amount| amount.0).sum::<Decimal>(),
                total.parse().unwrap(),
                "{total}"
            );
            assert!(most - least <= "0.01".parse().unwrap(), "{total}: {least} to {most}");
        }
    }
}
