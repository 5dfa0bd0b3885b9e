//! Working on a ticket: its steps, who works on it, macros, and what the one who asked thinks of it. Whatever changes its state, its priority or
//! its queue works its times out anew.
use crate::deadlines::DeadlineTarget;
use crate::macros::{Macro, MacroStatus};
use crate::messages::{self, MessageVisibility};
use crate::opening::due;
use crate::reckoning::{Deadline, Moment, Phase, Promised, reckon};
use crate::tickets::{
    LIFE, Ticket, TicketChannel, TicketImpact, TicketKind, TicketPriority, TicketStatus, TicketUrgency,
};
use diesel::sql_types::{Jsonb, Nullable, Text, Uuid as SqlUuid};
use platform::prelude::*;
use platform::problem::{CONFLICT, FORBIDDEN, INVALID_STATE};
use schema::{macros, tickets};
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of the desk: what the clock of a ticket stands on.
    fn read_clock(ticket: SqlUuid, queue: Nullable<SqlUuid>, priority: Nullable<Text>, impact: Text, urgency: Text) -> Jsonb;
}
diesel::define_sql_function! {
    /// See the migration of the desk: keeps deadlines.
    fn save_deadlines(saved: Jsonb) -> Text;
}
diesel::define_sql_function! {
    /// See the migration of the desk: whose turn it is in a queue.
    fn take_turn(queue: SqlUuid) -> Nullable<SqlUuid>;
}

/// What changes of a ticket.
#[derive(Default, AsChangeset)]
#[diesel(table_name = tickets)]
pub(crate) struct Changes {
    pub kind: Option<TicketKind>,
    pub subject: Option<String>,
    pub description: Option<String>,
    pub impact: Option<TicketImpact>,
    pub urgency: Option<TicketUrgency>,
    pub priority: Option<TicketPriority>,
    pub queue_id: Option<Option<Uuid>>,
    pub assignee_id: Option<Option<Uuid>>,
    pub requester_id: Option<Option<Uuid>>,
    pub requester_party_id: Option<Option<Uuid>>,
    pub channel: Option<TicketChannel>,
    pub tags: Option<Vec<String>>,
    pub watcher_ids: Option<Vec<Uuid>>,
    pub first_answered_at: Option<Option<DateTime<Utc>>>,
    pub first_answer_due_at: Option<Option<DateTime<Utc>>>,
    pub solution_due_at: Option<Option<DateTime<Utc>>>,
    pub solved_at: Option<Option<DateTime<Utc>>>,
    pub closed_at: Option<Option<DateTime<Utc>>>,
    pub reopened_count: Option<i32>,
    pub merged_into_id: Option<Option<Uuid>>,
    pub status: Option<TicketStatus>,
}

/// What the clock of a ticket stands on, and who asks.
#[derive(Deserialize)]
pub(crate) struct Facts {
    pub now: DateTime<Utc>,
    /// The employee that the caller is.
    pub person: Option<Uuid>,
    priority: TicketPriority,
    reopenable_until: Option<DateTime<Utc>>,
    before: Option<Promised>,
    after: Option<Promised>,
    deadlines: Vec<Deadline>,
}

/// Reads them, as they are and as they will be.
///
/// # Errors
/// Those of the database.
pub(crate) async fn facts(db: &mut Db, ticket: &Ticket, changes: &Changes) -> Result<Facts> {
    let follows = changes.impact.is_some() || changes.urgency.is_some();
    let priority = changes.priority.or((!follows).then_some(ticket.priority));
    let read = read_clock(
        ticket.id,
        changes.queue_id.unwrap_or(ticket.queue_id),
        priority.map(TicketPriority::as_str),
        changes.impact.unwrap_or(ticket.impact).as_str(),
        changes.urgency.unwrap_or(ticket.urgency).as_str(),
    );
    let facts: Value = diesel::select(read).get_result(db).await?;
    serde_json::from_value(facts).map_err(Problem::internal)
}

