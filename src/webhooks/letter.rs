//! Letters: what is to be told to one endpoint, read from the feed and from the deliveries that are open, and what became of
//! them, written many at once.
use crate::send::{Attempt, Fate};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::sql_types::{
    Array, BigInt, Binary, Bool, Integer, Nullable, SmallInt, Text, Timestamptz, Uuid as SqlUuid,
};
use diesel::{OptionalExtension, QueryableByName};
use diesel_async::RunQueryDsl;
use platform::database::Db;
use platform::problem::Result;
use uuid::Uuid;

/// Seconds between one attempt and the next: sixteen attempts in three days.
const PAUSES: [i64; 15] =
    [1, 5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 43_200, 43_200, 43_200, 28_800];

/// An endpoint as its dispatcher finds it.
#[derive(QueryableByName)]
pub struct Standing {
    /// Whether whoever it reads as is still there.
    #[diesel(sql_type = Bool)]
    pub has_reader: bool,
    #[diesel(sql_type = BigInt)]
    pub transaction: i64,
    #[diesel(sql_type = BigInt)]
    pub sequence: i64,
    #[diesel(sql_type = Timestamptz)]
    pub seen_at: DateTime<Utc>,
    #[diesel(sql_type = Integer)]
    pub generation: i32,
}

/// Where letters go, and what signs them.
#[derive(QueryableByName)]
pub struct Signing {
    #[diesel(sql_type = Text)]
    pub url: String,
    #[diesel(sql_type = Array<Binary>)]
    pub secrets: Vec<Vec<u8>>,
}

/// Something to be told.
#[derive(QueryableByName)]
pub struct Letter {
    /// The delivery; made up here for an event that is told for the first time.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    #[diesel(sql_type = SqlUuid)]
    pub event_id: Uuid,
    #[diesel(sql_type = Text)]
    pub r#type: String,
    #[diesel(sql_type = Text)]
    pub resource: String,
    #[diesel(sql_type = SqlUuid)]
    pub resource_id: Uuid,
    #[diesel(sql_type = BigInt)]
    pub resource_version: i64,
    #[diesel(sql_type = Timestamptz)]
    pub happened_at: DateTime<Utc>,
    #[diesel(sql_type = BigInt)]
    pub transaction: i64,
    #[diesel(sql_type = BigInt)]
    pub sequence: i64,
    #[diesel(sql_type = Integer)]
    pub attempts: i32,
    /// Whether it comes from the feed, and has no row yet.
    #[diesel(sql_type = Bool)]
    pub is_new: bool,
    /// Whether its time has come.
    #[diesel(sql_type = Bool)]
    pub is_due: bool,
    /// Whether the endpoint is told of it; else it only says how far the feed was read.
    #[diesel(sql_type = Bool)]
    pub is_wanted: bool,
    #[diesel(sql_type = Text)]
    pub body: String,
}

/// The endpoint, if it is active and the worker holds its lease.
///
/// # Errors
/// Those of the database.
pub async fn standing(db: &mut Db, worker: Uuid, endpoint: Uuid) -> Result<Option<Standing>> {
    let standing = diesel::sql_query(
        "select readable_by(e.reads_as) is not null as has_reader, q.transaction, q.sequence, q.seen_at, q.generation
        from webhook_endpoints e, webhook_cursor($1, $2) q where e.org_id = $3 and e.id = $2 and e.status = 'active'",
    );
    let standing = standing
        .bind::<SqlUuid, _>(worker)
        .bind::<SqlUuid, _>(endpoint)
        .bind::<SqlUuid, _>(db.organization());
    Ok(standing.get_result(db).await.optional()?)
}

/// Where letters to the endpoint go, and what signs them, the newest secret first.
///
/// # Errors
/// Those of the database.
pub async fn signing(db: &mut Db, endpoint: Uuid) -> Result<Option<Signing>> {
    let signing = diesel::sql_query(
        "select e.url, array(
                select s.secret from webhook_endpoint_secrets s
                where s.org_id = e.org_id and s.webhook_endpoint_id = e.id order by s.created_at desc) as secrets
        from webhook_endpoints e where e.org_id = $1 and e.id = $2 and e.status = 'active'",
    );
    Ok(signing
        .bind::<SqlUuid, _>(db.organization())
        .bind::<SqlUuid, _>(endpoint)
        .get_result(db)
        .await
        .optional()?)
}

