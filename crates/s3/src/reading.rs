//! An object's bytes on their way out: which pieces of which blobs make a range, and the stream of them.

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;
use rolecall_base::Fault;
use rolecall_blobs::{BlobError, BlobId, BlobStream, Blobs};
use rolecall_store::Reader;
use rolecall_wire::Body;

use crate::range::Span;
use crate::records::{Head, ManifestPart, Manifests, Object, Place};

/// A piece of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slice {
    blob: BlobId,
    first: u64,
    len: u64,
    /// It is all of the blob, which is then compared with its checksum.
    whole: bool,
}

/// The parts of an object that was uploaded in parts.
///
/// # Errors
/// InternalFailure when the manifest is gone.
pub fn parts(db: &Reader, manifest: &str) -> Result<Vec<ManifestPart>, Fault> {
    let rows = db.scan::<Manifests>(&(manifest,), None, usize::MAX)?;
    if rows.is_empty() {
        return Err(Fault::internal(format!("manifest {manifest} is gone")));
    }
    Ok(rows.into_iter().flat_map(|(_, row)| row.parts).collect())
}

/// Where a part of an object lies, counted from 1; `None` when it has no such part.
pub fn part_span(db: &Reader, head: &Head, number: u32) -> Result<Option<Span>, Fault> {
    let Place::Parts { manifest, .. } = &head.place else {
        let whole = Span { first: 0, last: head.size.saturating_sub(1) };
        return Ok((number == 1).then_some(whole));
    };
    let mut first = 0;
    // Parts are counted as they follow each other; the numbers they were uploaded under may have gaps.
    for (i, part) in (1_u32..).zip(parts(db, manifest)?) {
        if i == number {
            return Ok(Some(Span { first, last: first.saturating_add(part.size).saturating_sub(1) }));
        }
        first = first.saturating_add(part.size);
    }
    Ok(None)
}

/// The bytes of an object, or of a span of it.
///
/// # Errors
/// InternalFailure when rows that must be there are not. A blob that is gone ends the stream with an error.
pub fn body(
    db: &Reader,
    blobs: impl FnOnce() -> Result<Arc<Blobs>, Fault>,
    object: Object,
    span: Option<Span>,
) -> Result<Body, Fault> {
    let Object { head, bytes } = object;
    let span = span.unwrap_or(Span { first: 0, last: head.size.saturating_sub(1) });
    let slices = match &head.place {
        Place::Inline => {
            let ends = usize::try_from(span.first).ok().zip(usize::try_from(span.last).ok());
            let all = bytes.0.len();
            let (first, end) =
                ends.map_or((0, all), |(first, last)| (first.min(all), last.saturating_add(1).min(all)));
            return Ok(Body::Bytes(bytes.0.slice(first..end)));
        }
        Place::Blob(id) => cut([(id.as_str(), head.size)], span)?,
        Place::Parts { manifest, .. } => {
            let parts = parts(db, manifest)?;
            cut(parts.iter().map(|part| (part.blob.as_str(), part.size)), span)?
        }
    };
    let len = slices.iter().map(|slice| slice.len).sum();
    let stream = Slices { blobs: blobs()?, left: slices.into(), now: Now::Nothing };
    Ok(Body::Stream { len: Some(len), stream: Box::pin(stream) })
}

/// The pieces of a row of blobs that make a span.
fn cut<'a>(blobs: impl IntoIterator<Item = (&'a str, u64)>, span: Span) -> Result<Vec<Slice>, Fault> {
    let mut slices = Vec::new();
    let (mut start, end) = (0_u64, span.last.saturating_add(1));
    for (id, size) in blobs {
        let next = start.saturating_add(size);
        let (first, last) = (span.first.max(start), end.min(next));
        if first < last {
            let blob = id.parse().map_err(Fault::internal)?;
            let len = last.saturating_sub(first);
            slices.push(Slice { blob, first: first.saturating_sub(start), len, whole: len == size });
        }
        start = next;
    }
    Ok(slices)
}

type Opening = Pin<Box<dyn Future<Output = Result<BlobStream, BlobError>> + Send>>;

enum Now {
    Nothing,
    Opening(Opening),
    Reading(Box<BlobStream>),
}

/// Slices, one after the other. A blob is opened when it is its turn.
struct Slices {
    blobs: Arc<Blobs>,
    left: VecDeque<Slice>,
    now: Now,
}

fn open(blobs: Arc<Blobs>, slice: Slice) -> Opening {
    Box::pin(async move {
        let range = (!slice.whole).then(|| slice.first..slice.first.saturating_add(slice.len));
        blobs.open(&slice.blob, range).await
    })
}

impl Stream for Slices {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            match &mut this.now {
                Now::Nothing => match this.left.pop_front() {
                    None => return Poll::Ready(None),
                    Some(slice) => this.now = Now::Opening(open(this.blobs.clone(), slice)),
                },
                Now::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(stream) => this.now = Now::Reading(Box::new(stream)),
                    Err(error) => {
                        this.left.clear();
                        this.now = Now::Nothing;
                        return Poll::Ready(Some(Err(io::Error::other(error))));
                    }
                },
                Now::Reading(stream) => match ready!(Pin::new(&mut **stream).poll_next(cx)) {
                    Some(piece) => return Poll::Ready(Some(piece)),
                    None => this.now = Now::Nothing,
                },
            }
        }
    }
}

/// Bytes at hand as a stream.
pub fn once(bytes: Bytes) -> Pin<Box<dyn Stream<Item = Result<Bytes, io::Error>> + Send>> {
    Box::pin(Once(Some(bytes).filter(|bytes| !bytes.is_empty())))
}

struct Once(Option<Bytes>);

impl Stream for Once {
    type Item = Result<Bytes, io::Error>;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.take().map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "0000000000000000000000000000000a-0000000000000000";
    const B: &str = "0000000000000000000000000000000b-0000000000000000";

    #[track_caller]
    fn check(first: u64, last: u64, expected: &[(&str, u64, u64, bool)]) {
        let slices = cut([(A, 10), (B, 5)], Span { first, last }).unwrap();
        let found: Vec<_> = slices.iter().map(|s| (s.blob.to_string(), s.first, s.len, s.whole)).collect();
        let expected: Vec<_> = expected.iter().map(|(id, f, l, w)| ((*id).to_owned(), *f, *l, *w)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_span_takes_of_each_blob_what_lies_in_it() {
        check(0, 14, &[(A, 0, 10, true), (B, 0, 5, true)]);
        check(0, 0, &[(A, 0, 1, false)]);
        check(9, 10, &[(A, 9, 1, false), (B, 0, 1, false)]);
        check(10, 14, &[(B, 0, 5, true)]);
        check(14, 99, &[(B, 4, 1, false)]);
    }
}
