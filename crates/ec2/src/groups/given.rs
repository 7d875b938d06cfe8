//! Rules as requests give them: checked, brought to one form, without an id yet.

use std::net::{Ipv4Addr, Ipv6Addr};

use rolecall_base::Fault;

use crate::faults;
use crate::model::{IpPermission, IpRange, SecurityGroupRuleRequest, UserIdGroupPair};
use crate::network::Network;
use crate::place::Place;
use crate::prefix_lists::PrefixLists;
use crate::records::{Rule, RulePeer};

/// The parameters of one rule that stand beside `IpPermissions`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flat<'a> {
    pub protocol: Option<&'a str>,
    pub from: Option<i32>,
    pub to: Option<i32>,
    pub cidr: Option<&'a str>,
    pub group_name: Option<&'a str>,
    pub group_owner: Option<&'a str>,
}

impl Flat<'_> {
    /// The permissions that they come to. A group alone stands for all ports of TCP, UDP and ICMP.
    ///
    /// # Errors
    /// InvalidParameterCombination together with `IpPermissions`, or for both a block and a group.
    fn permissions(self, list: &[IpPermission]) -> Result<Vec<IpPermission>, Fault> {
        let alone = self.protocol.is_none() && self.from.is_none() && self.to.is_none();
        if alone && self.cidr.is_none() && self.group_name.is_none() && self.group_owner.is_none() {
            return Ok(list.to_vec());
        }
        if !list.is_empty() {
            let text = "The parameter ipPermissions may not be used in combination with the parameters of a single rule";
            return Err(faults::combination(text));
        }
        if self.cidr.is_some() && self.group_name.is_some() {
            let text =
                "A CIDR IP address range and a source security group may not be given in the same rule";
            return Err(faults::combination(text));
        }
        let range = |cidr: &str| IpRange { cidr_ip: Some(cidr.to_owned()), ..Default::default() };
        let pair = |name: &str| UserIdGroupPair {
            group_name: Some(name.to_owned()),
            user_id: self.group_owner.map(str::to_owned),
            ..Default::default()
        };
        let one = |protocol: Option<&str>, from, to| IpPermission {
            ip_protocol: protocol.map(str::to_owned),
            from_port: from,
            to_port: to,
            ip_ranges: Some(self.cidr.into_iter().map(range).collect()),
            user_id_group_pairs: Some(self.group_name.into_iter().map(pair).collect()),
            ..Default::default()
        };
        if alone && self.group_name.is_some() {
            let all = |protocol, from, to| one(Some(protocol), Some(from), Some(to));
            return Ok(vec![all("tcp", 0, 65535), all("udp", 0, 65535), all("icmp", -1, -1)]);
        }
        Ok(vec![one(self.protocol, self.from, self.to)])
    }
}

/// What the peers of rules are looked up in.
struct Names<'a> {
    place: Place<'a>,
    network: &'a Network,
    lists: &'a PrefixLists,
    /// The VPC of the group that the rules are for.
    vpc: &'a str,
}

