//! The database of this installation: the given one, or a private cluster; migrated, its keys and roles in place.
use crate::Done;
use crate::settings::Settings;
use cluster::Cluster;
use diesel::migration::{Migration, MigrationSource};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use platform::database::{Database, connect_as_owner};
use std::future::Future;

pub const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The advisory lock of who brings the database to this program's tables: of services that start together one does it,
/// the others wait and find it done.
const MIGRATING: i64 = 0x6261_636b_6f66_6663;

/// An open database, and the private cluster that it is in, if it is.
pub struct Installation {
    url: String,
    cluster: Option<Cluster>,
}

impl Installation {
    /// Finds or starts the database and brings it to this program's tables.
    pub fn open(settings: &Settings) -> Result<Self, Box<dyn std::error::Error>> {
        let installation = match &settings.database_url {
            Some(url) => Self { url: url.clone(), cluster: None },
            None => Self::private(settings)?,
        };
        installation.migrate()?;
        installation.as_owner(async |connection| Ok(identity::keys::ensure(connection).await?))?;
        installation.run(settings, async |database| {
            Ok(identity::organizations::sync_built_in_roles(&database).await?)
        })?;
        Ok(installation)
    }

    fn private(settings: &Settings) -> Result<Self, Box<dyn std::error::Error>> {
        let cluster = Cluster::start(cluster::Settings {
            data_dir: settings.data_dir.clone().unwrap_or_else(cluster::default_data_dir),
            bin_dir: settings.pg_bindir.clone(),
            // Values of violated constraints and failed statements are people's data: not for a log.
            parameters: [
                ("log_error_verbosity", "terse"),
                ("log_min_error_statement", "panic"),
                ("lc_messages", "C"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        })?;
        cluster.create_database("backoffice")?;
        Ok(Self { url: cluster.url("backoffice"), cluster: Some(cluster) })
    }

    /// The URL of the database.
    pub fn url(&self) -> &str {
        &self.url
    }

    fn migrate(&self) -> Done {
        let url = self.url.clone();
        // The harness blocks, so it has a thread and a runtime of its own.
        let migrated = std::thread::spawn(move || -> Result<usize, String> {
            let runtime = runtime().map_err(|error| error.to_string())?;
            let alone = async {
                use diesel_async::SimpleAsyncConnection;
                let mut connection = connect_as_owner(&url).await?;
                connection.batch_execute(&format!("select pg_advisory_lock({MIGRATING})")).await?;
                Ok::<_, Box<dyn std::error::Error>>(connection)
            };
            let connection = runtime.block_on(alone).map_err(|error| {
                format!("the database does not answer (DATABASE_URL, or the private one): {error}")
            })?;
            let _entered = runtime.enter();
            let mut harness = AsyncMigrationHarness::new(connection);
            harness
                .run_pending_migrations(MIGRATIONS)
                .map(|done| done.len())
                .map_err(|error| error.to_string())
        });
        let count = migrated.join().map_err(|_| "the migration stopped half way")??;
        if count > 0 {
            log::info!("{count} migrations done");
        }
        self.as_owner(async |connection| {
            use diesel_async::SimpleAsyncConnection;
            let start = format!(
                "select pg_advisory_xact_lock({MIGRATING});
                grant select on __diesel_schema_migrations to backoffice_service;
                select make_event_partitions(); select count_events_on()"
            );
            Ok(connection.batch_execute(&start).await?)
        })
    }

    /// Runs work as the owner of the tables: keys and grants, never requests.
    pub fn as_owner(&self, work: impl AsyncFnOnce(&mut AsyncPgConnection) -> Done) -> Done {
        runtime()?.block_on(async {
            let mut connection = connect_as_owner(&self.url).await?;
            work(&mut connection).await
        })
    }

    /// Runs work as the service does.
    pub fn run<T, F>(
        &self,
        settings: &Settings,
        work: impl FnOnce(Database) -> F,
    ) -> Result<T, Box<dyn std::error::Error>>
    where
        F: Future<Output = Result<T, Box<dyn std::error::Error>>>,
    {
        let database = Database::new(&settings.pool(self.url.clone(), 2))?;
        runtime()?.block_on(work(database))
    }

    /// Stops the private cluster, if there is one.
    pub fn close(self) -> Done {
        if let Some(cluster) = self.cluster {
            cluster.stop()?;
        }
        Ok(())
    }
}

/// The version of the newest migration that this program brings.
pub fn newest_migration() -> String {
    let all = MigrationSource::<diesel::pg::Pg>::migrations(&MIGRATIONS).unwrap_or_default();
    all.iter().map(|migration| migration.name().version().to_string()).max().unwrap_or_default()
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()
}
