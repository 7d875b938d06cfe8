//! GetUser: a user by name, or the caller.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::User;

use crate::access_key;
use crate::account_alias;
use crate::entity;
use crate::model::{self, GetUser, GetUserRequest, GetUserResponse};
use crate::wire;

impl Operation for GetUser {
    type Access = Read;

    fn needs(input: &GetUserRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = access_key::target(at, input.user_name.as_deref())?;
        Ok(Needs::action(iam::GetUser).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetUserResponse, Fault> {
        let (db, account) = (req.db()?, req.account());
        let Some(name) = access_key::user_name(req.caller, req.input.user_name.as_deref())? else {
            return root(db, account);
        };
        let user: User = entity::get(db, account, name)?;
        Ok(GetUserResponse { user: wire::user(&user) })
    }
}

/// The root user, which has neither name nor path.
fn root(db: &rolecall_store::Reader, account: rolecall_base::AccountId) -> Result<GetUserResponse, Fault> {
    let user = model::User {
        user_id: account.to_string(),
        arn: account.root_arn(),
        create_date: account_alias::read(db, account)?.created,
        ..model::User::default()
    };
    Ok(GetUserResponse { user })
}
