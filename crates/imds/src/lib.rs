//! The instance metadata service: bytes in, bytes out. No sockets here: the server listens where only one instance
//! can reach it, so which instance asks is never a matter of trust.
//!
//! Start at [`Imds::answer`]. `token` makes the session tokens of version 2, `tree` the categories, `credentials` the
//! role sessions and their rotation, `signing` what proves identity documents.

mod answer;
mod credentials;
mod documents;
mod host;
mod instance;
mod role;
mod service;
mod signing;
mod throttle;
mod token;
mod tree;

pub use answer::Answer;
pub use instance::{
    Details, InstanceView, Interface, KeyPair, LifeCycle, Net, Options, Placement, Profile, PushedKey,
    SpotAction,
};
pub use service::{Imds, Settings};
pub use signing::{IdentityKey, IdentityKeys, Signer, Signers};
