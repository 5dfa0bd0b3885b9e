//! Editions: the texts of an article, those that were, the one that is read and the one that is being written. Somebody else reads each before it is published.

use platform::prelude::*;
use schema::article_editions;

/// A text of an article.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = article_editions)]
pub struct ArticleEdition {
    pub id: Uuid,
    pub version: i64,
    /// The article.
    pub article_id: Uuid,
    /// Its number among those of the article, from 1.
    #[schema(minimum = 1, example = 2)]
    pub edition: i32,
    /// What it is about.
    #[schema(max_length = 200, example = "How to reach the network from home")]
    pub title: String,
    /// The same in a sentence or two.
    #[schema(max_length = 500, example = "Install the client, sign in, choose the profile of your office.")]
    pub summary: Option<String>,
    /// All of it, in Markdown.
    #[schema(
        max_length = 100_000,
        example = "1. Install the client from the catalogue.\n2. Sign in as you do at work."
    )]
    pub body: String,
    /// What is new in it.
    #[schema(max_length = 500, example = "The client has another name.")]
    pub note: Option<String>,
    /// Why it was returned to whoever wrote it.
    #[schema(max_length = 2000, example = json!(null))]
    pub return_reason: Option<String>,
    /// When it was published.
    #[schema(example = json!(null))]
    pub published_at: Option<DateTime<Utc>>,
    /// The user who published it.
    #[schema(example = json!(null))]
    pub published_by: Option<Uuid>,
    pub status: ArticleEditionStatus,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Where a text stands.
    pub enum ArticleEditionStatus { Draft = "draft", InReview = "in_review", Published = "published", Superseded = "superseded" }
}

/// Another text of an article. One is written at a time.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = article_editions)]
#[serde(deny_unknown_fields)]
pub struct NewArticleEdition {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The article.
    article_id: Uuid,
    /// The database counts.
    #[serde(skip)]
    edition: i32,
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
        example = "1. Install the new client.\n2. Sign in as you do at work."
    )]
    body: String,
    /// What is new in it.
    #[schema(min_length = 1, max_length = 500, example = "The client has another name.")]
    note: Option<String>,
}

/// What of a draft can be changed.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = article_editions)]
#[serde(deny_unknown_fields)]
pub struct EditArticleEdition {
    /// What it is about.
    #[schema(min_length = 1, max_length = 200, example = "How to reach the network from elsewhere")]
    title: Option<String>,
    /// The same in a sentence or two.
    #[schema(min_length = 1, max_length = 500, example = "Install the client and sign in.")]
    summary: Option<Option<String>>,
    /// All of it, in Markdown.
    #[schema(
        min_length = 1,
        max_length = 100_000,
        example = "Install the client from the catalogue, then sign in."
    )]
    body: Option<String>,
    /// What is new in it.
    #[schema(min_length = 1, max_length = 500, example = "It is shorter.")]
    note: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ArticleEditionFilter {
    /// Only texts in this state.
    #[param(inline)]
    status: Option<ArticleEditionStatus>,
    /// Only texts of this article.
    article_id: Option<Uuid>,
}

static LIFE: Life = Life {
    states: &[
        ("draft", "Being written."),
        ("in_review", "Somebody else reads it."),
        ("published", "It is what readers of the article read."),
        ("superseded", "A later one is."),
    ],
    steps: &[
        Step { action: "submit", from: &["draft"], to: "in_review", verb: "write" },
        Step { action: "return", from: &["in_review"], to: "draft", verb: "write" },
        Step { action: "publish", from: &["in_review"], to: "published", verb: "approve" },
    ],
};

impl Named for ArticleEdition {
    const NAME: &'static str = "article-editions";
}

impl Resource for ArticleEdition {
    const PATH: &'static str = "/v1/article-editions";
    const SINGULAR: &'static str = "article_edition";
    const TAG: &'static str = "Knowledge";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = ArticleEditionFilter;

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

impl Stored for ArticleEdition {
    type Table = article_editions::table;
    const TABLE: &'static str = "article_editions";
    const SEARCHED: &'static [&'static str] = &["title", "body"];

    fn narrow(rows: Rows<Self>, by: ArticleEditionFilter) -> Rows<Self> {
        rows.when(by.status, |rows, status| rows.filter(article_editions::status.eq(status)))
            .when(by.article_id, |rows, id| rows.filter(article_editions::article_id.eq(id)))
    }
}

impl Written for ArticleEdition {
    type New = NewArticleEdition;
    type Edit = EditArticleEdition;
}

/// Submit an edition
///
/// It is written: somebody else reads it now. It changes no more, unless it is returned.
#[utoipa::path(post, path = "/v1/article-editions/{id}/submit", tag = "Knowledge")]
async fn submit_article_edition(
    may: May<Write, ArticleEdition>,
    id: Id<ArticleEdition>,
) -> Reply<ArticleEdition> {
    step(may, id, "submit").await
}

/// Why a text is returned.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnArticleEditionRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 2000, example = "Step 2 is missing.")]
    reason: String,
}

/// Return an edition
///
/// It is a draft again, to be written better, or taken back.
#[utoipa::path(post, path = "/v1/article-editions/{id}/return", tag = "Knowledge")]
async fn return_article_edition(
    may: May<Write, ArticleEdition>,
    id: Id<ArticleEdition>,
    why: Input<ReturnArticleEditionRequest>,
) -> Reply<ArticleEdition> {
    may.write(async |db| {
        let edition = lock(&may, db, &id).await?;
        let returned = (
            article_editions::status.eq(LIFE.step(edition.status.as_str(), "return")?),
            article_editions::return_reason.eq(&why.0.reason),
        );
        let one = article_editions::table.find((db.organization(), edition.id));
        Ok(diesel::update(one).set(returned).returning(ArticleEdition::as_returning()).get_result(db).await?)
    })
    .await
}

/// Publish an edition
///
/// It is what readers of the article read from now on, and what it was before is kept as superseded. Nobody publishes what they wrote or handed in.
#[utoipa::path(post, path = "/v1/article-editions/{id}/publish", tag = "Knowledge")]
async fn publish_article_edition(
    may: May<Approve, ArticleEdition>,
    id: Id<ArticleEdition>,
) -> Reply<ArticleEdition> {
    step(may, id, "publish").await
}

pub fn routes(api: &mut Api) {
    api.readable::<ArticleEdition>()
        .creatable::<ArticleEdition>()
        .changeable::<ArticleEdition>()
        .deletable::<ArticleEdition>()
        .call(operation!(submit_article_edition))
        .call(operation!(return_article_edition))
        .call(operation!(publish_article_edition));
}
