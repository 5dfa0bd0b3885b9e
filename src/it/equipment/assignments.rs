//! Asset assignments: who has which asset, or had it, from when to when. An employee says that they have what they were given, or that they
//! have not.

use diesel::dsl::sql;
use diesel::sql_types::Bool;
use platform::prelude::*;
use schema::asset_assignments;

/// That somebody has an asset, or had it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = asset_assignments)]
pub struct AssetAssignment {
    pub id: Uuid,
    pub version: i64,
    /// The asset.
    pub asset_id: Uuid,
    /// The employee who has it.
    pub employee_id: Option<Uuid>,
    /// The place that has it.
    pub holder_location_id: Option<Uuid>,
    /// The asset that it is a part of.
    pub holder_asset_id: Option<Uuid>,
    /// The day on which it was handed out.
    #[schema(example = "2026-03-04")]
    pub checked_out_on: NaiveDate,
    /// The day by which it comes back; for somebody who leaves, their last day at the latest.
    #[schema(example = json!(null))]
    pub due_back_on: Option<NaiveDate>,
    /// What the holder is to know.
    #[schema(max_length = 500, example = "With charger and bag.")]
    pub note: Option<String>,
    /// When the employee said that they have it, or that they have not.
    #[schema(example = json!(null))]
    pub answered_at: Option<DateTime<Utc>>,
    /// Why they say that they have not.
    #[schema(max_length = 500, example = json!(null))]
    pub decline_reason: Option<String>,
    /// The day on which it came back, or was lost.
    #[schema(example = json!(null))]
    pub returned_on: Option<NaiveDate>,
    /// In which state it came back, or how it was lost.
    #[schema(max_length = 500, example = json!(null))]
    pub return_note: Option<String>,
    pub status: AssetAssignmentStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where an assignment stands.
    pub enum AssetAssignmentStatus {
        Pending = "pending", Active = "active", Declined = "declined", Returned = "returned", Lost = "lost",
    }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AssetAssignmentFilter {
    /// Only assignments in this state.
    #[param(inline)]
    status: Option<AssetAssignmentStatus>,
    /// Only assignments of this asset: its history.
    asset_id: Option<Uuid>,
    /// Only assignments to this employee: what they have, and had.
    employee_id: Option<Uuid>,
    /// Only assignments to this place.
    holder_location_id: Option<Uuid>,
    /// Only parts of this asset.
    holder_asset_id: Option<Uuid>,
    /// Only what somebody still has, or only what is over.
    open: Option<bool>,
    /// Only what should have come back before today (UTC) and has not, or only all else.
    overdue: Option<bool>,
    /// Only what comes back by this day or earlier.
    due_back_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("pending", "Handed to an employee, who has not said yet that they have it."),
        ("active", "The holder has it."),
        ("declined", "The employee said that they have it not; it is in stock again."),
        ("returned", "It came back, or went to repair."),
        ("lost", "It was lost with them."),
    ],
    steps: &[
        Step { action: "accept", from: &["pending"], to: "active", verb: "write" },
        Step { action: "decline", from: &["pending"], to: "declined", verb: "write" },
        Step { action: "report_lost", from: &["pending", "active"], to: "lost", verb: "write" },
    ],
};

impl Named for AssetAssignment {
    const NAME: &'static str = "asset-assignments";
}

impl Resource for AssetAssignment {
    const PATH: &'static str = "/v1/asset-assignments";
    const SINGULAR: &'static str = "asset_assignment";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] = &[SortKey::day("checked_out_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-checked_out_on";
    type Filter = AssetAssignmentFilter;

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
        self.employee_id
    }
}

