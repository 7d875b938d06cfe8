//! UpdateDelegationRequest: its owner forwards a request, with notes, to somebody who may accept it.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::DelegationState;

use crate::delegation::{self, Target};
use crate::model::{
    UpdateDelegationRequest, UpdateDelegationRequestRequest, UpdateDelegationRequestResponse,
};

impl Operation for UpdateDelegationRequest {
    type Access = Write;

    fn needs(input: &UpdateDelegationRequestRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let request = Target::find(at, &input.delegation_request_id)?;
        Ok(Needs::action(iam::UpdateDelegationRequest)
            .on(&request)
            .key(iam::key::DelegationRequestOwner, request.owner())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<UpdateDelegationRequestResponse, Fault> {
        let states = [DelegationState::Assigned, DelegationState::PendingApproval];
        let mut request = delegation::in_state(req, &req.input.delegation_request_id, &states)?;
        if let Some(notes) = &req.input.notes {
            request.notes = Some(notes.clone());
        }
        delegation::advance(req, request, DelegationState::PendingApproval)?;
        Ok(UpdateDelegationRequestResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::delegation::sample::Delegations;
    use crate::model::*;

    #[test]
    fn the_owner_forwards_a_request_without_a_policy_and_nobody_else_does() {
        let scene = Delegations::new();
        let id = scene.request(|_| {});
        let owner = scene.user("owner", "iam:AssociateDelegationRequest");
        scene.associate(&owner, &id).unwrap();
        let input = UpdateDelegationRequestRequest {
            delegation_request_id: id.clone(),
            notes: Some("please".into()),
        };
        let world = &scene.scene.world;
        let other = scene.user("other", "iam:AssociateDelegationRequest");
        check_fault(world.call::<UpdateDelegationRequest>(&other, input.clone()), "AccessDenied");
        world.call::<UpdateDelegationRequest>(&owner, input).unwrap();
        let got = scene.get_by(&owner, &id).unwrap();
        assert_eq!((got.state.as_deref(), got.notes.as_deref()), (Some("PENDING_APPROVAL"), Some("please")));
    }
}
