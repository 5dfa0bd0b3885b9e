//! The work on a file: its rows are found, checked and written, a batch at a time. What is remembered of all rows at once
//! is some sixty bytes each, so that rows can refer to others of the same file wherever those stand.
use super::columns::{Columns, Mapped, Plan, is_bookkeeping, says_the_same};
use super::imports::{ImportAction, ImportChange, ImportFault, ImportNotice, told_fields};
use super::read::Row;
use super::write::{Change, Creation, Writer};
use super::{BATCH, ImportMode, OnError, Reference, TOLD, upload};
use crate::database::Db;
use crate::input;
use crate::problem::{Problem, Result};
use crate::store::Kept;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use uuid::Uuid;

/// Where the rows are.
pub(super) enum Source {
    Memory(Vec<Row>),
    Kept { import: Uuid, chunks: i32 },
}

impl Source {
    fn chunks(&self) -> usize {
        match self {
            Self::Memory(_) => 1,
            Self::Kept { chunks, .. } => usize::try_from(*chunks).unwrap_or_default(),
        }
    }

    async fn chunk(&self, db: &mut Db, number: usize) -> Result<Vec<Row>> {
        match self {
            Self::Memory(rows) => Ok(rows.clone()),
            Self::Kept { import, .. } => {
                upload::chunk(db, *import, i32::try_from(number).unwrap_or(i32::MAX)).await
            }
        }
    }
}

/// What came of the rows.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub created: usize,
    pub changed: usize,
    pub unchanged: usize,
    pub refused: usize,
    /// The first of them.
    pub faults: Vec<ImportFault>,
    pub fault_count: usize,
    pub changes: Vec<ImportChange>,
    pub notices: Vec<ImportNotice>,
}

impl Report {
    pub(super) fn refuse(&mut self, faults: Vec<ImportFault>) {
        self.refused += 1;
        self.fault_count += faults.len();
        let room = TOLD.saturating_sub(self.faults.len());
        self.faults.extend(faults.into_iter().take(room));
    }

    fn notice(&mut self, notices: Vec<ImportNotice>) {
        for notice in notices {
            let is_known = self
                .notices
                .iter()
                .any(|known| known.column == notice.column && known.detail == notice.detail);
            if !is_known && self.notices.len() < TOLD {
                self.notices.push(notice);
            }
        }
    }

    fn show(&mut self, change: ImportChange) {
        if self.changes.iter().filter(|known| known.action == change.action).count() < TOLD {
            self.changes.push(change);
        }
    }

    /// It was refused as a whole.
    pub(super) fn nothing_remains(&mut self) {
        (self.created, self.changed) = (0, 0);
        self.changes.clear();
    }
}

/// What a row has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Open,
    /// In the batch that is written next.
    Taken,
    Written,
    Refused,
}

/// What is remembered of a row.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub id: Uuid,
    line: u32,
    /// The row of the same file that it refers to, if any.
    above: Option<u32>,
    pub state: State,
}

impl Entry {
    pub(super) fn above(&self) -> Option<usize> {
        self.above.map(|above| above as usize)
    }
    pub(super) fn line(&self) -> u32 {
        self.line
    }
}

/// A key in sixteen bytes: among 250,000 rows two of them meet by chance once in 10^28 files.
fn digest(key: &[String]) -> u128 {
    let mut digest = Sha256::new();
    for part in key {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part.as_bytes());
    }
    let bytes: [u8; 32] = digest.finalize().into();
    bytes[..16].iter().fold(0, |whole, byte| whole << 8 | u128::from(*byte))
}

/// The natural key as the row writes it: the same key in other words is found by the database.
fn key_of<R: Kept>(columns: &Columns, row: &Mapped) -> Option<Vec<String>> {
    let text = |value: &Value| match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    };
    let part = |field: &&str| {
        let reference = columns.references.iter().position(|each| each.field == *field);
        let named =
            reference.and_then(|index| row.references[index].clone()).filter(|named| !named.is_empty());
        row.fields.get(*field).and_then(text).or(named)
    };
    if R::NATURAL_KEY.is_empty() { None } else { R::NATURAL_KEY.iter().map(part).collect() }
}

