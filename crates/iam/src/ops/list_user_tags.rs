//! ListUserTags: the tags of a user, sorted by key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::model::{ListUserTags, ListUserTagsRequest, ListUserTagsResponse};
use crate::page::Window;
use crate::tags;

impl Operation for ListUserTags {
    type Access = Read;

    fn needs(input: &ListUserTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::ListUserTags).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListUserTagsResponse, Fault> {
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let user: User = entity::get(req.db()?, req.account(), &req.input.user_name)?;
        let page = tags::page(&user.tags, &window);
        Ok(ListUserTagsResponse { is_truncated: page.is_truncated(), tags: page.items, marker: page.marker })
    }
}
