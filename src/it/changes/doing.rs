//! Doing a change: from its start to what became of it, what was learnt, and its end.

use crate::changes::{Change, LIFE};
use platform::prelude::*;
use schema::changes;

/// Start a change
///
/// It is being done from now on. Refused in a freeze, but to an emergency.
#[utoipa::path(post, path = "/v1/changes/{id}/start", tag = "Changes")]
async fn start_change(may: May<Run, Change>, id: Id<Change>) -> Reply<Change> {
    step(may, id, "start").await
}

/// What became of a change.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndChangeRequest {
    /// What happened.
    #[schema(min_length = 1, max_length = 5000, example = "All went as planned.")]
    note: Option<String>,
}

/// Report that a change is done
///
/// It is done, and works. Refused while a step of it is not done, those aside by which it is taken back.
#[utoipa::path(post, path = "/v1/changes/{id}/implement", tag = "Changes")]
async fn implement_change(
    may: May<Run, Change>,
    id: Id<Change>,
    told: Input<EndChangeRequest>,
) -> Reply<Change> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            changes::status.eq(LIFE.step(row.status.as_str(), "implement")?),
            changes::outcome_note.eq(&told.0.note),
        );
        let one = changes::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(Change::as_returning()).get_result(db).await?)
    })
    .await
}

/// What went wrong with a change.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FailChangeRequest {
    /// What happened.
    #[schema(min_length = 1, max_length = 5000, example = "The service did not start with the new library.")]
    note: String,
}

/// Report that a change failed
///
/// It went wrong, and is not taken back, or not yet: that is an outcome, and a review follows.
#[utoipa::path(post, path = "/v1/changes/{id}/fail", tag = "Changes")]
async fn fail_change(may: May<Run, Change>, id: Id<Change>, told: Input<FailChangeRequest>) -> Reply<Change> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            changes::status.eq(LIFE.step(row.status.as_str(), "fail")?),
            changes::outcome_note.eq(&told.0.note),
        );
        let one = changes::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(Change::as_returning()).get_result(db).await?)
    })
    .await
}

/// Roll back a change
///
/// It was taken back: that is an outcome, and a review follows.
#[utoipa::path(post, path = "/v1/changes/{id}/roll-back", tag = "Changes")]
async fn roll_back_change(
    may: May<Run, Change>,
    id: Id<Change>,
    told: Input<FailChangeRequest>,
) -> Reply<Change> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            changes::status.eq(LIFE.step(row.status.as_str(), "roll_back")?),
            changes::outcome_note.eq(&told.0.note),
        );
        let one = changes::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(Change::as_returning()).get_result(db).await?)
    })
    .await
}

/// What was learnt from a change.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewChangeRequest {
    /// What was learnt.
    #[schema(min_length = 1, max_length = 5000, example = "Try libraries out on the copy first.")]
    review: String,
}

/// Review a change
///
/// Says what was learnt from it, whatever became of it.
#[utoipa::path(post, path = "/v1/changes/{id}/review", tag = "Changes")]
async fn review_change(
    may: May<Write, Change>,
    id: Id<Change>,
    learnt: Input<ReviewChangeRequest>,
) -> Reply<Change> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            changes::status.eq(LIFE.step(row.status.as_str(), "review")?),
            changes::review.eq(&learnt.0.review),
        );
        let one = changes::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(Change::as_returning()).get_result(db).await?)
    })
    .await
}

/// Close a change
///
/// It is over, and stays as it is.
#[utoipa::path(post, path = "/v1/changes/{id}/close", tag = "Changes")]
async fn close_change(may: May<Write, Change>, id: Id<Change>) -> Reply<Change> {
    step(may, id, "close").await
}

pub fn routes(api: &mut Api) {
    api.call(operation!(start_change))
        .call(operation!(implement_change))
        .call(operation!(fail_change))
        .call(operation!(roll_back_change))
        .call(operation!(review_change))
        .call(operation!(close_change));
}
