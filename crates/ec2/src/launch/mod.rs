//! RunInstances, step by step: what it asks, what it refuses, what it works out, what it writes.

mod plan;
mod questions;
mod refuse;
mod settings;
mod write;

pub use plan::{Plan, checked_user_data};
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
use crate::network::Network;
use crate::records::{MetadataOptions, Subnet};
use crate::templates::data::{self, Data};

/// The parameters of the one network interface, wherever the caller put them.
#[derive(Clone, Debug, Default)]
struct Wishes<'a> {
    subnet: Option<&'a str>,
    groups: &'a [String],
    group_names: &'a [String],
    private_ip: Option<&'a str>,
    public: Option<bool>,
    description: Option<&'a str>,
}

impl<'a> Wishes<'a> {
    fn of(input: &'a RunInstancesRequest) -> Wishes<'a> {
        let list = |list: &'a Option<Vec<String>>| list.as_deref().unwrap_or_default();
        match input.network_interfaces.as_deref() {
            Some([one, ..]) => Wishes {
                subnet: one.subnet_id.as_deref(),
                groups: list(&one.groups),
                group_names: &[],
                private_ip: one.private_ip_address.as_deref(),
                public: one.associate_public_ip_address,
                description: one.description.as_deref(),
            },
            _ => Wishes {
                subnet: input.subnet_id.as_deref(),
                groups: list(&input.security_group_ids),
                group_names: list(&input.security_groups),
                private_ip: input.private_ip_address.as_deref(),
                public: None,
                description: None,
            },
        }
    }
}

/// The subnet that a launch would go to; `None` when there is none such.
fn subnet<'n>(network: &'n Network, input: &RunInstancesRequest) -> Option<&'n Subnet> {
    let placement = input.placement.as_ref();
    match (Wishes::of(input).subnet, placement) {
        (Some(id), _) => network.subnet(id),
        (None, Some(placement)) if placement.availability_zone_id.is_some() => {
            let id = placement.availability_zone_id.as_deref();
            network.subnets.iter().find(|subnet| subnet.default && Some(subnet.zone_id.as_str()) == id)
        }
        (None, placement) => network.default_subnet(placement.and_then(|p| p.availability_zone.as_deref())),
    }
}

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
