//! What the desk keeps of what it promises.
use crate::deadlines::{DeadlineTarget, TicketDeadline};
use crate::tickets::TicketPriority;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Date, Nullable, Text, Uuid as SqlUuid};
use platform::prelude::*;

/// Of which tickets.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ServiceLevelsAsked {
    /// Tickets that were reported on this day (UTC) or later; the first of this year unless told.
    #[param(required = false)]
    #[serde(default)]
    from: Option<NaiveDate>,
    /// Tickets that were reported on this day (UTC) or earlier; today unless told.
    #[param(required = false)]
    #[serde(default)]
    to: Option<NaiveDate>,
    /// Only tickets in this queue.
    #[param(required = false)]
    #[serde(default)]
    queue_id: Option<Uuid>,
}

/// What was kept of what was promised.
#[derive(Serialize, ToSchema)]
pub struct ServiceLevels {
    /// By queue, priority and target.
    #[schema(max_items = 10_000)]
    levels: Vec<ServiceLevel>,
}

/// What was kept of a promise.
#[derive(Serialize, ToSchema, QueryableByName)]
pub struct ServiceLevel {
    /// The queue.
    #[diesel(sql_type = SqlUuid)]
    queue_id: Uuid,
    /// What it is called.
    #[schema(max_length = 100, example = "IT support")]
    #[diesel(sql_type = Text)]
    queue: String,
    #[diesel(sql_type = Text)]
    priority: TicketPriority,
    #[diesel(sql_type = Text)]
    target: DeadlineTarget,
    /// How often it was kept.
    #[schema(minimum = 0, example = 93)]
    #[diesel(sql_type = BigInt)]
    kept: i64,
    /// How often it was not.
    #[schema(minimum = 0, example = 7)]
    #[diesel(sql_type = BigInt)]
    broken: i64,
    /// How often there is still time.
    #[schema(minimum = 0, example = 4)]
    #[diesel(sql_type = BigInt)]
    open: i64,
    /// The part that was kept of what is decided, in percent; null where nothing is.
    #[schema(max_length = 6, example = "93.0")]
    #[diesel(sql_type = Nullable<Text>)]
    kept_percent: Option<String>,
}

/// Report service levels
///
/// How often first answers and solutions came within the time that was promised, by queue and priority.
#[utoipa::path(get, path = "/v1/reports/service-levels", tag = "Tickets")]
async fn report_service_levels(
    may: May<Read, TicketDeadline>,
    asked: Params<ServiceLevelsAsked>,
) -> Reply<Plain<ServiceLevels>> {
    use chrono::Datelike;
    let to = asked.0.to.unwrap_or_else(|| Utc::now().date_naive());
    let from = asked.0.from.or_else(|| NaiveDate::from_ymd_opt(to.year(), 1, 1)).unwrap_or(to);
    if from > to {
        return Err(Problem::invalid(vec![Fault::of("to", "before-from", "must not be before `from`")]));
    }
    let levels = may
        .read(async |db| {
            let levels = diesel::sql_query(
                "select q.id as queue_id, q.name as queue, t.priority, d.target, count(*) filter (where d.status = 'met') as kept,
                    count(*) filter (where d.status = 'breached') as broken, count(*) filter (where d.status in ('running', 'paused', 'warned')) as open,
                    round(100.0 * count(*) filter (where d.status = 'met') / nullif(count(*) filter (where d.status in ('met', 'breached')), 0), 1)::text as kept_percent
                from tickets t join queues q on q.org_id = t.org_id and q.id = t.queue_id
                join ticket_deadlines d on d.org_id = t.org_id and d.ticket_id = t.id and d.target <> 'escalation' and d.status <> 'cancelled'
                where t.org_id = $1 and t.reported_at >= $2::date::timestamp at time zone 'utc' and t.reported_at < ($3::date + 1)::timestamp at time zone 'utc'
                    and ($4 is null or t.queue_id = $4)
                group by 1, 2, 3, 4 order by q.name, q.id, array_position('{urgent,high,normal,low}', t.priority), d.target",
            );
            let levels = levels
                .bind::<SqlUuid, _>(db.organization())
                .bind::<Date, _>(from)
                .bind::<Date, _>(to)
                .bind::<Nullable<SqlUuid>, _>(asked.0.queue_id);
            Ok(ServiceLevels { levels: levels.load(db).await? })
        })
        .await?;
    Plain(levels).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(report_service_levels));
}
