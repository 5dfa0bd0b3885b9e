//! A run is calculated: what is known is read, worked out, and written, for many people at once, so that statements do not grow with them.
use crate::engine::{LineKind, PayslipLine, Plan, Trouble, made_good};
use crate::facts::{self, AskedMonth, Facts};
use crate::payroll_runs::{PayrollProblem, PayrollRun, days_of};
use crate::payslips::{PayslipClaim, PayslipFact, YearToDate};
use compensation::pay_components::{ComponentKind, PayComponent};
use diesel::QueryableByName;
use diesel::sql_types::{Array, Date, Jsonb, Nullable, Numeric, Text, Uuid as SqlUuid};
use expenses::Due;
use platform::prelude::*;
use rust_decimal::Decimal;
use schema::{pay_components, payroll_runs};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Problems that are told; the rest is counted.
const TOLD: usize = 500;

/// People who are worked out and written together are so many at least, which bounds the memory of any run that there is; and a run
/// has so many pieces at most, of six statements each, which bounds its statements whatever its size.
const AT_ONCE: usize = 2_500;
const PIECES: usize = 20;

/// A payslip as it was worked out.
pub(crate) struct Worked {
    pub employee_id: Uuid,
    pub department_id: Option<Uuid>,
    pub basis: Vec<PayslipFact>,
    pub lines: Vec<PayslipLine>,
    pub year_to_date: Vec<YearToDate>,
    pub claims: Vec<PayslipClaim>,
    pub troubles: Vec<Trouble>,
}

impl Worked {
    /// A payslip of this month's lines, and what is made good of others.
    pub fn new(
        employee_id: Uuid,
        facts: &Facts,
        plan: &Plan,
        period: &str,
        made_good: Vec<PayslipLine>,
    ) -> Self {
        let (mut lines, troubles) = plan.work_out(facts, period);
        lines.extend(made_good);
        Self {
            employee_id,
            department_id: facts.department_id,
            basis: PayslipFact::all(facts),
            lines,
            year_to_date: Vec::new(),
            claims: Vec::new(),
            troubles,
        }
    }

    pub fn sum(&self, kind: LineKind) -> Decimal {
        self.lines.iter().filter(|line| line.kind == kind).map(|line| line.amount.0).sum()
    }

    pub fn net(&self) -> Decimal {
        self.sum(LineKind::Earning) - self.sum(LineKind::Deduction) + self.sum(LineKind::Claim)
    }

