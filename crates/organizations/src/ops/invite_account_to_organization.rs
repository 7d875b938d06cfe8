//! InviteAccountToOrganization: asks an account to join; it is in when it accepts.

use std::time::Duration;

use rolecall_actions::organizations::{self, kind};
use rolecall_base::{AccountId, Fault};
use rolecall_door::{At, Authorized, ByArn, Needs, Operation, Write};
use rolecall_identity::records::{Accounts, AccountsByAddress, Handshake, Members};
use rolecall_store::Reader;

use crate::accounts;
use crate::handshakes::{self, INVITATION, INVITE};
use crate::model::{
    HandshakeParty, InviteAccountToOrganization, InviteAccountToOrganizationRequest,
    InviteAccountToOrganizationResponse, fault,
};
use crate::refusal::invalid;
use crate::standing::{Reach, Scope, Standing};
use crate::tags;

impl Operation for InviteAccountToOrganization {
    type Access = Write;

    fn needs(input: &InviteAccountToOrganizationRequest, at: &At<'_>) -> Result<Needs, Fault> {
        let scope = Scope::new(at, Reach::Management)?;
        let action = Needs::action(organizations::InviteAccountToOrganization);
        let question = if input.target.type_ == "ACCOUNT" {
            let account: ByArn<kind::Account> = scope.thing("account", &input.target.id);
            action.on(&account)
        } else {
            action.anywhere()
        };
        Ok(scope.ask(question.request_tags(tags::pairs(input.tags.as_ref()))))
    }

    fn run(req: &mut Authorized<'_, Self>) -> Result<InviteAccountToOrganizationResponse, Fault> {
        let organization = Standing::require(req, Reach::Management)?.organization;
        let (input, env, now) = (req.input, req.env, req.now);
        let tags = tags::first(input.tags.as_ref())?;
        let tx = req.tx()?;
        let account = invited(tx, &input.target)?;
        let refuse = |reason: &'static str, text: &str| {
            Err(fault::handshake_constraint_violation(text).with("Reason", reason))
        };
        if handshakes::enabling(tx, &organization.id, now)?.is_some() {
            let text = "You can't issue new invitations to join an organization while it's in the process of enabling \
                        all features.";
            return refuse("INVITE_DISABLED_DURING_ENABLE_ALL_FEATURES", text);
        }
        if let Some(account) = account
            && tx.exists::<Members>(&account)?
        {
            let text = "The handshake request is invalid because the invited account is already a member of an \
                        organization.";
            return refuse("ALREADY_IN_AN_ORGANIZATION", text);
        }
        accounts::check_room(tx, &organization)?;
        let address = (input.target.type_ == "EMAIL").then(|| input.target.id.to_lowercase());
        for other in handshakes::of_organization(tx, &organization.id)? {
            let same = (account.is_some() && other.account == account)
                || (address.is_some() && other.address == address);
            if same && other.action == INVITE && handshakes::state(tx, &other, now)? == "OPEN" {
                let text = "A handshake with the same action and target already exists.";
                return Err(fault::duplicate_handshake(text));
            }
        }
        let handshake = Handshake {
            id: env.lower_id("h-", 32),
            organization: organization.id,
            management: organization.management,
            action: INVITE.into(),
            account,
            address,
            state: "OPEN".into(),
            requested: now.whole_seconds(),
            expires: now.whole_seconds() + Duration::from_secs(INVITATION),
            notes: input.notes.clone().filter(|notes| !notes.is_empty()),
            parent: None,
            tags,
            ended: None,
        };
        handshakes::add(tx, &handshake, now)?;
        let handshake = Some(handshakes::shown(tx, &handshake, now)?);
        Ok(InviteAccountToOrganizationResponse { handshake })
    }
}

/// The account that is meant; `None` for an address that is no account's yet.
fn invited(db: &Reader, target: &HandshakeParty) -> Result<Option<AccountId>, Fault> {
    match target.type_.as_str() {
        "ACCOUNT" => {
            let account = target.id.parse::<AccountId>().ok();
            let account = match account {
                Some(account) if db.exists::<Accounts>(&account)? => Some(account),
                _ => None,
            };
            let text = "You specified an account that doesn't exist.";
            account.map(Some).ok_or_else(|| invalid("INVALID_PATTERN_TARGET_ID", text))
        }
        "EMAIL" => {
            let row = db.get::<AccountsByAddress>(&target.id.to_lowercase())?;
            Ok(row.map(|row| row.account))
        }
        _ => {
            let text = "You specified the wrong type of entity (account, organization, or email) as a party.";
            Err(invalid("INVALID_PARTY_TYPE_TARGET", text))
        }
    }
}

#[cfg(test)]
mod tests {
    use rolecall_testkit::check_fault;

    use crate::model::*;
    use crate::scene::Scene;

    fn invite(scene: &Scene, id: &str, kind: &str) -> Result<Handshake, rolecall_base::Fault> {
        let input = InviteAccountToOrganizationRequest {
            target: HandshakeParty { id: id.into(), type_: kind.into() },
            notes: Some("come in".into()),
            tags: None,
        };
        scene.call::<InviteAccountToOrganization>(input).map(|answer| answer.handshake.unwrap())
    }

    #[test]
    fn an_invitation_names_both_sides_and_ends_after_fifteen_days() {
        let scene = Scene::new();
        scene.world.account("555555555555".parse().unwrap());
        let made = invite(&scene, "555555555555", "ACCOUNT").unwrap();
        assert_eq!((made.state.as_deref(), made.action.as_deref()), (Some("OPEN"), Some("INVITE")));
        assert_eq!(made.parties.unwrap()[1].id, "555555555555");
        assert!(made.arn.unwrap().contains("/invite/h-"));
        check_fault(invite(&scene, "555555555555", "ACCOUNT"), "DuplicateHandshakeException");
        scene.world.env.advance(std::time::Duration::from_secs(16 * 86_400));
        let input = DescribeHandshakeRequest { handshake_id: made.id.unwrap() };
        let seen = scene.call::<DescribeHandshake>(input).unwrap().handshake.unwrap();
        assert_eq!(seen.state.as_deref(), Some("EXPIRED"));
        invite(&scene, "555555555555", "ACCOUNT").unwrap();
    }

    #[test]
    fn who_is_in_an_organization_or_does_not_exist_is_not_invited() {
        let scene = Scene::new();
        let dev = scene.account("dev").to_string();
        check_fault(invite(&scene, &dev, "ACCOUNT"), "HandshakeConstraintViolationException");
        check_fault(invite(&scene, "dev@example.com", "EMAIL"), "HandshakeConstraintViolationException");
        check_fault(invite(&scene, "555555555555", "ACCOUNT"), "InvalidInputException");
        check_fault(invite(&scene, "o-1234567890", "ORGANIZATION"), "InvalidInputException");
    }
}
