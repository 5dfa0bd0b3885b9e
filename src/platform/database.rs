//! The database: a pool, reads in one flush, writes in one transaction that is tried again when it collides.
//! Nothing but [`crate::may::May`] and [`Database::as_system`] hands out a connection, and both name the organization first.
use crate::problem::{Problem, Result};
use crate::request;
use deadpool::managed::{Object, QueueMode};
use diesel::connection::InstrumentationEvent;
use diesel::pg::Pg;
use diesel::query_builder::{AsQuery, QueryFragment, QueryId};
use diesel::sql_types::{Array, Bool, Uuid as SqlUuid};
use diesel::{ConnectionError, ConnectionResult, QueryResult};
use diesel_async::pooled_connection::{
    AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool::Pool,
};
use diesel_async::{
    AsyncConnection, AsyncConnectionCore, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
};
use futures_util::future::{BoxFuture, FutureExt};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;
use tokio_postgres::config::SslMode;
use uuid::Uuid;

type Manager = AsyncDieselConnectionManager<AsyncPgConnection>;

/// Dead connections that are thrown away before the database counts as gone: more than any pool holds.
const DEAD: u32 = 128;

/// How often a write that collided is run again before the caller hears of it.
const ATTEMPTS: u32 = 8;

diesel::define_sql_function! {
    fn enter_as_system(org: diesel::sql_types::Uuid, is_local: Bool) -> diesel::sql_types::Text;
}

/// How to reach the database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// A connection URL or key-value string of libpq's form.
    pub url: String,
    /// Connections at the most, per pool.
    pub connections: usize,
    /// How long a request waits for a connection, and a statement for a lock, before it answers 503.
    pub wait: Duration,
    /// How long a statement may run.
    pub statement_timeout: Duration,
}

/// The pool. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    pool: Pool<AsyncPgConnection>,
    plain: bool,
    config: Arc<tokio_postgres::Config>,
}

impl Database {
    /// Builds the pool; connections are made when first needed.
    ///
    /// # Errors
    /// The URL can not be read.
    pub fn new(settings: &Settings) -> std::result::Result<Self, tokio_postgres::Error> {
        let config = service_config(settings)?;
        let plain = is_plain(&config);
        let own = Arc::new(config.clone());
        let mut manager = ManagerConfig::default();
        manager.recycling_method = RecyclingMethod::Fast; // a ping at every checkout costs 27 % of the rate
        manager.custom_setup = Box::new(move |_| connect(config.clone()).boxed());
        let pool = Pool::builder(Manager::new_with_config(settings.url.clone(), manager))
            .max_size(settings.connections)
            .queue_mode(QueueMode::Lifo) // the one that was used last: its caches are warm, and those that nobody needs stay small
            .wait_timeout(Some(settings.wait))
            .create_timeout(Some(settings.wait))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .unwrap_or_else(|error| unreachable!("the runtime is named: {error}"));
        Ok(Self { pool, plain, config: own })
    }

    /// A connection of its own beside the pool, as the service has it: for a read that takes minutes, so that no request waits
    /// for one. It lives on the runtime that asks for it, and sees what the organization is named for.
    ///
    /// # Errors
    /// 503 where the database is away.
    pub async fn apart(&self) -> Result<AsyncPgConnection> {
        establish(&self.config).await.map_err(Problem::unavailable)
    }

