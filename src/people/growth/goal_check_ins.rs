//! Check-ins: how far a goal has come on a day, and whether it will be reached. What was said stays said.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::goal_check_ins;

/// How far a goal has come.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = goal_check_ins)]
pub struct GoalCheckIn {
    pub id: Uuid,
    pub version: i64,
    /// The goal.
    pub goal_id: Uuid,
    /// Whose goal it is; null for one of the company or of a department.
    pub employee_id: Option<Uuid>,
    /// Where the goal is, in its unit; null where only something was said.
    #[schema(value_type = Option<String>, max_length = 22, example = "72")]
    pub value: Option<Quantity>,
    /// Whether it will be reached.
    #[schema(example = "on_track")]
    pub confidence: Confidence,
    /// What was said.
    #[schema(max_length = 2000, example = "Two more people answer mail since May.")]
    pub note: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether it will be reached.
    pub enum Confidence { OnTrack = "on_track", AtRisk = "at_risk", OffTrack = "off_track" }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct GoalCheckInFilter {
    /// Only check-ins to this goal.
    goal_id: Option<Uuid>,
    /// Only check-ins to goals of this employee.
    employee_id: Option<Uuid>,
    /// Only check-ins that say so.
    #[param(inline)]
    confidence: Option<Confidence>,
}

impl Named for GoalCheckIn {
    const NAME: &'static str = "goal-check-ins";
}

impl Resource for GoalCheckIn {
    const PATH: &'static str = "/v1/goal-check-ins";
    const SINGULAR: &'static str = "goal_check_in";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = GoalCheckInFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn person(&self) -> Option<Uuid> {
        self.employee_id
    }
}

impl Stored for GoalCheckIn {
    type Table = goal_check_ins::table;
    const TABLE: &'static str = "goal_check_ins";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: GoalCheckInFilter) -> Rows<Self> {
        rows.when(by.goal_id, |rows, value| rows.filter(goal_check_ins::goal_id.eq(value)))
            .when(by.employee_id, |rows, value| rows.filter(goal_check_ins::employee_id.eq(value)))
            .when(by.confidence, |rows, value| rows.filter(goal_check_ins::confidence.eq(value)))
    }
}

/// A check-in to be: it moves the goal, and those above it.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = goal_check_ins)]
#[serde(deny_unknown_fields)]
pub struct NewGoalCheckIn {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The goal, which is active.
    goal_id: Uuid,
    /// Where the goal is, in its unit; left out where goals are beneath it, from which that follows.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^-?[0-9]{1,14}(\.[0-9]{1,6})?$", example = "72")]
    value: Option<Decimal>,
    /// Whether it will be reached.
    #[schema(example = "on_track")]
    confidence: Confidence,
    /// What there is to say.
    #[schema(min_length = 1, max_length = 2000, example = "Two more people answer mail since May.")]
    note: Option<String>,
}

/// Nothing of a check-in is changed: check in again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditGoalCheckIn {}

impl Kept for GoalCheckIn {
    type New = NewGoalCheckIn;
    type Edit = EditGoalCheckIn;

    async fn create(db: &mut Db, new: NewGoalCheckIn) -> Result<Self> {
        let made = diesel::insert_into(goal_check_ins::table).values(new).returning(Self::as_returning());
        Ok(made.get_result(db).await?)
    }

    async fn change(_: &mut Db, row: Self, _: EditGoalCheckIn) -> Result<Self> {
        Ok(row)
    }

    async fn delete(_: &mut Db, _: Self) -> Result<()> {
        Ok(())
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<GoalCheckIn>().creatable::<GoalCheckIn>();
}
