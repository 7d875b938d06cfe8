//! The metadata service as an instance sees it, on simulated time.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod credentials;
mod identity;
mod protocol;
mod tree;
mod world;
