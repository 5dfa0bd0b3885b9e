//! Reports on training: who lacks what, and what training costs whom.

use crate::certificates::Certificate;
use chrono::Datelike;
use diesel::sql_types::{Date, Integer, Nullable, Text, Uuid as SqlUuid};
use platform::export::Format;
use platform::prelude::*;
use platform::tables::{Lines, Tabled};
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of growth.
    #[expect(clippy::too_many_arguments, reason = "a report's filters, one by one")]
    fn training_compliance(on: Date, within: Integer, department: Nullable<SqlUuid>, course: Nullable<SqlUuid>, position: Nullable<SqlUuid>,
        state: Nullable<Text>, after_employee: Nullable<SqlUuid>, after_course: Nullable<SqlUuid>, most: Integer) -> Jsonb;
}
diesel::define_sql_function! {
    /// See the migration of growth.
    fn training_costs(from: Date, to: Date) -> Jsonb;
}

text_enum! {
    /// How somebody stands with a certificate that they have to have: they have it; it expires soon; it has expired; they have none and
    /// should; they have none and still have time.
    pub enum ComplianceState { Compliant = "compliant", Expiring = "expiring", Expired = "expired", Missing = "missing", Due = "due" }
}

/// Whose training is asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ComplianceQuery {
    /// The day; today (UTC), unless told.
    #[param(required = false)]
    on: Option<NaiveDate>,
    /// What expires within so many days is told as expiring; 30, unless told.
    #[param(required = false, minimum = 0, maximum = 3650, default = 30)]
    within_days: Option<i32>,
    /// Only people of this department and those beneath it.
    #[param(required = false)]
    department_id: Option<Uuid>,
    /// Only this course.
    #[param(required = false)]
    course_id: Option<Uuid>,
    /// Only people in this position.
    #[param(required = false)]
    position_id: Option<Uuid>,
    /// Only findings of this state; unless told, all but those who are compliant. Counts are of all.
    #[param(required = false, inline)]
    state: Option<ComplianceState>,
    /// Findings behind this one: `next_after` of the part before.
    #[param(required = false, min_length = 1, max_length = 80)]
    after: Option<String>,
    /// How many findings at the most.
    #[param(required = false, minimum = 1, maximum = 1000, default = 200)]
    limit: Option<i32>,
}

/// Who has what they have to have.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct TrainingCompliance {
    /// The day.
    as_of_on: NaiveDate,
    /// How many people were looked at: those employed that day whom the caller may see.
    #[schema(minimum = 0, example = 250)]
    people: i64,
    /// All of them.
    totals: ComplianceCounts,
    /// By course.
    #[schema(max_items = 100_000)]
    courses: Vec<CourseCompliance>,
    /// By department, each for itself.
    #[schema(max_items = 100_000)]
    departments: Vec<DepartmentCompliance>,
    /// Who has not what they should, one by one, ordered by employee.
    #[schema(max_items = 1000)]
    findings: Vec<ComplianceFinding>,
    /// To be sent as `after` for more; null where there are no more.
    #[schema(max_length = 80, example = json!(null))]
    next_after: Option<String>,
    #[serde(skip_serializing, default)]
    has_more: bool,
}

/// How many certificates people have to have, and how they stand.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ComplianceCounts {
    /// How many they have to have.
    #[schema(minimum = 0, example = 100)]
    required: i64,
    /// How many they have, beyond those that expire soon.
    #[schema(minimum = 0, example = 90)]
    compliant: i64,
    /// How many of those that they have expire soon.
    #[schema(minimum = 0, example = 4)]
    expiring: i64,
    /// How many have expired.
    #[schema(minimum = 0, example = 3)]
    expired: i64,
    /// How many they should have and have not.
    #[schema(minimum = 0, example = 2)]
    missing: i64,
    /// How many they have not and still have time for.
    #[schema(minimum = 0, example = 1)]
    due: i64,
}

