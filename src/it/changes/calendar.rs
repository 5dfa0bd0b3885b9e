//! The calendar of changes: as a list with the freezes, and as iCalendar (RFC 5545) for the calendars of others.

use crate::changes::{Change, ChangeKind, ChangeStatus};
use crate::risks::RiskLevel;
use ::calendar::{Calendar, During, Entry, Standing};
use diesel::sql_types::{Nullable, Timestamptz, Uuid as SqlUuid};
use platform::prelude::*;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of systems: changes as calendars show them.
    fn change_calendar(change: Nullable<SqlUuid>) -> Nullable<Jsonb>;
}
diesel::define_sql_function! {
    /// See the migration of systems.
    fn report_change_calendar(from_instant: Timestamptz, to_instant: Timestamptz) -> Jsonb;
}

#[derive(Deserialize)]
/// A change as calendars show it.
pub struct Shown {
    id: Uuid,
    sequence: u32,
    changed_at: DateTime<Utc>,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    status: ChangeStatus,
    number: String,
    title: String,
    risk: RiskLevel,
    kind: ChangeKind,
    systems: Vec<String>,
}

impl From<Shown> for Entry {
    fn from(shown: Shown) -> Self {
        let standing = match shown.status {
            ChangeStatus::Cancelled => Standing::Cancelled,
            ChangeStatus::Approved => Standing::Tentative,
            _ => Standing::Confirmed,
        };
        let (kind, risk, status) = (shown.kind.as_str(), shown.risk.as_str(), shown.status.as_str());
        let description = format!(
            "{} change, {} risk, {}. Systems: {}",
            kind,
            risk.replace('_', " "),
            status.replace('_', " "),
            shown.systems.join(", ")
        );
        Self {
            id: shown.id,
            sequence: shown.sequence,
            changed_at: shown.changed_at,
            when: During::Times(shown.starts_at, shown.ends_at),
            standing,
            // Nobody is booked by it.
            is_transparent: true,
            summary: format!("{}: {}", shown.number, shown.title),
            description: Some(description),
            location: None,
            url: None,
            attendees: Vec::new(),
        }
    }
}

async fn entries(db: &mut Db, change: Option<Uuid>) -> Result<Vec<Entry>> {
    let shown: Option<Value> = diesel::select(change_calendar(change)).get_result(db).await?;
    let shown = shown.ok_or_else(Problem::not_found)?;
    let shown: Vec<Shown> = serde_json::from_value(shown).map_err(Problem::internal)?;
    Ok(shown.into_iter().map(Entry::from).collect())
}

/// Read a change as a calendar
///
/// The change as an iCalendar file (RFC 5545), once it is agreed to and has a window: not certain until it is scheduled. Moved or cancelled, the same file tells calendars so.
#[utoipa::path(get, path = "/v1/changes/{id}/calendar", tag = "Changes")]
async fn get_change_calendar(may: May<Read, Change>, id: Id<Change>) -> Reply<Calendar> {
    let entries = may.read(async |db| entries(db, Some(id.0)).await).await?;
    Calendar { name: "Change".into(), file_name: format!("change-{}", id.0), entries }.answer(may.grants())
}

/// Read the calendar of changes
///
/// The changes of the last 90 days and all to come that are agreed to and have a window, as a feed that calendar programs read again and again (RFC 5545).
#[utoipa::path(get, path = "/v1/changes/calendar", tag = "Changes")]
async fn get_changes_calendar(may: May<Read, Change>) -> Reply<Calendar> {
    let entries = may.read(async |db| entries(db, None).await).await?;
    Calendar { name: "Changes".into(), file_name: "changes".into(), entries }.answer(may.grants())
}

/// Of which time the calendar is.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct TimeAsked {
    /// From this instant on; now, unless told.
    from: Option<DateTime<Utc>>,
    /// Until this instant; thirty days later, unless told.
    to: Option<DateTime<Utc>>,
}

/// What is changed when, and when nothing is.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChangeCalendar {
    /// Changes and freezes, in the order in which they begin.
    #[schema(max_items = 5000)]
    entries: Vec<ChangeCalendarEntry>,
}

/// A change or a freeze.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ChangeCalendarEntry {
    kind: ChangeCalendarKind,
    /// The change or the freeze.
    id: Uuid,
    /// The number of the change.
    #[schema(max_length = 20, example = "CHG-00042")]
    number: Option<String>,
    /// What it is called.
    #[schema(max_length = 200, example = "Upgrade the payroll database")]
    title: String,
    /// Where it stands.
    #[schema(max_length = 20, example = "scheduled")]
    status: String,
    /// How risky the change is.
    #[schema(example = "medium")]
    risk: Option<RiskLevel>,
    /// When it begins.
    #[schema(example = "2030-01-12T20:00:00Z")]
    starts_at: DateTime<Utc>,
    /// When it ends.
    #[schema(example = "2030-01-12T23:00:00Z")]
    ends_at: DateTime<Utc>,
    /// Which systems a freeze is for; null for all.
    #[schema(max_length = 20, example = json!(null))]
    environment: Option<String>,
    /// The systems that are changed.
    #[schema(max_items = 100)]
    system_ids: Vec<Uuid>,
}

text_enum! {
    /// What stands in the calendar.
    pub enum ChangeCalendarKind { Change = "change", Freeze = "freeze" }
}

/// Report the calendar of changes
///
/// The changes whose window is in a time, whether agreed to or wished for, and the freezes of it, in the order in which they begin.
#[utoipa::path(get, path = "/v1/reports/change-calendar", tag = "Changes")]
async fn report_calendar_of_changes(
    may: May<Read, Change>,
    asked: Params<TimeAsked>,
) -> Reply<Plain<ChangeCalendar>> {
    let from = asked.0.from.unwrap_or_else(Utc::now);
    let to = asked.0.to.unwrap_or(from + chrono::Duration::days(30));
    if to < from {
        return Err(Problem::invalid(vec![Fault::of("to", "before-from", "must not be before `from`")]));
    }
    let entries = may
        .read(async |db| Ok(diesel::select(report_change_calendar(from, to)).get_result::<Value>(db).await?))
        .await?;
    let entries = serde_json::from_value(entries).map_err(Problem::internal)?;
    Plain(ChangeCalendar { entries }).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_changes_calendar))
        .call(operation!(get_change_calendar))
        .call(operation!(report_calendar_of_changes));
}
