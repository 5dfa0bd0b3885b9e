//! Benefit enrolments: who is in which plan from when to when, and who is covered with them.

use platform::prelude::*;
use platform::problem::IN_USE;
use schema::benefit_enrolments;
use staff::references::EMPLOYEE;

/// That an employee is in a plan, or asks to be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = benefit_enrolments)]
pub struct BenefitEnrolment {
    pub id: Uuid,
    pub version: i64,
    /// Who is enrolled.
    pub employee_id: Uuid,
    /// The plan.
    pub benefit_plan_id: Uuid,
    /// The first day of cover.
    #[schema(example = "2026-04-01")]
    pub starts_on: NaiveDate,
    /// The last day of cover; null while it goes on.
    #[schema(example = json!(null))]
    pub ends_on: Option<NaiveDate>,
    /// The dependants who are covered, who are the employee's.
    #[schema(value_type = Vec<Uuid>, max_items = 20, example = json!([]))]
    pub dependant_ids: List<Uuid>,
    /// By what it was possible.
    #[schema(example = "new_hire")]
    pub opened_by: EnrolmentOpening,
    /// The window in which it was asked for; null where that is not what made it possible.
    pub benefit_window_id: Option<Uuid>,
    /// The event after which it was asked for.
    pub benefit_life_event_id: Option<Uuid>,
    /// Why it was entered outside every window, or not agreed to.
    #[schema(max_length = 500, example = "Agreed on at the interview")]
    pub reason: Option<String>,
    /// Why it ended.
    #[schema(max_length = 500, example = json!(null))]
    pub end_reason: Option<String>,
    pub status: BenefitEnrolmentStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// By what an enrolment was possible: shortly after one became eligible, in a window for all, after an event of one's life, or
    /// because an officer said why.
    pub enum EnrolmentOpening { NewHire = "new_hire", Window = "window", LifeEvent = "life_event", Officer = "officer" }
}

text_enum! {
    /// Where it stands.
    pub enum BenefitEnrolmentStatus { Requested = "requested", Approved = "approved", Rejected = "rejected", Withdrawn = "withdrawn", Ended = "ended" }
}

/// An enrolment that is asked for.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = benefit_enrolments, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewBenefitEnrolment {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Who is enrolled; left out, the employee that the caller is.
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    employee_id: Option<Uuid>,
    /// The plan.
    benefit_plan_id: Uuid,
    /// The first day of cover.
    #[schema(example = "2026-04-01")]
    starts_on: NaiveDate,
    /// The dependants who are covered, who are the employee's.
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 20, example = json!([]))]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    dependant_ids: Option<List<Uuid>>,
    /// The event after which it was asked for.
    #[schema(example = json!(null))]
    benefit_life_event_id: Option<Uuid>,
    /// Why it is entered all the same, where no window is open: with the reach `org` alone.
    #[schema(min_length = 1, max_length = 500, example = "Agreed on at the interview")]
    reason: Option<String>,
}

/// What of an enrolment can be changed until somebody decides.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = benefit_enrolments)]
#[serde(deny_unknown_fields)]
pub struct EditBenefitEnrolment {
    /// The first day of cover.
    #[schema(example = "2026-05-01")]
    starts_on: Option<NaiveDate>,
    /// The dependants who are covered, who are the employee's.
    #[schema(value_type = Option<Vec<Uuid>>, max_items = 20, example = json!([]))]
    dependant_ids: Option<List<Uuid>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BenefitEnrolmentFilter {
    /// Only enrolments in this state.
    #[param(inline)]
    status: Option<BenefitEnrolmentStatus>,
    /// Only enrolments of this employee.
    employee_id: Option<Uuid>,
    /// Only enrolments in this plan.
    benefit_plan_id: Option<Uuid>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("requested", "Asked for, and not decided on."),
        ("approved", "It holds from its first day on, and contributions are due."),
        ("rejected", "Not agreed to."),
        ("withdrawn", "Not asked for any more."),
        ("ended", "It holds until its last day."),
    ],
    steps: &[
        Step { action: "approve", from: &["requested"], to: "approved", verb: "approve" },
        Step { action: "reject", from: &["requested"], to: "rejected", verb: "approve" },
        Step { action: "withdraw", from: &["requested"], to: "withdrawn", verb: "write" },
        Step { action: "end", from: &["approved"], to: "ended", verb: "run" },
    ],
};

impl Named for BenefitEnrolment {
    const NAME: &'static str = "benefit-enrolments";
}

impl Resource for BenefitEnrolment {
    const PATH: &'static str = "/v1/benefit-enrolments";
    const SINGULAR: &'static str = "benefit_enrolment";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] = &[SortKey::day("starts_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-starts_on";
    const REFERENCES: &'static [Reference] = &[
        EMPLOYEE,
        Reference {
            field: "benefit_plan_id",
            column: "benefit_plan_code",
            table: "benefit_plans",
            by: "code",
            within: None,
        },
    ];
    type Filter = BenefitEnrolmentFilter;

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

