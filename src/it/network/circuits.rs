//! Circuits: lines that a provider of telecommunications runs, from one of our sites to another or to the rest of the world.

use platform::prelude::*;
use schema::circuits;

/// A line of a provider.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = circuits)]
pub struct Circuit {
    pub id: Uuid,
    pub version: i64,
    /// The party that runs it.
    pub provider_id: Uuid,
    /// The number that the provider knows it by; unique with them.
    #[schema(max_length = 100, example = "RDS-2026-00817")]
    pub circuit_number: String,
    /// The contract that it is paid by.
    #[schema(max_length = 100, example = "C-55120")]
    pub contract_number: Option<String>,
    #[schema(example = "leased_line")]
    pub kind: CircuitKind,
    /// What is agreed to go through, in kbit/s.
    #[schema(minimum = 1, maximum = 10_000_000_000_i64, example = 1_000_000)]
    pub bandwidth_kbps: Option<i64>,
    /// Since when it is there.
    #[schema(example = "2026-03-01")]
    pub installed_on: Option<NaiveDate>,
    /// The last day of the contract; null where it has no end.
    #[schema(example = "2029-02-28")]
    pub contract_ends_on: Option<NaiveDate>,
    /// How many days before its end the contract is given notice.
    #[schema(minimum = 0, maximum = 3650, example = 90)]
    pub notice_days: Option<i32>,
    /// The site at which it ends.
    pub a_site_id: Uuid,
    /// Our site at its other end; null where that is not ours.
    #[schema(example = json!(null))]
    pub z_site_id: Option<Uuid>,
    /// The interface that it goes into there.
    #[schema(example = json!(null))]
    pub a_interface_id: Option<Uuid>,
    /// The interface that it goes into at the other end.
    #[schema(example = json!(null))]
    pub z_interface_id: Option<Uuid>,
    #[schema(example = "active")]
    pub status: CircuitStatus,
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
    /// What is bought of a provider.
    pub enum CircuitKind { Internet = "internet", LeasedLine = "leased_line", Mpls = "mpls", DarkFibre = "dark_fibre", Telephony = "telephony", Mobile = "mobile", Other = "other" }
}

text_enum! {
    /// Whether a line is there.
    pub enum CircuitStatus { Planned = "planned", Active = "active", Retired = "retired" }
}

/// A line to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = circuits, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewCircuit {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The party that runs it.
    provider_id: Uuid,
    /// The number that the provider knows it by; unique with them.
    #[schema(min_length = 1, max_length = 100, example = "RDS-2026-00817")]
    circuit_number: String,
    /// The contract that it is paid by.
    #[schema(min_length = 1, max_length = 100, example = "C-55120")]
    contract_number: Option<String>,
    /// What is bought; access to the internet, unless told.
    #[schema(example = "leased_line")]
    #[diesel(treat_none_as_default_value = true)]
    kind: Option<CircuitKind>,
    /// What is agreed to go through, in kbit/s.
    #[schema(minimum = 1, maximum = 10_000_000_000_i64, example = 1_000_000)]
    bandwidth_kbps: Option<i64>,
    /// Since when it is there.
    #[schema(example = "2026-03-01")]
    installed_on: Option<NaiveDate>,
    /// The last day of the contract; null where it has no end.
    #[schema(example = "2029-02-28")]
    contract_ends_on: Option<NaiveDate>,
    /// How many days before its end the contract is given notice.
    #[schema(minimum = 0, maximum = 3650, example = 90)]
    notice_days: Option<i32>,
    /// The site at which it ends.
    a_site_id: Uuid,
    /// Our site at its other end; null where that is not ours.
    #[schema(example = json!(null))]
    z_site_id: Option<Uuid>,
    /// The interface that it goes into there.
    #[schema(example = json!(null))]
    a_interface_id: Option<Uuid>,
    /// The interface that it goes into at the other end.
    #[schema(example = json!(null))]
    z_interface_id: Option<Uuid>,
    /// Whether it is there; active, unless told.
    #[schema(example = "active")]
    #[diesel(treat_none_as_default_value = true)]
    status: Option<CircuitStatus>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<String>,
    /// The design that plans it, which has to be a draft; its `status` is `planned` then, until the design is applied.
    #[schema(example = json!(null))]
    design_id: Option<Uuid>,
}

