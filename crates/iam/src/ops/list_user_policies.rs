//! ListUserPolicies: the names of the inline policies of a user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::inline;
use crate::model::{ListUserPolicies, ListUserPoliciesRequest, ListUserPoliciesResponse};
use crate::page::Window;

impl Operation for ListUserPolicies {
    type Access = Read;

    fn needs(input: &ListUserPoliciesRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::ListUserPolicies).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListUserPoliciesResponse, Fault> {
        let db = req.db()?;
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let user: User = entity::get(db, req.account(), &req.input.user_name)?;
        let page = inline::names(db, &user, &window)?;
        Ok(ListUserPoliciesResponse {
            is_truncated: page.is_truncated(),
            policy_names: page.items,
            marker: page.marker,
        })
    }
}
