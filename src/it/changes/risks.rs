//! Matrices of risks: how risky a change is, by its impact and how likely it is to go wrong. One is active; without one, and where it says nothing, it is as usual.

use platform::prelude::*;
use schema::change_risk_matrices;

/// How risky changes are, by their impact and likelihood.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = change_risk_matrices)]
pub struct ChangeRiskMatrix {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Careful")]
    pub name: String,
    /// What it says; where it says nothing, low and low or medium are low, two that come to the middle medium, high and medium high, high and high very high.
    #[schema(value_type = Vec<RiskCell>, max_items = 9)]
    pub cells: List<RiskCell>,
    pub status: ChangeRiskMatrixStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// How much, or how likely.
    pub enum ChangeLevel { Low = "low", Medium = "medium", High = "high" }
}

text_enum! {
    /// How risky a change is.
    pub enum RiskLevel { Low = "low", Medium = "medium", High = "high", VeryHigh = "very_high" }
}

text_enum! {
    /// Whether a matrix is asked.
    pub enum ChangeRiskMatrixStatus { Inactive = "inactive", Active = "active" }
}

/// A change risk matrix to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = change_risk_matrices)]
#[serde(deny_unknown_fields)]
pub struct NewChangeRiskMatrix {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Careful")]
    name: String,
    /// What it says; where it says nothing, low and low or medium are low, two that come to the middle medium, high and medium high, high and high very high.
    #[schema(value_type = Vec<RiskCell>, min_items = 1, max_items = 9)]
    cells: List<RiskCell>,
}

/// What of a change risk matrix can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = change_risk_matrices)]
#[serde(deny_unknown_fields)]
pub struct EditChangeRiskMatrix {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Very careful")]
    name: Option<String>,
    /// What it says; where it says nothing, low and low or medium are low, two that come to the middle medium, high and medium high, high and high very high.
    #[schema(value_type = Option<Vec<RiskCell>>, min_items = 1, max_items = 9)]
    cells: Option<List<RiskCell>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ChangeRiskMatrixFilter {
    /// Only those in this state.
    #[param(inline)]
    status: Option<ChangeRiskMatrixStatus>,
}

static LIFE: Life = Life {
    states: &[("inactive", "Kept, and not asked."), ("active", "Says how risky changes are from now on.")],
    steps: &[
        Step { action: "activate", from: &["inactive"], to: "active", verb: "write" },
        Step { action: "deactivate", from: &["active"], to: "inactive", verb: "write" },
    ],
};

impl Named for ChangeRiskMatrix {
    const NAME: &'static str = "change-risk-matrices";
}

impl Resource for ChangeRiskMatrix {
    const PATH: &'static str = "/v1/change-risk-matrices";
    const SINGULAR: &'static str = "change_risk_matrix";
    const TAG: &'static str = "Changes";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = ChangeRiskMatrixFilter;

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

impl Stored for ChangeRiskMatrix {
    type Table = change_risk_matrices::table;
    const TABLE: &'static str = "change_risk_matrices";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: ChangeRiskMatrixFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(change_risk_matrices::status.eq(status)))
    }
}

impl Written for ChangeRiskMatrix {
    type New = NewChangeRiskMatrix;
    type Edit = EditChangeRiskMatrix;

    async fn check_new(_: &mut Db, new: &NewChangeRiskMatrix) -> Result<()> {
        said_once(&new.cells)
    }
    async fn check_edit(_: &mut Db, _: &Self, edit: &EditChangeRiskMatrix) -> Result<()> {
        edit.cells.as_ref().map_or(Ok(()), said_once)
    }
}

/// Activate a risk matrix
///
/// It says from now on how risky drafts of changes are; the one that did so until now is inactive. What was handed in stays as it is.
#[utoipa::path(post, path = "/v1/change-risk-matrices/{id}/activate", tag = "Changes")]
async fn activate_change_risk_matrix(
    may: May<Write, ChangeRiskMatrix>,
    id: Id<ChangeRiskMatrix>,
) -> Reply<ChangeRiskMatrix> {
    step(may, id, "activate").await
}

/// Deactivate a risk matrix
///
/// Risks are as usual again.
#[utoipa::path(post, path = "/v1/change-risk-matrices/{id}/deactivate", tag = "Changes")]
async fn deactivate_change_risk_matrix(
    may: May<Write, ChangeRiskMatrix>,
    id: Id<ChangeRiskMatrix>,
) -> Reply<ChangeRiskMatrix> {
    step(may, id, "deactivate").await
}

/// How risky changes of such an impact and likelihood are.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RiskCell {
    /// How much goes wrong where the change does.
    #[schema(example = "high")]
    impact: ChangeLevel,
    /// How likely the change is to go wrong.
    #[schema(example = "low")]
    likelihood: ChangeLevel,
    /// How risky that is.
    #[schema(example = "high")]
    risk: RiskLevel,
}

/// Each cell is said once.
fn said_once(cells: &List<RiskCell>) -> Result<()> {
    let is_again = |(place, cell): &(usize, &RiskCell)| {
        cells.0[..*place]
            .iter()
            .any(|other| (other.impact, other.likelihood) == (cell.impact, cell.likelihood))
    };
    let again = cells.0.iter().enumerate().filter(is_again);
    let faults: Vec<Fault> = again
        .map(|(place, _)| {
            Fault::at(
                format!("/cells/{place}"),
                "repeated",
                "is said already: each impact and likelihood once",
            )
        })
        .collect();
    if faults.is_empty() { Ok(()) } else { Err(Problem::invalid(faults)) }
}

pub fn routes(api: &mut Api) {
    api.readable::<ChangeRiskMatrix>()
        .creatable::<ChangeRiskMatrix>()
        .changeable::<ChangeRiskMatrix>()
        .deletable::<ChangeRiskMatrix>()
        .call(operation!(activate_change_risk_matrix))
        .call(operation!(deactivate_change_risk_matrix));
}
