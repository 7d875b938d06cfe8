//! Instances as answers show them.

use std::collections::BTreeMap;

use rolecall_base::{Fault, Tags};
use rolecall_store::Reader;

use crate::filters::Filtered;
use crate::images;
use crate::instances;
use crate::lifecycle::state_to_wire;
use crate::model;
use crate::network::Network;
use crate::place::Place;
use crate::profiles;
use crate::questions::{enabled, required};
use crate::records::{Instance, MetadataOptions, State, TagSets};
use crate::tags;

/// An instance with what else its description needs.
#[derive(Clone, Debug)]
pub struct Described {
    pub instance: Instance,
    pub tags: Tags,
    /// Its security groups: id and name.
    pub groups: Vec<(String, String)>,
}

/// Adds tags and groups to instances.
///
/// # Errors
/// When the store can't be read.
pub fn describe(db: &Reader, place: Place<'_>, list: Vec<Instance>) -> Result<Vec<Described>, Fault> {
    let network = Network::load(db, place)?;
    let names: BTreeMap<_, _> = network.groups.iter().map(|group| (&group.id, &group.name)).collect();
    // One scan for many instances, a look each for few.
    let mut sets = BTreeMap::new();
    if list.len() > 16 {
        let rows = db.scan::<TagSets>(&(place.account, place.region), None, usize::MAX)?;
        sets.extend(rows.into_iter().map(|((_, _, id), row)| (id, row.tags)));
    } else {
        for instance in &list {
            sets.insert(instance.id.clone(), tags::of(db, place, &instance.id)?);
        }
    }
    let described = |instance: Instance| {
        let name =
            |id: &String| (id.clone(), names.get(id).map_or_else(|| id.clone(), |name| (*name).clone()));
        let groups = instance.interface.groups.iter().map(name).collect();
        Described { tags: sets.remove(&instance.id).unwrap_or_default(), groups, instance }
    };
    Ok(list.into_iter().map(described).collect())
}

impl Described {
    /// Whether it still has its network place.
    fn stands(&self) -> bool {
        self.instance.state != State::Terminated
    }

    fn private_ip(&self) -> Option<String> {
        self.stands().then(|| self.instance.interface.private_ip.to_string())
    }

    fn private_dns_name(&self) -> String {
        if self.stands() { instances::private_dns_name(&self.instance) } else { String::new() }
    }

    fn public_ip(&self) -> Option<String> {
        self.instance.interface.public_ip.map(|address| address.to_string())
    }

    pub fn to_wire(&self) -> model::Instance {
        let Instance { instance_type, interface, metadata, .. } = &self.instance;
        let own = &self.instance;
        let stands = self.stands();
        model::Instance {
            ami_launch_index: Some(own.launch_index),
            architecture: Some(images::architecture().to_owned()),
            block_device_mappings: Some(self.disks()),
            boot_mode: Some("uefi".into()),
            capacity_reservation_specification: Some(model::CapacityReservationSpecificationResponse {
                capacity_reservation_preference: Some("open".into()),
                ..Default::default()
            }),
            client_token: Some(own.client_token.clone().unwrap_or_default()),
            cpu_options: cpu_options(instance_type),
            current_instance_boot_mode: Some("uefi".into()),
            ebs_optimized: Some(false),
            ena_support: Some(true),
            enclave_options: Some(model::EnclaveOptions { enabled: Some(false) }),
            hibernation_options: Some(model::HibernationOptions { configured: Some(false) }),
            hypervisor: Some("xen".into()),
            iam_instance_profile: own.profile.as_ref().map(profiles::profile_to_wire),
            image_id: Some(own.image.clone()),
            instance_id: Some(own.id.clone()),
            instance_type: Some(instance_type.clone()),
            key_name: own.key_name.clone(),
            launch_time: Some(own.launched),
            maintenance_options: Some(model::InstanceMaintenanceOptions {
                auto_recovery: Some("default".into()),
                ..Default::default()
            }),
            metadata_options: Some(metadata_to_wire(metadata, "applied")),
            monitoring: Some(model::Monitoring { state: Some("disabled".into()), ..Default::default() }),
            network_interfaces: Some(if stands { vec![self.interface()] } else { Vec::new() }),
            placement: Some(model::Placement {
                availability_zone: Some(interface.zone.clone()),
                group_name: Some(String::new()),
                tenancy: Some("default".into()),
                ..Default::default()
            }),
            platform_details: Some("Linux/UNIX".into()),
            private_dns_name: Some(self.private_dns_name()),
            private_dns_name_options: Some(model::PrivateDnsNameOptionsResponse {
                hostname_type: Some("ip-name".into()),
                enable_resource_name_dns_a_record: Some(false),
                enable_resource_name_dns_aaaa_record: Some(false),
            }),
            private_ip_address: self.private_ip(),
            product_codes: Some(Vec::new()),
            public_dns_name: Some(String::new()),
            public_ip_address: self.public_ip(),
            root_device_name: Some(ROOT_DEVICE.into()),
            root_device_type: Some("ebs".into()),
            security_groups: Some(if stands { self.groups() } else { Vec::new() }),
            source_dest_check: stands.then_some(interface.source_dest_check),
            state: Some(state_to_wire(own.state)),
            state_reason: self.state_reason(),
            state_transition_reason: Some(own.transition.clone()),
            subnet_id: stands.then(|| interface.subnet.clone()),
            tags: tags::to_wire_if_any(&self.tags),
            usage_operation: Some("RunInstances".into()),
            usage_operation_update_time: Some(own.launched),
            virtualization_type: Some("hvm".into()),
            vpc_id: stands.then(|| interface.vpc.clone()),
            ..Default::default()
        }
    }

