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
use actix_web::http::{StatusCode, header};

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

/// Whether `Accept` likes pages better than JSON, the first of those that it likes alike; none where it takes neither (RFC 9110 §12.5.1).
fn asks_for_pages(http: &HttpRequest) -> Option<bool> {
    let accept =
        http.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if accept.trim().is_empty() {
        return Some(false);
    }
    preferred(accept)
}

fn preferred(accept: &str) -> Option<bool> {
    let mut best: Option<(u16, bool)> = None;
    for each in accept.split(',') {
        let mut parts = each.split(';').map(str::trim);
        let is_pages = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            PDF => true,
            "application/json" | "application/*" | "*/*" => false,
            _ => continue,
        };
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let weight = weight.map_or(1000, thousandths);
        if weight > 0 && best.is_none_or(|(most, _)| weight > most) {
            best = Some((weight, is_pages));
        }
    }
    best.map(|(_, is_pages)| is_pages)
}

/// A weight from 0 to 1 with at most three decimals (RFC 9110 §12.4.2), in thousandths.
fn thousandths(weight: &str) -> u16 {
    let (whole, decimals) = weight.split_once('.').unwrap_or((weight, ""));
    let decimals: u16 =
        format!("{decimals:0<3}").get(..3).and_then(|each| each.parse().ok()).unwrap_or_default();
    if whole == "0" { decimals } else { 1000 }
}

#[cfg(test)]
mod tests {
    use super::preferred;

    #[test]
    fn what_is_liked_best_is_given() {
        assert_eq!(preferred("application/pdf"), Some(true));
        assert_eq!(preferred("text/html, */*;q=0.8"), Some(false));
        assert_eq!(preferred("application/json;q=0.5, application/pdf"), Some(true));
        assert_eq!(preferred("application/pdf;q=0.25, application/json;q=0.3"), Some(false));
        assert_eq!(preferred("application/pdf;q=0, */*"), Some(false));
        assert_eq!(preferred("image/png"), None);
        assert_eq!(preferred("application/pdf;q=0"), None);
    }
}
