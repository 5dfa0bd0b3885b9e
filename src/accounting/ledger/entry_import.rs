//! Journal entries from a file: a row a line, rows of one entry beneath each other, accounts and dimensions by the codes that people
//! know. All of the file becomes entries, or none of it.
use crate::journal_entries::JournalEntry;
use crate::posting::{post_entries, refuse};
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Jsonb, Nullable, Numeric, Text, Uuid as SqlUuid};
use platform::import::{Faults, FileOfRows, FoundRow, Layout, Rows};
use platform::prelude::*;
use platform::problem::FORBIDDEN;
use rust_decimal::Decimal;
use serde_json::Value;
use std::collections::{BTreeSet, HashMap, HashSet};

/// Rows of a file at the most.
const MOST_ROWS: usize = 100_000;
/// Lines of an entry at the most.
const MOST_LINES: usize = 10_000;
/// Entries that go to the database at once.
const BATCH: usize = 500;

/// The columns of a file. Those up to `reference` are the entry's: its first row has them, the others may repeat them.
struct OfLines;

impl Layout for OfLines {
    const COLUMNS: &'static [&'static str] = &[
        "entry",
        "posted_on",
        "journal_code",
        "description",
        "reference",
        "account_code",
        "debit",
        "credit",
        "currency",
        "foreign_debit",
        "foreign_credit",
        "rate",
        "line_description",
        "department_code",
        "cost_centre_code",
        "project_code",
        "party_number",
    ];
    const EXAMPLE: &'static str = "entry,posted_on,description,account_code,debit,credit\r\n1,2026-03-02,Rent of March,6110,900.00,\r\n1,,,1010,,900.00\r\n";
}

const OF_ENTRY: &[&str] = &["posted_on", "journal_code", "description", "reference"];

/// Columns that name a row of something by its code, the field that holds its id, and where it is looked up.
const CODES: [(&str, &str, &str); 6] = [
    ("account_code", "account_id", "accounts"),
    ("journal_code", "journal_id", "journals"),
    ("department_code", "department_id", "departments"),
    ("cost_centre_code", "cost_centre_id", "cost_centres"),
    ("project_code", "project_id", "projects"),
    ("party_number", "party_id", "parties"),
];

/// How entries are taken in.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EntryImportQuery {
    /// Whether they are posted at once; drafts otherwise.
    #[param(required = false, default = false)]
    #[serde(default)]
    post: bool,
}

/// What a file of entries became.
#[derive(Serialize, ToSchema)]
pub struct ImportedJournalEntries {
    /// How many entries.
    #[schema(minimum = 0, example = 120)]
    entries: i64,
    /// How many lines.
    #[schema(minimum = 0, example = 480)]
    lines: i64,
    /// What they sum to on either side, in the organization's currency.
    total: Money,
    /// Whether they are posted; drafts otherwise.
    #[schema(example = true)]
    posted: bool,
    /// The journals that they stand in, by fiscal year.
    #[schema(max_items = 1000)]
    journals: Vec<ImportedIntoJournal>,
}

/// What of a file of entries stands in a journal.
#[derive(Serialize, ToSchema, QueryableByName)]
pub struct ImportedIntoJournal {
    /// The journal.
    #[diesel(sql_type = SqlUuid)]
    journal_id: Uuid,
    /// Its code.
    #[schema(max_length = 20, example = "GEN")]
    #[diesel(sql_type = Text)]
    code: String,
    /// The fiscal year; null of drafts.
    #[schema(max_length = 10, example = "2026")]
    #[diesel(sql_type = Nullable<Text>)]
    fiscal_year: Option<String>,
    /// How many of them.
    #[schema(minimum = 1, example = 120)]
    #[diesel(sql_type = BigInt)]
    entries: i64,
    /// How many lines.
    #[schema(minimum = 1, example = 480)]
    #[diesel(sql_type = BigInt)]
    lines: i64,
    /// What they sum to on either side.
    #[diesel(sql_type = Numeric)]
    total: Money,
    /// The number of the first; null of drafts.
    #[schema(max_length = 40, example = "GEN-2026-00001")]
    #[diesel(sql_type = Nullable<Text>)]
    first_number: Option<String>,
    /// The number of the last; between them none is missing.
    #[schema(max_length = 40, example = "GEN-2026-00120")]
    #[diesel(sql_type = Nullable<Text>)]
    last_number: Option<String>,
}

/// An entry of the file.
struct Found<'a> {
    first: FoundRow<'a>,
    rows: Vec<FoundRow<'a>>,
}

