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
