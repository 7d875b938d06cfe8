//! DescribeNatGateways: the NAT gateways of this account and region; deleted ones for an hour.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{DescribeNatGateways, DescribeNatGatewaysRequest, DescribeNatGatewaysResult};
use crate::network::refusals;
use crate::network::shown::{Shown, Wanted, page};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{NatGateway, NatGateways};

impl Operation for DescribeNatGateways {
    type Access = Read;

    fn needs(_: &DescribeNatGatewaysRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeNatGateways, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeNatGatewaysResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let wanted = Wanted {
            ids: input.nat_gateway_ids.as_deref(),
            filters: input.filter.as_deref(),
            turn: Turn::new(input.next_token.as_deref(), input.max_results),
            now: req.now,
            missing: refusals::no_nat_gateway,
        };
        let page = page::<NatGateways>(req.db()?, place, wanted)?;
        let shown = page.items.iter().map(Shown::<NatGateway>::to_wire).collect();
        Ok(DescribeNatGatewaysResult { nat_gateways: Some(shown), next_token: page.next })
    }
}
