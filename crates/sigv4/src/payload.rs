//! What a request says of its body: `x-amz-content-sha256`.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::encode::{self, Hex};
use crate::parse::header;
use crate::refusal::Refusal;
use crate::{Request, Signed};

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// The SHA-256 of a whole body: the last line of the canonical request of every service but S3.
pub fn body_hash(body: &[u8]) -> Hex {
    Hex::of(&Sha256::digest(body).into())
}

/// How an S3 request's body is bound to its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The body's SHA-256, to be compared once the body is read.
    Digest([u8; 32]),
    /// Not at all.
    Unsigned,
    /// `aws-chunked`: with a signature a chunk or without, with trailing headers or without.
    Streaming { signed: bool, trailer: bool },
}

impl Payload {
    /// Reads `x-amz-content-sha256`. A presigned URL may leave it out, which means unsigned.
    pub fn of_s3(request: &Request<'_>, signed: &Signed<'_>) -> Result<Payload, Refusal> {
        match header(request.headers, "x-amz-content-sha256") {
            None if signed.is_presigned() => Ok(Payload::Unsigned),
            None => Err(Refusal::ContentHashMissing),
            Some(text) => Payload::parse(text),
        }
    }

    /// Reads the header's value.
    pub fn parse(text: &str) -> Result<Payload, Refusal> {
        Ok(match text {
            UNSIGNED => Payload::Unsigned,
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" => Payload::Streaming { signed: true, trailer: false },
            "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER" => {
                Payload::Streaming { signed: true, trailer: true }
            }
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER" => Payload::Streaming { signed: false, trailer: true },
            digest => match encode::unhex(digest) {
                Some(digest) => Payload::Digest(digest),
                None => return Err(Refusal::ContentHashInvalid { found: digest.to_owned() }),
            },
        })
    }

    /// The canonical request's last line.
    pub fn line(&self) -> std::borrow::Cow<'static, str> {
        match self {
            Payload::Digest(digest) => Hex::of(digest).to_string().into(),
            Payload::Unsigned => UNSIGNED.into(),
            Payload::Streaming { signed: true, trailer: false } => {
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD".into()
            }
            Payload::Streaming { signed: true, trailer: true } => {
                "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER".into()
            }
            Payload::Streaming { signed: false, .. } => "STREAMING-UNSIGNED-PAYLOAD-TRAILER".into(),
        }
    }

    /// Compares the digest of the body that arrived with the one that was claimed.
    pub fn check(&self, computed: &[u8; 32]) -> Result<(), Refusal> {
        match self {
            Payload::Digest(claimed) if !bool::from(claimed.ct_eq(computed)) => {
                Err(Refusal::ContentHashMismatch {
                    claimed: Hex::of(claimed).to_string(),
                    computed: Hex::of(computed).to_string(),
                })
            }
            _ => Ok(()),
        }
    }
}
