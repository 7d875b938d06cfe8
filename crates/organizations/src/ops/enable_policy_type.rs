//! EnablePolicyType: policies of a type begin to hold, AWS's own attached everywhere.

use rolecall_actions::organizations::{self, key, kind};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::bind_anew;
use rolecall_identity::records::{Organizations, PoliciesOnTarget};

use crate::model::{EnablePolicyType, EnablePolicyTypeRequest, EnablePolicyTypeResponse, fault};
use crate::policy_type;
use crate::refusal;
use crate::standing::{Reach, Scope, Standing};
use crate::tree;

impl Operation for EnablePolicyType {
    type Access = Write;

    fn needs(input: &EnablePolicyTypeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Policies)?;
        let root =
            scope.tagged::<kind::Root>("root", &input.root_id, |_, own| Ok(Some(own.root_tags.clone())))?;
        let question = Needs::action(organizations::EnablePolicyType).on(&root);
        Ok(scope.ask(question.key(key::PolicyType, Some(input.policy_type.as_str()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<EnablePolicyTypeResponse, Fault> {
        let mut organization = Standing::require(req, Reach::Policies)?.organization;
        let kind = policy_type::find(&req.input.policy_type)?;
        if req.input.root_id != organization.root {
            return Err(refusal::no_root());
        }
        if !organization.all_features {
            return Err(fault::policy_type_not_available_for_organization(
                "You can't use the specified policy type with the feature set currently enabled for this \
                 organization.",
            ));
        }
        if organization.is_enabled(kind.name) {
            return Err(fault::policy_type_already_enabled("The specified policy type is already enabled."));
        }
        let tx = req.tx()?;
        organization.enabled.push(kind.name.to_owned());
        tx.put::<Organizations>(&organization.id, &organization)?;
        tx.delete_prefix::<PoliciesOnTarget>(&(organization.id.as_str(), kind.name))?;
        if kind.is_control() {
            bind_anew(tx, &organization.id)?;
        }
        Ok(EnablePolicyTypeResponse { root: Some(tree::shown_root(&organization)) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    fn enable(scene: &Scene, root: &str, type_: &str) -> Result<Root, rolecall_base::Fault> {
        let input = EnablePolicyTypeRequest { root_id: root.into(), policy_type: type_.into() };
        scene.call::<EnablePolicyType>(input).map(|answer| answer.root.unwrap())
    }

    #[test]
    fn a_type_is_enabled_once_on_the_root() {
        let scene = Scene::without_policies();
        let root = enable(&scene, &scene.top, "TAG_POLICY").unwrap();
        assert_eq!(root.policy_types.unwrap()[0].type_.as_deref(), Some("TAG_POLICY"));
        check_fault(enable(&scene, &scene.top, "TAG_POLICY"), "PolicyTypeAlreadyEnabledException");
        check_fault(enable(&scene, "r-zzzz", "BACKUP_POLICY"), "RootNotFoundException");
    }
}
