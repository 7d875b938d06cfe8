//! DescribeVpcEndpointServices: the services that endpoints can be made for.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::endpoints::{INTERFACES, service_name};
use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{
    DescribeVpcEndpointServices, DescribeVpcEndpointServicesRequest, DescribeVpcEndpointServicesResult,
    ServiceDetail, ServiceTypeDetail,
};
use crate::paging::Turn;
use crate::place::Place;
use crate::prefix_lists::GATEWAYS;
use crate::questions::anywhere;
use crate::regions;

impl Operation for DescribeVpcEndpointServices {
    type Access = Read;

    fn needs(_: &DescribeVpcEndpointServicesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeVpcEndpointServices, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeVpcEndpointServicesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let of = |kind: &'static str| move |service: &&'static str| Shown::new(place.region, service, kind);
        let mut all: Vec<_> = GATEWAYS.iter().map(of("Gateway")).collect();
        all.extend(INTERFACES.iter().map(of("Interface")));
        let names = input.service_names.as_deref().unwrap_or_default();
        if let Some(name) = names.iter().find(|name| !all.iter().any(|own| own.name == **name)) {
            let text = format!("The Vpc Endpoint Service '{name}' does not exist");
            return Err(faults::other("InvalidServiceName", text));
        }
        let regions = input.service_regions.as_deref().unwrap_or_default();
        all.retain(|own| names.is_empty() || names.contains(&own.name));
        all.retain(|own| regions.is_empty() || regions.contains(&own.region));
        let found = pick(all, input.filters.as_deref())?;
        let turn = Turn { least: 1, ..Turn::new(input.next_token.as_deref(), input.max_results) };
        let page = turn.cut(found, |own| format!("{}/{}", own.name, own.kind))?;
        let mut names: Vec<_> = page.items.iter().map(|own| own.name.clone()).collect();
        names.dedup();
        Ok(DescribeVpcEndpointServicesResult {
            service_names: Some(names),
            service_details: Some(page.items.iter().map(Shown::to_wire).collect()),
            next_token: page.next,
        })
    }
}

struct Shown {
    service: &'static str,
    name: String,
    kind: &'static str,
    region: String,
}

impl Shown {
    fn new(region: &str, service: &'static str, kind: &'static str) -> Shown {
        Shown { service, name: service_name(region, service), kind, region: region.to_owned() }
    }

    fn to_wire(&self) -> ServiceDetail {
        let zones = regions::zones(&self.region);
        let private = format!("{}.{}.amazonaws.com", self.service, self.region);
        let base = match self.kind {
            "Gateway" => private.clone(),
            _ => format!("{}.{}.vpce.amazonaws.com", self.service, self.region),
        };
        ServiceDetail {
            service_name: Some(self.name.clone()),
            service_type: Some(vec![ServiceTypeDetail { service_type: Some(self.kind.to_owned()) }]),
            service_region: Some(self.region.clone()),
            availability_zone_ids: Some(zones.iter().map(|(_, id)| id.clone()).collect()),
            availability_zones: Some(zones.into_iter().map(|(name, _)| name).collect()),
            owner: Some("amazon".into()),
            base_endpoint_dns_names: Some(vec![base]),
            private_dns_name: (self.kind == "Interface").then_some(private),
            vpc_endpoint_policy_supported: Some(true),
            acceptance_required: Some(false),
            manages_vpc_endpoints: Some(false),
            tags: Some(Vec::new()),
            supported_ip_address_types: Some(vec!["ipv4".into()]),
            ..Default::default()
        }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] =
        &["owner", "service-name", "service-region", "service-type", "supported-ip-address-types"];

    fn values(&self, name: &str) -> Vec<String> {
        vec![match name {
            "owner" => "amazon".to_owned(),
            "service-name" => self.name.clone(),
            "service-region" => self.region.clone(),
            "service-type" => self.kind.to_owned(),
            _ => "ipv4".to_owned(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}
