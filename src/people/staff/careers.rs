//! Careers: what happens to somebody from a day on, past or to come: transfer, promotion, leaving, coming back. Each writes the
//! history of assignments, and what holds today follows from it, when its day has come.

use crate::assignments::{self, ContractType, Workplace};
use crate::employees::{Employee, LIFE};
use diesel::sql_types::{Date, Jsonb, Text, Uuid as SqlUuid};
use platform::job::{Running, Task};
use platform::prelude::*;
use schema::employees;
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// What changes with a transfer, and from when on. What is left out stays as it is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferEmployeeRequest {
    /// The first day of it: a day of the employment, past or to come.
    #[schema(example = "2026-07-01")]
    starts_on: NaiveDate,
    /// The new department; null for none.
    #[schema(example = json!(null))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    department_id: Option<Option<Uuid>>,
    /// The new position; null for none.
    #[schema(example = json!(null))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    position_id: Option<Option<Uuid>>,
    /// Whom they report to then; null for nobody.
    #[schema(example = json!(null))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    manager_id: Option<Option<Uuid>>,
    /// Where they work then.
    #[schema(example = "office")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workplace: Option<Workplace>,
    /// The office, or the town they work from.
    #[schema(min_length = 1, max_length = 100, example = "Cluj-Napoca")]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    location: Option<Option<String>>,
    /// The country they work in (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    country: Option<Option<String>>,
    /// How much of a full week they work then, above 0 and at most 1.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^(0\.[0-9]{1,4}|1(\.0{1,4})?)$", example = "1")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    full_time_equivalent: Option<Quantity>,
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "The new office opens")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What changes with a promotion, and from when on. What is left out stays as it is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PromoteEmployeeRequest {
    /// The first day of it: a day of the employment, past or to come.
    #[schema(example = "2026-07-01")]
    starts_on: NaiveDate,
    /// The new position; null for none.
    #[schema(example = json!(null))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    position_id: Option<Option<Uuid>>,
    /// Whom they report to then; null for nobody.
    #[schema(example = json!(null))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    manager_id: Option<Option<Uuid>>,
    /// The new grade of their pay.
    #[schema(min_length = 1, max_length = 20, example = "S3")]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    grade: Option<Option<String>>,
    /// What kind of contract they have then.
    #[schema(example = "permanent")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contract_type: Option<ContractType>,
    /// The last day of the contract; null where it has none.
    #[schema(example = json!(null))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    contract_ends_on: Option<Option<NaiveDate>>,
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "Led the migration")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// The day of leaving and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TerminateEmployeeRequest {
    /// The last day of work, past or to come; not before the first.
    #[schema(example = "2026-08-31")]
    last_day: NaiveDate,
    /// Why they leave, in the company's words.
    #[schema(min_length = 1, max_length = 500, example = "Resigned")]
    reason: String,
}

/// The new first day of work.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RehireEmployeeRequest {
    /// The new first day of work; after the last day of the employment before.
    #[schema(example = "2027-02-01")]
    hired_on: NaiveDate,
}

/// Transfer an employee
///
/// They work elsewhere from a day on: another department, position, manager or place. The assignment of that day ends the day before, and
/// what was planned for later stays. A day that is to come holds when it has come; one that is past corrects the history.
#[utoipa::path(post, path = "/v1/employees/{id}/transfer", tag = "People")]
async fn transfer_employee(
    may: May<Write, Employee>,
    id: Id<Employee>,
    to: Input<TransferEmployeeRequest>,
) -> Reply<Employee> {
    may.write(async |db| {
        let employee = lock(&may, db, &id).await?;
        begin(db, &employee, "transfer", &to.0).await
    })
    .await
}

/// Promote an employee
///
/// They hold another position, grade or contract from a day on. The assignment of that day ends the day before, and what was
/// planned for later stays.
#[utoipa::path(post, path = "/v1/employees/{id}/promote", tag = "People")]
async fn promote_employee(
    may: May<Write, Employee>,
    id: Id<Employee>,
    to: Input<PromoteEmployeeRequest>,
) -> Reply<Employee> {
    may.write(async |db| {
        let employee = lock(&may, db, &id).await?;
        begin(db, &employee, "promotion", &to.0).await
    })
    .await
}

/// Begins an assignment with what is said, and answers what holds today.
async fn begin(db: &mut Db, employee: &Employee, change: &str, said: &impl Serialize) -> Result<Employee> {
    let mut row = serde_json::to_value(said).map_err(Problem::internal)?;
    row["id"] = json!(Uuid::now_v7());
    row["employee_id"] = json!(employee.id);
    row["change"] = json!(change);
    assignments::put(db, vec![row]).await?;
    Employee::find(db, employee.id).await
}

