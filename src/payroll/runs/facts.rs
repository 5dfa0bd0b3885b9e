//! What payslips are figured from: what is known of somebody for a month, read for many people and all months in one statement.
use compensation::compensations::{CompensationBasis, CompensationExtra};
use diesel::QueryableByName;
use diesel::sql_types::{Date, Jsonb, Text, Uuid as SqlUuid};
use platform::prelude::*;
use rust_decimal::Decimal;
use serde_json::Value;

/// What is known of somebody for a month.
#[derive(Clone, Debug, Deserialize)]
pub struct Facts {
    /// The department on their last day in it.
    pub department_id: Option<Uuid>,
    /// Working days of the whole month, by their pattern.
    pub month_days: Decimal,
    /// Their working days, by the compensation that holds.
    pub pieces: Vec<Piece>,
    /// What is agreed on their last day in it.
    pub agreed: Option<Agreed>,
    /// Hours of approved timesheets.
    pub worked_hours: Decimal,
    pub overtime: Vec<Overtime>,
    /// Days of leave that are paid out, since the employment ends.
    pub leave_days_left: Decimal,
    /// People they care for, as tax law counts them.
    pub dependants: u32,
    pub has_iban: bool,
    pub inputs: Vec<InputFact>,
    pub benefits: Benefits,
}

/// Working days on which one compensation holds.
#[derive(Clone, Debug, Deserialize)]
pub struct Piece {
    pub starts_on: NaiveDate,
    /// None where nothing is agreed for these days.
    pub basis: Option<CompensationBasis>,
    pub amount: Option<Decimal>,
    pub days: Decimal,
    pub hours: Decimal,
    pub unpaid_days: Decimal,
    pub unpaid_hours: Decimal,
    pub paid_leave_days: Decimal,
}

/// What is agreed.
#[derive(Clone, Debug, Deserialize)]
pub struct Agreed {
    pub basis: CompensationBasis,
    pub amount: Decimal,
    pub extras: Vec<CompensationExtra>,
}

/// Hours beyond the usual ones, and how many times an hour's pay they are.
#[derive(Clone, Debug, Deserialize)]
pub struct Overtime {
    pub multiplier: Decimal,
    pub hours: Decimal,
}

/// Something once.
#[derive(Clone, Debug, Deserialize)]
pub struct InputFact {
    pub component: String,
    pub amount: Option<Decimal>,
    pub quantity: Option<Decimal>,
}

/// What benefits cost: amounts, and percent of the salary.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Benefits {
    pub employee: Decimal,
    pub employer: Decimal,
    pub employee_rate: Decimal,
    pub employer_rate: Decimal,
}

impl Facts {
    /// Somebody of whom nothing is known for the month: who is not employed in it.
    #[must_use]
    pub fn none() -> Self {
        Self {
            department_id: None,
            month_days: Decimal::ZERO,
            pieces: Vec::new(),
            agreed: None,
            worked_hours: Decimal::ZERO,
            overtime: Vec::new(),
            leave_days_left: Decimal::ZERO,
            dependants: 0,
            has_iban: true,
            inputs: Vec::new(),
            benefits: Benefits::default(),
        }
    }

    fn sum(&self, of: impl Fn(&Piece) -> Decimal) -> Decimal {
        self.pieces.iter().map(of).sum()
    }
    #[must_use]
    pub fn days(&self) -> Decimal {
        self.sum(|piece| piece.days)
    }
    #[must_use]
    pub fn unpaid_days(&self) -> Decimal {
        self.sum(|piece| piece.unpaid_days)
    }
    #[must_use]
    pub fn paid_leave_days(&self) -> Decimal {
        self.sum(|piece| piece.paid_leave_days)
    }
    #[must_use]
    pub fn paid_days(&self) -> Decimal {
        self.days() - self.unpaid_days()
    }
    /// Hours of a working day; eight, where none is planned.
    #[must_use]
    pub fn hours_a_day(&self) -> Decimal {
        let (days, hours) = (self.days(), self.sum(|piece| piece.hours));
        if days.is_zero() { Decimal::from(8) } else { hours / days }
    }
    /// What is agreed for a full month.
    #[must_use]
    pub fn agreed_a_month(&self) -> Decimal {
        let Some(agreed) = &self.agreed else { return Decimal::ZERO };
        match agreed.basis {
            CompensationBasis::Monthly => agreed.amount,
            CompensationBasis::Yearly => agreed.amount / Decimal::from(12),
            CompensationBasis::Hourly => agreed.amount * self.month_days * self.hours_a_day(),
        }
    }
    /// The pay of a working day of the month.
    #[must_use]
    pub fn day_pay(&self) -> Decimal {
        if self.month_days.is_zero() { Decimal::ZERO } else { self.agreed_a_month() / self.month_days }
    }
    #[must_use]
    pub fn hour_pay(&self) -> Decimal {
        match &self.agreed {
            Some(agreed) if agreed.basis == CompensationBasis::Hourly => agreed.amount,
            _ if self.hours_a_day().is_zero() => Decimal::ZERO,
            _ => self.day_pay() / self.hours_a_day(),
        }
    }
}

/// A month of a group, and whose facts of it are wanted.
#[derive(Clone, Debug, Serialize)]
pub struct AskedMonth {
    /// `2026-01`.
    pub period: String,
    pub first_day: NaiveDate,
    pub last_day: NaiveDate,
    pub people: Vec<Uuid>,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    period: String,
    #[diesel(sql_type = SqlUuid)]
    employee_id: Uuid,
    #[diesel(sql_type = Jsonb)]
    facts: Value,
}

const FACTS: &str = "
    select a.period, f.employee_id, f.facts
    from jsonb_to_recordset($2) a (period text, first_day date, last_day date, people uuid[])
    cross join lateral payroll_facts($1, a.first_day, a.last_day, a.people) f order by a.period, f.employee_id";

#[derive(QueryableByName)]
struct Person {
    #[diesel(sql_type = SqlUuid)]
    employee_id: Uuid,
}

/// Who works here between these days and was ever in the group; [`read`] says who is.
const PEOPLE: &str = "
    select a.employee_id from assignments a where a.org_id = $1 and a.starts_on <= $4 and (a.ends_on is null or a.ends_on >= $3)
    intersect
    select c.employee_id from compensations c where c.org_id = $1 and c.pay_group_id = $2";

/// Who may have to be paid.
///
/// # Errors
/// Those of the database.
pub async fn people(
    db: &mut Db,
    group: Uuid,
    first_day: NaiveDate,
    last_day: NaiveDate,
) -> Result<Vec<Uuid>> {
    let people: Vec<Person> = diesel::sql_query(PEOPLE)
        .bind::<SqlUuid, _>(db.organization())
        .bind::<SqlUuid, _>(group)
        .bind::<Date, _>(first_day)
        .bind::<Date, _>(last_day)
        .load(db)
        .await?;
    Ok(people.into_iter().map(|each| each.employee_id).collect())
}

/// Reads them: by month and person.
///
/// # Errors
/// Those of the database.
pub async fn read(db: &mut Db, group: Uuid, months: &[AskedMonth]) -> Result<Vec<(String, Uuid, Facts)>> {
    let rows: Vec<Row> =
        diesel::sql_query(FACTS).bind::<SqlUuid, _>(group).bind::<Jsonb, _>(json!(months)).load(db).await?;
    rows.into_iter()
        .map(|row| {
            Ok((row.period, row.employee_id, serde_json::from_value(row.facts).map_err(Problem::internal)?))
        })
        .collect()
}