    /// How many connections are open, and how many of them wait to be used.
    #[must_use]
    pub fn connections(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size, status.available)
    }

    /// Runs `work` in a transaction on behalf of the organization, for what no caller asked for: sign-in, jobs, the
    /// command line. Requests of callers go through [`crate::may::May`].
    ///
    /// # Errors
    /// What `work` answers; 503 where the database is away.
    pub async fn as_system<T>(
        &self,
        organization: Uuid,
        work: impl AsyncFn(&mut Db) -> Result<T>,
    ) -> Result<T> {
        let naming =
            async |db: &mut Db| diesel::select(enter_as_system(organization, true)).execute(db).await;
        let work = async |db: &mut Db, _| Ok((work(db).await?, true));
        self.transaction(organization, naming, work, async |_, _| Ok(())).await
    }

    /// Every organization of the installation, for what is done for each of them.
    ///
    /// # Errors
    /// 503 where the database is away.
    pub async fn organizations(&self) -> Result<Vec<Uuid>> {
        let all = diesel::dsl::sql::<Array<SqlUuid>>("array(select list_organizations())");
        self.without_organization(async |db| Ok(diesel::select(all.clone()).get_result(db).await?)).await
    }

    /// Runs `work` without an organization: it sees only what belongs to none.
    ///
    /// # Errors
    /// As [`Database::as_system`].
    pub async fn without_organization<T>(&self, work: impl AsyncFn(&mut Db) -> Result<T>) -> Result<T> {
        self.as_system(Uuid::nil(), work).await
    }

    /// Reads on behalf of the organization in one flush, for what no caller asked for.
    ///
    /// # Errors
    /// As [`Database::as_system`].
    pub async fn ask<T>(&self, organization: Uuid, work: impl AsyncFn(&mut Db) -> Result<T>) -> Result<T> {
        let naming =
            async |db: &mut Db| diesel::select(enter_as_system(organization, false)).execute(db).await;
        self.read(organization, naming, |_| Ok(()), work).await
    }

    /// A read: `entering` and `work` go out in one flush. What `work` found counts only if `admit` lets the caller in.
    pub(crate) async fn read<C, T>(
        &self,
        organization: Uuid,
        entering: impl AsyncFn(&mut Db) -> QueryResult<C>,
        admit: impl Fn(C) -> Result<()>,
        work: impl AsyncFn(&mut Db) -> Result<T>,
    ) -> Result<T> {
        let mut dead = 0;
        loop {
            let lease = self.lease().await?;
            let (mut door, mut room) = (lease.db(organization), lease.db(organization));
            let (entered, found) = futures_util::future::join(entering(&mut door), work(&mut room)).await;
            drop((door, room));
            match entered {
                Err(error) if is_dead(&error) && dead < DEAD => dead += 1,
                Err(error) => return Err(error.into()),
                Ok(caller) => {
                    lease.give_back();
                    admit(caller)?;
                    return found;
                }
            }
        }
    }

    /// A transaction: `entering` goes out with `begin`. `work` answers whether to commit; `ending` then goes out with the
    /// commit, so that whoever waits for a row of this transaction waits for one turn less. It is one statement, which the
    /// connection has prepared. It is all run again from the start when it collided with another.
    pub(crate) async fn transaction<C, T>(
        &self,
        organization: Uuid,
        entering: impl AsyncFn(&mut Db) -> QueryResult<C>,
        work: impl AsyncFn(&mut Db, C) -> Result<(T, bool)>,
        ending: impl AsyncFn(&mut Db, &T) -> Result<()>,
    ) -> Result<T> {
        let (mut dead, mut attempt) = (0, 1);
        loop {
            let lease = self.lease().await?;
            let (mut opening, mut db) = (lease.db(organization), lease.db(organization));
            let (begun, entered) =
                futures_util::future::join(opening.batch_execute("begin"), entering(&mut db)).await;
            drop(opening);
            let caller = match begun.and(entered) {
                Err(error) if is_dead(&error) && dead < DEAD => {
                    dead += 1;
                    continue;
                }
                Err(error) => return Err(error.into()),
                Ok(caller) => caller,
            };
            let done = match work(&mut db, caller).await {
                Ok((done, true)) => {
                    let mut closing = lease.db(organization);
                    // Where `ending` fails, the commit behind it rolls back.
                    let (ended, committed) =
                        futures_util::future::join(ending(&mut db, &done), closing.batch_execute("commit"))
                            .await;
                    ended.and(committed.map_err(Problem::from)).map(|()| done)
                }
                Ok((done, false)) => db.batch_execute("rollback").await.map(|()| done).map_err(Problem::from),
                Err(problem) => {
                    db.batch_execute("rollback").await?;
                    Err(problem)
                }
            };
            drop(db);
            match done {
                Err(problem) if problem.collided && attempt < ATTEMPTS => {
                    lease.give_back();
                    tokio::time::sleep(pause(attempt)).await;
                    attempt += 1;
                }
                done => {
                    // After a failed commit the connection's state is not known; after a rollback it is clean.
                    if done.as_ref().err().is_none_or(|problem| problem.kind.status != 503) {
                        lease.give_back();
                    }
                    return done;
                }
            }
        }
    }

    async fn lease(&self) -> Result<Lease> {
        let connection = self.pool.get().await.map_err(Problem::unavailable)?;
        Ok(Lease { connection: Some(Arc::new(connection)), clean: false, plain: self.plain })
    }
}

