//! RunInstances, step by step: what it asks, what it refuses, what it works out, what it writes.

mod interfaces;
mod network_questions;
mod plan;
mod questions;
mod refuse;
mod settings;
mod wishes;
mod write;

pub use plan::{MOST, Plan, checked_user_data};
pub use questions::questions;
pub use settings::{check_type, cpus, host_names};
pub use write::{Launch, repeated, write};

/// What of a launch template's data could never be launched, as the warning that goes with the template.
///
/// # Errors
/// InternalFailure for data that is none.
pub fn warning(data: &Data) -> Result<Option<ValidationWarning>, Fault> {
    let outcome = data::launch(data.clone(), &RunInstancesRequest::default());
    let Err(fault) = outcome.and_then(|input| refuse::refuse(&input)) else { return Ok(None) };
    if fault.status() >= 500 {
        return Err(fault);
    }
    let error =
        ValidationError { code: Some(fault.code().to_owned()), message: Some(fault.message().to_owned()) };
    Ok(Some(ValidationWarning { errors: Some(vec![error]) }))
}

use rolecall_base::Fault;

use crate::faults;
use crate::model::{InstanceMetadataOptionsRequest, RunInstancesRequest, ValidationError, ValidationWarning};
use crate::records::MetadataOptions;
use crate::templates::data::{self, Data};

/// The options with what a request changes of them.
///
/// # Errors
/// InvalidParameterValue for a hop limit outside 1 to 64.
pub fn metadata(
    mut options: MetadataOptions,
    wished: Option<&InstanceMetadataOptionsRequest>,
) -> Result<MetadataOptions, Fault> {
    let Some(wished) = wished else { return Ok(options) };
    if let Some(hops) = wished.http_put_response_hop_limit {
        if !(1..=64).contains(&hops) {
            let why = "Specify a value between 1 and 64.";
            return Err(faults::invalid_value(hops, "HttpPutResponseHopLimit", why));
        }
        options.hop_limit = hops;
    }
    if let Some(tokens) = &wished.http_tokens {
        options.tokens_required = tokens == "required";
    }
    if let Some(endpoint) = &wished.http_endpoint {
        options.enabled = endpoint == "enabled";
    }
    if let Some(tags) = &wished.instance_metadata_tags {
        options.tags = tags == "enabled";
    }
    if let Some(ipv6) = &wished.http_protocol_ipv6 {
        options.ipv6 = ipv6 == "enabled";
    }
    Ok(options)
}
