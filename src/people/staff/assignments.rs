//! Assignments: what somebody does here, from a day on. Together they are the history of an employment, without gaps or overlaps.

pub use crate::careers::{NewHire, hire_all};
use crate::employees::Employee;
use crate::references;
use diesel::QueryableByName;
use diesel::sql_types::{Jsonb, Uuid as SqlUuid};
use platform::prelude::*;
use platform::store::changes_nothing;
use schema::assignments;
use serde_json::Value;
use std::collections::HashMap;

/// What somebody does here from a day on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, QueryableByName, Selectable)]
#[diesel(table_name = assignments)]
pub struct Assignment {
    pub id: Uuid,
    pub version: i64,
    /// Whose it is.
    pub employee_id: Uuid,
    /// The first day.
    pub starts_on: NaiveDate,
    /// The last day; null until further notice.
    #[schema(example = json!(null))]
    pub ends_on: Option<NaiveDate>,
    /// What it is the beginning of: an employment, or a change within one.
    pub change: AssignmentChange,
    /// The department they work in.
    pub department_id: Option<Uuid>,
    /// The position they fill.
    pub position_id: Option<Uuid>,
    /// The employee they report to.
    pub manager_id: Option<Uuid>,
    /// Where they work.
    pub workplace: Workplace,
    /// The office, or the town they work from.
    #[schema(max_length = 100, example = "Cluj-Napoca")]
    pub location: Option<String>,
    /// The country they work in (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, example = "RO")]
    pub country: Option<String>,
    /// How much of a full week they work: 1 is all of it.
    pub full_time_equivalent: Quantity,
    /// The grade of their pay, in the company's words.
    #[schema(max_length = 20, example = "S2")]
    pub grade: Option<String>,
    /// What kind of contract they have.
    pub contract_type: ContractType,
    /// The last day of the contract; null where it has none.
    #[schema(example = json!(null))]
    pub contract_ends_on: Option<NaiveDate>,
    /// Why it changed.
    #[schema(max_length = 500, example = "Hired for the new shift")]
    pub reason: Option<String>,
    /// Why the employment ended with it; null while it goes on.
    #[schema(max_length = 500, example = json!(null))]
    pub ending_reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What an assignment is the beginning of.
    pub enum AssignmentChange { Change = "change", Transfer = "transfer", Promotion = "promotion", Hire = "hire", Rehire = "rehire" }
}
text_enum! {
    /// Where somebody works.
    pub enum Workplace { Office = "office", Remote = "remote", Abroad = "abroad" }
}
text_enum! {
    /// What kind of contract somebody has.
    pub enum ContractType { Permanent = "permanent", FixedTerm = "fixed_term", Apprentice = "apprentice", Intern = "intern", Contractor = "contractor" }
}

