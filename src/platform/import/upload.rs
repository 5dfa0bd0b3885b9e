//! The file as it comes in: received under limits of size and pace, read on a thread of its own, kept in chunks.
use super::read::{self, Format, IN_MEMORY, LONGEST_FILE, Part, Row};
use crate::api::{Argument, OperationDoc};
use crate::contract;
use crate::database::{Database, Db};
use crate::input::{BodyDigest, schema_of};
use crate::may::app_data;
use crate::packed::Packing;
use crate::problem::{
    MALFORMED_REQUEST, Problem, REQUEST_TIMEOUT, Result, TOO_LARGE, UNSUPPORTED_MEDIA_TYPE,
};
use crate::store::Kept;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use diesel::sql_types::{Integer, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use futures_util::StreamExt;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::io::Write;
use std::marker::PhantomData;
use std::time::{Duration, Instant};
use tempfile::SpooledTempFile;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// How long a file may take beside what its size takes.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes that come in a second at the least, on the whole.
const SLOWEST: u64 = 64 << 10;

/// A file of rows that become one of these each; the contract shows it by what makes one.
pub(crate) struct FileOf<R>(pub(super) Upload, PhantomData<R>);

impl<R> FromRequest for FileOf<R> {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(
            Upload::from_request(http, payload).into_inner().map(|file| Self(file, PhantomData)),
        )
    }
}

impl<R: Kept> Argument for FileOf<R> {
    fn describe(doc: &mut OperationDoc) {
        Upload::describe(doc);
        let schema = schema_of::<R::New>();
        let Value::Object(mut row) = contract::example(&schema, &schema["components"]["schemas"]) else {
            return;
        };
        row.retain(|_, value| !matches!(value.to_string().as_str(), "null" | "{}" | "[]"));
        doc.shown = vec![(read::CSV, as_csv(&row)), (read::NDJSON, format!("{}\n", Value::Object(row)))];
    }
}

/// A row, under a line that names its fields; what is no plain value, as JSON.
fn as_csv(row: &Map<String, Value>) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut lines = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let written = lines.write_record(row.keys()).and_then(|()| lines.write_record(row.values().map(plain)));
    let bytes = written.ok().and_then(|()| lines.into_inner().ok()).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

/// A file that has not been read yet: whoever sends it is asked first whether they may.
pub(crate) struct Upload {
    http: HttpRequest,
    payload: Payload,
}

impl FromRequest for Upload {
    type Error = Problem;
    type Future = std::future::Ready<Result<Self>>;

    fn from_request(http: &HttpRequest, payload: &mut Payload) -> Self::Future {
        std::future::ready(Ok(Self { http: http.clone(), payload: payload.take() }))
    }
}

impl Argument for Upload {
    fn describe(doc: &mut OperationDoc) {
        doc.takes_files(&[
            (read::CSV, "CsvFile", "Rows as CSV (RFC 4180), UTF-8, separated by `,`, `;` or tabs; the first line names the columns.", "code,name\r\nA-1,First\r\n"),
            (read::XLSX, "XlsxFile", "The first sheet of a workbook; its first row names the columns.", "(an XLSX workbook)"),
            (read::NDJSON, "NdjsonFile", "A JSON object a line, its fields named as the columns of a CSV file would be.", "{\"code\": \"A-1\", \"name\": \"First\"}\n"),
        ]);
    }
}

