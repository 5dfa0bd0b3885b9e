//! Kinds of papers in a personnel file, as the organization defines them: contract, identity card, diploma, medical check.

use platform::prelude::*;
use schema::personnel_document_kinds;

/// A kind of papers in a personnel file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = personnel_document_kinds)]
pub struct PersonnelDocumentKind {
    pub id: Uuid,
    pub version: i64,
    /// Its short code in capitals; unique.
    #[schema(max_length = 20, example = "MEDICAL")]
    pub code: String,
    /// What people call it.
    #[schema(max_length = 100, example = "Medical check")]
    pub name: String,
    pub visible_to: DocumentAudience,
    /// Whether such a document says until when it is valid.
    pub needs_expiry: bool,
    /// Whether somebody has to verify it.
    pub needs_verification: bool,
    pub status: PersonnelDocumentKindStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Who may see a document: HR alone (the reach `org`); the employee, too; and those above the employee, too.
    pub enum DocumentAudience { Hr = "hr", Employee = "employee", Manager = "manager" }
}
text_enum! {
    /// Whether a kind is in use.
    pub enum PersonnelDocumentKindStatus { Active = "active", Archived = "archived" }
}

/// A kind to be.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = personnel_document_kinds)]
#[serde(deny_unknown_fields)]
pub struct NewPersonnelDocumentKind {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// Its short code in capitals; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9-]{0,19}$", example = "MEDICAL")]
    code: String,
    /// What people call it.
    #[schema(min_length = 1, max_length = 100, example = "Medical check")]
    name: String,
    /// Who may see such a document; HR and the employee, unless told.
    #[schema(example = "employee")]
    visible_to: Option<DocumentAudience>,
    /// Whether such a document says until when it is valid; not, unless told.
    #[schema(example = false)]
    needs_expiry: Option<bool>,
    /// Whether somebody has to verify it; not, unless told.
    #[schema(example = true)]
    needs_verification: Option<bool>,
}

/// What of a kind can be changed. Who may see it holds for what is filed already, too.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = personnel_document_kinds)]
#[serde(deny_unknown_fields)]
pub struct EditPersonnelDocumentKind {
    /// Its short code in capitals; unique.
    #[schema(max_length = 20, pattern = "^[A-Z0-9][A-Z0-9-]{0,19}$", example = "MEDICAL")]
    code: Option<String>,
    /// What people call it.
    #[schema(min_length = 1, max_length = 100, example = "Medical examination")]
    name: Option<String>,
    /// Who may see such a document.
    #[schema(example = "employee")]
    visible_to: Option<DocumentAudience>,
    /// Whether such a document says until when it is valid.
    #[schema(example = false)]
    needs_expiry: Option<bool>,
    /// Whether somebody has to verify it.
    #[schema(example = true)]
    needs_verification: Option<bool>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct PersonnelDocumentKindFilter {
    /// Only kinds in this state.
    #[param(inline)]
    status: Option<PersonnelDocumentKindStatus>,
    /// Only the kind with this code.
    #[param(min_length = 1, max_length = 20)]
    code: Option<String>,
}

static LIFE: Life = Life {
    states: &[("active", "In use."), ("archived", "Kept for what is filed; nothing new is filed as it.")],
    steps: &[
        Step { action: "archive", from: &["active"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "active", verb: "write" },
    ],
};

impl Named for PersonnelDocumentKind {
    const NAME: &'static str = "personnel-document-kinds";
}

impl Resource for PersonnelDocumentKind {
    const PATH: &'static str = "/v1/personnel-document-kinds";
    const SINGULAR: &'static str = "personnel_document_kind";
    const TAG: &'static str = "People";
    const SORT: &'static [SortKey] =
        &[SortKey::text("name"), SortKey::text("code"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "name";
    const NATURAL_KEY: &'static [&'static str] = &["code"];
    type Filter = PersonnelDocumentKindFilter;

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

impl Stored for PersonnelDocumentKind {
    type Table = personnel_document_kinds::table;
    const TABLE: &'static str = "personnel_document_kinds";
    const SEARCHED: &'static [&'static str] = &["name", "code"];

    fn narrow(rows: Rows<Self>, by: PersonnelDocumentKindFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(personnel_document_kinds::status.eq(status)))
            .when(by.code, |rows, code| rows.filter(personnel_document_kinds::code.eq(code)))
    }
}

impl Written for PersonnelDocumentKind {
    type New = NewPersonnelDocumentKind;
    type Edit = EditPersonnelDocumentKind;
}

/// Archive a kind of personnel documents
///
/// Nothing new is filed as it. What is filed stays, and is asked of nobody any more.
#[utoipa::path(post, path = "/v1/personnel-document-kinds/{id}/archive", tag = "People")]
async fn archive_personnel_document_kind(
    may: May<Write, PersonnelDocumentKind>,
    id: Id<PersonnelDocumentKind>,
) -> Reply<PersonnelDocumentKind> {
    step(may, id, "archive").await
}

/// Restore a kind of personnel documents
///
/// An archived kind is in use again.
#[utoipa::path(post, path = "/v1/personnel-document-kinds/{id}/restore", tag = "People")]
async fn restore_personnel_document_kind(
    may: May<Write, PersonnelDocumentKind>,
    id: Id<PersonnelDocumentKind>,
) -> Reply<PersonnelDocumentKind> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.resource::<PersonnelDocumentKind>()
        .call(operation!(archive_personnel_document_kind))
        .call(operation!(restore_personnel_document_kind));
}
