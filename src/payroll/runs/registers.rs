//! Reports of what was paid: the register of payslips, costs by department and component, statutory totals, and whether register, ledger and
//! payments agree. All of them tell of what is in the books.
use crate::payroll_runs::{PayrollRun, days_of};
use crate::payslips::Payslip;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Nullable, Numeric, Text, Uuid as SqlUuid};
use ledger::projects::Project;
use platform::prelude::*;
use reports::{
    Form, Heading, Report, ReportCell, ReportColumn, ReportKind, ReportParameter, ReportRow, ReportRowKind,
};
use rust_decimal::Decimal;

/// Rows of a report at the most.
const MOST: usize = 10_000;

/// Which months, and whose.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PayrollReportQuery {
    /// The first month: `2026-01`; unless told, the last one.
    #[param(min_length = 7, max_length = 7, pattern = "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]
    period_from: Option<String>,
    /// The last month: `2026-03`; unless told, this one.
    #[param(min_length = 7, max_length = 7, pattern = "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$")]
    period_to: Option<String>,
    /// Only this pay group.
    pay_group_id: Option<Uuid>,
    /// Only this department.
    department_id: Option<Uuid>,
}

/// The months that were asked for.
struct Months {
    first: String,
    last: String,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
}

impl PayrollReportQuery {
    fn months(&self) -> Result<Months> {
        let last = self.period_to.clone().unwrap_or_else(|| Utc::now().format("%Y-%m").to_string());
        let first = self.period_from.clone().unwrap_or_else(|| last.clone());
        let ((starts_on, _), (_, ends_on)) = (days_of(&first)?, days_of(&last)?);
        if ends_on < starts_on {
            let rule = "must not be after the last month";
            return Err(Problem::invalid(vec![Fault::of("period_from", "after-the-last", rule)]));
        }
        Ok(Months { first, last, starts_on, ends_on })
    }

    fn parameters(&self) -> Vec<ReportParameter> {
        let told = [("pay_group_id", self.pay_group_id), ("department_id", self.department_id)];
        let told = told.into_iter().filter_map(|(name, id)| Some((name, id?)));
        told.map(|(name, id)| ReportParameter { parameter: name.to_owned(), value: id.to_string() }).collect()
    }
}

/// A row of any of the reports: texts, then amounts.
#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Nullable<SqlUuid>)]
    id: Option<Uuid>,
    #[diesel(sql_type = Nullable<Text>)]
    a: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    b: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    c: Option<String>,
    #[diesel(sql_type = BigInt)]
    people: i64,
    #[diesel(sql_type = Numeric)]
    v: Decimal,
    #[diesel(sql_type = Numeric)]
    w: Decimal,
    #[diesel(sql_type = Numeric)]
    x: Decimal,
    #[diesel(sql_type = Numeric)]
    y: Decimal,
    #[diesel(sql_type = Numeric)]
    z: Decimal,
}

/// What is narrowed to, in all of them: $1 to $5, and the most rows as $6.
const SLIPS: &str = "
    slips as not materialized (
        select s.* from payslips s where s.org_id = $1 and s.status = 'posted' and s.period between $2 and $3
            and ($4::uuid is null or s.pay_group_id = $4) and ($5::uuid is null or s.department_id = $5)
    )";

async fn found(db: &mut Db, sql: &str, query: &PayrollReportQuery, months: &Months) -> Result<Vec<Found>> {
    let rows = diesel::sql_query(format!("with {SLIPS} {sql} limit $6"))
        .bind::<SqlUuid, _>(db.organization())
        .bind::<Text, _>(&months.first)
        .bind::<Text, _>(&months.last)
        .bind::<Nullable<SqlUuid>, _>(query.pay_group_id)
        .bind::<Nullable<SqlUuid>, _>(query.department_id)
        .bind::<BigInt, _>(i64::try_from(MOST).unwrap_or(i64::MAX))
        .load::<Found>(db)
        .await?;
    if rows.len() == MOST {
        let rule = format!("there are more than {MOST} rows: name a pay group, a department or fewer months");
        return Err(Problem::invalid(vec![Fault::of("period_from", "too-long", rule)]));
    }
    Ok(rows)
}

/// What the reports have in common.
struct Shape<'a> {
    kind: ReportKind,
    title: &'a str,
    texts: &'a [(&'a str, &'a str)],
    amounts: &'a [(&'a str, &'a str)],
}

