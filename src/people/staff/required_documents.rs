//! Required documents: which papers there have to be in whose personnel file, by position and country.

use platform::prelude::*;
use schema::required_documents;

/// A kind of papers that there has to be in some personnel files.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = required_documents)]
pub struct RequiredDocument {
    pub id: Uuid,
    pub version: i64,
    /// The kind of papers.
    pub kind_id: Uuid,
    /// Of those in this position; null for all.
    pub position_id: Option<Uuid>,
    /// Of those who work in this country (ISO 3166-1 alpha-2); null for all.
    #[schema(max_length = 2, example = "RO")]
    pub country: Option<String>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A requirement to be. The same kind can be required for several positions and countries.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = required_documents)]
#[serde(deny_unknown_fields)]
pub struct NewRequiredDocument {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The kind of papers.
    kind_id: Uuid,
    /// Of those in this position; null for all.
    #[schema(example = json!(null))]
    position_id: Option<Uuid>,
    /// Of those who work in this country (ISO 3166-1 alpha-2); null for all.
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "RO")]
    country: Option<String>,
}

/// What of a requirement can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = required_documents)]
#[serde(deny_unknown_fields)]
pub struct EditRequiredDocument {
    /// Of those in this position; null for all.
    #[schema(example = json!(null))]
    position_id: Option<Option<Uuid>>,
    /// Of those who work in this country (ISO 3166-1 alpha-2); null for all.
    #[schema(max_length = 2, pattern = "^[A-Z]{2}$", example = "DE")]
    country: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct RequiredDocumentFilter {
    /// Only requirements of this kind.
    kind_id: Option<Uuid>,
    /// Only requirements of this position.
    position_id: Option<Uuid>,
}

impl Named for RequiredDocument {
    const NAME: &'static str = "required-documents";
}

impl Resource for RequiredDocument {
    const PATH: &'static str = "/v1/required-documents";
    const SINGULAR: &'static str = "required_document";
    const TAG: &'static str = "People";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "created_at";
    const REFERENCES: &'static [Reference] = &[Reference {
        field: "kind_id",
        column: "kind",
        table: "personnel_document_kinds",
        by: "code",
        within: None,
    }];
    type Filter = RequiredDocumentFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for RequiredDocument {
    type Table = required_documents::table;
    const TABLE: &'static str = "required_documents";
    const SEARCHED: &'static [&'static str] = &[];

    fn narrow(rows: Rows<Self>, by: RequiredDocumentFilter) -> Rows<Self> {
        rows.when(by.kind_id, |rows, id| rows.filter(required_documents::kind_id.eq(id)))
            .when(by.position_id, |rows, id| rows.filter(required_documents::position_id.eq(id)))
    }
}

impl Written for RequiredDocument {
    type New = NewRequiredDocument;
    type Edit = EditRequiredDocument;
}

pub fn routes(api: &mut Api) {
    api.resource::<RequiredDocument>();
}
