//! DisableImageDeregistrationProtection: an image can be deregistered again.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_image;
use crate::model::{
    DisableImageDeregistrationProtection, DisableImageDeregistrationProtectionRequest,
    DisableImageDeregistrationProtectionResult,
};
use crate::place::Place;
use crate::{faults, images};

impl Operation for DisableImageDeregistrationProtection {
    type Access = Write;

    fn needs(input: &DisableImageDeregistrationProtectionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_image(ec2::DisableImageDeregistrationProtection, at, &input.image_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DisableImageDeregistrationProtectionResult, Fault> {
        let input = req.input;
        let mut image = images::own(req.db()?, Place::here(req), &input.image_id)?;
        image.kept = false;
        faults::dry_run(input.dry_run)?;
        images::put(req.tx()?, &image)?;
        Ok(DisableImageDeregistrationProtectionResult { return_: Some("true".into()) })
    }
}
