//! Tickets: what somebody asks of a department, from the first report to the last answer.

use crate::working::{self, Changes};
use crate::{importing, merging, opening};
use diesel::PgArrayExpressionMethods;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Uuid as SqlUuid};
use platform::page::{ListQuery, PageOfIds};
use platform::prelude::*;
use platform::problem::{IN_USE, INVALID_STATE};
use platform::store::changes_nothing;
use schema::tickets;

/// What somebody asks of a department.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = tickets)]
pub struct Ticket {
    pub id: Uuid,
    pub version: i64,
    /// Its number, gapless.
    #[schema(max_length = 20, example = "T-000042")]
    pub number: String,
    pub kind: TicketKind,
    /// What it is about, in a line.
    #[schema(max_length = 200, example = "No VPN since this morning")]
    pub subject: String,
    /// The same at length: text as it was given. Clients that show it as HTML take out what is not theirs.
    #[schema(max_length = 20_000, example = "The client says `timeout`.")]
    pub description: String,
    pub impact: TicketImpact,
    pub urgency: TicketUrgency,
    pub priority: TicketPriority,
    /// Where it waits; null where no rule knew.
    pub queue_id: Option<Uuid>,
    /// Who works on it.
    pub assignee_id: Option<Uuid>,
    /// The employee who asks.
    pub requester_id: Option<Uuid>,
    /// The customer or supplier who asks.
    #[schema(example = json!(null))]
    pub requester_party_id: Option<Uuid>,
    pub channel: TicketChannel,
    /// Words that it is found by.
    #[schema(value_type = Vec<TicketTag>, max_items = 20)]
    #[diesel(select_expression = tags())]
    #[diesel(select_expression_type = SqlLiteral<Array<Text>>)]
    pub tags: Vec<String>,
    /// Employees who see it, and what is said publicly, besides who asks.
    #[schema(max_items = 50)]
    #[diesel(select_expression = watcher_ids())]
    #[diesel(select_expression_type = SqlLiteral<Array<SqlUuid>>)]
    pub watcher_ids: Vec<Uuid>,
    /// When it was reported: from then on its time counts.
    #[schema(example = "2026-03-27T14:30:00Z")]
    pub reported_at: DateTime<Utc>,
    /// When somebody who works on tickets first answered publicly.
    #[schema(example = json!(null))]
    pub first_answered_at: Option<DateTime<Utc>>,
    /// Until when it has to be answered; null where nothing is promised, or time stands still.
    #[schema(example = "2026-03-30T06:30:00Z")]
    pub first_answer_due_at: Option<DateTime<Utc>>,
    /// Until when it has to be solved; null where nothing is promised, or time stands still.
    #[schema(example = "2026-03-30T13:30:00Z")]
    pub solution_due_at: Option<DateTime<Utc>>,
    /// When it was solved last.
    #[schema(example = json!(null))]
    pub solved_at: Option<DateTime<Utc>>,
    /// When it was closed.
    #[schema(example = json!(null))]
    pub closed_at: Option<DateTime<Utc>>,
    /// How often it was not solved after all.
    #[schema(minimum = 0, example = 0)]
    pub reopened_count: i32,
    /// The ticket that goes on in its stead.
    #[schema(example = json!(null))]
    pub merged_into_id: Option<Uuid>,
    /// How satisfied who asked is: 1 not at all, 5 very.
    #[schema(minimum = 1, maximum = 5, example = json!(null))]
    pub satisfaction: Option<i32>,
    /// What they say to that.
    #[schema(max_length = 2000, example = json!(null))]
    pub satisfaction_comment: Option<String>,
    pub status: TicketStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

// None in them is null, which the generated schema can not say.
fn tags() -> SqlLiteral<Array<Text>> {
    sql("tickets.tags")
}
fn watcher_ids() -> SqlLiteral<Array<SqlUuid>> {
    sql("tickets.watcher_ids")
}

text_enum! {
    /// What a ticket is: something is broken, something is wanted, the cause of incidents, something is asked.
    pub enum TicketKind { Incident = "incident", Request = "request", Problem = "problem", Question = "question" }
}
text_enum! {
    /// How much is affected.
    pub enum TicketImpact { Low = "low", Medium = "medium", High = "high" }
}
text_enum! {
    /// How soon it hurts.
    pub enum TicketUrgency { Low = "low", Medium = "medium", High = "high" }
}
text_enum! {
    /// What comes first: as impact and urgency come to by `/v1/priority-matrices`, unless somebody says so.
    pub enum TicketPriority { Low = "low", Normal = "normal", High = "high", Urgent = "urgent" }
}
text_enum! {
    /// How it came in.
    pub enum TicketChannel {
        Portal = "portal", Email = "email", Phone = "phone", Chat = "chat", InPerson = "in_person", Monitoring = "monitoring", Other = "other",
    }
}
text_enum! {
    /// Where a ticket stands.
    pub enum TicketStatus { Open = "open", InProgress = "in_progress", Waiting = "waiting", Solved = "solved", Closed = "closed" }
}

/// A word that tickets are found by.
#[derive(ToSchema)]
#[schema(min_length = 1, max_length = 50, pattern = r"^\S(.*\S)?$", example = "vpn")]
#[expect(dead_code, reason = "it tells the contract how long a tag may be")]
pub struct TicketTag(String);

/// A ticket to be. Who asks says what it is about; impact, priority, assignee, watchers and the time of the report, those say who work on tickets.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTicket {
    /// What it is; an incident unless told.
    pub kind: Option<TicketKind>,
    /// What it is about, in a line.
    #[schema(min_length = 1, max_length = 200, example = "No VPN since this morning")]
    pub subject: String,
    /// The same at length.
    #[schema(min_length = 1, max_length = 20_000, example = "The client says `timeout`.")]
    pub description: String,
    /// How much is affected; medium unless told.
    pub impact: Option<TicketImpact>,
    /// How soon it hurts; medium unless told.
    pub urgency: Option<TicketUrgency>,
    /// What comes first; what rules, impact and urgency come to unless told.
    #[schema(example = json!(null))]
    pub priority: Option<TicketPriority>,
    /// Where it goes; where rules lead it unless told.
    pub queue_id: Option<Uuid>,
    /// Who works on it; whose turn it is in the queue unless told.
    #[schema(example = json!(null))]
    pub assignee_id: Option<Uuid>,
    /// The employee who asks; the caller unless told, or a customer or supplier asks.
    pub requester_id: Option<Uuid>,
    /// The customer or supplier who asks.
    #[schema(example = json!(null))]
    pub requester_party_id: Option<Uuid>,
    /// How it came in; the portal unless told.
    pub channel: Option<TicketChannel>,
    /// Words that it is found by.
    #[serde(default)]
    #[schema(value_type = Vec<TicketTag>, required = false, max_items = 20, example = json!(["vpn"]))]
    pub tags: Vec<String>,
    /// Employees who see it, and what is said publicly, besides who asks.
    #[serde(default)]
    #[schema(required = false, max_items = 50, example = json!([]))]
    pub watcher_ids: Vec<Uuid>,
    /// When it was reported, where that was before now.
    #[schema(example = json!(null))]
    pub reported_at: Option<DateTime<Utc>>,
    /// What it is about, or hangs together with. Further ones are added at `/v1/ticket-links`.
    #[serde(default)]
    #[schema(required = false, max_items = 20, example = json!([]))]
    pub links: Vec<crate::links::LinkOfNewTicket>,
}

