//! `ResourceHandlingOption`: launches of EC2 that must be simulated with all their resources.

use rolecall_base::{Arn, Fault};

use crate::model::fault;

/// Each option with the resources that it demands, as ARNs name them.
const SCENARIOS: [(&str, &[&str]); 4] = [
    ("EC2-VPC-InstanceStore", &["instance", "image", "security-group", "network-interface"]),
    ("EC2-VPC-InstanceStore-Subnet", &["instance", "image", "security-group", "network-interface", "subnet"]),
    ("EC2-VPC-EBS", &["instance", "image", "security-group", "network-interface", "volume"]),
    ("EC2-VPC-EBS-Subnet", &["instance", "image", "security-group", "network-interface", "subnet", "volume"]),
];

/// # Errors
/// InvalidInput for an unknown option, and for a resource that it demands and that is not there.
pub(super) fn check(option: Option<&str>, resources: &[&str]) -> Result<(), Fault> {
    let Some(option) = option else { return Ok(()) };
    let Some((_, demanded)) = SCENARIOS.iter().find(|(name, _)| *name == option) else {
        return Err(fault::invalid_input(format!("Invalid ResourceHandlingOption: {option}")));
    };
    let has = |kind: &str| {
        let arns = resources.iter().filter_map(|resource| Arn::parse(resource).ok());
        arns.into_iter().any(|arn| arn.service == "ec2" && arn.kind_and_rest().0 == kind)
    };
    match demanded.iter().find(|kind| !has(kind)) {
        None => Ok(()),
        Some(kind) => Err(fault::invalid_input(format!(
            "The ResourceHandlingOption {option} requires a resource of the type {kind}."
        ))),
    }
}
