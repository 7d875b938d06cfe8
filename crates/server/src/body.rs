//! Bodies on their way in: how much is read of them, for whom, and how much memory all of them may take at a time.

use std::io::{self, Read};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use http::header;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use rolecall_base::Fault;
use rolecall_door::{ByteStream, Request, RequestBody};
use rolecall_wire::Protocol;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of a body that is not streamed. S3's longest (DeleteObjects, CompleteMultipartUpload) stay below.
const LONGEST_BODY: usize = 8 * 1024 * 1024;
/// Bytes that a body may have without asking the budget. Nearly all have; the limit of connections bounds them.
pub const SMALL: usize = 16 * 1024;
/// Bytes of all bodies that are not small, at a time. Whose they are is mostly not known before they are read.
const BUDGET: usize = 128 * 1024 * 1024;
/// What the budget counts in.
const PIECE: usize = 1024;
/// How long a body waits for its part of the budget.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a client may send nothing of a body that it has begun: connections are limited in number.
const IDLE: Duration = Duration::from_secs(60);
/// How long the rest of a refused body is read.
const LINGER: Duration = Duration::from_secs(1);
/// How long a body that is not streamed may take as a whole.
const WHOLE: Duration = Duration::from_secs(300);

/// The memory of all bodies that are read whole.
#[derive(Debug)]
pub struct Budget {
    pieces: Arc<Semaphore>,
    patience: Duration,
}

/// A part of it, given back when dropped: keep it as long as the body.
#[derive(Debug, Default)]
pub struct Share(Option<OwnedSemaphorePermit>);

impl Default for Budget {
    fn default() -> Budget {
        Budget::of(BUDGET, PATIENCE)
    }
}

impl Budget {
    fn of(bytes: usize, patience: Duration) -> Budget {
        Budget { pieces: Arc::new(Semaphore::new(bytes / PIECE)), patience }
    }

    /// Enlarges a share to so many bytes.
    async fn grow(&self, share: &mut Share, bytes: usize) -> Result<(), Fault> {
        let held = share.0.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = if bytes <= SMALL { 0 } else { bytes.div_ceil(PIECE) };
        let Some(more) = wanted.checked_sub(held).filter(|more| *more > 0) else { return Ok(()) };
        let more = u32::try_from(more).map_err(Fault::internal)?;
        let waited = tokio::time::timeout(self.patience, self.pieces.clone().acquire_many_owned(more)).await;
        let Ok(Ok(permit)) = waited else { return Err(busy()) };
        match &mut share.0 {
            Some(own) => own.merge(permit),
            none => *none = Some(permit),
        }
        Ok(())
    }
}

/// How long a body is, where its headers say so.
pub fn announced(request: &Request) -> Option<usize> {
    request.header(header::CONTENT_LENGTH.as_str()).and_then(|text| text.parse().ok())
}

/// Reads a body that is not streamed, and unpacks it if it is packed; the packed bytes are what was signed. S3 has no
/// packed bodies: there the header is a property of the object.
pub async fn take_whole(
    request: &mut Request,
    protocol: Protocol,
    budget: &Budget,
    body: &mut Incoming,
) -> Result<Share, Fault> {
    let mut share = Share::default();
    // What is not announced is reserved as it comes.
    let length = announced(request).unwrap_or(0);
    if length > LONGEST_BODY {
        return Err(too_large());
    }
    budget.grow(&mut share, length).await?;
    let read = tokio::time::timeout(WHOLE, collect(body, budget, &mut share)).await;
    let whole = read.map_err(|_| idle())??;
    let packed = request.header("content-encoding").is_some_and(|kind| kind.eq_ignore_ascii_case("gzip"));
    if packed && protocol != Protocol::RestXml {
        budget.grow(&mut share, whole.len() + LONGEST_BODY).await?;
        request.unpacked = Some(unpack(&whole)?);
    }
    request.body = RequestBody::Whole(whole);
    Ok(share)
}

