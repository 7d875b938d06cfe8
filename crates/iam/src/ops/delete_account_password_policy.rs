//! DeleteAccountPasswordPolicy: back to the default for passwords.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::model::{
    DeleteAccountPasswordPolicy, DeleteAccountPasswordPolicyRequest, DeleteAccountPasswordPolicyResponse,
    fault,
};
use rolecall_identity::records::PasswordPolicies;

impl Operation for DeleteAccountPasswordPolicy {
    type Access = Write;

    fn needs(_input: &DeleteAccountPasswordPolicyRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::DeleteAccountPasswordPolicy).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteAccountPasswordPolicyResponse, Fault> {
        let account = req.account();
        let tx = req.tx()?;
        if !tx.exists::<PasswordPolicies>(&account)? {
            let text = "The account policy with name PasswordPolicy cannot be found.";
            return Err(fault::no_such_entity(text));
        }
        tx.delete::<PasswordPolicies>(&account)?;
        Ok(DeleteAccountPasswordPolicyResponse {})
    }
}
