//! Finding articles: by words, best first, and as suggestions for a text or for a ticket. Of what is published and meant for whoever asks.

use crate::articles::Article;
use diesel::sql_types::{Bool, Integer, Text};
use platform::prelude::*;
use serde_json::Value;

diesel::define_sql_function! {
    /// See the migration of tasks: with all words of the text, or with some.
    fn find_articles(text: Text, all_words: Bool, most: Integer) -> Jsonb;
}

diesel::define_sql_function! {
    /// See the migration of tasks: what a ticket asks, where the caller may read it.
    fn text_of_ticket(ticket_id: diesel::sql_types::Uuid) -> Nullable<Text>;
}

/// What articles are searched for.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct ArticlesSought {
    /// Words that all have to be there, in any form; `"several together"`, `one or another`, `-without`.
    #[param(min_length = 1, max_length = 200, example = "network from home")]
    q: String,
    /// How many at the most.
    #[param(minimum = 1, maximum = 50, default = 20)]
    #[serde(default = "twenty")]
    limit: i32,
}

/// For what articles are suggested: for a text, or for a ticket.
#[derive(Clone, Debug, Deserialize, IntoParams)]
pub struct SuggestionsAsked {
    /// A text, such as what somebody writes to the desk, or how it begins.
    #[param(min_length = 1, max_length = 1000, example = "I can't reach the network from home")]
    text: Option<String>,
    /// A ticket that the caller may read.
    ticket_id: Option<Uuid>,
    /// How many at the most.
    #[param(minimum = 1, maximum = 50, default = 5)]
    #[serde(default = "five")]
    limit: i32,
}

fn twenty() -> i32 {
    20
}

fn five() -> i32 {
    5
}

/// Articles, best first.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FoundArticles {
    /// The best first.
    #[schema(max_items = 50)]
    data: Vec<FoundArticle>,
}

/// An article that fits.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FoundArticle {
    /// The article.
    article_id: Uuid,
    /// What it is about.
    #[schema(max_length = 200, example = "How to reach the network from home")]
    title: String,
    /// The same in a sentence or two.
    #[schema(max_length = 500, example = "Install the client, sign in, choose the profile of your office.")]
    summary: Option<String>,
    /// What it stands under.
    #[schema(max_length = 60, example = "Network")]
    category: Option<String>,
    /// The language that it is written in (ISO 639-1).
    #[schema(max_length = 2, example = "en")]
    language: String,
    /// The number of the edition that is published.
    #[schema(minimum = 1, example = 2)]
    edition: i32,
    /// How well it fits, compared with the others: a decimal as text.
    #[schema(max_length = 12, example = "0.243200")]
    rank: String,
    /// Where it says so, in Markdown: what was found stands between `**`.
    #[schema(max_length = 4000, example = "reach the **network** from **home**")]
    excerpt: String,
}

async fn find(db: &mut Db, text: &str, all: bool, most: i32) -> Result<Plain<FoundArticles>> {
    let found = diesel::select(find_articles(text, all, most)).get_result::<Value>(db).await?;
    let data = serde_json::from_value(found).map_err(Problem::internal)?;
    Ok(Plain(FoundArticles { data }))
}

/// Search articles
///
/// Published articles that have all words, whatever their forms, best first: what stands in a title counts most, then summary and category.
#[utoipa::path(get, path = "/v1/articles/search", tag = "Knowledge")]
async fn search_articles(
    may: May<Read, Article>,
    sought: Params<ArticlesSought>,
) -> Reply<Plain<FoundArticles>> {
    may.read(async |db| find(db, &sought.0.q, true, sought.0.limit).await).await?.answer(may.grants())
}

/// Suggest articles
///
/// Published articles that may answer a text, such as what somebody is about to ask the desk, or a ticket: those that share most words with it
/// first.
#[utoipa::path(get, path = "/v1/articles/suggestions", tag = "Knowledge")]
async fn suggest_articles(
    may: May<Read, Article>,
    asked: Params<SuggestionsAsked>,
) -> Reply<Plain<FoundArticles>> {
    let found = may
        .read(async |db| {
            let text = match (&asked.0.text, asked.0.ticket_id) {
                (Some(text), None) => text.clone(),
                (None, Some(ticket)) => {
                    let text =
                        diesel::select(text_of_ticket(ticket)).get_result::<Option<String>>(db).await?;
                    text.ok_or_else(no_such_ticket)?
                }
                (text, _) => return Err(not_one_of_both(text.is_some())),
            };
            find(db, &text, false, asked.0.limit).await
        })
        .await?;
    found.answer(may.grants())
}

fn no_such_ticket() -> Problem {
    let rule = "refers to no ticket that you may know of";
    Problem::invalid(vec![Fault::of("ticket_id", "unknown-reference", rule)])
}

fn not_one_of_both(both: bool) -> Problem {
    let fault = if both {
        Fault::of("ticket_id", "one-of-two", "must be left out where a text is given")
    } else {
        Fault::of("text", "one-of-two", "must be given, or `ticket_id`")
    };
    Problem::invalid(vec![fault])
}

pub fn routes(api: &mut Api) {
    api.call(operation!(search_articles)).call(operation!(suggest_articles));
}
