//! Escalation rules: what happens to a ticket of a queue that nobody answers, or solves, in so much business time.

use crate::tickets::TicketPriority;
use platform::prelude::*;
use schema::escalation_rules;

text_enum! {
    /// Whether a rule escalates anything.
    pub enum EscalationRuleStatus { Active = "active", Archived = "archived" }
}

text_enum! {
    /// What a ticket waits for.
    pub enum EscalationWait { FirstAnswer = "first_answer", Solution = "solution" }
}

/// What happens to a ticket that waits for too long.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = escalation_rules)]
pub struct EscalationRule {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "Unanswered for four hours")]
    pub name: String,
    /// The queue whose tickets it escalates, from when they come in.
    pub queue_id: Uuid,
    /// What they wait for.
    pub waits_for: EscalationWait,
    /// Minutes of business time after which it escalates; they stop where the clocks of the ticket do.
    #[schema(minimum = 1, maximum = 525_600, example = 240)]
    pub after_minutes: i32,
    /// The queue that the ticket goes to.
    #[schema(example = json!(null))]
    pub to_queue_id: Option<Uuid>,
    /// The employee who gets it.
    #[schema(example = json!(null))]
    pub assignee_id: Option<Uuid>,
    /// How urgent it is from then on.
    #[schema(example = "urgent")]
    pub priority: Option<TicketPriority>,
    /// Whether it escalates anything.
    pub status: EscalationRuleStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A rule to be. It counts for tickets that come into the queue from then on.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = escalation_rules)]
#[serde(deny_unknown_fields)]
pub struct NewEscalationRule {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Unanswered for four hours")]
    name: String,
    /// The queue whose tickets it escalates, from when they come in.
    queue_id: Uuid,
    /// What they wait for.
    waits_for: EscalationWait,
    /// Minutes of business time after which it escalates; they stop where the clocks of the ticket do.
    #[schema(minimum = 1, maximum = 525_600, example = 240)]
    after_minutes: i32,
    /// The queue that the ticket goes to.
    #[schema(example = json!(null))]
    to_queue_id: Option<Uuid>,
    /// The employee who gets it.
    #[schema(example = json!(null))]
    assignee_id: Option<Uuid>,
    /// How urgent it is from then on.
    #[schema(example = "urgent")]
    priority: Option<TicketPriority>,
}

/// What of a rule can be changed. Due times that stand are worked out anew when the state, the priority or the queue of their ticket changes.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = escalation_rules)]
#[serde(deny_unknown_fields)]
pub struct EditEscalationRule {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Unanswered for four hours")]
    name: Option<String>,
    /// Minutes of business time after which it escalates; they stop where the clocks of the ticket do.
    #[schema(minimum = 1, maximum = 525_600, example = 240)]
    after_minutes: Option<i32>,
    /// The queue that the ticket goes to.
    #[schema(example = json!(null))]
    to_queue_id: Option<Option<Uuid>>,
    /// The employee who gets it.
    #[schema(example = json!(null))]
    assignee_id: Option<Option<Uuid>>,
    /// How urgent it is from then on.
    #[schema(example = "urgent")]
    priority: Option<Option<TicketPriority>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct EscalationRuleFilter {
    /// Only rules in this state.
    #[param(inline)]
    status: Option<EscalationRuleStatus>,
    /// Only rules of this queue.
    queue_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[("active", "It escalates."), ("archived", "It does not any more.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for EscalationRule {
    const NAME: &'static str = "escalation-rules";
}

impl Resource for EscalationRule {
    const PATH: &'static str = "/v1/escalation-rules";
    const SINGULAR: &'static str = "escalation_rule";
    const TAG: &'static str = "Tickets";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = EscalationRuleFilter;

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

impl Stored for EscalationRule {
    type Table = escalation_rules::table;
    const TABLE: &'static str = "escalation_rules";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: EscalationRuleFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(escalation_rules::status.eq(status)))
            .when(by.queue_id, |rows, id| rows.filter(escalation_rules::queue_id.eq(id)))
    }
}

impl Written for EscalationRule {
    type New = NewEscalationRule;
    type Edit = EditEscalationRule;
}

/// Archive an escalation rule
///
/// It escalates nothing any more.
#[utoipa::path(post, path = "/v1/escalation-rules/{id}/archive", tag = "Tickets")]
async fn archive_escalation_rule(
    may: May<Write, EscalationRule>,
    id: Id<EscalationRule>,
) -> Reply<EscalationRule> {
    step(may, id, "archive").await
}

/// Restore an escalation rule
///
/// It escalates again what comes into its queue.
#[utoipa::path(post, path = "/v1/escalation-rules/{id}/restore", tag = "Tickets")]
async fn restore_escalation_rule(
    may: May<Write, EscalationRule>,
    id: Id<EscalationRule>,
) -> Reply<EscalationRule> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<EscalationRule>()
        .call(operation!(archive_escalation_rule))
        .call(operation!(restore_escalation_rule));
}
