//! Cables: each joins two free ends. An end has one cable, or one line; what is planned takes none.

use platform::prelude::*;
use schema::cables;

/// What joins two interfaces.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = cables)]
pub struct Cable {
    pub id: Uuid,
    pub version: i64,
    /// The end that it is read from.
    pub a_interface_id: Uuid,
    /// The other end.
    pub z_interface_id: Uuid,
    #[schema(example = "fibre")]
    pub kind: CableKind,
    /// What is written on it.
    #[schema(max_length = 100, example = "BUH1-0042")]
    pub label: Option<String>,
    /// Its colour.
    #[schema(max_length = 30, example = "blue")]
    pub colour: Option<String>,
    /// How long it is, in centimetres.
    #[schema(minimum = 1, maximum = 100_000_000, example = 300)]
    pub length_cm: Option<i32>,
    #[schema(example = "connected")]
    pub status: CableStatus,
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
    /// What a cable is made of.
    pub enum CableKind { Copper = "copper", Fibre = "fibre", DirectAttach = "direct_attach", Power = "power", Other = "other" }
}

text_enum! {
    /// Whether a cable is plugged in.
    pub enum CableStatus { Planned = "planned", Connected = "connected" }
}

/// A cable to be, from one free end to another.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = cables, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewCable {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The end that it is read from.
    a_interface_id: Uuid,
    /// The other end.
    z_interface_id: Uuid,
    /// What it is made of; copper, unless told.
    #[schema(example = "fibre")]
    #[diesel(treat_none_as_default_value = true)]
    kind: Option<CableKind>,
    /// What is written on it.
    #[schema(min_length = 1, max_length = 100, example = "BUH1-0042")]
    label: Option<String>,
    /// Its colour.
    #[schema(min_length = 1, max_length = 30, example = "blue")]
    colour: Option<String>,
    /// How long it is, in centimetres.
    #[schema(minimum = 1, maximum = 100_000_000, example = 300)]
    length_cm: Option<i32>,
    /// Whether it is plugged in; it is, unless told.
    #[schema(example = "connected")]
    #[diesel(treat_none_as_default_value = true)]
    status: Option<CableStatus>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<String>,
    /// The design that plans it, which has to be a draft; its `status` is `planned` then, until the design is applied.
    #[schema(example = json!(null))]
    design_id: Option<Uuid>,
}

/// What of a cable can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = cables)]
#[serde(deny_unknown_fields)]
pub struct EditCable {
    /// The end that it is read from.
    a_interface_id: Option<Uuid>,
    /// The other end.
    z_interface_id: Option<Uuid>,
    /// What it is made of; copper, unless told.
    #[schema(example = "fibre")]
    kind: Option<CableKind>,
    /// What is written on it.
    #[schema(min_length = 1, max_length = 100, example = "BUH1-0042")]
    label: Option<Option<String>>,
    /// Its colour.
    #[schema(min_length = 1, max_length = 30, example = "blue")]
    colour: Option<Option<String>>,
    /// How long it is, in centimetres.
    #[schema(minimum = 1, maximum = 100_000_000, example = 300)]
    length_cm: Option<Option<i32>>,
    /// Whether it is plugged in; it is, unless told.
    #[schema(example = "connected")]
    status: Option<CableStatus>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CableFilter {
    /// Only cables that end at this interface.
    interface_id: Option<Uuid>,
    /// Only cables in this state.
    #[param(inline)]
    status: Option<CableStatus>,
    /// Only cables of this design.
    design_id: Option<Uuid>,
}

impl Named for Cable {
    const NAME: &'static str = "cables";
}

impl Resource for Cable {
    const PATH: &'static str = "/v1/cables";
    const SINGULAR: &'static str = "cable";
    const TAG: &'static str = "Network";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = CableFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for Cable {
    type Table = cables::table;
    const TABLE: &'static str = "cables";
    const SEARCHED: &'static [&'static str] = &["label", "description"];

    fn narrow(rows: Rows<Self>, by: CableFilter) -> Rows<Self> {
        rows.when(by.interface_id, |rows, id| {
            rows.filter(cables::a_interface_id.eq(id).or(cables::z_interface_id.eq(id)))
        })
        .when(by.status, |rows, it| rows.filter(cables::status.eq(it)))
        .when(by.design_id, |rows, it| rows.filter(cables::design_id.eq(it)))
    }
}

impl Written for Cable {
    type New = NewCable;
    type Edit = EditCable;
}

pub fn routes(api: &mut Api) {
    api.resource::<Cable>();
}