    fn state_reason(&self) -> Option<model::StateReason> {
        let own = &self.instance;
        let (code, message) = match (&own.reason, own.state) {
            (Some(reason), _) => (reason.code.clone(), reason.message.clone()),
            (None, State::Pending) => ("pending".to_owned(), "pending".to_owned()),
            (None, _) => return None,
        };
        Some(model::StateReason { code: Some(code), message: Some(message) })
    }

    pub fn groups(&self) -> Vec<model::GroupIdentifier> {
        let group = |(id, name): &(String, String)| model::GroupIdentifier {
            group_id: Some(id.clone()),
            group_name: Some(name.clone()),
        };
        self.groups.iter().map(group).collect()
    }

    pub fn disks(&self) -> Vec<model::InstanceBlockDeviceMapping> {
        if !self.stands() {
            return Vec::new();
        }
        vec![model::InstanceBlockDeviceMapping {
            device_name: Some(ROOT_DEVICE.into()),
            ebs: Some(model::EbsInstanceBlockDevice {
                attach_time: Some(self.instance.launched),
                delete_on_termination: Some(true),
                status: Some("attached".into()),
                volume_id: Some(self.instance.volume.clone()),
                ..Default::default()
            }),
        }]
    }

    fn interface(&self) -> model::InstanceNetworkInterface {
        let own = &self.instance.interface;
        let association = || {
            self.public_ip().map(|address| model::InstanceNetworkInterfaceAssociation {
                ip_owner_id: Some("amazon".into()),
                public_dns_name: Some(String::new()),
                public_ip: Some(address),
                ..Default::default()
            })
        };
        model::InstanceNetworkInterface {
            association: association(),
            attachment: Some(model::InstanceNetworkInterfaceAttachment {
                attach_time: Some(self.instance.launched),
                attachment_id: Some(own.attachment.clone()),
                delete_on_termination: Some(true),
                device_index: Some(0),
                network_card_index: Some(0),
                status: Some("attached".into()),
                ..Default::default()
            }),
            description: Some(own.description.clone()),
            groups: Some(self.groups()),
            interface_type: Some("interface".into()),
            ipv6_addresses: Some(Vec::new()),
            mac_address: Some(own.mac.clone()),
            network_interface_id: Some(own.id.clone()),
            owner_id: Some(self.instance.account.to_string()),
            private_dns_name: Some(self.private_dns_name()),
            private_ip_address: self.private_ip(),
            private_ip_addresses: Some(vec![model::InstancePrivateIpAddress {
                association: association(),
                primary: Some(true),
                private_dns_name: Some(self.private_dns_name()),
                private_ip_address: self.private_ip(),
            }]),
            source_dest_check: Some(own.source_dest_check),
            status: Some("in-use".into()),
            subnet_id: Some(own.subnet.clone()),
            vpc_id: Some(own.vpc.clone()),
            ..Default::default()
        }
    }
}

/// The root device of every image.
pub const ROOT_DEVICE: &str = "/dev/xvda";
/// The size that every root disk says, in GiB.
pub const ROOT_GIB: i32 = 8;

/// Instances as reservations: those of one launch together.
pub fn reservations(list: &[Described]) -> Vec<model::Reservation> {
    let mut reservations: Vec<model::Reservation> = Vec::new();
    for described in list {
        let id = &described.instance.reservation;
        let wire = described.to_wire();
        match reservations.iter_mut().find(|own| own.reservation_id.as_ref() == Some(id)) {
            Some(own) => own.instances.get_or_insert_default().push(wire),
            None => reservations.push(model::Reservation {
                reservation_id: Some(id.clone()),
                owner_id: Some(described.instance.account.to_string()),
                groups: Some(Vec::new()),
                instances: Some(vec![wire]),
                ..Default::default()
            }),
        }
    }
    reservations
}

