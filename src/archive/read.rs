//! Reading an archive from its beginning to its end, and believing nothing that it says of itself: names lead nowhere, sizes have
//! limits, what is packed too well is not unpacked, and everything has to be what the manifest says.
use crate::layout::{Entry, FORMAT, Files, HEAD, Head, LARGEST_PART, MANIFEST, Manifest, Tally};
use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;
use std::cell::Cell;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::rc::Rc;
use tar::EntryType;
use uuid::Uuid;

/// What is packed better than this was made to fill disks: rows of JSON pack to a tenth, seldom to a fiftieth.
const BEST_PACKING: u64 = 250;
/// So much is unpacked in any case.
const UNSUSPICIOUS: u64 = 64 << 20;

/// A sentence on what is wrong with the archive.
pub type Refusal<T> = Result<T, String>;

/// What comes out of an archive, in its order.
pub trait Taker {
    /// What it begins with.
    fn head(&mut self, head: &Head) -> impl Future<Output = Refusal<()>>;
    /// Some rows of a table, a line of JSON each.
    fn rows(&mut self, table: &str, lines: &str) -> impl Future<Output = Refusal<()>>;
    /// The content of a file. What is not read is skipped.
    fn file(&mut self, id: Uuid, size: u64, content: &mut dyn Read) -> impl Future<Output = Refusal<()>>;
    /// What it ends with; everything was as it says.
    fn manifest(&mut self, manifest: &Manifest) -> impl Future<Output = Refusal<()>>;
}

/// Reads the archive and hands on what is in it. What was handed on counts only if this succeeds.
///
/// # Errors
/// It is damaged, not whole, not what its manifest says, or no archive; or the taker refuses.
pub async fn read(path: &Path, taker: &mut impl Taker) -> Refusal<Manifest> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let packed = Rc::new(Cell::new(0));
    let counted = Counted { inner: BufReader::new(file), count: Rc::clone(&packed) };
    let contents = Rc::new(Cell::new(0));
    let unpacked =
        Unpacked { inner: GzDecoder::new(counted), packed, contents: Rc::clone(&contents), count: 0 };
    let mut archive = tar::Archive::new(unpacked);
    let mut reading = Reading::default();
    // Raw: what tar has grown to say of names, sizes and holes is not asked for.
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        let mut entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let kind = Entry::of(&name).filter(|_| entry.header().entry_type() == EntryType::Regular);
        let kind =
            kind.ok_or_else(|| format!("`{}` is nothing that an archive holds", name.escape_debug()))?;
        let size = entry.header().entry_size().map_err(damaged)?;
        reading.next(&kind, &name, size)?;
        match kind {
            Entry::Head => {
                let head: Head = document(&mut entry, &name)?;
                if head.format != FORMAT {
                    return Err(format!(
                        "the archive has the format {}, and this program reads {FORMAT}",
                        head.format
                    ));
                }
                taker.head(&head).await?;
                reading.head = Some(head);
            }
            Entry::Rows { table, .. } => {
                let lines = text(&mut entry, &name)?;
                reading
                    .tally
                    .as_mut()
                    .ok_or("a part without its table")?
                    .add(lines.lines().count() as u64, lines.as_bytes());
                taker.rows(&table, &lines).await?;
            }
            Entry::File(id) => {
                // People keep files that pack to nothing. Their sizes are told by rows, which do not.
                contents.set(contents.get() + size);
                taker.file(id, size, &mut entry).await?;
                // What was not taken has to be there all the same.
                std::io::copy(&mut entry, &mut std::io::sink()).map_err(damaged)?;
            }
            Entry::Manifest => {
                let manifest: Manifest = document(&mut entry, &name)?;
                reading.end(&manifest)?;
                // To the very end, where gzip keeps its check sum.
                drop(entry);
                std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).map_err(damaged)?;
                taker.manifest(&manifest).await?;
                return Ok(manifest);
            }
        }
    }
    Err(format!("the archive is not whole: it ends before `{MANIFEST}`"))
}

/// Where in the archive the reader is, and what was found so far.
#[derive(Default)]
struct Reading {
    head: Option<Head>,
    tally: Option<Tally>,
    table: Option<(String, u64)>,
    found: Manifest,
    last_file: Option<Uuid>,
}

