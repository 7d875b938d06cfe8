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

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    fn names(scene: &Scene, input: ListPoliciesRequest) -> Vec<String> {
        let page = scene.call::<ListPolicies>(input).unwrap();
        page.policies.unwrap().into_iter().filter_map(|policy| policy.policy_name).collect()
    }

    #[test]
    fn the_scope_tells_whose_policies() {
        let scene = Scene::new();
        scene.policy("mine");
        let local = ListPoliciesRequest { scope: Some("Local".into()), ..Default::default() };
        assert_eq!(names(&scene, local), ["mine"]);
        let aws = ListPoliciesRequest {
            scope: Some("AWS".into()),
            path_prefix: Some("/job-function/".into()),
            ..Default::default()
        };
        assert!(names(&scene, aws).contains(&"Billing".to_owned()));
    }

    #[test]
    fn only_attached_ones_can_be_asked_for() {
        let scene = Scene::new();
        scene.policy("mine");
        scene.role("r");
        scene.attach("r", "arn:aws:iam::aws:policy/ReadOnlyAccess").unwrap();
        let attached = ListPoliciesRequest { only_attached: Some(true), ..Default::default() };
        assert_eq!(names(&scene, attached), ["ReadOnlyAccess"]);
        let boundaries = ListPoliciesRequest {
            policy_usage_filter: Some("PermissionsBoundary".into()),
            ..Default::default()
        };
        assert!(names(&scene, boundaries).is_empty());
    }

    #[test]
    fn pages_go_on_from_the_own_policies_to_those_of_aws() {
        let scene = Scene::new();
        scene.policy("mine");
        let (mut marker, mut all) = (None, Vec::new());
        loop {
            let input = ListPoliciesRequest { marker, max_items: Some(1000), ..Default::default() };
            let page = scene.call::<ListPolicies>(input).unwrap();
            all.extend(page.policies.unwrap().into_iter().filter_map(|policy| policy.arn));
            marker = page.marker;
            if marker.is_none() {
                break;
            }
        }
        let count = all.len();
        all.sort();
        all.dedup();
        assert_eq!((count, all.len()), (rolecall_identity::aws_policies::all().len() + 1, count));
    }
}
