//! Everything of an organization as one archive, as it was at one moment.
use crate::layout::{Entry, FORMAT, Files, Head, Identity, Manifest, PART, Table, Tally};
use crate::spool::{Spool, spool};
use actix_web::body::BodyStream;
use actix_web::http::{StatusCode, header};
use actix_web::web;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use files::Filing;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::stream::StreamExt;
use identity::organizations::Organization;
use platform::api::OperationDoc;
use platform::database::Database;
use platform::may::{Grants, app_data};
use platform::prelude::*;
use platform::problem::TOO_MANY_REQUESTS;
use std::io::Write;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Archives that a process makes at a time.
static TURNS: Semaphore = Semaphore::const_new(2);

/// Takes some rows from the database.
const FETCH: &str = "fetch 500 from archive";

/// The table whose rows name contents, if there is one.
const CONTENTS: &str = "file_contents";

const TYPE: &str = "application/gzip";

/// An archive.
pub struct Archive;

impl Outcome for Archive {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(Answer::new(StatusCode::OK, Vec::new()))
    }

    fn describe(doc: &mut OperationDoc) {
        doc.answers_with("200", TYPE, "The archive");
    }
}

/// Export the organization
///
/// Everything of the organization as one archive, as it was at one moment: the rows of every table, the contents of files, all
/// events with their checkpoints. A tar packed with gzip; `archive.json` in it says what is there, `manifest.json` at its end
/// how many rows and with which SHA-256. `backoffice import-organization` reads it back into an empty installation, and
/// `backoffice verify-events` checks its events. It holds what the organization's people sign in with (as hashes), so it asks for a
/// sign-in within the last fifteen minutes: keep it as you keep a backup.
#[utoipa::path(get, path = "/v1/organization/export", tag = "Access")]
pub async fn export_organization(may: May<Export, Organization>) -> Reply<Archive> {
    let organization = may.read(async |db| Organization::find(db, db.organization()).await).await?;
    may.fresh()?;
    let turn = TURNS.try_acquire().map_err(|_| {
        TOO_MANY_REQUESTS
            .because("Other archives are being made: try again in a minute.")
            .with(header::RETRY_AFTER, "60")
    })?;
    let (spool, mut spooled) = spool().map_err(Problem::unavailable)?;
    let filing = may.http().app_data::<web::Data<Filing>>().cloned();
    let filing = filing.ok_or_else(|| Problem::internal("there is no store of files"))?;
    let making = Making {
        database: app_data::<Database>(may.http()).clone(),
        organization: Identity {
            id: organization.id,
            slug: organization.slug.clone(),
            name: organization.name,
        },
        filing,
        turn,
    };
    // On a thread of its own: it packs for minutes, and its connection is none that requests wait for.
    let making = move || making.run(spool);
    std::thread::Builder::new().name("archive".into()).spawn(making).map_err(Problem::unavailable)?;
    if !spooled.begins().await {
        return Err(Problem::unavailable("an archive was not begun"));
    }
    let name = format!("attachment; filename=\"{}.tar.gz\"", organization.slug);
    Ok(Answer::bytes(StatusCode::OK, TYPE, BodyStream::new(spooled.stream()))
        .with(header::CONTENT_DISPOSITION, &name)
        // It is packed already.
        .with(header::CONTENT_ENCODING, "identity"))
}

struct Making {
    database: Database,
    organization: Identity,
    filing: web::Data<Filing>,
    /// Given back when it is made.
    #[expect(dead_code, reason = "held for as long as it takes")]
    turn: SemaphorePermit<'static>,
}

