//! CreatePolicy: a new managed policy with its first version.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{ManagedPolicies, ManagedPolicy};

use crate::managed::{self, Managed, PolicyTarget};
use crate::model::{self, CreatePolicy, CreatePolicyRequest, CreatePolicyResponse, fault};
use crate::quota::{self, Quotas};
use crate::tags;
use crate::versions;

impl Operation for CreatePolicy {
    type Access = Write;

    fn needs(input: &CreatePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::new(at.account(), input.path.as_deref(), &input.policy_name);
        Ok(Needs::action(iam::CreatePolicy).on(&policy).request_tags(tags::pairs(input.tags.as_ref())).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreatePolicyResponse, Fault> {
        let (input, account, now) = (req.input, req.account(), req.now.whole_seconds());
        let mut policy = ManagedPolicy {
            account,
            name: input.policy_name.clone(),
            path: input.path.clone().unwrap_or_else(|| "/".into()),
            id: req.env.unique_id("ANPA"),
            description: input.description.clone(),
            created: now,
            updated: now,
            default_version: 0,
            last_version: 0,
            tags: tags::first(input.tags.as_ref(), "TagsPerPolicy")?,
        };
        let quotas = Quotas::of(req.extensions);
        let tx = req.tx()?;
        if tx.exists::<ManagedPolicies>(&managed::key(&policy))? {
            return Err(fault::entity_already_exists(format!(
                "A policy called {} already exists. Duplicate names are not allowed.",
                policy.name
            )));
        }
        quota::grow::<ManagedPolicy>(tx, account, &quotas)?;
        versions::add(tx, &mut policy, &input.policy_document, true, now)?;
        let policy = Managed::Own(policy).to_wire_whole(tx, account)?;
        Ok(CreatePolicyResponse { policy: Some(model::Policy { description: None, ..policy }) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{READ, Scene};

    #[test]
    fn a_new_policy_has_one_version_in_force_and_a_taken_name() {
        let scene = Scene::new();
        let create = |name: &str, document: &str| {
            let input = CreatePolicyRequest {
                policy_name: name.into(),
                policy_document: document.into(),
                ..Default::default()
            };
            scene.call::<CreatePolicy>(input).map(|response| response.policy.unwrap())
        };
        let policy = create("p", READ).unwrap();
        assert_eq!(policy.default_version_id.as_deref(), Some("v1"));
        assert_eq!((policy.attachment_count, policy.is_attachable), (Some(0), Some(true)));
        let message = check_fault(create("P", READ), "EntityAlreadyExists");
        assert_eq!(message, "A policy called P already exists. Duplicate names are not allowed.");
        let large = READ.replace("GetObject", &"x".repeat(6200));
        let message = check_fault(create("q", &large), "LimitExceeded");
        assert_eq!(message, "Cannot exceed quota for PolicySize: 6144");
    }
}
