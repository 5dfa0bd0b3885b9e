//! Imports: a file of rows becomes resources. Every resource that can be created one by one takes files, under the rules
//! of a single create; each fault is told by line and column, as a spreadsheet shows them. All of a file takes effect or
//! none of it, unless faulty rows are to be skipped. What is large is worked off by a job, and undone as one.
mod columns;
mod csv;
mod imports;
mod mappings;
mod read;
mod together;
mod upload;
mod work;
mod write;
mod xlsx;

use crate::answer::{Answer, Outcome, Reply};
use crate::api::{Api, OperationDoc};
use crate::database::Db;
use crate::input::Params;
use crate::job::{self, Running, Task};
use crate::may::{Grants, May, Write};
use crate::problem::{Fault, Problem, Result};
use crate::resource::Resource;
use crate::store::Kept;
use crate::text_enum;
use actix_web::http::{StatusCode, header};
use columns::Plan;
pub(crate) use columns::described;
use diesel::sql_types::Text;
use diesel_async::RunQueryDsl;
use futures_util::future::{FutureExt, LocalBoxFuture};
pub use imports::Import;
use mappings::Mapping;
pub(crate) use read::LONGEST_FILE;
use read::{Part, Row};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};
pub use together::{Faults, FileOfRows, FoundRow, Layout, Rows};
use upload::FileOf;
use utoipa::IntoParams;
use uuid::Uuid;
use work::Source;

/// Rows that are worked off at once; a file of at most so many is answered at once.
pub(crate) const BATCH: usize = 1000;
/// Faults, changes and notices that are told; the rest is counted.
const TOLD: usize = 100;

/// A field that holds an id, and the column of a file in which people write what they know instead.
#[derive(Debug)]
pub struct Reference {
    /// The field: `department_id`.
    pub field: &'static str,
    /// The column of a file: `department_code`.
    pub column: &'static str,
    /// The table that it refers to, and the column by which people know its rows: `departments`, `code`.
    pub table: &'static str,
    pub by: &'static str,
    /// A field of the same name on both sides that narrows it: a position is known by its title within a department.
    pub within: Option<&'static str>,
}

text_enum! {
    /// What rows are taken for: new ones, or also what is there already, found by its natural key.
    pub enum ImportMode { Create = "create", Upsert = "upsert" }
}
text_enum! {
    /// What a faulty row does: it stops the whole file, or is left out.
    pub enum OnError { Stop = "stop", Skip = "skip" }
}

/// What an import takes beside the file.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImportQuery {
    /// A saved mapping of headers to fields; without it, headers are the names of fields.
    #[param(required = false)]
    #[serde(default)]
    mapping: Option<Uuid>,
    /// What a faulty row does: `stop` refuses the whole file, `skip` leaves the row out.
    #[param(inline, required = false)]
    #[serde(default)]
    on_error: Option<OnError>,
    /// `create` makes new ones; `upsert` changes those that are there, found by their natural key, and makes the others.
    #[param(inline, required = false)]
    #[serde(default)]
    mode: Option<ImportMode>,
}

/// What a job has to know of an import, kept with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Taking {
    plan: Plan,
    chunks: i32,
    /// How far the permission went with which the file was sent, and whose it was: as `current_reach` reads it.
    reach: String,
}

/// What the answer to an import shows: done, or taken in.
pub struct Taken(Import);

impl Outcome for Taken {
    fn answer(&self, grants: &Grants) -> Result<Answer<Self>> {
        let mut body = Vec::with_capacity(1024);
        let etag = self.0.write_json(grants, &mut body)?;
        let status = if self.0.is_waiting() { StatusCode::ACCEPTED } else { StatusCode::OK };
        let location = format!("{}/{}", Import::PATH, self.0.id());
        Ok(Answer::new(status, body).with(header::ETAG, &etag).with(header::LOCATION, &location))
    }

