//! ModifyVolumeAttribute: whether a volume that was found damaged is used again by itself. None ever is here.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_volume;
use crate::model::{ModifyVolumeAttribute, ModifyVolumeAttributeRequest, ModifyVolumeAttributeResponse};
use crate::place::Place;
use crate::questions::{said, with_attributes};
use crate::records::Volumes;
use crate::{faults, volumes};

impl Operation for ModifyVolumeAttribute {
    type Access = Write;

    fn needs(input: &ModifyVolumeAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_volume(ec2::ModifyVolumeAttribute, at, &input.volume_id)?;
        let wished = input.auto_enable_io.as_ref().and_then(|wish| wish.value);
        Ok(with_attributes(question, &[("AutoEnableIO", said(wished))]))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ModifyVolumeAttributeResponse, Fault> {
        let mut volume = volumes::get(req.db()?, Place::here(req), &req.input.volume_id)?;
        let Some(value) = req.input.auto_enable_io.as_ref().and_then(|wish| wish.value) else {
            return Err(faults::missing("AutoEnableIO"));
        };
        faults::dry_run(req.input.dry_run)?;
        volume.auto_enable_io = value;
        req.tx()?.put::<Volumes>(&volume.key(), &volume)?;
        Ok(ModifyVolumeAttributeResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, World};

    use crate::model::*;
    use crate::scene::{launch, request, seen};

    #[test]
    fn the_attribute_is_kept_and_every_volume_is_well() {
        let world = World::new(1);
        let root = world.root(ACCOUNT);
        let instance = launch(&world, request());
        let disk = seen(&world, &instance).block_device_mappings.unwrap().remove(0);
        let id = disk.ebs.unwrap().volume_id.unwrap();
        let value = Some(AttributeBooleanValue { value: Some(true) });
        let set = ModifyVolumeAttributeRequest {
            volume_id: id.clone(),
            auto_enable_io: value,
            ..Default::default()
        };
        world.call::<ModifyVolumeAttribute>(&root, set).unwrap();
        let ask = DescribeVolumeAttributeRequest {
            volume_id: id.clone(),
            attribute: "autoEnableIO".into(),
            ..Default::default()
        };
        let shown = world.call::<DescribeVolumeAttribute>(&root, ask).unwrap();
        assert_eq!(shown.auto_enable_io.unwrap().value, Some(true));
        world
            .call::<EnableVolumeIO>(
                &root,
                EnableVolumeIORequest { volume_id: id.clone(), ..Default::default() },
            )
            .unwrap();
        let ask = DescribeVolumeStatusRequest { volume_ids: Some(vec![id]), ..Default::default() };
        let shown =
            world.call::<DescribeVolumeStatus>(&root, ask).unwrap().volume_statuses.unwrap().remove(0);
        assert_eq!(shown.volume_status.unwrap().status.as_deref(), Some("ok"));
    }
}
