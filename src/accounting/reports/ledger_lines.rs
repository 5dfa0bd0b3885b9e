//! The reports that are as long as the books: the general ledger, account by account, the journal, entry by entry, and what is
//! open, party by party. A page at a time as JSON, all of it as a file.
use crate::aged::{self, AgedAsked, Side};
use crate::asked::today;
use crate::general_ledger::{self, GeneralLedgerAsked};
use crate::journal::{self, JournalAsked};
use crate::load::Heading;
use crate::period::Span;
use crate::render::{Form, write_rows};
use crate::report::{Report, ReportParameter, ReportRow, Reports};
use actix_web::body::BodyStream;
use actix_web::http::{StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::stream;
use platform::export::{Format, Sheet};
use platform::prelude::*;

/// Lines of a page, unless told.
const USUAL: i64 = 50;
/// Lines that are read at once for a file.
const CHUNK: i64 = 1000;
/// The same where each part looks at all of it anew.
const LARGE_CHUNK: i64 = 10_000;
/// Lines that are printed at the most.
const MOST_PRINTED: usize = 10_000;

/// Where a page ended: what the next one begins behind.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cursor {
    /// The account's code.
    pub code: String,
    pub day: NaiveDate,
    /// The line or the entry.
    pub id: Uuid,
    /// The line of the entry.
    pub line: i32,
    /// Whether the account ended with it; of what is open, whether parties did.
    pub is_finished: bool,
    /// The customer or supplier, of what is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<Uuid>,
}

/// Rows of a page, and where it ended, if more follow.
pub struct Page {
    pub rows: Vec<ReportRow>,
    pub next: Option<Cursor>,
}

/// A list that was asked for.
#[derive(Clone)]
enum Listing {
    GeneralLedger(GeneralLedgerAsked),
    Journal(JournalAsked),
    Aged(Side, AgedAsked),
}

/// What of the list is wanted.
#[derive(Clone)]
pub struct Piece {
    pub span: Span,
    pub after: Option<Cursor>,
    pub limit: i64,
    /// Whether this goes on with what was read before, so that no heading is repeated.
    pub goes_on: bool,
}

impl Listing {
    fn days(&self) -> (Option<NaiveDate>, Option<NaiveDate>) {
        match self {
            Self::GeneralLedger(asked) => (asked.starts_on, asked.ends_on),
            Self::Journal(asked) => (asked.starts_on, asked.ends_on),
            Self::Aged(_, asked) => (Some(asked.day()), Some(asked.day())),
        }
    }

    fn parameters(&self) -> Vec<ReportParameter> {
        match self {
            Self::GeneralLedger(asked) => asked.parameters(),
            Self::Journal(asked) => asked.parameters(),
            Self::Aged(_, asked) => asked.parameters(),
        }
    }

    /// The report without its rows.
    fn report(&self, heading: &Heading, span: Span) -> Report {
        let (kind, title, columns) = match self {
            Self::GeneralLedger(_) => general_ledger::shape(span),
            Self::Journal(_) => journal::shape(span),
            Self::Aged(side, asked) => aged::shape(*side, asked, span.ends_on),
        };
        Report {
            kind,
            title: title.to_owned(),
            organization: heading.organization.clone(),
            currency: heading.currency.clone(),
            starts_on: (!matches!(self, Self::Aged(..))).then_some(span.starts_on),
            ends_on: span.ends_on,
            parameters: self.parameters(),
            columns,
            rows: Vec::new(),
            next_cursor: None,
        }
    }

    async fn page(&self, db: &mut Db, heading: &Heading, piece: &Piece) -> Result<Page> {
        let decimals = ledger::currency::decimals(&heading.currency);
        match self {
            Self::GeneralLedger(asked) => general_ledger::page(db, asked, piece, decimals).await,
            Self::Journal(asked) => journal::page(db, asked, piece, decimals).await,
            Self::Aged(side, asked) => aged::page(db, *side, asked, piece, &heading.currency).await,
        }
    }
}

/// General ledger
///
/// Every line of an account, or of all accounts in a group, or of all there are, with the balance after each: what was debited
/// counts up. A page of JSON at a time; as CSV or XLSX all of it, on paper up to 10,000 lines.
#[utoipa::path(get, path = "/v1/reports/general-ledger", tag = "Reports")]
async fn get_general_ledger(may: May<Read, Reports>, asked: Params<GeneralLedgerAsked>) -> Reply<Report> {
    let paging = (asked.0.limit, asked.0.cursor.clone());
    answer(may, Listing::GeneralLedger(asked.0), paging).await
}

/// Journal
///
/// Every entry with its lines, in the order of their days. Narrowed by a department, a cost centre or a project, it has the lines
/// alone that were booked for it, and entries with the sum of those. A page of JSON at a time; as CSV or XLSX all of it, on paper
/// up to 10,000 lines.
#[utoipa::path(get, path = "/v1/reports/journal", tag = "Reports")]
async fn get_journal_report(may: May<Read, Reports>, asked: Params<JournalAsked>) -> Reply<Report> {
    let paging = (asked.0.limit, asked.0.cursor.clone());
    answer(may, Listing::Journal(asked.0), paging).await
}