/// The rules that a request gives, in its order.
///
/// # Errors
/// MissingParameter for none at all; InvalidParameterValue, InvalidGroup.NotFound, InvalidPrefixListID.NotFound.
pub fn rules_of(
    place: Place<'_>,
    network: &Network,
    lists: &PrefixLists,
    vpc: &str,
    egress: bool,
    (flat, list): (Flat<'_>, Option<&[IpPermission]>),
) -> Result<Vec<Rule>, Fault> {
    let names = Names { place, network, lists, vpc };
    let permissions = flat.permissions(list.unwrap_or_default())?;
    if permissions.is_empty() {
        return Err(faults::missing("ipPermissions"));
    }
    let mut rules: Vec<Rule> = Vec::new();
    for permission in &permissions {
        let (protocol, from, to) =
            traffic(permission.ip_protocol.as_deref(), permission.from_port, permission.to_port)?;
        let before = rules.len();
        for (peer, description) in peers(&names, permission)? {
            check_description(description.as_deref())?;
            let protocol = protocol.clone();
            let rule = Rule { id: String::new(), egress, protocol, from, to, peer, description };
            if rules.iter().any(|own| own.allows_same(&rule)) {
                return Err(faults::invalid("The same permission must not appear multiple times"));
            }
            rules.push(rule);
        }
        if rules.len() == before {
            return Err(faults::other("MissingParameter", "Source group ID missing."));
        }
    }
    Ok(rules)
}

/// One rule as ModifySecurityGroupRules gives it.
///
/// # Errors
/// As of [`rules_of`]; InvalidParameterCombination for more than one peer.
pub fn of_update(
    place: Place<'_>,
    network: &Network,
    lists: &PrefixLists,
    vpc: &str,
    (before, given): (&Rule, &SecurityGroupRuleRequest),
) -> Result<Rule, Fault> {
    let names = Names { place, network, lists, vpc };
    let SecurityGroupRuleRequest {
        ip_protocol,
        from_port,
        to_port,
        cidr_ipv4,
        cidr_ipv6,
        prefix_list_id,
        referenced_group_id,
        description,
    } = given;
    check_description(description.as_deref())?;
    let mut peers = Vec::new();
    peers.extend(cidr_ipv4.as_deref().map(ipv4).transpose()?);
    peers.extend(cidr_ipv6.as_deref().map(ipv6).transpose()?);
    peers.extend(prefix_list_id.as_deref().map(|id| names.list(id)).transpose()?);
    peers.extend(referenced_group_id.as_deref().map(|id| names.group(Some(id), None, None)).transpose()?);
    let mut peers = peers.into_iter();
    let (Some(peer), None) = (peers.next(), peers.next()) else {
        let text = "Exactly one of CidrIpv4, CidrIpv6, PrefixListId and ReferencedGroupId must be specified.";
        return Err(faults::combination(text));
    };
    let (protocol, from, to) = traffic(ip_protocol.as_deref(), *from_port, *to_port)?;
    let description = description.clone();
    Ok(Rule { id: before.id.clone(), egress: before.egress, protocol, from, to, peer, description })
}

type Described = (RulePeer, Option<String>);

fn peers(names: &Names<'_>, permission: &IpPermission) -> Result<Vec<Described>, Fault> {
    let mut peers = Vec::new();
    for range in permission.ip_ranges.as_deref().unwrap_or_default() {
        let cidr = range.cidr_ip.as_deref().ok_or_else(|| faults::missing("cidrIp"))?;
        peers.push((ipv4(cidr)?, range.description.clone()));
    }
    for range in permission.ipv6_ranges.as_deref().unwrap_or_default() {
        let cidr = range.cidr_ipv6.as_deref().ok_or_else(|| faults::missing("cidrIpv6"))?;
        peers.push((ipv6(cidr)?, range.description.clone()));
    }
    for list in permission.prefix_list_ids.as_deref().unwrap_or_default() {
        let id = list.prefix_list_id.as_deref().ok_or_else(|| faults::missing("prefixListId"))?;
        peers.push((names.list(id)?, list.description.clone()));
    }
    for pair in permission.user_id_group_pairs.as_deref().unwrap_or_default() {
        let peer = names.group(pair.group_id.as_deref(), pair.group_name.as_deref(), pair.user_id.as_deref());
        let peer = peer?;
        if pair.vpc_peering_connection_id.as_deref().is_some_and(|id| !id.is_empty()) {
            return Err(faults::unsupported("A VPC peering connection"));
        }
        if pair.vpc_id.as_deref().is_some_and(|vpc| !vpc.is_empty() && vpc != names.vpc) {
            return Err(other_network());
        }
        peers.push((peer, pair.description.clone()));
    }
    Ok(peers)
}

fn other_network() -> Fault {
    let text = "You have specified two resources that belong to different networks.";
    faults::other("InvalidGroup.NotFound", text)
}

impl Names<'_> {
    /// Only groups of the same VPC can be peers: there are no connections between VPCs.
    fn group(&self, id: Option<&str>, name: Option<&str>, owner: Option<&str>) -> Result<RulePeer, Fault> {
        let given = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
        if !given(id) && !given(name) {
            return Err(faults::other("MissingParameter", "Source group ID missing."));
        }
        let foreign = |owner: &str| !owner.is_empty() && owner != self.place.account.to_string();
        if owner.is_some_and(foreign) {
            let named = id.filter(|id| !id.is_empty()).or(name).unwrap_or_default();
            return Err(faults::no_group(named));
        }
        let group = super::named(self.network, id, name)?;
        if group.vpc != self.vpc {
            return Err(other_network());
        }
        Ok(RulePeer::Group(group.id.clone()))
    }

    fn list(&self, id: &str) -> Result<RulePeer, Fault> {
        self.lists.get(id).map(|list| RulePeer::PrefixList(list.id.clone()))
    }
}