/// A pause before the next attempt, that grows and differs between those who collided.
fn pause(attempt: u32) -> Duration {
    let dice = Uuid::now_v7().as_bytes()[15];
    Duration::from_millis(u64::from(dice) % (4 << attempt))
}

fn is_dead(error: &diesel::result::Error) -> bool {
    use diesel::result::DatabaseErrorKind::{ClosedConnection, UnableToSendCommand};
    match error {
        diesel::result::Error::DatabaseError(UnableToSendCommand | ClosedConnection, _) => true,
        diesel::result::Error::DatabaseError(_, info) => info.message().starts_with("terminating connection"),
        _ => false,
    }
}

/// A connection of the pool in use. Dropped without having ended well (the client hung up, the server went away), its
/// query is cancelled and the connection thrown away: nobody inherits an open transaction.
struct Lease {
    connection: Option<Arc<Object<Manager>>>,
    clean: bool,
    /// The server is spoken to without TLS.
    plain: bool,
}

impl Lease {
    fn db(&self, organization: Uuid) -> Db {
        match &self.connection {
            Some(connection) => Db { connection: Arc::clone(connection), organization },
            None => unreachable!("the connection is taken on drop alone"),
        }
    }

    fn give_back(mut self) {
        self.clean = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if self.clean {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let cancel = connection.cancel_token();
        let plain = self.plain;
        runtime.spawn(async move {
            let cancelled = if plain {
                cancel.cancel_query(tokio_postgres::NoTls).await
            } else {
                cancel.cancel_query(tls()).await
            };
            if let Err(error) = cancelled {
                log::debug!("an abandoned query was not cancelled: {error}");
            }
            // The futures of the abandoned query may hold the connection a moment longer than this lease.
            let mut held = connection;
            loop {
                held = match Arc::try_unwrap(held) {
                    Ok(object) => break drop(Object::take(object)),
                    Err(held) => held,
                };
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        });
    }
}

/// The database within the caller's organization: what queries run on.
#[derive(Clone)]
pub struct Db {
    connection: Arc<Object<Manager>>,
    organization: Uuid,
}

impl Db {
    /// The organization whose rows are seen. Queries by key name it too, beside row-level security: two walls.
    #[must_use]
    pub fn organization(&self) -> Uuid {
        self.organization
    }
}

impl SimpleAsyncConnection for Db {
    async fn batch_execute(&mut self, query: &str) -> QueryResult<()> {
        let mut connection: &AsyncPgConnection = &self.connection;
        connection.batch_execute(query).await
    }
}

impl AsyncConnectionCore for Db {
    type LoadFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<Self::Stream<'conn, 'query>>>;
    type ExecuteFuture<'conn, 'query> = BoxFuture<'conn, QueryResult<usize>>;
    type Stream<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Stream<'conn, 'query>;
    type Row<'conn, 'query> = <AsyncPgConnection as AsyncConnectionCore>::Row<'conn, 'query>;
    type Backend = Pg;

    fn load<'conn, 'query, T>(&'conn mut self, source: T) -> Self::LoadFuture<'conn, 'query>
    where
        T: AsQuery + 'query,
        T::Query: QueryFragment<Pg> + QueryId + 'query,
    {
        let mut connection: &'conn AsyncPgConnection = &self.connection;
        AsyncConnectionCore::load(&mut connection, source)
    }

    fn execute_returning_count<'conn, 'query, T>(
        &'conn mut self,
        source: T,
    ) -> Self::ExecuteFuture<'conn, 'query>
    where
        T: QueryFragment<Pg> + QueryId + 'query,
    {
        let mut connection: &'conn AsyncPgConnection = &self.connection;
        AsyncConnectionCore::execute_returning_count(&mut connection, source)
    }
}

/// The service's own terms: its role, short waits for locks, the end of forgotten transactions.
fn service_config(settings: &Settings) -> std::result::Result<tokio_postgres::Config, tokio_postgres::Error> {
    let mut config = tokio_postgres::Config::from_str(&settings.url)?;
    config.application_name("backoffice").connect_timeout(settings.wait).options(format!(
        "-c role=backoffice_service -c lock_timeout={} -c statement_timeout={} -c idle_in_transaction_session_timeout=30000 -c jit=off \
         -c random_page_cost=1.1", // what is asked for by key is found by key, in small tables too
        settings.wait.as_millis(),
        settings.statement_timeout.as_millis(),
    ));
    Ok(config)
}

/// A connection as whoever the URL names, who owns the tables: for migrations and keys, never for requests.
///
/// # Errors
/// The URL can not be read, or nobody answers there.
pub async fn connect_as_owner(url: &str) -> ConnectionResult<AsyncPgConnection> {
    let config = tokio_postgres::Config::from_str(url)
        .map_err(|error| ConnectionError::InvalidConnectionUrl(error.to_string()))?;
    establish(&config).await
}

async fn establish(config: &tokio_postgres::Config) -> ConnectionResult<AsyncPgConnection> {
    // The driver's own text ends at "error connecting to server"; why is in the cause.
    let failed = |error: tokio_postgres::Error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        ConnectionError::BadConnection(format!("{error}{}", cause.unwrap_or_default()))
    };
    if is_plain(config) {
        let (client, connection) = config.connect(tokio_postgres::NoTls).await.map_err(failed)?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    } else {
        let (client, connection) = config.connect(tls()).await.map_err(failed)?;
        AsyncPgConnection::try_from_client_and_connection(client, connection).await
    }
}

async fn connect(config: tokio_postgres::Config) -> ConnectionResult<AsyncPgConnection> {
    let mut connection = establish(&config).await?;
    // Prepared now, the context always goes out before the query that it protects, and what is remembered before the
    // commit: a statement that has to be prepared first would be overtaken.
    let nobody = Uuid::nil();
    crate::may::enter_to_read(&mut connection, nobody, nobody, "", "")
        .await
        .and(diesel::select(enter_as_system(nobody, false)).execute(&mut connection).await)
        .and(crate::may::make_ready_to_remember(&mut connection).await)
        .map_err(ConnectionError::CouldntSetupConfiguration)?;
    connection.set_instrumentation(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { .. } = event {
            request::count_statement();
        }
    });
    Ok(connection)
}

/// Whether the server is spoken to without TLS: because it was said so, or through a socket of this machine.
fn is_plain(config: &tokio_postgres::Config) -> bool {
    let is_socket =
        |host: &tokio_postgres::config::Host| matches!(host, tokio_postgres::config::Host::Unix(_));
    config.get_ssl_mode() == SslMode::Disable || config.get_hosts().iter().all(is_socket)
}

fn tls() -> tokio_postgres_rustls::MakeRustlsConnect {
    let config =
        rustls::ClientConfig::builder().with_root_certificates(crate::tls::roots()).with_no_client_auth();
    tokio_postgres_rustls::MakeRustlsConnect::new(config)
}
