//! Employees: who works here, in which department and position, and whom they report to. What holds today follows from their
//! assignments, which know every other day.

use crate::careers;
use crate::references;
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Date, Nullable, Uuid as SqlUuid};
use platform::event;
use platform::prelude::*;
use platform::problem::{IN_USE, NOT_FOUND};
use schema::employees;

/// Somebody who works here, will, or did.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = employees)]
pub struct Employee {
    pub id: Uuid,
    pub version: i64,
    /// The number that the company knows them by; unique.
    #[schema(max_length = 20, example = "E-0042")]
    pub employee_number: String,
    /// The name they are called by.
    #[schema(max_length = 100, example = "Ana")]
    pub given_name: String,
    /// The name of the family; lists sort by it.
    #[schema(max_length = 100, example = "Pop")]
    pub family_name: String,
    /// Their address at work; unique.
    #[schema(format = "email", max_length = 254, example = "ana.pop@demo.example")]
    pub work_email: Option<String>,
    /// Their number at work.
    #[schema(max_length = 31, example = "+40 21 555 0100")]
    pub phone: Option<String>,
    /// The department they work in.
    pub department_id: Option<Uuid>,
    /// The position they fill.
    pub position_id: Option<Uuid>,
    /// The employee they report to.
    pub manager_id: Option<Uuid>,
    /// The first day of work.
    pub hired_on: NaiveDate,
    pub status: EmployeeStatus,
    /// The last day of work, past or to come; null while none is known.
    #[schema(example = json!(null))]
    pub terminated_on: Option<NaiveDate>,
    /// Why they leave; null while no last day is known.
    #[schema(max_length = 500, example = json!(null))]
    pub termination_reason: Option<String>,
    #[diesel(select_expression = custom::shown::<Employee>())]
    #[diesel(select_expression_type = custom::Shown<Employee>)]
    pub custom: Custom,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where an employee stands between hiring and leaving.
    pub enum EmployeeStatus { Pending = "pending", Active = "active", OnLeave = "on_leave", Terminated = "terminated" }
}

/// An employee to be: pending until activated.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = employees, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewEmployee {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The number that the company knows them by; unique. Left out, the next of the active number series is taken.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9/-]{0,19}$", example = "E-0251")]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    employee_number: Option<String>,
    /// The name they are called by.
    #[schema(min_length = 1, max_length = 100, example = "Ana")]
    given_name: String,
    /// The name of the family; lists sort by it.
    #[schema(min_length = 1, max_length = 100, example = "Pop")]
    family_name: String,
    /// Their address at work; unique.
    #[schema(format = "email", min_length = 3, max_length = 254, example = json!(null))]
    work_email: Option<String>,
    /// Their number at work.
    #[schema(pattern = r"^\+?[0-9 ()./-]{3,30}$", max_length = 31, example = "+40 21 555 0100")]
    phone: Option<String>,
    /// The department they will work in.
    #[schema(example = json!(null))]
    department_id: Option<Uuid>,
    /// The position they will fill.
    #[schema(example = json!(null))]
    position_id: Option<Uuid>,
    /// The employee they will report to.
    #[schema(example = json!(null))]
    manager_id: Option<Uuid>,
    /// The first day of work.
    hired_on: NaiveDate,
    #[serde(default)]
    custom: NewCustom,
}

/// What of an employee can be changed; what happens to them is an action.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = employees)]
#[serde(deny_unknown_fields)]
pub struct EditEmployee {
    /// The number that the company knows them by; unique.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9/-]{0,19}$", example = "E-0251")]
    employee_number: Option<String>,
    /// The name they are called by.
    #[schema(min_length = 1, max_length = 100, example = "Ana")]
    given_name: Option<String>,
    /// The name of the family; lists sort by it.
    #[schema(min_length = 1, max_length = 100, example = "Popescu")]
    family_name: Option<String>,
    /// Their address at work; unique.
    #[schema(format = "email", min_length = 3, max_length = 254, example = json!(null))]
    work_email: Option<Option<String>>,
    /// Their number at work.
    #[schema(pattern = r"^\+?[0-9 ()./-]{3,30}$", max_length = 31, example = "+40 21 555 0100")]
    phone: Option<Option<String>>,
    /// The department they work in, from today on: for another day there is `transfer`.
    #[schema(example = json!(null))]
    department_id: Option<Option<Uuid>>,
    /// The position they fill, from today on: for another day there is `promote`.
    #[schema(example = json!(null))]
    position_id: Option<Option<Uuid>>,
    /// The employee they report to, from today on. Their whole branch moves with them.
    #[schema(example = json!(null))]
    manager_id: Option<Option<Uuid>>,
    /// The first day of work.
    hired_on: Option<NaiveDate>,
    custom: Option<EditCustom>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct EmployeeFilter {
    /// Only employees in this state.
    #[param(inline)]
    status: Option<EmployeeStatus>,
    /// Only employees of this department.
    department_id: Option<Uuid>,
    /// Only employees in this position.
    position_id: Option<Uuid>,
    /// Only employees who report to this one directly.
    manager_id: Option<Uuid>,
    /// Only the employee with this number.
    #[param(min_length = 1, max_length = 20)]
    employee_number: Option<String>,
    /// Only employees hired on this day or later.
    hired_on_from: Option<NaiveDate>,
    /// Only employees hired on this day or earlier.
    hired_on_to: Option<NaiveDate>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("pending", "Hired, and not at work yet."),
        ("active", "At work."),
        ("on_leave", "Away for a longer time."),
        ("terminated", "Left."),
    ],
    steps: &[
        Step { action: "activate", from: &["pending"], to: "active", verb: "write" },
        Step { action: "start_leave", from: &["active"], to: "on_leave", verb: "write" },
        Step { action: "end_leave", from: &["on_leave"], to: "active", verb: "write" },
        Step {
            action: "terminate",
            from: &["pending", "active", "on_leave"],
            to: "terminated",
            verb: "write",
        },
        Step { action: "rehire", from: &["terminated"], to: "pending", verb: "write" },
    ],
};

