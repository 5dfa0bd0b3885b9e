//! Locations: where things are, as a tree: a site, a building, a room, a shelf. One is archived when nothing is in it.

use platform::prelude::*;
use schema::locations;

/// A place where things are.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = locations)]
pub struct Location {
    pub id: Uuid,
    pub version: i64,
    /// What people call it in a word, in capitals; unique.
    #[schema(max_length = 20, example = "BUC-2.14")]
    pub code: String,
    /// What it is called.
    #[schema(max_length = 100, example = "Bucharest, second floor, room 14")]
    pub name: String,
    /// The place that it is in; null at the top.
    pub parent_id: Option<Uuid>,
    /// Where that is.
    #[schema(max_length = 500, example = "Strada Lipscani 12, Bucharest")]
    pub address: Option<String>,
    pub status: LocationStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a place is in use.
    pub enum LocationStatus { Active = "active", Archived = "archived" }
}

/// A place to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = locations, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewLocation {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What people call it in a word, in capitals; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9.-]{0,19}$", example = "BUC-2.14")]
    code: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Bucharest, second floor, room 14")]
    name: String,
    /// The place that it is in; null at the top.
    #[schema(example = json!(null))]
    parent_id: Option<Uuid>,
    /// Where that is.
    #[schema(min_length = 1, max_length = 500, example = "Strada Lipscani 12, Bucharest")]
    address: Option<String>,
}

/// What of a place can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = locations)]
#[serde(deny_unknown_fields)]
pub struct EditLocation {
    /// What people call it in a word, in capitals; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9.-]{0,19}$", example = "BUC-2.15")]
    code: Option<String>,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Bucharest, second floor, room 15")]
    name: Option<String>,
    /// The place that it comes to be in, with all that is in it; null moves it to the top.
    #[schema(example = json!(null))]
    parent_id: Option<Option<Uuid>>,
    /// Where that is.
    #[schema(min_length = 1, max_length = 500, example = "Strada Lipscani 14, Bucharest")]
    address: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct LocationFilter {
    /// Only places in this state.
    #[param(inline)]
    status: Option<LocationStatus>,
    /// Only places directly in this one.
    parent_id: Option<Uuid>,
    /// Only the place with this code.
    #[param(min_length = 1, max_length = 20)]
    code: Option<String>,
}

static LIFE: Life = Life {
    states: &[("active", "In use."), ("archived", "Kept for the record; nothing can be put there.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for Location {
    const NAME: &'static str = "locations";
}

impl Resource for Location {
    const PATH: &'static str = "/v1/locations";
    const SINGULAR: &'static str = "location";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] =
        &[SortKey::text("name"), SortKey::text("code"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    const REFERENCES: &'static [Reference] = &[Reference {
        field: "parent_id",
        column: "parent_code",
        table: "locations",
        by: "code",
        within: None,
    }];
    type Filter = LocationFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
    fn life() -> Option<&'static Life> {
        Some(&LIFE)
    }
    fn state(&self) -> Option<&'static str> {
        Some(self.status.as_str())
    }
}

impl Stored for Location {
    type Table = locations::table;
    const TABLE: &'static str = "locations";
    const SEARCHED: &'static [&'static str] = &["name", "code", "address"];

    fn narrow(rows: Rows<Self>, by: LocationFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(locations::status.eq(status)))
            .when(by.parent_id, |rows, id| rows.filter(locations::parent_id.eq(id)))
            .when(by.code, |rows, code| rows.filter(locations::code.eq(code)))
    }
}

impl Written for Location {
    type New = NewLocation;
    type Edit = EditLocation;
}

/// Archive a location
///
/// Only an empty one: no active place in it, no asset that is in use, no supplies.
#[utoipa::path(post, path = "/v1/locations/{id}/archive", tag = "Assets")]
async fn archive_location(may: May<Write, Location>, id: Id<Location>) -> Reply<Location> {
    step(may, id, "archive").await
}

/// Restore a location
///
/// An archived place is in use again.
#[utoipa::path(post, path = "/v1/locations/{id}/restore", tag = "Assets")]
async fn restore_location(may: May<Write, Location>, id: Id<Location>) -> Reply<Location> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<Location>().call(operation!(archive_location)).call(operation!(restore_location));
}
