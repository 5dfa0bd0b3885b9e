//! Queues: where the tickets of a department wait, who works on them, who gets the next one, and what is promised.

use diesel::PgArrayExpressionMethods;
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Uuid as SqlUuid};
use platform::prelude::*;
use schema::queues;

text_enum! {
    /// Who gets a ticket that comes into a queue: nobody (`manual`), each member in turn (`round_robin`), or whoever has the fewest that are not solved
    /// (`least_loaded`). Who is on leave gets none.
    pub enum QueueAssignment { Manual = "manual", RoundRobin = "round_robin", LeastLoaded = "least_loaded" }
}

text_enum! {
    /// Whether tickets can come into a queue.
    pub enum QueueStatus { Active = "active", Archived = "archived" }
}

/// A queue of tickets.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = queues)]
pub struct Queue {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "IT support")]
    pub name: String,
    /// What it is for.
    #[schema(max_length = 2000, example = "Laptops, accounts, printers")]
    pub description: Option<String>,
    /// The employees who work on its tickets.
    #[schema(max_items = 500)]
    #[diesel(select_expression = member_ids())]
    #[diesel(select_expression_type = SqlLiteral<Array<SqlUuid>>)]
    pub member_ids: Vec<Uuid>,
    /// Who gets a ticket that comes in.
    pub assignment: QueueAssignment,
    /// What it promises; null promises nothing.
    pub sla_policy_id: Option<Uuid>,
    /// Days after which what is solved is closed; until then it can be reopened.
    #[schema(minimum = 1, maximum = 365, example = 7)]
    pub close_after_days: i32,
    /// Whether tickets can come into it.
    pub status: QueueStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

// None of them is null, which the generated schema can not say.
fn member_ids() -> SqlLiteral<Array<SqlUuid>> {
    sql("queues.member_ids")
}

/// A queue to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = queues)]
#[serde(deny_unknown_fields)]
pub struct NewQueue {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "IT support")]
    name: String,
    /// What it is for.
    #[schema(min_length = 1, max_length = 2000, example = "Laptops, accounts, printers")]
    description: Option<String>,
    /// The employees who work on its tickets.
    #[schema(max_items = 500)]
    member_ids: Option<Vec<Uuid>>,
    /// Who gets a ticket that comes in.
    assignment: Option<QueueAssignment>,
    /// What it promises; null promises nothing.
    sla_policy_id: Option<Uuid>,
    /// Days after which what is solved is closed; until then it can be reopened.
    #[schema(minimum = 1, maximum = 365, example = 7)]
    close_after_days: Option<i32>,
}

/// What of a queue can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = queues)]
#[serde(deny_unknown_fields)]
pub struct EditQueue {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "IT support")]
    name: Option<String>,
    /// What it is for.
    #[schema(min_length = 1, max_length = 2000, example = "Laptops, accounts, printers")]
    description: Option<Option<String>>,
    /// The employees who work on its tickets.
    #[schema(max_items = 500)]
    member_ids: Option<Vec<Uuid>>,
    /// Who gets a ticket that comes in.
    assignment: Option<QueueAssignment>,
    /// What it promises; null promises nothing.
    sla_policy_id: Option<Option<Uuid>>,
    /// Days after which what is solved is closed; until then it can be reopened.
    #[schema(minimum = 1, maximum = 365, example = 7)]
    close_after_days: Option<i32>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct QueueFilter {
    /// Only queues in this state.
    #[param(inline)]
    status: Option<QueueStatus>,
    /// Only queues that this employee works on.
    member_id: Option<Uuid>,
    /// Only queues with this policy.
    sla_policy_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("active", "Tickets come in."),
        ("archived", "Nothing comes in any more; what was in it stays to be read."),
    ],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for Queue {
    const NAME: &'static str = "queues";
}

impl Resource for Queue {
    const PATH: &'static str = "/v1/queues";
    const SINGULAR: &'static str = "queue";
    const TAG: &'static str = "Tickets";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = QueueFilter;

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

impl Stored for Queue {
    type Table = queues::table;
    const TABLE: &'static str = "queues";
    const SEARCHED: &'static [&'static str] = &["name", "description"];

    fn narrow(rows: Rows<Self>, by: QueueFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(queues::status.eq(status)))
            .when(by.member_id, |rows, id| rows.filter(queues::member_ids.contains(vec![Some(id)])))
            .when(by.sla_policy_id, |rows, id| rows.filter(queues::sla_policy_id.eq(id)))
    }
}

impl Written for Queue {
    type New = NewQueue;
    type Edit = EditQueue;
}

/// Archive a queue
///
/// Nothing comes in any more. Only when none of its tickets waits to be solved.
#[utoipa::path(post, path = "/v1/queues/{id}/archive", tag = "Tickets")]
async fn archive_queue(may: May<Write, Queue>, id: Id<Queue>) -> Reply<Queue> {
    step(may, id, "archive").await
}

/// Restore a queue
///
/// Tickets come in again.
#[utoipa::path(post, path = "/v1/queues/{id}/restore", tag = "Tickets")]
async fn restore_queue(may: May<Write, Queue>, id: Id<Queue>) -> Reply<Queue> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<Queue>().call(operation!(archive_queue)).call(operation!(restore_queue));
}
