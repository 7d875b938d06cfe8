//! AcceptDelegationRequest: what a request asks for is granted, out of the rights of whoever calls this.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::Who;
use rolecall_identity::records::{DelegationApprover, DelegationState};

use crate::delegation::{self, Target};
use crate::model::{
    AcceptDelegationRequest, AcceptDelegationRequestRequest, AcceptDelegationRequestResponse, fault,
};

impl Operation for AcceptDelegationRequest {
    type Access = Write;

    fn needs(input: &AcceptDelegationRequestRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let request = Target::find(at, &input.delegation_request_id)?;
        Ok(Needs::action(iam::AcceptDelegationRequest)
            .on(&request)
            .key(iam::key::DelegationRequestOwner, request.owner())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AcceptDelegationRequestResponse, Fault> {
        let states = [DelegationState::Assigned, DelegationState::PendingApproval];
        let mut request = delegation::in_state(req, &req.input.delegation_request_id, &states)?;
        if req.caller.who == Who::Root && request.duration > delegation::ROOT_LONGEST {
            let text = "The root user can only accept delegation requests of 4 hours or less.";
            return Err(fault::invalid_input(text));
        }
        let session = delegation::session_of(req.caller, &request).ok_or_else(|| {
            let text = "A delegation request can not be accepted with a session that session policies limit.";
            fault::invalid_input(text)
        })?;
        request.approver = Some(DelegationApprover { arn: req.caller.arn.clone(), session });
        delegation::advance(req, request, DelegationState::Accepted)?;
        Ok(AcceptDelegationRequestResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::delegation::sample::Delegations;

    #[test]
    fn a_request_is_accepted_once_somebody_owns_it() {
        let scene = Delegations::new();
        let id = scene.request(|_| {});
        check_fault(scene.accept(&scene.scene.root, &id), "InvalidInput");
        scene.associate(&scene.scene.root, &id).unwrap();
        scene.accept(&scene.scene.root, &id).unwrap();
        let got = scene.get(&id).unwrap();
        assert_eq!((got.state.as_deref(), got.approver_id), (Some("ACCEPTED"), Some(ACCOUNT.root_arn())));
        check_fault(scene.accept(&scene.scene.root, &id), "InvalidInput");
    }

    #[test]
    fn owning_a_request_does_not_let_one_accept_it() {
        let scene = Delegations::new();
        let id = scene.request(|_| {});
        let takes = scene.user("takes", "iam:AssociateDelegationRequest");
        scene.associate(&takes, &id).unwrap();
        let message = check_fault(scene.accept(&takes, &id), "AccessDenied");
        assert!(message.contains("iam:AcceptDelegationRequest"), "{message}");
    }

    #[test]
    fn the_root_user_delegates_for_four_hours_at_most() {
        let scene = Delegations::new();
        let id = scene.request(|input| input.session_duration = 14_401);
        scene.associate(&scene.scene.root, &id).unwrap();
        check_fault(scene.accept(&scene.scene.root, &id), "InvalidInput");
        scene.accept(&scene.user("admin", "*"), &id).unwrap();
    }
}
