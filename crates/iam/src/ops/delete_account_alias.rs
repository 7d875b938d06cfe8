//! DeleteAccountAlias: takes the account's alias away.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::account_alias;
use crate::model::{DeleteAccountAlias, DeleteAccountAliasRequest, DeleteAccountAliasResponse};

impl Operation for DeleteAccountAlias {
    type Access = Write;

    fn needs(_input: &DeleteAccountAliasRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::DeleteAccountAlias).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteAccountAliasResponse, Fault> {
        let (input, account) = (req.input, req.account());
        account_alias::remove(req.tx()?, account, &input.account_alias)?;
        Ok(DeleteAccountAliasResponse {})
    }
}
