//! What an archive looks like inside: docs/archive.md tells it to those who read one with other tools.
//!
//! A tar (POSIX ustar) packed with gzip, in this order: `archive.json`, then `tables/<table>/<number>.ndjson` with the rows, then
//! `files/<id>` with contents, and `manifest.json`, which says what all of that must have been.
use platform::prelude::*;
use sha2::{Digest, Sha256};

pub const FORMAT: u64 = 1;
pub const HEAD: &str = "archive.json";
pub const MANIFEST: &str = "manifest.json";

/// Rows are written in parts of about so many bytes.
pub const PART: usize = 4 << 20;
/// A part of rows, the head or the manifest is no larger than this; a row that is larger would not fit into a request either.
pub const LARGEST_PART: u64 = 64 << 20;

/// What an archive begins with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    pub format: u64,
    pub organization: Identity,
    /// When the rows were as they are here: all of them at the same moment.
    pub as_of: DateTime<Utc>,
    /// The newest migration of the database that it was made of.
    pub schema: String,
    pub tables: Vec<Table>,
}

/// Whose archive it is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Identity {
    pub id: Uuid,
    pub slug: String,
    pub name: String,
}

/// A table and its columns, in the order of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    pub name: String,
    pub columns: Vec<String>,
}

/// What an archive ends with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    pub tables: Vec<TablePart>,
    pub files: Files,
}

/// What a table's parts come to, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TablePart {
    pub name: String,
    pub rows: u64,
    pub bytes: u64,
    pub sha256: String,
}

/// What the files come to. Each has its own hash in its row of `file_contents`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Files {
    pub count: u64,
    pub bytes: u64,
    /// Those that the store did not have any more.
    pub missing: Vec<Uuid>,
}

/// Counts and hashes what goes into a table's parts, or comes out of them.
pub struct Tally {
    name: String,
    rows: u64,
    bytes: u64,
    hash: Sha256,
}

impl Tally {
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), rows: 0, bytes: 0, hash: Sha256::new() }
    }

    pub fn add(&mut self, rows: u64, part: &[u8]) {
        self.rows += rows;
        self.bytes += part.len() as u64;
        self.hash.update(part);
    }

    pub fn end(self) -> TablePart {
        TablePart { name: self.name, rows: self.rows, bytes: self.bytes, sha256: hex(&self.hash.finalize()) }
    }
}

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What an entry of an archive is, by its name. No name leads anywhere: nothing is ever unpacked to where it says.
#[derive(Debug, PartialEq, Eq)]
pub enum Entry {
    Head,
    Rows { table: String, number: u64 },
    File(Uuid),
    Manifest,
}

impl Entry {
    /// None where it is nothing that an archive has.
    pub fn of(name: &str) -> Option<Self> {
        match name {
            HEAD => return Some(Self::Head),
            MANIFEST => return Some(Self::Manifest),
            _ => {}
        }
        if let Some(id) = name.strip_prefix("files/") {
            let id: Uuid = id.parse().ok()?;
            return (name == Self::File(id).name()).then_some(Self::File(id));
        }
        let (table, number) = name.strip_prefix("tables/")?.strip_suffix(".ndjson")?.split_once('/')?;
        let is_name = !table.is_empty()
            && table.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        let entry = Self::Rows { table: table.to_owned(), number: number.parse().ok()? };
        (is_name && name == entry.name()).then_some(entry)
    }

    pub fn name(&self) -> String {
        match self {
            Self::Head => HEAD.to_owned(),
            Self::Rows { table, number } => format!("tables/{table}/{number:06}.ndjson"),
            Self::File(id) => format!("files/{id}"),
            Self::Manifest => MANIFEST.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Entry;

    #[test]
    fn a_name_leads_nowhere_else() {
        let rows = Entry::Rows { table: "employees".into(), number: 1 };
        assert_eq!(Entry::of("tables/employees/000001.ndjson"), Some(rows));
        assert_eq!(Entry::of("archive.json"), Some(Entry::Head));
        for name in [
            "",
            "/",
            "..",
            "../archive.json",
            "/etc/passwd",
            "tables/../../etc/000001.ndjson",
            "tables//000001.ndjson",
            "tables/employees/1.ndjson",
            "tables/employees/000001.ndjson/..",
            "tables/a\"b/000001.ndjson",
            "files/../x",
            "files/01938c6e-7d3a-7c4e-9f0a-6f1c2b3d4e5f/x",
            "files/01938C6E-7D3A-7C4E-9F0A-6F1C2B3D4E5F",
            "./archive.json",
            "archive.json\0",
        ] {
            assert_eq!(Entry::of(name), None, "{name}");
        }
    }
}
