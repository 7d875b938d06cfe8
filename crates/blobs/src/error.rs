//! What can go wrong with a blob.

use std::io;

use crate::BlobId;

/// A failed blob operation. A full disk is an `Io` of kind `StorageFull`.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    #[error("no blob `{0}`")]
    NotFound(BlobId),
    #[error("a body of more than {limit_bytes} bytes")]
    TooLarge { limit_bytes: u64 },
    #[error("the file system failed")]
    Io(#[from] io::Error),
}

/// Runs file work where it may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(stopped) => Err(io::Error::other(stopped)),
    }
}