impl Upload {
    /// Takes the file in, and begins to read it.
    pub(super) async fn receive(self) -> Result<Reading> {
        let Self { http, mut payload } = self;
        let format = Format::named(http.content_type())?;
        let encoding =
            http.headers().get(header::CONTENT_ENCODING).map(|encoding| encoding.to_str().unwrap_or("?"));
        let packing = Packing::named(encoding)
            .ok_or_else(|| UNSUPPORTED_MEDIA_TYPE.because("`Content-Encoding` may be gzip, br or zstd."))?;
        let too_large =
            || TOO_LARGE.because(format!("A file may have {} MiB: send it in parts.", LONGEST_FILE >> 20));
        let announced =
            http.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if announced.is_some_and(|length: u64| length > LONGEST_FILE) {
            return Err(too_large());
        }
        let mut file = tempfile::spooled_tempfile(IN_MEMORY);
        let (started, mut received, mut digest) = (Instant::now(), 0_u64, Sha256::new());
        loop {
            let allowed = PATIENCE + Duration::from_millis(received * 1000 / SLOWEST);
            let slow = |_| {
                REQUEST_TIMEOUT.because("The file came too slowly: less than 64 kB a second. Send it again over a better connection, or in parts.")
            };
            let left = allowed.saturating_sub(started.elapsed());
            let Some(chunk) = tokio::time::timeout(left.min(PATIENCE), payload.next()).await.map_err(slow)?
            else {
                break;
            };
            let chunk = chunk.map_err(|_| MALFORMED_REQUEST.because("The file did not arrive whole."))?;
            received += chunk.len() as u64;
            if received > LONGEST_FILE {
                return Err(too_large());
            }
            digest.update(&chunk);
            file.write_all(&chunk).map_err(Problem::unavailable)?;
        }
        digest.update(http.content_type());
        http.extensions_mut().insert(BodyDigest(digest.finalize().into()));
        Ok(Reading::begin(file, format, packing))
    }
}

/// A file that is being read, some rows ahead of whoever takes them.
pub(super) struct Reading {
    parts: mpsc::Receiver<Part>,
    thread: JoinHandle<Result<()>>,
}

impl Reading {
    fn begin(file: SpooledTempFile, format: Format, packing: Packing) -> Self {
        let (sender, parts) = mpsc::channel(1);
        let thread = tokio::task::spawn_blocking(move || {
            let nobody = |_| Problem::unavailable("nobody reads on");
            read::read(file, format, packing, &mut |part| sender.blocking_send(part).map_err(nobody))
        });
        Self { parts, thread }
    }

    pub(super) async fn next(&mut self) -> Option<Part> {
        self.parts.recv().await
    }

    /// What the reading came to.
    pub(super) async fn end(&mut self) -> Result<()> {
        let broken = |_| {
            MALFORMED_REQUEST.because("The file can not be read: it is broken, or not what its type says.")
        };
        (&mut self.thread).await.map_err(broken)?
    }
}

/// Keeps rows until a job works them off.
pub(super) async fn keep(
    http: &HttpRequest,
    organization: Uuid,
    import: Uuid,
    number: i32,
    rows: &[Row],
) -> Result<()> {
    let content = serde_json::to_string(rows).map_err(Problem::internal)?;
    let keeping = async |db: &mut Db| {
        diesel::sql_query("insert into import_chunks (import_id, number, content) values ($1, $2, $3)")
            .bind::<SqlUuid, _>(import)
            .bind::<Integer, _>(number)
            .bind::<Text, _>(&content)
            .execute(db)
            .await?;
        Ok(())
    };
    app_data::<Database>(http).as_system(organization, keeping).await
}

/// The rows of a chunk.
pub(super) async fn chunk(db: &mut Db, import: Uuid, number: i32) -> Result<Vec<Row>> {
    #[derive(diesel::QueryableByName)]
    struct Chunk {
        #[diesel(sql_type = Text)]
        content: String,
    }
    let chunk: Chunk = diesel::sql_query(
        "select content from import_chunks where org_id = $1 and import_id = $2 and number = $3",
    )
    .bind::<SqlUuid, _>(db.organization())
    .bind::<SqlUuid, _>(import)
    .bind::<Integer, _>(number)
    .get_result(db)
    .await?;
    serde_json::from_str(&chunk.content).map_err(Problem::internal)
}

/// Forgets the chunks of an import.
pub(super) async fn forget(http: &HttpRequest, organization: Uuid, import: Uuid) -> Result<()> {
    app_data::<Database>(http).as_system(organization, async |db| forget_in(db, import).await).await
}

/// The same in a transaction that is under way.
pub(super) async fn forget_in(db: &mut Db, import: Uuid) -> Result<()> {
    diesel::sql_query("delete from import_chunks where org_id = $1 and import_id = $2")
        .bind::<SqlUuid, _>(db.organization())
        .bind::<SqlUuid, _>(import)
        .execute(db)
        .await?;
    Ok(())
}