/// Import journal entries
///
/// Takes a file of lines: CSV, XLSX or NDJSON, a line a row, rows with the same `entry` beneath each other. Columns: `entry` (any word that
/// tells entries apart), `posted_on`, `journal_code` (the general one unless told), `description`, `reference`; `account_code`,
/// `debit` or `credit` in the organization's currency, or `currency` with `foreign_debit` or `foreign_credit` and, unless the newest
/// rate counts, `rate`; `line_description`, `department_code`, `cost_centre_code`, `project_code`, `party_number`. Each entry keeps the
/// rules of a single one; every fault is told by line and column (`pointer` is `/line/column`). They become drafts, or with `post=true`
/// part of the books, with the next numbers in the order of the file, which needs `journal-entries:post` as well. All of the file or
/// nothing; up to 100,000 rows.
#[utoipa::path(post, path = "/v1/journal-entries/import", tag = "Ledger")]
async fn import_journal_entries(
    may: May<Write, JournalEntry>,
    query: Params<EntryImportQuery>,
    file: FileOfRows<OfLines>,
) -> Reply<Plain<ImportedJournalEntries>> {
    let post = query.0.post;
    // Whoever may not is told so before the file is taken in.
    may.read(async |_| Ok(())).await?;
    if post && may.grants().reach("post").is_none() {
        return Err(FORBIDDEN.because("Posting them needs the permission `journal-entries:post`."));
    }
    let rows = file.receive(MOST_ROWS).await?;
    let mut faults = Faults::default();
    let entries = grouped(&rows, &mut faults);
    let mut sound = Vec::with_capacity(entries.len());
    for entry in entries {
        if is_readable(&entry, &mut faults) {
            sound.push(entry);
        }
    }
    may.write(async |db| {
        let mut faults = faults.clone();
        // In the order of the file, so that numbers are.
        let mut ids = Vec::with_capacity(sound.len());
        for batch in sound.chunks(BATCH) {
            let known = known(db, batch).await?;
            let given: Vec<Value> = batch.iter().map(|entry| given(entry, &known)).collect();
            ids.extend(given.iter().filter_map(|entry| entry["id"].as_str()?.parse::<Uuid>().ok()));
            let against = if post { posted(db, given).await? } else { drafted(db, given).await? };
            tell(&against, &mut faults);
        }
        faults.none()?;
        summed(db, &ids, post).await.map(Plain)
    })
    .await
}

/// Rows with the same key, one beneath the other, are an entry.
fn grouped<'a>(rows: &'a Rows, faults: &mut Faults) -> Vec<Found<'a>> {
    let (mut entries, mut seen): (Vec<Found<'_>>, HashSet<&str>) = (Vec::new(), HashSet::new());
    let mut before = None;
    for row in rows.iter() {
        let Some(key) = row.cell("entry") else {
            faults.add(row.line, Some("entry"), "required", "must say which entry the line is of");
            before = None;
            continue;
        };
        if let Some(entry) = entries.last_mut().filter(|_| before == Some(key)) {
            if entry.rows.len() == MOST_LINES {
                let rule = format!("an entry has at most {MOST_LINES} lines");
                faults.add(row.line, Some("entry"), "too-many", rule);
            }
            entry.rows.push(row);
        } else {
            if !seen.insert(key) {
                let rule = "stands further up already: the lines of an entry stand beneath each other";
                faults.add(row.line, Some("entry"), "not-together", rule);
            }
            entries.push(Found { first: row, rows: vec![row] });
        }
        before = Some(key);
    }
    entries
}

