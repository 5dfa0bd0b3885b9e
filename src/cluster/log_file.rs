use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// In bytes; the file before this one is kept as well.
const LARGEST: u64 = 16 * 1024 * 1024;

const LINES_IN_TAIL: usize = 20;

/// PostgreSQL's log: a file of bounded size, and its last lines to show when something goes wrong.
///
/// Writing never fails: on a full disk the log is lost, but PostgreSQL must not wait for it.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: Option<File>,
    tail: VecDeque<String>,
}

impl LogFile {
    pub(crate) fn new(path: PathBuf) -> LogFile {
        LogFile { path, file: None, tail: VecDeque::new() }
    }

    /// Appends a line that ends with a newline.
    pub(crate) fn append(&mut self, line: &[u8]) {
        self.tail.push_back(String::from_utf8_lossy(line).trim_end().to_owned());
        if self.tail.len() > LINES_IN_TAIL {
            self.tail.pop_front();
        }
        if fs::metadata(&self.path).is_ok_and(|file| file.len() > LARGEST) {
            fs::rename(&self.path, self.path.with_extension("log.1")).ok();
            self.file = None;
        }
        if self.file.is_none() {
            // What constraints refuse is quoted there, and may be personal.
            self.file = File::options().append(true).create(true).mode(0o600).open(&self.path).ok();
        }
        if let Some(file) = &mut self.file {
            file.write_all(line).ok();
        }
    }

    pub(crate) fn tail(&self) -> String {
        self.tail.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}
