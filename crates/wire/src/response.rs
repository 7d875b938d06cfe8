//! An answer under construction.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::scalar::Scalar;

/// Status, headers and body of an answer.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Body,
}

/// An answer's body: bytes at hand, or bytes to come.
pub enum Body {
    Bytes(Bytes),
    Stream {
        /// Number of bytes to come, when it is known.
        len: Option<u64>,
        stream: Pin<Box<dyn Stream<Item = Result<Bytes, io::Error>> + Send>>,
    },
}

impl Default for Response {
    fn default() -> Self {
        Response { status: 200, headers: HeaderMap::new(), body: Body::default() }
    }
}

impl Response {
    /// An empty 200.
    pub fn new() -> Response {
        Response::default()
    }

    /// Sets a header from text; a text that no header can hold is escaped to what can.
    pub fn set_header(&mut self, name: &'static str, text: &str) {
        self.insert(name, text);
    }

    /// Sets a header unless the member is absent.
    pub fn put_header<T: Scalar>(&mut self, name: &'static str, value: Option<&T>) {
        if let Some(value) = value {
            self.insert(name, &value.header_text());
        }
    }

    /// Sets the status from a member; one that is no HTTP status leaves it as it is.
    pub fn set_status(&mut self, status: i32) {
        self.status = u16::try_from(status).unwrap_or(self.status);
    }

    /// One header for each pair, named by `prefix` and the key: `x-amz-meta-`.
    pub fn put_prefixed(&mut self, prefix: &str, pairs: Option<&BTreeMap<String, String>>) {
        for (key, value) in pairs.into_iter().flatten() {
            self.insert(&format!("{prefix}{key}"), value);
        }
    }

    /// Sets the body and its content type.
    pub fn set_body(&mut self, content_type: &'static str, body: impl Into<Bytes>) {
        self.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = Body::Bytes(body.into());
    }

    /// Names that are no header names cannot come from a request (they were header names there) and are left out.
    /// Control characters become spaces, as HTTP lets a gateway do.
    fn insert(&mut self, name: &str, text: &str) {
        let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else { return };
        let clean = |byte: u8| if byte.is_ascii_control() && byte != b'\t' { b' ' } else { byte };
        let bytes: Vec<u8> = text.bytes().map(clean).collect();
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            self.headers.insert(name, value);
        }
    }
}

impl Body {
    /// The length in bytes, when it is known.
    pub fn len(&self) -> Option<u64> {
        match self {
            Body::Bytes(bytes) => u64::try_from(bytes.len()).ok(),
            Body::Stream { len, .. } => *len,
        }
    }

    /// True for a body that is known to hold nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }
}

impl Default for Body {
    fn default() -> Self {
        Body::Bytes(Bytes::new())
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Body {
        Body::Bytes(bytes)
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Body::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
            Body::Stream { len, .. } => write!(f, "Stream({len:?})"),
        }
    }
}
