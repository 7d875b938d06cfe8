//! CreateAccountAlias: gives the account an alias, in the place of the one it has.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::account_alias;
use crate::model::{CreateAccountAlias, CreateAccountAliasRequest, CreateAccountAliasResponse};

impl Operation for CreateAccountAlias {
    type Access = Write;

    fn needs(_input: &CreateAccountAliasRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(iam::CreateAccountAlias).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CreateAccountAliasResponse, Fault> {
        let (input, account) = (req.input, req.account());
        account_alias::set(req.tx()?, account, &input.account_alias)?;
        Ok(CreateAccountAliasResponse {})
    }
}
