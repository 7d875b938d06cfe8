//! The instance metadata service: bytes in, bytes out. No sockets here: the server listens where only one instance
//! can reach it, so which instance asks is never a matter of trust.
//!
//! Start at [`Imds::answer`]. `token` makes the session tokens of version 2, `tree` the categories, `credentials` the
//! role sessions and their rotation.

mod answer;
mod credentials;
mod documents;
mod instance;
mod role;
mod service;
mod throttle;
mod token;
mod tree;

pub use answer::Answer;
pub use instance::{Details, InstanceView, KeyPair, Options, Profile};
pub use service::{Imds, Settings};
