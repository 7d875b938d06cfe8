//! An instance as its metadata service sees it: plain values that the server takes from the record at each request.

use std::net::{Ipv4Addr, Ipv6Addr};

use rolecall_base::{AccountId, Time};

/// What every request may need.
#[derive(Clone, Debug)]
pub struct InstanceView {
    pub account: AccountId,
    pub region: String,
    /// `i-…`
    pub id: String,
    /// `r-…`
    pub reservation: String,
    pub launch_index: i32,
    /// When it was last started.
    pub launched: Time,
    /// `ami-…`
    pub image: String,
    pub instance_type: String,
    pub key: Option<KeyPair>,
    /// Of its primary interface, as the next three. `0a:…`, lower case.
    pub mac: String,
    pub private_ip: Ipv4Addr,
    pub public_ip: Option<Ipv4Addr>,
    /// `vpc-…`
    pub vpc: String,
    /// `us-east-1a`
    pub zone: String,
    pub profile: Option<Profile>,
    pub options: Options,
}

/// What is looked up only for a request about it.
#[derive(Clone, Debug, Default)]
pub struct Details {
    /// Decoded.
    pub user_data: Option<Vec<u8>>,
    pub tags: Vec<(String, String)>,
    /// The primary one first.
    pub interfaces: Vec<Interface>,
    pub placement: Placement,
    /// `x86_64`, `arm64`
    pub architecture: String,
    /// `ip-172-31-5-6.ec2.internal`
    pub hostname: String,
    pub public_hostname: Option<String>,
    /// `block-device-mapping`: `ami`, `root`, `ebs1` …, each with its device.
    pub devices: Vec<(String, String)>,
    /// Keys that EC2 Instance Connect pushed.
    pub pushed_keys: Vec<PushedKey>,
    pub life: LifeCycle,
    /// `HibernationOptions.Configured`
    pub hibernation: bool,
    /// `Monitoring.State=enabled`
    pub monitored: bool,
}

/// One network interface: `network/interfaces/macs/MAC`.
#[derive(Clone, Debug)]
pub struct Interface {
    /// `eni-…`
    pub id: String,
    pub mac: String,
    pub device_number: i32,
    pub network_card: i32,
    pub owner: AccountId,
    /// The primary one first.
    pub private_ips: Vec<Ipv4Addr>,
    /// Public addresses with the private ones that they stand for.
    pub public_ips: Vec<(Ipv4Addr, Ipv4Addr)>,
    pub ipv6s: Vec<Ipv6Addr>,
    /// Delegated prefixes.
    pub prefixes: Vec<String>,
    pub local_hostname: String,
    pub public_hostname: Option<String>,
    /// Ids and names.
    pub security_groups: Vec<(String, String)>,
    pub subnet: Net,
    pub vpc: Net,
}

/// A subnet or a VPC: its id and its address blocks, the first one first.
#[derive(Clone, Debug, Default)]
pub struct Net {
    pub id: String,
    pub blocks: Vec<String>,
    pub ipv6_blocks: Vec<String>,
}

/// `placement`, beside the zone and region.
#[derive(Clone, Debug, Default)]
pub struct Placement {
    /// `use1-az1`
    pub zone_id: String,
    pub group: Option<String>,
    pub partition: Option<i32>,
    pub host: Option<String>,
}

/// `instance-life-cycle`, and what Spot adds to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LifeCycle {
    #[default]
    OnDemand,
    /// With the action that is planned and its time, once it is marked.
    Spot(Option<(SpotAction, Time)>),
}

/// What becomes of a Spot instance that was marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpotAction {
    Stop,
    Terminate,
    Hibernate,
}

impl SpotAction {
    pub fn word(self) -> &'static str {
        match self {
            SpotAction::Stop => "stop",
            SpotAction::Terminate => "terminate",
            SpotAction::Hibernate => "hibernate",
        }
    }
}

/// A key that EC2 Instance Connect pushed.
#[derive(Clone, Debug)]
pub struct PushedKey {
    /// Whom it lets in.
    pub user: String,
    /// One line for `authorized_keys`.
    pub line: String,
    /// From then on it lets nobody in.
    pub until: Time,
}

/// The key pair it was launched with.
#[derive(Clone, Debug)]
pub struct KeyPair {
    pub name: String,
    /// One line in OpenSSH's form.
    pub public_key: String,
}

/// The instance profile associated with it.
#[derive(Clone, Debug)]
pub struct Profile {
    /// `AIPA…`: the one that was meant, whatever later has its name.
    pub id: String,
    pub arn: String,
    /// `iip-assoc-…`
    pub association: String,
}

/// `MetadataOptions` of the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// `HttpEndpoint`
    pub enabled: bool,
    /// `HttpTokens=required`
    pub tokens_required: bool,
    /// `HttpPutResponseHopLimit`, 1 to 64.
    pub hop_limit: u8,
    /// `InstanceMetadataTags`
    pub tags: bool,
    /// `HttpProtocolIpv6`
    pub ipv6: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { enabled: true, tokens_required: false, hop_limit: 1, tags: false, ipv6: false }
    }
}

impl InstanceView {
    pub fn arn(&self) -> String {
        format!("arn:aws:ec2:{}:{}:instance/{}", self.region, self.account, self.id)
    }
}
