//! GetServiceLinkedRoleDeletionStatus: how far the deletion of a service-linked role is.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};
use rolecall_identity::records::Role;

use crate::entity::Target;
use crate::model::{
    GetServiceLinkedRoleDeletionStatus, GetServiceLinkedRoleDeletionStatusRequest,
    GetServiceLinkedRoleDeletionStatusResponse, fault,
};
use crate::records::DeletionTasks;
use crate::service_linked;

impl Operation for GetServiceLinkedRoleDeletionStatus {
    type Access = Read;

    fn needs(input: &GetServiceLinkedRoleDeletionStatusRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let task = &input.deletion_task_id;
        let arn = service_linked::role_arn_of_task(at.account(), task)
            .ok_or_else(|| fault::invalid_input(format!("Deletion task id {task} is not valid.")))?;
        let role = Target::<Role>::by_arn(arn, at.account());
        Ok(Needs::action(iam::GetServiceLinkedRoleDeletionStatus).on(&role).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<GetServiceLinkedRoleDeletionStatusResponse, Fault> {
        let (task, account) = (&req.input.deletion_task_id, req.account());
        if !req.db()?.exists::<DeletionTasks>(&(account, task.clone()))? {
            return Err(fault::no_such_entity(format!("Deletion task {task} cannot be found.")));
        }
        Ok(GetServiceLinkedRoleDeletionStatusResponse { status: "SUCCEEDED".to_owned(), reason: None })
    }
}