/// What of a ticket can be changed. Its state changes by steps.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditTicket {
    /// What it is.
    kind: Option<TicketKind>,
    /// What it is about, in a line.
    #[schema(min_length = 1, max_length = 200, example = "No VPN from home")]
    subject: Option<String>,
    /// The same at length.
    #[schema(min_length = 1, max_length = 20_000, example = "The client says `timeout`, from home alone.")]
    description: Option<String>,
    /// How much is affected. The priority follows, unless it is given, too.
    impact: Option<TicketImpact>,
    /// How soon it hurts. The priority follows, unless it is given, too.
    urgency: Option<TicketUrgency>,
    /// What comes first.
    priority: Option<TicketPriority>,
    /// Where it waits.
    queue_id: Option<Option<Uuid>>,
    /// The employee who asks.
    requester_id: Option<Option<Uuid>>,
    /// The customer or supplier who asks.
    #[schema(example = json!(null))]
    requester_party_id: Option<Option<Uuid>>,
    /// How it came in.
    channel: Option<TicketChannel>,
    /// Words that it is found by.
    #[schema(value_type = Vec<TicketTag>, max_items = 20)]
    tags: Option<Vec<String>>,
    /// Employees who see it besides who asks.
    #[schema(max_items = 50, example = json!([]))]
    watcher_ids: Option<Vec<Uuid>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct TicketFilter {
    /// Only tickets in this state.
    #[param(inline)]
    status: Option<TicketStatus>,
    /// Only tickets of this kind.
    #[param(inline)]
    kind: Option<TicketKind>,
    /// Only tickets of this priority.
    #[param(inline)]
    priority: Option<TicketPriority>,
    /// Only tickets in this queue.
    queue_id: Option<Uuid>,
    /// Only tickets on which this employee works.
    assignee_id: Option<Uuid>,
    /// Only tickets of this employee.
    requester_id: Option<Uuid>,
    /// Only tickets of this customer or supplier.
    requester_party_id: Option<Uuid>,
    /// Only tickets that were merged into this one.
    merged_into_id: Option<Uuid>,
    /// Only tickets with this tag.
    #[param(min_length = 1, max_length = 50)]
    tag: Option<String>,
    /// Only the ticket with this number.
    #[param(min_length = 1, max_length = 20)]
    number: Option<String>,
    /// Only tickets on which somebody works (`true`), or nobody does.
    assigned: Option<bool>,
    /// Only tickets that were reported at this instant or later.
    reported_at_from: Option<DateTime<Utc>>,
    /// Only tickets that were reported at this instant or earlier.
    reported_at_to: Option<DateTime<Utc>>,
    /// Only tickets that have to be solved at this instant or earlier.
    solution_due_at_to: Option<DateTime<Utc>>,
    #[param(ignore)]
    #[serde(skip)]
    page: Option<PageOfIds>,
}

