//! The content of a file, as it was uploaded: whole or a range of it, always as something to be saved and never to be shown.
use crate::Filing;
use crate::files::{File, FileStatus};
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header;
use platform::answer::Outcome;
use platform::api::OperationDoc;
use platform::may::{Grants, app_data};
use platform::prelude::*;
use platform::problem::{Kind, MALFORMED_REQUEST};
use schema::files;
use std::fmt::Write;
use std::ops::Range;

static QUARANTINED: Kind = Kind {
    code: "file-quarantined",
    status: 409,
    title: "The virus scanner has not answered yet",
    cause: "The file was uploaded, and nobody reads its content before the virus scanner has looked at it.",
    cure: "Try again a little later: its `status` becomes `available`, or `infected`.",
};
static INFECTED: Kind = Kind {
    code: "file-infected",
    status: 409,
    title: "The virus scanner found something in it",
    cause: "The virus scanner found something in the content, which was removed. What was known of the file stays.",
    cure: "Ask who uploaded it for a clean one, and delete this one.",
};
static NOT_SATISFIABLE: Kind = Kind {
    code: "range-not-satisfiable",
    status: 416,
    title: "The range begins behind the end",
    cause: "`Range` asks for bytes that the content does not have.",
    cure: "Ask for a range within the size that `Content-Range` tells.",
};

/// Bytes, not JSON.
pub struct FileContent;

impl Outcome for FileContent {
    fn answer(&self, _: &Grants) -> Result<Answer<Self>> {
        Ok(Answer::new(StatusCode::NO_CONTENT, Vec::new())) // the handler answers itself
    }

    fn describe(doc: &mut OperationDoc) {
        for (status, description) in [("200", "The bytes of the file"), ("206", "The bytes of the range")] {
            doc.answers_with(status, "application/octet-stream", description);
            doc.answer_header(status, "ETag", "The SHA-256 of the whole content.");
            doc.answer_header(status, "Accept-Ranges", "`bytes`: ranges can be asked for.");
        }
        doc.answer_header("206", "Content-Range", "Which bytes these are, and of how many (RFC 9110 §14.4).");
        doc.parameters.push(range_parameter());
        doc.refusals.extend(["409", "416"]);
    }
}

/// Characters of a `Range`; one range needs fewer.
const LONGEST_RANGE: usize = 200;

fn range_parameter() -> utoipa::openapi::path::Parameter {
    let schema = utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::Type::String)
        .min_length(Some(1))
        .max_length(Some(LONGEST_RANGE));
    utoipa::openapi::path::ParameterBuilder::new()
        .name("Range")
        .parameter_in(utoipa::openapi::path::ParameterIn::Header)
        .description(Some(
            "One range of bytes (RFC 9110 §14.2). Several, or what is none, are answered with the whole.",
        ))
        .schema(Some(schema))
        .example(Some("bytes=0-1023".into()))
        .build()
}

