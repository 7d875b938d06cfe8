//! TagUser: sets tags of a user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::entity::{self, Target};
use crate::model::{TagUser, TagUserRequest, TagUserResponse};
use crate::tags;

impl Operation for TagUser {
    type Access = Write;

    fn needs(input: &TagUserRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::TagUser).on(&user).request_tags(tags::pairs(Some(&input.tags))).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<TagUserResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut user: User = entity::get(tx, account, &input.user_name)?;
        tags::add(&mut user.tags, &input.tags, "TagsPerUser")?;
        entity::put(tx, &user)?;
        Ok(TagUserResponse {})
    }
}
