//! ListRoleTags: the tags of a role, sorted by key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::model::{ListRoleTags, ListRoleTagsRequest, ListRoleTagsResponse};
use crate::page::Window;
use crate::tags;

impl Operation for ListRoleTags {
    type Access = Read;

    fn needs(input: &ListRoleTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::ListRoleTags).on(&role).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListRoleTagsResponse, Fault> {
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let role: Role = entity::get(req.db()?, req.account(), &req.input.role_name)?;
        let page = tags::page(&role.tags, &window);
        Ok(ListRoleTagsResponse { is_truncated: page.is_truncated(), tags: page.items, marker: page.marker })
    }
}
