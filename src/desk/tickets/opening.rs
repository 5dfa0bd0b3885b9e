//! Opening a ticket: where it goes by the rules, whose turn it is, and what is promised. The database plans, the clock is read here, and
//! all of it is written at once.
use crate::deadlines::DeadlineTarget;
use crate::reckoning::{Deadline, Moment, Phase, Promised, Promises, reckon};
use crate::tickets::{
    NewTicket, Ticket, TicketChannel, TicketImpact, TicketKind, TicketPriority, TicketUrgency,
    refuse_two_requesters,
};
use diesel::sql_types::Jsonb;
use platform::prelude::*;
use serde_json::Value;
use std::collections::HashMap;

diesel::define_sql_function! {
    /// See the migration of the desk: where tickets go that are to be opened.
    fn plan_tickets(asked: Jsonb) -> Jsonb;
}
diesel::define_sql_function! {
    /// See the migration of the desk: writes tickets with their deadlines, links and messages.
    fn open_tickets(opened: Jsonb) -> diesel::sql_types::Text;
}

/// Where tickets go.
#[derive(Deserialize)]
pub(crate) struct Plan {
    pub now: DateTime<Utc>,
    /// Who calls.
    pub person: Option<Uuid>,
    pub tickets: Vec<Planned>,
    promises: HashMap<String, Option<Promised>>,
}

/// Where a ticket goes.
#[derive(Deserialize)]
pub(crate) struct Planned {
    pub requester_id: Option<Uuid>,
    pub queue_id: Option<Uuid>,
    pub priority: TicketPriority,
    pub assignee_id: Option<Uuid>,
    pub tags: Vec<String>,
    pub promise: String,
}

/// Asks where these go.
///
/// # Errors
/// 403 where the caller says more than they may, and those of the database.
pub(crate) async fn plan(db: &mut Db, asked: &[Value]) -> Result<(Plan, HashMap<String, Promises>)> {
    let plan: Value = diesel::select(plan_tickets(json!(asked))).get_result(db).await?;
    let mut plan: Plan = serde_json::from_value(plan).map_err(Problem::internal)?;
    let promises = std::mem::take(&mut plan.promises);
    let promises = promises.into_iter().map(|(name, promised)| Ok((name, Promised::read(promised)?)));
    let promises = promises.collect::<Result<_>>()?;
    Ok((plan, promises))
}

/// When what there is time for is due.
pub(crate) fn due(deadlines: &[Deadline], target: DeadlineTarget) -> Option<DateTime<Utc>> {
    deadlines.iter().find(|each| each.target == target).and_then(|each| each.due_at)
}

/// Opens a ticket.
///
/// # Errors
/// 403 where the caller says more than they may, 422 where it names what there is not, 409 where its queue is archived.
pub(crate) async fn open(db: &mut Db, new: NewTicket) -> Result<Ticket> {
    let (kind, impact) =
        (new.kind.unwrap_or(TicketKind::Incident), new.impact.unwrap_or(TicketImpact::Medium));
    let urgency = new.urgency.unwrap_or(TicketUrgency::Medium);
    let channel = new.channel.unwrap_or(TicketChannel::Portal);
    refuse_two_requesters(new.requester_id, new.requester_party_id)?;
    let mut asked = serde_json::to_value(&new).map_err(Problem::internal)?;
    asked["kind"] = json!(kind);
    asked["impact_or_usual"] = json!(impact);
    asked["urgency"] = json!(urgency);
    asked["channel"] = json!(channel);
    let (plan, promises) = plan(db, &[asked]).await?;
    let Some(planned) = plan.tickets.into_iter().next() else {
        return Err(Problem::internal("a ticket was planned away"));
    };
    let reported = new.reported_at.unwrap_or(plan.now);
    if reported > plan.now {
        let rule = "must not be in the future";
        return Err(Problem::invalid(vec![Fault::at("/reported_at", "in-the-future", rule)]));
    }
    let id = Uuid::now_v7();
    let nothing = Promises::default();
    let its_promise = promises.get(&planned.promise).unwrap_or(&nothing);
    let opened = Moment { now: reported, phase: Phase::Desk, is_answered: false, has_moved: true };
    let deadlines = reckon(id, Vec::new(), its_promise, its_promise, &opened);
    let ticket = json!({
        "id": id, "kind": kind, "subject": new.subject, "description": new.description, "impact": impact, "urgency": urgency,
        "priority": planned.priority, "queue_id": planned.queue_id, "assignee_id": planned.assignee_id, "requester_id": planned.requester_id,
        "requester_party_id": new.requester_party_id, "channel": channel, "tags": planned.tags, "watcher_ids": new.watcher_ids, "reported_at": reported,
        "first_answer_due_at": due(&deadlines, DeadlineTarget::FirstAnswer), "solution_due_at": due(&deadlines, DeadlineTarget::Solution), "status": "open",
    });
    let links: Vec<Value> = new.links.iter().map(|link| link.of(id)).collect();
    let opened = json!({"tickets": [ticket], "deadlines": deadlines, "links": links, "messages": []});
    diesel::select(open_tickets(opened)).execute(db).await?;
    Ticket::find(db, id).await
}
