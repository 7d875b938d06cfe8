//! DescribePolicy: a policy with its text.

use rolecall_actions::organizations::{self, key};
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::model::{DescribePolicy, DescribePolicyRequest, DescribePolicyResponse};
use crate::policies;
use crate::standing::{Reach, Scope, Standing};

impl Operation for DescribePolicy {
    type Access = Read;

    fn needs(input: &DescribePolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        let (policy, kind) = scope.policy(&input.policy_id)?;
        Ok(scope.ask(Needs::action(organizations::DescribePolicy).on(&policy).key(key::PolicyType, kind)))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DescribePolicyResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let policy = policies::get(req.db()?, &organization, &req.input.policy_id)?;
        Ok(DescribePolicyResponse { policy: Some(policy.shown(&organization)) })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn awss_own_can_be_read() {
        let input = DescribePolicyRequest { policy_id: "p-FullAWSAccess".into() };
        let seen = Scene::new().call::<DescribePolicy>(input).unwrap().policy.unwrap();
        let summary = seen.policy_summary.unwrap();
        assert_eq!(summary.aws_managed, Some(true));
        assert_eq!(
            summary.arn.as_deref(),
            Some("arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess")
        );
    }
}
