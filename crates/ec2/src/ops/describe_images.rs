//! DescribeImages: what an instance can boot from.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::describe::{ROOT_DEVICE, ROOT_GIB};
use crate::faults;
use crate::filters::{Filtered, pick};
use crate::images::{self, CREATED, OWNER};
use crate::model::{self, DescribeImages, DescribeImagesRequest, DescribeImagesResult};
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::tags;

impl Operation for DescribeImages {
    type Access = Read;

    fn needs(_: &DescribeImagesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeImages, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeImagesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let ids = input.image_ids.as_deref().unwrap_or_default();
        let missing: Vec<_> =
            ids.iter().map(String::as_str).filter(|id| images::find(id).is_none()).collect();
        if !missing.is_empty() {
            return Err(faults::no_image(&missing));
        }
        // Every image is Amazon's and public: nobody's own, and nobody's by permission.
        let owners = input.owners.as_deref().unwrap_or_default();
        let owned = owners.is_empty() || owners.iter().any(|own| own == "amazon" || own == OWNER);
        let users = input.executable_users.as_deref().unwrap_or_default();
        let executable = users.is_empty() || users.iter().any(|user| user == "all");
        let mut found = Vec::new();
        for image in images::all() {
            if owned && executable && (ids.is_empty() || ids.iter().any(|id| id == image.id)) {
                found.push(Shown { image, tags: tags::of(req.db()?, place, image.id)? });
            }
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn { least: 1, ..Turn::new(input.next_token.as_deref(), input.max_results) };
        let page = turn.cut(found, |shown| shown.image.id.to_owned())?;
        let images = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeImagesResult { images: Some(images), next_token: page.next })
    }
}

struct Shown {
    image: &'static images::Image,
    tags: Tags,
}

impl Shown {
    fn to_wire(&self) -> model::Image {
        let image = self.image;
        model::Image {
            image_id: Some(image.id.to_owned()),
            name: Some(image.name()),
            description: Some(image.description.to_owned()),
            image_location: Some(format!("amazon/{}", image.name())),
            image_owner_alias: Some("amazon".into()),
            owner_id: Some(OWNER.into()),
            creation_date: Some(CREATED.into()),
            public: Some(true),
            state: Some("available".into()),
            architecture: Some(images::architecture().to_owned()),
            image_type: Some("machine".into()),
            platform_details: Some("Linux/UNIX".into()),
            usage_operation: Some("RunInstances".into()),
            virtualization_type: Some("hvm".into()),
            hypervisor: Some("xen".into()),
            root_device_name: Some(ROOT_DEVICE.into()),
            root_device_type: Some("ebs".into()),
            ena_support: Some(true),
            boot_mode: Some("uefi-preferred".into()),
            block_device_mappings: Some(vec![model::BlockDeviceMapping {
                device_name: Some(ROOT_DEVICE.into()),
                ebs: Some(model::EbsBlockDevice {
                    delete_on_termination: Some(true),
                    volume_size: Some(ROOT_GIB),
                    volume_type: Some("gp3".into()),
                    encrypted: Some(false),
                    ..Default::default()
                }),
                ..Default::default()
            }]),
            tags: tags::to_wire_if_any(&self.tags),
            ..Default::default()
        }
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "architecture",
        "block-device-mapping.delete-on-termination",
        "block-device-mapping.device-name",
        "block-device-mapping.encrypted",
        "block-device-mapping.volume-size",
        "block-device-mapping.volume-type",
        "creation-date",
        "description",
        "ena-support",
        "hypervisor",
        "image-id",
        "image-type",
        "is-public",
        "name",
        "owner-alias",
        "owner-id",
        "platform",
        "root-device-name",
        "root-device-type",
        "state",
        "virtualization-type",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let value = match name {
            "architecture" => images::architecture(),
            "block-device-mapping.delete-on-termination" | "ena-support" | "is-public" => "true",
            "block-device-mapping.device-name" | "root-device-name" => ROOT_DEVICE,
            "block-device-mapping.encrypted" => "false",
            "block-device-mapping.volume-size" => return vec![ROOT_GIB.to_string()],
            "block-device-mapping.volume-type" => "gp3",
            "creation-date" => CREATED,
            "description" => self.image.description,
            "hypervisor" => "xen",
            "image-id" => self.image.id,
            "image-type" => "machine",
            "name" => return vec![self.image.name()],
            "owner-alias" => "amazon",
            "owner-id" => OWNER,
            "root-device-type" => "ebs",
            "state" => "available",
            "virtualization-type" => "hvm",
            _ => return Vec::new(),
        };
        vec![value.to_owned()]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
