//! What reports take: days, what they are compared with, what they are narrowed by.
use crate::period::{Comparison, Cut, Span};
use crate::report::ReportParameter;
use platform::prelude::*;

/// What a report of a period takes.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PeriodAsked {
    /// The first day; unless told, the first day of the fiscal year that `ends_on` is in.
    pub starts_on: Option<NaiveDate>,
    /// The last day; today, unless told.
    pub ends_on: Option<NaiveDate>,
    /// What stands beside it: the period before, as long, or the same days a year earlier.
    #[param(inline)]
    pub compare: Option<Comparison>,
    /// Cuts the period into columns: one for each month, 24 at the most.
    #[param(inline)]
    pub columns: Option<Cut>,
    /// Only what was booked for this department and those beneath it.
    pub department_id: Option<Uuid>,
    /// Only what was booked for this cost centre.
    pub cost_centre_id: Option<Uuid>,
    /// Only what was booked for this project.
    pub project_id: Option<Uuid>,
    /// Whether accounts on which nothing was booked are shown as well.
    #[param(default = false)]
    #[serde(default)]
    pub zero_rows: bool,
}

/// What a report of a day takes.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct DayAsked {
    /// The day at the end of which it tells how things stand; today, unless told.
    pub on: Option<NaiveDate>,
    /// What stands beside it: the day a month before, or a year before.
    #[param(inline)]
    pub compare: Option<Comparison>,
    /// A column for the end of each month of the fiscal year up to the day.
    #[param(inline)]
    pub columns: Option<Cut>,
    /// Only what was booked for this department and those beneath it.
    pub department_id: Option<Uuid>,
    /// Only what was booked for this cost centre.
    pub cost_centre_id: Option<Uuid>,
    /// Only what was booked for this project.
    pub project_id: Option<Uuid>,
    /// Whether accounts on which nothing was booked are shown as well.
    #[param(default = false)]
    #[serde(default)]
    pub zero_rows: bool,
}

/// What a report is narrowed by beside its days.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dimensions {
    pub department: Option<Uuid>,
    pub cost_centre: Option<Uuid>,
    pub project: Option<Uuid>,
}

impl Dimensions {
    fn each(self) -> impl Iterator<Item = (&'static str, Uuid)> {
        let all = [
            ("department_id", self.department),
            ("cost_centre_id", self.cost_centre),
            ("project_id", self.project),
        ];
        all.into_iter().filter_map(|(name, id)| Some((name, id?)))
    }

    pub fn are_any(self) -> bool {
        self != Self::default()
    }

    /// As links to journal lines have them.
    pub fn query(self) -> String {
        // Journal lines of a department are those booked for it alone, unless told.
        let lines = |name| if name == "department_id" { "department_branch_id" } else { name };
        let parts: Vec<String> = self.each().map(|(name, id)| format!("&{}={id}", lines(name))).collect();
        parts.concat()
    }

    /// As the report tells them.
    pub fn parameters(self) -> Vec<ReportParameter> {
        self.each()
            .map(|(name, id)| ReportParameter { parameter: name.into(), value: id.to_string() })
            .collect()
    }
}

impl PeriodAsked {
    pub fn dimensions(&self) -> Dimensions {
        Dimensions {
            department: self.department_id,
            cost_centre: self.cost_centre_id,
            project: self.project_id,
        }
    }

    pub fn last_day(&self) -> NaiveDate {
        self.ends_on.unwrap_or_else(today)
    }

    /// The period, where the fiscal year of its last day begins on this one.
    ///
    /// # Errors
    /// 422 where it ends before it begins.
    pub fn span(&self, year_starts_on: NaiveDate) -> Result<Span> {
        Span::new(self.starts_on.unwrap_or(year_starts_on), self.last_day())
    }

    /// The parameters that the report tells beside its days.
    pub fn parameters(&self) -> Vec<ReportParameter> {
        told(self.compare, self.columns, self.zero_rows, self.dimensions())
    }
}

impl DayAsked {
    pub fn dimensions(&self) -> Dimensions {
        Dimensions {
            department: self.department_id,
            cost_centre: self.cost_centre_id,
            project: self.project_id,
        }
    }

    pub fn day(&self) -> NaiveDate {
        self.on.unwrap_or_else(today)
    }

    pub fn parameters(&self) -> Vec<ReportParameter> {
        told(self.compare, self.columns, self.zero_rows, self.dimensions())
    }
}

fn told(
    compare: Option<Comparison>,
    cut: Option<Cut>,
    zero_rows: bool,
    by: Dimensions,
) -> Vec<ReportParameter> {
    let said =
        |parameter: &str, value: &str| ReportParameter { parameter: parameter.into(), value: value.into() };
    let compared = compare.map(|compare| said("compare", compare.as_str()));
    let cut = cut.map(|cut| said("columns", cut.as_str()));
    let zero = zero_rows.then(|| said("zero_rows", "true"));
    compared.into_iter().chain(cut).chain(zero).chain(by.parameters()).collect()
}

/// The day that it is in UTC.
pub fn today() -> NaiveDate {
    Utc::now().date_naive()
}
