//! AddTags: sets tags of a trail.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{AddTags, AddTagsRequest, AddTagsResponse};
use crate::records::Trails;
use crate::{show, tags, target};

impl Operation for AddTags {
    type Access = Write;

    fn needs(input: &AddTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        show::check_taggable(&input.resource_id)?;
        let target = target::of(at, &input.resource_id)?;
        Ok(Needs::action(cloudtrail::AddTags)
            .on(&target)
            .request_tags(tags::pairs(Some(&input.tags_list)))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AddTagsResponse, Fault> {
        let (input, account, region) = (req.input, req.account(), req.region);
        let tx = req.tx()?;
        let target = target::find(tx, account, region, &input.resource_id)?;
        let mut trail = show::there(target)?;
        trail.tags = tags::set(trail.tags, &input.tags_list)?;
        tx.put::<Trails>(&(account, trail.region.clone(), trail.name.clone()), &trail)?;
        Ok(AddTagsResponse {})
    }
}
