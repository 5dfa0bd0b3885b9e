//! Reviews: how somebody did in a time, as they, who is above them and their colleagues see it.

use crate::review_cycles::ReviewRole;
use crate::review_parts::{ReviewAnswer, ReviewPartStatus};
use diesel::sql_types::{Array, Nullable, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::reviews;
use serde_json::Value;

/// How somebody did, in one cycle. What was written of them is read at its `feedback`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = reviews)]
pub struct Review {
    pub id: Uuid,
    pub version: i64,
    /// The cycle.
    pub review_cycle_id: Uuid,
    /// Whom it is about.
    pub employee_id: Uuid,
    /// Who was above them when the cycle was opened.
    pub manager_id: Option<Uuid>,
    /// How many colleagues were asked for their part.
    #[schema(minimum = 0, example = 2)]
    pub peers_asked: i32,
    /// The rating that was agreed on; null until it is shared, and where there is none.
    #[schema(value_type = Option<String>, max_length = 8, example = json!(null))]
    pub rating: Option<Decimal>,
    /// What the employee says of it.
    #[schema(max_length = 5000, example = json!(null))]
    pub employee_comment: Option<String>,
    /// When the employee has read it.
    #[schema(example = json!(null))]
    pub acknowledged_at: Option<DateTime<Utc>>,
    pub status: ReviewStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where it stands.
    pub enum ReviewStatus { Open = "open", Shared = "shared", Acknowledged = "acknowledged" }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ReviewFilter {
    /// Only reviews in this state.
    #[param(inline)]
    status: Option<ReviewStatus>,
    /// Only reviews of this cycle.
    review_cycle_id: Option<Uuid>,
    /// Only reviews of this employee.
    employee_id: Option<Uuid>,
    /// Only reviews of those who were below this employee.
    manager_id: Option<Uuid>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("open", "Being written."),
        ("shared", "The employee reads it."),
        ("acknowledged", "The employee has read it."),
    ],
    steps: &[
        Step { action: "invite_peers", from: &["open"], to: "open", verb: "assign" },
        Step { action: "acknowledge", from: &["shared"], to: "acknowledged", verb: "write" },
    ],
};

impl Named for Review {
    const NAME: &'static str = "reviews";
}

impl Resource for Review {
    const PATH: &'static str = "/v1/reviews";
    const SINGULAR: &'static str = "review";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = ReviewFilter;

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
        Some(self.employee_id)
    }
}

impl Stored for Review {
    type Table = reviews::table;
    const TABLE: &'static str = "reviews";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: ReviewFilter) -> Rows<Self> {
        rows.when(by.status, |rows, value| rows.filter(reviews::status.eq(value)))
            .when(by.review_cycle_id, |rows, value| rows.filter(reviews::review_cycle_id.eq(value)))
            .when(by.employee_id, |rows, value| rows.filter(reviews::employee_id.eq(value)))
            .when(by.manager_id, |rows, value| rows.filter(reviews::manager_id.eq(value)))
    }
}

/// Whom to ask for a part.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitePeersRequest {
    /// The colleagues, none of them asked before.
    #[schema(min_items = 1, max_items = 20)]
    employee_ids: Vec<Uuid>,
}

diesel::define_sql_function! {
    /// See the migration of growth.
    fn invite_review_peers(review: SqlUuid, people: Array<SqlUuid>);
}
diesel::define_sql_function! {
    /// See the migration of growth: what the caller may read of it now.
    fn read_review(review: Nullable<SqlUuid>, part: Nullable<SqlUuid>) -> Nullable<Jsonb>;
}

