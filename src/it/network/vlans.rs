//! VLANs (IEEE 802.1Q): numbered 1 to 4094, once in their group.

use platform::prelude::*;
use schema::vlans;

/// A virtual network.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = vlans)]
pub struct Vlan {
    pub id: Uuid,
    pub version: i64,
    /// The group that it is numbered in.
    pub group_id: Uuid,
    /// Its number; there once in its group.
    #[schema(minimum = 1, maximum = 4094, example = 120)]
    pub vid: i32,
    /// What it is called; unique in its group.
    #[schema(max_length = 64, example = "Office")]
    pub name: String,
    #[schema(example = "active")]
    pub status: VlanStatus,
    /// What else there is to know of it.
    #[schema(max_length = 1000, example = json!(null))]
    pub description: Option<String>,
    /// The design that plans it, which has to be a draft; its `status` is `planned` then, until the design is applied.
    #[schema(example = json!(null))]
    pub design_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a VLAN is in use.
    pub enum VlanStatus { Planned = "planned", Active = "active", Reserved = "reserved", Deprecated = "deprecated" }
}

/// A VLAN to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = vlans, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewVlan {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The group that it is numbered in.
    group_id: Uuid,
    /// Its number; there once in its group.
    #[schema(minimum = 1, maximum = 4094, example = 120)]
    vid: i32,
    /// What it is called; unique in its group.
    #[schema(min_length = 1, max_length = 64, example = "Office")]
    name: String,
    /// Whether it is in use; active, unless told.
    #[schema(example = "active")]
    #[diesel(treat_none_as_default_value = true)]
    status: Option<VlanStatus>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<String>,
    /// The design that plans it, which has to be a draft; its `status` is `planned` then, until the design is applied.
    #[schema(example = json!(null))]
    design_id: Option<Uuid>,
}

/// What of a VLAN can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = vlans)]
#[serde(deny_unknown_fields)]
pub struct EditVlan {
    /// Its number; there once in its group.
    #[schema(minimum = 1, maximum = 4094, example = 120)]
    vid: Option<i32>,
    /// What it is called; unique in its group.
    #[schema(min_length = 1, max_length = 64, example = "Office")]
    name: Option<String>,
    /// Whether it is in use; active, unless told.
    #[schema(example = "active")]
    status: Option<VlanStatus>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct VlanFilter {
    /// Only VLANs of this group.
    group_id: Option<Uuid>,
    /// Only VLANs of this number.
    #[param(minimum = 1, maximum = 4094)]
    vid: Option<i32>,
    /// Only VLANs in this state.
    #[param(inline)]
    status: Option<VlanStatus>,
    /// Only VLANs of this design.
    design_id: Option<Uuid>,
}

impl Named for Vlan {
    const NAME: &'static str = "vlans";
}

impl Resource for Vlan {
    const PATH: &'static str = "/v1/vlans";
    const SINGULAR: &'static str = "vlan";
    const TAG: &'static str = "Network";
    const SORT: &'static [SortKey] =
        &[SortKey::integer("vid"), SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "vid";
    const NATURAL_KEY: &'static [&'static str] = &["group_id", "vid"];
    const REFERENCES: &'static [Reference] =
        &[Reference { field: "group_id", column: "group", table: "vlan_groups", by: "name", within: None }];
    type Filter = VlanFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for Vlan {
    type Table = vlans::table;
    const TABLE: &'static str = "vlans";
    const SEARCHED: &'static [&'static str] = &["name", "description"];

    fn narrow(rows: Rows<Self>, by: VlanFilter) -> Rows<Self> {
        rows.when(by.group_id, |rows, it| rows.filter(vlans::group_id.eq(it)))
            .when(by.vid, |rows, it| rows.filter(vlans::vid.eq(it)))
            .when(by.status, |rows, it| rows.filter(vlans::status.eq(it)))
            .when(by.design_id, |rows, it| rows.filter(vlans::design_id.eq(it)))
    }
}

impl Written for Vlan {
    type New = NewVlan;
    type Edit = EditVlan;
}

pub fn routes(api: &mut Api) {
    api.resource::<Vlan>().importable::<Vlan>();
}
