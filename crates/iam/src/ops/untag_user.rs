//! UntagUser: removes tags of a user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::model::{UntagUser, UntagUserRequest, UntagUserResponse};
use crate::tags;

impl Operation for UntagUser {
    type Access = Write;

    fn needs(input: &UntagUserRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::UntagUser).on(&user).tag_keys(input.tag_keys.clone()).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UntagUserResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut user: User = entity::get(tx, account, &input.user_name)?;
        tags::remove(&mut user.tags, &input.tag_keys)?;
        entity::put(tx, &user)?;
        Ok(UntagUserResponse {})
    }
}
