//! Review cycles: who is reviewed for which time, what is asked of whom, and who reads it when.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::review_cycles;

/// A round of reviews.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = review_cycles)]
pub struct ReviewCycle {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "Reviews of 2026")]
    pub name: String,
    /// The first day of the time that is looked back on.
    #[schema(example = "2026-01-01")]
    pub starts_on: NaiveDate,
    /// The last day of it.
    #[schema(example = "2026-12-31")]
    pub ends_on: NaiveDate,
    /// The department that it is for, with those beneath it; null for everybody.
    pub department_id: Option<Uuid>,
    /// Only who was hired by this day is reviewed; null for who was hired by the end of the time.
    #[schema(example = json!(null))]
    pub hired_until_on: Option<NaiveDate>,
    /// The highest rating; the lowest is 1.
    #[schema(minimum = 2, maximum = 10, example = 5)]
    pub rating_scale: i32,
    /// What is asked of whom.
    #[schema(value_type = Vec<ReviewQuestion>, max_items = 100)]
    pub questions: List<ReviewQuestion>,
    /// The day by which everybody is to have written.
    #[schema(example = "2027-01-31")]
    pub parts_due_on: NaiveDate,
    /// Whether the parts of colleagues name no author.
    #[schema(example = true)]
    pub peers_are_anonymous: bool,
    /// Whether whom a review is about reads the parts of colleagues; else only who is above does.
    #[schema(example = true)]
    pub shows_peer_parts: bool,
    /// Anonymous parts are shown once so many were handed in.
    #[schema(minimum = 1, maximum = 10, example = 1)]
    pub least_peers: i32,
    pub status: ReviewCycleStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Who writes: the one it is about, who is above them, or a colleague.
    pub enum ReviewRole { Own = "self", Manager = "manager", Peer = "peer" }
}
text_enum! {
    /// What a question asks for: words, or a rating from 1 to the cycle's highest.
    pub enum QuestionKind { Text = "text", Rating = "rating" }
}

/// Something that is asked.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ReviewQuestion {
    /// What answers call it; once in each part.
    #[schema(max_length = 40, example = "quality")]
    key: String,
    /// Who is asked.
    #[schema(example = "self")]
    part: ReviewRole,
    /// What is asked.
    #[schema(max_length = 500, example = "How good is what they deliver?")]
    text: String,
    /// What is asked for.
    #[schema(example = "rating")]
    kind: QuestionKind,
    /// How much a rating counts in that of its part.
    #[schema(value_type = String, max_length = 10, example = "1")]
    weight: Decimal,
    /// Whether a part is not handed in without it.
    #[schema(example = true)]
    is_required: bool,
}

/// Something that is to be asked.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReviewQuestion {
    /// What answers call it; once in each part.
    #[schema(max_length = 40, pattern = "^[a-z0-9_]{1,40}$", example = "quality")]
    key: String,
    /// Who is asked.
    #[schema(example = "self")]
    part: ReviewRole,
    /// What is asked.
    #[schema(min_length = 1, max_length = 500, example = "How good is what they deliver?")]
    text: String,
    /// What is asked for.
    #[schema(example = "rating")]
    kind: QuestionKind,
    /// How much a rating counts in that of its part.
    #[schema(value_type = String, max_length = 10, pattern = r"^[0-9]{1,4}(\.[0-9]{1,4})?$", example = "1")]
    weight: Decimal,
    /// Whether a part is not handed in without it.
    #[schema(example = true)]
    is_required: bool,
}

text_enum! {
    /// Where it stands.
    pub enum ReviewCycleStatus { Draft = "draft", Open = "open", Calibration = "calibration", Shared = "shared", Closed = "closed" }
}

/// A cycle to be: a draft.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = review_cycles, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewReviewCycle {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Reviews of 2026")]
    name: String,
    /// The first day of the time that is looked back on.
    #[schema(example = "2026-01-01")]
    starts_on: NaiveDate,
    /// The last day of it.
    #[schema(example = "2026-12-31")]
    ends_on: NaiveDate,
    /// The department that it is for, with those beneath it; null for everybody.
    #[schema(example = json!(null))]
    department_id: Option<Uuid>,
    /// Only who was hired by this day is reviewed; null for who was hired by the end of the time.
    #[schema(example = json!(null))]
    hired_until_on: Option<NaiveDate>,
    /// The highest rating; the lowest is 1.
    #[schema(minimum = 2, maximum = 10, example = 5)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    rating_scale: Option<i32>,
    /// What is asked of whom.
    #[schema(value_type = Vec<NewReviewQuestion>, max_items = 100, min_items = 1)]
    questions: List<NewReviewQuestion>,
    /// The day by which everybody is to have written.
    #[schema(example = "2027-01-31")]
    parts_due_on: NaiveDate,
    /// Whether the parts of colleagues name no author.
    #[schema(example = true)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    peers_are_anonymous: Option<bool>,
    /// Whether whom a review is about reads the parts of colleagues; else only who is above does.
    #[schema(example = true)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    shows_peer_parts: Option<bool>,
    /// Anonymous parts are shown once so many were handed in.
    #[schema(minimum = 1, maximum = 10, example = 1)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    least_peers: Option<i32>,
}

