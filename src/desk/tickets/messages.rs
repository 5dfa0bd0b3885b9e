//! What is said in a ticket: replies that everybody sees who sees the ticket, and internal notes between those who work on tickets. Whoever asked never
//! sees a note, and neither does who watches, however far their permission reaches: not in lists, histories, events, searches, exports or counts,
//! nor what is attached to it. Files hang on a message as on anything.

use crate::tickets::{Ticket, TicketStatus};
use crate::working::{self, Changes};
use platform::prelude::*;
use platform::problem::{FORBIDDEN, IN_USE, INVALID_STATE};
use schema::ticket_messages;

/// Something that was said in a ticket.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = ticket_messages)]
pub struct TicketMessage {
    pub id: Uuid,
    pub version: i64,
    /// The ticket.
    pub ticket_id: Uuid,
    pub visibility: MessageVisibility,
    /// The employee who said it; null where a customer, a supplier or a program did.
    pub author_id: Option<Uuid>,
    /// Whether who asked said it.
    #[schema(example = false)]
    pub by_requester: bool,
    /// What was said: text as it was given. Clients that show it as HTML take out what is not theirs. Null only where `as_of` is asked for: no event
    /// carries it.
    #[schema(max_length = 20_000, example = "Please restart the client.")]
    #[diesel(select_expression = ticket_messages::body.nullable())]
    pub body: Option<String>,
    /// When it was said.
    pub written_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Who sees a message: everybody who sees the ticket, or those who work on tickets alone.
    pub enum MessageVisibility { Public = "public", Internal = "internal" }
}

/// Something to be said.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTicketMessage {
    /// The ticket. A reply of who asked lets one that waits go on, and reopens one that is solved.
    ticket_id: Uuid,
    /// Who sees it; `public` unless told.
    visibility: Option<MessageVisibility>,
    /// What is to be said.
    #[schema(min_length = 1, max_length = 20_000, example = "Please restart the client.")]
    body: String,
}

/// Nothing of a message can be changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditTicketMessage {}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct TicketMessageFilter {
    /// Only messages in this ticket.
    ticket_id: Option<Uuid>,
    /// Only messages that these see.
    #[param(inline)]
    visibility: Option<MessageVisibility>,
    /// Only messages of this employee.
    author_id: Option<Uuid>,
    /// Only what was said at this instant or later.
    written_at_from: Option<DateTime<Utc>>,
    /// Only what was said at this instant or earlier.
    written_at_to: Option<DateTime<Utc>>,
}

impl Named for TicketMessage {
    const NAME: &'static str = "ticket-messages";
}

impl Resource for TicketMessage {
    const PATH: &'static str = "/v1/ticket-messages";
    const SINGULAR: &'static str = "ticket_message";
    const TAG: &'static str = "Tickets";
    const SORT: &'static [SortKey] = &[SortKey::instant("written_at"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "written_at";
    type Filter = TicketMessageFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for TicketMessage {
    type Table = ticket_messages::table;
    const TABLE: &'static str = "ticket_messages";
    const SEARCHED: &'static [&'static str] = &["body"];

    fn narrow(rows: Rows<Self>, by: TicketMessageFilter) -> Rows<Self> {
        rows.when(by.ticket_id, |rows, id| rows.filter(ticket_messages::ticket_id.eq(id)))
            .when(by.visibility, |rows, visibility| rows.filter(ticket_messages::visibility.eq(visibility)))
            .when(by.author_id, |rows, id| rows.filter(ticket_messages::author_id.eq(id)))
            .when(by.written_at_from, |rows, at| rows.filter(ticket_messages::written_at.ge(at)))
            .when(by.written_at_to, |rows, at| rows.filter(ticket_messages::written_at.le(at)))
    }
}

impl Kept for TicketMessage {
    type New = NewTicketMessage;
    type Edit = EditTicketMessage;

    async fn create(db: &mut Db, new: NewTicketMessage) -> Result<Self> {
        let ticket = match Ticket::lock(db, new.ticket_id).await {
            Err(problem) if problem.kind.status == 404 => {
                let rule = "there is no such ticket in which you may write";
                return Err(Problem::invalid(vec![Fault::at("/ticket_id", "unknown-reference", rule)]));
            }
            locked => locked?,
        };
        if ticket.status == TicketStatus::Closed {
            return Err(INVALID_STATE
                .because("The ticket is closed: open another one, and link it to this one.")
                .at(Fault::at("/ticket_id", "closed", "is closed")));
        }
        let visibility = new.visibility.unwrap_or(MessageVisibility::Public);
        let facts = working::facts(db, &ticket, &Changes::default()).await?;
        let said = say(db, &ticket, visibility, new.body, facts.person).await?;
        let mut changes = Changes::default();
        match (ticket.status, said.by_requester) {
            (TicketStatus::Waiting, true) => changes.status = Some(TicketStatus::InProgress),
            (TicketStatus::Solved, true) => {
                working::refuse_too_late(&facts)?;
                changes.status = Some(TicketStatus::Open);
                changes.reopened_count = Some(ticket.reopened_count + 1);
            }
            (_, false) if visibility == MessageVisibility::Public && ticket.first_answered_at.is_none() => {
                changes.first_answered_at = Some(Some(facts.now));
            }
            _ => return Ok(said),
        }
        working::settle(db, ticket, changes, facts).await?;
        Ok(said)
    }

    async fn change(_: &mut Db, _: Self, _: EditTicketMessage) -> Result<Self> {
        Err(IN_USE.because("What was said in a ticket stays as it was: say something else."))
    }

    async fn delete(_: &mut Db, _: Self) -> Result<()> {
        Err(IN_USE.because("What was said in a ticket stays as it was: say something else."))
    }
}

/// Says something in the locked ticket, as this employee.
///
/// # Errors
/// 403 for an internal note of who asked.
pub(crate) async fn say(
    db: &mut Db,
    ticket: &Ticket,
    visibility: MessageVisibility,
    body: String,
    author: Option<Uuid>,
) -> Result<TicketMessage> {
    let by_requester = author.is_some() && author == ticket.requester_id;
    if by_requester && visibility == MessageVisibility::Internal {
        return Err(
            FORBIDDEN.because("Internal notes are kept from who asked, and so are not theirs to write.")
        );
    }
    let said = (
        ticket_messages::id.eq(Uuid::now_v7()),
        ticket_messages::ticket_id.eq(ticket.id),
        ticket_messages::visibility.eq(visibility),
        ticket_messages::author_id.eq(author),
        ticket_messages::by_requester.eq(by_requester),
        ticket_messages::body.eq(body),
    );
    let said = diesel::insert_into(ticket_messages::table).values(said);
    Ok(said.returning(TicketMessage::as_returning()).get_result(db).await?)
}

pub fn routes(api: &mut Api) {
    api.readable::<TicketMessage>().creatable::<TicketMessage>();
}
