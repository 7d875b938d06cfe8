//! DescribeVpcs: the VPCs of this account and region.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{DescribeVpcs, DescribeVpcsRequest, DescribeVpcsResult};
use crate::network::shown::{Shown, Wanted, page};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{Vpc, Vpcs};

impl Operation for DescribeVpcs {
    type Access = Read;

    fn needs(_: &DescribeVpcsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeVpcs, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeVpcsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let wanted = Wanted {
            ids: input.vpc_ids.as_deref(),
            filters: input.filters.as_deref(),
            turn: Turn::new(input.next_token.as_deref(), input.max_results),
            now: req.now,
            missing: faults::no_vpc,
        };
        let page = page::<Vpcs>(req.db()?, place, wanted)?;
        let vpcs = page.items.iter().map(Shown::<Vpc>::to_wire).collect();
        Ok(DescribeVpcsResult { vpcs: Some(vpcs), next_token: page.next })
    }
}
