//! Instances as answers show them.

use std::collections::BTreeMap;

use rolecall_base::{Fault, Tags};
use rolecall_store::Reader;

use crate::described_interface::{DescribedInterface, GroupNames, groups_to_wire};
use crate::instances;
use crate::interfaces;
use crate::lifecycle::state_to_wire;
use crate::model;
use crate::place::Place;
use crate::profiles;
use crate::questions::{enabled, required};
use crate::records::{Instance, MetadataOptions, State, TagSets, Volume};
use crate::{tags, volumes};

/// An instance with what else its description needs.
#[derive(Clone, Debug)]
pub struct Described {
    pub instance: Instance,
    pub tags: Tags,
    /// Its network interfaces, the primary one first.
    pub interfaces: Vec<DescribedInterface>,
    /// Its volumes, the root first.
    pub volumes: Vec<Volume>,
}

/// Adds tags and groups to instances.
///
/// # Errors
/// When the store can't be read.
pub fn describe(db: &Reader, place: Place<'_>, list: Vec<Instance>) -> Result<Vec<Described>, Fault> {
    let mut own = interfaces::of_all(db, place, &list)?;
    let names = GroupNames::of(db, place, own.values())?;
    // One scan for many instances, a look each for few, and in a transaction.
    let mut sets = BTreeMap::new();
    if list.len() > 16 && !db.is_recording() {
        let rows = db.scan::<TagSets>(&(place.account, place.region), None, usize::MAX)?;
        sets.extend(rows.into_iter().map(|((_, _, id), row)| (id, row.tags)));
    } else {
        for instance in &list {
            sets.insert(instance.id.clone(), tags::of(db, place, &instance.id)?);
        }
    }
    let mut own_volumes = BTreeMap::new();
    for instance in &list {
        own_volumes.insert(instance.id.clone(), volumes::of_instance(db, instance)?);
    }
    let described = |instance: Instance| {
        let interfaces = instance.interfaces.iter().filter_map(|id| own.remove(id));
        let interfaces = interfaces.map(|own| DescribedInterface::new(own, &names)).collect();
        Described {
            tags: sets.remove(&instance.id).unwrap_or_default(),
            volumes: own_volumes.remove(&instance.id).unwrap_or_default(),
            interfaces,
            instance,
        }
    };
    Ok(list.into_iter().map(described).collect())
}

impl Described {
    /// Whether it still has its network place.
    fn stands(&self) -> bool {
        self.instance.state != State::Terminated
    }

    /// Its primary interface; none once it is over.
    fn primary(&self) -> Option<&DescribedInterface> {
        self.interfaces.first()
    }

    fn private_ip(&self) -> Option<String> {
        self.primary().map(|own| own.interface.private_ip().to_string())
    }

    fn private_dns_name(&self) -> String {
        let name =
            |own: &DescribedInterface| instances::own_dns_name(&self.instance, own.interface.private_ip());
        self.primary().map(name).unwrap_or_default()
    }

    fn public_ip(&self) -> Option<String> {
        self.primary()?.interface.public_ip().map(|address| address.to_string())
    }

    fn public_dns_name(&self) -> String {
        let primary = self.primary();
        let name = |own: &DescribedInterface| Some(own.public_dns_name(own.public()?));
        primary.and_then(name).unwrap_or_default()
    }

    /// The security groups of its primary interface: id and name.
    pub fn group_pairs(&self) -> &[(String, String)] {
        self.primary().map(|own| own.groups.as_slice()).unwrap_or_default()
    }

    pub fn source_dest_check(&self) -> Option<bool> {
        self.primary().map(|own| own.interface.source_dest_check)
    }

