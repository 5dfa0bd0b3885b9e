//! What access comes to: who holds together what nobody should, and what those who go still hold.

use crate::grants::{AccessGrant, AccessGrantStatus};
use platform::prelude::*;
use serde_json::Value;

diesel::define_sql_function! {
    fn report_toxic_access() -> Jsonb;
}
diesel::define_sql_function! {
    fn report_leavers_access() -> Jsonb;
}

/// Who holds together what nobody should.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ToxicAccess {
    /// Each of them, by their names.
    #[schema(max_items = 10_000)]
    holders: Vec<ToxicHolder>,
}

/// Somebody who holds two roles that nobody should hold together: since before the pair was named.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ToxicHolder {
    /// The pair.
    toxic_role_pair_id: Uuid,
    /// Why nobody should hold both.
    #[schema(max_length = 500, example = "Who enters bank accounts does not release payments")]
    reason: String,
    /// Who holds both.
    employee_id: Uuid,
    /// Their name.
    #[schema(max_length = 201, example = "Ana Pop")]
    employee: String,
    /// The one access.
    access_grant_id: Uuid,
    /// Its role.
    #[schema(max_length = 100, example = "Payment clerk")]
    role: String,
    /// The other access.
    other_access_grant_id: Uuid,
    /// Its role.
    #[schema(max_length = 100, example = "Keeper of bank accounts")]
    other_role: String,
}

/// What those who go still hold.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct LeaversAccess {
    /// Each access, those first whose holders go first.
    #[schema(max_items = 10_000)]
    grants: Vec<LeaverGrant>,
}

/// An access of somebody who goes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LeaverGrant {
    /// Who goes.
    employee_id: Uuid,
    /// Their name.
    #[schema(max_length = 201, example = "Ana Pop")]
    employee: String,
    /// Their last day: on the day after, what they hold is revoked.
    #[schema(example = "2026-12-31")]
    last_day_on: NaiveDate,
    /// The checklist of their offboarding.
    checklist_id: Option<Uuid>,
    /// The access.
    access_grant_id: Uuid,
    /// The system.
    system_id: Uuid,
    /// What it is called.
    #[schema(max_length = 100, example = "Payroll")]
    system: String,
    /// What they are in it.
    #[schema(max_length = 100, example = "Payroll accountant")]
    role: String,
    status: AccessGrantStatus,
}

/// Report toxic access
///
/// Who holds two roles together that nobody should: nobody comes to hold both, so they did before the pair was named. Of the people whose access the caller may see.
#[utoipa::path(get, path = "/v1/reports/toxic-access", tag = "System access")]
async fn report_access_that_is_toxic(may: May<Read, AccessGrant>) -> Reply<Plain<ToxicAccess>> {
    let holders =
        may.read(async |db| Ok(diesel::select(report_toxic_access()).get_result::<Value>(db).await?)).await?;
    let holders = serde_json::from_value(holders).map_err(Problem::internal)?;
    Plain(ToxicAccess { holders }).answer(may.grants())
}

/// Report the access of leavers
///
/// What those still hold whose last day is known, with the checklist of their offboarding. On the day after their last it is revoked by itself.
#[utoipa::path(get, path = "/v1/reports/leavers-access", tag = "System access")]
async fn report_access_of_leavers(may: May<Read, AccessGrant>) -> Reply<Plain<LeaversAccess>> {
    let grants = may
        .read(async |db| Ok(diesel::select(report_leavers_access()).get_result::<Value>(db).await?))
        .await?;
    let grants = serde_json::from_value(grants).map_err(Problem::internal)?;
    Plain(LeaversAccess { grants }).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(report_access_that_is_toxic)).call(operation!(report_access_of_leavers));
}
