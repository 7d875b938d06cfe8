//! ListPolicies: managed policies: the account's own, AWS's, or both.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::managed_list;
use crate::model::{ListPolicies, ListPoliciesRequest, ListPoliciesResponse};
use crate::page::Window;

impl Operation for ListPolicies {
    type Access = Read;

    fn needs(_input: &ListPoliciesRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::ListPolicies).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListPoliciesResponse, Fault> {
        let (db, account, input) = (req.db()?, req.account(), req.input);
        let scope = input.scope.as_deref().unwrap_or("All");
        let wanted = managed_list::Wanted {
            own: scope != "AWS",
            aws: scope != "Local",
            attached: input.only_attached.unwrap_or(false),
            path_prefix: input.path_prefix.as_deref().unwrap_or("/"),
            usage: managed_list::Usage::new(input.policy_usage_filter.as_deref()),
        };
        let window = Window::new(input.marker.as_deref(), input.max_items)?;
        let page = managed_list::policies(db, account, &wanted, &window)?;
        Ok(ListPoliciesResponse {
            is_truncated: page.is_truncated(),
            policies: Some(page.items),
            marker: page.marker,
        })
    }
}