/// Read the content of a file
///
/// The bytes as they were uploaded, to be saved: what they are is told by the file's `content_type`. Refused with 409 while
/// the virus scanner has not answered, and where it found something.
#[utoipa::path(get, path = "/v1/files/{id}/content", tag = "Files")]
async fn get_file_content(may: May<Read, File>, id: Id<File>) -> Reply<FileContent> {
    if may.http().headers().get(header::RANGE).is_some_and(|range| range.len() > LONGEST_RANGE) {
        let rule = format!("`Range` has at most {LONGEST_RANGE} characters: ask for one range.");
        return Err(MALFORMED_REQUEST.because(rule));
    }
    let (file, content_id): (File, Uuid) = may
        .read(async |db| {
            let one = files::table.find((db.organization(), id.0));
            Ok(one.select((File::as_select(), files::content_id)).get_result(db).await?)
        })
        .await?;
    match file.status {
        FileStatus::Available => {}
        FileStatus::Quarantined => {
            return Err(QUARANTINED.because(QUARANTINED.cure).with(header::RETRY_AFTER, "5"));
        }
        FileStatus::Infected => return Err(INFECTED.because(INFECTED.cure)),
    }
    let tag = format!("\"{}\"", file.sha256);
    let asked =
        |name: header::HeaderName| may.http().headers().get(name).and_then(|value| value.to_str().ok());
    let matches = |given: &str| {
        given.split(',').any(|each| {
            matches!(each.trim().trim_start_matches("W/"), "*") || each.trim().trim_start_matches("W/") == tag
        })
    };
    if asked(header::IF_NONE_MATCH).is_some_and(matches) {
        return Ok(Answer::new(StatusCode::NOT_MODIFIED, Vec::new()).with(header::ETAG, &tag));
    }
    let size = file.size.unsigned_abs();
    // A range is of the content that the client has, or is answered with the whole.
    let wanted = asked(header::RANGE).filter(|_| asked(header::IF_RANGE).is_none_or(|given| given == tag));
    let range = match wanted.map(|wanted| read_range(wanted, size)) {
        Some(Asked::Bytes(range)) => Some(range),
        Some(Asked::Nothing) => {
            let told = format!("The content has {size} bytes.");
            return Err(NOT_SATISFIABLE.because(told).with(header::CONTENT_RANGE, format!("bytes */{size}")));
        }
        Some(Asked::Whole) | None => None,
    };
    // The connection to the database went back before: a slow reader holds none.
    let bytes =
        app_data::<Filing>(may.http()).storage.read(may.organization(), content_id, range.clone()).await?;
    let (status, length) = match &range {
        Some(range) => (StatusCode::PARTIAL_CONTENT, range.end - range.start),
        None => (StatusCode::OK, size),
    };
    let answer = Answer::bytes(status, "application/octet-stream", SizedStream::new(length, bytes))
        .with(header::ETAG, &tag)
        .with(header::ACCEPT_RANGES, "bytes")
        .with(header::CONTENT_DISPOSITION, &as_attachment(&file.name))
        .with(header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox; frame-ancestors 'none'")
        // Packed on the way, neither the length nor the ranges nor the tag would be the content's.
        .with(header::CONTENT_ENCODING, "identity");
    Ok(match range {
        Some(range) => {
            answer.with(header::CONTENT_RANGE, &format!("bytes {}-{}/{size}", range.start, range.end - 1))
        }
        None => answer,
    })
}

/// The name quoted, and in full for those who can read it (RFC 6266 §4.3, RFC 8187).
fn as_attachment(name: &str) -> String {
    let plain: String =
        name.chars()
            .map(|letter| {
                if matches!(letter, ' '..='~') && !matches!(letter, '"' | '\\' | '%') { letter } else { '_' }
            })
            .collect();
    if plain == name {
        return format!("attachment; filename=\"{plain}\"");
    }
    let is_itself = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte);
    let in_full = name.bytes().fold(String::new(), |mut text, byte| {
        if is_itself(byte) {
            text.push(byte.into());
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
        text
    });
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{in_full}")
}

#[derive(Debug, PartialEq)]
enum Asked {
    Whole,
    Bytes(Range<u64>),
    /// A range that begins behind the end.
    Nothing,
}

/// `bytes=0-499`, `bytes=500-`, `bytes=-500`.
fn read_range(text: &str, size: u64) -> Asked {
    let Some((first, last)) = text.strip_prefix("bytes=").and_then(|range| range.trim().split_once('-'))
    else {
        return Asked::Whole;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last && first < size => {
            Asked::Bytes(first..last.saturating_add(1).min(size))
        }
        (Ok(first), Ok(last)) if first <= last => Asked::Nothing,
        (Ok(first), Err(_)) if last.is_empty() && first < size => Asked::Bytes(first..size),
        (Ok(_), Err(_)) if last.is_empty() => Asked::Nothing,
        (Err(_), Ok(0)) if first.is_empty() => Asked::Nothing,
        (Err(_), Ok(last)) if first.is_empty() => Asked::Bytes(size.saturating_sub(last)..size),
        _ => Asked::Whole,
    }
}

pub fn routes(api: &mut Api) {
    api.problem(&QUARANTINED).problem(&INFECTED).problem(&NOT_SATISFIABLE).call(operation!(get_file_content));
}

#[cfg(test)]
mod tests {
    use super::{Asked, as_attachment, read_range};

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        for (text, expected) in [
            ("bytes=0-499", Asked::Bytes(0..500)),
            ("bytes=500-", Asked::Bytes(500..1000)),
            ("bytes=-300", Asked::Bytes(700..1000)),
            ("bytes=-3000", Asked::Bytes(0..1000)),
            ("bytes=999-2000", Asked::Bytes(999..1000)),
            ("bytes=0-18446744073709551615", Asked::Bytes(0..1000)),
            ("bytes=1000-", Asked::Nothing),
            ("bytes=-0", Asked::Nothing),
            ("bytes=0-1,5-6", Asked::Whole),
            ("bytes=5-3", Asked::Whole),
            ("items=0-1", Asked::Whole),
            ("bytes=-", Asked::Whole),
        ] {
            assert_eq!(read_range(text, 1000), expected, "{text}");
        }
    }

    #[test]
    fn a_name_stays_within_its_quotes() {
        assert_eq!(as_attachment("plan.pdf"), "attachment; filename=\"plan.pdf\"");
        let told = as_attachment("a\"; b=\r\nX: é.pdf");
        assert!(!told.contains('\n') && told.matches('"').count() == 2, "{told}");
        assert!(told.contains("filename*=UTF-8''a%22%3B%20b%3D%0D%0AX%3A%20%C3%A9.pdf"), "{told}");
    }
}
