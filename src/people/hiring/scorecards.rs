//! Scorecards: what each interviewer thinks of a candidate. Filed once, and never changed; who still owes one reads none of the others', so that
//! everybody judges for themselves. The database holds that (the policy `reach` of the table), for every route alike.

use platform::prelude::*;
use schema::scorecards;

/// What an interviewer thinks.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = scorecards)]
pub struct Scorecard {
    pub id: Uuid,
    pub version: i64,
    /// The interview that it is about.
    pub interview_id: Uuid,
    /// The application that the interview is about.
    pub application_id: Uuid,
    /// Who thinks so.
    pub interviewer_id: Uuid,
    /// What they would do; null in the past (`as_of`): no event tells of it.
    pub recommendation: Option<Recommendation>,
    /// How they rate what was asked for; null in the past.
    #[schema(value_type = Option<Vec<Rating>>, max_items = 30)]
    pub ratings: Option<List<Rating>>,
    /// What speaks for the candidate; null once they are anonymized.
    #[schema(max_length = 5000, example = "Explains tax brackets so that everybody understands them.")]
    pub strengths: Option<String>,
    /// What speaks against; null once they are anonymized.
    #[schema(max_length = 5000, example = json!(null))]
    pub concerns: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What the interviewer would do.
    pub enum Recommendation { StrongNo = "strong_no", No = "no", Yes = "yes", StrongYes = "strong_yes" }
}

/// How well a candidate does in one respect.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rating {
    /// In which.
    #[schema(min_length = 1, max_length = 100, example = "Payroll law")]
    criterion: String,
    /// From 1, not at all, to 5, outstanding.
    #[schema(minimum = 1, maximum = 5, example = 4)]
    rating: u8,
}

/// A scorecard to be: the caller's own.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = scorecards)]
#[serde(deny_unknown_fields)]
pub struct NewScorecard {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The interview that it is about; the caller sits on its panel.
    interview_id: Uuid,
    /// What the interviewer would do.
    #[schema(example = "yes")]
    recommendation: Recommendation,
    /// How they rate what was asked for.
    #[schema(value_type = Option<Vec<Rating>>, max_items = 30)]
    ratings: Option<List<Rating>>,
    /// What speaks for the candidate.
    #[schema(
        min_length = 1,
        max_length = 5000,
        example = "Explains tax brackets so that everybody understands them."
    )]
    strengths: Option<String>,
    /// What speaks against.
    #[schema(min_length = 1, max_length = 5000, example = json!(null))]
    concerns: Option<String>,
}

/// Nothing of a scorecard that is filed can be changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = scorecards)]
#[serde(deny_unknown_fields)]
pub struct EditScorecard {
    #[serde(skip)]
    recommendation: Option<Recommendation>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
#[expect(clippy::struct_field_names, reason = "filters are named after the fields that they narrow")]
pub struct ScorecardFilter {
    /// Only scorecards of this interview.
    interview_id: Option<Uuid>,
    /// Only scorecards about this application.
    application_id: Option<Uuid>,
    /// Only scorecards of this interviewer.
    interviewer_id: Option<Uuid>,
}

impl Named for Scorecard {
    const NAME: &'static str = "scorecards";
}

impl Resource for Scorecard {
    const PATH: &'static str = "/v1/scorecards";
    const SINGULAR: &'static str = "scorecard";
    const TAG: &'static str = "Hiring";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = ScorecardFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn person(&self) -> Option<Uuid> {
        Some(self.interviewer_id)
    }
}

impl Stored for Scorecard {
    type Table = scorecards::table;
    const TABLE: &'static str = "scorecards";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: ScorecardFilter) -> Rows<Self> {
        rows.when(by.interview_id, |rows, id| rows.filter(scorecards::interview_id.eq(id)))
            .when(by.application_id, |rows, id| rows.filter(scorecards::application_id.eq(id)))
            .when(by.interviewer_id, |rows, id| rows.filter(scorecards::interviewer_id.eq(id)))
    }
}

impl Written for Scorecard {
    type New = NewScorecard;
    type Edit = EditScorecard;
}

pub fn routes(api: &mut Api) {
    api.readable::<Scorecard>().creatable::<Scorecard>();
}
