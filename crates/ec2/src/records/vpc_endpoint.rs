//! VPC endpoints. Which route tables lead to a gateway endpoint is told by the tables alone.

use rolecall_base::Time;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::RegionalKey;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcEndpoint {
    /// `vpce-…`
    pub id: String,
    pub vpc: String,
    /// `s3` of `com.amazonaws.us-east-1.s3`.
    pub service: String,
    /// A gateway, which routes lead to; otherwise it has interfaces.
    pub gateway: bool,
    /// With unique ids in place of the ARNs of users and roles. `None` allows everything.
    #[serde(default)]
    pub policy: Option<String>,
    /// Its subnets, each with the interface in it.
    #[serde(default)]
    pub subnets: Vec<EndpointSubnet>,
    /// Security groups of its interfaces.
    #[serde(default)]
    pub groups: Vec<String>,
    /// The service's own name leads to the interfaces.
    #[serde(default)]
    pub private_dns: bool,
    pub created: Time,
    /// The client token that it was made with.
    #[serde(default)]
    pub token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointSubnet {
    pub subnet: String,
    pub interface: String,
}

impl Record for VpcEndpoint {
    const VERSION: u8 = 1;
}

/// (account, region, id).
#[derive(Debug)]
pub struct VpcEndpoints;

impl Table for VpcEndpoints {
    const ID: u16 = 77;
    const NAME: &'static str = "vpc_endpoints";
    type Key = RegionalKey;
    type Row = VpcEndpoint;
}
