//! Feedback: whether an article helped whoever read it. Each reader says so once, and may say otherwise later.

use platform::prelude::*;
use schema::article_feedback;
use serde_json::Value;

/// Whether an article helped somebody.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, Queryable, Selectable)]
#[diesel(table_name = article_feedback)]
pub struct ArticleFeedback {
    pub id: Uuid,
    pub version: i64,
    /// The article.
    pub article_id: Uuid,
    /// Whether it helped.
    #[schema(example = false)]
    pub is_helpful: bool,
    /// What was missing, or what was good.
    #[schema(max_length = 2000, example = "It does not say which profile.")]
    pub remark: Option<String>,
    /// Who says so: a user or an API client.
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// What somebody says of an article.
#[derive(Clone, Debug, Deserialize, ToSchema, Insertable)]
#[diesel(table_name = article_feedback)]
#[serde(deny_unknown_fields)]
pub struct NewArticleFeedback {
    #[serde(skip, default = "Uuid::now_v7")]
    id: Uuid,
    /// The article, which the caller may read.
    article_id: Uuid,
    /// Whether it helped.
    #[schema(example = false)]
    is_helpful: bool,
    /// What was missing, or what was good.
    #[schema(min_length = 1, max_length = 2000, example = "It does not say which profile.")]
    remark: Option<String>,
}

/// What somebody says otherwise.
#[apply(_ => #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")])]
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema, AsChangeset)]
#[diesel(table_name = article_feedback)]
#[serde(deny_unknown_fields)]
pub struct EditArticleFeedback {
    /// Whether it helped.
    #[schema(example = true)]
    is_helpful: Option<bool>,
    /// What was missing, or what was good.
    #[schema(min_length = 1, max_length = 2000, example = "It does now.")]
    remark: Option<Option<String>>,
}

#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ArticleFeedbackFilter {
    /// Only what was said of this article.
    article_id: Option<Uuid>,
    /// Only where it helped (`true`), or only where it didn't.
    is_helpful: Option<bool>,
}

impl Named for ArticleFeedback {
    const NAME: &'static str = "article-feedback";
}

impl Resource for ArticleFeedback {
    const PATH: &'static str = "/v1/article-feedback";
    const SINGULAR: &'static str = "article_feedback";
    const TAG: &'static str = "Knowledge";
    const SORT: &'static [SortKey] = &[SortKey::instant("created_at")];
    const USUAL_ORDER: &'static str = "-created_at";
    type Filter = ArticleFeedbackFilter;

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> i64 {
        self.version
    }
}

impl Stored for ArticleFeedback {
    type Table = article_feedback::table;
    const TABLE: &'static str = "article_feedback";
    const SEARCHED: &'static [&'static str] = &["remark"];

    fn narrow(rows: Rows<Self>, by: ArticleFeedbackFilter) -> Rows<Self> {
        rows.when(by.article_id, |rows, id| rows.filter(article_feedback::article_id.eq(id)))
            .when(by.is_helpful, |rows, so| rows.filter(article_feedback::is_helpful.eq(so)))
    }
}

impl Written for ArticleFeedback {
    type New = NewArticleFeedback;
    type Edit = EditArticleFeedback;
}

diesel::define_sql_function! {
    /// See the migration of tasks.
    fn report_article_feedback() -> Jsonb;
}

/// What readers say of articles.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct HelpfulArticles {
    /// Articles of which somebody said something, those that helped least first; 1,000 at the most.
    #[schema(max_items = 1000)]
    data: Vec<HelpfulArticle>,
}

/// How many an article helped.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct HelpfulArticle {
    /// The article.
    article_id: Uuid,
    /// What it is about.
    #[schema(max_length = 200, example = "How to reach the network from home")]
    title: String,
    /// The number of the edition that is published.
    #[schema(minimum = 1, example = 2)]
    edition: Option<i32>,
    /// How many it helped.
    #[schema(minimum = 0, example = 14)]
    helpful: i64,
    /// How many it did not help.
    #[schema(minimum = 0, example = 3)]
    unhelpful: i64,
    /// How many percent it helped: a decimal as text.
    #[schema(max_length = 8, example = "82.4")]
    helpful_percent: String,
}

/// Report what readers say of articles
///
/// How many each article helped and how many it did not, those that failed most readers first: where to write better. Of what the caller may see.
#[utoipa::path(get, path = "/v1/reports/article-feedback", tag = "Knowledge")]
async fn report_feedback_on_articles(may: May<Read, ArticleFeedback>) -> Reply<Plain<HelpfulArticles>> {
    let told = may
        .read(async |db| Ok(diesel::select(report_article_feedback()).get_result::<Value>(db).await?))
        .await?;
    let data = serde_json::from_value(told).map_err(Problem::internal)?;
    Plain(HelpfulArticles { data }).answer(may.grants())
}

pub fn routes(api: &mut Api) {
    api.readable::<ArticleFeedback>()
        .creatable::<ArticleFeedback>()
        .changeable::<ArticleFeedback>()
        .deletable::<ArticleFeedback>()
        .call(operation!(report_feedback_on_articles));
}
