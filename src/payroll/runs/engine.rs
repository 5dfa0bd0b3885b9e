//! The calculation: from facts to lines, and nothing else. The components of a month are put in order once, and each payslip is then
//! worked out from top to bottom; the same facts always come to the same lines.
use crate::facts::{Facts, Piece};
use compensation::compensations::CompensationBasis;
use compensation::pay_components::{
    ComponentKind, ComponentMethod, ComponentSource, PayBracket, PayComponent, PayRounding,
};
use platform::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use std::collections::HashMap;

/// Amounts stay below this, so that no sum of them overflows.
const LIMIT: Decimal = Decimal::from_parts(0xA4C6_8000, 0x0003_8D7E, 0, false, 0); // 10^15

text_enum! {
    /// What a line does: it adds to the pay, takes off, is borne by the company, is worked out for others, or pays back a claim.
    pub enum LineKind { Earning = "earning", Deduction = "deduction", EmployerCost = "employer_cost", Figure = "figure", Claim = "claim" }
}

impl From<ComponentKind> for LineKind {
    fn from(kind: ComponentKind) -> Self {
        match kind {
            ComponentKind::Earning => Self::Earning,
            ComponentKind::Deduction => Self::Deduction,
            ComponentKind::EmployerCost => Self::EmployerCost,
            ComponentKind::Figure => Self::Figure,
        }
    }
}

/// A line of a payslip, with how it came about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PayslipLine {
    /// The code of the pay component; of a claim its number.
    #[schema(max_length = 40, example = "PENSION")]
    pub component: String,
    /// What it is called.
    #[schema(max_length = 100, example = "Pension contribution")]
    pub name: String,
    pub kind: LineKind,
    /// The month that it is for: an earlier one where something of it is made good.
    #[schema(max_length = 7, example = "2026-03")]
    pub period: String,
    /// How much; a deduction is above zero.
    #[schema(example = "325.00")]
    pub amount: Money,
    /// What it was worked out from.
    #[schema(max_length = 1000, example = "5 % of 6500.00, cap none")]
    pub formula: String,
    /// Where it stands.
    #[schema(minimum = 0, maximum = 10_001, example = 60)]
    pub position: i32,
    /// What it is declared as.
    #[schema(max_length = 60, example = "pension")]
    pub statutory: Option<String>,
}

/// Why a payslip can not be worked out, or what is to be known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub code: &'static str,
    pub detail: String,
    /// Whether it keeps the run from being approved.
    pub blocks: bool,
}

impl Trouble {
    #[must_use]
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), blocks: true }
    }
}

/// The components of a month, in an order in which each comes behind what it is worked out from.
pub struct Plan {
    steps: Vec<PlanStep>,
    by_code: HashMap<String, usize>,
}

struct PlanStep {
    component: PayComponent,
    /// Where they are in the plan, and whether they are taken off.
    base: Vec<(usize, bool)>,
    conditions: Vec<(usize, Option<Decimal>, Option<Decimal>)>,
}

impl Plan {
    /// Of the components of a group, those that are valid at the end of the month.
    ///
    /// # Errors
    /// What it is that can not be put in order.
    pub fn of(components: &[PayComponent], last_day: NaiveDate) -> std::result::Result<Self, Trouble> {
        let is_valid = |each: &&PayComponent| {
            each.starts_on <= last_day && each.ends_on.is_none_or(|ends_on| ends_on >= last_day)
        };
        let mut waiting: Vec<&PayComponent> = components.iter().filter(is_valid).collect();
        waiting.sort_by(|a, b| (a.position, &a.code).cmp(&(b.position, &b.code)));
        let mut plan = Self { steps: Vec::new(), by_code: HashMap::new() };
        while !waiting.is_empty() {
            let is_ready = |each: &&PayComponent| named(each).all(|code| plan.by_code.contains_key(code));
            let Some(place) = waiting.iter().position(is_ready) else {
                let stuck: Vec<&str> = waiting.iter().map(|each| each.code.as_str()).collect();
                return Err(Trouble::new(
                    "components-not-in-order",
                    format!(
                        "These components are worked out from something that is not valid in the month, or from each other: {}.",
                        stuck.join(", ")
                    ),
                ));
            };
            let component = waiting.remove(place).clone();
            let place_of = |code: &str| plan.by_code.get(code).copied().unwrap_or_default();
            let base =
                component.base.0.iter().map(|term| (place_of(&term.component), term.is_subtracted)).collect();
            let conditions = component.conditions.0.iter();
            let conditions = conditions.map(|each| (place_of(&each.component), each.from, each.to)).collect();
            plan.by_code.insert(component.code.clone(), plan.steps.len());
            plan.steps.push(PlanStep { component, base, conditions });
        }
        Ok(plan)
    }