pub(crate) static LIFE: Life = Life {
    states: &[
        ("open", "Nobody works on it yet, or again."),
        ("in_progress", "Somebody works on it."),
        ("waiting", "Whoever asked has to answer: its time stands still."),
        ("solved", "Done, as far as the desk can tell; it can be reopened for some days."),
        ("closed", "Over, for good."),
    ],
    steps: &[
        Step { action: "start", from: &["open"], to: "in_progress", verb: "run" },
        Step { action: "wait", from: &["open", "in_progress"], to: "waiting", verb: "run" },
        Step { action: "resume", from: &["waiting"], to: "in_progress", verb: "run" },
        Step { action: "solve", from: &["open", "in_progress", "waiting"], to: "solved", verb: "run" },
        Step { action: "reopen", from: &["solved"], to: "open", verb: "write" },
        Step {
            action: "close",
            from: &["open", "in_progress", "waiting", "solved"],
            to: "closed",
            verb: "write",
        },
        Step { action: "take", from: &["open", "in_progress"], to: "in_progress", verb: "run" },
        Step { action: "take", from: &["waiting"], to: "waiting", verb: "run" },
        Step { action: "assign", from: &["open"], to: "open", verb: "assign" },
        Step { action: "assign", from: &["in_progress"], to: "in_progress", verb: "assign" },
        Step { action: "assign", from: &["waiting"], to: "waiting", verb: "assign" },
        Step {
            action: "merge",
            from: &["open", "in_progress", "waiting", "solved"],
            to: "closed",
            verb: "run",
        },
        Step { action: "rate", from: &["solved"], to: "solved", verb: "write" },
        Step { action: "rate", from: &["closed"], to: "closed", verb: "write" },
    ],
};

impl Named for Ticket {
    const NAME: &'static str = "tickets";
}

impl Resource for Ticket {
    const PATH: &'static str = "/v1/tickets";
    const SINGULAR: &'static str = "ticket";
    const TAG: &'static str = "Tickets";
    const SORT: &'static [SortKey] = &[SortKey::instant("reported_at"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-id";
    type Filter = TicketFilter;

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
    fn person(&self) -> Option<Uuid> {
        self.requester_id
    }
}

