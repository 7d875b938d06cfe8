//! RemoveTagsFromResource: removes tags of a parameter.

use rolecall_actions::ssm;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{RemoveTagsFromResource, RemoveTagsFromResourceRequest, RemoveTagsFromResourceResult};
use crate::records::Parameters;
use crate::tags::{tagged, there};

impl Operation for RemoveTagsFromResource {
    type Access = Write;

    fn needs(input: &RemoveTagsFromResourceRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let keys = input.tag_keys.clone();
        Ok(match tagged(at, &input.resource_type, &input.resource_id)? {
            Some(named) => Needs::action(ssm::RemoveTagsFromResource).on(&named).tag_keys(keys).done(),
            None => Needs::action(ssm::RemoveTagsFromResource).anywhere().tag_keys(keys).done(),
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RemoveTagsFromResourceResult, Fault> {
        let input = req.input;
        let mut parameter = there(&req.at(), &input.resource_type, &input.resource_id)?;
        for key in &input.tag_keys {
            parameter.tags.remove(key);
        }
        req.tx()?.put::<Parameters>(&parameter.key(), &parameter)?;
        Ok(RemoveTagsFromResourceResult {})
    }
}
