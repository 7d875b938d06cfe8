//! DeleteAccessKey: removes an access key.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::access_key;
use crate::model::{DeleteAccessKey, DeleteAccessKeyRequest, DeleteAccessKeyResponse};

impl Operation for DeleteAccessKey {
    type Access = Write;

    fn needs(input: &DeleteAccessKeyRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::DeleteAccessKey).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteAccessKeyResponse, Fault> {
        let (input, account, caller) = (req.input, req.account(), req.caller);
        let tx = req.tx()?;
        let (owner, _) = access_key::owner(tx, caller, input.user_name.as_deref())?;
        let key = access_key::get(tx, account, &owner, &input.access_key_id)?;
        access_key::delete(tx, &key)?;
        Ok(DeleteAccessKeyResponse {})
    }
}