/// The same for a course.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct CourseCompliance {
    /// The course.
    course_id: Uuid,
    /// What people call it in a word.
    #[schema(max_length = 20, example = "FIRE-SAFETY")]
    code: String,
    /// What it is.
    #[schema(max_length = 100, example = "Fire safety at work")]
    name: String,
    /// How they stand.
    counts: ComplianceCounts,
}

/// The same for a department.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct DepartmentCompliance {
    /// The department.
    department_id: Uuid,
    /// What people call it in a word.
    #[schema(max_length = 20, example = "FIN")]
    code: String,
    /// Its name.
    #[schema(max_length = 100, example = "Finance")]
    name: String,
    /// How they stand.
    counts: ComplianceCounts,
}

/// That somebody has not what they should, or will not have it soon.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ComplianceFinding {
    /// Who.
    employee_id: Uuid,
    /// Their number.
    #[schema(max_length = 20, example = "E-0251")]
    employee_number: String,
    /// What they are called.
    #[schema(max_length = 201, example = "Ana Popescu")]
    name: String,
    /// Where they work.
    department_id: Option<Uuid>,
    /// What they work as.
    position_id: Option<Uuid>,
    /// What they have to have.
    course_id: Uuid,
    /// What people call that in a word.
    #[schema(max_length = 20, example = "FIRE-SAFETY")]
    course_code: String,
    /// What it is.
    #[schema(max_length = 100, example = "Fire safety at work")]
    course_name: String,
    #[schema(inline)]
    state: ComplianceState,
    /// By when they have to have it for the first time.
    #[schema(example = "2026-01-31")]
    due_on: NaiveDate,
    /// The certificate that they have, the one that holds longest; null where they have none.
    certificate_id: Option<Uuid>,
    /// Its last day.
    #[schema(example = json!(null))]
    expires_on: Option<NaiveDate>,
}

/// How many findings a file holds at the most.
const IN_A_FILE: i32 = 1_000_000;

/// As a file it is who lacks what.
impl Lines for TrainingCompliance {
    type Line = ComplianceFinding;
    const NAME: &'static str = "training-compliance";
    fn lines(&self) -> &[ComplianceFinding] {
        &self.findings
    }
}

/// Read who has the training that they have to have
///
/// Sets what positions and departments ask for against the certificates that people have, as of a day: counts of all, by course and by
/// department, and who lacks what, a part at a time. With the reach `team` it is about those who report to the caller. With `Accept: text/csv`
/// or XLSX it is who lacks what alone, in one piece. Changes nothing.
#[utoipa::path(get, path = "/v1/reports/training-compliance", tag = "Growth")]
async fn get_training_compliance(
    may: May<Read, Certificate>,
    query: Params<ComplianceQuery>,
) -> Reply<Tabled<TrainingCompliance>> {
    let asked = query.0;
    let file = Format::accepted(may.http()).filter(|format| *format != Format::Ndjson);
    let after = asked.after.as_deref().map(read_after).transpose()?;
    let told = may
        .read(async |db| {
            let report = training_compliance(
                asked.on.unwrap_or_else(|| Utc::now().date_naive()),
                asked.within_days.unwrap_or(30),
                asked.department_id,
                asked.course_id,
                asked.position_id,
                asked.state.map(ComplianceState::as_str),
                after.map(|(employee, _)| employee),
                after.map(|(_, course)| course),
                if file.is_some() { IN_A_FILE } else { asked.limit.unwrap_or(200) },
            );
            let told: Value = diesel::select(report).get_result(db).await?;
            serde_json::from_value::<TrainingCompliance>(told).map_err(Problem::internal)
        })
        .await?;
    let last = told.findings.last().filter(|_| told.has_more);
    let next_after = last.map(|last| format!("{}.{}", last.employee_id, last.course_id));
    Tabled(TrainingCompliance { next_after, ..told }, file).answer(may.grants())
}

fn read_after(after: &str) -> Result<(Uuid, Uuid)> {
    let parts = after.split_once('.').and_then(|(one, other)| Some((one.parse().ok()?, other.parse().ok()?)));
    parts.ok_or_else(|| {
        let rule = "must be `next_after` of a part of this report";
        Problem::invalid(vec![Fault::of("after", "bad-cursor", rule)])
    })
}

