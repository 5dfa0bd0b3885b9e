//! What bytes are, by the bytes, and whether they pretend to be something else as well: looked at while they pass, of
//! which the beginning and the end are kept.
use crate::media::{self, DOCX, Family, MediaType, PPTX, TYPES, XLSX};
use platform::prelude::*;
use std::ops::Range;

/// Bytes of the beginning that are looked at.
const HEAD: usize = 8 * 1024;
/// Bytes of the end: where a ZIP archive has its end record, whose comment has 65,535 bytes at the most.
const TAIL: usize = 66 * 1024;
/// The list of what is in an archive may be as long.
const LONGEST_DIRECTORY: u64 = 4 << 20;
/// So many things may be in an archive.
const MOST_ENTRIES: usize = 20_000;
/// Unpacked, an archive is larger by this factor at the most, from so many bytes on.
const BOMB: (u64, u64) = (200, 256 << 20);

const ARCHIVE_BEGINS: &[u8] = b"PK\x03\x04";
const ARCHIVE_ENDS: &[u8] = b"PK\x05\x06";
const COMPOUND_BEGINS: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// What is kept of the bytes that pass.
pub struct Inspection {
    head: Vec<u8>,
    tail: Vec<u8>,
    size: u64,
    is_text: bool,
}

impl Inspection {
    pub fn new() -> Self {
        Self { head: Vec::new(), tail: Vec::new(), size: 0, is_text: true }
    }

    /// The next bytes.
    pub fn see(&mut self, bytes: &[u8]) {
        let wanted = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..wanted]);
        self.size += bytes.len() as u64;
        self.is_text = self.is_text && !bytes.iter().any(|&byte| is_binary(byte));
        self.tail.extend_from_slice(bytes);
        if self.tail.len() > 2 * TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
    }

    /// The type, where it is one of those that are taken. `read` reads from what was kept.
    ///
    /// # Errors
    /// 415 where it is none, 422 where it is two things at once or is no archive to be unpacked by anybody.
    pub async fn conclude(
        &self,
        name: &str,
        declared: Option<&str>,
        read: impl AsyncFn(Range<u64>) -> Result<Vec<u8>>,
    ) -> Result<&'static MediaType> {
        let family = self.family()?;
        self.refuse_polyglots(family)?;
        let inside = match family {
            Family::Archive => Some(self.directory(read).await?),
            _ => None,
        };
        let found = match family {
            Family::Signed => self.signature(),
            // OpenDocument says so in its first entry.
            Family::Archive => self
                .signature()
                .filter(|kind| kind.name.starts_with("application/vnd.oasis."))
                .or_else(|| inside.as_ref().and_then(|inside| media::named(inside.kind()))),
            Family::Compound | Family::Text => told(family, name, declared),
        };
        let found = found.ok_or_else(|| self.unknown())?;
        let declared = declared.filter(|declared| *declared != "application/octet-stream");
        if declared
            .is_some_and(|declared| media::named(declared).is_none_or(|declared| declared.name != found.name))
        {
            let rule =
                format!("says `{}`, and the content is `{}`", declared.unwrap_or_default(), found.name);
            return Err(Problem::invalid(vec![Fault::of("Content-Type", "contradicts-content", rule)]));
        }
        if !found.fits(name) {
            let endings: Vec<_> = found.extensions.iter().map(|ending| format!(".{ending}")).collect();
            let rule = format!("must end in {}, since the content is `{}`", endings.join(" or "), found.name);
            return Err(Problem::invalid(vec![Fault::of("name", "contradicts-content", rule)]));
        }
        Ok(found)
    }

    fn family(&self) -> Result<Family> {
        if self.head.starts_with(ARCHIVE_BEGINS) {
            return Ok(Family::Archive);
        }
        if self.head.starts_with(COMPOUND_BEGINS) {
            return Ok(Family::Compound);
        }
        match self.signature() {
            Some(kind) if kind.family == Family::Signed => Ok(Family::Signed),
            // Markup and scripts are text that somebody's program would run.
            _ if self.is_text && !begins_as_a_program(&self.head) => Ok(Family::Text),
            _ => Err(self.unknown()),
        }
    }

    fn signature(&self) -> Option<&'static MediaType> {
        infer::get(&self.head).and_then(|kind| media::named(kind.mime_type()))
    }

    fn unknown(&self) -> Problem {
        let kind = infer::get(&self.head).map_or("of an unknown type", |kind| kind.mime_type());
        let endings: Vec<_> = TYPES.iter().map(|each| each.extensions[0]).collect();
        platform::problem::UNSUPPORTED_MEDIA_TYPE.because(format!(
            "The content is {kind}, by its bytes. Files may be one of: {}; pack others into a zip.",
            endings.join(", ")
        ))
    }

    /// A file is one thing: no archive behind a picture, no page in its comment, no PDF further in.
    fn refuse_polyglots(&self, family: Family) -> Result<()> {
        let first = &self.head[..self.head.len().min(1024)];
        let is_pdf = self.head.starts_with(b"%PDF-");
        let hides = if family != Family::Archive && self.end_record().is_some() {
            Some("an archive")
        } else if !is_pdf && holds(first, b"%PDF-") {
            Some("a PDF")
        } else if family == Family::Signed && self.is_text && !is_pdf {
            Some("text")
        } else if family == Family::Signed
            && (is_markup(first) || !is_pdf && (is_markup(&self.head) || is_markup(&self.tail)))
        {
            Some("markup or a script")
        } else {
            None
        };
        match hides {
            Some(other) => {
                Err(unsafe_content("polyglot", &format!("is one thing at first sight, and {other} as well")))
            }
            None => Ok(()),
        }
    }

    /// Where the end record of an archive begins in the tail, if the bytes end in one.
    fn end_record(&self) -> Option<usize> {
        let last = self.tail.len().checked_sub(22)?;
        let earliest = last.saturating_sub(65_535);
        (earliest..=last).rev().find(|&at| {
            self.tail[at..].starts_with(ARCHIVE_ENDS)
                && at + 22 + usize::from(u16_at(&self.tail, at + 20)) == self.tail.len()
        })
    }

    /// What is in the archive (APPNOTE.TXT 4.3.12, 4.3.16).
    async fn directory(&self, read: impl AsyncFn(Range<u64>) -> Result<Vec<u8>>) -> Result<Directory> {
        let broken =
            || unsafe_content("broken-archive", "is an archive whose list of contents can not be read");
        let at = self.end_record().ok_or_else(broken)?;
        let (length, begins) =
            (u64::from(u32_at(&self.tail, at + 12)), u64::from(u32_at(&self.tail, at + 16)));
        let ends = self.size - (self.tail.len() - at) as u64;
        // Nothing stands between the list and its end record: else something hides there, or in front of the archive.
        if begins + length != ends || length > LONGEST_DIRECTORY {
            return Err(broken());
        }
        let list = read(begins..ends).await?;
        let directory = Directory::read(&list).ok_or_else(broken)?;
        directory.refuse_slips()?;
        if directory.unpacked > BOMB.1 && directory.unpacked / BOMB.0 > self.size {
            return Err(unsafe_content(
                "archive-bomb",
                "is an archive that unpacks to more than 200 times its size",
            ));
        }
        Ok(directory)
    }
}

