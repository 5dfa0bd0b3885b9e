//! The feed of everything that changed: a page at a time, waiting for what comes next, or as server-sent events. It is free of
//! gaps: see docs/decisions/0003-the-order-of-the-feed.md.
//!
//! Who waits holds no connection and no lock. One task of the process asks every tenth of a second how far the feeds have
//! come that somebody waits for; whoever is woken asks again as who they are, so that an ended session ends the waiting.
use crate::answer::{Answer, Outcome, Reply};
use crate::api::OperationDoc;
use crate::database::Database;
use crate::event::{self, Event};
use crate::input::Params;
use crate::may::{Grants, May, Named, Read, app_data, text_header};
use crate::problem::{Problem, Result, TOO_MANY_REQUESTS};
use actix_web::HttpRequest;
use actix_web::body::BodyStream;
use actix_web::http::{StatusCode, header};
use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::row::NamedRow;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How often the process asks for news while somebody waits.
const LOOK: Duration = Duration::from_millis(100);
/// How long a stream is quiet at the most.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many of a session's requests may wait or stream at once.
const PLACES: u32 = 10;
/// Events in one piece of a stream.
const PIECE: i64 = 500;

/// Permissions on the feed are granted on `events`.
pub struct Events;
impl Named for Events {
    const NAME: &'static str = "events";
}

/// Events in the order of their transactions.
#[derive(Serialize, ToSchema)]
pub struct EventPage {
    /// The events.
    #[schema(max_items = 1000)]
    data: Vec<Event>,
    /// Where to go on. It never runs ahead of a transaction that is still open, so nothing is missed; keep it, and ask
    /// again later for what comes next.
    #[schema(max_length = 2000, example = "WzEyMzQsNTY3OF0")]
    next_cursor: Option<String>,
}

/// A page as it was asked for, or a stream that goes on.
pub enum Feed {
    /// What there is.
    Page(EventPage),
    /// What there is and what will be.
    Stream(Answer<Feed>),
}

/// What the feed takes.
#[derive(Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// How many events at the most.
    #[param(minimum = 1, maximum = 1000, default = 50, required = false)]
    #[serde(default)]
    limit: Option<i64>,
    /// Only what came after: `next_cursor` of the page before. Opaque.
    #[param(min_length = 1, max_length = 2000, required = false)]
    #[serde(default)]
    after: Option<String>,
    /// Where nothing is there yet: how many seconds to wait for it.
    #[param(minimum = 0, maximum = 30, default = 0, required = false)]
    #[serde(default)]
    wait: Option<i64>,
    /// Only events of this type, such as `employee.created`.
    #[param(min_length = 3, max_length = 100, required = false)]
    #[serde(default)]
    r#type: Option<String>,
    /// Only events of this kind of resource, such as `employees`.
    #[param(min_length = 1, max_length = 100, required = false)]
    #[serde(default)]
    resource: Option<String>,
    /// Only events of this one.
    #[param(required = false)]
    #[serde(default)]
    resource_id: Option<Uuid>,
    /// Only what this one did: `user:<id>`, `client:<id>`, or `system`.
    #[param(min_length = 1, max_length = 50, required = false)]
    #[serde(default)]
    actor: Option<String>,
    /// Only what happened at this instant or later.
    #[param(required = false)]
    #[serde(default)]
    at_from: Option<DateTime<Utc>>,
    /// Only what happened at this instant or earlier.
    #[param(required = false)]
    #[serde(default)]
    at_to: Option<DateTime<Utc>>,
}

impl Outcome for Feed {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        match self {
            Self::Page(page) => {
                Ok(Answer::new(StatusCode::OK, serde_json::to_vec(page).map_err(Problem::internal)?))
            }
            Self::Stream(_) => Err(Problem::internal("a stream is answered where it begins")),
        }
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers::<EventPage>("200", "The events");
        doc.answers_with("200", "text/event-stream", "");
        doc.parameters.push(text_header(
            "Last-Event-ID",
            "With `Accept: text/event-stream`: the `id` of the last event that was received; the stream goes on behind it.",
            "WzEyMzQsNTY3OF0",
            2000,
        ));
    }
}

