//! DescribeStaleSecurityGroups: rules that refer to deleted groups of connected VPCs. There are no connections between
//! VPCs here, and within one VPC a group that is referred to can't be deleted, so there are none.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{
    DescribeStaleSecurityGroups, DescribeStaleSecurityGroupsRequest, DescribeStaleSecurityGroupsResult,
};
use crate::network::Network;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;

impl Operation for DescribeStaleSecurityGroups {
    type Access = Read;

    fn needs(_: &DescribeStaleSecurityGroupsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeStaleSecurityGroups, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeStaleSecurityGroupsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let network = Network::load(req.db()?, place)?;
        network.vpc(&input.vpc_id).ok_or_else(|| faults::no_vpc(&input.vpc_id))?;
        faults::dry_run(input.dry_run)?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(Vec::new(), String::clone)?;
        debug_assert!(page.items.is_empty(), "nothing is stale");
        Ok(DescribeStaleSecurityGroupsResult {
            stale_security_group_set: Some(Vec::new()),
            next_token: page.next,
        })
    }
}
