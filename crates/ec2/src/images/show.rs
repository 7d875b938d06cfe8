//! Images as answers show them, and what they are filtered by.

use rolecall_base::{AccountId, Tags, Time};

use super::{AMAZON, parameters};
use crate::filters::Filtered;
use crate::model;
use crate::records::{Image, ImageDisk};
use crate::tags;

/// Of every image.
const BOOT_MODE: &str = "uefi-preferred";

/// An image with its tags.
#[derive(Clone, Debug)]
pub struct Shown {
    pub image: Image,
    pub tags: Tags,
}

impl Shown {
    pub fn to_wire(&self) -> model::Image {
        let image = &self.image;
        let from = image.from_image.as_ref();
        model::Image {
            image_id: Some(image.id.clone()),
            name: Some(image.name.clone()),
            description: image.description.clone(),
            image_location: Some(image.location.clone()),
            image_owner_alias: alias(image).map(str::to_owned),
            owner_id: Some(image.account.to_string()),
            creation_date: Some(image.created.iso_millis()),
            deprecation_time: image.deprecated.map(Time::iso_millis),
            deregistration_protection: Some(
                if image.kept { "enabled-without-cooldown" } else { "disabled" }.into(),
            ),
            public: Some(image.public),
            state: Some(image.state.name().to_owned()),
            state_reason: image.reason.as_ref().map(|reason| model::StateReason {
                code: Some("Server.InternalError".into()),
                message: Some(format!("Server.InternalError: {reason}")),
            }),
            architecture: Some(image.architecture.clone()),
            image_type: Some("machine".into()),
            platform_details: Some("Linux/UNIX".into()),
            usage_operation: Some("RunInstances".into()),
            virtualization_type: Some("hvm".into()),
            hypervisor: Some("xen".into()),
            root_device_name: Some(image.root_device.clone()),
            root_device_type: Some("ebs".into()),
            ena_support: Some(true),
            sriov_net_support: Some("simple".into()),
            boot_mode: Some(BOOT_MODE.into()),
            imds_support: image.tokens_required.then(|| "v2.0".to_owned()),
            source_instance_id: image.from_instance.clone(),
            source_image_region: from.map(|(region, _)| region.clone()),
            source_image_id: from.map(|(_, id)| id.clone()),
            block_device_mappings: Some(image.disks.iter().map(disk).collect()),
            tags: tags::to_wire_if_any(&self.tags),
            ..Default::default()
        }
    }
}

/// A disk of an image.
fn disk(disk: &ImageDisk) -> model::BlockDeviceMapping {
    model::BlockDeviceMapping {
        device_name: Some(disk.device.clone()),
        ebs: Some(model::EbsBlockDevice {
            delete_on_termination: Some(disk.delete_on_termination),
            snapshot_id: disk.snapshot.clone(),
            volume_size: Some(disk.size),
            volume_type: Some(disk.volume_type.clone()),
            iops: disk.iops,
            throughput: disk.throughput,
            encrypted: Some(disk.encrypted),
            ..Default::default()
        }),
        ..Default::default()
    }
}

/// `amazon` for Amazon's own.
pub(super) fn alias(image: &Image) -> Option<&'static str> {
    (image.is_built_in() && is_amazons(image.account)).then_some("amazon")
}

fn is_amazons(account: AccountId) -> bool {
    account.to_string() == AMAZON
}

/// Whether an image is of one of these owners: an account, `self`, `amazon`, `aws-marketplace`.
pub fn is_of(image: &Image, owner: &str, me: AccountId) -> bool {
    match owner {
        "self" => image.account == me && !image.is_built_in(),
        "amazon" => alias(image).is_some(),
        account => image.account.to_string() == account,
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "architecture",
        "block-device-mapping.delete-on-termination",
        "block-device-mapping.device-name",
        "block-device-mapping.encrypted",
        "block-device-mapping.snapshot-id",
        "block-device-mapping.volume-size",
        "block-device-mapping.volume-type",
        "boot-mode",
        "creation-date",
        "description",
        "ena-support",
        "free-tier-eligible",
        "hypervisor",
        "image-allowed",
        "image-id",
        "image-type",
        "image-watermark.source-image-creation-time",
        "image-watermark.source-image-id",
        "image-watermark.source-image-region",
        "image-watermark.watermark-creation-time",
        "image-watermark.watermark-key",
        "instance-type-specification.supported-instance-type",
        "instance-type-specification.unsupported-instance-type",
        "is-public",
        "kernel-id",
        "manifest-location",
        "name",
        "owner-alias",
        "owner-id",
        "platform",
        "product-code",
        "product-code.type",
        "public-ssm-parameter-name",
        "ramdisk-id",
        "root-device-name",
        "root-device-type",
        "scan-result.critical-fix-available-since",
        "scan-result.finding-scan-date",
        "scan-result.high-fix-available-since",
        "scan-result.highest-finding-severity-label",
        "scan-result.informational-fix-available-since",
        "scan-result.low-fix-available-since",
        "scan-result.medium-fix-available-since",
        "source-image-id",
        "source-image-region",
        "source-instance-id",
        "sriov-net-support",
        "state",
        "state-reason-code",
        "state-reason-message",
        "virtualization-type",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let image = &self.image;
        let one = |text: &str| vec![text.to_owned()];
        if let Some(part) = name.strip_prefix("block-device-mapping.") {
            return image.disks.iter().filter_map(|disk| of_disk(disk, part)).collect();
        }
        match name {
            "architecture" => one(&image.architecture),
            "boot-mode" => one(BOOT_MODE),
            "ena-support" => one("true"),
            "is-public" => vec![image.public.to_string()],
            "root-device-name" => one(&image.root_device),
            "creation-date" => vec![image.created.iso_millis()],
            "description" => image.description.iter().cloned().collect(),
            "hypervisor" => one("xen"),
            "image-id" => one(&image.id),
            "image-type" => one("machine"),
            "manifest-location" => one(&image.location),
            "name" => one(&image.name),
            "owner-alias" => alias(image).map(str::to_owned).into_iter().collect(),
            "owner-id" => vec![image.account.to_string()],
            "public-ssm-parameter-name" => parameters_of(&image.id),
            "root-device-type" => one("ebs"),
            "source-image-id" => image.from_image.iter().map(|(_, id)| id.clone()).collect(),
            "source-image-region" => image.from_image.iter().map(|(region, _)| region.clone()).collect(),
            "source-instance-id" => image.from_instance.iter().cloned().collect(),
            "state" => one(image.state.name()),
            "state-reason-code" => image.reason.iter().map(|_| "Server.InternalError".to_owned()).collect(),
            "state-reason-message" => image.reason.iter().cloned().collect(),
            "virtualization-type" => one("hvm"),
            _ => Vec::new(),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}

/// The public parameters that name an image, with and without the slash that they begin with: the documentation leaves it
/// out.
fn parameters_of(id: &str) -> Vec<String> {
    let named = parameters().into_iter().filter(|(_, image)| *image == id);
    named.flat_map(|(name, _)| [name.trim_start_matches('/').to_owned(), name]).collect()
}

fn of_disk(disk: &ImageDisk, part: &str) -> Option<String> {
    Some(match part {
        "delete-on-termination" => disk.delete_on_termination.to_string(),
        "device-name" => disk.device.clone(),
        "encrypted" => disk.encrypted.to_string(),
        "snapshot-id" => disk.snapshot.clone()?,
        "volume-size" => disk.size.to_string(),
        "volume-type" => disk.volume_type.clone(),
        _ => return None,
    })
}
