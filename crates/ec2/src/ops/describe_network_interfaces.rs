//! DescribeNetworkInterfaces: the one interface of each instance.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::describe::{Described, describe};
use crate::faults;
use crate::filters::{Filtered, pick};
use crate::instances;
use crate::model::{
    DescribeNetworkInterfaces, DescribeNetworkInterfacesRequest, DescribeNetworkInterfacesResult,
    NetworkInterface, NetworkInterfaceAssociation, NetworkInterfaceAttachment,
    NetworkInterfacePrivateIpAddress,
};
use crate::network::rows;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{Instances, State};
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
        let mut list = rows::<Instances>(req.db()?, place)?;
        list.retain(|instance| instance.state != State::Terminated);
        if let Some(id) = ids.iter().find(|id| !list.iter().any(|own| own.interface.id == **id)) {
            return Err(faults::no_interface(id));
        }
        list.retain(|instance| ids.is_empty() || ids.contains(&instance.interface.id));
        let mut found = Vec::new();
        for described in describe(req.db()?, place, list)? {
            let tags = tags::of(req.db()?, place, &described.instance.interface.id)?;
            found.push(Shown { described, tags });
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.described.instance.interface.id.clone())?;
        let interfaces = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeNetworkInterfacesResult { network_interfaces: Some(interfaces), next_token: page.next })
    }
}

struct Shown {
    described: Described,
    tags: Tags,
}

impl Shown {
    fn to_wire(&self) -> NetworkInterface {
        let instance = &self.described.instance;
        let own = &instance.interface;
        let name = instances::private_dns_name(instance);
        let association = own.public_ip.map(|address| NetworkInterfaceAssociation {
            ip_owner_id: Some("amazon".into()),
            public_dns_name: Some(String::new()),
            public_ip: Some(address.to_string()),
            ..Default::default()
        });
        NetworkInterface {
            association: association.clone(),
            attachment: Some(NetworkInterfaceAttachment {
                attach_time: Some(instance.launched),
                attachment_id: Some(own.attachment.clone()),
                delete_on_termination: Some(true),
                device_index: Some(0),
                network_card_index: Some(0),
                instance_id: Some(instance.id.clone()),
                instance_owner_id: Some(instance.account.to_string()),
                status: Some("attached".into()),
                ..Default::default()
            }),
            availability_zone: Some(own.zone.clone()),
            description: Some(own.description.clone()),
            groups: Some(self.described.groups()),
            interface_type: Some("interface".into()),
            ipv6_addresses: Some(Vec::new()),
            mac_address: Some(own.mac.clone()),
            network_interface_id: Some(own.id.clone()),
            owner_id: Some(instance.account.to_string()),
            private_dns_name: Some(name.clone()),
            private_ip_address: Some(own.private_ip.to_string()),
            private_ip_addresses: Some(vec![NetworkInterfacePrivateIpAddress {
                association,
                primary: Some(true),
                private_dns_name: Some(name),
                private_ip_address: Some(own.private_ip.to_string()),
            }]),
            requester_managed: Some(false),
            source_dest_check: Some(own.source_dest_check),
            status: Some("in-use".into()),
            subnet_id: Some(own.subnet.clone()),
            tag_set: tags::to_wire(&self.tags),
            vpc_id: Some(own.vpc.clone()),
            ..Default::default()
        }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "addresses.primary",
        "addresses.private-ip-address",
        "association.ip-owner-id",
        "association.public-ip",
        "attachment.attachment-id",
        "attachment.delete-on-termination",
        "attachment.device-index",
        "attachment.instance-id",
        "attachment.instance-owner-id",
        "attachment.status",
        "availability-zone",
        "description",
        "group-id",
        "group-name",
        "interface-type",
        "mac-address",
        "network-interface-id",
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
        let instance = &self.described.instance;
        let own = &instance.interface;
        let value = match name {
            "addresses.primary" | "attachment.delete-on-termination" => "true".to_owned(),
            "addresses.private-ip-address" | "private-ip-address" => own.private_ip.to_string(),
            "association.ip-owner-id" if own.public_ip.is_some() => "amazon".to_owned(),
            "association.public-ip" => return own.public_ip.iter().map(ToString::to_string).collect(),
            "attachment.attachment-id" => own.attachment.clone(),
            "attachment.device-index" => "0".to_owned(),
            "attachment.instance-id" => instance.id.clone(),
            "attachment.instance-owner-id" | "owner-id" => instance.account.to_string(),
            "attachment.status" => "attached".to_owned(),
            "availability-zone" => own.zone.clone(),
            "description" => own.description.clone(),
            "group-id" => return own.groups.clone(),
            "group-name" => return self.described.groups.iter().map(|(_, name)| name.clone()).collect(),
            "interface-type" => "interface".to_owned(),
            "mac-address" => own.mac.clone(),
            "network-interface-id" => own.id.clone(),
            "private-dns-name" => instances::private_dns_name(instance),
            "requester-managed" => "false".to_owned(),
            "source-dest-check" => own.source_dest_check.to_string(),
            "status" => "in-use".to_owned(),
            "subnet-id" => own.subnet.clone(),
            "vpc-id" => own.vpc.clone(),
            _ => return Vec::new(),
        };
        vec![value]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
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
        let input = DescribeVolumesRequest { volume_ids: Some(vec!["vol-1".into()]), ..Default::default() };
        check_fault(world.call::<DescribeVolumes>(&root, input), "InvalidVolume.NotFound");
    }
}
