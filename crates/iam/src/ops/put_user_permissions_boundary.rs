//! PutUserPermissionsBoundary: sets the permissions boundary of a user.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::User;

use crate::boundary;
use crate::entity::{self, Target};
use crate::model::{
    PutUserPermissionsBoundary, PutUserPermissionsBoundaryRequest, PutUserPermissionsBoundaryResponse,
};

impl Operation for PutUserPermissionsBoundary {
    type Access = Write;

    fn needs(input: &PutUserPermissionsBoundaryRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let user = Target::<User>::find(at, &input.user_name)?;
        Ok(Needs::action(iam::PutUserPermissionsBoundary)
            .on(&user)
            .key(iam::key::PermissionsBoundary, Some(input.permissions_boundary.as_str()))
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<PutUserPermissionsBoundaryResponse, Fault> {
        let (input, account) = (req.input, req.account());
        let tx = req.tx()?;
        let user: User = entity::get(tx, account, &input.user_name)?;
        boundary::set(tx, user, Some(&input.permissions_boundary))?;
        Ok(PutUserPermissionsBoundaryResponse {})
    }
}
