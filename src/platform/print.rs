//! Resources that are read as a printed page, too: `GET` of one with `Accept: application/pdf`.
use crate::answer::{Answer, Outcome, Reply};
use crate::api::OperationDoc;
use crate::database::Db;
use crate::input;
use crate::may::{Grants, May, Read};
use crate::problem::{NOT_ACCEPTABLE, Result};
use crate::resource::{self, Id, Moment, Resource};
use crate::store::Store;
use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, Accept, Header, Quality};
use std::cmp::Reverse;

const PDF: &str = "application/pdf";

/// A resource that has a printed form.
pub trait Printed: Store {
    /// What its pages say beside its own fields.
    type Facts;

    /// Looks that up.
    fn facts(&self, db: &mut Db) -> impl Future<Output = Result<Self::Facts>>;
    /// What a file of it is called, without its ending: letters, digits and hyphens.
    fn file_name(&self) -> String;
    /// Its pages, as PDF.
    fn print(&self, facts: &Self::Facts) -> Vec<u8>;
}

/// A resource, or its pages under the name of a file.
pub enum Shown<R> {
    Resource(R),
    Pages(String, Vec<u8>),
}

impl<R: Resource> Outcome for Shown<R> {
    fn answer(&self, grants: &Grants) -> Result<Answer<Self>> {
        match self {
            Self::Resource(row) => Ok(row.answer(grants)?.retyped()),
            Self::Pages(name, pages) => {
                let answer = Answer::of_type(StatusCode::OK, PDF, pages.clone());
                Ok(answer.with(header::CONTENT_DISPOSITION, &format!("inline; filename=\"{name}.pdf\"")))
            }
        }
    }

    fn describe(doc: &mut OperationDoc) {
        R::describe(doc);
        doc.answers_with("200", PDF, "");
        doc.answer_header(
            "200",
            "Content-Disposition",
            "What a file of the printed page is called (RFC 6266).",
        );
        doc.refusals.push("406");
    }
}

pub(crate) async fn read_or_print<R: Printed>(
    may: May<Read, R>,
    id: Id<R>,
    moment: input::Params<Moment>,
) -> Reply<Shown<R>> {
    let asks_for_pages = asks_for_pages(may.http());
    if asks_for_pages == Some(false) {
        return Ok(resource::read(may, id, moment).await?.retyped());
    }
    let (row, facts) = may
        .read(async |db| {
            let row = moment.0.row::<R>(db, &id).await?;
            let facts = row.facts(db).await?;
            Ok((row, facts))
        })
        .await?;
    if asks_for_pages.is_none() {
        let offered = "This address answers with `application/json` and `application/pdf`: let `Accept` name one of them.";
        return Err(NOT_ACCEPTABLE.because(offered));
    }
    Shown::Pages(row.file_name(), row.print(&facts)).answer(may.grants())
}

/// The same of one without a history.
pub(crate) async fn read_or_print_now<R: Printed>(may: May<Read, R>, id: Id<R>) -> Reply<Shown<R>> {
    read_or_print(may, id, input::Params(Moment::default())).await
}

/// Whether `Accept` likes pages better than JSON, the first of those that it likes alike; none where it takes neither (RFC 9110 §12.5.1).
fn asks_for_pages(http: &HttpRequest) -> Option<bool> {
    let mut liked = Accept::parse(http).map_or_else(|_| Vec::new(), |accept| accept.0);
    if liked.is_empty() {
        return Some(false);
    }
    liked.sort_by_key(|each| Reverse(each.quality));
    let liked = liked.iter().filter(|each| each.quality > Quality::ZERO);
    liked.map(|each| each.item.essence_str()).find_map(|each| match each {
        PDF => Some(true),
        "application/json" | "application/*" | "*/*" => Some(false),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::asks_for_pages;
    use actix_web::test::TestRequest;

    #[test]
    fn what_is_liked_best_is_given() {
        let asked = |accept: &str| {
            asks_for_pages(&TestRequest::get().insert_header(("accept", accept)).to_http_request())
        };
        assert_eq!(asked("application/pdf"), Some(true));
        assert_eq!(asked("text/html, */*;q=0.8"), Some(false));
        assert_eq!(asked("application/json;q=0.5, application/pdf"), Some(true));
        assert_eq!(asked("application/pdf;q=0.25, application/json;q=0.3"), Some(false));
        assert_eq!(asked("application/pdf;q=0, */*"), Some(false));
        assert_eq!(asked("image/png"), None);
        assert_eq!(asked("application/pdf;q=0"), None);
        assert_eq!(asked(""), Some(false));
        assert_eq!(asks_for_pages(&TestRequest::get().to_http_request()), Some(false));
    }
}
