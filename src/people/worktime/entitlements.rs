//! Entitlements: what of each leave somebody got and what was taken off, entry by entry, for ever. What they sum up to is the balance.

use platform::prelude::*;
use rust_decimal::Decimal;
use schema::leave_entitlements;

/// An entry in what an employee has of a leave.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = leave_entitlements)]
pub struct LeaveEntitlement {
    pub id: Uuid,
    pub version: i64,
    /// Whose it is.
    pub employee_id: Uuid,
    /// Of which leave.
    pub leave_type_id: Uuid,
    #[schema(inline)]
    pub kind: EntitlementKind,
    /// Working days: above zero what was added, below zero what was taken off.
    #[schema(example = "21")]
    pub days: Quantity,
    /// From which day on it counts.
    #[schema(example = "2026-01-01")]
    pub effective_on: NaiveDate,
    /// The first day of the month or year that it is for, where it grew, went, or corrects that.
    #[schema(example = "2026-01-01")]
    pub period_on: Option<NaiveDate>,
    /// The leave that took it or gave it back.
    #[schema(example = json!(null))]
    pub leave_request_id: Option<Uuid>,
    /// Why somebody entered it.
    #[schema(max_length = 500, example = json!(null))]
    pub reason: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What it is: grown (`accrual`), entered by somebody (`adjustment`), gone at the end of a year (`not_carried_over`) or because
    /// what was carried over was not taken in time (`expired`), taken by a leave, or given back when that was cancelled. One of the
    /// first, third and fourth with the other sign corrects an earlier one for the same period.
    pub enum EntitlementKind {
        Accrual = "accrual", Adjustment = "adjustment", NotCarriedOver = "not_carried_over", Expired = "expired", Taken = "taken", Returned = "returned",
    }
}

/// An adjustment to be: what somebody brought along, was granted, or had too much.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = leave_entitlements, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewLeaveEntitlement {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Whose it is.
    employee_id: Uuid,
    /// Of which leave.
    leave_type_id: Uuid,
    /// Working days: above zero to add, below zero to take off.
    #[schema(value_type = String, max_length = 8, pattern = r"^-?[0-9]{1,3}(\.[0-9]{1,2})?$", example = "3.5")]
    days: Decimal,
    /// From which day on it counts.
    #[schema(example = "2026-01-01")]
    effective_on: NaiveDate,
    /// Why.
    #[schema(min_length = 1, max_length = 500, example = "Left over from the system before")]
    reason: String,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct LeaveEntitlementFilter {
    /// Only entries of this employee.
    employee_id: Option<Uuid>,
    /// Only entries of this leave.
    leave_type_id: Option<Uuid>,
    /// Only entries of this kind.
    #[param(inline)]
    kind: Option<EntitlementKind>,
    /// Only entries of this request.
    leave_request_id: Option<Uuid>,
    /// Only entries that count from this day or later on.
    effective_on_from: Option<NaiveDate>,
    /// Only entries that count from this day or earlier on: their sum is the balance on it.
    effective_on_to: Option<NaiveDate>,
}

impl Named for LeaveEntitlement {
    const NAME: &'static str = "leave-entitlements";
}

impl Resource for LeaveEntitlement {
    const PATH: &'static str = "/v1/leave-entitlements";
    const SINGULAR: &'static str = "leave_entitlement";
    const TAG: &'static str = "Working time";
    const SORT: &'static [SortKey] = &[SortKey::day("effective_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-effective_on";
    type Filter = LeaveEntitlementFilter;

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

impl Stored for LeaveEntitlement {
    type Table = leave_entitlements::table;
    const TABLE: &'static str = "leave_entitlements";
    const SEARCHED: &'static [&'static str] = &["reason"];

    fn narrow(rows: Rows<Self>, by: LeaveEntitlementFilter) -> Rows<Self> {
        rows.when(by.employee_id, |rows, id| rows.filter(leave_entitlements::employee_id.eq(id)))
            .when(by.leave_type_id, |rows, id| rows.filter(leave_entitlements::leave_type_id.eq(id)))
            .when(by.kind, |rows, kind| rows.filter(leave_entitlements::kind.eq(kind)))
            .when(by.leave_request_id, |rows, id| rows.filter(leave_entitlements::leave_request_id.eq(id)))
            .when(by.effective_on_from, |rows, day| rows.filter(leave_entitlements::effective_on.ge(day)))
            .when(by.effective_on_to, |rows, day| rows.filter(leave_entitlements::effective_on.le(day)))
    }
}

/// Adjust a leave
///
/// Adds days to what an employee has of a leave, or takes some off. The entry is final: another one with the other sign takes it back.
#[utoipa::path(post, path = "/v1/leave-entitlements", tag = "Working time")]
async fn create_leave_entitlement(
    may: May<Write, LeaveEntitlement>,
    new: Input<NewLeaveEntitlement>,
) -> Reply<Created<LeaveEntitlement>> {
    may.write(async |db| {
        if new.0.days.is_zero() {
            let rule = "must be above zero to add, below zero to take off";
            return Err(Problem::invalid(vec![Fault::at("/days", "zero", rule)]));
        }
        let made = diesel::insert_into(leave_entitlements::table).values(new.0.clone());
        Ok(Created(made.returning(LeaveEntitlement::as_returning()).get_result(db).await?))
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<LeaveEntitlement>().call(operation!(create_leave_entitlement));
}
