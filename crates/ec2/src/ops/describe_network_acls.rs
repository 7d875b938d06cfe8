//! DescribeNetworkAcls: the network access lists of this account and region.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{DescribeNetworkAcls, DescribeNetworkAclsRequest, DescribeNetworkAclsResult};
use crate::network::refusals;
use crate::network::shown::{Shown, Wanted, page};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{NetworkAcl, NetworkAcls};

impl Operation for DescribeNetworkAcls {
    type Access = Read;

    fn needs(_: &DescribeNetworkAclsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeNetworkAcls, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeNetworkAclsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let wanted = Wanted {
            ids: input.network_acl_ids.as_deref(),
            filters: input.filters.as_deref(),
            turn: Turn::new(input.next_token.as_deref(), input.max_results),
            now: req.now,
            missing: refusals::no_network_acl,
        };
        let page = page::<NetworkAcls>(req.db()?, place, wanted)?;
        let shown = page.items.iter().map(Shown::<NetworkAcl>::to_wire).collect();
        Ok(DescribeNetworkAclsResult { network_acls: Some(shown), next_token: page.next })
    }
}
