//! s3

pub mod model;
pub mod ops;