/// Whether its cells hold what they should; what doesn't is told.
fn is_readable(entry: &Found<'_>, faults: &mut Faults) -> bool {
    let mut is_so = true;
    let mut fault = |line: u32, column: &str, code: &str, rule: &str| {
        faults.add(line, Some(column), code, rule);
        is_so = false;
    };
    for column in ["posted_on", "description"] {
        if entry.first.cell(column).is_none() {
            fault(entry.first.line, column, "required", "must stand in the first row of each entry");
        }
    }
    for row in &entry.rows {
        if row.cell("account_code").is_none() {
            fault(row.line, "account_code", "required", "must name the account");
        }
        for column in OfLines::COLUMNS {
            let Some(text) = row.cell(column) else { continue };
            let is_amount = matches!(*column, "debit" | "credit" | "foreign_debit" | "foreign_credit");
            if OF_ENTRY.contains(column) && entry.first.cell(column) != Some(text) {
                fault(row.line, column, "differs", "must be that of the first row of the entry, or empty");
            } else if is_amount && !is_decimal(text, 16, 4) {
                let rule = "must be a decimal with at most 16 digits before the point and 4 behind it, such as 1234.50";
                fault(row.line, column, "wrong-format", rule);
            } else if *column == "rate" && !is_decimal(text, 12, 8) {
                let rule = "must be a decimal with at most 12 digits before the point and 8 behind it, such as 0.9213";
                fault(row.line, column, "wrong-format", rule);
            } else if *column == "posted_on" && !is_day(text) {
                let rule = "must be a day as YYYY-MM-DD, from 1900 to 2200";
                fault(row.line, column, "wrong-format", rule);
            } else if *column == "currency" && crate::currency::fault("", text).is_some() {
                let rule = "must be the code of a currency (ISO 4217), such as EUR";
                fault(row.line, column, "no-such-currency", rule);
            } else if text.chars().count() > longest(column) {
                fault(row.line, column, "too-long", &format!("has at most {} characters", longest(column)));
            } else if let Some((code, rule)) = platform::text::fault(text, *column == "reference") {
                fault(row.line, column, code, rule);
            }
        }
    }
    is_so
}

fn longest(column: &str) -> usize {
    if matches!(column, "description" | "line_description") { 500 } else { 100 }
}

fn is_decimal(text: &str, before: usize, behind: usize) -> bool {
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    are_digits(whole, before) && are_digits(rest, behind) && text.parse::<Decimal>().is_ok()
}

fn is_day(text: &str) -> bool {
    use chrono::Datelike;
    let day: Option<NaiveDate> = text.parse().ok().filter(|_| text.len() == 10);
    day.is_some_and(|day| (1900..=2200).contains(&day.year()))
}

/// Ids by column and code.
type Known = HashMap<(String, String), Uuid>;

/// Looks up all codes of these entries.
async fn known(db: &mut Db, entries: &[Found<'_>]) -> Result<Known> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        of_column: String,
        #[diesel(sql_type = Text)]
        code: String,
        #[diesel(sql_type = SqlUuid)]
        id: Uuid,
    }
    let mut codes: [BTreeSet<&str>; CODES.len()] = Default::default();
    for row in entries.iter().flat_map(|entry| &entry.rows) {
        for ((column, ..), codes) in CODES.iter().zip(&mut codes) {
            codes.extend(row.cell(column));
        }
    }
    let looked_up = CODES.iter().enumerate().map(|(place, (column, _, table))| {
        let by = if *table == "parties" { "number" } else { "code" };
        format!("select '{column}' as of_column, {by} as code, id from {table} where org_id = $1 and {by} = any(${})", place + 2)
    });
    let mut query = diesel::sql_query(looked_up.collect::<Vec<_>>().join(" union all ")).into_boxed();
    query = query.bind::<SqlUuid, _>(db.organization());
    for codes in codes {
        let codes: Vec<String> = codes.into_iter().map(str::to_owned).collect();
        query = query.bind::<Array<Text>, _>(codes);
    }
    let rows: Vec<Row> = query.load(db).await?;
    Ok(rows.into_iter().map(|row| ((row.of_column, row.code), row.id)).collect())
}

/// An entry as the database takes it. What is not known by its code is an id that there is not, so that the database tells it
/// with whatever else is wrong.
fn given(entry: &Found<'_>, known: &Known) -> Value {
    let id = |row: FoundRow<'_>, column: &str| {
        let code = row.cell(column)?;
        Some(known.get(&(column.to_owned(), code.to_owned())).copied().unwrap_or_default())
    };
    let lines: Vec<Value> = entry
        .rows
        .iter()
        .map(|row| {
            // As people write them: a zero on the other side is nothing.
            let amount = |column| row.cell(column).filter(|text| text.parse() != Ok(Decimal::ZERO));
            json!({
                "at": format!("/{}", row.line), "account_id": id(*row, "account_code"), "debit": amount("debit"), "credit": amount("credit"),
                "currency": row.cell("currency"), "foreign_debit": amount("foreign_debit"), "foreign_credit": amount("foreign_credit"),
                "rate": row.cell("rate"), "description": row.cell("line_description"), "department_id": id(*row, "department_code"),
                "cost_centre_id": id(*row, "cost_centre_code"), "project_id": id(*row, "project_code"), "party_id": id(*row, "party_number"),
            })
        })
        .collect();
    json!({
        "id": Uuid::now_v7(), "at": format!("/{}", entry.first.line), "journal": "general", "journal_id": id(entry.first, "journal_code"),
        "posted_on": entry.first.cell("posted_on"), "description": entry.first.cell("description"),
        "reference": entry.first.cell("reference"), "lines": lines,
    })
}

