//! VPCs and subnets.

use rolecall_base::AccountId;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::{Mark, RegionalKey};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Vpc {
    /// `vpc-…`
    pub id: String,
    /// `172.31.0.0/16`
    pub cidr: String,
    /// `vpc-cidr-assoc-…`
    pub cidr_association: String,
    /// Further blocks, in the order in which they came.
    pub blocks: Vec<VpcBlock>,
    pub default: bool,
    /// `dopt-…`, or `default` for none at all.
    pub dhcp_options: String,
    /// `rtb-…`: the main route table.
    pub route_table: String,
    /// `rtbassoc-…`
    pub route_table_association: String,
    /// `acl-…`: that of subnets which have no other.
    pub network_acl: String,
    /// `sg-…`: that of interfaces which name no other.
    pub group: String,
    /// `igw-…`, attached.
    pub internet_gateway: Option<String>,
    /// Tenancy `dedicated`.
    pub dedicated: bool,
    pub dns_support: bool,
    pub dns_hostnames: bool,
    pub usage_metrics: bool,
}

impl Vpc {
    /// Whether public addresses of its interfaces have names.
    pub fn names_public_addresses(&self) -> bool {
        self.dns_support && self.dns_hostnames
    }

    /// All its blocks, the first one first.
    pub fn cidrs(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.cidr.as_str()).chain(self.blocks.iter().map(|block| block.cidr.as_str()))
    }

    /// `default` or `dedicated`
    pub fn tenancy(&self) -> &'static str {
        if self.dedicated { "dedicated" } else { "default" }
    }
}

/// A further block of a VPC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpcBlock {
    /// `vpc-cidr-assoc-…`
    pub association: String,
    pub cidr: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subnet {
    /// `subnet-…`
    pub id: String,
    pub vpc: String,
    pub cidr: String,
    /// `us-east-1a`
    pub zone: String,
    /// `use1-az1`
    pub zone_id: String,
    /// The zone's default subnet.
    pub default: bool,
    /// Instances get a public address unless they ask not to.
    pub public: bool,
    /// `rtb-…` that it is associated with by itself; the VPC's main table otherwise.
    pub route_table: Option<String>,
    /// `acl-…`
    pub network_acl: String,
    /// `aclassoc-…`
    pub acl_association: String,
}

impl Record for Vpc {
    const VERSION: u8 = 1;
}

impl Record for Subnet {
    const VERSION: u8 = 1;
}

/// That a default network is in the tables.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SettledNetwork {
    /// With its route table, gateway, options and access list. Older servers did not store those; what they stored is
    /// what is derived, so it is stored anew.
    pub whole: bool,
}

impl Record for SettledNetwork {
    const VERSION: u8 = 1;
}

/// (account, region): its default network is in the tables. Before that it is derived; see `network`.
#[derive(Debug)]
pub struct Networks;

impl Table for Networks {
    const ID: u16 = 61;
    const NAME: &'static str = "networks";
    type Key = (AccountId, String);
    type Row = SettledNetwork;
}

/// (account, region, VPC id, id of what is in it): subnets, route tables, access lists, NAT gateways.
#[derive(Debug)]
pub struct InVpc;

impl Table for InVpc {
    const ID: u16 = 71;
    const NAME: &'static str = "in_vpc";
    type Key = (AccountId, String, String, String);
    type Row = Mark;
}

/// Whose an association is: a route table's, an access list's, or a VPC's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssociationOwner {
    /// `rtb-…`, `acl-…` or `vpc-…`
    pub id: String,
}

impl Record for AssociationOwner {
    const VERSION: u8 = 1;
}

macro_rules! table {
    ($table:ident, $row:ident, $id:literal, $name:literal) => {
        /// (account, region, id).
        #[derive(Debug)]
        pub struct $table;

        impl Table for $table {
            const ID: u16 = $id;
            const NAME: &'static str = $name;
            type Key = RegionalKey;
            type Row = $row;
        }
    };
}

pub(super) use table;

table!(AssociationOwners, AssociationOwner, 72, "network_associations");
table!(Vpcs, Vpc, 62, "vpcs");
table!(Subnets, Subnet, 63, "subnets");
