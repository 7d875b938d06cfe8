//! CreateTags: sets tags of any resources, replacing values of the same keys.

use rolecall_actions::ec2::{self};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::faults;
use crate::model::{CreateTags, CreateTagsRequest, CreateTagsResponse};
use crate::place::Place;
use crate::questions::on_tagged;
use crate::tags;

impl Operation for CreateTags {
    type Access = Write;

    fn needs(input: &CreateTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let mut asked = Vec::new();
        let text = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        let wished: Vec<_> = input.tags.iter().map(|tag| (text(&tag.key), text(&tag.value))).collect();
        for id in &input.resources {
            let question = on_tagged(ec2::CreateTags, at, id)?;
            asked.push(question.request_tags(crate::key_pairs::pairs(&wished)).done());
        }
        if asked.is_empty() {
            asked.push(Needs::action(ec2::CreateTags).anywhere().done());
        }
        Ok(Needs::all(asked))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateTagsResponse, Fault> {
        let (place, input) = (Place::here(req), req.input);
        if input.resources.is_empty() {
            return Err(faults::missing("ResourceId"));
        }
        if input.tags.is_empty() {
            return Err(faults::missing("Tag"));
        }
        let new = tags::checked(&input.tags)?;
        for id in &input.resources {
            tags::exists(req.db()?, place, id)?;
        }
        faults::dry_run(input.dry_run)?;
        for id in &input.resources {
            let mut tags = tags::of(req.db()?, place, id)?;
            for tag in &new {
                tags.set(&tag.key, &tag.value);
            }
            tags::put(req.tx()?, place, id, tags)?;
        }
        Ok(CreateTagsResponse {})
    }
}
