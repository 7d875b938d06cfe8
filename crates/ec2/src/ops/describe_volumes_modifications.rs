//! DescribeVolumesModifications: the last change of each volume.

use rolecall_actions::ec2;
use rolecall_base::{Fault, Tags};
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use super::describe_volumes::named;
use crate::faults;
use crate::filters::{Filtered, pick};
use crate::model::{
    DescribeVolumesModifications, DescribeVolumesModificationsRequest, DescribeVolumesModificationsResult,
    VolumeModification,
};
use crate::paging::Turn;
use crate::questions::anywhere;
use crate::records::Modification;

impl Operation for DescribeVolumesModifications {
    type Access = Read;

    fn needs(_: &DescribeVolumesModificationsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        anywhere(ec2::DescribeVolumesModifications, at)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeVolumesModificationsResult, Fault> {
        let input = req.input;
        faults::dry_run(input.dry_run)?;
        let mut found = Vec::new();
        for volume in named(req, input.volume_ids.as_deref())? {
            match volume.modification {
                Some(done) => found.push(Shown { volume: volume.id, done }),
                None if input.volume_ids.as_ref().is_some_and(|ids| !ids.is_empty()) => {
                    let text = format!("Modification for volume '{}' does not exist.", volume.id);
                    return Err(faults::other("InvalidVolumeModification.NotFound", text));
                }
                None => {}
            }
        }
        let found = pick(found, input.filters.as_deref())?;
        let turn = Turn::new(input.next_token.as_deref(), input.max_results);
        let page = turn.cut(found, |shown| shown.volume.clone())?;
        let list = page.items.iter().map(|shown| to_wire(&shown.volume, &shown.done)).collect();
        Ok(DescribeVolumesModificationsResult { volumes_modifications: Some(list), next_token: page.next })
    }
}

struct Shown {
    volume: String,
    done: Modification,
}

/// A modification that is complete.
pub(super) fn to_wire(volume: &str, done: &Modification) -> VolumeModification {
    let Modification { started, from, to } = done;
    VolumeModification {
        volume_id: Some(volume.to_owned()),
        modification_state: Some("completed".into()),
        target_size: Some(to.size),
        target_iops: to.iops,
        target_volume_type: Some(to.volume_type.clone()),
        target_throughput: to.throughput,
        target_multi_attach_enabled: Some(to.multi_attach),
        original_size: Some(from.size),
        original_iops: from.iops,
        original_volume_type: Some(from.volume_type.clone()),
        original_throughput: from.throughput,
        original_multi_attach_enabled: Some(from.multi_attach),
        progress: Some(100),
        start_time: Some(*started),
        end_time: Some(*started),
        ..Default::default()
    }
}

impl Filtered for Shown {
    const NAMES: &'static [&'static str] = &[
        "modification-state",
        "original-iops",
        "original-size",
        "original-volume-type",
        "originalMultiAttachEnabled",
        "start-time",
        "target-iops",
        "target-size",
        "target-volume-type",
        "targetMultiAttachEnabled",
        "volume-id",
    ];

    fn values(&self, name: &str) -> Vec<String> {
        let Modification { started, from, to } = &self.done;
        let number = |value: Option<i32>| value.map(|value| value.to_string()).into_iter().collect();
        match name {
            "modification-state" => vec!["completed".into()],
            "original-iops" => number(from.iops),
            "original-size" => number(Some(from.size)),
            "original-volume-type" => vec![from.volume_type.clone()],
            "originalMultiAttachEnabled" => vec![from.multi_attach.to_string()],
            "start-time" => vec![started.iso_millis()],
            "target-iops" => number(to.iops),
            "target-size" => number(Some(to.size)),
            "target-volume-type" => vec![to.volume_type.clone()],
            "targetMultiAttachEnabled" => vec![to.multi_attach.to_string()],
            "volume-id" => vec![self.volume.clone()],
            _ => Vec::new(),
        }
    }

    fn tags(&self) -> Option<&Tags> {
        None
    }
}
