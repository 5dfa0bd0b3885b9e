//! Candidates: who might work here, kept on record as long as they consented to (Regulation (EU) 2016/679, art. 6 and 17). What tells who they
//! are stands in no event, which nobody could take back; when consent ends, it is gone.

use diesel::sql_types::{Array, Integer, Uuid as SqlUuid};
use platform::job::{Running, Task};
use platform::prelude::*;
use schema::candidates;
use serde_json::Value;

/// Somebody who might work here.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = candidates)]
pub struct Candidate {
    pub id: Uuid,
    pub version: i64,
    /// The name they are called by; null once they are anonymized, and so are all fields that tell who they are.
    #[schema(max_length = 100, example = "Ioana")]
    pub given_name: Option<String>,
    /// The name of the family.
    #[schema(max_length = 100, example = "Radu")]
    pub family_name: Option<String>,
    /// Their address; no two candidates have the same.
    #[schema(format = "email", max_length = 254, example = "ioana.radu@mail.example")]
    pub email: Option<String>,
    /// Their number.
    #[schema(max_length = 31, example = "+40 21 555 0100")]
    pub phone: Option<String>,
    /// Where they live.
    #[schema(max_length = 100, example = "Iași")]
    pub location: Option<String>,
    /// Where they tell of themselves.
    #[schema(max_length = 500, example = json!(null))]
    pub profile_url: Option<String>,
    /// What those who hire note.
    #[schema(max_length = 10_000, example = json!(null))]
    pub notes: Option<String>,
    /// How they heard of the organization, or it of them.
    #[schema(example = "referral")]
    pub source: CandidateSource,
    /// The employee who recommended them.
    #[schema(example = json!(null))]
    pub referred_by_id: Option<Uuid>,
    /// The day on which they consented to be kept on record.
    #[schema(example = "2026-11-02")]
    pub consent_given_on: NaiveDate,
    /// The last day on which they may be; afterwards they are anonymized.
    #[schema(example = "2027-11-01")]
    pub consent_ends_on: NaiveDate,
    /// The employee whom they have become.
    #[schema(example = json!(null))]
    pub employee_id: Option<Uuid>,
    /// When they were anonymized.
    #[schema(example = json!(null))]
    pub anonymized_at: Option<DateTime<Utc>>,
    pub status: CandidateStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether it is known who they are.
    pub enum CandidateStatus { Active = "active", Anonymized = "anonymized" }
}

text_enum! {
    /// How they heard of the organization, or it of them.
    pub enum CandidateSource {
        Website = "website", JobBoard = "job_board", Referral = "referral", Agency = "agency",
        SocialNetwork = "social_network", Event = "event", Internal = "internal", Other = "other",
    }
}

/// A candidate to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = candidates, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewCandidate {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The name they are called by.
    #[schema(min_length = 1, max_length = 100, example = "Ioana")]
    given_name: String,
    /// The name of the family.
    #[schema(min_length = 1, max_length = 100, example = "Radu")]
    family_name: String,
    /// Their address; no two candidates have the same.
    #[schema(format = "email", min_length = 3, max_length = 254, example = "ioana.radu@mail.example")]
    email: Option<String>,
    /// Their number.
    #[schema(pattern = r"^\+?[0-9 ()./-]{3,30}$", max_length = 31, example = "+40 21 555 0100")]
    phone: Option<String>,
    /// Where they live.
    #[schema(min_length = 1, max_length = 100, example = "Iași")]
    location: Option<String>,
    /// Where they tell of themselves.
    #[schema(pattern = "^https?://[^ ]{1,490}$", max_length = 500, example = json!(null))]
    profile_url: Option<String>,
    /// What those who hire note. It is forgotten with the rest.
    #[schema(min_length = 1, max_length = 10_000, example = json!(null))]
    notes: Option<String>,
    /// How they heard of the organization, or it of them.
    #[schema(example = "referral")]
    source: CandidateSource,
    /// The employee who recommended them.
    #[schema(example = json!(null))]
    referred_by_id: Option<Uuid>,
    /// The day on which they consented to be kept on record; today, unless told.
    #[schema(example = "2026-11-02")]
    #[diesel(treat_none_as_default_value = true)]
    consent_given_on: Option<NaiveDate>,
    /// The last day on which they may be kept on record; afterwards they are anonymized.
    #[schema(example = "2099-11-01")]
    consent_ends_on: NaiveDate,
}

