//! Why a signature was refused, with what AWS's texts need; `fault` turns it into each family's answer.

mod query;
mod s3;

use std::time::Duration;

use rolecall_base::{Fault, Time};

use crate::Family;

/// Where credentials were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The `Authorization` header.
    Header,
    /// A presigned URL.
    Query,
}

/// A part that a signature consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Algorithm,
    Credential,
    Signature,
    SignedHeaders,
    Date,
    Expires,
    Token,
}

/// What is wrong with `X-Amz-Expires`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExpiresFault {
    NotANumber,
    Negative,
    TooLong,
}

/// What of a credential scope is wrong; `None` where it is right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeFault {
    /// Found and expected.
    pub region: Option<(String, String)>,
    /// Found and expected.
    pub service: Option<(String, String)>,
    /// Found.
    pub terminator: Option<String>,
    /// The scope's date and the request's time.
    pub date: Option<(String, String)>,
}

/// What is wrong with a streamed body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChunkFault {
    /// The body ended early, is longer than it said, or is not in the streaming format.
    Incomplete,
    /// A chunk before the last is smaller than 8,192 bytes; the number of the chunk after it, and its size.
    TooSmall { chunk: u64, size: u64 },
    /// A trailer that was not announced, is missing, or is not in the format.
    Trailer,
}

/// Why a request's signature was refused.
#[derive(Clone, Debug, PartialEq)]
pub enum Refusal {
    /// No credentials, where they are needed.
    Missing,
    /// A header and query parameters, or two headers.
    Both { authorization: String },
    /// An `Authorization` header of something else than SigV4.
    Scheme { authorization: String },
    /// Signature Version 2.
    Version2 { authorization: String },
    /// An algorithm other than AWS4-HMAC-SHA256.
    Algorithm { place: Place, found: String },
    /// Parts missing (or, in a URL, repeated).
    Parts { place: Place, missing: Vec<Part>, authorization: String },
    /// A part of the header without an equal sign.
    NotAPair { text: String },
    /// A credential that has not five parts.
    Credential { place: Place, found: String },
    /// A time that cannot be read.
    DateFormat { place: Place, found: String },
    /// See [`ExpiresFault`].
    Expires(ExpiresFault),
    /// See [`ScopeFault`].
    Scope { place: Place, fault: Box<ScopeFault> },
    /// `host` is not among the signed headers.
    HostUnsigned,
    /// Headers that must be signed and are not.
    HeadersUnsigned { names: Vec<String> },
    /// Signed too long ago.
    Late { place: Place, signed: Time, now: Time, window: Duration, expires_seconds: Option<u32> },
    /// Signed in the future.
    Early { place: Place, signed: Time, now: Time, window: Duration },
    /// The signature is not ours.
    Mismatch { access_key_id: String, signature: String },
    /// S3: no `x-amz-content-sha256` header.
    ContentHashMissing,
    /// S3: an `x-amz-content-sha256` that is neither a digest nor a known word.
    ContentHashInvalid { found: String },
    /// S3: the body is not what `x-amz-content-sha256` says.
    ContentHashMismatch { claimed: String, computed: String },
    /// S3: see [`ChunkFault`].
    Chunk(ChunkFault),
}

impl Refusal {
    /// The answer a client of that family gets.
    pub fn fault(self, family: Family) -> Fault {
        match family {
            Family::S3 => s3::fault(self),
            Family::Query | Family::Ec2 | Family::Json | Family::RestJson => query::fault(self, family),
        }
    }
}
