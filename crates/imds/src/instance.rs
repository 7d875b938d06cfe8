//! An instance as its metadata service sees it: plain values that the server takes from the record at each request.

use std::net::Ipv4Addr;

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
    /// `0a:…`, lower case.
    pub mac: String,
    /// `eni-…`
    pub interface: String,
    pub private_ip: Ipv4Addr,
    pub public_ip: Option<Ipv4Addr>,
    /// `vpc-…`
    pub vpc: String,
    /// `subnet-…`
    pub subnet: String,
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
    /// Ids and names.
    pub security_groups: Vec<(String, String)>,
    /// `172.31.0.0/16`
    pub vpc_cidr: String,
    pub subnet_cidr: String,
    /// `use1-az1`
    pub zone_id: String,
    /// `x86_64`, `arm64`
    pub architecture: String,
    /// `ip-172-31-5-6.ec2.internal`
    pub hostname: String,
    pub public_hostname: Option<String>,
    /// `/dev/xvda`
    pub root_device: String,
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
}

impl Default for Options {
    fn default() -> Options {
        Options { enabled: true, tokens_required: false, hop_limit: 1, tags: false }
    }
}

impl InstanceView {
    pub fn arn(&self) -> String {
        format!("arn:aws:ec2:{}:{}:instance/{}", self.region, self.account, self.id)
    }
}
