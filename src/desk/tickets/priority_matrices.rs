//! Matrices of priorities: what impact and urgency come to. One of an organization counts, as far as it says something; else the usual one: two low, or low and medium, are `low`; two medium, or low and high, `normal`; medium and high `high`; two high `urgent`.

use crate::tickets::{TicketImpact, TicketPriority, TicketUrgency};
use platform::prelude::*;
use schema::priority_matrices;

text_enum! {
    /// Whether a matrix counts.
    pub enum PriorityMatrixStatus { Inactive = "inactive", Active = "active" }
}

/// A matrix of priorities.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = priority_matrices)]
pub struct PriorityMatrix {
    pub id: Uuid,
    pub version: i64,
    /// What people call it; unique.
    #[schema(max_length = 100, example = "Production first")]
    pub name: String,
    /// What impact and urgency come to; as usual where it says nothing.
    #[schema(value_type = Vec<PriorityCell>, max_items = 9)]
    pub cells: List<PriorityCell>,
    /// Whether it counts.
    pub status: PriorityMatrixStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A matrix to be. It counts once it is activated.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = priority_matrices)]
#[serde(deny_unknown_fields)]
pub struct NewPriorityMatrix {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Production first")]
    name: String,
    /// What impact and urgency come to; as usual where it says nothing.
    #[schema(value_type = Vec<PriorityCell>, min_items = 1, max_items = 9)]
    cells: List<PriorityCell>,
}

/// What of a matrix can be changed. Tickets keep their priority until their impact or urgency changes.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = priority_matrices)]
#[serde(deny_unknown_fields)]
pub struct EditPriorityMatrix {
    /// What people call it; unique.
    #[schema(min_length = 1, max_length = 100, example = "Production first")]
    name: Option<String>,
    /// What impact and urgency come to; as usual where it says nothing.
    #[schema(value_type = Vec<PriorityCell>, min_items = 1, max_items = 9)]
    cells: Option<List<PriorityCell>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PriorityMatrixFilter {
    /// Only matrices in this state.
    #[param(inline)]
    status: Option<PriorityMatrixStatus>,
}

static LIFE: Life = Life {
    states: &[("inactive", "It does not count."), ("active", "It says what impact and urgency come to.")],
    steps: &[
        Step { action: "activate", from: &["inactive"], to: "active", verb: "write" },
        Step { action: "deactivate", from: &["active"], to: "inactive", verb: "write" },
    ],
};

impl Named for PriorityMatrix {
    const NAME: &'static str = "priority-matrices";
}

impl Resource for PriorityMatrix {
    const PATH: &'static str = "/v1/priority-matrices";
    const SINGULAR: &'static str = "priority_matrix";
    const TAG: &'static str = "Tickets";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = PriorityMatrixFilter;

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

impl Stored for PriorityMatrix {
    type Table = priority_matrices::table;
    const TABLE: &'static str = "priority_matrices";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: PriorityMatrixFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(priority_matrices::status.eq(status)))
    }
}

impl Written for PriorityMatrix {
    type New = NewPriorityMatrix;
    type Edit = EditPriorityMatrix;

    async fn check_new(_: &mut Db, new: &NewPriorityMatrix) -> Result<()> {
        check(&new.cells.0)
    }

    async fn check_edit(_: &mut Db, _: &Self, edit: &EditPriorityMatrix) -> Result<()> {
        check(edit.cells.as_ref().map_or(&[], |cells| cells.0.as_slice()))
    }
}

/// What an impact and an urgency come to.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PriorityCell {
    /// How many it keeps from their work.
    impact: TicketImpact,
    /// How soon it has to be solved.
    urgency: TicketUrgency,
    /// What comes first then.
    priority: TicketPriority,
}

fn check(cells: &[PriorityCell]) -> Result<()> {
    let mut faults = Vec::new();
    for (place, each) in cells.iter().enumerate() {
        if cells[..place].iter().any(|other| (other.impact, other.urgency) == (each.impact, each.urgency)) {
            let rule = "stands further up already: each impact and urgency come to one priority";
            faults.push(Fault::at(format!("/cells/{place}"), "repeated", rule));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

/// Activate a priority matrix
///
/// It says what impact and urgency come to, in the place of the one that did.
#[utoipa::path(post, path = "/v1/priority-matrices/{id}/activate", tag = "Tickets")]
async fn activate_priority_matrix(
    may: May<Write, PriorityMatrix>,
    id: Id<PriorityMatrix>,
) -> Reply<PriorityMatrix> {
    step(may, id, "activate").await
}

/// Deactivate a priority matrix
///
/// Impact and urgency come to what is usual.
#[utoipa::path(post, path = "/v1/priority-matrices/{id}/deactivate", tag = "Tickets")]
async fn deactivate_priority_matrix(
    may: May<Write, PriorityMatrix>,
    id: Id<PriorityMatrix>,
) -> Reply<PriorityMatrix> {
    step(may, id, "deactivate").await
}

pub fn routes(api: &mut Api) {
    api.resource::<PriorityMatrix>()
        .call(operation!(activate_priority_matrix))
        .call(operation!(deactivate_priority_matrix));
}
