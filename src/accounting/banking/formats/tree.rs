//! Marked-up files a record at a time: what holds records is walked through, what is a record is read whole and picked by
//! path. XML knows neither document types nor entities of its own, is nested no deeper than sane, and has to end.
use super::source::{Source, text};
use super::{FileFault, fault};
use quick_xml::errors::{Error, IllFormedError};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::collections::VecDeque;
use std::io::BufRead;

/// Elements within elements.
const DEEPEST: usize = 64;
/// Elements of one record, such as an entry with all payments of a batch.
const MOST_ELEMENTS: usize = 50_000;
/// Bytes of text of one record.
const LONGEST_RECORD: usize = 4 << 20;

/// An element, and what is in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Element {
    pub name: String,
    /// Where in the file it begins.
    pub line: u32,
    pub text: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
}

impl Element {
    /// The elements at this path, such as `NtryDtls/TxDtls`.
    pub fn all<'a>(&'a self, path: &str) -> Vec<&'a Self> {
        path.split('/').fold(vec![self], |found, name| {
            found.into_iter().flat_map(|each| &each.children).filter(|each| each.name == name).collect()
        })
    }

    /// The first element at this path.
    pub fn at(&self, path: &str) -> Option<&Self> {
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        self.children.iter().filter(|each| each.name == name).find_map(|each| match rest {
            "" => Some(each),
            rest => each.at(rest),
        })
    }

    /// The text at the first of these paths that has any.
    pub fn text_at(&self, paths: &[&str]) -> Option<&str> {
        let texts = paths.iter().flat_map(|path| self.all(path)).map(|element| element.text.trim());
        texts.into_iter().find(|text| !text.is_empty())
    }

    /// Where the element at this path begins, or this one, where there is none.
    pub fn line_of(&self, path: &str) -> u32 {
        self.at(path).map_or(self.line, |element| element.line)
    }

    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// What marked-up files consist of.
pub(super) enum Token {
    Open(Element),
    Text(String),
    Close,
}

pub(super) trait Tokens {
    /// The next token; none at the end of the file.
    fn next(&mut self) -> Result<Option<Token>, FileFault>;
    fn line(&self) -> u32;
}

/// What the walk comes by.
pub(super) enum Step {
    Enter(Element),
    Record(Element),
    Leave(String),
}

/// A walk through the elements that hold records.
pub(super) struct Walk<T> {
    tokens: T,
    holders: &'static [&'static str],
    within: Vec<String>,
}

impl<T: Tokens> Walk<T> {
    pub fn through(tokens: T, holders: &'static [&'static str]) -> Self {
        Self { tokens, holders, within: Vec::new() }
    }

    /// The next step; none at the end of the file.
    pub fn next(&mut self) -> Result<Option<Step>, FileFault> {
        loop {
            match self.tokens.next()? {
                Some(Token::Open(element)) if self.holders.contains(&element.name.as_str()) => {
                    self.within.push(element.name.clone());
                    if self.within.len() > DEEPEST {
                        return Err(too_deep(element.line));
                    }
                    return Ok(Some(Step::Enter(element)));
                }
                Some(Token::Open(element)) => {
                    return self.record(element).map(|whole| Some(Step::Record(whole)));
                }
                Some(Token::Close) => {
                    if let Some(name) = self.within.pop() {
                        return Ok(Some(Step::Leave(name)));
                    }
                }
                Some(Token::Text(_)) => {}
                None => match self.within.last() {
                    Some(name) => return Err(truncated(self.tokens.line(), name)),
                    None => return Ok(None),
                },
            }
        }
    }

    /// The element with all that is in it.
    fn record(&mut self, element: Element) -> Result<Element, FileFault> {
        let (mut open, mut elements, mut bytes) = (vec![element], 1, 0);
        loop {
            let Some(token) = self.tokens.next()? else {
                let name = open.last().map_or("", |element| element.name.as_str());
                return Err(truncated(self.tokens.line(), name));
            };
            match token {
                Token::Open(element) => {
                    elements += 1;
                    open.push(element);
                    if self.within.len() + open.len() > DEEPEST {
                        return Err(too_deep(self.tokens.line()));
                    }
                }
                Token::Text(text) => {
                    bytes += text.len();
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text);
                    }
                }
                Token::Close => {
                    let Some(done) = open.pop() else { continue };
                    match open.last_mut() {
                        Some(parent) => parent.children.push(done),
                        None => return Ok(done),
                    }
                }
            }
            if elements > MOST_ELEMENTS || bytes > LONGEST_RECORD {
                let name = open.first().map_or("", |element| element.name.as_str());
                let rule = format!("holds more than {MOST_ELEMENTS} elements or 4 MiB of text");
                return Err(fault(self.tokens.line(), name, "too-large", rule));
            }
        }
    }
}

