//! Why a response is not accepted.

/// Why a response is not accepted. The texts are for people who set up a provider; none tells what is in a document that
/// nobody signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Not Base64.
    Encoding,
    /// Not the XML of a response, or one of its parts is missing, doubled or where it may not be.
    Malformed(&'static str),
    /// No signature, or none that one of the provider's keys made in an allowed way.
    Signature,
    /// The provider says that it did not authenticate the user. The status code that it gave.
    Rejected(String),
    /// Another provider made it.
    Issuer,
    /// It is too late.
    Expired,
    /// It is too early.
    NotYet,
    /// It is meant for somebody else.
    Audience,
    /// It was to be brought somewhere else.
    Recipient,
    /// The provider must encrypt, and did not.
    NotEncrypted,
    /// It is encrypted, and no key of the provider's opens it.
    Decryption,
}
