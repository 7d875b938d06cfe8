//! DescribeSubnets: the subnets of this account and region.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{DescribeSubnets, DescribeSubnetsRequest, DescribeSubnetsResult};
use crate::network::shown::{Shown, Wanted, page};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{Subnet, Subnets};

impl Operation for DescribeSubnets {
    type Access = Read;

    fn needs(_: &DescribeSubnetsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeSubnets, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeSubnetsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let wanted = Wanted {
            ids: input.subnet_ids.as_deref(),
            filters: input.filters.as_deref(),
            turn: Turn::new(input.next_token.as_deref(), input.max_results),
            now: req.now,
            missing: faults::no_subnet,
        };
        let page = page::<Subnets>(req.db()?, place, wanted)?;
        let subnets = page.items.iter().map(Shown::<Subnet>::to_wire).collect();
        Ok(DescribeSubnetsResult { subnets: Some(subnets), next_token: page.next })
    }
}
