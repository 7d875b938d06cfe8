//! Reading: a stream of pieces. What the page cache holds is read at once on the asking thread; the rest on the
//! blocking pool.

use std::fmt;
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use crc_fast::CrcAlgorithm;
use futures_core::Stream;
use rustix::io::ReadWriteFlags;
use tokio::task::JoinHandle;

use crate::BlobId;

/// The largest piece a stream yields.
const PIECE_BYTES: usize = 256 * 1024;

/// A blob's bytes, or a range of them.
pub struct BlobStream {
    blob_bytes: u64,
    left: Range<u64>,
    source: Source,
    /// Compared at the end when the whole blob is read.
    check: Option<(BlobId, crc_fast::Digest)>,
}

enum Source {
    Memory(Bytes),
    File { file: Arc<File>, pending: Option<JoinHandle<io::Result<Vec<u8>>>> },
    Ended,
}

impl BlobStream {
    pub(crate) fn memory(body: Bytes, blob_bytes: u64) -> BlobStream {
        let left = 0..body.len() as u64;
        BlobStream { blob_bytes, left, source: Source::Memory(body), check: None }
    }

    pub(crate) fn file(file: File, range: Range<u64>, blob_bytes: u64, id: BlobId) -> BlobStream {
        let whole = range == (0..blob_bytes);
        let check = whole.then(|| (id, crc_fast::Digest::new(CrcAlgorithm::Crc64Nvme)));
        let source = Source::File { file: Arc::new(file), pending: None };
        BlobStream { blob_bytes, left: range, source, check }
    }

    /// How many bytes are still to come.
    pub fn remaining(&self) -> u64 {
        self.left.end - self.left.start
    }

    /// The whole blob's length, whatever range is read.
    pub fn blob_bytes(&self) -> u64 {
        self.blob_bytes
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Option<io::Result<Bytes>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Bytes>> {
        let want = usize::try_from(self.remaining()).map_or(PIECE_BYTES, |left| left.min(PIECE_BYTES));
        match &mut self.source {
            Source::Memory(body) => Poll::Ready(Ok(body.split_to(want.min(body.len())))),
            Source::File { file, pending } => {
                let task = match pending {
                    Some(task) => task,
                    None => match read_cached(file, self.left.start, want) {
                        Some(piece) => return Poll::Ready(Ok(piece.into())),
                        None => pending.insert(read_later(Arc::clone(file), self.left.start, want)),
                    },
                };
                let result = std::task::ready!(Pin::new(task).poll(context));
                *pending = None;
                Poll::Ready(result.map_err(io::Error::other).flatten().map(Bytes::from))
            }
            Source::Ended => Poll::Ready(Ok(Bytes::new())),
        }
    }

    /// What a piece means for the rest of the stream.
    fn took(&mut self, piece: io::Result<Bytes>) -> io::Result<Bytes> {
        let piece = piece?;
        if piece.is_empty() {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a blob is shorter than it was"));
        }
        self.left.start += piece.len() as u64;
        if let Some((id, digest)) = &mut self.check {
            digest.update(&piece);
            if self.left.is_empty() && digest.finalize() != id.checksum() {
                log::error!("blob {id}: its bytes are not those that were written");
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a blob's bytes differ from its checksum",
                ));
            }
        }
        Ok(piece)
    }
}

impl Stream for BlobStream {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.left.is_empty() || matches!(self.source, Source::Ended) {
            return Poll::Ready(None);
        }
        let piece = std::task::ready!(self.poll_piece(context));
        let piece = self.took(piece);
        if piece.is_err() {
            self.source = Source::Ended;
        }
        Poll::Ready(Some(piece))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (usize::from(!self.left.is_empty()), None)
    }
}

impl fmt::Debug for BlobStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlobStream")
            .field("blob_bytes", &self.blob_bytes)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

/// A range cut at a blob's end.
pub(crate) fn clamp(range: Option<Range<u64>>, length: u64) -> Range<u64> {
    let range = range.unwrap_or(0..length);
    let end = range.end.min(length);
    range.start.min(end)..end
}

/// Reads what the page cache has of a piece, never waiting for a disk. `None` when it has nothing of it, or the file
/// system cannot tell.
fn read_cached(file: &File, at: u64, length: usize) -> Option<Vec<u8>> {
    let mut piece = vec![0; length];
    let read =
        rustix::io::preadv2(file, &mut [IoSliceMut::new(&mut piece)], at, ReadWriteFlags::NOWAIT).ok()?;
    if read == 0 {
        return None;
    }
    piece.truncate(read);
    Some(piece)
}

fn read_later(file: Arc<File>, at: u64, length: usize) -> JoinHandle<io::Result<Vec<u8>>> {
    tokio::task::spawn_blocking(move || {
        let mut piece = vec![0; length];
        let read = file.read_at(&mut piece, at)?;
        piece.truncate(read);
        Ok(piece)
    })
}