/// Terminate an employee
///
/// Records the last day and the reason, and drops what was planned for later. Who leaves on a day to come works here until then and is terminated when
/// it is over; saying it again moves the day. The record stays, and so does the place in the line of managers.
#[utoipa::path(post, path = "/v1/employees/{id}/terminate", tag = "People")]
async fn terminate_employee(
    may: May<Write, Employee>,
    id: Id<Employee>,
    leaving: Input<TerminateEmployeeRequest>,
) -> Reply<Employee> {
    may.write(async |db| {
        let employee = lock(&may, db, &id).await?;
        LIFE.step(employee.status.as_str(), "terminate")?;
        if leaving.0.last_day < employee.hired_on {
            let rule = format!("must not be before the first day, {}", employee.hired_on);
            return Err(Problem::invalid(vec![Fault::at("/last_day", "before-first-day", rule)]));
        }
        diesel::sql_query("select end_employment($1, $2, $3)")
            .bind::<SqlUuid, _>(employee.id)
            .bind::<Date, _>(leaving.0.last_day)
            .bind::<Text, _>(&leaving.0.reason)
            .execute(db)
            .await?;
        Employee::find(db, employee.id).await
    })
    .await
}

/// Rehire an employee
///
/// Somebody who left comes back with their number and history, pending until activated, to where they were.
#[utoipa::path(post, path = "/v1/employees/{id}/rehire", tag = "People")]
async fn rehire_employee(
    may: May<Write, Employee>,
    id: Id<Employee>,
    again: Input<RehireEmployeeRequest>,
) -> Reply<Employee> {
    may.write(async |db| {
        let employee = lock(&may, db, &id).await?;
        LIFE.step(employee.status.as_str(), "rehire")?;
        if employee.terminated_on.is_some_and(|last_day| again.0.hired_on <= last_day) {
            let rule = "must be after the last day of the employment before";
            return Err(Problem::invalid(vec![Fault::at("/hired_on", "before-last-day", rule)]));
        }
        begin(db, &employee, "rehire", &json!({"starts_on": again.0.hired_on})).await
    })
    .await
}

/// Somebody to be hired, with all that is known of their first assignment.
#[derive(Clone, Debug, Serialize)]
pub struct NewHire {
    pub id: Uuid,
    /// None takes the next of the active number series.
    pub employee_number: Option<String>,
    pub given_name: String,
    pub family_name: String,
    pub work_email: Option<String>,
    pub phone: Option<String>,
    /// The first day of work.
    pub hired_on: NaiveDate,
    pub department_id: Option<Uuid>,
    pub position_id: Option<Uuid>,
    pub manager_id: Option<Uuid>,
    pub workplace: Option<Workplace>,
    pub location: Option<String>,
    pub country: Option<String>,
    pub full_time_equivalent: Option<Quantity>,
    pub grade: Option<String>,
    pub contract_type: Option<ContractType>,
    pub contract_ends_on: Option<NaiveDate>,
    pub reason: Option<String>,
}

/// Hires them all, pending until activated, in two statements however many they are; in their order.
///
/// # Errors
/// Those of a create of one: 409 where a number or an address is taken or a position is filled, 422 at what refers to nothing.
pub async fn hire_all(db: &mut Db, hires: &[NewHire]) -> Result<Vec<Employee>> {
    let rows = serde_json::to_value(hires).map_err(Problem::internal)?;
    diesel::sql_query("select from hire_all($1)").bind::<Jsonb, _>(rows).execute(db).await?;
    let ids: Vec<Uuid> = hires.iter().map(|hire| hire.id).collect();
    let found = employees::table
        .filter(employees::org_id.eq(db.organization()))
        .filter(employees::id.eq_any(&ids))
        .select(Employee::as_select());
    let found: Vec<Employee> = found.load(db).await?;
    let mut found: HashMap<Uuid, Employee> = found.into_iter().map(|each| (each.id, each)).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// Lets hold what was dated ahead, once its day has come, in every organization.
#[derive(Serialize, Deserialize)]
pub(crate) struct MakeTodaysChanges;

diesel::define_sql_function! {
    /// See the migration of staff: how many employees changed.
    fn make_todays_changes() -> diesel::sql_types::BigInt;
}

impl Task for MakeTodaysChanges {
    const KIND: &'static str = "staff.make_todays_changes";

    async fn run(self, job: &Running) -> Result<Value> {
        let making =
            async |db: &mut Db| Ok(diesel::select(make_todays_changes()).get_result::<i64>(db).await?);
        job.in_every_organization(async |organization| job.database().as_system(organization, making).await)
            .await
    }
}

pub fn routes(api: &mut Api) {
    api.schedule::<MakeTodaysChanges>(Duration::from_hours(1));
    api.call(operation!(transfer_employee))
        .call(operation!(promote_employee))
        .call(operation!(terminate_employee))
        .call(operation!(rehire_employee));
}
