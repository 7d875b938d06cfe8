//! RemoveTags: removes tags of a trail, by key.

use rolecall_actions::cloudtrail;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{RemoveTags, RemoveTagsRequest, RemoveTagsResponse};
use crate::records::Trails;
use crate::{show, target};

impl Operation for RemoveTags {
    type Access = Write;

    fn needs(input: &RemoveTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        show::check_taggable(&input.resource_id)?;
        let target = target::of(at, &input.resource_id)?;
        Ok(Needs::action(cloudtrail::RemoveTags)
            .on(&target)
            .tag_keys(input.tags_list.iter().map(|tag| tag.key.clone()).collect())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RemoveTagsResponse, Fault> {
        let (input, account, region) = (req.input, req.account(), req.region);
        let tx = req.tx()?;
        let target = target::find(tx, account, region, &input.resource_id)?;
        let mut trail = show::there(target)?;
        for tag in &input.tags_list {
            trail.tags.remove(&tag.key);
        }
        tx.put::<Trails>(&(account, trail.region.clone(), trail.name.clone()), &trail)?;
        Ok(RemoveTagsResponse {})
    }
}
