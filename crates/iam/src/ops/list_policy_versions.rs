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

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::{READ, Scene};

    #[test]
    fn versions_come_newest_first_in_pages() {
        let scene = Scene::new();
        let arn = scene.policy("p");
        let input = CreatePolicyVersionRequest {
            policy_arn: arn.clone(),
            policy_document: READ.into(),
            set_as_default: None,
        };
        scene.call::<CreatePolicyVersion>(input).unwrap();
        let page = |marker: Option<String>| {
            let input = ListPolicyVersionsRequest { policy_arn: arn.clone(), marker, max_items: Some(1) };
            scene.call::<ListPolicyVersions>(input).unwrap()
        };
        let first = page(None);
        assert_eq!(first.versions.unwrap()[0].version_id.as_deref(), Some("v2"));
        let second = page(first.marker);
        assert_eq!(second.versions.unwrap()[0].is_default_version, Some(true));
        assert_eq!(second.is_truncated, Some(false));
    }
}
