//! A streamed body, as the operation that takes it in sees it: verified pieces.

use std::fmt;
use std::future::poll_fn;

use bytes::Bytes;
use rolecall_base::Fault;

use crate::request::ByteStream;

/// The body of PutObject or UploadPart: the object's own bytes, chunk framing removed, each piece verified as far as
/// the signature covers it. Whoever takes it in must read to the end ([`Payload::next`] gives `None`) before keeping
/// anything: a wrong hash shows only there.
pub struct Payload {
    body: ByteStream,
    /// Bytes of the object, where the client said so.
    length: Option<u64>,
    trailers: Vec<(String, String)>,
}

impl Payload {
    /// A body that needs no verification: from this process, or unsigned over TLS.
    pub fn plain(body: ByteStream, length: Option<u64>) -> Payload {
        Payload { body, length, trailers: Vec::new() }
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
        let body = &mut self.body;
        match poll_fn(|cx| body.as_mut().poll_next(cx)).await {
            Some(Ok(piece)) => Ok(Some(piece)),
            None => Ok(None),
            Some(Err(error)) => Err(incomplete().because(error)),
        }
    }

    /// A trailer, such as `x-amz-checksum-crc32`; there are none before the end.
    pub fn trailer(&self, name: &str) -> Option<&str> {
        self.trailers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

pub(crate) fn incomplete() -> Fault {
    let text = "You did not provide the number of bytes specified by the Content-Length HTTP header";
    Fault::new("IncompleteBody", 400, text)
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({:?})", self.length)
    }
}
