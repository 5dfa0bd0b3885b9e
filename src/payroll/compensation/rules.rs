//! How a component is worked out, and what makes no sense in that.
use crate::pay_components::{ComponentKind, ComponentMethod, ComponentSource};
use platform::prelude::*;
use rust_decimal::Decimal;

/// A part of a base: another component of the same pay group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BaseTerm {
    /// Its code.
    #[schema(max_length = 30, pattern = "^[A-Z][A-Z0-9_]{0,29}$", example = "SALARY")]
    pub component: String,
    /// Whether it is taken off, and not added.
    #[serde(default)]
    #[schema(example = false)]
    pub is_subtracted: bool,
}

/// A row of a bracket table: what is above `from`, up to and with `to`. Zero is in the first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayBracket {
    /// What it begins above: 0 in the first row, else where the one before ends.
    #[schema(value_type = String, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "0.00")]
    pub from: Decimal,
    /// Where it ends; null in the last row.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    pub to: Option<Decimal>,
    /// Percent: of what of the base is in this row (progressive), or of all of it (flat).
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 12, pattern = r"^[0-9]{1,5}(\.[0-9]{1,6})?$", example = "10")]
    pub rate: Decimal,
    /// What is added to that; flat tables alone have it.
    #[serde(default)]
    #[schema(value_type = String, required = false, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "0.00")]
    pub amount: Decimal,
}

/// Where a component is paid at all: another one is within these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayCondition {
    /// The code of the other one.
    #[schema(max_length = 30, pattern = "^[A-Z][A-Z0-9_]{0,29}$", example = "SALARY")]
    pub component: String,
    /// What it is at least; left out, there is no least.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = json!(null))]
    pub from: Option<Decimal>,
    /// What it is at most; left out, there is no most.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "4300.00")]
    pub to: Option<Decimal>,
}

/// What of a component says how it is worked out.
#[derive(Deserialize)]
pub(crate) struct Shape {
    kind: ComponentKind,
    method: ComponentMethod,
    source: ComponentSource,
    amount: Option<Decimal>,
    rate: Option<Decimal>,
    base: Vec<BaseTerm>,
    brackets: Vec<PayBracket>,
    conditions: Vec<PayCondition>,
}

impl Shape {
    /// Refuses what can not be worked out, all of it at once.
    ///
    /// # Errors
    /// 422 with each place.
    pub fn check(&self) -> Result<()> {
        let mut faults = Vec::new();
        let mut fault = |pointer: String, code: &str, rule: &str| faults.push(Fault::at(pointer, code, rule));
        let is_of_base = !matches!(self.method, ComponentMethod::Fixed | ComponentMethod::Quantity);
        let is_table =
            matches!(self.method, ComponentMethod::ProgressiveBrackets | ComponentMethod::FlatBrackets);
        if is_of_base && self.base.is_empty() {
            fault(
                "/base".into(),
                "required",
                "must name at least one component: it is worked out from their sum",
            );
        } else if !is_of_base && !self.base.is_empty() {
            fault("/base".into(), "not-allowed", "must be empty: what is fixed or counted has no base");
        }
        if self.method == ComponentMethod::Percent && self.rate.is_none() {
            fault("/rate".into(), "required", "must be given: so many percent of the base");
        }
        if is_table == self.brackets.is_empty() {
            let rule = if is_table {
                "must have at least one row"
            } else {
                "must be empty: only bracket tables have rows"
            };
            fault("/brackets".into(), if is_table { "required" } else { "not-allowed" }, rule);
        }
        if !self.source.fits(self.method) {
            fault(
                "/source".into(),
                "not-allowed",
                "must be one that the method can take: hours and days are counted by `quantity`, salary, benefits and dependants are `fixed`, and what has a base is `given`",
            );
        }
        if self.source == ComponentSource::Dependants && self.kind != ComponentKind::Figure {
            fault(
                "/source".into(),
                "not-allowed",
                "is a number of people and no money: the kind must be `figure`",
            );
        }
        if self.method == ComponentMethod::Quantity
            && self.source == ComponentSource::Given
            && self.amount.is_none()
        {
            fault(
                "/amount".into(),
                "required",
                "must be given: the price of one of what payroll inputs count",
            );
        }
        for (place, bracket) in self.brackets.iter().enumerate() {
            let begins = place.checked_sub(1).map_or(Some(Decimal::ZERO), |before| self.brackets[before].to);
            let at = |field: &str| format!("/brackets/{place}/{field}");
            match begins {
                Some(begins) if begins == bracket.from => {}
                Some(begins) if begins < bracket.from => {
                    fault(
                        at("from"),
                        "leaves-a-gap",
                        &format!(
                            "must be {begins}, where the row before ends: nothing would be said of what is between"
                        ),
                    );
                }
                Some(begins) => {
                    fault(at("from"), "overlaps", &format!("must be {begins}, where the row before ends"));
                }
                None => {
                    fault(at("from"), "overlaps", "follows a row without an end: only the last row has none");
                }
            }
            match bracket.to {
                Some(to) if to <= bracket.from => {
                    fault(at("to"), "not-after-from", "must be more than `from`");
                }
                Some(_) if place + 1 == self.brackets.len() => {
                    fault(
                        at("to"),
                        "leaves-a-gap",
                        "must be null in the last row: nothing would be said of what is above it",
                    );
                }
                _ => {}
            }
            if self.method == ComponentMethod::ProgressiveBrackets && !bracket.amount.is_zero() {
                fault(
                    at("amount"),
                    "not-allowed",
                    "must be 0 in a progressive table: each row takes its part of the base",
                );
            }
        }
        for (place, condition) in self.conditions.iter().enumerate() {
            if condition.from.zip(condition.to).is_some_and(|(from, to)| to < from) {
                fault(format!("/conditions/{place}/to"), "before-from", "must not be less than `from`");
            }
        }
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }
}
