//! ec2

pub mod model;
pub mod ops;
