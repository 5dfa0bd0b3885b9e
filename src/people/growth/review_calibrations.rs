//! Review calibrations: the managers' ratings side by side, and what was agreed on before anybody reads theirs.

use platform::prelude::*;
use platform::problem::INVALID_STATE;
use rust_decimal::Decimal;
use schema::review_calibrations;
use schema::review_cycles;

/// A manager's rating, and what was agreed on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = review_calibrations)]
pub struct ReviewCalibration {
    pub id: Uuid,
    pub version: i64,
    /// The review.
    pub review_id: Uuid,
    /// The cycle.
    pub review_cycle_id: Uuid,
    /// Whom it is about.
    pub employee_id: Uuid,
    /// What the ratings in the manager's part come to.
    #[schema(value_type = String, max_length = 8, example = "4.00")]
    pub proposed_rating: Decimal,
    /// What was agreed on.
    #[schema(value_type = String, max_length = 8, example = "4.00")]
    pub rating: Decimal,
    /// Why it is another.
    #[schema(max_length = 500, example = json!(null))]
    pub reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ReviewCalibrationFilter {
    /// Only those of this cycle.
    review_cycle_id: Option<Uuid>,
    /// Only those of this employee.
    employee_id: Option<Uuid>,
}

impl Named for ReviewCalibration {
    const NAME: &'static str = "review-calibrations";
}

impl Resource for ReviewCalibration {
    const PATH: &'static str = "/v1/review-calibrations";
    const SINGULAR: &'static str = "review_calibration";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = ReviewCalibrationFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for ReviewCalibration {
    type Table = review_calibrations::table;
    const TABLE: &'static str = "review_calibrations";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: ReviewCalibrationFilter) -> Rows<Self> {
        rows.when(by.review_cycle_id, |rows, value| {
            rows.filter(review_calibrations::review_cycle_id.eq(value))
        })
        .when(by.employee_id, |rows, value| rows.filter(review_calibrations::employee_id.eq(value)))
    }
}

/// What was agreed on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CalibrateReviewRequest {
    /// The rating, from 1 to the cycle's highest.
    #[schema(value_type = String, max_length = 5, pattern = r"^(10(\.0{1,2})?|[1-9](\.[0-9]{1,2})?)$", example = "3.50")]
    rating: Decimal,
    /// Why it is not what the manager gave; needed where it is another.
    #[schema(min_length = 1, max_length = 500, example = "As others who reached as much")]
    reason: Option<String>,
}

/// Calibrate a rating
///
/// Notes what was agreed on; the employee reads it once the cycle is shared.
#[utoipa::path(post, path = "/v1/review-calibrations/{id}/calibrate", tag = "Growth")]
async fn calibrate_review(
    may: May<Write, ReviewCalibration>,
    id: Id<ReviewCalibration>,
    agreed: Input<CalibrateReviewRequest>,
) -> Reply<ReviewCalibration> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        // Who shares the cycle waits for this, or this sees that it is shared.
        let cycle = review_cycles::table.find((db.organization(), row.review_cycle_id));
        let cycle = cycle.select((review_cycles::status, review_cycles::rating_scale)).for_share();
        let (status, highest): (String, i32) = cycle.first(db).await?;
        if status != "calibration" {
            return Err(INVALID_STATE.because(format!(
                "Ratings are agreed on while the cycle is in `calibration`; it is in `{status}`."
            )));
        }
        let mut faults = Vec::new();
        if agreed.0.rating > Decimal::from(highest) {
            faults.push(Fault::at("/rating", "too-large", format!("must be at most {highest}")));
        }
        if agreed.0.rating != row.proposed_rating && agreed.0.reason.is_none() {
            let rule = format!("is not {}, which the manager gave: say why in `reason`", row.proposed_rating);
            faults.push(Fault::at("/rating", "needs-reason", rule));
        }
        if !faults.is_empty() {
            return Err(Problem::invalid(faults));
        }
        let agreed = (
            review_calibrations::rating.eq(agreed.0.rating),
            review_calibrations::reason.eq(&agreed.0.reason),
        );
        let one = review_calibrations::table.find((db.organization(), row.id));
        Ok(diesel::update(one)
            .set(agreed)
            .returning(ReviewCalibration::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<ReviewCalibration>().call(operation!(calibrate_review));
}
