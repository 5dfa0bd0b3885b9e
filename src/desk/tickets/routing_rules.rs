//! Routing rules: where a new ticket goes by what it says. They are asked in the order of their places; what a ticket says itself stays, and of the rules that hold, the first that says something says it.

use crate::tickets::{TicketPriority, TicketTag};
use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Text};
use platform::prelude::*;
use schema::routing_rules;

text_enum! {
    /// Whether a rule is asked.
    pub enum RoutingRuleStatus { Active = "active", Archived = "archived" }
}

text_enum! {
    /// A field of a new ticket.
    pub enum RoutingField {
        Kind = "kind", Subject = "subject", Description = "description", Impact = "impact", Urgency = "urgency", Priority = "priority", Channel = "channel",
        Tags = "tags", QueueId = "queue_id", RequesterId = "requester_id", RequesterDepartmentId = "requester_department_id", RequesterPartyId = "requester_party_id",
    }
}

/// Where tickets go that say something.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = routing_rules)]
pub struct RoutingRule {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "VPN to the network team")]
    pub name: String,
    /// Where it stands among the others: a lower one is asked first.
    #[schema(minimum = 1, maximum = 1000, example = 10)]
    pub place: i32,
    /// It holds where all of them do; always, where there are none.
    #[schema(value_type = Vec<RoutingCondition>, max_items = 10)]
    pub conditions: List<RoutingCondition>,
    /// The queue that the ticket goes to.
    pub queue_id: Option<Uuid>,
    /// The employee who gets it.
    #[schema(example = json!(null))]
    pub assignee_id: Option<Uuid>,
    /// How urgent it is, whatever impact and urgency come to.
    #[schema(example = json!(null))]
    pub priority: Option<TicketPriority>,
    /// Tags that it gets besides its own.
    #[schema(value_type = Vec<TicketTag>, max_items = 20)]
    #[diesel(select_expression = tags())]
    #[diesel(select_expression_type = SqlLiteral<Array<Text>>)]
    pub tags: Vec<String>,
    /// Whether it is asked.
    pub status: RoutingRuleStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

// None of them is null, which the generated schema can not say.
fn tags() -> SqlLiteral<Array<Text>> {
    sql("routing_rules.tags")
}

/// A rule to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = routing_rules)]
#[serde(deny_unknown_fields)]
pub struct NewRoutingRule {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "VPN to the network team")]
    name: String,
    /// Where it stands among the others: a lower one is asked first.
    #[schema(minimum = 1, maximum = 1000, example = 10)]
    place: i32,
    /// It holds where all of them do; always, where there are none.
    #[schema(value_type = Option<Vec<RoutingCondition>>, max_items = 10)]
    conditions: Option<List<RoutingCondition>>,
    /// The queue that the ticket goes to.
    queue_id: Option<Uuid>,
    /// The employee who gets it.
    #[schema(example = json!(null))]
    assignee_id: Option<Uuid>,
    /// How urgent it is, whatever impact and urgency come to.
    #[schema(example = json!(null))]
    priority: Option<TicketPriority>,
    /// Tags that it gets besides its own.
    #[schema(value_type = Option<Vec<TicketTag>>, max_items = 20, example = json!([]))]
    tags: Option<Vec<String>>,
}

