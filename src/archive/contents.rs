//! What rows speak of and the database does not hold: the bytes of files. Where they are kept is the room of files' matter.
use actix_web::web::Bytes;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::LocalBoxStream;
use platform::prelude::*;
use std::sync::Arc;

/// Bytes as they come.
pub type Stream = LocalBoxStream<'static, std::io::Result<Bytes>>;

/// A store of contents, each written once under an id that is never given again.
pub trait Contents: Send + Sync {
    /// The bytes; none where there is no such content.
    fn read(&self, organization: Uuid, id: Uuid) -> LocalBoxFuture<'_, Result<Option<Stream>>>;
    /// Keeps the bytes; nobody finds them before they are whole.
    fn write(&self, organization: Uuid, id: Uuid, bytes: Stream) -> LocalBoxFuture<'_, Result<()>>;
    /// Removes the bytes.
    fn remove(&self, organization: Uuid, id: Uuid) -> LocalBoxFuture<'_, Result<()>>;
}

/// The store of this installation, as `serve` puts it together.
#[derive(Clone)]
pub struct ContentStore(pub Arc<dyn Contents>);