/// An assignment to be. It ends the one that covers its first day, goes on as that did but for what is said here, and lasts until the next one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAssignment {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Whose it is.
    employee_id: Uuid,
    /// The first day: past, present or to come.
    #[schema(example = "2026-07-01")]
    starts_on: NaiveDate,
    /// The last day of a `hire` or `rehire` that is over; left out of all others, which last until the next one begins.
    #[schema(example = json!(null))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_on: Option<NaiveDate>,
    /// What it is the beginning of. `hire` and `rehire` begin an employment on a day on which the employee does not work here.
    #[schema(example = "transfer")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change: Option<AssignmentChange>,
    /// The department they work in; left out, as before; null for none.
    #[schema(example = json!(null))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    department_id: Option<Option<Uuid>>,
    /// The position they fill; left out, as before; null for none.
    #[schema(example = json!(null))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    position_id: Option<Option<Uuid>>,
    /// The employee they report to; left out, as before; null for none.
    #[schema(example = json!(null))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    manager_id: Option<Option<Uuid>>,
    /// Where they work; left out, as before.
    #[schema(example = "remote")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    workplace: Option<Workplace>,
    /// The office, or the town they work from; left out, as before.
    #[schema(min_length = 1, max_length = 100, example = "Cluj-Napoca")]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    location: Option<Option<String>>,
    /// The country they work in (ISO 3166-1 alpha-2); left out, as before.
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    country: Option<Option<String>>,
    /// How much of a full week they work, above 0 and at most 1; left out, as before.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^(0\.[0-9]{1,4}|1(\.0{1,4})?)$", example = "0.8")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    full_time_equivalent: Option<Quantity>,
    /// The grade of their pay; left out, as before.
    #[schema(min_length = 1, max_length = 20, example = "S3")]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    grade: Option<Option<String>>,
    /// What kind of contract they have; left out, as before.
    #[schema(example = json!(null))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contract_type: Option<ContractType>,
    /// The last day of the contract; left out, as before; null where it has none.
    #[schema(example = json!(null))]
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    contract_ends_on: Option<Option<NaiveDate>>,
    /// Why it changes.
    #[schema(min_length = 1, max_length = 500, example = "Moved to Cluj")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What of an assignment can be corrected. Where its days change, those beside it give way.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditAssignment {
    /// The first day. The assignment before it ends the day before.
    #[schema(example = "2026-08-01")]
    starts_on: Option<NaiveDate>,
    /// The last day. The assignment after it begins the day after; the last one's is the last day of the employment.
    #[schema(example = json!(null))]
    ends_on: Option<Option<NaiveDate>>,
    /// What it is the beginning of.
    #[schema(example = "promotion")]
    change: Option<AssignmentChange>,
    /// The department they work in.
    #[schema(example = json!(null))]
    department_id: Option<Option<Uuid>>,
    /// The position they fill.
    #[schema(example = json!(null))]
    position_id: Option<Option<Uuid>>,
    /// The employee they report to.
    #[schema(example = json!(null))]
    manager_id: Option<Option<Uuid>>,
    /// Where they work.
    #[schema(example = "office")]
    workplace: Option<Workplace>,
    /// The office, or the town they work from.
    #[schema(min_length = 1, max_length = 100, example = "Cluj-Napoca")]
    location: Option<Option<String>>,
    /// The country they work in (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    country: Option<Option<String>>,
    /// How much of a full week they work, above 0 and at most 1.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^(0\.[0-9]{1,4}|1(\.0{1,4})?)$", example = "1")]
    full_time_equivalent: Option<Quantity>,
    /// The grade of their pay.
    #[schema(min_length = 1, max_length = 20, example = "S3")]
    grade: Option<Option<String>>,
    /// What kind of contract they have.
    #[schema(example = "permanent")]
    contract_type: Option<ContractType>,
    /// The last day of the contract; null where it has none.
    #[schema(example = json!(null))]
    contract_ends_on: Option<Option<NaiveDate>>,
    /// Why it changed.
    #[schema(min_length = 1, max_length = 500, example = "Moved to Cluj")]
    reason: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AssignmentFilter {
    /// Only assignments of this employee.
    employee_id: Option<Uuid>,
    /// Only assignments that cover this day: who did what on it.
    on: Option<NaiveDate>,
    /// Only assignments to this department.
    department_id: Option<Uuid>,
    /// Only assignments to this position.
    position_id: Option<Uuid>,
    /// Only assignments under this manager.
    manager_id: Option<Uuid>,
    /// Only assignments that began with this.
    #[param(inline)]
    change: Option<AssignmentChange>,
    /// Only assignments that begin on this day or later.
    starts_on_from: Option<NaiveDate>,
    /// Only assignments that begin on this day or earlier.
    starts_on_to: Option<NaiveDate>,
}

impl Named for Assignment {
    const NAME: &'static str = "assignments";
}

impl Resource for Assignment {
    const PATH: &'static str = "/v1/assignments";
    const SINGULAR: &'static str = "assignment";
    const TAG: &'static str = "People";
    const SORT: &'static [SortKey] = &[SortKey::day("starts_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-starts_on";
    const NATURAL_KEY: &'static [&'static str] = &["employee_id", "starts_on"];
    const REFERENCES: &'static [Reference] =
        &[references::EMPLOYEE, references::DEPARTMENT, references::POSITION, references::MANAGER];
    type Filter = AssignmentFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn person(&self) -> Option<Uuid> {
        Some(self.employee_id)
    }
}

