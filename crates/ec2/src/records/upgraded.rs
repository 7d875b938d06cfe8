//! What version 1 of an instance's record held: its one network interface.

use std::net::Ipv4Addr;

use rolecall_base::{AccountId, Time};
use rolecall_store::{Record, StoreError, Table};
use serde::{Deserialize, Serialize};

use super::{Attachment, Instances, NetworkInterface, PrivateAddress, PublicAddress, RegionalKey, State};

/// The interface in an instance's row of version 1, or that the row is newer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Embedded {
    Here(Box<Old>),
    Gone,
}

/// The part of the old row that became a record of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Old {
    account: AccountId,
    region: String,
    id: String,
    launched: Time,
    state: State,
    pub(super) interface: OldInterface,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OldInterface {
    pub id: String,
    pub attachment: String,
    pub mac: String,
    pub private_ip: Ipv4Addr,
    #[serde(default)]
    pub public_ip: Option<Ipv4Addr>,
    pub public: bool,
    pub vpc: String,
    pub subnet: String,
    pub zone: String,
    pub groups: Vec<String>,
    #[serde(default)]
    pub description: String,
    pub source_dest_check: bool,
}

impl Old {
    /// The interface as its own record; none for an instance that is over.
    pub fn interface(self) -> Option<NetworkInterface> {
        if self.state == State::Terminated {
            return None;
        }
        let OldInterface { id, attachment, mac, private_ip, public_ip, public, vpc, subnet, zone, .. } =
            self.interface;
        let public_address = public_ip.map(|address| PublicAddress { address, elastic: None });
        Some(NetworkInterface {
            account: self.account,
            region: self.region,
            id,
            vpc,
            subnet,
            zone,
            mac,
            addresses: vec![PrivateAddress { address: private_ip, public: public_address }],
            groups: self.interface.groups,
            description: self.interface.description,
            source_dest_check: self.interface.source_dest_check,
            public,
            attachment: Some(Attachment {
                id: attachment,
                instance: self.id,
                device_index: 0,
                network_card: 0,
                delete_on_termination: true,
                attached: self.launched,
            }),
            requester: None,
            created: self.launched,
            token: None,
        })
    }
}

impl Record for Embedded {
    // No instance has version 0, so every row is read by `migrate`.
    const VERSION: u8 = 0;

    fn migrate(version: u8, bytes: &[u8]) -> Result<Embedded, StoreError> {
        if version != 1 {
            return Ok(Embedded::Gone);
        }
        let old = rmp_serde::from_slice(bytes);
        old.map(Embedded::Here).map_err(|error| StoreError::corrupt(format!("an instance: {error}")))
    }
}

/// The rows of [`Instances`], read for their interfaces.
#[derive(Debug)]
pub struct EmbeddedInterfaces;

impl Table for EmbeddedInterfaces {
    const ID: u16 = Instances::ID;
    const NAME: &'static str = Instances::NAME;
    type Key = RegionalKey;
    type Row = Embedded;
}
