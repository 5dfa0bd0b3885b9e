//! What became of the files that were sent: counts, faults, and the way back.
use super::columns::Plan;
use super::mappings::listed;
use super::work::Report;
use super::{ImportMode, OnError, Taking, importer};
use crate::prelude::*;
use crate::problem::{CONFLICT, FORBIDDEN, IN_USE, INVALID_INPUT};
use diesel::deserialize::{FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{IsNull, Output, ToSql};
use diesel::sql_types::{Array, BigInt, Bool, Integer, Jsonb, Text, Uuid as SqlUuid};
use schema::imports;
use serde_json::{Map, Value};

text_enum! {
    /// Where an import stands.
    pub enum ImportStatus { Waiting = "waiting", Done = "done", Failed = "failed", Cancelled = "cancelled", Undone = "undone" }
}
text_enum! {
    /// What becomes of a row.
    pub enum ImportAction { Created = "created", Changed = "changed" }
}

/// What is wrong with a row, or with one of its cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportFault {
    /// The row's number as a spreadsheet shows it; of NDJSON the line's.
    #[schema(minimum = 1, example = 7)]
    pub line: u32,
    /// The column, as the file's first line names it; null where the row as a whole is meant.
    #[schema(max_length = 200, example = "hired_on")]
    pub column: Option<String>,
    /// The rule that is broken, for programs.
    #[schema(max_length = 100, example = "wrong-format")]
    pub code: String,
    /// The rule in words.
    #[schema(max_length = 1000, example = "must be a day as YYYY-MM-DD, from 1900 to 2200")]
    pub detail: String,
}

impl ImportFault {
    /// As a problem tells it: by line and column.
    pub(super) fn told(self) -> Fault {
        let (pointer, place) = match &self.column {
            Some(column) => (
                format!("/{}/{}", self.line, crate::text::escaped(column)),
                format!("line {}, column {column}: ", self.line),
            ),
            None => (format!("/{}", self.line), format!("line {}: ", self.line)),
        };
        Fault::at(pointer, &self.code, format!("{place}{}", self.detail))
    }
    pub(super) fn of_row(line: u32, code: &str, detail: &str) -> Self {
        Self { line, column: None, code: code.to_owned(), detail: detail.to_owned() }
    }
    pub(super) fn of_cell(line: u32, column: &str, code: &str, detail: impl Into<String>) -> Self {
        let column = column.chars().take(200).collect();
        Self {
            line,
            column: Some(column),
            code: code.to_owned(),
            detail: detail.into().chars().take(1000).collect(),
        }
    }
}

/// What a dry run shows of a row that would be created or changed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportChange {
    /// The row's number as a spreadsheet shows it.
    #[schema(minimum = 1, example = 2)]
    pub line: u32,
    pub action: ImportAction,
    /// The row that would be changed; null where it would be created.
    #[schema(example = json!(null))]
    pub id: Option<Uuid>,
    /// Field by field: `{"phone": {"before": null, "after": "+40 21 555 0100"}}`.
    #[schema(value_type = Object, example = json!({"phone": {"before": null, "after": "+40 21 555 0100"}}))]
    pub fields: Value,
}

/// What was taken, and may not be what was meant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportNotice {
    /// The first row that it is about, as a spreadsheet shows it.
    #[schema(minimum = 1, example = 2)]
    pub line: u32,
    /// The column, as the file's first line names it.
    #[schema(max_length = 200, example = "employee_number")]
    pub column: String,
    /// What was found, in words.
    #[schema(max_length = 1000, example = "holds numbers where text belongs")]
    pub detail: String,
}

impl ImportNotice {
    pub(super) fn number_for_text(line: u32, column: &str) -> Self {
        let detail = "holds numbers where text belongs: zeros in front are lost, and long numbers rounded. Give the column the format Text in the spreadsheet.";
        Self { line, column: column.chars().take(200).collect(), detail: detail.to_owned() }
    }
    pub(super) fn not_taken(line: u32, column: &str) -> Self {
        let detail = "is not taken for new rows: it is set by the service, or by actions.";
        Self { line, column: column.chars().take(200).collect(), detail: detail.to_owned() }
    }
}