/// Changes the locked ticket, and its times with it.
///
/// # Errors
/// Those of the database.
pub(crate) async fn rework(db: &mut Db, ticket: Ticket, changes: Changes) -> Result<Ticket> {
    let facts = facts(db, &ticket, &changes).await?;
    settle(db, ticket, changes, facts).await
}

/// The same, where the facts are known.
///
/// # Errors
/// Those of the database.
pub(crate) async fn settle(
    db: &mut Db,
    ticket: Ticket,
    mut changes: Changes,
    facts: Facts,
) -> Result<Ticket> {
    let phase = match changes.status.unwrap_or(ticket.status) {
        TicketStatus::Open | TicketStatus::InProgress => Phase::Desk,
        TicketStatus::Waiting => Phase::Requester,
        TicketStatus::Solved => Phase::Solved,
        TicketStatus::Closed if ticket.status == TicketStatus::Solved => Phase::Solved,
        TicketStatus::Closed => Phase::Dropped,
    };
    if phase == Phase::Solved && ticket.first_answered_at.is_none() {
        // That it is solved is an answer.
        changes.first_answered_at.get_or_insert(Some(facts.now));
    }
    let moment = Moment {
        now: facts.now,
        phase,
        is_answered: ticket.first_answered_at.or(changes.first_answered_at.flatten()).is_some(),
        has_moved: changes.queue_id.is_some_and(|queue| queue != ticket.queue_id),
    };
    let (before, after) = (Promised::read(facts.before)?, Promised::read(facts.after)?);
    let deadlines = reckon(ticket.id, facts.deadlines, &before, &after, &moment);
    if !deadlines.is_empty() {
        diesel::select(save_deadlines(json!(deadlines))).execute(db).await?;
    }
    changes.priority = Some(facts.priority);
    changes.first_answer_due_at = Some(due(&deadlines, DeadlineTarget::FirstAnswer));
    changes.solution_due_at = Some(due(&deadlines, DeadlineTarget::Solution));
    let one = tickets::table.find((db.organization(), ticket.id));
    Ok(diesel::update(one).set(changes).returning(Ticket::as_returning()).get_result(db).await?)
}

/// Takes a step with the locked ticket, and changes what comes with it.
///
/// # Errors
/// 409 where its state does not allow the step, or it was solved too long ago to be reopened.
pub(crate) async fn advance(db: &mut Db, ticket: Ticket, action: &str, with: Changes) -> Result<Ticket> {
    let status = LIFE.step(ticket.status.as_str(), action)?.parse().map_err(Problem::internal)?;
    let mut changes = Changes { status: Some(status), ..with };
    let facts = facts(db, &ticket, &changes).await?;
    match status {
        TicketStatus::Solved => changes.solved_at = Some(Some(facts.now)),
        TicketStatus::Closed => changes.closed_at = Some(Some(facts.now)),
        TicketStatus::Open if action == "reopen" => {
            refuse_too_late(&facts)?;
            changes.reopened_count = Some(ticket.reopened_count + 1);
        }
        _ => (),
    }
    settle(db, ticket, changes, facts).await
}

/// Whether what is solved can still be reopened.
///
/// # Errors
/// 409 where it can not.
pub(crate) fn refuse_too_late(facts: &Facts) -> Result<()> {
    match facts.reopenable_until {
        Some(until) if until < facts.now => Err(INVALID_STATE.because(format!(
            "It was solved too long ago: it could be reopened until {}. Open another ticket, and link it to this one.",
            until.format("%Y-%m-%dT%H:%M:%SZ")
        ))),
        _ => Ok(()),
    }
}

async fn take_step<V: Verb>(may: May<V, Ticket>, id: Id<Ticket>, action: &str) -> Reply<Ticket> {
    may.write(async |db| {
        let ticket = lock(&may, db, &id).await?;
        advance(db, ticket, action, Changes::default()).await
    })
    .await
}