/// What of a rule can be changed. Tickets that are open stay where they are.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = routing_rules)]
#[serde(deny_unknown_fields)]
pub struct EditRoutingRule {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "VPN to the network team")]
    name: Option<String>,
    /// Where it stands among the others: a lower one is asked first.
    #[schema(minimum = 1, maximum = 1000, example = 10)]
    place: Option<i32>,
    /// It holds where all of them do; always, where there are none.
    #[schema(value_type = Vec<RoutingCondition>, max_items = 10)]
    conditions: Option<List<RoutingCondition>>,
    /// The queue that the ticket goes to.
    queue_id: Option<Option<Uuid>>,
    /// The employee who gets it.
    #[schema(example = json!(null))]
    assignee_id: Option<Option<Uuid>>,
    /// How urgent it is, whatever impact and urgency come to.
    #[schema(example = json!(null))]
    priority: Option<Option<TicketPriority>>,
    /// Tags that it gets besides its own.
    #[schema(value_type = Vec<TicketTag>, max_items = 20)]
    tags: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct RoutingRuleFilter {
    /// Only rules in this state.
    #[param(inline)]
    status: Option<RoutingRuleStatus>,
    /// Only rules that lead to this queue.
    queue_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[("active", "It is asked of every new ticket."), ("archived", "It is not asked any more.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for RoutingRule {
    const NAME: &'static str = "routing-rules";
}

impl Resource for RoutingRule {
    const PATH: &'static str = "/v1/routing-rules";
    const SINGULAR: &'static str = "routing_rule";
    const TAG: &'static str = "Tickets";
    const SORT: &'static [SortKey] = &[SortKey::integer("place"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "place";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = RoutingRuleFilter;

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

impl Stored for RoutingRule {
    type Table = routing_rules::table;
    const TABLE: &'static str = "routing_rules";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: RoutingRuleFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(routing_rules::status.eq(status)))
            .when(by.queue_id, |rows, id| rows.filter(routing_rules::queue_id.eq(id)))
    }
}

impl Written for RoutingRule {
    type New = NewRoutingRule;
    type Edit = EditRoutingRule;

    async fn check_new(_: &mut Db, new: &NewRoutingRule) -> Result<()> {
        check(new.conditions.as_ref().map_or(&[], |conditions| conditions.0.as_slice()))
    }

    async fn check_edit(_: &mut Db, _: &Self, edit: &EditRoutingRule) -> Result<()> {
        check(edit.conditions.as_ref().map_or(&[], |conditions| conditions.0.as_slice()))
    }
}

/// What a rule asks of a ticket. It has one of `one_of` and `contains`.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoutingCondition {
    /// What of the ticket is looked at.
    field: RoutingField,
    /// It is one of these; of tags, one of them is.
    #[schema(value_type = Option<Vec<RoutingValue>>, min_items = 1, max_items = 100, example = json!(null))]
    one_of: Option<Vec<String>>,
    /// It holds this text, however it is written.
    #[schema(min_length = 1, max_length = 200, example = "vpn")]
    contains: Option<String>,
}

/// A value that a field is compared with.
#[derive(ToSchema)]
#[schema(max_length = 200, example = "incident")]
#[expect(dead_code, reason = "it tells the contract how long a value may be")]
pub struct RoutingValue(String);

fn check(conditions: &[RoutingCondition]) -> Result<()> {
    let mut faults = Vec::new();
    for (place, each) in conditions.iter().enumerate() {
        if each.one_of.is_some() == each.contains.is_some() {
            let rule = "must have one of `one_of` and `contains`";
            faults.push(Fault::at(format!("/conditions/{place}"), "one-of-two", rule));
        }
        if each.one_of.iter().flatten().any(|value| value.chars().count() > 200) {
            let rule = "has values of at most 200 characters";
            faults.push(Fault::at(format!("/conditions/{place}/one_of"), "too-long", rule));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Archive a routing rule
///
/// It is not asked any more.
#[utoipa::path(post, path = "/v1/routing-rules/{id}/archive", tag = "Tickets")]
async fn archive_routing_rule(may: May<Write, RoutingRule>, id: Id<RoutingRule>) -> Reply<RoutingRule> {
    step(may, id, "archive").await
}

/// Restore a routing rule
///
/// It is asked again, in its place among the others.
#[utoipa::path(post, path = "/v1/routing-rules/{id}/restore", tag = "Tickets")]
async fn restore_routing_rule(may: May<Write, RoutingRule>, id: Id<RoutingRule>) -> Reply<RoutingRule> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<RoutingRule>()
        .call(operation!(archive_routing_rule))
        .call(operation!(restore_routing_rule));
}
