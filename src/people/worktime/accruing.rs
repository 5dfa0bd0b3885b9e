//! Growing: what each month and year adds to leave, what goes at the end of a year and what expires, as entries. The worker does it every
//! hour for all organizations; however often it is done, each period is there once, and what has changed since is corrected.

use crate::entitlements::LeaveEntitlement;
use diesel::sql_types::{Date, Integer};
use platform::job::{Running, Task};
use platform::prelude::*;
use serde_json::Value;
use std::time::Duration;

#[derive(diesel::QueryableByName)]
struct Written {
    #[diesel(sql_type = Integer)]
    written: i32,
}

async fn grow(db: &mut Db, through: NaiveDate) -> Result<i32> {
    let growing = diesel::sql_query(
        "select grow_leave($1, case when current_reach() <> 'org' then array(select employees_reached(null)) end) as written",
    );
    Ok(growing.bind::<Date, _>(through).get_result::<Written>(db).await?.written)
}

/// Through which day leave shall have grown.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccrueLeaveRequest {
    /// The last day whose growing is written; today, unless told, and no day to come.
    #[schema(example = "2026-06-30")]
    through_on: Option<NaiveDate>,
}

/// How much leave has grown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AccruedLeave {
    /// The last day whose growing is written.
    #[schema(example = "2026-06-30")]
    pub through_on: NaiveDate,
    /// How many entries were written; none where all were there.
    #[schema(minimum = 0, example = 12)]
    pub entries: i32,
}

/// Let leave grow
///
/// Writes what grew of each leave up to a day, what was not carried over and what expired, as entries. What is there already is not
/// written again, and what has changed since, because somebody came earlier or left, say, is corrected by the difference. The
/// worker does the same every hour.
#[utoipa::path(post, path = "/v1/leave-entitlements/accrue", tag = "Working time")]
async fn accrue_leave(
    may: May<Write, LeaveEntitlement>,
    asked: Input<AccrueLeaveRequest>,
) -> Reply<Plain<AccruedLeave>> {
    let today = Utc::now().date_naive();
    let through_on = asked.0.through_on.unwrap_or(today);
    may.write(async |db| {
        if through_on > today {
            let rule = "must be today or earlier: what is to come is told by the balances of that day";
            return Err(Problem::invalid(vec![Fault::at("/through_on", "to-come", rule)]));
        }
        Ok(Plain(AccruedLeave { through_on, entries: grow(db, through_on).await? }))
    })
    .await
}

/// Every hour: new days begin at no one moment, and people are hired at any.
#[derive(Serialize, Deserialize)]
struct GrowLeave;

impl Task for GrowLeave {
    const KIND: &'static str = "worktime.grow_leave";

    async fn run(self, job: &Running) -> Result<Value> {
        let today = Utc::now().date_naive();
        let growing = async |db: &mut Db| Ok(grow(db, today).await?.into());
        job.in_every_organization(async |organization| job.database().as_system(organization, growing).await)
            .await
    }
}

pub fn routes(api: &mut Api) {
    api.schedule::<GrowLeave>(Duration::from_hours(1)).call(operation!(accrue_leave));
}