impl Stored for AssetAssignment {
    type Table = asset_assignments::table;
    const TABLE: &'static str = "asset_assignments";
    const SEARCHED: &'static [&'static str] = &["note", "return_note"];

    fn narrow(rows: Rows<Self>, by: AssetAssignmentFilter) -> Rows<Self> {
        let is_open = "(asset_assignments.status in ('pending', 'active'))";
        let is_overdue = "coalesce(asset_assignments.status in ('pending', 'active') and asset_assignments.due_back_on < (select today_utc()), false)";
        rows.when(by.status, |rows, status| rows.filter(asset_assignments::status.eq(status)))
            .when(by.asset_id, |rows, id| rows.filter(asset_assignments::asset_id.eq(id)))
            .when(by.employee_id, |rows, id| rows.filter(asset_assignments::employee_id.eq(id)))
            .when(by.holder_location_id, |rows, id| rows.filter(asset_assignments::holder_location_id.eq(id)))
            .when(by.holder_asset_id, |rows, id| rows.filter(asset_assignments::holder_asset_id.eq(id)))
            .when(by.open, |rows, open| rows.filter(sql::<Bool>(is_open).eq(open)))
            .when(by.overdue, |rows, overdue| rows.filter(sql::<Bool>(is_overdue).eq(overdue)))
            .when(by.due_back_on_to, |rows, day| rows.filter(asset_assignments::due_back_on.le(day)))
    }
}

/// Accept an asset assignment
///
/// The employee says that they have what they were given, and answer for it from now on.
#[utoipa::path(post, path = "/v1/asset-assignments/{id}/accept", tag = "Assets")]
async fn accept_asset_assignment(
    may: May<Write, AssetAssignment>,
    id: Id<AssetAssignment>,
) -> Reply<AssetAssignment> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let accepted = (
            asset_assignments::status.eq(LIFE.step(row.status.as_str(), "accept")?),
            asset_assignments::answered_at.eq(Utc::now()),
        );
        let one = asset_assignments::table.find((db.organization(), row.id));
        Ok(diesel::update(one)
            .set(accepted)
            .returning(AssetAssignment::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

/// Why somebody has not what they were given.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeclineAssetAssignmentRequest {
    /// Why not; those who handed it out read it.
    #[schema(min_length = 1, max_length = 500, example = "I was given another one.")]
    reason: String,
}

/// Decline an asset assignment
///
/// The employee says that they have not what they were given: it is in stock again.
#[utoipa::path(post, path = "/v1/asset-assignments/{id}/decline", tag = "Assets")]
async fn decline_asset_assignment(
    may: May<Write, AssetAssignment>,
    id: Id<AssetAssignment>,
    why: Input<DeclineAssetAssignmentRequest>,
) -> Reply<AssetAssignment> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let declined = (
            asset_assignments::status.eq(LIFE.step(row.status.as_str(), "decline")?),
            asset_assignments::answered_at.eq(Utc::now()),
            asset_assignments::decline_reason.eq(&why.0.reason),
            asset_assignments::returned_on.eq(Utc::now().date_naive().max(row.checked_out_on)),
        );
        let one = asset_assignments::table.find((db.organization(), row.id));
        Ok(diesel::update(one)
            .set(declined)
            .returning(AssetAssignment::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

/// How what somebody had was lost.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportAssetAssignmentLostRequest {
    /// How that happened.
    #[schema(min_length = 1, max_length = 500, example = "Left on the train to Cluj.")]
    reason: String,
}

/// Report an assigned asset lost
///
/// Whoever has it says that it is lost, as of today (UTC); so does the asset.
#[utoipa::path(post, path = "/v1/asset-assignments/{id}/report-lost", tag = "Assets")]
async fn report_asset_assignment_lost(
    may: May<Write, AssetAssignment>,
    id: Id<AssetAssignment>,
    how: Input<ReportAssetAssignmentLostRequest>,
) -> Reply<AssetAssignment> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let lost = (
            asset_assignments::status.eq(LIFE.step(row.status.as_str(), "report_lost")?),
            asset_assignments::returned_on.eq(Utc::now().date_naive().max(row.checked_out_on)),
            asset_assignments::return_note.eq(&how.0.reason),
        );
        let one = asset_assignments::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(lost).returning(AssetAssignment::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<AssetAssignment>()
        .call(operation!(accept_asset_assignment))
        .call(operation!(decline_asset_assignment))
        .call(operation!(report_asset_assignment_lost));
}