/// List events
///
/// Everything that changed in the organization, in the order of the transactions: the audit trail and the change feed at
/// once. It hands out only what is older than the oldest transaction that still runs, so a reader who keeps `next_cursor`
/// misses nothing. Shows events of resources that the caller may read in the whole organization.
///
/// Who follows it asks with `wait`, and is answered as soon as there is something, or reads it as server-sent events with
/// `Accept: text/event-stream`: `id` is the cursor, `event` the type, `data` the event, and a comment comes every fifteen
/// seconds. A stream ends with the session, with the permission, and when the service stops: connect again, with
/// `Last-Event-ID`. A session may wait ten times at once.
#[utoipa::path(get, path = "/v1/events", tag = "Events")]
pub async fn list_events(may: May<Read, Events>, query: Params<FeedQuery>) -> Reply<Feed> {
    let query = query.0;
    let streams = accepts_stream(may.http());
    let last_id = may.http().headers().get("last-event-id").filter(|_| streams);
    let from = match last_id {
        Some(id) => event::position(Some(id.to_str().unwrap_or_default()), "Last-Event-ID")?,
        None => event::position(query.after.as_deref(), "after")?,
    };
    let watch = app_data::<Arc<Watch>>(may.http()).clone();
    let wait = Duration::from_secs(query.wait.unwrap_or(0).unsigned_abs());
    let limit = query.limit.unwrap_or(if streams { PIECE } else { 50 });
    // The news are asked for before the page is read, so that nothing falls in between.
    let mut waiting = if streams || !wait.is_zero() { Some(Waiting::begin(&watch, &may)?) } else { None };
    let mut following = Following { query, limit, position: from };
    let first = following.read(&may).await?;
    if let Some(waiting) = waiting.take_if(|_| streams) {
        let state = Streaming { may, following, waiting, ready: Some(first) };
        let pieces = stream::unfold(Some(state), async |state| state?.piece().await);
        let answer = Answer::stream("text/event-stream", BodyStream::new(pieces));
        // Said to be packed by nothing: a packer would hold events back until it has enough of them.
        return Ok(answer.with(header::CONTENT_ENCODING, "identity"));
    }
    let until = Instant::now() + wait;
    let mut data = first;
    while data.is_empty()
        && let Some(waiting) = &mut waiting
        && waiting.behind(following.position, until).await
    {
        data = following.read(&may).await?;
    }
    let next_cursor = Some(event::cursor_at(following.position)).filter(|_| following.position != (0, 0));
    Feed::Page(EventPage { data, next_cursor }).answer(may.grants())
}

fn accepts_stream(http: &HttpRequest) -> bool {
    let accepted = http.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accepted.is_some_and(|accept| accept.contains("text/event-stream"))
}

/// Somebody on their way through the feed.
struct Following {
    query: FeedQuery,
    limit: i64,
    position: (i64, i64),
}

/// How far the feed was complete, and an event of it, if there was one.
struct Seen {
    horizon: i64,
    event: Option<Event>,
}

impl QueryableByName<Pg> for Seen {
    fn build<'a>(row: &impl NamedRow<'a, Pg>) -> diesel::deserialize::Result<Self> {
        let id: Option<Uuid> = NamedRow::get::<Nullable<SqlUuid>, _>(row, "id")?;
        let event = id.map(|_| Event::build(row)).transpose()?;
        Ok(Self { horizon: NamedRow::get::<BigInt, _>(row, "horizon")?, event })
    }
}

impl Following {
    /// The next events; moves behind them, and to the end of the feed where there were no more.
    async fn read(&mut self, may: &May<Read, Events>) -> Result<Vec<Event>> {
        let (Self { query, limit, position }, fields) = (&*self, event::FIELDS);
        let seen: Vec<Seen> = may
            .read(async |db| {
                // (transaction, sequence) and not sequence alone: a lower sequence can belong to a later transaction.
                let feed = diesel::sql_query(format!(
                    "select horizon.place::text::bigint as horizon, page.* from (select events_horizon() as place) horizon left join lateral (
                        select {fields} from events_behind($1, $2, horizon.place, readable_resources($3), $4, $5, $6, $7, $8, $9, $10)
                    ) page on true"
                ))
                .bind::<BigInt, _>(position.0)
                .bind::<BigInt, _>(position.1)
                .bind::<SqlUuid, _>(may.claims().sid)
                .bind::<Nullable<Text>, _>(&query.r#type)
                .bind::<Nullable<Text>, _>(&query.resource)
                .bind::<Nullable<SqlUuid>, _>(query.resource_id)
                .bind::<Nullable<Text>, _>(&query.actor)
                .bind::<Nullable<Timestamptz>, _>(query.at_from)
                .bind::<Nullable<Timestamptz>, _>(query.at_to)
                .bind::<BigInt, _>(*limit);
                Ok(feed.load(db).await?)
            })
            .await?;
        let horizon = seen.as_slice().first().map_or(0, |seen| seen.horizon);
        let events: Vec<Event> = seen.into_iter().filter_map(|seen| seen.event).collect();
        let is_all = i64::try_from(events.len()).is_ok_and(|read| read < *limit);
        let behind = events.as_slice().last().map(|last| (last.position, last.sequence));
        // All that is complete was looked through, so nobody needs to look through it again.
        self.position =
            if is_all { (horizon, 0).max(self.position) } else { behind.unwrap_or(self.position) };
        Ok(events)
    }
}

/// A stream between two of its pieces.
struct Streaming {
    may: May<Read, Events>,
    following: Following,
    waiting: Waiting,
    ready: Option<Vec<Event>>,
}

