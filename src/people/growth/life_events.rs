//! Life events: a marriage, a birth and the like, which open a window of an employee's own.

use chrono::Days;
use platform::prelude::*;
use schema::benefit_life_events;
use staff::references::EMPLOYEE;

/// For so many days from the event, or from the day on which it is accepted, one may choose, unless told.
const WINDOW_DAYS: u64 = 30;

/// Something in the life of an employee that lets them choose benefits anew.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = benefit_life_events)]
pub struct BenefitLifeEvent {
    pub id: Uuid,
    pub version: i64,
    /// Whom it happened to.
    pub employee_id: Uuid,
    /// What happened.
    #[schema(example = "birth")]
    pub kind: LifeEventKind,
    /// When.
    #[schema(example = "2026-03-14")]
    pub happened_on: NaiveDate,
    /// What there is to say of it.
    #[schema(max_length = 500, example = json!(null))]
    pub note: Option<String>,
    /// The last day of the window that it opened; null until it is accepted.
    #[schema(example = json!(null))]
    pub enrol_until_on: Option<NaiveDate>,
    /// Why it was rejected.
    #[schema(max_length = 500, example = json!(null))]
    pub rejection_reason: Option<String>,
    pub status: BenefitLifeEventStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What happened.
    pub enum LifeEventKind {
        Marriage = "marriage", Divorce = "divorce", Birth = "birth", Adoption = "adoption", DeathInFamily = "death_in_family",
        LossOfCover = "loss_of_cover", Relocation = "relocation", Other = "other",
    }
}

text_enum! {
    /// What became of it.
    pub enum BenefitLifeEventStatus { Reported = "reported", Accepted = "accepted", Rejected = "rejected" }
}

/// An event to be reported.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = benefit_life_events, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewBenefitLifeEvent {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Whom it happened to; left out, the employee that the caller is.
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    employee_id: Option<Uuid>,
    /// What happened.
    #[schema(example = "birth")]
    kind: LifeEventKind,
    /// When.
    #[schema(example = "2026-03-14")]
    happened_on: NaiveDate,
    /// What there is to say of it.
    #[schema(min_length = 1, max_length = 500, example = json!(null))]
    note: Option<String>,
}

/// What of an event that was reported can be changed until somebody decides.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = benefit_life_events)]
#[serde(deny_unknown_fields)]
pub struct EditBenefitLifeEvent {
    /// What happened.
    #[schema(example = "adoption")]
    kind: Option<LifeEventKind>,
    /// When.
    #[schema(example = "2026-03-14")]
    happened_on: Option<NaiveDate>,
    /// What there is to say of it.
    #[schema(min_length = 1, max_length = 500, example = "In Cluj")]
    note: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BenefitLifeEventFilter {
    /// Only events in this state.
    #[param(inline)]
    status: Option<BenefitLifeEventStatus>,
    /// Only events of this employee.
    employee_id: Option<Uuid>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("reported", "Told, and not decided on."),
        ("accepted", "A window is open for the employee, until its day."),
        ("rejected", "It opens no window."),
    ],
    steps: &[
        Step { action: "accept", from: &["reported"], to: "accepted", verb: "approve" },
        Step { action: "reject", from: &["reported"], to: "rejected", verb: "approve" },
    ],
};

impl Named for BenefitLifeEvent {
    const NAME: &'static str = "benefit-life-events";
}

impl Resource for BenefitLifeEvent {
    const PATH: &'static str = "/v1/benefit-life-events";
    const SINGULAR: &'static str = "benefit_life_event";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] = &[SortKey::day("happened_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-happened_on";
    const REFERENCES: &'static [Reference] = &[EMPLOYEE];
    type Filter = BenefitLifeEventFilter;

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

impl Stored for BenefitLifeEvent {
    type Table = benefit_life_events::table;
    const TABLE: &'static str = "benefit_life_events";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: BenefitLifeEventFilter) -> Rows<Self> {
        rows.when(by.status, |rows, value| rows.filter(benefit_life_events::status.eq(value)))
            .when(by.employee_id, |rows, value| rows.filter(benefit_life_events::employee_id.eq(value)))
    }
}

impl Written for BenefitLifeEvent {
    type New = NewBenefitLifeEvent;
    type Edit = EditBenefitLifeEvent;
}

/// Until when the window is open.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptBenefitLifeEventRequest {
    /// The last day on which the employee may choose; left out, 30 days from the event or from today, whichever is later.
    #[schema(example = json!(null))]
    enrol_until_on: Option<NaiveDate>,
}

/// Accept a life event
///
/// Opens a window for the employee: until its last day they may enrol in any plan that is for them, from the day of the event
/// on. Nobody accepts an event of their own or that they reported.
#[utoipa::path(post, path = "/v1/benefit-life-events/{id}/accept", tag = "Growth")]
async fn accept_benefit_life_event(
    may: May<Approve, BenefitLifeEvent>,
    id: Id<BenefitLifeEvent>,
    window: Input<AcceptBenefitLifeEventRequest>,
) -> Reply<BenefitLifeEvent> {
    may.write(async |db| {
        let event = lock(&may, db, &id).await?;
        let status = LIFE.step(event.status.as_str(), "accept")?;
        let usual = event.happened_on.max(Utc::now().date_naive()) + Days::new(WINDOW_DAYS);
        let until = window.0.enrol_until_on.unwrap_or(usual);
        if until < event.happened_on {
            let rule = format!("must not be before {}, when it happened", event.happened_on);
            return Err(Problem::invalid(vec![Fault::at("/enrol_until_on", "too-early", rule)]));
        }
        let accepted =
            (benefit_life_events::status.eq(status), benefit_life_events::enrol_until_on.eq(until));
        let one = benefit_life_events::table.find((db.organization(), event.id));
        let accepted = diesel::update(one).set(accepted).returning(BenefitLifeEvent::as_returning());
        Ok(accepted.get_result(db).await?)
    })
    .await
}

/// Why an event opens no window.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectBenefitLifeEventRequest {
    /// Why not; the employee reads it.
    #[schema(min_length = 1, max_length = 500, example = "No certificate was handed in.")]
    reason: String,
}

/// Reject a life event
///
/// Says no, and why; no window opens. Nobody decides on an event of their own or that they reported.
#[utoipa::path(post, path = "/v1/benefit-life-events/{id}/reject", tag = "Growth")]
async fn reject_benefit_life_event(
    may: May<Approve, BenefitLifeEvent>,
    id: Id<BenefitLifeEvent>,
    why: Input<RejectBenefitLifeEventRequest>,
) -> Reply<BenefitLifeEvent> {
    may.write(async |db| {
        let row = lock(&may, db, &id).await?;
        let changed = (
            benefit_life_events::status.eq(LIFE.step(row.status.as_str(), "reject")?),
            benefit_life_events::rejection_reason.eq(&why.0.reason),
        );
        let one = benefit_life_events::table.find((db.organization(), row.id));
        Ok(diesel::update(one)
            .set(changed)
            .returning(BenefitLifeEvent::as_returning())
            .get_result(db)
            .await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.resource::<BenefitLifeEvent>()
        .call(operation!(accept_benefit_life_event))
        .call(operation!(reject_benefit_life_event));
}
