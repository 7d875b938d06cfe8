//! ListRolePolicies: the names of the inline policies of a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{ListRolePolicies, ListRolePoliciesRequest, ListRolePoliciesResponse};
use crate::page::Window;

impl Operation for ListRolePolicies {
    type Access = Read;

    fn needs(input: &ListRolePoliciesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::ListRolePolicies).on(&role).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListRolePoliciesResponse, Fault> {
        let db = req.db()?;
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let role: Role = entity::get(db, req.account(), &req.input.role_name)?;
        let page = inline::names(db, &role, &window)?;
        Ok(ListRolePoliciesResponse {
            is_truncated: page.is_truncated(),
            policy_names: page.items,
            marker: page.marker,
        })
    }
}
