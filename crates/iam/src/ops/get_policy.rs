//! GetPolicy: a managed policy, its document apart.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::managed::{Managed, PolicyTarget};
use crate::model::{GetPolicy, GetPolicyRequest, GetPolicyResponse};

impl Operation for GetPolicy {
    type Access = Read;

    fn needs(input: &GetPolicyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let policy = PolicyTarget::to_read(at, &input.policy_arn)?;
        Ok(Needs::action(iam::GetPolicy).on(&policy).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetPolicyResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let policy = Managed::get(db, account, &req.input.policy_arn)?;
        Ok(GetPolicyResponse { policy: Some(policy.to_wire_whole(db, account)?) })
    }
}
