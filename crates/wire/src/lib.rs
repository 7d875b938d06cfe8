//! AWS's wire protocols over bytes: query, ec2, json, rest-json and rest-xml.
//!
//! Each service's generated `model.rs` holds one zero-sized type per operation that implements [`Shape`], with the
//! structures it takes and returns. The generated code is straight-line calls into this crate: [`form`] and [`xml`]
//! and [`json`] read and write, [`rules`] holds the model's limits, [`Violations`] collects what breaks them.
//! [`Router`] names the operation of a request; [`read`] turns the request into its input; [`Output::encode`] and
//! [`encode_fault`] write the answer.
//!
//! Nothing here does I/O, and no input, however formed, makes it panic or nest without bound.

pub mod form;
pub mod json;
pub mod record;
pub mod rules;
pub mod scalar;
#[cfg(feature = "vectors")]
pub mod vectors;
pub mod xml;

mod fault;
mod message;
mod response;
mod router;
mod shape;
mod violations;

pub use fault::encode_fault;
pub use message::{Labels, Message, Query, required};
pub use response::{Body, Response};
pub use router::Router;
pub use shape::{Input, Meta, Output, Protocol, Route, Service, Shape, check, read};
pub use violations::Violations;
