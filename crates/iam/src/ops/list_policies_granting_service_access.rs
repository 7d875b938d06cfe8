//! ListPoliciesGrantingServiceAccess: by which of its policies a user, group or role can use each of some services.

use std::sync::Arc;

use rolecall_actions::{catalog, iam};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_policy::{Named, Owner, Policy, PolicyId};

use crate::context_keys::Source;
use crate::model::{
    ListPoliciesGrantingServiceAccess, ListPoliciesGrantingServiceAccessEntry,
    ListPoliciesGrantingServiceAccessRequest, ListPoliciesGrantingServiceAccessResponse,
    PolicyGrantingServiceAccess,
};
use crate::page::Window;
use crate::service_access::grants;
use crate::simulation;

impl Operation for ListPoliciesGrantingServiceAccess {
    type Access = Read;

    fn needs(input: &ListPoliciesGrantingServiceAccessRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let action = Needs::action(iam::ListPoliciesGrantingServiceAccess);
        Ok(match Source::find(at, &input.arn)? {
            Source::User(user, _) => action.on(&user).done(),
            Source::Group(group, _) => action.on(&group).done(),
            Source::Role(role, _) => action.on(&role).done(),
        })
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListPoliciesGrantingServiceAccessResponse, Fault> {
        let (input, at) = (req.input, req.at());
        let set = Source::find(&at, &input.arn)?.policies(&at)?;
        let all: Vec<Arc<Policy>> = set.policies().iter().map(|named| named.policy.clone()).collect();
        let window = Window::new(input.marker.as_deref(), None)?;
        let names = input.service_namespaces.iter().enumerate();
        let page = window.cut(names.map(|(at, name)| (format!("{at:06}"), name)));
        let mut entries = Vec::new();
        for namespace in &page.items {
            let service = catalog::service(namespace);
            let mut policies = Vec::new();
            for named in set.policies() {
                if service.is_some_and(|service| grants(&named.policy, service, &all)) {
                    let id = simulation::truly_named(at.db()?, at.account(), &named.id)?;
                    policies.push(shown(&Named::new(named.policy.clone(), id)));
                }
            }
            entries.push(ListPoliciesGrantingServiceAccessEntry {
                service_namespace: Some((*namespace).clone()),
                policies: Some(policies),
            });
        }
        Ok(ListPoliciesGrantingServiceAccessResponse {
            policies_granting_service_access: entries,
            is_truncated: page.is_truncated(),
            marker: page.marker,
        })
    }
}

fn shown(named: &Named) -> PolicyGrantingServiceAccess {
    match &named.id {
        PolicyId::Inline { owner, entity, name } => PolicyGrantingServiceAccess {
            policy_name: name.clone(),
            policy_type: "INLINE".to_owned(),
            policy_arn: None,
            entity_type: Some(
                match owner {
                    Owner::User => "USER",
                    Owner::Group => "GROUP",
                    Owner::Role => "ROLE",
                }
                .to_owned(),
            ),
            entity_name: Some(entity.clone()),
        },
        PolicyId::Managed(arn) | PolicyId::Attached(arn) => PolicyGrantingServiceAccess {
            policy_name: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
            policy_type: "MANAGED".to_owned(),
            policy_arn: Some(arn.clone()),
            entity_type: None,
            entity_name: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::{READ, Scene};

    #[test]
    fn policies_are_told_by_service_unless_all_of_it_is_denied() {
        let scene = Scene::new();
        scene.world.user("Ann", READ);
        let attach = AttachUserPolicyRequest {
            user_name: "Ann".into(),
            policy_arn: "arn:aws:iam::aws:policy/IAMReadOnlyAccess".into(),
        };
        scene.call::<AttachUserPolicy>(attach).unwrap();
        let list = || {
            let input = ListPoliciesGrantingServiceAccessRequest {
                arn: "arn:aws:iam::000000000000:user/Ann".into(),
                service_namespaces: vec!["s3".into(), "iam".into(), "ec2".into()],
                ..Default::default()
            };
            scene.call::<ListPoliciesGrantingServiceAccess>(input).unwrap().policies_granting_service_access
        };
        let names = |entry: &ListPoliciesGrantingServiceAccessEntry| {
            let policies = entry.policies.clone().unwrap();
            policies
                .into_iter()
                .map(|one| (one.policy_name, one.policy_type, one.entity_name))
                .collect::<Vec<_>>()
        };
        let all = list();
        assert_eq!(names(&all[0]), [("own".into(), "INLINE".into(), Some("Ann".into()))]);
        assert_eq!(names(&all[1]), [("IAMReadOnlyAccess".into(), "MANAGED".into(), None)]);
        assert!(names(&all[2]).is_empty());
        let deny = PutUserPolicyRequest {
            user_name: "Ann".into(),
            policy_name: "deny".into(),
            policy_document: READ.replace("Allow", "Deny").replace("s3:GetObject", "s3:*"),
        };
        scene.call::<PutUserPolicy>(deny).unwrap();
        assert!(names(&list()[0]).is_empty());
    }
}
