//! DeclineHandshake: who is asked says no.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};

use crate::handshakes;
use crate::model::{DeclineHandshake, DeclineHandshakeRequest, DeclineHandshakeResponse};

impl Operation for DeclineHandshake {
    type Access = Write;

    fn needs(input: &DeclineHandshakeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let handshake = handshakes::asked(at, &input.handshake_id)?;
        Ok(Needs::action(organizations::DeclineHandshake).on(&handshake).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<DeclineHandshakeResponse, Fault> {
        let (input, now, account) = (req.input, req.now, req.account());
        let tx = req.tx()?;
        let mut handshake = handshakes::get(tx, &input.handshake_id)?;
        if handshake.account != Some(account) {
            return Err(handshakes::absent());
        }
        handshakes::check_open(tx, &handshake, "DECLINED", now)?;
        handshakes::finish(tx, &mut handshake, "DECLINED", now)?;
        Ok(DeclineHandshakeResponse { handshake: Some(handshakes::shown(tx, &handshake, now)?) })
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    #[test]
    fn a_declined_invitation_stays_so() {
        let scene = Scene::new();
        let other = "555555555555".parse().unwrap();
        scene.world.account(other);
        let input = InviteAccountToOrganizationRequest {
            target: HandshakeParty { id: "555555555555".into(), type_: "ACCOUNT".into() },
            ..Default::default()
        };
        let id = scene.call::<InviteAccountToOrganization>(input).unwrap().handshake.unwrap().id.unwrap();
        let decline = |account| {
            scene.call_as::<DeclineHandshake>(account, DeclineHandshakeRequest { handshake_id: id.clone() })
        };
        check_fault(decline(rolecall_testkit::ACCOUNT), "HandshakeNotFoundException");
        let declined = decline(other).unwrap().handshake.unwrap();
        assert_eq!(declined.state.as_deref(), Some("DECLINED"));
        let accept = AcceptHandshakeRequest { handshake_id: id.clone() };
        let outcome = scene.call_as::<AcceptHandshake>(other, accept);
        check_fault(outcome, "InvalidHandshakeTransitionException");
    }

    #[test]
    fn a_handshake_is_gone_thirty_days_after_it_ended() {
        let scene = Scene::new();
        let invite = |number: &str| {
            let account = number.parse().unwrap();
            scene.world.account(account);
            let input = InviteAccountToOrganizationRequest {
                target: HandshakeParty { id: number.into(), type_: "ACCOUNT".into() },
                ..Default::default()
            };
            let made = scene.call::<InviteAccountToOrganization>(input).unwrap().handshake.unwrap();
            (account, made.id.unwrap())
        };
        let (other, id) = invite("555555555555");
        let input = DeclineHandshakeRequest { handshake_id: id.clone() };
        scene.call_as::<DeclineHandshake>(other, input).unwrap();
        let describe =
            || scene.call::<DescribeHandshake>(DescribeHandshakeRequest { handshake_id: id.clone() });
        let rows = || {
            let db = scene.world.store.read().unwrap();
            db.scan::<rolecall_identity::records::Handshakes>(&(), None, 10).unwrap().len()
        };
        let day = std::time::Duration::from_secs(86_400);
        scene.world.env.advance(day * 29);
        describe().unwrap();
        scene.world.env.advance(day);
        check_fault(describe(), "HandshakeNotFoundException");
        assert_eq!(rows(), 1);
        invite("666666666666");
        assert_eq!(rows(), 1, "the old one is deleted when a new one comes");
    }
}
