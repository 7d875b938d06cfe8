//! Volumes as answers show them, and what they are filtered by.

use rolecall_base::Tags;

use crate::filters::Filtered;
use crate::model;
use crate::records::{Volume, VolumeAttachment};
use crate::tags;

/// A volume with its tags.
#[derive(Clone, Debug)]
pub struct Shown {
    pub volume: Volume,
    pub tags: Tags,
}

impl Shown {
    pub fn to_wire(&self) -> model::Volume {
        let own = &self.volume;
        model::Volume {
            volume_id: Some(own.id.clone()),
            availability_zone: Some(own.zone.clone()),
            create_time: Some(own.created),
            encrypted: Some(false),
            size: Some(own.size),
            snapshot_id: Some(own.snapshot.clone().unwrap_or_default()),
            state: Some(own.state().to_owned()),
            volume_type: Some(own.volume_type.clone()),
            iops: own.iops,
            throughput: own.throughput,
            multi_attach_enabled: Some(own.multi_attach),
            attachments: Some(
                own.attachments.iter().map(|known| attachment(own, known, "attached")).collect(),
            ),
            tags: tags::to_wire_if_any(&self.tags),
            ..Default::default()
        }
    }
}

/// An attachment in a state: `attaching`, `attached`, `detaching`.
pub fn attachment(volume: &Volume, attachment: &VolumeAttachment, state: &str) -> model::VolumeAttachment {
    model::VolumeAttachment {
        attach_time: Some(attachment.attached),
        delete_on_termination: Some(attachment.delete_on_termination),
        device: Some(attachment.device.clone()),
        instance_id: Some(attachment.instance.clone()),
        state: Some(state.to_owned()),
        volume_id: Some(volume.id.clone()),
        ..Default::default()
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "attachment.attach-time",
        "attachment.delete-on-termination",
        "attachment.device",
        "attachment.instance-id",
        "attachment.status",
        "availability-zone",
        "availability-zone-id",
        "create-time",
        "encrypted",
        "fast-restored",
        "multi-attach-enabled",
        "operator.managed",
        "operator.principal",
        "size",
        "snapshot-id",
        "status",
        "volume-id",
        "volume-type",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let own = &self.volume;
        let each = |value: fn(&VolumeAttachment) -> String| own.attachments.iter().map(value).collect();
        match name {
            "attachment.attach-time" => each(|known| known.attached.iso_millis()),
            "attachment.delete-on-termination" => each(|known| known.delete_on_termination.to_string()),
            "attachment.device" => each(|known| known.device.clone()),
            "attachment.instance-id" => each(|known| known.instance.clone()),
            "attachment.status" => each(|_| "attached".to_owned()),
            "availability-zone" => vec![own.zone.clone()],
            "availability-zone-id" => {
                let zones = crate::regions::zones(&own.region);
                zones.into_iter().filter(|(zone, _)| *zone == own.zone).map(|(_, id)| id).collect()
            }
            "create-time" => vec![own.created.iso_millis()],
            "encrypted" | "fast-restored" | "operator.managed" => vec!["false".to_owned()],
            "multi-attach-enabled" => vec![own.multi_attach.to_string()],
            "size" => vec![own.size.to_string()],
            "snapshot-id" => own.snapshot.iter().cloned().collect(),
            "status" => vec![own.state().to_owned()],
            "volume-id" => vec![own.id.clone()],
            "volume-type" => vec![own.volume_type.clone()],
            _ => Vec::new(),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
