//! Rows become resources: one statement for a batch, and, where the database refuses it, the halves of it until the rows
//! are found that are to blame.
use super::columns::Columns;
use super::imports::ImportFault;
use super::work::{Entry, Report, State, told};
use crate::database::Db;
use crate::problem::{Problem, Result};
use crate::store::Kept;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Integer, Jsonb, Text, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use uuid::Uuid;

/// A row to be.
pub(super) struct Creation<R: Kept> {
    pub at: usize,
    pub line: u32,
    pub id: Uuid,
    pub fields: Map<String, Value>,
    pub new: R::New,
}

/// A change of a row, and how the row was.
pub(super) struct Change {
    pub at: usize,
    pub line: u32,
    pub id: Uuid,
    pub before: Map<String, Value>,
    pub fields: Map<String, Value>,
}

pub(super) struct Writer<'a> {
    pub columns: &'a Columns,
    pub import: Uuid,
    /// The field by which rows refer to others of the same resource.
    pub itself: String,
    pub report: &'a mut Report,
}

/// Something that is written with others, and can be to blame.
trait Piece {
    fn at(&self) -> usize;
    fn line(&self) -> u32;
}
impl<R: Kept> Piece for Creation<R> {
    fn at(&self) -> usize {
        self.at
    }
    fn line(&self) -> u32 {
        self.line
    }
}
impl Piece for Change {
    fn at(&self) -> usize {
        self.at
    }
    fn line(&self) -> u32 {
        self.line
    }
}

impl Writer<'_> {
    pub(super) async fn create<R: Kept>(
        &mut self,
        db: &mut Db,
        entries: &mut [Entry],
        rows: Vec<Creation<R>>,
    ) -> Result<()> {
        let import = self.import;
        self.report.created += self
            .halve(db, entries, &rows, async |db: &mut Db, rows: &[Creation<R>]| {
                create(db, import, rows).await
            })
            .await?;
        Ok(())
    }

    pub(super) async fn change<R: Kept>(
        &mut self,
        db: &mut Db,
        entries: &mut [Entry],
        rows: Vec<Change>,
    ) -> Result<()> {
        // Rows that change the same fields are one statement: a field that stays is not touched.
        let kinds: BTreeSet<Vec<String>> =
            rows.iter().map(|row| row.fields.keys().cloned().collect()).collect();
        let mut rows = rows;
        for kind in kinds {
            let (same, others): (Vec<Change>, Vec<Change>) =
                rows.into_iter().partition(|row| row.fields.keys().eq(kind.iter()));
            rows = others;
            let import = self.import;
            self.report.changed += self
                .halve(db, entries, &same, async |db: &mut Db, rows: &[Change]| {
                    change::<R>(db, import, &kind, rows).await
                })
                .await?;
        }
        Ok(())
    }

    /// Writes the rows, those aside that are to blame. Answers how many were written.
    async fn halve<P: Piece>(
        &mut self,
        db: &mut Db,
        entries: &mut [Entry],
        rows: &[P],
        write: impl AsyncFn(&mut Db, &[P]) -> Result<()>,
    ) -> Result<usize> {
        let mut written = 0;
        let mut parts = if rows.is_empty() { Vec::new() } else { vec![(0, rows.len())] };
        while let Some((from, to)) = parts.pop() {
            if to - from == 1 && self.follows_a_refused(entries, &rows[from]) {
                continue;
            }
            db.batch_execute("savepoint rows").await?;
            match write(db, &rows[from..to]).await {
                Ok(()) => {
                    db.batch_execute("release savepoint rows").await?;
                    written += to - from;
                    rows[from..to].iter().for_each(|row| entries[row.at()].state = State::Written);
                }
                Err(problem) if problem.is_of_the_caller() => {
                    db.batch_execute("rollback to savepoint rows; release savepoint rows").await?;
                    if to - from == 1 {
                        let row = &rows[from];
                        entries[row.at()].state = State::Refused;
                        self.report.refuse(told(self.columns, row.line(), problem));
                    } else {
                        let middle = from.midpoint(to);
                        // The first half comes first: in it stand those above.
                        parts.extend([(middle, to), (from, middle)]);
                    }
                }
                Err(problem) => return Err(problem),
            }
        }
        Ok(written)
    }

    fn follows_a_refused<P: Piece>(&mut self, entries: &mut [Entry], row: &P) -> bool {
        let above = entries[row.at()].above();
        let refused = above.map(|above| &entries[above]).filter(|above| above.state == State::Refused);
        let Some(line) = refused.map(Entry::line) else { return false };
        entries[row.at()].state = State::Refused;
        let rule = format!("line {line}, to which it refers, is refused");
        let column = self.columns.header_of(&self.itself);
        self.report.refuse(vec![ImportFault::of_cell(row.line(), &column, "unknown-reference", rule)]);
        true
    }
}