async fn collect(body: &mut Incoming, budget: &Budget, share: &mut Share) -> Result<Bytes, Fault> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = tokio::time::timeout(IDLE, body.frame()).await.map_err(|_| idle())? {
        let frame = frame.map_err(|error| {
            Fault::new("RequestTimeout", 400, "The request's body did not arrive.").because(error)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        let length = first.len() + all.len() + data.len();
        if length > LONGEST_BODY {
            return Err(too_large());
        }
        budget.grow(share, length).await?;
        // Most bodies come in one piece, which is then not copied.
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            if all.is_empty() {
                all.extend_from_slice(&std::mem::take(&mut first));
            }
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Reads on for a while and keeps nothing: a client that is still sending would not see why it was refused.
pub async fn discard(mut body: Incoming) {
    let rest = async {
        let mut seen = 0;
        while let Some(Ok(frame)) = body.frame().await {
            seen += frame.data_ref().map_or(0, Bytes::len);
            if seen > 2 * LONGEST_BODY {
                return;
            }
        }
    };
    // Whoever has sent nothing by then waits for the answer.
    let _ = tokio::time::timeout(LINGER, rest).await;
}

fn too_large() -> Fault {
    Fault::new("RequestEntityTooLarge", 413, "The request's body is too large.")
}

fn busy() -> Fault {
    Fault::new(
        "ServiceUnavailable",
        503,
        "Too many large requests at a time. Please reduce your request rate.",
    )
}

fn idle() -> Fault {
    let text = "Your socket connection to the server was not read from or written to within the timeout period. Idle \
                connections will be closed.";
    Fault::new("RequestTimeout", 400, text)
}

fn unpack(packed: &[u8]) -> Result<Bytes, Fault> {
    let limit = u64::try_from(LONGEST_BODY).unwrap_or(u64::MAX);
    let mut plain = Vec::new();
    let read = flate2::read::GzDecoder::new(packed).take(limit + 1).read_to_end(&mut plain);
    match read {
        Ok(_) if plain.len() <= LONGEST_BODY => Ok(plain.into()),
        Ok(_) => {
            Err(Fault::new("RequestEntityTooLarge", 413, "The request's body is too large when unpacked."))
        }
        Err(error) => {
            Err(Fault::new("MalformedInput", 400, "The request's body is not gzip.").because(error))
        }
    }
}

/// A body as a stream of its data.
pub fn arriving(body: Incoming) -> ByteStream {
    struct Data {
        body: Incoming,
        /// Set while nothing comes.
        overdue: Option<Pin<Box<tokio::time::Sleep>>>,
    }

    impl Stream for Data {
        type Item = Result<Bytes, io::Error>;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            loop {
                let frame = match http_body::Body::poll_frame(Pin::new(&mut self.body), cx) {
                    Poll::Ready(Some(Ok(frame))) => frame,
                    Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(io::Error::other(error)))),
                    Poll::Ready(None) => return Poll::Ready(None),
                    Poll::Pending => {
                        let overdue = self.overdue.get_or_insert_with(|| Box::pin(tokio::time::sleep(IDLE)));
                        return overdue.as_mut().poll(cx).map(|()| Some(Err(io::ErrorKind::TimedOut.into())));
                    }
                };
                self.overdue = None;
                if let Ok(data) = frame.into_data() {
                    return Poll::Ready(Some(Ok(data)));
                }
            }
        }
    }

    Box::pin(Data { body, overdue: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn large_bodies_wait_for_their_part_of_the_budget_and_give_it_back() {
        let budget = Budget::of(64 * 1024, Duration::from_millis(1));
        let (mut one, mut other, mut small) = (Share::default(), Share::default(), Share::default());
        budget.grow(&mut one, 40 * 1024).await.unwrap();
        assert_eq!(budget.grow(&mut other, 40 * 1024).await.unwrap_err().code(), "ServiceUnavailable");
        budget.grow(&mut small, SMALL).await.unwrap();
        budget.grow(&mut one, 64 * 1024).await.unwrap();
        drop(one);
        budget.grow(&mut other, 40 * 1024).await.unwrap();
    }
}