impl Shape<'_> {
    fn report(
        &self,
        heading: Heading,
        query: &PayrollReportQuery,
        months: &Months,
        rows: Vec<ReportRow>,
    ) -> Report {
        let texts = self.texts.iter().map(|(key, title)| ReportColumn::text(key, title));
        let amount = |(key, title): &(&str, &str)| {
            ReportColumn::amount(key, title, Some(months.starts_on), months.ends_on)
        };
        Report {
            kind: self.kind,
            title: self.title.to_owned(),
            organization: heading.organization,
            currency: heading.currency,
            starts_on: Some(months.starts_on),
            ends_on: months.ends_on,
            parameters: query.parameters(),
            columns: texts.chain(self.amounts.iter().map(amount)).collect(),
            rows,
            next_cursor: None,
        }
    }

    fn row(
        &self,
        kind: ReportRowKind,
        level: u8,
        texts: Vec<Option<String>>,
        amounts: &[Decimal],
        decimals: u32,
    ) -> ReportRow {
        let mut cells: Vec<ReportCell> =
            texts.into_iter().map(|value| ReportCell { value, lines: None }).collect();
        cells.resize_with(self.texts.len(), ReportCell::default);
        cells.extend(amounts.iter().map(|amount| ReportCell::amount(*amount, decimals, None)));
        ReportRow::new(kind, level, cells)
    }
}

/// The sums of the columns.
fn total(rows: &[Found]) -> [Decimal; 5] {
    let sum = |of: fn(&Found) -> Decimal| rows.iter().map(of).sum();
    [sum(|row| row.v), sum(|row| row.w), sum(|row| row.x), sum(|row| row.y), sum(|row| row.z)]
}

/// Read the payroll register
///
/// Every payslip of these months that is in the books: earnings, deductions, claims, net pay, and what the company bears beside it, with their
/// sums. As a file too. Changes nothing.
#[utoipa::path(get, path = "/v1/reports/payroll-register", tag = "Pay")]
async fn get_payroll_register(
    may: May<Read, PayrollRun>,
    query: Params<PayrollReportQuery>,
) -> Reply<Report> {
    let (form, query) = (Form::accepted(may.http()), query.0);
    let months = query.months()?;
    let sql = "select s.id, s.period as a, e.employee_number as b, e.family_name || ', ' || e.given_name as c, 1::bigint as people, s.gross_amount as v,
            s.deduction_amount as w, s.claim_amount as x, s.net_amount as y, s.employer_amount as z
        from slips s join employees e on e.org_id = s.org_id and e.id = s.employee_id order by s.period, e.employee_number";
    let (rows, heading) =
        may.read(async |db| Ok((found(db, sql, &query, &months).await?, Heading::read(db).await?))).await?;
    let shape = Shape {
        kind: ReportKind::PayrollRegister,
        title: "Payroll register",
        texts: &[("period", "Month"), ("employee_number", "Number"), ("employee", "Employee")],
        amounts: &[
            ("earnings", "Earnings"),
            ("deductions", "Deductions"),
            ("claims", "Expenses"),
            ("net", "Net pay"),
            ("employer", "Employer"),
        ],
    };
    let decimals = ledger::currency::decimals(&heading.currency);
    let line = |row: &Found| {
        let texts = vec![row.a.clone(), row.b.clone(), row.c.clone()];
        let line = shape.row(ReportRowKind::Line, 0, texts, &[row.v, row.w, row.x, row.y, row.z], decimals);
        match row.id {
            Some(id) => line.telling_of(Payslip::NAME, id),
            None => line,
        }
    };
    let mut lines: Vec<ReportRow> = rows.iter().map(line).collect();
    let sums = shape.row(ReportRowKind::Total, 0, vec![Some("Total".into())], &total(&rows), decimals);
    lines.push(sums.called("total"));
    shape.report(heading, &query, &months, lines).reply(form)
}