/// Start a ticket
///
/// Somebody works on it.
#[utoipa::path(post, path = "/v1/tickets/{id}/start", tag = "Tickets")]
async fn start_ticket(may: May<Run, Ticket>, id: Id<Ticket>) -> Reply<Ticket> {
    take_step(may, id, "start").await
}

/// Let a ticket wait
///
/// Whoever asked has to answer: its clocks stop, and no time is due. Their reply starts them again.
#[utoipa::path(post, path = "/v1/tickets/{id}/wait", tag = "Tickets")]
async fn wait_ticket(may: May<Run, Ticket>, id: Id<Ticket>) -> Reply<Ticket> {
    take_step(may, id, "wait").await
}

/// Resume a ticket
///
/// It waits for nobody any more: its clocks go on where they stopped.
#[utoipa::path(post, path = "/v1/tickets/{id}/resume", tag = "Tickets")]
async fn resume_ticket(may: May<Run, Ticket>, id: Id<Ticket>) -> Reply<Ticket> {
    take_step(may, id, "resume").await
}

/// Solve a ticket
///
/// It is done, as far as the desk can tell. Its clocks end. Who asked can reopen it for as many days as its queue says; then it is closed.
#[utoipa::path(post, path = "/v1/tickets/{id}/solve", tag = "Tickets")]
async fn solve_ticket(may: May<Run, Ticket>, id: Id<Ticket>) -> Reply<Ticket> {
    take_step(may, id, "solve").await
}

/// Reopen a ticket
///
/// It is not solved after all: the clock of the solution goes on where it stopped. Refused when more days have passed than its queue allows.
#[utoipa::path(post, path = "/v1/tickets/{id}/reopen", tag = "Tickets")]
async fn reopen_ticket(may: May<Write, Ticket>, id: Id<Ticket>) -> Reply<Ticket> {
    take_step(may, id, "reopen").await
}

/// Close a ticket
///
/// It is over, for good: nothing is said in it any more. One that was not solved leaves no promise behind; what was not kept by then stays so.
#[utoipa::path(post, path = "/v1/tickets/{id}/close", tag = "Tickets")]
async fn close_ticket(may: May<Write, Ticket>, id: Id<Ticket>) -> Reply<Ticket> {
    take_step(may, id, "close").await
}

/// Take a ticket
///
/// The caller works on it from now on. Of two who take it at once one gets it; the other is told so.
#[utoipa::path(post, path = "/v1/tickets/{id}/take", tag = "Tickets")]
async fn take_ticket(may: May<Run, Ticket>, id: Id<Ticket>) -> Reply<Ticket> {
    may.write(async |db| {
        let ticket = lock(&may, db, &id).await?;
        let Some(me) = may.grants().employee else {
            return Err(
                FORBIDDEN.because("Only an employee works on tickets, and your login belongs to none.")
            );
        };
        match ticket.assignee_id {
            Some(other) if other != me => {
                Err(CONFLICT.because("Somebody else works on it already: ask them, or `assign` it."))
            }
            _ => {
                let mine = Changes { assignee_id: Some(Some(me)), ..Changes::default() };
                advance(db, ticket, "take", mine).await
            }
        }
    })
    .await
}

/// Who works on a ticket.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignTicketRequest {
    /// The employee. Left out, nobody does, or in another queue whoever's turn it is there.
    assignee_id: Option<Uuid>,
    /// The queue that it goes to; left out, it stays where it is.
    queue_id: Option<Uuid>,
}

/// Assign a ticket
///
/// Says who works on it, and where it waits. In another queue its times are worked out by what that promises; business time that was used up stays so.
#[utoipa::path(post, path = "/v1/tickets/{id}/assign", tag = "Tickets")]
async fn assign_ticket(
    may: May<Assign, Ticket>,
    id: Id<Ticket>,
    to: Input<AssignTicketRequest>,
) -> Reply<Ticket> {
    may.write(async |db| {
        let ticket = lock(&may, db, &id).await?;
        let queue = to.0.queue_id.filter(|queue| Some(*queue) != ticket.queue_id);
        let assignee = match (to.0.assignee_id, queue) {
            (None, Some(queue)) => diesel::select(take_turn(queue)).get_result(db).await?,
            (assignee, _) => assignee,
        };
        let changes =
            Changes { assignee_id: Some(assignee), queue_id: queue.map(Some), ..Changes::default() };
        advance(db, ticket, "assign", changes).await
    })
    .await
}