/// What of a line can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = circuits)]
#[serde(deny_unknown_fields)]
pub struct EditCircuit {
    /// The party that runs it.
    provider_id: Option<Uuid>,
    /// The number that the provider knows it by; unique with them.
    #[schema(min_length = 1, max_length = 100, example = "RDS-2026-00817")]
    circuit_number: Option<String>,
    /// The contract that it is paid by.
    #[schema(min_length = 1, max_length = 100, example = "C-55120")]
    contract_number: Option<Option<String>>,
    /// What is bought; access to the internet, unless told.
    #[schema(example = "leased_line")]
    kind: Option<CircuitKind>,
    /// What is agreed to go through, in kbit/s.
    #[schema(minimum = 1, maximum = 10_000_000_000_i64, example = 1_000_000)]
    bandwidth_kbps: Option<Option<i64>>,
    /// Since when it is there.
    #[schema(example = "2026-03-01")]
    installed_on: Option<Option<NaiveDate>>,
    /// The last day of the contract; null where it has no end.
    #[schema(example = "2029-02-28")]
    contract_ends_on: Option<Option<NaiveDate>>,
    /// How many days before its end the contract is given notice.
    #[schema(minimum = 0, maximum = 3650, example = 90)]
    notice_days: Option<Option<i32>>,
    /// The site at which it ends.
    a_site_id: Option<Uuid>,
    /// Our site at its other end; null where that is not ours.
    #[schema(example = json!(null))]
    z_site_id: Option<Option<Uuid>>,
    /// The interface that it goes into there.
    #[schema(example = json!(null))]
    a_interface_id: Option<Option<Uuid>>,
    /// The interface that it goes into at the other end.
    #[schema(example = json!(null))]
    z_interface_id: Option<Option<Uuid>>,
    /// Whether it is there; active, unless told.
    #[schema(example = "active")]
    status: Option<CircuitStatus>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CircuitFilter {
    /// Only lines of this provider.
    provider_id: Option<Uuid>,
    /// Only lines that end at this site.
    site_id: Option<Uuid>,
    /// Only lines in this state.
    #[param(inline)]
    status: Option<CircuitStatus>,
    /// Only lines whose contract ends on this day or later.
    contract_ends_on_from: Option<NaiveDate>,
    /// Only lines whose contract ends on this day or earlier.
    contract_ends_on_to: Option<NaiveDate>,
    /// Only lines of this design.
    design_id: Option<Uuid>,
}

impl Named for Circuit {
    const NAME: &'static str = "circuits";
}

impl Resource for Circuit {
    const PATH: &'static str = "/v1/circuits";
    const SINGULAR: &'static str = "circuit";
    const TAG: &'static str = "Network";
    const SORT: &'static [SortKey] = &[SortKey::text("circuit_number"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "circuit_number";
    const NATURAL_KEY: &'static [&'static str] = &["provider_id", "circuit_number"];
    type Filter = CircuitFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for Circuit {
    type Table = circuits::table;
    const TABLE: &'static str = "circuits";
    const SEARCHED: &'static [&'static str] = &["circuit_number", "contract_number", "description"];

    fn narrow(rows: Rows<Self>, by: CircuitFilter) -> Rows<Self> {
        rows.when(by.provider_id, |rows, it| rows.filter(circuits::provider_id.eq(it)))
            .when(by.site_id, |rows, id| {
                rows.filter(circuits::a_site_id.nullable().eq(id).or(circuits::z_site_id.eq(id)))
            })
            .when(by.status, |rows, it| rows.filter(circuits::status.eq(it)))
            .when(by.contract_ends_on_from, |rows, day| rows.filter(circuits::contract_ends_on.ge(day)))
            .when(by.contract_ends_on_to, |rows, day| rows.filter(circuits::contract_ends_on.le(day)))
            .when(by.design_id, |rows, it| rows.filter(circuits::design_id.eq(it)))
    }
}

impl Written for Circuit {
    type New = NewCircuit;
    type Edit = EditCircuit;
}

pub fn routes(api: &mut Api) {
    api.resource::<Circuit>();
}
