//! DisablePolicyType: policies of a type cease to hold, and are detached from everything.

use rolecall_actions::organizations::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::bind_anew;
use rolecall_identity::records::{Organizations, PoliciesOnTarget};

use crate::model::{DisablePolicyType, DisablePolicyTypeRequest, DisablePolicyTypeResponse};
use crate::policies;
use crate::policy_type;
use crate::refusal;
use crate::standing::{Reach, Scope, Standing};
use crate::tree;

impl Operation for DisablePolicyType {
    type Access = Write;

    fn needs(input: &DisablePolicyTypeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Policies)?;
        let root =
            scope.tagged::<kind::Root>("root", &input.root_id, |_, own| Ok(Some(own.root_tags.clone())))?;
        let question = Needs::action(organizations::DisablePolicyType).on(&root);
        Ok(scope.ask(question.key(key::PolicyType, Some(input.policy_type.as_str()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DisablePolicyTypeResponse, Fault> {
        let mut organization = Standing::require(req, Reach::Policies)?.organization;
        let kind = policy_type::find(&req.input.policy_type)?;
        if req.input.root_id != organization.root {
            return Err(refusal::no_root());
        }
        policies::check_enabled(&organization, kind.name)?;
        let tx = req.tx()?;
        organization.enabled.retain(|name| name != kind.name);
        tx.put::<Organizations>(&organization.id, &organization)?;
        tx.delete_prefix::<PoliciesOnTarget>(&(organization.id.as_str(), kind.name))?;
        if kind.is_control() {
            bind_anew(tx, &organization.id)?;
        }
        Ok(DisablePolicyTypeResponse { root: Some(tree::shown_root(&organization)) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn what_was_attached_is_so_no_more_and_comes_not_back() {
        let scene = Scene::new();
        let policy = scene.denying("s3:*");
        scene.attach(&policy, &scene.top).unwrap();
        let scp = "SERVICE_CONTROL_POLICY";
        let input = || DisablePolicyTypeRequest { root_id: scene.top.clone(), policy_type: scp.into() };
        scene.call::<DisablePolicyType>(input()).unwrap();
        check_fault(scene.call::<DisablePolicyType>(input()), "PolicyTypeNotEnabledException");
        let again = EnablePolicyTypeRequest { root_id: scene.top.clone(), policy_type: scp.into() };
        scene.call::<EnablePolicyType>(again).unwrap();
        let input = ListPoliciesForTargetRequest {
            target_id: scene.top.clone(),
            filter: scp.into(),
            ..Default::default()
        };
        let left = scene.call::<ListPoliciesForTarget>(input).unwrap().policies.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].name.as_deref(), Some("FullAWSAccess"));
    }
}
