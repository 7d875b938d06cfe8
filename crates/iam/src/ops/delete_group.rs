//! DeleteGroup: removes a group that nobody is in and nothing hangs on.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Group;

use crate::entity::{self, Target};
use crate::group;
use crate::holder;
use crate::model::{DeleteGroup, DeleteGroupRequest, DeleteGroupResponse};

impl Operation for DeleteGroup {
    type Access = Write;

    fn needs(input: &DeleteGroupRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let group = Target::<Group>::find(at, &input.group_name)?;
        Ok(Needs::action(iam::DeleteGroup).on(&group).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteGroupResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let group: Group = entity::get(tx, account, &input.group_name)?;
        group::check_empty(tx, &group)?;
        holder::check_bare(tx, &group)?;
        holder::erase(tx, &group)?;
        Ok(DeleteGroupResponse {})
    }
}
