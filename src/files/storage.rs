//! Where bytes are kept: a folder, or a bucket that speaks S3. An object is named after its organization, the day of its
//! id, and its id, which is never given again: it is written once, whole or not at all, and never changed.
use actix_web::web::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use futures_util::stream::{BoxStream, StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{Error, GetOptions, ObjectStore, ObjectStoreExt, RetryConfig};
use platform::problem::{Problem, Result, UNAVAILABLE};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};
use uuid::Uuid;

/// How long the store may take for one piece.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long an upload waits for its turn.
const TURN: Duration = Duration::from_secs(5);

/// The store.
pub struct Storage {
    place: Place,
    /// Bytes that are held while they are sent on. A bucket takes parts of 5 MiB at the least.
    part: usize,
    /// Uploads at a time: so many parts are held in memory.
    turns: Semaphore,
}

enum Place {
    /// Opened when first needed: a service that never keeps a file needs no folder.
    Folder(PathBuf, OnceCell<Arc<LocalFileSystem>>),
    Bucket(Arc<dyn ObjectStore>),
}

/// An object of the store.
#[derive(Clone, Debug)]
pub struct Object {
    pub id: Uuid,
    pub size: u64,
    pub written_at: DateTime<Utc>,
}

impl Storage {
    /// The store at this place: a folder, or `s3://bucket/prefix` with keys, region and endpoint from the variables `AWS_…`.
    ///
    /// # Errors
    /// The address can not be read, or the variables do not suffice.
    pub fn open(place: &str) -> std::result::Result<Self, String> {
        if !place.contains("://") {
            let folder = Place::Folder(place.into(), OnceCell::new());
            return Ok(Self { place: folder, part: 64 * 1024, turns: Semaphore::new(256) });
        }
        let url = url::Url::parse(place).map_err(|error| format!("{place}: {error}"))?;
        if url.scheme() != "s3" {
            return Err(format!("{place}: files are kept in a folder, or in a bucket as s3://bucket/prefix"));
        }
        let retry = RetryConfig { max_retries: 3, retry_timeout: PATIENCE / 2, ..RetryConfig::default() };
        let bucket = AmazonS3Builder::from_env()
            .with_bucket_name(url.host_str().unwrap_or_default())
            .with_retry(retry)
            .with_disable_bulk_delete(true) // one is deleted at a time, which every such store understands
            .build()
            .map_err(|error| format!("{place}: {error}"))?;
        let bucket = PrefixStore::new(bucket, url.path().trim_matches('/'));
        Ok(Self { place: Place::Bucket(Arc::new(bucket)), part: 5 << 20, turns: Semaphore::new(6) })
    }

