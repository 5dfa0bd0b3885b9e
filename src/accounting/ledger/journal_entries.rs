//! Journal entries: what is booked, as debits and credits that are the same. A draft can be changed; what is posted has its
//! number and stays for ever, and is taken back by another entry, its mirror.

use crate::posting::{Reversal, post_given, refuse, reverse, reverse_all};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Jsonb, Nullable};
use platform::prelude::*;
use platform::problem::{CONFLICT, FORBIDDEN};
use platform::store::in_order;
use schema::journal_entries;
use serde_json::Value;

/// What was booked, or is to be.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = journal_entries)]
pub struct JournalEntry {
    pub id: Uuid,
    pub version: i64,
    /// Its number: gapless in its journal and fiscal year; null until it is posted.
    #[schema(max_length = 40, example = "GEN-2026-00042")]
    pub number: Option<String>,
    /// The journal that it stands in.
    pub journal_id: Uuid,
    /// The month of the books that it is in; null until it is posted.
    pub fiscal_period_id: Option<Uuid>,
    /// The day in the books.
    pub posted_on: NaiveDate,
    /// What it is for.
    #[schema(max_length = 500, example = "Rent of March")]
    pub description: String,
    /// What others call it: the number on a paper, an order.
    #[schema(max_length = 100, example = "RE-7731")]
    pub reference: Option<String>,
    pub kind: JournalEntryKind,
    /// What it sums to on either side, in the organization's currency; of a draft as far as its lines say.
    pub total: Money,
    /// How many lines it has.
    #[schema(minimum = 0, maximum = 10_000, example = 2)]
    pub line_count: i32,
    /// Its lines. Null where there are more than 100, and in the past (`as_of`) of what is posted: `/v1/journal-lines?entry_id=` has
    /// them all.
    #[schema(value_type = Option<Vec<EntryLine>>, max_items = 10_000)]
    #[diesel(select_expression = lines_shown())]
    #[diesel(select_expression_type = SqlLiteral<Nullable<Jsonb>>)]
    #[serde(default)]
    pub lines: Option<List<EntryLine>>,
    /// The document that it books: its resource.
    #[schema(max_length = 63, example = json!(null))]
    pub resource: Option<String>,
    /// The document that it books: its id.
    #[schema(example = json!(null))]
    pub resource_id: Option<Uuid>,
    /// The day on which it is booked back by itself.
    #[schema(example = json!(null))]
    pub reverse_on: Option<NaiveDate>,
    /// The entry that it books back.
    #[schema(example = json!(null))]
    pub reversal_of_id: Option<Uuid>,
    /// The entry that books it back.
    #[schema(example = json!(null))]
    pub reversed_by_id: Option<Uuid>,
    /// The recurring entry that it came from.
    #[schema(example = json!(null))]
    pub recurring_entry_id: Option<Uuid>,
    pub status: JournalEntryStatus,
    /// When it was posted.
    pub posted_at: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

fn lines_shown() -> SqlLiteral<Nullable<Jsonb>> {
    sql("lines_shown(journal_entries.id, journal_entries.line_count, journal_entries.lines)")
}

text_enum! {
    /// What stands for ever, and what does not yet.
    pub enum JournalEntryStatus { Draft = "draft", Posted = "posted", Reversed = "reversed" }
}

text_enum! {
    /// Whether somebody booked it, or the books themselves did.
    pub enum JournalEntryKind { Standard = "standard", Closing = "closing", Revaluation = "revaluation" }
}

/// A debit or a credit of an entry.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EntryLine {
    /// The account; no group, and active.
    pub account_id: Uuid,
    /// In the organization's currency. A line has a debit or a credit; one in another currency can leave both out, and is
    /// worked out by its rate.
    pub debit: Option<Money>,
    /// In the organization's currency.
    #[schema(example = json!(null))]
    pub credit: Option<Money>,
    /// The currency (ISO 4217); the organization's unless told.
    #[schema(max_length = 3, pattern = "^[A-Z]{3}$", example = "EUR")]
    pub currency: Option<String>,
    /// The debit in that currency, where it is another.
    #[schema(example = json!(null))]
    pub foreign_debit: Option<Money>,
    /// The credit in that currency, where it is another.
    #[schema(example = json!(null))]
    pub foreign_credit: Option<Money>,
    /// Units of the organization's currency for one of the other; unless told, what both amounts say, or the newest rate that
    /// is not after the day.
    #[schema(example = json!(null))]
    pub rate: Option<Rate>,
    /// What it is for, where the entry's words do not say.
    #[schema(min_length = 1, max_length = 500, example = json!(null))]
    pub description: Option<String>,
    /// The department that it is of.
    #[schema(example = json!(null))]
    pub department_id: Option<Uuid>,
    /// The cost centre that it is of.
    #[schema(example = json!(null))]
    pub cost_centre_id: Option<Uuid>,
    /// The project that it is of.
    #[schema(example = json!(null))]
    pub project_id: Option<Uuid>,
    /// The customer or supplier that it is about.
    #[schema(example = json!(null))]
    pub party_id: Option<Uuid>,
}

