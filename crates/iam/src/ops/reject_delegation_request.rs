//! RejectDelegationRequest: a request is turned down, or its acceptance taken back before the token is sent.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::DelegationState;

use crate::delegation::{self, Target};
use crate::model::{
    RejectDelegationRequest, RejectDelegationRequestRequest, RejectDelegationRequestResponse,
};

impl Operation for RejectDelegationRequest {
    type Access = Write;

    fn needs(input: &RejectDelegationRequestRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let request = Target::find(at, &input.delegation_request_id)?;
        Ok(Needs::action(iam::RejectDelegationRequest)
            .on(&request)
            .key(iam::key::DelegationRequestOwner, request.owner())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<RejectDelegationRequestResponse, Fault> {
        use DelegationState::{Accepted, Assigned, PendingApproval, Rejected};
        let states = [Assigned, PendingApproval, Accepted];
        let mut request = delegation::in_state(req, &req.input.delegation_request_id, &states)?;
        request.rejection = req.input.notes.clone();
        delegation::advance(req, request, Rejected)?;
        Ok(RejectDelegationRequestResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::delegation::sample::Delegations;
    use crate::model::*;

    #[test]
    fn a_rejected_request_stays_rejected_with_its_reason() {
        let scene = Delegations::new();
        let id = scene.request(|_| {});
        let reject = || {
            let input = RejectDelegationRequestRequest {
                delegation_request_id: id.clone(),
                notes: Some("too much".into()),
            };
            scene.call::<RejectDelegationRequest>(input)
        };
        check_fault(reject(), "InvalidInput");
        scene.associate(&scene.scene.root, &id).unwrap();
        scene.accept(&scene.scene.root, &id).unwrap();
        reject().unwrap();
        let got = scene.get(&id).unwrap();
        assert_eq!(
            (got.state.as_deref(), got.rejection_reason.as_deref()),
            (Some("REJECTED"), Some("too much"))
        );
        check_fault(scene.accept(&scene.scene.root, &id), "InvalidInput");
        check_fault(scene.send(&scene.scene.root, &id), "InvalidInput");
    }
}
