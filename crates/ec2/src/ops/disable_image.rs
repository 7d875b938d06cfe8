//! DisableImage: nothing is launched of an image for now, and nobody else sees it any more.

use rolecall_actions::ec2;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_image;
use crate::model::{DisableImage, DisableImageRequest, DisableImageResult};
use crate::place::Place;
use crate::records::ImageState;
use crate::{faults, images};

impl Operation for DisableImage {
    type Access = Write;

    fn needs(input: &DisableImageRequest, at: &At<'_>) -> Result<Needs, Fault> {
        Ok(on_image(ec2::DisableImage, at, &input.image_id)?.done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DisableImageResult, Fault> {
        let input = req.input;
        let mut image = images::own(req.db()?, Place::here(req), &input.image_id)?;
        if image.state != ImageState::Available {
            let text = format!("The image {} is {}.", image.id, image.state.name());
            return Err(faults::other("InvalidAMIID.Unavailable", text));
        }
        image.state = ImageState::Disabled;
        image.public = false;
        image.shared.clear();
        faults::dry_run(input.dry_run)?;
        images::put(req.tx()?, &image)?;
        Ok(DisableImageResult { return_: Some(true) })
    }
}
