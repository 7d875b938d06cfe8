//! DeleteUser: removes a user that nothing hangs on any more.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::access_key;
use crate::entity::{self, Target};
use crate::group;
use crate::holder;
use crate::model::{DeleteUser, DeleteUserRequest, DeleteUserResponse};

impl Operation for DeleteUser {
    type Access = Write;

    fn needs(input: &DeleteUserRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::DeleteUser).on(&user).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteUserResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        access_key::check_none(tx, &user)?;
        group::check_in_none(tx, &user)?;
        holder::check_bare(tx, &user)?;
        holder::erase(tx, &user)?;
        Ok(DeleteUserResponse {})
    }
}
