//! Writing: a body is gathered in memory until it is too large to stay inline, then written in batches while the next
//! ones arrive, with its digests computed beside the writing.

use std::io::{self, Write as _};

use bytes::{Bytes, BytesMut};
use tokio::task::JoinHandle;

use crate::digests::Hasher;
use crate::error::blocking;
use crate::folder::{Draft, Folder};
use crate::{BlobError, BlobId, Blobs, Digests, Plan};

/// Pieces are gathered to this size before they go to another thread.
const BATCH_BYTES: usize = 1024 * 1024;

/// A body that is being written. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Staging {
    blobs: Blobs,
    plan: Plan,
    length: u64,
    /// Pieces not yet handed on.
    gathered: Vec<Bytes>,
    gathered_bytes: usize,
    /// All pieces, for the memory driver.
    kept: Vec<Bytes>,
    hashing: Work<Hasher>,
    writing: Option<Work<Draft>>,
}

/// A body whose bytes are all written and digested, and which has no name yet: compare the digests, then commit.
#[derive(Debug)]
pub struct Finished {
    length: u64,
    digests: Digests,
    checksum: u64,
    body: Unnamed,
}

#[derive(Debug)]
enum Unnamed {
    Inline(Bytes),
    Memory(crate::memory::Memory, Bytes),
    File(Folder, Work<Draft>),
}

/// Where a body's bytes ended up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Small: the caller stores them itself.
    Inline(Bytes),
    Blob(BlobId),
}

/// A committed body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staged {
    pub body: Body,
    pub length: u64,
    pub digests: Digests,
}

/// Something that is here, or is being worked on by another thread.
enum Work<T> {
    Here(Box<T>),
    Away(JoinHandle<io::Result<Box<T>>>),
    /// A job failed and took it along.
    Lost,
}

impl<T: Send + 'static> Work<T> {
    fn new(thing: T) -> Work<T> {
        Work::Here(Box::new(thing))
    }

    /// Waits until it is back.
    async fn take(&mut self) -> io::Result<Box<T>> {
        match std::mem::replace(self, Work::Lost) {
            Work::Here(thing) => Ok(thing),
            Work::Away(job) => job.await.map_err(io::Error::other).flatten(),
            Work::Lost => Err(io::Error::other("an earlier write failed")),
        }
    }

    /// Waits until it is back and sends it away again with the next job.
    async fn go(&mut self, job: impl FnOnce(&mut T) -> io::Result<()> + Send + 'static) -> io::Result<()> {
        let mut thing = self.take().await?;
        *self = Work::Away(tokio::task::spawn_blocking(move || job(&mut thing).map(|()| thing)));
        Ok(())
    }
}

impl<T> std::fmt::Debug for Work<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Work::Here(_) => "Here",
            Work::Away(_) => "Away",
            Work::Lost => "Lost",
        })
    }
}

impl Staging {
    pub(crate) fn new(blobs: Blobs, plan: Plan) -> Staging {
        Staging {
            blobs,
            hashing: Work::new(Hasher::new(plan.digests)),
            plan,
            length: 0,
            gathered: Vec::new(),
            gathered_bytes: 0,
            kept: Vec::new(),
            writing: None,
        }
    }

    /// How many bytes were written so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Appends a piece, 1 MiB at most for even memory use. At most two batches of 1 MiB are held at a time.
    ///
    /// Errors: `TooLarge`; `Io`, also for an earlier piece. The body is lost then.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), BlobError> {
        self.length += piece.len() as u64;
        if self.length > self.plan.limit_bytes {
            return Err(BlobError::TooLarge { limit_bytes: self.plan.limit_bytes });
        }
        self.gathered_bytes += piece.len();
        self.gathered.push(piece);
        if self.gathered_bytes >= BATCH_BYTES.max(self.plan.inline_bytes + 1) {
            self.hand_on().await?;
        }
        Ok(())
    }

    /// Waits for all bytes to be written (and synced) and digested.
    pub async fn finish(mut self) -> Result<Finished, BlobError> {
        let spilled = self.writing.is_some() || !self.kept.is_empty();
        if !spilled && self.gathered_bytes <= self.plan.inline_bytes {
            let mut hasher = self.hashing.take().await?;
            let body = joined(self.gathered);
            hasher.update(&body);
            let (digests, checksum) = hasher.finish();
            return Ok(Finished { length: self.length, digests, checksum, body: Unnamed::Inline(body) });
        }
        self.hand_on().await?;
        let body = match &self.blobs {
            Blobs::Memory(memory) => Unnamed::Memory(memory.clone(), joined(std::mem::take(&mut self.kept))),
            Blobs::Folder(folder) => {
                let mut writing = self.writing.take().unwrap_or(Work::Lost);
                let syncing = folder.clone();
                writing.go(move |draft| syncing.sync(draft)).await?;
                writing = Work::Here(writing.take().await?);
                Unnamed::File(folder.clone(), writing)
            }
        };
        let (digests, checksum) = self.hashing.take().await?.finish();
        Ok(Finished { length: self.length, digests, checksum, body })
    }

    /// [`Staging::finish`] and [`Finished::commit`] for callers with nothing to compare.
    pub async fn commit(self) -> Result<Staged, BlobError> {
        self.finish().await?.commit().await
    }

    /// Sends what was gathered to be hashed and written.
    async fn hand_on(&mut self) -> Result<(), BlobError> {
        let batch = std::mem::take(&mut self.gathered);
        self.gathered_bytes = 0;
        match &self.blobs {
            Blobs::Memory(_) => self.kept.extend(batch.iter().cloned()),
            Blobs::Folder(folder) => {
                let writing = match &mut self.writing {
                    Some(writing) => writing,
                    None => {
                        let folder = folder.clone();
                        let draft = blocking(move || folder.draft()).await?;
                        self.writing.insert(Work::new(draft))
                    }
                };
                let batch = batch.clone();
                writing
                    .go(move |draft| batch.iter().try_for_each(|piece| draft.file.write_all(piece)))
                    .await?;
            }
        }
        self.hashing
            .go(move |hasher| {
                batch.iter().for_each(|piece| hasher.update(piece));
                Ok(())
            })
            .await?;
        Ok(())
    }
}

impl Finished {
    pub fn length(&self) -> u64 {
        self.length
    }

    pub fn digests(&self) -> &Digests {
        &self.digests
    }

    /// Gives the body its name. After this only [`Blobs::delete`] or a sweep removes it.
    pub async fn commit(self) -> Result<Staged, BlobError> {
        let body = match self.body {
            Unnamed::Inline(body) => Body::Inline(body),
            Unnamed::Memory(memory, body) => Body::Blob(memory.keep(body, self.checksum)),
            Unnamed::File(folder, mut draft) => {
                let draft = draft.take().await?;
                Body::Blob(blocking(move || folder.keep(&draft, self.checksum)).await?)
            }
        };
        Ok(Staged { body, length: self.length, digests: self.digests })
    }
}

/// One piece is not copied.
fn joined(mut pieces: Vec<Bytes>) -> Bytes {
    if pieces.len() <= 1 {
        return pieces.pop().unwrap_or_default();
    }
    let mut whole = BytesMut::with_capacity(pieces.iter().map(Bytes::len).sum());
    for piece in pieces {
        whole.extend_from_slice(&piece);
    }
    whole.freeze()
}
