//! ListGroupsForUser: the groups that a user is in.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::group;
use crate::model::{ListGroupsForUser, ListGroupsForUserRequest, ListGroupsForUserResponse};
use crate::page::Window;
use crate::wire;

impl Operation for ListGroupsForUser {
    type Access = Read;

    fn needs(input: &ListGroupsForUserRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::ListGroupsForUser).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListGroupsForUserResponse, Fault> {
        let db = req.db()?;
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let user: User = entity::get(db, req.account(), &req.input.user_name)?;
        let page = group::of_user(db, &user, &window)?;
        Ok(ListGroupsForUserResponse {
            is_truncated: page.is_truncated(),
            groups: page.items.iter().map(wire::group).collect(),
            marker: page.marker,
        })
    }
}
