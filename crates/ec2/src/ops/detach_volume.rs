//! DetachVolume: takes a volume from its instance.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_volume;
use crate::model::{self, DetachVolume, DetachVolumeRequest};
use crate::place::Place;
use crate::questions::on_instance;
use crate::records::{Instances, Volume, VolumeAttachment};
use crate::{faults, volumes};

impl Operation for DetachVolume {
    type Access = Write;

    fn needs(input: &DetachVolumeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let mut needs = on_volume(ec2::DetachVolume, at, &input.volume_id)?.done();
        // Named or not: it is taken from an instance.
        let instances: Vec<String> = match &input.instance_id {
            Some(id) => vec![id.clone()],
            None => {
                let found = volumes::find(at.db()?, Place::of(at), &input.volume_id)?;
                found.into_iter().flat_map(|volume| volume.attachments).map(|known| known.instance).collect()
            }
        };
        for id in &instances {
            needs = needs.and(on_instance(ec2::DetachVolume, at, id)?.done());
        }
        Ok(needs)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<model::VolumeAttachment, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let mut volume = volumes::get(req.db()?, place, &input.volume_id)?;
        let attachment = asked(input, &volume)?.clone();
        let Some(mut instance) = req.db()?.get::<Instances>(&place.key(&attachment.instance))? else {
            return Err(faults::no_instances(&[&attachment.instance]));
        };
        // Forced or not: no machine holds on to a volume here.
        volumes::detach(req.tx()?, &mut volume, &mut instance)?;
        faults::dry_run(input.dry_run)?;
        Ok(volumes::attachment(&volume, &attachment, "detaching"))
    }
}

/// The attachment that is meant.
fn asked<'v>(input: &DetachVolumeRequest, volume: &'v Volume) -> Result<&'v VolumeAttachment, Fault> {
    let id = &volume.id;
    if volume.attachments.is_empty() {
        let text = format!("Volume '{id}' is in the 'available' state.");
        return Err(faults::other("IncorrectState", text));
    }
    let fits = |known: &&VolumeAttachment| {
        input.instance_id.as_ref().is_none_or(|instance| *instance == known.instance)
            && input.device.as_ref().is_none_or(|device| *device == known.device)
    };
    let mut found = volume.attachments.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(faults::missing("InstanceId")),
        (None, _) => {
            let text = format!("The volume '{id}' is not attached to that instance as that device.");
            Err(faults::other("InvalidAttachment.NotFound", text))
        }
    }
}
