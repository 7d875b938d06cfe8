//! DescribeDhcpOptions: the sets of DHCP options of this account and region.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{DescribeDhcpOptions, DescribeDhcpOptionsRequest, DescribeDhcpOptionsResult};
use crate::network::shown::{Shown, Wanted, page};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{DhcpOptionSets, DhcpOptions};

impl Operation for DescribeDhcpOptions {
    type Access = Read;

    fn needs(_: &DescribeDhcpOptionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeDhcpOptions, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeDhcpOptionsResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let wanted = Wanted {
            ids: input.dhcp_options_ids.as_deref(),
            filters: input.filters.as_deref(),
            turn: Turn::new(input.next_token.as_deref(), input.max_results),
            now: req.now,
            missing: faults::no_dhcp_options,
        };
        let page = page::<DhcpOptionSets>(req.db()?, place, wanted)?;
        let shown = page.items.iter().map(Shown::<DhcpOptions>::to_wire).collect();
        Ok(DescribeDhcpOptionsResult { dhcp_options: Some(shown), next_token: page.next })
    }
}
