//! The part of a launch's questions that is about its network: subnets, security groups, network interfaces.

use rolecall_actions::Kind;
use rolecall_actions::ec2::{RunInstances, key, kind};
use rolecall_base::Fault;
use rolecall_door::Needs;
use rolecall_store::Reader;

use super::questions::Sketch;
use super::wishes::{Wishes, subnet};
use crate::model::RunInstancesRequest;
use crate::network::Network;
use crate::place::Place;
use crate::records::Interfaces;
use crate::tags::{self, pairs};

/// One interface of a launch, as far as it can be told before the launch is allowed.
#[derive(Clone, Debug)]
pub struct Sketched {
    /// The id of one that is there already.
    existing: Option<String>,
    /// `*` where there is none such.
    subnet: String,
    vpc: Option<String>,
    pub zone: Option<String>,
    groups: Vec<String>,
    public: Option<bool>,
    /// Whether the caller itself, not the template, names subnet, groups and interface.
    own_subnet: bool,
    own_groups: bool,
    own_interface: bool,
}

/// The interfaces that a launch wishes for.
///
/// # Errors
/// When the store can't be read.
pub fn sketch(
    db: &Reader,
    place: Place<'_>,
    network: &Network,
    given: &RunInstancesRequest,
    input: &RunInstancesRequest,
) -> Result<Vec<Sketched>, Fault> {
    let own = Wishes::of(given);
    let own_subnet = own.iter().any(|own| own.subnet.is_some());
    let own_groups = own.iter().any(|own| !own.groups.is_empty() || !own.group_names.is_empty());
    let own_interface = given.network_interfaces.as_ref().is_some_and(|list| !list.is_empty());
    let mut sketched = Vec::new();
    for wish in Wishes::of(input) {
        let row = wish.existing.map(|id| db.get::<Interfaces>(&place.key(id))).transpose()?.flatten();
        let found = subnet(network, &wish, input.placement.as_ref());
        let whole = Sketched {
            existing: wish.existing.map(str::to_owned),
            subnet: wish.subnet.unwrap_or("*").to_owned(),
            vpc: None,
            zone: None,
            groups: Vec::new(),
            public: wish.public,
            own_subnet,
            own_groups,
            own_interface,
        };
        sketched.push(match (row, found) {
            (Some(row), _) => Sketched {
                subnet: row.subnet,
                vpc: Some(row.vpc),
                zone: Some(row.zone),
                groups: row.groups,
                ..whole
            },
            (None, Some(found)) => Sketched {
                subnet: found.id.clone(),
                vpc: Some(found.vpc.clone()),
                zone: Some(found.zone.clone()),
                groups: groups(network, &wish, Some(found.vpc.as_str())),
                ..whole
            },
            (None, None) => Sketched { groups: groups(network, &wish, None), ..whole },
        });
    }
    Ok(sketched)
}

/// Ids of the groups: as given, by name, or the default one.
fn groups(network: &Network, wish: &Wishes<'_>, vpc: Option<&str>) -> Vec<String> {
    if !wish.groups.is_empty() {
        return wish.groups.to_vec();
    }
    let Some(vpc) = vpc else { return vec!["*".to_owned()] };
    let default = ["default".to_owned()];
    let names = if wish.group_names.is_empty() { &default[..] } else { wish.group_names };
    let id = |name: &String| network.group_named(name, vpc).map_or("*", |group| group.id.as_str()).to_owned();
    names.iter().map(id).collect()
}

/// ec2:RunInstances on each subnet, group and interface, each once.
///
/// # Errors
/// When the store can't be read.
pub(super) fn questions(sketch: &Sketch<'_>, db: &Reader) -> Result<Vec<Needs>, Fault> {
    let (mut asked, mut seen) = (Vec::new(), Vec::<&str>::new());
    for own in &sketch.interfaces {
        if !seen.contains(&own.subnet.as_str()) {
            seen.push(&own.subnet);
            asked.push(own.in_subnet(sketch, db)?);
        }
        for group in &own.groups {
            if !seen.contains(&group.as_str()) || group == "*" {
                seen.push(group);
                asked.push(own.group(sketch, db, group)?);
            }
        }
        asked.push(own.interface(sketch, db)?);
    }
    Ok(asked)
}

impl Sketched {
    fn vpc_arn(&self, place: Place<'_>) -> Option<String> {
        self.vpc.as_ref().map(|vpc| place.arn(kind::Vpc::NAME, vpc))
    }

    fn in_subnet(&self, sketch: &Sketch<'_>, db: &Reader) -> Result<Needs, Fault> {
        let (place, id) = (sketch.place, self.subnet.as_str());
        let question = Needs::action(RunInstances)
            .on(&place.resource::<kind::Subnet>(id).tagged(tags::of(db, place, id)?))
            .key(key::Region, Some(place.region))
            .key(key::AvailabilityZone, self.zone.as_deref())
            .key(key::AvailabilityZoneId, sketch.zone_id(self.zone.as_deref()))
            .key(key::SubnetID, Some(id))
            .key(key::Vpc, self.vpc_arn(place));
        Ok(sketch.with_template(question, self.own_subnet).done())
    }

    fn group(&self, sketch: &Sketch<'_>, db: &Reader, id: &str) -> Result<Needs, Fault> {
        let place = sketch.place;
        let question = Needs::action(RunInstances)
            .on(&place.resource::<kind::SecurityGroup>(id).tagged(tags::of(db, place, id)?))
            .key(key::Region, Some(place.region))
            .key(key::SecurityGroupID, Some(id))
            .key(key::Vpc, self.vpc_arn(place));
        Ok(sketch.with_template(question, self.own_groups).done())
    }

    fn interface(&self, sketch: &Sketch<'_>, db: &Reader) -> Result<Needs, Fault> {
        let place = sketch.place;
        let id = self.existing.as_deref().unwrap_or("*");
        let has = self.existing.as_deref().map(|id| tags::of(db, place, id)).transpose()?;
        let resource = place.resource::<kind::NetworkInterface>(id).tagged(has.unwrap_or_default());
        let wished = if self.existing.is_none() {
            sketch.wished_tags(kind::NetworkInterface::NAME)
        } else {
            Vec::new()
        };
        let question = Needs::action(RunInstances)
            .on(&resource)
            .key(key::Region, Some(place.region))
            .key(key::AvailabilityZone, self.zone.as_deref())
            .key(key::AssociatePublicIpAddress, self.public.map(|yes| yes.to_string()))
            .key(key::NetworkInterfaceID, self.existing.as_deref())
            .key(key::Subnet, Some(place.arn(kind::Subnet::NAME, &self.subnet)))
            .key(key::Vpc, self.vpc_arn(place))
            .request_tags(pairs(&wished));
        Ok(sketch.with_template(question, self.own_interface).done())
    }
}
