//! DeleteUserPermissionsBoundary: takes the permissions boundary off a user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::boundary;
use crate::entity::{self, Target};
use crate::model::{
    DeleteUserPermissionsBoundary, DeleteUserPermissionsBoundaryRequest,
    DeleteUserPermissionsBoundaryResponse,
};

impl Operation for DeleteUserPermissionsBoundary {
    type Access = Write;

    fn needs(input: &DeleteUserPermissionsBoundaryRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::DeleteUserPermissionsBoundary)
            .on(&user)
            .key(iam::key::PermissionsBoundary, user.boundary())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeleteUserPermissionsBoundaryResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        boundary::set(tx, user, None)?;
        Ok(DeleteUserPermissionsBoundaryResponse {})
    }
}