    async fn store(&self) -> Result<Arc<dyn ObjectStore>> {
        match &self.place {
            Place::Bucket(bucket) => Ok(Arc::clone(bucket)),
            Place::Folder(folder, opened) => {
                let open = async || -> Result<_> {
                    let made = tokio::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).await;
                    made.map_err(|error| away("made", &error))?;
                    let folder =
                        LocalFileSystem::new_with_prefix(folder).map_err(|error| away("opened", &error))?;
                    // What was acknowledged outlives a power cut, as it does in the database.
                    Ok(Arc::new(folder.with_fsync(true)))
                };
                Ok(Arc::clone(opened.get_or_try_init(open).await?) as Arc<dyn ObjectStore>)
            }
        }
    }

    /// Begins to write an object. Nobody finds it before it is finished.
    ///
    /// # Errors
    /// 503 where the store is away, or busy with others.
    pub async fn begin(&self, organization: Uuid, id: Uuid) -> Result<Writing<'_>> {
        let turn = tokio::time::timeout(TURN, self.turns.acquire());
        let turn = turn.await.map_err(|error| away("busy", &error))?.map_err(Problem::internal)?;
        let writer = BufWriter::with_capacity(self.store().await?, path(organization, id), self.part);
        Ok(Writing { writer: writer.with_max_concurrency(1), _turn: turn })
    }

    /// The bytes of an object, or some of them.
    ///
    /// # Errors
    /// 503 where the store is away, or has no such object.
    pub async fn read(
        &self,
        organization: Uuid,
        id: Uuid,
        range: Option<Range<u64>>,
    ) -> Result<BoxStream<'static, std::io::Result<Bytes>>> {
        let options = GetOptions { range: range.map(Into::into), ..GetOptions::default() };
        let store = self.store().await?;
        let path = path(organization, id);
        let got = within(store.get_opts(&path, options)).await?.map_err(|error| away("read", &error))?;
        Ok(got.into_stream().map_err(std::io::Error::other).boxed())
    }

    /// Its size; none where there is no such object.
    ///
    /// # Errors
    /// 503 where the store is away.
    pub async fn size(&self, organization: Uuid, id: Uuid) -> Result<Option<u64>> {
        let store = self.store().await?;
        match within(store.head(&path(organization, id))).await? {
            Ok(meta) => Ok(Some(meta.size)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(away("read", &error)),
        }
    }

    /// Removes an object; one that is gone already is no fault.
    ///
    /// # Errors
    /// 503 where the store is away.
    pub async fn remove(&self, organization: Uuid, id: Uuid) -> Result<()> {
        let store = self.store().await?;
        match within(store.delete(&path(organization, id))).await? {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(away("emptied", &error)),
        }
    }

    /// The days on which the organization has objects, in order.
    ///
    /// # Errors
    /// 503 where the store is away.
    pub async fn days(&self, organization: Uuid) -> Result<Vec<NaiveDate>> {
        let mut days: Vec<NaiveDate> = self
            .folders(&Path::from(organization.to_string()))
            .await?
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        days.sort_unstable();
        Ok(days)
    }

    /// The organizations that have objects.
    ///
    /// # Errors
    /// 503 where the store is away.
    pub async fn organizations(&self) -> Result<Vec<Uuid>> {
        Ok(self.folders(&Path::default()).await?.iter().filter_map(|name| name.parse().ok()).collect())
    }

    async fn folders(&self, within_path: &Path) -> Result<Vec<String>> {
        let store = self.store().await?;
        let listed = within(store.list_with_delimiter(Some(within_path)))
            .await?
            .map_err(|error| away("listed", &error))?;
        Ok(listed.common_prefixes.iter().filter_map(|each| Some(each.filename()?.to_owned())).collect())
    }

    /// The organization's objects of a day, in the order of their ids.
    ///
    /// # Errors
    /// 503 where the store is away.
    pub async fn objects(&self, organization: Uuid, day: NaiveDate) -> Result<Vec<Object>> {
        let store = self.store().await?;
        let prefix = Path::from_iter([organization.to_string(), day.to_string()]);
        let listing = store.list(Some(&prefix)).try_filter_map(async |meta| {
            let id = meta.location.filename().and_then(|name| name.parse().ok());
            Ok(id.map(|id| Object { id, size: meta.size, written_at: meta.last_modified }))
        });
        let mut objects: Vec<Object> =
            within(listing.try_collect()).await?.map_err(|error| away("listed", &error))?;
        objects.sort_unstable_by_key(|object| object.id);
        Ok(objects)
    }

    /// Removes what broken-off uploads left in a folder, which no list shows. A bucket has a rule of its own for that.
    pub async fn sweep_fragments(&self, older_than: Duration) -> usize {
        let Place::Folder(folder, _) = &self.place else { return 0 };
        let folder = folder.clone();
        let sweeping = move || {
            let below = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
            let days = below(folder).flat_map(|organization| below(organization.path()));
            let fragments = days.flat_map(|day| below(day.path())).filter(|entry| {
                let age =
                    entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
                entry.file_name().to_string_lossy().contains('#') && age.is_some_and(|age| age > older_than)
            });
            fragments.filter(|entry| std::fs::remove_file(entry.path()).is_ok()).count()
        };
        tokio::task::spawn_blocking(sweeping).await.unwrap_or_default()
    }
}

/// An object that is being written. Dropped before it is finished, it never was.
pub struct Writing<'a> {
    writer: BufWriter,
    _turn: SemaphorePermit<'a>,
}

impl Writing<'_> {
    /// The next bytes.
    ///
    /// # Errors
    /// 503 where the store is away or full.
    pub async fn write(&mut self, bytes: Bytes) -> Result<()> {
        within(self.writer.put(bytes)).await?.map_err(|error| away("written to", &error))
    }

    /// Makes it an object that lasts.
    ///
    /// # Errors
    /// 503 where the store is away or full.
    pub async fn finish(mut self) -> Result<()> {
        within(self.writer.shutdown()).await?.map_err(|error| away("written to", &error))
    }

    /// Gives it up.
    pub async fn give_up(mut self) {
        if let Ok(Err(error)) = within(self.writer.abort()).await {
            log::debug!("a broken-off upload left something behind: {error}");
        }
    }
}

/// By day, so that a list of what is there is never long; the day follows from the id, not from the clock.
fn path(organization: Uuid, id: Uuid) -> Path {
    Path::from_iter([organization.to_string(), day(id).to_string(), id.to_string()])
}

/// The day on which a UUIDv7 was made.
#[must_use]
pub fn day(id: Uuid) -> NaiveDate {
    let seconds = id.get_timestamp().map_or(0, |made| made.to_unix().0);
    DateTime::from_timestamp(i64::try_from(seconds).unwrap_or_default(), 0).unwrap_or_default().date_naive()
}

async fn within<T>(work: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(PATIENCE, work).await.map_err(|error| away("reached", &error))
}

/// The store is away, or full; why goes to the log alone.
fn away(what: &str, cause: &dyn std::fmt::Display) -> Problem {
    log::warn!("unavailable: the store of files can not be {what}: {cause}");
    UNAVAILABLE
        .because("The store of files is away or full, and nothing was kept. Try again in a while.")
        .with(actix_web::http::header::RETRY_AFTER, "10")
}
