//! Assignments: what somebody does here, from a day on. Together they are the history of an employment, without gaps or overlaps.

use platform::prelude::*;
use schema::assignments;

/// What somebody does here from a day on.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
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
    pub enum AssignmentChange { Hire = "hire", Rehire = "rehire", Transfer = "transfer", Promotion = "promotion", Change = "change" }
}
text_enum! {
    /// Where somebody works.
    pub enum Workplace { Office = "office", Remote = "remote", Abroad = "abroad" }
}
text_enum! {
    /// What kind of contract somebody has.
    pub enum ContractType { Permanent = "permanent", FixedTerm = "fixed_term", Apprentice = "apprentice", Intern = "intern", Contractor = "contractor" }
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

pub fn routes(api: &mut Api) {
    api.readable::<Assignment>();
}
