//! GetContextKeysForCustomPolicy: which condition keys and variables given policies ask for.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::context_keys;
use crate::model::{
    GetContextKeysForCustomPolicy, GetContextKeysForCustomPolicyRequest, GetContextKeysForPolicyResponse,
};

impl Operation for GetContextKeysForCustomPolicy {
    type Access = Read;

    fn needs(_input: &GetContextKeysForCustomPolicyRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::GetContextKeysForCustomPolicy).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetContextKeysForPolicyResponse, Fault> {
        let keys = context_keys::of_texts(&req.input.policy_input_list)?;
        Ok(GetContextKeysForPolicyResponse { context_key_names: Some(keys.list()) })
    }
}
