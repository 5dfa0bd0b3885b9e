//! Prefixes: blocks of addresses (RFC 4632, RFC 4291). Those of a routing domain are a tree, worked out by the database from what lies in what: one that is
//! added takes in what lies in it, one that goes leaves it to what it lay in.

use crate::addressing::{Address, Network};
use platform::prelude::*;
use schema::prefixes;

/// A block of addresses.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = prefixes)]
pub struct Prefix {
    pub id: Uuid,
    pub version: i64,
    /// The routing domain that it belongs to, for good.
    pub routing_domain_id: Uuid,
    /// The block; there once in its domain.
    #[schema(value_type = String, format = "cidr", max_length = 43, example = "10.20.0.0/24")]
    pub prefix: Network,
    /// The smallest prefix that holds it; null at the top.
    #[schema(example = json!(null))]
    pub parent_id: Option<Uuid>,
    #[schema(example = "active")]
    pub status: PrefixStatus,
    /// What its addresses are for.
    #[schema(max_length = 50, example = "office")]
    pub role: Option<String>,
    /// Where it is used.
    #[schema(example = json!(null))]
    pub site_id: Option<Uuid>,
    /// The VLAN that it is on.
    #[schema(example = json!(null))]
    pub vlan_id: Option<Uuid>,
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
    /// What a prefix is used for.
    pub enum PrefixStatus { Planned = "planned", Container = "container", Active = "active", Reserved = "reserved", Deprecated = "deprecated" }
}

/// A prefix to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = prefixes, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewPrefix {
    #[serde(skip, default = "Uuid::now_v7")]
    pub(crate) id: Uuid,
    /// The routing domain that it belongs to, for good.
    pub(crate) routing_domain_id: Uuid,
    /// The block; there once in its domain.
    #[schema(value_type = String, format = "cidr", max_length = 43, example = "10.20.0.0/24")]
    pub(crate) prefix: Network,
    /// What it is used for; active, unless told. A `container` is there to be divided.
    #[schema(example = "active")]
    #[diesel(treat_none_as_default_value = true)]
    pub(crate) status: Option<PrefixStatus>,
    /// What its addresses are for.
    #[schema(min_length = 1, max_length = 50, example = "office")]
    pub(crate) role: Option<String>,
    /// Where it is used.
    #[schema(example = json!(null))]
    pub(crate) site_id: Option<Uuid>,
    /// The VLAN that it is on.
    #[schema(example = json!(null))]
    pub(crate) vlan_id: Option<Uuid>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    pub(crate) description: Option<String>,
    /// The design that plans it, which has to be a draft; its `status` is `planned` then, until the design is applied.
    #[schema(example = json!(null))]
    pub(crate) design_id: Option<Uuid>,
}

/// What of a prefix can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = prefixes)]
#[serde(deny_unknown_fields)]
pub struct EditPrefix {
    /// The block. What lies in it, and what it lies in, follows. No address may be left in no prefix.
    #[schema(value_type = Option<String>, format = "cidr", max_length = 43, example = "10.20.0.0/23")]
    prefix: Option<Network>,
    /// What it is used for; active, unless told. A `container` is there to be divided.
    #[schema(example = "active")]
    status: Option<PrefixStatus>,
    /// What its addresses are for.
    #[schema(min_length = 1, max_length = 50, example = "office")]
    role: Option<Option<String>>,
    /// Where it is used.
    #[schema(example = json!(null))]
    site_id: Option<Option<Uuid>>,
    /// The VLAN that it is on.
    #[schema(example = json!(null))]
    vlan_id: Option<Option<Uuid>>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PrefixFilter {
    /// Only prefixes of this routing domain.
    routing_domain_id: Option<Uuid>,
    /// Only this prefix.
    #[param(required = false, value_type = String, format = "cidr", max_length = 43)]
    prefix: Option<Network>,
    /// Only this prefix and those that lie in it.
    #[param(required = false, value_type = String, format = "cidr", max_length = 43)]
    within: Option<Network>,
    /// Only prefixes that hold this address.
    #[param(required = false, value_type = String, format = "ip", max_length = 45)]
    contains: Option<Address>,
    /// Only prefixes that lie directly in this one.
    parent_id: Option<Uuid>,
    /// Only prefixes in this state.
    #[param(inline)]
    status: Option<PrefixStatus>,
    /// Only prefixes of this site.
    site_id: Option<Uuid>,
    /// Only prefixes on this VLAN.
    vlan_id: Option<Uuid>,
    /// Only prefixes of this design.
    design_id: Option<Uuid>,
}

impl Named for Prefix {
    const NAME: &'static str = "prefixes";
}

impl Resource for Prefix {
    const PATH: &'static str = "/v1/prefixes";
    const SINGULAR: &'static str = "prefix";
    const TAG: &'static str = "Network";
    const SORT: &'static [SortKey] = &[SortKey::network("prefix"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "prefix";
    const NATURAL_KEY: &'static [&'static str] = &["routing_domain_id", "prefix"];
    const REFERENCES: &'static [Reference] = &[
        Reference {
            field: "routing_domain_id",
            column: "routing_domain",
            table: "routing_domains",
            by: "name",
            within: None,
        },
        Reference { field: "site_id", column: "site_code", table: "sites", by: "code", within: None },
    ];
    const DERIVED: &'static [&'static str] = &["parent_id"];
    type Filter = PrefixFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for Prefix {
    type Table = prefixes::table;
    const TABLE: &'static str = "prefixes";
    const SEARCHED: &'static [&'static str] = &["role", "description"];

    fn narrow(rows: Rows<Self>, by: PrefixFilter) -> Rows<Self> {
        rows.when(by.routing_domain_id, |rows, it| rows.filter(prefixes::routing_domain_id.eq(it)))
            .when(by.prefix, |rows, it| rows.filter(prefixes::prefix.eq(it)))
            .when(by.within, |rows, net| {
                rows.filter(prefixes::prefix.ge(net).and(prefixes::prefix.le(net.last())))
            })
            .when(by.contains, |rows, address| rows.filter(prefixes::prefix.eq_any(address.surrounding())))
            .when(by.parent_id, |rows, it| rows.filter(prefixes::parent_id.eq(it)))
            .when(by.status, |rows, it| rows.filter(prefixes::status.eq(it)))
            .when(by.site_id, |rows, it| rows.filter(prefixes::site_id.eq(it)))
            .when(by.vlan_id, |rows, it| rows.filter(prefixes::vlan_id.eq(it)))
            .when(by.design_id, |rows, it| rows.filter(prefixes::design_id.eq(it)))
    }
}

impl Written for Prefix {
    type New = NewPrefix;
    type Edit = EditPrefix;
}

pub fn routes(api: &mut Api) {
    api.resource::<Prefix>().importable::<Prefix>();
}
