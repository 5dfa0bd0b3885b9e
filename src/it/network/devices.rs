//! Devices: what a network is made of, patch panels among them.

use platform::prelude::*;
use schema::devices;

/// Something with interfaces.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = devices)]
pub struct Device {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; unique.
    #[schema(max_length = 64, example = "buh1-sw-01")]
    pub name: String,
    #[schema(example = "switch")]
    pub role: DeviceRole,
    /// What it was bought as.
    #[schema(max_length = 100, example = "Catalyst 9300-48P")]
    pub model: Option<String>,
    /// Its serial number.
    #[schema(max_length = 100, example = "FOC2345X0AB")]
    pub serial_number: Option<String>,
    /// Where it is.
    pub site_id: Uuid,
    /// Where at the site: room, rack, unit.
    #[schema(max_length = 100, example = "Room 2, rack 4, unit 31")]
    pub place: Option<String>,
    #[schema(example = "active")]
    pub status: DeviceStatus,
    /// The register that it is in, too: `assets`, `fixed-assets`. Given exactly where `resource_id` is.
    #[schema(max_length = 63, pattern = "^[a-z]+(-[a-z]+)*$", example = json!(null))]
    pub resource: Option<String>,
    /// What it is there; the caller has to be able to read it.
    #[schema(example = json!(null))]
    pub resource_id: Option<Uuid>,
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
    /// What a device does.
    pub enum DeviceRole { Router = "router", Firewall = "firewall", Switch = "switch", AccessPoint = "access_point", LoadBalancer = "load_balancer", Server = "server", Storage = "storage", Telephony = "telephony", Power = "power", PatchPanel = "patch_panel", Other = "other" }
}

text_enum! {
    /// Whether a device works.
    pub enum DeviceStatus { Planned = "planned", Staged = "staged", Active = "active", Offline = "offline", Retired = "retired" }
}

/// A device to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = devices, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 64, example = "buh1-sw-01")]
    name: String,
    /// What it does.
    #[schema(example = "switch")]
    role: DeviceRole,
    /// What it was bought as.
    #[schema(min_length = 1, max_length = 100, example = "Catalyst 9300-48P")]
    model: Option<String>,
    /// Its serial number.
    #[schema(min_length = 1, max_length = 100, example = "FOC2345X0AB")]
    serial_number: Option<String>,
    /// Where it is.
    site_id: Uuid,
    /// Where at the site: room, rack, unit.
    #[schema(min_length = 1, max_length = 100, example = "Room 2, rack 4, unit 31")]
    place: Option<String>,
    /// Whether it works; active, unless told.
    #[schema(example = "active")]
    #[diesel(treat_none_as_default_value = true)]
    status: Option<DeviceStatus>,
    /// The register that it is in, too: `assets`, `fixed-assets`. Given exactly where `resource_id` is.
    #[schema(min_length = 1, max_length = 63, pattern = "^[a-z]+(-[a-z]+)*$", example = json!(null))]
    resource: Option<String>,
    /// What it is there; the caller has to be able to read it.
    #[schema(example = json!(null))]
    resource_id: Option<Uuid>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<String>,
    /// The design that plans it, which has to be a draft; its `status` is `planned` then, until the design is applied.
    #[schema(example = json!(null))]
    design_id: Option<Uuid>,
}

/// What of a device can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = devices)]
#[serde(deny_unknown_fields)]
pub struct EditDevice {
    /// What it is called; unique.
    #[schema(min_length = 1, max_length = 64, example = "buh1-sw-01")]
    name: Option<String>,
    /// What it does.
    #[schema(example = "switch")]
    role: Option<DeviceRole>,
    /// What it was bought as.
    #[schema(min_length = 1, max_length = 100, example = "Catalyst 9300-48P")]
    model: Option<Option<String>>,
    /// Its serial number.
    #[schema(min_length = 1, max_length = 100, example = "FOC2345X0AB")]
    serial_number: Option<Option<String>>,
    /// Where it is.
    site_id: Option<Uuid>,
    /// Where at the site: room, rack, unit.
    #[schema(min_length = 1, max_length = 100, example = "Room 2, rack 4, unit 31")]
    place: Option<Option<String>>,
    /// Whether it works; active, unless told.
    #[schema(example = "active")]
    status: Option<DeviceStatus>,
    /// The register that it is in, too: `assets`, `fixed-assets`. Given exactly where `resource_id` is.
    #[schema(min_length = 1, max_length = 63, pattern = "^[a-z]+(-[a-z]+)*$", example = json!(null))]
    resource: Option<Option<String>>,
    /// What it is there; the caller has to be able to read it.
    #[schema(example = json!(null))]
    resource_id: Option<Option<Uuid>>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct DeviceFilter {
    /// Only devices at this site.
    site_id: Option<Uuid>,
    /// Only devices that do this.
    #[param(inline)]
    role: Option<DeviceRole>,
    /// Only devices in this state.
    #[param(inline)]
    status: Option<DeviceStatus>,
    /// Only the device of this name.
    #[param(min_length = 1, max_length = 64)]
    name: Option<String>,
    /// Only what is this in another register.
    resource_id: Option<Uuid>,
    /// Only devices of this design.
    design_id: Option<Uuid>,
}

impl Named for Device {
    const NAME: &'static str = "devices";
}

impl Resource for Device {
    const PATH: &'static str = "/v1/devices";
    const SINGULAR: &'static str = "device";
    const TAG: &'static str = "Network";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["name"];
    const REFERENCES: &'static [Reference] =
        &[Reference { field: "site_id", column: "site_code", table: "sites", by: "code", within: None }];
    type Filter = DeviceFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for Device {
    type Table = devices::table;
    const TABLE: &'static str = "devices";
    const SEARCHED: &'static [&'static str] = &["name", "model", "serial_number", "place"];

    fn narrow(rows: Rows<Self>, by: DeviceFilter) -> Rows<Self> {
        rows.when(by.site_id, |rows, it| rows.filter(devices::site_id.eq(it)))
            .when(by.role, |rows, it| rows.filter(devices::role.eq(it)))
            .when(by.status, |rows, it| rows.filter(devices::status.eq(it)))
            .when(by.name, |rows, it| rows.filter(devices::name.eq(it)))
            .when(by.resource_id, |rows, it| rows.filter(devices::resource_id.eq(it)))
            .when(by.design_id, |rows, it| rows.filter(devices::design_id.eq(it)))
    }
}

impl Written for Device {
    type New = NewDevice;
    type Edit = EditDevice;
}

pub fn routes(api: &mut Api) {
    api.resource::<Device>().importable::<Device>();
}
