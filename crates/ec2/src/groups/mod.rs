//! Security groups: finding and writing them, their rules, and the questions about them.

mod change;
mod given;
mod shown;

use rolecall_actions::ec2::{key, kind};
use rolecall_actions::{Action, On, Takes};
use rolecall_base::Fault;
use rolecall_door::{At, Needs, Question};
use rolecall_store::{Reader, Tx};

use crate::faults;
use crate::network::{self, Network};
use crate::place::Place;
use crate::records::{OfGroup, Rule, RuleGroups, RulePeer, SecurityGroup, SecurityGroups, Vpcs};
use crate::tags;
use crate::wiring;

pub use change::{authorize, check_count, check_new, describe_rules, no_rule, revoke};
pub use given::{Flat, canonical_ipv4, canonical_ipv6, is_plain, of_update};
use given::{check_description, rules_of};
pub use shown::{permissions, revoked_to_wire, rule_to_wire};

/// The most groups that an interface has.
pub const PER_INTERFACE: usize = 5;
/// The rules of IPv4, and as many of IPv6, that a group has for each direction.
pub const RULES: usize = 60;
/// The most groups of a region.
pub const GROUPS: usize = 2500;

/// The rules of a group.
pub fn rules(place: Place<'_>, group: &SecurityGroup) -> Vec<Rule> {
    if let Some(rules) = &group.rules {
        return rules.clone();
    }
    let every = |name: &str, egress, peer| Rule {
        id: place.fixed_id("sgr", &format!("{}/{name}", group.id)),
        egress,
        protocol: "-1".to_owned(),
        from: -1,
        to: -1,
        peer,
        description: None,
    };
    vec![
        every("in", false, RulePeer::Group(group.id.clone())),
        every("out", true, RulePeer::Ipv4("0.0.0.0/0".to_owned())),
    ]
}

/// What a group that somebody makes begins with: everything may go out.
pub fn beginning(id: String) -> Rule {
    let peer = RulePeer::Ipv4("0.0.0.0/0".to_owned());
    Rule { id, egress: true, protocol: "-1".to_owned(), from: -1, to: -1, peer, description: None }
}

/// The group that a request names, by its id, or by its name in the default VPC.
///
/// # Errors
/// MissingParameter, InvalidGroupId.Malformed, InvalidGroup.NotFound.
pub fn named<'n>(
    network: &'n Network,
    id: Option<&str>,
    name: Option<&str>,
) -> Result<&'n SecurityGroup, Fault> {
    if let Some(id) = id.filter(|id| !id.is_empty()) {
        if !id.starts_with("sg-") {
            return Err(faults::malformed("InvalidGroupId.Malformed", id, "sg"));
        }
        return network.group(id).ok_or_else(|| faults::no_group(id));
    }
    let Some(name) = name.filter(|name| !name.is_empty()) else {
        return Err(faults::missing("groupName or groupId"));
    };
    let vpc = network.default_vpc().map_or("", |vpc| vpc.id.as_str());
    network.group_named(name, vpc).ok_or_else(|| faults::no_group_named(name, vpc))
}

/// The groups that an interface of a VPC is to have.
///
/// # Errors
/// InvalidGroup.NotFound, SecurityGroupsPerInterfaceLimitExceeded, or InvalidParameter for another VPC's.
pub fn for_interface(db: &Reader, place: Place<'_>, vpc: &str, ids: &[String]) -> Result<Vec<String>, Fault> {
    let mut found: Vec<String> = Vec::new();
    for id in ids {
        if !id.starts_with("sg-") {
            return Err(faults::malformed("InvalidGroupId.Malformed", id, "sg"));
        }
        let group = network::must::<SecurityGroups>(db, place, id, faults::no_group)?;
        if group.vpc != vpc {
            let text = "You have specified two resources that belong to different networks.";
            return Err(faults::other("InvalidGroup.NotFound", text));
        }
        if !found.contains(&group.id) {
            found.push(group.id);
        }
    }
    if found.len() > PER_INTERFACE {
        let text = "The maximum number of security groups per interface has been reached.";
        return Err(faults::other("SecurityGroupsPerInterfaceLimitExceeded", text));
    }
    if found.is_empty() {
        found.push(network::must::<Vpcs>(db, place, vpc, faults::no_vpc)?.group);
    }
    Ok(found)
}

/// Writes a group and where its rules are found; `before` is what it had. Rules that are no more lose their tags.
///
/// # Errors
/// When the store can't be read.
pub fn write(tx: &mut Tx, place: Place<'_>, group: &SecurityGroup, before: &[Rule]) -> Result<(), Fault> {
    Network::settle(tx, place)?;
    let now = group.rules.as_deref().unwrap_or_default();
    for rule in now {
        tx.put::<RuleGroups>(&place.key(&rule.id), &OfGroup { group: group.id.clone() })?;
    }
    for gone in before.iter().filter(|rule| !now.iter().any(|own| own.id == rule.id)) {
        tx.delete::<RuleGroups>(&place.key(&gone.id))?;
        tags::put(tx, place, &gone.id, Default::default())?;
    }
    tx.put::<SecurityGroups>(&place.key(&group.id), group)?;
    wiring::touch(tx, place, &group.vpc)
}

/// Removes a group with its rules and tags.
///
/// # Errors
/// When the store can't be read.
pub fn remove(tx: &mut Tx, place: Place<'_>, group: &SecurityGroup) -> Result<(), Fault> {
    for rule in rules(place, group) {
        tx.delete::<RuleGroups>(&place.key(&rule.id))?;
        tags::put(tx, place, &rule.id, Default::default())?;
    }
    tags::put(tx, place, &group.id, Default::default())?;
    tx.delete::<SecurityGroups>(&place.key(&group.id))?;
    wiring::touch(tx, place, &group.vpc)
}

/// Whether there is a rule of this id.
///
/// # Errors
/// When the store can't be read.
pub fn has_rule(db: &Reader, place: Place<'_>, id: &str) -> Result<bool, Fault> {
    if db.exists::<RuleGroups>(&place.key(id))? {
        return Ok(true);
    }
    let network = Network::load(db, place)?;
    let untouched = network.groups.iter().filter(|group| group.rules.is_none());
    Ok(untouched.flat_map(|group| rules(place, group)).any(|rule| rule.id == id))
}

/// The actions on one security group.
pub trait OnGroup:
    Action + On<kind::SecurityGroup> + Takes<key::Region> + Takes<key::SecurityGroupID> + Takes<key::Vpc>
{
}

impl<A> OnGroup for A where
    A: Action + On<kind::SecurityGroup> + Takes<key::Region> + Takes<key::SecurityGroupID> + Takes<key::Vpc>
{
}

/// An action on the group that a request names. One that does not exist has no tags and no VPC.
///
/// # Errors
/// When the store can't be read.
pub fn on_group<A: OnGroup>(
    action: A,
    at: &At<'_>,
    id: Option<&str>,
    name: Option<&str>,
) -> Result<Question<A>, Fault> {
    let (place, db) = (Place::of(at), at.db()?);
    let network = Network::load(db, place)?;
    let group = named(&network, id, name).ok();
    let own = group.map(|group| group.id.as_str()).or(id).filter(|id| !id.is_empty());
    let has = tags::of(db, place, own.unwrap_or("*"))?;
    let resource = place.resource::<kind::SecurityGroup>(own.unwrap_or("*")).tagged(has);
    Ok(Needs::action(action)
        .on(&resource)
        .key(key::Region, Some(at.region))
        .key(key::SecurityGroupID, own)
        .key(key::Vpc, group.map(|group| place.arn("vpc", &group.vpc))))
}