    /// Whether the plan has a component of this code that amounts can be given to.
    fn takes(&self, code: &str) -> bool {
        let known = self.by_code.get(code).map(|place| &self.steps[*place].component);
        known.is_some_and(|each| each.source == ComponentSource::Given)
    }

    pub fn components(&self) -> impl Iterator<Item = &PayComponent> {
        self.steps.iter().map(|step| &step.component)
    }

    /// Works a payslip out: its lines in their order, those that are zero left out.
    #[must_use]
    pub fn work_out(&self, facts: &Facts, period: &str) -> (Vec<PayslipLine>, Vec<Trouble>) {
        let mut troubles = self.troubles(facts);
        let mut values: Vec<Decimal> = Vec::with_capacity(self.steps.len());
        let mut lines = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let component = &step.component;
            let (value, formula) = if step.applies(&values) {
                let (exact, formula) = step.work_out(facts, &values);
                (rounded(exact, component.rounding, component.rounding_to.0), formula)
            } else {
                (Decimal::ZERO, String::new())
            };
            if value.abs() >= LIMIT {
                troubles
                    .push(Trouble::new("out-of-range", format!("{} is too large: {value}.", component.code)));
                return (Vec::new(), troubles);
            }
            values.push(value);
            if !value.is_zero() {
                lines.push(PayslipLine {
                    component: component.code.clone(),
                    name: component.name.clone(),
                    kind: component.kind.into(),
                    period: period.to_owned(),
                    amount: Money(value),
                    formula,
                    position: component.position,
                    statutory: component.statutory.clone(),
                });
            }
        }
        lines.sort_by(|a, b| (a.position, &a.component).cmp(&(b.position, &b.component)));
        (lines, troubles)
    }

    fn troubles(&self, facts: &Facts) -> Vec<Trouble> {
        let mut troubles = Vec::new();
        if let Some(piece) = facts.pieces.iter().find(|piece| piece.basis.is_none()) {
            let rule = format!(
                "Nothing is agreed for the days from {} on: add a compensation at /v1/compensations.",
                piece.starts_on
            );
            troubles.push(Trouble::new("no-compensation", rule));
        }
        if facts.month_days.is_zero() && !facts.pieces.is_empty() {
            troubles.push(Trouble::new(
                "no-working-days",
                "The month has no working days for them: see their working pattern and calendar.",
            ));
        }
        let extras = facts.agreed.iter().flat_map(|agreed| &agreed.extras).map(|extra| &extra.component);
        for code in extras.chain(facts.inputs.iter().map(|input| &input.component)) {
            if !self.takes(code) {
                let rule = format!(
                    "{code} is no component that takes amounts in this month: correct the compensation or the input."
                );
                troubles.push(Trouble::new("unknown-component", rule));
            }
        }
        if !facts.has_iban && !facts.pieces.is_empty() {
            let rule = "No account is known to pay to: add the IBAN to their personal data.".to_owned();
            troubles.push(Trouble { code: "no-bank-account", detail: rule, blocks: false });
        }
        troubles
    }
}

fn named(component: &PayComponent) -> impl Iterator<Item = &str> {
    let base = component.base.0.iter().map(|term| term.component.as_str());
    base.chain(component.conditions.0.iter().map(|each| each.component.as_str()))
}

/// Rounded to a step.
fn rounded(exact: Decimal, how: PayRounding, to: Decimal) -> Decimal {
    let strategy = match how {
        PayRounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
        PayRounding::Up => RoundingStrategy::AwayFromZero,
        PayRounding::Down => RoundingStrategy::ToZero,
    };
    // What is left of a division is no reason to round up: 100 / 3 * 3 is 100.
    ((exact / to).round_dp(12).round_dp_with_strategy(0, strategy) * to).normalize()
}

/// A number as people write it.
fn plain(number: Decimal) -> String {
    number.round_dp(6).normalize().to_string()
}

fn money(amount: Decimal) -> String {
    Money(amount.round_dp(4)).to_string()
}

impl PlanStep {
    fn applies(&self, values: &[Decimal]) -> bool {
        self.conditions.iter().all(|(place, from, to)| {
            let value = values[*place];
            from.is_none_or(|from| value >= from) && to.is_none_or(|to| value <= to)
        })
    }

