//! Events: the history of one resource, and how it was at a moment. The database writes them; this reads them. The feed of
//! all of them is in `feed.rs`.
use crate::answer::Outcome;
use crate::database::Db;
use crate::job::{Running, Task};
use crate::problem::{Fault, Problem, Result};
use crate::resource::Resource;
use crate::store::Store;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::deserialize::FromSql;
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// A change, written by the database in the transaction that made it.
#[derive(Debug, Serialize, ToSchema, QueryableByName)]
pub struct Event {
    /// The event's id; a change that is delivered twice has the same.
    #[diesel(sql_type = SqlUuid)]
    pub id: Uuid,
    /// When its transaction began.
    #[diesel(sql_type = Timestamptz)]
    pub at: DateTime<Utc>,
    /// Who did it: `user:<id>`, `client:<id>`, or `system`.
    #[schema(max_length = 50, example = "user:01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    #[diesel(sql_type = Text)]
    pub actor: String,
    /// The session in which it was done.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    pub session_id: Option<Uuid>,
    /// The request that did it.
    #[schema(max_length = 64, example = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    #[diesel(sql_type = Nullable<Text>)]
    pub request_id: Option<String>,
    /// What happened: `<resource>.created`, `.updated`, `.deleted`, or the new status: `employee.terminated`.
    #[schema(max_length = 100, example = "employee.active")]
    #[diesel(sql_type = Text)]
    pub r#type: String,
    /// The kind of resource, as in its path.
    #[schema(max_length = 100, example = "employees")]
    #[diesel(sql_type = Text)]
    pub resource: String,
    /// Which one.
    #[diesel(sql_type = SqlUuid)]
    pub resource_id: Uuid,
    /// The version that the change made.
    #[schema(minimum = 1)]
    #[diesel(sql_type = BigInt)]
    pub version: i64,
    /// The changed fields: `{"phone": {"before": null, "after": "+40 21 555 0100", "personal": true}}`. `personal` marks
    /// fields that tell of a person. Secrets are left out.
    // As the database writes it: a feed of a million events is not read and written anew field by field.
    #[schema(value_type = Object, example = json!({"status": {"before": "pending", "after": "active"}}))]
    #[diesel(sql_type = Text, deserialize_as = Changes)]
    pub changes: Box<RawValue>,
    #[serde(skip)]
    #[diesel(sql_type = BigInt)]
    pub(crate) position: i64,
    #[serde(skip)]
    #[diesel(sql_type = BigInt)]
    pub(crate) sequence: i64,
}

/// JSON as text, taken as it is.
struct Changes(Box<RawValue>);

impl FromSql<Text, Pg> for Changes {
    fn from_sql(bytes: PgValue<'_>) -> diesel::deserialize::Result<Self> {
        let text = <String as FromSql<Text, Pg>>::from_sql(bytes)?;
        Ok(Self(RawValue::from_string(text)?))
    }
}

impl From<Changes> for Box<RawValue> {
    fn from(changes: Changes) -> Self {
        changes.0
    }
}

/// What can happen to one kind of resource.
#[derive(Clone, Debug)]
pub(crate) struct Happenings {
    /// One of them, in snake case: `employee`.
    pub singular: &'static str,
    /// The collection that it is in, as events name it.
    pub resource: &'static str,
    /// The room, as the contract groups operations.
    pub tag: &'static str,
    /// Created, updated, deleted, and the states that a step leads to.
    pub what: Vec<&'static str>,
}

impl Happenings {
    pub(crate) fn of<R: Resource>() -> Self {
        let mut what = vec!["created", "updated", "deleted"];
        let steps = R::life().into_iter().flat_map(|life| life.steps).map(|step| step.to);
        for state in steps.chain(R::COMES_TO.iter().copied()) {
            if !what.contains(&state) {
                what.push(state);
            }
        }
        Self { singular: R::SINGULAR, resource: R::NAME, tag: R::TAG, what }
    }

    /// The types of its events.
    pub(crate) fn types(&self) -> impl Iterator<Item = String> {
        self.what.iter().map(|what| format!("{}.{what}", self.singular))
    }
}

/// Every type of event that there is, read off the resources.
#[derive(Clone, Debug, Default)]
pub struct EventTypes(Vec<Happenings>);

impl EventTypes {
    pub(crate) fn new(all: &[Happenings]) -> Self {
        Self(all.to_vec())
    }

