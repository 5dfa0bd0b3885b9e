//! Files: what was uploaded, what it is, and what it hangs on.

use crate::media::{self, Purpose};
use crate::upload;
use diesel::dsl::sql;
use diesel::sql_types::{Nullable, Uuid as SqlUuid};
use platform::prelude::*;
use schema::files;

/// A file. Who may see it follows from what it hangs on; one that hangs on nothing is its maker's.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = files)]
pub struct File {
    pub id: Uuid,
    pub version: i64,
    /// What it is called; it ends as its type does, or in nothing.
    #[schema(max_length = 255, example = "contract.pdf")]
    pub name: String,
    pub purpose: Purpose,
    /// What it is, by its bytes.
    #[schema(max_length = 100, example = "application/pdf")]
    pub content_type: String,
    /// Its size in bytes.
    #[schema(minimum = 1, maximum = 209_715_200, example = 48_213)]
    pub size: i64,
    /// The SHA-256 of its bytes, in hexadecimal.
    #[schema(
        max_length = 64,
        pattern = "^[0-9a-f]{64}$",
        example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    pub sha256: String,
    pub status: FileStatus,
    /// The kind of resource that it hangs on, as in its path; null for none.
    #[schema(max_length = 63, example = "employees")]
    pub resource: Option<String>,
    /// Which one it hangs on.
    pub resource_id: Option<Uuid>,
    /// Who uploaded it: a user or an API client.
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether the content can be read: `quarantined` until the virus scanner has answered, `infected` where it found
    /// something, and then the content is gone; `available` where it found nothing, or where there is none.
    pub enum FileStatus { Quarantined = "quarantined", Available = "available", Infected = "infected" }
}

/// What of a file can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = files)]
#[serde(deny_unknown_fields)]
pub struct EditFile {
    /// What it is called; it ends as its type does, or in nothing.
    #[schema(min_length = 1, max_length = 255, example = "contract-signed")]
    name: Option<String>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct FileFilter {
    /// The files that hang on this one. Without it the list is of one's own.
    resource_id: Option<Uuid>,
    /// Only files that hang on this kind of resource, such as `employees`.
    #[param(min_length = 1, max_length = 63)]
    resource: Option<String>,
    /// Only files for this purpose.
    #[param(inline)]
    purpose: Option<Purpose>,
    /// Only files in this state.
    #[param(inline)]
    status: Option<FileStatus>,
    /// Only files with this content, by its SHA-256 in hexadecimal.
    #[param(min_length = 1, max_length = 64)]
    sha256: Option<String>,
}

impl Named for File {
    const NAME: &'static str = "files";
}

impl Resource for File {
    const PATH: &'static str = "/v1/files";
    const SINGULAR: &'static str = "file";
    const TAG: &'static str = "Files";
    const SORT: &'static [SortKey] = &[SortKey::text("name"), SortKey::instant("created_at")];
    type Filter = FileFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for File {
    type Table = files::table;
    const TABLE: &'static str = "files";
    const SEARCHED: &'static [&'static str] = &["name"];

    fn narrow(rows: Rows<Self>, by: FileFilter) -> Rows<Self> {
        // Never all files of an organization: whether the caller may see one is asked of what it hangs on.
        let rows = match by.resource_id {
            Some(id) => rows.filter(files::resource_id.eq(id)),
            None => rows.filter(files::created_by.eq(sql::<Nullable<SqlUuid>>("(select current_caller())"))),
        };
        rows.when(by.resource, |rows, resource| rows.filter(files::resource.eq(resource)))
            .when(by.purpose, |rows, purpose| rows.filter(files::purpose.eq(purpose)))
            .when(by.status, |rows, status| rows.filter(files::status.eq(status)))
            .when(by.sha256, |rows, sha256| rows.filter(files::sha256.eq(sha256)))
    }
}

impl Written for File {
    type New = upload::NewFile;
    type Edit = EditFile;

    async fn check_edit(_: &mut Db, row: &Self, edit: &EditFile) -> Result<()> {
        match &edit.name {
            Some(name) => upload::check_name(name, media::named(&row.content_type)).map_err(in_body),
            None => Ok(()),
        }
    }
}

/// The same faults, told of the body instead of a parameter.
fn in_body(mut problem: Problem) -> Problem {
    for fault in &mut problem.errors {
        fault.pointer = fault.parameter.take().map(|name| format!("/{name}"));
    }
    problem
}

/// What a file is to hang on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachFileRequest {
    /// The kind of resource, as in its path.
    #[schema(max_length = 63, pattern = "^[a-z][a-z-]*$", example = "positions")]
    resource: String,
    /// Which one.
    #[schema(example = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    resource_id: Uuid,
}

/// Hang a file on something
///
/// From then on what it hangs on rules who may see and change the file. Takes the permission to write what it is hung on or, of
/// what the caller opened themselves, to take its steps (`run`). A file hangs on one thing, and stays there.
#[utoipa::path(post, path = "/v1/files/{id}/attach", tag = "Files")]
async fn attach_file(may: May<Write, File>, id: Id<File>, to: Input<AttachFileRequest>) -> Reply<File> {
    may.write(async |db| {
        let file = lock(&may, db, &id).await?;
        let one = files::table.find((db.organization(), file.id));
        let hung = (files::resource.eq(&to.0.resource), files::resource_id.eq(to.0.resource_id));
        Ok(diesel::update(one).set(hung).returning(File::as_returning()).get_result(db).await?)
    })
    .await
}

pub fn routes(api: &mut Api) {
    api.readable::<File>()
        .call(operation!(upload::create_file))
        .changeable::<File>()
        .deletable::<File>()
        .call(operation!(attach_file));
}