/// What of a cycle can be changed. Once it is open, only the day on which parts are due.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = review_cycles)]
#[serde(deny_unknown_fields)]
pub struct EditReviewCycle {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Yearly reviews of 2026")]
    name: Option<String>,
    /// The first day of the time that is looked back on.
    #[schema(example = "2026-01-01")]
    starts_on: Option<NaiveDate>,
    /// The last day of it.
    #[schema(example = "2026-12-31")]
    ends_on: Option<NaiveDate>,
    /// The department that it is for, with those beneath it; null for everybody.
    #[schema(example = json!(null))]
    department_id: Option<Option<Uuid>>,
    /// Only who was hired by this day is reviewed; null for who was hired by the end of the time.
    #[schema(example = json!(null))]
    hired_until_on: Option<Option<NaiveDate>>,
    /// The highest rating; the lowest is 1.
    #[schema(minimum = 2, maximum = 10, example = 5)]
    rating_scale: Option<i32>,
    /// What is asked of whom.
    #[schema(value_type = Option<Vec<NewReviewQuestion>>, max_items = 100, min_items = 1)]
    questions: Option<List<NewReviewQuestion>>,
    /// The day by which everybody is to have written.
    #[schema(example = "2027-01-31")]
    parts_due_on: Option<NaiveDate>,
    /// Whether the parts of colleagues name no author.
    #[schema(example = true)]
    peers_are_anonymous: Option<bool>,
    /// Whether whom a review is about reads the parts of colleagues; else only who is above does.
    #[schema(example = true)]
    shows_peer_parts: Option<bool>,
    /// Anonymous parts are shown once so many were handed in.
    #[schema(minimum = 1, maximum = 10, example = 1)]
    least_peers: Option<i32>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ReviewCycleFilter {
    /// Only cycles in this state.
    #[param(inline)]
    status: Option<ReviewCycleStatus>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("draft", "Being written."),
        ("open", "Everybody who was asked writes their part."),
        ("calibration", "Nobody writes any more; ratings are compared and agreed on."),
        ("shared", "Everybody reads their own review."),
        ("closed", "Over."),
    ],
    steps: &[
        Step { action: "open", from: &["draft"], to: "open", verb: "run" },
        Step { action: "calibrate", from: &["open"], to: "calibration", verb: "run" },
        Step { action: "share", from: &["calibration"], to: "shared", verb: "run" },
        Step { action: "close", from: &["shared"], to: "closed", verb: "run" },
    ],
};

impl Named for ReviewCycle {
    const NAME: &'static str = "review-cycles";
}

impl Resource for ReviewCycle {
    const PATH: &'static str = "/v1/review-cycles";
    const SINGULAR: &'static str = "review_cycle";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] =
        &[SortKey::text("name"), SortKey::day("starts_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-starts_on";
    type Filter = ReviewCycleFilter;

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

impl Stored for ReviewCycle {
    type Table = review_cycles::table;
    const TABLE: &'static str = "review_cycles";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: ReviewCycleFilter) -> Rows<Self> {
        rows.when(by.status, |rows, value| rows.filter(review_cycles::status.eq(value)))
    }
}

impl Written for ReviewCycle {
    type New = NewReviewCycle;
    type Edit = EditReviewCycle;

    async fn check_new(_: &mut Db, new: &NewReviewCycle) -> Result<()> {
        check(&new.questions.0)
    }

    async fn check_edit(_: &mut Db, _: &Self, edit: &EditReviewCycle) -> Result<()> {
        edit.questions.as_ref().map_or(Ok(()), |questions| check(&questions.0))
    }
}

/// That each question of a part has a key of its own, and ratings can be weighed.
fn check(questions: &[NewReviewQuestion]) -> Result<()> {
    let mut faults = Vec::new();
    for (place, question) in questions.iter().enumerate() {
        if questions[..place].iter().any(|other| other.part == question.part && other.key == question.key) {
            let rule = format!("must be once in the part `{}`", question.part.as_str());
            faults.push(Fault::at(format!("/questions/{place}/key"), "repeated", rule));
        }
        if question.kind == QuestionKind::Rating && question.weight.is_zero() {
            let rule = "must be above zero: ratings are weighed by it";
            faults.push(Fault::at(format!("/questions/{place}/weight"), "too-small", rule));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Open a review cycle
///
/// Begins a review of everybody whom it is for, and asks them and their managers for their parts; colleagues are asked by `invite-peers` of each review.
#[utoipa::path(post, path = "/v1/review-cycles/{id}/open", tag = "Growth")]
async fn open_review_cycle(may: May<Run, ReviewCycle>, id: Id<ReviewCycle>) -> Reply<ReviewCycle> {
    step(may, id, "open").await
}

/// Calibrate a review cycle
///
/// Ends the writing: parts that were not handed in are missed. Ratings are compared in `/v1/review-calibrations`.
#[utoipa::path(post, path = "/v1/review-cycles/{id}/calibrate", tag = "Growth")]
async fn calibrate_review_cycle(may: May<Run, ReviewCycle>, id: Id<ReviewCycle>) -> Reply<ReviewCycle> {
    step(may, id, "calibrate").await
}

/// Share a review cycle
///
/// Everybody reads their review, the manager's part and the agreed rating among it; and colleagues' parts, where the cycle says so.
#[utoipa::path(post, path = "/v1/review-cycles/{id}/share", tag = "Growth")]
async fn share_review_cycle(may: May<Run, ReviewCycle>, id: Id<ReviewCycle>) -> Reply<ReviewCycle> {
    step(may, id, "share").await
}

/// Close a review cycle
///
/// It is over, whether everybody acknowledged their review or not.
#[utoipa::path(post, path = "/v1/review-cycles/{id}/close", tag = "Growth")]
async fn close_review_cycle(may: May<Run, ReviewCycle>, id: Id<ReviewCycle>) -> Reply<ReviewCycle> {
    step(may, id, "close").await
}

pub fn routes(api: &mut Api) {
    api.resource::<ReviewCycle>()
        .call(operation!(open_review_cycle))
        .call(operation!(calibrate_review_cycle))
        .call(operation!(share_review_cycle))
        .call(operation!(close_review_cycle));
}
