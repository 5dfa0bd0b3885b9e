//! What hiring comes to: the pipeline by stage, how long hires take, where they come from, and what is still to be done for those who come and go. Each tells
//! of what the caller may see.

use crate::applications::Application;
use crate::candidates::CandidateSource;
use crate::checklist_templates::ChecklistKind;
use crate::checklists::Checklist;
use crate::stages::HiringStageStatus;
use diesel::sql_types::{Date, Nullable, Text, Uuid as SqlUuid};
use platform::prelude::*;
use serde::de::DeserializeOwned;
use serde_json::Value;

diesel::define_sql_function! {
    fn report_pipeline(opening: Nullable<SqlUuid>) -> Jsonb;
}
diesel::define_sql_function! {
    fn report_time_to_hire(from_day: Date, to_day: Date) -> Jsonb;
}
diesel::define_sql_function! {
    fn report_hire_sources(from_day: Date, to_day: Date) -> Jsonb;
}
diesel::define_sql_function! {
    fn report_open_checklists(kind: Nullable<Text>) -> Jsonb;
}

/// Of which openings the pipeline is.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PipelineAsked {
    /// Only applications for this opening.
    job_opening_id: Option<Uuid>,
}

/// Where applications stand.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HiringPipeline {
    /// The stages, in their order.
    #[schema(max_items = 1000)]
    stages: Vec<PipelineStage>,
}

/// A stage, and how many applications are at it, or ended there.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PipelineStage {
    /// The stage.
    stage_id: Uuid,
    /// What it is called.
    #[schema(max_length = 100, example = "Technical interview")]
    name: String,
    /// Where it stands among the others.
    #[schema(minimum = 1, maximum = 1000, example = 30)]
    place: i32,
    status: HiringStageStatus,
    /// How many are there.
    #[schema(minimum = 0, example = 4)]
    active: i64,
    /// How many were rejected there.
    #[schema(minimum = 0, example = 7)]
    rejected: i64,
    /// How many were withdrawn there.
    #[schema(minimum = 0, example = 1)]
    withdrawn: i64,
    /// How many led to a hire from there.
    #[schema(minimum = 0, example = 2)]
    hired: i64,
    /// How many days those who are there have been there, on average; null where nobody is.
    #[schema(max_length = 12, example = "3.5")]
    average_days: Option<String>,
}

/// Between which days.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct DaysAsked {
    /// From this day on; the first of this year, unless told.
    from: Option<NaiveDate>,
    /// Until this day; today, unless told.
    to: Option<NaiveDate>,
}

impl DaysAsked {
    fn days(&self) -> Result<(NaiveDate, NaiveDate)> {
        use chrono::Datelike;
        let to = self.to.unwrap_or_else(|| Utc::now().date_naive());
        let from = self.from.or_else(|| NaiveDate::from_ymd_opt(to.year(), 1, 1)).unwrap_or(to);
        if from > to {
            let fault = Fault::of("to", "before-from", "must not be before `from`");
            return Err(Problem::invalid(vec![fault]));
        }
        Ok((from, to))
    }
}

/// How long hires take: from the day on which somebody applied to the day on which they accepted.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TimeToHire {
    /// How many were hired.
    #[schema(minimum = 0, example = 2)]
    hires: i64,
    /// How many days that took, on average; null where nobody was.
    #[schema(max_length = 12, example = "24.5")]
    average_days: Option<String>,
    /// The days that it took at the most for half of them.
    #[schema(max_length = 12, example = "24.5")]
    median_days: Option<String>,
    /// The same by opening.
    #[schema(max_items = 100_000)]
    openings: Vec<TimeToHireOfOpening>,
}

/// How long the hires of an opening took.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TimeToHireOfOpening {
    /// The opening.
    job_opening_id: Uuid,
    /// What it is called.
    #[schema(max_length = 200, example = "Payroll accountant (f/m/x)")]
    title: String,
    /// How many were hired.
    #[schema(minimum = 1, example = 2)]
    hires: i64,
    /// How many days that took, on average.
    #[schema(max_length = 12, example = "24.5")]
    average_days: String,
    /// The days that it took at the most for half of them.
    #[schema(max_length = 12, example = "24.5")]
    median_days: String,
    /// How many days after the opening was opened they accepted, on average.
    #[schema(max_length = 12, example = "31.0")]
    average_days_open: Option<String>,
}

/// Where those came from who applied.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HireSources {
    /// The sources, that of the most hires first.
    #[schema(max_items = 20)]
    sources: Vec<HireSource>,
}

