//! ListAttachedUserPolicies: the managed policies attached to a user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::User;

use crate::attachment;
use crate::entity::{self, Target};
use crate::model::{
    ListAttachedUserPolicies, ListAttachedUserPoliciesRequest, ListAttachedUserPoliciesResponse,
};
use crate::page::Window;

impl Operation for ListAttachedUserPolicies {
    type Access = Read;

    fn needs(input: &ListAttachedUserPoliciesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::ListAttachedUserPolicies).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListAttachedUserPoliciesResponse, Fault> {
        let db = req.db()?;
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let user: User = entity::get(db, req.account(), &req.input.user_name)?;
        let page = attachment::list(db, &user, req.input.path_prefix.as_deref(), &window)?;
        Ok(ListAttachedUserPoliciesResponse {
            is_truncated: page.is_truncated(),
            attached_policies: Some(page.items),
            marker: page.marker,
        })
    }
}