/// Ask colleagues for their part of a review
///
/// Makes a part for each of them to write, while the cycle is open.
#[utoipa::path(post, path = "/v1/reviews/{id}/invite-peers", tag = "Growth")]
async fn invite_review_colleagues(
    may: May<Assign, Review>,
    id: Id<Review>,
    peers: Input<InvitePeersRequest>,
) -> Reply<Review> {
    may.write(async |db| {
        let review = lock(&may, db, &id).await?;
        LIFE.step(review.status.as_str(), "invite_peers")?;
        diesel::select(invite_review_peers(review.id, &peers.0.employee_ids)).execute(db).await?;
        Review::find(db, review.id).await
    })
    .await
}

/// What the employee says of their review.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcknowledgeReviewRequest {
    /// What there is to say of it.
    #[schema(min_length = 1, max_length = 5000, example = "I see it the same way.")]
    comment: Option<String>,
}

/// Acknowledge a review
///
/// Whom it is about has read it, which is not to say that they agree.
#[utoipa::path(post, path = "/v1/reviews/{id}/acknowledge", tag = "Growth")]
async fn acknowledge_review(
    may: May<Write, Review>,
    id: Id<Review>,
    said: Input<AcknowledgeReviewRequest>,
) -> Reply<Review> {
    may.write(async |db| {
        let review = lock(&may, db, &id).await?;
        let acknowledged = (
            reviews::status.eq(LIFE.step(review.status.as_str(), "acknowledge")?),
            reviews::employee_comment.eq(&said.0.comment),
            reviews::acknowledged_at.eq(Utc::now()),
        );
        let one = reviews::table.find((db.organization(), review.id));
        Ok(diesel::update(one).set(acknowledged).returning(Review::as_returning()).get_result(db).await?)
    })
    .await
}

/// What was written of somebody, as far as the caller may read it now.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ReviewFeedback {
    /// The review.
    review_id: Uuid,
    /// Whom it is about.
    employee_id: Uuid,
    /// The cycle.
    review_cycle_id: Uuid,
    #[schema(inline)]
    status: ReviewStatus,
    /// The parts that the caller may read: one's own always; one's manager's and colleagues' once the review is shared, as far as the
    /// cycle shows them.
    #[schema(max_items = 100)]
    parts: Vec<ReadPart>,
}

/// A part as it is read.
#[derive(Serialize, Deserialize, ToSchema)]
pub struct ReadPart {
    #[schema(inline)]
    part: ReviewRole,
    #[schema(inline)]
    status: ReviewPartStatus,
    /// Who wrote it; null where it is anonymous.
    #[schema(example = json!(null))]
    author_id: Option<Uuid>,
    /// What its ratings come to by their weights; null where there is none.
    #[schema(max_length = 8, example = "4.00")]
    rating: Option<String>,
    /// What was answered.
    #[schema(max_items = 100)]
    answers: Vec<ReviewAnswer>,
}

/// Reads a review, or one part of it.
pub(crate) async fn read_parts(
    db: &mut Db,
    review: Option<Uuid>,
    part: Option<Uuid>,
) -> Result<Plain<ReviewFeedback>> {
    let found: Option<Value> = diesel::select(read_review(review, part)).get_result(db).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    serde_json::from_value(found).map(Plain).map_err(Problem::internal)
}

/// Read what was written of somebody
///
/// The parts of a review that the caller may read now. Nobody but its author reads the manager's part before the review is
/// shared. Who is above, and who may read all reviews, reads what the employee and colleagues have handed in; the employee reads their own part
/// and, once it is shared, the manager's and, where the cycle says so, colleagues'. Anonymous parts name no author, come in no order,
/// and only once there are as many as the cycle asks for. Changes nothing.
#[utoipa::path(get, path = "/v1/reviews/{id}/feedback", tag = "Growth")]
async fn get_review_feedback(may: May<Read, Review>, id: Id<Review>) -> Reply<Plain<ReviewFeedback>> {
    let told = may.read(async |db| read_parts(db, Some(id.0), None).await).await?;
    told.answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.readable::<Review>()
        .call(operation!(get_review_feedback))
        .call(operation!(invite_review_colleagues))
        .call(operation!(acknowledge_review));
}
