//! DetachPolicy: a policy binds a target no longer.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{DetachPolicy, DetachPolicyRequest, DetachPolicyResponse};
use crate::policies;
use crate::refusal;
use crate::standing::{Reach, Scope, Standing};
use crate::tree::Node;

impl Operation for DetachPolicy {
    type Access = Write;

    fn needs(input: &DetachPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Policies)?;
        scope.on_policy_and_target(organizations::DetachPolicy, &input.policy_id, &input.target_id)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DetachPolicyResponse, Fault> {
        let organization = Standing::require(req, Reach::Policies)?.organization;
        let input = req.input;
        let tx = req.tx()?;
        let policy = policies::get(tx, &organization, &input.policy_id)?;
        if Node::find(tx, &organization, &input.target_id)?.is_none() {
            return Err(refusal::no_target());
        }
        policies::detach(tx, &organization, &policy, &input.target_id)?;
        Ok(DetachPolicyResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn one_service_control_policy_stays() {
        let scene = Scene::new();
        let message =
            check_fault(scene.detach("p-FullAWSAccess", &scene.top), "ConstraintViolationException");
        assert!(message.contains("at least one"), "{message}");
        scene.attach(&scene.denying("s3:*"), &scene.top).unwrap();
        scene.detach("p-FullAWSAccess", &scene.top).unwrap();
        check_fault(scene.detach("p-FullAWSAccess", &scene.top), "PolicyNotAttachedException");
    }

    #[test]
    fn full_access_to_resources_stays() {
        let scene = Scene::new();
        let input = EnablePolicyTypeRequest {
            root_id: scene.top.clone(),
            policy_type: "RESOURCE_CONTROL_POLICY".into(),
        };
        scene.call::<EnablePolicyType>(input).unwrap();
        check_fault(scene.detach("p-RCPFullAWSAccess", &scene.top), "InvalidInputException");
    }
}
