//! Payroll runs: a month's pay of a group, calculated as often as it takes, agreed to by another than who calculated it, booked, and paid as
//! everything else that is owed.
use crate::calculating::calculate;
use crate::posting;
use crate::variance;
use chrono::{Datelike, Days, Months};
use compensation::pay_groups::{PaidIn, PayGroup};
use platform::prelude::*;
use platform::problem::{CONFLICT, INVALID_STATE};
use platform::store::changes_nothing;
use schema::payroll_runs;

/// A month's pay of a group.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = payroll_runs)]
pub struct PayrollRun {
    pub id: Uuid,
    pub version: i64,
    /// Its number, gapless; null until it is posted.
    #[schema(max_length = 40, example = "PRL-2026-000003")]
    pub number: Option<String>,
    /// Whose pay it is.
    pub pay_group_id: Uuid,
    /// The month that is paid.
    #[schema(max_length = 7, example = "2026-03")]
    pub period: String,
    /// Its first day.
    #[schema(example = "2026-03-01")]
    pub starts_on: NaiveDate,
    /// Its last day.
    #[schema(example = "2026-03-31")]
    pub ends_on: NaiveDate,
    /// The day on which wages are due.
    #[schema(example = "2026-04-10")]
    pub pay_on: NaiveDate,
    /// The currency of all amounts (ISO 4217).
    #[schema(max_length = 3, example = "EUR")]
    pub currency: String,
    /// How many payslips it has.
    #[schema(minimum = 0, example = 250)]
    pub employees: i32,
    /// All earnings.
    #[schema(example = "6500.00")]
    pub gross_amount: Money,
    /// All that is taken off them.
    #[schema(example = "1260.00")]
    pub deduction_amount: Money,
    /// Expense claims that are paid back with the wages.
    #[schema(example = "0.00")]
    pub claim_amount: Money,
    /// All that employees get.
    #[schema(example = "5240.00")]
    pub net_amount: Money,
    /// What the company bears beside the earnings.
    #[schema(example = "650.00")]
    pub employer_amount: Money,
    /// What of the net is still to be paid; 0.00 until it is posted.
    #[schema(example = "5240.00")]
    pub open_amount: Money,
    /// What is wrong, or to be known: the first 500. What blocks has to be solved before the run can be approved.
    #[schema(value_type = Vec<PayrollProblem>, max_items = 500, example = json!([]))]
    pub problems: List<PayrollProblem>,
    /// How many of all problems block.
    #[schema(minimum = 0, example = 0)]
    pub blocking_problems: i32,
    /// When it was calculated last.
    pub calculated_at: Option<DateTime<Utc>>,
    /// Its day in the books; null until it is posted.
    #[schema(example = json!(null))]
    pub posted_on: Option<NaiveDate>,
    /// What books it; null until it is posted.
    #[schema(example = json!(null))]
    pub journal_entry_id: Option<Uuid>,
    /// The day in the books on which it was taken back.
    #[schema(example = json!(null))]
    pub reversed_on: Option<NaiveDate>,
    /// Why it was taken back.
    #[schema(max_length = 500, example = json!(null))]
    pub reversal_reason: Option<String>,
    /// What books it back.
    #[schema(example = json!(null))]
    pub reversal_entry_id: Option<Uuid>,
    pub status: PayrollRunStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a run stands.
    pub enum PayrollRunStatus {
        Draft = "draft", Calculated = "calculated", Approved = "approved", Posted = "posted", Paid = "paid", Reversed = "reversed",
    }
}

/// Something that is wrong with a payslip or the whole run, or to be known of it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PayrollProblem {
    /// Whose payslip it is about; null where it is about the run.
    pub employee_id: Option<Uuid>,
    /// What it is, for programs.
    #[schema(max_length = 60, example = "no-compensation")]
    pub code: String,
    /// What it is, and what to do about it.
    #[schema(
        max_length = 2000,
        example = "Nothing is agreed for the days from 2026-03-01 on: add a compensation at /v1/compensations."
    )]
    pub detail: String,
    /// Whether it keeps the run from being approved.
    #[schema(example = true)]
    pub blocks: bool,
}

/// A run to be.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPayrollRun {
    /// Whose pay it is.
    pay_group_id: Uuid,
    /// The month that is paid.
    #[schema(max_length = 7, pattern = "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", example = "2026-03")]
    period: String,
    /// The day on which wages are due; left out, the pay day of the group.
    #[schema(example = json!(null))]
    pay_on: Option<NaiveDate>,
}

