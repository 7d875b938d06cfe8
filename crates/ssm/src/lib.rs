//! Systems Manager's parameter store: parameters with versions, labels and tags, and AWS's public parameters.
//!
//! A parameter's row holds its newest version, so most reads are one row. The values of secure strings are sealed by the
//! identity vault: [`values`]. What AWS publishes for everybody comes from the server: [`Public`].

mod filters;
mod image_parameter;
pub mod model;
mod named;
pub mod ops;
mod page;
mod public;
mod records;
#[cfg(test)]
mod scene;
mod show;
mod tags;
mod values;

pub use image_parameter::{Said, image_needs, image_said};
pub use public::{Images, Public, Usable};
pub use records::{Label, Parameter, Parameters, Stored, Version, Versions};