/// What of a candidate can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = candidates)]
#[serde(deny_unknown_fields)]
pub struct EditCandidate {
    /// The name they are called by.
    #[schema(min_length = 1, max_length = 100, example = "Ioana Maria")]
    given_name: Option<String>,
    /// The name of the family.
    #[schema(min_length = 1, max_length = 100, example = "Radu")]
    family_name: Option<String>,
    /// Their address; no two candidates have the same.
    #[schema(format = "email", min_length = 3, max_length = 254, example = "ioana@mail.example")]
    email: Option<Option<String>>,
    /// Their number.
    #[schema(pattern = r"^\+?[0-9 ()./-]{3,30}$", max_length = 31, example = "+40 21 555 0101")]
    phone: Option<Option<String>>,
    /// Where they live.
    #[schema(min_length = 1, max_length = 100, example = "Bucharest")]
    location: Option<Option<String>>,
    /// Where they tell of themselves.
    #[schema(pattern = "^https?://[^ ]{1,490}$", max_length = 500, example = json!(null))]
    profile_url: Option<Option<String>>,
    /// What those who hire note.
    #[schema(min_length = 1, max_length = 10_000, example = "Can start in March.")]
    notes: Option<Option<String>>,
    /// How they heard of the organization, or it of them.
    #[schema(example = "referral")]
    source: Option<CandidateSource>,
    /// The employee who recommended them.
    #[schema(example = json!(null))]
    referred_by_id: Option<Option<Uuid>>,
    /// The day on which they consented, anew say.
    #[schema(example = "2026-11-03")]
    consent_given_on: Option<NaiveDate>,
    /// The last day on which they may be kept on record.
    #[schema(example = "2099-12-31")]
    consent_ends_on: Option<NaiveDate>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CandidateFilter {
    /// Only candidates in this state.
    #[param(inline)]
    status: Option<CandidateStatus>,
    /// Only candidates from here.
    #[param(inline)]
    source: Option<CandidateSource>,
    /// Only candidates whom this employee recommended.
    referred_by_id: Option<Uuid>,
    /// Only candidates whose consent ends on this day or later.
    consent_ends_on_from: Option<NaiveDate>,
    /// Only candidates whose consent ends on this day or earlier.
    consent_ends_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "On record, as long as they consented."),
        ("anonymized", "Nobody knows any more who they are."),
    ],
    steps: &[Step { action: "anonymize", from: &["active"], to: "anonymized", verb: "write" }],
};

impl Named for Candidate {
    const NAME: &'static str = "candidates";
}

impl Resource for Candidate {
    const PATH: &'static str = "/v1/candidates";
    const SINGULAR: &'static str = "candidate";
    const TAG: &'static str = "Hiring";
    const SORT: &'static [SortKey] = &[SortKey::day("consent_ends_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = CandidateFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn life() -> Option<&'static Life> {
        Some(&LIFE)
    }
    fn state(&self) -> Option<&'static str> {
        Some(self.status.as_str())
    }
}

impl Stored for Candidate {
    type Table = candidates::table;
    const TABLE: &'static str = "candidates";
    const SEARCHED: &'static [&'static str] = &["given_name", "family_name", "email"];

    fn narrow(rows: Rows<Self>, by: CandidateFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(candidates::status.eq(status)))
            .when(by.source, |rows, source| rows.filter(candidates::source.eq(source)))
            .when(by.referred_by_id, |rows, id| rows.filter(candidates::referred_by_id.eq(id)))
            .when(by.consent_ends_on_from, |rows, day| rows.filter(candidates::consent_ends_on.ge(day)))
            .when(by.consent_ends_on_to, |rows, day| rows.filter(candidates::consent_ends_on.le(day)))
    }
}

impl Written for Candidate {
    type New = NewCandidate;
    type Edit = EditCandidate;
}

diesel::define_sql_function! {
    /// See the migration of hiring: answers how many there were.
    fn anonymize_candidates(candidates: Array<SqlUuid>) -> Integer;
}
diesel::define_sql_function! {
    /// See the migration of hiring: answers how many there were.
    fn anonymize_whose_consent_ended(most: Integer) -> Integer;
}

/// Anonymize a candidate
///
/// Forgets who they are, at once and for good, as they may ask for: name, contacts, notes, letters, what interviewers wrote, files and comments. What is under way ends: interviews are
/// cancelled, offers and applications withdrawn. That somebody applied, when, from where and with what outcome stays, for the figures. No event ever
/// held any of it.
#[utoipa::path(post, path = "/v1/candidates/{id}/anonymize", tag = "Hiring")]
async fn anonymize_candidate(may: May<Write, Candidate>, id: Id<Candidate>) -> Reply<Candidate> {
    may.write(async |db| {
        let candidate = lock(&may, db, &id).await?;
        LIFE.step(candidate.status.as_str(), "anonymize")?;
        diesel::select(anonymize_candidates(vec![candidate.id])).execute(db).await?;
        Candidate::find(db, candidate.id).await
    })
    .await
}

/// Candidates at a time, so that nobody waits long for their rows.
const AT_A_TIME: i32 = 100;

/// Anonymizes those whose consent has ended, in all organizations.
#[derive(Serialize, Deserialize)]
pub struct ForgetCandidates;

impl Task for ForgetCandidates {
    const KIND: &'static str = "hiring.forget_candidates";

    async fn run(self, job: &Running) -> Result<Value> {
        let few = async |db: &mut Db| {
            let few = diesel::select(anonymize_whose_consent_ended(AT_A_TIME));
            Ok(few.get_result::<i32>(db).await?)
        };
        job.in_every_organization(async |organization| {
            let mut forgotten = 0;
            loop {
                let now = job.database().as_system(organization, few).await?;
                forgotten += i64::from(now);
                if now < AT_A_TIME {
                    return Ok(forgotten);
                }
            }
        })
        .await
    }
}

pub fn routes(api: &mut Api) {
    // Not from files: what is read in stays with the report of it, which outlives consent.
    api.readable::<Candidate>()
        .creatable::<Candidate>()
        .changeable::<Candidate>()
        .deletable::<Candidate>()
        .call(operation!(anonymize_candidate));
}