/// References to rows of the same resource by its natural key.
fn refers_to_itself<R: Kept>(reference: &Reference) -> bool {
    reference.table == R::NAME.replace('-', "_") && R::NATURAL_KEY == [reference.by]
}

/// Works off the file in this transaction.
pub(super) async fn work<R: Kept>(
    db: &mut Db,
    plan: &Plan,
    source: &Source,
    import: Uuid,
    progress: &dyn Fn(i64),
) -> Result<Report> {
    let columns = Columns::of::<R>(plan)?;
    let mut report = Report::default();
    let (mut entries, keys, starts) = index::<R>(db, &columns, source, &mut report).await?;
    let mut left = entries.iter().filter(|entry| entry.state == State::Open).count();
    let mut work = Work { columns, plan, import, keys, report, batches: 0 };
    let mut batch = Vec::new();
    // Rows whose superiors stand further down wait for the next round; in a ring all wait, and are tried as they are.
    let mut stuck = false;
    while left > 0 {
        let before = left;
        for (chunk, ends) in starts.windows(2).enumerate() {
            let ready = ready(&entries, ends[0]..ends[1], stuck);
            if ready.is_empty() {
                continue;
            }
            let rows = source.chunk(db, chunk).await?;
            left -= ready.len();
            for at in ready {
                let mut notices = Vec::new();
                let mapped = work.columns.read(&rows[at - ends[0]], &mut notices);
                work.report.notice(notices);
                entries[at].state = State::Taken;
                batch.push((at, mapped));
            }
            if batch.len() >= BATCH {
                work.batch::<R>(db, &mut entries, std::mem::take(&mut batch)).await?;
                progress(i64::try_from(entries.len() - left).unwrap_or(i64::MAX));
            }
        }
        stuck = left == before;
    }
    if !batch.is_empty() {
        work.batch::<R>(db, &mut entries, batch).await?;
        progress(i64::try_from(entries.len()).unwrap_or(i64::MAX));
    }
    db.batch_execute("set constraints all immediate").await?;
    work.report.faults.sort_by_key(|fault| fault.line);
    work.report.changes.sort_by_key(|change| change.line);
    Ok(work.report)
}

/// The rows of a chunk that can be written now: those above them have been, or come in the same batch before them, or are
/// among them. Those above come first.
fn ready(entries: &[Entry], chunk: Range<usize>, stuck: bool) -> Vec<usize> {
    let mut ready: Vec<usize> = chunk.filter(|at| entries[*at].state == State::Open).collect();
    let mut depth: HashMap<usize, usize> = HashMap::new();
    loop {
        let among: std::collections::HashSet<usize> = ready.iter().copied().collect();
        let count = ready.len();
        ready.retain(|at| {
            let above = entries[*at].above.map(|above| above as usize);
            stuck || above.is_none_or(|above| entries[above].state != State::Open || among.contains(&above))
        });
        if ready.len() == count {
            break;
        }
    }
    let among: std::collections::HashSet<usize> = ready.iter().copied().collect();
    for at in &ready {
        let (mut steps, mut here) = (0, *at);
        while let Some(above) =
            entries[here].above.map(|above| above as usize).filter(|above| among.contains(above))
        {
            steps += 1;
            here = above;
            if steps > ready.len() {
                break; // a ring
            }
        }
        depth.insert(*at, steps);
    }
    ready.sort_by_key(|at| (depth.get(at).copied().unwrap_or_default(), *at));
    ready
}