listed! {
    /// Faults, the first of them.
    ImportFaults of ImportFault;
    /// Changes, the first of them.
    ImportChanges of ImportChange;
    /// Notices.
    ImportNotices of ImportNotice;
}

/// A file that was sent to become resources.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = imports)]
pub struct Import {
    pub id: Uuid,
    pub version: i64,
    /// What its rows are.
    #[schema(max_length = 100, example = "employees")]
    resource: String,
    status: ImportStatus,
    mode: ImportMode,
    on_error: OnError,
    /// Whether it only shows what it would do.
    dry_run: bool,
    /// Rows of the file, the header left out.
    #[schema(minimum = 0, example = 2)]
    row_count: i32,
    /// Rows that were created, or would be.
    #[schema(minimum = 0, example = 2)]
    created: i32,
    /// Rows that were changed, or would be.
    #[schema(minimum = 0, example = 0)]
    changed: i32,
    /// Rows that say what is so already.
    #[schema(minimum = 0, example = 0)]
    unchanged: i32,
    /// Rows that break a rule.
    #[schema(minimum = 0, example = 0)]
    refused: i32,
    /// What is wrong with them, the first hundred faults; `refused` counts all rows.
    #[schema(value_type = Vec<ImportFault>, max_items = 100, example = json!([]))]
    faults: ImportFaults,
    /// What a dry run would create and change, the first hundred of each.
    #[schema(value_type = Vec<ImportChange>, max_items = 200, example = json!([]))]
    changes: ImportChanges,
    /// What was taken, and may not be what was meant; once for each column.
    #[schema(value_type = Vec<ImportNotice>, max_items = 100, example = json!([]))]
    notices: ImportNotices,
    /// The job that works it off, which tells how far it is and can be cancelled; null where the file was small.
    #[schema(example = json!(null))]
    job_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ImportFilter {
    /// Only imports in this state.
    #[param(inline)]
    status: Option<ImportStatus>,
    /// Only imports of this resource.
    #[param(min_length = 1, max_length = 100)]
    resource: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("waiting", "Its job works it off, or will; until that is done, nothing of it is seen."),
        ("done", "Its rows are in, those aside that `refused` counts."),
        (
            "failed",
            "It was refused as a whole, and left nothing behind; `faults` says why, or the problem of its job.",
        ),
        ("cancelled", "Its job was cancelled, and it left nothing behind."),
        ("undone", "What it created is gone again, and what it changed is as it was before."),
    ],
    steps: &[Step { action: "undo", from: &["done"], to: "undone", verb: "write" }],
};

impl Named for Import {
    const NAME: &'static str = "imports";
}

impl Resource for Import {
    const PATH: &'static str = "/v1/imports";
    const SINGULAR: &'static str = "import";
    const TAG: &'static str = "Imports";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = ImportFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn life() -> Option<&'static Life> {
        Some(&LIFE)
    }
    fn state(&self) -> Option<&'static str> {
        Some(self.status.as_str())
    }
}

impl Stored for Import {
    type Table = imports::table;
    const TABLE: &'static str = "imports";
    const SEARCHED: &'static [&'static str] = &["resource"];

    fn narrow(rows: Rows<Self>, by: ImportFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(imports::status.eq(status)))
            .when(by.resource, |rows, resource| rows.filter(imports::resource.eq(resource)))
    }
}

fn count(rows: usize) -> i32 {
    i32::try_from(rows).unwrap_or(i32::MAX)
}

