//! The knowledge base: articles for those whom they are meant for, each text of them read by somebody else before it is published, and all of them kept.
pub mod article_editions;
pub mod article_feedback;
pub mod articles;
mod finding;

use platform::api::Api;

pub fn routes(api: &mut Api) {
    finding::routes(api);
    articles::routes(api);
    article_editions::routes(api);
    article_feedback::routes(api);
}
