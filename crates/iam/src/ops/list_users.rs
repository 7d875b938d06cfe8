//! ListUsers: the users of the account, by name.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::User;

use crate::entity;
use crate::model::{ListUsers, ListUsersRequest, ListUsersResponse};
use crate::page::Window;
use crate::wire;

impl Operation for ListUsers {
    type Access = Read;

    fn needs(_input: &ListUsersRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::ListUsers).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListUsersResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let page = entity::list::<User, _>(db, account, req.input.path_prefix.as_deref(), &window, |user| {
            Ok(wire::user_in_list(user))
        })?;
        Ok(ListUsersResponse { is_truncated: page.is_truncated(), users: page.items, marker: page.marker })
    }
}
