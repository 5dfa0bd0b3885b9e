//! Access reviews: campaigns in which whoever answers for a system says of each access whether it is kept.

use platform::prelude::*;
use schema::access_reviews;

/// A campaign in which access is kept or revoked.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = access_reviews)]
pub struct AccessReview {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Access review 2026 H2")]
    pub name: String,
    /// The system that it is about; null for all.
    pub system_id: Option<Uuid>,
    /// The last day on which it can be answered.
    #[schema(example = "2099-12-15")]
    pub due_on: NaiveDate,
    /// What becomes of access that nobody answered for by then.
    #[schema(example = "revoke")]
    pub unanswered: UnansweredAccess,
    /// When it was opened.
    #[schema(example = json!(null))]
    pub opened_at: Option<DateTime<Utc>>,
    /// When it was closed.
    #[schema(example = json!(null))]
    pub closed_at: Option<DateTime<Utc>>,
    pub status: AccessReviewStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What becomes of access that nobody answers for.
    pub enum UnansweredAccess { Keep = "keep", Revoke = "revoke" }
}

text_enum! {
    /// Where an access review stands.
    pub enum AccessReviewStatus { Draft = "draft", Open = "open", Closed = "closed", Cancelled = "cancelled" }
}

/// An access review to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = access_reviews, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewAccessReview {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Access review 2026 H2")]
    name: String,
    /// The system that it is about; null for all.
    system_id: Option<Uuid>,
    /// The last day on which it can be answered.
    #[schema(example = "2099-12-15")]
    due_on: NaiveDate,
    /// What becomes of access that nobody answered for by then.
    #[schema(example = "revoke")]
    unanswered: UnansweredAccess,
}

/// What of a campaign can be changed: of a draft all, of one that is open its name and its day.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = access_reviews)]
#[serde(deny_unknown_fields)]
pub struct EditAccessReview {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Access review, second half of 2026")]
    name: Option<String>,
    /// The system that it is about; null for all.
    system_id: Option<Option<Uuid>>,
    /// The last day on which it can be answered.
    #[schema(example = "2099-12-22")]
    due_on: Option<NaiveDate>,
    /// What becomes of access that nobody answered for by then.
    #[schema(example = "keep")]
    unanswered: Option<UnansweredAccess>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AccessReviewFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<AccessReviewStatus>,
    /// Only campaigns about this system.
    system_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Written, and open to changes."),
        ("open", "Those who answer for systems are asked."),
        ("closed", "Answered; what nobody answered is as it says."),
        ("cancelled", "Nobody is asked any more; what was revoked stays so."),
    ],
    steps: &[
        Step { action: "open", from: &["draft"], to: "open", verb: "run" },
        Step { action: "close", from: &["open"], to: "closed", verb: "run" },
        Step { action: "cancel", from: &["draft", "open"], to: "cancelled", verb: "run" },
    ],
};

impl Named for AccessReview {
    const NAME: &'static str = "access-reviews";
}

impl Resource for AccessReview {
    const PATH: &'static str = "/v1/access-reviews";
    const SINGULAR: &'static str = "access_review";
    const TAG: &'static str = "System access";
    const SORT: &'static [SortKey] = &[SortKey::day("due_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "due_on";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = AccessReviewFilter;

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

impl Stored for AccessReview {
    type Table = access_reviews::table;
    const TABLE: &'static str = "access_reviews";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: AccessReviewFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(access_reviews::status.eq(status)))
            .when(by.system_id, |rows, system_id| rows.filter(access_reviews::system_id.eq(system_id)))
    }
}

impl Written for AccessReview {
    type New = NewAccessReview;
    type Edit = EditAccessReview;
}

/// Open an access review
///
/// Asks, for each access that is held now, whoever answers for the system; on their own access, whom they report to. Their questions are `/v1/access-review-items`.
#[utoipa::path(post, path = "/v1/access-reviews/{id}/open", tag = "System access")]
async fn open_access_review(may: May<Run, AccessReview>, id: Id<AccessReview>) -> Reply<AccessReview> {
    step(may, id, "open").await
}

/// Close an access review
///
/// Nothing is answered any more. Before its day is over only when all is answered; on the day after, it closes by itself, and does with the rest what it says.
#[utoipa::path(post, path = "/v1/access-reviews/{id}/close", tag = "System access")]
async fn close_access_review(may: May<Run, AccessReview>, id: Id<AccessReview>) -> Reply<AccessReview> {
    step(may, id, "close").await
}

/// Cancel an access review
///
/// Nobody is asked any more. What was revoked stays so.
#[utoipa::path(post, path = "/v1/access-reviews/{id}/cancel", tag = "System access")]
async fn cancel_access_review(may: May<Run, AccessReview>, id: Id<AccessReview>) -> Reply<AccessReview> {
    step(may, id, "cancel").await
}

pub fn routes(api: &mut Api) {
    api.readable::<AccessReview>()
        .creatable::<AccessReview>()
        .changeable::<AccessReview>()
        .deletable::<AccessReview>()
        .call(operation!(open_access_review))
        .call(operation!(close_access_review))
        .call(operation!(cancel_access_review));
}