    /// Adds what they got before in the year.
    pub fn add_up(&mut self, before: Vec<YearToDate>) {
        let mut sums: BTreeMap<(String, &'static str), (LineKind, Decimal)> = BTreeMap::new();
        for each in before {
            sums.insert((each.component, each.kind.as_str()), (each.kind, each.amount.0));
        }
        for line in self.lines.iter().filter(|line| line.kind != LineKind::Claim) {
            let sum = sums.entry((line.component.clone(), line.kind.as_str()));
            sum.or_insert((line.kind, Decimal::ZERO)).1 += line.amount.0;
        }
        let all = sums.into_iter().map(|((component, _), (kind, amount))| YearToDate {
            component,
            kind,
            amount: Money(amount),
        });
        self.year_to_date = all.collect();
    }

    /// Pays these claims back with the wages.
    fn pay_back(&mut self, due: &[&Due], period: &str) {
        for claim in due {
            let number = claim.number.clone().unwrap_or_default();
            self.lines.push(PayslipLine {
                component: number.clone(),
                name: "Expenses paid back".to_owned(),
                kind: LineKind::Claim,
                period: period.to_owned(),
                amount: Money(claim.open_amount),
                formula: format!("what is open of {number}"),
                position: 10_001,
                statutory: None,
            });
            self.claims.push(PayslipClaim { claim_id: claim.id, amount: Money(claim.open_amount) });
        }
    }
}

/// The components of a group.
///
/// # Errors
/// Those of the database.
pub(crate) async fn components(db: &mut Db, group: Uuid) -> Result<Vec<PayComponent>> {
    let all = pay_components::table
        .filter(pay_components::org_id.eq(db.organization()))
        .filter(pay_components::pay_group_id.eq(group))
        .order((pay_components::position, pay_components::id))
        .select(PayComponent::as_select());
    Ok(all.load(db).await?)
}

#[derive(QueryableByName)]
struct Changed {
    #[diesel(sql_type = SqlUuid)]
    employee_id: Uuid,
    #[diesel(sql_type = Date)]
    since_on: NaiveDate,
}

#[derive(QueryableByName)]
struct Paid {
    #[diesel(sql_type = SqlUuid)]
    employee_id: Uuid,
    #[diesel(sql_type = Text)]
    period: String,
    #[diesel(sql_type = Jsonb)]
    lines: Value,
}

#[derive(QueryableByName)]
struct Before {
    #[diesel(sql_type = SqlUuid)]
    employee_id: Uuid,
    #[diesel(sql_type = Jsonb)]
    year_to_date: Value,
}

#[derive(QueryableByName)]
struct Left {
    #[diesel(sql_type = Text)]
    employee_number: String,
}

/// Who works here in the month and is in no pay group at all. As sets: row by row, a planner that knows nothing of the tables yet
/// goes through one of them for each of the other.
const LEFT_OUT: &str = "
    select e.employee_number from employees e where e.org_id = $1 and e.id = any(array(
        select a.employee_id from assignments a where a.org_id = $1 and a.starts_on <= $3 and (a.ends_on is null or a.ends_on >= $2)
        except
        select c.employee_id from compensations c where c.org_id = $1))
    order by e.employee_number limit 20";

/// Months of the group that are in the books, or were: of these something can be made good, for a year.
async fn months_before(db: &mut Db, run: &PayrollRun) -> Result<Vec<String>> {
    let earliest = run.starts_on.checked_sub_months(chrono::Months::new(12)).unwrap_or(run.starts_on);
    let months = payroll_runs::table
        .filter(payroll_runs::org_id.eq(db.organization()))
        .filter(payroll_runs::pay_group_id.eq(run.pay_group_id))
        .filter(payroll_runs::number.is_not_null())
        .filter(payroll_runs::starts_on.ge(earliest))
        .filter(payroll_runs::starts_on.lt(run.starts_on))
        .select(payroll_runs::period)
        .distinct()
        .order(payroll_runs::period);
    Ok(months.load(db).await?)
}

/// Calculates it.
///
/// # Errors
/// Those of the database; what is wrong with payslips is told in the run.
pub(crate) async fn calculate(db: &mut Db, run: &PayrollRun) -> Result<PayrollRun> {
    let components = components(db, run.pay_group_id).await?;
    let changed: Vec<Changed> =
        diesel::sql_query("select * from take_pay_changes($1)").bind::<SqlUuid, _>(run.id).load(db).await?;
    let mut months = Vec::new();
    for period in months_before(db, run).await? {
        let (first_day, last_day) = days_of(&period)?;
        if changed.iter().any(|each| each.since_on <= last_day) {
            months.push(Month { period, first_day, last_day });
        }
    }
    let mut outcome = Outcome::default();
    let mut plans: HashMap<&str, Plan> = HashMap::new();
    let this_month = [(run.period.as_str(), run.ends_on)];
    for (period, last_day) in
        this_month.into_iter().chain(months.iter().map(|month| (month.period.as_str(), month.last_day)))
    {
        match Plan::of(&components, last_day) {
            Ok(plan) => {
                plans.insert(period, plan);
            }
            Err(trouble) => outcome.tell(None, trouble),
        }
    }
    if let Some(plan) = plans.get(run.period.as_str()) {
        for trouble in without_account(plan) {
            outcome.tell(None, trouble);
        }
    }

    let in_month = facts::people(db, run.pay_group_id, run.starts_on, run.ends_on).await?;
    let people: BTreeSet<Uuid> =
        in_month.into_iter().chain(changed.iter().map(|each| each.employee_id)).collect();
    let people: Vec<Uuid> = people.into_iter().collect();
    for some in people.chunks(AT_ONCE.max(people.len().div_ceil(PIECES))) {
        let changed: Vec<&Changed> =
            changed.iter().filter(|each| some.binary_search(&each.employee_id).is_ok()).collect();
        let worked = work_out(db, run, some, &months, &changed, &plans).await?;
        write(db, run, &worked).await?;
        outcome.add(worked);
    }
    left_out(db, run).await?.into_iter().for_each(|trouble| outcome.tell(None, trouble));
    finish(db, run, outcome).await
}

/// A month that is in the books, of which something may have to be made good.
struct Month {
    period: String,
    first_day: NaiveDate,
    last_day: NaiveDate,
}

/// Works payslips of these people out.
async fn work_out(
    db: &mut Db,
    run: &PayrollRun,
    people: &[Uuid],
    months: &[Month],
    changed: &[&Changed],
    plans: &HashMap<&str, Plan>,
) -> Result<Vec<Worked>> {
    let mut asked = vec![AskedMonth {
        period: run.period.clone(),
        first_day: run.starts_on,
        last_day: run.ends_on,
        people: people.to_vec(),
    }];
    for Month { period, first_day, last_day } in months {
        let people = changed.iter().filter(|each| each.since_on <= *last_day).map(|each| each.employee_id);
        let people: Vec<Uuid> = people.collect();
        if !people.is_empty() {
            let (period, first_day, last_day) = (period.clone(), *first_day, *last_day);
            asked.push(AskedMonth { period, first_day, last_day, people });
        }
    }
    let known = facts::read(db, run.pay_group_id, &asked).await?;
    let mut by_month: HashMap<&str, BTreeMap<Uuid, &Facts>> = HashMap::new();
    for (period, employee, facts) in &known {
        by_month.entry(period).or_default().insert(*employee, facts);
    }
    let mut made_good = differences(db, run, &asked, changed, &by_month, plans).await?;
    let current = by_month.remove(run.period.as_str()).unwrap_or_default();
    let paid: BTreeSet<Uuid> = current.keys().chain(made_good.keys()).copied().collect();
    let Some(plan) = plans.get(run.period.as_str()) else { return Ok(Vec::new()) };
    let nothing = Facts::none();
    let worked = paid.into_iter().map(|employee| {
        let facts = current.get(&employee).copied().unwrap_or(&nothing);
        let more = made_good.remove(&employee).unwrap_or_default();
        Worked::new(employee, facts, plan, &run.period, more)
    });
    let mut worked: Vec<Worked> = worked.collect();
    add_what_else_is_known(db, run, &mut worked).await?;
    Ok(worked)
}

/// What a run comes to.
#[derive(Default)]
struct Outcome {
    people: Vec<Uuid>,
    gross: Decimal,
    deductions: Decimal,
    claims: Decimal,
    employer: Decimal,
    problems: Vec<PayrollProblem>,
}

impl Outcome {
    fn tell(&mut self, employee_id: Option<Uuid>, trouble: Trouble) {
        let Trouble { code, detail, blocks } = trouble;
        self.problems.push(PayrollProblem { employee_id, code: code.to_owned(), detail, blocks });
    }

