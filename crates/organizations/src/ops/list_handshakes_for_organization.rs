//! ListHandshakesForOrganization: by which the organization has asked.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Read};

use crate::handshakes;
use crate::model::{
    ListHandshakesForOrganization, ListHandshakesForOrganizationRequest,
    ListHandshakesForOrganizationResponse,
};
use crate::page::Window;
use crate::standing::{Reach, Scope, Standing};

impl Operation for ListHandshakesForOrganization {
    type Access = Read;

    fn needs(_input: &ListHandshakesForOrganizationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Read)?;
        Ok(scope.ask(Needs::action(organizations::ListHandshakesForOrganization).anywhere()))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<ListHandshakesForOrganizationResponse, Fault> {
        let organization = Standing::require(req, Reach::Read)?.organization;
        let (db, input, now) = (req.db()?, req.input, req.now);
        let all = handshakes::of_organization(db, &organization.id)?;
        let window = Window::new(input.next_token.as_deref(), input.max_results)?;
        let listed = handshakes::listed(all, input.filter.as_ref(), now);
        let (shown, next_token) = window.cut(listed, |one| handshakes::shown(db, &one, now))?;
        Ok(ListHandshakesForOrganizationResponse { handshakes: Some(shown), next_token })
    }
}

#[cfg(test)]
mod tests {
    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn an_invitation_to_an_address_is_listed_too() {
        let scene = Scene::new();
        let input = InviteAccountToOrganizationRequest {
            target: HandshakeParty { id: "new@example.com".into(), type_: "EMAIL".into() },
            ..Default::default()
        };
        scene.call::<InviteAccountToOrganization>(input).unwrap();
        let input = ListHandshakesForOrganizationRequest::default();
        let listed = scene.call::<ListHandshakesForOrganization>(input).unwrap().handshakes.unwrap();
        let party = &listed[0].parties.as_ref().unwrap()[1];
        assert_eq!((party.id.as_str(), party.type_.as_str()), ("new@example.com", "EMAIL"));
    }
}