/// Which time is asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct TrainingCostsQuery {
    /// The first day; unless told, that of the year of `ends_on`.
    #[param(required = false)]
    starts_on: Option<NaiveDate>,
    /// The last day, on which sessions that count have begun; today (UTC), unless told.
    #[param(required = false)]
    ends_on: Option<NaiveDate>,
}

/// What training costs.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct TrainingCosts {
    /// The first day.
    starts_on: NaiveDate,
    /// The last day.
    ends_on: NaiveDate,
    /// By department and currency: a session's cost is borne alike by all who had a seat in it, where they worked that day.
    #[schema(max_items = 100_000)]
    departments: Vec<DepartmentTraining>,
    /// By course and currency.
    #[schema(max_items = 100_000)]
    courses: Vec<CourseTraining>,
}

/// What the training of a department costs.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct DepartmentTraining {
    /// The department; null for those who were in none.
    department_id: Option<Uuid>,
    /// What people call it in a word.
    #[schema(max_length = 20, example = "FIN")]
    code: Option<String>,
    /// Its name.
    #[schema(max_length = 100, example = "Finance")]
    name: Option<String>,
    /// The currency of the cost (ISO 4217); null where nothing was paid.
    #[schema(max_length = 3, example = "EUR")]
    currency: Option<String>,
    #[schema(example = "600.00")]
    cost: Money,
    /// Seats that were taken.
    #[schema(minimum = 0, example = 12)]
    seats: i64,
    /// How many of those came.
    #[schema(minimum = 0, example = 11)]
    attended: i64,
}

/// What a course costs, and what came of it.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct CourseTraining {
    /// The course.
    course_id: Uuid,
    /// What people call it in a word.
    #[schema(max_length = 20, example = "FIRE-SAFETY")]
    code: String,
    /// What it is.
    #[schema(max_length = 100, example = "Fire safety at work")]
    name: String,
    /// The currency of the cost (ISO 4217); null where nothing was paid.
    #[schema(max_length = 3, example = "EUR")]
    currency: Option<String>,
    #[schema(example = "600.00")]
    cost: Money,
    /// How often it was held.
    #[schema(minimum = 0, example = 1)]
    sessions: i64,
    /// Seats that were taken.
    #[schema(minimum = 0, example = 12)]
    seats: i64,
    /// How many of those came.
    #[schema(minimum = 0, example = 11)]
    attended: i64,
    /// How many passed.
    #[schema(minimum = 0, example = 10)]
    passed: i64,
    /// What those who came think of it, from 1 to 5 on the average; null where nobody said.
    #[schema(max_length = 8, example = "4.20")]
    rating: Option<String>,
    /// How many said what they think.
    #[schema(minimum = 0, example = 5)]
    ratings: i64,
}

impl Named for TrainingCosts {
    const NAME: &'static str = "training-costs";
}

/// Read what training costs
///
/// Sessions that began between two days and were not cancelled, by department and by course: what they cost, who came, who passed, and
/// what people think of them. Changes nothing.
#[utoipa::path(get, path = "/v1/reports/training-costs", tag = "Growth")]
async fn get_training_costs(
    may: May<Read, TrainingCosts>,
    query: Params<TrainingCostsQuery>,
) -> Reply<Plain<TrainingCosts>> {
    let ends_on = query.0.ends_on.unwrap_or_else(|| Utc::now().date_naive());
    let starts_on = query.0.starts_on.or_else(|| ends_on.with_ordinal(1)).unwrap_or(ends_on);
    if ends_on < starts_on {
        let rule = "must not be before `starts_on`";
        return Err(Problem::invalid(vec![Fault::of("ends_on", "too-early", rule)]));
    }
    let told = may
        .read(async |db| {
            let told: Value = diesel::select(training_costs(starts_on, ends_on)).get_result(db).await?;
            serde_json::from_value::<TrainingCosts>(told).map_err(Problem::internal)
        })
        .await?;
    Plain(told).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_training_compliance)).call(operation!(get_training_costs));
}
