//! Merging and splitting tickets. What was said moves with a ticket only to another one of whoever asked; nobody ever sees what somebody else was
//! told, and a note stays a note.
use crate::messages::{MessageVisibility, TicketMessage};
use crate::tickets::{NewTicket, Ticket, TicketStatus};
use crate::working::{Changes, advance};
use crate::{links, opening};
use diesel::sql_types::Uuid as SqlUuid;
use platform::prelude::*;
use platform::problem::INVALID_STATE;
use schema::ticket_links;

diesel::define_sql_function! {
    /// See the migration of the desk: moves what was said, and answers how much.
    fn move_ticket_messages(from: SqlUuid, to: SqlUuid) -> Integer;
}

/// Into which ticket.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeTicketRequest {
    /// The ticket that goes on.
    into_id: Uuid,
}

/// Merge a ticket into another one
///
/// It is closed as a duplicate, and the other one goes on. Where both are of the same employee, customer or supplier, what was said in it is moved there: replies as
/// replies, notes as notes. Where they are not, it stays where it was said, so that nobody reads what another one was told.
#[utoipa::path(post, path = "/v1/tickets/{id}/merge", tag = "Tickets")]
async fn merge_ticket(
    may: May<Run, Ticket>,
    id: Id<Ticket>,
    into: Input<MergeTicketRequest>,
) -> Reply<Ticket> {
    may.write(async |db| {
        let into = into.0.into_id;
        if into == id.0 {
            return Err(Problem::invalid(vec![Fault::at("/into_id", "itself", "is the ticket itself")]));
        }
        // Two that are merged into each other at once are locked in one order.
        let (ticket, other) = if id.0 < into {
            let ticket = lock(&may, db, &id).await?;
            (ticket, known(db, into).await?)
        } else {
            let other = known(db, into).await;
            (lock(&may, db, &id).await?, other?)
        };
        if other.status == TicketStatus::Closed {
            return Err(INVALID_STATE
                .because("The ticket that is to go on is closed: choose one that is not.")
                .at(Fault::at("/into_id", "closed", "is closed")));
        }
        let is_of_the_same = ticket.requester_id == other.requester_id
            && ticket.requester_party_id == other.requester_party_id;
        let link = (
            ticket_links::id.eq(Uuid::now_v7()),
            ticket_links::ticket_id.eq(ticket.id),
            ticket_links::relation.eq(links::TicketRelation::DuplicateOf),
            ticket_links::resource.eq(Ticket::NAME),
            ticket_links::resource_id.eq(other.id),
        );
        diesel::insert_into(ticket_links::table).values(link).on_conflict_do_nothing().execute(db).await?;
        let from = ticket.id;
        let merged = Changes { merged_into_id: Some(Some(other.id)), ..Changes::default() };
        let merged = advance(db, ticket, "merge", merged).await?;
        if is_of_the_same {
            diesel::select(move_ticket_messages(from, other.id)).execute(db).await?;
        }
        Ok(merged)
    })
    .await
}

async fn known(db: &mut Db, into: Uuid) -> Result<Ticket> {
    match Ticket::lock(db, into).await {
        Err(problem) if problem.kind.status == 404 => {
            let rule = "there is no such row in this organization";
            Err(Problem::invalid(vec![Fault::at("/into_id", "unknown-reference", rule)]))
        }
        locked => locked,
    }
}

/// What becomes a ticket of its own.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitTicketRequest {
    /// The reply in the ticket that speaks of something else. An internal note can not become what who asked reads.
    message_id: Uuid,
    /// What the new ticket is about, in a line.
    #[schema(min_length = 1, max_length = 200, example = "A second screen")]
    subject: String,
}

/// Split a ticket
///
/// A reply in it that speaks of something else becomes a ticket of its own, of the same employee, customer or supplier, which rules lead to its queue. Both are linked.
#[utoipa::path(post, path = "/v1/tickets/{id}/split", tag = "Tickets")]
async fn split_ticket(
    may: May<Run, Ticket>,
    id: Id<Ticket>,
    what: Input<SplitTicketRequest>,
) -> Reply<Created<Ticket>> {
    may.write(async |db| {
        let ticket = lock(&may, db, &id).await?;
        let said = match TicketMessage::find(db, what.0.message_id).await {
            Ok(said) if said.ticket_id == ticket.id => said,
            Err(problem) if problem.kind.status != 404 => return Err(problem),
            _ => {
                let rule = "there is no such message in this ticket";
                return Err(Problem::invalid(vec![Fault::at("/message_id", "unknown-reference", rule)]));
            }
        };
        if said.visibility == MessageVisibility::Internal {
            let rule = "is an internal note, which who asked must not see: choose a reply";
            return Err(Problem::invalid(vec![Fault::at("/message_id", "internal", rule)]));
        }
        let new = json!({
            "kind": ticket.kind, "subject": what.0.subject, "description": said.body, "impact": ticket.impact, "urgency": ticket.urgency,
            "requester_id": ticket.requester_id, "requester_party_id": ticket.requester_party_id, "channel": ticket.channel,
            "links": [{"relation": "split_from", "resource": Ticket::NAME, "resource_id": ticket.id}],
        });
        let new: NewTicket = serde_json::from_value(new).map_err(Problem::internal)?;
        opening::open(db, new).await.map(Created)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.call(operation!(merge_ticket)).call(operation!(split_ticket));
}
