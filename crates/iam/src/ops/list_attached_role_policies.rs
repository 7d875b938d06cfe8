//! ListAttachedRolePolicies: the managed policies attached to a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Role;

use crate::attachment;
use crate::entity::{self, Target};
use crate::model::{
    ListAttachedRolePolicies, ListAttachedRolePoliciesRequest, ListAttachedRolePoliciesResponse,
};
use crate::page::Window;

impl Operation for ListAttachedRolePolicies {
    type Access = Read;

    fn needs(input: &ListAttachedRolePoliciesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::ListAttachedRolePolicies).on(&role).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListAttachedRolePoliciesResponse, Fault> {
        let db = req.db()?;
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let role: Role = entity::get(db, req.account(), &req.input.role_name)?;
        let page = attachment::list(db, &role, req.input.path_prefix.as_deref(), &window)?;
        Ok(ListAttachedRolePoliciesResponse {
            is_truncated: page.is_truncated(),
            attached_policies: Some(page.items),
            marker: page.marker,
        })
    }
}
