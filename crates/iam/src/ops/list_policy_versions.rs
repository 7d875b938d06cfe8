//! ListPolicyVersions: the versions of a managed policy, newest first.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::managed::{Managed, PolicyTarget};
use crate::model::{ListPolicyVersions, ListPolicyVersionsRequest, ListPolicyVersionsResponse};
use crate::page::Window;
use crate::versions;

impl Operation for ListPolicyVersions {
    type Access = Read;

    fn needs(input: &ListPolicyVersionsRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::to_read(at, &input.policy_arn)?;
        Ok(Needs::action(iam::ListPolicyVersions).on(&policy).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListPolicyVersionsResponse, Fault> {
        let db = req.db()?;
        let window = Window::new(req.input.marker.as_deref(), req.input.max_items)?;
        let policy = Managed::get(db, req.account(), &req.input.policy_arn)?;
        let page = versions::list(db, &policy, &window)?;
        Ok(ListPolicyVersionsResponse {
            is_truncated: page.is_truncated(),
            versions: Some(page.items),
            marker: page.marker,
        })
    }
}
