//! AssociateDelegationRequest: the caller takes a request of a product provider upon itself, and with that its account.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{DelegationOwner, DelegationState};

use crate::delegation::{self, Target};
use crate::model::{
    AssociateDelegationRequest, AssociateDelegationRequestRequest, AssociateDelegationRequestResponse,
};

impl Operation for AssociateDelegationRequest {
    type Access = Write;

    fn needs(input: &AssociateDelegationRequestRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let request = Target::find(at, &input.delegation_request_id)?;
        Ok(Needs::action(iam::AssociateDelegationRequest)
            .on(&request)
            .key(iam::key::DelegationRequestOwner, request.owner())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AssociateDelegationRequestResponse, Fault> {
        let id = &req.input.delegation_request_id;
        let mut request = delegation::in_state(req, id, &[DelegationState::Unassigned])?;
        let account = req.account();
        request.owner_account = Some(account);
        request.owner =
            Some(DelegationOwner { arn: req.caller.arn.clone(), user_id: req.caller.user_id.clone() });
        delegation::index_owner(req.tx()?, account, &request.id)?;
        delegation::advance(req, request, DelegationState::Assigned)?;
        Ok(AssociateDelegationRequestResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::{ACCOUNT, check_fault};

    use crate::delegation::sample::Delegations;

    #[test]
    fn who_takes_a_request_first_owns_it() {
        let scene = Delegations::new();
        let id = scene.request(|_| {});
        scene.associate(&scene.scene.root, &id).unwrap();
        let got = scene.get(&id).unwrap();
        assert_eq!(got.owner_id, Some(ACCOUNT.root_arn()));
        assert_eq!(got.owner_account_id, Some(ACCOUNT.to_string()));
        check_fault(scene.associate(&scene.scene.root, &id), "InvalidInput");
        check_fault(scene.associate(&scene.stranger, &id), "NoSuchEntity");
    }

    #[test]
    fn a_request_for_an_account_is_taken_by_that_account_only() {
        let scene = Delegations::new();
        let id = scene.request(|input| input.owner_account_id = Some(ACCOUNT.to_string()));
        check_fault(scene.associate(&scene.stranger, &id), "NoSuchEntity");
        scene.associate(&scene.scene.root, &id).unwrap();
    }

    #[test]
    fn taking_a_request_wants_a_permission() {
        let scene = Delegations::new();
        let id = scene.request(|_| {});
        let ann = scene.scene.world.user("ann", "");
        check_fault(scene.associate(&ann, &id), "AccessDenied");
    }
}
