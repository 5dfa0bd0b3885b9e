//! What files may be: the types that are taken, and for each purpose how large and of which type.
use platform::text_enum;

/// A type of content.
#[derive(Debug)]
pub struct MediaType {
    /// Its registered name.
    pub name: &'static str,
    /// What the names of such files end in.
    pub extensions: &'static [&'static str],
    pub family: Family,
}

/// How a type is told by its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// By its first bytes.
    Signed,
    /// A ZIP archive, told by what is in it.
    Archive,
    /// The older documents of Microsoft Office, which differ within: the name tells which.
    Compound,
    /// Text, which looks the same whatever it means: what it is sent as, or the name, tells.
    Text,
}

const fn of(name: &'static str, family: Family, extensions: &'static [&'static str]) -> MediaType {
    MediaType { name, extensions, family }
}

/// Every type that is taken. The first of each family is what such content is where nothing says more.
pub static TYPES: &[MediaType] = &[
    of("application/pdf", Family::Signed, &["pdf"]),
    of("image/png", Family::Signed, &["png"]),
    of("image/jpeg", Family::Signed, &["jpg", "jpeg"]),
    of("image/gif", Family::Signed, &["gif"]),
    of("image/webp", Family::Signed, &["webp"]),
    of("image/tiff", Family::Signed, &["tif", "tiff"]),
    of("image/heif", Family::Signed, &["heic", "heif"]),
    of("application/zip", Family::Archive, &["zip"]),
    of(DOCX, Family::Archive, &["docx"]),
    of(XLSX, Family::Archive, &["xlsx"]),
    of(PPTX, Family::Archive, &["pptx"]),
    of("application/vnd.oasis.opendocument.text", Family::Archive, &["odt"]),
    of("application/vnd.oasis.opendocument.spreadsheet", Family::Archive, &["ods"]),
    of("application/vnd.oasis.opendocument.presentation", Family::Archive, &["odp"]),
    of("application/msword", Family::Compound, &["doc"]),
    of("application/vnd.ms-excel", Family::Compound, &["xls"]),
    of("application/vnd.ms-powerpoint", Family::Compound, &["ppt"]),
    of("application/vnd.ms-outlook", Family::Compound, &["msg"]),
    of("text/plain", Family::Text, &["txt", "text", "log", "md"]),
    of("text/csv", Family::Text, &["csv"]),
    of("text/tab-separated-values", Family::Text, &["tsv"]),
    of("application/json", Family::Text, &["json"]),
    of("application/x-ndjson", Family::Text, &["ndjson", "jsonl"]),
    of("message/rfc822", Family::Text, &["eml"]),
];
pub const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
pub const PPTX: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";

/// The type of this name.
#[must_use]
pub fn named(name: &str) -> Option<&'static MediaType> {
    let name = if name == "image/jpg" { "image/jpeg" } else { name };
    TYPES.iter().find(|each| each.name == name)
}

impl MediaType {
    /// Whether a file of this name can be one: its ending is the type's, or it has none.
    #[must_use]
    pub fn fits(&self, name: &str) -> bool {
        extension(name).is_none_or(|ending| self.extensions.contains(&ending.as_str()))
    }
}

/// What the name ends in, in lower case.
#[must_use]
pub fn extension(name: &str) -> Option<String> {
    name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase()).filter(|ending| !ending.is_empty())
}

text_enum! {
    /// What a file is for, which rules how large and of which type it may be.
    pub enum Purpose { Attachment = "attachment", Document = "document", Portrait = "portrait", Import = "import" }
}

/// What files of a purpose may be.
pub struct Limits {
    pub purpose: Purpose,
    /// Bytes at the most.
    pub size: u64,
    /// The endings of the types that are taken; none means all.
    takes: &'static [&'static str],
}

const MIB: u64 = 1 << 20;

static LIMITS: [Limits; 4] = [
    Limits { purpose: Purpose::Attachment, size: 25 * MIB, takes: &[] },
    Limits {
        purpose: Purpose::Document,
        size: 100 * MIB,
        takes: &[
            "pdf", "png", "jpg", "tif", "docx", "xlsx", "pptx", "odt", "ods", "odp", "doc", "xls", "ppt",
            "eml", "msg",
        ],
    },
    Limits { purpose: Purpose::Portrait, size: 5 * MIB, takes: &["png", "jpg", "webp"] },
    Limits {
        purpose: Purpose::Import,
        size: 200 * MIB,
        takes: &["csv", "tsv", "xlsx", "ods", "json", "ndjson", "txt"],
    },
];

impl Purpose {
    /// What files of this purpose may be.
    #[must_use]
    pub fn limits(self) -> &'static Limits {
        let index = match self {
            Self::Attachment => 0,
            Self::Document => 1,
            Self::Portrait => 2,
            Self::Import => 3,
        };
        &LIMITS[index]
    }
}

impl Limits {
    /// Whether such content is taken.
    #[must_use]
    pub fn take(&self, media: &MediaType) -> bool {
        self.takes.is_empty() || self.takes.contains(&media.extensions[0])
    }

    /// The limits in a sentence, for problems and for the contract.
    #[must_use]
    pub fn tell(&self) -> String {
        let taken: Vec<_> =
            TYPES.iter().filter(|each| self.take(each)).map(|each| each.extensions[0]).collect();
        format!(
            "A file for `{}` may have {} MiB and be one of: {}.",
            self.purpose.as_str(),
            self.size / MIB,
            taken.join(", ")
        )
    }

    /// The limits of all purposes.
    #[must_use]
    pub fn tell_all() -> String {
        LIMITS.iter().map(Self::tell).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::{LIMITS, Purpose, TYPES, named};

    #[test]
    fn each_purpose_has_its_limits_and_takes_types_that_there_are() {
        for limits in &LIMITS {
            assert_eq!(limits.purpose.limits().size, limits.size);
            assert!(limits.takes.iter().all(|ending| TYPES.iter().any(|each| each.extensions[0] == *ending)));
        }
        assert_eq!(Purpose::ALL.len(), LIMITS.len());
    }

    #[test]
    fn a_name_ends_as_its_type_does_or_in_nothing() {
        let pdf = named("application/pdf").unwrap();
        assert!(pdf.fits("contract.pdf") && pdf.fits("Contract.PDF") && pdf.fits("contract"));
        assert!(!pdf.fits("contract.exe") && !pdf.fits("contract.pdf.html"));
    }
}
