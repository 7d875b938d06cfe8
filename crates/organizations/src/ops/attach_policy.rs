//! AttachPolicy: a policy binds a root, a unit or an account, and all below it, from the next request on.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{AttachPolicy, AttachPolicyRequest, AttachPolicyResponse};
use crate::policies;
use crate::refusal;
use crate::standing::{Reach, Scope, Standing};
use crate::tree::Node;

impl Operation for AttachPolicy {
    type Access = Write;

    fn needs(input: &AttachPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Policies)?;
        scope.on_policy_and_target(organizations::AttachPolicy, &input.policy_id, &input.target_id)
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AttachPolicyResponse, Fault> {
        let organization = Standing::require(req, Reach::Policies)?.organization;
        let input = req.input;
        let tx = req.tx()?;
        let policy = policies::get(tx, &organization, &input.policy_id)?;
        if Node::find(tx, &organization, &input.target_id)?.is_none() {
            return Err(refusal::no_target());
        }
        policies::attach(tx, &organization, &policy, &input.target_id)?;
        Ok(AttachPolicyResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::scene::Scene;

    #[test]
    fn a_policy_is_attached_once_to_what_exists() {
        let scene = Scene::new();
        let policy = scene.denying("s3:*");
        scene.attach(&policy, &scene.top).unwrap();
        check_fault(scene.attach(&policy, &scene.top), "DuplicatePolicyAttachmentException");
        check_fault(scene.attach(&policy, "555555555555"), "TargetNotFoundException");
        check_fault(scene.attach("p-00000000", &scene.top), "PolicyNotFoundException");
    }

    #[test]
    fn ten_hang_on_a_target_at_most() {
        let scene = Scene::new();
        // FullAWSAccess is the tenth.
        for action in ["s3:a", "s3:b", "s3:c", "s3:d", "s3:e", "s3:f", "s3:g", "s3:h", "s3:i"] {
            scene.attach(&scene.denying(action), &scene.top).unwrap();
        }
        let outcome = scene.attach(&scene.denying("s3:j"), &scene.top);
        let text = check_fault(outcome, "ConstraintViolationException");
        assert_eq!(text, "You have attached the maximum number of policies to the specified target.");
    }

    #[test]
    fn its_type_must_be_enabled() {
        let scene = Scene::without_policies();
        let policy = scene.denying("s3:*");
        check_fault(scene.attach(&policy, &scene.top), "PolicyTypeNotEnabledException");
    }
}
