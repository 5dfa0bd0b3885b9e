//! From an offer that is accepted to an employee: what was offered is what they do and earn from their first day on.

use crate::offers::Offer;
use compensation::compensations::{self, NewCompensation};
use diesel::sql_types::{Nullable, Text, Uuid as SqlUuid};
use platform::prelude::*;

/// As whom somebody is hired.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HireRequest {
    /// The number that the company will know them by; unique. Left out, the next of the active number series is taken.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9/-]{0,19}$", example = "E-0251")]
    employee_number: Option<String>,
    /// Their address at work; unique.
    #[schema(format = "email", min_length = 3, max_length = 254, example = json!(null))]
    work_email: Option<String>,
}

diesel::define_sql_function! {
    /// See the migration of hiring: makes the employee, and what they do from their first day on.
    fn hire_for_offer(offer: SqlUuid, employee: SqlUuid, number: Nullable<Text>, email: Nullable<Text>) -> SqlUuid;
}

/// Hires whom the offer is for, and says what they earn. The caller has locked the offer.
///
/// # Errors
/// 409 where no seat is left, the offer has expired, or they work here already; those of employees and of compensation.
pub(crate) async fn hire(db: &mut Db, offer: &Offer, request: &HireRequest) -> Result<Uuid> {
    let made = hire_for_offer(offer.id, Uuid::now_v7(), &request.employee_number, &request.work_email);
    let employee: Uuid = diesel::select(made).get_result(db).await?;
    let pay = NewCompensation {
        id: Uuid::now_v7(),
        employee_id: employee,
        effective_on: offer.starts_on,
        basis: offer.pay_basis,
        amount: offer.pay_amount.0,
        currency: Some(offer.pay_currency.clone()),
        pay_group_id: offer.pay_group_id,
        extras: List::default(),
        reason: Some("Hired".into()),
    };
    compensations::set_all(db, &[pay]).await?;
    Ok(employee)
}