/// New rows in one statement, where the resource is one table; else as it creates them. What was written is noted.
async fn create<R: Kept>(db: &mut Db, import: Uuid, rows: &[Creation<R>]) -> Result<()> {
    let Some(table) = R::BULK else {
        let made = R::create_all(db, rows.iter().map(|row| (row.id, row.new.clone())).collect()).await?;
        let written: Vec<_> =
            made.iter().zip(rows).map(|(made, row)| (made.id(), made.version(), row.line)).collect();
        return note(db, import, &written).await;
    };
    let columns: BTreeSet<&String> = rows.iter().flat_map(|row| row.fields.keys()).collect();
    let defaults = defaults(db, table).await?;
    // Rows of a batch need not give the same; what one leaves out is what it would be in a create.
    let values: Vec<String> = columns
        .iter()
        .map(|column| match defaults.iter().find(|each| each.name == **column) {
            Some(each) => format!("coalesce(\"{column}\", {})", each.value),
            None => format!("\"{column}\""),
        })
        .collect();
    let values = values.join(", ");
    let columns: Vec<String> = columns.into_iter().map(|column| format!("\"{column}\"")).collect();
    let (mut given, mut ids, mut lines) =
        (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in rows {
        let mut fields = row.fields.clone();
        fields.insert("id".into(), Value::from(row.id.to_string()));
        given.push(Value::Object(fields));
        ids.push(row.id);
        lines.push(row.line.cast_signed());
    }
    let columns = columns.join(", ");
    diesel::sql_query(format!(
        "with written as (
            insert into {table} (org_id, id, {columns})
            select $1, id, {values} from jsonb_populate_recordset(null::{table}, $2) returning id, version
        )
        insert into import_rows (org_id, import_id, resource_id, version, line)
        select $1, $3, w.id, w.version, l.line from written w join unnest($4, $5) l(id, line) on l.id = w.id"
    ))
    .bind::<SqlUuid, _>(db.organization())
    .bind::<Jsonb, _>(Value::Array(given))
    .bind::<SqlUuid, _>(import)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Integer>, _>(lines)
    .execute(db)
    .await?;
    Ok(())
}

/// What a column holds where a row gives nothing for it.
#[derive(QueryableByName)]
struct Default {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    value: String,
}

async fn defaults(db: &mut Db, table: &str) -> Result<Vec<Default>> {
    let defaults = diesel::sql_query(
        "select a.attname::text as name, pg_get_expr(d.adbin, d.adrelid) as value
        from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum where d.adrelid = $1::regclass",
    );
    Ok(defaults.bind::<Text, _>(table).load(db).await?)
}

/// The same fields of several rows, in one statement.
async fn change<R: Kept>(db: &mut Db, import: Uuid, columns: &[String], rows: &[Change]) -> Result<()> {
    let Some(table) = R::BULK else {
        let mut written = Vec::with_capacity(rows.len());
        for row in rows {
            let there = R::lock(db, row.id).await?;
            let edit = crate::input::check::<R::Edit>(Value::Object(row.fields.clone()))?;
            let changed = R::change(db, there, edit).await?;
            written.push((changed.id(), changed.version(), row.line));
        }
        return note(db, import, &written).await;
    };
    let set: Vec<String> = columns.iter().map(|column| format!("\"{column}\" = g.\"{column}\"")).collect();
    let (mut given, mut ids, mut lines) =
        (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
    for row in rows {
        let mut fields = row.fields.clone();
        fields.insert("id".into(), Value::from(row.id.to_string()));
        given.push(Value::Object(fields));
        ids.push(row.id);
        lines.push(row.line.cast_signed());
    }
    let written = diesel::sql_query(format!(
        "with written as (
            update {table} t set {} from jsonb_populate_recordset(null::{table}, $2) g
            where t.org_id = $1 and t.id = g.id returning t.id, t.version
        )
        insert into import_rows (org_id, import_id, resource_id, version, line)
        select $1, $3, w.id, w.version, l.line from written w join unnest($4, $5) l(id, line) on l.id = w.id",
        set.join(", ")
    ))
    .bind::<SqlUuid, _>(db.organization())
    .bind::<Jsonb, _>(Value::Array(given))
    .bind::<SqlUuid, _>(import)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<Integer>, _>(lines)
    .execute(db)
    .await?;
    // Seen and not written: the permission reaches less far to write.
    if written == rows.len() { Ok(()) } else { Err(Problem::not_found()) }
}

async fn note(db: &mut Db, import: Uuid, written: &[(Uuid, i64, u32)]) -> Result<()> {
    let (ids, rest): (Vec<Uuid>, Vec<(i64, i32)>) =
        written.iter().map(|(id, version, line)| (*id, (*version, line.cast_signed()))).unzip();
    let (versions, lines): (Vec<i64>, Vec<i32>) = rest.into_iter().unzip();
    diesel::sql_query(
        "insert into import_rows (org_id, import_id, resource_id, version, line) select $1, $2, id, version, line from unnest($3, $4, $5) l(id, version, line)",
    )
    .bind::<SqlUuid, _>(db.organization())
    .bind::<SqlUuid, _>(import)
    .bind::<Array<SqlUuid>, _>(ids)
    .bind::<Array<BigInt>, _>(versions)
    .bind::<Array<Integer>, _>(lines)
    .execute(db)
    .await?;
    Ok(())
}
