//! DescribeVpcEndpoints.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::endpoints::{self, Shown};
use crate::faults;
use crate::filters::pick;
use crate::model::{DescribeVpcEndpoints, DescribeVpcEndpointsRequest, DescribeVpcEndpointsResult};
use crate::network::rows;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::VpcEndpoints;

impl Operation for DescribeVpcEndpoints {
    type Access = Read;

    fn needs(_: &DescribeVpcEndpointsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeVpcEndpoints, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeVpcEndpointsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let ids = input.vpc_endpoint_ids.as_deref().unwrap_or_default();
        let mut list = rows::<VpcEndpoints>(req.db()?, place)?;
        if let Some(missing) = ids.iter().find(|id| !list.iter().any(|own| own.id == **id)) {
            return Err(endpoints::no_endpoint(missing));
        }
        list.retain(|own| ids.is_empty() || ids.contains(&own.id));
        let found = pick(endpoints::show(req.db()?, place, list)?, input.filters.as_deref())?;
        let turn = Turn { least: 1, ..Turn::new(input.next_token.as_deref(), input.max_results) };
        let page = turn.cut(found, |shown| shown.own.id.clone())?;
        let list = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeVpcEndpointsResult { vpc_endpoints: Some(list), next_token: page.next })
    }
}
