//! Links: what else a change is about, whatever resource that is: an asset, a ticket, a vulnerability, an order.

use platform::prelude::*;
use schema::change_links;

/// Something that a change is about.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = change_links)]
pub struct ChangeLink {
    pub id: Uuid,
    pub version: i64,
    /// The change.
    pub change_id: Uuid,
    /// What it is: the name of its resource.
    #[schema(max_length = 63, example = "positions")]
    pub resource: String,
    /// Which one it is: one that the caller may read.
    pub resource_id: Uuid,
    /// Why it is there.
    #[schema(max_length = 500, example = "Its warranty ends with it.")]
    pub note: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A change link to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = change_links, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewChangeLink {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The change.
    change_id: Uuid,
    /// What it is: the name of its resource.
    #[schema(min_length = 1, pattern = "^[a-z][a-z0-9-]{0,62}$", max_length = 63, example = "positions")]
    resource: String,
    /// Which one it is: one that the caller may read.
    resource_id: Uuid,
    /// Why it is there.
    #[schema(min_length = 1, max_length = 500, example = "Its warranty ends with it.")]
    note: Option<String>,
}

/// Nothing of a change link can be changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = change_links)]
#[serde(deny_unknown_fields)]
pub struct EditChangeLink {
    #[serde(skip)]
    resource: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ChangeLinkFilter {
    /// Only links of this change.
    change_id: Option<Uuid>,
    /// Only links to this resource.
    #[param(min_length = 1, max_length = 100)]
    resource: Option<String>,
    /// Only links to this one.
    resource_id: Option<Uuid>,
}

impl Named for ChangeLink {
    const NAME: &'static str = "change-links";
}

impl Resource for ChangeLink {
    const PATH: &'static str = "/v1/change-links";
    const SINGULAR: &'static str = "change_link";
    const TAG: &'static str = "Changes";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = ChangeLinkFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for ChangeLink {
    type Table = change_links::table;
    const TABLE: &'static str = "change_links";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: ChangeLinkFilter) -> Rows<Self> {
        rows.when(by.change_id, |rows, change_id| rows.filter(change_links::change_id.eq(change_id)))
            .when(by.resource, |rows, resource| rows.filter(change_links::resource.eq(resource)))
            .when(by.resource_id, |rows, resource_id| rows.filter(change_links::resource_id.eq(resource_id)))
    }
}

impl Written for ChangeLink {
    type New = NewChangeLink;
    type Edit = EditChangeLink;
}

pub fn routes(api: &mut Api) {
    api.readable::<ChangeLink>().creatable::<ChangeLink>().deletable::<ChangeLink>();
}
