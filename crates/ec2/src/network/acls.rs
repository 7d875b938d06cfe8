//! Rules of network access lists: what a request describes, and where it stands among the others.

use rolecall_base::Fault;

use super::block::of_request;
use super::refusals;
use crate::faults;
use crate::model::{IcmpTypeCode, PortRange};
use crate::records::{AclRule, NetworkAcl};

/// What CreateNetworkAclEntry and ReplaceNetworkAclEntry are told.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    pub egress: bool,
    pub number: i32,
    pub action: &'a str,
    pub protocol: &'a str,
    pub cidr: Option<&'a str>,
    pub ipv6: Option<&'a str>,
    pub ports: Option<&'a PortRange>,
    pub icmp: Option<&'a IcmpTypeCode>,
}

const ICMP: i32 = 1;
const TCP: i32 = 6;
const UDP: i32 = 17;

impl Wish<'_> {
    /// The rule as lists keep it.
    ///
    /// # Errors
    /// InvalidParameterValue, MissingParameter for a protocol without what it needs, UnsupportedOperation for IPv6.
    pub fn rule(self) -> Result<AclRule, Fault> {
        check_number(self.number)?;
        if self.ipv6.is_some() {
            return Err(faults::unsupported("A rule about IPv6 addresses"));
        }
        let Some(cidr) = self.cidr else {
            return Err(faults::other(
                "MissingParameter",
                "The request must contain the parameter cidrBlock or ipv6CidrBlock",
            ));
        };
        let protocol = protocol(self.protocol)?;
        Ok(AclRule {
            egress: self.egress,
            number: self.number,
            allow: self.action == "allow",
            protocol,
            cidr: of_request(cidr, "cidrBlock")?.to_string(),
            // Of other protocols everything passes, whatever is said of ports and types.
            ports: if matches!(protocol, TCP | UDP) { Some(self.ports()?) } else { None },
            icmp: if protocol == ICMP { Some(self.types()?) } else { None },
        })
    }

    fn ports(self) -> Result<(i32, i32), Fault> {
        let (Some(from), Some(to)) = (self.ports.and_then(|own| own.from), self.ports.and_then(|own| own.to))
        else {
            return Err(faults::missing("portRange"));
        };
        let sound = (0..=65_535).contains(&from) && (0..=65_535).contains(&to) && from <= to;
        if sound {
            Ok((from, to))
        } else {
            Err(faults::invalid(format!("Invalid TCP/UDP port range ({from}:{to})")))
        }
    }

    fn types(self) -> Result<(i32, i32), Fault> {
        let (Some(own), Some(code)) =
            (self.icmp.and_then(|own| own.type_), self.icmp.and_then(|own| own.code))
        else {
            return Err(faults::missing("icmpTypeCode"));
        };
        let sound = (-1..=255).contains(&own) && (-1..=255).contains(&code);
        if sound {
            Ok((own, code))
        } else {
            Err(faults::invalid(format!("Invalid ICMP type/code ({own}:{code})")))
        }
    }
}

/// Checks the number of a rule.
///
/// # Errors
/// InvalidParameterValue outside 1 to 32766.
pub fn check_number(number: i32) -> Result<(), Fault> {
    if (1..=32_766).contains(&number) {
        return Ok(());
    }
    Err(faults::invalid_value(number, "ruleNumber", "The rule number must be between 1 and 32766."))
}

/// A protocol's number; tcp, udp, icmp and all are known by name.
fn protocol(text: &str) -> Result<i32, Fault> {
    match text {
        "-1" | "all" => return Ok(-1),
        "tcp" => return Ok(TCP),
        "udp" => return Ok(UDP),
        "icmp" => return Ok(ICMP),
        _ => {}
    }
    let number = text.parse::<i32>().ok().filter(|number| (0..=255).contains(number));
    number.ok_or_else(|| faults::invalid_value(text, "protocol", "Unknown IP protocol."))
}

/// The place of a rule in its list.
///
/// # Errors
/// InvalidNetworkAclEntry.NotFound
pub fn position(acl: &NetworkAcl, egress: bool, number: i32) -> Result<usize, Fault> {
    let found = acl.rules.iter().position(|rule| rule.egress == egress && rule.number == number);
    found.ok_or_else(|| refusals::no_acl_rule(number))
}

/// Adds a rule in its place.
///
/// # Errors
/// NetworkAclEntryAlreadyExists, NetworkAclEntryLimitExceeded.
pub fn add(acl: &mut NetworkAcl, rule: AclRule) -> Result<(), Fault> {
    if position(acl, rule.egress, rule.number).is_ok() {
        let text = format!("The network acl entry identified by {} already exists.", rule.number);
        return Err(faults::other("NetworkAclEntryAlreadyExists", text));
    }
    let there = acl.rules.iter().filter(|own| own.egress == rule.egress).count();
    refusals::within(there, refusals::ACL_RULES, "NetworkAclEntryLimitExceeded", "network acl entries")?;
    acl.rules.push(rule);
    acl.rules.sort_by_key(|own| (own.egress, own.number));
    Ok(())
}
