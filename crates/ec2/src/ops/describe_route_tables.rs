//! DescribeRouteTables: the route tables of this account and region.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::model::{DescribeRouteTables, DescribeRouteTablesRequest, DescribeRouteTablesResult};
use crate::network::shown::{Shown, Wanted, page};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{RouteTable, RouteTables};

impl Operation for DescribeRouteTables {
    type Access = Read;

    fn needs(_: &DescribeRouteTablesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeRouteTables, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeRouteTablesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let wanted = Wanted {
            ids: input.route_table_ids.as_deref(),
            filters: input.filters.as_deref(),
            turn: Turn { greatest: 100, ..Turn::new(input.next_token.as_deref(), input.max_results) },
            now: req.now,
            missing: faults::no_route_table,
        };
        let page = page::<RouteTables>(req.db()?, place, wanted)?;
        let shown = page.items.iter().map(Shown::<RouteTable>::to_wire).collect();
        Ok(DescribeRouteTablesResult { route_tables: Some(shown), next_token: page.next })
    }
}
