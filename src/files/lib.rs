//! Files and comments: what hangs on other resources, whichever they are. What something hangs on rules who sees it. Bytes
//! are in a store of their own, a folder or a bucket; what they are, and whose, is in the database.
//! This room never unpacks, renders or runs what it is given.
pub mod comments;
mod content;
pub mod files;
mod inspection;
mod integrity;
pub mod media;
mod scanner;
pub mod storage;
mod sweep;
mod upload;

use platform::api::Api;
pub use scanner::Scanner;
use std::time::Duration;
pub use storage::Storage;

/// Where bytes are kept, and who looks them over.
pub struct Filing {
    pub storage: Storage,
    /// Where there is none, files are available at once.
    pub scanner: Option<Scanner>,
}

pub fn routes(api: &mut Api) {
    files::routes(api);
    content::routes(api);
    integrity::routes(api);
    comments::routes(api);
    api.task::<scanner::Scan>()
        .schedule::<sweep::SweepUp>(Duration::from_hours(1))
        .schedule::<sweep::FindStrays>(Duration::from_hours(24));
}