/// One walk through the file: which row has which key, and which rows refer to others of it. Answers what is remembered
/// of each row, the keys, and with which row each chunk begins.
async fn index<R: Kept>(
    db: &mut Db,
    columns: &Columns,
    source: &Source,
    report: &mut Report,
) -> Result<(Vec<Entry>, HashMap<u128, u32>, Vec<usize>)> {
    let itself = columns.references.iter().position(refers_to_itself::<R>);
    let (mut entries, mut keys, mut starts) = (Vec::<Entry>::new(), HashMap::<u128, u32>::new(), vec![0]);
    let mut above: Vec<Option<u128>> = Vec::new();
    for chunk in 0..source.chunks() {
        for row in source.chunk(db, chunk).await? {
            let mapped = columns.read(&row, &mut Vec::new());
            let at = u32::try_from(entries.len()).unwrap_or(u32::MAX);
            let mut state = State::Open;
            if !mapped.faults.is_empty() {
                state = State::Refused;
                report.refuse(mapped.faults);
            } else if let Some(key) = key_of::<R>(columns, &mapped) {
                match keys.entry(digest(&key)) {
                    std::collections::hash_map::Entry::Vacant(free) => _ = free.insert(at),
                    std::collections::hash_map::Entry::Occupied(taken) => {
                        let first = entries[*taken.get() as usize].line;
                        let rule = format!("line {first} has the same");
                        let column =
                            R::NATURAL_KEY.last().map(|field| columns.header_of(field)).unwrap_or_default();
                        report.refuse(vec![ImportFault::of_cell(row.line, &column, "repeated", rule)]);
                        state = State::Refused;
                    }
                }
            }
            let named = itself
                .and_then(|index| mapped.references.get(index).cloned().flatten())
                .filter(|named| !named.is_empty());
            above.push(named.map(|named| digest(&[named])));
            entries.push(Entry { id: Uuid::now_v7(), line: row.line, above: None, state });
        }
        starts.push(entries.len());
    }
    for (at, key) in above.into_iter().enumerate() {
        entries[at].above = key.and_then(|key| keys.get(&key).copied()).filter(|above| *above as usize != at);
    }
    Ok((entries, keys, starts))
}

struct Work<'a> {
    columns: Columns,
    plan: &'a Plan,
    import: Uuid,
    keys: HashMap<u128, u32>,
    report: Report,
    batches: usize,
}

/// A row that is there already.
struct Present {
    id: Uuid,
    row: Map<String, Value>,
}

