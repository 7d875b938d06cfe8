//! UntagRole: removes tags of a role.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::Role;

use crate::entity::{self, Target};
use crate::holder::Holds;
use crate::model::{UntagRole, UntagRoleRequest, UntagRoleResponse};
use crate::tags;

impl Operation for UntagRole {
    type Access = Write;

    fn needs(input: &UntagRoleRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let role = Target::<Role>::find(at, &input.role_name)?;
        Ok(Needs::action(iam::UntagRole).on(&role).tag_keys(input.tag_keys.clone()).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UntagRoleResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let mut role: Role = entity::get(tx, account, &input.role_name)?;
        role.modifiable()?;
        tags::remove(&mut role.tags, &input.tag_keys)?;
        entity::put(tx, &role)?;
        Ok(UntagRoleResponse {})
    }
}
