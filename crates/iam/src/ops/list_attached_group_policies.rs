//! ListAttachedGroupPolicies: the managed policies attached to a group.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Group;

use crate::attachment;
use crate::entity::{self, Target};
use crate::model::{
    ListAttachedGroupPolicies, ListAttachedGroupPoliciesRequest, ListAttachedGroupPoliciesResponse,
};
use crate::page::Window;

impl Operation for ListAttachedGroupPolicies {
    type Access = Read;

    fn needs(input: &ListAttachedGroupPoliciesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::ListAttachedGroupPolicies).on(&group).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListAttachedGroupPoliciesResponse, Fault> {
        let db = req.db()?;
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let group: Group = entity::get(db, req.account(), &req.input.group_name)?;
        let page = attachment::list(db, &group, req.input.path_prefix.as_deref(), &window)?;
        Ok(ListAttachedGroupPoliciesResponse {
            is_truncated: page.is_truncated(),
            attached_policies: Some(page.items),
            marker: page.marker,
        })
    }
}
