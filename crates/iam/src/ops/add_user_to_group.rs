//! AddUserToGroup: puts a user into a group.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{Group, User};

use crate::entity::{self, Target};
use crate::group;
use crate::model::{AddUserToGroup, AddUserToGroupRequest, AddUserToGroupResponse};

impl Operation for AddUserToGroup {
    type Access = Write;

    fn needs(input: &AddUserToGroupRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::AddUserToGroup).on(&group).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AddUserToGroupResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let group: Group = entity::get(tx, account, &input.group_name)?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        group::add(tx, &group, &user)?;
        Ok(AddUserToGroupResponse {})
    }
}
