//! Routing domains: within one, every prefix and every address is there once (VRF, RFC 4364 §3).

use platform::prelude::*;
use schema::routing_domains;

/// A space of addresses of its own.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = routing_domains)]
pub struct RoutingDomain {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 100, example = "Corporate")]
    pub name: String,
    /// What routers tell it apart by (RFC 4364 §4.2): `65000:1`, `192.0.2.1:1`; unique.
    #[schema(
        max_length = 21,
        pattern = r"^[0-9]{1,10}:[0-9]{1,10}$|^[0-9]{1,3}([.][0-9]{1,3}){3}:[0-9]{1,5}$",
        example = "65000:1"
    )]
    pub route_distinguisher: Option<String>,
    #[schema(example = "refused")]
    pub overlap: PrefixOverlap,
    /// What else there is to know of it.
    #[schema(max_length = 1000, example = json!(null))]
    pub description: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether prefixes of a routing domain overlap.
    pub enum PrefixOverlap { Allowed = "allowed", Refused = "refused" }
}

/// A routing domain to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = routing_domains, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewRoutingDomain {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Corporate")]
    name: String,
    /// What routers tell it apart by (RFC 4364 §4.2): `65000:1`, `192.0.2.1:1`; unique.
    #[schema(min_length = 3, max_length = 21, pattern = r"^[0-9]{1,10}:[0-9]{1,10}$|^[0-9]{1,3}([.][0-9]{1,3}){3}:[0-9]{1,5}$", example = json!(null))]
    route_distinguisher: Option<String>,
    /// Whether prefixes lie in any other one, or in containers alone, so that what is in use never overlaps; allowed, unless told.
    #[schema(example = "refused")]
    #[diesel(treat_none_as_default_value = true)]
    overlap: Option<PrefixOverlap>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<String>,
}

/// What of a routing domain can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = routing_domains)]
#[serde(deny_unknown_fields)]
pub struct EditRoutingDomain {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 100, example = "Corporate")]
    name: Option<String>,
    /// What routers tell it apart by (RFC 4364 §4.2): `65000:1`, `192.0.2.1:1`; unique.
    #[schema(min_length = 3, max_length = 21, pattern = r"^[0-9]{1,10}:[0-9]{1,10}$|^[0-9]{1,3}([.][0-9]{1,3}){3}:[0-9]{1,5}$", example = json!(null))]
    route_distinguisher: Option<Option<String>>,
    /// Whether prefixes lie in any other one, or in containers alone, so that what is in use never overlaps; allowed, unless told.
    #[schema(example = "refused")]
    overlap: Option<PrefixOverlap>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct RoutingDomainFilter {
    /// Only domains that say so.
    #[param(inline)]
    overlap: Option<PrefixOverlap>,
    /// Only the domain of this name.
    #[param(min_length = 1, max_length = 100)]
    name: Option<String>,
}

impl Named for RoutingDomain {
    const NAME: &'static str = "routing-domains";
}

impl Resource for RoutingDomain {
    const PATH: &'static str = "/v1/routing-domains";
    const SINGULAR: &'static str = "routing_domain";
    const TAG: &'static str = "Network";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    type Filter = RoutingDomainFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for RoutingDomain {
    type Table = routing_domains::table;
    const TABLE: &'static str = "routing_domains";
    const SEARCHED: &'static [&'static str] = &["name", "route_distinguisher", "description"];

    fn narrow(rows: Rows<Self>, by: RoutingDomainFilter) -> Rows<Self> {
        rows.when(by.overlap, |rows, it| rows.filter(routing_domains::overlap.eq(it)))
            .when(by.name, |rows, it| rows.filter(routing_domains::name.eq(it)))
    }
}

impl Written for RoutingDomain {
    type New = NewRoutingDomain;
    type Edit = EditRoutingDomain;
}

pub fn routes(api: &mut Api) {
    api.resource::<RoutingDomain>();
}
