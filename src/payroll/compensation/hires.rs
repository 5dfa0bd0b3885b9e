//! Hires: people with all that is known of them on their first day, a row of a file each: who they are, what they do, and what they earn.

use crate::compensations::{self, CompensationBasis, NewCompensation};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Nullable, Text, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::FORBIDDEN;
use rust_decimal::Decimal;
use schema::employees;
use staff::assignments::{self, ContractType, Workplace};

/// Somebody who came by a file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = employees)]
pub struct Hire {
    pub id: Uuid,
    pub version: i64,
    /// The number that the company knows them by.
    #[schema(max_length = 20, example = "E-0042")]
    pub employee_number: String,
}

/// Somebody to be hired, pending until activated: who they are, their first assignment, and what they earn.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHire {
    /// The number that the company knows them by; unique. Left out, the next of the active number series is taken.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9/-]{0,19}$", example = "E-0251")]
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
    /// The first day of work.
    hired_on: NaiveDate,
    /// The department they work in.
    #[schema(example = json!(null))]
    department_id: Option<Uuid>,
    /// The position they fill.
    #[schema(example = json!(null))]
    position_id: Option<Uuid>,
    /// The employee they report to, wherever their row stands in the file.
    #[schema(example = json!(null))]
    manager_id: Option<Uuid>,
    /// Where they work; left out, in an office.
    #[schema(example = "remote")]
    workplace: Option<Workplace>,
    /// The office, or the town they work from.
    #[schema(min_length = 1, max_length = 100, example = "Cluj-Napoca")]
    location: Option<String>,
    /// The country they work in (ISO 3166-1 alpha-2).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    country: Option<String>,
    /// How much of a full week they work, above 0 and at most 1; left out, all of it.
    #[schema(value_type = Option<String>, max_length = 6, pattern = r"^(0\.[0-9]{1,4}|1(\.0{1,4})?)$", example = "0.8")]
    full_time_equivalent: Option<Quantity>,
    /// The grade of their pay.
    #[schema(min_length = 1, max_length = 20, example = "S3")]
    grade: Option<String>,
    /// What kind of contract they have; left out, a permanent one.
    #[schema(example = "permanent")]
    contract_type: Option<ContractType>,
    /// The last day of the contract; null where it has none.
    #[schema(example = json!(null))]
    contract_ends_on: Option<NaiveDate>,
    /// Why they were hired.
    #[schema(min_length = 1, max_length = 500, example = "Hired for the new shift")]
    reason: Option<String>,
    /// What the amount is paid for: a month, a year or an hour.
    #[schema(example = "monthly")]
    basis: Option<CompensationBasis>,
    /// The salary of a month or a year as it is agreed for the hours of the contract, or the wage of an hour.
    #[schema(value_type = Option<String>, max_length = 22, pattern = r"^[0-9]{1,15}(\.[0-9]{1,4})?$", example = "6500.00")]
    amount: Option<Decimal>,
    /// The currency of the amount (ISO 4217): that of the pay group, which is taken where it is left out.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = json!(null))]
    currency: Option<String>,
    /// With whom they are paid.
    #[schema(example = json!(null))]
    pay_group_id: Option<Uuid>,
    /// The first day on which they earn that; left out, the first day of work.
    #[schema(example = json!(null))]
    effective_on: Option<NaiveDate>,
}

/// Who is there already is not changed by a file of hires.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditHire {}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct HireFilter {}

impl Named for Hire {
    const NAME: &'static str = "employees";
}

impl Resource for Hire {
    const PATH: &'static str = "/v1/hires";
    const SINGULAR: &'static str = "hire";
    const TAG: &'static str = "People";
    const SORT: &'static [SortKey] = &[SortKey::text("employee_number")];
    const FILES: &'static str = "hires";
    const ABOUT_FILES: &'static str = " A row is an employee, pending until activated, with their first assignment, and with their first compensation where the columns of pay (`basis`, `amount`, `currency`, `pay_group`, `effective_on`) say so, for which it takes the permission `compensations:write` as well. Managers may stand anywhere in the file. Who is there already is changed by `/v1/employees/import`, `/v1/assignments/import` and `/v1/compensations/import`.";
    const NATURAL_KEY: &'static [&'static str] = &["employee_number"];
    const REFERENCES: &'static [Reference] = &[
        staff::references::DEPARTMENT,
        staff::references::POSITION,
        staff::references::MANAGER,
        crate::pay_groups::REFERENCE,
    ];
    type Filter = HireFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn person(&self) -> Option<Uuid> {
        Some(self.id)
    }
}

impl Stored for Hire {
    type Table = employees::table;
    const TABLE: &'static str = "employees";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, _: HireFilter) -> Rows<Self> {
        rows
    }
}

impl Kept for Hire {
    type New = NewHire;
    type Edit = EditHire;

    async fn create(db: &mut Db, new: NewHire) -> Result<Self> {
        let made = Self::create_all(db, vec![(Uuid::now_v7(), new)]).await?;
        made.into_iter().next().ok_or_else(|| Problem::internal("somebody was hired and is not there"))
    }

