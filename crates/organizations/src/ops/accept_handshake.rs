//! AcceptHandshake: an invited account joins; an organization gets all features once everybody agreed.

use rolecall_actions::organizations;
use rolecall_base::Fault;
use rolecall_door::{At, Authorized, Needs, Operation, Write};
use rolecall_identity::records::{Handshake, Members, Organization, Organizations};
use rolecall_identity::{bind_anew, open_organizations_role};

use crate::accounts;
use crate::handshakes::{self, APPROVE, ENABLE};
use crate::model::{AcceptHandshake, AcceptHandshakeRequest, AcceptHandshakeResponse, fault};
use crate::refusal;
use crate::transfers::{self, TRANSFER};

impl Operation for AcceptHandshake {
    type Access = Write;

    fn needs(input: &AcceptHandshakeRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let handshake = handshakes::asked(at, &input.handshake_id)?;
        Ok(Needs::action(organizations::AcceptHandshake).on(&handshake).done())
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<AcceptHandshakeResponse, Fault> {
        let (now, account) = (req.now, req.account());
        let mut handshake = handshakes::get(req.db()?, &req.input.handshake_id)?;
        // The management account ends a change of features; all else is for who is asked.
        let may = match handshake.action.as_str() {
            ENABLE => handshake.management == account,
            _ => handshake.account == Some(account),
        };
        if !may {
            return Err(handshakes::absent());
        }
        handshakes::check_open(req.db()?, &handshake, "ACCEPTED", now)?;
        let organization = req.db()?.get::<Organizations>(&handshake.organization)?;
        let organization = organization.ok_or_else(handshakes::absent)?;
        match handshake.action.as_str() {
            ENABLE => enable(req, organization)?,
            APPROVE => {}
            TRANSFER => check_source(req, &handshake)?,
            _ => join(req, &organization, &handshake)?,
        }
        let tx = req.tx()?;
        handshakes::finish(tx, &mut handshake, "ACCEPTED", now)?;
        Ok(AcceptHandshakeResponse { handshake: Some(handshakes::shown(tx, &handshake, now)?) })
    }
}

fn join(
    req: &mut Authorized<'_, AcceptHandshake>,
    organization: &Organization,
    handshake: &Handshake,
) -> Result<(), Fault> {
    let (env, now, account) = (req.env, req.now, req.account());
    let tx = req.tx()?;
    let refuse = |reason: &'static str, text: &str| {
        Err(fault::handshake_constraint_violation(text).with("Reason", reason))
    };
    if tx.exists::<Members>(&account)? {
        let text =
            "The handshake request is invalid because the account is already a member of an organization.";
        return refuse("ALREADY_IN_AN_ORGANIZATION", text);
    }
    if handshakes::enabling(tx, &organization.id, now)?.is_some() {
        let text = "Accounts can't join an organization while it's in the process of enabling all features.";
        return refuse("INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES", text);
    }
    accounts::check_room(tx, organization)?;
    open_organizations_role(tx, env, account)?;
    accounts::join(tx, organization, account, true, now, handshake.tags.clone())
}

/// Whoever was invited must still manage the organization that it was then.
fn check_source(req: &Authorized<'_, AcceptHandshake>, handshake: &Handshake) -> Result<(), Fault> {
    let db = req.db()?;
    let transfer = transfers::of_handshake(db, handshake)?.ok_or_else(handshakes::absent)?;
    let own = transfers::managed_by(db, req.account())?;
    if own.is_some_and(|own| own.id == transfer.source.organization) {
        return Ok(());
    }
    let text = "The account does not manage the organization whose responsibility was to be transferred.";
    Err(fault::handshake_constraint_violation(text).with("Reason", "TARGET_ACCOUNT_VALIDATION_FAILURE"))
}

fn enable(req: &mut Authorized<'_, AcceptHandshake>, mut organization: Organization) -> Result<(), Fault> {
    let tx = req.tx()?;
    if organization.all_features {
        return Err(refusal::invalid("INVALID_ENUM", "The organization already has all features enabled."));
    }
    organization.all_features = true;
    tx.put::<Organizations>(&organization.id, &organization)?;
    bind_anew(tx, &organization.id)
}

#[cfg(test)]
mod tests {
    use rolecall_base::AccountId;
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    const OTHER: &str = "555555555555";

    fn invited(scene: &Scene) -> (AccountId, String) {
        let other = OTHER.parse().unwrap();
        scene.world.account(other);
        let input = InviteAccountToOrganizationRequest {
            target: HandshakeParty { id: OTHER.into(), type_: "ACCOUNT".into() },
            ..Default::default()
        };
        let made = scene.call::<InviteAccountToOrganization>(input).unwrap().handshake.unwrap();
        (other, made.id.unwrap())
    }

    fn accept(
        scene: &Scene,
        account: AccountId,
        id: &str,
    ) -> Result<AcceptHandshakeResponse, rolecall_base::Fault> {
        scene.call_as::<AcceptHandshake>(account, AcceptHandshakeRequest { handshake_id: id.into() })
    }

    #[test]
    fn an_account_is_in_as_soon_as_it_accepts_and_bound_at_once() {
        let scene = Scene::new();
        let (other, id) = invited(&scene);
        scene.attach(&scene.denying("organizations:DescribeOrganization"), &scene.top).unwrap();
        let look = || scene.call_as::<DescribeOrganization>(other, DescribeOrganizationRequest::default());
        check_fault(look(), "AWSOrganizationsNotInUseException");
        accept(&scene, other, &id).unwrap();
        check_fault(look(), "AccessDeniedException");
        let input = DescribeAccountRequest { account_id: OTHER.into() };
        let seen = scene.call::<DescribeAccount>(input).unwrap().account.unwrap();
        assert_eq!(seen.joined_method.as_deref(), Some("INVITED"));
        check_fault(accept(&scene, other, &id), "HandshakeAlreadyInStateException");
    }

    #[test]
    fn an_invitation_is_for_who_was_invited() {
        let scene = Scene::new();
        let (_, id) = invited(&scene);
        let stranger = "666666666666".parse().unwrap();
        scene.world.account(stranger);
        check_fault(accept(&scene, stranger, &id), "HandshakeNotFoundException");
        check_fault(accept(&scene, AccountId::ZERO, &id), "HandshakeNotFoundException");
    }

    #[test]
    fn one_that_is_over_is_not_accepted() {
        let scene = Scene::new();
        let (other, id) = invited(&scene);
        scene.call::<CancelHandshake>(CancelHandshakeRequest { handshake_id: id.clone() }).unwrap();
        check_fault(accept(&scene, other, &id), "InvalidHandshakeTransitionException");
    }
}
