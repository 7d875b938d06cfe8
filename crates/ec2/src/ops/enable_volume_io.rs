//! EnableVolumeIO: uses a damaged volume again. None ever is here, so there is nothing to do.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::disk_questions::on_volume;
use crate::model::{EnableVolumeIO, EnableVolumeIORequest, EnableVolumeIOResponse};
use crate::place::Place;
use crate::{faults, volumes};

impl Operation for EnableVolumeIO {
    type Access = Read;

    fn needs(input: &EnableVolumeIORequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_volume(ec2::EnableVolumeIO, at, &input.volume_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<EnableVolumeIOResponse, Fault> {
        volumes::get(req.db()?, Place::here(req), &req.input.volume_id)?;
        faults::dry_run(req.input.dry_run)?;
        Ok(EnableVolumeIOResponse {})
    }
}