impl Stored for BenefitEnrolment {
    type Table = benefit_enrolments::table;
    const TABLE: &'static str = "benefit_enrolments";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: BenefitEnrolmentFilter) -> Rows<Self> {
        rows.when(by.status, |rows, value| rows.filter(benefit_enrolments::status.eq(value)))
            .when(by.employee_id, |rows, value| rows.filter(benefit_enrolments::employee_id.eq(value)))
            .when(by.benefit_plan_id, |rows, value| {
                rows.filter(benefit_enrolments::benefit_plan_id.eq(value))
            })
    }
}

impl Written for BenefitEnrolment {
    type New = NewBenefitEnrolment;
    type Edit = EditBenefitEnrolment;

    /// What somebody decided on explains what was paid.
    async fn check_delete(_: &mut Db, row: &Self) -> Result<()> {
        match row.status {
            BenefitEnrolmentStatus::Requested | BenefitEnrolmentStatus::Withdrawn => Ok(()),
            _ => Err(IN_USE.because("An enrolment that was decided on stays on record: `end` it instead.")),
        }
    }
}

/// Approve a benefit enrolment
///
/// The employee is in the plan from its first day on, if the plan is still for them; contributions are due from then. Nobody approves what is their own or what they entered.
#[utoipa::path(post, path = "/v1/benefit-enrolments/{id}/approve", tag = "Growth")]
async fn approve_benefit_enrolment(
    may: May<Approve, BenefitEnrolment>,
    id: Id<BenefitEnrolment>,
) -> Reply<BenefitEnrolment> {
    step(may, id, "approve").await
}

/// Why an enrolment is not agreed to.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectBenefitEnrolmentRequest {
    /// Why not; the employee reads it.
    #[schema(min_length = 1, max_length = 500, example = "The insurer asks for a medical check first.")]
    reason: String,
}

/// Reject a benefit enrolment
///
/// Says no, and why. Nobody decides on what is their own or what they entered.
#[utoipa::path(post, path = "/v1/benefit-enrolments/{id}/reject", tag = "Growth")]
async fn reject_benefit_enrolment(
    may: May<Approve, BenefitEnrolment>,
    id: Id<BenefitEnrolment>,
    why: Input<RejectBenefitEnrolmentRequest>,
) -> Reply<BenefitEnrolment> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            benefit_enrolments::status.eq(LIFE.step(row.status.as_str(), "reject")?),
            benefit_enrolments::reason.eq(&why.0.reason),
        );
        let one = benefit_enrolments::table.find((db.organization(), row.id));
        Ok(diesel::update(one)
            .set(changed)
            .returning(BenefitEnrolment::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

/// Withdraw a benefit enrolment
///
/// An enrolment that nobody has decided on is not asked for any more.
#[utoipa::path(post, path = "/v1/benefit-enrolments/{id}/withdraw", tag = "Growth")]
async fn withdraw_benefit_enrolment(
    may: May<Write, BenefitEnrolment>,
    id: Id<BenefitEnrolment>,
) -> Reply<BenefitEnrolment> {
    step(may, id, "withdraw").await
}

/// When an enrolment ends, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndBenefitEnrolmentRequest {
    /// The last day of cover; not before the first.
    #[schema(example = "2026-12-31")]
    last_day: NaiveDate,
    /// Why it ends.
    #[schema(min_length = 1, max_length = 500, example = "Covered by the spouse's plan from then on")]
    end_reason: String,
}

/// End a benefit enrolment
///
/// The cover ends with this day, and with it the contributions. Employment that ends ends it without this.
#[utoipa::path(post, path = "/v1/benefit-enrolments/{id}/end", tag = "Growth")]
async fn end_benefit_enrolment(
    may: May<Run, BenefitEnrolment>,
    id: Id<BenefitEnrolment>,
    why: Input<EndBenefitEnrolmentRequest>,
) -> Reply<BenefitEnrolment> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let ended = LIFE.step(row.status.as_str(), "end")?;
        if why.0.last_day < row.starts_on {
            let rule = format!("must not be before the first day, {}", row.starts_on);
            return Err(Problem::invalid(vec![Fault::at("/last_day", "too-early", rule)]));
        }
        let changed = (
            benefit_enrolments::status.eq(ended),
            benefit_enrolments::ends_on.eq(why.0.last_day),
            benefit_enrolments::end_reason.eq(&why.0.end_reason),
        );
        let one = benefit_enrolments::table.find((db.organization(), row.id));
        Ok(diesel::update(one)
            .set(changed)
            .returning(BenefitEnrolment::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.resource::<BenefitEnrolment>()
        .call(operation!(approve_benefit_enrolment))
        .call(operation!(reject_benefit_enrolment))
        .call(operation!(withdraw_benefit_enrolment))
        .call(operation!(end_benefit_enrolment));
}
