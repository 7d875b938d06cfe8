//! Route tables as answers show them.

use rolecall_base::{Fault, Tags};
use rolecall_store::Reader;

use super::{Row, Shown};
use crate::filters::Filtered;
use crate::model;
use crate::network::routes::{self, State};
use crate::place::Place;
use crate::records::{Route, RouteTable, Via};
use crate::tags;

impl Row for RouteTable {
    /// The state of each route, in their order.
    type More = Vec<State>;

    fn id(&self) -> &str {
        &self.id
    }

    fn more(&self, db: &Reader, place: Place<'_>) -> Result<Vec<State>, Fault> {
        self.routes.iter().map(|route| routes::state(db, place, &self.vpc, route)).collect()
    }
}

pub fn associated() -> Option<model::RouteTableAssociationState> {
    Some(model::RouteTableAssociationState { state: Some("associated".into()), ..Default::default() })
}

impl Shown<RouteTable> {
    pub fn to_wire(&self) -> model::RouteTable {
        let table = &self.row;
        let association = |id: &str, subnet: Option<&String>| model::RouteTableAssociation {
            main: Some(subnet.is_none()),
            route_table_association_id: Some(id.to_owned()),
            route_table_id: Some(table.id.clone()),
            subnet_id: subnet.cloned(),
            association_state: associated(),
            ..Default::default()
        };
        let main = table.main.iter().map(|id| association(id, None));
        let others = table.associations.iter().map(|own| association(&own.id, Some(&own.subnet)));
        model::RouteTable {
            route_table_id: Some(table.id.clone()),
            vpc_id: Some(table.vpc.clone()),
            owner_id: Some(self.owner.to_string()),
            associations: Some(main.chain(others).collect()),
            propagating_vgws: Some(Vec::new()),
            routes: Some(self.routes().map(|(route, state)| self.route(route, state)).collect()),
            tags: tags::to_wire(&self.tags),
        }
    }

    fn routes(&self) -> impl Iterator<Item = (&Route, &State)> {
        self.row.routes.iter().zip(&self.more)
    }

    fn route(&self, route: &Route, state: &State) -> model::Route {
        let mut shown = model::Route {
            origin: Some(origin(route).to_owned()),
            state: Some(state.word().to_owned()),
            ..Default::default()
        };
        if route.to.starts_with("pl-") {
            shown.destination_prefix_list_id = Some(route.to.clone());
        } else {
            shown.destination_cidr_block = Some(route.to.clone());
        }
        match &route.via {
            Via::Local | Via::Internet(_) | Via::Endpoint(_) => shown.gateway_id = gateway(route),
            Via::Nat(id) => shown.nat_gateway_id = Some(id.clone()),
            Via::Peering(id) => shown.vpc_peering_connection_id = Some(id.clone()),
            Via::Interface(id) => {
                shown.network_interface_id = Some(id.clone());
                shown.instance_owner_id = state.instance.as_ref().map(|_| self.owner.to_string());
                shown.instance_id = state.instance.clone();
            }
        }
        shown
    }
}

fn origin(route: &Route) -> &'static str {
    if route.own { "CreateRouteTable" } else { "CreateRoute" }
}

fn gateway(route: &Route) -> Option<String> {
    match &route.via {
        Via::Local => Some("local".to_owned()),
        Via::Internet(id) | Via::Endpoint(id) => Some(id.clone()),
        Via::Nat(_) | Via::Peering(_) | Via::Interface(_) => None,
    }
}

impl Filtered for Shown<RouteTable> {
    const NAMES: &'static [&'static str] = &[
        "association.gateway-id",
        "association.main",
        "association.route-table-association-id",
        "association.route-table-id",
        "association.subnet-id",
        "owner-id",
        "route-table-id",
        "route.destination-cidr-block",
        "route.destination-ipv6-cidr-block",
        "route.destination-prefix-list-id",
        "route.egress-only-internet-gateway-id",
        "route.gateway-id",
        "route.instance-id",
        "route.nat-gateway-id",
        "route.origin",
        "route.state",
        "route.transit-gateway-id",
        "route.vpc-peering-connection-id",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let table = &self.row;
        let routes = table.routes.iter();
        let to = |list: bool| table.routes.iter().filter(move |route| route.to.starts_with("pl-") == list);
        match name {
            "association.main" => {
                let main = table.main.iter().map(|_| "true".to_owned());
                main.chain(table.associations.iter().map(|_| "false".to_owned())).collect()
            }
            "association.route-table-association-id" => {
                table.main.iter().chain(table.associations.iter().map(|own| &own.id)).cloned().collect()
            }
            "association.route-table-id" if table.main.is_none() && table.associations.is_empty() => {
                Vec::new()
            }
            "association.route-table-id" | "route-table-id" => vec![table.id.clone()],
            "association.subnet-id" => table.associations.iter().map(|own| own.subnet.clone()).collect(),
            "owner-id" => vec![self.owner.to_string()],
            "route.destination-cidr-block" => to(false).map(|route| route.to.clone()).collect(),
            "route.destination-prefix-list-id" => to(true).map(|route| route.to.clone()).collect(),
            "route.gateway-id" => routes.filter_map(gateway).collect(),
            "route.instance-id" => self.more.iter().filter_map(|state| state.instance.clone()).collect(),
            "route.nat-gateway-id" => routes
                .filter_map(|route| if let Via::Nat(id) = &route.via { Some(id.clone()) } else { None })
                .collect(),
            "route.vpc-peering-connection-id" => routes
                .filter_map(|route| if let Via::Peering(id) = &route.via { Some(id.clone()) } else { None })
                .collect(),
            "route.origin" => routes.map(|route| origin(route).to_owned()).collect(),
            "route.state" => self.more.iter().map(|state| state.word().to_owned()).collect(),
            "vpc-id" => vec![table.vpc.clone()],
            // No subnet's gateway has a table, and no route is about IPv6 or a transit gateway.
            _ => Vec::new(),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
