//! GetGroup: a group and the users in it.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Group;

use crate::entity::{self, Target};
use crate::group;
use crate::model::{GetGroup, GetGroupRequest, GetGroupResponse};
use crate::page::Window;
use crate::wire;

impl Operation for GetGroup {
    type Access = Read;

    fn needs(input: &GetGroupRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::GetGroup).on(&group).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetGroupResponse, Fault> {
        let db = req.db()?;
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let group: Group = entity::get(db, req.account(), &req.input.group_name)?;
        let page = group::members(db, &group, &window)?;
        Ok(GetGroupResponse {
            group: wire::group(&group),
            users: page.items.iter().map(wire::user_in_list).collect(),
            is_truncated: page.is_truncated(),
            marker: page.marker,
        })
    }
}
