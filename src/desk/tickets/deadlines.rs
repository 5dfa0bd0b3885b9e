//! Deadlines: the times that a ticket has, for its first answer, for its solution, and until each rule escalates it. They are worked out when the
//! ticket is opened and whenever its state, priority or queue changes; that time is short (`ticket_deadline.warned`) or up
//! (`ticket_deadline.breached`) are events.

use platform::prelude::*;
use schema::ticket_deadlines;

/// A time that a ticket has.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = ticket_deadlines)]
pub struct TicketDeadline {
    pub id: Uuid,
    pub version: i64,
    /// The ticket.
    pub ticket_id: Uuid,
    pub target: DeadlineTarget,
    /// The rule that escalates; null for what is promised.
    #[schema(example = json!(null))]
    pub escalation_rule_id: Option<Uuid>,
    /// Minutes of business time that it has.
    #[schema(minimum = 1, maximum = 525_600, example = 480)]
    pub allowed_minutes: i32,
    /// Seconds of business time that were used up when it last began to run, or stopped.
    #[schema(minimum = 0, example = 3_000)]
    pub elapsed_seconds: i64,
    /// Since when it runs; null while it stands still.
    pub running_since_at: Option<DateTime<Utc>>,
    /// When it is warned that little is left.
    pub warn_at: Option<DateTime<Utc>>,
    /// When it is over; null while it stands still.
    #[schema(example = "2026-03-30T13:30:00Z")]
    pub due_at: Option<DateTime<Utc>>,
    /// When it was warned.
    #[schema(example = json!(null))]
    pub warned_at: Option<DateTime<Utc>>,
    /// When it was answered or solved, in time or not.
    #[schema(example = json!(null))]
    pub met_at: Option<DateTime<Utc>>,
    pub status: DeadlineStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What there is time for.
    pub enum DeadlineTarget { FirstAnswer = "first_answer", Solution = "solution", Escalation = "escalation" }
}

text_enum! {
    /// Where a deadline stands: it runs; stands still while the ticket waits for who asked; was warned of; was not kept, or escalated; was kept;
    /// or counts no more.
    pub enum DeadlineStatus {
        Running = "running", Paused = "paused", Warned = "warned", Breached = "breached", Met = "met", Cancelled = "cancelled",
    }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct TicketDeadlineFilter {
    /// Only deadlines in this state.
    #[param(inline)]
    status: Option<DeadlineStatus>,
    /// Only deadlines for this.
    #[param(inline)]
    target: Option<DeadlineTarget>,
    /// Only deadlines of this ticket.
    ticket_id: Option<Uuid>,
    /// Only deadlines that are due at this instant or later.
    due_at_from: Option<DateTime<Utc>>,
    /// Only deadlines that are due at this instant or earlier.
    due_at_to: Option<DateTime<Utc>>,
}

impl Named for TicketDeadline {
    const NAME: &'static str = "ticket-deadlines";
}

impl Resource for TicketDeadline {
    const PATH: &'static str = "/v1/ticket-deadlines";
    const SINGULAR: &'static str = "ticket_deadline";
    const TAG: &'static str = "Tickets";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    const COMES_TO: &'static [&'static str] = DeadlineStatus::ALL;
    type Filter = TicketDeadlineFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for TicketDeadline {
    type Table = ticket_deadlines::table;
    const TABLE: &'static str = "ticket_deadlines";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: TicketDeadlineFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(ticket_deadlines::status.eq(status)))
            .when(by.target, |rows, target| rows.filter(ticket_deadlines::target.eq(target)))
            .when(by.ticket_id, |rows, id| rows.filter(ticket_deadlines::ticket_id.eq(id)))
            .when(by.due_at_from, |rows, at| rows.filter(ticket_deadlines::due_at.ge(at)))
            .when(by.due_at_to, |rows, at| rows.filter(ticket_deadlines::due_at.le(at)))
    }
}

pub fn routes(api: &mut Api) {
    api.readable::<TicketDeadline>();
}
