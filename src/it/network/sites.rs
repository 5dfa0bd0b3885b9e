//! Sites: the places that a network joins.

use platform::prelude::*;
use schema::sites;

/// A place that a network joins.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = sites)]
pub struct Site {
    pub id: Uuid,
    pub version: i64,
    /// Its short code; unique.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,19}$", example = "BUH1")]
    pub code: String,
    /// What it is called.
    #[schema(max_length = 100, example = "Bucharest, head office")]
    pub name: String,
    /// Where it is.
    #[schema(max_length = 500, example = "Calea Victoriei 1, Bucharest")]
    pub address: Option<String>,
    /// The country that it is in (ISO 3166-1).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    pub country: Option<String>,
    /// What else there is to know of it.
    #[schema(max_length = 1000, example = json!(null))]
    pub description: Option<String>,
    #[schema(example = "active")]
    pub status: SiteStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether a site is in use.
    pub enum SiteStatus { Planned = "planned", Active = "active", Retired = "retired" }
}

/// A site to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = sites, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewSite {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Its short code; unique.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,19}$", example = "BUH1")]
    code: String,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Bucharest, head office")]
    name: String,
    /// Where it is.
    #[schema(min_length = 1, max_length = 500, example = "Calea Victoriei 1, Bucharest")]
    address: Option<String>,
    /// The country that it is in (ISO 3166-1).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    country: Option<String>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<String>,
    /// Whether it is in use; active, unless told.
    #[schema(example = "active")]
    #[diesel(treat_none_as_default_value = true)]
    status: Option<SiteStatus>,
}

/// What of a site can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = sites)]
#[serde(deny_unknown_fields)]
pub struct EditSite {
    /// Its short code; unique.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9][A-Za-z0-9_-]{0,19}$", example = "BUH1")]
    code: Option<String>,
    /// What it is called.
    #[schema(min_length = 1, max_length = 100, example = "Bucharest, head office")]
    name: Option<String>,
    /// Where it is.
    #[schema(min_length = 1, max_length = 500, example = "Calea Victoriei 1, Bucharest")]
    address: Option<Option<String>>,
    /// The country that it is in (ISO 3166-1).
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    country: Option<Option<String>>,
    /// What else there is to know of it.
    #[schema(min_length = 1, max_length = 1000, example = json!(null))]
    description: Option<Option<String>>,
    /// Whether it is in use; active, unless told.
    #[schema(example = "active")]
    status: Option<SiteStatus>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SiteFilter {
    /// Only sites in this state.
    #[param(inline)]
    status: Option<SiteStatus>,
    /// Only the site with this code.
    #[param(min_length = 1, max_length = 20)]
    code: Option<String>,
}

impl Named for Site {
    const NAME: &'static str = "sites";
}

impl Resource for Site {
    const PATH: &'static str = "/v1/sites";
    const SINGULAR: &'static str = "site";
    const TAG: &'static str = "Network";
    const SORT: &'static [SortKey] =
        &[SortKey::text("code"), SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "code";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    type Filter = SiteFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for Site {
    type Table = sites::table;
    const TABLE: &'static str = "sites";
    const SEARCHED: &'static [&'static str] = &["code", "name", "address"];

    fn narrow(rows: Rows<Self>, by: SiteFilter) -> Rows<Self> {
        rows.when(by.status, |rows, it| rows.filter(sites::status.eq(it)))
            .when(by.code, |rows, it| rows.filter(sites::code.eq(it)))
    }
}

impl Written for Site {
    type New = NewSite;
    type Edit = EditSite;
}

pub fn routes(api: &mut Api) {
    api.resource::<Site>().importable::<Site>();
}