    fn add(&mut self, worked: Vec<Worked>) {
        for each in worked {
            self.people.push(each.employee_id);
            self.gross += each.sum(LineKind::Earning);
            self.deductions += each.sum(LineKind::Deduction);
            self.claims += each.sum(LineKind::Claim);
            self.employer += each.sum(LineKind::EmployerCost);
            each.troubles.into_iter().for_each(|trouble| self.tell(Some(each.employee_id), trouble));
        }
    }
}

/// Adds what they got before in the year and the claims that are paid back, and tells of those for whom nothing is left.
async fn add_what_else_is_known(db: &mut Db, run: &PayrollRun, worked: &mut [Worked]) -> Result<()> {
    let people: Vec<Uuid> = worked.iter().map(|each| each.employee_id).collect();
    let before: Vec<Before> = diesel::sql_query("select * from year_before($1, $2)")
        .bind::<Array<SqlUuid>, _>(&people)
        .bind::<Text, _>(&run.period)
        .load(db)
        .await?;
    let mut before: HashMap<Uuid, Value> =
        before.into_iter().map(|each| (each.employee_id, each.year_to_date)).collect();
    let claims = expenses::due(db, &people, run.ends_on).await?;
    let mut due: HashMap<Uuid, Vec<&Due>> = HashMap::new();
    for claim in &claims {
        due.entry(claim.employee_id).or_default().push(claim);
    }
    for each in worked {
        let so_far = before.remove(&each.employee_id).unwrap_or_else(|| json!([]));
        each.add_up(serde_json::from_value(so_far).map_err(Problem::internal)?);
        each.pay_back(due.get(&each.employee_id).map_or(&[], Vec::as_slice), &run.period);
        let net = each.net();
        if net < Decimal::ZERO {
            let rule = format!(
                "More is taken off than is earned: {}. Lessen a deduction, or spread what is made good.",
                Money(net)
            );
            each.troubles.push(Trouble::new("negative-net", rule));
        }
    }
    Ok(())
}

/// Those who work here in the month and are paid by no run.
async fn left_out(db: &mut Db, run: &PayrollRun) -> Result<Option<Trouble>> {
    let left: Vec<Left> = diesel::sql_query(LEFT_OUT)
        .bind::<SqlUuid, _>(db.organization())
        .bind::<Date, _>(run.starts_on)
        .bind::<Date, _>(run.ends_on)
        .load(db)
        .await?;
    if left.is_empty() {
        return Ok(None);
    }
    let numbers: Vec<&str> = left.iter().map(|each| each.employee_number.as_str()).collect();
    let told = format!(
        "No compensation, so no pay group, is known of {}: they are paid by no run.",
        numbers.join(", ")
    );
    Ok(Some(Trouble { code: "in-no-pay-group", detail: told, blocks: false }))
}

/// What earlier months should have come to by what is known now, less what was paid: for whom, and by month.
async fn differences(
    db: &mut Db,
    run: &PayrollRun,
    asked: &[AskedMonth],
    changed: &[&Changed],
    by_month: &HashMap<&str, BTreeMap<Uuid, &Facts>>,
    plans: &HashMap<&str, Plan>,
) -> Result<BTreeMap<Uuid, Vec<PayslipLine>>> {
    let people: Vec<Uuid> = changed.iter().map(|each| each.employee_id).collect();
    let since = asked.iter().map(|month| month.first_day).min().unwrap_or(run.starts_on);
    let rows: Vec<Paid> = diesel::sql_query("select * from paid_before($1, $2, $3, $4)")
        .bind::<SqlUuid, _>(run.pay_group_id)
        .bind::<Array<SqlUuid>, _>(&people)
        .bind::<Date, _>(since)
        .bind::<Date, _>(run.starts_on)
        .load(db)
        .await?;
    let mut paid: HashMap<(Uuid, String), Vec<PayslipLine>> = HashMap::new();
    for row in rows {
        let lines = serde_json::from_value(row.lines).map_err(Problem::internal)?;
        paid.insert((row.employee_id, row.period), lines);
    }
    let mut all: BTreeMap<Uuid, Vec<PayslipLine>> = BTreeMap::new();
    for month in asked.iter().filter(|month| month.period != run.period) {
        let Some(plan) = plans.get(month.period.as_str()) else { continue };
        for employee in &month.people {
            let facts = by_month.get(month.period.as_str()).and_then(|known| known.get(employee));
            let now = facts.map(|facts| plan.work_out(facts, &month.period).0).unwrap_or_default();
            let before = paid.get(&(*employee, month.period.clone())).map_or(&[][..], Vec::as_slice);
            let lines = made_good(&now, before, &month.period);
            if !lines.is_empty() {
                all.entry(*employee).or_default().extend(lines);
            }
        }
    }
    Ok(all)
}

/// Components that can not be booked.
fn without_account(plan: &Plan) -> Vec<Trouble> {
    let lacks = |each: &&PayComponent| match each.kind {
        ComponentKind::Figure => false,
        ComponentKind::EmployerCost => each.account_id.is_none() || each.counter_account_id.is_none(),
        ComponentKind::Earning | ComponentKind::Deduction => each.account_id.is_none(),
    };
    let told = |each: &PayComponent| {
        let rule = format!(
            "{} has no account to be booked on: name it at /v1/pay-components/{}.",
            each.code, each.id
        );
        Trouble::new("no-account", rule)
    };
    plan.components().filter(lacks).map(told).collect()
}

/// Arrays of columns, since thousands of payslips have more of them than a statement takes values. Who is the same stays untouched.
const WRITE: &str = "
    insert into payslips as known (id, payroll_run_id, employee_id, pay_group_id, period, pay_on, currency, department_id, basis, lines, year_to_date,
        claims, gross_amount, deduction_amount, claim_amount, net_amount, employer_amount)
    select i.id, r.id, i.employee_id, r.pay_group_id, r.period, r.pay_on, r.currency, i.department_id, i.basis::jsonb, i.lines::jsonb,
        i.year_to_date::jsonb, i.claims::jsonb, i.gross, i.deductions, i.claim, i.gross - i.deductions + i.claim, i.employer
    from payroll_runs r
    cross join unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        i (id, employee_id, department_id, basis, lines, year_to_date, claims, gross, deductions, claim, employer)
    where r.org_id = current_org() and r.id = $1
    on conflict on constraint payslips_employee_id_key do update set version = known.version + 1, updated_at = now(), pay_on = excluded.pay_on,
        department_id = excluded.department_id, basis = excluded.basis, lines = excluded.lines, year_to_date = excluded.year_to_date,
        claims = excluded.claims, gross_amount = excluded.gross_amount, deduction_amount = excluded.deduction_amount,
        claim_amount = excluded.claim_amount, net_amount = excluded.net_amount, employer_amount = excluded.employer_amount
    where (known.pay_on, known.department_id, known.basis, known.lines, known.year_to_date, known.claims)
        is distinct from (excluded.pay_on, excluded.department_id, excluded.basis, excluded.lines, excluded.year_to_date, excluded.claims)";

async fn write(db: &mut Db, run: &PayrollRun, worked: &[Worked]) -> Result<()> {
    let people: Vec<Uuid> = worked.iter().map(|each| each.employee_id).collect();
    let ids: Vec<Uuid> = people.iter().map(|_| Uuid::now_v7()).collect();
    let departments: Vec<Option<Uuid>> = worked.iter().map(|each| each.department_id).collect();
    let sums = |kind: LineKind| worked.iter().map(|each| each.sum(kind)).collect::<Vec<Decimal>>();
    diesel::sql_query(WRITE)
        .bind::<SqlUuid, _>(run.id)
        .bind::<Array<SqlUuid>, _>(ids)
        .bind::<Array<SqlUuid>, _>(people)
        .bind::<Array<Nullable<SqlUuid>>, _>(departments)
        .bind::<Array<Text>, _>(written(worked, |each| &each.basis)?)
        .bind::<Array<Text>, _>(written(worked, |each| &each.lines)?)
        .bind::<Array<Text>, _>(written(worked, |each| &each.year_to_date)?)
        .bind::<Array<Text>, _>(written(worked, |each| &each.claims)?)
        .bind::<Array<Numeric>, _>(sums(LineKind::Earning))
        .bind::<Array<Numeric>, _>(sums(LineKind::Deduction))
        .bind::<Array<Numeric>, _>(sums(LineKind::Claim))
        .bind::<Array<Numeric>, _>(sums(LineKind::EmployerCost))
        .execute(db)
        .await?;
    Ok(())
}

/// A part of each payslip as JSON.
fn written<'a, T: Serialize + 'a>(
    worked: &'a [Worked],
    part: impl Fn(&'a Worked) -> &'a Vec<T>,
) -> Result<Vec<String>> {
    worked.iter().map(|each| serde_json::to_string(part(each)).map_err(Problem::internal)).collect()
}

/// Takes away the payslips of those who are paid no more, and says what it all comes to.
async fn finish(db: &mut Db, run: &PayrollRun, outcome: Outcome) -> Result<PayrollRun> {
    let Outcome { people, gross, deductions, claims, employer, mut problems } = outcome;
    diesel::sql_query("delete from payslips where org_id = current_org() and payroll_run_id = $1 and employee_id <> all($2)")
        .bind::<SqlUuid, _>(run.id)
        .bind::<Array<SqlUuid>, _>(&people)
        .execute(db)
        .await?;
    let blocking = problems.iter().filter(|problem| problem.blocks).count();
    problems.sort_by_key(|problem| (!problem.blocks, problem.employee_id));
    problems.truncate(TOLD);
    let calculated = (
        payroll_runs::status.eq("calculated"),
        payroll_runs::employees.eq(i32::try_from(people.len()).map_err(Problem::internal)?),
        payroll_runs::gross_amount.eq(gross),
        payroll_runs::deduction_amount.eq(deductions),
        payroll_runs::claim_amount.eq(claims),
        payroll_runs::net_amount.eq(gross - deductions + claims),
        payroll_runs::employer_amount.eq(employer),
        payroll_runs::problems.eq(List(problems)),
        payroll_runs::blocking_problems.eq(i32::try_from(blocking).map_err(Problem::internal)?),
        payroll_runs::calculated_at.eq(diesel::dsl::now),
        payroll_runs::calculated_by.eq(diesel::dsl::sql::<Nullable<SqlUuid>>("current_actor_id()")),
    );
    let one = payroll_runs::table.find((db.organization(), run.id));
    Ok(diesel::update(one).set(calculated).returning(PayrollRun::as_returning()).get_result(db).await?)
}