/// Read payroll costs
///
/// What the people of each department cost in these months, by component: earnings and what the company bears beside them; and what was
/// taken off, which is part of the earnings. As a file too. Changes nothing.
#[utoipa::path(get, path = "/v1/reports/payroll-costs", tag = "Pay")]
async fn get_payroll_costs(may: May<Read, PayrollRun>, query: Params<PayrollReportQuery>) -> Reply<Report> {
    let (form, query) = (Form::accepted(may.http()), query.0);
    let months = query.months()?;
    let sql = "select s.department_id as id, coalesce(d.name, '') as a, l.component as b, max(l.name) as c, count(distinct s.employee_id) as people,
            coalesce(sum(l.amount) filter (where l.kind = 'earning'), 0) as v, coalesce(sum(l.amount) filter (where l.kind = 'employer_cost'), 0) as w,
            coalesce(sum(l.amount) filter (where l.kind <> 'deduction'), 0) as x, coalesce(sum(l.amount) filter (where l.kind = 'deduction'), 0) as y, 0::numeric as z
        from slips s cross join lateral jsonb_to_recordset(s.lines) l (component text, name text, kind text, amount numeric, position int)
        left join departments d on d.org_id = s.org_id and d.id = s.department_id
        where l.kind in ('earning', 'deduction', 'employer_cost') group by s.department_id, d.name, l.component order by 2, 1, min(l.position), 3";
    let (rows, heading) =
        may.read(async |db| Ok((found(db, sql, &query, &months).await?, Heading::read(db).await?))).await?;
    let shape = Shape {
        kind: ReportKind::PayrollCosts,
        title: "Payroll costs",
        texts: &[("department", "Department"), ("component", "Component"), ("name", "Name")],
        amounts: &[
            ("earnings", "Earnings"),
            ("employer", "Employer"),
            ("cost", "Cost"),
            ("deductions", "Deductions"),
        ],
    };
    let decimals = ledger::currency::decimals(&heading.currency);
    let mut lines = Vec::new();
    for branch in rows.chunk_by(|one, other| one.id == other.id) {
        let name = branch.first().and_then(|row| row.a.clone());
        lines.push(
            shape
                .row(ReportRowKind::Group, 0, vec![name], &total(branch)[..4], decimals)
                .called("department"),
        );
        lines.extend(branch.iter().map(|row| {
            let texts = vec![None, row.b.clone(), row.c.clone()];
            shape.row(ReportRowKind::Line, 1, texts, &[row.v, row.w, row.x, row.y], decimals)
        }));
    }
    let sums = shape.row(ReportRowKind::Total, 0, vec![Some("Total".into())], &total(&rows)[..4], decimals);
    lines.push(sums.called("total"));
    shape.report(heading, &query, &months, lines).reply(form)
}

/// What people cost in a month, shared out by the hours of their approved timesheets: in running sums, so that the shares come to the cost.
const BY_PROJECT: &str = "
    , paid as (
        select s.employee_id, s.period, sum(s.gross_amount + s.employer_amount) as cost, currency_decimals(s.currency) as decimals
        from slips s group by s.employee_id, s.period, s.currency
    ), worked as (
        select t.employee_id, to_char(t.worked_on, 'YYYY-MM') as period, t.project_id, sum(t.hours) as hours
        from timesheet_entries t join timesheets w on w.org_id = t.org_id and w.id = t.timesheet_id and w.status = 'approved'
        where t.org_id = $1 and t.worked_on >= to_date($2, 'YYYY-MM') and t.worked_on < to_date($3, 'YYYY-MM') + interval '1 month'
        group by t.employee_id, to_char(t.worked_on, 'YYYY-MM'), t.project_id
    ), running as (
        select p.employee_id, p.period, p.cost, p.decimals, h.project_id, h.hours, sum(h.hours) over whole as all_hours,
            sum(h.hours) over (whole order by h.project_id rows unbounded preceding) as hours_so_far
        from paid p left join worked h using (employee_id, period) window whole as (partition by p.employee_id, p.period)
    ), shared as (
        select r.*, coalesce(round(r.cost * r.hours_so_far / r.all_hours, r.decimals)
            - round(r.cost * (r.hours_so_far - r.hours) / r.all_hours, r.decimals), r.cost) as share
        from running r
    )
    select s.project_id as id, coalesce(p.code, '') as a, p.name as b, s.period as c, count(distinct s.employee_id) as people,
        coalesce(sum(s.hours), 0) as v, sum(s.share) as w, 0::numeric as x, 0::numeric as y, 0::numeric as z
    from shared s left join projects p on p.org_id = $1 and p.id = s.project_id
    group by s.project_id, p.code, p.name, s.period order by p.code nulls last, s.project_id, s.period";

