//! Service levels: within which business time a ticket of a priority is answered, and solved.

use crate::tickets::TicketPriority;
use platform::prelude::*;
use schema::sla_policies;

/// What a queue promises.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = sla_policies)]
pub struct SlaPolicy {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "Internal support")]
    pub name: String,
    /// The hours in which time counts; null is around the clock.
    pub business_hours_id: Option<Uuid>,
    /// What is promised, by priority; nothing for a priority that is not named.
    #[schema(value_type = Vec<SlaTarget>, max_items = 4)]
    pub targets: List<SlaTarget>,
    /// The part of the time, in percent, after which it is warned that little is left; 80 unless told.
    #[schema(minimum = 1, maximum = 99, example = 80)]
    pub warn_at_percent: i32,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A policy to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = sla_policies)]
#[serde(deny_unknown_fields)]
pub struct NewSlaPolicy {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Internal support")]
    name: String,
    /// The hours in which time counts; null is around the clock.
    business_hours_id: Option<Uuid>,
    /// What is promised, by priority; nothing for a priority that is not named.
    #[schema(value_type = Vec<SlaTarget>, min_items = 1, max_items = 4)]
    targets: List<SlaTarget>,
    /// The part of the time, in percent, after which it is warned that little is left; 80 unless told.
    #[schema(minimum = 1, maximum = 99, example = 80)]
    warn_at_percent: Option<i32>,
}

/// What of a policy can be changed. Due times that stand are worked out anew when the state, the priority or the queue of their ticket changes.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = sla_policies)]
#[serde(deny_unknown_fields)]
pub struct EditSlaPolicy {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Internal support")]
    name: Option<String>,
    /// The hours in which time counts; null is around the clock.
    business_hours_id: Option<Option<Uuid>>,
    /// What is promised, by priority; nothing for a priority that is not named.
    #[schema(value_type = Vec<SlaTarget>, min_items = 1, max_items = 4)]
    targets: Option<List<SlaTarget>>,
    /// The part of the time, in percent, after which it is warned that little is left; 80 unless told.
    #[schema(minimum = 1, maximum = 99, example = 80)]
    warn_at_percent: Option<i32>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SlaPolicyFilter {
    /// Only policies within these hours.
    business_hours_id: Option<Uuid>,
}

impl Named for SlaPolicy {
    const NAME: &'static str = "sla-policies";
}

impl Resource for SlaPolicy {
    const PATH: &'static str = "/v1/sla-policies";
    const SINGULAR: &'static str = "sla_policy";
    const TAG: &'static str = "Tickets";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = SlaPolicyFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for SlaPolicy {
    type Table = sla_policies::table;
    const TABLE: &'static str = "sla_policies";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: SlaPolicyFilter) -> Rows<Self> {
        rows.when(by.business_hours_id, |rows, id| rows.filter(sla_policies::business_hours_id.eq(id)))
    }
}

impl Written for SlaPolicy {
    type New = NewSlaPolicy;
    type Edit = EditSlaPolicy;

    async fn check_new(_: &mut Db, new: &NewSlaPolicy) -> Result<()> {
        check(&new.targets.0)
    }

    async fn check_edit(_: &mut Db, _: &Self, edit: &EditSlaPolicy) -> Result<()> {
        check(edit.targets.as_ref().map_or(&[], |targets| targets.0.as_slice()))
    }
}

/// What is promised for a priority.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlaTarget {
    /// The priority that it is promised for.
    priority: TicketPriority,
    /// Minutes of business time within which somebody answers; nothing is promised where left out.
    #[schema(minimum = 1, maximum = 525_600, example = 60)]
    first_answer_minutes: Option<i32>,
    /// Minutes of business time within which it is solved; nothing is promised where left out.
    #[schema(minimum = 1, maximum = 525_600, example = 480)]
    solution_minutes: Option<i32>,
}

fn check(targets: &[SlaTarget]) -> Result<()> {
    let mut faults = Vec::new();
    for (place, each) in targets.iter().enumerate() {
        if targets[..place].iter().any(|other| other.priority == each.priority) {
            let rule = "is named twice: each priority has one target";
            faults.push(Fault::at(format!("/targets/{place}/priority"), "repeated", rule));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

pub fn routes(api: &mut Api) {
    api.resource::<SlaPolicy>();
}
