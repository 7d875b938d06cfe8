//! What EC2 says when a network can't be changed so.
//!
//! Source: EC2 API Reference, "Error codes"; Amazon VPC User Guide, "Amazon VPC quotas".

use rolecall_base::Fault;

use crate::faults::other;

/// The quotas of a region, a VPC, a table, as every account begins with them.
pub const VPCS: usize = 5;
pub const BLOCKS: usize = 5;
pub const SUBNETS: usize = 200;
pub const ROUTE_TABLES: usize = 200;
pub const ROUTES: usize = 50;
pub const INTERNET_GATEWAYS: usize = 5;
pub const NETWORK_ACLS: usize = 200;
/// In each direction.
pub const ACL_RULES: usize = 20;
pub const DHCP_OPTIONS: usize = 100;
/// In each zone.
pub const NAT_GATEWAYS: usize = 5;

/// Refuses one more than there may be.
///
/// # Errors
/// The code given.
pub fn within(there: usize, most: usize, code: &'static str, what: &str) -> Result<(), Fault> {
    if there < most {
        return Ok(());
    }
    Err(other(code, format!("The maximum number of {what} has been reached.")))
}

/// What still has something in it, or is in use. `kind` as in `routeTable`.
pub fn has_dependencies(kind: &str, id: &str) -> Fault {
    other("DependencyViolation", format!("The {kind} '{id}' has dependencies and cannot be deleted."))
}

pub fn subnet_conflict(cidr: impl std::fmt::Display) -> Fault {
    other("InvalidSubnet.Conflict", format!("The CIDR '{cidr}' conflicts with another subnet"))
}

pub fn subnet_range(cidr: impl std::fmt::Display) -> Fault {
    other("InvalidSubnet.Range", format!("The CIDR '{cidr}' is invalid."))
}

pub fn already_associated(text: String) -> Fault {
    other("Resource.AlreadyAssociated", text)
}

pub fn no_association(id: &str) -> Fault {
    other("InvalidAssociationID.NotFound", format!("The association ID '{id}' does not exist"))
}

pub fn no_vpc_association(id: &str) -> Fault {
    let text = format!("The vpc CIDR block association ID '{id}' does not exist");
    other("InvalidVpcCidrBlockAssociationID.NotFound", text)
}

pub fn no_network_acl(id: &str) -> Fault {
    other("InvalidNetworkAclID.NotFound", format!("The networkAcl ID '{id}' does not exist"))
}

pub fn no_nat_gateway(id: &str) -> Fault {
    other("NatGatewayNotFound", format!("NatGateway {id} was not found"))
}

pub fn no_acl_rule(number: i32) -> Fault {
    let text = format!("The network acl entry identified by {number} does not exist.");
    other("InvalidNetworkAclEntry.NotFound", text)
}

pub fn no_route(to: &str, table: &str) -> Fault {
    let text = format!("no route with destination-cidr-block {to} in route table {table}");
    other("InvalidRoute.NotFound", text)
}
