//! CreateRouteTable: a route table that leads within its VPC.

use rolecall_actions::ec2::{self, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{CreateRouteTable, CreateRouteTableRequest, CreateRouteTableResult};
use crate::network::questions::on_vpc;
use crate::network::shown::Shown;
use crate::network::{self, Network, get, must, refusals, token};
use crate::place::Place;
use crate::questions::to_make;
use crate::records::{Route, RouteTable, RouteTables, Via, Vpcs};
use crate::wiring::touch;
use crate::{faults, tags};

impl Operation for CreateRouteTable {
    type Access = Write;

    fn needs(input: &CreateRouteTableRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let made = Place::of(at).resource::<kind::RouteTable>("*");
        let tags = input.tag_specifications.as_deref();
        let needs = to_make(ec2::CreateRouteTable, &made, Place::of(at), tags, |question| question);
        Ok(needs.and(on_vpc(ec2::CreateRouteTable, at, &input.vpc_id)?.done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateRouteTableResult, Fault> {
        let (place, input, env) = (Place::here(req), req.input, req.env);
        let has = tags::of_request(input.tag_specifications.as_deref(), &["route-table"], "route-table")?;
        let once = token::of("CreateRouteTable", input.client_token.as_deref(), input)?;
        let tx = req.tx()?;
        Network::settle(tx, place)?;
        let made = token::made(tx, place, once.as_ref())?;
        let table = match made.map(|id| get::<RouteTables>(tx, place, &id)).transpose()?.flatten() {
            Some(table) => table,
            None => {
                let vpc = must::<Vpcs>(tx, place, &input.vpc_id, faults::no_vpc)?;
                let there = network::in_vpc(tx, place, &vpc.id, "rtb-")?.len();
                refusals::within(there, refusals::ROUTE_TABLES, "RouteTableLimitExceeded", "route tables")?;
                faults::dry_run(input.dry_run)?;
                let within = |cidr: &str| Route { to: cidr.to_owned(), via: Via::Local, own: true };
                let table = RouteTable {
                    id: env.resource_id("rtb"),
                    vpc: vpc.id.clone(),
                    routes: vpc.cidrs().map(within).collect(),
                    token: once.as_ref().map(|once| once.name.clone()),
                    ..RouteTable::default()
                };
                tx.put::<RouteTables>(&place.key(&table.id), &table)?;
                network::put_in(tx, place, &vpc.id, &table.id)?;
                tags::put(tx, place, &table.id, has)?;
                token::keep(tx, place, once.as_ref(), &table.id)?;
                touch(tx, place, &vpc.id)?;
                table
            }
        };
        let shown = Shown::load(tx, place, table)?;
        Ok(CreateRouteTableResult {
            route_table: Some(shown.to_wire()),
            client_token: input.client_token.clone(),
        })
    }
}
