//! The company's policy: what lines of a claim break of it, together with what the employee claims elsewhere.

use crate::categories::{ExpenseCategoryStatus, ExpenseKind};
use crate::lines::ExpenseLine;
use platform::prelude::*;
use rust_decimal::Decimal;

/// A limit that a line goes beyond.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyBreach {
    #[schema(inline)]
    pub rule: PolicyRule,
    /// What the category allows, in the organization's currency; for a receipt, from which amount on it is asked for.
    #[schema(example = "100.00")]
    pub limit: Money,
    /// What it comes to, with what was claimed before in that day or month.
    #[schema(example = "110.00")]
    pub found: Money,
}

text_enum! {
    /// What a policy says: how much a line may be, a day, a month; and when there has to be a receipt.
    pub enum PolicyRule { Item = "item", Day = "day", Month = "month", Receipt = "receipt" }
}

/// A category, as far as lines are figured and judged by it.
#[derive(Clone, Debug, Deserialize)]
pub struct Category {
    pub code: String,
    pub kind: ExpenseKind,
    pub account_id: Uuid,
    pub unit: Option<String>,
    pub unit_rate: Option<Decimal>,
    pub max_per_item: Option<Decimal>,
    pub max_per_day: Option<Decimal>,
    pub max_per_month: Option<Decimal>,
    pub receipt_required_over: Option<Decimal>,
    pub status: ExpenseCategoryStatus,
}

/// What a line is judged by.
pub struct Measure<'a> {
    pub category: &'a Category,
    /// What the employee claims on it elsewhere for the same day, and in the same month.
    pub that_day: Decimal,
    pub that_month: Decimal,
}

/// Writes into each line what it breaks. Of several that break a limit together, it is those that go beyond it.
pub fn judge(lines: &mut [ExpenseLine], by: &[Measure<'_>]) {
    for place in 0..lines.len().min(by.len()) {
        let (line, measure) = (&lines[place], &by[place]);
        let own = |is_same: &dyn Fn(&ExpenseLine) -> bool| -> Decimal {
            let until = lines[..=place].iter().filter(|each| each.category_id == line.category_id);
            until.filter(|each| is_same(each)).map(|each| each.base_amount.0).sum()
        };
        let month = |day: NaiveDate| day.format("%Y-%m").to_string();
        let category = measure.category;
        let amount = line.base_amount.0;
        let needs_receipt = category.receipt_required_over.filter(|_| line.receipt_file_id.is_none());
        let rules = [
            (PolicyRule::Item, category.max_per_item, amount),
            (
                PolicyRule::Day,
                category.max_per_day,
                measure.that_day + own(&|each| each.spent_on == line.spent_on),
            ),
            (
                PolicyRule::Month,
                category.max_per_month,
                measure.that_month + own(&|each| month(each.spent_on) == month(line.spent_on)),
            ),
            (PolicyRule::Receipt, needs_receipt, amount),
        ];
        let broken = rules.into_iter().filter_map(|(rule, limit, found)| {
            let limit = limit.filter(|limit| found > *limit)?;
            Some(PolicyBreach { rule, limit: limit.into(), found: found.into() })
        });
        lines[place].over_policy = broken.collect();
    }
}

/// The lines that break something and do not say why.
pub fn unexplained(lines: &[ExpenseLine]) -> Vec<Fault> {
    let silent = lines.iter().enumerate().filter(|(_, line)| line.reason.is_none());
    let broken = silent.filter_map(|(place, line)| Some((place, line, line.over_policy.as_slice().first()?)));
    broken
        .map(|(place, line, first)| {
            let PolicyBreach { limit, found, .. } = first;
            let code = &line.category_code;
            let broken = match first.rule {
                PolicyRule::Item => format!("{found} for one item of `{code}` is more than {limit}"),
                PolicyRule::Day => format!("{found} for `{code}` in one day is more than {limit}"),
                PolicyRule::Month => format!("{found} for `{code}` in one month is more than {limit}"),
                PolicyRule::Receipt => format!("there is no receipt, and `{code}` asks for one over {limit}"),
            };
            let rule = format!("must say why the line is over the policy: {broken}");
            Fault::at(format!("/lines/{place}/reason"), "over-policy", rule)
        })
        .collect()
}