/// The deliveries that are open, in the order of the feed.
///
/// # Errors
/// Those of the database.
pub async fn open(db: &mut Db, endpoint: Uuid) -> Result<Vec<Letter>> {
    let open = diesel::sql_query(
        "select id, event_id, event_type as type, resource, resource_id, resource_version, happened_at, transaction, sequence, attempts,
            false as is_new, next_attempt_at <= clock_timestamp() as is_due, true as is_wanted,
            webhook_payload(event_type, happened_at, event_id, resource, resource_id, resource_version) as body
        from webhook_deliveries where org_id = $1 and webhook_endpoint_id = $2 and status in ('pending', 'retrying')
        order by webhook_deliveries.transaction, webhook_deliveries.sequence limit 5000",
    );
    Ok(open.bind::<SqlUuid, _>(db.organization()).bind::<SqlUuid, _>(endpoint).load(db).await?)
}

/// What the feed holds behind the cursor: the events that the endpoint is told of, and the last one that was read. What it
/// asked for and what it may be told is looked up in the same statement: what changed before an event counts for it.
///
/// # Errors
/// Those of the database.
pub async fn fresh(db: &mut Db, endpoint: Uuid, standing: &Standing, events: i64) -> Result<Vec<Letter>> {
    let fresh = diesel::sql_query(
        "with asked as materialized (
            select e.event_types, coalesce(readable_by(e.reads_as), '{}') as readable
            from webhook_endpoints e where e.org_id = $1 and e.id = $4 and e.status = 'active'
        )
        select e.id, e.id as event_id, e.type, e.resource, e.resource_id, e.version as resource_version, e.at as happened_at,
            e.transaction::text::bigint as transaction, e.sequence, 0 as attempts, true as is_new, true as is_due, e.is_wanted,
            case when e.is_wanted then webhook_payload(e.type, e.at, e.id, e.resource, e.resource_id, e.version) else '' end as body
        from (
            select read.*, lead(read.sequence) over (order by read.transaction, read.sequence) is null as is_last,
                read.resource = any(asked.readable) and ('*' = any(asked.event_types) or read.type = any(asked.event_types)
                    or split_part(read.type, '.', 1) || '.*' = any(asked.event_types)) as is_wanted
            from asked, (
                select id, type, resource, resource_id, version, at, transaction, sequence
                from events_behind($2, $3, events_horizon(), null, null, null, null, null, $5 - interval '1 day', null, $6)
            ) read
        ) e where e.is_wanted or e.is_last order by e.transaction, e.sequence",
    );
    let fresh = fresh
        .bind::<SqlUuid, _>(db.organization())
        .bind::<BigInt, _>(standing.transaction)
        .bind::<BigInt, _>(standing.sequence)
        .bind::<SqlUuid, _>(endpoint)
        .bind::<Timestamptz, _>(standing.seen_at)
        .bind::<BigInt, _>(events);
    let mut letters: Vec<Letter> = fresh.load(db).await?;
    for letter in &mut letters {
        letter.id = Uuid::now_v7();
    }
    Ok(letters)
}

