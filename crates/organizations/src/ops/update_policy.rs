//! UpdatePolicy: another name, description or text; it binds from the next request on.

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::bind_anew;
use rolecall_identity::records::OrganizationPolicies;

use crate::model::{UpdatePolicy, UpdatePolicyRequest, UpdatePolicyResponse};
use crate::policies::{self, Found};
use crate::policy_type;
use crate::standing::{Reach, Scope, Standing};

impl Operation for UpdatePolicy {
    type Access = Write;

    fn needs(input: &UpdatePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Policies)?;
        let (policy, kind) = scope.policy(&input.policy_id)?;
        Ok(scope.ask(Needs::action(organizations::UpdatePolicy).on(&policy).key(key::PolicyType, kind)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdatePolicyResponse, Fault> {
        let organization = Standing::require(req, Reach::Policies)?.organization;
        let (input, now) = (req.input, req.now);
        let tx = req.tx()?;
        let mut policy = policies::get(tx, &organization, &input.policy_id)?.own()?;
        let kind = policy_type::find(&policy.kind)?;
        if let Some(name) = &input.name {
            policies::check_name(tx, &organization, kind.name, name, &policy.id)?;
            policy.name.clone_from(name);
        }
        if let Some(description) = &input.description {
            policy.description.clone_from(description);
        }
        if let Some(content) = &input.content {
            policies::check_content(kind, content)?;
            policy.content.clone_from(content);
        }
        policy.updated = now;
        tx.put::<OrganizationPolicies>(&(organization.id.clone(), policy.id.clone()), &policy)?;
        if kind.is_control() && input.content.is_some() {
            bind_anew(tx, &organization.id)?;
        }
        Ok(UpdatePolicyResponse { policy: Some(Found::Own(Box::new(policy)).shown(&organization)) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::{Scene, deny};

    #[test]
    fn a_new_text_binds_members_at_once() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        let policy = scene.denying("organizations:DescribeOrganization");
        scene.attach(&policy, &dev.to_string()).unwrap();
        let look = || scene.call_as::<DescribeOrganization>(dev, DescribeOrganizationRequest::default());
        check_fault(look(), "AccessDeniedException");
        let input =
            UpdatePolicyRequest { policy_id: policy, content: Some(deny("s3:*")), ..Default::default() };
        scene.call::<UpdatePolicy>(input).unwrap();
        look().unwrap();
    }

    #[test]
    fn awss_own_stay_as_they_are() {
        let input = UpdatePolicyRequest {
            policy_id: "p-FullAWSAccess".into(),
            content: Some(deny("s3:*")),
            ..Default::default()
        };
        check_fault(Scene::new().call::<UpdatePolicy>(input), "InvalidInputException");
    }
}
