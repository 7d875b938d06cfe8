//! CreateTags: sets tags of any resources, replacing values of the same keys.

use rolecall_actions::Kind;
use rolecall_actions::ec2::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Question, Write};

use crate::disk_questions::{on_image, on_snapshot, on_volume};
use crate::elastic::on_elastic;
use crate::faults;
use crate::groups;
use crate::interface_questions::on_interface;
use crate::kinds::{self, on_tagged};
use crate::model::{CreateTags, CreateTagsRequest, CreateTagsResponse};
use crate::network::questions::{
    on_dhcp_options, on_internet_gateway, on_network_acl, on_route_table, on_subnet, on_vpc,
};
use crate::place::Place;
use crate::placement_groups;
use crate::questions::on_instance;
use crate::records::{KeyPairNames, KeyPairs};
use crate::tags;

impl Operation for CreateTags {
    type Access = Write;

    fn needs(input: &CreateTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let mut asked = Vec::new();
        let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        let wished: Vec<_> = input.tags.iter().map(|tag| (text(&tag.key), text(&tag.value))).collect();
        for id in &input.resources {
            let question = question(at, id)?;
            asked.push(question.request_tags(tags::pairs(&wished)).done());
        }
        if asked.is_empty() {
            asked.push(Needs::action(ec2::CreateTags).anywhere().key(key::Region, Some(at.region)).done());
        }
        Ok(Needs::all(asked))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateTagsResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        if input.resources.is_empty() {
            return Err(faults::missing("ResourceId"));
        }
        if input.tags.is_empty() {
            return Err(faults::missing("Tag"));
        }
        let new = tags::checked(&input.tags)?;
        for id in &input.resources {
            kinds::exists(req.db()?, place, id)?;
        }
        faults::dry_run(input.dry_run)?;
        for id in &input.resources {
            let mut tags = tags::of(req.db()?, place, id)?;
            for tag in &new {
                tags.set(&tag.key, &tag.value);
            }
            tags::put(req.tx()?, place, id, tags)?;
        }
        Ok(CreateTagsResponse {})
    }
}

/// The question about one resource, with the condition keys that only its kind has. DeleteTags takes none of these.
fn question(at: &At<'_>, id: &str) -> Result<Question<ec2::CreateTags>, Fault> {
    let action = ec2::CreateTags;
    match kinds::kind_of(id).unwrap_or_default() {
        kind::Instance::NAME => on_instance(action, at, id),
        kind::Volume::NAME => on_volume(action, at, id),
        kind::Snapshot::NAME => on_snapshot(action, at, id),
        kind::Image::NAME => on_image(action, at, id),
        kind::NetworkInterface::NAME => on_interface(action, at, id),
        kind::Vpc::NAME => on_vpc(action, at, id),
        kind::Subnet::NAME => on_subnet(action, at, id),
        kind::RouteTable::NAME => on_route_table(action, at, id),
        kind::NetworkAcl::NAME => on_network_acl(action, at, id),
        kind::InternetGateway::NAME => on_internet_gateway(action, at, id),
        kind::DhcpOptions::NAME => on_dhcp_options(action, at, id),
        kind::SecurityGroup::NAME => groups::on_group(action, at, Some(id), None),
        kind::ElasticIp::NAME => on_elastic(action, at, Some(id)),
        kind::KeyPair::NAME => on_key_pair(at, id),
        kind::PlacementGroup::NAME => on_placement_group(at, id),
        _ => on_tagged(action, at, id),
    }
}

fn on_key_pair(at: &At<'_>, id: &str) -> Result<Question<ec2::CreateTags>, Fault> {
    let (place, db) = (Place::of(at), at.db()?);
    let question = on_tagged(ec2::CreateTags, at, id)?;
    let Some(named) = db.get::<KeyPairNames>(&place.key(id))? else { return Ok(question) };
    let pair = db.get::<KeyPairs>(&place.key(&named.name))?;
    let question = question.key(key::KeyPairName, Some(named.name));
    Ok(question.key(key::KeyPairType, pair.map(|pair| pair.key_type.word())))
}

