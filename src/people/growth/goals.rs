//! Goals: what the company, a department or somebody wants to reach, one beneath the other, and how far they have come.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::Bool;
use platform::may::{Grants, Reach};
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::goals;

/// Something to be reached by a day.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = goals)]
pub struct Goal {
    pub id: Uuid,
    pub version: i64,
    /// What is to be reached, in a line.
    #[schema(max_length = 200, example = "Answer every customer within a day")]
    pub title: String,
    /// The same in more words.
    #[schema(max_length = 2000, example = json!(null))]
    pub description: Option<String>,
    /// Whose it is.
    #[schema(example = "company")]
    pub level: GoalLevel,
    /// The department whose it is; for goals of departments alone.
    pub department_id: Option<Uuid>,
    /// The employee whose it is; for goals of people alone.
    pub employee_id: Option<Uuid>,
    /// The goal that it serves: of the same level, or of one above.
    pub parent_id: Option<Uuid>,
    /// Its first day.
    #[schema(example = "2026-01-01")]
    pub starts_on: NaiveDate,
    /// The day by which it is to be reached.
    #[schema(example = "2026-12-31")]
    pub ends_on: NaiveDate,
    /// What is counted.
    #[schema(max_length = 20, example = "%")]
    pub unit: String,
    /// Where it began.
    #[schema(example = "60")]
    pub start_value: Quantity,
    /// Where it is to come; above or below where it began. 100, unless told.
    #[schema(example = "95")]
    pub target_value: Quantity,
    /// Where it is, as the last check-in says.
    #[schema(example = "60")]
    pub current_value: Quantity,
    /// How much it counts among those beneath the same goal; 1, unless told.
    #[schema(example = "1")]
    pub weight: Quantity,
    /// How far it has come, in percent: from where it began to where it is to come or, where goals are beneath it, what those come to by their weights.
    #[schema(value_type = String, max_length = 8, example = "0.00")]
    pub progress: Decimal,
    pub status: GoalStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    /// Whether the caller heads its department, or one above.
    #[serde(skip)]
    #[diesel(select_expression = sql::<Bool>("(goals.level = 'department' and heads_department(goals.department_id))"))]
    #[diesel(select_expression_type = SqlLiteral<Bool>)]
    is_led: bool,
}

text_enum! {
    /// Whose goal it is.
    pub enum GoalLevel { Company = "company", Department = "department", Person = "person" }
}

text_enum! {
    /// Where it stands.
    pub enum GoalStatus { Draft = "draft", Active = "active", Achieved = "achieved", Missed = "missed", Cancelled = "cancelled" }
}

/// A goal to be: a draft.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = goals, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewGoal {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What is to be reached, in a line.
    #[schema(min_length = 1, max_length = 200, example = "Answer every customer within a day")]
    title: String,
    /// The same in more words.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    description: Option<String>,
    /// Whose it is: of the company, of the department or of the employee that is named.
    #[schema(example = "company")]
    level: GoalLevel,
    /// The department whose it is; for goals of departments alone.
    #[schema(example = json!(null))]
    department_id: Option<Uuid>,
    /// The employee whose it is; for goals of people alone.
    #[schema(example = json!(null))]
    employee_id: Option<Uuid>,
    /// The goal that it serves: of the same level, or of one above.
    #[schema(example = json!(null))]
    parent_id: Option<Uuid>,
    /// Its first day.
    #[schema(example = "2026-01-01")]
    starts_on: NaiveDate,
    /// The day by which it is to be reached.
    #[schema(example = "2026-12-31")]
    ends_on: NaiveDate,
    /// What is counted.
    #[schema(min_length = 1, max_length = 20, example = "%")]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    unit: Option<String>,
    /// Where it began.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^-?[0-9]{1,14}(\.[0-9]{1,6})?$", example = "60")]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    start_value: Option<Decimal>,
    /// Where it is to come; above or below where it began. 100, unless told.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^-?[0-9]{1,14}(\.[0-9]{1,6})?$", example = "95")]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    target_value: Option<Decimal>,
    /// How much it counts among those beneath the same goal; 1, unless told.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,14}(\.[0-9]{1,6})?$", example = "1")]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    weight: Option<Decimal>,
}

/// What of a goal can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = goals)]
#[serde(deny_unknown_fields)]
pub struct EditGoal {
    /// What is to be reached, in a line.
    #[schema(min_length = 1, max_length = 200, example = "Answer every customer within four hours")]
    title: Option<String>,
    /// The same in more words.
    #[schema(min_length = 1, max_length = 2000, example = json!(null))]
    description: Option<Option<String>>,
    /// The goal that it serves: of the same level, or of one above.
    #[schema(example = json!(null))]
    parent_id: Option<Option<Uuid>>,
    /// Its first day.
    #[schema(example = "2026-01-01")]
    starts_on: Option<NaiveDate>,
    /// The day by which it is to be reached.
    #[schema(example = "2026-12-31")]
    ends_on: Option<NaiveDate>,
    /// What is counted.
    #[schema(min_length = 1, max_length = 20, example = "%")]
    unit: Option<String>,
    /// Where it began.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^-?[0-9]{1,14}(\.[0-9]{1,6})?$", example = "60")]
    start_value: Option<Decimal>,
    /// Where it is to come; above or below where it began. 100, unless told.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^-?[0-9]{1,14}(\.[0-9]{1,6})?$", example = "95")]
    target_value: Option<Decimal>,
    /// How much it counts among those beneath the same goal; 1, unless told.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,14}(\.[0-9]{1,6})?$", example = "1")]
    weight: Option<Decimal>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct GoalFilter {
    /// Only goals in this state.
    #[param(inline)]
    status: Option<GoalStatus>,
    /// Only goals of this level.
    #[param(inline)]
    level: Option<GoalLevel>,
    /// Only goals of this department.
    department_id: Option<Uuid>,
    /// Only goals of this employee.
    employee_id: Option<Uuid>,
    /// Only goals directly beneath this one.
    parent_id: Option<Uuid>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("draft", "Being agreed on; it does not count yet."),
        ("active", "Being worked on."),
        ("achieved", "Reached."),
        ("missed", "Not reached in its time."),
        ("cancelled", "Not wanted any more; it counts for nothing."),
    ],
    steps: &[
        Step { action: "activate", from: &["draft"], to: "active", verb: "write" },
        Step { action: "achieve", from: &["active"], to: "achieved", verb: "write" },
        Step { action: "miss", from: &["active"], to: "missed", verb: "write" },
        Step { action: "cancel", from: &["draft", "active"], to: "cancelled", verb: "write" },
        Step { action: "reopen", from: &["achieved", "missed", "cancelled"], to: "active", verb: "write" },
    ],
};

