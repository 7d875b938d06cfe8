//! VPCs, subnets and security groups.

use rolecall_base::AccountId;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::{Mark, RegionalKey};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`
    pub id: String,
    /// `172.31.0.0/16`
    pub cidr: String,
    /// `vpc-cidr-assoc-…`
    pub cidr_association: String,
    pub default: bool,
    /// `dopt-…`
    pub dhcp_options: String,
    /// `rtb-…`: the main route table.
    pub route_table: String,
    /// `rtbassoc-…`
    pub route_table_association: String,
    /// `igw-…`, attached.
    pub internet_gateway: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// A security group. Only default groups exist so far: members reach each other, everything may go out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// `sg-…`
    pub id: String,
    pub name: String,
    pub description: String,
    pub vpc: String,
}

impl Record for Vpc {
    const VERSION: u8 = 1;
}

impl Record for Subnet {
    const VERSION: u8 = 1;
}

impl Record for SecurityGroup {
    const VERSION: u8 = 1;
}

/// (account, region): its default network is in the tables. Before that it is derived; see `network`.
#[derive(Debug)]
pub struct Networks;

impl Table for Networks {
    const ID: u16 = 61;
    const NAME: &'static str = "networks";
    type Key = (AccountId, String);
    type Row = Mark;
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

table!(Vpcs, Vpc, 62, "vpcs");
table!(Subnets, Subnet, 63, "subnets");
table!(SecurityGroups, SecurityGroup, 64, "security_groups");