/// Aged receivables
///
/// What customers owe at the end of a day, in the organization's currency: what is not due yet, and what is overdue for up to 30,
/// 60, 90 days or longer, instalment by instalment, party by party with the documents beneath. Credit notes and advances that
/// are not set off yet stand apart, below zero. What was posted on the accounts of customers without a document is told, so that the
/// total is what the accounts stand at. Of a day of the past it tells what was open then, and beside what is owed may stand what
/// was owed a month or a year before.
#[utoipa::path(get, path = "/v1/reports/aged-receivables", tag = "Reports")]
async fn get_aged_receivables(may: May<Read, Reports>, asked: Params<AgedAsked>) -> Reply<Report> {
    let paging = (asked.0.limit, asked.0.cursor.clone());
    answer(may, Listing::Aged(Side::Receivables, asked.0), paging).await
}

/// Aged payables
///
/// What suppliers are owed at the end of a day, as the aged receivables tell of customers; what is owed is above zero.
#[utoipa::path(get, path = "/v1/reports/aged-payables", tag = "Reports")]
async fn get_aged_payables(may: May<Read, Reports>, asked: Params<AgedAsked>) -> Reply<Report> {
    let paging = (asked.0.limit, asked.0.cursor.clone());
    answer(may, Listing::Aged(Side::Payables, asked.0), paging).await
}

async fn answer(
    may: May<Read, Reports>,
    listing: Listing,
    (limit, cursor): (Option<i64>, Option<String>),
) -> Reply<Report> {
    let form = Form::accepted(may.http());
    let after = match (form, cursor) {
        (Form::Json, Some(cursor)) => Some(read_cursor(&cursor)?),
        _ => None,
    };
    let chunk = if matches!(listing, Listing::Aged(..)) { LARGE_CHUNK } else { CHUNK };
    let limit = if form == Form::Json { limit.unwrap_or(USUAL) } else { chunk };
    let (heading, mut piece, page) = may
        .read(async |db| {
            let heading = Heading::read(db).await?;
            let (starts_on, ends_on) = listing.days();
            let ends_on = ends_on.unwrap_or_else(today);
            let span = Span::new(starts_on.unwrap_or_else(|| heading.year_starts_on(ends_on)), ends_on)?;
            let piece = Piece { span, after: after.clone(), limit, goes_on: false };
            let page = listing.page(db, &heading, &piece).await?;
            Ok((heading, piece, page))
        })
        .await?;
    let mut report = listing.report(&heading, piece.span);
    report.rows = page.rows;
    piece.goes_on = true;
    match form {
        Form::Json => {
            report.next_cursor = page.next.as_ref().map(written).transpose()?;
            report.reply(form)
        }
        Form::Paper => {
            piece.after = page.next;
            while piece.after.is_some() {
                if report.rows.len() > MOST_PRINTED {
                    let rule = format!(
                        "is longer than {MOST_PRINTED} lines, which is the most that is printed: print a shorter period, or take CSV or XLSX"
                    );
                    return Err(Problem::invalid(vec![Fault::of("ends_on", "too-long-to-print", rule)]));
                }
                let page = may.read(async |db| listing.page(db, &heading, &piece).await).await?;
                report.rows.extend(page.rows);
                piece.after = page.next;
            }
            report.reply(form)
        }
        Form::File(format) => {
            piece.after = page.next;
            whole(may, listing, heading, report, piece, format)
        }
    }
}

/// A file that is being written: what is read for it, where that goes on, and the rows that were read last.
type State = (May<Read, Reports>, Listing, Heading, Piece, Sheet, Vec<ReportRow>);

/// All of it, as it is read.
fn whole(
    may: May<Read, Reports>,
    listing: Listing,
    heading: Heading,
    report: Report,
    piece: Piece,
    format: Format,
) -> Reply<Report> {
    let disposition = report.attachment(format.ending());
    let sheet = report.sheet(format)?;
    let Report { columns, rows, .. } = report;
    let state: Option<State> = Some((may, listing, heading, piece, sheet, rows));
    let body = stream::try_unfold(state, move |state| {
        let columns = columns.clone();
        async move {
            let Some((may, listing, heading, mut piece, mut sheet, rows)) = state else {
                return Ok::<_, Problem>(None);
            };
            write_rows(&mut sheet, &columns, &rows)?;
            if piece.after.is_none() {
                return Ok(Some((sheet.end()?, None)));
            }
            let page = may.read(async |db| listing.page(db, &heading, &piece).await).await?;
            piece.after = page.next;
            let bytes = sheet.written();
            Ok(Some((bytes, Some((may, listing, heading, piece, sheet, page.rows)))))
        }
    });
    let answer = Answer::bytes(StatusCode::OK, format.content_type(), BodyStream::new(body));
    Ok(answer.with(header::CONTENT_DISPOSITION, &disposition))
}

fn written(cursor: &Cursor) -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(serde_json::to_vec(cursor).map_err(Problem::internal)?))
}

fn read_cursor(cursor: &str) -> Result<Cursor> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok();
    let read = bytes.and_then(|bytes| serde_json::from_slice::<Cursor>(&bytes).ok());
    let fits = read.filter(|cursor| !cursor.code.contains('\0'));
    fits.ok_or_else(|| {
        let rule = "must be `next_cursor` of a page of this report with the same parameters";
        Problem::invalid(vec![Fault::of("cursor", "bad-cursor", rule)])
    })
}

pub fn routes(api: &mut Api) {
    api.call(operation!(get_general_ledger))
        .call(operation!(get_journal_report))
        .call(operation!(get_aged_receivables))
        .call(operation!(get_aged_payables));
}