impl Work<'_> {
    /// Checks and writes rows together.
    async fn batch<R: Kept>(
        &mut self,
        db: &mut Db,
        entries: &mut [Entry],
        rows: Vec<(usize, Mapped)>,
    ) -> Result<()> {
        // What the database planned for small tables is no plan for what this import has made of them, and nobody counts
        // rows that are not committed: so it forgets its plans as they grow, those of its foreign keys among them.
        self.batches += 1;
        if self.batches > 1 && self.batches.is_power_of_two() {
            db.batch_execute("discard plans").await?;
        }
        let mut rows = rows;
        for index in 0..self.columns.references.len() {
            if !refers_to_itself::<R>(&self.columns.references[index]) {
                self.look_up(db, index, &mut rows).await?;
            }
        }
        let present = self.present::<R>(db, &rows).await?;
        for (at, _) in &rows {
            if let Some(found) = present.get(at) {
                entries[*at].id = found.id;
            }
        }
        for index in 0..self.columns.references.len() {
            if refers_to_itself::<R>(&self.columns.references[index]) {
                self.look_up_within(db, index, entries, &mut rows).await?;
            }
        }
        let (mut creations, mut changes) = (Vec::new(), Vec::new());
        for (at, mut row) in rows {
            let refusal = std::mem::take(&mut row.faults);
            let checked = if !refusal.is_empty() {
                Err(refusal)
            } else if let Some(found) = present.get(&at) {
                if self.plan.mode == ImportMode::Create {
                    Err(vec![self.taken::<R>(row.line)])
                } else {
                    self.change::<R>(db, at, &row, found).await?.map(|change| {
                        if change.is_none() {
                            self.report.unchanged += 1;
                            entries[at].state = State::Written;
                        }
                        changes.extend(change);
                    })
                }
            } else {
                self.creation::<R>(db, at, entries[at].id, row)
                    .await?
                    .map(|creation| creations.push(creation))
            };
            if let Err(faults) = checked {
                entries[at].state = State::Refused;
                // What follows from another row's fault is not told as one of its own.
                self.report.refuse(faults);
            }
        }
        // Where the file is refused anyway and enough is told, the rest is checked and not tried.
        if self.plan.on_error == OnError::Stop && self.report.fault_count >= TOLD {
            let refused = creations.iter().map(|each| each.at).chain(changes.iter().map(|each| each.at));
            refused.for_each(|at| entries[at].state = State::Written);
            return Ok(());
        }
        for creation in &creations {
            let fields = told_fields(None, &creation.fields);
            self.report.show(ImportChange {
                line: creation.line,
                action: ImportAction::Created,
                id: None,
                fields,
            });
        }
        for change in &changes {
            let fields = told_fields(Some(&change.before), &change.fields);
            self.report.show(ImportChange {
                line: change.line,
                action: ImportAction::Changed,
                id: Some(change.id),
                fields,
            });
        }
        let itself = self.columns.references.iter().find(|each| refers_to_itself::<R>(each));
        let itself = itself.map(|each| each.field.to_owned()).unwrap_or_default();
        let mut writer =
            Writer { columns: &self.columns, import: self.import, itself, report: &mut self.report };
        writer.create::<R>(db, entries, creations).await?;
        writer.change::<R>(db, entries, changes).await
    }

    fn taken<R: Kept>(&self, line: u32) -> ImportFault {
        let column =
            R::NATURAL_KEY.last().map_or_else(|| "id".to_owned(), |field| self.columns.header_of(field));
        ImportFault::of_cell(
            line,
            &column,
            "already-taken",
            "must be unique, and another one has this value: send `mode=upsert` to change what is there",
        )
    }

    /// Puts ids in the place of what rows name, for one kind of reference: one statement for the batch.
    async fn look_up(&self, db: &mut Db, index: usize, rows: &mut [(usize, Mapped)]) -> Result<()> {
        let reference = &self.columns.references[index];
        let within = |row: &Mapped| {
            reference.within.and_then(|field| row.fields.get(field)?.as_str()?.parse::<Uuid>().ok())
        };
        let mut wanted: Vec<(String, Option<Uuid>)> = rows
            .iter()
            .filter_map(|(_, row)| {
                Some((row.references[index].clone().filter(|named| !named.is_empty())?, within(row)))
            })
            .collect();
        wanted.sort();
        wanted.dedup();
        let found = find(db, reference, &wanted).await?;
        for (_, row) in rows {
            let within = within(row);
            match row.references[index].take() {
                None => {}
                Some(named) if named.is_empty() => {
                    row.fields.entry(reference.field).or_insert(Value::Null);
                }
                Some(named) => {
                    let found = found.get(&(named.clone(), within));
                    self.set(row, reference, &named, found.map(Vec::as_slice));
                }
            }
        }
        Ok(())
    }

    /// The same for references to the resource itself: a row of the file comes before one of the database.
    async fn look_up_within(
        &self,
        db: &mut Db,
        index: usize,
        entries: &[Entry],
        rows: &mut [(usize, Mapped)],
    ) -> Result<()> {
        let reference = &self.columns.references[index];
        for (_, row) in rows.iter_mut() {
            let Some(named) = row.references[index].clone().filter(|named| !named.is_empty()) else {
                continue;
            };
            let Some(there) = self.keys.get(&digest(std::slice::from_ref(&named))) else { continue };
            let entry = &entries[*there as usize];
            // A refused row of an upsert may be in the database as it was.
            if entry.state == State::Refused && self.plan.mode == ImportMode::Upsert {
                continue;
            }
            row.references[index] = None;
            if entry.state == State::Refused {
                let rule = format!("line {}, to which it refers, is refused", entry.line);
                row.faults.push(ImportFault::of_cell(
                    row.line,
                    &self.columns.header_of(reference.field),
                    "unknown-reference",
                    rule,
                ));
            } else {
                row.fields.insert(reference.field.to_owned(), Value::from(entry.id.to_string()));
            }
        }
        self.look_up(db, index, rows).await
    }

    fn set(&self, row: &mut Mapped, reference: &Reference, named: &str, found: Option<&[Uuid]>) {
        let column = self.columns.header_of(reference.field);
        let thing = reference.table.replace('_', " ");
        match found {
            Some([one]) => _ = row.fields.insert(reference.field.to_owned(), Value::from(one.to_string())),
            Some([_, ..]) => {
                let rule = format!("several of the {thing} have this: name what they belong to as well");
                row.faults.push(ImportFault::of_cell(row.line, &column, "ambiguous", rule));
            }
            _ => {
                let named: String = named.chars().take(100).collect();
                let rule = format!(
                    "there is none among the {thing} whose {} is `{named}`",
                    reference.by.replace('_', " ")
                );
                row.faults.push(ImportFault::of_cell(row.line, &column, "unknown-reference", rule));
            }
        }
    }

    /// The rows that are there already, locked: one statement for the batch.
    async fn present<R: Kept>(
        &self,
        db: &mut Db,
        rows: &[(usize, Mapped)],
    ) -> Result<HashMap<usize, Present>> {
        #[derive(QueryableByName)]
        struct Found {
            #[diesel(sql_type = BigInt)]
            n: i64,
            #[diesel(sql_type = Jsonb)]
            row: Value,
        }
        let key: &[&str] = match R::NATURAL_KEY {
            [] if self.plan.mode == ImportMode::Upsert => &["id"],
            key => key,
        };
        let mut present = HashMap::new();
        if key.is_empty() {
            return Ok(present);
        }
        let table = R::NAME.replace('-', "_");
        let given = |row: &Mapped, field: &&str| {
            row.fields.get(*field).or_else(|| row.read_only.get(*field)).cloned().unwrap_or_default()
        };
        let wanted: Vec<Value> = rows
            .iter()
            .map(|(_, row)| {
                key.iter().map(|field| ((*field).to_owned(), given(row, field))).collect::<Map<_, _>>().into()
            })
            .collect();
        // What can not be of the column's type is no key, and is refused when the row is checked.
        let fits = |wanted: &Value| {
            key.iter().all(|field| !wanted[*field].is_null() && self.fits(field, &wanted[*field]))
        };
        let wanted: Vec<Value> = wanted
            .into_iter()
            .map(|wanted| if fits(&wanted) { wanted } else { Value::Object(Map::new()) })
            .collect();
        let names: Vec<String> = key.iter().map(|field| format!("t.\"{field}\" = g.\"{field}\"")).collect();
        let found: Vec<Found> = diesel::sql_query(format!(
            // Row by row, by its index, whatever is known of the table: it grows as the file is taken.
            "select found.n, to_jsonb(t) as row from (
                select l.n, t.id from jsonb_array_elements($2) with ordinality l(given, n)
                cross join lateral jsonb_populate_record(null::{table}, l.given) g
                cross join lateral (select t.id from {table} t where t.org_id = $1 and {} limit 1) t order by t.id
            ) found cross join lateral (select * from {table} t where t.org_id = $1 and t.id = found.id limit 1 for no key update) t",
            names.join(" and ")
        ))
        .bind::<SqlUuid, _>(db.organization())
        .bind::<Jsonb, _>(Value::Array(wanted))
        .load(db)
        .await?;
        for Found { n, row } in found {
            let Value::Object(mut row) = row else { continue };
            // Decimals are text to clients.
            row.values_mut()
                .filter(|value| value.is_f64())
                .for_each(|value| *value = Value::from(value.to_string()));
            let id = row.get("id").and_then(|id| id.as_str()?.parse().ok());
            let at = usize::try_from(n - 1).ok().and_then(|index| rows.get(index));
            if let (Some(id), Some((at, _))) = (id, at) {
                present.insert(*at, Present { id, row });
            }
        }
        Ok(present)
    }

    /// Whether a key's part can be compared with its column.
    fn fits(&self, field: &str, value: &Value) -> bool {
        if field == "id" || field.ends_with("_id") {
            return value.as_str().is_some_and(|id| id.parse::<Uuid>().is_ok());
        }
        self.columns.fields.get(field).is_some_and(|field| field.compares_with(value))
    }

    /// A row to be, under the rules of a create.
    async fn creation<R: Kept>(
        &mut self,
        db: &mut Db,
        at: usize,
        id: Uuid,
        row: Mapped,
    ) -> Result<std::result::Result<Creation<R>, Vec<ImportFault>>> {
        let taken_aside = row.read_only.iter().filter(|(name, value)| {
            !is_bookkeeping(name) && *name != "id" && !says_the_same(value, &Value::Null)
        });
        let notices = taken_aside
            .map(|(name, _)| ImportNotice::not_taken(row.line, &self.columns.header_of(name)))
            .collect();
        self.report.notice(notices);
        let mut fields = row.fields;
        fields.retain(|name, value| {
            let field = self.columns.fields.get(name);
            if let Value::Object(inner) = value {
                inner.retain(|_, value| !value.is_null());
                // A structure of which a row says nothing is none, where there may be none.
                if inner.is_empty() && field.is_some_and(|field| field.nullable) {
                    *value = Value::Null;
                }
            }
            field.is_none_or(|field| field.is_new)
                && (!value.is_null() || field.is_some_and(|field| field.nullable))
        });
        for (name, field) in self.columns.fields.iter().filter(|(_, field)| field.is_new) {
            if let Some(default) = field.default.as_ref().filter(|default| !default.is_null()) {
                fields.entry(name.clone()).or_insert_with(|| default.clone());
            }
        }
        let new = match input::check::<R::New>(Value::Object(fields.clone())) {
            Ok(new) => new,
            Err(problem) => return Ok(Err(self.told(row.line, problem))),
        };
        match R::check_new(db, &new).await {
            Ok(()) => Ok(Ok(Creation { at, line: row.line, id, fields, new })),
            Err(problem) if problem.is_of_the_caller() => Ok(Err(self.told(row.line, problem))),
            Err(problem) => Err(problem),
        }
    }

    /// What a row changes, under the rules of a change; nothing where it says what is so already.
    async fn change<R: Kept>(
        &mut self,
        db: &mut Db,
        at: usize,
        row: &Mapped,
        present: &Present,
    ) -> Result<std::result::Result<Option<Change>, Vec<ImportFault>>> {
        let (mut fields, mut faults) = (Map::new(), Vec::new());
        for (name, value) in &row.fields {
            let before = present.row.get(name).cloned().unwrap_or_default();
            let after = match (value, &before) {
                // A structure is changed in the parts that are given.
                (Value::Object(given), Value::Object(there)) => {
                    let mut whole = there.clone();
                    whole.extend(given.clone());
                    whole.retain(|_, value| !value.is_null());
                    Value::Object(whole)
                }
                (Value::Object(given), Value::Null) if given.values().all(Value::is_null) => Value::Null,
                (value, _) => value.clone(),
            };
            let field = self.columns.fields.get(name);
            if after == before
                || says_the_same(&after, &before)
                || field.is_some_and(|field| field.is_as_much(&after, &before))
            {
                continue;
            }
            if field.is_some_and(|field| !field.is_edit) {
                faults.push(ImportFault::of_cell(
                    row.line,
                    &self.columns.header_of(name),
                    "read-only",
                    "can not be changed after it was created",
                ));
            } else {
                fields.insert(name.clone(), after);
            }
        }
        for (name, value) in row.read_only.iter().filter(|(name, _)| !is_bookkeeping(name)) {
            let shown = present.row.get(name).cloned().unwrap_or_default();
            if !says_the_same(value, &shown) {
                let rule = "can not be changed by an import: leave the column out, or as it was exported";
                faults.push(ImportFault::of_cell(row.line, &self.columns.header_of(name), "read-only", rule));
            }
        }
        // A file that was exported, and changed here meanwhile: nothing is overwritten that its writer did not see.
        if let Some(seen) = row
            .read_only
            .get("version")
            .filter(|seen| !fields.is_empty() && !says_the_same(seen, &Value::Null))
            && !says_the_same(seen, &present.row.get("version").cloned().unwrap_or_default())
        {
            let rule = format!(
                "it is at version {} now: export it again, or leave the column out to overwrite",
                present.row.get("version").cloned().unwrap_or_default()
            );
            faults.push(ImportFault::of_cell(
                row.line,
                &self.columns.header_of("version"),
                "stale-version",
                rule,
            ));
        }
        if !faults.is_empty() {
            return Ok(Err(faults));
        }
        if fields.is_empty() {
            return Ok(Ok(None));
        }
        let edit = match input::check::<R::Edit>(Value::Object(fields.clone())) {
            Ok(edit) => edit,
            Err(problem) => return Ok(Err(self.told(row.line, problem))),
        };
        let there: R =
            serde_json::from_value(Value::Object(present.row.clone())).map_err(Problem::internal)?;
        match R::check_edit(db, &there, &edit).await {
            Ok(()) => {}
            Err(problem) if problem.is_of_the_caller() => return Ok(Err(self.told(row.line, problem))),
            Err(problem) => return Err(problem),
        }
        Ok(Ok(Some(Change { at, line: row.line, id: present.id, before: present.row.clone(), fields })))
    }

    fn told(&self, line: u32, problem: Problem) -> Vec<ImportFault> {
        told(&self.columns, line, problem)
    }
}