fn unsafe_content(code: &str, rule: &str) -> Problem {
    Problem::invalid(vec![Fault::at("", code, rule)])
}

/// What is in an archive.
struct Directory {
    names: Vec<String>,
    links: bool,
    unpacked: u64,
}

impl Directory {
    fn read(mut list: &[u8]) -> Option<Self> {
        let mut directory = Self { names: Vec::new(), links: false, unpacked: 0 };
        while !list.is_empty() {
            if list.len() < 46 || !list.starts_with(b"PK\x01\x02") || directory.names.len() >= MOST_ENTRIES {
                return None;
            }
            let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(u16_at(list, at)));
            let next = list.get(46 + name + extra + comment..)?;
            directory.names.push(String::from_utf8_lossy(&list[46..46 + name]).into_owned());
            // The upper half holds the mode where Unix made the entry; 0o120000 is a symbolic link.
            directory.links |= u32_at(list, 38) >> 28 == 0o12;
            directory.unpacked += u64::from(u32_at(list, 24));
            list = next;
        }
        Some(directory)
    }

    /// No entry leads out of the folder that somebody unpacks it in.
    fn refuse_slips(&self) -> Result<()> {
        let leads_out = |name: &String| {
            name.starts_with(['/', '\\'])
                || name.contains('\0')
                || name.get(1..2) == Some(":")
                || name.split(['/', '\\']).any(|step| step == "..")
        };
        if self.links || self.names.iter().any(leads_out) {
            return Err(unsafe_content(
                "archive-leads-out",
                "is an archive with an entry that leads out of it",
            ));
        }
        Ok(())
    }

    fn kind(&self) -> &'static str {
        let holds = |wanted: &str| self.names.iter().any(|name| name == wanted);
        match () {
            // A document that brings a program along is no document: as an archive it can be kept.
            () if self.names.iter().any(|name| name.ends_with("vbaProject.bin")) => "application/zip",
            () if holds("word/document.xml") => DOCX,
            () if holds("xl/workbook.xml") => XLSX,
            () if holds("ppt/presentation.xml") => PPTX,
            () => "application/zip",
        }
    }
}

/// Of content that looks the same whatever it means: what it is sent as, else what the name ends in.
fn told(family: Family, name: &str, declared: Option<&str>) -> Option<&'static MediaType> {
    let mut all = TYPES.iter().filter(|each| each.family == family);
    let by_declaration = declared.and_then(media::named).filter(|each| each.family == family);
    let ending = media::extension(name);
    by_declaration
        .or_else(|| {
            all.clone().find(|each| ending.as_deref().is_some_and(|ending| each.extensions.contains(&ending)))
        })
        .or_else(|| all.next())
}

fn is_binary(byte: u8) -> bool {
    byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0C | 0x1B)
}

/// Markup, or the first line of a script.
fn begins_as_a_program(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    head.starts_with(b"<") || head.starts_with(b"#!") || is_markup(&head[..head.len().min(1024)])
}

fn is_markup(bytes: &[u8]) -> bool {
    let lower = bytes.to_ascii_lowercase();
    [&b"<script"[..], b"<html", b"<!doctype html", b"<?php", b"<svg"].iter().any(|word| holds(&lower, word))
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).map_or(0, |pair| u16::from_le_bytes([pair[0], pair[1]]))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}
