//! Object bytes: a folder driver and a memory driver.
//!
//! A body is staged ([`Blobs::stage`]), its digests are compared by the caller ([`Finished`]), and only then does it
//! get a name ([`Finished::commit`]); what is dropped before that leaves nothing behind. The metadata that points to
//! a blob is committed after it, so a record without its bytes cannot happen, and bytes without a record are
//! [swept](Blobs::sweep). Small bodies stay in memory for the metadata to carry ([`Body::Inline`]).

mod digests;
mod error;
mod folder;
mod id;
mod memory;
mod read;
mod staging;

pub use digests::{Digests, Wanted};
pub use error::BlobError;
pub use folder::Durability;
pub use id::{BlobId, InvalidBlobId};
pub use read::BlobStream;
pub use staging::{Body, Finished, Staged, Staging};

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use rolecall_env::Env;

use folder::Folder;
use memory::Memory;

/// Bodies up to this many bytes stay inline, unless the caller says otherwise.
pub const INLINE_BYTES: usize = 32 * 1024;

/// A store of blobs. Cheap to clone.
#[derive(Clone, Debug)]
pub enum Blobs {
    Folder(Folder),
    Memory(Memory),
}

/// What a sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    pub removed: u64,
    pub removed_bytes: u64,
    pub kept: u64,
}

/// What is asked of a body that is about to be written.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub digests: Wanted,
    /// A longer body fails with [`BlobError::TooLarge`].
    pub limit_bytes: u64,
    /// Bodies up to this many bytes are not written but handed back.
    pub inline_bytes: usize,
}

impl Default for Plan {
    /// No digests, no limit, [`INLINE_BYTES`].
    fn default() -> Plan {
        Plan { digests: Wanted::NONE, limit_bytes: u64::MAX, inline_bytes: INLINE_BYTES }
    }
}

impl Blobs {
    /// Blobs as files under a folder, which is made when it is missing. Mode 0700, files 0600.
    pub fn folder(env: Env, root: &Path, durability: Durability) -> Result<Blobs, BlobError> {
        Folder::open(env, root, durability).map(Blobs::Folder)
    }

    /// Blobs that live as long as the process.
    pub fn memory(env: Env) -> Blobs {
        Blobs::Memory(Memory::new(env))
    }

    /// Begins a body.
    pub fn stage(&self, plan: Plan) -> Staging {
        Staging::new(self.clone(), plan)
    }

    /// Opens a blob, or a range of its bytes, which is cut at the blob's end. The stream yields pieces of 256 KiB at
    /// most; read as a whole, a blob is compared with its checksum, and a difference ends the stream with an error of
    /// kind `InvalidData`.
    ///
    /// Errors: `NotFound`; `Io`.
    pub async fn open(&self, id: &BlobId, range: Option<Range<u64>>) -> Result<BlobStream, BlobError> {
        match self {
            Blobs::Folder(folder) => folder.read(*id, range).await,
            Blobs::Memory(memory) => memory.read(*id, range),
        }
    }

    /// Deletes a blob: `false` when it was gone already. Streams that are open read on.
    pub async fn delete(&self, id: &BlobId) -> Result<bool, BlobError> {
        match self {
            Blobs::Folder(folder) => folder.delete(*id).await,
            Blobs::Memory(memory) => Ok(memory.delete(*id)),
        }
    }

    /// Deletes the blobs that are older than `older_than` and not `live`, and abandoned temporary files of that age.
    /// The age must be longer than any upload takes from its blob's commit to its record's.
    pub async fn sweep(
        &self,
        live: impl Fn(&BlobId) -> bool + Send + 'static,
        older_than: Duration,
    ) -> Result<Swept, BlobError> {
        match self {
            Blobs::Folder(folder) => folder.sweep(live, older_than).await,
            Blobs::Memory(memory) => Ok(memory.sweep(live, older_than)),
        }
    }
}
