//! Who is away: the team's calendar. It tells that somebody is away, and not why.

use diesel::sql_types::{Bool, Date, Integer, Nullable, Numeric, Text, Timestamptz, Uuid as SqlUuid};
use platform::prelude::*;

/// What absences are granted on.
pub struct Absences;
impl Named for Absences {
    const NAME: &'static str = "absences";
}

/// Which absences are asked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct AbsencesAsked {
    /// The first day; today, unless told.
    from_on: Option<NaiveDate>,
    /// The last day; the same as the first, unless told, and a year later at the most.
    to_on: Option<NaiveDate>,
    /// Only employees of this department and of those beneath it.
    department_id: Option<Uuid>,
}

/// Somebody who is away.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, diesel::QueryableByName)]
pub struct Absence {
    /// The leave, for those who may read it.
    #[diesel(sql_type = SqlUuid)]
    pub leave_request_id: Uuid,
    /// Who is away.
    #[diesel(sql_type = SqlUuid)]
    pub employee_id: Uuid,
    /// The name they are called by.
    #[diesel(sql_type = Text)]
    #[schema(max_length = 100, example = "Ana")]
    pub given_name: String,
    /// The name of the family.
    #[diesel(sql_type = Text)]
    #[schema(max_length = 100, example = "Pop")]
    pub family_name: String,
    /// The department they work in.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub department_id: Option<Uuid>,
    /// The first day.
    #[diesel(sql_type = Date)]
    #[schema(example = "2026-08-03")]
    pub starts_on: NaiveDate,
    /// The last day.
    #[diesel(sql_type = Date)]
    #[schema(example = "2026-08-14")]
    pub ends_on: NaiveDate,
    /// Whether they are there on the first day until noon.
    #[diesel(sql_type = Bool)]
    #[schema(example = false)]
    pub starts_at_noon: bool,
    /// Whether they are there on the last day from noon on.
    #[diesel(sql_type = Bool)]
    #[schema(example = false)]
    pub ends_at_noon: bool,
    /// How many working days they are away for altogether.
    #[diesel(sql_type = Numeric)]
    #[schema(example = "10")]
    pub days: Quantity,
    /// When that was last changed.
    #[diesel(sql_type = Timestamptz)]
    pub updated_at: DateTime<Utc>,
}

/// Who is away between two days.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AbsenceCalendar {
    /// The first day.
    #[schema(example = "2026-08-03")]
    pub from_on: NaiveDate,
    /// The last day.
    #[schema(example = "2026-08-31")]
    pub to_on: NaiveDate,
    /// By the first day of each, then by name.
    #[schema(max_items = 5000)]
    pub absences: Vec<Absence>,
    /// Whether there are more than these: ask for fewer days then, or for a department.
    #[schema(example = false)]
    pub has_more: bool,
}

const MOST: i32 = 5000;

/// List who is away
///
/// Everybody who is away on one of the days, by leave that was agreed to: of the whole organization with the reach `org`; of those who report
/// to the caller, the caller's colleagues and manager with `team`; and of the colleagues, the manager and the caller with `own`.
/// Which leave it is, is not told.
#[utoipa::path(get, path = "/v1/absences", tag = "Working time")]
async fn list_absences(
    may: May<Read, Absences>,
    asked: Params<AbsencesAsked>,
) -> Reply<Plain<AbsenceCalendar>> {
    let from_on = asked.0.from_on.unwrap_or_else(|| Utc::now().date_naive());
    let to_on = asked.0.to_on.unwrap_or(from_on);
    let mut absences: Vec<Absence> = may
        .read(async |db| {
            if to_on < from_on || (to_on - from_on).num_days() > 366 {
                let rule = format!("must be {from_on} or later, and a year later at the most");
                return Err(Problem::invalid(vec![Fault::of("to_on", "out-of-range", rule)]));
            }
            let asking = diesel::sql_query(
                "select * from absences_seen(current_person(), current_reach(), $1, $2, $3, $4)",
            );
            let asking = asking
                .bind::<Date, _>(from_on)
                .bind::<Date, _>(to_on)
                .bind::<Nullable<SqlUuid>, _>(asked.0.department_id)
                .bind::<Integer, _>(MOST + 1);
            Ok(asking.load(db).await?)
        })
        .await?;
    let has_more = i32::try_from(absences.len()).is_ok_and(|found| found > MOST);
    if has_more {
        absences.pop();
    }
    Plain(AbsenceCalendar { from_on, to_on, absences, has_more }).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(list_absences));
}
