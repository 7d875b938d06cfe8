//! Why a document is refused, in AWS's words.

use std::borrow::Cow;
use std::fmt;

use rolecall_base::Fault;

/// A document that AWS would not store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed {
    /// `MalformedPolicyDocument` (IAM, STS), `MalformedPolicy` (S3), `MalformedPolicyDocumentException` (Organizations, KMS).
    pub code: &'static str,
    pub message: Cow<'static, str>,
}

impl Malformed {
    pub(crate) fn new(code: &'static str, message: impl Into<Cow<'static, str>>) -> Malformed {
        Malformed { code, message: message.into() }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Malformed {}

/// All of them are answered with status 400.
impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Fault {
        Fault::new(malformed.code, 400, malformed.message)
    }
}