fn truncated(line: u32, name: &str) -> FileFault {
    fault(
        line,
        name,
        "truncated",
        format!("the file ends within `{name}`: fetch it again, it did not come whole"),
    )
}

fn too_deep(line: u32) -> FileFault {
    fault(line, "", "too-deep", format!("is nested deeper than {DEEPEST} levels"))
}

/// XML, as quick-xml reads it.
pub(super) struct Xml {
    reader: Reader<Source>,
    buffer: Vec<u8>,
    depth: usize,
    /// An element that is closed where it is opened.
    closes: bool,
}

impl Xml {
    pub fn new(source: Source) -> Self {
        Self { reader: Reader::from_reader(source), buffer: Vec::new(), depth: 0, closes: false }
    }
}

impl Tokens for Xml {
    fn line(&self) -> u32 {
        self.reader.get_ref().line()
    }

    fn next(&mut self) -> Result<Option<Token>, FileFault> {
        if std::mem::take(&mut self.closes) {
            return Ok(Some(Token::Close));
        }
        loop {
            self.reader.get_mut().begin_piece();
            self.buffer.clear();
            let event = self.reader.read_event_into(&mut self.buffer).map_err(|error| ill_formed(&error));
            let line = self.reader.get_ref().line();
            let event = event.map_err(|(element, code, rule)| fault(line, element, code, rule))?;
            match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > 2 * DEEPEST {
                        return Err(too_deep(line));
                    }
                    return Ok(Some(Token::Open(opened(&start, line)?)));
                }
                Event::Empty(start) => {
                    self.closes = true;
                    return Ok(Some(Token::Open(opened(&start, line)?)));
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    return Ok(Some(Token::Close));
                }
                Event::Text(text) => return Ok(Some(Token::Text(text.xml10_content().into_owned()))),
                Event::CData(text) => return Ok(Some(Token::Text(text.xml10_content().into_owned()))),
                Event::GeneralRef(name) => {
                    return Ok(Some(Token::Text(resolved(&name, line)?)));
                }
                Event::DocType(_) => {
                    let rule = "must have no document type: entities are not taken";
                    return Err(fault(line, "!DOCTYPE", "not-allowed", rule));
                }
                Event::Eof => return Ok(None),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            }
        }
    }
}

fn opened(start: &BytesStart<'_>, line: u32) -> Result<Element, FileFault> {
    let name = start.local_name().as_ref().to_owned();
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let broken = || fault(line, name.clone(), "malformed", "has an attribute that can not be read");
        let attribute = attribute.map_err(|_| broken())?;
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|_| broken())?;
        attributes.push((attribute.key.as_ref().to_owned(), value.into_owned()));
    }
    Ok(Element { name, line, attributes, ..Element::default() })
}

/// The five entities that XML has, and characters by their number.
fn resolved(name: &quick_xml::events::BytesRef<'_>, line: u32) -> Result<String, FileFault> {
    if let Ok(Some(character)) = name.resolve_char_ref() {
        return Ok(character.to_string());
    }
    let known = quick_xml::escape::resolve_xml_entity(name).map(str::to_owned);
    known.ok_or_else(|| {
        let shown: String = name.chars().take(40).collect();
        fault(line, format!("&{shown};"), "not-allowed", "must be an entity that XML itself knows")
    })
}

