//! AddTagsToResource: sets tags of a parameter.

use rolecall_actions::ssm;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{AddTagsToResource, AddTagsToResourceRequest, AddTagsToResourceResult};
use crate::records::Parameters;
use crate::tags::{self, tagged, there};

impl Operation for AddTagsToResource {
    type Access = Write;

    fn needs(input: &AddTagsToResourceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let tags = || tags::pairs(Some(&input.tags));
        Ok(match tagged(at, &input.resource_type, &input.resource_id)? {
            Some(named) => Needs::action(ssm::AddTagsToResource).on(&named).request_tags(tags()).done(),
            None => Needs::action(ssm::AddTagsToResource).anywhere().request_tags(tags()).done(),
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AddTagsToResourceResult, Fault> {
        let input = req.input;
        let mut parameter = there(&req.at(), &input.resource_type, &input.resource_id)?;
        parameter.tags = tags::set(parameter.tags, &input.tags)?;
        req.tx()?.put::<Parameters>(&parameter.key(), &parameter)?;
        Ok(AddTagsToResourceResult {})
    }
}
