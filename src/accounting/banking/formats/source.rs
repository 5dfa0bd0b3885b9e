//! A file as text in UTF-8, whatever encoding it came in, with the line that is being read, and no piece of it longer than
//! is sane.
use super::{FileFault, Format, fault};
use encoding_rs::{Encoding, WINDOWS_1252};
use encoding_rs_io::DecodeReaderBytesBuilder;
use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Cursor, Read};

/// Bytes of an element's text, a field, a row: what is longer than this is not read on.
const LONGEST_PIECE: usize = 256 << 10;
/// Bytes at the head of a file that tell what it is.
const HEAD: u64 = 4096;

pub(super) struct Source {
    head: Vec<u8>,
    rest: BufReader<Box<dyn Read>>,
    line: u32,
    piece: usize,
}

impl Source {
    /// Looks at the head of the file, which tells in what encoding the rest is: a byte order mark, the XML declaration,
    /// OFX's header. What says nothing is UTF-8; where a piece is not, it is taken for Windows-1252.
    pub(super) fn open(mut file: impl Read + 'static) -> Result<Self, FileFault> {
        let broken = |_| fault(1, "", "unreadable", "can not be read");
        let mut raw = Vec::new();
        (&mut file).take(HEAD).read_to_end(&mut raw).map_err(broken)?;
        let mut decoding: Box<dyn Read> = Box::new(
            DecodeReaderBytesBuilder::new()
                .encoding(declared(&raw))
                .bom_override(true)
                .utf8_passthru(true)
                .strip_bom(true)
                .build(Cursor::new(raw).chain(file)),
        );
        let mut head = Vec::new();
        (&mut decoding).take(HEAD).read_to_end(&mut head).map_err(broken)?;
        let rest: Box<dyn Read> = Box::new(Cursor::new(head.clone()).chain(decoding));
        Ok(Self { head, rest: BufReader::with_capacity(64 << 10, rest), line: 1, piece: 0 })
    }

    /// What the file is, by its head.
    pub(super) fn guess(&self) -> Option<Format> {
        let head = text(&self.head);
        let head = head.trim_start();
        let is_field =
            |line: &str| line.starts_with(":20:") || line.starts_with("{1:") || line.starts_with(":25:");
        if head.starts_with("OFXHEADER")
            || head.starts_with('<') && (head.contains("<OFX>") || head.contains("<?OFX"))
        {
            return Some(Format::Ofx);
        }
        if head.starts_with('<') {
            return Some(Format::Camt053);
        }
        head.lines().take(20).any(is_field).then_some(Format::Mt940)
    }

    /// Whether it begins as XML does.
    pub(super) fn is_xml(&self) -> bool {
        text(&self.head).trim_start().starts_with("<?")
    }

    /// The line that is being read.
    pub(super) fn line(&self) -> u32 {
        self.line
    }

    /// What follows is another piece.
    pub(super) fn begin_piece(&mut self) {
        self.piece = 0;
    }

    /// The next line, without its end; none at the end of the file.
    pub(super) fn next_line(&mut self) -> io::Result<Option<String>> {
        self.begin_piece();
        let mut line = Vec::new();
        if self.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        Ok(Some(text(&line).trim_end_matches(['\n', '\r']).to_owned()))
    }

    /// The same as a fault.
    pub(super) fn broken(&self, error: &io::Error) -> FileFault {
        let rule = if error.kind() == io::ErrorKind::FileTooLarge {
            format!("is longer than {} KiB", LONGEST_PIECE >> 10)
        } else {
            "can not be read".to_owned()
        };
        fault(self.line, "", "unreadable", rule)
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece > LONGEST_PIECE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.rest.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        let lines = memchr::memchr_iter(b'\n', &self.rest.buffer()[..count]).count();
        self.line = self.line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
        self.piece += count;
        self.rest.consume(count);
    }
}

/// The bytes as text: UTF-8, or what programs on Windows write.
pub(super) fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

/// The encoding that the head declares, where that is another than UTF-8.
fn declared(head: &[u8]) -> Option<&'static Encoding> {
    let head = String::from_utf8_lossy(&head[..head.len().min(1024)]);
    let label = if let Some((_, after)) = head.split_once("OFXHEADER:") {
        // OFX 1.6 §2.2: CHARSET counts where ENCODING is USASCII.
        let field = |name: &str| {
            let (_, value) = after.split_once(name)?;
            Some(value.split(|c: char| c.is_whitespace() || c == '<').next()?.to_owned())
        };
        match (field("ENCODING:").as_deref(), field("CHARSET:").as_deref()) {
            (Some("USASCII"), Some("1252")) => "windows-1252".to_owned(),
            (Some("USASCII"), Some("ISO-8859-1" | "8859-1")) => "iso-8859-1".to_owned(),
            _ => return None,
        }
    } else {
        let declaration = head.trim_start().strip_prefix("<?xml")?.split("?>").next()?.to_owned();
        let (_, value) = declaration.split_once("encoding")?;
        value.split(['"', '\'']).nth(1)?.to_owned()
    };
    // UTF-16 without its mark is a label on what is plainly not that: the declaration could be read.
    Encoding::for_label(label.as_bytes())
        .filter(|encoding| encoding.is_ascii_compatible() && *encoding != encoding_rs::UTF_8)
}
