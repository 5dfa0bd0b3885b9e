//! VLAN groups: within one, each VLAN number is there once.

use platform::prelude::*;
use schema::vlan_groups;

/// Where VLANs are numbered together.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = vlan_groups)]
pub struct VlanGroup {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Bucharest")]
    pub name: String,
    /// The site whose switches it is on.
    #[schema(example = json!(null))]
    pub site_id: Option<Uuid>,
    /// What else there is to know of it.
    #[schema(max_length = 1000, example = json!(null))]
    pub description: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A VLAN group to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = vlan_groups, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewVlanGroup {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Bucharest")]
    name: String,
    /// The site whose switches it is on.
    #[schema(example = json!(null))]
    site_id: Option<Uuid>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<String>,
}

/// What of a VLAN group can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = vlan_groups)]
#[serde(deny_unknown_fields)]
pub struct EditVlanGroup {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Bucharest")]
    name: Option<String>,
    /// The site whose switches it is on.
    #[schema(example = json!(null))]
    site_id: Option<Option<Uuid>>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct VlanGroupFilter {
    /// Only groups of this site.
    site_id: Option<Uuid>,
}

impl Named for VlanGroup {
    const NAME: &'static str = "vlan-groups";
}

impl Resource for VlanGroup {
    const PATH: &'static str = "/v1/vlan-groups";
    const SINGULAR: &'static str = "vlan_group";
    const TAG: &'static str = "Network";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = VlanGroupFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for VlanGroup {
    type Table = vlan_groups::table;
    const TABLE: &'static str = "vlan_groups";
    const SEARCHED: &'static [&'static str] = &["name", "description"];

    fn narrow(rows: Rows<Self>, by: VlanGroupFilter) -> Rows<Self> {
        rows.when(by.site_id, |rows, it| rows.filter(vlan_groups::site_id.eq(it)))
    }
}

impl Written for VlanGroup {
    type New = NewVlanGroup;
    type Edit = EditVlanGroup;
}

pub fn routes(api: &mut Api) {
    api.resource::<VlanGroup>();
}
