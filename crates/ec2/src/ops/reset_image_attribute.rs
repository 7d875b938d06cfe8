//! ResetImageAttribute: an image is nobody else's again.

use rolecall_actions::ec2::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::disk_questions::on_image;
use crate::model::{ResetImageAttribute, ResetImageAttributeRequest, ResetImageAttributeResponse};
use crate::place::Place;
use crate::{faults, images};

impl Operation for ResetImageAttribute {
    type Access = Write;

    fn needs(input: &ResetImageAttributeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let question = on_image(ec2::ResetImageAttribute, at, &input.image_id)?;
        Ok(question.key(key::Attribute, Some("LaunchPermission")).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ResetImageAttributeResponse, Fault> {
        let mut image = images::own(req.db()?, Place::here(req), &req.input.image_id)?;
        faults::dry_run(req.input.dry_run)?;
        image.public = false;
        image.shared.clear();
        images::put(req.tx()?, &image)?;
        Ok(ResetImageAttributeResponse {})
    }
}