impl Streaming {
    /// The next events, or a comment after a while without. Nothing more where the session or the permission is gone.
    async fn piece(mut self) -> Option<(Result<Bytes>, Option<Self>)> {
        let is_first = self.ready.is_some();
        let mut events = self.ready.take().unwrap_or_default();
        if !is_first {
            let until = Instant::now() + HEARTBEAT;
            while events.is_empty() && self.waiting.behind(self.following.position, until).await {
                events = self.following.read(&self.may).await.ok()?;
            }
            if self.waiting.is_over() {
                return None;
            }
            if events.is_empty() {
                // Quiet: whether the caller may still listen is asked all the same.
                events = self.following.read(&self.may).await.ok()?;
            }
        }
        let mut text = Vec::with_capacity(512 * events.len() + 16);
        for event in &events {
            text.extend_from_slice(b"id: ");
            text.extend_from_slice(event::cursor(event).as_bytes());
            text.extend_from_slice(b"\nevent: ");
            text.extend_from_slice(event.r#type.as_bytes());
            text.extend_from_slice(b"\ndata: ");
            serde_json::to_writer(&mut text, event).ok()?;
            text.extend_from_slice(b"\n\n");
        }
        if events.is_empty() {
            text.extend_from_slice(b": nothing new\n\n");
        }
        Some((Ok(Bytes::from(text)), Some(self)))
    }
}

/// Who waits for which feed, in this process.
pub struct Watch {
    heads: Mutex<HashMap<Uuid, watch::Sender<(i64, i64)>>>,
    places: Mutex<HashMap<Uuid, u32>>,
    wanted: Notify,
    over: watch::Sender<bool>,
}

impl Default for Watch {
    fn default() -> Self {
        let (over, _) = watch::channel(false);
        Self { heads: Mutex::default(), places: Mutex::default(), wanted: Notify::new(), over }
    }
}

impl Watch {
    /// News of the organization's feed.
    fn news(&self, organization: Uuid) -> watch::Receiver<(i64, i64)> {
        let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        let head = heads.entry(organization).or_insert_with(|| watch::channel((0, 0)).0).subscribe();
        self.wanted.notify_one();
        head
    }

    /// Ends all waiting: the service is about to stop.
    pub fn close(&self) {
        self.over.send_replace(true);
    }

    /// Looks for news as long as the process lives. One task of each process does.
    pub async fn keep(&self, database: &Database) {
        loop {
            let waited_for: Vec<Uuid> = {
                let mut heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
                heads.retain(|_, head| head.receiver_count() > 0);
                heads.keys().copied().collect()
            };
            if waited_for.is_empty() {
                self.wanted.notified().await;
                continue;
            }
            match newest(database, &waited_for).await {
                Ok(found) => self.tell(&found),
                Err(problem) => {
                    log::warn!("no news of the feeds: {problem}");
                    sleep(Duration::from_secs(1)).await;
                }
            }
            sleep(LOOK).await;
        }
    }

    fn tell(&self, found: &[Newest]) {
        let heads = self.heads.lock().unwrap_or_else(PoisonError::into_inner);
        for newest in found {
            if let Some(head) = heads.get(&newest.organization) {
                let place = (newest.transaction, newest.sequence);
                head.send_if_modified(|known| {
                    *known != place && {
                        *known = place;
                        true
                    }
                });
            }
        }
    }
}

#[derive(QueryableByName)]
struct Newest {
    #[diesel(sql_type = SqlUuid)]
    organization: Uuid,
    #[diesel(sql_type = BigInt)]
    transaction: i64,
    #[diesel(sql_type = BigInt)]
    sequence: i64,
}

async fn newest(database: &Database, organizations: &[Uuid]) -> Result<Vec<Newest>> {
    let asking = async |db: &mut crate::database::Db| {
        let newest = diesel::sql_query("select * from newest_events($1)");
        Ok(newest.bind::<Array<SqlUuid>, _>(organizations).load(db).await?)
    };
    database.without_organization(asking).await
}

/// Somebody who waits for news of a feed.
struct Waiting {
    head: watch::Receiver<(i64, i64)>,
    over: watch::Receiver<bool>,
    _place: Place,
}

impl Waiting {
    fn begin(watch: &Arc<Watch>, may: &May<Read, Events>) -> Result<Self> {
        let place = Place::take(watch, may.claims().sid)?;
        Ok(Self { head: watch.news(may.organization()), over: watch.over.subscribe(), _place: place })
    }

    /// Waits until the feed goes beyond the place; false where the time or the service ran out.
    async fn behind(&mut self, place: (i64, i64), until: Instant) -> bool {
        tokio::select! {
            found = self.head.wait_for(|head| *head > place) => found.is_ok(),
            _ = self.over.wait_for(|over| *over) => false,
            () = sleep_until(until) => false,
        }
    }

    fn is_over(&self) -> bool {
        *self.over.borrow()
    }
}

/// One of the places in which a session may wait.
struct Place {
    watch: Arc<Watch>,
    session: Uuid,
}

impl Place {
    fn take(watch: &Arc<Watch>, session: Uuid) -> Result<Self> {
        let mut places = watch.places.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = places.entry(session).or_default();
        if *taken >= PLACES {
            return Err(TOO_MANY_REQUESTS
                .because(format!(
                    "This session waits {PLACES} times already: end one of these requests first."
                ))
                .with(header::RETRY_AFTER, "1"));
        }
        *taken += 1;
        drop(places);
        Ok(Self { watch: Arc::clone(watch), session })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.watch.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = places.get_mut(&self.session) {
            *taken -= 1;
            if *taken == 0 {
                places.remove(&self.session);
            }
        }
    }
}