impl Making {
    fn run(self, spool: Spool) {
        let made = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Problem::internal)
            .and_then(|runtime| runtime.block_on(self.make(spool)));
        match made {
            Ok(spool) => spool.end(),
            // The reader's answer breaks off.
            Err(problem) => log::warn!("an archive of {} was not finished: {problem}", self.organization.id),
        }
    }

    async fn make(&self, spool: Spool) -> Result<Spool> {
        let mut connection = self.database.apart().await?;
        // One snapshot for all, in which nothing is written; and all values written in one way.
        connection
            .batch_execute(
                "begin isolation level repeatable read read only; set local statement_timeout = '10min';
                set local timezone = 'UTC'; set local datestyle = 'ISO, MDY'; set local intervalstyle = 'postgres';
                set local bytea_output = 'hex'; set local extra_float_digits = 1",
            )
            .await?;
        let naming =
            diesel::sql_query("select enter_as_system($1, true)").bind::<SqlUuid, _>(self.organization.id);
        naming.execute(&mut connection).await?;

        let head = self.head(&mut connection).await?;
        let mut out = Writer { packed: GzEncoder::new(spool, Compression::fast()) };
        out.document(&Entry::Head, &head)?;
        let mut manifest = Manifest::default();
        for table in &head.tables {
            let tally = rows(&mut connection, &table.name, &mut out).await?;
            manifest.tables.push(tally.end());
        }
        manifest.files = self.files(&mut connection, &head, &mut out).await?;
        out.document(&Entry::Manifest, &manifest)?;
        connection.batch_execute("rollback").await?;
        out.end()
    }

    async fn head(&self, connection: &mut AsyncPgConnection) -> Result<Head> {
        #[derive(QueryableByName)]
        struct Moment {
            #[diesel(sql_type = Timestamptz)]
            now: DateTime<Utc>,
            #[diesel(sql_type = Text)]
            schema: String,
        }
        #[derive(QueryableByName)]
        struct Found {
            #[diesel(sql_type = Text)]
            name: String,
            #[diesel(sql_type = Array<Text>)]
            columns: Vec<String>,
        }
        let moment: Moment = diesel::sql_query(
            "select now() as now, max(version)::text as schema from __diesel_schema_migrations",
        )
        .get_result(connection)
        .await?;
        let tables: Vec<Found> =
            diesel::sql_query("select name, columns from archived_tables() order by name")
                .load(connection)
                .await?;
        Ok(Head {
            format: FORMAT,
            organization: self.organization.clone(),
            as_of: moment.now,
            schema: moment.schema,
            tables: tables.into_iter().map(|Found { name, columns }| Table { name, columns }).collect(),
        })
    }

    /// The contents that the organization's rows name.
    async fn files(
        &self,
        connection: &mut AsyncPgConnection,
        head: &Head,
        out: &mut Writer,
    ) -> Result<Files> {
        #[derive(QueryableByName)]
        struct Named {
            #[diesel(sql_type = SqlUuid)]
            id: Uuid,
            #[diesel(sql_type = BigInt)]
            size: i64,
        }
        let mut files = Files::default();
        if head.tables.iter().all(|table| table.name != CONTENTS) {
            return Ok(files);
        }
        let mut after = Uuid::nil();
        loop {
            let page = diesel::sql_query(
                "select id, size from file_contents where org_id = $1 and id > $2 order by id limit 1000",
            );
            let page: Vec<Named> = page
                .bind::<SqlUuid, _>(self.organization.id)
                .bind::<SqlUuid, _>(after)
                .load(connection)
                .await?;
            let Some(last) = page.last() else { return Ok(files) };
            after = last.id;
            for Named { id, size } in page {
                let size = size.cast_unsigned();
                let storage = &self.filing.storage;
                // One that the store has lost keeps nobody from taking the others.
                if storage.size(self.organization.id, id).await?.is_none() {
                    files.missing.push(id);
                    continue;
                }
                let mut bytes = storage.read(self.organization.id, id, None).await?;
                out.begin(&Entry::File(id), size)?;
                let mut sent = 0;
                while let Some(piece) = bytes.next().await {
                    let piece = piece.map_err(Problem::unavailable)?;
                    sent += piece.len() as u64;
                    if sent > size {
                        return Err(Problem::internal(format!("file {id} is longer than its row says")));
                    }
                    out.write(&piece)?;
                }
                if sent < size {
                    return Err(Problem::internal(format!("file {id} is shorter than its row says")));
                }
                out.pad(size)?;
                files.count += 1;
                files.bytes += size;
            }
        }
    }
}

/// The organization's rows of a table, in parts; never more of them in memory than one part.
async fn rows(connection: &mut AsyncPgConnection, table: &str, out: &mut Writer) -> Result<Tally> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    diesel::sql_query("select open_archive($1)").bind::<Text, _>(table).execute(connection).await?;
    let mut tally = Tally::new(table);
    let (mut part, mut rows, mut number) = (Vec::new(), 0, 1);
    loop {
        let lines: Vec<Line> = diesel::sql_query(FETCH).load(connection).await?;
        let is_end = lines.is_empty();
        for Line { line } in lines {
            part.extend_from_slice(line.as_bytes());
            part.push(b'\n');
            rows += 1;
        }
        if part.len() >= PART || is_end && rows > 0 {
            tally.add(rows, &part);
            out.part(&Entry::Rows { table: table.to_owned(), number }, &part)?;
            part.clear();
            (rows, number) = (0, number + 1);
        }
        if is_end {
            connection.batch_execute("close archive").await?;
            return Ok(tally);
        }
    }
}

/// Writes the tar, and packs it.
struct Writer {
    packed: GzEncoder<Spool>,
}

impl Writer {
    fn document(&mut self, entry: &Entry, document: &impl Serialize) -> Result<()> {
        self.part(entry, &serde_json::to_vec_pretty(document).map_err(Problem::internal)?)
    }

    fn part(&mut self, entry: &Entry, bytes: &[u8]) -> Result<()> {
        self.begin(entry, bytes.len() as u64)?;
        self.write(bytes)?;
        self.pad(bytes.len() as u64)
    }

    fn begin(&mut self, entry: &Entry, size: u64) -> Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_path(entry.name()).map_err(Problem::internal)?;
        header.set_size(size);
        header.set_mode(0o600);
        header.set_cksum();
        self.write(header.as_bytes())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.packed.write_all(bytes).map_err(Problem::unavailable)
    }

    /// What follows begins at a multiple of 512.
    fn pad(&mut self, size: u64) -> Result<()> {
        let missing = usize::try_from(size.next_multiple_of(512) - size).unwrap_or_default();
        self.write(&[0; 512][..missing])
    }

    /// Two empty blocks are the end.
    fn end(mut self) -> Result<Spool> {
        self.write(&[0; 1024])?;
        self.packed.finish().map_err(Problem::unavailable)
    }
}
