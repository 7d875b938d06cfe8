//! Network interfaces as answers show them: by themselves, and within their instance.

use std::collections::BTreeMap;

use rolecall_base::Fault;
use rolecall_store::Reader;

use crate::instances;
use crate::model;
use crate::network;
use crate::place::Place;
use crate::records::{NetworkInterface, PrivateAddress, PublicAddress, SecurityGroups, Vpcs};

/// Names of security groups, by id, and VPCs in which public addresses have names.
#[derive(Debug)]
pub struct GroupNames {
    groups: BTreeMap<String, String>,
    naming: BTreeMap<String, bool>,
}

impl GroupNames {
    /// The names of the groups of some interfaces.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn of<'i>(
        db: &Reader,
        place: Place<'_>,
        interfaces: impl Iterator<Item = &'i NetworkInterface>,
    ) -> Result<GroupNames, Fault> {
        let (mut groups, mut naming) = (BTreeMap::new(), BTreeMap::new());
        for own in interfaces {
            if !naming.contains_key(&own.vpc) {
                let vpc = network::get::<Vpcs>(db, place, &own.vpc)?;
                naming.insert(own.vpc.clone(), vpc.is_some_and(|vpc| vpc.names_public_addresses()));
            }
            for id in &own.groups {
                if !groups.contains_key(id)
                    && let Some(group) = network::get::<SecurityGroups>(db, place, id)?
                {
                    groups.insert(group.id, group.name);
                }
            }
        }
        Ok(GroupNames { groups, naming })
    }

    fn pair(&self, id: &str) -> (String, String) {
        (id.to_owned(), self.groups.get(id).cloned().unwrap_or_else(|| id.to_owned()))
    }
}

/// An interface with what else its description needs.
#[derive(Clone, Debug)]
pub struct DescribedInterface {
    pub interface: NetworkInterface,
    /// Its security groups: id and name.
    pub groups: Vec<(String, String)>,
    /// Its public addresses have names.
    named: bool,
}

pub fn groups_to_wire(groups: &[(String, String)]) -> Vec<model::GroupIdentifier> {
    let group = |(id, name): &(String, String)| model::GroupIdentifier {
        group_id: Some(id.clone()),
        group_name: Some(name.clone()),
    };
    groups.iter().map(group).collect()
}

impl DescribedInterface {
    pub fn new(interface: NetworkInterface, names: &GroupNames) -> DescribedInterface {
        let groups = interface.groups.iter().map(|id| names.pair(id)).collect();
        let named = names.naming.get(&interface.vpc).copied().unwrap_or(false);
        DescribedInterface { interface, groups, named }
    }

    /// The name of a public address; empty in a VPC that gives none.
    pub fn public_dns_name(&self, public: &PublicAddress) -> String {
        if !self.named {
            return String::new();
        }
        instances::public_dns_name(public.address, &self.interface.region)
    }

    pub fn private_dns_name(&self) -> String {
        instances::private_dns_name(self.interface.private_ip(), &self.interface.region)
    }

    /// Whose a public address is: the account's, for an elastic one.
    pub fn address_owner(&self, public: &PublicAddress) -> String {
        public.elastic.as_ref().map_or_else(|| "amazon".to_owned(), |_| self.interface.account.to_string())
    }

    /// The public address of the primary private one.
    pub fn public(&self) -> Option<&PublicAddress> {
        self.interface.addresses.first().and_then(|own| own.public.as_ref())
    }

    fn instance_association(
        &self,
        own: Option<&PublicAddress>,
    ) -> Option<model::InstanceNetworkInterfaceAssociation> {
        own.map(|public| model::InstanceNetworkInterfaceAssociation {
            ip_owner_id: Some(self.address_owner(public)),
            public_dns_name: Some(self.public_dns_name(public)),
            public_ip: Some(public.address.to_string()),
            ..Default::default()
        })
    }

