//! What the store keeps of EC2: one file per kind of record, each with its table and its key.
//!
//! Keys begin with account and region, so that regions stay apart; ids alone lead there through [`InstancePlaces`].

mod account_settings;
mod address;
mod association;
mod elastic_address;
mod image;
mod instance;
mod interface;
mod key_pair;
mod launch_template;
mod network;
mod network_acl;
mod placement_group;
mod prefix_list;
mod routing;
mod security_group;
mod settings;
mod shared_disk;
mod tagged;
mod token;
mod upgraded;
mod volume;
mod vpc_endpoint;
mod wiring;

pub use account_settings::{AccountSettings, MetadataDefaults, SettingsOfAccounts};
pub use address::{PrivateAddresses, PublicAddresses, Taken};
pub use association::{Association, Associations};
pub use elastic_address::{Associated, ElasticAddress, ElasticAddresses};
pub use image::{
    Bytes, DiskPlaces, DiskWork, Image, ImageAlias, ImageAliases, ImageDisk, ImageState, Images,
};
pub use instance::{
    Boot, Ended, Goal, Instance, InstancePlaces, Instances, MetadataOptions, ProfileRef, Reason, Settled,
    Shutdown, State, Work,
};
pub use interface::{
    Attachment, Elastic, Interfaces, NetworkInterface, PrivateAddress, PublicAddress, Requester,
};
pub use key_pair::{KeyPair, KeyPairNames, KeyPairs, KeyType, Named};
pub use launch_template::{
    LaunchTemplate, LaunchTemplateNames, LaunchTemplateVersion, LaunchTemplateVersions, LaunchTemplates,
    TemplateToken, TemplateTokens,
};
pub use network::{
    AssociationOwner, AssociationOwners, InVpc, Networks, SettledNetwork, Subnet, Subnets, Vpc, VpcBlock,
    Vpcs,
};
pub use network_acl::{AclRule, DhcpOptionSets, DhcpOptions, NetworkAcl, NetworkAcls};
pub use placement_group::{PlacementGroup, PlacementGroups};
pub use prefix_list::{PrefixEntry, PrefixList, PrefixListRows, PrefixVersion};
pub use routing::{
    InternetGateway, InternetGateways, NatAddress, NatElastic, NatGateway, NatGateways, NetworkToken,
    NetworkTokens, Route, RouteTable, RouteTables, SubnetAssociation, Via,
};
pub use security_group::{OfGroup, Rule, RuleGroups, RulePeer, SecurityGroup, SecurityGroups};
pub use settings::{Cpus, HostNames, PlacementRef, Settings};
pub use shared_disk::SharedDisks;
pub use tagged::{TagSets, Tagged};
pub use token::{ClientToken, ClientTokens};
pub use upgraded::{Embedded, EmbeddedInterfaces};
pub use volume::{
    MadeDisk, MadeDisks, Modification, Shape, Snapshot, SnapshotState, Snapshots, Source, Volume,
    VolumeAttachment, Volumes,
};
pub use vpc_endpoint::{EndpointSubnet, VpcEndpoint, VpcEndpoints};
pub use wiring::TouchedNetworks;

use rolecall_base::AccountId;
use rolecall_store::Record;
use serde::{Deserialize, Serialize};

/// (account, region, id or name): the key of nearly every table here.
pub type RegionalKey = (AccountId, String, String);

/// A row that says no more than its key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {}

impl Record for Mark {
    const VERSION: u8 = 1;
}
