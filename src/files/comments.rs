//! Comments: what people say about a resource, whichever it is. Who may not read what a comment hangs on does not see it,
//! and its author may keep it to fewer still.

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::sql_types::{Array, Bool, Nullable, Uuid as SqlUuid};
use platform::prelude::*;
use schema::comments;

/// What somebody said about something.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = comments)]
pub struct Comment {
    pub id: Uuid,
    pub version: i64,
    /// The kind of resource that it is about, as in its path.
    #[schema(max_length = 63, example = "positions")]
    pub resource: String,
    /// Which one it is about.
    pub resource_id: Uuid,
    /// What was said, in Markdown. Clients that show it as HTML take out what is not theirs.
    #[schema(max_length = 10_000, example = "The headcount is **approved**.")]
    pub body: String,
    pub visibility: CommentVisibility,
    /// The users whom it calls.
    #[schema(max_items = 20)]
    #[diesel(select_expression = mentions())]
    #[diesel(select_expression_type = SqlLiteral<Array<SqlUuid>>)]
    pub mentions: Vec<Uuid>,
    /// The comment that it answers.
    #[schema(example = json!(null))]
    pub reply_to_id: Option<Uuid>,
    /// Who said it: a user or an API client.
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

// No user in it is null, which the generated schema can not say.
fn mentions() -> SqlLiteral<Array<SqlUuid>> {
    sql("comments.mentions")
}

text_enum! {
    /// Who sees a comment, of those who may read what it is about: `everyone`, those who may change it (`internal`), or its
    /// author and those whom it mentions (`private`).
    pub enum CommentVisibility { Everyone = "everyone", Internal = "internal", Private = "private" }
}

/// Something to be said.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = comments)]
#[serde(deny_unknown_fields)]
pub struct NewComment {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The kind of resource that it is about, as in its path.
    #[schema(max_length = 63, pattern = "^[a-z][a-z-]*$", example = "positions")]
    resource: String,
    /// Which one it is about.
    #[schema(example = "01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f")]
    resource_id: Uuid,
    /// What is to be said, in Markdown.
    #[schema(min_length = 1, max_length = 10_000, example = "The headcount is **approved**.")]
    body: String,
    /// Who sees it; `everyone` who may read what it is about where nothing is said.
    visibility: Option<CommentVisibility>,
    /// The users whom it calls. Each must be able to read what it is about.
    #[schema(max_items = 20, example = json!(null))]
    mentions: Option<Vec<Uuid>>,
    /// The comment that it answers, about the same.
    #[schema(example = json!(null))]
    reply_to_id: Option<Uuid>,
}

/// What of a comment can be changed, by its author; what it was is in its history.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = comments)]
#[serde(deny_unknown_fields)]
pub struct EditComment {
    /// What is to be said, in Markdown.
    #[schema(min_length = 1, max_length = 10_000, example = "The headcount is *not* approved.")]
    body: Option<String>,
    /// Who sees it.
    visibility: Option<CommentVisibility>,
}

text_enum! {
    /// Whom comments are to mention: whoever asks.
    pub enum Mentioned { Me = "me" }
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct CommentFilter {
    /// The comments about this one. Without it, and without `mentioning`, the list is of one's own.
    resource_id: Option<Uuid>,
    /// Only comments about this kind of resource, such as `employees`.
    #[param(min_length = 1, max_length = 63)]
    resource: Option<String>,
    /// The comments that mention the caller.
    #[param(inline)]
    mentioning: Option<Mentioned>,
    /// Only comments that these may see.
    #[param(inline)]
    visibility: Option<CommentVisibility>,
}

impl Named for Comment {
    const NAME: &'static str = "comments";
}

impl Resource for Comment {
    const PATH: &'static str = "/v1/comments";
    const SINGULAR: &'static str = "comment";
    const TAG: &'static str = "Comments";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    type Filter = CommentFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for Comment {
    type Table = comments::table;
    const TABLE: &'static str = "comments";
    const SEARCHED: &'static [&'static str] = &["body"];

    fn narrow(rows: Rows<Self>, by: CommentFilter) -> Rows<Self> {
        // Never all comments of an organization: whether the caller may see one is asked of what it hangs on.
        let rows = match (by.resource_id, by.mentioning) {
            (Some(id), _) => rows.filter(comments::resource_id.eq(id)),
            (None, Some(Mentioned::Me)) => rows,
            (None, None) => {
                rows.filter(comments::created_by.eq(sql::<Nullable<SqlUuid>>("(select current_caller())")))
            }
        };
        rows.when(by.mentioning, |rows, Mentioned::Me| {
            rows.filter(sql::<Bool>(
                "comments.id in (select comment_id from comment_mentions
                    where org_id = (select current_org()) and user_id = (select current_caller()))",
            ))
        })
        .when(by.resource, |rows, resource| rows.filter(comments::resource.eq(resource)))
        .when(by.visibility, |rows, visibility| rows.filter(comments::visibility.eq(visibility)))
    }
}

impl Written for Comment {
    type New = NewComment;
    type Edit = EditComment;
}

pub fn routes(api: &mut Api) {
    api.resource::<Comment>();
}
