//! Working patterns: the hours of each weekday, over as many weeks as go by until it begins again, and what of more than that is overtime.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::working_patterns;
use std::collections::HashSet;

/// The hours of a week, day by day.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternWeek {
    /// Hours on Monday, 24 at the most.
    #[schema(value_type = String, max_length = 5, pattern = r"^([0-9]|1[0-9]|2[0-4])(\.[0-9]{1,2})?$", example = "8")]
    monday: Decimal,
    /// Hours on Tuesday.
    #[schema(value_type = String, max_length = 5, pattern = r"^([0-9]|1[0-9]|2[0-4])(\.[0-9]{1,2})?$", example = "8")]
    tuesday: Decimal,
    /// Hours on Wednesday.
    #[schema(value_type = String, max_length = 5, pattern = r"^([0-9]|1[0-9]|2[0-4])(\.[0-9]{1,2})?$", example = "8")]
    wednesday: Decimal,
    /// Hours on Thursday.
    #[schema(value_type = String, max_length = 5, pattern = r"^([0-9]|1[0-9]|2[0-4])(\.[0-9]{1,2})?$", example = "8")]
    thursday: Decimal,
    /// Hours on Friday.
    #[schema(value_type = String, max_length = 5, pattern = r"^([0-9]|1[0-9]|2[0-4])(\.[0-9]{1,2})?$", example = "8")]
    friday: Decimal,
    /// Hours on Saturday.
    #[schema(value_type = String, max_length = 5, pattern = r"^([0-9]|1[0-9]|2[0-4])(\.[0-9]{1,2})?$", example = "0")]
    saturday: Decimal,
    /// Hours on Sunday.
    #[schema(value_type = String, max_length = 5, pattern = r"^([0-9]|1[0-9]|2[0-4])(\.[0-9]{1,2})?$", example = "0")]
    sunday: Decimal,
}

impl PatternWeek {
    fn days(&self) -> [(&'static str, Decimal); 7] {
        [
            ("monday", self.monday),
            ("tuesday", self.tuesday),
            ("wednesday", self.wednesday),
            ("thursday", self.thursday),
            ("friday", self.friday),
            ("saturday", self.saturday),
            ("sunday", self.sunday),
        ]
    }
}

text_enum! {
    /// What hours are counted over: a day, a day on which the pattern or a public holiday leaves nothing to work, or a week.
    pub enum OvertimePer { Day = "day", FreeDay = "free_day", Week = "week" }
}

/// A rule to be: hours above a number are overtime, up to that of the next rule of the same kind. An hour is overtime once: by its day, else by its week.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOvertimeRule {
    /// What hours are counted over.
    #[schema(example = "day")]
    per: OvertimePer,
    /// Above how many hours.
    #[schema(value_type = String, max_length = 6, pattern = r"^[0-9]{1,3}(\.[0-9]{1,2})?$", example = "8")]
    over: Decimal,
    /// How many times the usual wage such an hour is worth.
    #[schema(value_type = String, max_length = 7, pattern = r"^[0-9]{1,2}(\.[0-9]{1,4})?$", example = "1.75")]
    multiplier: Decimal,
}

/// Hours above a number are overtime, up to that of the next rule of the same kind. An hour is overtime once: by its day, else by its week.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OvertimeRule {
    /// What hours are counted over.
    #[schema(example = "day")]
    per: OvertimePer,
    /// Above how many hours.
    #[schema(value_type = String, max_length = 6, pattern = r"^[0-9]{1,3}(\.[0-9]{1,2})?$", example = "8")]
    over: Decimal,
    /// How many times the usual wage such an hour is worth.
    #[schema(value_type = String, max_length = 7, pattern = r"^[0-9]{1,2}(\.[0-9]{1,4})?$", example = "1.75")]
    multiplier: Decimal,
}

/// How somebody works.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = working_patterns)]
pub struct WorkingPattern {
    pub id: Uuid,
    pub version: i64,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, example = "FULL")]
    pub code: String,
    /// What it is called.
    #[schema(max_length = 100, example = "Forty hours")]
    pub name: String,
    /// Its weeks, one after the other; after the last it begins again.
    #[schema(value_type = Vec<PatternWeek>, max_items = 12)]
    pub weeks: List<PatternWeek>,
    /// A Monday on which the first of them begins.
    #[schema(example = "2024-01-01")]
    pub cycle_starts_on: NaiveDate,
    /// What is overtime.
    #[schema(value_type = Vec<OvertimeRule>, max_items = 12)]
    pub overtime: List<OvertimeRule>,
    /// Whether it is that of everybody who has none of their own, in the share of full time that they are employed for.
    #[schema(example = true)]
    pub is_default: bool,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A working pattern to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = working_patterns)]
