//! Software installations: what is installed on which asset, and by which licence. Removed, one is deleted; its history stays.

use platform::prelude::*;
use schema::software_installations;

/// Software on an asset.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = software_installations)]
pub struct SoftwareInstallation {
    pub id: Uuid,
    pub version: i64,
    /// The asset.
    pub asset_id: Uuid,
    /// What it is called; on an asset, unique.
    #[schema(max_length = 200, example = "Microsoft Office")]
    pub name: String,
    /// Who makes it.
    #[schema(max_length = 100, example = "Microsoft")]
    pub publisher: Option<String>,
    /// Which version of it.
    #[schema(max_length = 60, example = "16.0.17928")]
    pub software_version: Option<String>,
    /// The licence by which it is used; null where none is known.
    pub licence_id: Option<Uuid>,
    /// Whether it may be used with a licence alone.
    #[schema(example = true)]
    pub needs_licence: bool,
    /// Since when it is there.
    #[schema(example = "2026-03-04")]
    pub installed_on: NaiveDate,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// An installation to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = software_installations, treat_none_as_default_value = false)]
#[serde(deny_unknown_fields)]
pub struct NewSoftwareInstallation {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The asset.
    asset_id: Uuid,
    /// What it is called; on an asset, unique.
    #[schema(min_length = 1, max_length = 200, example = "Microsoft Office")]
    name: String,
    /// Who makes it.
    #[schema(min_length = 1, max_length = 100, example = "Microsoft")]
    publisher: Option<String>,
    /// Which version of it.
    #[schema(min_length = 1, max_length = 60, example = "16.0.17928")]
    software_version: Option<String>,
    /// The licence by which it is used.
    #[schema(example = json!(null))]
    licence_id: Option<Uuid>,
    /// Whether it may be used with a licence alone; it is, unless told.
    #[schema(example = true)]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    needs_licence: Option<bool>,
    /// Since when it is there; today (UTC), unless told.
    #[schema(example = "2026-03-04")]
    #[diesel(treat_none_as_default_value = true)] // which the database fills in
    installed_on: Option<NaiveDate>,
}

/// What of an installation can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = software_installations)]
#[serde(deny_unknown_fields)]
pub struct EditSoftwareInstallation {
    /// What it is called; on an asset, unique.
    #[schema(min_length = 1, max_length = 200, example = "Microsoft Office LTSC")]
    name: Option<String>,
    /// Who makes it.
    #[schema(min_length = 1, max_length = 100, example = "Microsoft")]
    publisher: Option<Option<String>>,
    /// Which version of it.
    #[schema(min_length = 1, max_length = 60, example = "16.0.18025")]
    software_version: Option<Option<String>>,
    /// The licence by which it is used.
    #[schema(example = json!(null))]
    licence_id: Option<Option<Uuid>>,
    /// Whether it may be used with a licence alone.
    #[schema(example = true)]
    needs_licence: Option<bool>,
    /// Since when it is there.
    #[schema(example = "2026-03-05")]
    installed_on: Option<NaiveDate>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SoftwareInstallationFilter {
    /// Only what is on this asset.
    asset_id: Option<Uuid>,
    /// Only what is used by this licence.
    licence_id: Option<Uuid>,
    /// Only software of this name.
    #[param(min_length = 1, max_length = 200)]
    name: Option<String>,
    /// Only what needs a licence, or only what does not.
    needs_licence: Option<bool>,
}

impl Named for SoftwareInstallation {
    const NAME: &'static str = "software-installations";
}

impl Resource for SoftwareInstallation {
    const PATH: &'static str = "/v1/software-installations";
    const SINGULAR: &'static str = "software_installation";
    const TAG: &'static str = "Assets";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["asset_id", "name"];
    const REFERENCES: &'static [Reference] = &[
        Reference { field: "asset_id", column: "asset_tag", table: "assets", by: "tag", within: None },
        Reference { field: "licence_id", column: "licence", table: "licences", by: "name", within: None },
    ];
    type Filter = SoftwareInstallationFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for SoftwareInstallation {
    type Table = software_installations::table;
    const TABLE: &'static str = "software_installations";
    const SEARCHED: &'static [&'static str] = &["name", "publisher", "software_version"];

    fn narrow(rows: Rows<Self>, by: SoftwareInstallationFilter) -> Rows<Self> {
        rows.when(by.asset_id, |rows, id| rows.filter(software_installations::asset_id.eq(id)))
            .when(by.licence_id, |rows, id| rows.filter(software_installations::licence_id.eq(id)))
            .when(by.name, |rows, name| rows.filter(software_installations::name.eq(name)))
            .when(by.needs_licence, |rows, needs| {
                rows.filter(software_installations::needs_licence.eq(needs))
            })
    }
}

impl Written for SoftwareInstallation {
    type New = NewSoftwareInstallation;
    type Edit = EditSoftwareInstallation;
}

pub fn routes(api: &mut Api) {
    api.resource::<SoftwareInstallation>();
}
