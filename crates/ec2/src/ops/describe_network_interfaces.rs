//! DescribeNetworkInterfaces.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::described_interface::{DescribedInterface, GroupNames};
use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{
    DescribeNetworkInterfaces, DescribeNetworkInterfacesRequest, DescribeNetworkInterfacesResult,
    NetworkInterface,
};
use crate::network::rows;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{self, Interfaces, PublicAddress};
use crate::regions;
use crate::tags;

impl Operation for DescribeNetworkInterfaces {
    type Access = Read;

    fn needs(_: &DescribeNetworkInterfacesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeNetworkInterfaces, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeNetworkInterfacesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let ids = input.network_interface_ids.as_deref().unwrap_or_default();
        let mut list = rows::<Interfaces>(req.db()?, place)?;
        if let Some(id) = ids.iter().find(|id| !list.iter().any(|own| own.id == **id)) {
            return Err(faults::no_interface(id));
        }
        list.retain(|own| ids.is_empty() || ids.contains(&own.id));
        let names = GroupNames::of(req.db()?, place, list.iter())?;
        let mut found = Vec::new();
        for interface in list {
            let tags = tags::of(req.db()?, place, &interface.id)?;
            found.push(Shown { own: DescribedInterface::new(interface, &names), tags });
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.own.interface.id.clone())?;
        let interfaces = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeNetworkInterfacesResult { network_interfaces: Some(interfaces), next_token: page.next })
    }
}

struct Shown {
    own: DescribedInterface,
    tags: Tags,
}

impl Shown {
    fn to_wire(&self) -> NetworkInterface {
        NetworkInterface { tag_set: tags::to_wire(&self.tags), ..self.own.to_wire() }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "addresses.association.owner-id",
        "addresses.association.public-ip",
        "addresses.primary",
        "addresses.private-ip-address",
        "association.allocation-id",
        "association.association-id",
        "association.ip-owner-id",
        "association.public-dns-name",
        "association.public-ip",
        "attachment.attach-time",
        "attachment.attachment-id",
        "attachment.delete-on-termination",
        "attachment.device-index",
        "attachment.instance-id",
        "attachment.instance-owner-id",
        "attachment.status",
        "availability-zone",
        "availability-zone-id",
        "description",
        "group-id",
        "group-name",
        "interface-type",
        "ipv6-addresses.ipv6-address",
        "mac-address",
        "network-interface-id",
        "operator.managed",
        "operator.principal",
        "owner-id",
        "private-dns-name",
        "private-ip-address",
        "requester-id",
        "requester-managed",
        "source-dest-check",
        "status",
        "subnet-id",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        values(&self.own, name)
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}

/// What one of the filters compares with, for an interface by itself or within its instance.
pub fn values(shown: &DescribedInterface, name: &str) -> Vec<String> {
    let own = &shown.interface;
    if let Some(name) = name.strip_prefix("attachment.") {
        return attachment_value(own, name).into_iter().collect();
    }
    if let Some(name) = name.strip_prefix("association.") {
        let public = shown.public();
        return public.and_then(|public| association_value(shown, public, name)).into_iter().collect();
    }
    let publics = || own.addresses.iter().filter_map(|address| address.public.as_ref());
    vec![match name {
        "addresses.association.owner-id" => {
            return publics().map(|public| shown.address_owner(public)).collect();
        }
        "addresses.association.public-ip" => {
            return publics().map(|public| public.address.to_string()).collect();
        }
        "addresses.primary" => {
            return (0..own.addresses.len()).map(|at| (at == 0).to_string()).collect();
        }
        "addresses.private-ip-address" => {
            return own.addresses.iter().map(|address| address.address.to_string()).collect();
        }
        "availability-zone" => own.zone.clone(),
        "availability-zone-id" => return regions::zone_id(&own.region, &own.zone).into_iter().collect(),
        "description" => own.description.clone(),
        "group-id" => return own.groups.clone(),
        "group-name" => return shown.groups.iter().map(|(_, name)| name.clone()).collect(),
        "interface-type" => shown.kind().to_owned(),
        "mac-address" => own.mac.clone(),
        "network-interface-id" => own.id.clone(),
        "owner-id" => own.account.to_string(),
        "private-dns-name" => shown.private_dns_name(),
        "private-ip-address" => own.private_ip().to_string(),
        "requester-id" => return own.requester.iter().map(|requester| requester.id.clone()).collect(),
        "requester-managed" => own.requester.is_some().to_string(),
        "operator.managed" => "false".to_owned(),
        "source-dest-check" => own.source_dest_check.to_string(),
        "status" => shown.status().to_owned(),
        "subnet-id" => own.subnet.clone(),
        "vpc-id" => own.vpc.clone(),
        _ => return Vec::new(),
    }]
}

fn attachment_value(own: &records::NetworkInterface, name: &str) -> Option<String> {
    let attachment = own.attachment.as_ref()?;
    Some(match name {
        "attach-time" => attachment.attached.iso_millis(),
        "attachment-id" => attachment.id.clone(),
        "delete-on-termination" => attachment.delete_on_termination.to_string(),
        "device-index" => attachment.device_index.to_string(),
        "instance-id" => attachment.instance.clone(),
        "instance-owner-id" => own.account.to_string(),
        _ => "attached".to_owned(),
    })
}

fn association_value(own: &DescribedInterface, public: &PublicAddress, name: &str) -> Option<String> {
    Some(match name {
        "allocation-id" => public.elastic.as_ref()?.allocation.clone(),
        "association-id" => public.elastic.as_ref()?.association.clone(),
        "ip-owner-id" => own.address_owner(public),
        "public-dns-name" => Some(own.public_dns_name(public)).filter(|name| !name.is_empty())?,
        "public-ip" => public.address.to_string(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, request, tagged};

    fn filter(name: &str, value: &str) -> Option<Vec<Filter>> {
        Some(vec![Filter { name: Some(name.into()), values: Some(vec![value.into()]) }])
    }

    #[test]
    fn an_interface_and_a_volume_are_found_by_their_instance() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        launch(&world, request());
        let mut input = request();
        input.tag_specifications = tagged("volume", "use", "root");
        let id = launch(&world, input);
        let input = DescribeNetworkInterfacesRequest {
            filters: filter("attachment.instance-id", &id),
            ..Default::default()
        };
        let found = world.call::<DescribeNetworkInterfaces>(&root, input).unwrap();
        assert_eq!(found.network_interfaces.unwrap().len(), 1);
        let input =
            DescribeVolumesRequest { filters: filter("attachment.instance-id", &id), ..Default::default() };
        let found = world.call::<DescribeVolumes>(&root, input).unwrap().volumes.unwrap();
        assert_eq!(found[0].tags.as_ref().unwrap()[0].value.as_deref(), Some("root"));
        let input = DescribeVolumesRequest {
            volume_ids: Some(vec!["vol-00000000000000001".into()]),
            ..Default::default()
        };
        check_fault(world.call::<DescribeVolumes>(&root, input), "InvalidVolume.NotFound");
    }
}
