//! Tells endpoints what happened. One loop in each process that works: it leases endpoints that have something to be told,
//! reads the feed behind each endpoint's cursor, sends a batch over connections that stay open, and writes what became of
//! all of it in one statement, with the cursor. A process that is killed in between has sent what nobody knows of, so it is
//! sent again, under the same id.
use crate::letter::{self, Letter, Standing};
use crate::send::{self, Attempt, Fate};
use crate::signature::Signer;
use chrono::{DateTime, Utc};
use diesel::sql_types::{Array, BigInt, Bool, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel::{ExpressionMethods, QueryDsl, QueryableByName};
use diesel_async::RunQueryDsl;
use futures_util::future::{FutureExt, LocalBoxFuture, join};
use futures_util::{StreamExt, stream};
use platform::database::{Database, Db};
use platform::job::{Stop, Workshop};
use platform::outgoing::Callable;
use platform::problem::Result;
use reqwest::{Client, Url};
use schema::webhook_endpoints;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// How often the process looks for something to do.
const LOOK: Duration = Duration::from_millis(100);
/// How often leases are renewed, well before they run out, and everything is looked at anew.
const RENEW: Duration = Duration::from_secs(3);
/// Endpoints that the process serves at a time: quick ones, and those that were slow last time.
const QUICK: usize = 48;
const SLOW: usize = 16;
/// Calls of one endpoint at a time.
const AT_ONCE: usize = 16;
/// Events that a batch reads: the first one, and at the most, where the receiver keeps up.
const FIRST_BATCH: i64 = 100;
const LARGEST_BATCH: i64 = 1000;
const SMALLEST_BATCH: i64 = 16;
/// Deliveries that may be open before no more is read from the feed; the same in `lease_webhooks`.
const MOST_OPEN: usize = 1000;
/// How long a batch goes on sending, and how long an endpoint is served before others get their turn.
const BATCH_LASTS: Duration = Duration::from_secs(4);
const TURN_LASTS: Duration = Duration::from_secs(10);
/// From when on a receiver counts as slow.
const SLOW_ANSWER: Duration = Duration::from_secs(1);

/// The loop, for as long as the process works.
pub fn work(workshop: Workshop) -> LocalBoxFuture<'static, ()> {
    let Workshop { database, tools, stop, .. } = workshop;
    let callable: Arc<Callable> = tools.get();
    async move {
        match send::client(callable.as_ref().clone(), AT_ONCE) {
            Ok(client) => {
                let dispatcher = Dispatcher {
                    database,
                    client,
                    callable,
                    stop,
                    worker: Uuid::now_v7(),
                    serving: RefCell::default(),
                    has_ended: Cell::new(true),
                };
                Rc::new(dispatcher).run().await;
            }
            Err(error) => log::error!("internal: webhooks are not sent: {error}"),
        }
    }
    .boxed_local()
}

struct Dispatcher {
    database: Database,
    client: Client,
    callable: Arc<Callable>,
    stop: Stop,
    worker: Uuid,
    /// Endpoints that are served now, and whether as slow ones.
    serving: RefCell<BTreeMap<Uuid, bool>>,
    /// Whether an endpoint was let go since the last look: there may be more for it already.
    has_ended: Cell<bool>,
}

#[derive(QueryableByName)]
struct Leased {
    #[diesel(sql_type = Nullable<Text>)]
    pulse: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    organization: Option<Uuid>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    endpoint: Option<Uuid>,
    #[diesel(sql_type = Nullable<Bool>)]
    is_slow: Option<bool>,
}

/// What a batch leads to.
enum Next {
    /// There may be more at once.
    More,
    /// Nothing is left, or nothing for now.
    Nothing,
}

/// The end of a batch that was not over.
#[derive(Clone, Copy)]
enum Halt {
    Busy(Duration),
    Gone,
}