    /// What it comes to, not rounded, and how.
    fn work_out(&self, facts: &Facts, values: &[Decimal]) -> (Decimal, String) {
        let component = &self.component;
        let (value, formula) = match component.method {
            ComponentMethod::Fixed => self.fixed(facts),
            ComponentMethod::Quantity => self.counted(facts),
            ComponentMethod::Percent => {
                let base = self.base(values);
                let rate = component.rate.unwrap_or_default().0;
                let bounds = self.bounds();
                (base * rate / Decimal::ONE_HUNDRED, format!("{} % of {}{bounds}", plain(rate), money(base)))
            }
            ComponentMethod::FlatBrackets => {
                let base = self.base(values);
                let found = component.brackets.0.iter().find(|row| row.to.is_none_or(|to| base <= to));
                let value =
                    found.map_or(Decimal::ZERO, |row| base * row.rate / Decimal::ONE_HUNDRED + row.amount);
                let row = found.map(told).unwrap_or_default();
                (value, format!("{row}, of {}{}", money(base), self.bounds()))
            }
            ComponentMethod::ProgressiveBrackets => {
                let base = self.base(values);
                let mut value = Decimal::ZERO;
                let mut parts = Vec::new();
                for row in component.brackets.0.iter().filter(|row| base > row.from) {
                    let part = row.to.map_or(base, |to| base.min(to)) - row.from;
                    value += part * row.rate / Decimal::ONE_HUNDRED;
                    parts.push(format!("{} % of {}", plain(row.rate), money(part)));
                }
                (value, format!("{}{}", parts.join(" + "), self.bounds()))
            }
        };
        // The salary is prorated as it is worked out.
        let is_whole = facts.month_days == facts.paid_days() || facts.month_days.is_zero();
        if !component.is_prorated || is_whole || component.source == ComponentSource::Salary {
            return (value, formula);
        }
        let (paid, all) = (facts.paid_days(), facts.month_days);
        (value * paid / all, format!("({formula}) × {} of {} days", plain(paid), plain(all)))
    }

    /// The sum that it is worked out from, within its bounds.
    fn base(&self, values: &[Decimal]) -> Decimal {
        let term = |(place, is_subtracted): &(usize, bool)| {
            if *is_subtracted { -values[*place] } else { values[*place] }
        };
        let sum: Decimal = self.base.iter().map(term).sum();
        let component = &self.component;
        let sum = (sum - component.allowance.unwrap_or_default().0).max(Decimal::ZERO);
        let sum = component.floor.map_or(sum, |floor| sum.max(floor.0));
        component.cap.map_or(sum, |cap| sum.min(cap.0))
    }

    fn bounds(&self) -> String {
        let component = &self.component;
        let allowance = component.allowance.map(|each| format!(", after an allowance of {each}"));
        let floor = component.floor.map(|each| format!(", floor {each}"));
        let cap = component.cap.map_or(", cap none".to_owned(), |each| format!(", cap {each}"));
        [allowance.unwrap_or_default(), floor.unwrap_or_default(), cap].concat()
    }

    fn fixed(&self, facts: &Facts) -> (Decimal, String) {
        let component = &self.component;
        let benefits = |amount: Decimal, rate: Decimal| {
            let earned = salary(facts).0;
            let formula = if rate.is_zero() {
                format!("{} for benefits", money(amount))
            } else {
                format!("{} and {} % of {} for benefits", money(amount), plain(rate), money(earned))
            };
            (amount + earned * rate / Decimal::ONE_HUNDRED, formula)
        };
        match component.source {
            ComponentSource::Salary => salary(facts),
            ComponentSource::AgreedSalary => {
                let agreed = facts.agreed_a_month();
                (agreed, format!("{} agreed for a full month", money(agreed)))
            }
            ComponentSource::Dependants => {
                (Decimal::from(facts.dependants), format!("{} dependants", facts.dependants))
            }
            ComponentSource::BenefitsOfEmployee => {
                benefits(facts.benefits.employee, facts.benefits.employee_rate)
            }
            ComponentSource::BenefitsOfEmployer => {
                benefits(facts.benefits.employer, facts.benefits.employer_rate)
            }
            _ => {
                // Who is not employed in the month gets nothing that is fixed.
                let own = component.amount.filter(|_| !facts.pieces.is_empty()).map(|amount| amount.0);
                let extras = facts.agreed.iter().flat_map(|agreed| &agreed.extras);
                let extras =
                    extras.filter(|extra| extra.component == component.code).map(|extra| extra.amount);
                let inputs = facts.inputs.iter().filter(|input| input.component == component.code);
                let inputs = inputs.filter_map(|input| input.amount);
                let parts: Vec<Decimal> = own.into_iter().chain(extras).chain(inputs).collect();
                let written: Vec<String> = parts.iter().map(|part| money(*part)).collect();
                (parts.iter().sum(), written.join(" + "))
            }
        }
    }

