//! Links: what a ticket is about, be it an asset, a system, a change, an employee, an order or an invoice, and how it hangs together with other tickets. A
//! link to what its maker may not know of is refused like one to what there is not.

use platform::prelude::*;
use schema::ticket_links;

/// What a ticket is about, or hangs together with.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = ticket_links)]
pub struct TicketLink {
    pub id: Uuid,
    pub version: i64,
    /// The ticket.
    pub ticket_id: Uuid,
    pub relation: TicketRelation,
    /// The kind of resource, as in its path.
    #[schema(max_length = 63, example = "positions")]
    pub resource: String,
    /// Which one.
    pub resource_id: Uuid,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// How they hang together: the ticket is `about` it, or `affects` it; that ticket is its `parent`, it is a `duplicate_of` it, was `split_from` it;
    /// it was `caused_by` it; or they are `related`.
    pub enum TicketRelation {
        About = "about", Affects = "affects", Parent = "parent", DuplicateOf = "duplicate_of", CausedBy = "caused_by", SplitFrom = "split_from",
        Related = "related",
    }
}

/// A link to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = ticket_links)]
#[serde(deny_unknown_fields)]
pub struct NewTicketLink {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The ticket.
    ticket_id: Uuid,
    /// How they hang together.
    #[schema(example = "about")]
    relation: TicketRelation,
    /// The kind of resource, as in its path; `tickets` for a parent, a duplicate and what it was split from.
    #[schema(max_length = 63, pattern = "^[a-z][a-z-]*$", example = "positions")]
    resource: String,
    /// Which one; the caller must be able to read it.
    #[schema(example = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    resource_id: Uuid,
}

/// A link of a ticket that is to be opened.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkOfNewTicket {
    /// How they hang together.
    #[schema(example = "about")]
    relation: TicketRelation,
    /// The kind of resource, as in its path.
    #[schema(max_length = 63, pattern = "^[a-z][a-z-]*$", example = "positions")]
    resource: String,
    /// Which one; the caller must be able to read it.
    resource_id: Uuid,
}

impl LinkOfNewTicket {
    /// The link of this ticket.
    pub(crate) fn of(&self, ticket: Uuid) -> serde_json::Value {
        json!({"id": Uuid::now_v7(), "ticket_id": ticket, "relation": self.relation, "resource": self.resource, "resource_id": self.resource_id})
    }
}

/// What of a link can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = ticket_links)]
#[serde(deny_unknown_fields)]
pub struct EditTicketLink {
    /// How they hang together.
    #[schema(example = "affects")]
    relation: Option<TicketRelation>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct TicketLinkFilter {
    /// Only links of this ticket.
    ticket_id: Option<Uuid>,
    /// Only links to this kind of resource.
    #[param(min_length = 1, max_length = 63)]
    resource: Option<String>,
    /// Only links to this one: the tickets about it.
    resource_id: Option<Uuid>,
    /// Only links of this relation.
    #[param(inline)]
    relation: Option<TicketRelation>,
}

impl Named for TicketLink {
    const NAME: &'static str = "ticket-links";
}

impl Resource for TicketLink {
    const PATH: &'static str = "/v1/ticket-links";
    const SINGULAR: &'static str = "ticket_link";
    const TAG: &'static str = "Tickets";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "created_at";
    type Filter = TicketLinkFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for TicketLink {
    type Table = ticket_links::table;
    const TABLE: &'static str = "ticket_links";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: TicketLinkFilter) -> Rows<Self> {
        rows.when(by.ticket_id, |rows, id| rows.filter(ticket_links::ticket_id.eq(id)))
            .when(by.resource, |rows, resource| rows.filter(ticket_links::resource.eq(resource)))
            .when(by.resource_id, |rows, id| rows.filter(ticket_links::resource_id.eq(id)))
            .when(by.relation, |rows, relation| rows.filter(ticket_links::relation.eq(relation)))
    }
}

impl Written for TicketLink {
    type New = NewTicketLink;
    type Edit = EditTicketLink;
}

pub fn routes(api: &mut Api) {
    api.readable::<TicketLink>().creatable::<TicketLink>().deletable::<TicketLink>();
}
