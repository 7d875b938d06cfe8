//! DisableImageDeprecation: an image is listed again.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_image;
use crate::model::{DisableImageDeprecation, DisableImageDeprecationRequest, DisableImageDeprecationResult};
use crate::place::Place;
use crate::{faults, images};

impl Operation for DisableImageDeprecation {
    type Access = Write;

    fn needs(input: &DisableImageDeprecationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_image(ec2::DisableImageDeprecation, at, &input.image_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DisableImageDeprecationResult, Fault> {
        let input = req.input;
        let mut image = images::own(req.db()?, Place::here(req), &input.image_id)?;
        image.deprecated = None;
        faults::dry_run(input.dry_run)?;
        images::put(req.tx()?, &image)?;
        Ok(DisableImageDeprecationResult { return_: Some(true) })
    }
}
