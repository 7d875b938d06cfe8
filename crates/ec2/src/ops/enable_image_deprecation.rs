//! EnableImageDeprecation: from a time on, an image is no longer listed for others.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_image;
use crate::model::{EnableImageDeprecation, EnableImageDeprecationRequest, EnableImageDeprecationResult};
use crate::place::Place;
use crate::{faults, images};

impl Operation for EnableImageDeprecation {
    type Access = Write;

    fn needs(input: &EnableImageDeprecationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_image(ec2::EnableImageDeprecation, at, &input.image_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<EnableImageDeprecationResult, Fault> {
        let input = req.input;
        let mut image = images::own(req.db()?, Place::here(req), &input.image_id)?;
        if input.deprecate_at <= req.now {
            let why = "The time must be in the future.";
            return Err(faults::invalid_value(input.deprecate_at, "deprecateAt", why));
        }
        image.deprecated = Some(input.deprecate_at);
        faults::dry_run(input.dry_run)?;
        images::put(req.tx()?, &image)?;
        Ok(EnableImageDeprecationResult { return_: Some(true) })
    }
}
