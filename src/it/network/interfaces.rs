//! Interfaces: where cables go in. Those of a patch panel come in pairs: a front port is wired to the rear port that it names, so what comes in at the one leaves
//! at the other.

use platform::prelude::*;
use schema::interfaces;

/// Where a cable goes in.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = interfaces)]
pub struct Interface {
    pub id: Uuid,
    pub version: i64,
    /// The device that has it.
    pub device_id: Uuid,
    /// What it is called; unique on its device.
    #[schema(max_length = 64, example = "Gi1/0/1")]
    pub name: String,
    #[schema(example = "copper")]
    pub kind: InterfaceKind,
    /// Whether it is switched on; it is, unless told.
    #[schema(example = true)]
    pub enabled: bool,
    /// How fast it is, in Mbit/s.
    #[schema(minimum = 1, maximum = 10_000_000, example = 1000)]
    pub speed_mbps: Option<i32>,
    /// Its address on the wire (EUI-48).
    #[schema(max_length = 17, pattern = "^[0-9A-F]{2}(:[0-9A-F]{2}){5}$", example = "00:1B:44:11:3A:B7")]
    pub mac_address: Option<String>,
    /// The VLAN of what comes without a tag.
    #[schema(example = json!(null))]
    pub vlan_id: Option<Uuid>,
    /// Of a front port: the rear port of the same device that it is wired to. No other one is.
    #[schema(example = json!(null))]
    pub rear_port_id: Option<Uuid>,
    /// What else there is to know of it.
    #[schema(max_length = 1000, example = json!(null))]
    pub description: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What goes into an interface.
    pub enum InterfaceKind { Copper = "copper", Fibre = "fibre", Wireless = "wireless", Virtual = "virtual", FrontPort = "front_port", RearPort = "rear_port", Other = "other" }
}

/// An interface to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = interfaces, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewInterface {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The device that has it.
    device_id: Uuid,
    /// What it is called; unique on its device.
    #[schema(min_length = 1, max_length = 64, example = "Gi1/0/1")]
    name: String,
    /// What goes in.
    #[schema(example = "copper")]
    kind: InterfaceKind,
    /// Whether it is switched on; it is, unless told.
    #[schema(example = true)]
    #[diesel(treat_none_as_default_value = true)]
    enabled: Option<bool>,
    /// How fast it is, in Mbit/s.
    #[schema(minimum = 1, maximum = 10_000_000, example = 1000)]
    speed_mbps: Option<i32>,
    /// Its address on the wire (EUI-48).
    #[schema(max_length = 17, pattern = "^[0-9A-F]{2}(:[0-9A-F]{2}){5}$", example = "00:1B:44:11:3A:B7")]
    mac_address: Option<String>,
    /// The VLAN of what comes without a tag.
    #[schema(example = json!(null))]
    vlan_id: Option<Uuid>,
    /// Of a front port: the rear port of the same device that it is wired to. No other one is.
    #[schema(example = json!(null))]
    rear_port_id: Option<Uuid>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<String>,
}

/// What of an interface can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = interfaces)]
#[serde(deny_unknown_fields)]
pub struct EditInterface {
    /// What it is called; unique on its device.
    #[schema(min_length = 1, max_length = 64, example = "Gi1/0/1")]
    name: Option<String>,
    /// What goes in.
    #[schema(example = "copper")]
    kind: Option<InterfaceKind>,
    /// Whether it is switched on; it is, unless told.
    #[schema(example = true)]
    enabled: Option<bool>,
    /// How fast it is, in Mbit/s.
    #[schema(minimum = 1, maximum = 10_000_000, example = 1000)]
    speed_mbps: Option<Option<i32>>,
    /// Its address on the wire (EUI-48).
    #[schema(max_length = 17, pattern = "^[0-9A-F]{2}(:[0-9A-F]{2}){5}$", example = "00:1B:44:11:3A:B7")]
    mac_address: Option<Option<String>>,
    /// The VLAN of what comes without a tag.
    #[schema(example = json!(null))]
    vlan_id: Option<Option<Uuid>>,
    /// Of a front port: the rear port of the same device that it is wired to. No other one is.
    #[schema(example = json!(null))]
    rear_port_id: Option<Option<Uuid>>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct InterfaceFilter {
    /// Only interfaces of this device.
    device_id: Option<Uuid>,
    /// Only interfaces of this kind.
    #[param(inline)]
    kind: Option<InterfaceKind>,
    /// Only interfaces on this VLAN.
    vlan_id: Option<Uuid>,
    /// Only interfaces of this name.
    #[param(min_length = 1, max_length = 64)]
    name: Option<String>,
    /// Only the interface with this address.
    #[param(min_length = 1, max_length = 17)]
    mac_address: Option<String>,
}

impl Named for Interface {
    const NAME: &'static str = "interfaces";
}

impl Resource for Interface {
    const PATH: &'static str = "/v1/interfaces";
    const SINGULAR: &'static str = "interface";
    const TAG: &'static str = "Network";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["device_id", "name"];
    const REFERENCES: &'static [Reference] =
        &[Reference { field: "device_id", column: "device", table: "devices", by: "name", within: None }];
    type Filter = InterfaceFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for Interface {
    type Table = interfaces::table;
    const TABLE: &'static str = "interfaces";
    const SEARCHED: &'static [&'static str] = &["name", "mac_address", "description"];

    fn narrow(rows: Rows<Self>, by: InterfaceFilter) -> Rows<Self> {
        rows.when(by.device_id, |rows, it| rows.filter(interfaces::device_id.eq(it)))
            .when(by.kind, |rows, it| rows.filter(interfaces::kind.eq(it)))
            .when(by.vlan_id, |rows, it| rows.filter(interfaces::vlan_id.eq(it)))
            .when(by.name, |rows, it| rows.filter(interfaces::name.eq(it)))
            .when(by.mac_address, |rows, it| rows.filter(interfaces::mac_address.eq(it)))
    }
}

impl Written for Interface {
    type New = NewInterface;
    type Edit = EditInterface;
}

pub fn routes(api: &mut Api) {
    api.resource::<Interface>().importable::<Interface>();
}