/// Protocol, first and last port, brought to one form.
fn traffic(protocol: Option<&str>, from: Option<i32>, to: Option<i32>) -> Result<(String, i32, i32), Fault> {
    let given = protocol.filter(|text| !text.is_empty()).ok_or_else(|| faults::missing("ipProtocol"))?;
    let unknown = || faults::invalid(format!("Invalid value '{given}' for IP protocol. Unknown protocol."));
    let protocol = match given.to_ascii_lowercase().as_str() {
        "tcp" | "6" => "tcp".to_owned(),
        "udp" | "17" => "udp".to_owned(),
        "icmp" | "1" => "icmp".to_owned(),
        "icmpv6" | "58" => "icmpv6".to_owned(),
        "-1" | "all" => "-1".to_owned(),
        other => other.parse::<u8>().map_err(|_| unknown())?.to_string(),
    };
    match protocol.as_str() {
        "tcp" | "udp" => {
            let (Some(from), Some(to)) = (from, to) else {
                let text = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.";
                return Err(faults::invalid(text));
            };
            if let Some(wrong) = [from, to].iter().find(|port| !(0..=65535).contains(*port)) {
                return Err(faults::invalid(format!("TCP/UDP port ({wrong}) out of range")));
            }
            if from > to {
                return Err(faults::invalid(format!("Invalid TCP/UDP port range ({from}:{to})")));
            }
            Ok((protocol, from, to))
        }
        "icmp" | "icmpv6" => {
            let (kind, code) = (from.unwrap_or(-1), to.unwrap_or(-1));
            if !(-1..=255).contains(&kind) {
                return Err(faults::invalid(format!("ICMP type ({kind}) out of range")));
            }
            if !(-1..=255).contains(&code) || (kind == -1 && code != -1) {
                return Err(faults::invalid(format!("ICMP code ({code}) out of range")));
            }
            Ok((protocol, kind, code))
        }
        // All ports, whatever was given.
        _ => Ok((protocol, -1, -1)),
    }
}

fn malformed(cidr: &str) -> Fault {
    faults::invalid(format!("CIDR block {cidr} is malformed"))
}

fn ipv4(cidr: &str) -> Result<RulePeer, Fault> {
    Ok(RulePeer::Ipv4(canonical_ipv4(cidr).ok_or_else(|| malformed(cidr))?))
}

fn ipv6(cidr: &str) -> Result<RulePeer, Fault> {
    Ok(RulePeer::Ipv6(canonical_ipv6(cidr).ok_or_else(|| malformed(cidr))?))
}

/// A block without host bits; `None` for what is none.
pub fn canonical_ipv4(cidr: &str) -> Option<String> {
    let (address, prefix) = cidr.split_once('/')?;
    let (address, prefix) = (address.parse::<Ipv4Addr>().ok()?, length(prefix, 32)?);
    let mask = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
    Some(format!("{}/{prefix}", Ipv4Addr::from(u32::from(address) & mask)))
}

/// The same for IPv6.
pub fn canonical_ipv6(cidr: &str) -> Option<String> {
    let (address, prefix) = cidr.split_once('/')?;
    let (address, prefix) = (address.parse::<Ipv6Addr>().ok()?, length(prefix, 128)?);
    let mask = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
    Some(format!("{}/{prefix}", Ipv6Addr::from(u128::from(address) & mask)))
}

fn length(text: &str, most: u32) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|length| digits && *length <= most)
}

/// Checks a rule's description.
///
/// # Errors
/// InvalidParameterValue for more than 255 characters, or others than AWS takes.
pub fn check_description(text: Option<&str>) -> Result<(), Fault> {
    let Some(text) = text else { return Ok(()) };
    if is_plain(text) {
        return Ok(());
    }
    let text = "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*";
    Err(faults::invalid(text))
}

/// Whether names and descriptions of groups may be this.
pub fn is_plain(text: &str) -> bool {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "._-:/()#,@[]+=&;{}!$* ".contains(letter);
    text.chars().count() <= 255 && text.chars().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_lose_their_host_bits() {
        for (given, expected) in [
            ("100.68.0.18/18", Some("100.68.0.0/18")),
            ("1.2.3.4/0", Some("0.0.0.0/0")),
            ("1.2.3.4/32", Some("1.2.3.4/32")),
            ("1.2.3.4", None),
            ("1.2.3.4/33", None),
            ("1.2.3.4/+8", None),
            ("1.2.3/8", None),
        ] {
            assert_eq!(canonical_ipv4(given).as_deref(), expected, "{given}");
        }
        assert_eq!(canonical_ipv6("2001:db8:1:ffff::7/32").as_deref(), Some("2001:db8::/32"));
        assert_eq!(canonical_ipv6("::1/0").as_deref(), Some("::/0"));
        assert_eq!(canonical_ipv6("::1/129"), None);
    }

    #[test]
    fn protocols_and_ports_have_one_form() {
        let of = |protocol, from, to| traffic(Some(protocol), from, to);
        assert_eq!(of("6", Some(22), Some(22)).unwrap(), ("tcp".into(), 22, 22));
        assert_eq!(of("58", None, None).unwrap(), ("icmpv6".into(), -1, -1));
        assert_eq!(of("-1", Some(22), Some(22)).unwrap(), ("-1".into(), -1, -1));
        assert_eq!(of("50", Some(1), Some(2)).unwrap(), ("50".into(), -1, -1));
        for (protocol, from, to) in [
            ("tcp", None, Some(1)),
            ("udp", Some(9), Some(8)),
            ("tcp", Some(-1), Some(-1)),
            ("x", None, None),
        ] {
            assert!(of(protocol, from, to).is_err(), "{protocol}");
        }
        assert!(of("icmp", Some(-1), Some(3)).is_err());
    }
}
