//! IP addresses: each lies in the smallest prefix of its routing domain that holds it, and is there once, but for those that are shared on purpose.

use crate::addressing::{Address, Network};
use platform::prelude::*;
use schema::ip_addresses;

/// An address of a network.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = ip_addresses)]
pub struct IpAddress {
    pub id: Uuid,
    pub version: i64,
    /// The routing domain that it belongs to.
    pub routing_domain_id: Uuid,
    /// The smallest prefix that holds it.
    pub prefix_id: Uuid,
    /// The address. One of IPv4 is neither the network nor the broadcast address of its prefix, unless that is a container or a pair.
    #[schema(value_type = String, format = "ip", max_length = 45, example = "10.20.0.10")]
    pub address: Address,
    #[schema(example = "active")]
    pub status: IpAddressStatus,
    /// What it does, where it is no ordinary address.
    #[schema(example = json!(null))]
    pub role: Option<IpAddressRole>,
    /// Its name in the DNS.
    #[schema(
        max_length = 253,
        pattern = r"^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*$",
        example = "printer.buh1.demo.example"
    )]
    pub dns_name: Option<String>,
    /// The interface that has it.
    #[schema(example = json!(null))]
    pub interface_id: Option<Uuid>,
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
    /// What an address is used for.
    pub enum IpAddressStatus { Planned = "planned", Active = "active", Reserved = "reserved", Dhcp = "dhcp", Deprecated = "deprecated" }
}

text_enum! {
    /// What makes an address special.
    pub enum IpAddressRole { Loopback = "loopback", Secondary = "secondary", Anycast = "anycast", Vip = "vip" }
}

/// An address to be: in a prefix of its routing domain.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = ip_addresses, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewIpAddress {
    #[serde(skip, default = "Uuid::now_v7")]
    pub(crate) id: Uuid,
    /// The routing domain; that of the prefix, where one is named.
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    pub(crate) routing_domain_id: Option<Uuid>,
    /// A prefix that it has to lie in. It is of the smallest one that holds it, named or not.
    #[schema(example = json!(null))]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    pub(crate) prefix_id: Option<Uuid>,
    /// The address. One of IPv4 is neither the network nor the broadcast address of its prefix, unless that is a container or a pair.
    #[schema(value_type = String, format = "ip", max_length = 45, example = "10.20.0.10")]
    pub(crate) address: Address,
    /// What it is used for; active, unless told.
    #[schema(example = "active")]
    #[diesel(treat_none_as_default_value = true)]
    pub(crate) status: Option<IpAddressStatus>,
    /// What makes it special. An `anycast` address and a `vip` may be there several times.
    #[schema(example = json!(null))]
    pub(crate) role: Option<IpAddressRole>,
    /// Its name in the DNS.
    #[schema(
        max_length = 253,
        pattern = r"^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*$",
        example = "printer.buh1.demo.example"
    )]
    pub(crate) dns_name: Option<String>,
    /// The interface that has it.
    #[schema(example = json!(null))]
    pub(crate) interface_id: Option<Uuid>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    pub(crate) description: Option<String>,
    /// The design that plans it, which has to be a draft; its `status` is `planned` then, until the design is applied.
    #[schema(example = json!(null))]
    pub(crate) design_id: Option<Uuid>,
}

/// What of an address can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = ip_addresses)]
#[serde(deny_unknown_fields)]
pub struct EditIpAddress {
    /// What it is used for; active, unless told.
    #[schema(example = "active")]
    status: Option<IpAddressStatus>,
    /// What makes it special. An `anycast` address and a `vip` may be there several times.
    #[schema(example = json!(null))]
    role: Option<Option<IpAddressRole>>,
    /// Its name in the DNS.
    #[schema(
        max_length = 253,
        pattern = r"^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*$",
        example = "printer.buh1.demo.example"
    )]
    dns_name: Option<Option<String>>,
    /// The interface that has it.
    #[schema(example = json!(null))]
    interface_id: Option<Option<Uuid>>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct IpAddressFilter {
    /// Only addresses of this routing domain.
    routing_domain_id: Option<Uuid>,
    /// Only addresses of this prefix and of none that lies in it.
    prefix_id: Option<Uuid>,
    /// Only this address.
    #[param(required = false, value_type = String, format = "ip", max_length = 45)]
    address: Option<Address>,
    /// Only addresses in this block.
    #[param(required = false, value_type = String, format = "cidr", max_length = 43)]
    within: Option<Network>,
    /// Only addresses in this state.
    #[param(inline)]
    status: Option<IpAddressStatus>,
    /// Only addresses of this role.
    #[param(inline)]
    role: Option<IpAddressRole>,
    /// Only addresses of this name.
    #[param(min_length = 1, max_length = 253)]
    dns_name: Option<String>,
    /// Only addresses of this interface.
    interface_id: Option<Uuid>,
    /// Only addresses of this design.
    design_id: Option<Uuid>,
}

impl Named for IpAddress {
    const NAME: &'static str = "ip-addresses";
}

impl Resource for IpAddress {
    const PATH: &'static str = "/v1/ip-addresses";
    const SINGULAR: &'static str = "ip_address";
    const TAG: &'static str = "Network";
    const SORT: &'static [SortKey] = &[SortKey::network("address"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "address";
    const REFERENCES: &'static [Reference] = &[Reference {
        field: "routing_domain_id",
        column: "routing_domain",
        table: "routing_domains",
        by: "name",
        within: None,
    }];
    const DERIVED: &'static [&'static str] = &["prefix_id"];
    type Filter = IpAddressFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for IpAddress {
    type Table = ip_addresses::table;
    const TABLE: &'static str = "ip_addresses";
    const SEARCHED: &'static [&'static str] = &["dns_name", "description"];

    fn narrow(rows: Rows<Self>, by: IpAddressFilter) -> Rows<Self> {
        rows.when(by.routing_domain_id, |rows, it| rows.filter(ip_addresses::routing_domain_id.eq(it)))
            .when(by.prefix_id, |rows, it| rows.filter(ip_addresses::prefix_id.eq(it)))
            .when(by.address, |rows, it| rows.filter(ip_addresses::address.eq(it)))
            .when(by.within, |rows, net| {
                rows.filter(ip_addresses::address.between(net.first_address(), net.last_address()))
            })
            .when(by.status, |rows, it| rows.filter(ip_addresses::status.eq(it)))
            .when(by.role, |rows, it| rows.filter(ip_addresses::role.eq(it)))
            .when(by.dns_name, |rows, it| rows.filter(ip_addresses::dns_name.eq(it)))
            .when(by.interface_id, |rows, it| rows.filter(ip_addresses::interface_id.eq(it)))
            .when(by.design_id, |rows, it| rows.filter(ip_addresses::design_id.eq(it)))
    }
}

impl Written for IpAddress {
    type New = NewIpAddress;
    type Edit = EditIpAddress;
}

pub fn routes(api: &mut Api) {
    api.resource::<IpAddress>().importable::<IpAddress>();
}