impl Import {
    pub(super) fn is_waiting(&self) -> bool {
        self.status == ImportStatus::Waiting
    }
    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }
    pub(super) fn rows(&self) -> i32 {
        self.row_count
    }

    /// A small file, done in its request.
    pub(super) async fn done<R: Resource>(
        db: &mut Db,
        id: Uuid,
        plan: &Plan,
        dry_run: bool,
        rows: usize,
        report: Report,
    ) -> Result<Self> {
        let is_refused = plan.on_error == OnError::Stop && report.refused > 0;
        let status = if is_refused { ImportStatus::Failed } else { ImportStatus::Done };
        let done = (
            (
                imports::id.eq(id),
                imports::resource.eq(R::FILES),
                imports::status.eq(status),
                imports::mode.eq(plan.mode),
            ),
            (
                imports::on_error.eq(plan.on_error),
                imports::dry_run.eq(dry_run),
                imports::row_count.eq(count(rows)),
            ),
            (imports::created.eq(count(report.created)), imports::changed.eq(count(report.changed))),
            (imports::unchanged.eq(count(report.unchanged)), imports::refused.eq(count(report.refused))),
            (
                imports::faults.eq(ImportFaults(report.faults)),
                imports::notices.eq(ImportNotices(report.notices)),
            ),
            imports::changes.eq(ImportChanges(if dry_run { report.changes } else { Vec::new() })),
        );
        Ok(diesel::insert_into(imports::table)
            .values(done)
            .returning(Self::as_returning())
            .get_result(db)
            .await?)
    }

    /// A large one, taken in.
    pub(super) async fn wait<R: Resource>(
        db: &mut Db,
        id: Uuid,
        kept: &Taking,
        dry_run: bool,
        rows: usize,
        job: Uuid,
    ) -> Result<Self> {
        let waiting = (
            (imports::id.eq(id), imports::resource.eq(R::FILES), imports::mode.eq(kept.plan.mode)),
            (
                imports::on_error.eq(kept.plan.on_error),
                imports::dry_run.eq(dry_run),
                imports::row_count.eq(count(rows)),
            ),
            (
                imports::job_id.eq(job),
                imports::plan.eq(serde_json::to_value(kept).map_err(Problem::internal)?),
            ),
        );
        Ok(diesel::insert_into(imports::table)
            .values(waiting)
            .returning(Self::as_returning())
            .get_result(db)
            .await?)
    }

    /// The import that a job is to work off, locked; none where that was done, or is not wanted any more.
    pub(super) async fn start(db: &mut Db, id: Uuid) -> Result<Option<(Self, Taking)>> {
        let waiting = imports::table
            .find((db.organization(), id))
            .filter(imports::status.eq(ImportStatus::Waiting))
            .select((Self::as_select(), imports::plan))
            .for_no_key_update();
        let found: Option<(Self, Option<Value>)> = waiting.get_result(db).await.optional()?;
        let Some((import, Some(kept))) = found else { return Ok(None) };
        Ok(Some((import, serde_json::from_value(kept).map_err(Problem::internal)?)))
    }

    pub(super) async fn finish(db: &mut Db, id: Uuid, is_refused: bool, report: &Report) -> Result<()> {
        let status = if is_refused { ImportStatus::Failed } else { ImportStatus::Done };
        let done = (
            (imports::status.eq(status), imports::plan.eq(None::<Value>)),
            (imports::created.eq(count(report.created)), imports::changed.eq(count(report.changed))),
            (imports::unchanged.eq(count(report.unchanged)), imports::refused.eq(count(report.refused))),
            (
                imports::faults.eq(ImportFaults(report.faults.clone())),
                imports::notices.eq(ImportNotices(report.notices.clone())),
            ),
            imports::changes.eq(ImportChanges(report.changes.clone())),
        );
        diesel::update(imports::table.find((db.organization(), id))).set(done).execute(db).await?;
        Ok(())
    }
}

impl Report {
    /// All of it refused: the faults, by line and column.
    pub(super) fn refusal(self) -> Problem {
        let more = if self.fault_count > self.faults.len() {
            format!(" These are the first {} of {}.", self.faults.len(), self.fault_count)
        } else {
            String::new()
        };
        let rows = if self.refused == 1 {
            "One row breaks a rule".to_owned()
        } else {
            format!("{} rows break a rule", self.refused)
        };
        let detail = format!(
            "Nothing was imported: {rows}. Correct what `errors` lists by line and column, or send `on_error=skip`.{more}"
        );
        let mut problem = INVALID_INPUT.because(detail);
        problem.errors = self.faults.into_iter().map(ImportFault::told).collect();
        problem
    }