/// Read project costs
///
/// What the people of these months cost the projects that they worked on: earnings and what the company bears beside them, shared out by the hours of
/// each person's approved timesheets of the month. What nobody put on a project stands last, without a code, so that all of it comes to
/// `payroll-costs`. As a file too. Changes nothing.
#[utoipa::path(get, path = "/v1/reports/project-costs", tag = "Pay")]
async fn get_project_costs(may: May<Read, PayrollRun>, query: Params<PayrollReportQuery>) -> Reply<Report> {
    let (form, query) = (Form::accepted(may.http()), query.0);
    let months = query.months()?;
    let (rows, heading) = may
        .read(async |db| Ok((found(db, BY_PROJECT, &query, &months).await?, Heading::read(db).await?)))
        .await?;
    let shape = Shape {
        kind: ReportKind::ProjectCosts,
        title: "Project costs",
        texts: &[("project", "Project"), ("name", "Name"), ("period", "Month"), ("employees", "Employees")],
        amounts: &[("hours", "Hours"), ("cost", "Cost")],
    };
    let decimals = ledger::currency::decimals(&heading.currency);
    let mut lines = Vec::new();
    for project in rows.chunk_by(|one, other| one.id == other.id) {
        let (code, name) = project.first().map(|row| (row.a.clone(), row.b.clone())).unwrap_or_default();
        let group = shape
            .row(ReportRowKind::Group, 0, vec![code, name], &total(project)[..2], decimals)
            .called("project");
        lines.push(match project.first().and_then(|row| row.id) {
            Some(id) => group.telling_of(Project::NAME, id),
            None => group,
        });
        lines.extend(project.iter().map(|row| {
            let texts = vec![None, None, row.c.clone(), Some(row.people.to_string())];
            shape.row(ReportRowKind::Line, 1, texts, &[row.v, row.w], decimals)
        }));
    }
    let sums = shape.row(ReportRowKind::Total, 0, vec![Some("Total".into())], &total(&rows)[..2], decimals);
    lines.push(sums.called("total"));
    shape.report(heading, &query, &months, lines).reply(form)
}

/// Read statutory totals
///
/// What is to be declared and paid for these months, by what components are declared as: taken off wages, and borne by the company. Nothing is
/// filed. As a file too. Changes nothing.
#[utoipa::path(get, path = "/v1/reports/statutory-totals", tag = "Pay")]
async fn get_statutory_totals(
    may: May<Read, PayrollRun>,
    query: Params<PayrollReportQuery>,
) -> Reply<Report> {
    let (form, query) = (Form::accepted(may.http()), query.0);
    let months = query.months()?;
    let sql = "select null::uuid as id, s.period as a, l.statutory as b, max(l.name) as c, count(distinct s.employee_id) as people,
            coalesce(sum(l.amount) filter (where l.kind = 'deduction'), 0) as v, coalesce(sum(l.amount) filter (where l.kind = 'employer_cost'), 0) as w,
            coalesce(sum(l.amount) filter (where l.kind in ('deduction', 'employer_cost')), 0) as x, 0::numeric as y, 0::numeric as z
        from slips s cross join lateral jsonb_to_recordset(s.lines) l (name text, kind text, amount numeric, statutory text)
        where l.statutory is not null group by s.period, l.statutory order by 2, 3";
    let (rows, heading) =
        may.read(async |db| Ok((found(db, sql, &query, &months).await?, Heading::read(db).await?))).await?;
    let shape = Shape {
        kind: ReportKind::StatutoryTotals,
        title: "Statutory totals",
        texts: &[
            ("period", "Month"),
            ("statutory", "Declared as"),
            ("name", "Name"),
            ("employees", "Employees"),
        ],
        amounts: &[
            ("deducted", "Taken off wages"),
            ("employer", "Borne by the employer"),
            ("total", "To be paid"),
        ],
    };
    let decimals = ledger::currency::decimals(&heading.currency);
    let line = |row: &Found| {
        let texts = vec![row.a.clone(), row.b.clone(), row.c.clone(), Some(row.people.to_string())];
        shape.row(ReportRowKind::Line, 0, texts, &[row.v, row.w, row.x], decimals)
    };
    let mut lines: Vec<ReportRow> = rows.iter().map(line).collect();
    let sums = shape.row(ReportRowKind::Total, 0, vec![Some("Total".into())], &total(&rows)[..3], decimals);
    lines.push(sums.called("total"));
    shape.report(heading, &query, &months, lines).reply(form)
}

