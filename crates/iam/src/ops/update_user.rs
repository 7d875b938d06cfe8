//! UpdateUser: another name or path for a user; policies, groups and keys stay.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::group;
use crate::holder;
use crate::model::{UpdateUser, UpdateUserRequest, UpdateUserResponse};

impl Operation for UpdateUser {
    type Access = Write;

    fn needs(input: &UpdateUserRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        let path = input.new_path.as_deref().or(user.path());
        let name = input.new_user_name.as_deref().unwrap_or(&input.user_name);
        let renamed = Target::<User>::new(at.account(), path, name);
        // AWS asks on both the old ARN and the new one.
        Ok(Needs::action(iam::UpdateUser)
            .on(&user)
            .done()
            .and(Needs::action(iam::UpdateUser).on(&renamed).done()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateUserResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let old: User = entity::get(tx, account, &input.user_name)?;
        let mut new = old.clone();
        new.name = input.new_user_name.clone().unwrap_or(new.name);
        new.path = input.new_path.clone().unwrap_or(new.path);
        holder::replace(tx, &old, &new)?;
        group::rename_user(tx, &old, &new)?;
        Ok(UpdateUserResponse {})
    }
}
