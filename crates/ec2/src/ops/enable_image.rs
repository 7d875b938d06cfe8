//! EnableImage: a disabled image can be launched again.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_image;
use crate::model::{EnableImage, EnableImageRequest, EnableImageResult};
use crate::place::Place;
use crate::records::ImageState;
use crate::{faults, images};

impl Operation for EnableImage {
    type Access = Write;

    fn needs(input: &EnableImageRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_image(ec2::EnableImage, at, &input.image_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<EnableImageResult, Fault> {
        let input = req.input;
        let mut image = images::own(req.db()?, Place::here(req), &input.image_id)?;
        if image.state == ImageState::Disabled {
            image.state = ImageState::Available;
        }
        faults::dry_run(input.dry_run)?;
        images::put(req.tx()?, &image)?;
        Ok(EnableImageResult { return_: Some(true) })
    }
}
