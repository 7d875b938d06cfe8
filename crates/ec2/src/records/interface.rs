//! Network interfaces: addresses with groups, attached to an instance or not.

use std::net::Ipv4Addr;

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::RegionalKey;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetworkInterface {
    pub account: AccountId,
    pub region: String,
    /// `eni-…`
    pub id: String,
    pub vpc: String,
    pub subnet: String,
    pub zone: String,
    /// `0a:…`, lower case.
    pub mac: String,
    /// Its private addresses, the primary one first; never empty.
    pub addresses: Vec<PrivateAddress>,
    /// Ids of security groups.
    pub groups: Vec<String>,
    #[serde(default)]
    pub description: String,
    pub source_dest_check: bool,
    /// Its primary address gets a public one at each start of its instance.
    #[serde(default)]
    pub public: bool,
    #[serde(default)]
    pub attachment: Option<Attachment>,
    /// The service that made it and alone may change it.
    #[serde(default)]
    pub requester: Option<Requester>,
    pub created: Time,
    /// The client token that it was made with, for [`crate::network::token::forget`].
    #[serde(default)]
    pub token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivateAddress {
    pub address: Ipv4Addr,
    #[serde(default)]
    pub public: Option<PublicAddress>,
}

/// An address of 127.64.0.0/10, reachable from the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicAddress {
    pub address: Ipv4Addr,
    /// For an elastic address: `eipalloc-…` and `eipassoc-…`. Another one goes when the instance stops.
    #[serde(default)]
    pub elastic: Option<Elastic>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elastic {
    pub allocation: String,
    pub association: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// `eni-attach-…`
    pub id: String,
    pub instance: String,
    pub device_index: i32,
    #[serde(default)]
    pub network_card: i32,
    pub delete_on_termination: bool,
    pub attached: Time,
}

/// Who manages an interface for the account: `vpc-endpoint`, `nat-gateway`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// What answers show as the requester's id.
    pub id: String,
    /// The interface type that answers show: `vpc_endpoint`, `nat_gateway`.
    pub kind: String,
}

impl NetworkInterface {
    /// Its key in [`Interfaces`].
    pub fn key(&self) -> RegionalKey {
        (self.account, self.region.clone(), self.id.clone())
    }

    pub fn arn(&self) -> String {
        format!("arn:aws:ec2:{}:{}:network-interface/{}", self.region, self.account, self.id)
    }

    /// The primary private address.
    pub fn private_ip(&self) -> Ipv4Addr {
        self.addresses.first().map_or(Ipv4Addr::UNSPECIFIED, |own| own.address)
    }

    /// The public address of the primary private one.
    pub fn public_ip(&self) -> Option<Ipv4Addr> {
        self.addresses.first().and_then(|own| own.public.as_ref()).map(|public| public.address)
    }

    /// The instance that it is attached to.
    pub fn instance(&self) -> Option<&str> {
        self.attachment.as_ref().map(|attachment| attachment.instance.as_str())
    }
}

impl Record for NetworkInterface {
    const VERSION: u8 = 1;
}

/// (account, region, interface id).
#[derive(Debug)]
pub struct Interfaces;

impl Table for Interfaces {
    const ID: u16 = 73;
    const NAME: &'static str = "network_interfaces";
    type Key = RegionalKey;
    type Row = NetworkInterface;
}