/// What of a run can be changed before it is approved; it is to be calculated anew then.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditPayrollRun {
    /// The day on which wages are due.
    #[schema(example = "2026-04-09")]
    pay_on: Option<NaiveDate>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PayrollRunFilter {
    /// Only runs in this state.
    #[param(inline)]
    status: Option<PayrollRunStatus>,
    /// Only runs of this pay group.
    pay_group_id: Option<Uuid>,
    /// Only runs of this month: `2026-03`.
    #[param(min_length = 7, max_length = 7)]
    period: Option<String>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("draft", "Made, and to be calculated."),
        ("calculated", "Calculated; it can be again, and gives the same as long as nothing changed."),
        ("approved", "Agreed to, and not in the books yet."),
        ("posted", "In the books under its number; wages are owed."),
        ("paid", "Nothing of the wages is owed any more."),
        ("reversed", "Booked back: its month can be paid anew, and later runs make good what is missing."),
    ],
    steps: &[
        Step { action: "calculate", from: &["draft", "calculated"], to: "calculated", verb: "run" },
        Step { action: "approve", from: &["calculated"], to: "approved", verb: "approve" },
        Step { action: "revise", from: &["approved"], to: "draft", verb: "write" },
        Step { action: "post", from: &["approved"], to: "posted", verb: "post" },
        Step { action: "reverse", from: &["posted"], to: "reversed", verb: "void" },
    ],
};

impl Named for PayrollRun {
    const NAME: &'static str = "payroll-runs";
}

impl Resource for PayrollRun {
    const PATH: &'static str = "/v1/payroll-runs";
    const SINGULAR: &'static str = "payroll_run";
    const TAG: &'static str = "Pay";
    const SORT: &'static [SortKey] = &[SortKey::text("period"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-period";
    type Filter = PayrollRunFilter;

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
}

impl Stored for PayrollRun {
    type Table = payroll_runs::table;
    const TABLE: &'static str = "payroll_runs";
    const SEARCHED: &'static [&'static str] = &["number", "period"];

    fn narrow(rows: Rows<Self>, by: PayrollRunFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(payroll_runs::status.eq(status)))
            .when(by.pay_group_id, |rows, id| rows.filter(payroll_runs::pay_group_id.eq(id)))
            .when(by.period, |rows, period| rows.filter(payroll_runs::period.eq(period)))
    }
}

/// The first and the last day of `2026-03`.
pub(crate) fn days_of(period: &str) -> Result<(NaiveDate, NaiveDate)> {
    let first = NaiveDate::parse_from_str(&format!("{period}-01"), "%Y-%m-%d").map_err(Problem::internal)?;
    let next = first.checked_add_months(Months::new(1)).unwrap_or(first);
    Ok((first, next.checked_sub_days(Days::new(1)).unwrap_or(first)))
}

/// The pay day of a group for a month that ends on this day.
fn pay_day(group: &PayGroup, ends_on: NaiveDate) -> NaiveDate {
    let months = u32::from(group.paid_in == PaidIn::NextMonth);
    let month = ends_on.with_day(1).and_then(|first| first.checked_add_months(Months::new(months)));
    let month = month.unwrap_or(ends_on);
    let wanted = u32::try_from(group.pay_day).unwrap_or(1);
    (1..=wanted).rev().find_map(|day| month.with_day(day)).unwrap_or(ends_on)
}

impl Kept for PayrollRun {
    type New = NewPayrollRun;
    type Edit = EditPayrollRun;

    async fn create(db: &mut Db, new: NewPayrollRun) -> Result<Self> {
        let Ok(group) = PayGroup::find(db, new.pay_group_id).await else {
            let rule = "there is no such row in this organization";
            return Err(Problem::invalid(vec![Fault::at("/pay_group_id", "unknown-reference", rule)]));
        };
        if group.state() != Some("active") {
            let rule = "is archived: restore it, or name another one";
            return Err(Problem::invalid(vec![Fault::at("/pay_group_id", "archived", rule)]));
        }
        let (starts_on, ends_on) = days_of(&new.period)?;
        let later = payroll_runs::table
            .filter(payroll_runs::org_id.eq(db.organization()))
            .filter(payroll_runs::pay_group_id.eq(group.id))
            .filter(payroll_runs::period.gt(&new.period))
            .filter(payroll_runs::status.eq_any(["approved", "posted", "paid"]))
            .select(payroll_runs::period)
            .order(payroll_runs::period)
            .first::<String>(db)
            .await
            .optional()?;
        if let Some(later) = later {
            let told = format!(
                "{later} is paid already, and makes good what months before it lack: enter what is missing there, or reverse it first."
            );
            return Err(CONFLICT.because(told).at(Fault::at(
                "/period",
                "later-one-is-paid",
                format!("is before {later}, which is paid"),
            )));
        }
        let row = (
            payroll_runs::id.eq(Uuid::now_v7()),
            payroll_runs::pay_group_id.eq(group.id),
            payroll_runs::period.eq(&new.period),
            payroll_runs::starts_on.eq(starts_on),
            payroll_runs::ends_on.eq(ends_on),
            payroll_runs::pay_on.eq(new.pay_on.unwrap_or_else(|| pay_day(&group, ends_on))),
            payroll_runs::currency.eq(&group.currency),
        );
        let run = diesel::insert_into(payroll_runs::table).values(row).returning(Self::as_returning());
        Ok(run.get_result(db).await?)
    }

