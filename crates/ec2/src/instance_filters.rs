//! The filters of DescribeInstances.

use rolecall_base::Tags;

use crate::describe::Described;
use crate::filters::Filtered;
use crate::model;
use crate::ops::describe_network_interfaces;
use crate::regions;

impl Filtered for Described {
    const NAMES: &'static [&'static str] = NAMES;

    fn values(&self, name: &str) -> Vec<String> {
        if let Some(name) = name.strip_prefix("network-interface.") {
            return interface_values(self, name);
        }
        let own = &self.instance;
        let one = |text: &str| vec![text.to_owned()];
        match name {
            "availability-zone" => one(&own.zone),
            "availability-zone-id" => regions::zone_id(&own.region, &own.zone).into_iter().collect(),
            "client-token" => own.client_token.iter().cloned().collect(),
            "group-id" => self.interfaces.iter().flat_map(|own| own.interface.groups.clone()).collect(),
            "group-name" => {
                self.interfaces.iter().flat_map(|own| &own.groups).map(|(_, name)| name.clone()).collect()
            }
            "instance.group-id" => self.group_pairs().iter().map(|(id, _)| id.clone()).collect(),
            "instance.group-name" => self.group_pairs().iter().map(|(_, name)| name.clone()).collect(),
            "iam-instance-profile.arn" => own.profile.iter().map(|profile| profile.arn.clone()).collect(),
            "iam-instance-profile.id" => own.profile.iter().map(|profile| profile.id.clone()).collect(),
            "image-id" => one(&own.image),
            "instance-id" => one(&own.id),
            "instance-state-code" => vec![own.state.code().to_string()],
            "instance-state-name" => one(own.state.name()),
            "instance-type" => one(&own.instance_type),
            "key-name" => own.key_name.iter().cloned().collect(),
            "launch-index" => vec![own.launch_index.to_string()],
            "launch-time" | "usage-operation-update-time" => vec![own.launched.iso_millis()],
            "owner-id" => vec![own.account.to_string()],
            "reason" => one(&own.transition),
            "reservation-id" => one(&own.reservation),
            "subnet-id" => one(&own.subnet),
            "vpc-id" => one(&own.vpc),
            _ => shown_values(&self.to_wire(), name),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}

fn interface_values(own: &Described, name: &str) -> Vec<String> {
    let mut values = Vec::new();
    for interface in &own.interfaces {
        match name {
            "attachment.network-card-index" => {
                let attachment = interface.interface.attachment.as_ref();
                values.extend(attachment.map(|own| own.network_card.to_string()));
            }
            // What a `tag-key` of an interface would be: its tags are not among those of the instance.
            "tag-key" | "tag-value" => {}
            name => values.extend(describe_network_interfaces::values(interface, name)),
        }
    }
    values
}

fn one<T: ToString>(value: Option<T>) -> Vec<String> {
    value.iter().map(ToString::to_string).collect()
}

/// Values as the answer shows them.
fn shown_values(own: &model::Instance, name: &str) -> Vec<String> {
    match name.split_once('.') {
        Some(("block-device-mapping", name)) => {
            own.block_device_mappings.iter().flatten().flat_map(|disk| disk_values(disk, name)).collect()
        }
        Some(("metadata-options", name)) => {
            own.metadata_options.as_ref().map(|own| metadata_values(own, name)).unwrap_or_default()
        }
        Some((group, name)) => grouped_values(own, group, name),
        None => plain_values(own, name),
    }
}

fn plain_values(own: &model::Instance, name: &str) -> Vec<String> {
    let placement = own.placement.as_ref();
    match name {
        "affinity" => one(placement.and_then(|own| own.affinity.as_ref())),
        "architecture" => one(own.architecture.as_ref()),
        "boot-mode" => one(own.boot_mode.as_ref()),
        "current-instance-boot-mode" => one(own.current_instance_boot_mode.as_ref()),
        "dns-name" => one(own.public_dns_name.as_ref().filter(|name| !name.is_empty())),
        "ebs-optimized" => one(own.ebs_optimized),
        "ena-support" => one(own.ena_support),
        "hypervisor" => one(own.hypervisor.as_ref()),
        "instance-lifecycle" => one(own.instance_lifecycle.as_ref()),
        "ip-address" => one(own.public_ip_address.as_ref()),
        "monitoring-state" => one(own.monitoring.as_ref().and_then(|own| own.state.as_ref())),
        "placement-group-name" => {
            one(placement.and_then(|own| own.group_name.as_ref()).filter(|name| !name.is_empty()))
        }
        "placement-partition-number" => one(placement.and_then(|own| own.partition_number)),
        "platform-details" => one(own.platform_details.as_ref()),
        "private-dns-name" => one(own.private_dns_name.as_ref()),
        "private-ip-address" => one(own.private_ip_address.as_ref()),
        "root-device-name" => vec![own.root_device_name.clone().unwrap_or_default()],
        "root-device-type" => one(own.root_device_type.as_ref()),
        "source-dest-check" => one(own.source_dest_check),
        "state-reason-code" => one(own.state_reason.as_ref().and_then(|own| own.code.as_ref())),
        "state-reason-message" => one(own.state_reason.as_ref().and_then(|own| own.message.as_ref())),
        "tenancy" => one(placement.and_then(|own| own.tenancy.as_ref())),
        "usage-operation" => one(own.usage_operation.as_ref()),
        "virtualization-type" => one(own.virtualization_type.as_ref()),
        // What no instance here has: hosts, kernels, Spot requests, Outposts, product codes …
        _ => Vec::new(),
    }
}

fn grouped_values(own: &model::Instance, group: &str, name: &str) -> Vec<String> {
    let names = own.private_dns_name_options.as_ref();
    match (group, name) {
        ("capacity-reservation-specification", "capacity-reservation-preference") => {
            let own = own.capacity_reservation_specification.as_ref();
            one(own.and_then(|own| own.capacity_reservation_preference.as_ref()))
        }
        ("enclave-options", _) => one(own.enclave_options.as_ref().and_then(|own| own.enabled)),
        ("hibernation-options", _) => one(own.hibernation_options.as_ref().and_then(|own| own.configured)),
        ("maintenance-options", _) => {
            one(own.maintenance_options.as_ref().and_then(|own| own.auto_recovery.as_ref()))
        }
        ("operator", "managed") => vec!["false".to_owned()],
        ("private-dns-name-options", "hostname-type") => {
            one(names.and_then(|own| own.hostname_type.as_ref()))
        }
        ("private-dns-name-options", "enable-resource-name-dns-a-record") => {
            one(names.and_then(|own| own.enable_resource_name_dns_a_record))
        }
        ("private-dns-name-options", "enable-resource-name-dns-aaaa-record") => {
            one(names.and_then(|own| own.enable_resource_name_dns_aaaa_record))
        }
        _ => Vec::new(),
    }
}

fn disk_values(own: &model::InstanceBlockDeviceMapping, name: &str) -> Vec<String> {
    let ebs = own.ebs.as_ref();
    match name {
        "attach-time" => one(ebs.and_then(|own| own.attach_time).map(|time| time.iso_millis())),
        "delete-on-termination" => one(ebs.and_then(|own| own.delete_on_termination)),
        "device-name" => one(own.device_name.as_ref()),
        "status" => one(ebs.and_then(|own| own.status.as_ref())),
        _ => one(ebs.and_then(|own| own.volume_id.as_ref())),
    }
}

fn metadata_values(own: &model::InstanceMetadataOptionsResponse, name: &str) -> Vec<String> {
    match name {
        "http-endpoint" | "http-protocol-ipv4" => one(own.http_endpoint.as_ref()),
        "http-protocol-ipv6" => one(own.http_protocol_ipv6.as_ref()),
        "http-put-response-hop-limit" => one(own.http_put_response_hop_limit),
        "http-tokens" => one(own.http_tokens.as_ref()),
        "instance-metadata-tags" => one(own.instance_metadata_tags.as_ref()),
        _ => one(own.state.as_ref()),
    }
}

const NAMES: &[&str] = &[
    "affinity",
    "architecture",
    "availability-zone",
    "availability-zone-id",
    "block-device-mapping.attach-time",
    "block-device-mapping.delete-on-termination",
    "block-device-mapping.device-name",
    "block-device-mapping.status",
    "block-device-mapping.volume-id",
    "boot-mode",
    "capacity-reservation-id",
    "capacity-reservation-specification.capacity-reservation-preference",
    "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-id",
    "capacity-reservation-specification.capacity-reservation-target.capacity-reservation-resource-group-arn",
    "client-token",
    "current-instance-boot-mode",
    "dns-name",
    "ebs-optimized",
    "ena-support",
    "enclave-options.enabled",
    "group-id",
    "group-name",
    "hibernation-options.configured",
    "host-id",
    "hypervisor",
    "iam-instance-profile.arn",
    "iam-instance-profile.id",
    "image-id",
    "instance-id",
    "instance-lifecycle",
    "instance-state-code",
    "instance-state-name",
    "instance-type",
    "instance.group-id",
    "instance.group-name",
    "ip-address",
    "ipv6-address",
    "kernel-id",
    "key-name",
    "launch-index",
    "launch-time",
    "maintenance-options.auto-recovery",
    "metadata-options.http-endpoint",
    "metadata-options.http-protocol-ipv4",
    "metadata-options.http-protocol-ipv6",
    "metadata-options.http-put-response-hop-limit",
    "metadata-options.http-tokens",
    "metadata-options.instance-metadata-tags",
    "metadata-options.state",
    "monitoring-state",
    "network-interface.addresses.association.allocation-id",
    "network-interface.addresses.association.association-id",
    "network-interface.addresses.association.carrier-ip",
    "network-interface.addresses.association.customer-owned-ip",
    "network-interface.addresses.association.ip-owner-id",
    "network-interface.addresses.association.public-dns-name",
    "network-interface.addresses.association.public-ip",
    "network-interface.addresses.primary",
    "network-interface.addresses.private-dns-name",
    "network-interface.addresses.private-ip-address",
    "network-interface.association.allocation-id",
    "network-interface.association.association-id",
    "network-interface.association.carrier-ip",
    "network-interface.association.customer-owned-ip",
    "network-interface.association.ip-owner-id",
    "network-interface.association.public-dns-name",
    "network-interface.association.public-ip",
    "network-interface.attachment.attach-time",
    "network-interface.attachment.attachment-id",
    "network-interface.attachment.delete-on-termination",
    "network-interface.attachment.device-index",
    "network-interface.attachment.instance-id",
    "network-interface.attachment.instance-owner-id",
    "network-interface.attachment.network-card-index",
    "network-interface.attachment.status",
    "network-interface.availability-zone",
    "network-interface.deny-all-igw-traffic",
    "network-interface.description",
    "network-interface.group-id",
    "network-interface.group-name",
    "network-interface.ipv4-prefixes.ipv4-prefix",
    "network-interface.ipv6-address",
    "network-interface.ipv6-addresses.ipv6-address",
    "network-interface.ipv6-addresses.is-primary-ipv6",
    "network-interface.ipv6-native",
    "network-interface.ipv6-prefixes.ipv6-prefix",
    "network-interface.mac-address",
    "network-interface.network-interface-id",
    "network-interface.operator.managed",
    "network-interface.operator.principal",
    "network-interface.outpost-arn",
    "network-interface.owner-id",
    "network-interface.private-dns-name",
    "network-interface.private-ip-address",
    "network-interface.public-dns-name",
    "network-interface.requester-id",
    "network-interface.requester-managed",
    "network-interface.source-dest-check",
    "network-interface.status",
    "network-interface.subnet-id",
    "network-interface.tag-key",
    "network-interface.tag-value",
    "network-interface.vpc-id",
    "network-performance-options.bandwidth-weighting",
    "operator.managed",
    "operator.principal",
    "outpost-arn",
    "owner-id",
    "placement-group-name",
    "placement-partition-number",
    "platform",
    "platform-details",
    "private-dns-name",
    "private-dns-name-options.enable-resource-name-dns-a-record",
    "private-dns-name-options.enable-resource-name-dns-aaaa-record",
    "private-dns-name-options.hostname-type",
    "private-ip-address",
    "product-code",
    "product-code.type",
    "ramdisk-id",
    "reason",
    "requester-id",
    "reservation-id",
    "root-device-name",
    "root-device-type",
    "source-dest-check",
    "spot-instance-request-id",
    "state-reason-code",
    "state-reason-message",
    "subnet-id",
    "tenancy",
    "tpm-support",
    "usage-operation",
    "usage-operation-update-time",
    "virtualization-type",
    "vpc-id",
];