    pub(super) fn counts(&self) -> Value {
        json!({"created": self.created, "changed": self.changed, "unchanged": self.unchanged, "refused": self.refused})
    }
}

/// Undo an import
///
/// Deletes what it created and puts back what it changed, as one: only where nothing has changed it since. Else 409 names
/// which rows, and nothing is undone. It takes the permission to write the resource of its rows, too.
#[utoipa::path(post, path = "/v1/imports/{id}/undo", tag = "Imports")]
async fn undo_import(may: May<Write, Import>, id: Id<Import>) -> Reply<Import> {
    may.write(async |db| {
        let import = lock(&may, db, &id).await?;
        LIFE.step(import.status.as_str(), "undo")?;
        let importer = importer(&import.resource)?;
        if !import.dry_run {
            let held = reach_as(db, may.claims().sid, importer.resource).await?;
            if !held {
                return Err(
                    FORBIDDEN.because(format!("This needs the permission `{}:write`.", importer.resource))
                );
            }
            super::patiently(db).await?;
            (importer.undo)(db, import.id).await?;
            reach_as(db, may.claims().sid, Import::NAME).await?;
        }
        let one = imports::table.find((db.organization(), import.id));
        let undone = diesel::update(one).set(imports::status.eq(ImportStatus::Undone));
        Ok(undone.returning(Import::as_returning()).get_result(db).await?)
    })
    .await
}

/// Goes on with the reach that the session holds to write this resource; whether it holds any.
async fn reach_as(db: &mut Db, session: Uuid, resource: &str) -> Result<bool> {
    #[derive(diesel::QueryableByName)]
    struct Held {
        #[diesel(sql_type = Bool)]
        held: bool,
    }
    let held: Held = diesel::sql_query("select reach_as($1, 'write', $2) as held")
        .bind::<SqlUuid, _>(session)
        .bind::<Text, _>(resource)
        .get_result(db)
        .await?;
    Ok(held.held)
}

/// Refuses the way back where anything has changed a row since, and locks the rows.
async fn refuse_what_changed<R: Kept>(db: &mut Db, import: Uuid) -> Result<()> {
    #[derive(diesel::QueryableByName)]
    struct Other {
        #[diesel(sql_type = Integer)]
        line: i32,
        #[diesel(sql_type = SqlUuid)]
        resource_id: Uuid,
        #[diesel(sql_type = BigInt)]
        others: i64,
    }
    let (organization, table) = (db.organization(), R::NAME.replace('-', "_"));
    diesel::sql_query(format!(
        "select from {table} where org_id = $1 and id in
            (select resource_id from import_rows where org_id = $1 and import_id = $2) order by id for update"
    ))
    .bind::<SqlUuid, _>(organization)
    .bind::<SqlUuid, _>(import)
    .execute(db)
    .await?;
    let others: Vec<Other> = diesel::sql_query(format!(
        "select r.line, r.resource_id, count(*) over () as others
        from import_rows r left join {table} t on t.org_id = r.org_id and t.id = r.resource_id
        where r.org_id = $1 and r.import_id = $2 and t.version is distinct from r.version and (t.id is null or exists (
            select from events e, jsonb_object_keys(e.changes) field where e.org_id = r.org_id and e.resource = $3
            and e.resource_id = r.resource_id and e.version > r.version and field <> all ($4)))
        order by r.line limit 20"
    ))
    .bind::<SqlUuid, _>(organization)
    .bind::<SqlUuid, _>(import)
    .bind::<Text, _>(R::NAME)
    .bind::<Array<Text>, _>(R::DERIVED)
    .load(db)
    .await?;
    let Some(Other { others: count, .. }) = others.as_slice().first() else { return Ok(()) };
    let mut problem = CONFLICT.because(format!(
        "Nothing was undone: {count} of its rows were changed or deleted since. `errors` names the first of them, by line."
    ));
    let thing = R::SINGULAR.replace('_', " ");
    let told = |other: &Other| {
        let rule = format!("{thing} {} was changed or deleted after the import", other.resource_id);
        Fault::at(format!("/{}", other.line), "changed-since", rule)
    };
    problem.errors = others.iter().map(told).collect();
    Err(problem)
}

