//! Questions of access reviews: whether somebody keeps an access, asked of whoever answers for the system, and of the next one where they leave.

use platform::prelude::*;
use schema::access_review_items;

/// Whether somebody keeps an access.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = access_review_items)]
pub struct AccessReviewItem {
    pub id: Uuid,
    pub version: i64,
    /// The campaign.
    pub access_review_id: Uuid,
    /// The access.
    pub access_grant_id: Uuid,
    /// Who has it.
    pub employee_id: Uuid,
    /// What they are in the system.
    pub system_role_id: Uuid,
    /// Who is asked: who answers for the system; whom they report to, where it is their own access or they have left. Null where there is nobody,
    /// and whoever may for all answers.
    pub reviewer_id: Option<Uuid>,
    /// Why it was kept or revoked.
    #[schema(max_length = 500, example = json!(null))]
    pub reason: Option<String>,
    /// When it was answered.
    #[schema(example = json!(null))]
    pub decided_at: Option<DateTime<Utc>>,
    /// Whether nobody answered, and the campaign said what was done.
    #[schema(example = false)]
    pub is_unanswered: bool,
    pub status: AccessReviewItemStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What was answered.
    pub enum AccessReviewItemStatus { Open = "open", Kept = "kept", Revoked = "revoked", Lapsed = "lapsed" }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AccessReviewItemFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<AccessReviewItemStatus>,
    /// Only questions of this campaign.
    access_review_id: Option<Uuid>,
    /// Only questions about this access.
    access_grant_id: Option<Uuid>,
    /// Only questions about this employee.
    employee_id: Option<Uuid>,
    /// Only questions that this employee is asked.
    reviewer_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("open", "Waits for an answer."),
        ("kept", "They keep it."),
        ("revoked", "They lost it by that."),
        ("lapsed", "The access had ended before, or the campaign was cancelled."),
    ],
    steps: &[
        Step { action: "keep", from: &["open"], to: "kept", verb: "write" },
        Step { action: "revoke", from: &["open"], to: "revoked", verb: "write" },
    ],
};

impl Named for AccessReviewItem {
    const NAME: &'static str = "access-review-items";
}

impl Resource for AccessReviewItem {
    const PATH: &'static str = "/v1/access-review-items";
    const SINGULAR: &'static str = "access_review_item";
    const TAG: &'static str = "System access";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = AccessReviewItemFilter;

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
        self.reviewer_id
    }
}

impl Stored for AccessReviewItem {
    type Table = access_review_items::table;
    const TABLE: &'static str = "access_review_items";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: AccessReviewItemFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(access_review_items::status.eq(status)))
            .when(by.access_review_id, |rows, access_review_id| {
                rows.filter(access_review_items::access_review_id.eq(access_review_id))
            })
            .when(by.access_grant_id, |rows, access_grant_id| {
                rows.filter(access_review_items::access_grant_id.eq(access_grant_id))
            })
            .when(by.employee_id, |rows, employee_id| {
                rows.filter(access_review_items::employee_id.eq(employee_id))
            })
            .when(by.reviewer_id, |rows, reviewer_id| {
                rows.filter(access_review_items::reviewer_id.eq(reviewer_id))
            })
    }
}

/// Why access is kept.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepAccessRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "She still runs the payroll.")]
    reason: Option<String>,
}

/// Keep access
///
/// They keep it. Nobody reviews their own access.
#[utoipa::path(post, path = "/v1/access-review-items/{id}/keep", tag = "System access")]
async fn keep_access_review_item(
    may: May<Write, AccessReviewItem>,
    id: Id<AccessReviewItem>,
    why: Input<KeepAccessRequest>,
) -> Reply<AccessReviewItem> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            access_review_items::status.eq(LIFE.step(row.status.as_str(), "keep")?),
            access_review_items::reason.eq(&why.0.reason),
        );
        let one = access_review_items::table.find((db.organization(), row.id));
        Ok(diesel::update(one)
            .set(changed)
            .returning(AccessReviewItem::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

/// Why access is not kept.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RevokeReviewedAccessRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "He has moved to another department.")]
    reason: String,
}

/// Revoke access in a review
///
/// They lose it at once. Nobody reviews their own access.
#[utoipa::path(post, path = "/v1/access-review-items/{id}/revoke", tag = "System access")]
async fn revoke_access_review_item(
    may: May<Write, AccessReviewItem>,
    id: Id<AccessReviewItem>,
    why: Input<RevokeReviewedAccessRequest>,
) -> Reply<AccessReviewItem> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            access_review_items::status.eq(LIFE.step(row.status.as_str(), "revoke")?),
            access_review_items::reason.eq(&why.0.reason),
        );
        let one = access_review_items::table.find((db.organization(), row.id));
        Ok(diesel::update(one)
            .set(changed)
            .returning(AccessReviewItem::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<AccessReviewItem>()
        .call(operation!(keep_access_review_item))
        .call(operation!(revoke_access_review_item));
}