impl Reading {
    /// Whether this may come next: everything has its place, and nothing comes twice.
    fn next(&mut self, kind: &Entry, name: &str, size: u64) -> Refusal<()> {
        let misplaced = || Err(format!("`{name}` is not where an archive has it"));
        if !matches!(kind, Entry::File(_)) && size > LARGEST_PART {
            return Err(format!("`{name}` is larger than any part of an archive"));
        }
        match kind {
            Entry::Head => {
                if self.head.is_some() {
                    misplaced()
                } else {
                    Ok(())
                }
            }
            _ if self.head.is_none() => {
                Err(format!("it is no archive of an organization: it does not begin with `{HEAD}`"))
            }
            Entry::Rows { table, number } => {
                if self.last_file.is_some() {
                    return misplaced();
                }
                let goes_on =
                    self.table.as_ref().is_some_and(|(last, before)| last == table && *number == before + 1);
                if !goes_on {
                    let is_new = self.table.as_ref().is_none_or(|(last, _)| last < table);
                    let is_known =
                        self.head.iter().flat_map(|head| &head.tables).any(|each| each.name == *table);
                    if *number != 1 || !is_new || !is_known {
                        return misplaced();
                    }
                    self.end_table();
                    self.tally = Some(Tally::new(table));
                }
                self.table = Some((table.clone(), *number));
                Ok(())
            }
            Entry::File(id) => {
                if self.last_file.is_some_and(|last| last >= *id) {
                    return misplaced();
                }
                self.last_file = Some(*id);
                self.found.files = Files {
                    count: self.found.files.count + 1,
                    bytes: self.found.files.bytes + size,
                    missing: Vec::new(),
                };
                Ok(())
            }
            Entry::Manifest => Ok(()),
        }
    }

    fn end_table(&mut self) {
        self.found.tables.extend(self.tally.take().map(Tally::end));
    }

    /// Holds what was found against the manifest.
    fn end(&mut self, manifest: &Manifest) -> Refusal<()> {
        self.end_table();
        let head = self.head.as_ref().ok_or("a manifest without an archive")?;
        if manifest.tables.iter().map(|part| &part.name).ne(head.tables.iter().map(|table| &table.name)) {
            return Err(format!("`{MANIFEST}` tells of other tables than `{HEAD}`"));
        }
        for told in &manifest.tables {
            let empty = Tally::new(&told.name).end();
            let found = self.found.tables.iter().find(|part| part.name == told.name).unwrap_or(&empty);
            if found != told {
                return Err(format!(
                    "the rows of {} are not those that were exported: {} of {} rows, and their SHA-256 is {}",
                    told.name,
                    found.rows,
                    told.rows,
                    if found.sha256 == told.sha256 { "the same" } else { "another" }
                ));
            }
        }
        if (self.found.files.count, self.found.files.bytes) != (manifest.files.count, manifest.files.bytes) {
            return Err(format!("{} of {} files are there", self.found.files.count, manifest.files.count));
        }
        Ok(())
    }
}

fn damaged(error: impl std::fmt::Display) -> String {
    format!("the archive is damaged or not whole: {error}")
}

fn text(entry: &mut impl Read, name: &str) -> Refusal<String> {
    let mut text = String::new();
    entry.take(LARGEST_PART).read_to_string(&mut text).map_err(|error| format!("`{name}`: {error}"))?;
    Ok(text)
}

fn document<T: DeserializeOwned>(entry: &mut impl Read, name: &str) -> Refusal<T> {
    serde_json::from_str(&text(entry, name)?).map_err(|error| format!("`{name}` can not be read: {error}"))
}

/// Counts the packed bytes.
struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// Unpacks, and stops where more comes out than anybody would have put in.
struct Unpacked<R> {
    inner: R,
    packed: Rc<Cell<u64>>,
    /// Bytes of files, which count for nothing.
    contents: Rc<Cell<u64>>,
    count: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        let rows = self.count.saturating_sub(self.contents.get());
        if rows > UNSUSPICIOUS && rows / BEST_PACKING > self.packed.get() {
            return Err(std::io::Error::other(
                "it is packed better than any organization is, as something made to fill disks is",
            ));
        }
        Ok(count)
    }
}
