//! Route tables, and the gateways that routes lead to.

use std::net::Ipv4Addr;

use rolecall_base::Time;
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::RegionalKey;
use super::network::table;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RouteTable {
    /// `rtb-…`
    pub id: String,
    pub vpc: String,
    /// In order; those of the VPC's own blocks first.
    pub routes: Vec<Route>,
    /// `rtbassoc-…` with which it is its VPC's main table.
    pub main: Option<String>,
    pub associations: Vec<SubnetAssociation>,
    /// The client token it was made with.
    pub token: Option<String>,
}

/// A subnet's own route table or access list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubnetAssociation {
    /// `rtbassoc-…` or `aclassoc-…`
    pub id: String,
    pub subnet: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// A block, or `pl-…`.
    pub to: String,
    pub via: Via,
    /// Made with the table: the routes within the VPC.
    pub own: bool,
}

/// Where a route leads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Via {
    Local,
    /// `igw-…`
    Internet(String),
    /// `vpce-…` of a gateway endpoint.
    Endpoint(String),
    /// `nat-…`
    Nat(String),
    /// `eni-…`
    Interface(String),
    /// `pcx-…`
    Peering(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternetGateway {
    /// `igw-…`
    pub id: String,
    /// The VPC that it is attached to.
    pub vpc: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NatGateway {
    /// `nat-…`
    pub id: String,
    pub vpc: String,
    pub subnet: String,
    /// Leads to the internet; a private one only to other networks.
    pub public: bool,
    pub created: Time,
    /// When it was deleted; it is described for a while.
    pub deleted: Option<Time>,
    /// Why it never worked: code and message. Such a gateway has no interface.
    pub failure: Option<(String, String)>,
    /// The primary one first.
    pub addresses: Vec<NatAddress>,
    pub token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatAddress {
    /// `eni-…`
    pub interface: String,
    pub private: Ipv4Addr,
    /// The elastic address: `eipalloc-…`, `eipassoc-…` and itself.
    pub elastic: Option<NatElastic>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatElastic {
    pub allocation: String,
    pub association: String,
    pub address: Ipv4Addr,
}

/// What a call with a client token made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkToken {
    /// SHA-256 of the request's parameters, in hexadecimal.
    pub digest: String,
    pub made: String,
}

impl Record for NetworkToken {
    const VERSION: u8 = 1;
}

impl Record for RouteTable {
    const VERSION: u8 = 1;
}

impl Record for InternetGateway {
    const VERSION: u8 = 1;
}

impl Record for NatGateway {
    const VERSION: u8 = 1;
}

table!(RouteTables, RouteTable, 65, "route_tables");
table!(InternetGateways, InternetGateway, 66, "internet_gateways");
table!(NatGateways, NatGateway, 67, "nat_gateways");
table!(NetworkTokens, NetworkToken, 185, "network_tokens");