/// Metadata options as answers show them; `state` is `applied` or `pending`.
pub fn metadata_to_wire(options: &MetadataOptions, state: &str) -> model::InstanceMetadataOptionsResponse {
    model::InstanceMetadataOptionsResponse {
        state: Some(state.to_owned()),
        http_tokens: Some(required(options.tokens_required).to_owned()),
        http_put_response_hop_limit: Some(options.hop_limit),
        http_endpoint: Some(enabled(options.enabled).to_owned()),
        http_protocol_ipv6: Some(enabled(options.ipv6).to_owned()),
        instance_metadata_tags: Some(enabled(options.tags).to_owned()),
    }
}

fn cpu_options(instance_type: &str) -> Option<model::CpuOptions> {
    let size = crate::instance_types::find(instance_type)?;
    let count = i32::try_from(size.vcpus).ok()?;
    let threads = size.threads();
    Some(model::CpuOptions {
        core_count: Some(count / threads),
        threads_per_core: Some(threads),
        ..Default::default()
    })
}

impl Filtered for Described {
    const NAMES: &'static [&'static str] = &[
        "architecture",
        "availability-zone",
        "block-device-mapping.volume-id",
        "client-token",
        "dns-name",
        "group-id",
        "group-name",
        "hypervisor",
        "iam-instance-profile.arn",
        "iam-instance-profile.id",
        "image-id",
        "instance-id",
        "instance-state-code",
        "instance-state-name",
        "instance-type",
        "instance.group-id",
        "instance.group-name",
        "ip-address",
        "key-name",
        "launch-index",
        "launch-time",
        "metadata-options.http-endpoint",
        "metadata-options.http-put-response-hop-limit",
        "metadata-options.http-tokens",
        "metadata-options.instance-metadata-tags",
        "metadata-options.state",
        "network-interface.addresses.private-ip-address",
        "network-interface.network-interface-id",
        "network-interface.subnet-id",
        "network-interface.vpc-id",
        "owner-id",
        "private-dns-name",
        "private-ip-address",
        "reason",
        "reservation-id",
        "root-device-name",
        "root-device-type",
        "source-dest-check",
        "state-reason-code",
        "subnet-id",
        "tenancy",
        "virtualization-type",
        "vpc-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let own = &self.instance;
        let place = &own.interface;
        let one = |text: &str| vec![text.to_owned()];
        match name {
            "architecture" => one(images::architecture()),
            "availability-zone" => one(&place.zone),
            "block-device-mapping.volume-id" => one(&own.volume),
            "client-token" => own.client_token.iter().cloned().collect(),
            "group-id" | "instance.group-id" => place.groups.clone(),
            "group-name" | "instance.group-name" => {
                self.groups.iter().map(|(_, name)| name.clone()).collect()
            }
            "hypervisor" => one("xen"),
            "iam-instance-profile.arn" => own.profile.iter().map(|profile| profile.arn.clone()).collect(),
            "iam-instance-profile.id" => own.profile.iter().map(|profile| profile.id.clone()).collect(),
            "image-id" => one(&own.image),
            "instance-id" => one(&own.id),
            "instance-state-code" => vec![own.state.code().to_string()],
            "instance-state-name" => one(own.state.name()),
            "instance-type" => one(&own.instance_type),
            "ip-address" => self.public_ip().into_iter().collect(),
            "key-name" => own.key_name.iter().cloned().collect(),
            "launch-index" => vec![own.launch_index.to_string()],
            "launch-time" => vec![own.launched.iso_millis()],
            "network-interface.network-interface-id" => one(&place.id),
            "owner-id" => vec![own.account.to_string()],
            "private-dns-name" => vec![self.private_dns_name()],
            "private-ip-address" | "network-interface.addresses.private-ip-address" => {
                self.private_ip().into_iter().collect()
            }
            "reason" => one(&own.transition),
            "reservation-id" => one(&own.reservation),
            "root-device-name" => one(ROOT_DEVICE),
            "root-device-type" => one("ebs"),
            "source-dest-check" => vec![place.source_dest_check.to_string()],
            "state-reason-code" => own.reason.iter().map(|reason| reason.code.clone()).collect(),
            "subnet-id" | "network-interface.subnet-id" => one(&place.subnet),
            "tenancy" => one("default"),
            "virtualization-type" => one("hvm"),
            "vpc-id" | "network-interface.vpc-id" => one(&place.vpc),
            _ => metadata_value(&own.metadata, name).into_iter().collect(),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}

fn metadata_value(options: &MetadataOptions, name: &str) -> Option<String> {
    Some(match name.strip_prefix("metadata-options.")? {
        "http-endpoint" => enabled(options.enabled).to_owned(),
        "http-put-response-hop-limit" => options.hop_limit.to_string(),
        "http-tokens" => required(options.tokens_required).to_owned(),
        "instance-metadata-tags" => enabled(options.tags).to_owned(),
        "state" => "applied".to_owned(),
        _ => return None,
    })
}
