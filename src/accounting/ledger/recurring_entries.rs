//! Recurring entries: what is booked again and again, once for each due day, however often the worker runs.

use crate::journal_entries::{EntryLine, entry_faults};
use crate::posting::{post_given, refuse};
use crate::schedule::Every;
use platform::job::{Running, Task};
use platform::prelude::*;
use schema::recurring_entries;
use serde_json::Value;
use std::time::Duration;

/// What is booked again and again.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = recurring_entries)]
pub struct RecurringEntry {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Office rent")]
    pub name: String,
    /// The journal of its entries.
    pub journal_id: Uuid,
    /// What each entry is for.
    #[schema(max_length = 500, example = "Rent of the office")]
    pub description: String,
    /// The debits and credits of each entry.
    #[schema(value_type = Vec<EntryLine>, max_items = 100)]
    pub lines: List<EntryLine>,
    pub every: Every,
    /// The first due day; the others are counted from it, and what falls on no day of a month falls on its last.
    #[schema(example = "2026-01-31")]
    pub starts_on: NaiveDate,
    /// The last day on which it can be due; null for ever.
    #[schema(example = json!(null))]
    pub ends_on: Option<NaiveDate>,
    /// The next due day; null once it has ended.
    #[schema(example = "2026-04-30")]
    pub next_on: Option<NaiveDate>,
    /// How often it was booked.
    #[schema(minimum = 0, example = 3)]
    pub runs: i32,
    pub status: RecurringEntryStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether it is booked.
    pub enum RecurringEntryStatus { Active = "active", Paused = "paused", Ended = "ended" }
}

/// A recurring entry to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = recurring_entries)]
#[serde(deny_unknown_fields)]
pub struct NewRecurringEntry {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Office rent")]
    name: String,
    /// The journal; the general one unless told.
    #[schema(example = json!(null))]
    journal_id: Option<Uuid>,
    /// What each entry is for.
    #[schema(min_length = 1, max_length = 500, example = "Rent of the office")]
    description: String,
    /// The debits and credits of each entry, which must be the same.
    #[schema(value_type = Vec<EntryLine>, min_items = 2, max_items = 100, example = json!([
        {"account_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", "debit": "850.00", "description": "Office"},
        {"account_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e60", "credit": "850.00"}
    ]))]
    lines: List<EntryLine>,
    /// How often it is due.
    every: Every,
    /// The first due day.
    #[schema(example = "2026-01-31")]
    starts_on: NaiveDate,
    /// The last day on which it can be due; null for ever.
    #[schema(example = json!(null))]
    ends_on: Option<NaiveDate>,
}

/// What of it can be changed; what was booked stays as it is.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = recurring_entries)]
#[serde(deny_unknown_fields)]
pub struct EditRecurringEntry {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Office rent, new contract")]
    name: Option<String>,
    /// The journal.
    journal_id: Option<Uuid>,
    /// What each entry is for.
    #[schema(min_length = 1, max_length = 500, example = "Rent of the office")]
    description: Option<String>,
    /// The debits and credits of each entry from now on.
    #[schema(value_type = Option<Vec<EntryLine>>, min_items = 2, max_items = 100, example = json!([
        {"account_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f", "debit": "850.00", "description": "Office"},
        {"account_id": "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e60", "credit": "850.00"}
    ]))]
    lines: Option<List<EntryLine>>,
    /// The last day on which it can be due.
    #[schema(example = json!(null))]
    ends_on: Option<Option<NaiveDate>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct RecurringEntryFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<RecurringEntryStatus>,
    /// Only those due on this day or earlier.
    next_on_to: Option<NaiveDate>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Booked on each due day."),
        ("paused", "Not booked; what was due meanwhile is booked when it is resumed."),
        ("ended", "Booked no more."),
    ],
    steps: &[
        Step { action: "pause", from: &["active"], to: "paused", verb: "write" },
        Step { action: "resume", from: &["paused"], to: "active", verb: "write" },
        Step { action: "run", from: &["active"], to: "active", verb: "post" },
    ],
};

impl Named for RecurringEntry {
    const NAME: &'static str = "recurring-entries";
}

impl Resource for RecurringEntry {
    const PATH: &'static str = "/v1/recurring-entries";
    const SINGULAR: &'static str = "recurring_entry";
    const TAG: &'static str = "Ledger";
    const SORT: &'static [SortKey] = &[SortKey::text("name")];
    const USUAL_ORDER: &'static str = "name";
    type Filter = RecurringEntryFilter;

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

impl Stored for RecurringEntry {
    type Table = recurring_entries::table;
    const TABLE: &'static str = "recurring_entries";
    const SEARCHED: &'static [&'static str] = &["name", "description"];

    fn narrow(rows: Rows<Self>, by: RecurringEntryFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(recurring_entries::status.eq(status)))
            .when(by.next_on_to, |rows, day| rows.filter(recurring_entries::next_on.le(day)))
    }
}

impl Written for RecurringEntry {
    type New = NewRecurringEntry;
    type Edit = EditRecurringEntry;

    async fn check_new(db: &mut Db, new: &NewRecurringEntry) -> Result<()> {
        check(db, new.starts_on, &new.lines).await
    }

