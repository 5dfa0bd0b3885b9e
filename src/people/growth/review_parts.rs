//! Review parts: what somebody is asked to write about somebody, and whether they have. What they wrote is read at its `answers`.

use crate::review_cycles::ReviewRole;
use crate::reviews::{ReviewFeedback, read_parts};
use diesel::sql_types::{Bool, Jsonb, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::INVALID_STATE;
use schema::review_parts;

/// What somebody is asked to write about somebody.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = review_parts)]
pub struct ReviewPart {
    pub id: Uuid,
    pub version: i64,
    /// The review.
    pub review_id: Uuid,
    /// The cycle.
    pub review_cycle_id: Uuid,
    /// Whom it is about.
    pub employee_id: Uuid,
    /// Who writes it.
    pub author_id: Uuid,
    /// As whom they write.
    #[schema(example = "self")]
    pub part: ReviewRole,
    /// By when it is to be handed in.
    #[schema(example = "2027-01-31")]
    pub due_on: NaiveDate,
    /// When something of it was last saved without being handed in.
    #[schema(example = json!(null))]
    pub saved_at: Option<DateTime<Utc>>,
    /// When it was handed in.
    #[schema(example = json!(null))]
    pub submitted_at: Option<DateTime<Utc>>,
    pub status: ReviewPartStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where it stands.
    pub enum ReviewPartStatus { Open = "open", Submitted = "submitted", Declined = "declined", Missed = "missed" }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ReviewPartFilter {
    /// Only parts in this state.
    #[param(inline)]
    status: Option<ReviewPartStatus>,
    /// Only parts of this kind.
    #[param(inline)]
    part: Option<ReviewRole>,
    /// Only parts of this review.
    review_id: Option<Uuid>,
    /// Only parts of this cycle.
    review_cycle_id: Option<Uuid>,
    /// Only parts that this employee writes.
    author_id: Option<Uuid>,
    /// Only parts about this employee.
    employee_id: Option<Uuid>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("open", "Being written."),
        ("submitted", "Handed in, for good."),
        ("declined", "A colleague would rather not."),
        ("missed", "Not handed in while the cycle was open."),
    ],
    steps: &[
        Step { action: "save", from: &["open"], to: "open", verb: "write" },
        Step { action: "submit", from: &["open"], to: "submitted", verb: "write" },
        Step { action: "decline", from: &["open"], to: "declined", verb: "write" },
    ],
};

impl Named for ReviewPart {
    const NAME: &'static str = "review-parts";
}

impl Resource for ReviewPart {
    const PATH: &'static str = "/v1/review-parts";
    const SINGULAR: &'static str = "review_part";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] = &[SortKey::day("due_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "due_on";
    type Filter = ReviewPartFilter;

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
    fn person(&self) -> Option<Uuid> {
        Some(self.author_id)
    }
}

impl Stored for ReviewPart {
    type Table = review_parts::table;
    const TABLE: &'static str = "review_parts";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: ReviewPartFilter) -> Rows<Self> {
        rows.when(by.status, |rows, value| rows.filter(review_parts::status.eq(value)))
            .when(by.part, |rows, value| rows.filter(review_parts::part.eq(value)))
            .when(by.review_id, |rows, value| rows.filter(review_parts::review_id.eq(value)))
            .when(by.review_cycle_id, |rows, value| rows.filter(review_parts::review_cycle_id.eq(value)))
            .when(by.author_id, |rows, value| rows.filter(review_parts::author_id.eq(value)))
            .when(by.employee_id, |rows, value| rows.filter(review_parts::employee_id.eq(value)))
    }
}

/// An answer.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewAnswer {
    /// The key of the question.
    #[schema(min_length = 1, max_length = 40, example = "quality")]
    question: String,
    /// What is said.
    #[schema(min_length = 1, max_length = 5000, example = "Nothing came back this year.")]
    text: Option<String>,
    /// The rating, where the question asks for one: from 1 to the cycle's highest.
    #[schema(minimum = 1, maximum = 10, example = 4)]
    rating: Option<i32>,
}

/// What is answered.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteReviewPartRequest {
    /// All answers from now on, each question once.
    #[schema(max_items = 100)]
    answers: Vec<ReviewAnswer>,
}

diesel::define_sql_function! {
    /// See the migration of growth.
    fn write_review_part(part: SqlUuid, answers: Jsonb, is_final: Bool);
}

async fn write(
    may: May<Write, ReviewPart>,
    id: Id<ReviewPart>,
    said: Input<WriteReviewPartRequest>,
    action: &str,
) -> Reply<ReviewPart> {
    may.write(async |db| {
        let part = lock(&may, db, &id).await?;
        LIFE.step(part.status.as_str(), action)?;
        let answers = serde_json::to_value(&said.0.answers).map_err(Problem::internal)?;
        diesel::select(write_review_part(part.id, answers, action == "submit")).execute(db).await?;
        ReviewPart::find(db, part.id).await
    })
    .await
}

/// Save what was written of a review so far
///
/// Keeps the answers for the one who writes; nobody else reads them before they are handed in.
#[utoipa::path(post, path = "/v1/review-parts/{id}/save", tag = "Growth")]
async fn save_review_part(
    may: May<Write, ReviewPart>,
    id: Id<ReviewPart>,
    said: Input<WriteReviewPartRequest>,
) -> Reply<ReviewPart> {
    write(may, id, said, "save").await
}

/// Hand in a part of a review
///
/// The answers stand for good. Every question that has to be answered is; the rating of a manager's part is what calibration
/// begins with.
#[utoipa::path(post, path = "/v1/review-parts/{id}/submit", tag = "Growth")]
async fn submit_review_part(
    may: May<Write, ReviewPart>,
    id: Id<ReviewPart>,
    said: Input<WriteReviewPartRequest>,
) -> Reply<ReviewPart> {
    write(may, id, said, "submit").await
}

/// Decline to write a part of a review
///
/// A colleague who was asked would rather not. Employees and managers write theirs.
#[utoipa::path(post, path = "/v1/review-parts/{id}/decline", tag = "Growth")]
async fn decline_review_part(may: May<Write, ReviewPart>, id: Id<ReviewPart>) -> Reply<ReviewPart> {
    may.write(async |db| {
        let part = lock(&may, db, &id).await?;
        let status = LIFE.step(part.status.as_str(), "decline")?;
        if part.part != ReviewRole::Peer {
            return Err(INVALID_STATE
                .because("Only a colleague may decline: one's own part and the manager's are written."));
        }
        ReviewPart::set_status(db, part.id, status).await
    })
    .await
}

/// Read what was answered in a part of a review
///
/// To its author what was written so far; to others what `feedback` of the review shows them now, which may be nothing. Changes nothing.
#[utoipa::path(get, path = "/v1/review-parts/{id}/answers", tag = "Growth")]
async fn get_review_part_answers(
    may: May<Read, ReviewPart>,
    id: Id<ReviewPart>,
) -> Reply<Plain<ReviewFeedback>> {
    let told = may.read(async |db| read_parts(db, None, Some(id.0)).await).await?;
    told.answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.readable::<ReviewPart>()
        .call(operation!(get_review_part_answers))
        .call(operation!(save_review_part))
        .call(operation!(submit_review_part))
        .call(operation!(decline_review_part));
}
