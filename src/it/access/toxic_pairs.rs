//! Toxic pairs: roles that nobody holds together, so that what one enters another one releases (segregation of duties).

use platform::prelude::*;
use schema::toxic_role_pairs;

/// Two roles that nobody holds together.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = toxic_role_pairs)]
pub struct ToxicRolePair {
    pub id: Uuid,
    pub version: i64,
    /// The one.
    pub system_role_id: Uuid,
    /// The other, of whichever system.
    pub other_system_role_id: Uuid,
    /// Why: whoever is refused is told.
    #[schema(max_length = 500, example = "Who enters bank accounts does not release payments")]
    pub reason: String,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Two roles that nobody may come to hold together. Who holds both already is listed by `/v1/reports/toxic-access`.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = toxic_role_pairs)]
#[serde(deny_unknown_fields)]
pub struct NewToxicRolePair {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The one.
    system_role_id: Uuid,
    /// The other, of whichever system.
    other_system_role_id: Uuid,
    /// Why: whoever is refused is told.
    #[schema(
        min_length = 1,
        max_length = 500,
        example = "Who enters bank accounts does not release payments"
    )]
    reason: String,
}

/// What of a toxic role pair can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = toxic_role_pairs)]
#[serde(deny_unknown_fields)]
pub struct EditToxicRolePair {
    /// Why: whoever is refused is told.
    #[schema(
        min_length = 1,
        max_length = 500,
        example = "Who enters bank accounts does not release payments to them"
    )]
    reason: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ToxicRolePairFilter {
    /// Only pairs whose one role this is.
    system_role_id: Option<Uuid>,
    /// Only pairs whose other role this is.
    other_system_role_id: Option<Uuid>,
}

impl Named for ToxicRolePair {
    const NAME: &'static str = "toxic-role-pairs";
}

impl Resource for ToxicRolePair {
    const PATH: &'static str = "/v1/toxic-role-pairs";
    const SINGULAR: &'static str = "toxic_role_pair";
    const TAG: &'static str = "System access";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = ToxicRolePairFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for ToxicRolePair {
    type Table = toxic_role_pairs::table;
    const TABLE: &'static str = "toxic_role_pairs";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: ToxicRolePairFilter) -> Rows<Self> {
        rows.when(by.system_role_id, |rows, system_role_id| {
            rows.filter(toxic_role_pairs::system_role_id.eq(system_role_id))
        })
        .when(by.other_system_role_id, |rows, other_system_role_id| {
            rows.filter(toxic_role_pairs::other_system_role_id.eq(other_system_role_id))
        })
    }
}

impl Written for ToxicRolePair {
    type New = NewToxicRolePair;
    type Edit = EditToxicRolePair;
}

pub fn routes(api: &mut Api) {
    api.readable::<ToxicRolePair>()
        .creatable::<ToxicRolePair>()
        .changeable::<ToxicRolePair>()
        .deletable::<ToxicRolePair>();
}
