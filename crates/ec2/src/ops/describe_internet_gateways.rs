//! DescribeInternetGateways: the internet gateways of this account and region.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{
    DescribeInternetGateways, DescribeInternetGatewaysRequest, DescribeInternetGatewaysResult,
};
use crate::network::shown::{Shown, Wanted, page};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{InternetGateway, InternetGateways};

impl Operation for DescribeInternetGateways {
    type Access = Read;

    fn needs(_: &DescribeInternetGatewaysRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeInternetGateways, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeInternetGatewaysResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let wanted = Wanted {
            ids: input.internet_gateway_ids.as_deref(),
            filters: input.filters.as_deref(),
            turn: Turn::new(input.next_token.as_deref(), input.max_results),
            now: req.now,
            missing: faults::no_internet_gateway,
        };
        let page = page::<InternetGateways>(req.db()?, place, wanted)?;
        let shown = page.items.iter().map(Shown::<InternetGateway>::to_wire).collect();
        Ok(DescribeInternetGatewaysResult { internet_gateways: Some(shown), next_token: page.next })
    }
}
