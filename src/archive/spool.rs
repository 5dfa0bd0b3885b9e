//! What is made at the speed of the disk and taken at the speed of the reader: the maker never waits for the reader, who may be
//! slow, and so no snapshot of the database is held for one. The file has no name and is gone with the last who has it open.
use actix_web::web::Bytes;
use futures_util::stream::{self, Stream};
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use tokio::sync::watch;

/// Bytes handed on at a time.
const PIECE: u64 = 256 * 1024;

/// How far the maker is.
#[derive(Clone, Copy, Default)]
struct Progress {
    written: u64,
    /// Whether that is all. A maker who goes away before has failed.
    is_whole: bool,
}

/// The maker's end.
pub struct Spool {
    file: Arc<File>,
    progress: watch::Sender<Progress>,
}

/// The reader's end.
pub struct Spooled {
    file: Arc<File>,
    progress: watch::Receiver<Progress>,
}

/// Both ends.
///
/// # Errors
/// No file can be made.
pub fn spool() -> io::Result<(Spool, Spooled)> {
    let file = Arc::new(tempfile::tempfile()?);
    let (sender, receiver) = watch::channel(Progress::default());
    Ok((Spool { file: Arc::clone(&file), progress: sender }, Spooled { file, progress: receiver }))
}

impl Spool {
    /// Says that this is all.
    pub fn end(self) {
        self.progress.send_modify(|progress| progress.is_whole = true);
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.progress.is_closed() {
            return Err(io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads any more"));
        }
        let count = (&*self.file).write(bytes)?;
        self.progress.send_modify(|progress| progress.written += count as u64);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Spooled {
    /// Waits until there is something to read; false where the maker failed before.
    pub async fn begins(&mut self) -> bool {
        self.progress.wait_for(|progress| progress.written > 0).await.is_ok()
    }

    /// What the maker writes, as it comes. It ends with an error where the maker failed, so that nobody takes a part for all.
    pub fn stream(self) -> impl Stream<Item = io::Result<Bytes>> {
        stream::try_unfold((self, 0_u64), |(mut spooled, at)| async move {
            let there =
                spooled.progress.wait_for(|progress| progress.written > at || progress.is_whole).await;
            let there = *there.map_err(|_| io::Error::other("the archive was not finished"))?;
            if there.written == at {
                return Ok(None);
            }
            let wanted = usize::try_from(PIECE.min(there.written - at)).unwrap_or_default();
            let file = Arc::clone(&spooled.file);
            let read = tokio::task::spawn_blocking(move || {
                let mut piece = vec![0; wanted];
                file.read_exact_at(&mut piece, at).map(|()| piece)
            });
            let piece = read.await.map_err(io::Error::other)??;
            let next = at + piece.len() as u64;
            Ok(Some((Bytes::from(piece), (spooled, next))))
        })
    }
}