#[serde(deny_unknown_fields)]
pub struct NewWorkingPattern {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9-]{0,19}$", example = "FULL")]
    code: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Forty hours")]
    name: String,
    /// Its weeks, one after the other; after the last it begins again.
    #[schema(value_type = Vec<PatternWeek>, min_items = 1, max_items = 12)]
    weeks: List<PatternWeek>,
    /// A Monday on which the first of them begins; left out, 1 January 2024.
    #[schema(example = "2024-01-01")]
    cycle_starts_on: Option<NaiveDate>,
    /// What is overtime; nothing, unless told.
    #[schema(value_type = Option<Vec<NewOvertimeRule>>, max_items = 12)]
    overtime: Option<List<NewOvertimeRule>>,
    /// Whether it becomes that of everybody who has none of their own, in the place of the one that was.
    #[schema(example = false)]
    #[serde(default)]
    is_default: bool,
}

/// What of a working pattern can be changed. Weeks that were handed in and leave that was agreed to stay as they were.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = working_patterns)]
#[serde(deny_unknown_fields)]
pub struct EditWorkingPattern {
    /// What people call it in a word; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9-]{0,19}$", example = "FULL-40")]
    code: Option<String>,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Forty hours a week")]
    name: Option<String>,
    /// All its weeks.
    #[schema(value_type = Option<Vec<PatternWeek>>, min_items = 1, max_items = 12)]
    weeks: Option<List<PatternWeek>>,
    /// A Monday on which the first of them begins.
    #[schema(example = "2024-01-01")]
    cycle_starts_on: Option<NaiveDate>,
    /// All its rules of overtime.
    #[schema(value_type = Option<Vec<NewOvertimeRule>>, max_items = 12)]
    overtime: Option<List<NewOvertimeRule>>,
    /// Whether it is that of everybody who has none of their own.
    #[schema(example = true)]
    is_default: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct WorkingPatternFilter {
    /// Only the pattern with this code.
    #[param(min_length = 1, max_length = 20)]
    code: Option<String>,
}

impl Named for WorkingPattern {
    const NAME: &'static str = "working-patterns";
}

impl Resource for WorkingPattern {
    const PATH: &'static str = "/v1/working-patterns";
    const SINGULAR: &'static str = "working_pattern";
    const TAG: &'static str = "Working time";
    const SORT: &'static [SortKey] =
        &[SortKey::text("code"), SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "code";
    type Filter = WorkingPatternFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for WorkingPattern {
    type Table = working_patterns::table;
    const TABLE: &'static str = "working_patterns";
    const SEARCHED: &'static [&'static str] = &["code", "name"];

    fn narrow(rows: Rows<Self>, by: WorkingPatternFilter) -> Rows<Self> {
        rows.when(by.code, |rows, code| rows.filter(working_patterns::code.eq(code)))
    }
}

impl Written for WorkingPattern {
    type New = NewWorkingPattern;
    type Edit = EditWorkingPattern;

    async fn check_new(_: &mut Db, new: &NewWorkingPattern) -> Result<()> {
        check(Some(&new.weeks), new.overtime.as_ref(), new.cycle_starts_on)
    }

    async fn check_edit(_: &mut Db, _: &Self, edit: &EditWorkingPattern) -> Result<()> {
        check(edit.weeks.as_ref(), edit.overtime.as_ref(), edit.cycle_starts_on)
    }
}

/// What the schema does not say of weeks and rules.
fn check(
    weeks: Option<&List<PatternWeek>>,
    overtime: Option<&List<NewOvertimeRule>>,
    cycle_starts_on: Option<NaiveDate>,
) -> Result<()> {
    use chrono::Datelike;
    let mut faults = Vec::new();
    for (place, week) in weeks.into_iter().flat_map(|weeks| weeks.0.iter().enumerate()) {
        for (day, _) in week.days().into_iter().filter(|(_, hours)| *hours > Decimal::from(24)) {
            faults.push(Fault::at(format!("/weeks/{place}/{day}"), "too-large", "must be 24 at the most"));
        }
    }
    let mut known = HashSet::new();
    for (place, rule) in overtime.into_iter().flat_map(|rules| rules.0.iter().enumerate()) {
        if !known.insert((rule.per, rule.over)) {
            let told = "must be another number of hours than the other rules of the same kind have";
            faults.push(Fault::at(format!("/overtime/{place}/over"), "twice", told));
        }
        if rule.multiplier < Decimal::ONE {
            let told = "must be 1 at least: an hour of overtime is worth no less than another";
            faults.push(Fault::at(format!("/overtime/{place}/multiplier"), "too-small", told));
        }
    }
    if cycle_starts_on.is_some_and(|day| day.weekday() != chrono::Weekday::Mon) {
        faults.push(Fault::at("/cycle_starts_on", "no-monday", "must be a Monday"));
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

pub fn routes(api: &mut Api) {
    api.readable::<WorkingPattern>()
        .creatable::<WorkingPattern>()
        .changeable::<WorkingPattern>()
        .deletable::<WorkingPattern>();
}
