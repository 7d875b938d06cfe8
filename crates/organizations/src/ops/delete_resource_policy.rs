//! DeleteResourcePolicy: member accounts may do nothing to the organization any more.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::DelegationPolicies;

use crate::model::{DeleteResourcePolicy, DeleteResourcePolicyRequest, DeleteResourcePolicyResponse};
use crate::ops::describe_resource_policy::absent;
use crate::standing::{Reach, Scope, Standing};

impl Operation for DeleteResourcePolicy {
    type Access = Write;

    fn needs(_input: &DeleteResourcePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        Ok(scope.ask(Needs::action(organizations::DeleteResourcePolicy).anywhere()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteResourcePolicyResponse, Fault> {
        let id = Standing::require(req, Reach::Management)?.organization.id;
        let tx = req.tx()?;
        if !tx.exists::<DelegationPolicies>(&id)? {
            return Err(absent());
        }
        tx.delete::<DelegationPolicies>(&id)?;
        Ok(DeleteResourcePolicyResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn there_must_be_one() {
        let outcome = Scene::new().call::<DeleteResourcePolicy>(DeleteResourcePolicyRequest::default());
        check_fault(outcome, "ResourcePolicyNotFoundException");
    }
}