/// An entry to be: a draft until posted.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = journal_entries)]
#[serde(deny_unknown_fields)]
pub struct NewJournalEntry {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The journal; the general one unless told.
    #[schema(example = json!(null))]
    journal_id: Option<Uuid>,
    /// The day in the books.
    posted_on: NaiveDate,
    /// What it is for.
    #[schema(min_length = 1, max_length = 500, example = "Rent of March")]
    description: String,
    /// What others call it.
    #[schema(min_length = 1, max_length = 100, example = "RE-7731")]
    reference: Option<String>,
    /// Its debits and credits; a draft may have those that are known.
    #[schema(value_type = Vec<EntryLine>, min_items = 1, max_items = 10_000, example = json!([
        {"account_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", "debit": "850.00", "description": "Office"},
        {"account_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e60", "credit": "850.00"}
    ]))]
    lines: List<EntryLine>,
    /// The day on which it is booked back by itself: an accrual. After `posted_on`, in a fiscal year that there is.
    #[schema(example = json!(null))]
    reverse_on: Option<NaiveDate>,
}

/// What of a draft can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = journal_entries)]
#[serde(deny_unknown_fields)]
pub struct EditJournalEntry {
    /// The journal.
    journal_id: Option<Uuid>,
    /// The day in the books.
    posted_on: Option<NaiveDate>,
    /// What it is for.
    #[schema(min_length = 1, max_length = 500, example = "Rent of March and April")]
    description: Option<String>,
    /// What others call it.
    #[schema(min_length = 1, max_length = 100, example = "RE-7731")]
    reference: Option<Option<String>>,
    /// All its lines from now on.
    #[schema(value_type = Option<Vec<EntryLine>>, min_items = 1, max_items = 10_000, example = json!([
        {"account_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", "debit": "850.00", "description": "Office"},
        {"account_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e60", "credit": "850.00"}
    ]))]
    lines: Option<List<EntryLine>>,
    /// The day on which it is booked back by itself.
    #[schema(example = json!(null))]
    reverse_on: Option<Option<NaiveDate>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct JournalEntryFilter {
    /// Only entries in this state.
    #[param(inline)]
    status: Option<JournalEntryStatus>,
    /// Only entries of this kind.
    #[param(inline)]
    kind: Option<JournalEntryKind>,
    /// Only entries of this journal.
    journal_id: Option<Uuid>,
    /// Only entries of this month of the books.
    fiscal_period_id: Option<Uuid>,
    /// Only entries of this day or later.
    posted_on_from: Option<NaiveDate>,
    /// Only entries of this day or earlier.
    posted_on_to: Option<NaiveDate>,
    /// Only the entry with this number.
    #[param(min_length = 1, max_length = 40)]
    number: Option<String>,
    /// Only entries that book documents of this resource.
    #[param(min_length = 2, max_length = 63)]
    resource: Option<String>,
    /// Only entries that book this document.
    resource_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Can be changed and deleted; no report knows of it."),
        ("posted", "In the books, for ever."),
        ("reversed", "In the books, and so is its mirror."),
    ],
    steps: &[
        Step { action: "post", from: &["draft"], to: "posted", verb: "post" },
        Step { action: "reverse", from: &["posted"], to: "reversed", verb: "post" },
    ],
};

impl Named for JournalEntry {
    const NAME: &'static str = "journal-entries";
}

impl Resource for JournalEntry {
    const PATH: &'static str = "/v1/journal-entries";
    const SINGULAR: &'static str = "journal_entry";
    const TAG: &'static str = "Ledger";
    const SORT: &'static [SortKey] = &[SortKey::day("posted_on")];
    const USUAL_ORDER: &'static str = "posted_on";
    type Filter = JournalEntryFilter;

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

impl Stored for JournalEntry {
    type Table = journal_entries::table;
    const TABLE: &'static str = "journal_entries";
    const SEARCHED: &'static [&'static str] = &["description", "reference", "number"];