impl Stored for Assignment {
    type Table = assignments::table;
    const TABLE: &'static str = "assignments";
    const SEARCHED: &'static [&'static str] = &["location", "reason"];

    fn narrow(rows: Rows<Self>, by: AssignmentFilter) -> Rows<Self> {
        rows.when(by.employee_id, |rows, id| rows.filter(assignments::employee_id.eq(id)))
            .when(by.on, |rows, day| {
                rows.filter(assignments::starts_on.le(day))
                    .filter(assignments::ends_on.is_null().or(assignments::ends_on.ge(day)))
            })
            .when(by.department_id, |rows, id| rows.filter(assignments::department_id.eq(id)))
            .when(by.position_id, |rows, id| rows.filter(assignments::position_id.eq(id)))
            .when(by.manager_id, |rows, id| rows.filter(assignments::manager_id.eq(id)))
            .when(by.change, |rows, change| rows.filter(assignments::change.eq(change)))
            .when(by.starts_on_from, |rows, day| rows.filter(assignments::starts_on.ge(day)))
            .when(by.starts_on_to, |rows, day| rows.filter(assignments::starts_on.le(day)))
    }
}

impl Kept for Assignment {
    type New = NewAssignment;
    type Edit = EditAssignment;

    async fn create(db: &mut Db, new: NewAssignment) -> Result<Self> {
        let made = put_all(db, &[new]).await?;
        made.into_iter().next().ok_or_else(|| Problem::internal("an assignment was put and is not there"))
    }

    async fn create_all(db: &mut Db, new: Vec<(Uuid, NewAssignment)>) -> Result<Vec<Self>> {
        let new: Vec<NewAssignment> = new.into_iter().map(|(_, each)| each).collect();
        put_all(db, &new).await
    }

    async fn change(db: &mut Db, row: Self, edit: EditAssignment) -> Result<Self> {
        let patch = serde_json::to_value(&edit).map_err(Problem::internal)?;
        if changes_nothing(&row, &patch)? {
            return Ok(row);
        }
        let corrected = diesel::sql_query("select * from correct_assignment($1, $2)")
            .bind::<SqlUuid, _>(row.id)
            .bind::<Jsonb, _>(patch);
        Ok(corrected.get_result(db).await?)
    }

    /// What goes leaves its days to the assignment before.
    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        diesel::delete(assignments::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

/// Puts assignments into histories, in a constant number of statements, and answers them in their order.
///
/// # Errors
/// 422 with the day at fault, 409 where other rows stand in the way: a filled position, a ring of managers.
async fn put_all(db: &mut Db, new: &[NewAssignment]) -> Result<Vec<Assignment>> {
    let mut rows = Vec::with_capacity(new.len());
    for each in new {
        let mut row = serde_json::to_value(each).map_err(Problem::internal)?;
        row["id"] = json!(each.id);
        rows.push(row);
    }
    let made = put(db, rows).await?;
    let mut made: HashMap<Uuid, Assignment> = made.into_iter().map(|each| (each.id, each)).collect();
    Ok(new.iter().filter_map(|each| made.remove(&each.id)).collect())
}

/// The same, of rows as `put_assignments` takes them.
pub(crate) async fn put(db: &mut Db, rows: Vec<Value>) -> Result<Vec<Assignment>> {
    let put = diesel::sql_query("select * from put_assignments($1)").bind::<Jsonb, _>(Value::Array(rows));
    Ok(put.load(db).await?)
}

/// List the assignments of an employee
///
/// The whole history of one employee, oldest first: who they were to the company on which day, past and to come.
#[utoipa::path(get, path = "/v1/employees/{id}/assignments", tag = "People")]
async fn list_employee_assignments(
    may: May<Read, Assignment>,
    id: Id<Employee>,
) -> Reply<Several<Assignment>> {
    may.read(async |db| {
        let all = assignments::table
            .filter(assignments::org_id.eq(db.organization()))
            .filter(assignments::employee_id.eq(id.0))
            .order(assignments::starts_on)
            .select(Assignment::as_select());
        let all: Vec<Assignment> = all.load(db).await?;
        // Everybody has one at least.
        if all.is_empty() { Err(Problem::not_found()) } else { Ok(Several(all)) }
    })
    .await?
    .answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.resource::<Assignment>().call(operation!(list_employee_assignments));
}
