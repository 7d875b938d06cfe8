//! DescribeInstances: the instances of this account and region, by launch.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::describe::{describe, reservations};
use crate::faults;
use crate::filters::pick;
use crate::lifecycle;
use crate::model::{DescribeInstances, DescribeInstancesRequest, DescribeInstancesResult};
use crate::network::rows;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::Instances;

impl Operation for DescribeInstances {
    type Access = Read;

    fn needs(_: &DescribeInstancesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeInstances, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeInstancesResult, Fault> {
        let input = req.input;
        let place = Place::here(req);
        faults::dry_run(input.dry_run)?;
        let ids = input.instance_ids.as_deref().unwrap_or_default();
        if !ids.is_empty() && input.max_results.is_some() {
            let text = "The parameter instancesSet cannot be used with the parameter maxResults";
            return Err(faults::combination(text));
        }
        let list = if ids.is_empty() {
            let mut list = rows::<Instances>(req.db()?, place)?;
            list.retain(|instance| lifecycle::is_remembered(instance, req.now));
            list
        } else {
            lifecycle::get_all(req.db()?, place, ids, req.now)?
        };
        let described = pick(describe(req.db()?, place, list)?, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(described, |own| format!("{}/{}", own.instance.reservation, own.instance.id))?;
        Ok(DescribeInstancesResult { reservations: Some(reservations(&page.items)), next_token: page.next })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, request};

    #[test]
    fn pages_hold_every_instance_once() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        for _ in 0..7 {
            launch(&world, request());
        }
        let (mut token, mut seen) = (None, 0);
        loop {
            let input =
                DescribeInstancesRequest { max_results: Some(5), next_token: token, ..Default::default() };
            let answer = world.call::<DescribeInstances>(&root, input).unwrap();
            seen += answer.reservations.unwrap().len();
            token = answer.next_token;
            if token.is_none() {
                break;
            }
        }
        assert_eq!(seen, 7);
    }

    #[test]
    fn a_filter_that_ec2_does_not_have_is_refused() {
        let world = World::new(1);
        let filters = Some(vec![Filter { name: Some("color".into()), values: Some(vec!["red".into()]) }]);
        let input = DescribeInstancesRequest { filters, ..Default::default() };
        let text = check_fault(
            world.call::<DescribeInstances>(&world.root(ACCOUNT), input),
            "InvalidParameterValue",
        );
        assert_eq!(text, "The filter 'color' is invalid");
    }

    #[test]
    fn regions_and_accounts_do_not_see_each_other() {
        let world = World::new(1);
        let other = "111111111111".parse().unwrap();
        world.account(other);
        launch(&world, request());
        let input = DescribeInstancesRequest::default();
        let answer = world.call::<DescribeInstances>(&world.root(other), input.clone()).unwrap();
        assert!(answer.reservations.unwrap().is_empty());
        let elsewhere = world.run(world.door.call::<DescribeInstances>(
            world.root(ACCOUNT),
            "eu-west-1",
            Default::default(),
            input,
        ));
        assert!(elsewhere.unwrap().reservations.unwrap().is_empty());
    }
}
