//! An archive read back into an empty installation: every row as it was, with its id, version, times and makers, and every
//! file; or nothing at all.
use crate::layout::{Head, Manifest};
use crate::read::{Refusal, Taker, read};
use actix_web::web::Bytes;
use diesel::QueryableByName;
use diesel::result::Error;
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use files::Storage;
use platform::problem::Problem;
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::Path;
use uuid::Uuid;

/// Bytes of a file handed on at a time.
const PIECE: usize = 256 * 1024;

/// What was read in.
#[derive(Debug)]
pub struct Imported {
    /// The organization.
    pub slug: String,
    pub name: String,
    pub rows: u64,
    pub files: u64,
    /// Files whose content the exporting installation had lost.
    pub missing_files: usize,
}

/// Reads the archive in, in one transaction, as the owner of the tables.
///
/// # Errors
/// A sentence on what is wrong with the archive or the installation; nothing of it is there then.
pub async fn import(connection: &mut AsyncPgConnection, storage: &Storage, path: &Path) -> Refusal<Imported> {
    connection.batch_execute("begin").await.map_err(told)?;
    let mut importing =
        Importing { connection, storage, head: None, foreign_keys: Vec::new(), written: Vec::new(), rows: 0 };
    let done = match read(path, &mut importing).await {
        Ok(manifest) => importing.connection.batch_execute("commit").await.map_err(told).map(|()| manifest),
        Err(why) => Err(why),
    };
    let Importing { connection, head, written, rows, .. } = importing;
    match (done, head) {
        (Ok(manifest), Some(head)) => Ok(Imported {
            slug: head.organization.slug,
            name: head.organization.name,
            rows,
            files: manifest.files.count,
            missing_files: manifest.files.missing.len(),
        }),
        (Ok(_), None) => Err("the archive is empty".into()),
        (Err(why), head) => {
            let _ = connection.batch_execute("rollback").await;
            if let Some(head) = head {
                for id in written {
                    if let Err(problem) = storage.remove(head.organization.id, id).await {
                        log::warn!("file {id} was left behind in the store: {problem}");
                    }
                }
            }
            Err(why)
        }
    }
}

struct Importing<'a> {
    connection: &'a mut AsyncPgConnection,
    storage: &'a Storage,
    head: Option<Head>,
    /// Those that wait for the end while rows come in, as statements that put them back.
    foreign_keys: Vec<String>,
    written: Vec<Uuid>,
    rows: u64,
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// A table of this installation, and its columns.
#[derive(QueryableByName)]
struct Here {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Array<Text>)]
    columns: Vec<String>,
}

/// What the database says; its detail, which may hold values of rows, is left out.
fn told(error: Error) -> String {
    match error {
        Error::DatabaseError(_, info) => match (info.table_name(), info.constraint_name()) {
            (Some(table), Some(constraint)) => format!("{} ({table}, {constraint})", info.message()),
            _ => info.message().to_owned(),
        },
        other => other.to_string(),
    }
}

impl Importing<'_> {
    async fn lines(&mut self, sql: &str) -> Refusal<Vec<String>> {
        let lines: Vec<Line> = diesel::sql_query(sql).load(self.connection).await.map_err(told)?;
        Ok(lines.into_iter().map(|each| each.line).collect())
    }

    /// Contents that rows speak of, and that neither came nor are said to have been lost.
    async fn count_missing(&mut self, organization: Uuid, lost: &[Uuid]) -> Refusal<i64> {
        #[derive(QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let missing = diesel::sql_query(
            "select count(*) as count from file_contents where org_id = $1 and not id = any($2) and not id = any($3)",
        );
        let missing = missing
            .bind::<SqlUuid, _>(organization)
            .bind::<Array<SqlUuid>, _>(&self.written)
            .bind::<Array<SqlUuid>, _>(lost);
        Ok(missing.get_result::<Count>(self.connection).await.map_err(told)?.count)
    }

    async fn execute(&mut self, sql: &str) -> Refusal<()> {
        self.connection.batch_execute(sql).await.map_err(told)
    }
}

