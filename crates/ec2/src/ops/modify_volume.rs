//! ModifyVolume: another size, type or speed. Nothing has to be moved, so it is done at once.

use std::time::Duration;

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use super::describe_volumes_modifications::to_wire;
use crate::disk_questions::on_volume;
use crate::faults;
use crate::model::{ModifyVolume, ModifyVolumeRequest, ModifyVolumeResult, VolumeModification};
use crate::place::Place;
use crate::questions::{said, with_attributes};
use crate::records::{Modification, Volumes};
use crate::volumes::{self, shape};

/// What must pass before the next modification.
const REST: Duration = Duration::from_secs(6 * 3600);

impl Operation for ModifyVolume {
    type Access = Write;

    fn needs(input: &ModifyVolumeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_volume(ec2::ModifyVolume, at, &input.volume_id)?;
        let given = [
            ("Size", said(input.size)),
            ("VolumeType", input.volume_type.clone()),
            ("Iops", said(input.iops)),
            ("Throughput", said(input.throughput)),
            ("MultiAttachEnabled", said(input.multi_attach_enabled)),
        ];
        Ok(with_attributes(question, &given))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyVolumeResult, Fault> {
        let (place, input, now) = (Place::here(req), req.input, req.now);
        let mut volume = volumes::get(req.db()?, place, &input.volume_id)?;
        let from = volume.shape();
        let size = input.size.unwrap_or(from.size);
        if size < from.size {
            return Err(faults::invalid("New size cannot be smaller than existing size"));
        }
        if volume.modification.as_ref().is_some_and(|last| now.since(last.started) < REST) {
            let text = format!(
                "You've reached the maximum modification rate per volume limit. Wait at least 6 hours between \
                 modifications per EBS volume: {}.",
                volume.id
            );
            return Err(faults::other("VolumeModificationRateExceeded", text));
        }
        let volume_type = input.volume_type.as_deref().unwrap_or(&from.volume_type);
        // Speeds stay where the type does, and gp2's follows from its size.
        let kept = |old: Option<i32>| old.filter(|_| volume_type == from.volume_type && volume_type != "gp2");
        let (iops, throughput) = (input.iops.or(kept(from.iops)), input.throughput.or(kept(from.throughput)));
        let multi_attach = input.multi_attach_enabled.unwrap_or(from.multi_attach);
        if from.multi_attach && !multi_attach && volume.attachments.len() > 1 {
            return Err(faults::other("IncorrectState", "The volume is attached to several instances."));
        }
        let to = shape(size, volume_type, iops, throughput, multi_attach)?;
        faults::dry_run(input.dry_run)?;
        volume.size = to.size;
        volume.volume_type = to.volume_type.clone();
        volume.iops = to.iops;
        volume.throughput = to.throughput;
        volume.multi_attach = to.multi_attach;
        let done = Modification { started: now.whole_seconds(), from, to };
        let shown = VolumeModification {
            modification_state: Some("modifying".into()),
            progress: Some(0),
            end_time: None,
            ..to_wire(&volume.id, &done)
        };
        volume.modification = Some(done);
        req.tx()?.put::<Volumes>(&volume.key(), &volume)?;
        Ok(ModifyVolumeResult { volume_modification: Some(shown) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use super::*;
    use crate::model::*;

    #[test]
    fn a_volume_grows_and_then_rests() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let zone = Some("us-east-1a".to_owned());
        let input = CreateVolumeRequest { availability_zone: zone, size: Some(10), ..Default::default() };
        let id = world.call::<CreateVolume>(&root, input).unwrap().volume_id.unwrap();
        let modify = |size, kind: Option<&str>| {
            let input = ModifyVolumeRequest {
                volume_id: id.clone(),
                size,
                volume_type: kind.map(str::to_owned),
                ..Default::default()
            };
            world.call::<ModifyVolume>(&root, input)
        };
        check_fault(modify(Some(5), None), "InvalidParameterValue");
        let done = modify(Some(20), Some("gp3")).unwrap().volume_modification.unwrap();
        assert_eq!(
            (done.original_iops, done.target_iops, done.target_size),
            (Some(100), Some(3000), Some(20))
        );
        check_fault(modify(Some(30), None), "VolumeModificationRateExceeded");
        let list =
            DescribeVolumesModificationsRequest { volume_ids: Some(vec![id.clone()]), ..Default::default() };
        let list = world.call::<DescribeVolumesModifications>(&root, list).unwrap();
        let state = list.volumes_modifications.unwrap().remove(0).modification_state;
        assert_eq!(state.as_deref(), Some("completed"));
        world.env.advance(REST);
        modify(Some(30), None).unwrap();
    }
}
