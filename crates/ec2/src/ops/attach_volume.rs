//! AttachVolume: gives an instance a further volume. Its machine does not see it: only root volumes hold bytes.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_volume;
use crate::model::{self, AttachVolume, AttachVolumeRequest};
use crate::place::Place;
use crate::questions::on_instance;
use crate::{faults, lifecycle, volumes};

impl Operation for AttachVolume {
    type Access = Write;

    fn needs(input: &AttachVolumeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let instance = on_instance(ec2::AttachVolume, at, &input.instance_id)?.done();
        Ok(instance.and(on_volume(ec2::AttachVolume, at, &input.volume_id)?.done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<model::VolumeAttachment, Fault> {
        let (place, input, now) = (Place::here(req), req.input, req.now);
        let mut volume = volumes::get(req.db()?, place, &input.volume_id)?;
        let mut instance = lifecycle::get(req.db()?, place, &input.instance_id, now)?;
        if input.ebs_card_index.is_some_and(|index| index != 0) {
            return Err(faults::unsupported("EbsCardIndex other than 0"));
        }
        let made = volumes::attach(req.tx()?, now, &mut volume, &mut instance, &input.device)?;
        faults::dry_run(input.dry_run)?;
        Ok(volumes::attachment(&volume, &made, "attaching"))
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World, check_fault};

    use crate::model::*;
    use crate::scene::{launch, request, seen};

    fn volume(world: &World, zone: &str) -> String {
        let zone = Some(zone.to_owned());
        let input = CreateVolumeRequest { availability_zone: zone, size: Some(1), ..Default::default() };
        world.call::<CreateVolume>(&world.root(ACCOUNT), input).unwrap().volume_id.unwrap()
    }

    fn attach(
        world: &World,
        volume: &str,
        instance: &str,
        device: &str,
    ) -> Result<VolumeAttachment, rolecall_base::Fault> {
        let input = AttachVolumeRequest {
            volume_id: volume.into(),
            instance_id: instance.into(),
            device: device.into(),
            ..Default::default()
        };
        world.call::<AttachVolume>(&world.root(ACCOUNT), input)
    }

    fn state(world: &World, id: &str) -> Option<String> {
        let input = DescribeVolumesRequest { volume_ids: Some(vec![id.into()]), ..Default::default() };
        let found = world.call::<DescribeVolumes>(&world.root(ACCOUNT), input).ok()?;
        found.volumes.unwrap().remove(0).state
    }

    #[test]
    fn a_volume_is_attached_once_and_seen_from_both_sides() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let instance = launch(&world, request());
        let zone = seen(&world, &instance).placement.unwrap().availability_zone.unwrap();
        let one = volume(&world, &zone);
        let made = attach(&world, &one, &instance, "/dev/sdf").unwrap();
        assert_eq!(made.state.as_deref(), Some("attaching"));
        assert_eq!(state(&world, &one).as_deref(), Some("in-use"));
        assert_eq!(seen(&world, &instance).block_device_mappings.unwrap().len(), 2);
        check_fault(attach(&world, &one, &instance, "/dev/sdg"), "VolumeInUse");
        let two = volume(&world, &zone);
        check_fault(attach(&world, &two, &instance, "xvdf"), "InvalidParameterValue");
        check_fault(attach(&world, &two, &instance, "floppy"), "InvalidParameterValue");
        let far = if zone.ends_with('a') { "us-east-1b" } else { "us-east-1a" };
        let three = volume(&world, far);
        check_fault(attach(&world, &three, &instance, "/dev/sdh"), "InvalidVolume.ZoneMismatch");
        let gone = DeleteVolumeRequest { volume_id: one.clone(), ..Default::default() };
        check_fault(world.call::<DeleteVolume>(&root, gone), "VolumeInUse");
        let detach = DetachVolumeRequest { volume_id: one.clone(), ..Default::default() };
        let state_of = world.call::<DetachVolume>(&root, detach.clone()).unwrap().state;
        assert_eq!(state_of.as_deref(), Some("detaching"));
        assert_eq!(state(&world, &one).as_deref(), Some("available"));
        check_fault(world.call::<DetachVolume>(&root, detach), "IncorrectState");
    }

    #[test]
    fn a_root_volume_stays_where_it_is_and_ends_with_its_instance() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let instance = launch(&world, request());
        let shown = seen(&world, &instance);
        let zone = shown.placement.unwrap().availability_zone.unwrap();
        let disk = shown.block_device_mappings.unwrap().remove(0).ebs.unwrap().volume_id.unwrap();
        let detach = DetachVolumeRequest { volume_id: disk.clone(), ..Default::default() };
        check_fault(world.call::<DetachVolume>(&root, detach), "OperationNotPermitted");
        let data = volume(&world, &zone);
        attach(&world, &data, &instance, "/dev/sdf").unwrap();
        let end = TerminateInstancesRequest { instance_ids: vec![instance], ..Default::default() };
        world.call::<TerminateInstances>(&root, end).unwrap();
        assert_eq!(state(&world, &disk), None);
        assert_eq!(state(&world, &data).as_deref(), Some("available"));
    }
}
