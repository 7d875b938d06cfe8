//! CloudTrail: looking recent calls up, and trails that bring their records to a bucket.
//!
//! The records themselves are the door's, and the server keeps them: this crate finds in them what is asked
//! ([`EventHistory`]), and says which of them a trail wants ([`Selectors`]).

pub mod event;
mod history;
pub mod model;
pub mod ops;
mod organization;
mod records;
mod selectors;
mod show;
mod tags;
mod target;
mod writable;

pub use event::Event;
pub use history::{Attribute, EventHistory, Found, History, Position, Search};
pub use organization::reaches_members;
pub use records::{
    Deliveries, Delivery, Digest, DigestKey, DigestKeys, Digests, LastDigest, LogFile, Span, Trail, Trails,
};
pub use selectors::{Advanced, Basic, Condition, DataResource, Selectors};
pub use writable::{Bucket, Writable};

#[cfg(test)]
mod scene;
