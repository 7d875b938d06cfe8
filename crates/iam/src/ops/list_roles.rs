//! ListRoles: the roles of the account, by name.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Role;

use crate::entity;
use crate::model::{ListRoles, ListRolesRequest, ListRolesResponse};
use crate::page::Window;
use crate::wire;

impl Operation for ListRoles {
    type Access = Read;

    fn needs(_input: &ListRolesRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::ListRoles).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListRolesResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let page = entity::list::<Role, _>(db, account, req.input.path_prefix.as_deref(), &window, |role| {
            wire::role_in_list(db, role)
        })?;
        Ok(ListRolesResponse { is_truncated: page.is_truncated(), roles: page.items, marker: page.marker })
    }
}
