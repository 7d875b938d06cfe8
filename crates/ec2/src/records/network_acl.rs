//! Network access lists, and sets of DHCP options.

use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::network::table;
use super::{RegionalKey, SubnetAssociation};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NetworkAcl {
    /// `acl-…`
    pub id: String,
    pub vpc: String,
    /// Its VPC's default one.
    pub default: bool,
    /// By direction and number. What no rule admits is denied; that last rule is not kept.
    pub rules: Vec<AclRule>,
    pub associations: Vec<SubnetAssociation>,
    /// The client token it was made with.
    pub token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AclRule {
    pub egress: bool,
    /// 1 to 32766: the lowest that matches decides.
    pub number: i32,
    pub allow: bool,
    /// A number, `-1` for all.
    pub protocol: i32,
    pub cidr: String,
    /// First and last, of TCP and UDP.
    pub ports: Option<(i32, i32)>,
    /// Type and code, of ICMP; -1 for all.
    pub icmp: Option<(i32, i32)>,
}

/// A set of DHCP options.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhcpOptions {
    /// `dopt-…`
    pub id: String,
    /// Names, each with its values.
    pub options: Vec<(String, Vec<String>)>,
}

impl Record for NetworkAcl {
    const VERSION: u8 = 1;
}

impl Record for DhcpOptions {
    const VERSION: u8 = 1;
}

table!(NetworkAcls, NetworkAcl, 69, "network_acls");
table!(DhcpOptionSets, DhcpOptions, 68, "dhcp_options");
