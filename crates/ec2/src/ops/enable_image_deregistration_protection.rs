//! EnableImageDeregistrationProtection: an image can't be deregistered.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_image;
use crate::model::{
    EnableImageDeregistrationProtection, EnableImageDeregistrationProtectionRequest,
    EnableImageDeregistrationProtectionResult,
};
use crate::place::Place;
use crate::{faults, images};

impl Operation for EnableImageDeregistrationProtection {
    type Access = Write;

    fn needs(input: &EnableImageDeregistrationProtectionRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_image(ec2::EnableImageDeregistrationProtection, at, &input.image_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<EnableImageDeregistrationProtectionResult, Fault> {
        let input = req.input;
        let mut image = images::own(req.db()?, Place::here(req), &input.image_id)?;
        if input.with_cooldown == Some(true) {
            return Err(faults::unsupported("WithCooldown"));
        }
        image.kept = true;
        faults::dry_run(input.dry_run)?;
        images::put(req.tx()?, &image)?;
        Ok(EnableImageDeregistrationProtectionResult { return_: Some("true".into()) })
    }
}