    fn counted(&self, facts: &Facts) -> (Decimal, String) {
        let component = &self.component;
        let given = facts.inputs.iter().filter(|input| input.component == component.code);
        let given: Decimal = given.filter_map(|input| input.quantity).sum();
        let (quantity, price, unit) = match component.source {
            ComponentSource::WorkedHours => (facts.worked_hours, facts.hour_pay(), "hours"),
            ComponentSource::OvertimeHours => {
                return self.overtime(facts);
            }
            ComponentSource::WorkedDays => {
                (facts.paid_days() - facts.paid_leave_days(), facts.day_pay(), "days")
            }
            ComponentSource::PaidLeaveDays => (facts.paid_leave_days(), facts.day_pay(), "days"),
            ComponentSource::UnpaidLeaveDays => (facts.unpaid_days(), facts.day_pay(), "days"),
            ComponentSource::LeaveDaysLeft => (facts.leave_days_left, facts.day_pay(), "days"),
            _ => (given, Decimal::ZERO, "units"),
        };
        let price = component.amount.map_or(price, |amount| amount.0);
        let times = component.rate.map_or(Decimal::ONE, |rate| rate.0);
        let factor = if times == Decimal::ONE { String::new() } else { format!(" × {}", plain(times)) };
        (quantity * price * times, format!("{} {unit} × {}{factor}", plain(quantity), money(price)))
    }

    /// Each hour is paid as many times as its rule says, and at least as many as the component does.
    fn overtime(&self, facts: &Facts) -> (Decimal, String) {
        let price = self.component.amount.map_or_else(|| facts.hour_pay(), |amount| amount.0);
        let least = self.component.rate.map_or(Decimal::ONE, |rate| rate.0);
        let mut value = Decimal::ZERO;
        let mut parts = Vec::new();
        for over in &facts.overtime {
            let times = over.multiplier.max(least);
            value += over.hours * price * times;
            parts.push(format!("{} hours × {} × {}", plain(over.hours), money(price), plain(times)));
        }
        (value, parts.join(" + "))
    }
}

fn told(row: &PayBracket) -> String {
    match (row.rate.is_zero(), row.amount.is_zero()) {
        (true, _) => money(row.amount),
        (false, true) => format!("{} %", plain(row.rate)),
        (false, false) => format!("{} % and {}", plain(row.rate), money(row.amount)),
    }
}

/// What was earned in the month: of a month's salary the part of the working days, of an hour's wage the hours.
fn salary(facts: &Facts) -> (Decimal, String) {
    if facts.month_days.is_zero() {
        return (Decimal::ZERO, String::new());
    }
    let planned: Decimal = facts.pieces.iter().map(|piece| piece.hours).sum();
    let mut of_days = Decimal::ZERO;
    let mut of_hours = Decimal::ZERO;
    let mut parts = Vec::new();
    for piece in &facts.pieces {
        let amount = piece.amount.unwrap_or_default();
        let days = piece.days - piece.unpaid_days;
        match piece.basis {
            Some(CompensationBasis::Hourly) => {
                let hours = hours_of(piece, facts.worked_hours, planned);
                of_hours += amount * hours;
                parts.push(format!("{} × {} hours", money(amount), plain(hours)));
            }
            Some(basis) => {
                let is_yearly = basis == CompensationBasis::Yearly;
                let monthly = if is_yearly { amount / Decimal::from(12) } else { amount };
                of_days += monthly * days;
                let yearly = if is_yearly { format!(" ({} a year)", money(amount)) } else { String::new() };
                parts.push(format!(
                    "{}{yearly} × {} of {} days",
                    money(monthly),
                    plain(days),
                    plain(facts.month_days)
                ));
            }
            None => {}
        }
    }
    (of_days / facts.month_days + of_hours, parts.join(" + "))
}

/// The hours of a piece: as timesheets have them, with leave that is paid; as they are planned, where there are no timesheets.
fn hours_of(piece: &Piece, worked: Decimal, planned: Decimal) -> Decimal {
    if worked.is_zero() || planned.is_zero() || piece.days.is_zero() {
        return piece.hours - piece.unpaid_hours;
    }
    worked * piece.hours / planned + piece.paid_leave_days * piece.hours / piece.days
}

/// What a month should have come to, less what was paid for it: a line for each difference. `paid` are the lines that are in the books.
#[must_use]
pub fn made_good(now: &[PayslipLine], paid: &[PayslipLine], period: &str) -> Vec<PayslipLine> {
    let is_money = |line: &&PayslipLine| !matches!(line.kind, LineKind::Figure | LineKind::Claim);
    let mut differences: Vec<PayslipLine> = Vec::new();
    let sum = |lines: &[PayslipLine], like: &PayslipLine| -> Decimal {
        let alike = lines.iter().filter(|line| line.component == like.component && line.kind == like.kind);
        alike.map(|line| line.amount.0).sum()
    };
    for line in now.iter().chain(paid).filter(is_money) {
        if differences.iter().any(|known| known.component == line.component && known.kind == line.kind) {
            continue;
        }
        let (due, before) = (sum(now, line), sum(paid, line));
        differences.push(PayslipLine {
            period: period.to_owned(),
            amount: Money(due - before),
            formula: format!("{} for {period}, less {} paid", money(due), money(before)),
            ..line.clone()
        });
    }
    differences.retain(|line| !line.amount.0.is_zero());
    differences
}
