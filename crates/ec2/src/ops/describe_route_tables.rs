//! DescribeRouteTables: each VPC's main table.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{
    DescribeRouteTables, DescribeRouteTablesRequest, DescribeRouteTablesResult, Route, RouteTable,
    RouteTableAssociation, RouteTableAssociationState,
};
use crate::network::Network;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::Vpc;
use crate::tags;

impl Operation for DescribeRouteTables {
    type Access = Read;

    fn needs(_: &DescribeRouteTablesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeRouteTables, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeRouteTablesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let network = Network::load(req.db()?, place)?;
        let ids = input.route_table_ids.as_deref().unwrap_or_default();
        for id in ids {
            if !network.vpcs.iter().any(|vpc| vpc.route_table == *id) {
                let text = format!("The routeTable ID '{id}' does not exist");
                return Err(faults::other("InvalidRouteTableID.NotFound", text));
            }
        }
        let mut found = Vec::new();
        for vpc in network.vpcs {
            if ids.is_empty() || ids.contains(&vpc.route_table) {
                let tags = tags::of(req.db()?, place, &vpc.route_table)?;
                found.push(Main { vpc, tags, owner: place.account.to_string() });
            }
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn { greatest: 100, ..Turn::new(input.next_token.as_deref(), input.max_results) };
        let page = turn.cut(found, |main| main.vpc.route_table.clone())?;
        let tables = page.items.iter().map(Main::to_wire).collect();
        Ok(DescribeRouteTablesResult { route_tables: Some(tables), next_token: page.next })
    }
}

struct Main {
    vpc: Vpc,
    tags: Tags,
    owner: String,
}

impl Main {
    /// Where each route leads: the block and the gateway.
    fn routes(&self) -> Vec<(String, String, &'static str)> {
        let mut routes = vec![(self.vpc.cidr.clone(), "local".to_owned(), "CreateRouteTable")];
        let out = self.vpc.internet_gateway.as_ref();
        routes.extend(out.map(|gateway| ("0.0.0.0/0".to_owned(), gateway.clone(), "CreateRoute")));
        routes
    }

    fn to_wire(&self) -> RouteTable {
        let route = |(block, gateway, origin): (String, String, &str)| Route {
            destination_cidr_block: Some(block),
            gateway_id: Some(gateway),
            origin: Some(origin.to_owned()),
            state: Some("active".into()),
            ..Default::default()
        };
        RouteTable {
            route_table_id: Some(self.vpc.route_table.clone()),
            vpc_id: Some(self.vpc.id.clone()),
            owner_id: Some(self.owner.clone()),
            associations: Some(vec![RouteTableAssociation {
                main: Some(true),
                route_table_association_id: Some(self.vpc.route_table_association.clone()),
                route_table_id: Some(self.vpc.route_table.clone()),
                association_state: Some(RouteTableAssociationState {
                    state: Some("associated".into()),
                    ..Default::default()
                }),
                ..Default::default()
            }]),
            propagating_vgws: Some(Vec::new()),
            routes: Some(self.routes().into_iter().map(route).collect()),
            tags: tags::to_wire(&self.tags),
        }
    }
}

impl Filtered for Main {
    const NAMES: &'static [&'static str] = &[
        "association.gateway-id",
        "association.main",
        "association.route-table-association-id",
        "association.route-table-id",
        "association.subnet-id",
        "owner-id",
        "route-table-id",
        "route.destination-cidr-block",
        "route.gateway-id",
        "route.origin",
        "route.state",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let vpc = &self.vpc;
        match name {
            "association.main" => vec!["true".to_owned()],
            "association.route-table-association-id" => vec![vpc.route_table_association.clone()],
            "association.route-table-id" | "route-table-id" => vec![vpc.route_table.clone()],
            "owner-id" => vec![self.owner.clone()],
            "route.destination-cidr-block" => self.routes().into_iter().map(|route| route.0).collect(),
            "route.gateway-id" => self.routes().into_iter().map(|route| route.1).collect(),
            "route.origin" => self.routes().into_iter().map(|route| route.2.to_owned()).collect(),
            "route.state" => vec!["active".to_owned()],
            "vpc-id" => vec![vpc.id.clone()],
            _ => Vec::new(),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
