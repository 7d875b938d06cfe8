//! CancelHandshake: who asked takes back what it asked.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::handshakes;
use crate::model::{CancelHandshake, CancelHandshakeRequest, CancelHandshakeResponse};

impl Operation for CancelHandshake {
    type Access = Write;

    fn needs(input: &CancelHandshakeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let handshake = handshakes::asked(at, &input.handshake_id)?;
        Ok(Needs::action(organizations::CancelHandshake).on(&handshake).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<CancelHandshakeResponse, Fault> {
        let (input, now, account) = (req.input, req.now, req.account());
        let tx = req.tx()?;
        let mut handshake = handshakes::get(tx, &input.handshake_id)?;
        if handshake.management != account {
            return Err(handshakes::absent());
        }
        handshakes::check_open(tx, &handshake, "CANCELED", now)?;
        handshakes::finish(tx, &mut handshake, "CANCELED", now)?;
        // With a change of features go the requests that it sent.
        for mut child in handshakes::of_organization(tx, &handshake.organization)? {
            if child.parent.as_ref() == Some(&handshake.id) && child.state == "OPEN" {
                handshakes::finish(tx, &mut child, "CANCELED", now)?;
            }
        }
        Ok(CancelHandshakeResponse { handshake: Some(handshakes::shown(tx, &handshake, now)?) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn only_who_asked_takes_it_back() {
        let scene = Scene::new();
        let other = "555555555555".parse().unwrap();
        scene.world.account(other);
        let input = InviteAccountToOrganizationRequest {
            target: HandshakeParty { id: "555555555555".into(), type_: "ACCOUNT".into() },
            ..Default::default()
        };
        let id = scene.call::<InviteAccountToOrganization>(input).unwrap().handshake.unwrap().id.unwrap();
        let input = || CancelHandshakeRequest { handshake_id: id.clone() };
        check_fault(scene.call_as::<CancelHandshake>(other, input()), "HandshakeNotFoundException");
        let canceled = scene.call::<CancelHandshake>(input()).unwrap().handshake.unwrap();
        assert_eq!(canceled.state.as_deref(), Some("CANCELED"));
        check_fault(scene.call::<CancelHandshake>(input()), "HandshakeAlreadyInStateException");
    }
}