    /// Whether there are such events: `employee.created`, `employee.*`, `*`.
    #[must_use]
    pub fn has(&self, pattern: &str) -> bool {
        let is_of = |each: &Happenings, singular: &str, what: &str| {
            each.singular == singular && (what == "*" || each.what.contains(&what))
        };
        pattern == "*"
            || pattern
                .split_once('.')
                .is_some_and(|(singular, what)| self.0.iter().any(|each| is_of(each, singular, what)))
    }
}

/// The history of one resource, oldest change first.
#[derive(Serialize, ToSchema)]
pub struct History {
    /// Its events.
    data: Vec<Event>,
    /// Where to go on; null at the end.
    #[schema(max_length = 2000, example = "WzEyMzQsNTY3OF0")]
    next_cursor: Option<String>,
}

impl Outcome for History {
    fn answer(&self, _: &crate::may::Grants) -> Result<crate::answer::Answer<Self>> {
        let body = serde_json::to_vec(self).map_err(Problem::internal)?;
        Ok(crate::answer::Answer::new(actix_web::http::StatusCode::OK, body))
    }

    fn describe(doc: &mut crate::api::OperationDoc) {
        doc.answers::<Self>("200", "Its changes, oldest first");
    }
}

/// What a history takes.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryPaging {
    /// How many events at the most.
    #[param(minimum = 1, maximum = 200, default = 50, required = false)]
    #[serde(default)]
    limit: Option<i64>,
    /// Where to go on: `next_cursor` of the page before. Opaque.
    #[param(min_length = 1, max_length = 2000, required = false)]
    #[serde(default)]
    cursor: Option<String>,
}

/// The columns of an event. Custom fields that the caller may not see are taken out; whether there are any is asked once
/// per query.
pub(crate) const FIELDS: &str = "id, at, actor, session_id, request_id, type, resource, resource_id, version,
    (case when (select hides_custom()) then shown_changes(changes, resource) else changes end)::text as changes,
    transaction::text::bigint as position, sequence";

/// The events of one resource that the caller may see, or that is gone and that they could have seen.
pub(crate) async fn history<R: Store>(db: &mut Db, id: Uuid, paging: &HistoryPaging) -> Result<History> {
    let (transaction, sequence) = position(paging.cursor.as_deref(), "cursor")?;
    let limit = paging.limit.unwrap_or(50);
    let mut data: Vec<Event> = diesel::sql_query(format!(
        "select {FIELDS} from events where org_id = $1 and resource = $2 and resource_id = $3
            and (transaction, sequence) > ($4::text::xid8, $5) and {VISIBLE}
        order by transaction, sequence limit $6",
        VISIBLE = visible::<R>("$3")
    ))
    .bind::<SqlUuid, _>(db.organization())
    .bind::<Text, _>(R::NAME)
    .bind::<SqlUuid, _>(id)
    .bind::<BigInt, _>(transaction)
    .bind::<BigInt, _>(sequence)
    .bind::<BigInt, _>(limit + 1)
    .load(db)
    .await?;
    if data.is_empty() && paging.cursor.is_none() {
        return Err(Problem::not_found());
    }
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let next_cursor = if data.len() > wanted { data.get(wanted - 1).map(cursor) } else { None };
    data.truncate(wanted);
    Ok(History { data, next_cursor })
}

/// Whether this ever happened to the resource: `employee.active`.
///
/// # Errors
/// Those of the database.
pub async fn ever_happened<R: Resource>(db: &mut Db, id: Uuid, event_type: &str) -> Result<bool> {
    #[derive(QueryableByName)]
    struct Happened {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        happened: bool,
    }
    let events = diesel::sql_query(
        "select exists (select from events where org_id = $1 and resource = $2 and resource_id = $3 and type = $4) as happened",
    );
    let events = events
        .bind::<SqlUuid, _>(db.organization())
        .bind::<Text, _>(R::NAME)
        .bind::<SqlUuid, _>(id)
        .bind::<Text, _>(event_type);
    Ok(events.get_result::<Happened>(db).await?.happened)
}

/// With the reach `org` everything; with less, rows that row-level security shows now.
fn visible<R: Resource>(id: &str) -> String {
    format!(
        "(current_reach() = 'org' or exists (select from {} where org_id = $1 and id = {id}))",
        R::NAME.replace('-', "_")
    )
}

