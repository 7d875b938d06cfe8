//! EC2's error codes with the texts that clients and people match on.
//!
//! Source: EC2 API Reference, "Error codes"; the codes that Terraform's provider branches on.

use rolecall_base::Fault;

fn fault(code: &'static str, message: String) -> Fault {
    Fault::new(code, 400, message)
}

/// What stands where an operation would have gone on.
///
/// # Errors
/// DryRunOperation when the caller only asked whether it may.
pub fn dry_run(asked: Option<bool>) -> Result<(), Fault> {
    match asked {
        Some(true) => {
            let text = "Request would have succeeded, but DryRun flag is set.";
            Err(Fault::new("DryRunOperation", 412, text))
        }
        _ => Ok(()),
    }
}

pub fn invalid_value(value: impl std::fmt::Display, parameter: &str, why: &str) -> Fault {
    fault("InvalidParameterValue", format!("Value ({value}) for parameter {parameter} is invalid. {why}"))
}

pub fn invalid(message: impl Into<String>) -> Fault {
    fault("InvalidParameterValue", message.into())
}

pub fn combination(message: impl Into<String>) -> Fault {
    fault("InvalidParameterCombination", message.into())
}

pub fn missing(parameter: &str) -> Fault {
    fault("MissingParameter", format!("The request must contain the parameter {parameter}"))
}

/// A parameter that AWS honors and this server can't.
pub fn unsupported(what: &str) -> Fault {
    let message = format!("{what} is not supported by Rolecall.");
    fault("UnsupportedOperation", message)
}

pub fn malformed(code: &'static str, id: &str, prefix: &str) -> Fault {
    if id.starts_with(&format!("{prefix}-")) {
        fault(code, format!("Invalid id: \"{id}\""))
    } else {
        fault(code, format!("Invalid id: \"{id}\" (expecting \"{prefix}-...\")"))
    }
}

pub fn no_instances(ids: &[&str]) -> Fault {
    let message = match ids {
        [id] => format!("The instance ID '{id}' does not exist"),
        _ => format!("The instance IDs '{}' do not exist", ids.join(", ")),
    };
    fault("InvalidInstanceID.NotFound", message)
}

pub fn no_image(ids: &[&str]) -> Fault {
    let message = match ids {
        [id] => format!("The image id '[{id}]' does not exist"),
        _ => format!("The image ids '[{}]' do not exist", ids.join(", ")),
    };
    fault("InvalidAMIID.NotFound", message)
}

pub fn no_key_pair(name: &str) -> Fault {
    fault("InvalidKeyPair.NotFound", format!("The key pair '{name}' does not exist"))
}

pub fn key_pair_exists(name: &str) -> Fault {
    fault("InvalidKeyPair.Duplicate", format!("The keypair '{name}' already exists."))
}

pub fn no_subnet(id: &str) -> Fault {
    fault("InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist"))
}

pub fn no_vpc(id: &str) -> Fault {
    fault("InvalidVpcID.NotFound", format!("The vpc ID '{id}' does not exist"))
}

pub fn no_group(id: &str) -> Fault {
    fault("InvalidGroup.NotFound", format!("The security group '{id}' does not exist"))
}

pub fn no_group_named(name: &str, vpc: &str) -> Fault {
    let message = format!("The security group '{name}' does not exist in default VPC '{vpc}'");
    fault("InvalidGroup.NotFound", message)
}

pub fn no_snapshot(id: &str) -> Fault {
    fault("InvalidSnapshot.NotFound", format!("The snapshot '{id}' does not exist."))
}

pub fn no_volume(id: &str) -> Fault {
    fault("InvalidVolume.NotFound", format!("The volume '{id}' does not exist."))
}

pub fn no_interface(id: &str) -> Fault {
    let message = format!("The networkInterface ID '{id}' does not exist");
    fault("InvalidNetworkInterfaceID.NotFound", message)
}

pub fn no_route_table(id: &str) -> Fault {
    fault("InvalidRouteTableID.NotFound", format!("The routeTable ID '{id}' does not exist"))
}

pub fn no_internet_gateway(id: &str) -> Fault {
    fault("InvalidInternetGatewayID.NotFound", format!("The internetGateway ID '{id}' does not exist"))
}

pub fn no_dhcp_options(id: &str) -> Fault {
    fault("InvalidDhcpOptionID.NotFound", format!("The dhcpOption ID '{id}' does not exist"))
}

pub fn no_association(id: &str) -> Fault {
    let message = format!("An invalid association-id of '{id}' was given");
    fault("InvalidAssociationID.NotFound", message)
}

pub fn no_profile_named(name: &str) -> Fault {
    invalid_value(name, "iamInstanceProfile.name", "Invalid IAM Instance Profile name")
}

pub fn no_profile_arn(arn: &str) -> Fault {
    invalid_value(arn, "iamInstanceProfile.arn", "Invalid IAM Instance Profile ARN")
}

/// The text that Terraform's provider waits on while a role is being put into its profile.
pub fn profile_without_role(arn: &str) -> Fault {
    invalid(format!("IAM Instance Profile \"{arn}\" has no associated IAM Roles"))
}

pub fn wrong_state(message: impl Into<String>) -> Fault {
    fault("IncorrectInstanceState", message.into())
}

pub fn not_permitted(message: impl Into<String>) -> Fault {
    fault("OperationNotPermitted", message.into())
}

pub fn already_associated(instance: &str) -> Fault {
    fault("IncorrectState", format!("There is an existing association for instance {instance}"))
}

pub fn token_mismatch() -> Fault {
    let message =
        "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
    fault("IdempotentParameterMismatch", message.to_owned())
}

pub fn address_taken(address: impl std::fmt::Display) -> Fault {
    fault("InvalidIPAddress.InUse", format!("Address {address} is in use."))
}

pub fn other(code: &'static str, message: impl Into<String>) -> Fault {
    fault(code, message.into())
}
