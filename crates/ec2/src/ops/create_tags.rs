//! CreateTags: sets tags of any resources, replacing values of the same keys.

use rolecall_actions::ec2::{self};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::kinds::{self, on_tagged};
use crate::model::{CreateTags, CreateTagsRequest, CreateTagsResponse};
use crate::place::Place;
use crate::tags;

impl Operation for CreateTags {
    type Access = Write;

    fn needs(input: &CreateTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let mut asked = Vec::new();
        let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        let wished: Vec<_> = input.tags.iter().map(|tag| (text(&tag.key), text(&tag.value))).collect();
        for id in &input.resources {
            let question = on_tagged(ec2::CreateTags, at, id)?;
            asked.push(question.request_tags(tags::pairs(&wished)).done());
        }
        if asked.is_empty() {
            asked.push(Needs::action(ec2::CreateTags).anywhere().done());
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
}
