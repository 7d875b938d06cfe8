//! RemoveUserFromGroup: takes a user out of a group.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{Group, User};

use crate::entity::{self, Target};
use crate::group;
use crate::model::{RemoveUserFromGroup, RemoveUserFromGroupRequest, RemoveUserFromGroupResponse};

impl Operation for RemoveUserFromGroup {
    type Access = Write;

    fn needs(input: &RemoveUserFromGroupRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::RemoveUserFromGroup).on(&group).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RemoveUserFromGroupResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let group: Group = entity::get(tx, account, &input.group_name)?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        group::remove(tx, &group, &user)?;
        Ok(RemoveUserFromGroupResponse {})
    }
}
