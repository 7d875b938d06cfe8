//! Endpoints as answers show them.

use rolecall_base::{Fault, Tags};
use rolecall_store::Reader;

use super::{service_name, shown_policy};
use crate::filters::Filtered;
use crate::model::{self, DnsEntry, DnsOptions, SecurityGroupIdentifier};
use crate::network::{Network, rows};
use crate::place::Place;
use crate::records::{RouteTables, Via, VpcEndpoint};
use crate::tags;

/// An endpoint with what else its description needs.
#[derive(Clone, Debug)]
pub struct Shown {
    pub own: VpcEndpoint,
    tags: Tags,
    policy: String,
    tables: Vec<String>,
    groups: Vec<(String, String)>,
    owner: String,
    region: String,
}

/// # Errors
/// When the store can't be read.
pub fn show(db: &Reader, place: Place<'_>, list: Vec<VpcEndpoint>) -> Result<Vec<Shown>, Fault> {
    let network = Network::load(db, place)?;
    let tables = rows::<RouteTables>(db, place)?;
    let mut shown = Vec::new();
    for own in list {
        let leads = |via: &Via| matches!(via, Via::Endpoint(id) if *id == own.id);
        let has = tables.iter().filter(|table| table.routes.iter().any(|route| leads(&route.via)));
        let name = |id: &String| network.group(id).map_or_else(|| id.clone(), |group| group.name.clone());
        shown.push(Shown {
            tags: tags::of(db, place, &own.id)?,
            policy: shown_policy(db, own.policy.as_deref())?,
            tables: has.map(|table| table.id.clone()).collect(),
            groups: own.groups.iter().map(|id| (id.clone(), name(id))).collect(),
            owner: place.account.to_string(),
            region: place.region.to_owned(),
            own,
        });
    }
    Ok(shown)
}

impl Shown {
    fn kind(&self) -> &'static str {
        if self.own.gateway { "Gateway" } else { "Interface" }
    }

    pub fn to_wire(&self) -> model::VpcEndpoint {
        let own = &self.own;
        let group = |(id, name): &(String, String)| SecurityGroupIdentifier {
            group_id: Some(id.clone()),
            group_name: Some(name.clone()),
        };
        let name = format!("{}.{}.{}.vpce.amazonaws.com", own.id, own.service, self.region);
        let entry = DnsEntry { dns_name: Some(name), ..Default::default() };
        model::VpcEndpoint {
            vpc_endpoint_id: Some(own.id.clone()),
            vpc_endpoint_type: Some(self.kind().to_owned()),
            vpc_id: Some(own.vpc.clone()),
            service_name: Some(service_name(&self.region, &own.service)),
            state: Some("available".into()),
            policy_document: Some(self.policy.clone()),
            route_table_ids: Some(self.tables.clone()),
            subnet_ids: Some(own.subnets.iter().map(|one| one.subnet.clone()).collect()),
            groups: Some(self.groups.iter().map(group).collect()),
            ip_address_type: Some("ipv4".into()),
            dns_options: Some(DnsOptions {
                dns_record_ip_type: Some(if own.gateway { "service-defined" } else { "ipv4" }.into()),
                ..Default::default()
            }),
            private_dns_enabled: Some(own.private_dns),
            requester_managed: Some(false),
            network_interface_ids: Some(own.subnets.iter().map(|one| one.interface.clone()).collect()),
            dns_entries: Some(if own.gateway { Vec::new() } else { vec![entry] }),
            creation_timestamp: Some(own.created),
            tags: tags::to_wire(&self.tags),
            owner_id: Some(self.owner.clone()),
            service_region: Some(self.region.clone()),
            ..Default::default()
        }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "ip-address-type",
        "service-name",
        "service-region",
        "vpc-endpoint-id",
        "vpc-endpoint-state",
        "vpc-endpoint-type",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        vec![match name {
            "ip-address-type" => "ipv4".to_owned(),
            "service-name" => service_name(&self.region, &self.own.service),
            "service-region" => self.region.clone(),
            "vpc-endpoint-id" => self.own.id.clone(),
            "vpc-endpoint-state" => "available".to_owned(),
            "vpc-endpoint-type" => self.kind().to_owned(),
            _ => self.own.vpc.clone(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