impl Named for Employee {
    const NAME: &'static str = "employees";
}

impl Resource for Employee {
    const PATH: &'static str = "/v1/employees";
    const SINGULAR: &'static str = "employee";
    const TAG: &'static str = "People";
    const SORT: &'static [SortKey] = &[
        SortKey::text("family_name"),
        SortKey::text("employee_number"),
        SortKey::day("hired_on"),
        SortKey::instant("created_at"),
    ];
    const CUSTOM: bool = true;
    const NATURAL_KEY: &'static [&'static str] = &["employee_number"];
    const REFERENCES: &'static [Reference] =
        &[references::DEPARTMENT, references::POSITION, references::MANAGER];
    type Filter = EmployeeFilter;

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
        Some(self.id)
    }
}

impl Stored for Employee {
    type Table = employees::table;
    const TABLE: &'static str = "employees";
    const SEARCHED: &'static [&'static str] = &["given_name", "family_name", "employee_number", "work_email"];

    fn narrow(rows: Rows<Self>, by: EmployeeFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(employees::status.eq(status)))
            .when(by.department_id, |rows, id| rows.filter(employees::department_id.eq(id)))
            .when(by.position_id, |rows, id| rows.filter(employees::position_id.eq(id)))
            .when(by.manager_id, |rows, id| rows.filter(employees::manager_id.eq(id)))
            .when(by.employee_number, |rows, number| rows.filter(employees::employee_number.eq(number)))
            .when(by.hired_on_from, |rows, day| rows.filter(employees::hired_on.ge(day)))
            .when(by.hired_on_to, |rows, day| rows.filter(employees::hired_on.le(day)))
    }
}

impl Written for Employee {
    type New = NewEmployee;
    type Edit = EditEmployee;

    /// Who has worked here stays on record, as labour law asks nearly everywhere; who never came can go.
    async fn check_delete(db: &mut Db, row: &Self) -> Result<()> {
        if row.status != EmployeeStatus::Pending
            || event::ever_happened::<Self>(db, row.id, "employee.active").await?
        {
            return Err(
                IN_USE.because("Somebody who has worked here stays on record: terminate them instead.")
            );
        }
        Ok(())
    }
}

/// What they are on a day is what the assignment says that covers it.
impl Dated for Employee {
    async fn on_day(db: &mut Db, id: Uuid, day: NaiveDate) -> Result<Self> {
        #[derive(QueryableByName)]
        struct ThatDay {
            #[diesel(sql_type = Nullable<SqlUuid>)]
            department_id: Option<Uuid>,
            #[diesel(sql_type = Nullable<SqlUuid>)]
            position_id: Option<Uuid>,
            #[diesel(sql_type = Nullable<SqlUuid>)]
            manager_id: Option<Uuid>,
            #[diesel(sql_type = Date)]
            hired_on: NaiveDate,
            #[diesel(sql_type = Bool)]
            is_today: bool,
        }
        let that_day = diesel::sql_query(
            "select a.department_id, a.position_id, a.manager_id, $3 = (now() at time zone 'UTC')::date as is_today,
                (select max(b.starts_on) from assignments b where b.org_id = a.org_id and b.employee_id = a.employee_id
                    and b.starts_on <= a.starts_on and b.change in ('hire', 'rehire')) as hired_on
            from assignments a where a.org_id = $1 and a.employee_id = $2 and a.starts_on <= $3 and (a.ends_on is null or a.ends_on >= $3)",
        )
        .bind::<SqlUuid, _>(db.organization())
        .bind::<SqlUuid, _>(id)
        .bind::<Date, _>(day);
        let that_day: Option<ThatDay> = that_day.get_result(db).await.optional()?;
        let employee = Self::find(db, id).await?;
        let Some(that_day) = that_day else {
            return Err(NOT_FOUND.because(format!("This employee does not work here on {day}.")));
        };
        let status = if that_day.is_today { employee.status } else { EmployeeStatus::Active };
        Ok(Self {
            department_id: that_day.department_id,
            position_id: that_day.position_id,
            manager_id: that_day.manager_id,
            hired_on: that_day.hired_on,
            status,
            terminated_on: None,
            termination_reason: None,
            ..employee
        })
    }
}

/// Activate an employee
///
/// The first day has come: pending becomes active.
#[utoipa::path(post, path = "/v1/employees/{id}/activate", tag = "People")]
async fn activate_employee(may: May<Write, Employee>, id: Id<Employee>) -> Reply<Employee> {
    step(may, id, "activate").await
}

/// Start a leave
///
/// An active employee is away for a longer time.
#[utoipa::path(post, path = "/v1/employees/{id}/start-leave", tag = "People")]
async fn start_leave(may: May<Write, Employee>, id: Id<Employee>) -> Reply<Employee> {
    step(may, id, "start_leave").await
}

/// End a leave
///
/// An employee who was away is back at work.
#[utoipa::path(post, path = "/v1/employees/{id}/end-leave", tag = "People")]
async fn end_leave(may: May<Write, Employee>, id: Id<Employee>) -> Reply<Employee> {
    step(may, id, "end_leave").await
}

pub fn routes(api: &mut Api) {
    api.dated::<Employee>()
        .creatable::<Employee>()
        .changeable::<Employee>()
        .deletable::<Employee>()
        .importable::<Employee>()
        .call(operation!(activate_employee))
        .call(operation!(start_leave))
        .call(operation!(end_leave));
    careers::routes(api);
}
