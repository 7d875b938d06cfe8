//! ListHandshakesForAccount: by which the caller's account is asked; no organization is needed.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::handshakes;
use crate::model::{
    ListHandshakesForAccount, ListHandshakesForAccountRequest, ListHandshakesForAccountResponse,
};
use crate::page::Window;

impl Operation for ListHandshakesForAccount {
    type Access = Read;

    fn needs(_input: &ListHandshakesForAccountRequest, _at: &At<'_>) -> Result<Needs, Fault> {
        Ok(Needs::action(organizations::ListHandshakesForAccount).anywhere().done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListHandshakesForAccountResponse, Fault> {
        let (db, input, now) = (req.db()?, req.input, req.now);
        let all = handshakes::of_account(db, req.account())?;
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let listed = handshakes::listed(all, input.filter.as_ref(), now);
        let (shown, next_token) = window.cut(listed, |one| handshakes::shown(db, &one, now))?;
        Ok(ListHandshakesForAccountResponse { handshakes: Some(shown), next_token })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn an_invited_account_finds_its_invitation() {
        let scene = Scene::new();
        let other = "555555555555".parse().unwrap();
        scene.world.account(other);
        let input = InviteAccountToOrganizationRequest {
            target: HandshakeParty { id: "555555555555".into(), type_: "ACCOUNT".into() },
            ..Default::default()
        };
        scene.call::<InviteAccountToOrganization>(input).unwrap();
        let count = |action: &str| {
            let filter = HandshakeFilter { action_type: Some(action.into()), parent_handshake_id: None };
            let input = ListHandshakesForAccountRequest { filter: Some(filter), ..Default::default() };
            let listed = scene.call_as::<ListHandshakesForAccount>(other, input).unwrap();
            listed.handshakes.unwrap().len()
        };
        assert_eq!((count("INVITE"), count("APPROVE_ALL_FEATURES")), (1, 0));
    }
}
