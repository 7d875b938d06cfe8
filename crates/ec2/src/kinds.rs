//! The kinds of resource that can have tags: the one table of them. A new kind is one entry.
//!
//! From it come what an id is the id of, whether there is such a resource, what is said when there is not, and the
//! questions of CreateTags and DeleteTags.

use rolecall_actions::ec2::{self, key, kind};
use rolecall_actions::{Action, Kind, On, Takes, Wildcard, aws};
use rolecall_base::Fault;
use rolecall_door::{At, ByArn, Needs, Question};
use rolecall_store::{Reader, Table};

use crate::elastic;
use crate::endpoints;
use crate::faults;
use crate::groups;
use crate::images;
use crate::network::{self, InNetwork, refusals};
use crate::place::Place;
use crate::placement_groups;
use crate::prefix_lists;
use crate::records::{
    DhcpOptionSets, ElasticAddresses, Instances, Interfaces, InternetGateways, KeyPairNames, LaunchTemplates,
    NatGateways, NetworkAcls, PrefixListRows, RegionalKey, RouteTables, SecurityGroups, Subnets,
    VpcEndpoints, Vpcs,
};
use crate::templates;
use crate::{snapshots, tags, volumes};

/// One kind of resource, by the beginning of its ids.
struct Entry {
    /// `subnet` of `subnet-0123…`.
    prefix: &'static str,
    /// In tag specifications, descriptions of tags, and ARNs.
    name: &'static str,
    there: fn(&Reader, Place<'_>, &str) -> Result<bool, Fault>,
    missing: fn(&str) -> Fault,
}

macro_rules! kinds {
    ($($prefix:literal $kind:ident $there:expr, $missing:expr, $resource:path;)*) => {
        static KINDS: &[Entry] = &[$(Entry {
            prefix: $prefix,
            name: <kind::$kind as Kind>::NAME,
            there: $there,
            missing: $missing,
        }),*];

        /// `CreateTags` and `DeleteTags`: actions on every kind of this table.
        pub trait OnTagged:
            Action + Wildcard + Takes<key::Region> + Takes<aws::key::TagKeys> $(+ On<kind::$kind>)*
        {
        }

        /// An action on the resource that an id stands for; on `*` when it can be none's.
        ///
        /// # Errors
        /// When the store can't be read.
        pub fn on_tagged<A: OnTagged>(action: A, at: &At<'_>, id: &str) -> Result<Question<A>, Fault> {
            let (place, db) = (Place::of(at), at.db()?);
            let has = tags::of(db, place, id)?;
            let asking = Needs::action(action);
            let question = match prefix_of(id) {
                $($prefix => {
                    let resource: ByArn<kind::$kind> = $resource(db, place, id)?;
                    asking.on(&resource.tagged(has))
                })*
                _ => asking.anywhere(),
            };
            Ok(question.key(key::Region, Some(at.region)))
        }
    };
}

// Beginning of the ids, kind; whether there is one of this id, the fault when there is none, what policies name it by.
kinds! {
    "i" Instance stored::<Instances>, |id| faults::no_instances(&[id]), by_id;
    "vol" Volume |db, place, id| Ok(volumes::find(db, place, id)?.is_some()), faults::no_volume, by_id;
    "snap" Snapshot |db, place, id| Ok(snapshots::find(db, place, id)?.is_some()), faults::no_snapshot, snapshot;
    "eni" NetworkInterface stored::<Interfaces>, faults::no_interface, by_id;
    "vpc" Vpc in_network::<Vpcs>, faults::no_vpc, by_id;
    "subnet" Subnet in_network::<Subnets>, faults::no_subnet, by_id;
    "sg" SecurityGroup in_network::<SecurityGroups>, faults::no_group, by_id;
    "sgr" SecurityGroupRule groups::has_rule, groups::no_rule, by_id;
    "eipalloc" ElasticIp stored::<ElasticAddresses>, elastic::no_allocation, by_id;
    "vpce" VpcEndpoint stored::<VpcEndpoints>, endpoints::no_endpoint, by_id;
    "pl" PrefixList stored::<PrefixListRows>, prefix_lists::no_list, by_id;
    "key" KeyPair stored::<KeyPairNames>, faults::no_key_pair, key_pair;
    "ami" Image |db, place, id| Ok(images::find(db, place, id)?.is_some()), |id| faults::no_image(&[id]), image;
    "rtb" RouteTable in_network::<RouteTables>, faults::no_route_table, by_id;
    "igw" InternetGateway in_network::<InternetGateways>, faults::no_internet_gateway, by_id;
    "dopt" DhcpOptions in_network::<DhcpOptionSets>, faults::no_dhcp_options, by_id;
    "acl" NetworkAcl in_network::<NetworkAcls>, refusals::no_network_acl, by_id;
    "nat" Natgateway stored::<NatGateways>, refusals::no_nat_gateway, by_id;
    "lt" LaunchTemplate stored::<LaunchTemplates>, templates::no_template, by_id;
    "pg" PlacementGroup |db, place, id| Ok(placement_groups::by_id(db, place, id)?.is_some()), placement_groups::unknown, placement_group;
}

impl OnTagged for ec2::CreateTags {}
impl OnTagged for ec2::DeleteTags {}

/// What an id begins with: all before its last hyphen.
fn prefix_of(id: &str) -> &str {
    id.rsplit_once('-').map_or("", |(prefix, _)| prefix)
}

fn entry(id: &str) -> Option<&'static Entry> {
    let prefix = prefix_of(id);
    KINDS.iter().find(|entry| entry.prefix == prefix)
}