/// Posts them; what stands against it comes back.
async fn posted(db: &mut Db, given: Vec<Value>) -> Result<Vec<Value>> {
    let against: Option<Value> = diesel::select(post_entries(Value::Array(given))).get_result(db).await?;
    match against {
        Some(Value::Object(mut against)) if against.contains_key("faults") => Ok(against
            .remove("faults")
            .and_then(|faults| serde_json::from_value(faults).ok())
            .unwrap_or_default()),
        against => refuse(against).map(|()| Vec::new()),
    }
}

/// Keeps them as drafts; what stands against it comes back.
async fn drafted(db: &mut Db, given: Vec<Value>) -> Result<Vec<Value>> {
    let faults = crate::journal_entries::faults_of_drafts(db, json!(given)).await?;
    if !faults.is_empty() {
        return Ok(faults);
    }
    diesel::sql_query(
        "insert into journal_entries (id, journal_id, posted_on, description, reference, lines)
        select r.id, r.journal_id, r.posted_on, r.description, r.reference, (select jsonb_agg(l.value - 'at' order by l.ordinality) from jsonb_array_elements(r.lines) with ordinality l)
        from jsonb_to_recordset($1) r (id uuid, journal_id uuid, posted_on date, description text, reference text, lines jsonb)",
    )
    .bind::<Jsonb, _>(json!(given))
    .execute(db)
    .await?;
    Ok(Vec::new())
}

/// Faults of the database, by the columns of the file.
fn tell(against: &[Value], faults: &mut Faults) {
    for fault in against {
        let text = |field: &str| fault[field].as_str().unwrap_or_default();
        let mut steps = text("pointer").split('/').skip(1);
        let line = steps.next().and_then(|line| line.parse().ok()).unwrap_or(1);
        let column = steps
            .next()
            .filter(|field| *field != "lines")
            .map(|field| CODES.iter().find(|(_, of, _)| *of == field).map_or(field, |(column, ..)| *column));
        faults.add(line, column, text("code"), text("detail"));
    }
}

/// What they became.
async fn summed(db: &mut Db, ids: &[Uuid], posted: bool) -> Result<ImportedJournalEntries> {
    let query = diesel::sql_query(
        "select e.journal_id, j.code, y.code as fiscal_year, count(*) as entries, sum(e.line_count) as lines, sum(e.total) as total,
            (array_agg(e.number order by length(e.number), e.number))[1] as first_number,
            (array_agg(e.number order by length(e.number) desc, e.number desc))[1] as last_number
        from journal_entries e
        join journals j on j.org_id = e.org_id and j.id = e.journal_id
        left join fiscal_periods p on p.org_id = e.org_id and p.id = e.fiscal_period_id
        left join fiscal_years y on y.org_id = e.org_id and y.id = p.fiscal_year_id
        where e.org_id = $1 and e.id = any($2) group by 1, 2, 3 order by 2, 3",
    );
    let journals: Vec<ImportedIntoJournal> =
        query.bind::<SqlUuid, _>(db.organization()).bind::<Array<SqlUuid>, _>(ids).load(db).await?;
    Ok(ImportedJournalEntries {
        entries: journals.iter().map(|each| each.entries).sum(),
        lines: journals.iter().map(|each| each.lines).sum(),
        total: Money(journals.iter().map(|each| each.total.0).sum()),
        posted,
        journals,
    })
}

pub fn routes(api: &mut Api) {
    api.call(operation!(import_journal_entries));
}

#[cfg(test)]
mod tests {
    use super::{is_day, is_decimal};

    #[test]
    fn cells_are_read_as_they_are_written() {
        for right in ["0", "12", "12.5", "1234567890123456.1234"] {
            assert!(is_decimal(right, 16, 4), "{right}");
        }
        for wrong in ["", ".", ".5", "1.", "-1", "+1", "1,5", "1e3", "12345678901234567", "1.23456", "١"] {
            assert!(!is_decimal(wrong, 16, 4), "{wrong}");
        }
        assert!(
            is_day("2026-02-28") && !is_day("2026-02-29") && !is_day("2026-2-1") && !is_day("1899-12-31")
        );
    }
}