    pub fn to_wire(&self) -> model::Instance {
        let Instance { instance_type, metadata, .. } = &self.instance;
        let own = &self.instance;
        let settings = &own.settings;
        let (names, placement) = (settings.names, settings.placement.as_ref());
        let stands = self.stands();
        model::Instance {
            ami_launch_index: Some(own.launch_index),
            architecture: Some(own.boot.architecture.clone()),
            block_device_mappings: Some(self.disks()),
            boot_mode: Some("uefi".into()),
            capacity_reservation_specification: Some(model::CapacityReservationSpecificationResponse {
                capacity_reservation_preference: Some("open".into()),
                ..Default::default()
            }),
            client_token: Some(own.client_token.clone().unwrap_or_default()),
            cpu_options: cpu_options(own),
            current_instance_boot_mode: Some("uefi".into()),
            ebs_optimized: Some(settings.ebs_optimized),
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
                auto_recovery: Some(unless(settings.no_recovery).to_owned()),
                reboot_migration: Some(unless(settings.no_migration).to_owned()),
            }),
            metadata_options: Some(metadata_to_wire(metadata, "applied")),
            monitoring: Some(monitoring_to_wire(enabled(settings.monitored))),
            network_interfaces: Some(self.interfaces.iter().map(DescribedInterface::of_instance).collect()),
            placement: Some(model::Placement {
                availability_zone_id: crate::regions::zone_id(&own.region, &own.zone),
                availability_zone: Some(own.zone.clone()),
                group_name: Some(placement.map(|own| own.name.clone()).unwrap_or_default()),
                group_id: placement.map(|own| own.id.clone()),
                partition_number: placement.and_then(|own| own.partition),
                tenancy: Some("default".into()),
                ..Default::default()
            }),
            platform_details: Some("Linux/UNIX".into()),
            private_dns_name: Some(self.private_dns_name()),
            private_dns_name_options: Some(model::PrivateDnsNameOptionsResponse {
                hostname_type: Some(if names.resource { "resource-name" } else { "ip-name" }.into()),
                enable_resource_name_dns_a_record: Some(names.a),
                enable_resource_name_dns_aaaa_record: Some(names.aaaa),
            }),
            private_ip_address: self.private_ip(),
            product_codes: Some(Vec::new()),
            public_dns_name: Some(self.public_dns_name()),
            public_ip_address: self.public_ip(),
            root_device_name: Some(own.boot.root_device.clone()),
            root_device_type: Some("ebs".into()),
            security_groups: Some(self.groups()),
            source_dest_check: self.source_dest_check(),
            state: Some(state_to_wire(own.state)),
            state_reason: self.state_reason(),
            state_transition_reason: Some(own.transition.clone()),
            subnet_id: stands.then(|| own.subnet.clone()),
            tags: tags::to_wire_if_any(&self.tags),
            usage_operation: Some("RunInstances".into()),
            usage_operation_update_time: Some(own.launched),
            virtualization_type: Some("hvm".into()),
            vpc_id: stands.then(|| own.vpc.clone()),
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
        groups_to_wire(self.group_pairs())
    }

    pub fn disks(&self) -> Vec<model::InstanceBlockDeviceMapping> {
        let own = |volume: &Volume| {
            let attachment = volume.attachments.iter().find(|known| known.instance == self.instance.id)?;
            Some(model::InstanceBlockDeviceMapping {
                device_name: Some(attachment.device.clone()),
                ebs: Some(model::EbsInstanceBlockDevice {
                    attach_time: Some(attachment.attached),
                    delete_on_termination: Some(attachment.delete_on_termination),
                    status: Some("attached".into()),
                    volume_id: Some(volume.id.clone()),
                    ..Default::default()
                }),
            })
        };
        self.volumes.iter().filter_map(own).collect()
    }
}

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

/// `default`, or `disabled`.
pub fn unless(disabled: bool) -> &'static str {
    if disabled { "disabled" } else { "default" }
}

pub fn monitoring_to_wire(state: &str) -> model::Monitoring {
    model::Monitoring { state: Some(state.to_owned()), ..Default::default() }
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

fn cpu_options(own: &Instance) -> Option<model::CpuOptions> {
    let cpus = instances::cpus(own)?;
    Some(model::CpuOptions {
        core_count: i32::try_from(cpus.cores).ok(),
        threads_per_core: i32::try_from(cpus.threads).ok(),
        ..Default::default()
    })
}
