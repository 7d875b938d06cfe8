//! A streamed body, as the operation that takes it in sees it: verified pieces.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;

use bytes::Bytes;
use rolecall_base::Fault;
use rolecall_sigv4::{Chain, ChunkDecoder, Family, Payload as Binding, Refusal};
use sha2::{Digest, Sha256};

use crate::request::{ByteStream, Request, RequestBody};

/// How a body is bound to the request's signature.
#[derive(Debug)]
pub(crate) struct BodyCheck {
    pub binding: Binding,
    pub chain: Option<Chain>,
}

impl BodyCheck {
    /// Nothing is left to check.
    pub fn none() -> BodyCheck {
        BodyCheck { binding: Binding::Unsigned, chain: None }
    }

    /// The body under its check.
    ///
    /// # Errors
    /// MissingContentLength when a chunked body does not say how long it is inside.
    pub fn payload(self, request: &Request, body: RequestBody) -> Result<Payload, Fault> {
        let body = match body {
            RequestBody::Arriving(body) => body,
            RequestBody::Whole(bytes) => Box::pin(Once(Some(bytes))),
        };
        let number = |name: &str| request.header(name).and_then(|text| text.parse::<u64>().ok());
        let (check, length) = match self.binding {
            Binding::Unsigned => (Check::Nothing, number("content-length")),
            Binding::Digest(_) => {
                (Check::Digest(self.binding, Box::new(Sha256::new())), number("content-length"))
            }
            Binding::Streaming { trailer, .. } => {
                let length = number("x-amz-decoded-content-length").ok_or_else(no_length)?;
                let announced = request.header("x-amz-trailer").filter(|_| trailer);
                (Check::Chunks(Box::new(ChunkDecoder::new(self.chain, announced, length))), Some(length))
            }
        };
        Ok(Payload { body, length, trailers: Vec::new(), check, ready: VecDeque::new() })
    }
}

enum Check {
    Nothing,
    Digest(Binding, Box<Sha256>),
    Chunks(Box<ChunkDecoder>),
    Done,
}

/// The body of PutObject or UploadPart: the object's own bytes, chunk framing removed, each piece verified as far as
/// the signature covers it. Whoever takes it in must read to the end ([`Payload::next`] gives `None`) before keeping
/// anything: a wrong hash shows only there.
pub struct Payload {
    body: ByteStream,
    /// Bytes of the object, where the client said so.
    length: Option<u64>,
    trailers: Vec<(String, String)>,
    check: Check,
    ready: VecDeque<Bytes>,
}

impl Payload {
    /// A body that needs no verification: one from this process.
    pub fn plain(body: ByteStream, length: Option<u64>) -> Payload {
        Payload { body, length, trailers: Vec::new(), check: Check::Nothing, ready: VecDeque::new() }
    }

    /// How many bytes [`Payload::next`] will give in all, where the client said so.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// The next piece; `None` at the verified end.
    ///
    /// # Errors
    /// The fault to answer with: a signature or hash that does not match, a body cut short or too long.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            let body = &mut self.body;
            match poll_fn(|cx| body.as_mut().poll_next(cx)).await {
                Some(Ok(bytes)) => self.take(bytes)?,
                Some(Err(error)) => return Err(incomplete().because(error)),
                None => {
                    self.end()?;
                    return Ok(None);
                }
            }
        }
    }

    /// A trailer, such as `x-amz-checksum-crc32`; there are none before the end.
    pub fn trailer(&self, name: &str) -> Option<&str> {
        self.trailers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    fn take(&mut self, bytes: Bytes) -> Result<(), Fault> {
        match &mut self.check {
            Check::Nothing | Check::Done => self.ready.push_back(bytes),
            Check::Digest(_, hasher) => {
                hasher.update(&bytes);
                self.ready.push_back(bytes);
            }
            Check::Chunks(decoder) => {
                let mut rest: &[u8] = &bytes;
                while let Some(piece) = decoder.next(&mut rest).map_err(refuse)? {
                    self.ready.push_back(bytes.slice_ref(piece));
                }
            }
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        match std::mem::replace(&mut self.check, Check::Done) {
            Check::Nothing | Check::Done => {}
            Check::Digest(binding, hasher) => binding.check(&hasher.finalize().into()).map_err(refuse)?,
            Check::Chunks(decoder) => self.trailers = decoder.finish().map_err(refuse)?,
        }
        Ok(())
    }
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({:?})", self.length)
    }
}

/// The SHA-256 of a whole body.
pub(crate) fn digest(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

fn refuse(refusal: Refusal) -> Fault {
    refusal.fault(Family::S3)
}

fn incomplete() -> Fault {
    let text = "You did not provide the number of bytes specified by the Content-Length HTTP header";
    Fault::new("IncompleteBody", 400, text)
}

fn no_length() -> Fault {
    Fault::new("MissingContentLength", 411, "You must provide the Content-Length HTTP header.")
}

/// One piece as a stream.
struct Once(Option<Bytes>);

impl futures_core::Stream for Once {
    type Item = Result<Bytes, std::io::Error>;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Self::Item>> {
        std::task::Poll::Ready(self.0.take().map(Ok))
    }
}
