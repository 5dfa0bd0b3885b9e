//! Search: the tickets that hold some words, best first.
use crate::tickets::{Ticket, TicketKind, TicketPriority, TicketStatus};
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Integer, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use platform::prelude::*;

/// What is looked for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketSearch {
    /// The words: all of them, `"in this order"`, `this or that`, `-without`.
    #[param(min_length = 1, max_length = 200, example = "vpn timeout")]
    q: String,
    /// How many at the most; 20 unless told.
    #[param(required = false, minimum = 1, maximum = 100, default = 20)]
    #[serde(default)]
    limit: Option<i32>,
}

/// The tickets that hold the words.
#[derive(Serialize, ToSchema)]
pub struct FoundTickets {
    /// The tickets, best first.
    #[schema(max_items = 100)]
    data: Vec<FoundTicket>,
}

/// A ticket that holds the words.
#[derive(Serialize, ToSchema, QueryableByName)]
pub struct FoundTicket {
    /// The ticket.
    #[diesel(sql_type = SqlUuid)]
    id: Uuid,
    /// Its place, from 1.
    #[schema(minimum = 1, maximum = 100, example = 1)]
    #[diesel(sql_type = BigInt)]
    rank: i64,
    /// Its number.
    #[schema(max_length = 20, example = "T-000042")]
    #[diesel(sql_type = Text)]
    number: String,
    /// What it is about, in a line.
    #[schema(max_length = 200, example = "No VPN since this morning")]
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    kind: TicketKind,
    #[diesel(sql_type = Text)]
    priority: TicketPriority,
    #[diesel(sql_type = Text)]
    status: TicketStatus,
    /// Where it waits.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    queue_id: Option<Uuid>,
    /// Who works on it.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    assignee_id: Option<Uuid>,
    /// The employee who asks.
    #[diesel(sql_type = Nullable<SqlUuid>)]
    requester_id: Option<Uuid>,
    /// When it was reported.
    #[diesel(sql_type = Timestamptz)]
    reported_at: DateTime<Utc>,
}

/// Search tickets
///
/// The tickets whose number, subject, description or messages hold the words, best first: a word in the subject counts most, then one in the description. Of
/// those that the caller may see, by what they may see: who asked finds nothing by an internal note. Where thousands hold the words, the newest thousand are
/// ranked, or four thousand where they are rarer.
#[utoipa::path(get, path = "/v1/ticket-search", tag = "Tickets")]
async fn search_tickets(may: May<Read, Ticket>, asked: Params<TicketSearch>) -> Reply<Plain<FoundTickets>> {
    let found = may
        .read(async |db| {
            let found = diesel::sql_query(
                "select t.id, row_number() over (order by f.rank desc, t.id desc) as rank, t.number, t.subject, t.kind, t.priority, t.status, t.queue_id,
                    t.assignee_id, t.requester_id, t.reported_at
                from find_tickets($2, $3) f join tickets t on t.org_id = $1 and t.id = f.id order by 2",
            );
            let found = found
                .bind::<SqlUuid, _>(db.organization())
                .bind::<Text, _>(&asked.0.q)
                .bind::<Integer, _>(asked.0.limit.unwrap_or(20));
            Ok(FoundTickets { data: found.load(db).await? })
        })
        .await?;
    Plain(found).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.call(operation!(search_tickets));
}
