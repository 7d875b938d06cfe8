//! ListGroups: the groups of the account, by name.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Group;

use crate::entity;
use crate::model::{ListGroups, ListGroupsRequest, ListGroupsResponse};
use crate::page::Window;
use crate::wire;

impl Operation for ListGroups {
    type Access = Read;

    fn needs(_input: &ListGroupsRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::ListGroups).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListGroupsResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let page =
            entity::list::<Group, _>(db, account, req.input.path_prefix.as_deref(), &window, |group| {
                Ok(wire::group(group))
            })?;
        Ok(ListGroupsResponse { is_truncated: page.is_truncated(), groups: page.items, marker: page.marker })
    }
}