/// The resource as it was, put together from the changes up to the moment.
pub(crate) async fn as_of<R: Store>(db: &mut Db, id: Uuid, at: DateTime<Utc>) -> Result<R> {
    #[derive(QueryableByName)]
    struct Folded {
        #[diesel(sql_type = Nullable<Jsonb>)]
        fields: Option<Value>,
        #[diesel(sql_type = Nullable<BigInt>)]
        version: Option<i64>,
        #[diesel(sql_type = Nullable<Timestamptz>)]
        updated_at: Option<DateTime<Utc>>,
        #[diesel(sql_type = Nullable<Text>)]
        last_type: Option<String>,
        #[diesel(sql_type = Array<Text>)]
        columns: Vec<String>,
        #[diesel(sql_type = Array<Text>)]
        hidden: Vec<String>,
    }
    let folded: Folded = diesel::sql_query(format!(
        "with past as (
            select transaction, sequence, at, type, version, changes from events
            where org_id = $1 and resource = $2 and resource_id = $3 and at <= $4 and {VISIBLE}
        ), last_change as (
            select distinct on (field.key) field.key, field.value -> 'after' as value
            from past, jsonb_each(past.changes) field order by field.key, transaction desc, sequence desc
        )
        select (select jsonb_object_agg(key, value) from last_change) as fields,
            (select max(version) from past) as version, (select max(at) from past) as updated_at,
            (select type from past order by transaction desc, sequence desc limit 1) as last_type,
            array(select attname::text from pg_attribute where attrelid = replace($2, '-', '_')::regclass and attnum > 0 and not attisdropped) as columns,
            hidden_custom($2) as hidden",
        VISIBLE = visible::<R>("$3")
    ))
    .bind::<SqlUuid, _>(db.organization())
    .bind::<Text, _>(R::NAME)
    .bind::<SqlUuid, _>(id)
    .bind::<Timestamptz, _>(at)
    .get_result(db)
    .await?;
    let gone = folded.last_type.is_some_and(|last| last.ends_with(".deleted"));
    let Some(Value::Object(fields)) = folded.fields.filter(|_| !gone) else {
        return Err(Problem::not_found());
    };
    let mut row: Map<String, Value> =
        folded.columns.into_iter().map(|column| (column, Value::Null)).collect();
    if let Some(custom) = row.get_mut("custom") {
        *custom = Value::Object(Map::new());
    }
    for (name, value) in fields {
        match name.strip_prefix("custom.") {
            Some(own) if value.is_null() || folded.hidden.iter().any(|hidden| hidden == own) => {}
            Some(own) => row["custom"][own] = value,
            None => drop(row.insert(name, value)),
        }
    }
    row.insert("version".into(), folded.version.into());
    row.insert("updated_at".into(), serde_json::to_value(folded.updated_at).map_err(Problem::internal)?);
    serde_json::from_value(Value::Object(row)).map_err(Problem::internal)
}

/// The cursor behind an event.
pub(crate) fn cursor(event: &Event) -> String {
    cursor_at((event.position, event.sequence))
}

/// The cursor behind a place in the feed: transaction and sequence.
pub(crate) fn cursor_at((transaction, sequence): (i64, i64)) -> String {
    URL_SAFE_NO_PAD.encode(format!("[{transaction},{sequence}]"))
}

/// The place that a cursor names; the beginning without one.
pub(crate) fn position(cursor: Option<&str>, parameter: &str) -> Result<(i64, i64)> {
    let Some(cursor) = cursor else { return Ok((0, 0)) };
    let read: Option<(i64, i64)> =
        URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    read.filter(|(transaction, _)| *transaction >= 0).ok_or_else(|| {
        Problem::invalid(vec![Fault::of(
            parameter,
            "bad-cursor",
            "must be `next_cursor` of a page of this list",
        )])
    })
}

/// Makes the partitions of this month and the next three, where they are missing.
#[derive(Serialize, Deserialize)]
pub(crate) struct MakePartitions;

impl Task for MakePartitions {
    const KIND: &'static str = "events.make-partitions";

    async fn run(self, job: &Running) -> Result<Value> {
        job.write(async |db| Ok(diesel::sql_query("select make_event_partitions()").execute(db).await?))
            .await?;
        Ok(Value::Null)
    }
}