    async fn check_edit(db: &mut Db, row: &Self, edit: &EditRecurringEntry) -> Result<()> {
        match &edit.lines {
            Some(lines) => check(db, row.next_on.unwrap_or(row.starts_on), lines).await,
            None => Ok(()),
        }
    }
}

async fn check(db: &mut Db, on: NaiveDate, lines: &List<EntryLine>) -> Result<()> {
    let entry = json!([{ "posted_on": on, "lines": lines }]);
    let found: Option<Value> = diesel::select(entry_faults(entry)).get_result(db).await?;
    refuse(found.map(|faults| json!({ "faults": faults })))
}

impl RecurringEntry {
    /// The day on which it is due for the nth time, counted from 0; none past its end.
    fn due(&self, times: i32) -> Option<NaiveDate> {
        self.every.due(self.starts_on, times).filter(|day| self.ends_on.is_none_or(|last| *day <= last))
    }
}

/// At most so many due days are caught up with at once; the others follow at the next turn.
const AT_ONCE: usize = 60;

/// Books what is due on or before the day.
async fn book(db: &mut Db, recurring: &RecurringEntry, until: NaiveDate) -> Result<RecurringEntry> {
    let mut next = (recurring.runs, recurring.next_on);
    let mut entries = Vec::new();
    while let Some(day) = next.1.filter(|day| *day <= until && entries.len() < AT_ONCE) {
        entries.push(json!({
            "id": Uuid::now_v7(), "journal_id": recurring.journal_id, "posted_on": day, "description": recurring.description,
            "recurring_entry_id": recurring.id, "at": "", "lines": recurring.lines,
        }));
        next = (next.0 + 1, recurring.due(next.0 + 1));
    }
    if !entries.is_empty() {
        post_given(db, entries).await?;
    }
    let one = recurring_entries::table.find((db.organization(), recurring.id));
    let booked = (
        recurring_entries::runs.eq(next.0),
        recurring_entries::next_on.eq(next.1),
        recurring_entries::status.eq(if next.1.is_none() { "ended" } else { "active" }),
    );
    Ok(diesel::update(one).set(booked).returning(RecurringEntry::as_returning()).get_result(db).await?)
}

/// Run a recurring entry
///
/// Books what is due by today, each due day once. The worker does the same every hour.
#[utoipa::path(post, path = "/v1/recurring-entries/{id}/run", tag = "Ledger")]
async fn run_recurring_entry(
    may: May<Post, RecurringEntry>,
    id: Id<RecurringEntry>,
) -> Reply<RecurringEntry> {
    may.write(async |db| {
        let recurring = lock(&may, db, &id).await?;
        LIFE.step(recurring.status.as_str(), "run")?;
        book(db, &recurring, Utc::now().date_naive()).await
    })
    .await
}

/// Pause a recurring entry
///
/// Nothing is booked meanwhile.
#[utoipa::path(post, path = "/v1/recurring-entries/{id}/pause", tag = "Ledger")]
async fn pause_recurring_entry(
    may: May<Write, RecurringEntry>,
    id: Id<RecurringEntry>,
) -> Reply<RecurringEntry> {
    step(may, id, "pause").await
}

/// Resume a recurring entry
///
/// What was due meanwhile is booked at the next turn.
#[utoipa::path(post, path = "/v1/recurring-entries/{id}/resume", tag = "Ledger")]
async fn resume_recurring_entry(
    may: May<Write, RecurringEntry>,
    id: Id<RecurringEntry>,
) -> Reply<RecurringEntry> {
    step(may, id, "resume").await
}

/// Books what is due, of every organization.
#[derive(Serialize, Deserialize)]
pub(crate) struct BookRecurring;

impl Task for BookRecurring {
    const KIND: &'static str = "ledger.book_recurring";

    async fn run(self, job: &Running) -> Result<Value> {
        let today = Utc::now().date_naive();
        let mut failed = 0;
        for organization in job.database().organizations().await? {
            let due = async |db: &mut Db| {
                let due = recurring_entries::table
                    .filter(recurring_entries::org_id.eq(organization))
                    .filter(recurring_entries::status.eq("active"))
                    .filter(recurring_entries::next_on.le(today))
                    .select(recurring_entries::id);
                Ok(due.load::<Uuid>(db).await?)
            };
            for id in job.database().as_system(organization, due).await? {
                let booking = async |db: &mut Db| {
                    let recurring = RecurringEntry::lock(db, id).await?;
                    if recurring.status == RecurringEntryStatus::Active {
                        book(db, &recurring, today).await.map(drop)
                    } else {
                        Ok(())
                    }
                };
                // One whose period is closed keeps no other from being booked; it is tried again at the next turn.
                if let Err(problem) = job.database().as_system(organization, booking).await {
                    log::warn!(organization:%, recurring_entry:% = id; "not booked: {}", problem.detail);
                    failed += 1;
                }
            }
        }
        Ok(json!({ "failed": failed }))
    }
}

pub fn routes(api: &mut Api) {
    api.schedule::<BookRecurring>(Duration::from_hours(1));
    api.readable::<RecurringEntry>()
        .creatable::<RecurringEntry>()
        .changeable::<RecurringEntry>()
        .deletable::<RecurringEntry>()
        .call(operation!(run_recurring_entry))
        .call(operation!(pause_recurring_entry))
        .call(operation!(resume_recurring_entry));
}
