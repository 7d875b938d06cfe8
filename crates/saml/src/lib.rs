//! SAML 2.0 as far as a relying party needs it: metadata of identity providers, and responses of theirs.
//!
//! What is read is what was signed. A signature is verified over the canonical form of one element, and everything
//! that is said of the user is read out of *that text*, parsed anew: nothing else in the document can speak.
//! Why this is ours and not a library's: decision 0008.

mod assertion;
mod canonical;
mod certificate;
mod encrypted;
mod metadata;
mod private_key;
mod refusal;
mod response;
mod signature;
mod xml;

pub use assertion::{Assertion, NameId};
pub use certificate::{BadKey, PublicKey};
pub use metadata::{BadMetadata, Metadata};
pub use private_key::PrivateKey;
pub use refusal::Refusal;
pub use response::{Expected, LIFETIME, read};