    fn narrow(rows: Rows<Self>, by: JournalEntryFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(journal_entries::status.eq(status)))
            .when(by.kind, |rows, kind| rows.filter(journal_entries::kind.eq(kind)))
            .when(by.journal_id, |rows, id| rows.filter(journal_entries::journal_id.eq(id)))
            .when(by.fiscal_period_id, |rows, id| rows.filter(journal_entries::fiscal_period_id.eq(id)))
            .when(by.posted_on_from, |rows, day| rows.filter(journal_entries::posted_on.ge(day)))
            .when(by.posted_on_to, |rows, day| rows.filter(journal_entries::posted_on.le(day)))
            .when(by.number, |rows, number| rows.filter(journal_entries::number.eq(number)))
            .when(by.resource, |rows, resource| rows.filter(journal_entries::resource.eq(resource)))
            .when(by.resource_id, |rows, id| rows.filter(journal_entries::resource_id.eq(id)))
    }
}

diesel::define_sql_function! {
    /// See the migration of the ledger: all that is wrong with the lines of entries.
    fn entry_faults(entries: Jsonb) -> Nullable<Jsonb>;
}

impl Written for JournalEntry {
    type New = NewJournalEntry;
    type Edit = EditJournalEntry;

    async fn check_new(db: &mut Db, new: &NewJournalEntry) -> Result<()> {
        check_draft(db, new.posted_on, new.reverse_on, &new.lines).await
    }

    async fn check_edit(db: &mut Db, row: &Self, edit: &EditJournalEntry) -> Result<()> {
        check_is_draft(row)?;
        let none = List::default();
        let lines = edit.lines.as_ref().or(row.lines.as_ref()).unwrap_or(&none);
        let reverse_on = edit.reverse_on.unwrap_or(row.reverse_on);
        check_draft(db, edit.posted_on.unwrap_or(row.posted_on), reverse_on, lines).await
    }

    async fn check_delete(_: &mut Db, row: &Self) -> Result<()> {
        check_is_draft(row)
    }
}

fn check_is_draft(row: &JournalEntry) -> Result<()> {
    if row.status == JournalEntryStatus::Draft {
        return Ok(());
    }
    Err(CONFLICT.because("What is posted stays as it is: reverse it, and post another."))
}

/// Whatever can be wrong with a line is told with the draft; that it is not complete yet is told when it is posted.
async fn check_draft(
    db: &mut Db,
    on: NaiveDate,
    reverse_on: Option<NaiveDate>,
    lines: &List<EntryLine>,
) -> Result<()> {
    let mut faults = faults_of_drafts(db, json!([{ "posted_on": on, "lines": lines }])).await?;
    faults.extend(check_reversal(on, reverse_on));
    if faults.is_empty() { Ok(()) } else { refuse(Some(json!({ "faults": faults }))) }
}

/// Whatever can be wrong with drafts, as the database tells it.
pub(crate) async fn faults_of_drafts(db: &mut Db, entries: Value) -> Result<Vec<Value>> {
    const LATER: &[&str] = &["unbalanced", "too-few", "no-rate"];
    let mut found: Option<Value> = diesel::select(entry_faults(entries)).get_result(db).await?;
    let mut faults = found.as_mut().and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
    faults.retain(|fault| !LATER.iter().any(|code| fault["code"] == *code));
    Ok(faults)
}

fn check_reversal(on: NaiveDate, reverse_on: Option<NaiveDate>) -> Option<Value> {
    let early = reverse_on.is_some_and(|day| day <= on);
    early.then(|| json!({ "pointer": "/reverse_on", "code": "not-after", "detail": "must be after the day on which it is posted" }))
}

/// Post a journal entry
///
/// A draft becomes part of the books: it takes the next number of its journal and fiscal year, its accounts' balances change,
/// and it stays as it is for ever. With `reverse_on` its mirror is booked on that day at once.
#[utoipa::path(post, path = "/v1/journal-entries/{id}/post", tag = "Ledger")]
async fn post_journal_entry(may: May<Post, JournalEntry>, id: Id<JournalEntry>) -> Reply<JournalEntry> {
    may.write(async |db| {
        let entry = lock(&may, db, &id).await?;
        LIFE.step(entry.status.as_str(), "post")?;
        let given = json!({
            "id": entry.id, "journal_id": entry.journal_id, "posted_on": entry.posted_on, "description": entry.description,
            "reference": entry.reference, "reverse_on": entry.reverse_on, "recurring_entry_id": entry.recurring_entry_id,
            "at": "", "lines": entry.lines,
        });
        post_given(db, vec![given]).await?;
        if let Some(day) = entry.reverse_on {
            accrue(db, &[(entry.id, String::new(), day)]).await?;
        }
        JournalEntry::find(db, entry.id).await
    })
    .await
}

/// What is to be booked back by itself is booked back: entries, the places they came from, and their days.
async fn accrue(db: &mut Db, entries: &[(Uuid, String, NaiveDate)]) -> Result<()> {
    let reversals: Vec<_> = entries
        .iter()
        .map(|(entry, at, day)| Reversal {
            entry_id: *entry,
            id: Uuid::now_v7(),
            posted_on: *day,
            description: "Reversal of an accrual",
            at: at.clone(),
        })
        .collect();
    let reversed = reverse_all(db, &reversals).await;
    reversed.map(drop).map_err(|problem| at_its_day(problem, "reverse_on"))
}

