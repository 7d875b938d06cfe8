//! Security groups with their rules.

use rolecall_store::{Record, Table};
use serde::{Deserialize, Serialize};

use super::RegionalKey;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// `sg-…`
    pub id: String,
    pub name: String,
    pub description: String,
    pub vpc: String,
    /// In the order in which they were made. `None` in a VPC's default group until somebody changes them: its members
    /// reach each other, everything may go out ([`crate::groups::rules`]).
    #[serde(default)]
    pub rules: Option<Vec<Rule>>,
}

/// One rule: what one peer may send in, or may be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// `sgr-…`
    pub id: String,
    pub egress: bool,
    /// `tcp`, `udp`, `icmp`, `icmpv6`, another protocol's number, or `-1` for all.
    pub protocol: String,
    /// First port, or ICMP type; -1 is any.
    pub from: i32,
    /// Last port, or ICMP code; -1 is any.
    pub to: i32,
    pub peer: RulePeer,
    #[serde(default)]
    pub description: Option<String>,
}

/// The other side of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RulePeer {
    /// `10.0.0.0/8`, without host bits.
    Ipv4(String),
    /// The same for IPv6.
    Ipv6(String),
    /// `sg-…` of the same VPC.
    Group(String),
    /// `pl-…`
    PrefixList(String),
}

impl Rule {
    /// Whether both allow the same, whatever their ids and descriptions.
    pub fn allows_same(&self, other: &Rule) -> bool {
        let what = |own: &Rule| (own.egress, own.protocol.clone(), own.from, own.to);
        what(self) == what(other) && self.peer == other.peer
    }
}

impl Record for SecurityGroup {
    const VERSION: u8 = 1;
}

/// (account, region, id).
#[derive(Debug)]
pub struct SecurityGroups;

impl Table for SecurityGroups {
    const ID: u16 = 64;
    const NAME: &'static str = "security_groups";
    type Key = RegionalKey;
    type Row = SecurityGroup;
}

/// The group that a rule is in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfGroup {
    pub group: String,
}

impl Record for OfGroup {
    const VERSION: u8 = 1;
}

/// (account, region, rule id).
#[derive(Debug)]
pub struct RuleGroups;

impl Table for RuleGroups {
    const ID: u16 = 74;
    const NAME: &'static str = "security_group_rules";
    type Key = RegionalKey;
    type Row = OfGroup;
}