impl Taker for Importing<'_> {
    async fn head(&mut self, head: &Head) -> Refusal<()> {
        let schema =
            self.lines("select max(version)::text as line from __diesel_schema_migrations").await?.concat();
        if schema != head.schema {
            return Err(format!(
                "the archive was made at the migration {}, and this installation is at {}: use the program that made it, and upgrade afterwards",
                head.schema, schema
            ));
        }
        self.execute("lock table organization_slugs in exclusive mode").await?;
        if let Some(slug) = self.lines("select slug as line from organization_slugs limit 1").await?.pop() {
            return Err(format!(
                "the organization `{slug}` is here already: an archive is read into an empty installation"
            ));
        }
        let here: Vec<Here> = diesel::sql_query("select name, columns from archived_tables() order by name")
            .load(self.connection)
            .await
            .map_err(told)?;
        let same = here.len() == head.tables.len()
            && here
                .iter()
                .zip(&head.tables)
                .all(|(here, there)| here.name == there.name && here.columns == there.columns);
        if !same {
            return Err("its tables are not those of this installation".into());
        }
        diesel::sql_query("select enter_as_system($1, true)")
            .bind::<SqlUuid, _>(head.organization.id)
            .execute(self.connection)
            .await
            .map_err(told)?;
        // Triggers have run where the rows come from: none is to count versions, write events or fill tables a second time.
        for table in &head.tables {
            self.execute(&format!("alter table \"{}\" disable trigger user", table.name)).await?;
        }
        // Rows refer to others that come later. Keys are checked all the same, at the end.
        let waiting = "from pg_constraint c where c.contype = 'f' and c.conparentid = 0
            and c.connamespace = 'public'::regnamespace and not c.condeferrable";
        let alter =
            "'alter table ' || c.conrelid::regclass || ' alter constraint ' || quote_ident(c.conname)";
        for statement in self
            .lines(&format!("select {alter} || ' deferrable initially deferred' as line {waiting}"))
            .await?
        {
            // Told before, since afterwards they can not be told from those that always wait.
            self.foreign_keys.push(statement.replace(" deferrable initially deferred", " not deferrable"));
            self.execute(&statement).await?;
        }
        self.execute("set constraints all deferred").await?;
        self.head = Some(head.clone());
        Ok(())
    }

    async fn rows(&mut self, table: &str, lines: &str) -> Refusal<()> {
        let head = self.head.as_ref().ok_or("rows before the head")?;
        let columns = head
            .tables
            .iter()
            .find(|each| each.name == table)
            .map(|each| each.columns.clone())
            .unwrap_or_default();
        let quoted: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
        let quoted = quoted.join(", ");
        let owner = ["org_id", "organization_id"]
            .into_iter()
            .find(|owner| columns.iter().any(|column| column == owner));
        // Of the organization alone; what is another's is not inserted, and missed below.
        let own = owner.map(|owner| format!("where {owner} = $2")).unwrap_or_default();
        let count = lines.lines().count();
        let rows = format!("[{}]", lines.lines().collect::<Vec<_>>().join(","));
        let insert = format!(
            "with given as (select {quoted} from json_populate_recordset(null::\"{table}\", $1::json) {own})
            insert into \"{table}\" ({quoted}) overriding system value select {quoted} from given where $2 is not null"
        );
        let inserted = diesel::sql_query(insert)
            .bind::<Text, _>(rows)
            .bind::<SqlUuid, _>(head.organization.id)
            .execute(self.connection)
            .await
            .map_err(|error| format!("the rows of {table} do not fit in: {}", told(error)))?;
        if inserted != count {
            return Err(format!("{} rows of {table} are not the organization's", count.abs_diff(inserted)));
        }
        self.rows += inserted as u64;
        Ok(())
    }

    async fn file(&mut self, id: Uuid, size: u64, content: &mut dyn Read) -> Refusal<()> {
        #[derive(QueryableByName)]
        struct Row {
            #[diesel(sql_type = Text)]
            sha256: String,
            #[diesel(sql_type = BigInt)]
            size: i64,
        }
        let organization = self.head.as_ref().ok_or("a file before the head")?.organization.id;
        let row = diesel::sql_query("select sha256, size from file_contents where org_id = $1 and id = $2")
            .bind::<SqlUuid, _>(organization)
            .bind::<SqlUuid, _>(id);
        let row: Option<Row> =
            diesel::OptionalExtension::optional(row.get_result(self.connection).await).map_err(told)?;
        let row = row
            .filter(|row| row.size.cast_unsigned() == size)
            .ok_or_else(|| format!("no row speaks of the file {id}"))?;
        let kept = |problem: Problem| format!("the file {id} was not kept: {problem}");
        self.written.push(id);
        let mut writing = self.storage.begin(organization, id).await.map_err(kept)?;
        let (mut hash, mut piece) = (Sha256::new(), vec![0; PIECE]);
        loop {
            let count =
                content.read(&mut piece).map_err(|error| format!("the archive is damaged: {error}"))?;
            let Some(bytes) = piece.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
            hash.update(bytes);
            writing.write(Bytes::copy_from_slice(bytes)).await.map_err(kept)?;
        }
        if crate::layout::hex(&hash.finalize()) != row.sha256 {
            writing.give_up().await;
            return Err(format!("the file {id} is not the one that was exported"));
        }
        writing.finish().await.map_err(kept)
    }

    async fn manifest(&mut self, manifest: &Manifest) -> Refusal<()> {
        let head = self.head.clone().ok_or("a manifest before the head")?;
        if self.lines("select slug as line from organization_slugs").await?
            != [head.organization.slug.clone()]
        {
            return Err("the archive is not of the organization that it names".into());
        }
        let missing = self.count_missing(head.organization.id, &manifest.files.missing).await?;
        if missing > 0 {
            return Err(format!("{missing} files that the rows speak of are missing"));
        }
        self.execute("set constraints all immediate")
            .await
            .map_err(|why| format!("its rows do not fit together: {why}"))?;
        for statement in std::mem::take(&mut self.foreign_keys) {
            self.execute(&statement).await?;
        }
        for table in &head.tables {
            self.execute(&format!("alter table \"{}\" enable trigger user", table.name)).await?;
        }
        // What counts by itself goes on behind what came in.
        let counted = "select format('select setval(%L, max(%I)) from %I having max(%I) is not null',
                pg_get_serial_sequence(quote_ident(t.name), a.attname), a.attname, t.name, a.attname) as line
            from archived_tables() t join pg_attribute a on a.attrelid = t.name::regclass and a.attidentity <> '' and not a.attisdropped";
        for statement in self.lines(counted).await? {
            self.execute(&statement).await?;
        }
        // The transactions that number the events were another cluster's.
        self.execute("update events_cluster set system = 0; select count_events_on()").await
    }
}