/// The kind of resource that an id stands for, in AWS's words.
pub fn kind_of(id: &str) -> Option<&'static str> {
    entry(id).map(|entry| entry.name)
}

/// Checks that there is such a resource.
///
/// # Errors
/// The NotFound of its kind; InvalidID for an id of no kind.
pub fn exists(db: &Reader, place: Place<'_>, id: &str) -> Result<(), Fault> {
    let Some(entry) = entry(id) else {
        return Err(faults::other("InvalidID", format!("The ID '{id}' is not valid")));
    };
    if (entry.there)(db, place, id)? { Ok(()) } else { Err((entry.missing)(id)) }
}

/// Whether a table has a row of this id.
fn stored<T: Table<Key = RegionalKey>>(db: &Reader, place: Place<'_>, id: &str) -> Result<bool, Fault> {
    Ok(db.exists::<T>(&place.key(id))?)
}

/// Whether a network has one of this id, stored or derived.
fn in_network<T: InNetwork>(db: &Reader, place: Place<'_>, id: &str) -> Result<bool, Fault> {
    Ok(network::get::<T>(db, place, id)?.is_some())
}

/// What policies name most resources by: their id.
fn by_id<K: Kind>(_: &Reader, place: Place<'_>, id: &str) -> Result<ByArn<K>, Fault> {
    Ok(place.resource(id))
}

/// Policies name key pairs by their names.
fn key_pair(db: &Reader, place: Place<'_>, id: &str) -> Result<ByArn<kind::KeyPair>, Fault> {
    let named = db.get::<KeyPairNames>(&place.key(id))?;
    Ok(place.resource(named.as_ref().map_or(id, |row| row.name.as_str())))
}

/// And placement groups.
fn placement_group(db: &Reader, place: Place<'_>, id: &str) -> Result<ByArn<kind::PlacementGroup>, Fault> {
    let found = placement_groups::by_id(db, place, id)?;
    Ok(place.resource(found.as_ref().map_or(id, |own| own.name.as_str())))
}

/// A snapshot's ARN names no account, as an image's.
fn snapshot(_: &Reader, place: Place<'_>, id: &str) -> Result<ByArn<kind::Snapshot>, Fault> {
    Ok(ByArn::new(snapshots::arn(place.region, id), place.account))
}

/// An image's ARN names no account.
fn image(_: &Reader, place: Place<'_>, id: &str) -> Result<ByArn<kind::Image>, Fault> {
    Ok(ByArn::new(images::arn(place.region, id), place.account))
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, REGION, World, check_fault};

    use super::*;
    use crate::model::*;

    #[test]
    fn every_kind_has_ids_of_its_own_and_a_fault_that_says_what_is_missing() {
        let world = World::new(1);
        let place = Place { account: ACCOUNT, region: REGION };
        let db = world.store.read().unwrap();
        for entry in KINDS {
            let id = format!("{}-0123456789abcdef0", entry.prefix);
            assert_eq!(kind_of(&id), Some(entry.name));
            let fault = exists(&db, place, &id).unwrap_err();
            assert!(
                [".NotFound", "NotFound", ".Unknown"].iter().any(|end| fault.code().ends_with(end)),
                "{fault:?}"
            );
            assert!(fault.message().contains(&id), "{fault:?}");
            assert_eq!(KINDS.iter().filter(|other| other.prefix == entry.prefix).count(), 1);
        }
        assert_eq!(kind_of("none-0123"), None);
        check_fault(exists(&db, place, "none"), "InvalidID");
    }

    #[test]
    fn tags_of_the_resource_decide_whether_further_ones_may_be_set() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let vpc = Place { account: ACCOUNT, region: REGION }.fixed_id("vpc", "default");
        let set = |key: &str, value: &str| CreateTagsRequest {
            resources: vec![vpc.clone()],
            tags: vec![Tag { key: Some(key.into()), value: Some(value.into()) }],
            ..Default::default()
        };
        let ann = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": ["ec2:CreateTags", "ec2:DeleteTags"],
                "Resource": "arn:aws:ec2:*:*:vpc/*", "Condition": {"StringEquals": {"ec2:ResourceTag/team": "a"}}}}"#,
        );
        check_fault(world.call::<CreateTags>(&ann, set("more", "x")), "UnauthorizedOperation");
        world.call::<CreateTags>(&root, set("team", "a")).unwrap();
        world.call::<CreateTags>(&ann, set("more", "x")).unwrap();
        let gone = DeleteTagsRequest { resources: vec![vpc.clone()], ..Default::default() };
        world.call::<DeleteTags>(&ann, gone.clone()).unwrap();
        check_fault(world.call::<DeleteTags>(&ann, gone), "UnauthorizedOperation");
    }
}