    async fn create_all(db: &mut Db, new: Vec<(Uuid, NewHire)>) -> Result<Vec<Self>> {
        let pay: Vec<NewCompensation> = new.iter().filter_map(|(id, each)| each.pay(*id)).collect();
        let reach = if pay.is_empty() {
            None
        } else {
            let rule = "takes the permission `compensations:write`: leave the columns of pay out, or let somebody import the file who has it";
            let lacking = || Problem::invalid(vec![Fault::at("/amount", "forbidden", rule)]);
            Some(reach_to_pay(db).await?.ok_or_else(lacking)?)
        };
        let hires: Vec<assignments::NewHire> =
            new.into_iter().map(|(id, each)| each.assignment(id)).collect();
        let made = if let Some(reach) = reach {
            go_on_with(db, &reach.of_hiring).await?;
            let made = assignments::hire_all(db, &hires).await?;
            go_on_with(db, &reach.of_pay).await?;
            compensations::set_all(db, &pay).await?;
            go_on_with(db, &reach.of_hiring).await?;
            made
        } else {
            assignments::hire_all(db, &hires).await?
        };
        Ok(made
            .into_iter()
            .map(|each| Self { id: each.id, version: each.version, employee_number: each.employee_number })
            .collect())
    }

    /// What they earn goes with them, as long as it is what the file said.
    async fn undo_besides(db: &mut Db, import: Uuid) -> Result<()> {
        #[derive(QueryableByName)]
        struct Paid {
            #[diesel(sql_type = Bool)]
            is_paid: bool,
        }
        let paid = diesel::sql_query("select are_paid_as_imported($1) as is_paid").bind::<SqlUuid, _>(import);
        if paid.get_result::<Paid>(db).await?.is_paid {
            if reach_to_pay(db).await?.is_none() {
                return Err(FORBIDDEN.because("This needs the permission `compensations:write`."));
            }
            diesel::sql_query("select unpay_imported($1)").bind::<SqlUuid, _>(import).execute(db).await?;
        }
        Ok(())
    }

    async fn check_new(_: &mut Db, new: &NewHire) -> Result<()> {
        let faults = new.faults();
        if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
    }

    async fn change(_: &mut Db, row: Self, _: EditHire) -> Result<Self> {
        Ok(row)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        diesel::delete(employees::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

impl NewHire {
    /// Pay is said as a whole or not at all, and not for days before the first.
    fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        let given = [
            ("basis", self.basis.is_some()),
            ("amount", self.amount.is_some()),
            ("pay_group_id", self.pay_group_id.is_some()),
        ];
        if given.iter().any(|(_, is)| *is) || self.currency.is_some() || self.effective_on.is_some() {
            let rule =
                "must be given where another column of pay is: `basis`, `amount` and `pay_group` go together";
            let lacking = given.iter().filter(|(_, is)| !is);
            faults.extend(lacking.map(|(name, _)| Fault::at(format!("/{name}"), "required", rule)));
        }
        let before = |day: Option<NaiveDate>| day.is_some_and(|day| day < self.hired_on);
        let days = [("effective_on", self.effective_on), ("contract_ends_on", self.contract_ends_on)];
        let rule = || format!("must not be before the first day of work, {}", self.hired_on);
        let early = days.into_iter().filter(|(_, day)| before(*day));
        faults.extend(early.map(|(name, _)| Fault::at(format!("/{name}"), "before-first-day", rule())));
        faults
    }

    fn assignment(self, id: Uuid) -> assignments::NewHire {
        assignments::NewHire {
            id,
            employee_number: self.employee_number,
            given_name: self.given_name,
            family_name: self.family_name,
            work_email: self.work_email,
            phone: self.phone,
            hired_on: self.hired_on,
            department_id: self.department_id,
            position_id: self.position_id,
            manager_id: self.manager_id,
            workplace: self.workplace,
            location: self.location,
            country: self.country,
            full_time_equivalent: self.full_time_equivalent,
            grade: self.grade,
            contract_type: self.contract_type,
            contract_ends_on: self.contract_ends_on,
            reason: self.reason,
        }
    }

    fn pay(&self, employee: Uuid) -> Option<NewCompensation> {
        Some(NewCompensation {
            id: Uuid::now_v7(),
            employee_id: employee,
            effective_on: self.effective_on.unwrap_or(self.hired_on),
            basis: self.basis?,
            amount: self.amount?,
            currency: self.currency.clone(),
            pay_group_id: self.pay_group_id?,
            extras: List::default(),
            reason: self.reason.clone(),
        })
    }
}

/// How far the caller's permissions go: to hire, and to say what people earn.
struct Reach {
    of_hiring: String,
    of_pay: String,
}

/// None where the caller may not write compensations at all. Goes on with the reach to pay where they may.
async fn reach_to_pay(db: &mut Db) -> Result<Option<Reach>> {
    #[derive(QueryableByName)]
    struct Held {
        #[diesel(sql_type = Text)]
        of_hiring: String,
        #[diesel(sql_type = Bool)]
        is_held: bool,
    }
    #[derive(QueryableByName)]
    struct Present {
        #[diesel(sql_type = Nullable<Text>)]
        of_pay: Option<String>,
    }
    let held: Held = diesel::sql_query(
        "with hiring as materialized (select current_setting('app.reach', true) as reach)
        select h.reach as of_hiring, reach_as(current_session(), 'write', 'compensations') as is_held from hiring h",
    )
    .get_result(db)
    .await?;
    let present: Present =
        diesel::sql_query("select current_setting('app.reach', true) as of_pay").get_result(db).await?;
    let of_pay = present.of_pay.unwrap_or_default();
    Ok(held.is_held.then_some(Reach { of_hiring: held.of_hiring, of_pay }))
}

async fn go_on_with(db: &mut Db, reach: &str) -> Result<()> {
    diesel::sql_query("select set_config('app.reach', $1, true)").bind::<Text, _>(reach).execute(db).await?;
    Ok(())
}

pub fn routes(api: &mut Api) {
    api.importable::<Hire>();
}