    async fn change(db: &mut Db, row: Self, edit: EditPayrollRun) -> Result<Self> {
        not_agreed_to(&row)?;
        if changes_nothing(&row, &serde_json::to_value(&edit).map_err(Problem::internal)?)? {
            return Ok(row);
        }
        let changed = (edit.pay_on.map(|day| payroll_runs::pay_on.eq(day)), payroll_runs::status.eq("draft"));
        let one = payroll_runs::table.find((db.organization(), row.id));
        Ok(diesel::update(one).set(changed).returning(Self::as_returning()).get_result(db).await?)
    }

    async fn delete(db: &mut Db, row: Self) -> Result<()> {
        not_agreed_to(&row)?;
        diesel::delete(payroll_runs::table.find((db.organization(), row.id))).execute(db).await?;
        Ok(())
    }
}

fn not_agreed_to(row: &PayrollRun) -> Result<()> {
    match row.status {
        PayrollRunStatus::Draft | PayrollRunStatus::Calculated => Ok(()),
        PayrollRunStatus::Approved => {
            Err(INVALID_STATE.because("What was agreed to stays as it is: `revise` it first."))
        }
        _ => Err(INVALID_STATE.because("What is posted is final: `reverse` it instead.")),
    }
}

/// Calculate a payroll run
///
/// Works out a payslip for everybody of the group who is employed in the month, from assignments, compensation, timesheets, leave, benefits,
/// expense claims and payroll inputs, in part of the month by working days; and makes good what earlier months should have come to by
/// what is known now, each as lines of its own month. What can not be worked out is told in `problems`, all the rest is calculated. Again it
/// gives the same. Nothing is booked.
#[utoipa::path(post, path = "/v1/payroll-runs/{id}/calculate", tag = "Pay")]
async fn calculate_payroll_run(may: May<Run, PayrollRun>, id: Id<PayrollRun>) -> Reply<PayrollRun> {
    may.write(async |db| {
        let run = lock(&may, db, &id).await?;
        LIFE.step(run.status.as_str(), "calculate")?;
        calculate(db, &run).await
    })
    .await
}

/// Approve a payroll run
///
/// Says yes to what was calculated; nobody who made or calculated it can, and not while problems block. Where a policy of the organization
/// asks for it, only with an approval of `approve`. A sensitive step, which asks for a recent sign-in. Nothing is booked.
#[utoipa::path(post, path = "/v1/payroll-runs/{id}/approve", tag = "Pay")]
async fn approve_payroll_run(may: May<Approve, PayrollRun>, id: Id<PayrollRun>) -> Reply<PayrollRun> {
    may.fresh()?;
    approvals::step(may, id, "approve").await
}

/// Revise a payroll run
///
/// Takes the agreement back: it can be calculated again. Nothing is booked.
#[utoipa::path(post, path = "/v1/payroll-runs/{id}/revise", tag = "Pay")]
async fn revise_payroll_run(may: May<Write, PayrollRun>, id: Id<PayrollRun>) -> Reply<PayrollRun> {
    step(may, id, "revise").await
}

pub fn routes(api: &mut Api) {
    api.readable::<PayrollRun>()
        .creatable::<PayrollRun>()
        .changeable::<PayrollRun>()
        .deletable::<PayrollRun>()
        .call(operation!(calculate_payroll_run))
        .call(operation!(approve_payroll_run))
        .call(operation!(revise_payroll_run))
        .call(operation!(posting::post_payroll_run))
        .call(operation!(posting::reverse_payroll_run))
        .call(operation!(variance::get_payroll_run_variance));
}