    fn describe(doc: &mut OperationDoc) {
        for (status, told) in [
            ("200", "Done, or what a dry run of it would do and refuse"),
            ("202", "Taken in: a job works it off, which the import at `Location` names"),
        ] {
            doc.answers::<Import>(status, told);
            doc.answer_header(status, "ETag", "The version of the import.");
            doc.answer_header(status, "Location", "The address of the import.");
        }
    }
}

/// `POST /v1/<resource>/import`.
pub(crate) async fn import<R: Kept>(
    may: May<Write, R>,
    query: Params<ImportQuery>,
    file: FileOf<R>,
) -> Reply<Taken> {
    let query = query.0;
    // Who may not do it is told so before the file is taken in.
    let mapping = may
        .read(async |db| match query.mapping {
            Some(id) => Mapping::find(db, id).await.map(Some),
            None => Ok(None),
        })
        .await?;
    let (mode, on_error) =
        (query.mode.unwrap_or(ImportMode::Create), query.on_error.unwrap_or(OnError::Stop));
    if let Some(mapping) = &mapping {
        mapping.is_for::<R>()?;
    }
    let mut reading = file.0.receive().await?;
    let Some(Part::Header(header)) = reading.next().await else {
        return Err(reading.end().await.err().unwrap_or_else(read::is_empty));
    };
    let plan = Plan::of::<R>(header, mapping, mode, on_error)?;
    let first = match reading.next().await {
        Some(Part::Rows(rows)) => rows,
        _ => Vec::new(),
    };
    let Some(Part::Rows(second)) = reading.next().await else {
        reading.end().await?;
        if first.is_empty() {
            return Err(read::is_empty());
        }
        return at_once(&may, &plan, first).await;
    };
    let id = Uuid::now_v7();
    let taken = take_in(&may, &plan, id, [first, second], &mut reading).await;
    // Where the first answer was given again, or none, the chunks are nobody's.
    let is_ours = taken
        .as_ref()
        .is_ok_and(|taken| taken.header(&header::HeaderName::from_static("idempotency-replayed")).is_none());
    if !is_ours {
        upload::forget(may.http(), may.organization(), id).await?;
    }
    taken
}

/// A small file: done, or refused, in the request.
async fn at_once<R: Kept>(may: &May<Write, R>, plan: &Plan, rows: Vec<Row>) -> Reply<Taken> {
    let id = Uuid::now_v7();
    let dry_run = may.is_dry_run();
    may.write(async |db| {
        let count = rows.len();
        let done = work::work::<R>(db, plan, &Source::Memory(rows.clone()), id, &|_| ()).await?;
        if !dry_run && plan.on_error == OnError::Stop && done.refused > 0 {
            return Err(done.refusal());
        }
        Import::done::<R>(db, id, plan, dry_run, count, done).await.map(Taken)
    })
    .await
}

/// A large one: kept in chunks that any process can read, and worked off by a job.
async fn take_in<R: Kept>(
    may: &May<Write, R>,
    plan: &Plan,
    id: Uuid,
    first: [Vec<Row>; 2],
    reading: &mut upload::Reading,
) -> Reply<Taken> {
    let (mut chunks, mut rows) = (0, 0);
    for part in first {
        rows += part.len();
        upload::keep(may.http(), may.organization(), id, chunks, &part).await?;
        chunks += 1;
    }
    while let Some(part) = reading.next().await {
        if let Part::Rows(part) = part {
            rows += part.len();
            upload::keep(may.http(), may.organization(), id, chunks, &part).await?;
            chunks += 1;
        }
    }
    reading.end().await?;
    let dry_run = may.is_dry_run();
    let taken = may
        .write_for_good(async |db| {
            let reach: Reach = diesel::sql_query("select current_setting('app.reach', true) as reach")
                .get_result(db)
                .await?;
            let kept = Taking { plan: plan.clone(), chunks, reach: reach.reach };
            let job = job::enqueue(db, &RunImport { import: id, resource: R::FILES.to_owned() }).await?;
            Import::wait::<R>(db, id, &kept, dry_run, rows, job).await.map(Taken)
        })
        .await?;
    Ok(if dry_run { taken.with(header::HeaderName::from_static("dry-run"), "true") } else { taken })
}