/// What is to be applied.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyMacroRequest {
    /// The macro.
    macro_id: Uuid,
}

/// Apply a macro to a ticket
///
/// Writes its reply and changes what it changes, at once or not at all.
#[utoipa::path(post, path = "/v1/tickets/{id}/apply-macro", tag = "Tickets")]
async fn apply_macro(may: May<Run, Ticket>, id: Id<Ticket>, what: Input<ApplyMacroRequest>) -> Reply<Ticket> {
    may.write(async |db| {
        let ticket = lock(&may, db, &id).await?;
        if ticket.status == TicketStatus::Closed {
            return Err(INVALID_STATE.because("A ticket that is closed stays as it was: open another one."));
        }
        let one = macros::table.find((db.organization(), what.0.macro_id)).select(Macro::as_select());
        let known: Option<Macro> = one.first(db).await.optional()?;
        let Some(known) = known.filter(|known| known.status == MacroStatus::Active) else {
            let rule = "there is no such macro that can be applied in this organization";
            return Err(Problem::invalid(vec![Fault::at("/macro_id", "unknown-reference", rule)]));
        };
        let mut tags = ticket.tags.clone();
        tags.extend(known.tags.into_iter().filter(|tag| !ticket.tags.contains(tag)));
        let mut changes = Changes {
            queue_id: known.queue_id.map(Some),
            assignee_id: known.assignee_id.map(Some),
            priority: known.priority,
            tags: Some(tags),
            ..Changes::default()
        };
        if let Some(reply) = known.reply {
            let visibility =
                if known.is_internal { MessageVisibility::Internal } else { MessageVisibility::Public };
            let now = messages::say(db, &ticket, visibility, reply, may.grants().employee).await?.written_at;
            if visibility == MessageVisibility::Public && ticket.first_answered_at.is_none() {
                changes.first_answered_at = Some(Some(now));
            }
        }
        match known.action {
            Some(action) => advance(db, ticket, action.as_str(), changes).await,
            None => rework(db, ticket, changes).await,
        }
    })
    .await
}

/// How satisfied somebody is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateTicketRequest {
    /// 1 not at all, 5 very.
    #[schema(minimum = 1, maximum = 5, example = 5)]
    satisfaction: i32,
    /// What they say to that.
    #[schema(min_length = 1, max_length = 2000, example = "Quick, and kind.")]
    comment: Option<String>,
}

/// Rate a ticket
///
/// Says how satisfied who asked is, once it is solved. They say so themselves; for a customer or supplier, those who work on tickets do.
#[utoipa::path(post, path = "/v1/tickets/{id}/rate", tag = "Tickets")]
async fn rate_ticket(
    may: May<Write, Ticket>,
    id: Id<Ticket>,
    how: Input<RateTicketRequest>,
) -> Reply<Ticket> {
    may.write(async |db| {
        let ticket = lock(&may, db, &id).await?;
        LIFE.step(ticket.status.as_str(), "rate")?;
        let rated =
            (tickets::satisfaction.eq(how.0.satisfaction), tickets::satisfaction_comment.eq(&how.0.comment));
        let one = tickets::table.find((db.organization(), ticket.id));
        Ok(diesel::update(one).set(rated).returning(Ticket::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.call(operation!(start_ticket))
        .call(operation!(wait_ticket))
        .call(operation!(resume_ticket))
        .call(operation!(solve_ticket))
        .call(operation!(reopen_ticket))
        .call(operation!(close_ticket))
        .call(operation!(take_ticket))
        .call(operation!(assign_ticket))
        .call(operation!(apply_macro))
        .call(operation!(rate_ticket));
}
