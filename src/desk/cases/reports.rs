//! What cases come from, and whether what was promised was kept.

use crate::case_files::{CaseFile, RootCause};
use diesel::sql_types::Date;
use platform::prelude::*;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of tasks.
    fn report_cases(from_day: Date, to_day: Date) -> Jsonb;
}

/// Between which days cases were opened.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CasesAsked {
    /// From this day on.
    from: NaiveDate,
    /// Until this day; today, unless told.
    to: Option<NaiveDate>,
}

/// What cases come from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CasesByCause {
    /// Each root cause, the most frequent first.
    #[schema(max_items = 20)]
    data: Vec<CasesOfCause>,
}

/// The cases of a root cause.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CasesOfCause {
    /// The root cause; null where none is known yet.
    root_cause: Option<RootCause>,
    /// How many there are.
    #[schema(minimum = 0, example = 7)]
    cases: i64,
    /// How many of them wait for an answer.
    #[schema(minimum = 0, example = 1)]
    open: i64,
    /// For how many the answer came as promised.
    #[schema(minimum = 0, example = 5)]
    kept: i64,
    /// For how many it did not.
    #[schema(minimum = 0, example = 1)]
    broken: i64,
    /// How many ended in a credit note.
    #[schema(minimum = 0, example = 3)]
    credit_notes: i64,
    /// How many hours passed until the answer, on average: a decimal as text; null where there was none.
    #[schema(max_length = 12, example = "26.5")]
    average_hours: Option<String>,
}

/// Report cases by root cause
///
/// Why customers came to the back office, in how many cases what was promised was kept, and how long answers took: of cases opened in a time.
#[utoipa::path(get, path = "/v1/reports/cases-by-cause", tag = "Cases")]
async fn report_causes_of_cases(
    may: May<Read, CaseFile>,
    asked: Params<CasesAsked>,
) -> Reply<Plain<CasesByCause>> {
    let (from, to) = (asked.0.from, asked.0.to.unwrap_or_else(|| Utc::now().date_naive()));
    let told = may
        .read(async |db| Ok(diesel::select(report_cases(from, to)).get_result::<Value>(db).await?))
        .await?;
    let data = serde_json::from_value(told).map_err(Problem::internal)?;
    Plain(CasesByCause { data }).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(report_causes_of_cases));
}
