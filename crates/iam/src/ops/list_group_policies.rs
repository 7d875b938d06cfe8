//! ListGroupPolicies: the names of the inline policies of a group.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Group;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{ListGroupPolicies, ListGroupPoliciesRequest, ListGroupPoliciesResponse};
use crate::page::Window;

impl Operation for ListGroupPolicies {
    type Access = Read;

    fn needs(input: &ListGroupPoliciesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::ListGroupPolicies).on(&group).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListGroupPoliciesResponse, Fault> {
        let db = req.db()?;
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let group: Group = entity::get(db, req.account(), &req.input.group_name)?;
        let page = inline::names(db, &group, &window)?;
        Ok(ListGroupPoliciesResponse {
            is_truncated: page.is_truncated(),
            policy_names: page.items,
            marker: page.marker,
        })
    }
}
