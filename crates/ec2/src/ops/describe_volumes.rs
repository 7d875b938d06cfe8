//! DescribeVolumes: the root disk of each instance. Its size is what an image's disk says; the driver sets no limit.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::faults;
use crate::filters::{Filtered, pick};
use crate::images::ROOT_GIB;
use crate::model::{
    DescribeVolumes, DescribeVolumesRequest, DescribeVolumesResult, Volume, VolumeAttachment,
};
use crate::network::rows;
use crate::paging::Turn;
use crate::place::Place;
use crate::questions::anywhere;
use crate::records::{Instance, Instances, State};
use crate::tags;

impl Operation for DescribeVolumes {
    type Access = Read;

    fn needs(_: &DescribeVolumesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeVolumes, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeVolumesResult, Fault> {
        let (place, input) = (Place::here(req), req.input);
        faults::dry_run(input.dry_run)?;
        let ids = input.volume_ids.as_deref().unwrap_or_default();
        let mut list = rows::<Instances>(req.db()?, place)?;
        list.retain(|instance| instance.state != State::Terminated);
        if let Some(id) = ids.iter().find(|id| !list.iter().any(|own| own.volume == **id)) {
            return Err(faults::no_volume(id));
        }
        let mut found = Vec::new();
        for instance in list {
            if ids.is_empty() || ids.contains(&instance.volume) {
                let tags = tags::of(req.db()?, place, &instance.volume)?;
                found.push(Shown { instance, tags });
            }
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.instance.volume.clone())?;
        let volumes = page.items.iter().map(Shown::to_wire).collect();
        Ok(DescribeVolumesResult { volumes: Some(volumes), next_token: page.next })
    }
}

struct Shown {
    instance: Instance,
    tags: Tags,
}

impl Shown {
    fn to_wire(&self) -> Volume {
        let instance = &self.instance;
        Volume {
            volume_id: Some(instance.volume.clone()),
            availability_zone: Some(instance.zone.clone()),
            create_time: Some(instance.launched),
            encrypted: Some(false),
            size: Some(ROOT_GIB),
            state: Some("in-use".into()),
            volume_type: Some("gp3".into()),
            iops: Some(3000),
            throughput: Some(125),
            multi_attach_enabled: Some(false),
            attachments: Some(vec![VolumeAttachment {
                attach_time: Some(instance.launched),
                delete_on_termination: Some(true),
                device: Some(instance.boot.root_device.clone()),
                instance_id: Some(instance.id.clone()),
                state: Some("attached".into()),
                volume_id: Some(instance.volume.clone()),
                ..Default::default()
            }]),
            tags: tags::to_wire_if_any(&self.tags),
            ..Default::default()
        }
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
        "create-time",
        "encrypted",
        "multi-attach-enabled",
        "size",
        "snapshot-id",
        "status",
        "volume-id",
        "volume-type",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        vec![match name {
            "attachment.attach-time" | "create-time" => self.instance.launched.iso_millis(),
            "attachment.delete-on-termination" => "true".to_owned(),
            "attachment.device" => self.instance.boot.root_device.clone(),
            "attachment.instance-id" => self.instance.id.clone(),
            "attachment.status" => "attached".to_owned(),
            "availability-zone" => self.instance.zone.clone(),
            "encrypted" | "multi-attach-enabled" => "false".to_owned(),
            "size" => ROOT_GIB.to_string(),
            "status" => "in-use".to_owned(),
            "volume-id" => self.instance.volume.clone(),
            "volume-type" => "gp3".to_owned(),
            _ => return Vec::new(),
        }]
    }

    fn tags(&self) -> Option<&Tags> {
        Some(&self.tags)
    }
}
