//! DescribeResourcePolicy: what member accounts may do to the organization.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::DelegationPolicies;

use crate::delegation;
use crate::model::{
    DescribeResourcePolicy, DescribeResourcePolicyRequest, DescribeResourcePolicyResponse, fault,
};
use crate::standing::{Reach, Scope, Standing};

impl Operation for DescribeResourcePolicy {
    type Access = Read;

    fn needs(_input: &DescribeResourcePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        Ok(scope.ask(Needs::action(organizations::DescribeResourcePolicy).anywhere()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribeResourcePolicyResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let db = req.db()?;
        let row = db.get::<DelegationPolicies>(&organization.id)?.ok_or_else(absent)?;
        let resource_policy = Some(delegation::shown(db, &organization, &row)?);
        Ok(DescribeResourcePolicyResponse { resource_policy })
    }
}

pub(crate) fn absent() -> Fault {
    fault::resource_policy_not_found(
        "We can't find a resource policy request with the parameter that you specified.",
    )
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn an_organization_begins_without_one() {
        let outcome = Scene::new().call::<DescribeResourcePolicy>(DescribeResourcePolicyRequest::default());
        check_fault(outcome, "ResourcePolicyNotFoundException");
    }
}
