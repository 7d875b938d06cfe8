//! DeletePolicy: ends a policy that is attached to nothing.

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::OrganizationPolicies;

use crate::model::{DeletePolicy, DeletePolicyRequest, DeletePolicyResponse, fault};
use crate::policies::{self, Found};
use crate::standing::{Reach, Scope, Standing};

impl Operation for DeletePolicy {
    type Access = Write;

    fn needs(input: &DeletePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Policies)?;
        let (policy, kind) = scope.policy(&input.policy_id)?;
        Ok(scope.ask(Needs::action(organizations::DeletePolicy).on(&policy).key(key::PolicyType, kind)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeletePolicyResponse, Fault> {
        let organization = Standing::require(req, Reach::Policies)?.organization;
        let input = req.input;
        let tx = req.tx()?;
        let policy = policies::get(tx, &organization, &input.policy_id)?.own()?;
        let id = policy.id.clone();
        if policies::is_attached(tx, &organization, &Found::Own(Box::new(policy)))? {
            return Err(fault::policy_in_use(
                "The policy is attached to one or more entities. You must detach it from all roots, OUs, and accounts \
                 before performing this operation.",
            ));
        }
        tx.delete::<OrganizationPolicies>(&(organization.id, id))?;
        Ok(DeletePolicyResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn one_that_is_attached_stays() {
        let scene = Scene::new();
        let policy = scene.denying("s3:*");
        scene.attach(&policy, &scene.top).unwrap();
        let delete = || scene.call::<DeletePolicy>(DeletePolicyRequest { policy_id: policy.clone() });
        check_fault(delete(), "PolicyInUseException");
        scene.detach(&policy, &scene.top).unwrap();
        delete().unwrap();
        check_fault(delete(), "PolicyNotFoundException");
    }
}
