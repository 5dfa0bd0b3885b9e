//! Articles: what is known, as it was published last. Its texts are editions; the first comes with it.

use platform::prelude::*;
use schema::articles;

/// What is known of something.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = articles)]
pub struct Article {
    pub id: Uuid,
    pub version: i64,
    /// What it is about.
    #[schema(max_length = 200, example = "How to reach the network from home")]
    pub title: String,
    /// The same in a sentence or two.
    #[schema(max_length = 500, example = "Install the client, sign in, choose the profile of your office.")]
    pub summary: Option<String>,
    /// All of it, in Markdown. Clients that show it as HTML take out what is not theirs.
    #[schema(
        max_length = 100_000,
        example = "1. Install the client from the catalogue.\n2. Sign in as you do at work."
    )]
    pub body: String,
    /// What it stands under.
    #[schema(max_length = 60, example = "Network")]
    pub category: Option<String>,
    /// The language that it is written in (ISO 639-1): words are found in its forms of them.
    #[schema(max_length = 2, example = "en")]
    pub language: String,
    pub audience: ArticleAudience,
    /// The department that reads it, with those below it, where it is for one.
    #[schema(example = json!(null))]
    pub department_id: Option<Uuid>,
    /// The number of the edition that is published; null until one is.
    #[schema(minimum = 1, example = 2)]
    pub edition: Option<i32>,
    /// When it was published; null until it is.
    pub published_at: Option<DateTime<Utc>>,
    pub status: ArticleStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether it is read.
    pub enum ArticleStatus { Draft = "draft", Published = "published", Archived = "archived" }
}

text_enum! {
    /// Who reads it: everybody with a login, those who work here, a department, or those who hold the role `front_office`.
    pub enum ArticleAudience { Everybody = "everybody", Staff = "staff", Department = "department", FrontOffice = "front_office" }
}

/// An article to be: a draft, of which the first edition comes with it.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = articles)]
#[serde(deny_unknown_fields)]
pub struct NewArticle {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// What it is about.
    #[schema(min_length = 1, max_length = 200, example = "How to reach the network from home")]
    title: String,
    /// The same in a sentence or two.
    #[schema(
        min_length = 1,
        max_length = 500,
        example = "Install the client, sign in, choose the profile of your office."
    )]
    summary: Option<String>,
    /// All of it, in Markdown.
    #[schema(
        min_length = 1,
        max_length = 100_000,
        example = "1. Install the client from the catalogue.\n2. Sign in as you do at work."
    )]
    body: String,
    /// What it stands under.
    #[schema(min_length = 1, max_length = 60, example = "Network")]
    category: Option<String>,
    /// The language that it is written in (ISO 639-1); `en`, unless told.
    #[schema(pattern = "^[a-z]{2}$", max_length = 2, example = "en")]
    language: Option<String>,
    /// Who reads it; `staff`, unless told.
    #[schema(example = "staff")]
    audience: Option<ArticleAudience>,
    /// The department that reads it, where it is for one.
    #[schema(example = json!(null))]
    department_id: Option<Uuid>,
}

/// What of an article can be changed; its text is changed by another edition.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = articles)]
#[serde(deny_unknown_fields)]
pub struct EditArticle {
    /// What it stands under.
    #[schema(min_length = 1, max_length = 60, example = "Working from home")]
    category: Option<Option<String>>,
    /// The language that it is written in (ISO 639-1).
    #[schema(pattern = "^[a-z]{2}$", max_length = 2, example = "en")]
    language: Option<String>,
    /// Who reads it.
    #[schema(example = "everybody")]
    audience: Option<ArticleAudience>,
    /// The department that reads it, where it is for one.
    #[schema(example = json!(null))]
    department_id: Option<Option<Uuid>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ArticleFilter {
    /// Only articles in this state.
    #[param(inline)]
    status: Option<ArticleStatus>,
    /// Only articles for these readers.
    #[param(inline)]
    audience: Option<ArticleAudience>,
    /// Only articles for this department.
    department_id: Option<Uuid>,
    /// Only articles that stand under this.
    #[param(min_length = 1, max_length = 60)]
    category: Option<String>,
    /// Only articles in this language.
    #[param(min_length = 2, max_length = 2)]
    language: Option<String>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "No text of it was published yet."),
        ("published", "It is read by whom it is for."),
        ("archived", "It is not read any more."),
    ],
    steps: &[
        Step { action: "archive", from: &["published"], to: "archived", verb: "write" },
        Step { action: "restore", from: &["archived"], to: "published", verb: "write" },
    ],
};

impl Named for Article {
    const NAME: &'static str = "articles";
}

impl Resource for Article {
    const PATH: &'static str = "/v1/articles";
    const SINGULAR: &'static str = "article";
    const TAG: &'static str = "Knowledge";
    const SORT: &'static [SortKey] = &[SortKey::text("title"), SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "title";
    type Filter = ArticleFilter;

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

impl Stored for Article {
    type Table = articles::table;
    const TABLE: &'static str = "articles";
    const SEARCHED: &'static [&'static str] = &["title", "summary"];

    fn narrow(rows: Rows<Self>, by: ArticleFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(articles::status.eq(status)))
            .when(by.audience, |rows, audience| rows.filter(articles::audience.eq(audience)))
            .when(by.department_id, |rows, id| rows.filter(articles::department_id.eq(id)))
            .when(by.category, |rows, category| rows.filter(articles::category.eq(category)))
            .when(by.language, |rows, language| rows.filter(articles::language.eq(language)))
    }
}

impl Written for Article {
    type New = NewArticle;
    type Edit = EditArticle;
}

/// Archive an article
///
/// It is not read any more, and not found. Its editions stay on record.
#[utoipa::path(post, path = "/v1/articles/{id}/archive", tag = "Knowledge")]
async fn archive_article(may: May<Write, Article>, id: Id<Article>) -> Reply<Article> {
    step(may, id, "archive").await
}

/// Restore an article
///
/// It is read again, as it was published last.
#[utoipa::path(post, path = "/v1/articles/{id}/restore", tag = "Knowledge")]
async fn restore_article(may: May<Write, Article>, id: Id<Article>) -> Reply<Article> {
    step(may, id, "restore").await
}

pub fn routes(api: &mut Api) {
    api.readable::<Article>()
        .creatable::<Article>()
        .changeable::<Article>()
        .deletable::<Article>()
        .call(operation!(archive_article))
        .call(operation!(restore_article));
}
