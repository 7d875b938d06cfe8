//! ListPolicyTags: the tags of a managed policy, sorted by key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::managed::{Managed, PolicyTarget};
use crate::model::{ListPolicyTags, ListPolicyTagsRequest, ListPolicyTagsResponse};
use crate::page::Window;
use crate::tags;

impl Operation for ListPolicyTags {
    type Access = Read;

    fn needs(input: &ListPolicyTagsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::to_read(at, &input.policy_arn)?;
        Ok(Needs::action(iam::ListPolicyTags).on(&policy).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListPolicyTagsResponse, Fault> {
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let policy = Managed::get(req.db()?, req.account(), &req.input.policy_arn)?;
        let page = tags::page(&policy.tags(), &window);
        Ok(ListPolicyTagsResponse {
            is_truncated: page.is_truncated(),
            tags: page.items,
            marker: page.marker,
        })
    }
}