impl Named for Goal {
    const NAME: &'static str = "goals";
}

impl Resource for Goal {
    const PATH: &'static str = "/v1/goals";
    const SINGULAR: &'static str = "goal";
    const TAG: &'static str = "Growth";
    const SORT: &'static [SortKey] =
        &[SortKey::text("title"), SortKey::day("ends_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "ends_on";
    type Filter = GoalFilter;

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
    fn takes(&self, _action: &str, grants: &Grants) -> bool {
        self.employee_id.is_some() || self.is_led || grants.reach("write") == Some(Reach::Org)
    }
}

impl Stored for Goal {
    type Table = goals::table;
    const TABLE: &'static str = "goals";
    const SEARCHED: &'static [&'static str] = &["title"];

    fn narrow(rows: Rows<Self>, by: GoalFilter) -> Rows<Self> {
        rows.when(by.status, |rows, value| rows.filter(goals::status.eq(value)))
            .when(by.level, |rows, value| rows.filter(goals::level.eq(value)))
            .when(by.department_id, |rows, value| rows.filter(goals::department_id.eq(value)))
            .when(by.employee_id, |rows, value| rows.filter(goals::employee_id.eq(value)))
            .when(by.parent_id, |rows, value| rows.filter(goals::parent_id.eq(value)))
    }
}

impl Written for Goal {
    type New = NewGoal;
    type Edit = EditGoal;

    async fn check_new(_: &mut Db, new: &NewGoal) -> Result<()> {
        let mut faults = Vec::new();
        for (field, level, is_given) in [
            ("department_id", GoalLevel::Department, new.department_id.is_some()),
            ("employee_id", GoalLevel::Person, new.employee_id.is_some()),
        ] {
            if new.level == level && !is_given {
                let rule = format!("must be given for a goal of the level `{}`", level.as_str());
                faults.push(Fault::at(format!("/{field}"), "required", rule));
            } else if new.level != level && is_given {
                let rule = format!("must be left out: it is for goals of the level `{}`", level.as_str());
                faults.push(Fault::at(format!("/{field}"), "breaks-a-rule", rule));
            }
        }
        let start = new.start_value.unwrap_or_default();
        let target = new.target_value.unwrap_or(Decimal::ONE_HUNDRED);
        faults.extend(same(start, target));
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditGoal) -> Result<()> {
        let start = edit.start_value.unwrap_or(row.start_value.0);
        let target = edit.target_value.unwrap_or(row.target_value.0);
        same(start, target).map_or(Ok(()), |fault| Err(Problem::invalid(vec![fault])))
    }
}

/// A goal that is reached before it begins.
fn same(start: Decimal, target: Decimal) -> Option<Fault> {
    let rule = "must differ from where it begins, so that there is a way to go";
    (start == target).then(|| Fault::at("/target_value", "no-way-to-go", rule))
}

/// Activate a goal
///
/// It is agreed on, and counts from now on for the goal that it serves.
#[utoipa::path(post, path = "/v1/goals/{id}/activate", tag = "Growth")]
async fn activate_goal(may: May<Write, Goal>, id: Id<Goal>) -> Reply<Goal> {
    step(may, id, "activate").await
}

/// Achieve a goal
///
/// It was reached. What it has come to stays as the last check-in says.
#[utoipa::path(post, path = "/v1/goals/{id}/achieve", tag = "Growth")]
async fn achieve_goal(may: May<Write, Goal>, id: Id<Goal>) -> Reply<Goal> {
    step(may, id, "achieve").await
}

/// Miss a goal
///
/// It was not reached in its time.
#[utoipa::path(post, path = "/v1/goals/{id}/miss", tag = "Growth")]
async fn miss_goal(may: May<Write, Goal>, id: Id<Goal>) -> Reply<Goal> {
    step(may, id, "miss").await
}

/// Cancel a goal
///
/// It is not wanted any more, and counts for nothing in the goal that it serves.
#[utoipa::path(post, path = "/v1/goals/{id}/cancel", tag = "Growth")]
async fn cancel_goal(may: May<Write, Goal>, id: Id<Goal>) -> Reply<Goal> {
    step(may, id, "cancel").await
}

/// Reopen a goal
///
/// It is worked on again.
#[utoipa::path(post, path = "/v1/goals/{id}/reopen", tag = "Growth")]
async fn reopen_goal(may: May<Write, Goal>, id: Id<Goal>) -> Reply<Goal> {
    step(may, id, "reopen").await
}

pub fn routes(api: &mut Api) {
    api.resource::<Goal>()
        .call(operation!(activate_goal))
        .call(operation!(achieve_goal))
        .call(operation!(miss_goal))
        .call(operation!(cancel_goal))
        .call(operation!(reopen_goal));
}
