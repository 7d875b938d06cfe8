//! CreateAccount: a further account with its root keys.

use rolecall_actions::rolecall;
use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::KeyOwner;
use rolecall_identity::{add_key, open_account};
use rolecall_wire::record::{Tell, Teller};
use serde::{Deserialize, Serialize};

use super::json::operation;

#[derive(Debug)]
pub struct CreateAccount;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    account: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct NewAccount {
    account: String,
    access_key_id: String,
    secret_access_key: String,
}

impl std::fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NewAccount({})", self.account)
    }
}

impl Tell for Request {
    fn tell(&self, t: &mut Teller) {
        t.open();
        t.put("account", Some(&self.account));
        t.close();
    }
}

operation!(CreateAccount, "POST" "/_rolecall/accounts", Request => NewAccount);

impl Operation for CreateAccount {
    type Access = Write;

    fn needs(_input: &Request, at: &At<'_>) -> Result<Needs, Fault> {
        super::only_first_account(at)?;
        Ok(Needs::action(rolecall::CreateAccount).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<NewAccount, Fault> {
        let account: AccountId = req.input.account.parse().map_err(|error| {
            Fault::new("ValidationException", 400, format!("`{}`: {error}.", req.input.account))
        })?;
        let (env, vault) = (req.env, &req.identity.vault);
        let tx = req.tx()?;
        open_account(tx, env, account)?;
        let key = add_key(tx, env, vault, account, KeyOwner::Root)?;
        Ok(NewAccount { account: account.to_string(), access_key_id: key.id, secret_access_key: key.secret })
    }
}
