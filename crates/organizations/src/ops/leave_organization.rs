//! LeaveOrganization: a member goes by itself.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::accounts;
use crate::model::{LeaveOrganization, LeaveOrganizationRequest, LeaveOrganizationResponse};
use crate::standing::Standing;

impl Operation for LeaveOrganization {
    type Access = Write;

    fn needs(_input: &LeaveOrganizationRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(organizations::LeaveOrganization).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<LeaveOrganizationResponse, Fault> {
        let here = Standing::own(req)?;
        accounts::leave(req.tx()?, &here.organization, &here.member)?;
        Ok(LeaveOrganizationResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_service_control_policy_keeps_members_in() {
        let scene = Scene::new();
        let dev = scene.account("dev");
        let policy = scene.denying("organizations:LeaveOrganization");
        scene.attach(&policy, &scene.top).unwrap();
        let leave = || scene.call_as::<LeaveOrganization>(dev, LeaveOrganizationRequest::default());
        let message = check_fault(leave(), "AccessDeniedException");
        assert!(
            message.contains("with an explicit deny in a service control policy: arn:aws:org"),
            "{message}"
        );
        scene.detach(&policy, &scene.top).unwrap();
        leave().unwrap();
    }

    #[test]
    fn the_management_account_stays() {
        let outcome = Scene::new().call::<LeaveOrganization>(LeaveOrganizationRequest::default());
        check_fault(outcome, "MasterCannotLeaveOrganizationException");
    }
}