/// The day of a mirror is told by the field that it was given in.
fn at_its_day(mut problem: Problem, field: &str) -> Problem {
    for fault in &mut problem.errors {
        fault.pointer =
            fault.pointer.take().map(|pointer| pointer.replace("/posted_on", &format!("/{field}")));
    }
    problem
}

/// Entries to be posted at once.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostJournalEntriesRequest {
    /// All of them are posted, or none; they take their numbers in this order.
    #[schema(min_items = 1, max_items = 1_000)]
    entries: Vec<NewJournalEntry>,
}

/// Post new journal entries
///
/// Makes entries and posts them in one step: all of them or none, in one transaction. It needs `journal-entries:write` as well.
#[utoipa::path(post, path = "/v1/journal-entries/post", tag = "Ledger")]
async fn post_journal_entries(
    may: May<Post, JournalEntry>,
    new: Input<PostJournalEntriesRequest>,
) -> Reply<Several<JournalEntry>> {
    may.write(async |db| {
        if may.grants().reach("write").is_none() {
            return Err(FORBIDDEN.because("Making entries needs the permission `journal-entries:write`."));
        }
        let place = |index: usize| format!("/entries/{index}");
        let early = new.0.entries.iter().enumerate().filter_map(|(index, entry)| {
            check_reversal(entry.posted_on, entry.reverse_on).map(|mut fault| {
                fault["pointer"] = json!(format!("{}/reverse_on", place(index)));
                fault
            })
        });
        let early: Vec<_> = early.collect();
        if !early.is_empty() {
            refuse(Some(json!({ "faults": early })))?;
        }
        let given = new.0.entries.iter().enumerate().map(|(index, entry)| {
            json!({
                "id": entry.id, "journal_id": entry.journal_id, "journal": "general", "posted_on": entry.posted_on,
                "description": entry.description, "reference": entry.reference, "reverse_on": entry.reverse_on, "at": place(index),
                "lines": entry.lines,
            })
        });
        let ids = post_given(db, given.collect()).await?;
        let accruals = new.0.entries.iter().enumerate().filter_map(|(index, entry)| Some((entry.id, place(index), entry.reverse_on?)));
        let accruals: Vec<_> = accruals.collect();
        if !accruals.is_empty() {
            accrue(db, &accruals).await?;
        }
        let posted = journal_entries::table
            .filter(journal_entries::org_id.eq(db.organization()))
            .filter(journal_entries::id.eq_any(&ids))
            .select(JournalEntry::as_select());
        Ok(Several(in_order(posted.load(db).await?, &ids, |entry| entry.id)))
    })
    .await
}

/// When and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReverseJournalEntryRequest {
    /// The day in the books on which it is taken back; not before it was booked.
    reversed_on: NaiveDate,
    /// Why; the mirror says it.
    #[schema(min_length = 1, max_length = 500, example = "Booked twice")]
    reason: String,
}

/// Reverse a journal entry
///
/// Books its mirror, credits where it has debits, on the day that is given; both stay, and name each other. What books a
/// document is taken back by what happens to the document, and a year's closing by reopening the year.
#[utoipa::path(post, path = "/v1/journal-entries/{id}/reverse", tag = "Ledger")]
async fn reverse_journal_entry(
    may: May<Post, JournalEntry>,
    id: Id<JournalEntry>,
    back: Input<ReverseJournalEntryRequest>,
) -> Reply<JournalEntry> {
    may.write(async |db| {
        let entry = lock(&may, db, &id).await?;
        LIFE.step(entry.status.as_str(), "reverse")?;
        if let Some(resource) = &entry.resource {
            let rule = format!(
                "It books one of the {}: take that back, and this goes with it.",
                resource.replace('-', " ")
            );
            return Err(CONFLICT.because(rule));
        }
        if back.0.reversed_on < entry.posted_on {
            let rule = format!("must not be before the day on which it was booked, {}", entry.posted_on);
            return Err(Problem::invalid(vec![Fault::at("/reversed_on", "before-posted", rule)]));
        }
        let reversed = reverse(db, entry.id, back.0.reversed_on, &back.0.reason).await;
        reversed.map_err(|problem| at_its_day(problem, "reversed_on"))?;
        JournalEntry::find(db, entry.id).await
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<JournalEntry>()
        .creatable::<JournalEntry>()
        .changeable::<JournalEntry>()
        .deletable::<JournalEntry>()
        .call(operation!(post_journal_entries))
        .call(operation!(post_journal_entry))
        .call(operation!(reverse_journal_entry));
}