#[derive(diesel::QueryableByName)]
struct Reach {
    #[diesel(sql_type = Text)]
    reach: String,
}

/// Works off a file that was taken in.
#[derive(Serialize, Deserialize)]
struct RunImport {
    import: Uuid,
    resource: String,
}

impl Task for RunImport {
    const KIND: &'static str = "imports.run";

    async fn run(self, job: &Running) -> Result<Value> {
        (importer(&self.resource)?.run)(job, self.import).await
    }
}

/// What is known of each resource that takes files, by what these are called: a job knows no types.
#[derive(Clone, Copy)]
struct Importer {
    /// Which permission it takes.
    resource: &'static str,
    run: for<'a> fn(&'a Running, Uuid) -> LocalBoxFuture<'a, Result<Value>>,
    undo: for<'a> fn(&'a mut Db, Uuid) -> LocalBoxFuture<'a, Result<()>>,
    columns: fn() -> Vec<String>,
}

static IMPORTERS: RwLock<BTreeMap<&'static str, Importer>> = RwLock::new(BTreeMap::new());

/// Lets the resource take files.
pub(crate) fn register<R: Kept>() {
    let importer = Importer {
        resource: R::NAME,
        run: |job, import| run::<R>(job, import).boxed_local(),
        undo: |db, import| imports::undo::<R>(db, import).boxed_local(),
        columns: columns::known::<R>,
    };
    IMPORTERS.write().unwrap_or_else(PoisonError::into_inner).insert(R::FILES, importer);
}

fn importer(resource: &str) -> Result<Importer> {
    let all = IMPORTERS.read().unwrap_or_else(PoisonError::into_inner);
    all.get(resource).copied().ok_or_else(|| {
        let known: Vec<_> = all.keys().copied().collect();
        let rule = format!("takes no files; these do: {}", known.join(", "));
        Problem::invalid(vec![Fault::at("/resource", "unknown-value", rule)])
    })
}

async fn run<R: Kept>(job: &Running, id: Uuid) -> Result<Value> {
    let report = job
        .write(async |db| {
            let Some((import, kept)) = Import::start(db, id).await? else { return Ok(None) };
            patiently(db).await?;
            // What the caller could not reach, their job can not.
            diesel::sql_query("select set_config('app.reach', $1, true)")
                .bind::<Text, _>(&kept.reach)
                .execute(db)
                .await?;
            diesel::sql_query("savepoint import").execute(db).await?;
            let total = i64::from(import.rows());
            let source = Source::Kept { import: id, chunks: kept.chunks };
            let mut done =
                work::work::<R>(db, &kept.plan, &source, id, &|rows| job.progress(rows, Some(total))).await?;
            let is_refused = kept.plan.on_error == OnError::Stop && done.refused > 0;
            if is_refused || import.is_dry_run() {
                diesel::sql_query("rollback to savepoint import").execute(db).await?;
            }
            if is_refused && !import.is_dry_run() {
                done.nothing_remains();
            }
            diesel::sql_query("select set_config('app.reach', 'org:', true)").execute(db).await?;
            upload::forget_in(db, id).await?;
            Import::finish(db, id, is_refused, &done).await?;
            Ok(Some(done))
        })
        .await?;
    Ok(report.map_or(Value::Null, |report| report.counts()))
}

/// Work of this size may take longer than a request's statements do, and waits for others' locks.
async fn patiently(db: &mut Db) -> Result<()> {
    use diesel_async::SimpleAsyncConnection;
    Ok(db.batch_execute("set local statement_timeout = '10min'; set local lock_timeout = '1min'").await?)
}

/// Everything that the platform offers around imports.
pub fn routes(api: &mut Api) {
    api.task::<RunImport>();
    mappings::routes(api);
    imports::routes(api);
}