/// A problem of one row, told by line and column.
pub(super) fn told(columns: &Columns, line: u32, problem: Problem) -> Vec<ImportFault> {
    if problem.errors.is_empty() {
        return vec![ImportFault::of_row(line, problem.kind.code, &problem.detail)];
    }
    let of = |fault: crate::problem::Fault| {
        let field = fault.pointer.as_deref().unwrap_or_default().trim_start_matches('/').to_owned();
        match field.as_str() {
            "" => ImportFault::of_row(line, &fault.code, &fault.detail),
            field => ImportFault::of_cell(line, &columns.header_of(field), &fault.code, fault.detail.clone()),
        }
    };
    problem.errors.into_iter().map(of).collect()
}

/// What the texts mean: for each the ids of the rows that have it, at most two.
async fn find(
    db: &mut Db,
    reference: &Reference,
    wanted: &[(String, Option<Uuid>)],
) -> Result<BTreeMap<(String, Option<Uuid>), Vec<Uuid>>> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = BigInt)]
        n: i64,
        #[diesel(sql_type = Array<SqlUuid>)]
        ids: Vec<Uuid>,
    }
    let mut all = BTreeMap::new();
    if wanted.is_empty() {
        return Ok(all);
    }
    let within = reference
        .within
        .map(|field| format!("and (g.within is null or t.\"{field}\" = g.within)"))
        .unwrap_or_default();
    let (texts, withins): (Vec<&str>, Vec<Option<Uuid>>) =
        wanted.iter().map(|(text, within)| (text.as_str(), *within)).unzip();
    // What no text of the database can be is the name of nothing.
    let texts: Vec<&str> =
        texts.into_iter().map(|text| if text.contains('\0') { "" } else { text }).collect();
    let found: Vec<Found> = diesel::sql_query(format!(
        "select g.n, (array_agg(t.id order by t.id))[1:2] as ids from unnest($2::text[], $3::uuid[]) with ordinality g(named, within, n)
            join {} t on t.org_id = $1 and t.\"{}\" = g.named {within} group by g.n",
        reference.table, reference.by
    ))
    .bind::<SqlUuid, _>(db.organization())
    .bind::<Array<Text>, _>(texts)
    .bind::<Array<Nullable<SqlUuid>>, _>(withins)
    .load(db)
    .await?;
    for Found { n, ids } in found {
        if let Some(key) = usize::try_from(n - 1).ok().and_then(|index| wanted.get(index)) {
            all.insert(key.clone(), ids);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::{Entry, State, ready};
    use uuid::Uuid;

    fn entries(above: &[Option<u32>]) -> Vec<Entry> {
        above
            .iter()
            .map(|above| Entry { id: Uuid::nil(), line: 1, above: *above, state: State::Open })
            .collect()
    }

    #[test]
    fn who_stands_above_comes_first_and_who_waits_for_another_chunk_waits() {
        // 0 under 1, 1 under 2 of this chunk; 3 under 4 of the next, 5 under 3.
        let mut file = entries(&[Some(1), Some(2), None, Some(6), None, Some(3), None]);
        assert_eq!(ready(&file, 0..6, false), [2, 4, 1, 0]);
        file[6].state = State::Taken;
        assert_eq!(ready(&file, 0..6, false), [2, 3, 4, 1, 5, 0]);
        // A ring waits for ever, and is tried as it is at last.
        let ring = entries(&[Some(3), Some(3), None, Some(0)]);
        assert_eq!(ready(&ring, 0..3, false), [2]);
        assert_eq!(ready(&ring, 0..2, true).len(), 2);
    }
}
