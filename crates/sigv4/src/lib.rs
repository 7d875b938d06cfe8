//! Signature Version 4: reading what a request was signed with, verifying it, signing, and streaming chunks.
//!
//! A door goes [`Signed::read`] → [`Signed::check`] (time, scope, which headers) → looks the key up →
//! [`Signed::verify`]; a streamed S3 body then goes through a [`ChunkDecoder`]. All failures are one [`Refusal`],
//! which knows AWS's answer for every family of services. Pure: the clock is an argument.
//!
//! Sources: "Signature Version 4 signing process" (IAM User Guide), "Authenticating Requests" and
//! "Signature calculations for trailing headers" (S3 API Reference), botocore's signer and AWS's test suite.

mod canonical;
mod chain;
mod chunked;
mod encode;
mod key;
mod parse;
mod payload;
mod refusal;
mod request;
mod sign;
mod verify;

pub use chain::Chain;
pub use chunked::ChunkDecoder;
pub use encode::Hex;
pub use key::{KeyCache, SigningKey};
pub use parse::Signed;
pub use payload::{Payload, body_hash};
pub use refusal::{ChunkFault, ExpiresFault, Part, Place, Refusal, ScopeFault};
pub use request::{Expected, Family, Request};
pub use sign::{ChunkEncoder, Signer, Unsignable};
