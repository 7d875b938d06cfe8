//! EC2 Instance Connect: a public key that opens an instance for one user and one minute.
//!
//! The keys are kept here ([`pushed`]); SSH and the metadata service ask for them. What instances there are is the
//! server's to say ([`Instances`]).

mod instances;
mod key;
pub mod model;
pub mod ops;
mod pushed;

pub use instances::{Instances, Target, Targets};
#[cfg(feature = "hostile")]
pub use key::line as read_public_key;
pub use pushed::{Pushed, PushedKeys, forget, pushed};

#[cfg(test)]
mod scene;