impl Dispatcher {
    async fn run(self: Rc<Self>) {
        let (mut pulse, mut renewed) = (None, Instant::now());
        while !self.stop.is_told() {
            let renew = renewed.elapsed() >= RENEW;
            if renew {
                renewed = Instant::now();
            }
            if renew || self.has_ended.take() {
                pulse = None;
            }
            match self.lease(renew, pulse.as_deref()).await {
                Ok((seen, leased)) => {
                    // Where all places were taken, others may wait that nothing new will call to mind.
                    pulse = if self.serving.borrow().len() + leased.len() < SLOW { seen } else { None };
                    for (organization, endpoint, is_slow) in leased {
                        self.serving.borrow_mut().insert(endpoint, is_slow);
                        actix_web::rt::spawn(Rc::clone(&self).serve(organization, endpoint));
                    }
                }
                Err(problem) => {
                    log::warn!("webhooks wait: {problem}");
                    pulse = None;
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            tokio::select! { () = tokio::time::sleep(LOOK) => {}, () = self.stop.told() => {} }
        }
        // What is on its way is waited for; the leases of what is given up run out.
        while !self.serving.borrow().is_empty() {
            tokio::time::sleep(LOOK).await;
        }
    }

    async fn lease(
        &self,
        renew: bool,
        pulse: Option<&str>,
    ) -> Result<(Option<String>, Vec<(Uuid, Uuid, bool)>)> {
        let (serving, slow) = {
            let serving = self.serving.borrow();
            (
                serving.keys().copied().collect::<Vec<_>>(),
                serving.values().filter(|is_slow| **is_slow).count(),
            )
        };
        let places = |all: usize, taken: usize| i32::try_from(all.saturating_sub(taken)).unwrap_or(0);
        let (quick, slow) = (places(QUICK, serving.len() - slow), places(SLOW, slow));
        let renewed = if renew { serving } else { Vec::new() };
        let leasing = async |db: &mut Db| {
            let leasing = diesel::sql_query("select * from lease_webhooks($1, $2, $3, $4, $5)")
                .bind::<SqlUuid, _>(self.worker)
                .bind::<Array<SqlUuid>, _>(&renewed)
                .bind::<Integer, _>(quick)
                .bind::<Integer, _>(slow)
                .bind::<Nullable<Text>, _>(pulse);
            Ok(leasing.load::<Leased>(db).await?)
        };
        let found = self.database.without_organization(leasing).await?;
        let pulse = found.iter().find_map(|each| each.pulse.clone());
        let leased =
            found.into_iter().filter_map(|each| Some((each.organization?, each.endpoint?, each.is_slow?)));
        Ok((pulse, leased.collect()))
    }

    /// Serves one endpoint for a turn.
    async fn serve(self: Rc<Self>, organization: Uuid, endpoint: Uuid) {
        let over = Instant::now() + TURN_LASTS;
        let mut events = FIRST_BATCH;
        while Instant::now() < over && !self.stop.is_told() {
            match Box::pin(self.batch(organization, endpoint, &mut events)).await {
                Ok(Next::More) => {}
                Ok(Next::Nothing) => break,
                Err(problem) => {
                    log::warn!("a batch of webhooks was not kept and is sent again: {problem}");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                    break;
                }
            }
        }
        let releasing = async |db: &mut Db| {
            let release = diesel::sql_query("select release_webhook($1, $2)");
            release.bind::<SqlUuid, _>(self.worker).bind::<SqlUuid, _>(endpoint).execute(db).await?;
            Ok(())
        };
        if let Err(problem) = self.database.as_system(organization, releasing).await {
            log::warn!("the lease of a webhook endpoint runs out by itself: {problem}");
        }
        self.serving.borrow_mut().remove(&endpoint);
        self.has_ended.set(true);
    }

    /// Reads, sends, and writes what became of it.
    async fn batch(&self, organization: Uuid, endpoint: Uuid, events: &mut i64) -> Result<Next> {
        let reading = async |db: &mut Db| {
            let mut other = db.clone();
            let (standing, open) =
                join(letter::standing(db, self.worker, endpoint), letter::open(&mut other, endpoint)).await;
            Ok((standing?, open?))
        };
        let (Some(standing), open) = self.database.ask(organization, reading).await? else {
            return Ok(Next::Nothing);
        };
        if !standing.has_reader {
            let leaving = async |db: &mut Db| disable(db, endpoint, "reader_left").await;
            self.database.as_system(organization, leaving).await?;
            return Ok(Next::Nothing);
        }
        let room = i64::try_from(MOST_OPEN.saturating_sub(open.len())).unwrap_or(0).min(*events);
        let reading = async |db: &mut Db| {
            let mut other = db.clone();
            // The secrets behind the events: those that were changed before an event sign it.
            let fresh = async {
                if room > 0 { letter::fresh(db, endpoint, &standing, room).await } else { Ok(Vec::new()) }
            };
            let (fresh, signing) = join(fresh, letter::signing(&mut other, endpoint)).await;
            Ok((fresh?, signing?))
        };
        let (fresh, Some(signing)) = self.database.ask(organization, reading).await? else {
            return Ok(Next::Nothing);
        };
        let read_to = fresh.last().map(|last| (last.transaction, last.sequence, last.happened_at));
        let chains = chains(open, fresh.into_iter().filter(|letter| letter.is_wanted));
        if read_to.is_none() && !chains.iter().any(|chain| chain[0].is_due) {
            return Ok(Next::Nothing);
        }
        let batch = Batch {
            url: self.callable.check(&signing.url).map_err(|fault| fault.detail),
            signer: Signer::new(&signing.secrets),
            until: Instant::now() + BATCH_LASTS,
            halt: Cell::new(None),
        };
        let done: Vec<(Letter, Option<Attempt>)> = stream::iter(chains)
            .map(|chain| batch.send(&self.client, chain))
            .buffer_unordered(AT_ONCE)
            .concat()
            .await;
        // As many at a time as the receiver takes in a while.
        *events = if Instant::now() < batch.until {
            (*events * 2).min(LARGEST_BATCH)
        } else {
            (*events / 2).max(SMALLEST_BATCH)
        };
        self.settle(organization, endpoint, &standing, read_to, &batch, &done).await
    }

    /// Writes what became of a batch, and moves the cursor behind it, in one transaction.
    async fn settle(
        &self,
        organization: Uuid,
        endpoint: Uuid,
        standing: &Standing,
        read_to: Option<(i64, i64, DateTime<Utc>)>,
        batch: &Batch,
        done: &[(Letter, Option<Attempt>)],
    ) -> Result<Next> {
        #[derive(QueryableByName)]
        struct Settled {
            #[diesel(sql_type = Text)]
            settled: String,
        }
        let attempts = || done.iter().filter_map(|(_, attempt)| attempt.as_ref());
        let delivered = attempts().filter(|attempt| attempt.fate == Fate::Delivered).count();
        let tried = attempts().count();
        let took: Duration = attempts().map(|attempt| attempt.took).sum();
        let is_slow = tried > 0 && took / u32::try_from(tried).unwrap_or(u32::MAX) > SLOW_ANSWER;
        let hold = match batch.halt.get() {
            Some(Halt::Busy(patience)) => i64::try_from(patience.as_millis()).unwrap_or(0),
            _ => 0,
        };
        let (transaction, sequence, seen_at) =
            read_to.unwrap_or((standing.transaction, standing.sequence, standing.seen_at));
        let settling = async |db: &mut Db| {
            letter::file(db, endpoint, done).await?;
            let settling = diesel::sql_query(
                "select settle_webhook($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) as settled",
            )
            .bind::<SqlUuid, _>(self.worker)
            .bind::<SqlUuid, _>(endpoint)
            .bind::<Integer, _>(standing.generation)
            .bind::<BigInt, _>(transaction)
            .bind::<BigInt, _>(sequence)
            .bind::<Timestamptz, _>(seen_at)
            .bind::<Bool, _>(delivered > 0)
            .bind::<Bool, _>(tried > delivered)
            .bind::<BigInt, _>(hold)
            .bind::<Bool, _>(is_slow);
            let Settled { settled } = settling.get_result(db).await?;
            match (batch.halt.get(), settled.as_str()) {
                (Some(Halt::Gone), _) => disable(db, endpoint, "gone").await?,
                (_, "failing") => disable(db, endpoint, "failing").await?,
                _ => {}
            }
            Ok(settled == "kept")
        };
        let is_kept = self.database.as_system(organization, settling).await?;
        let goes_on = is_kept && batch.halt.get().is_none() && (read_to.is_some() || delivered > 0);
        Ok(if goes_on { Next::More } else { Next::Nothing })
    }
}

/// Says on the endpoint why nothing more is sent to it.
async fn disable(db: &mut Db, endpoint: Uuid, because: &str) -> Result<()> {
    let one = webhook_endpoints::table
        .find((db.organization(), endpoint))
        .filter(webhook_endpoints::status.eq("active"));
    diesel::update(one)
        .set((webhook_endpoints::status.eq("disabled"), webhook_endpoints::disabled_because.eq(because)))
        .execute(db)
        .await?;
    Ok(())
}

/// The letters of each resource, one behind the other.
fn chains(open: Vec<Letter>, fresh: impl Iterator<Item = Letter>) -> Vec<Vec<Letter>> {
    let mut places: BTreeMap<(String, Uuid), usize> = BTreeMap::new();
    let mut chains: Vec<Vec<Letter>> = Vec::new();
    let mut known: HashSet<Uuid> = HashSet::new();
    for letter in open.into_iter().chain(fresh) {
        // Read again from the feed while it is still open.
        if !known.insert(letter.event_id) {
            continue;
        }
        let place = *places.entry((letter.resource.clone(), letter.resource_id)).or_insert(chains.len());
        match chains.get_mut(place) {
            Some(chain) => chain.push(letter),
            None => chains.push(vec![letter]),
        }
    }
    chains
}

/// What all calls of a batch share.
struct Batch {
    /// Where to, or why not.
    url: std::result::Result<Url, String>,
    signer: Signer,
    until: Instant,
    halt: Cell<Option<Halt>>,
}

impl Batch {
    /// Sends the letters of one resource in their order, up to the first that fails or is not due.
    async fn send(&self, client: &Client, chain: Vec<Letter>) -> Vec<(Letter, Option<Attempt>)> {
        let mut done = Vec::with_capacity(chain.len());
        let mut is_stopped = false;
        for letter in chain {
            is_stopped =
                is_stopped || !letter.is_due || self.halt.get().is_some() || Instant::now() >= self.until;
            let attempt = if is_stopped { None } else { Some(self.attempt(client, &letter).await) };
            is_stopped =
                is_stopped || attempt.as_ref().is_some_and(|attempt| attempt.fate != Fate::Delivered);
            done.push((letter, attempt));
        }
        done
    }

    async fn attempt(&self, client: &Client, letter: &Letter) -> Attempt {
        let attempt = match &self.url {
            Ok(url) => {
                send::send(client, url, &self.signer, &letter.event_id.to_string(), &letter.body).await
            }
            Err(rule) => Attempt {
                fate: Fate::Failed,
                status: None,
                answer: None,
                failure: Some(format!("Not called: the address {rule}.")),
                took: Duration::ZERO,
            },
        };
        match attempt.fate {
            Fate::Gone => self.halt.set(Some(Halt::Gone)),
            Fate::Busy(patience) => self.halt.set(Some(Halt::Busy(patience))),
            _ => {}
        }
        attempt
    }
}