fn ill_formed(error: &Error) -> (String, &'static str, String) {
    let again = "the file did not come whole, or something changed it: fetch it again";
    match error {
        Error::Io(io) if io.kind() == std::io::ErrorKind::FileTooLarge => {
            (String::new(), "too-large", "is an element or a text longer than 256 KiB".to_owned())
        }
        Error::IllFormed(IllFormedError::MismatchedEndTag { expected, found }) => {
            let name = expected.chars().take(100).collect();
            let found: String = found.chars().take(100).collect();
            (name, "malformed", format!("is closed by `{found}`: {again}"))
        }
        Error::Encoding(_) => (
            String::new(),
            "wrong-encoding",
            "is not the encoding that the file declares, or UTF-8".to_owned(),
        ),
        _ => (String::new(), "malformed", format!("is no XML: {again}")),
    }
}

/// SGML as OFX 1 has it: elements that hold text need not be closed, and what they hold ends with the line or the next tag.
pub(super) struct Sgml {
    source: Source,
    open: Vec<String>,
    ready: VecDeque<Token>,
}

impl Sgml {
    /// Skips the header.
    pub fn new(mut source: Source) -> Result<Self, FileFault> {
        let mut skipped = Vec::new();
        source.begin_piece();
        source.read_until(b'<', &mut skipped).map_err(|error| source.broken(&error))?;
        Ok(Self { source, open: Vec::new(), ready: VecDeque::new() })
    }

    fn until(&mut self, end: u8) -> Result<Option<String>, FileFault> {
        self.source.begin_piece();
        let mut bytes = Vec::new();
        self.source.read_until(end, &mut bytes).map_err(|error| self.source.broken(&error))?;
        match bytes.last() {
            Some(last) if *last == end => {
                bytes.pop();
                Ok(Some(text(&bytes).into_owned()))
            }
            _ if text(&bytes).trim().is_empty() => Ok(None),
            _ => Ok(Some(text(&bytes).into_owned())),
        }
    }
}

/// Elements of OFX that hold text and may be empty.
const LEAVES: &[&str] =
    &["CHECKNUM", "EXTDNAME", "FITID", "MEMO", "NAME", "REFNUM", "SIC", "SRVRTID", "TRNUID", "CLTCOOKIE"];

impl Tokens for Sgml {
    fn line(&self) -> u32 {
        self.source.line()
    }

    fn next(&mut self) -> Result<Option<Token>, FileFault> {
        loop {
            if let Some(token) = self.ready.pop_front() {
                return Ok(Some(token));
            }
            let line = self.source.line();
            let Some(tag) = self.until(b'>')? else { return Ok(None) };
            let content = self.until(b'<')?.unwrap_or_default();
            let content = content.trim();
            if tag.starts_with(['?', '!']) {
                if tag.starts_with("!DOCTYPE") || tag.starts_with("!ENTITY") {
                    let rule = "must have no document type: entities are not taken";
                    return Err(fault(line, "!DOCTYPE", "not-allowed", rule));
                }
                continue;
            }
            if let Some(closed) = tag.strip_prefix('/') {
                // What holds text was closed with it; what was left open within ends here too.
                if let Some(depth) = self.open.iter().rposition(|name| name == closed.trim()) {
                    let closes = self.open.len() - depth;
                    self.open.truncate(depth);
                    self.ready.extend((0..closes).map(|_| Token::Close));
                }
                continue;
            }
            let name: String = tag.split_whitespace().next().unwrap_or_default().chars().take(100).collect();
            self.ready.push_back(Token::Open(Element { name: name.clone(), line, ..Element::default() }));
            if !content.is_empty() {
                self.ready.push_back(Token::Text(unescaped(content)));
            }
            if !content.is_empty() || LEAVES.contains(&name.as_str()) {
                self.ready.push_back(Token::Close);
                continue;
            }
            self.open.push(name);
            if self.open.len() > 2 * DEEPEST {
                return Err(too_deep(line));
            }
        }
    }
}

/// OFX 1.6 §2.3.2.1.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&nbsp;", " ").replace("&amp;", "&")
}