/// Reconcile payrolls
///
/// For each run of these months that is in the books: what its payslips come to, what the ledger has on the account of wages for it, what of that
/// is paid and what is open, and what differs, which is nothing. As a file too. Changes nothing.
#[utoipa::path(get, path = "/v1/reports/payroll-reconciliation", tag = "Pay")]
async fn get_payroll_reconciliation(
    may: May<Read, PayrollRun>,
    query: Params<PayrollReportQuery>,
) -> Reply<Report> {
    let (form, query) = (Form::accepted(may.http()), query.0);
    let months = query.months()?;
    let rows = may
        .read(async |db| {
            let rows = diesel::sql_query(RECONCILED)
                .bind::<SqlUuid, _>(db.organization())
                .bind::<Date, _>(months.starts_on)
                .bind::<Date, _>(months.ends_on)
                .bind::<Nullable<SqlUuid>, _>(query.pay_group_id)
                .load::<Found>(db)
                .await?;
            Ok((rows, Heading::read(db).await?))
        })
        .await?;
    let (rows, heading) = rows;
    let shape = Shape {
        kind: ReportKind::PayrollReconciliation,
        title: "Reconciliation of payrolls",
        texts: &[("period", "Month"), ("run", "Run"), ("pay_group", "Group")],
        amounts: &[
            ("register", "Payslips"),
            ("ledger", "Ledger"),
            ("paid", "Paid"),
            ("open", "Open"),
            ("difference", "Difference"),
        ],
    };
    let decimals = ledger::currency::decimals(&heading.currency);
    let line = |row: &Found| {
        let texts = vec![row.a.clone(), row.b.clone(), row.c.clone()];
        let line = shape.row(ReportRowKind::Line, 0, texts, &[row.v, row.w, row.x, row.y, row.z], decimals);
        match row.id {
            Some(id) => line.telling_of(PayrollRun::NAME, id),
            None => line,
        }
    };
    let mut lines: Vec<ReportRow> = rows.iter().map(line).collect();
    let sums = shape.row(ReportRowKind::Total, 0, vec![Some("Total".into())], &total(&rows), decimals);
    lines.push(sums.called("total"));
    shape.report(heading, &query, &months, lines).reply(form)
}

/// The ledger's part: what the run and the settling of its claims put on the account that its wages are open on, or that has the role.
const RECONCILED: &str = "
    select r.id, r.period as a, r.number as b, g.code as c, 0::bigint as people, s.net as v, l.net as w, s.net - o.open as x, o.open as y,
        abs(s.net - l.net) + abs(o.amount - s.net) as z
    from payroll_runs r
    join pay_groups g on g.org_id = r.org_id and g.id = r.pay_group_id
    cross join lateral (select coalesce(sum(p.net_amount), 0) as net from payslips p where p.org_id = r.org_id and p.payroll_run_id = r.id) s
    cross join lateral (select coalesce(sum(i.open_amount), 0) as open, coalesce(sum(i.amount), 0) as amount from payslips p
        join open_items i on i.org_id = p.org_id and i.id = p.id where p.org_id = r.org_id and p.payroll_run_id = r.id) o
    cross join lateral (select coalesce(sum(j.credit - j.debit), 0) as net from journal_entries e
        join journal_lines j on j.org_id = e.org_id and j.entry_id = e.id
        where e.org_id = r.org_id and (e.id = r.journal_entry_id or e.resource = 'expense-claims' and e.reference = r.number and e.reversal_of_id is null)
            and j.account_id = coalesce((select i.account_id from payslips p join open_items i on i.org_id = p.org_id and i.id = p.id
                where p.org_id = r.org_id and p.payroll_run_id = r.id limit 1),
                (select a.id from accounts a where a.org_id = r.org_id and a.role = 'payroll_payable' and a.status = 'active' limit 1))) l
    where r.org_id = $1 and r.status in ('posted', 'paid') and r.starts_on between $2 and $3 and ($4::uuid is null or r.pay_group_id = $4)
    order by r.period, r.number";

pub fn routes(api: &mut Api) {
    api.call(operation!(get_payroll_register))
        .call(operation!(get_payroll_costs))
        .call(operation!(get_project_costs))
        .call(operation!(get_statutory_totals))
        .call(operation!(get_payroll_reconciliation));
}