fn on_placement_group(at: &At<'_>, id: &str) -> Result<Question<ec2::CreateTags>, Fault> {
    let question = on_tagged(ec2::CreateTags, at, id)?;
    let Some(own) = placement_groups::by_id(at.db()?, Place::of(at), id)? else { return Ok(question) };
    let question = question.key(key::PlacementGroupName, Some(own.name));
    Ok(question.key(key::PlacementGroupStrategy, Some(own.strategy)))
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, request};

    fn tag(key: &str, value: &str) -> Tag {
        Tag { key: Some(key.into()), value: Some(value.into()) }
    }

    fn filter(name: &str, value: &str) -> Option<Vec<Filter>> {
        Some(vec![Filter { name: Some(name.into()), values: Some(vec![value.into()]) }])
    }

    #[test]
    fn tags_are_set_found_and_removed() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let (one, two) = (launch(&world, request()), launch(&world, request()));
        let set = CreateTagsRequest {
            resources: vec![one.clone(), two.clone()],
            tags: vec![tag("team", "a"), tag("Name", "web")],
            ..Default::default()
        };
        world.call::<CreateTags>(&root, set).unwrap();
        let set =
            CreateTagsRequest { resources: vec![two], tags: vec![tag("team", "b")], ..Default::default() };
        world.call::<CreateTags>(&root, set).unwrap();
        let find = |name: &str, value: &str| {
            let input = DescribeInstancesRequest { filters: filter(name, value), ..Default::default() };
            world.call::<DescribeInstances>(&root, input).unwrap().reservations.unwrap().len()
        };
        assert_eq!((find("tag:team", "a"), find("tag:Name", "w*"), find("tag-key", "team")), (1, 2, 2));
        let tags = |name: &str, value: &str| {
            let input = DescribeTagsRequest { filters: filter(name, value), ..Default::default() };
            world.call::<DescribeTags>(&root, input).unwrap().tags.unwrap().len()
        };
        assert_eq!((tags("resource-id", &one), tags("tag:team", "*"), tags("key", "Name")), (2, 2, 2));
        let gone = DeleteTagsRequest {
            resources: vec![one.clone()],
            tags: Some(vec![tag("team", "other"), Tag { key: Some("Name".into()), value: None }]),
            ..Default::default()
        };
        world.call::<DeleteTags>(&root, gone).unwrap();
        assert_eq!(tags("resource-id", &one), 1);
    }

    #[test]
    fn a_policy_may_depend_on_the_tags_that_are_there() {
        let world = World::new(1);
        let id = launch(&world, request());
        let user = world.user(
            "ann",
            r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "ec2:CreateTags",
                "Resource": "*", "Condition": {"StringEquals": {"aws:RequestTag/team": "a"}}}}"#,
        );
        let set = |value| CreateTagsRequest {
            resources: vec![id.clone()],
            tags: vec![tag("team", value)],
            ..Default::default()
        };
        world.call::<CreateTags>(&user, set("a")).unwrap();
        check_fault(world.call::<CreateTags>(&user, set("b")), "UnauthorizedOperation");
    }

    #[test]
    fn what_is_not_there_has_no_tags() {
        let world = World::new(1);
        for (id, code) in [
            ("i-00000000000000001", "InvalidInstanceID.NotFound"),
            ("vpc-0", "InvalidVpcID.NotFound"),
            ("x", "InvalidID"),
        ] {
            let set = CreateTagsRequest {
                resources: vec![id.into()],
                tags: vec![tag("a", "b")],
                ..Default::default()
            };
            check_fault(world.call::<CreateTags>(&world.root(ACCOUNT), set), code);
        }
    }

    #[test]
    fn a_policy_may_depend_on_what_only_one_kind_of_resource_has() {
        let world = World::new(1);
        let small = launch(&world, request());
        let large = RunInstancesRequest { instance_type: Some("m5.large".into()), ..request() };
        let large = launch(&world, large);
        let own = crate::scene::seen(&world, &small);
        let (vpc, subnet) = (own.vpc_id.unwrap(), own.subnet_id.unwrap());
        let policy = format!(
            r#"{{"Version": "2012-10-17", "Statement": [
                {{"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*:*:instance/*",
                  "Condition": {{"StringLike": {{"ec2:InstanceType": "t3.*"}}}}}},
                {{"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*:*:subnet/*",
                  "Condition": {{"ArnLike": {{"ec2:Vpc": "arn:aws:ec2:*:*:vpc/{vpc}"}}}}}},
                {{"Effect": "Allow", "Action": "ec2:CreateTags", "Resource": "arn:aws:ec2:*:*:vpc/*",
                  "Condition": {{"StringEquals": {{"ec2:VpcID": "vpc-other"}}}}}}]}}"#
        );
        let user = world.user("ann", &policy);
        let set = |id: &str| {
            let input = CreateTagsRequest {
                resources: vec![id.into()],
                tags: vec![tag("team", "a")],
                ..Default::default()
            };
            world.call::<CreateTags>(&user, input)
        };
        set(&small).unwrap();
        set(&subnet).unwrap();
        check_fault(set(&large), "UnauthorizedOperation");
        check_fault(set(&vpc), "UnauthorizedOperation");
    }
}