    /// As DescribeInstances shows it.
    pub fn of_instance(&self) -> model::InstanceNetworkInterface {
        let own = &self.interface;
        let address = |(at, private): (usize, &PrivateAddress)| model::InstancePrivateIpAddress {
            association: self.instance_association(private.public.as_ref()),
            primary: Some(at == 0),
            private_dns_name: Some(instances::private_dns_name(private.address, &own.region)),
            private_ip_address: Some(private.address.to_string()),
        };
        model::InstanceNetworkInterface {
            association: self.instance_association(self.public()),
            attachment: own.attachment.as_ref().map(|attachment| model::InstanceNetworkInterfaceAttachment {
                attach_time: Some(attachment.attached),
                attachment_id: Some(attachment.id.clone()),
                delete_on_termination: Some(attachment.delete_on_termination),
                device_index: Some(attachment.device_index),
                network_card_index: Some(attachment.network_card),
                status: Some("attached".into()),
                ..Default::default()
            }),
            description: Some(own.description.clone()),
            groups: Some(groups_to_wire(&self.groups)),
            interface_type: Some("interface".into()),
            ipv6_addresses: Some(Vec::new()),
            mac_address: Some(own.mac.clone()),
            network_interface_id: Some(own.id.clone()),
            owner_id: Some(own.account.to_string()),
            private_dns_name: Some(self.private_dns_name()),
            private_ip_address: Some(own.private_ip().to_string()),
            private_ip_addresses: Some(own.addresses.iter().enumerate().map(address).collect()),
            source_dest_check: Some(own.source_dest_check),
            status: Some("in-use".into()),
            subnet_id: Some(own.subnet.clone()),
            vpc_id: Some(own.vpc.clone()),
            ..Default::default()
        }
    }

    fn association(&self, own: Option<&PublicAddress>) -> Option<model::NetworkInterfaceAssociation> {
        own.map(|public| model::NetworkInterfaceAssociation {
            allocation_id: public.elastic.as_ref().map(|elastic| elastic.allocation.clone()),
            association_id: public.elastic.as_ref().map(|elastic| elastic.association.clone()),
            ip_owner_id: Some(self.address_owner(public)),
            public_dns_name: Some(self.public_dns_name(public)),
            public_ip: Some(public.address.to_string()),
            ..Default::default()
        })
    }

    /// `available` or `in-use`.
    pub fn status(&self) -> &'static str {
        if self.interface.attachment.is_some() || self.interface.requester.is_some() {
            "in-use"
        } else {
            "available"
        }
    }

    /// What kind of interface it is.
    pub fn kind(&self) -> &str {
        self.interface.requester.as_ref().map_or("interface", |requester| requester.kind.as_str())
    }

    pub fn attachment(&self) -> Option<model::NetworkInterfaceAttachment> {
        self.interface.attachment.as_ref().map(|attachment| model::NetworkInterfaceAttachment {
            attach_time: Some(attachment.attached),
            attachment_id: Some(attachment.id.clone()),
            delete_on_termination: Some(attachment.delete_on_termination),
            device_index: Some(attachment.device_index),
            network_card_index: Some(attachment.network_card),
            instance_id: Some(attachment.instance.clone()),
            instance_owner_id: Some(self.interface.account.to_string()),
            status: Some("attached".into()),
            ..Default::default()
        })
    }

    /// As DescribeNetworkInterfaces shows it, without tags.
    pub fn to_wire(&self) -> model::NetworkInterface {
        let own = &self.interface;
        let address = |(at, private): (usize, &PrivateAddress)| model::NetworkInterfacePrivateIpAddress {
            association: self.association(private.public.as_ref()),
            primary: Some(at == 0),
            private_dns_name: Some(instances::private_dns_name(private.address, &own.region)),
            private_ip_address: Some(private.address.to_string()),
        };
        model::NetworkInterface {
            association: self.association(self.public()),
            attachment: self.attachment(),
            availability_zone: Some(own.zone.clone()),
            description: Some(own.description.clone()),
            groups: Some(groups_to_wire(&self.groups)),
            interface_type: Some(self.kind().to_owned()),
            ipv6_addresses: Some(Vec::new()),
            mac_address: Some(own.mac.clone()),
            network_interface_id: Some(own.id.clone()),
            owner_id: Some(own.account.to_string()),
            private_dns_name: Some(self.private_dns_name()),
            private_ip_address: Some(own.private_ip().to_string()),
            private_ip_addresses: Some(own.addresses.iter().enumerate().map(address).collect()),
            requester_id: own.requester.as_ref().map(|requester| requester.id.clone()),
            requester_managed: Some(own.requester.is_some()),
            source_dest_check: Some(own.source_dest_check),
            status: Some(self.status().to_owned()),
            subnet_id: Some(own.subnet.clone()),
            vpc_id: Some(own.vpc.clone()),
            ..Default::default()
        }
    }
}