/// Writes what became of the letters, in one statement: those that were tried, and those that are new and have to wait.
///
/// # Errors
/// Those of the database.
pub async fn file(db: &mut Db, endpoint: Uuid, done: &[(Letter, Option<Attempt>)]) -> Result<()> {
    let rows = || done.iter().filter(|(letter, attempt)| letter.is_new || attempt.is_some());
    if rows().next().is_none() {
        return Ok(());
    }
    let of = |letter: &Letter, attempt: &Option<Attempt>| Outcome::of(letter, attempt.as_ref());
    let filing = diesel::sql_query(
        "insert into webhook_deliveries as d (webhook_endpoint_id, id, event_id, event_type, resource, resource_id, resource_version, happened_at,
            transaction, sequence, status, attempts, next_attempt_at, last_attempt_at, answer_status, answer, failure, took_ms)
        select $1, each.id, each.event_id, each.type, each.resource, each.resource_id, each.resource_version, each.happened_at,
            each.transaction, each.sequence, each.status, each.attempts, clock_timestamp() + each.pause_ms * interval '1 millisecond',
            each.tried_at, each.answer_status, each.answer, each.failure, each.took_ms
        from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
            each (id, event_id, type, resource, resource_id, resource_version, happened_at, transaction, sequence,
                status, attempts, pause_ms, tried_at, answer_status, answer, failure, took_ms)
        on conflict (org_id, webhook_endpoint_id, event_id) do update
            set version = d.version + 1, updated_at = now(), status = excluded.status, attempts = excluded.attempts,
                next_attempt_at = excluded.next_attempt_at, last_attempt_at = coalesce(excluded.last_attempt_at, d.last_attempt_at),
                answer_status = excluded.answer_status, answer = excluded.answer, failure = excluded.failure, took_ms = excluded.took_ms",
    );
    macro_rules! column {
        ($of:expr) => {
            rows().map($of).collect::<Vec<_>>()
        };
    }
    filing
        .bind::<SqlUuid, _>(endpoint)
        .bind::<Array<SqlUuid>, _>(column!(|(letter, _)| letter.id))
        .bind::<Array<SqlUuid>, _>(column!(|(letter, _)| letter.event_id))
        .bind::<Array<Text>, _>(column!(|(letter, _)| &letter.r#type))
        .bind::<Array<Text>, _>(column!(|(letter, _)| &letter.resource))
        .bind::<Array<SqlUuid>, _>(column!(|(letter, _)| letter.resource_id))
        .bind::<Array<BigInt>, _>(column!(|(letter, _)| letter.resource_version))
        .bind::<Array<Timestamptz>, _>(column!(|(letter, _)| letter.happened_at))
        .bind::<Array<BigInt>, _>(column!(|(letter, _)| letter.transaction))
        .bind::<Array<BigInt>, _>(column!(|(letter, _)| letter.sequence))
        .bind::<Array<Text>, _>(column!(|(letter, attempt)| of(letter, attempt).status))
        .bind::<Array<Integer>, _>(column!(|(letter, attempt)| of(letter, attempt).attempts))
        .bind::<Array<Nullable<BigInt>>, _>(column!(|(letter, attempt)| of(letter, attempt).pause_ms))
        .bind::<Array<Nullable<Timestamptz>>, _>(column!(|(_, attempt)| attempt.as_ref().map(|_| Utc::now())))
        .bind::<Array<Nullable<SmallInt>>, _>(column!(|(_, attempt)| attempt
            .as_ref()
            .and_then(|attempt| attempt.status)
            .map(u16::cast_signed)))
        .bind::<Array<Nullable<Text>>, _>(column!(|(_, attempt)| attempt
            .as_ref()
            .and_then(|attempt| attempt.answer.as_deref())))
        .bind::<Array<Nullable<Text>>, _>(column!(|(_, attempt)| attempt
            .as_ref()
            .and_then(|attempt| attempt.failure.as_deref())))
        .bind::<Array<Nullable<Integer>>, _>(column!(|(_, attempt)| attempt
            .as_ref()
            .map(|attempt| i32::try_from(attempt.took.as_millis()).unwrap_or(i32::MAX))))
        .execute(db)
        .await?;
    Ok(())
}

/// What a delivery has come to.
struct Outcome {
    status: &'static str,
    attempts: i32,
    pause_ms: Option<i64>,
}

impl Outcome {
    fn of(letter: &Letter, attempt: Option<&Attempt>) -> Self {
        let Some(attempt) = attempt else {
            return Self { status: "pending", attempts: 0, pause_ms: Some(0) };
        };
        let attempts = letter.attempts + 1;
        let pause = usize::try_from(letter.attempts).ok().and_then(|before| PAUSES.get(before)).copied();
        match (attempt.fate, pause) {
            (Fate::Delivered, _) => Self { status: "delivered", attempts, pause_ms: None },
            (_, None) => Self { status: "failed", attempts, pause_ms: None },
            (fate, Some(pause)) => {
                // A fifth more or less, so that what failed together does not come back together.
                let dice = i64::from(Uuid::now_v7().as_bytes()[15]); // 0 to 255
                let pause = pause * 1000 * (204 + dice * 2 / 5) / 255;
                let asked = match fate {
                    Fate::Busy(patience) => {
                        TimeDelta::from_std(patience).map_or(0, |asked| asked.num_milliseconds())
                    }
                    _ => 0,
                };
                Self { status: "retrying", attempts, pause_ms: Some(pause.max(asked)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PAUSES;

    #[test]
    fn attempts_go_on_for_three_days() {
        let hours = PAUSES.iter().sum::<i64>() / 3600;
        assert!((70..=72).contains(&hours), "{hours} hours");
        assert!(PAUSES[..14].is_sorted());
    }
}