/// A source, and what came of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HireSource {
    /// How they heard of the organization, or it of them.
    #[schema(example = "referral")]
    source: CandidateSource,
    /// How many people applied.
    #[schema(minimum = 1, example = 10)]
    candidates: i64,
    /// How often.
    #[schema(minimum = 1, example = 12)]
    applications: i64,
    /// How many of these led to a hire.
    #[schema(minimum = 0, example = 3)]
    hires: i64,
    /// The same in percent of the applications.
    #[schema(max_length = 6, example = "25.0")]
    hired_percent: String,
}

/// Which checklists.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct OpenChecklistsAsked {
    /// Only those who come, or only those who go.
    #[param(inline)]
    kind: Option<ChecklistKind>,
}

/// What is still to be done for those who come and go.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct OpenChecklists {
    /// The open checklists, the earliest day first, 1,000 at the most.
    #[schema(max_items = 1000)]
    checklists: Vec<OpenChecklist>,
}

/// A checklist of which something is still to be done.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OpenChecklist {
    /// The checklist.
    checklist_id: Uuid,
    /// Whom it is about.
    employee_id: Uuid,
    /// Their name.
    #[schema(max_length = 201, example = "Ioana Radu")]
    employee: String,
    /// Whether somebody comes or goes.
    #[schema(example = "onboarding")]
    kind: ChecklistKind,
    /// Their first or last day.
    #[schema(example = "2026-12-01")]
    day_on: NaiveDate,
    /// How many tasks it has.
    #[schema(minimum = 1, maximum = 100, example = 8)]
    tasks: i64,
    /// How many of them are still to be done.
    #[schema(minimum = 0, maximum = 100, example = 3)]
    open_tasks: i64,
    /// How many of these were due before today.
    #[schema(minimum = 0, maximum = 100, example = 1)]
    overdue_tasks: i64,
    /// The day on which the next is due, or was.
    #[schema(example = "2026-11-30")]
    next_due_on: Option<NaiveDate>,
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T> {
    serde_json::from_value(value).map_err(Problem::internal)
}

/// Report the hiring pipeline
///
/// How many applications are at each stage, how long they have been there, and how many ended there and how.
#[utoipa::path(get, path = "/v1/reports/hiring-pipeline", tag = "Hiring")]
async fn report_hiring_pipeline(
    may: May<Read, Application>,
    asked: Params<PipelineAsked>,
) -> Reply<Plain<HiringPipeline>> {
    let stages = may
        .read(async |db| {
            let stages = diesel::select(report_pipeline(asked.0.job_opening_id));
            Ok(stages.get_result::<Value>(db).await?)
        })
        .await?;
    Plain(HiringPipeline { stages: read(stages)? }).answer(may.grants())
}

/// Report the time to hire
///
/// How many days passed from the day on which somebody applied to the day on which they accepted, for those who did in a time: on average, in the middle, and by opening.
#[utoipa::path(get, path = "/v1/reports/time-to-hire", tag = "Hiring")]
async fn report_hiring_time(
    may: May<Read, Application>,
    asked: Params<DaysAsked>,
) -> Reply<Plain<TimeToHire>> {
    let (from, to) = asked.0.days()?;
    let hires = may
        .read(async |db| Ok(diesel::select(report_time_to_hire(from, to)).get_result::<Value>(db).await?))
        .await?;
    Plain(read::<TimeToHire>(hires)?).answer(may.grants())
}

/// Report the sources of hires
///
/// Where those came from who applied in a time, and how many of them were hired.
#[utoipa::path(get, path = "/v1/reports/hire-sources", tag = "Hiring")]
async fn report_sources_of_hires(
    may: May<Read, Application>,
    asked: Params<DaysAsked>,
) -> Reply<Plain<HireSources>> {
    let (from, to) = asked.0.days()?;
    let sources = may
        .read(async |db| Ok(diesel::select(report_hire_sources(from, to)).get_result::<Value>(db).await?))
        .await?;
    Plain(HireSources { sources: read(sources)? }).answer(may.grants())
}

/// Report open checklists
///
/// For whom something is still to be done who comes or goes, how much of it, and what is overdue.
#[utoipa::path(get, path = "/v1/reports/open-checklists", tag = "Hiring")]
async fn report_checklists(
    may: May<Read, Checklist>,
    asked: Params<OpenChecklistsAsked>,
) -> Reply<Plain<OpenChecklists>> {
    let kind = asked.0.kind.map(ChecklistKind::as_str);
    let checklists = may
        .read(async |db| Ok(diesel::select(report_open_checklists(kind)).get_result::<Value>(db).await?))
        .await?;
    Plain(OpenChecklists { checklists: read(checklists)? }).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(report_hiring_pipeline))
        .call(operation!(report_hiring_time))
        .call(operation!(report_sources_of_hires))
        .call(operation!(report_checklists));
}