impl Stored for Ticket {
    type Table = tickets::table;
    const TABLE: &'static str = "tickets";
    const SEARCHED: &'static [&'static str] = &["number", "subject"];

    fn narrow(rows: Rows<Self>, by: TicketFilter) -> Rows<Self> {
        rows.when(by.page, |rows, page| seen_by_caller(rows, by.status, &page))
            .when(by.status, |rows, status| rows.filter(tickets::status.eq(status)))
            .when(by.kind, |rows, kind| rows.filter(tickets::kind.eq(kind)))
            .when(by.priority, |rows, priority| rows.filter(tickets::priority.eq(priority)))
            .when(by.queue_id, |rows, id| rows.filter(tickets::queue_id.eq(id)))
            .when(by.assignee_id, |rows, id| rows.filter(tickets::assignee_id.eq(id)))
            .when(by.requester_id, |rows, id| rows.filter(tickets::requester_id.eq(id)))
            .when(by.requester_party_id, |rows, id| rows.filter(tickets::requester_party_id.eq(id)))
            .when(by.merged_into_id, |rows, id| rows.filter(tickets::merged_into_id.eq(id)))
            .when(by.tag, |rows, tag| rows.filter(tickets::tags.contains(vec![Some(tag)])))
            .when(by.number, |rows, number| rows.filter(tickets::number.eq(number)))
            .when(by.assigned, |rows, assigned| {
                if assigned {
                    rows.filter(tickets::assignee_id.is_not_null())
                } else {
                    rows.filter(tickets::assignee_id.is_null())
                }
            })
            .when(by.reported_at_from, |rows, at| rows.filter(tickets::reported_at.ge(at)))
            .when(by.reported_at_to, |rows, at| rows.filter(tickets::reported_at.le(at)))
            .when(by.solution_due_at_to, |rows, at| rows.filter(tickets::solution_due_at.le(at)))
    }

    fn filter_of_page(query: &ListQuery<TicketFilter>, rows: i64) -> TicketFilter {
        let filter = query.filter.clone();
        let is_whole = query.search.is_none() && query.as_of.is_none() && filter.is_of_state_alone();
        let page = query.page_of_ids(rows).filter(|_| is_whole);
        TicketFilter { page, ..filter }
    }
}

impl TicketFilter {
    /// Whether it narrows by nothing but the state.
    fn is_of_state_alone(&self) -> bool {
        matches!(
            self,
            Self {
                status: _,
                kind: None,
                priority: None,
                queue_id: None,
                assignee_id: None,
                requester_id: None,
                requester_party_id: None,
                merged_into_id: None,
                tag: None,
                number: None,
                assigned: None,
                reported_at_from: None,
                reported_at_to: None,
                solution_due_at_to: None,
                page: _,
            }
        )
    }
}

/// Those of the page, found by the indexes that reach goes by: see the migration of tickets.
fn seen_by_caller(rows: Rows<Ticket>, status: Option<TicketStatus>, page: &PageOfIds) -> Rows<Ticket> {
    rows.filter(
        sql::<Bool>("tickets.id = any((select page_of_tickets(")
            .bind::<Nullable<Text>, _>(status.map(TicketStatus::as_str))
            .sql(", ")
            .bind::<SqlUuid, _>(page.behind)
            .sql(", ")
            .bind::<Bool, _>(page.descending)
            .sql(", ")
            .bind::<BigInt, _>(page.rows)
            .sql("))::uuid[])"),
    )
}

impl Kept for Ticket {
    type New = NewTicket;
    type Edit = EditTicket;

    async fn create(db: &mut Db, new: NewTicket) -> Result<Self> {
        opening::open(db, new).await
    }

    async fn change(db: &mut Db, row: Self, edit: EditTicket) -> Result<Self> {
        if row.status == TicketStatus::Closed {
            return Err(INVALID_STATE.because("A ticket that is closed stays as it was: open another one."));
        }
        if changes_nothing(&row, &serde_json::to_value(&edit).map_err(Problem::internal)?)? {
            return Ok(row);
        }
        refuse_two_requesters(
            edit.requester_id.unwrap_or(row.requester_id),
            edit.requester_party_id.unwrap_or(row.requester_party_id),
        )?;
        let changes = Changes {
            kind: edit.kind,
            subject: edit.subject,
            description: edit.description,
            impact: edit.impact,
            urgency: edit.urgency,
            priority: edit.priority,
            queue_id: edit.queue_id,
            requester_id: edit.requester_id,
            requester_party_id: edit.requester_party_id,
            channel: edit.channel,
            tags: edit.tags,
            watcher_ids: edit.watcher_ids,
            ..Changes::default()
        };
        working::rework(db, row, changes).await
    }

    async fn delete(_: &mut Db, _: Self) -> Result<()> {
        Err(IN_USE.because("A ticket stays on record: `close` it, or `merge` it into another one."))
    }
}

/// Either one of the company asks, or somebody outside of it.
pub(crate) fn refuse_two_requesters(employee: Option<Uuid>, party: Option<Uuid>) -> Result<()> {
    if employee.is_none() || party.is_none() {
        return Ok(());
    }
    let rule =
        "a ticket is of an employee or of a party: one of `requester_id` and `requester_party_id` is null";
    Err(Problem::invalid(vec![Fault::at("/requester_party_id", "one-of-several", rule)]))
}

pub fn routes(api: &mut Api) {
    api.readable::<Ticket>().creatable::<Ticket>().changeable::<Ticket>();
    working::routes(api);
    merging::routes(api);
    importing::routes(api);
}
