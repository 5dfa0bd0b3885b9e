//! Licence assignments: who has a seat of a licence, or which asset has. Seats are counted where they are given, so that of two who want the
//! last one gets it.

use crate::one_of;
use platform::prelude::*;
use schema::licence_assignments;

/// That somebody has a seat of a licence, or had it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = licence_assignments)]
pub struct LicenceAssignment {
    pub id: Uuid,
    pub version: i64,
    /// The licence.
    pub licence_id: Uuid,
    /// The employee who has the seat, wherever they work.
    pub employee_id: Option<Uuid>,
    /// The asset that has it, whoever works with that.
    pub asset_id: Option<Uuid>,
    /// Since when.
    #[schema(example = "2026-03-04")]
    pub assigned_on: NaiveDate,
    /// Until when; null while they have it.
    #[schema(example = json!(null))]
    pub released_on: Option<NaiveDate>,
    /// What else is to be known.
    #[schema(max_length = 500, example = json!(null))]
    pub note: Option<String>,
    pub status: LicenceAssignmentStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether the seat is taken.
    pub enum LicenceAssignmentStatus { Active = "active", Released = "released" }
}

/// A seat to be taken, by an employee or by an asset.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = licence_assignments)]
#[serde(deny_unknown_fields)]
pub struct NewLicenceAssignment {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The licence, which has a free seat.
    licence_id: Uuid,
    /// The employee who gets the seat.
    employee_id: Option<Uuid>,
    /// The asset that gets it.
    #[schema(example = json!(null))]
    asset_id: Option<Uuid>,
    /// Since when; today (UTC), unless told.
    #[schema(example = json!(null))]
    assigned_on: Option<NaiveDate>,
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 500, example = json!(null))]
    note: Option<String>,
}

/// What of an assignment can be changed while the seat is taken.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = licence_assignments)]
#[serde(deny_unknown_fields)]
pub struct EditLicenceAssignment {
    /// What else is to be known.
    #[schema(min_length = 1, max_length = 500, example = "Until the project ends.")]
    note: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct LicenceAssignmentFilter {
    /// Only assignments in this state.
    #[param(inline)]
    status: Option<LicenceAssignmentStatus>,
    /// Only seats of this licence.
    licence_id: Option<Uuid>,
    /// Only seats of this employee.
    employee_id: Option<Uuid>,
    /// Only seats of this asset.
    asset_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[("active", "The seat is taken."), ("released", "The seat is free again.")],
    steps: &[Step { action: "release", from: &["active"], to: "released", verb: "write" }],
};

impl Named for LicenceAssignment {
    const NAME: &'static str = "licence-assignments";
}

impl Resource for LicenceAssignment {
    const PATH: &'static str = "/v1/licence-assignments";
    const SINGULAR: &'static str = "licence_assignment";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] = &[SortKey::day("assigned_on"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-assigned_on";
    type Filter = LicenceAssignmentFilter;

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
    fn person(&self) -> Option<Uuid> {
        self.employee_id
    }
}

impl Stored for LicenceAssignment {
    type Table = licence_assignments::table;
    const TABLE: &'static str = "licence_assignments";
    const SEARCHED: &'static [&'static str] = &["note"];

    fn narrow(rows: Rows<Self>, by: LicenceAssignmentFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(licence_assignments::status.eq(status)))
            .when(by.licence_id, |rows, id| rows.filter(licence_assignments::licence_id.eq(id)))
            .when(by.employee_id, |rows, id| rows.filter(licence_assignments::employee_id.eq(id)))
            .when(by.asset_id, |rows, id| rows.filter(licence_assignments::asset_id.eq(id)))
    }
}

impl Written for LicenceAssignment {
    type New = NewLicenceAssignment;
    type Edit = EditLicenceAssignment;

    async fn check_new(_: &mut Db, new: &NewLicenceAssignment) -> Result<()> {
        one_of(&[("employee_id", new.employee_id.is_some()), ("asset_id", new.asset_id.is_some())])
    }
}

/// Release a licence assignment
///
/// The seat is free again, from today on (UTC).
#[utoipa::path(post, path = "/v1/licence-assignments/{id}/release", tag = "Assets")]
async fn release_licence_assignment(
    may: May<Write, LicenceAssignment>,
    id: Id<LicenceAssignment>,
) -> Reply<LicenceAssignment> {
    step(may, id, "release").await
}

pub fn routes(api: &mut Api) {
    api.readable::<LicenceAssignment>()
        .creatable::<LicenceAssignment>()
        .changeable::<LicenceAssignment>()
        .call(operation!(release_licence_assignment));
}
