//! Balances: what each employee has of each leave on a day, whether that is past or to come.

use crate::entitlements::LeaveEntitlement;
use diesel::sql_types::{Date, Integer, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::prelude::*;

/// What balances are asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct BalancesAsked {
    /// The day at the end of which they are told; today, unless told. On one to come, with what will have grown and gone by then.
    on: Option<NaiveDate>,
    /// Only those of this employee.
    employee_id: Option<Uuid>,
    /// Only those of this leave.
    leave_type_id: Option<Uuid>,
    /// How many employees at the most.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(default = "fifty")]
    limit: i32,
    /// Only employees behind this one in the order of their ids: `next_after` of the answer before.
    after: Option<Uuid>,
}

fn fifty() -> i32 {
    50
}

/// What an employee has of a leave.
#[derive(Clone, Debug, Serialize, ToSchema, diesel::QueryableByName)]
pub struct LeaveBalance {
    /// Whose it is.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// Of what leave.
    #[diesel(sql_type = SqlUuid)]
    pub leave_type_id: Uuid,
    /// The leave as people call it.
    #[diesel(sql_type = Text)]
    #[schema(max_length = 20, example = "ANNUAL")]
    pub leave_type_code: String,
    /// Working days by the entries that are there: their sum up to the day.
    #[diesel(sql_type = Numeric)]
    #[schema(example = "18.5")]
    pub recorded_days: Quantity,
    /// The same with what will have grown and gone by the day: what a leave until then is held against.
    #[diesel(sql_type = Numeric)]
    #[schema(example = "18.5")]
    pub days: Quantity,
    /// What is asked for and not decided yet, on whatever days.
    #[diesel(sql_type = Numeric)]
    #[schema(example = "3")]
    pub requested_days: Quantity,
}

/// Balances of a day.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeaveBalances {
    /// The day at the end of which they are so.
    #[schema(example = "2026-06-30")]
    pub as_of_on: NaiveDate,
    /// By employee, then by the code of the leave.
    #[schema(max_items = 20000)]
    pub balances: Vec<LeaveBalance>,
    /// Where the next employees begin; null where these are the last.
    #[schema(example = json!(null))]
    pub next_after: Option<Uuid>,
}

/// List leave balances
///
/// What each employee whom the permission reaches has of each leave on a day: the sum of the entitlements up to it, and what it comes
/// to with what will have grown and gone by then.
#[utoipa::path(get, path = "/v1/leave-balances", tag = "Working time")]
async fn list_leave_balances(
    may: May<Read, LeaveEntitlement>,
    asked: Params<BalancesAsked>,
) -> Reply<Plain<LeaveBalances>> {
    let on = asked.0.on.unwrap_or_else(|| Utc::now().date_naive());
    let balances: Vec<LeaveBalance> = may
        .read(async |db| {
            let asking = diesel::sql_query(
                "select employee_id, leave_type_id, leave_type_code, recorded_days, days, requested_days
                from leave_balances_seen($1, $2, $3, $4, $5)",
            );
            let asking = asking
                .bind::<Date, _>(on)
                .bind::<Nullable<SqlUuid>, _>(asked.0.employee_id)
                .bind::<Nullable<SqlUuid>, _>(asked.0.leave_type_id)
                .bind::<Nullable<SqlUuid>, _>(asked.0.after)
                .bind::<Integer, _>(asked.0.limit);
            Ok(asking.load(db).await?)
        })
        .await?;
    let employees = balances.chunk_by(|one, next| one.employee_id == next.employee_id).count();
    let is_full = usize::try_from(asked.0.limit).is_ok_and(|limit| employees >= limit);
    let next_after = balances.last().filter(|_| is_full).map(|last| last.employee_id);
    Plain(LeaveBalances { as_of_on: on, balances, next_after }).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(list_leave_balances));
}
