//! SendDelegationToken: the provider gets the token that it trades for credentials; the delegated time begins.

use rolecall_actions::iam;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::DelegationState;

use crate::delegation::{self, Target};
use crate::model::{SendDelegationToken, SendDelegationTokenRequest, SendDelegationTokenResponse};

impl Operation for SendDelegationToken {
    type Access = Write;

    fn needs(input: &SendDelegationTokenRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let request = Target::find(at, &input.delegation_request_id)?;
        Ok(Needs::action(iam::SendDelegationToken)
            .on(&request)
            .key(iam::key::DelegationRequestOwner, request.owner())
            .done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<SendDelegationTokenResponse, Fault> {
        let id = &req.input.delegation_request_id;
        let mut request = delegation::get(req.db()?, req.account(), id)?;
        if request.only_send_by_owner && !delegation::is_owner(&request, req.caller) {
            let text = "Only the owner of this delegation request can send its token.";
            return Err(Fault::new("AccessDenied", 403, text));
        }
        request = delegation::in_state(req, id, &[DelegationState::Accepted])?;
        request.sent = Some(req.now);
        delegation::advance(req, request, DelegationState::Finalized)?;
        Ok(SendDelegationTokenResponse {})
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::delegation::sample::Delegations;

    #[test]
    fn the_token_of_an_accepted_request_is_sent_once() {
        let scene = Delegations::new();
        let id = scene.request(|_| {});
        scene.associate(&scene.scene.root, &id).unwrap();
        check_fault(scene.send(&scene.scene.root, &id), "InvalidInput");
        scene.accept(&scene.scene.root, &id).unwrap();
        scene.send(&scene.scene.root, &id).unwrap();
        assert_eq!(scene.get(&id).unwrap().state.as_deref(), Some("FINALIZED"));
        check_fault(scene.send(&scene.scene.root, &id), "InvalidInput");
    }

    #[test]
    fn a_request_may_be_sent_by_its_owner_alone() {
        let scene = Delegations::new();
        let id = scene.request(|input| input.only_send_by_owner = Some(true));
        let owner = scene.user("owner", "iam:AssociateDelegationRequest");
        scene.associate(&owner, &id).unwrap();
        scene.accept(&scene.scene.root, &id).unwrap();
        check_fault(scene.send(&scene.scene.root, &id), "AccessDenied");
        scene.send(&owner, &id).unwrap();
    }
}