/// The way back, in a constant number of statements for each set of columns that was changed.
pub(super) async fn undo<R: Kept>(db: &mut Db, import: Uuid) -> Result<()> {
    #[derive(diesel::QueryableByName)]
    struct Columns {
        #[diesel(sql_type = Array<Text>)]
        columns: Vec<String>,
    }
    let (organization, table) = (db.organization(), R::NAME.replace('-', "_"));
    refuse_what_changed::<R>(db, import).await?;
    // What was before stands in the events that the import wrote.
    let events = "import_rows r join events e on e.org_id = r.org_id and e.resource = $3 and e.resource_id = r.resource_id and e.version = r.version
        where r.org_id = $1 and r.import_id = $2 and r.version > 1";
    let changed: Vec<Columns> = diesel::sql_query(format!(
        "select distinct array(select jsonb_object_keys(e.changes) order by 1) as columns from {events}"
    ))
    .bind::<SqlUuid, _>(organization)
    .bind::<SqlUuid, _>(import)
    .bind::<Text, _>(R::NAME)
    .load(db)
    .await?;
    for Columns { columns } in changed.into_iter().filter(|each| !each.columns.is_empty()) {
        let (inner, whole): (Vec<&String>, Vec<&String>) =
            columns.iter().partition(|column| column.contains('.'));
        let mut set: Vec<String> =
            whole.iter().map(|column| format!("\"{column}\" = p.\"{column}\"")).collect();
        // Parts of a structure are told one by one: `custom.shoe_size`.
        let structures: std::collections::BTreeSet<&str> =
            inner.iter().filter_map(|column| Some(column.split_once('.')?.0)).collect();
        set.extend(structures.into_iter().map(|column| format!(
            "\"{column}\" = jsonb_strip_nulls(t.\"{column}\" || (select jsonb_object_agg(substr(f.key, {}), f.value) from jsonb_each(b.fields) f where f.key like '{column}.%'))",
            column.len() + 2
        )));
        diesel::sql_query(format!(
            "with before as (
                select e.resource_id, (select jsonb_object_agg(f.key, f.value -> 'before') from jsonb_each(e.changes) f) as fields from {events}
                    and array(select jsonb_object_keys(e.changes) order by 1) = $4
            )
            update {table} t set {} from before b, lateral jsonb_populate_record(null::{table}, b.fields) p where t.org_id = $1 and t.id = b.resource_id",
            set.join(", ")
        ))
        .bind::<SqlUuid, _>(organization)
        .bind::<SqlUuid, _>(import)
        .bind::<Text, _>(R::NAME)
        .bind::<Array<Text>, _>(columns)
        .execute(db)
        .await?;
    }
    R::undo_besides(db, import).await?;
    let deleted = diesel::sql_query(format!(
        "delete from {table} where org_id = $1 and id in (select resource_id from import_rows where org_id = $1 and import_id = $2 and version = 1)"
    ))
    .bind::<SqlUuid, _>(organization)
    .bind::<SqlUuid, _>(import)
    .execute(db)
    .await;
    deleted.map_err(|error| match Problem::from(error) {
        problem if problem.kind.code == IN_USE.code => IN_USE.because(
            "Nothing was undone: what came later refers to rows of this import. Move or remove it first.",
        ),
        problem => problem,
    })?;
    diesel::sql_query("delete from import_rows where org_id = $1 and import_id = $2")
        .bind::<SqlUuid, _>(organization)
        .bind::<SqlUuid, _>(import)
        .execute(db)
        .await?;
    Ok(())
}

pub(super) fn routes(api: &mut Api) {
    api.readable::<Import>().call(operation!(undo_import));
}

/// Field by field, as events tell it.
pub(super) fn told_fields(before: Option<&Map<String, Value>>, after: &Map<String, Value>) -> Value {
    let told = |(name, after): (&String, &Value)| {
        let before = before.and_then(|row| row.get(name)).cloned().unwrap_or_default();
        (name.clone(), json!({"before": before, "after": after}))
    };
    after.iter().map(told).collect::<Map<_, _>>().into()
}
