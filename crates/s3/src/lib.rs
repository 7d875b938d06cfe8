//! S3: buckets and objects, and who may do what with them.
//!
//! Metadata are rows of the store ([`records`]); bytes up to 32 KiB ride in the object's row, larger ones are blobs,
//! and an object that was uploaded in parts is a manifest of blobs. A blob gets its name before the row that refers to
//! it is committed, so there is no row without bytes; bytes that no row refers to are removed by [`sweep`].

mod access;
mod body;
mod bucket;
mod checksum;
mod conditions;
mod copy;
mod fault;
mod headers;
mod listing;
pub mod model;
mod multipart;
mod object;
pub mod ops;
mod policy;
mod public;
mod range;
mod reading;
pub mod records;
mod sweep;
mod tagging;
mod upload;

pub use body::check as check_body;
pub use bucket::is_name;
pub use policy::of_name as bucket_policy;
pub use sweep::{Swept, sweep};
