//! ListInstanceProfileTags: the tags of an instance profile, sorted by key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::InstanceProfile;

use crate::entity::{self, Target};
use crate::model::{
    ListInstanceProfileTags, ListInstanceProfileTagsRequest, ListInstanceProfileTagsResponse,
};
use crate::page::Window;
use crate::tags;

impl Operation for ListInstanceProfileTags {
    type Access = Read;

    fn needs(input: &ListInstanceProfileTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let profile = Target::<InstanceProfile>::find(at, &input.instance_profile_name)?;
        Ok(Needs::action(iam::ListInstanceProfileTags).on(&profile).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListInstanceProfileTagsResponse, Fault> {
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let profile: InstanceProfile =
            entity::get(req.db()?, req.account(), &req.input.instance_profile_name)?;
        let page = tags::page(&profile.tags, &window);
        Ok(ListInstanceProfileTagsResponse {
            is_truncated: page.is_truncated(),
            tags: page.items,
            marker: page.marker,
        })
    }
}
