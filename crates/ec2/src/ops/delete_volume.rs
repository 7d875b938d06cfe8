//! DeleteVolume: a volume that is not attached.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_volume;
use crate::model::{DeleteVolume, DeleteVolumeRequest, DeleteVolumeResponse};
use crate::place::Place;
use crate::records::Volumes;
use crate::{faults, tags, volumes};

impl Operation for DeleteVolume {
    type Access = Write;

    fn needs(input: &DeleteVolumeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_volume(ec2::DeleteVolume, at, &input.volume_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteVolumeResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        let volume = volumes::get(req.db()?, place, &input.volume_id)?;
        if let Some(attachment) = volume.attachments.first() {
            let text = format!("Volume {} is currently attached to {}", volume.id, attachment.instance);
            return Err(faults::other("VolumeInUse", text));
        }
        faults::dry_run(input.dry_run)?;
        let tx = req.tx()?;
        tx.delete::<Volumes>(&volume.key())?;
        tags::put(tx, place, &volume.id, Default::default())?;
        Ok(DeleteVolumeResponse {})
    }
}
